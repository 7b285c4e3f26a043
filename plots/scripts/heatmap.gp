
# --- heatmap: one metric over layers and checkpoints ---
set xrange [-0.5:checkpoints - 0.5]
set yrange [-0.5:layers - 0.5]
set cbrange [value_min:value_max]
set xtics @step_tics scale 0
set ytics scale 0 0, (layers > 60 ? 20 : layers > 24 ? 8 : layers > 12 ? 4 : layers > 6 ? 2 : 1)
if (dumb) { set ylabel 'layer' } else { set label 1 'layer' at screen 0.08 / width, graph 0.5 center rotate by 90 }
set xlabel 'training step' offset 0, (dumb ? 0 : standing ? 0.5 * under_axis : under_axis)
if (has_twins) { set x2tics @twin_tics scale 0 offset 0, -0.55 font ',5' }
# Where there is no value, the ground shows. On a terminal a tile is a number, or a sign from '.' (least) to '@' (most).
sign(k) = '.:-=+*#%@'[k + 1:k + 1]
tile(v) = digits ? sprintf('%.2g', v) : sign(int(0.5 + 8.0 * (v - value_min) / (value_max - value_min)))
# Tiles reach 0.003 inches into the next, or their smoothed edges would show as a grid.
joint(end, tiles, inches) = end < tiles - 0.6 ? end + 0.003 * tiles / inches : end
if (dumb) {
    set title sprintf('%s, from %.3g to %.3g', metric_title, value_min, value_max)
    plot data index 'cells |' using 1:2:(tile($3)) with labels
} else {
    foot = height - tall - 0.14
    set lmargin at screen 0.38 / width
    set rmargin at screen 1 - 0.65 / width
    set bmargin at screen foot / height
    set tmargin at screen 1 - 0.14 / height
    if (standing) { set xtics rotate by 90 right offset 0, 0 }
    set border 0
    set style fill solid noborder
    set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 fillcolor rgb '#E4E4E4' fillstyle solid noborder behind
    set cbtics value_step
    set colorbox user origin 1 - 0.59 / width, foot / height size 0.09 / width, tall / height noborder
    set cbtics scale 0.3 offset -0.7, 0
    set cblabel metric_title offset -0.4, 0
    plot data index 'cells |' \
        using 1:2:($1 - 0.5):(joint($1 + 0.5, checkpoints, width - 1.03)):($2 - 0.5):(joint($2 + 0.5, layers, tall)):3 with boxxyerror linecolor palette fillstyle solid noborder
}
