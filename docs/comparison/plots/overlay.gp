# Draws several machines: a panel for each side and for the one over the other, with a line or a row of dots for each
# machine; of many machines, a small panel for each, before the range of all.
#
# The script of a picture sets its name, its numbers and the places of its panels, then loads this. The data has a block
# for each panel and series, also where that is empty, and after them one for each band.

reads_nothing = 1
title_text = ''; subtitle = ''; footer_text = ''; x_label = ''
load 'style.gp'
height = picture_height

data = '../data/'.name.'.dat'
X = 1; Y = 2; LO = 3; HI = 4; DOUBT = 6

titles = ''; y_labels = ''; keys = ''; categories = ''
quoted(text) = '"'.text.'" '
stats '../data/'.name.'.text.dat' using ( \
    what = strcol(1), said = (strcol(2) eq '-' ? '' : strcol(2)), \
    title_text = (what eq 'title' ? said : title_text), \
    subtitle = (what eq 'subtitle' ? said : subtitle), \
    footer_text = (what eq 'footer' ? said : footer_text), \
    x_label = (what eq 'x' ? said : x_label), \
    titles = (what eq 'panel' ? titles.quoted(said) : titles), \
    y_labels = (what eq 'values' ? y_labels.quoted(said) : y_labels), \
    keys = (what eq 'key' ? keys.quoted(said) : keys), \
    categories = (what eq 'category' ? categories.quoted(said) : categories), 0) nooutput

left(p) = real(word(lefts, p))
right(p) = real(word(rights, p))
top(p) = real(word(tops, p))
bottom(p) = real(word(bottoms, p))
group(p) = int(word(groups, p))
is_set(flags, p) = int(word(flags, p))
series_style(s) = int(word(styles, s))
block(p, s) = (p - 1) * n_series + s - 1
band_block(b) = n_panels * n_series + b - 1
band_grey_of(b) = b == 1 ? '#BBBBBB' : '#DDDDDD'
band_width = n_bands > 2 ? 4 : 6
is_small = n_bands > 0
small_font = is_small ? ',8' : ',10'
mark_sizes = '0.8 1 0.75 1.1 1 0.95 0.95 1.1 0.9 1.2 0.9 1'
size(s) = is_small ? 0.5 : s > 200 ? real(word(mark_sizes, s - 200)) : 1
line_width = is_small ? 1.3 : 1.8
interval_width = is_small ? 0.8 : 1
# Where there is no interval, none is drawn: an end that is no number would be drawn at the edge.
end_of(n) = valid(n) ? column(n) : column(Y)
# In small panels one is drawn where it is longer than its point.
g = 1
lowest(g) = value('lo_'.g)
highest(g) = value('hi_'.g)
share(n) = value('log_'.g) ? log(column(n)) / log(highest(g) / lowest(g)) : column(n) / (highest(g) - lowest(g))
is_seen(s) = !is_small || !valid(LO) || !valid(HI) || share(HI) - share(LO) > 0.05
interval_at(s) = is_seen(s) ? column(Y) : NaN
sure(s) = column(DOUBT) == 1 ? NaN : column(Y)
doubtful(s) = column(DOUBT) == 1 ? column(Y) : NaN
# Rows of dots stand below each other within their category.
row_height = 0.78 / n_series
row(s) = column(X) + row_height * ((n_series + 1) / 2.0 - s)

set xtics noenhanced font small_font
set ytics noenhanced font small_font
set errorbars (is_small || n_series > 4 ? 0.2 : 0.5)

do for [kind in kinds] {
    eval canvas(kind)
    eval write_texts
    set label 3 subtitle at screen 0.015, 1 - 47.0 / height left noenhanced font ',11' textcolor rgb '#555555'
    do for [k = 1:words(key_styles)] {
        key_x = real(word(key_xs, k))
        key_y = real(word(key_ys, k))
        s = int(word(key_styles, k))
        if (!has_dots) {
            set arrow 50 + k from screen key_x, key_y to screen key_x + 0.032, key_y nohead ls s lw line_width
        }
        set label 50 + k word(keys, k) at screen key_x + 0.04, key_y left noenhanced font ',12'
        set label 80 + k ' ' at screen key_x + 0.016, key_y left point ls s ps size(s)
    }
    set multiplot
    do for [p = 1:n_panels] {
        g = group(p)
        set lmargin at screen left(p)
        set rmargin at screen right(p)
        set tmargin at screen top(p)
        set bmargin at screen bottom(p)
        set title word(titles, p) noenhanced font (is_small ? ',9' : ',12') offset 0, -0.5
        unset logscale
        set format '%h'
        if (has_dots) {
            set xrange [value('lo_'.g):value('hi_'.g)]
            set yrange [place_lo:place_hi]
            if (value('log_'.g)) { set logscale x }
            eval 'set xtics '.value(is_set(shows_x, p) ? 'ticks_'.g : 'bare_ticks_'.g)
            set xlabel (is_set(names_x, p) ? word(y_labels, p) : '') noenhanced font ',11' offset 0, 0.3
            set ytics () scale 0
            do for [k = 1:n_categories] { set ytics add ((is_set(shows_y, p) ? word(categories, k) : '') 1 - k) }
            set grid xtics noytics
            do for [k = 1:n_categories - 1] {
                set arrow 100 + k from graph 0, first 0.5 - k to graph 1, first 0.5 - k nohead back \
                    lc rgb '#BBBBBB' lw 0.8
            }
        } else {
            set xrange [place_lo:place_hi]
            set yrange [value('lo_'.g):value('hi_'.g)]
            if (place_log) { set logscale x }
            if (value('log_'.g)) { set logscale y }
            eval 'set xtics '.(is_set(shows_x, p) ? place_ticks : bare_place_ticks)
            if (n_categories) {
                set xtics ()
                do for [k = 1:n_categories] { set xtics add ((is_set(shows_x, p) ? word(categories, k) : '') k - 1) }
            }
            eval 'set ytics '.value(is_set(shows_y, p) ? 'ticks_'.g : 'bare_ticks_'.g)
            set xlabel (is_set(names_x, p) ? x_label : '') noenhanced font ',11' offset 0, 0.3
            if (is_set(names_y, p)) {
                set label 4 word(y_labels, p) \
                    at screen left(p) - real(word(label_offsets, p)), (top(p) + bottom(p)) / 2 \
                    center rotate by 90 noenhanced font ',11'
            }
        }
        if (is_set(has_one, p)) {
            if (has_dots) {
                set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead back ls 101
            } else {
                set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead back ls 101
            }
        }
        if (has_dots) {
            plot for [b = 1:n_bands] data index band_block(b) \
                    using LO:(row(b)):(column(HI) - column(LO)):(0) \
                    with vectors nohead lc rgb '#DDDDDD' lw band_width dt 1, \
                for [s = 1:n_series] data index block(p, s) using (interval_at(s)):(row(s)):(end_of(LO)):(end_of(HI)) \
                    with xerrorbars ls series_style(s) lw interval_width dt 1 ps 0, \
                for [s = 1:n_series] data index block(p, s) using (sure(s)):(row(s)) \
                    with points ls series_style(s) ps size(s), \
                for [s = 1:n_series] data index block(p, s) using (doubtful(s)):(row(s)) \
                    with points ls series_style(s) ps 0.5 * size(s)
        } else {
            plot for [b = n_bands:1:-1] data index band_block(b) using X:LO:HI \
                    with filledcurves fc rgb band_grey_of(b) fs transparent solid 0.55 noborder, \
                for [s = n_series:1:-1] data index block(p, s) using X:(interval_at(s)):(end_of(LO)):(end_of(HI)) \
                    with yerrorbars ls series_style(s) lw interval_width dt 1 ps 0, \
                for [s = n_series:1:-1] data index block(p, s) using X:Y \
                    with lines ls series_style(s) lw line_width, \
                for [s = n_series:1:-1] data index block(p, s) using X:(sure(s)) \
                    with points ls series_style(s) ps size(s), \
                for [s = n_series:1:-1] data index block(p, s) using X:(doubtful(s)) \
                    with points ls series_style(s) ps 0.5 * size(s)
        }
        unset arrow
        unset label
    }
    unset multiplot
    unset output
}
