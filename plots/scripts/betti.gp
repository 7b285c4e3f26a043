
# --- betti: graph Betti numbers and persistence over training ---
down = panels > 2 ? 2 : 1
if (dumb) {
    set multiplot layout down, 2
} else {
    set multiplot layout down, 2 margins 0.38 / width, 1 - 0.13 / width, 0.38 / height, 1 - (0.24 + 0.13 * key_rows) / height \
        spacing 0.40 / width, 0.46 / height
}
set xtics @step_tics
set title offset 0, over_panel
# Cycles span decades and reach 0: their axis is that of log10(1 + b1).
log_1p(y) = log10(1 + y)
same(y) = y
# Thresholds have the same colours in both panels.
tone(t) = 0.9 * log10(t / 0.05)
do for [p = 1:panels] {
    set title title_of[p]
    if (dumb) { if (p == 1) { set key tmargin center horizontal } else { unset key } }
    set yrange [y_min[p]:y_max[p]]
    set ytics y_step[p]
    if (p > panels - 2) { set xlabel 'training step' offset 0, under_axis }
    if (logarithmic[p]) {
        set ytics ('0' 0, '1' log_1p(1), '' log_1p(3), '10' log_1p(10), '' log_1p(30), '100' log_1p(100), '' log_1p(300), \
            '1k' log_1p(1000), '10k' log_1p(10000), '100k' log_1p(100000))
    }
    scale(y) = logarithmic[p] ? log_1p(y) : y
    n = words(thresholds[p])
    if (n > 0) {
        plot for [i = 1:n] data index (metric[p].word(thresholds[p], i).', null |') using 1:(scale($2)) with lines \
                dashtype @dashed linewidth 0.8 linecolor palette fraction tone(word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).', control |') using 1:(scale($2)) with lines \
                dashtype @dotted linewidth 1 linecolor palette fraction tone(word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).', control |') using 1:($3 == 1 ? scale($2) : NaN) \
                with points pointtype 6 pointsize 0.9 * dot_size linewidth 0.5 \
                linecolor palette fraction tone(word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:(shown(scale($4))):(scale($5)) \
                with filledcurves fillcolor palette fraction tone(word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:(scale($3)) with lines linewidth 1.2 \
                linecolor palette fraction tone(word(thresholds[p], i)) title (dumb ? word(thresholds[p], i) : ''), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:($6 == 1 ? scale($3) : NaN) with points \
                pointtype 7 pointsize dot_size linecolor palette fraction tone(word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:($6 == 2 ? scale($3) : NaN) with points \
                pointtype 7 pointsize ring_size linecolor palette fraction tone(word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:($6 == 2 ? scale($3) : NaN) with points \
                pointtype 7 pointsize hole_size linecolor rgb paper
    } else {
        base = metric[p]
        plot @null_lines, \
            data index (metric[p].', layers |') using 3:(shown($4)) with lines linewidth 0.5 linecolor rgb '#B8B8B8', \
            @control_lines, \
            data index (metric[p].' |') using 2:(shown($4)):5 with filledcurves fillcolor rgb blue, \
            data index (metric[p].' |') using 2:3 with lines linewidth 1.2 linecolor rgb blue, \
            data index (metric[p].' |') using 2:($7 == 1 ? $4 : NaN):(0):($5 - $4) with vectors nohead linewidth 1.2 \
                linecolor rgb blue, \
            data index (metric[p].' |') using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size linecolor rgb blue, \
            data index (metric[p].' |') using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize ring_size \
                linecolor rgb blue, \
            data index (metric[p].' |') using 2:($6 == 2 ? $3 : NaN) with points pointtype 7 pointsize hole_size linecolor rgb paper
    }
    do for [k = 0:keys] { unset label 40 + k; unset arrow 40 + k }
    @unset_baselines
}
unset multiplot
