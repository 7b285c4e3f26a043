/* What the two halves of figures made of panels share: panels.c puts their data and finds what there is to draw,
 * panel_settings.c says how. */
#ifndef SPT_PLOTS_PANEL_WORK_H
#define SPT_PLOTS_PANEL_WORK_H

#include "plots/figures/baselines.h"
#include "plots/figures/panels.h"

/* A panel that is drawn. */
struct spt_panel_drawn {
    const struct spt_panel *panel;
    enum spt_panel_over over;
    bool joined;
    struct spt_range range;
    struct spt_text names;  /* of the lines, as their blocks' names end */
    struct spt_text shades; /* of each line, 0 ... 1; below 0: the colour of a single line */
    struct spt_text labels; /* of each line, in words */
    size_t lines;
    bool layers, each; /* its layers in grey; each line has baselines of its own */
};

struct spt_panel_work {
    const struct spt_panel_table *table;
    struct spt_drawing drawing;
    struct spt_axis thresholds;
    size_t *steps, step_count; /* [step_count] the chosen checkpoints */
    struct spt_baselines baselines;
    struct spt_panel_drawn panels[2 * SPT_PANELS_MOST];
    size_t count;
};

/* Where a threshold lies between the first (0) and the last (1): for colours. */
double spt_panel_threshold_shade(const struct spt_panel_table *table, size_t t);

/* The settings of the panels that are drawn, and the empty blocks that the script names where there are no baselines. */
enum spt_status spt_panels_settings_put(struct spt_panel_work *work);

#endif
