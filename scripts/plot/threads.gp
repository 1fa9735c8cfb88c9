# How many threads ran the tasks.
name = 'threads'
load 'style.gp'
y_label = 'threads that ran at least one task'
panel_y_format(p) = counts
load 'dots.gp'
