
# --- betti_layers: topology through the layers at chosen steps ---
down = panels > 2 ? 2 : 1
if (dumb) {
    set multiplot layout down, 2
} else {
    set multiplot layout down, 2 margins 0.38 / width, 1 - 0.13 / width, 0.38 / height, 1 - (0.24 + 0.13 * key_rows) / height \
        spacing 0.40 / width, 0.46 / height
}
set title offset 0, over_panel
set xrange [-0.3:layers - 0.7]
every(n) = n > 60 ? 20 : n > 30 ? 10 : n > 12 ? 4 : n > 7 ? 2 : 1
set xtics 0, every(layers)
do for [p = 1:panels] {
    set title title_of[p]
    set yrange [y_min[p]:y_max[p]]
    set ytics y_step[p]
    if (p > panels - 2) { set xlabel 'layer' offset 0, under_axis }
    base = metric[p]
    plot @null_lines, \
        @control_lines, \
        for [i = 1:steps] data index (metric[p].', step '.step[i].' |') using 1:(shown($3)):4 with filledcurves \
            fillcolor palette fraction shade(i), \
        for [i = 1:steps] data index (metric[p].', step '.step[i].' |') using 1:2 with linespoints pointtype 7 \
            pointsize dot_size linewidth 1.2 linecolor palette fraction shade(i) \
            title (dumb && p == 1 ? 'step '.step_label[i] : '')
    do for [k = 0:keys] { unset label 40 + k; unset arrow 40 + k }
    @unset_baselines
}
unset multiplot
