
# --- runs: several runs over training ---
down = (panels + 1) / 2
if (dumb) {
    set multiplot layout down, 2
} else {
    set multiplot layout down, 2 margins 0.38 / width, 1 - 0.13 / width, 0.38 / height, 1 - (0.24 + 0.13 * key_rows) / height \
        spacing 0.40 / width, 0.46 / height
}
set xtics @step_tics
set title offset 0, over_panel
run_colour(i) = 0.9 * run_shade[i]
do for [p = 1:panels] {
    set title title_of[p]
    set yrange [y_min[p]:y_max[p]]
    set ytics y_step[p]
    if (p > panels - 2) { set xlabel x_title offset 0, under_axis }
    plot for [i = 1:runs] data index (metric[p].', run '.i.', null |') using 1:2 with lines dashtype @dashed linewidth 0.9 \
            linecolor rgb orange, \
        for [i = 1:runs] data index (metric[p].', run '.i.' |') using 2:(shown($4)):5 with filledcurves \
            fillcolor palette fraction run_colour(i), \
        for [i = 1:runs] data index (metric[p].', run '.i.' |') using 2:3 with lines linewidth 1.2 \
            linecolor palette fraction run_colour(i) title (dumb && p == 1 ? run_name[i] : ''), \
        for [i = 1:runs] data index (metric[p].', run '.i.' |') using 2:($6 > 0 ? $3 : NaN) with points pointtype 7 \
            pointsize 0.7 * dot_size linecolor palette fraction run_colour(i), \
        for [i = 1:runs] data index (metric[p].', run '.i.', control |') using 1:2 with lines dashtype @dotted linewidth 1 \
            linecolor palette fraction run_colour(i), \
        for [i = 1:runs] data index (metric[p].', run '.i.', control |') using 1:($3 == 1 ? $2 : NaN) with points pointtype 6 \
            pointsize 0.7 * dot_size linewidth 0.5 linecolor palette fraction run_colour(i)
    do for [k = 0:keys] { unset label 40 + k; unset arrow 40 + k }
    @unset_baselines
}
unset multiplot
