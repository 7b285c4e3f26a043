/* What reference tokens contribute to what a head writes: o_i = sum_j A[i][j] v_j, the head's output at query i,
 * against r_i, the part of that sum over reference tokens. Part of the second look.
 *
 *     zero-initialise  ->  spt_influence_of for each matrix, any size  ->  spt_influence_release
 */
#ifndef SPT_INFLUENCE_H
#define SPT_INFLUENCE_H

#include "analysis/forward/forward.h"

/* Means are over the queries that see two keys or more and a reference among them, those left out whose o_i or r_i is
 * the zero vector. All NAN without references, and where undefined or not finite. */
struct spt_influence {
    double direction;    /* mean cos(o_i, r_i) */
    double share;        /* mean |r_i| / (|r_i| + |o_i - r_i|) */
    double norm_ratio;   /* mean |v| of reference tokens / mean |v| of all */
    double output_ratio; /* the same of v W, W the head's rows of the output projection; NAN where gram is NULL */
};

struct spt_influence_work {
    double *scratch; /* grown when a matrix needs more */
    size_t capacity;
};
void spt_influence_release(struct spt_influence_work *work);

/* 4 n^2 d flops, and 2 n d^2 for the output ratio, d = vectors->dimension.
 *   attention     [n, n] row-major, finite, n = mask->n
 *   is_reference  [n] 0 or 1
 *   gram          [d, d] of the head (output_gram.h), or NULL
 * SPT_NOMEM. */
enum spt_status spt_influence_of(struct spt_influence_work *work, const double *attention, const struct spt_mask *mask,
                                 const unsigned char *is_reference, const struct spt_vectors *vectors,
                                 const double *gram, struct spt_influence *influence, struct spt_error *error);

#endif
