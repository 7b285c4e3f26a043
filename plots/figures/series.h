/* What the figures share: numbers and text as gnuplot reads them, ranges, series as blocks of data, the choice of
 * steps.
 *
 * A block of a series has the columns
 *     step  x  mean  lo  hi  mark  alone
 * x: place on the axis of steps; mark 0: a point on a line that needs none, 1: a dot, 2: a circle (its weights are
 * another step's); alone 1: no neighbour, so that its interval is drawn as a bar. What is missing reads NaN; an empty
 * line ends the line drawn.
 */
#ifndef SPT_PLOTS_SERIES_H
#define SPT_PLOTS_SERIES_H

#include "plots/figures/axis.h"
#include "plots/plot.h"

/* What a figure sees of its source while it is written. */
struct spt_drawing {
    const struct spt_plot_source *source;
    const struct spt_plot_options *options;
    struct spt_axis axis;
    struct spt_text *data, *settings;
    struct spt_error *error;
};

struct spt_range {
    double lo, hi; /* lo > hi: nothing yet */
};

#define SPT_RANGE_EMPTY ((struct spt_range){1, 0})

void spt_range_include(struct spt_range *range, double value); /* NAN and infinities are left out */
/* A range that can be drawn: 6 % of space at both ends, never of width 0. */
struct spt_range spt_range_padded(struct spt_range range);
/* The least round distance (1, 2 or 5 times a power of ten) that puts at most most tics into a range. */
double spt_range_step(struct spt_range range, unsigned most);

void spt_number_put(struct spt_text *text, double value); /* 9 digits; NaN where undefined */

/* A gnuplot string that holds exactly this text: single-quoted, in which gnuplot substitutes nothing. Control
 * characters become spaces, invalid UTF-8 U+FFFD. */
void spt_quoted_put(struct spt_text *text, const char *string);
/* The same for a comment: the bare text. Must not stand at the end of a line (a trailing backslash would swallow the
 * next). */
void spt_plain_put(struct spt_text *text, const char *string);

/* Settings of panels: the arrays metric, title_of, y_min, y_max and y_step of at most most panels, and one panel's
 * entries (from 1). range is that of the data: padded here. */
void spt_panels_begin(struct spt_text *settings, size_t most);
void spt_panel_put(struct spt_text *settings, size_t panel, const char *metric, const char *title,
                   struct spt_range range);

/* source->series with SPT_END as *values = NULL and SPT_OK; also NULL when no value is finite. */
enum spt_status spt_series_get(struct spt_drawing *drawing, const char *metric, int layer, int head,
                               struct spt_plot_value **values);

/* Starts a block: two empty lines, "# name |", "# columns". gnuplot finds a block by how its name begins: the bar makes
 * it whole. */
void spt_block_put(struct spt_drawing *drawing, const char *columns, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

/* A row of nothing: gnuplot complains of a block that is not there, or has no rows. */
void spt_block_empty_put(struct spt_drawing *drawing);

/* One row of a block with the columns above: label is its step, or what stands in the place of a step. An interval has
 * two ends or none. range takes in what is drawn; NULL: none. */
void spt_row_put(struct spt_drawing *drawing, const char *label, double x, struct spt_plot_value value, int mark,
                 bool alone, struct spt_range *range);

/* Beyond this many points a line shows where they are well enough without dots. */
#define SPT_DOTS_MAX 40

/* The rows of values (see above). range takes in means and intervals; NULL: none. */
void spt_series_put(struct spt_drawing *drawing, const struct spt_plot_value *values /* [count] */,
                    struct spt_range *range);

/* The block "<metric>, layers": every layer's series (layer step x mean); a single layer is the model and left out. */
enum spt_status spt_layers_put(struct spt_drawing *drawing, const char *metric, struct spt_range *range);

/* The largest finite value of the last checkpoint that has one; NAN: none. */
double spt_series_last(const struct spt_drawing *drawing, const struct spt_plot_value *values /* [count] */);

/* Marks the checkpoints at which the whole model has a value of metric. */
enum spt_status spt_steps_mark(struct spt_drawing *drawing, const char *metric, bool *has /* [count] */);

/* Which checkpoints to draw: options->steps, or at most most of those that are marked spread over the axis; has NULL, or
 * none marked: of all. Caller frees *index [*n], ascending. SPT_INVALID: a step that is not among the checkpoints. */
enum spt_status spt_steps_choose(struct spt_drawing *drawing, const bool *has /* [count] */, size_t most,
                                 size_t **index, size_t *n);

/* The same of the checkpoints at which the whole model has a value of metric. */
enum spt_status spt_steps_choose_of(struct spt_drawing *drawing, const char *metric, size_t most, size_t **index,
                                    size_t *n);

/* The shade of the j-th of n chosen checkpoints, 0 (early) ... 1 (late), at even distances: by the axis, two that stand
 * close together there would have one colour. */
double spt_steps_shade(size_t j, size_t n);

/* Settings of the chosen checkpoints: steps, and the arrays step (its number), step_label and step_shade. */
void spt_steps_put(struct spt_drawing *drawing, const size_t *index, size_t n);

/* A key in rows above the panels of a figure one column wide, each item as wide as its own text (gnuplot's key gives
 * all of them the room of the longest). Settings: keys, key_title and the arrays key_text, key_shade, key_x (inches
 * from the left) and key_row; style.gp draws it. Returns the number of rows. */
struct spt_key_item {
    char text[40];
    double shade; /* 0 ... 1 */
};
size_t spt_key_put(struct spt_text *settings, const char *title, const struct spt_key_item *items, size_t n);

/* The key of the chosen checkpoints, titled "step" or, with a layer's number, "layer 3, step". */
enum spt_status spt_steps_key_put(struct spt_drawing *drawing, int layer, const size_t *index, size_t n, size_t *rows);

/* What maps show when no metric is asked for. */
#define SPT_MAP_METRIC "sink.first"

/* Setting metric_title: the map's metric and its unit. SPT_INVALID: no such metric. */
enum spt_status spt_metric_put(struct spt_drawing *drawing);

/* Settings value_min, value_max: the ends of the scale of colours, apart even when all values are one. */
void spt_colours_put(struct spt_drawing *drawing, struct spt_range range);

/* Mean of the curves one level down, point by point, where the level asked for has none stored: a layer from its heads,
 * the model from its layers. *points = NULL: no data. */
enum spt_status spt_curve_get(struct spt_drawing *drawing, const char *metric, size_t checkpoint, int layer,
                              struct spt_plot_point **points, size_t *n);

/* SPT_NOMEM when a text ran out of memory, else status. */
enum spt_status spt_drawing_end(struct spt_drawing *drawing, enum spt_status status);

#endif
