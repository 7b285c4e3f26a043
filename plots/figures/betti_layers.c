/* Betti trajectories through the layers, at chosen steps. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "topology.b0@0.1", .title = "components per token", .over = SPT_OVER_LAYERS},
    {.metric = "topology.b1@0.1", .title = "cycles", .over = SPT_OVER_LAYERS},
    {.metric = "topology.h0_mean", .title = "mean H₀ bar", .over = SPT_OVER_LAYERS},
    {.metric = "topology.h1_persistence", .title = "total H₁ persistence", .over = SPT_OVER_LAYERS},
};

SPT_FIGURE_OF_PANELS(spt_figure_betti_layers, .form = SPT_PANELS_GRID)
