# What a job of several steps costs, and how many lines the program has.
name = 'steps'
load 'style.gp'
y_label = 'time for a job, with the creation and the end of the pool or the threads'
y_unit = 1e-9
panel_y_format(p) = seconds
if (!log_y) { set xrange [0:*] }
load 'dots.gp'
