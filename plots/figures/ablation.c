/* What the model loses when its reference tokens are hidden from all queries. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "ablate.loss", .title = "rise of the loss (nat)", .zero = true},
    {.metric = "ablate.kl", .title = "KL of predictions (nat)", .zero = true},
    {.metric = "ablate.entropy", .title = "rise of entropy", .zero = true},
    {.metric = "sink.reference_mass", .title = "attention hidden", .zero = true, .aside = true},
};

SPT_FIGURE_OF_PANELS(spt_figure_ablation, .form = SPT_PANELS_GRID)
