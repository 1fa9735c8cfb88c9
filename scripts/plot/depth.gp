# How many tasks can be outstanding, and what each costs in memory and in time.
name = 'depth'
load 'style.gp'
x_label = 'tasks outstanding'
x_format = counts
panel_y_label(p) = p == 1 ? 'resident memory for each task' : 'time to submit a task'
panel_y_format(p) = p == 1 ? bytes : seconds
panel_y_unit(p) = p == 1 ? 1 : 1e-9
x_limits_above = 1
load 'lines.gp'
