/* Connectivity of the graph of attention against the threshold below which an edge is cut. */
#include "plots/figures/panels.h"

static const char *const THRESHOLDS[] = {"0", "0.001", "0.005", "0.01", "0.02", "0.05", "0.1"};

static const struct spt_panel PANELS[] = {
    {.metric = "graph.fiedler@", .title = "Fiedler value λ₂", .over = SPT_OVER_THRESHOLDS},
    {.metric = "graph.fiedler_norm@", .title = "normalised λ₂", .over = SPT_OVER_THRESHOLDS},
    {.metric = "graph.fiedler@", .title = "λ₂ by layer", .over = SPT_OVER_MAP},
    {.metric = "graph.fiedler_norm@", .title = "normalised", .over = SPT_OVER_MAP},
};

SPT_FIGURE_OF_PANELS(spt_figure_fiedler, .form = SPT_PANELS_GRID, .thresholds = THRESHOLDS,
                     .threshold_count = sizeof THRESHOLDS / sizeof *THRESHOLDS, .threshold_title = "threshold τ")
