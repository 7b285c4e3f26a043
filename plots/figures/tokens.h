/* What the figures of attention share: their sample's tokens as labels, their title, their scale of colours.
 *
 * Settings:
 *     n, token        the tokens' texts, an array; label_stride, label_size: each how manieth is written, in points
 *     room            inches that the longest of them takes
 *     head_line, sub_line  the title's two lines
 *     scale           'log', 'root' or 'linear'
 */
#ifndef SPT_PLOTS_TOKENS_H
#define SPT_PLOTS_TOKENS_H

#include "plots/figures/series.h"

/* A label of more characters is cut, and ends with an ellipsis. */
#define SPT_TOKEN_LETTERS 14

/* inches  of one token along the axis */
void spt_tokens_put(struct spt_drawing *drawing, const struct spt_plot_attention *attention, double inches);

/* Inches of the labels, as the setting room has them. */
double spt_tokens_room(const struct spt_plot_attention *attention, double inches);

/* width: inches of the figure, which a long name of the run must not leave. sub_line is line [*], its second line. */
void spt_title_put(struct spt_drawing *drawing, double width, const char *line);

void spt_scale_put(struct spt_drawing *drawing);

/* The step of a checkpoint as the title has it: "step 512", its label where it has none. */
void spt_moment_put(struct spt_text *text, const struct spt_plot_checkpoint *checkpoint);

/* The checkpoints that are asked for, else the last. Caller frees *index [*n]. SPT_INVALID: no such step. */
enum spt_status spt_looks_choose(struct spt_drawing *drawing, size_t **index, size_t *n);

#endif
