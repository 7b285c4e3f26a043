/* Do connected heads have a centre? The correlation between the two against the threshold below which an edge is cut: from
 * its change of sign the frame's type is read. Adjusted: without what the lengths of the samples do to both. */
#include "plots/figures/panels.h"

static const char *const THRESHOLDS[] = {"0.001", "0.005", "0.01", "0.02", "0.05", "0.1"};

#define RAW      "graph.fiedler_centralization@"
#define ADJUSTED "graph.fiedler_centralization_adjusted@"

static const struct spt_panel PANELS[] = {
    {.metric = RAW, .title = "correlation", .over = SPT_OVER_THRESHOLDS, .zero = true},
    {.metric = ADJUSTED, .title = "adjusted for length", .over = SPT_OVER_THRESHOLDS, .zero = true, .joined = true},
    {.metric = RAW, .title = "by layer", .over = SPT_OVER_MAP, .zero = true},
    {.metric = ADJUSTED, .title = "adjusted", .over = SPT_OVER_MAP, .zero = true, .joined = true},
};

SPT_FIGURE_OF_PANELS(spt_figure_centralization, .form = SPT_PANELS_GRID, .thresholds = THRESHOLDS,
                     .threshold_count = sizeof THRESHOLDS / sizeof *THRESHOLDS, .threshold_title = "threshold τ")
