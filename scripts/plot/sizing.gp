# Throughput over the size of a pool, with the sizes that rules of thumb give.
name = 'sizing'
load 'style.gp'
x_label = 'workers'
y_label = 'tasks per second'
panel_y_format(p) = counts
log_x = 1
x_is_power_of_two = 1
shares = ''
do for [p = 1:n_panels] {
    stats data using (column(PANEL) == p ? (panel_name = strcol(LABEL), 0) : NaN) nooutput
    shares = shares.'"'.panel_name.'" '
}
panel_title(p) = word(shares, p)
x_limits_along = 1
load 'lines.gp'
