/* Betti trajectories through the layers, at chosen steps. */
#include "plots/figures/baselines.h"
#include "plots/figures/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define STEPS_MOST 5

struct panel {
    const char *metric, *title;
};

static const struct panel PANELS[] = {
    {"topology.b0@0.1", "components per token"},
    {"topology.b1@0.1", "cycles"},
    {"topology.h0_mean", "mean H₀ bar"},
    {"topology.h1_persistence", "total H₁ persistence"},
};

static void put_step(struct spt_drawing *drawing, const char *metric, size_t checkpoint,
                     struct spt_plot_value *const *layers /* [layers] */, struct spt_range *range) {
    spt_block_put(drawing, "layer mean lo hi", "%s, step %" PRId64, metric,
                  drawing->source->checkpoints[checkpoint].step);
    for (size_t layer = 0; layer < drawing->source->layers; layer++) {
        struct spt_plot_value value = {NAN, NAN, NAN, NAN};
        if (layers[layer]) value = layers[layer][checkpoint];
        if (!isfinite(value.lo) || !isfinite(value.hi)) value.lo = value.hi = NAN;
        const double columns[] = {value.mean, value.lo, value.hi};
        spt_text_format(drawing->data, "%zu", layer);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
            spt_text_put(drawing->data, " ");
            spt_number_put(drawing->data, columns[c]);
            spt_range_include(range, columns[c]);
        }
        spt_text_put(drawing->data, "\n");
    }
}

static enum spt_status put_panel(struct spt_drawing *drawing, const struct panel *panel, const size_t *index, size_t n,
                                 size_t *panels, struct spt_baselines *drawn) {
    size_t layers = drawing->source->layers;
    struct spt_plot_value **values = calloc(layers ? layers : 1, sizeof *values);
    if (!values) return spt_fail_memory(drawing->error, layers * sizeof *values, "series of layers");
    enum spt_status status = SPT_OK;
    bool any = false;
    for (size_t layer = 0; status == SPT_OK && layer < layers; layer++) {
        status = spt_series_get(drawing, panel->metric, (int)layer, -1, &values[layer]);
        any = any || values[layer];
    }
    if (status == SPT_OK && any) {
        size_t p = ++*panels;
        struct spt_range range = SPT_RANGE_EMPTY;
        for (size_t j = 0; j < n; j++) put_step(drawing, panel->metric, index[j], values, &range);
        status = spt_null_layers_put(drawing, panel->metric, panel->metric, &range, drawn);
        if (status == SPT_OK && n)
            status = spt_control_layers_put(drawing, panel->metric, panel->metric,
                                            drawing->source->checkpoints[index[n - 1]].step, &range, drawn);
        spt_panel_put(drawing->settings, p, panel->metric, panel->title, range);
    }
    for (size_t layer = 0; layer < layers; layer++) free(values[layer]);
    free(values);
    return status;
}

SPT_FIGURE_WRITER(spt_figure_betti_layers) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    struct spt_baselines drawn = {0};
    size_t *index = NULL, n = 0, panels = 0;
    enum spt_status status = spt_steps_choose(&drawing, STEPS_MOST, &index, &n);
    if (status != SPT_OK) return status;
    spt_steps_put(&drawing, index, n);
    spt_panels_begin(settings, 4);
    for (size_t i = 0; status == SPT_OK && i < sizeof PANELS / sizeof *PANELS; i++)
        status = put_panel(&drawing, &PANELS[i], index, n, &panels, &drawn);
    size_t key_rows = 1;
    if (status == SPT_OK) status = spt_steps_key_put(&drawing, index, n, &key_rows);
    free(index);
    key_rows += spt_baselines_key_put(settings, key_rows, &drawn);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    spt_text_format(settings, "layers = %zu\npanels = %zu\nkey_rows = %zu\nwidth = 3.35\nheight = %.2f\n",
                    source->layers, panels, key_rows, (panels > 2 ? 2.8 : 1.5) + 0.13 * (double)key_rows);
    return spt_drawing_end(&drawing, status);
}
