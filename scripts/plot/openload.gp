# How long a task takes at a rate: four percentiles over what is offered, in percent of the capacity.
name = 'openload'
load 'style.gp'
x_label = 'offered, percent of the capacity'
y_label = 'time of a task'
y_unit = 1e-9
panel_y_format(p) = seconds
log_x = 0
set xtics 50
panel_title(p) = word('median "90th percentile" "99th percentile" "99.9th percentile"', p)
load 'lines.gp'
