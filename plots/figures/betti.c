/* Betti trajectories over the steps: graph Betti numbers at four thresholds, and the two persistence figures. */
#include "plots/figures/baselines.h"
#include "plots/figures/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* At .025 nearly everything is connected and at .75 hardly anything: what lies between tells the story. */
static const char *const THRESHOLDS[] = {"0.05", "0.1", "0.25", "0.5"};
#define THRESHOLD_COUNT (sizeof THRESHOLDS / sizeof *THRESHOLDS)

/* drawn: whether there is such a metric; baselines: which of its baselines there are. */
static enum spt_status put_metric(struct spt_drawing *drawing, const char *metric, struct spt_range *range, bool *drawn,
                                  struct spt_baselines *baselines) {
    struct spt_plot_value *values = NULL;
    enum spt_status status = spt_series_get(drawing, metric, -1, -1, &values);
    *drawn = status == SPT_OK && values;
    if (!*drawn) return status;
    spt_block_put(drawing, "step x mean lo hi mark alone", "%s", metric);
    spt_series_put(drawing, values, range);
    free(values);
    status = spt_null_put(drawing, metric, metric, -1, range, baselines);
    return status == SPT_OK ? spt_control_put(drawing, metric, metric, -1, -1, range, baselines) : status;
}

/* family: "b0" or "b1", at all thresholds in one panel. Counts of cycles span decades and reach 0: drawn as log10(1 +
 * b1). */
static enum spt_status put_thresholds(struct spt_drawing *drawing, const char *family, const char *title,
                                      bool logarithmic, size_t *panels, struct spt_baselines *baselines) {
    struct spt_range range = SPT_RANGE_EMPTY;
    struct spt_text names = {0};
    enum spt_status status = SPT_OK;
    for (size_t t = 0; status == SPT_OK && t < THRESHOLD_COUNT; t++) {
        char metric[64];
        snprintf(metric, sizeof metric, "topology.%s@%s", family, THRESHOLDS[t]);
        bool drawn = false;
        status = put_metric(drawing, metric, &range, &drawn, baselines);
        if (drawn) spt_text_format(&names, "%s%s", names.length ? " " : "", THRESHOLDS[t]);
    }
    if (status == SPT_OK && names.failed) status = spt_fail_memory(drawing->error, 32, "thresholds");
    if (status == SPT_OK && names.length) {
        size_t panel = ++*panels;
        char metric[64];
        snprintf(metric, sizeof metric, "topology.%s@", family);
        if (logarithmic) range = (struct spt_range){log10(1 + fmax(range.lo, 0)), log10(1 + fmax(range.hi, 0))};
        spt_panel_put(drawing->settings, panel, metric, title, range);
        spt_text_format(drawing->settings, "thresholds[%zu] = '%s'; logarithmic[%zu] = %d\n", panel, names.data, panel,
                        logarithmic ? 1 : 0);
    }
    spt_text_release(&names);
    return status;
}

static enum spt_status put_single(struct spt_drawing *drawing, const char *metric, const char *title, size_t *panels,
                                  struct spt_baselines *baselines) {
    struct spt_range range = SPT_RANGE_EMPTY;
    bool drawn = false;
    enum spt_status status = put_metric(drawing, metric, &range, &drawn, baselines);
    if (status != SPT_OK || !drawn) return status;
    status = spt_layers_put(drawing, metric, &range);
    size_t panel = ++*panels;
    spt_panel_put(drawing->settings, panel, metric, title, range);
    spt_text_format(drawing->settings, "thresholds[%zu] = ''; logarithmic[%zu] = 0\n", panel, panel);
    return status;
}

SPT_FIGURE_WRITER(spt_figure_betti) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    spt_text_put(settings, "array thresholds[4]; array logarithmic[4]\n");
    spt_panels_begin(settings, 4);
    struct spt_baselines drawn = {0};
    size_t panels = 0;
    enum spt_status status = put_thresholds(&drawing, "b0", "components per token", false, &panels, &drawn);
    if (status == SPT_OK) status = put_thresholds(&drawing, "b1", "cycles", true, &panels, &drawn);
    if (status == SPT_OK) status = put_single(&drawing, "topology.h0_mean", "mean H₀ bar", &panels, &drawn);
    if (status == SPT_OK)
        status = put_single(&drawing, "topology.h1_persistence", "total H₁ persistence", &panels, &drawn);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    struct spt_key_item items[THRESHOLD_COUNT] = {0};
    for (size_t t = 0; t < THRESHOLD_COUNT; t++) {
        snprintf(items[t].text, sizeof items[t].text, "%s", THRESHOLDS[t]);
        items[t].shade = log10(strtod(THRESHOLDS[t], NULL) / strtod(THRESHOLDS[0], NULL));
    }
    size_t key_rows = spt_key_put(settings, "attention ≥", items, THRESHOLD_COUNT);
    key_rows += spt_baselines_key_put(settings, key_rows, &drawn);
    spt_text_format(settings, "panels = %zu\nkey_rows = %zu\nwidth = 3.35\nheight = %.2f\n", panels, key_rows,
                    (panels > 2 ? 2.9 : 1.6) + 0.13 * (double)key_rows);
    spt_axis_put(&drawing.axis, 6, settings);
    return spt_drawing_end(&drawing, status);
}
