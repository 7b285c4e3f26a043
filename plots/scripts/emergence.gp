
# --- emergence: the sink and the loss over training ---
panels = has_sink + has_loss
if (dumb) {
    set multiplot layout panels, 1
} else {
    set multiplot layout panels, 1 margins 0.60 / width, 1 - 0.54 / width, 0.38 / height, 1 - (0.08 + 0.13 * key_rows) / height \
        spacing 0, 0.16 / height
}
set ylabel offset beside_axis, 0
set xlabel offset 0, under_axis
set key top left

if (has_sink) {
    lines = has_layer ? 2 : 1
    array block[2] = ['sink, model |', 'sink, layer |']
    array name[2] = ['model', layer_name]
    array colour_of[2] = [blue, vermillion]
    set yrange [sink_min:sink_max]
    set ytics sink_step
    set ylabel sink_title
    set xtics @sink_tics
    if (!has_loss) { set xlabel 'training step' }
    set arrow 1 from graph 0, first 0 to graph 1, first 0 nohead linewidth 0.5 linecolor rgb grey back
    if (sink_onset) {
        set arrow 2 from first sink_onset_at, graph 0 to first sink_onset_at, graph 1 nohead dashtype @dotted linewidth 0.8 \
            linecolor rgb black back
        if (sink_onset_late) {
            set label 2 'onset '.sink_onset_name at first sink_onset_at, graph 0.94 right offset -0.5, 0 front
        } else {
            set label 2 'onset '.sink_onset_name at first sink_onset_at, graph 0.94 left offset 0.5, 0 front
        }
    }
    if (!dumb) {
        do for [i = 1:lines] { set label 10 + i name[i] at graph 1.02, first sink_name_at[i] textcolor rgb colour_of[i] }
    }
    base = 'sink'
    plot @null_lines, \
        for [i = lines:1:-1] data index block[i] using 2:(shown($4)):5 with filledcurves fillcolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:3 with lines linewidth 1.2 linecolor rgb colour_of[i] \
            title (dumb ? name[i] : ''), \
        for [i = lines:1:-1] data index block[i] using 2:($7 == 1 ? $4 : NaN):(0):($5 - $4) with vectors nohead \
            linewidth 1.2 linecolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size \
            linecolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize ring_size \
            linecolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize hole_size linecolor rgb paper, \
        @control_lines
    do for [i = 1:2] { unset arrow i; unset label i; unset label 10 + i }
    @unset_baselines
}

if (has_loss) {
    set yrange [loss_min:loss_max]
    set ytics loss_step
    set ylabel 'loss (nat per token)'
    set xlabel 'training step'
    set xtics @step_tics
    set key top right
    if (loss_onset) {
        set arrow 2 from first loss_onset_at, graph 0 to first loss_onset_at, graph 1 nohead dashtype @dotted linewidth 0.8 \
            linecolor rgb black back
        if (loss_onset_late) {
            set label 2 'onset '.loss_onset_name at first loss_onset_at, graph 0.94 right offset -0.5, 0 front
        } else {
            set label 2 'onset '.loss_onset_name at first loss_onset_at, graph 0.94 left offset 0.5, 0 front
        }
    }
    if (!dumb && loss_drawn[1]) { set label 11 'probe' at graph 1.02, first loss_name_at[1] }
    if (!dumb && loss_drawn[2]) { set label 12 'training' at graph 1.02, first loss_name_at[2] textcolor rgb '#7A7A7A' }
    base = 'loss'
    plot @control_lines, \
        data index 'training loss |' using 1:2 with lines linewidth 0.8 linecolor rgb grey \
            title (dumb && loss_drawn[2] ? 'training' : ''), \
        data index 'loss |' using 2:(shown($4)):5 with filledcurves fillcolor rgb black, \
        data index 'loss |' using 2:3 with lines linewidth 1.2 linecolor rgb black title (dumb && loss_drawn[1] ? 'probe' : ''), \
        data index 'loss |' using 2:($7 == 1 ? $4 : NaN):(0):($5 - $4) with vectors nohead linewidth 1.2 linecolor rgb black, \
        data index 'loss |' using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size linecolor rgb black, \
        data index 'loss |' using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize ring_size \
            linecolor rgb black, \
        data index 'loss |' using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize hole_size linecolor rgb paper
}
unset multiplot
