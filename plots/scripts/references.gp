
# --- references: what the tokens of one sample receive in every layer ---
log_scale = (scale eq 'log'); root_scale = (scale eq 'root')
place(v) = v >= 0 ? (log_scale ? (v > 1e-3 ? 1 + log10(v) / 3 : 0) : root_scale ? sqrt(v) : v) : NaN
scale_tics = log_scale ? "('10⁻³' 0, '0.01' 0.3333, '0.1' 0.6667, '1' 1)" : \
    root_scale ? "('0' 0, '0.1' 0.3162, '0.4' 0.6325, '1' 1)" : "('0' 0, '0.5' 0.5, '1' 1)"
sign(k) = '.:-=+*#%@'[k + 1:k + 1]
set cbrange [0:1]
if (dumb) {
    # Tokens go down here, that their names can be read; what a layer gives them goes to the right, [x] at reference tokens.
    tile(v, r) = !(v >= 0) ? ' ' : r == 1 ? '['.sign(int(0.5 + 8.0 * place(v))).']' : sign(int(0.5 + 8.0 * place(v)))
    stride = n > 64 ? ceil(n / 64.0) : 1
    set yrange [n - 0.5:-0.5]
    set xrange [-0.5:layers - 0.5]
    set xtics scale 0 0, (layers > 60 ? 20 : layers > 24 ? 8 : layers > 12 ? 4 : layers > 6 ? 2 : 1)
    set xlabel 'layer'
    set multiplot layout 1, panels title head_line.': '.sub_line.sprintf(", from '.' %s to '@' 1", log_scale ? '1e-3' : '0')
    do for [p = 1:panels] {
        set ytics scale 0 ('' 0)
        if (p == 1) { do for [k = 1:n:stride] { set ytics add (token[k] k - 1) } }
        set title panel_title[p]
        plot data index sprintf('panel %d |', p) using 2:1:(tile($3, $5)) with labels
    }
    unset multiplot
} else {
    set multiplot
    set border 0
    set style fill solid noborder
    unset xtics
    set label 1 head_line at screen 0.06 / width, screen 1 - 0.10 / height left font sprintf(',%g', font_size)
    set label 2 sub_line at screen 0.06 / width, screen 1 - 0.22 / height left font sprintf(',%g', 0.9 * font_size) textcolor rgb '#505050'
    set xrange [-0.5:n - 0.5]
    set yrange [-0.5:layers - 0.5]
    set ytics scale 0 0, (layers > 60 ? 20 : layers > 24 ? 8 : layers > 12 ? 4 : layers > 6 ? 2 : 1)
    set cbtics @scale_tics scale 0.3 offset -0.7, 0
    set cblabel 'received' offset -0.4, 0
    lowest = 1 - (0.30 + panels * (over + tall + 0.05) - 0.05) / height
    set colorbox user origin (0.34 + wide + 0.06) / width, lowest size 0.09 / width, (1 - (0.30 + over) / height - lowest) noborder
    joint(end, tiles, inches) = end < tiles - 0.6 ? end + 0.003 * tiles / inches : end
    set lmargin at screen 0.34 / width
    set rmargin at screen (0.34 + wide) / width
    do for [p = 1:panels] {
        north = 0.30 + (p - 1) * (over + tall + 0.05) + over
        set tmargin at screen 1 - north / height
        set bmargin at screen 1 - (north + tall) / height
        if (panels > 1) {
            set label 3 panel_title[p] at screen 0.34 / width, screen 1 - (north - 0.07) / height left font sprintf(',%g', 0.9 * font_size) \
                textcolor rgb (panel_finite[p] ? black : vermillion)
        } else { if (!panel_finite[p]) {
            set label 3 'NaN or infinite' at graph 0.5, graph 0.5 center front textcolor rgb vermillion
        } }
        set label 4 'layer' at screen 0.09 / width, graph 0.5 center rotate by 90
        if (p == panels) {
            do for [k = 1:n:label_stride] {
                set label 1000 + k token[k] at first k - 1, screen lowest - 0.04 / height rotate by 90 right font sprintf(',%g', label_size)
            }
        }
        set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 fillcolor rgb '#E4E4E4' fillstyle solid noborder behind
        name = sprintf('panel %d |', p)
        # Neighbours' frames do not touch; where tiles are narrow, they are thin.
        narrow = (wide < 0.07 * n || tall < 0.07 * layers)
        inset(tiles, inches) = narrow ? 0.12 : 0.014 * tiles / inches
        frame = 0.5 - inset(n, wide)
        rise = 0.5 - inset(layers, tall)
        plot data index name using 1:2:($1 - 0.5):(joint($1 + 0.5, n, wide)):($2 - 0.5):(joint($2 + 0.5, layers, tall)):(place($3)) with boxxyerror \
                linecolor palette fillstyle solid noborder, \
            '' index name using ($5 == 1 ? $1 : NaN):2:($1 - frame):($1 + frame):($2 - rise):($2 + rise) with boxxyerror \
                linecolor rgb '#FFFFFF' linewidth (narrow ? 0.8 : 1.8) fillstyle empty border, \
            '' index name using ($5 == 1 ? $1 : NaN):2:($1 - frame):($1 + frame):($2 - rise):($2 + rise) with boxxyerror \
                linecolor rgb '#000000' linewidth (narrow ? 0.35 : 0.8) fillstyle empty border
        unset colorbox
        unset label 1; unset label 2
    }
    unset multiplot
}
