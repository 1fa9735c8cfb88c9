# What all pictures share: look, and the reading of ../data. Load it with name set to an experiment; then change
# what differs and load lines.gp (numeric axes) or dots.gp (categories). Draws with gnuplot 5.0 or newer.
#
# No text of a run stands in a script: texts are read from the data files into variables.

set datafile separator "\t"
set datafile missing 'nan'

# A script that has set reads_nothing reads its data itself.
if (!exists('reads_nothing')) {
data = '../data/'.name.'.dat'
limits = '../data/'.name.'.limits.dat'

# Columns of data.
X = 1; Y = 2; LO = 3; HI = 4; ROUNDS = 5; OPEN = 6; PANEL = 7; STYLE = 8; SERIES = 9; LABEL = 10

# Texts.
stats '../data/'.name.'.text.dat' using (title_text = strcol(1), footer_text = strcol(2), \
    x_label = strcol(3), y_label = strcol(4), 0) nooutput
x_label = x_label eq '-' ? '' : x_label
y_label = y_label eq '-' ? '' : y_label

# Blocks: one series in one panel each. Lists of words, because arrays need gnuplot 5.2.
stats data using (column(PANEL)) nooutput
n_blocks = STATS_blocks
n_panels = int(STATS_max)
styles = ''; panels = ''; titles = ''
do for [i = 0:n_blocks - 1] {
    stats data index i using \
        (block_title = strcol(SERIES), block_style = column(STYLE), column(PANEL)) nooutput
    styles = styles.sprintf('%d ', block_style)
    panels = panels.sprintf('%d ', STATS_max)
    titles = titles.'"'.block_title.'" '
}
style(i) = int(word(styles, i))
in_panel(i, p) = int(word(panels, i)) == p
# A series is named in the key once, whichever panels it is in.
is_first(i) = strstrt(titles, '"'.word(titles, i).'"') == start_of(i)
start_of(i) = i == 1 ? 1 : start_of(i - 1) + strlen(word(titles, i - 1)) + 3

# Limits.
limit_axes = ''; limit_values = ''; limit_untils = ''; limit_panels = ''; limit_labels = ''
n_limits = 0
stats limits using (n_limits = n_limits + 1, limit_axes = limit_axes.strcol(1).' ', \
    limit_values = limit_values.strcol(2).' ', limit_untils = limit_untils.strcol(3).' ', \
    limit_panels = limit_panels.strcol(4).' ', limit_labels = limit_labels.'"'.strcol(5).'" ', 0) nooutput
limit_is(k, axis, p) = word(limit_axes, k) eq axis && int(word(limit_panels, k)) == p
limit_value(k) = real(word(limit_values, k))
limit_until(k) = real(word(limit_untils, k))
limit_label(k) = word(limit_labels, k)

# A logarithmic axis where the values span more than a decade. A script may decide otherwise.
stats data using (column(X)) nooutput
x_min = STATS_min; x_max = STATS_max
log_x = x_min > 0 && x_max > 10 * x_min
stats data using (column(Y)) nooutput
log_y = STATS_min > 0 && STATS_max > 10 * STATS_min
}

# From the columns' units to those of the axes.
x_unit = 1.0
y_unit = 1.0
panel_title(p) = ''
panel_y_label(p) = y_label
panel_y_format(p) = '%h'
panel_y_unit(p) = y_unit
x_format = '%h'
x_is_category = 0      # ticks are named by the labels of the rows
x_is_power_of_two = 0  # ticks are 1, 2, 4, ...
x_limits_above = 0     # the limit of x is named above its panel instead of in the key
x_limits_along = 0     # or along its line
seconds = '%.0s %cs'
bytes = '%.0s %cB'
counts = '%.0s%c'

# Colours of Okabe and Ito, which tell apart for every eye; shape and dash tell apart in print. A backend has a style
# of ten numbers; different sizes of it go from the full colour to lighter ones.
set style line 10 lc rgb '#0072B2' lw 2.2 pt 7 ps 0.9 dt 1
set style line 11 lc rgb '#4C9CCB' lw 2 pt 7 ps 0.7 dt (12, 4)
set style line 12 lc rgb '#56B4E9' lw 2 pt 11 ps 0.9 dt (4, 3)
set style line 13 lc rgb '#8CCBF0' lw 2 pt 13 ps 0.9 dt (2, 3)
set style line 20 lc rgb '#0072B2' lw 1.2 pt 6 ps 1.6 dt (1, 3)
set style line 30 lc rgb '#D55E00' lw 2.2 pt 9 ps 1.1 dt (10, 4)
set style line 31 lc rgb '#E58A44' lw 2 pt 8 ps 1.1 dt (10, 4, 2, 4)
set style line 35 lc rgb '#A04000' lw 2 pt 10 ps 1.1 dt (6, 3)
set style line 36 lc rgb '#E69F00' lw 2 pt 8 ps 1.1 dt (6, 3)
set style line 40 lc rgb '#E69F00' lw 2 pt 13 ps 1.1 dt (10, 4, 2, 4)
set style line 41 lc rgb '#EDB945' lw 2 pt 12 ps 1.1 dt (6, 3, 2, 3)
set style line 42 lc rgb '#F2CC78' lw 2 pt 12 ps 0.8 dt (3, 3)
set style line 43 lc rgb '#F7DFAC' lw 2 pt 12 ps 0.8 dt (1, 3)
set style line 50 lc rgb '#000000' lw 1.6 pt 5 ps 0.8 dt (3, 3)
set style line 60 lc rgb '#009E73' lw 2 pt 15 ps 0.9 dt 1
set style line 65 lc rgb '#CC79A7' lw 2 pt 5 ps 0.9 dt (8, 3)
set style line 66 lc rgb '#009E73' lw 2 pt 13 ps 1.2 dt (8, 3)
set style line 70 lc rgb '#777777' lw 1.2 pt 11 ps 0.9 dt 1
set style line 80 lc rgb '#666666' lw 1.4 pt 0 ps 0 dt (2, 4)
set style line 85 lc rgb '#333333' lw 2 pt 1 ps 1.4 dt (2, 3)
set style line 90 lc rgb '#CC79A7' lw 2 pt 2 ps 1 dt 1
set style line 91 lc rgb '#009E73' lw 2 pt 1 ps 1 dt (8, 3)
set style line 92 lc rgb '#8A7F00' lw 2 pt 3 ps 1 dt (4, 3)
set style line 93 lc rgb '#555555' lw 2 pt 4 ps 1 dt (2, 3)
set style line 94 lc rgb '#7B4FA3' lw 2 pt 6 ps 1 dt (10, 3)
set style line 95 lc rgb '#0E7C7B' lw 2 pt 8 ps 1 dt (6, 3, 1, 3)
set style line 96 lc rgb '#B5651D' lw 2 pt 10 ps 1 dt (3, 2)
set style line 97 lc rgb '#9A3B5A' lw 2 pt 12 ps 1 dt (10, 3, 2, 3)
set style line 98 lc rgb '#4B6A88' lw 2 pt 14 ps 1 dt (5, 2)
set style line 99 lc rgb '#6B8E23' lw 2 pt 15 ps 0.9 dt (1, 2)
set style line 101 lc rgb '#777777' lw 1.2 pt 0 ps 0 dt (1, 3) # of limits
set style line 102 lc rgb '#777777' lw 1.2 pt 0 ps 0 dt (5, 3)
set style line 103 lc rgb '#777777' lw 1.2 pt 0 ps 0 dt (9, 3, 2, 3)
set style line 104 lc rgb '#777777' lw 1.2 pt 0 ps 0 dt (2, 2, 7, 2)
set style line 110 lc rgb '#BBBBBB' lw 9 pt 0 ps 0 dt 1 # of a band, in the key
set style line 111 lc rgb '#555555' lw 1.4 pt 7 ps 0.9 dt 1 # of a peer alone
# Of machines: a colour, a shape and a dash for each, the same in every picture.
set style line 201 lc rgb '#0072B2' lw 1.8 pt 7 ps 0.8 dt 1
set style line 202 lc rgb '#D55E00' lw 1.8 pt 9 ps 0.95 dt (10, 4)
set style line 203 lc rgb '#009E73' lw 1.8 pt 5 ps 0.75 dt (4, 3)
set style line 204 lc rgb '#CC79A7' lw 1.8 pt 13 ps 1.05 dt (10, 3, 2, 3)
set style line 205 lc rgb '#000000' lw 1.6 pt 11 ps 0.95 dt 1
set style line 206 lc rgb '#E69F00' lw 1.8 pt 15 ps 0.9 dt (7, 3)
set style line 207 lc rgb '#56B4E9' lw 1.8 pt 6 ps 0.95 dt (2, 2)
set style line 208 lc rgb '#7B4FA3' lw 1.8 pt 8 ps 1.05 dt 1
set style line 209 lc rgb '#8A7F00' lw 1.8 pt 4 ps 0.9 dt (10, 4)
set style line 210 lc rgb '#9A3B5A' lw 1.8 pt 12 ps 1.15 dt (4, 3)
set style line 211 lc rgb '#0E7C7B' lw 1.8 pt 2 ps 0.9 dt (10, 3, 2, 3)
set style line 212 lc rgb '#777777' lw 1.8 pt 1 ps 1 dt (7, 3)
peers_grey = '#BBBBBB'
limit_grey = '#777777'
band_grey = '#E9E9E9'

set border 3 lc rgb '#444444'
set tics nomirror out textcolor rgb '#222222'
set grid xtics ytics back lt 1 lc rgb '#DDDDDD' lw 0.8
set errorbars 0.6
unset key

# Both files, or the SVG alone where gnuplot was built without cairo.
kinds = strstrt(GPVAL_TERMINALS, 'pngcairo') ? 'svg png' : 'svg'
width = 1100
height = 560
canvas(kind) = kind eq 'svg' \
    ? sprintf("set terminal svg size %d,%d font 'sans-serif,14' background '#FFFFFF'; set output '%s.svg'", \
              width, height, name) \
    : sprintf("set terminal pngcairo size %d,%d font 'sans-serif,13' fontscale 1.2 linewidth 1.25 pointscale 1.25", \
              int(1.25 * width), int(1.25 * height)).sprintf("; set output '%s.png'", name)

write_texts = "set label 1 title_text at screen 0.015, 1 - 25.0 / height left noenhanced font ',17';" \
    ." set label 2 footer_text at screen 0.015, 17.0 / height left noenhanced font ',9' textcolor rgb limit_grey"
eval write_texts
