# Draws series over a numeric axis, in one panel or several side by side: points with their intervals, lines between
# them, limits in grey. Load style.gp first.

if (log_x) { set logscale x }
if (log_y) { set logscale y }
set format x x_format
set xlabel x_label noenhanced
set xtics noenhanced

left_edge = 0.085
right_edge = 0.745
panel_gap = 0.085
panel_width = (right_edge - left_edge - (n_panels - 1) * panel_gap) / n_panels
panel_left(p) = left_edge + (p - 1) * (panel_width + panel_gap)

# Labels of horizontal limits stand at different places along their lines, so that close ones can be read.
place(k) = 0.015 + 0.3 * ((k - 1) % 3)

do for [kind in kinds] {
    eval canvas(kind)
    set multiplot
    do for [p = 1:n_panels] {
        set lmargin at screen panel_left(p)
        set rmargin at screen panel_left(p) + panel_width
        set tmargin at screen n_panels > 1 ? 0.86 : 0.895
        set bmargin at screen 0.155
        set format y panel_y_format(p)
        set ylabel panel_y_label(p) noenhanced
        set title panel_title(p) noenhanced offset 0, -0.3
        if (p == 1) { set key at screen 0.765, 0.89 left Left top reverse vertical samplen 3 spacing 1.25 noenhanced }
        if (p > 1) { unset key; unset label 1; unset label 2 }
        do for [k = 1:n_limits] {
            v = limit_value(k)
            if (limit_is(k, 'x', p) && v >= x_min && v <= x_max) {
                set arrow 100 + k from first v * x_unit, graph 0 to first v * x_unit, graph 1 nohead back \
                    lc rgb limit_grey lw 1 dt (3, 3)
                set label 100 + k limit_label(k) at first v * x_unit, graph 0.02 left rotate by 90 offset -0.6, 0 \
                    noenhanced font ',10' textcolor rgb limit_grey
            }
            if (limit_is(k, 'y', p)) {
                set label 100 + k limit_label(k) at graph place(k), first v * y_unit left offset 0, 0.45 \
                    noenhanced font ',10' textcolor rgb limit_grey
            }
            if (limit_is(k, 'band', p)) {
                set object 100 + k rectangle from first v * x_unit, graph 0 to first limit_until(k) * x_unit, graph 1 \
                    behind fillcolor rgb band_grey fillstyle solid noborder
                set label 100 + k limit_label(k) at first sqrt(v * limit_until(k)) * x_unit, graph 0.96 center \
                    noenhanced font ',10' textcolor rgb limit_grey
            }
        }
        plot for [k = 1:n_limits] (limit_is(k, 'y', p) ? limit_value(k) * y_unit : NaN) \
                with lines lc rgb limit_grey lw 1 dt (3, 3) notitle, \
            for [i = 1:n_blocks] data index i - 1 using \
                (in_panel(i, p) ? column(X) * x_unit : NaN):(column(Y) * y_unit):(column(LO) * y_unit):(column(HI) * y_unit) \
                with yerrorbars ls style(i) lw 1.2 dt 1 ps 0 notitle, \
            for [i = 1:n_blocks] data index i - 1 using \
                (in_panel(i, p) ? column(X) * x_unit : NaN):(column(Y) * y_unit) with linespoints ls style(i) notitle, \
            for [i = 1:n_blocks] data index i - 1 using \
                (in_panel(i, p) && column(OPEN) == 1 ? column(X) * x_unit : NaN):(column(Y) * y_unit) \
                with points ls style(i) ps 0.45 lc rgb '#FFFFFF' notitle, \
            for [i = 1:n_blocks] NaN with linespoints ls style(i) title (is_first(i) ? word(titles, i) : '')
        do for [k = 1:n_limits] {
            unset arrow 100 + k
            unset label 100 + k
            unset object 100 + k
        }
    }
    unset multiplot
    unset output
    set label 1 title_text at screen 0.015, 0.955 left noenhanced font ',17'
    set label 2 footer_text at screen 0.015, 0.025 left noenhanced font ',9' textcolor rgb limit_grey
}
