# Tasks that wait: throughput over tasks in flight, a panel for each workload.
name = 'io'
load 'style.gp'
x_label = 'tasks in flight'
y_label = 'tasks per second'
panel_y_format(p) = counts
x_format = counts
workloads = ''
do for [p = 1:n_panels] {
    stats data using (column(PANEL) == p ? (panel_name = strcol(LABEL), 0) : NaN) nooutput
    workloads = workloads.'"'.panel_name.'" '
}
panel_title(p) = word(workloads, p)
load 'lines.gp'
