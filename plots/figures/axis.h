/* The axis of training steps: logarithmic, with step 0 at a place of its own before a break.
 *
 * Figures draw on a linear axis of log10(step) whose tics are written out, because gnuplot's own log axis has no place
 * for 0.
 */
#ifndef SPT_PLOTS_AXIS_H
#define SPT_PLOTS_AXIS_H

#include "plots/plot.h"

struct spt_axis {
    bool zero;          /* there is a step 0 */
    bool any;           /* there is a step > 0 */
    double place;       /* of step 0 */
    double first, last; /* log10 of the least and the largest positive step */
    double min, max;    /* what is drawn */
};

/* The axis of the source's checkpoints. */
void spt_axis_init(struct spt_axis *axis, const struct spt_plot_source *source);

/* The axis of other numbers [n], none of them negative, on the same scale: thresholds, 0 among them. */
void spt_axis_init_values(struct spt_axis *axis, const double *values, size_t n);

/* Where a step is drawn; NAN for a negative one, and for 0 where it has no place. */
double spt_axis_place(const struct spt_axis *axis, double step);

/* Where a step lies between the first (0) and the last (1): for colours. 0.5 when there is only one. */
double spt_axis_shade(const struct spt_axis *axis, double step);

/* Settings: x_min, x_max, step_tics and step_marks (the argument of `set xtics`, with labels and without; at most room
 * labels), break_at and break_half (where the axis is broken, and half the width of the gap; break_half 0: it is not).
 */
void spt_axis_put(const struct spt_axis *axis, size_t room, struct spt_text *settings);

/* Settings of an axis of thresholds [n], named as metrics name them: threshold_min, threshold_max, threshold_tics (its
 * names are the whole powers of ten), threshold_break_at and threshold_break_half; of a map with a column each:
 * columns_of_map, map_tics. */
void spt_axis_thresholds_put(const struct spt_axis *axis, const char *const *thresholds, size_t n,
                             struct spt_text *settings);

/* A step as a label: 512, 1k, 143k, 1.5M, 300B. Nothing is rounded: 1234567 stays as it is. */
void spt_step_put(struct spt_text *text, int64_t step);

#endif
