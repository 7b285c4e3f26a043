/* When metrics turn, by model size: fitted midpoints of several runs against the number of parameters. */
#include "plots/figures/figures.h"
#include "plots/figures/runs.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    const char *metric, *title;
} LINES[] = {
    {"loss", "loss"},
    {"rmt.participation", "participation ratio"},
    {"sink.entropy", "attention entropy"},
    {"topology.h0_mean", "mean H₀ bar"},
    {"sink.first_excess", "sink (excess)"},
};
/* Least distance of two names on the axis of sizes, as a share of it. */
#define NAME_DISTANCE 0.14

enum { LINES_MOST = sizeof LINES / sizeof *LINES };

/* A midpoint on the upright axis: log10 of steps, or of tokens. */
static double place_of(const struct spt_plot_source *source, double step, enum spt_plot_axis axis) {
    const double at = axis == SPT_PLOT_TOKENS ? spt_runs_tokens(source, step) : step;
    return at > 0 ? log10(at) : NAN;
}

static enum spt_status put_point(struct spt_drawing *drawing, const struct spt_plot_source *source, const char *metric,
                                 struct spt_range *range, size_t *points) {
    const enum spt_plot_axis axis = drawing->options->axis;
    struct spt_plot_value step;
    if (!source->midpoint || !(source->parameters > 0)) return SPT_OK;
    const enum spt_status status = source->midpoint(source->context, metric, &step, drawing->error);
    if (status != SPT_OK) return status == SPT_END ? SPT_OK : status;
    const double columns[] = {log10(source->parameters), place_of(source, step.mean, axis),
                              place_of(source, step.lo, axis), place_of(source, step.hi, axis)};
    if (!isfinite(columns[1])) return SPT_OK;
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        spt_text_put(drawing->data, c ? " " : "");
        spt_number_put(drawing->data, columns[c]);
        if (c) spt_range_include(range, columns[c]);
    }
    spt_text_put(drawing->data, "\n");
    (*points)++;
    return SPT_OK;
}

static enum spt_status put_line(struct spt_drawing *drawing, const struct spt_runs *runs,
                                const struct spt_plot_source *const *of, size_t line, struct spt_range *range,
                                size_t *lines) {
    size_t points = 0;
    spt_block_put(drawing, "log10(parameters) log10(midpoint) lo hi", "%s", LINES[line].metric);
    for (size_t i = 0; i < runs->count; i++) {
        const enum spt_status status = put_point(drawing, of[i], LINES[line].metric, range, &points);
        if (status != SPT_OK) return status;
    }
    if (points == 0) {
        spt_block_empty_put(drawing);
        return SPT_OK;
    }
    ++*lines;
    spt_text_format(drawing->settings, "line_metric[%zu] = '%s'; line_title[%zu] = '%s'; line_number[%zu] = %zu\n",
                    *lines, LINES[line].metric, *lines, LINES[line].title, *lines, line + 1);
    return SPT_OK;
}

/* 19M, 1.2B: two digits. */
static void put_size(struct spt_text *text, double parameters) {
    static const struct {
        double of;
        const char *name;
    } UNITS[] = {{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}, {1, ""}};
    const double digit = pow(10, floor(log10(parameters)) - 1), rounded = round(parameters / digit) * digit;
    size_t unit = 0;
    while (unit + 1 < sizeof UNITS / sizeof *UNITS && rounded < UNITS[unit].of) unit++;
    spt_text_format(text, "%.4g%s", rounded / UNITS[unit].of, UNITS[unit].name);
}

/* The axis of sizes: each is named, unless it is too near the last that was. */
static void put_sizes(struct spt_drawing *drawing, const struct spt_runs *runs) {
    struct spt_range range = SPT_RANGE_EMPTY;
    double last = -INFINITY;
    for (size_t i = 0; i < runs->count; i++)
        if (runs->sources[i].parameters > 0) spt_range_include(&range, log10(runs->sources[i].parameters));
    const double width = range.hi > range.lo ? range.hi - range.lo : 1;
    spt_text_format(drawing->settings, "size_min = %.9g\nsize_max = %.9g\nsize_tics = \"(", range.lo - 0.08 * width,
                    range.hi + 0.08 * width);
    for (size_t i = 0; i < runs->count; i++) {
        const double parameters = runs->sources[i].parameters;
        if (!(parameters > 0) || (i > 0 && parameters == runs->sources[i - 1].parameters)) continue;
        const double place = log10(parameters);
        const bool named = !(place - last < NAME_DISTANCE * width);
        spt_text_put(drawing->settings, isfinite(last) ? ", '" : "'");
        if (named) put_size(drawing->settings, parameters);
        spt_text_format(drawing->settings, "' %.9g", place);
        if (named) last = place;
    }
    spt_text_put(drawing->settings, ")\"\n");
}

/* The upright axis is one of steps, from the least midpoint to the largest. */
static void put_midpoints(struct spt_drawing *drawing, struct spt_range range) {
    const double most = 0x1p62; /* an interval may be open to the right */
    const struct spt_plot_checkpoint ends[] = {{.step = (int64_t)fmax(1, floor(fmin(pow(10, range.lo), most)))},
                                               {.step = (int64_t)fmax(2, ceil(fmin(pow(10, range.hi), most)))}};
    const struct spt_plot_source source = {.checkpoints = ends, .count = 2};
    struct spt_axis axis;
    spt_axis_init(&axis, &source);
    spt_axis_put(&axis, 6, drawing->settings);
}

static bool has_sizes(const struct spt_runs *runs) {
    for (size_t i = 1; i < runs->count; i++)
        if (runs->sources[0].parameters > 0 && runs->sources[i].parameters != runs->sources[0].parameters) return true;
    return false;
}

/* Each of the runs as it came, whose checkpoints count steps: by size, as runs has them. */
static void find_originals(const struct spt_runs *runs, const struct spt_plot_source *source,
                           const struct spt_plot_source **of /* [runs->count] */) {
    for (size_t i = 0; i < runs->count; i++) {
        of[i] = source;
        for (size_t k = 0; k < source->other_count; k++)
            if (source->others[k].context == runs->sources[i].context) of[i] = &source->others[k];
    }
}

SPT_FIGURE_WRITER(spt_figure_sizes) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    const struct spt_plot_source *of[SPT_RUNS_MAX];
    struct spt_runs runs;
    enum spt_status status = spt_runs_init(&runs, source, options->axis, error);
    if (status != SPT_OK) return status;
    struct spt_range range = SPT_RANGE_EMPTY;
    size_t lines = 0;
    find_originals(&runs, source, of);
    if (!has_sizes(&runs)) status = SPT_END;
    spt_text_format(settings, "array line_metric[%d]\narray line_title[%d]\narray line_number[%d]\n", LINES_MOST,
                    LINES_MOST, LINES_MOST);
    for (size_t i = 0; status == SPT_OK && i < LINES_MOST; i++)
        status = put_line(&drawing, &runs, of, i, &range, &lines);
    if (status == SPT_OK && lines == 0) status = SPT_END;
    if (status == SPT_OK) {
        put_sizes(&drawing, &runs);
        put_midpoints(&drawing, range);
    }
    spt_text_format(settings, "lines = %zu\nwidth = 3.35\nheight = 2.4\ny_title = '%s'\n", lines,
                    options->axis == SPT_PLOT_TOKENS ? "midpoint (tokens seen)" : "midpoint (training step)");
    spt_runs_release(&runs);
    return spt_drawing_end(&drawing, status);
}
