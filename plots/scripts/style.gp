# --- the look that all figures share ---
# Sizes are those in print: width and height in inches, letters in points.
set encoding utf8
font_size = 7.5
dumb = (format eq 'term')
if (format eq 'svg') {
    set terminal svg noenhanced size width * 96, height * 96 font sprintf('sans-serif,%g', font_size * 96 / 72.0) \
        rounded linewidth 96 / 72.0 background 'white'
}
if (format eq 'png') {
    set terminal pngcairo noenhanced size width * 300, height * 300 font sprintf('DejaVu Sans,%g', font_size) \
        rounded fontscale 300 / 96.0 linewidth 300 / 72.0 pointscale 300 / 72.0 background 'white'
}
if (format eq 'pdf') {
    set terminal pdfcairo noenhanced size width in, height in font sprintf('DejaVu Sans,%g', font_size) \
        rounded fontscale 0.75 linewidth 2 background 'white'
}
if (dumb) {
    set terminal dumb noenhanced size columns, rows mono
    if (colour) { set terminal dumb noenhanced size columns, rows ansi256 }
} else {
    set output figure
}

# Okabe and Ito's colours, told apart with every kind of colour vision.
black = '#000000'; orange = '#E69F00'; sky = '#56B4E9'; green = '#009E73'
yellow = '#F0E442'; blue = '#0072B2'; vermillion = '#D55E00'; purple = '#CC79A7'; grey = '#9A9A9A'
if (dumb) { black = grey } # terminals may be dark

# Viridis: even steps of value look like even steps of colour, in grey print as well.
array VIRIDIS[9] = [0x440154, 0x472C7A, 0x3B518B, 0x2C718E, 0x21908D, 0x27AD81, 0x5CC863, 0xAADC32, 0xFDE725]
rising = "defined (0 '#440154', 1 '#472C7A', 2 '#3B518B', 3 '#2C718E', 4 '#21908D', 5 '#27AD81', 6 '#5CC863', \
    7 '#AADC32', 8 '#FDE725')"
set palette @rising
# Its colour at a fraction from 0 to 1, for lines that are not of the palette.
channel(k, s) = (VIRIDIS[k] >> s) & 255
mixed(k, t, s) = int(channel(k, s) + t * (channel(k + 1, s) - channel(k, s)) + 0.5) << s
part(f) = f >= 1 ? 8 : int(8 * f) + 1
viridis(f) = mixed(part(f), 8 * f - part(f) + 1, 16) + mixed(part(f), 8 * f - part(f) + 1, 8) + mixed(part(f), 8 * f - part(f) + 1, 0)
# Of two signs: from vermillion below 0 through white to blue above.
turning = "defined (-1 '#9E3D00', -0.5 '#E8935A', 0 '#FFFFFF', 0.5 '#5A9FD0', 1 '#00467F')"
# Lines leave its lightest end out: yellow does not show on white.
shade(i) = 0.9 * step_shade[i]

set border 3 linewidth 0.6 linecolor rgb '#404040'
set tics nomirror out scale 0.5, 0.25 textcolor rgb black
set key noautotitle samplen 1.5 spacing 0.95
# Places and points are counted in the terminal's own units: these make them the same in all formats.
svg = (format eq 'svg')
dot_size = svg ? 0.36 : 0.22
ring_size = svg ? 0.62 : 0.40 # a hollow mark: a disc, and one of paper in it
hole_size = 0.55 * ring_size
paper = '#FFFFFF'
under_tics = svg ? 0.62 : 0.3 # upwards, in letters: names of tics, of an axis, of a panel
under_axis = svg ? 1.15 : 0.6
beside_axis = svg ? 1.9 : 1.2 # to the right: the title of an upright axis
over_panel = svg ? -0.85 : -0.6
shown(v) = dumb ? NaN : v # bands and the lines of layers are for eyes that see shades
set style fill transparent solid 0.22 noborder
unset colorbox
dashed = '(6, 7)'; dotted = '(1, 5)'
if (!dumb) { set xtics offset 0, under_tics; set ytics offset 0.4, 0 }

# A key above the panels, taken away again after the first of them.
if (exists('keys') && !dumb) {
    set label 40 key_title at screen 0.34 / width, screen 1 - 0.09 / height left
    do for [k = 1:keys] {
        set arrow 40 + k from screen key_x[k] / width, screen 1 - (0.09 + 0.13 * key_row[k]) / height \
            to screen (key_x[k] + 0.14) / width, screen 1 - (0.09 + 0.13 * key_row[k]) / height \
            nohead linewidth (exists('key_colour') ? 4 : 1.2) \
            linecolor rgb (exists('key_colour') ? word(key_colour, k) : viridis(0.9 * key_shade[k]))
        set label 40 + k key_text[k] at screen (key_x[k] + 0.19) / width, screen 1 - (0.09 + 0.13 * key_row[k]) / height left
    }
}

# What figures are read against: random attention, and the same checkpoints asked about shuffled tokens. base is the
# name of a panel's blocks.
scale(y) = y
base = ''
if (!exists('baseline_row')) { null_key = 0; control_key = 0; null_key_text = ''; control_key_text = '' }
null_lines = "data index (base.', null |') using 1:(shown(scale($3))):(scale($4)) with filledcurves fillcolor rgb orange \
    fillstyle transparent solid 0.25 noborder, \
    data index (base.', null |') using 1:(scale($2)) with lines dashtype (6, 7) linewidth 0.9 linecolor rgb orange \
    title (dumb && null_key ? null_key_text : '')"
control_lines = "data index (base.', control |') using 1:(scale($2)) with lines dashtype (1, 5) linewidth 1 linecolor rgb purple \
    title (dumb && control_key ? control_key_text : ''), \
    data index (base.', control |') using 1:($3 == 1 ? scale($2) : NaN) with points pointtype 6 pointsize 0.9 * dot_size \
    linewidth 0.5 linecolor rgb purple"
if (exists('baseline_row') && !dumb) {
    key_height = 1 - (0.09 + 0.13 * baseline_row) / height
    if (null_key) {
        set arrow 71 from screen null_key_x / width, screen key_height to screen (null_key_x + 0.18) / width, screen key_height \
            nohead dashtype (6, 7) linewidth 0.9 linecolor rgb orange
        set label 71 null_key_text at screen (null_key_x + 0.22) / width, screen key_height left
    }
    if (control_key) {
        set arrow 72 from screen control_key_x / width, screen key_height to screen (control_key_x + 0.18) / width, screen key_height \
            nohead dashtype (1, 5) linewidth 1 linecolor rgb purple
        set label 72 control_key_text at screen (control_key_x + 0.22) / width, screen key_height left
    }
}
unset_baselines = "do for [k = 71:72] { unset label k; unset arrow k }"

# The axis of steps is linear in log10(step); step 0 stands before a break.
if (exists('x_min')) { set xrange [x_min:x_max] }
if (exists('break_half') && break_half > 0) {
    set label 91 '//' at first break_at, graph 0 centre front font sprintf(',%g', 0.9 * font_size)
    if (!dumb) {
        set object 91 rectangle from first break_at - break_half, graph -0.012 to first break_at + break_half, graph 0.012 \
            fillcolor rgb 'white' fillstyle solid noborder front
    }
}
