/* Figures of a run, from the store into a folder: which, with which options, and index.html beside them.
 *
 *     spt_figures_choose  ->  spt_figures_check for a run  ->  spt_figures_draw, as often as it changes  ->  spt_figure_selection_release
 */
#ifndef SPT_FIGURES_H
#define SPT_FIGURES_H

#include "plots/plot.h"
#include "tracker/config/config.h"

struct spt_figure_selection {
    const struct spt_figure **figures; /* [count] */
    size_t count;
    bool named; /* the user named them: not simply all that there are */
};

/* names [count], as the command line has them; none: those of config's plots.figures; none there: all. SPT_INVALID: no such figure (with the
 * nearest one, and where it was named). Release choice in any case; zero-initialise it. */
enum spt_status spt_figures_choose(const struct spt_config *config, const char *const *names, size_t count,
                                   struct spt_figure_selection *choice, struct spt_error *error);
void spt_figure_selection_release(struct spt_figure_selection *choice);

/* SPT_INVALID: config's plots.metric, layer, head or steps are none of this run's. */
enum spt_status spt_figures_check(const struct spt_config *config, const struct spt_plot_source *source,
                                  struct spt_error *error);

/* What is told of each figure; drawn false: the run holds nothing that it shows. true ends the drawing before the next figure. */
typedef bool spt_figure_told(void *context, const struct spt_figure *figure, bool drawn);

/* Draws them into folder, and index.html of those that were drawn; each file is there whole, or as it was before. told may be NULL. *drawn:
 * how many. SPT_END: told ended it. Failures are spt_plot_render's: those of one figure end all. */
enum spt_status spt_figures_draw(const struct spt_figure_selection *choice, const struct spt_config *config,
                                 const struct spt_plot_source *source, const char *folder, spt_figure_told *told,
                                 void *context, size_t *drawn, struct spt_error *error);

#endif
