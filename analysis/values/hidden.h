/* Massive activations: how far the residual stream of a sample stands out, at its first token and in single entries
 * (Sun et al. 2024, arXiv 2402.17762).
 */
#ifndef SPT_HIDDEN_H
#define SPT_HIDDEN_H

#include <stddef.h>

/* NAN where a median is 0 or an entry is not finite. */
struct spt_hidden {
    double norm_first; /* |h_0| / median |h_k| over tokens */
    double max_ratio;  /* max |h| / median |h| over the entries of all tokens */
};

/* Of an even number the median is the mean of the two in the middle. O(n d), four times over x at most.
 *   x      [n, d] n, d >= 1
 *   norms  [n] scratch */
struct spt_hidden spt_hidden_of(const float *x, size_t n, size_t d, double *norms);

#endif
