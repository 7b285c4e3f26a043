/* Spectra of attention over the steps: four quantities of random-matrix theory. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "rmt.gap", .title = "spectral gap s₁ − s₂"},
    {.metric = "rmt.participation", .title = "participation ratio"},
    {.metric = "rmt.law_kl", .title = "KL from the law (nat)"},
    {.metric = "rmt.mp_kl", .title = "KL from MP (nat)"},
};

SPT_FIGURE_OF_PANELS(spt_figure_rmt, .form = SPT_PANELS_GRID)
