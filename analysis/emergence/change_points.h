/* Series that turn more than once: where a series rises and where it falls.
 *
 * Levels that are constant between changes are fitted to the series by least squares, exactly, for every number of
 * changes (dynamic programming; Auger and Lawrence 1989). How many there are is chosen by the modified Bayes information
 * criterion of Zhang and Siegmund (2007, theorem 2): the plain one takes the place of a change for a smooth parameter,
 * which it is not, and finds too many. The variance about the levels is unknown and holds what a run wobbles between
 * checkpoints, not only what the samples vary, so the criterion cannot take the wobble of one training for changes; it is
 * applied to the series brought to variance 1, so that units do not matter.
 *
 * A rise through several checkpoints is several changes of one sign: together they are one phase. What is reported are
 * phases, when there are at least two; a series with one is what analysis/emergence/logistic.h is for.
 */
#ifndef SPT_CHANGE_POINTS_H
#define SPT_CHANGE_POINTS_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define SPT_CHANGES_MAX        10 /* of level */
#define SPT_SEGMENT_LENGTH_MIN 2  /* checkpoints at one level: a single one that stands out is none */

/* Least squares levels of y [count] with exactly changes changes: first [changes] out, the index of the first checkpoint
 * at each new level, ascending. Returns the sum of squares about the levels. scratch: spt_partition_scratch(count)
 * doubles and as many size_t. count >= SPT_SEGMENT_LENGTH_MIN (changes + 1). O(changes count^2). */
struct spt_partition_scratch {
    size_t count;
    double *sums, *squares; /* [count + 1] */
    double *cost;           /* [SPT_CHANGES_MAX + 1, count + 1] */
    size_t *last;           /* [SPT_CHANGES_MAX + 1, count + 1] */
};
enum spt_status spt_partition_init(struct spt_partition_scratch *scratch, size_t count, struct spt_error *error);
void spt_partition_release(struct spt_partition_scratch *scratch);

/* The most changes that count checkpoints can have, at most SPT_CHANGES_MAX. */
size_t spt_partition_changes_max(size_t count);

/* Fits all numbers of changes up to most at once; then spt_partition_of reads each. */
void spt_partition_solve(struct spt_partition_scratch *scratch, const double *y, size_t most);
double spt_partition_of(const struct spt_partition_scratch *scratch, size_t changes, size_t *first);

/* The number of changes of y [count] by the modified criterion. The scratch then holds y's partitions. */
size_t spt_partition_choose(struct spt_partition_scratch *scratch, const double *y);

/* One phase: the series goes from one level to another. */
struct spt_phase {
    bool rises;
    double t, t_lo, t_hi; /* where it is half way, and 95 % of the draws that have these phases; NAN without draws */
    double from, to;      /* the levels */
};

#define SPT_PHASES_MAX 4 /* of more the largest are told */

struct spt_changes {
    size_t count;                           /* 0: fewer than two phases */
    struct spt_phase phase[SPT_PHASES_MAX]; /* in order */
    double support;                         /* share of the draws with the same rises and falls; NAN without draws */
};

/* The phases of y over t [count]. A phase whose change is within the noise (the 95 % interval of its draws holds 0) is none.
 *   draws  [n, count] the same series of each draw; NULL, 0: no intervals
 * SPT_NOMEM. */
enum spt_status spt_changes_of(const double *t, const double *y, size_t count, const double *draws, size_t n,
                               struct spt_changes *changes, struct spt_error *error);

#endif
