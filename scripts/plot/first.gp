# When the first of many results is there, when all are, and when an error has ended the program.
name = 'first'
load 'style.gp'
y_label = 'time from the start of the program'
y_unit = 1e-9
panel_y_format(p) = seconds
load 'dots.gp'
