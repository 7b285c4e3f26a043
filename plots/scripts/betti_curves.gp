
# --- betti_curves: components and cycles while weaker and weaker attention is let in ---
if (dumb) {
    set multiplot layout 1, panels
} else {
    set multiplot layout 1, panels margins 0.38 / width, 1 - 0.14 / width, 0.40 / height, 1 - (0.24 + 0.13 * key_rows) / height \
        spacing 0.40 / width, 0
}
set title offset 0, over_panel
set logscale x
set xrange [1:1e-5] # the filtration begins with the strongest attention
set xtics ('1' 1, '' 0.1, '10⁻²' 0.01, '' 1e-3, '10⁻⁴' 1e-4, '' 1e-5)
set xlabel 'attention weight at least' offset 0, under_axis
do for [p = 1:panels] {
    set title title_of[p]
    set yrange [y_min[p]:y_max[p]]
    set ytics y_step[p]
    plot for [i = 1:steps] data index (metric[p].', step '.step[i].' |') using 1:2 with lines linewidth 1.2 \
        linecolor palette fraction shade(i) title (dumb && p == 1 ? 'step '.step_label[i] : '')
    do for [k = 0:keys] { unset label 40 + k; unset arrow 40 + k }
}
unset multiplot
