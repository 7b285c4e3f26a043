/* The key of the first token: how long it is, and where the queries lie to it. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "key.norm_first", .title = "|k| of the first token / |k| of all", .scale = SPT_SCALE_RATIO},
    {.metric = "key.cos_first", .title = "cosine of queries and the first key", .zero = true},
};

SPT_FIGURE_OF_PANELS(spt_figure_keys, .form = SPT_PANELS_PAIRED)
