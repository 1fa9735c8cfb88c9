# What a backend costs that has nothing to do.
name = 'idle'
load 'style.gp'
y_label = 'processor time over wall time, just after a burst of tasks'
load 'dots.gp'
