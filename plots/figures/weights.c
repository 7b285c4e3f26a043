/* Exponents of the tails of the weights' spectra, a panel for each matrix of a layer. */
#include "plots/figures/panels.h"

static const struct spt_panel PANELS[] = {
    {.metric = "rmt.weight.query.alpha", .title = "α of W_Q"},
    {.metric = "rmt.weight.key.alpha", .title = "α of W_K"},
    {.metric = "rmt.weight.value.alpha", .title = "α of W_V"},
    {.metric = "rmt.weight.output.alpha", .title = "α of W_O"},
    {.metric = "rmt.weight.mlp_gate.alpha", .title = "α of MLP gate"},
    {.metric = "rmt.weight.mlp_up.alpha", .title = "α of MLP in"},
    {.metric = "rmt.weight.mlp_down.alpha", .title = "α of MLP out"},
};

SPT_FIGURE_OF_PANELS(spt_figure_weights, .form = SPT_PANELS_LIKE, .of_weights = true)
