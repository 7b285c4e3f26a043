/* What is left of attention when uniform attention is taken away, and the points of a spectrum that a law is held
 * against.
 *
 * G[i][j] = v(i) A[i][j] - 1 where query i sees key j, 0 elsewhere. Its rows sum to 0, so its last singular value is 0
 * by construction and left out everywhere. For rows of random weights the squares of s_i(G) / rms follow a law that the
 * mask's kind decides (analysis/rmt/law.h; Bordenave, Caputo, Chafai 2012).
 *
 * Stateless: any number of threads.
 */
#ifndef SPT_RESIDUAL_H
#define SPT_RESIDUAL_H

#include "analysis/mask.h"
#include "analysis/random.h"

#include <stddef.h>

/* Spectra of fewer tokens are held against no law. */
#define SPT_LAW_TOKENS_MIN 8

/* A residual with s_1 <= n times this is that of uniform attention in float32: rounding, no spectrum. */
#define SPT_UNIFORM_RESIDUAL 0x1p-20

/* G of a.
 *   a     [n, n] row-major, n = mask->n
 *   g     [n, n] out; may not be a */
void spt_residual_of(const double *a, const struct spt_mask *mask, double *g);

/* x_i = s_i / rms(s_1 ... s_{n-1}), i = 1 ... n-1, of the residual's spectrum: what rmt.law_* compares.
 *   s  [n] singular values of G, non-increasing
 *   x  [n] out, non-increasing; n - 1 are written
 * Returns n - 1, or 0 where the law is undefined: n < 8, a windowed mask, s_1 <= n 2^-20 (uniform attention), NAN. */
size_t spt_law_points(const double *s, size_t n, enum spt_mask_kind mask, double *x);

/* x_i = s_i / rms(s_2 ... s_n), i = 2 ... n, of attention's own spectrum: what rmt.mp_kl compares, whatever the mask.
 *   s  [n] singular values of A, non-increasing
 *   x  [n] out, non-increasing; n - 1 are written
 * Returns n - 1, or 0 where undefined: n < 8, s_2 <= n 2^-24 s_1, NAN. */
size_t spt_mp_points(const double *s, size_t n, double *x);

/* Attention without structure, for the nulls: rows of independent exponentials on the visible entries, normalised
 * (uniform on the simplex); 0 on hidden ones. Draws are taken row by row, visible entries only. a  [n, n] out, n =
 * mask->n */
void spt_random_attention(struct spt_random *random, const struct spt_mask *mask, double *a);

#endif
