/* Spectra of the residual stream after each layer, over all tokens of the probe. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "rmt.hidden.gap_ratio", .title = "spectral gap (λ₁ − λ₂) / λ₁"},
    {.metric = "rmt.hidden.participation", .title = "participation ratio", .scale = SPT_SCALE_RATIO},
    {.metric = "rmt.hidden.mp_ks", .title = "distance from Marchenko-Pastur (KS)"},
    {.metric = "rmt.hidden.spikes", .title = "eigenvalues beyond its edge", .scale = SPT_SCALE_COUNT},
};

SPT_FIGURE_OF_PANELS(spt_figure_hidden, .form = SPT_PANELS_PAIRED)
