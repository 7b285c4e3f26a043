/* Spectra of attention over the steps: four quantities of random-matrix theory with what random attention gives. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <math.h>
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

static enum spt_status put_panel(struct spt_drawing *drawing, const struct panel *panel, size_t *panels) {
    const struct spt_plot_source *source = drawing->source;
    struct spt_plot_value *values = NULL;
    enum spt_status status = spt_series_get(drawing, panel->metric, -1, -1, &values);
    if (status != SPT_OK || !values) return status;
    double mean = NAN, sd = NAN;
    status = source->null ? source->null(source->context, panel->metric, -1, &mean, &sd, drawing->error) : SPT_END;
    if (status != SPT_OK && status != SPT_END) {
        free(values);
        return status;
    }
    if (status == SPT_END) mean = NAN;
    if (!isfinite(sd)) sd = 0;
    struct spt_range range = SPT_RANGE_EMPTY;
    spt_block_put(drawing, "step x mean lo hi mark alone", "%s", panel->metric);
    spt_series_put(drawing, values, &range);
    free(values);
    status = spt_layers_put(drawing, panel->metric, &range);
    if (isfinite(mean)) {
        spt_range_include(&range, mean - 2 * sd);
        spt_range_include(&range, mean + 2 * sd);
    }
    size_t p = ++*panels;
    spt_panel_put(drawing->settings, p, panel->metric, panel->title, range);
    spt_text_format(drawing->settings, "has_null[%zu] = %d", p, isfinite(mean) ? 1 : 0);
    if (isfinite(mean))
        spt_text_format(drawing->settings, "; null_mean[%zu] = %.9g; null_sd[%zu] = %.9g", p, mean, p, sd);
    spt_text_put(drawing->settings, "\n");
    return status;
}

SPT_FIGURE_WRITER(spt_figure_rmt) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    spt_panels_begin(settings, 4);
    spt_text_put(settings, "array has_null[4]; array null_mean[4]; array null_sd[4]\n");
    size_t panels = 0;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < sizeof PANELS / sizeof *PANELS; i++)
        status = put_panel(&drawing, &PANELS[i], &panels);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    spt_text_format(settings, "panels = %zu\nwidth = 3.35\nheight = %s\n", panels, panels > 2 ? "2.9" : "1.6");
    spt_axis_put(&drawing.axis, 6, settings);
    return spt_drawing_end(&drawing, status);
}
