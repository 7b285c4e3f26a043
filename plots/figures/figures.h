/* One writer a figure: see struct spt_figure.write. Each appends the figure's data and the settings its script reads.
 * SPT_END when the run holds nothing of it. */
#ifndef SPT_PLOTS_FIGURES_H
#define SPT_PLOTS_FIGURES_H

#include "plots/plot.h"

#define SPT_FIGURE_WRITER(name)                                                                                        \
    enum spt_status name(const struct spt_plot_source *source, const struct spt_plot_options *options,                 \
                         struct spt_text *data, struct spt_text *settings, struct spt_error *error)

SPT_FIGURE_WRITER(spt_figure_emergence);
SPT_FIGURE_WRITER(spt_figure_rmt);
SPT_FIGURE_WRITER(spt_figure_betti);
SPT_FIGURE_WRITER(spt_figure_betti_layers);
SPT_FIGURE_WRITER(spt_figure_betti_curves);
SPT_FIGURE_WRITER(spt_figure_heatmap);
SPT_FIGURE_WRITER(spt_figure_atlas);
SPT_FIGURE_WRITER(spt_figure_spectra);
SPT_FIGURE_WRITER(spt_figure_fiedler);
SPT_FIGURE_WRITER(spt_figure_centralization);
SPT_FIGURE_WRITER(spt_figure_kl);
SPT_FIGURE_WRITER(spt_figure_frames);
SPT_FIGURE_WRITER(spt_figure_values);
SPT_FIGURE_WRITER(spt_figure_keys);
SPT_FIGURE_WRITER(spt_figure_massive);
SPT_FIGURE_WRITER(spt_figure_ablation);
SPT_FIGURE_WRITER(spt_figure_hidden);
SPT_FIGURE_WRITER(spt_figure_weights);
SPT_FIGURE_WRITER(spt_figure_runs);
SPT_FIGURE_WRITER(spt_figure_sizes);
SPT_FIGURE_WRITER(spt_figure_attention);
SPT_FIGURE_WRITER(spt_figure_references);

#endif
