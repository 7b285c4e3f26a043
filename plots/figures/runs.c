/* The same metrics of several runs over training: small multiples, a line a run. */
#include "plots/figures/runs.h"

#include "plots/figures/baselines.h"
#include "plots/figures/figures.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the runs --- */

static const struct spt_plot_source *source_of(const struct spt_plot_source *source, size_t i) {
    return i ? &source->others[i - 1] : source;
}

static int compare_sizes(const void *x, const void *y) {
    const struct spt_plot_source *a = x, *b = y;
    const double p = isfinite(a->parameters) ? a->parameters : 0, q = isfinite(b->parameters) ? b->parameters : 0;
    if (p != q) return p < q ? -1 : 1;
    return strcmp(a->run, b->run);
}

static int64_t place_of(const struct spt_plot_checkpoint *checkpoint, enum spt_plot_axis axis) {
    if (axis == SPT_PLOT_STEPS || checkpoint->step == 0) return checkpoint->step;
    return checkpoint->tokens > 0 ? checkpoint->tokens : -1; /* no place */
}

/* The source's checkpoints, as the axis has them: owned by *copy. */
static enum spt_status copy_checkpoints(struct spt_plot_source *source, enum spt_plot_axis axis,
                                        struct spt_plot_checkpoint **copy, struct spt_error *error) {
    *copy = spt_alloc(source->count, sizeof **copy);
    if (!*copy) return spt_fail_memory(error, source->count * sizeof **copy, "runs");
    for (size_t c = 0; c < source->count; c++) {
        (*copy)[c] = source->checkpoints[c];
        (*copy)[c].step = place_of(&source->checkpoints[c], axis);
    }
    source->checkpoints = *copy;
    return SPT_OK;
}

static enum spt_status place_checkpoints(struct spt_runs *runs, enum spt_plot_axis axis, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < runs->count; i++) {
        struct spt_plot_source *source = &runs->sources[i];
        status = copy_checkpoints(source, axis, &runs->checkpoints[i], error);
        if (status != SPT_OK || !source->control) continue;
        runs->controls[i] = *source->control;
        status = copy_checkpoints(&runs->controls[i], axis, &runs->control_checkpoints[i], error);
        source->control = &runs->controls[i];
    }
    return status;
}

/* The axis of all checkpoints of all runs. */
static enum spt_status make_axis(struct spt_runs *runs, struct spt_error *error) {
    struct spt_plot_source all = {0};
    for (size_t i = 0; i < runs->count; i++) all.count += runs->sources[i].count;
    struct spt_plot_checkpoint *checkpoints = spt_alloc_zeroed(all.count, sizeof *checkpoints);
    if (!checkpoints) return spt_fail_memory(error, all.count * sizeof *checkpoints, "runs");
    size_t n = 0;
    for (size_t i = 0; i < runs->count; i++)
        for (size_t c = 0; c < runs->sources[i].count; c++) checkpoints[n++] = runs->sources[i].checkpoints[c];
    all.checkpoints = checkpoints;
    spt_axis_init(&runs->axis, &all);
    free(checkpoints);
    return runs->axis.any ? SPT_OK : SPT_END;
}

/* By size; runs of one size have one shade, and if all have, each its own. */
static void make_shades(struct spt_runs *runs) {
    size_t sizes = 0;
    for (size_t i = 0; i < runs->count; i++) {
        if (i > 0 && runs->sources[i].parameters != runs->sources[i - 1].parameters) sizes++;
        runs->shade[i] = (double)sizes;
    }
    for (size_t i = 0; i < runs->count; i++)
        runs->shade[i] = sizes ? runs->shade[i] / (double)sizes : (double)i / (double)(runs->count - 1);
}

enum spt_status spt_runs_init(struct spt_runs *runs, const struct spt_plot_source *source, enum spt_plot_axis axis,
                              struct spt_error *error) {
    *runs = (struct spt_runs){0};
    const size_t count = source->other_count + 1;
    if (count < 2) return SPT_END;
    if (count > SPT_RUNS_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, NULL, "%zu runs in one figure; it shows at most %d", count,
                        SPT_RUNS_MAX);
    runs->sources = spt_alloc_zeroed(count, sizeof *runs->sources);
    runs->checkpoints = spt_alloc_zeroed(count, sizeof *runs->checkpoints);
    runs->controls = spt_alloc_zeroed(count, sizeof *runs->controls);
    runs->control_checkpoints = spt_alloc_zeroed(count, sizeof *runs->control_checkpoints);
    runs->shade = spt_alloc_zeroed(count, sizeof *runs->shade);
    enum spt_status status =
        runs->sources && runs->checkpoints && runs->controls && runs->control_checkpoints && runs->shade
            ? SPT_OK
            : spt_fail_memory(error, count * sizeof *runs->sources, "runs");
    for (size_t i = 0; status == SPT_OK && i < count; i++) runs->sources[runs->count++] = *source_of(source, i);
    if (status == SPT_OK) qsort(runs->sources, count, sizeof *runs->sources, compare_sizes);
    if (status == SPT_OK) status = place_checkpoints(runs, axis, error);
    if (status == SPT_OK) status = make_axis(runs, error);
    if (status == SPT_OK)
        make_shades(runs);
    else
        spt_runs_release(runs);
    return status;
}

void spt_runs_release(struct spt_runs *runs) {
    for (size_t i = 0; runs->checkpoints && i < runs->count; i++) free(runs->checkpoints[i]);
    for (size_t i = 0; runs->control_checkpoints && i < runs->count; i++) free(runs->control_checkpoints[i]);
    free(runs->checkpoints);
    free(runs->control_checkpoints);
    free(runs->controls);
    free(runs->sources);
    free(runs->shade);
    *runs = (struct spt_runs){0};
}

double spt_runs_tokens(const struct spt_plot_source *source, double step) {
    const struct spt_plot_checkpoint *before = NULL, *after = NULL;
    for (size_t i = 0; i < source->count; i++) {
        const struct spt_plot_checkpoint *c = &source->checkpoints[i];
        if (c->tokens <= 0 && c->step != 0) continue;
        if ((double)c->step <= step) before = c;
        if ((double)c->step >= step && !after) after = c;
    }
    if (!before || !after) return NAN;
    const double width = (double)(after->step - before->step);
    const double share = width > 0 ? (step - (double)before->step) / width : 0;
    return (double)before->tokens + share * (double)(after->tokens - before->tokens);
}

/* --- the figure --- */

struct panel {
    const char *metric, *title;
};

static const struct panel PANELS[] = {
    {"loss", "loss (nat per token)"},      {"sink.first_excess", "sink (excess)"},
    {"sink.entropy", "attention entropy"}, {"rmt.participation", "participation ratio"},
    {"topology.h0_mean", "mean H₀ bar"},   {"topology.b1@0.1", "cycles"},
};
enum { PANELS_MOST = sizeof PANELS / sizeof *PANELS };

static enum spt_status put_panel(struct spt_drawing *drawing, const struct spt_runs *runs, const struct panel *panel,
                                 size_t *panels, struct spt_baselines *baselines) {
    struct spt_range range = SPT_RANGE_EMPTY;
    struct spt_baselines shown = {0};
    size_t drawn = 0;
    for (size_t i = 0; i < runs->count; i++) {
        struct spt_plot_value *values = NULL;
        drawing->source = &runs->sources[i];
        enum spt_status status = spt_series_get(drawing, panel->metric, -1, -1, &values);
        if (status != SPT_OK) return status;
        char name[64];
        snprintf(name, sizeof name, "%s, run %zu", panel->metric, i + 1);
        spt_block_put(drawing, "step x mean lo hi mark alone", "%s", name);
        if (values)
            spt_series_put(drawing, values, &range);
        else
            spt_block_empty_put(drawing);
        drawn += values ? 1 : 0;
        free(values);
        status = spt_null_put(drawing, name, panel->metric, -1, &range, &shown);
        if (status == SPT_OK) status = spt_control_put(drawing, name, panel->metric, -1, -1, &range, &shown);
        if (status != SPT_OK) return status;
    }
    if (drawn == 0) return SPT_OK;
    baselines->null = baselines->null || shown.null;
    baselines->control = baselines->control || shown.control;
    spt_panel_put(drawing->settings, ++*panels, panel->metric, panel->title, range);
    return SPT_OK;
}

static size_t put_key(const struct spt_runs *runs, struct spt_text *settings) {
    struct spt_key_item items[SPT_RUNS_MAX] = {0};
    spt_text_format(settings, "runs = %zu\narray run_shade[%zu]\narray run_name[%zu]\n", runs->count, runs->count,
                    runs->count);
    for (size_t i = 0; i < runs->count; i++) {
        spt_text_printable(items[i].text, sizeof items[i].text, runs->sources[i].run);
        items[i].shade = runs->shade[i];
        spt_text_format(settings, "run_shade[%zu] = %.4f; run_name[%zu] = ", i + 1, runs->shade[i], i + 1);
        spt_quoted_put(settings, items[i].text);
        spt_text_put(settings, "\n");
    }
    return spt_key_put(settings, "", items, runs->count);
}

SPT_FIGURE_WRITER(spt_figure_runs) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    struct spt_runs runs;
    enum spt_status status = spt_runs_init(&runs, source, options->axis, error);
    if (status != SPT_OK) return status;
    drawing.axis = runs.axis;
    spt_panels_begin(settings, PANELS_MOST);
    struct spt_baselines drawn = {0};
    size_t panels = 0;
    for (size_t i = 0; status == SPT_OK && i < PANELS_MOST; i++)
        status = put_panel(&drawing, &runs, &PANELS[i], &panels, &drawn);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    const size_t rows = (panels + 1) / 2;
    size_t key_rows = put_key(&runs, settings);
    key_rows += spt_baselines_key_put(settings, key_rows, &drawn);
    spt_text_format(settings, "panels = %zu\nkey_rows = %zu\nwidth = 3.35\nheight = %.2f\nx_title = '%s'\n", panels,
                    key_rows, 0.2 + 1.3 * (double)rows + 0.13 * (double)key_rows,
                    options->axis == SPT_PLOT_TOKENS ? "tokens seen" : "training step");
    spt_axis_put(&runs.axis, options->axis == SPT_PLOT_TOKENS ? 4 : 6, settings); /* 100M is long */
    drawing.source = source;
    spt_runs_release(&runs);
    return spt_drawing_end(&drawing, status);
}
