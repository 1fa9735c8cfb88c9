# How long short tasks take beside long ones.
name = 'longrun'
load 'style.gp'
y_label = '99th percentile of the time of a short task'
y_unit = 1e-9
panel_y_format(p) = seconds
load 'dots.gp'
