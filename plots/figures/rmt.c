/* Spectra of attention over the steps: four quantities of random-matrix theory. */
#include "plots/figures/figures.h"
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "rmt.gap", .title = "spectral gap s₁ − s₂"},
    {.metric = "rmt.participation", .title = "participation ratio"},
    {.metric = "rmt.law_kl", .title = "KL from the law (nat)"},
    {.metric = "rmt.mp_kl", .title = "KL from MP (nat)"},
};

static const struct spt_panel_table TABLE = {
    .panels = PANELS,
    .count = sizeof PANELS / sizeof *PANELS,
};

SPT_FIGURE_WRITER(spt_figure_rmt) {
    return spt_panels_write(&TABLE, source, options, data, settings, error);
}
