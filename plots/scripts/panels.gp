
# --- panels: lines over training steps, layers or thresholds, and maps of layers by thresholds ---
gap = like ? 0.22 : paired ? 0.12 : 0.40 # inches between the panels of a row: of like ones the names of both axes meet there
if (dumb) {
    set multiplot layout down, across
} else {
    set multiplot layout down, across margins 0.38 / width, 1 - 0.13 / width, foot / height, 1 - top / height \
        spacing gap / width, rise / height
}
log_1p(y) = y > -1 ? log10(1 + y) : NaN
# An iteration over nothing may still draw: what is not there is a block of nothing.
count(n) = n > 0 ? n : 1
block(i) = lines[p] ? metric[p].infix[p].word(line_name[p], i).' |' : 'nothing, null |'
grey_block(n) = has_layers[p] ? metric[p].', layers |' : 'nothing, null |'
own(i, kind) = each[p] ? metric[p].word(line_name[p], i).', '.kind.' |' : 'nothing, '.kind.' |'
tone(i) = lines[p] == 0 || word(line_shade[p], i) < 0 ? blue : viridis(0.9 * word(line_shade[p], i))
keyed = paired ? 2 : 1 # the panel with the key, on a terminal
name(i) = dumb && p == keyed && lines[p] > 1 ? key_title.' '.word(line_label[p], i) : ''
every(n) = n > 60 ? 20 : n > 30 ? 10 : n > 12 ? 4 : n > 7 ? 2 : 1
# Tiles reach 0.003 inches into the next, or their smoothed edges would show as a grid.
joint(end, tiles, inches) = end < tiles - 0.6 ? end + 0.003 * tiles / inches : end
wide = (width - 0.51 - (across - 1) * gap) / across
tall = (height - top - foot - (down - 1) * rise) / down
do for [p = 1:panels] {
    right = (paired || like) && p % 2 == 0
    named = !(paired || like) || p > panels - across # the names of tics below
    last = p > panels - across
    # The title of a pair stands over both.
    unset label 30
    if (paired && !dumb) {
        if (!right) { set label 30 title_of[p] at screen (0.38 + wide + 0.5 * gap) / width, graph 1 center offset 0, 0.62 }
    } else {
        if (!right || like) { set title title_of[p] offset 0, over_panel } else { unset title }
    }
    set yrange [y_min[p]:y_max[p]]
    eval('set ytics '.(right && !dumb ? y_marks[p] : y_tics[p]))
    unset xlabel
    at = 0
    half = 0
    set format x '%g'
    if (over[p] eq 'steps') {
        set xrange [x_min:x_max]
        eval('set xtics '.(named || dumb ? step_tics : step_marks))
        if (last) { set xlabel x_title offset 0, under_axis }
        at = break_at; half = break_half
    }
    if (over[p] eq 'layers') {
        set xrange [-0.3:layers - 0.7]
        set xtics 0, every(layers)
        if (!named) { set format x '' }
        if (last) { set xlabel 'layer' offset 0, under_axis }
    }
    if (over[p] eq 'thresholds') {
        set xrange [threshold_min:threshold_max]
        eval('set xtics '.threshold_tics)
        if (last) { set xlabel threshold_title offset 0, under_axis }
        at = threshold_break_at; half = threshold_break_half
    }
    unset label 91
    unset object 91
    if (half > 0) {
        set label 91 '//' at first at, graph 0 centre front font sprintf(',%g', 0.9 * font_size)
        if (!dumb) {
            set object 91 rectangle from first at - half, graph -0.012 to first at + half, graph 0.012 \
                fillcolor rgb 'white' fillstyle solid noborder front
        }
    }
    scale(y) = scale_of[p] eq 'count' ? log_1p(y) : scale_of[p] eq 'ratio' ? (y > 0 ? log10(y) : NaN) : y
    if (has_zero[p]) { set arrow 70 from graph 0, first 0 to graph 1, first 0 nohead linewidth 0.5 linecolor rgb grey back }
    if (over[p] eq 'map') {
        # Colours that turn at 0, or those of all maps.
        if (has_zero[p]) { set palette @turning } else { set palette @rising }
        set xrange [-0.5:columns_of_map - 0.5]
        eval('set xtics scale 0 '.map_tics)
        set ytics scale 0 0, (layers > 60 ? 20 : layers > 24 ? 8 : layers > 12 ? 4 : layers > 6 ? 2 : 1)
        set yrange [-0.5:layers - 0.5]
        set cbrange [y_min[p]:y_max[p]]
        if (last) { set xlabel threshold_title offset 0, under_axis }
        set border 0
        set style fill solid noborder
        set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 fillcolor rgb '#E4E4E4' fillstyle solid noborder behind
        eval(sprintf('set cbtics scale 0.3 offset 0, %g %s', svg ? 0.75 : 0.4, y_tics[p]))
        set colorbox horizontal user origin graph 0, graph (-0.44 / tall) size graph 1, graph (0.05 / tall) noborder
        plot data index (metric[p].', map |') \
            using 1:2:($1 - 0.5):(joint($1 + 0.5, columns_of_map, wide)):($2 - 0.5):(joint($2 + 0.5, layers, tall)):3 with boxxyerror \
            linecolor palette fillstyle solid noborder
        unset colorbox
        unset object 1
        set border 3
        set style fill transparent solid 0.22 noborder
        continue
    }
    if (dumb) { if (p == keyed) { set key tmargin center horizontal } else { unset key } }
    base = null_of[p]
    plot @null_lines, \
        for [i = 1:count(each[p] * lines[p])] data index own(i, 'null') using 1:(scale($2)) with lines dashtype @dashed \
            linewidth 0.8 linecolor rgb tone(i), \
        for [i = 1:count(each[p] * lines[p])] data index own(i, 'control') using 1:(scale($2)) with lines dashtype @dotted \
            linewidth 1 linecolor rgb tone(i), \
        for [i = 1:count(each[p] * lines[p])] data index own(i, 'control') using 1:($3 == 1 ? scale($2) : NaN) with points \
            pointtype 6 pointsize 0.9 * dot_size linewidth 0.5 linecolor rgb tone(i), \
        data index grey_block(p) using 3:(shown(scale($4))) with lines \
            linewidth (layers > 24 ? 0.3 : 0.5) linecolor rgb '#B8B8B8', \
        for [i = 1:count(lines[p])] data index block(i) using 2:(shown(scale($4))):(scale($5)) with filledcurves fillcolor rgb tone(i), \
        for [i = 1:count(lines[p])] data index block(i) using 2:(scale($3)) with lines linewidth 1.2 linecolor rgb tone(i) title name(i), \
        for [i = 1:count(lines[p])] data index block(i) using 2:($7 == 1 ? scale($4) : NaN):(0):(scale($5) - scale($4)) with vectors \
            nohead linewidth 1.2 linecolor rgb tone(i), \
        for [i = 1:count(lines[p])] data index block(i) using 2:($6 == 1 ? scale($3) : NaN) with points pointtype 7 \
            pointsize dot_size linecolor rgb tone(i), \
        for [i = 1:count(lines[p])] data index block(i) using 2:($6 == 2 ? scale($3) : NaN) with points pointtype 7 \
            pointsize ring_size linecolor rgb tone(i), \
        for [i = 1:count(lines[p])] data index block(i) using 2:($6 == 2 ? scale($3) : NaN) with points pointtype 7 \
            pointsize hole_size linecolor rgb paper, \
        @control_lines
    unset arrow 70
    if (exists('keys')) { do for [k = 0:keys] { unset label 40 + k; unset arrow 40 + k } }
    @unset_baselines
}
unset multiplot
