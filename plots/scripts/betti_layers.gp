
# --- betti_layers: topology through the layers at chosen steps ---
down = panels > 2 ? 2 : 1
if (dumb) {
    set multiplot layout down, 2
} else {
    set multiplot layout down, 2 margins 0.34 / width, 1 - 0.08 / width, 0.42 / height, 1 - (0.24 + 0.13 * key_rows) / height \
        spacing 0.38 / width, 0.46 / height
}
set title offset 0, -0.6
set xrange [-0.3:layers - 0.7]
set xtics (layers > 30 ? 10 : layers > 12 ? 4 : layers > 7 ? 2 : 1)
set key at screen 0.5, screen 1 - 0.02 / height top center horizontal maxrows key_rows
do for [p = 1:panels] {
    set title title_of[p]
    set yrange [y_min[p]:y_max[p]]
    if (p > panels - 2) { set xlabel 'layer' offset 0, 0.6 }
    plot for [i = 1:steps] data index (metric[p].', step '.step_label[i].' |') using 1:3:4 with filledcurves \
            fillcolor palette fraction shade(i), \
        for [i = 1:steps] data index (metric[p].', step '.step_label[i].' |') using 1:2 with linespoints pointtype 7 \
            pointsize dot_size linewidth 1.2 linecolor palette fraction shade(i) \
            title (p > 1 ? '' : (i == 1 ? 'step ' : '').step_label[i])
}
unset multiplot
