/* Figures made of panels: what is drawn is a table, how it is drawn is here and in scripts/panels.gp.
 *
 *     static const struct spt_panel PANELS[] = {
 *         {.metric = "value.share", .title = "share of the output"},
 *         {.metric = "value.norm_ratio", .title = "norm of the values", .scale = SPT_SCALE_RATIO},
 *     };
 *     SPT_FIGURE_OF_PANELS(spt_figure_values, .form = SPT_PANELS_PAIRED)
 *
 * A panel whose metric the run has not is left out, and those after it move up; without any the figure is SPT_END. Every
 * panel shows random attention and the control run where the source has them (baselines.h). Over layers, thresholds and
 * in maps the steps are options->steps, or a choice spread over the run.
 *
 * Blocks of data, each with the columns of series.h (x is the layer's number, or a threshold's place):
 *     <metric> |                  over steps, the whole model; "<metric>, layers |" its layers
 *     <metric>, step <step> |     over layers, or over thresholds
 *     <metric>, map |             column  layer  value: of each threshold and layer at the last of the steps
 */
#ifndef SPT_PLOTS_PANELS_H
#define SPT_PLOTS_PANELS_H

#include "plots/figures/figures.h"
#include "plots/figures/series.h"

enum spt_panel_over {
    SPT_OVER_STEPS,      /* the whole model, its layers in grey; with thresholds a line for each of them */
    SPT_OVER_LAYERS,     /* nothing for a run of one layer */
    SPT_OVER_THRESHOLDS, /* the whole model, or options->layer */
    SPT_OVER_MAP,        /* layers by thresholds at the last step; nothing on a terminal, or for one layer */
};

enum spt_panel_scale {
    SPT_SCALE_LINEAR,
    SPT_SCALE_COUNT, /* log10(1 + y): counts that span decades and reach 0 */
    SPT_SCALE_RATIO, /* log10(y) */
};

struct spt_panel {
    const char *metric; /* one that ends in @ is asked for with each of the table's thresholds */
    const char *title;
    enum spt_panel_over over;
    enum spt_panel_scale scale;
    bool zero;   /* a line at 0; in a map: colours that turn there */
    bool joined; /* has the y axis of the panel before it, to be compared */
    bool aside;  /* makes no figure by itself */
};

enum spt_panel_form {
    SPT_PANELS_GRID,   /* two panels a row, each with axes of its own */
    SPT_PANELS_PAIRED, /* a row for each of the table: over steps on the left, over layers on the right, on one y axis */
    SPT_PANELS_LIKE, /* small multiples: two panels a row, all with the same axes, which are named at their edges only */
};

struct spt_panel_table {
    const struct spt_panel *panels; /* [count], at most SPT_PANELS_MOST */
    size_t count;
    enum spt_panel_form form;
    const char *const *thresholds; /* [threshold_count <= SPT_THRESHOLDS_MOST] as metrics' names have them, ascending */
    size_t threshold_count;
    const char *threshold_title; /* of their key, or of their axis */
    bool of_weights;             /* of the weights alone, which are the control's too: no control is drawn */
};

#define SPT_PANELS_MOST     8
#define SPT_THRESHOLDS_MOST 8

/* The whole figure. SPT_END: the run has nothing of it. SPT_INVALID: a step or a layer that the run has not. */
enum spt_status spt_panels_write(const struct spt_panel_table *table, const struct spt_plot_source *source,
                                 const struct spt_plot_options *options, struct spt_text *data,
                                 struct spt_text *settings, struct spt_error *error);

/* The writer of a figure whose panels are the array PANELS; then what else its table says, its form at least. */
#define SPT_FIGURE_OF_PANELS(writer, ...)                                                                              \
    SPT_FIGURE_WRITER(writer) {                                                                                        \
        _Static_assert(sizeof PANELS / sizeof *PANELS <= SPT_PANELS_MOST, "too many panels");                          \
        static const struct spt_panel_table table = {                                                                  \
            .panels = PANELS, .count = sizeof PANELS / sizeof *PANELS, __VA_ARGS__};                                   \
        return spt_panels_write(&table, source, options, data, settings, error);                                       \
    }

#endif
