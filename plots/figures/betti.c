/* Betti trajectories over the steps: graph Betti numbers at four thresholds, and the two persistence figures. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <math.h>
#include <stdlib.h>

/* At .025 nearly everything is connected and at .75 hardly anything: what lies between tells the story. */
static const char *const THRESHOLDS[] = {"0.05", "0.1", "0.25", "0.5"};
#define THRESHOLD_COUNT (sizeof THRESHOLDS / sizeof *THRESHOLDS)

static enum spt_status put_metric(struct spt_drawing *drawing, const char *metric, struct spt_range *range, bool *drawn) {
    struct spt_plot_value *values = NULL;
    enum spt_status status = spt_series_get(drawing, metric, -1, -1, &values);
    *drawn = status == SPT_OK && values;
    if (!*drawn) return status;
    spt_block_put(drawing, metric, "step x mean lo hi mark alone");
    spt_series_put(drawing, values, range);
    free(values);
    return SPT_OK;
}

static void put_panel(struct spt_drawing *drawing, size_t panel, const char *title, struct spt_range range) {
    range = spt_range_padded(range);
    spt_text_format(drawing->settings, "title_of[%zu] = '%s'; y_min[%zu] = %.9g; y_max[%zu] = %.9g\n", panel, title,
                    panel, range.lo, panel, range.hi);
}

/* family: "b0" or "b1", at all thresholds in one panel. Counts of cycles span decades and reach 0: drawn as log10(1 + b1). */
static enum spt_status put_thresholds(struct spt_drawing *drawing, const char *family, const char *title,
                                      bool logarithmic, size_t *panels) {
    struct spt_range range = SPT_RANGE_EMPTY;
    struct spt_text names = {0};
    size_t lines = 0;
    enum spt_status status = SPT_OK;
    for (size_t t = 0; status == SPT_OK && t < THRESHOLD_COUNT; t++) {
        struct spt_text metric = {0};
        spt_text_format(&metric, "topology.%s@%s", family, THRESHOLDS[t]);
        bool drawn = false;
        if (metric.failed)
            status = spt_fail_memory(drawing->error, 32, "a metric's name");
        else
            status = put_metric(drawing, metric.data, &range, &drawn);
        spt_text_release(&metric);
        if (drawn) spt_text_format(&names, "%s%s", lines++ ? " " : "", THRESHOLDS[t]);
    }
    if (status == SPT_OK && names.failed) status = spt_fail_memory(drawing->error, 32, "thresholds");
    if (status == SPT_OK && lines) {
        size_t panel = ++*panels;
        if (logarithmic) range = (struct spt_range){log10(1 + fmax(range.lo, 0)), log10(1 + fmax(range.hi, 0))};
        put_panel(drawing, panel, title, range);
        spt_text_format(drawing->settings, "metric[%zu] = 'topology.%s@'; thresholds[%zu] = '%s'; logarithmic[%zu] = %d\n",
                        panel, family, panel, names.data, panel, logarithmic ? 1 : 0);
    }
    spt_text_release(&names);
    return status;
}

static enum spt_status put_single(struct spt_drawing *drawing, const char *metric, const char *title, size_t *panels) {
    struct spt_range range = SPT_RANGE_EMPTY;
    bool drawn = false;
    enum spt_status status = put_metric(drawing, metric, &range, &drawn);
    if (status != SPT_OK || !drawn) return status;
    size_t panel = ++*panels, layers = 0;
    struct spt_text block = {0};
    spt_text_format(&block, "%s, layers", metric);
    if (block.failed)
        status = spt_fail_memory(drawing->error, 64, "a block's name");
    else
        status = spt_layers_put(drawing, block.data, metric, &range, &layers);
    spt_text_release(&block);
    put_panel(drawing, panel, title, range);
    spt_text_format(drawing->settings, "metric[%zu] = '%s'; thresholds[%zu] = ''; logarithmic[%zu] = 0\n", panel, metric,
                    panel, panel);
    return status;
}

SPT_FIGURE_WRITER(spt_figure_betti) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    spt_text_put(settings, "array metric[4]; array title_of[4]; array y_min[4]; array y_max[4]; array thresholds[4]\n"
                           "array logarithmic[4]\n");
    size_t panels = 0;
    enum spt_status status = put_thresholds(&drawing, "b0", "components per token b₀", false, &panels);
    if (status == SPT_OK) status = put_thresholds(&drawing, "b1", "cycles b₁", true, &panels);
    if (status == SPT_OK) status = put_single(&drawing, "topology.h0_mean", "mean H₀ bar", &panels);
    if (status == SPT_OK) status = put_single(&drawing, "topology.h1_persistence", "total H₁ persistence", &panels);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    spt_text_format(settings, "panels = %zu\nwidth = 3.35\nheight = %s\n", panels, panels > 2 ? "3.1" : "1.8");
    spt_axis_put(&drawing.axis, 6, settings);
    return spt_drawing_end(&drawing, status);
}
