# Runs of one machine over time: a panel for each primary contrast, with either side and the effect over their first
# values, and how far delta reaches. Load it with name, n_panels, n_runs
# and marks (of the runs, in the order of time) set.
#
# No text of a run stands in a script: texts are read from the data files into variables.

set datafile separator "\t"
set datafile missing 'nan'
data = '../data/'.name.'.dat'
titles = ''; deltas = ''
stats '../data/'.name.'.text.dat' using (titles = titles.'"'.strcol(1).'" ', deltas = deltas.strcol(2).' ', 0) nooutput

# Side a, side b, effect.
set style line 1 lc rgb '#0072B2' lw 2 pt 7 ps 0.7 dt 1
set style line 2 lc rgb '#D55E00' lw 2 pt 9 ps 0.9 dt (10, 4)
set style line 3 lc rgb '#333333' lw 1.6 pt 4 ps 0.7 dt (3, 3)
keys = '"first side" "second side" "effect: first over second"'

n_cols = n_panels < 4 ? n_panels : 4
n_rows = (n_panels + n_cols - 1) / n_cols
width = 1100
height = 110 + 150 * n_rows
head = 70.0 / height
foot = 40.0 / height
cell_height = (1 - head - foot) / n_rows
cell_width = 1.0 / n_cols

set border 3 lc rgb '#444444'
set tics nomirror out textcolor rgb '#222222' font ',9'
set grid ytics back lt 1 lc rgb '#DDDDDD' lw 0.8
set errorbars 0.6
set xrange [0.5 : n_runs + 0.5]
set xtics ()
step = n_runs < 11 ? 1 : n_runs / 8 + 1
do for [i = 1:n_runs:step] { set xtics add (word(marks, i) i) }
set format y '%g'

kinds = strstrt(GPVAL_TERMINALS, 'pngcairo') ? 'svg png' : 'svg'
canvas(kind) = kind eq 'svg' \
    ? sprintf("set terminal svg size %d,%d font 'sans-serif,13' background '#FFFFFF'; set output '%s.svg'", \
              width, height, name) \
    : sprintf("set terminal pngcairo size %d,%d font 'sans-serif,12' fontscale 1.2 linewidth 1.25 pointscale 1.25", \
              int(1.25 * width), int(1.25 * height)).sprintf("; set output '%s.png'", name)

do for [kind in kinds] {
    eval canvas(kind)
    set multiplot
    set label 1 'Runs of one machine, in the order of time: values over those of the first run' \
        at screen 0.015, 1 - 20.0 / height left noenhanced font ',16'
    set label 2 'medians with 95% intervals; the band is delta' at screen 0.015, 14.0 / height left noenhanced \
        font ',9' textcolor rgb '#777777'
    do for [k = 1:3] {
        set label 10 + k word(keys, k) at screen 0.04 + 0.2 * (k - 1), 1 - 45.0 / height left noenhanced font ',11' \
            point ls k offset 1, 0
    }
    do for [p = 1:n_panels] {
        column_of = (p - 1) % n_cols
        row_of = (p - 1) / n_cols
        set lmargin at screen column_of * cell_width + 0.045
        set rmargin at screen (column_of + 1) * cell_width - 0.012
        set tmargin at screen 1 - head - row_of * cell_height - 26.0 / height
        set bmargin at screen 1 - head - (row_of + 1) * cell_height + 26.0 / height
        set title word(titles, p)[1:37] noenhanced font ',9' offset 0, -0.8
        delta = real(word(deltas, p))
        # Never so near that noise looks like news.
        low = 1 / (1 + 2 * delta); high = 1 + 2 * delta
        do for [k = 0:2] {
            stats data index 3 * (p - 1) + k using (low = column(2) < low ? column(2) : low, \
                high = column(2) > high ? column(2) : high, 0) nooutput
        }
        set yrange [low / 1.02 : high * 1.02]
        set object 1 rectangle from graph 0, first 1 / (1 + delta) to graph 1, first 1 + delta behind \
            fillcolor rgb '#E9E9E9' fillstyle solid noborder
        if (p > 1) { unset label }
        plot for [k = 0:2] data index 3 * (p - 1) + k using 1:2:3:4 with yerrorbars ls k + 1 lw 1 dt 1 ps 0 notitle, \
            for [k = 0:2] data index 3 * (p - 1) + k using 1:2 with linespoints ls k + 1 notitle
    }
    unset multiplot
    unset output
}
