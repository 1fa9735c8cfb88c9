# What state costs that takes long to build.
name = 'state'
load 'style.gp'
x_label = 'time that state takes to build'
y_label = 'time for a request'
y_unit = 1e-9
panel_y_format(p) = seconds
log_x = 0
x_is_category = 1
load 'lines.gp'
