# The percentiles of the time of a task under overload, over how rare they are.
name = 'openload-curve'
load 'style.gp'
y_label = 'time of a task'
y_unit = 1e-9
panel_y_format(p) = seconds
set xtics ('50%%' 2, '90%%' 10, '99%%' 100, '99.9%%' 1000, '99.99%%' 10000)
x_label = 'percentile'
load 'lines.gp'
