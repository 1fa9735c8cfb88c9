# What a program costs that runs many tasks, a few at a time, and how many lines it has.
name = 'fanout'
load 'style.gp'
y_label = 'time for a task, with the creation and the end of the pool or the threads'
y_unit = 1e-9
panel_y_format(p) = seconds
if (!log_y) { set xrange [0:*] }
load 'dots.gp'
