# What it costs to start many tasks and forget them: time per task over their number.
name = 'forget'
load 'style.gp'
x_label = 'tasks, all started at once'
y_label = 'time for each task'
x_format = counts
y_unit = 1e-9
panel_y_format(p) = seconds
load 'lines.gp'
