
# --- frames: stacked shares of the types of frames ---
panels = layers ? 2 : 1
if (dumb) { set multiplot layout panels, 1 } else { set multiplot }
frame_of(f) = word(frame_colour, f)
bottom(f, column0) = f == 1 ? 0 : column(column0 + f - 1)
# Bars reach a little into the next, or their smoothed edges would show as lines.
nudge = 0.003 * (x_max - x_min) / (width - 0.51)
if (!dumb) {
    set lmargin at screen 0.38 / width; set rmargin at screen 1 - 0.13 / width
    set tmargin at screen 1 - top / height; set bmargin at screen 1 - (top + overview) / height
    set style fill solid noborder
}
set yrange [0:1]
set ytics 0.5
set xtics @step_tics
set xlabel 'training step' offset 0, under_axis
set title 'share of heads, whole model' offset 0, over_panel
if (!dumb) { do for [k = 1:words(twins)] { set label 100 + k '○' at first (word(twins, k) + 0), graph 1.035 center font ',5' } }
if (dumb) {
    set key tmargin center horizontal
    array name[4] = ['none', 'centralized', 'distributed', 'bidirectional']
    plot for [f = 1:frames] data index 'model |' using 2:(column(4 + f) - bottom(f, 4)) with linespoints title name[f]
} else {
    plot for [f = 1:frames] data index 'model |' using 2:(0.5):3:($4 + nudge):(bottom(f, 4)):(column(4 + f)) \
        with boxxyerror linecolor rgb frame_of(f) fillstyle solid noborder
}
do for [k = 0:keys] { unset label 40 + k; unset arrow 40 + k }
unset label 91
unset object 91
do for [k = 1:words(twins)] { unset label 100 + k }
if (layers) {
    across = (width - 0.51 - 0.16 * (steps - 1)) / steps
    set yrange [-0.5:layers - 0.5]
    set ytics scale 0 0, (layers > 60 ? 20 : layers > 24 ? 8 : layers > 12 ? 4 : layers > 6 ? 2 : 1)
    if (dumb) {
        # The initial of the type that most heads of a layer have.
        share(f) = column(1 + f) - bottom(f, 1)
        most(f, g) = f > frames ? g : most(f + 1, share(f) > share(g) ? f : g)
        letter(f) = frame_letter[f:f]
        set title 'most heads of a layer: n none, c centralized, d distributed, b bidirectional'
        set xrange [0.5:steps + 0.5]
        set xtics ('' 0)
        do for [i = 1:steps] { set xtics add (step_label[i] i) }
        set ylabel 'layer'
        unset key
        plot for [i = 1:steps] data index ('layers, step '.step[i].' |') using (i):1:(letter(most(1, 1))) with labels
    } else {
        set border 0
        set label 1 'layer' at screen 0.08 / width, screen (foot + 0.5 * tall) / height center rotate by 90
        set label 2 'share of heads, by layer' at screen (0.38 + 0.5 * (width - 0.51)) / width, screen 0.09 / height center
        set tmargin at screen (foot + tall) / height; set bmargin at screen foot / height
        set xrange [0:1]
        set xtics scale 0.3 ('0' 0, '' 0.5, '1' 1)
        unset xlabel
        do for [i = 1:steps] {
            set title (i == 1 ? 'step ' : '').step_label[i] offset 0, over_panel
            set lmargin at screen (0.38 + (i - 1) * (across + 0.16)) / width
            set rmargin at screen (0.38 + (i - 1) * (across + 0.16) + across) / width
            if (i > 1) { set format y '' }
            plot for [f = 1:frames] data index ('layers, step '.step[i].' |') \
                using (0.5):1:(bottom(f, 1)):(column(1 + f)):($1 - 0.42):($1 + 0.42) with boxxyerror \
                linecolor rgb frame_of(f) fillstyle solid noborder
            unset label 1
            unset label 2
        }
    }
}
unset multiplot
