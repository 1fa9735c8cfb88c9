# What the machine's own primitives cost.
name = 'floors'
load 'style.gp'
y_label = 'time for one operation'
y_unit = 1e-9
panel_y_format(p) = seconds
load 'dots.gp'
