/* Exponents of the tails of the weights' spectra, a panel for each matrix of a layer. */
#include "plots/figures/figures.h"
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

static const struct spt_panel_table TABLE = {
    .panels = PANELS,
    .count = sizeof PANELS / sizeof *PANELS,
    .form = SPT_PANELS_LIKE,
};

SPT_FIGURE_WRITER(spt_figure_weights) {
    return spt_panels_write(&TABLE, source, options, data, settings, error);
}
