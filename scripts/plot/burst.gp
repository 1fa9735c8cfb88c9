# Tasks done through an overload and after it.
name = 'burst'
load 'style.gp'
x_label = 'time (ms)'
y_label = 'tasks per second'
panel_y_format(p) = counts
log_x = 0
log_y = 0
set yrange [0:*]
panel_title(p) = p == 1 ? 'done' : 'done in time'
load 'lines.gp'
