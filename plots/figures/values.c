/* What the values of reference tokens add to the output of attention. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "value.direction", .title = "cosine of output and its reference part", .zero = true},
    {.metric = "value.share", .title = "share of reference tokens in the output"},
    {.metric = "value.norm_ratio", .title = "|v| of reference tokens / |v| of all", .scale = SPT_SCALE_RATIO},
    {.metric = "value.output_ratio", .title = "the same after W_O", .scale = SPT_SCALE_RATIO},
};

SPT_FIGURE_OF_PANELS(spt_figure_values, .form = SPT_PANELS_PAIRED)
