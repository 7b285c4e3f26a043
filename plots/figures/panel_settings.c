/* How panels are drawn: their place, their axes with the tics, the names of their lines, the key. */
#include "plots/figures/panel_work.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Tics of a panel: more than this crowd at a column's width. */
#define TICS_MOST 6

/* Inches: of a panel, between two rows, above the first without its key, below the last, and of a map's scale of
 * colours. */
struct form {
    double tall, rise, top, foot, scale;
};
static const struct form FORMS[] = {
    [SPT_PANELS_GRID] = {0.92, 0.46, 0.24, 0.38, 0.24},
    [SPT_PANELS_PAIRED] = {0.78, 0.25, 0.24, 0.38, 0},
    [SPT_PANELS_LIKE] = {0.72, 0.25, 0.24, 0.38, 0},
};

#define WIDTH   3.35
#define KEY_ROW 0.13

/* Lines of text of a panel on a terminal. */
#define TERM_ROWS 14

double spt_panel_threshold_shade(const struct spt_panel_table *table, size_t t) {
    const double first = strtod(table->thresholds[0], NULL),
                 last = strtod(table->thresholds[table->threshold_count - 1], NULL);
    return last > first ? log(strtod(table->thresholds[t], NULL) / first) / log(last / first) : 0.5;
}

static double scaled(enum spt_panel_scale scale, double y) {
    if (scale == SPT_SCALE_COUNT) return log10(1 + fmax(y, 0));
    return scale == SPT_SCALE_RATIO ? log10(y) : y;
}

static struct spt_range scaled_range(const struct spt_panel_drawn *drawn) {
    struct spt_range range = drawn->range;
    if (drawn->panel->zero) spt_range_include(&range, 0);
    if (range.lo > range.hi || drawn->over == SPT_OVER_MAP) return range;
    /* Ratios that are not positive have no place on their axis. */
    if (drawn->panel->scale == SPT_SCALE_RATIO && !(range.lo > 0))
        range.lo = range.hi > 0 ? fmax(1e-3 * range.hi, DBL_MIN) : 1;
    if (drawn->panel->scale == SPT_SCALE_RATIO && range.hi < range.lo) range.hi = range.lo;
    return (struct spt_range){scaled(drawn->panel->scale, range.lo), scaled(drawn->panel->scale, range.hi)};
}

/* Joined panels have one range, that of all of them. */
static void join_ranges(struct spt_panel_work *work, struct spt_range *ranges) {
    for (size_t first = 0; first < work->count;) {
        size_t end = first + 1;
        for (; end < work->count && work->panels[end].joined; end++) {
            spt_range_include(&ranges[first], ranges[end].lo <= ranges[end].hi ? ranges[end].lo : NAN);
            spt_range_include(&ranges[first], ranges[end].lo <= ranges[end].hi ? ranges[end].hi : NAN);
        }
        for (size_t i = first + 1; i < end; i++) ranges[i] = ranges[first];
        first = end;
    }
}

/* Which numbers of a decade are named on a logarithmic axis that spans at most so many decades. */
struct decade {
    double span;
    double names[3];
};
static const struct decade DECADES[] = {{1.2, {1, 2, 5}}, {2.5, {1, 3, 0}}, {INFINITY, {1, 0, 0}}};

struct tics {
    struct spt_text names, marks; /* the argument of `set ytics`, with names of the tics and without */
};

static void put_tic(struct tics *tics, enum spt_panel_scale scale, struct spt_range range, double y) {
    const double place = scaled(scale, y);
    if (place < range.lo || place > range.hi) return;
    const char *comma = tics->names.length > 1 ? ", " : "";
    spt_text_format(&tics->names, "%s'", comma);
    if (y >= 1000 && y < 1e15)
        spt_step_put(&tics->names, (int64_t)llround(y));
    else
        spt_text_format(&tics->names, "%g", y);
    spt_text_format(&tics->names, "' %.9g", place);
    spt_text_format(&tics->marks, "%s'' %.9g", comma, place);
}

static double unscaled(enum spt_panel_scale scale, double y) {
    return scale == SPT_SCALE_COUNT ? pow(10, y) - 1 : pow(10, y);
}

static void put_even_tics(struct tics *tics, enum spt_panel_scale scale, struct spt_range range) {
    const struct spt_range plain = {unscaled(scale, range.lo), unscaled(scale, range.hi)};
    const double step = spt_range_step(plain, TICS_MOST);
    for (double i = ceil(plain.lo / step); i * step <= plain.hi; i++) put_tic(tics, scale, range, i * step);
}

static void put_decades(struct tics *tics, enum spt_panel_scale scale, struct spt_range range) {
    size_t d = 0;
    while (range.hi - range.lo > DECADES[d].span) d++;
    for (double power = scale == SPT_SCALE_COUNT ? 0 : floor(range.lo); power <= range.hi; power++)
        for (size_t i = 0; i < 3 && DECADES[d].names[i] > 0; i++)
            put_tic(tics, scale, range, DECADES[d].names[i] * pow(10, power));
}

/* A distance, or all tics. range is padded and scaled. */
static void put_y_tics(struct tics *tics, enum spt_panel_scale scale, struct spt_range range) {
    if (scale == SPT_SCALE_LINEAR) {
        const double step = spt_range_step(range, TICS_MOST);
        spt_text_format(&tics->names, "%.9g format '%%g'", step);
        spt_text_format(&tics->marks, "%.9g format ''", step);
        return;
    }
    spt_text_put(&tics->names, "(");
    spt_text_put(&tics->marks, "(");
    /* Less than half a decade has names as a linear axis has. */
    if (range.hi - range.lo < 0.5) {
        put_even_tics(tics, scale, range);
    } else {
        if (scale == SPT_SCALE_COUNT) put_tic(tics, scale, range, 0);
        put_decades(tics, scale, range);
    }
    spt_text_put(&tics->names, ")");
    spt_text_put(&tics->marks, ")");
}

static void put_colours(struct spt_text *settings, size_t p, const struct spt_panel_drawn *drawn,
                        struct spt_range range) {
    const double largest = fmax(fabs(range.lo), fabs(range.hi));
    if (drawn->panel->zero) range = (struct spt_range){-largest, largest};
    if (range.hi - range.lo <= 1e-4 * largest || largest == 0) range = spt_range_padded(range);
    spt_text_format(settings, "y_min[%zu] = %.9g; y_max[%zu] = %.9g; y_tics[%zu] = '%.9g'\n", p, range.lo, p, range.hi,
                    p, spt_range_step(range, 5));
}

static const char *text_of(const struct spt_text *text) {
    return text->data && !text->failed ? text->data : "";
}

/* A map is of the last of the chosen steps, which its title says. */
static void put_title(struct spt_panel_work *work, const struct spt_panel_drawn *drawn, size_t p) {
    struct spt_text *settings = work->drawing.settings;
    spt_text_format(settings, "title_of[%zu] = '%s", p, drawn->panel->title);
    if (drawn->over == SPT_OVER_MAP) {
        spt_text_put(settings, ", step ");
        spt_step_put(settings, work->drawing.source->checkpoints[work->steps[work->step_count - 1]].step);
    }
    spt_text_put(settings, "'\n");
}

static void put_settings_of(struct spt_panel_work *work, size_t i, struct spt_range range) {
    static const char *const OVER[] = {"steps", "layers", "thresholds", "map"};
    static const char *const SCALES[] = {"linear", "count", "ratio"};
    static const char *const INFIXES[] = {"", ", step ", ", step ", ""};
    struct spt_text *settings = work->drawing.settings;
    struct spt_panel_drawn *drawn = &work->panels[i];
    const size_t p = i + 1;
    const char *metric = drawn->panel->metric;
    spt_text_format(settings, "metric[%zu] = '%s'; over[%zu] = '%s'; ", p, metric, p, OVER[drawn->over]);
    put_title(work, drawn, p);
    if (drawn->over == SPT_OVER_MAP) {
        put_colours(settings, p, drawn, range);
    } else {
        range = spt_range_padded(range);
        struct tics tics = {0};
        put_y_tics(&tics, drawn->panel->scale, range);
        spt_text_format(settings, "y_min[%zu] = %.9g; y_max[%zu] = %.9g; y_tics[%zu] = \"%s\"; y_marks[%zu] = \"%s\"\n",
                        p, range.lo, p, range.hi, p, text_of(&tics.names), p, text_of(&tics.marks));
        if (tics.names.failed || tics.marks.failed || drawn->names.failed || drawn->shades.failed ||
            drawn->labels.failed)
            settings->failed = true;
        spt_text_release(&tics.names);
        spt_text_release(&tics.marks);
    }
    spt_text_format(settings, "scale_of[%zu] = '%s'; has_zero[%zu] = %d; has_layers[%zu] = %d; each[%zu] = %d\n", p,
                    SCALES[drawn->panel->scale], p, drawn->panel->zero ? 1 : 0, p, drawn->layers ? 1 : 0, p,
                    drawn->each ? 1 : 0);
    const bool map = drawn->over == SPT_OVER_MAP;
    spt_text_format(settings, "lines[%zu] = %zu; infix[%zu] = '%s'\n", p, map ? 0 : drawn->lines, p,
                    INFIXES[drawn->over]);
    spt_text_format(settings, "line_name[%zu] = '%s'; line_shade[%zu] = '%s'; line_label[%zu] = '%s'\n", p,
                    text_of(&drawn->names), p, text_of(&drawn->shades), p, text_of(&drawn->labels));
    const bool own = !drawn->each && drawn->lines > 0;
    spt_text_format(settings, "null_of[%zu] = '%s%s'\n", p, own ? metric : "nothing",
                    own && drawn->over == SPT_OVER_LAYERS ? ", by layer" : "");
}

static size_t put_thresholds_key(const struct spt_panel_work *work) {
    const struct spt_panel_table *table = work->table;
    struct spt_key_item items[SPT_THRESHOLDS_MOST] = {0};
    for (size_t t = 0; t < table->threshold_count; t++) {
        snprintf(items[t].text, sizeof items[t].text, "%s", table->thresholds[t]);
        items[t].shade = spt_panel_threshold_shade(table, t);
    }
    return spt_key_put(work->drawing.settings, table->threshold_title, items, table->threshold_count);
}

/* The key of steps or thresholds, whichever has a line of its own, and the one of baselines. */
static enum spt_status put_key(struct spt_panel_work *work, size_t *rows) {
    bool steps = false, thresholds = false, layer = false;
    for (size_t i = 0; i < work->count; i++) {
        const struct spt_panel_drawn *drawn = &work->panels[i];
        steps = steps || drawn->over == SPT_OVER_LAYERS || drawn->over == SPT_OVER_THRESHOLDS;
        layer = layer || drawn->over == SPT_OVER_THRESHOLDS;
        thresholds = thresholds || drawn->each;
    }
    enum spt_status status = SPT_OK;
    *rows = 0;
    if (steps)
        status = spt_steps_key_put(&work->drawing, layer ? work->drawing.options->layer : -1, work->steps,
                                   work->step_count, rows);
    else if (thresholds)
        *rows = put_thresholds_key(work);
    *rows += spt_baselines_key_put(work->drawing.settings, *rows, &work->baselines);
    return status;
}

static void put_layout(struct spt_panel_work *work, size_t key_rows) {
    struct spt_text *settings = work->drawing.settings;
    const struct form *form = &FORMS[work->table->form];
    const bool paired = work->table->form == SPT_PANELS_PAIRED;
    bool map = false;
    for (size_t i = 0; i < work->count; i++) map = map || work->panels[i].over == SPT_OVER_MAP;
    /* Of one layer a pair is one panel, which has the width of both: its title is made for that. */
    const bool pairs = paired && work->count > 1 && work->panels[1].over == SPT_OVER_LAYERS;
    const bool like = work->table->form == SPT_PANELS_LIKE;
    const size_t across = work->count > 1 && pairs == paired ? 2 : 1, down = (work->count + across - 1) / across;
    const double rise = pairs || like ? form->rise : FORMS[SPT_PANELS_GRID].rise,
                 foot = form->foot + (map ? form->scale : 0);
    const double top = form->top + KEY_ROW * (double)key_rows;
    spt_text_format(settings, "panels = %zu; across = %zu; down = %zu; paired = %d; like = %d\n", work->count, across,
                    down, pairs ? 1 : 0, like ? 1 : 0);
    spt_text_format(settings, "width = %.2f; height = %.2f\n", WIDTH,
                    top + foot + form->tall * (double)down + rise * (double)(down - 1));
    spt_text_format(settings, "top = %.2f; foot = %.2f; rise = %.2f\n", top, foot, rise);
    if (down > 2) spt_text_format(settings, "rows = %zu\n", TERM_ROWS * down);
    spt_text_format(settings, "layers = %zu\nx_title = 'training step'\nthreshold_title = '%s'\n",
                    work->drawing.source->layers, work->table->threshold_title ? work->table->threshold_title : "");
    spt_axis_put(&work->drawing.axis, 6, settings);
    if (work->table->threshold_count)
        spt_axis_thresholds_put(&work->thresholds, work->table->thresholds, work->table->threshold_count, settings);
}

enum spt_status spt_panels_settings_put(struct spt_panel_work *work) {
    static const char *const ARRAYS[] = {"metric",    "title_of",   "over",       "y_min",      "y_max",  "y_tics",
                                         "y_marks",   "scale_of",   "has_zero",   "lines",      "infix",  "each",
                                         "line_name", "line_shade", "line_label", "has_layers", "null_of"};
    struct spt_text *settings = work->drawing.settings;
    struct spt_range ranges[2 * SPT_PANELS_MOST];
    size_t key_rows;
    const enum spt_status status = put_key(work, &key_rows);
    if (status != SPT_OK) return status;
    put_layout(work, key_rows);
    for (size_t i = 0; i < sizeof ARRAYS / sizeof *ARRAYS; i++)
        spt_text_format(settings, "%sarray %s[%zu]", i ? "; " : "", ARRAYS[i], work->count);
    spt_text_put(settings, "\n");
    for (size_t i = 0; i < work->count; i++) ranges[i] = scaled_range(&work->panels[i]);
    join_ranges(work, ranges);
    for (size_t i = 0; i < work->count; i++) put_settings_of(work, i, ranges[i]);
    spt_block_put(&work->drawing, "", "nothing, null");
    spt_block_empty_put(&work->drawing);
    spt_block_put(&work->drawing, "", "nothing, control");
    spt_block_empty_put(&work->drawing);
    return SPT_OK;
}
