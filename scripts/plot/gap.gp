# How long until a task that comes after a pause is done: medians, and the 99th percentile.
name = 'gap'
load 'style.gp'
x_label = 'pause before each task'
panel_y_label(p) = p == 1 ? 'time until its end is known' : ''
panel_title(p) = p == 1 ? 'median' : '99th percentile'
y_unit = 1e-9
panel_y_format(p) = seconds
log_x = 0
x_is_category = 1
load 'lines.gp'
