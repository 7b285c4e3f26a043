
# --- sizes: when metrics turn, by model size ---
if (!dumb) {
    set lmargin at screen 0.62 / width; set rmargin at screen 1 - 0.10 / width
    set bmargin at screen 0.38 / height; set tmargin at screen 1 - 0.54 / height
}
set key at screen 0.62 / width, screen 1 - 0.06 / height left top vertical maxrows 3 Left reverse
if (dumb) { set key default; set key noautotitle top left }
set yrange [x_min:x_max] # the axis of steps, upright
set xrange [size_min:size_max]
set ytics @step_tics
set xtics @size_tics
set ylabel y_title offset 0.4 * beside_axis, 0
set xlabel 'parameters without embeddings' offset 0, under_axis
array colours[5] = [black, blue, green, orange, vermillion]
colour_of(i) = colours[line_number[i]]
plot for [i = 1:lines] data index (line_metric[i].' |') using 1:2 smooth unique with lines linewidth 1.2 \
        linecolor rgb colour_of(i) title line_title[i], \
    for [i = 1:lines] data index (line_metric[i].' |') using 1:3:(0):($4 - $3) with vectors nohead linewidth 0.8 \
        linecolor rgb colour_of(i), \
    for [i = 1:lines] data index (line_metric[i].' |') using 1:2 with points pointtype 7 pointsize dot_size linecolor rgb colour_of(i)
