# Draws categories: a dot for each with its interval and its value, limits in grey. Load style.gp first.

if (log_y) { set logscale x }
set format x panel_y_format(1)
set xlabel panel_y_label(1) noenhanced
set ytics noenhanced
set yrange [x_min - 0.7 : x_max + 0.7]
set lmargin at screen 0.33
set rmargin at screen 0.965
set tmargin at screen 0.885
set bmargin at screen 0.17
set offsets graph 0, graph 0.12, 0, 0

value_text(v) = panel_y_format(1) eq counts ? sprintf('%.0f', v) : sprintf('%.3g', v)
if (panel_y_format(1) eq seconds) {
    value_text(v) = v >= 1 ? sprintf('%.3g s', v) : v >= 1e-3 ? sprintf('%.3g ms', v * 1e3) : \
        v >= 1e-6 ? sprintf('%.3g us', v * 1e6) : sprintf('%.3g ns', v * 1e9)
}

do for [k = 1:n_limits] {
    if (limit_is(k, 'y', 1)) {
        set arrow 100 + k from first limit_value(k) * y_unit, graph 0 to first limit_value(k) * y_unit, graph 1 \
            nohead back lc rgb limit_grey lw 1 dt (3, 3)
        set label 100 + k limit_label(k) at first limit_value(k) * y_unit, graph 1.03 center \
            noenhanced font ',10' textcolor rgb limit_grey
    }
}

# Without an interval the point is all there is.
end_of(n) = (column(n) == column(n) ? column(n) : column(Y)) * y_unit

do for [kind in kinds] {
    eval canvas(kind)
    plot for [i = 1:n_blocks] data index i - 1 using \
            (column(Y) * y_unit):(column(X)):(end_of(LO)):(end_of(HI)) \
            with xerrorbars ls style(i) lw 1.4 dt 1 ps 0 notitle, \
        for [i = 1:n_blocks] data index i - 1 using (column(Y) * y_unit):(column(X)):ytic(strcol(LABEL)) \
            with points ls style(i) ps 1.4 notitle, \
        for [i = 1:n_blocks] data index i - 1 using (column(OPEN) == 1 ? column(Y) * y_unit : NaN):(column(X)) \
            with points ls style(i) ps 0.6 lc rgb '#FFFFFF' notitle, \
        for [i = 1:n_blocks] data index i - 1 using \
            ((column(HI) > column(Y) ? column(HI) : column(Y)) * y_unit):(column(X)): \
            (value_text(column(Y) * y_unit)) \
            with labels left offset 1.6, 0 noenhanced font ',11' textcolor rgb '#444444' notitle
    unset output
}
