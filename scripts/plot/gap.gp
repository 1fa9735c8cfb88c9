# How long until a task that comes after a pause is done: medians, and the 99th percentile.
name = 'gap'
load 'style.gp'
x_label = 'pause before each task'
panel_y_label(p) = p == 1 ? 'from the time meant to the time known, median' : '99th percentile'
panel_title(p) = p == 1 ? 'median' : '99th percentile'
y_unit = 1e-9
panel_y_format(p) = seconds
log_x = 0
load 'lines.gp'
