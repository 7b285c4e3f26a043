#include "plots/figures/baselines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond this many checkpoints the control's line is told well enough without marks. */
#define MARKS_MAX 40

/* Inches, as those of the key in series.c. */
#define KEY_LEFT   0.34
#define KEY_LETTER 0.058
#define KEY_LINE   0.34

/* --- the null --- */

struct null {
    double mean, sd;
    bool any;
};

static enum spt_status null_of(struct spt_drawing *drawing, const char *metric, int layer, struct null *null) {
    const struct spt_plot_source *source = drawing->source;
    *null = (struct null){NAN, NAN, false};
    if (!source->null) return SPT_OK;
    const enum spt_status status = source->null(source->context, metric, layer, &null->mean, &null->sd, drawing->error);
    if (status != SPT_OK && status != SPT_END) return status;
    if (status == SPT_END) null->mean = NAN;
    if (!isfinite(null->sd)) null->sd = 0;
    null->any = isfinite(null->mean);
    return SPT_OK;
}

static void put_null(struct spt_drawing *drawing, double x, const struct null *null, struct spt_range *range) {
    const double columns[] = {x, null->mean, null->mean - 2 * null->sd, null->mean + 2 * null->sd};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        if (c) spt_text_put(drawing->data, " ");
        spt_number_put(drawing->data, columns[c]);
        if (c && range) spt_range_include(range, columns[c]);
    }
    spt_text_put(drawing->data, "\n");
}

enum spt_status spt_null_put(struct spt_drawing *drawing, const char *name, const char *metric, int layer,
                             struct spt_range *range, struct spt_baselines *drawn) {
    struct null null;
    const enum spt_status status = null_of(drawing, metric, layer, &null);
    if (status != SPT_OK) return status;
    spt_block_put(drawing, "x mean lo hi", "%s, null", name);
    if (null.any) {
        put_null(drawing, drawing->axis.min, &null, range);
        put_null(drawing, drawing->axis.max, &null, range);
        drawn->null = true;
    } else {
        spt_block_empty_put(drawing);
    }
    return SPT_OK;
}

enum spt_status spt_null_layers_put(struct spt_drawing *drawing, const char *name, const char *metric,
                                    struct spt_range *range, struct spt_baselines *drawn) {
    const size_t layers = drawing->source->layers;
    bool any = false;
    spt_block_put(drawing, "x mean lo hi", "%s, null", name);
    for (size_t layer = 0; layer < layers; layer++) {
        struct null null;
        const enum spt_status status = null_of(drawing, metric, (int)layer, &null);
        if (status != SPT_OK) return status;
        /* To the ends of the axis, where no layer is: else a band of one layer has no width. */
        if (layer == 0) put_null(drawing, -0.3, &null, range);
        put_null(drawing, (double)layer, &null, range);
        if (layer + 1 == layers) put_null(drawing, (double)layer + 0.3, &null, range);
        any = any || null.any;
    }
    if (layers == 0) spt_block_empty_put(drawing);
    drawn->null = drawn->null || any;
    return SPT_OK;
}

enum spt_status spt_null_thresholds_put(struct spt_drawing *drawing, const char *metric, int layer,
                                        const char *const *thresholds, size_t n, const struct spt_axis *axis,
                                        struct spt_range *range, struct spt_baselines *drawn) {
    spt_block_put(drawing, "x mean lo hi", "%s, null", metric);
    for (size_t t = 0; t < n; t++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", metric, thresholds[t]);
        struct null null;
        const enum spt_status status = null_of(drawing, name, layer, &null);
        if (status != SPT_OK) return status;
        const double threshold = strtod(thresholds[t], NULL), x = spt_axis_place(axis, threshold);
        /* 0 stands before the break of the axis: a short line of its own. */
        if (threshold == 0) put_null(drawing, axis->min, &null, range);
        put_null(drawing, threshold == 0 ? 2 * x - axis->min : x, &null, range);
        if (threshold == 0) spt_text_put(drawing->data, "\n");
        drawn->null = drawn->null || null.any;
    }
    return SPT_OK;
}

/* --- the control --- */

/* What the control run has of a metric: *values NULL where it has nothing, or there is none. The drawing is seen from
 * its side while it is asked. */
static enum spt_status control_series(const struct spt_drawing *drawing, const char *metric, int layer, int head,
                                      struct spt_plot_value **values) {
    struct spt_drawing other = *drawing;
    other.source = drawing->source->control;
    *values = NULL;
    return other.source ? spt_series_get(&other, metric, layer, head, values) : SPT_OK;
}

/* The control's checkpoint of a step; its count: it has none. */
static size_t control_checkpoint(const struct spt_plot_source *control, int64_t step) {
    size_t index = 0;
    while (control && index < control->count && control->checkpoints[index].step != step) index++;
    return index;
}

static void put_control(struct spt_drawing *drawing, double x, double mean, bool mark, struct spt_range *range) {
    spt_number_put(drawing->data, x);
    spt_text_put(drawing->data, " ");
    spt_number_put(drawing->data, mean);
    spt_text_put(drawing->data, mark ? " 1\n" : " 0\n");
    if (range) spt_range_include(range, mean);
}

enum spt_status spt_control_put(struct spt_drawing *drawing, const char *name, const char *metric, int layer, int head,
                                struct spt_range *range, struct spt_baselines *drawn) {
    const struct spt_plot_source *control = drawing->source->control;
    struct spt_plot_value *values;
    const enum spt_status status = control_series(drawing, metric, layer, head, &values);
    if (status != SPT_OK) return status;
    spt_block_put(drawing, "x mean mark", "%s, control", name);
    if (!values) {
        spt_block_empty_put(drawing);
        return SPT_OK;
    }
    for (size_t i = 0; i < control->count; i++) {
        const int64_t step = control->checkpoints[i].step;
        const bool alone =
            (i == 0 || !isfinite(values[i - 1].mean)) && (i + 1 == control->count || !isfinite(values[i + 1].mean));
        put_control(drawing, spt_axis_place(&drawing->axis, (double)step), values[i].mean,
                    step == 0 || alone || control->count <= MARKS_MAX, range);
        if (step == 0) spt_text_put(drawing->data, "\n"); /* it stands before the break of the axis */
    }
    free(values);
    drawn->control = true;
    return SPT_OK;
}

enum spt_status spt_control_layers_put(struct spt_drawing *drawing, const char *name, const char *metric, int64_t step,
                                       struct spt_range *range, struct spt_baselines *drawn) {
    const struct spt_plot_source *control = drawing->source->control;
    const size_t index = control_checkpoint(control, step);
    bool any = false;
    spt_block_put(drawing, "x mean mark", "%s, control", name);
    for (size_t layer = 0; control && index < control->count && layer < control->layers; layer++) {
        struct spt_plot_value *values;
        const enum spt_status status = control_series(drawing, metric, (int)layer, -1, &values);
        if (status != SPT_OK) return status;
        if (!values) continue;
        put_control(drawing, (double)layer, values[index].mean, true, range);
        any = any || isfinite(values[index].mean);
        free(values);
    }
    if (!any) spt_block_empty_put(drawing);
    drawn->control = drawn->control || any;
    return SPT_OK;
}

enum spt_status spt_control_thresholds_put(struct spt_drawing *drawing, const char *metric, int layer, int64_t step,
                                           const char *const *thresholds, size_t n, const struct spt_axis *axis,
                                           struct spt_range *range, struct spt_baselines *drawn) {
    const struct spt_plot_source *control = drawing->source->control;
    const size_t index = control_checkpoint(control, step);
    spt_block_put(drawing, "x mean mark", "%s, control", metric);
    for (size_t t = 0; control && index < control->count && t < n; t++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", metric, thresholds[t]);
        struct spt_plot_value *values;
        const enum spt_status status = control_series(drawing, name, layer, -1, &values);
        if (status != SPT_OK) return status;
        if (!values) continue;
        const double threshold = strtod(thresholds[t], NULL);
        put_control(drawing, spt_axis_place(axis, threshold), values[index].mean, true, range);
        if (threshold == 0) spt_text_put(drawing->data, "\n");
        drawn->control = drawn->control || isfinite(values[index].mean);
        free(values);
    }
    spt_block_empty_put(drawing); /* the block may have no rows */
    return SPT_OK;
}

/* --- the key --- */

static void put_item(struct spt_text *settings, const char *name, bool drawn, const char *text, double *x,
                     size_t letters) {
    spt_text_format(settings, "%s_key = %d; %s_key_text = '%s'; %s_key_x = %.3f\n", name, drawn ? 1 : 0, name, text,
                    name, *x);
    if (drawn) *x += KEY_LINE + KEY_LETTER * (double)letters;
}

size_t spt_baselines_key_put(struct spt_text *settings, size_t first_row, const struct spt_baselines *drawn) {
    double x = KEY_LEFT;
    put_item(settings, "null", drawn->null, "random attention", &x, 16);
    put_item(settings, "control", drawn->control, "shuffled tokens", &x, 15);
    spt_text_format(settings, "baseline_row = %zu\n", first_row);
    return drawn->null || drawn->control ? 1 : 0;
}
