# The pool beside other pools: a panel for each measure, a row for each backend, and a line where the pool stands.
name = 'peers'
load 'style.gp'

titles_of_panels = '"hand-over, back to back" "hand-over after 1 ms" "shortest task at 50% efficiency" \
    "spawn: a tree of 1,596 tasks" "map: an element of 1 us" "cold start with one task" \
    "memory of a queued task" "idle: CPUs kept busy"'
n_cols = 4
height = 660
eval write_texts
panel_y_format(p) = p == 7 ? bytes : p == 8 ? '%g%%' : seconds
panel_y_unit(p) = p < 7 ? 1e-9 : p == 8 ? 100 : 1

left_edge = 0.115
gap_x = 0.036
panel_width = (0.975 - left_edge - (n_cols - 1) * gap_x) / n_cols
panel_left(p) = left_edge + ((p - 1) % n_cols) * (panel_width + gap_x)
panel_height = 0.33
panel_top(p) = p > n_cols ? 0.445 : 0.875

n_rows = int(-x_min) + 1
categories = ''
do for [k = 0:n_rows - 1] {
    category = '-'
    stats data using (category = column(X) == -k ? strcol(LABEL) : category, 0) nooutput
    categories = categories.'"'.category.'" '
}
set yrange [-n_rows + 0.4 : 0.6]
set logscale x
set xtics font ',9' offset 0, 0.4

has_panel(p) = strstrt(' '.panels, ' '.p.' ') > 0
has_left(p) = (p - 1) % n_cols == 0 ? 0 : has_panel(p - 1) || has_left(p - 1)
row_of(i, p) = in_panel(i, p) ? column(X) : NaN
value_of(n, i, p) = in_panel(i, p) ? column(n) * panel_y_unit(p) : NaN

do for [kind in kinds] {
    eval canvas(kind)
    set multiplot
    do for [p = 1:words(titles_of_panels)] {
        if (!has_panel(p)) { continue }
        set lmargin at screen panel_left(p)
        set rmargin at screen panel_left(p) + panel_width
        set tmargin at screen panel_top(p)
        set bmargin at screen panel_top(p) - panel_height
        set title word(titles_of_panels, p) noenhanced font ',12' offset 0, -0.6
        set format x panel_y_format(p)
        set ytics ()
        do for [k = 1:n_rows] {
            set ytics add (has_left(p) ? '' : word(categories, k) -(k - 1))
        }
        set ytics noenhanced font ',11'
        pool_value = NaN
        do for [i = 1:n_blocks] {
            if (in_panel(i, p)) {
                stats data index i - 1 using (pool_value = column(X) == 0 ? column(Y) : pool_value, 0) nooutput
            }
        }
        if (pool_value > 0) {
            pool_value = pool_value * panel_y_unit(p)
            set arrow 1 from first pool_value, graph 0 to first pool_value, graph 1 nohead \
                back lc rgb limit_grey lw 1 dt (3, 3)
        }
        if (p > 1) { unset label 1; unset label 2 }
        plot for [i = 1:n_blocks] data index i - 1 using \
                (value_of(Y, i, p)):(row_of(i, p)):(value_of(LO, i, p)):(value_of(HI, i, p)) \
                with xerrorbars ls style(i) lw 1.4 dt 1 ps 0 notitle, \
            for [i = 1:n_blocks] data index i - 1 using (value_of(Y, i, p)):(row_of(i, p)) \
                with points ls style(i) ps 1.2 notitle, \
            for [i = 1:n_blocks] data index i - 1 using \
                (column(OPEN) == 1 ? value_of(Y, i, p) : NaN):(row_of(i, p)) \
                with points ls style(i) ps 0.5 lc rgb '#FFFFFF' notitle
        unset arrow 1
    }
    unset multiplot
    unset output
    eval write_texts
}
