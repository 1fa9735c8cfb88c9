# From how many batches a pool pays for its creation: time per task over the number of batches.
name = 'reuse'
load 'style.gp'
x_label = 'batches of 64 tasks, one after the other'
y_label = 'time for each task, creation included'
y_unit = 1e-9
panel_y_format(p) = seconds
load 'lines.gp'
