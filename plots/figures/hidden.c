/* Spectra of the residual stream after each layer, over all tokens of the probe. */
#include "plots/figures/figures.h"
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "rmt.hidden.gap_ratio", .title = "spectral gap (λ₁ − λ₂) / λ₁"},
    {.metric = "rmt.hidden.participation", .title = "participation ratio", .scale = SPT_SCALE_RATIO},
    {.metric = "rmt.hidden.mp_ks", .title = "distance from Marchenko-Pastur (KS)"},
    {.metric = "rmt.hidden.spikes", .title = "eigenvalues beyond its edge", .scale = SPT_SCALE_COUNT},
};

static const struct spt_panel_table TABLE = {
    .panels = PANELS,
    .count = sizeof PANELS / sizeof *PANELS,
    .form = SPT_PANELS_PAIRED,
};

SPT_FIGURE_WRITER(spt_figure_hidden) {
    return spt_panels_write(&TABLE, source, options, data, settings, error);
}
