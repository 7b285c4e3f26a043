/* Matrices of the topology tests: attention and distances by kind, drawn from a seed. */
#ifndef SPT_TEST_MATRICES_H
#define SPT_TEST_MATRICES_H

#include "analysis/random.h"

#include <stddef.h>

enum matrix_kind {
    MATRIX_RANDOM,    /* causal, softmax of normal scores */
    MATRIX_UNIFORM,   /* causal, nearly uniform */
    MATRIX_SHARP,     /* causal, scores so large that most weights underflow to 0 and many distances are 1 */
    MATRIX_SINK,      /* causal, most weight on the first token */
    MATRIX_LOCAL,     /* causal, weight falls with distance */
    MATRIX_FULL,      /* no mask */
    MATRIX_MEAN,      /* causal, symmetrised by the mean */
    MATRIX_TIES_4096, /* random, distances rounded to multiples of 1/4096 */
    MATRIX_TIES_64,   /* sharp or sink, rounded to 1/64 */
    MATRIX_TIES_4,    /* any symmetric matrix with distances of 1/4 ... 1 */
    MATRIX_KINDS
};

double random_normal(struct spt_random *random);

/* attention [n, n] out: rows sum to 1 */
void make_attention(struct spt_random *random, enum matrix_kind kind, size_t n, double *attention);

/* distance [n, n] out: 1 - max or 1 - mean of such attention, or quantised; attention [n, n] scratch */
void make_distance(struct spt_random *random, enum matrix_kind kind, size_t n, double *attention, double *distance);

#endif
