/* What the figures of several runs share. */
#ifndef SPT_PLOTS_RUNS_H
#define SPT_PLOTS_RUNS_H

#include "plots/figures/series.h"

/* The runs of a source, itself first, by size: each with the checkpoints that the axis can place. On an axis of tokens
 * step is the number of tokens. */
struct spt_runs {
    struct spt_plot_source *sources;          /* [count] */
    struct spt_plot_checkpoint **checkpoints; /* [count] owned, of each source */
    /* [count] owned, of each source's control, and the control itself with them; count 0: it has none */
    struct spt_plot_checkpoint **control_checkpoints;
    struct spt_plot_source *controls;
    double *shade; /* [count] 0 ... 1, dark to light, by size */
    size_t count;
    struct spt_axis axis; /* of all of them */
};

#define SPT_RUNS_MAX 16

/* SPT_END: there is one run only, or none has a place on the axis. SPT_UNSUPPORTED: more than SPT_RUNS_MAX. */
enum spt_status spt_runs_init(struct spt_runs *runs, const struct spt_plot_source *source, enum spt_plot_axis axis,
                              struct spt_error *error);
void spt_runs_release(struct spt_runs *runs);

/* Tokens that a run has seen at a step, on straight lines between its checkpoints; NAN where they do not say. */
double spt_runs_tokens(const struct spt_plot_source *source, double step);

#endif
