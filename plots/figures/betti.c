/* Betti trajectories over the steps: graph Betti numbers at four thresholds, and the two persistence figures. */
#include "plots/figures/panels.h"

/* At .025 nearly everything is connected and at .75 hardly anything: what lies between tells the story. */
static const char *const THRESHOLDS[] = {"0.05", "0.1", "0.25", "0.5"};

static const struct spt_panel PANELS[] = {
    {.metric = "topology.b0@", .title = "components per token"},
    {.metric = "topology.b1@", .title = "cycles", .scale = SPT_SCALE_COUNT},
    {.metric = "topology.h0_mean", .title = "mean H₀ bar"},
    {.metric = "topology.h1_persistence", .title = "total H₁ persistence"},
};

SPT_FIGURE_OF_PANELS(spt_figure_betti, .form = SPT_PANELS_GRID, .thresholds = THRESHOLDS,
                     .threshold_count = sizeof THRESHOLDS / sizeof *THRESHOLDS, .threshold_title = "attention ≥")
