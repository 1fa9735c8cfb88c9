# What arguments and results of some size cost.
name = 'results'
load 'style.gp'
x_label = 'bytes of each argument and each result'
y_label = 'time for a task'
y_unit = 1e-9
panel_y_format(p) = seconds
log_x = 0
x_is_category = 1
load 'lines.gp'
