/* What the model loses when its reference tokens are hidden from all queries. */
#include "plots/figures/figures.h"
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "ablate.loss", .title = "rise of the loss (nat)", .zero = true},
    {.metric = "ablate.kl", .title = "KL of predictions (nat)", .zero = true},
    {.metric = "ablate.entropy", .title = "rise of entropy", .zero = true},
    {.metric = "sink.reference_mass", .title = "attention hidden", .zero = true, .aside = true},
};

static const struct spt_panel_table TABLE = {
    .panels = PANELS,
    .count = sizeof PANELS / sizeof *PANELS,
};

SPT_FIGURE_WRITER(spt_figure_ablation) {
    return spt_panels_write(&TABLE, source, options, data, settings, error);
}
