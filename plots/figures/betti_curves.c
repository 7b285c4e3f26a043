/* Betti curves of the whole model at chosen steps: components and cycles of the attention graph while weaker and weaker
 * attention is let in. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define STEPS_MOST 6

struct panel {
    const char *metric, *title;
};

static const struct panel PANELS[] = {
    {"topology.betti0_rel", "components per token"},
    {"topology.betti1", "cycles"},
};

static enum spt_status put_panel(struct spt_drawing *drawing, const struct panel *panel, const size_t *index, size_t n,
                                 size_t *panels) {
    struct spt_range range = SPT_RANGE_EMPTY;
    enum spt_status status = SPT_OK;
    bool any = false;
    for (size_t j = 0; status == SPT_OK && j < n; j++) {
        struct spt_plot_point *points = NULL;
        size_t count = 0;
        status = spt_curve_get(drawing, panel->metric, index[j], -1, &points, &count);
        if (status != SPT_OK) break;
        spt_block_put(drawing, "weight value", "%s, step %" PRId64, panel->metric,
                      drawing->source->checkpoints[index[j]].step);
        if (!points) {
            spt_block_empty_put(drawing);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            spt_number_put(drawing->data, points[i].x);
            spt_text_put(drawing->data, " ");
            spt_number_put(drawing->data, points[i].y);
            spt_text_put(drawing->data, "\n");
            spt_range_include(&range, points[i].y);
            any = any || isfinite(points[i].y);
        }
        free(points);
    }
    if (status != SPT_OK || !any) return status;
    size_t p = ++*panels;
    spt_range_include(&range, 0);
    spt_panel_put(drawing->settings, p, panel->metric, panel->title, range);
    return SPT_OK;
}

SPT_FIGURE_WRITER(spt_figure_betti_curves) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    size_t *index = NULL, n = 0, panels = 0;
    enum spt_status status = spt_steps_choose_of(&drawing, "topology.h0_mean", STEPS_MOST, &index, &n);
    if (status != SPT_OK) return status;
    spt_steps_put(&drawing, index, n);
    spt_panels_begin(settings, 2);
    for (size_t i = 0; status == SPT_OK && i < sizeof PANELS / sizeof *PANELS; i++)
        status = put_panel(&drawing, &PANELS[i], index, n, &panels);
    size_t key_rows = 1;
    if (status == SPT_OK) status = spt_steps_key_put(&drawing, -1, index, n, &key_rows);
    free(index);
    if (status == SPT_OK && panels == 0) status = SPT_END;
    spt_text_format(settings, "panels = %zu\nkey_rows = %zu\nwidth = 3.35\nheight = %.2f\n", panels, key_rows,
                    1.6 + 0.13 * (double)key_rows);
    return spt_drawing_end(&drawing, status);
}
