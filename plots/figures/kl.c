/* How far attention is from uniform, with the reference tokens and without them. */
#include "plots/figures/figures.h"
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "information.kl_uniform", .title = "KL from uniform (nat)"},
    {.metric = "information.kl_no_sink", .title = "KL without reference tokens (nat)", .joined = true},
    {.metric = "information.kl_reduction", .title = "share that reference tokens make up", .zero = true},
};

static const struct spt_panel_table TABLE = {
    .panels = PANELS,
    .count = sizeof PANELS / sizeof *PANELS,
    .form = SPT_PANELS_PAIRED,
};

SPT_FIGURE_WRITER(spt_figure_kl) {
    return spt_panels_write(&TABLE, source, options, data, settings, error);
}
