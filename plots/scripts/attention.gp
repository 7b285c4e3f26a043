
# --- attention: matrices of one sample, query by key ---
# A colour is a place between 0 and 1: of the attention itself, its square root, or its logarithm from 1e-4 on.
log_scale = (scale eq 'log'); root_scale = (scale eq 'root')
place(v) = v >= 0 ? (log_scale ? (v > 1e-4 ? 1 + log10(v) / 4 : 0) : root_scale ? sqrt(v) : v) : NaN
scale_tics = log_scale ? "('10⁻⁴' 0, '10⁻³' 0.25, '0.01' 0.5, '0.1' 0.75, '1' 1)" : \
    root_scale ? "('0' 0, '0.01' 0.1, '0.1' 0.3162, '0.25' 0.5, '0.5' 0.7071, '1' 1)" : "('0' 0, '0.25' 0.25, '0.5' 0.5, '0.75' 0.75, '1' 1)"
sign(k) = '.:-=+*#%@'[k + 1:k + 1]
tile(v) = v >= 0 ? sign(int(0.5 + 8.0 * place(v))) : ''
# Tiles are sharp wherever they are shown; very many of them are an image, which viewers may blur. They reach 0.003 inches
# into the next, or their smoothed edges would show as a grid.
tiled = (panels * n * n <= 100000)
joint(k) = k < n - 1 ? k + 0.5 + (dumb ? 0 : 0.003 * n / side) : k + 0.5
marked(p, k) = strstrt(references[p], sprintf(' %d ', k - 1)) > 0
unfit(p) = panel_finite[p] ? '' : ' (NaN or infinite)'
set xrange [-0.5:n - 0.5]
set yrange [n - 0.5:-0.5]
set cbrange [0:1]
if (dumb) {
    # A line is a query; its token's name stands before it, what the token receives behind it, * at reference tokens.
    key_of_signs = sprintf(", from '.' %s to '@' 1", log_scale ? '1e-4' : '0')
    set title alone ? head_line.': '.sub_line.unfit(1).key_of_signs : ''
    stride = n > 64 ? ceil(n / 64.0) : 1
    set xtics scale 0 0, (n > 40 ? 10 : n > 9 ? 5 : 1)
    unset ytics
    if (alone) {
        set ytics scale 0
        set ytics ('' 0)
        do for [k = 1:n:stride] { set ytics add (sprintf('%s %3d', token[k], k - 1) k - 1) }
        set y2tics scale 0 ('' 0)
        set y2range [n - 0.5:-0.5]
        do for [k = 1:n:stride] { set y2tics add (sprintf('%s %.3f', marked(1, k) ? '*' : ' ', received[k]) k - 1) }
        plot data index 'matrix 1 |' matrix using 1:2:(tile($3)) with labels
    } else {
        set multiplot layout down, across title head_line.': '.sub_line.key_of_signs
        set ytics scale 0 0, (n > 40 ? 20 : n > 16 ? 10 : 5)
        do for [p = 1:panels] {
            set title panel_title[p].unfit(p)
            plot data index sprintf('matrix %d |', p) matrix using 1:2:(tile($3)) with labels
        }
        unset multiplot
    }
} else {
    set multiplot
    set border 0
    set style fill solid noborder
    unset xtics; unset ytics
    set label 1 head_line at screen 0.06 / width, screen 1 - 0.10 / height left font sprintf(',%g', font_size)
    set label 2 sub_line at screen 0.06 / width, screen 1 - 0.22 / height left font sprintf(',%g', 0.9 * font_size) textcolor rgb '#505050'
    set cbtics @scale_tics scale 0.3 offset -0.7, 0
    set cblabel 'attention' offset -0.4, 0
    left = 0.30 + (alone ? room : 0)
    if (alone) {
        top = 0.30 + 0.40 # of the matrix, from above
        foot = height - top - 0.04 - side
        # What keys receive.
        set lmargin at screen left / width
        set rmargin at screen (left + side) / width
        set tmargin at screen 1 - 0.34 / height
        set bmargin at screen 1 - top / height
        set yrange [0:received_max]
        set border 1
        set ytics (0, sprintf('%.2g', received_max / 1.05) received_max / 1.05) nomirror
        set label 3 'received' at screen (left + side + 0.05) / width, screen 1 - (top - 0.18) / height left font sprintf(',%g', 0.9 * font_size)
        plot data index 'received 1 |' using 1:2:(0.8):($4 == 1 ? 0xD55E00 : 0x8AA8C0) with boxes linecolor rgb variable, \
            '' index 'received 1 |' using ($1 - 0.5):3:(1):(0) with vectors nohead linewidth 0.8 dashtype (4, 3) linecolor rgb black
        unset label 1; unset label 2; unset label 3
        set border 0
        unset ytics
        # The matrix with its tokens.
        set tmargin at screen 1 - (top + 0.04) / height
        set bmargin at screen foot / height
        set yrange [n - 0.5:-0.5]
        do for [k = 1:n:label_stride] {
            tint = marked(1, k) ? vermillion : black
            set label 1000 + k token[k] at first k - 1, screen (foot - 0.04) / height rotate by 90 right font sprintf(',%g', label_size) textcolor rgb tint
            set label 3000 + k token[k] at screen (left - 0.04) / width, first k - 1 right font sprintf(',%g', label_size) textcolor rgb tint
        }
        set label 4 'key' at screen (left + 0.5 * side) / width, screen 0.09 / height center
        set label 5 'query' at screen 0.10 / width, screen (foot + 0.5 * side) / height center rotate by 90
        set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 fillstyle empty border linecolor rgb '#B0B0B0' linewidth 0.5 front
        if (!panel_finite[1]) { set label 6 'NaN or infinite' at graph 0.5, graph 0.5 center front textcolor rgb vermillion }
        set colorbox user origin (left + side + 0.06) / width, foot / height size 0.09 / width, side / height noborder
        if (tiled) {
            plot data index 'matrix 1 |' matrix \
                using 1:2:($1 - 0.5):(joint($1)):($2 - 0.5):(joint($2)):(place($3)) with boxxyerror linecolor palette
        } else {
            plot data index 'matrix 1 |' matrix using 1:2:(place($3)) with image
        }
    } else {
        set label 4 'key' at screen (0.30 + 0.5 * (width - 0.92)) / width, screen 0.09 / height center
        set label 5 'query' at screen 0.12 / width, screen 0.5 center rotate by 90
        set colorbox user origin 1 - 0.56 / width, 0.30 / height size 0.09 / width, (height - 0.77) / height noborder
        do for [p = 1:panels] {
            column = (p - 1) % across; row = (p - 1) / across
            west = left + column * (side + 0.10); north = 0.30 + row * (side + 0.22) + 0.17
            set lmargin at screen west / width
            set rmargin at screen (west + side) / width
            set tmargin at screen 1 - north / height
            set bmargin at screen 1 - (north + side) / height
            set label 6 panel_title[p].(panel_finite[p] ? '' : ': NaN') at screen west / width, screen 1 - (north - 0.07) / height left \
                font sprintf(',%g', side < 0.5 ? 0.75 * font_size : 0.9 * font_size) textcolor rgb (panel_finite[p] ? black : vermillion)
            set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 fillstyle empty border linecolor rgb '#B0B0B0' linewidth 0.4 front
            # Reference tokens: ticks under the panel.
            unset arrow
            do for [k = 1:n] {
                if (marked(p, k)) {
                    set arrow 1000 + k from first k - 1, screen 1 - (north + side + 0.01) / height \
                        to first k - 1, screen 1 - (north + side + 0.05) / height nohead linewidth 1.5 linecolor rgb vermillion
                }
            }
            name = sprintf('matrix %d |', p)
            if (tiled) {
                plot data index name matrix \
                    using 1:2:($1 - 0.5):(joint($1)):($2 - 0.5):(joint($2)):(place($3)) with boxxyerror linecolor palette
            } else {
                plot data index name matrix using 1:2:(place($3)) with image
            }
            unset colorbox
            unset label 1; unset label 2; unset label 4; unset label 5
        }
    }
    unset multiplot
}
