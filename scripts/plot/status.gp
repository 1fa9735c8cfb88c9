# By how many times looking at its tasks makes a program slower.
name = 'status'
load 'style.gp'
x_label = 'looks at all tasks in a second'
y_label = 'times as long as without looks'
log_x = 1
log_y = 0
x_format = counts
load 'lines.gp'
