/* Massive activations: the first token's hidden state, and the largest entry, beside the median. */
#include "plots/figures/figures.h"
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "hidden.norm_first", .title = "|h| of the first token / median |h|", .scale = SPT_SCALE_RATIO},
    {.metric = "hidden.max_ratio", .title = "largest entry / median entry", .scale = SPT_SCALE_RATIO},
};

static const struct spt_panel_table TABLE = {
    .panels = PANELS,
    .count = sizeof PANELS / sizeof *PANELS,
    .form = SPT_PANELS_PAIRED,
};

SPT_FIGURE_WRITER(spt_figure_massive) {
    return spt_panels_write(&TABLE, source, options, data, settings, error);
}
