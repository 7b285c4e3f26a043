/* A series in one line of text: its shape, not its figures. */
#ifndef SPT_WATCH_SPARKLINE_H
#define SPT_WATCH_SPARKLINE_H

#include "checkpoints/base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends at most cells characters of one column each: values [count] in eight heights from the least to the greatest of
 * them. More values than cells: each cell is the mean of its share of them, in order. What is not finite is a gap; where
 * all are equal the line is level. unicode: the block elements U+2581 to U+2588, else characters of ASCII. */
void spt_sparkline(struct spt_text *out, const double *values, size_t count, size_t cells, bool unicode);

#endif
