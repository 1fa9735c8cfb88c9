# Draws series over a numeric axis, in one panel or several, two or three side by side: points with their intervals,
# lines between them, limits in grey. Load style.gp first.

if (x_min == x_max && x_min > 0 && !x_is_category) { log_x = 1 }
if (log_x) { set logscale x }
if (log_y) { set logscale y }
set format x x_format
set xlabel x_label noenhanced
set xtics noenhanced
set ytics noenhanced

# Room beside the first and the last point.
x_room = x_min == x_max ? (log_x ? 10 : 1) : log_x ? (x_max / x_min) ** 0.03 * 1.05 : 0.06 * (x_max - x_min)
set xrange [(log_x ? x_min / x_room : x_min - x_room) * x_unit : (log_x ? x_max * x_room : x_max + x_room) * x_unit]

n_cols = n_panels == 4 ? 2 : n_panels > 3 ? 3 : n_panels
n_rows = (n_panels + n_cols - 1) / n_cols
column_of(p) = (p - 1) % n_cols
row_of(p) = (p - 1) / n_cols
is_lowest(p) = p + n_cols > n_panels
height = n_rows == 1 ? height : 150 + 310 * n_rows
eval write_texts

if (x_is_power_of_two) {
    set xtics ()
    do for [k = 0:20] { set xtics add (sprintf('%d', 2 ** k) 2 ** k) }
}

left_edge = 0.105
longest = 0
do for [i = 1:n_blocks] { longest = strlen(word(titles, i)) > longest ? strlen(word(titles, i)) : longest }
do for [k = 1:n_limits] {
    longest = word(limit_axes, k) eq 'y' && strlen(limit_label(k)) > longest ? strlen(limit_label(k)) : longest
}
# The key stands beside the panels, or where the last row has room for it.
has_key_inside = n_cols * n_rows > n_panels
right_edge = has_key_inside ? 0.975 : longest > 30 ? 0.605 : 0.705
panel_gap = 0.095
panel_width = (right_edge - left_edge - (n_cols - 1) * panel_gap) / n_cols
panel_left(p) = left_edge + column_of(p) * (panel_width + panel_gap)

top_edge = n_rows > 1 ? 1 - 95.0 / height : n_panels > 1 || strlen(panel_title(1)) ? 0.85 : 0.885
bottom_edge = (n_rows > 1 ? 105.0 : 95.0) / height
row_gap = 75.0 / height
panel_height = (top_edge - bottom_edge - (n_rows - 1) * row_gap) / n_rows
panel_top(p) = top_edge - row_of(p) * (panel_height + row_gap)
key_left = has_key_inside ? panel_left(n_panels + 1) : right_edge + 0.02
key_top = has_key_inside ? panel_top(n_panels + 1) : 1 - 62.0 / height

if (x_is_category) {
    if (x_max > 3) { set xtics font ',10' }
    set xtics ()
    do for [k = 0:int(x_max)] {
        stats data using (column(X) == k ? (category = strcol(LABEL), 0) : NaN) nooutput
        set xtics add (category k)
    }
}

# Limits are named in the key, where no line crosses them: one that several panels have, once. Names along lines that
# may lie on each other stand at different heights.
place(k) = 0.02 + 0.35 * ((k - 1) % 3)
first_like(k, j) = j >= k ? k : limit_label(j) eq limit_label(k) ? j : first_like(k, j + 1)
limit_style(k) = 101 + (first_like(k, 1) - 1) % 4
is_in_range(k) = limit_value(k) >= x_min && limit_value(k) <= x_max
is_line(k) = word(limit_axes, k) eq 'y' || \
    word(limit_axes, k) eq 'x' && !x_limits_above && !x_limits_along && is_in_range(k)
is_in_key(k) = is_line(k) && first_like(k, 1) == k

# What a panel draws of a block. Series stand a little beside each other, so that their intervals can be told apart.
aside(i) = (i - (n_blocks + 1) / 2.0) * 0.005 / n_panels
moved(x, i) = log_x ? x * (x_max / x_min) ** aside(i) : x + (x_max - x_min) * aside(i)
x_of(i, p) = in_panel(i, p) ? (is_band(i) ? column(X) : moved(column(X), i)) * x_unit : NaN
y_of(n, p) = column(n) * panel_y_unit(p)
# Where there is no interval, none is drawn: an end that is no number would be drawn at the edge.
end_of(n, p) = y_of(valid(n) ? n : Y, p)
# A band is filled from its lowest to its highest value and has no points.
is_band(i) = style(i) == 110
point_of(i, p) = is_band(i) ? NaN : x_of(i, p)

do for [kind in kinds] {
    eval canvas(kind)
    set multiplot
    do for [p = 1:n_panels] {
        set lmargin at screen panel_left(p)
        set rmargin at screen panel_left(p) + panel_width
        set tmargin at screen panel_top(p)
        set bmargin at screen panel_top(p) - panel_height
        set xlabel (is_lowest(p) ? x_label : '') noenhanced
        set format y panel_y_format(p)
        set ylabel (column_of(p) == 0 ? panel_y_label(p) : '') noenhanced
        set title panel_title(p) noenhanced offset 0, -0.3
        if (p == 1) {
            set key at screen key_left, key_top left Left top reverse vertical samplen 3 \
                spacing 1.25 font ',12' noenhanced
        }
        if (p > 1) { unset key; unset label 1; unset label 2 }
        do for [k = 1:n_limits] {
            v = limit_value(k)
            if (limit_is(k, 'x', p) && is_in_range(k)) {
                set arrow 100 + k from first v * x_unit, graph 0 to first v * x_unit, graph 1 nohead back \
                    ls limit_style(k)
                if (x_limits_above) {
                    set label 100 + k limit_label(k) at graph 1, graph 1.035 right \
                        noenhanced font ',10' textcolor rgb limit_grey
                }
                if (x_limits_along) {
                    set label 100 + k limit_label(k) at first v * x_unit, graph place(k) left rotate by 90 \
                        offset -0.8, 0 noenhanced font ',10' textcolor rgb limit_grey
                }
            }
            if (limit_is(k, 'band', p)) {
                set object 100 + k rectangle from first v * x_unit, graph 0 \
                    to first limit_until(k) * x_unit, graph 1 \
                    behind fillcolor rgb band_grey fillstyle solid noborder
                set label 100 + k limit_label(k) at first sqrt(v * limit_until(k)) * x_unit, graph 0.03 center \
                    noenhanced font ',10' textcolor rgb limit_grey
            }
        }
        plot for [k = 1:n_limits] (limit_is(k, 'y', p) ? limit_value(k) * panel_y_unit(p) : NaN) \
                with lines ls limit_style(k) notitle, \
            for [i = n_blocks:1:-1] data index i - 1 using \
                (is_band(i) ? x_of(i, p) : NaN):(y_of(LO, p)):(y_of(HI, p)) \
                with filledcurves fc rgb peers_grey fs transparent solid 0.6 noborder notitle, \
            for [i = n_blocks:1:-1] data index i - 1 using \
                (point_of(i, p)):(y_of(Y, p)):(end_of(LO, p)):(end_of(HI, p)) \
                with yerrorbars ls style(i) lw 1.2 dt 1 ps 0 notitle, \
            for [i = n_blocks:1:-1] data index i - 1 using (point_of(i, p)):(y_of(Y, p)) \
                with linespoints ls style(i) notitle, \
            for [i = n_blocks:1:-1] data index i - 1 using (column(OPEN) == 1 ? x_of(i, p) : NaN):(y_of(Y, p)) \
                with points ls style(i) ps 0.45 lc rgb '#FFFFFF' notitle, \
            for [i = 1:n_blocks] NaN with linespoints ls style(i) title (is_first(i) ? word(titles, i) : ''), \
            for [k = 1:n_limits] NaN with lines ls limit_style(k) title (is_in_key(k) ? limit_label(k) : '')
        do for [k = 1:n_limits] {
            unset arrow 100 + k
            unset label 100 + k
            unset object 100 + k
        }
    }
    unset multiplot
    unset output
    eval write_texts
}
