/* Massive activations: the first token's hidden state, and the largest entry, beside the median. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "hidden.norm_first", .title = "|h| of the first token / median |h|", .scale = SPT_SCALE_RATIO},
    {.metric = "hidden.max_ratio", .title = "largest entry / median entry", .scale = SPT_SCALE_RATIO},
};

SPT_FIGURE_OF_PANELS(spt_figure_massive, .form = SPT_PANELS_PAIRED)
