# What tasks cost that spawn tasks and wait for them.
name = 'spawn'
load 'style.gp'
x_label = "which of Fibonacci's numbers the tree finds"
y_label = 'time for the whole tree of tasks'
y_unit = 1e-9
panel_y_format(p) = seconds
load 'lines.gp'
