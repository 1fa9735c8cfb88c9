# By how many times the pool is ahead of raw threads, for tasks that are alike and tasks that are not.
name = 'kinds'
load 'style.gp'
y_label = 'times as fast as one thread per task'
load 'dots.gp'
