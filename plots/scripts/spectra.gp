
# --- spectra: singular values of one layer before the law of no structure ---
if (!dumb) {
    set lmargin at screen 0.50 / width
    set rmargin at screen 1 - 0.10 / width
    set bmargin at screen 0.42 / height
    set tmargin at screen 1 - 0.10 / height
}
set xrange [0:x_end]
set yrange [y_min:y_max]
set logscale y
at_least(y) = y > 1e-6 ? y : 1e-6 # a line that falls out of the figure, where a logarithm of 0 would break it
set xlabel 'singular value / root mean square' offset 0, under_axis
set ytics ('0.01' 0.01, '0.1' 0.1, '1' 1, '10' 10, '100' 100)
set ylabel sprintf('density, layer %d', layer) offset beside_axis, 0
set key top right
plot data index 'law |' using 1:(at_least($2)) with lines linewidth 2.2 linecolor rgb black title (has_law ? 'no structure' : ''), \
    for [i = 1:steps] data index ('step '.step[i].' |') using 1:(at_least($2)) with lines linewidth 1.1 \
        linecolor palette fraction shade(i) title 'step '.step_label[i]
