# CPU-bound work: how many times faster than the caller alone, over the number of workers, a panel for each workload.
name = 'cpu'
load 'style.gp'
x_label = 'workers'
y_label = 'times the speed of the caller alone'
log_x = 1
log_y = 0
set yrange [0:*]
x_is_power_of_two = 1
workloads = ''
do for [p = 1:n_panels] {
    stats data using (column(PANEL) == p ? (panel_name = strcol(LABEL), 0) : NaN) nooutput
    workloads = workloads.'"'.panel_name.'" '
}
panel_title(p) = word(workloads, p)
load 'lines.gp'
