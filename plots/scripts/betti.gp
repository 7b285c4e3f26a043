
# --- betti: graph Betti numbers and persistence over training ---
down = panels > 2 ? 2 : 1
if (dumb) {
    set multiplot layout down, 2
} else {
    set multiplot layout down, 2 margins 0.34 / width, 1 - 0.08 / width, 0.42 / height, 1 - 0.40 / height \
        spacing 0.38 / width, 0.46 / height
}
set xtics @step_tics
set title offset 0, -0.6
# Cycles span decades and reach 0: their axis is that of log10(1 + b1).
log_1p(y) = log10(1 + y)
same(y) = y
tone(i, n) = n > 1 ? 0.9 * (i - 1) / (n - 1.0) : 0.45
set key at screen 0.5, screen 1 - 0.02 / height top center horizontal maxrows 1 width -1
named = 0
do for [p = 1:panels] {
    set title title_of[p]
    set yrange [y_min[p]:y_max[p]]
    if (p > panels - 2) { set xlabel 'training step' offset 0, 0.6 }
    if (logarithmic[p]) {
        set ytics ('0' 0, '1' log_1p(1), '' log_1p(3), '10' log_1p(10), '' log_1p(30), '100' log_1p(100), '' log_1p(300), \
            '1k' log_1p(1000), '10k' log_1p(10000), '100k' log_1p(100000))
    } else {
        set ytics autofreq
    }
    scale(y) = logarithmic[p] ? log_1p(y) : y
    n = words(thresholds[p])
    if (n > 0) {
        plot for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:(scale($4)):(scale($5)) \
                with filledcurves fillcolor palette fraction tone(i, n), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:(scale($3)) with lines linewidth 1.2 \
                linecolor palette fraction tone(i, n) title (named ? '' : 'attention ≥ '[1:(i == 1 ? 12 : 0)].word(thresholds[p], i)), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:($6 == 1 ? scale($3) : NaN) with points \
                pointtype 7 pointsize dot_size linecolor palette fraction tone(i, n), \
            for [i = 1:n] data index (metric[p].word(thresholds[p], i).' |') using 2:($6 == 2 ? scale($3) : NaN) with points \
                pointtype 6 pointsize ring_size linewidth 0.8 linecolor palette fraction tone(i, n)
        named = 1
    } else {
        plot data index (metric[p].', layers |') using 3:4 with lines linewidth 0.5 linecolor rgb '#B8B8B8', \
            data index (metric[p].' |') using 2:4:5 with filledcurves fillcolor rgb blue, \
            data index (metric[p].' |') using 2:3 with lines linewidth 1.2 linecolor rgb blue, \
            data index (metric[p].' |') using 2:($7 == 1 ? $3 : NaN):4:5 with yerrorbars pointtype 0 linewidth 1.2 \
                linecolor rgb blue, \
            data index (metric[p].' |') using 2:($6 == 1 ? $3 : NaN) with points pointtype 7 pointsize dot_size linecolor rgb blue, \
            data index (metric[p].' |') using 2:($6 == 2 ? $3 : NaN) with points pointtype 6 pointsize ring_size linewidth 0.8 \
                linecolor rgb blue
    }
}
unset multiplot
