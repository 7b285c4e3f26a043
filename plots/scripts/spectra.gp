
# --- spectra: singular values of one layer before the law of no structure ---
if (!dumb) {
    set lmargin at screen 0.50 / width
    set rmargin at screen 1 - 0.10 / width
    set bmargin at screen 0.42 / height
    set tmargin at screen 1 - 0.10 / height
}
set xrange [0:x_end]
set yrange [0:y_max]
set xlabel 'singular value / root mean square' offset 0, under_axis
set ytics 0, y_step
set ylabel sprintf('density, layer %d', layer) offset beside_axis, 0
set key top right
plot data index 'law |' using 1:2 with lines linewidth 2.2 linecolor rgb black title (has_law ? 'no structure' : ''), \
    for [i = 1:steps] data index ('step '.step[i].' |') using 1:2 with lines linewidth 1.1 \
        linecolor palette fraction shade(i) title 'step '.step_label[i]
