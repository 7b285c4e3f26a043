/* The laws of no structure: densities that the spectra of random attention follow, and the distance of a spectrum from
 * them.
 *
 *     spt_law_new()  ->  any number of threads read it  ->  spt_law_free
 *     spt_density_new()  (one a thread: FFTW buffers)    ->  spt_density_kl ...  ->  spt_density_free
 *
 * Grid: SPT_LAW_CELLS cells on [0, SPT_LAW_EDGE]; kernel: Gaussian of bandwidth SPT_LAW_WIDTH, reflected at both ends.
 */
#ifndef SPT_LAW_H
#define SPT_LAW_H

#include "analysis/mask.h"
#include "checkpoints/base/error.h"

#include <stddef.h>

#define SPT_LAW_CELLS 1024
#define SPT_LAW_EDGE  8.0
#define SPT_LAW_WIDTH 0.1

enum spt_law_kind {
    SPT_LAW_QUARTER_CIRCLE, /* Marchenko-Pastur at aspect ratio 1, of singular values; on [0, 2] (Bordenave, Caputo,
                               Chafai 2012) */
    SPT_LAW_TRIANGULAR,     /* Dykema and Haagerup 2004: x^2 = 2 (sin t / t) exp(t cot t); on [0, sqrt(2e)] */
    SPT_LAW_KINDS,
};

struct spt_laws; /* both laws: cell masses smoothed, logs */

enum spt_status spt_laws_new(struct spt_laws **laws, struct spt_error *error);
void spt_laws_free(struct spt_laws *laws);
const double *spt_laws_density(const struct spt_laws *laws,
                               enum spt_law_kind kind); /* [SPT_LAW_CELLS] q, smoothed, for plots and KL */

double spt_law_edge(enum spt_law_kind kind);          /* right end of the support */
double spt_law_cdf(enum spt_law_kind kind, double x); /* F(x); exact to 1e-13 */

/* SPT_LAW_KINDS for a windowed mask: it has no closed form. */
enum spt_law_kind spt_law_of_mask(enum spt_mask_kind kind);

struct spt_density; /* workspace of one thread */
enum spt_status spt_density_new(struct spt_density **density, struct spt_error *error);
void spt_density_free(struct spt_density *density);

/* KL(p || q) in nats of the smoothed density p of x from the law. NAN for count 0.
 *   x  [count] >= 0, any order
 *   p  [SPT_LAW_CELLS] out, or NULL: the density itself */
double spt_density_kl(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind, const double *x,
                      size_t count, double *p);

/* The same for a batch of count (any) spectra of m[i] values: FFTW batched plans and vector logarithms.
 *   x[i]  [m[i]]; m[i] = 0 gives NAN */
void spt_density_kl_batch(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind,
                          const double *const *x, const size_t *m, size_t count, double *kl);

#endif
