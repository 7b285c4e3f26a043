/* One metric over layers and checkpoints. Columns are checkpoints in order, not places on an axis: each is as wide as
 * the next. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <math.h>
#include <stdlib.h>

/* Inches: of the tiles' area, and of a letter of the steps' names. */
#define TILES_WIDTH   2.32
#define LETTER_WIDTH  0.068
#define LETTER_HEIGHT 0.12

static enum spt_status put_cells(struct spt_drawing *drawing, const char *metric, struct spt_range *range) {
    const struct spt_plot_source *source = drawing->source;
    spt_block_put(drawing, "column layer value step", "cells");
    for (size_t layer = 0; layer < source->layers; layer++) {
        struct spt_plot_value *values = NULL;
        enum spt_status status = spt_series_get(drawing, metric, (int)layer, -1, &values);
        if (status != SPT_OK) return status;
        for (size_t i = 0; values && i < source->count; i++) {
            if (!isfinite(values[i].mean)) continue; /* the ground shows */
            spt_text_format(drawing->data, "%zu %zu ", i, layer);
            spt_number_put(drawing->data, values[i].mean);
            spt_text_format(drawing->data, " %lld\n", (long long)source->checkpoints[i].step);
            spt_range_include(range, values[i].mean);
        }
        free(values);
    }
    return SPT_OK;
}

/* Names of the columns: all of them lying if they fit, else standing, else every few of them standing. */
static void put_tics(struct spt_drawing *drawing) {
    const struct spt_plot_source *source = drawing->source;
    struct spt_text names = {0}, twins = {0}, name = {0};
    size_t longest = 1;
    for (size_t i = 0; i < source->count; i++) {
        spt_text_clear(&name);
        spt_step_put(&name, source->checkpoints[i].step);
        if (name.length > longest) longest = name.length;
    }
    double slot = TILES_WIDTH / (double)source->count;
    bool lying = (double)(longest + 1) * LETTER_WIDTH <= slot;
    size_t stride = lying || slot >= LETTER_HEIGHT ? 1 : (size_t)ceil(LETTER_HEIGHT / slot);
    if (drawing->options->format == SPT_PLOT_TERM) {
        lying = true;
        stride = (longest + 1) * source->count / 80 + 1;
    }
    size_t shown = 0;
    for (size_t i = 0; i < source->count; i += stride, shown++) {
        spt_text_put(&names, shown ? ", '" : "'");
        spt_step_put(&names, source->checkpoints[i].step);
        spt_text_format(&names, "' %zu", i);
    }
    for (size_t i = 0; i < source->count; i++)
        if (source->checkpoints[i].duplicate) spt_text_format(&twins, "%s'○' %zu", twins.length ? ", " : "", i);
    if (names.failed || twins.failed || name.failed) drawing->settings->failed = true;
    spt_text_format(drawing->settings, "step_tics = \"(%s)\"\nstanding = %d\nname_length = %zu\n",
                    names.failed || !names.data ? "" : names.data, lying ? 0 : 1, longest);
    spt_text_format(drawing->settings, "has_twins = %d\ntwin_tics = \"(%s)\"\n", twins.length ? 1 : 0,
                    twins.data ? twins.data : "");
    spt_text_release(&names);
    spt_text_release(&twins);
    spt_text_release(&name);
}

SPT_FIGURE_WRITER(spt_figure_heatmap) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    struct spt_range range = SPT_RANGE_EMPTY;
    enum spt_status status = spt_metric_put(&drawing);
    if (status == SPT_OK) status = put_cells(&drawing, options->metric ? options->metric : SPT_MAP_METRIC, &range);
    if (status == SPT_OK && range.lo > range.hi) status = SPT_END;
    if (status != SPT_OK) return status;
    spt_colours_put(&drawing, range);
    put_tics(&drawing);
    double tall = fmin(fmax(0.17 * (double)source->layers, 0.6), 2.4);
    unsigned width = options->term_width ? options->term_width : 100;
    spt_text_format(settings, "layers = %zu\ncheckpoints = %zu\ndigits = %d\nrows = %zu\n", source->layers,
                    source->count, source->count * 6 + 16 <= width ? 1 : 0, source->layers + 9);
    spt_text_format(
        settings,
        "width = 3.35\ntall = %.3f\nheight = tall + 0.14 + 0.24 + (standing ? 0.075 * name_length + 0.06 : 0.16)\n",
        tall);
    return spt_drawing_end(&drawing, status);
}
