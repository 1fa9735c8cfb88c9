# Draws categories: a dot for each with its interval, the smallest value on top. Load style.gp first.

if (log_y) { set logscale x }
set format x panel_y_format(1)
set xlabel panel_y_label(1) noenhanced
set ytics noenhanced
set grid y
set yrange [x_min - 0.7 : x_max + 0.7]
set lmargin at screen 0.29
set rmargin at screen 0.96
set tmargin at screen 0.895
set bmargin at screen 0.155

do for [kind in kinds] {
    eval canvas(kind)
    plot for [i = 1:n_blocks] data index i - 1 using \
            (column(Y) * y_unit):(column(X)):(column(LO) * y_unit):(column(HI) * y_unit) \
            with xerrorbars ls style(i) lw 1.4 dt 1 ps 0 notitle, \
        for [i = 1:n_blocks] data index i - 1 using (column(Y) * y_unit):(column(X)):ytic(strcol(LABEL)) \
            with points ls style(i) notitle, \
        for [i = 1:n_blocks] data index i - 1 using (column(OPEN) == 1 ? column(Y) * y_unit : NaN):(column(X)) \
            with points ls style(i) ps 0.45 lc rgb '#FFFFFF' notitle
    unset output
}
