# How short a task may be: efficiency over the length of a task, with 50% and 90% marked.
name = 'grain'
load 'style.gp'
x_label = 'length of a task'
y_label = 'efficiency: serial time / (CPUs x time)'
x_unit = 1e-9
x_format = seconds
log_y = 0
set yrange [0:1.08]
set ytics ('0' 0, '10%%' 0.1, '25%%' 0.25, '50%%' 0.5, '75%%' 0.75, '90%%' 0.9, '100%%' 1)
load 'lines.gp'
