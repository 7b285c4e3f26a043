/* Spectra of attention over the steps: four quantities of random-matrix theory with what random attention gives. */
#include "plots/figures/baselines.h"
#include "plots/figures/figures.h"

#include <stdlib.h>

struct panel {
    const char *metric, *title;
};

static const struct panel PANELS[] = {
    {"rmt.gap", "spectral gap s₁ − s₂"},
    {"rmt.participation", "participation ratio"},
    {"rmt.law_kl", "KL from the law (nat)"},
    {"rmt.mp_kl", "KL from MP (nat)"},
};

static enum spt_status put_panel(struct spt_drawing *drawing, const struct panel *panel, size_t *panels,
                                 struct spt_baselines *drawn) {
    const char *metric = panel->metric;
    struct spt_plot_value *values = NULL;
    enum spt_status status = spt_series_get(drawing, metric, -1, -1, &values);
    if (status != SPT_OK || !values) return status;
    struct spt_range range = SPT_RANGE_EMPTY;
    spt_block_put(drawing, "step x mean lo hi mark alone", "%s", metric);
    spt_series_put(drawing, values, &range);
    free(values);
    status = spt_layers_put(drawing, metric, &range);
    if (status == SPT_OK) status = spt_null_put(drawing, metric, metric, -1, &range, drawn);
    if (status == SPT_OK) status = spt_control_put(drawing, metric, metric, -1, -1, &range, drawn);
    spt_panel_put(drawing->settings, ++*panels, metric, panel->title, range);
    return status;
}

SPT_FIGURE_WRITER(spt_figure_rmt) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    spt_panels_begin(settings, 4);
    struct spt_baselines drawn = {0};
    size_t panels = 0;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < sizeof PANELS / sizeof *PANELS; i++)
        status = put_panel(&drawing, &PANELS[i], &panels, &drawn);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    const size_t key_rows = spt_baselines_key_put(settings, 0, &drawn);
    spt_text_format(settings, "panels = %zu\nkey_rows = %zu\nwidth = 3.35\nheight = %.2f\n", panels, key_rows,
                    (panels > 2 ? 2.9 : 1.6) + 0.17 * (double)key_rows);
    spt_axis_put(&drawing.axis, 6, settings);
    return spt_drawing_end(&drawing, status);
}
