
# --- emergence: the sink and the loss over training ---
panels = has_sink + has_loss
if (dumb) {
    set multiplot layout panels, 1
} else {
    set multiplot layout panels, 1 margins 0.58 / width, 1 - 0.52 / width, 0.40 / height, 1 - 0.10 / height \
        spacing 0, 0.16 / height
}
set ylabel offset 1.2, 0
set xlabel offset 0, 0.6

if (has_sink) {
    lines = has_layer ? 2 : 1
    array block[2] = ['sink, model |', 'sink, layer |']
    array name[2] = ['model', layer_name]
    array name_at[2] = [model_name_at, layer_name_at]
    array colour_of[2] = [blue, vermillion]
    set yrange [sink_min:sink_max]
    set ytics sink_step
    set ylabel sink_title
    set xtics @sink_tics
    if (!has_loss) { set xlabel 'training step' }
    set arrow 1 from graph 0, first 0 to graph 1, first 0 nohead linewidth 0.5 linecolor rgb grey back
    if (sink_onset) {
        set arrow 2 from first sink_onset_at, graph 0 to first sink_onset_at, graph 1 nohead dashtype @dotted linewidth 0.8 linecolor rgb black back
        set label 2 'onset '.sink_onset_name at first sink_onset_at, graph 0.94 right offset -0.5, 0 front
    }
    if (dumb) {
        set key top left
    } else {
        do for [i = 1:lines] { set label 10 + i name[i] at graph 1.02, first name_at[i] textcolor rgb colour_of[i] }
    }
    plot for [i = lines:1:-1] data index block[i] using 2:4:5 with filledcurves fillcolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:3 with lines linewidth 1.2 linecolor rgb colour_of[i] \
            title (dumb ? name[i] : ''), \
        for [i = lines:1:-1] data index block[i] using 2:($7 == 1 ? $4 : NaN):(0):($5 - $4) with vectors nohead \
            linewidth 1.2 linecolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size \
            linecolor rgb colour_of[i], \
        for [i = lines:1:-1] data index block[i] using 2:($6 == 2 ? $3 : NaN) with points pointtype 6 pointsize ring_size \
            linewidth 0.8 linecolor rgb colour_of[i]
    do for [i = 1:2] { unset arrow i; unset label i; unset label 10 + i }
}

if (has_loss) {
    set yrange [loss_min:loss_max]
    set ytics loss_step
    set ylabel 'loss (nat per token)'
    set xlabel 'training step'
    set xtics @step_tics
    set key bottom left reverse Left
    if (loss_onset) {
        set arrow 2 from first loss_onset_at, graph 0 to first loss_onset_at, graph 1 nohead dashtype @dotted linewidth 0.8 linecolor rgb black back
        set label 2 'onset '.loss_onset_name at first loss_onset_at, graph 0.94 left offset 0.5, 0 front
    }
    plot data index 'training loss |' using 1:2 with lines linewidth 0.8 linecolor rgb grey \
            title (has_training ? 'training' : ''), \
        data index 'loss |' using 2:4:5 with filledcurves fillcolor rgb black, \
        data index 'loss |' using 2:3 with lines linewidth 1.2 linecolor rgb black title (has_probe_loss ? 'probe' : ''), \
        data index 'loss |' using 2:($7 == 1 ? $4 : NaN):(0):($5 - $4) with vectors nohead linewidth 1.2 linecolor rgb black, \
        data index 'loss |' using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size linecolor rgb black, \
        data index 'loss |' using 2:($6 == 2 ? $3 : NaN) with points pointtype 6 pointsize ring_size linewidth 0.8 \
            linecolor rgb black
}
unset multiplot
