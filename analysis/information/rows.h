/* What each query's attention is by itself: the entropy and the sum of squares of every row of a matrix. Computed once
 * for all metrics that are made of them.
 */
#ifndef SPT_ROWS_H
#define SPT_ROWS_H

#include "analysis/mask.h"

/* Of A[i] over the keys that i sees. The caller's arrays. */
struct spt_rows {
    double *entropy; /* [n] -sum a ln a */
    double *squares; /* [n] sum a^2 */
};

/* out[i] = p[i] ln p[i], 0 where p[i] is not positive. Within 4e-16 of itself; the same bits on every machine. */
void spt_entropy_terms(const double *p, size_t count, double *out);

/* Nothing is allocated. About 1 ns a visible entry.
 *   attention  [n, n] row-major, finite, n = mask->n
 *   scratch    [n]
 *   rows       out */
void spt_rows_of(const double *attention, const struct spt_mask *mask, double *scratch, struct spt_rows *rows);

#endif
