# What one task costs when nothing is there yet.
name = 'oneoff'
load 'style.gp'
y_label = 'time for one task, with the creation and destruction of what was made for it'
y_unit = 1e-9
panel_y_format(p) = seconds
load 'dots.gp'
