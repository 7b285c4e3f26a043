/* How far attention is from uniform, with the reference tokens and without them. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "information.kl_uniform", .title = "KL from uniform (nat)"},
    {.metric = "information.kl_no_sink", .title = "KL without reference tokens (nat)", .joined = true},
    {.metric = "information.kl_reduction", .title = "share that reference tokens make up", .zero = true},
};

SPT_FIGURE_OF_PANELS(spt_figure_kl, .form = SPT_PANELS_PAIRED)
