
# --- rmt: singular spectra of attention over training ---
down = panels > 2 ? 2 : 1
if (dumb) {
    set multiplot layout down, 2
} else {
    set multiplot layout down, 2 margins 0.38 / width, 1 - 0.13 / width, 0.38 / height, 1 - (0.20 + 0.17 * key_rows) / height \
        spacing 0.40 / width, 0.46 / height
}
set xtics @step_tics
set title offset 0, over_panel
do for [p = 1:panels] {
    set title title_of[p]
    set yrange [y_min[p]:y_max[p]]
    set ytics y_step[p]
    if (p > panels - 2) { set xlabel 'training step' offset 0, under_axis }
    base = metric[p]
    plot @null_lines, \
        data index (metric[p].', layers |') using 3:(shown($4)) with lines linewidth 0.5 linecolor rgb '#B8B8B8', \
        @control_lines, \
        data index (metric[p].' |') using 2:(shown($4)):5 with filledcurves fillcolor rgb blue, \
        data index (metric[p].' |') using 2:3 with lines linewidth 1.2 linecolor rgb blue, \
        data index (metric[p].' |') using 2:($7 == 1 ? $4 : NaN):(0):($5 - $4) with vectors nohead linewidth 1.2 linecolor rgb blue, \
        data index (metric[p].' |') using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size linecolor rgb blue, \
        data index (metric[p].' |') using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize ring_size \
            linecolor rgb blue, \
        data index (metric[p].' |') using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize hole_size linecolor rgb paper
    @unset_baselines
}
unset multiplot
