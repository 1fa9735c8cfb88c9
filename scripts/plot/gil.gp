# Under a global lock: how many times faster two workers are than one.
name = 'gil'
load 'style.gp'
y_label = 'times the speed of one worker'
log_y = 0
set xrange [0:*]
load 'dots.gp'
