
# --- atlas: every head at chosen steps, in one scale of colours ---
sign(k) = '.:-=+*#%@'[k + 1:k + 1]
tile(v) = sign(int(0.5 + 8.0 * (v - value_min) / (value_max - value_min)))
# Tiles reach 0.003 inches into the next, or their smoothed edges would show as a grid.
joint(end, tiles, inches) = end < tiles - 0.6 ? end + 0.003 * tiles / inches : end
if (dumb) {
    set multiplot layout down, across title sprintf("%s, from '.' %.3g to '@' %.3g", metric_title, value_min, value_max)
} else {
    set multiplot layout down, across margins 0.40 / width, 1 - 0.72 / width, 0.42 / height, 1 - 0.22 / height \
        spacing 0.12 / width, 0.44 / height
    set border 0
    set style fill solid noborder
    set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 fillcolor rgb '#E4E4E4' fillstyle solid noborder behind
    set cbtics value_step
    set colorbox user origin 1 - 0.64 / width, 0.42 / height size 0.09 / width, (height - 0.64) / height noborder
    set cbtics scale 0.3 offset -0.7, 0
    set cblabel metric_title offset -0.4, 0
}
set xrange [-0.5:heads - 0.5]
set yrange [-0.5:layers - 0.5]
set cbrange [value_min:value_max]
set xtics scale 0 0, (heads > 60 ? 20 : heads > 24 ? 10 : heads > 12 ? 4 : heads > 6 ? 2 : 1)
set title offset 0, over_panel
do for [i = 1:steps] {
    set title 'step '.step_label[i]
    if ((i - 1) % across == 0) {
        set ytics scale 0 0, (layers > 60 ? 20 : layers > 24 ? 8 : layers > 12 ? 4 : layers > 6 ? 2 : 1)
        set format y '%g'
        set label 1 'layer' at screen 0.09 / width, graph 0.5 center rotate by 90
    } else {
        set format y ''
        unset label 1
    }
    if (i > steps - across) { set xlabel 'head' offset 0, under_axis } else { unset xlabel }
    if (dumb) {
        plot data index ('step '.step[i].' |') using 1:2:(tile($3)) with labels
    } else {
        plot data index ('step '.step[i].' |') \
            using 1:2:($1 - 0.5):(joint($1 + 0.5, heads, wide)):($2 - 0.5):(joint($2 + 0.5, layers, tall)):3 with boxxyerror \
            linecolor palette fillstyle solid noborder
        unset colorbox
    }
}
unset multiplot
