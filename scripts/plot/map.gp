# What one function over a long array costs, called for each element.
name = 'map'
load 'style.gp'
x_label = 'length of an element'
y_label = 'time for an element'
x_unit = 1e-9
y_unit = 1e-9
x_format = seconds
panel_y_format(p) = seconds
log_x = 1
load 'lines.gp'
