/* The laws of no structure: densities that the spectra of random attention follow, and the distance of a spectrum from
 * them.
 *
 *     spt_laws_new()  ->  any number of threads read it  ->  spt_laws_free
 *     spt_density_new()  (a workspace for one thread)  ->  spt_density_kl ...  ->  spt_density_free
 *
 * Both are made and freed by one thread at a time, since FFTW's planner is not for several; plans are estimated, not
 * measured, so that figures are the same in every run.
 *
 * Grid: SPT_LAW_CELLS cells on [0, SPT_LAW_EDGE]; kernel: Gaussian of bandwidth SPT_LAW_WIDTH, reflected at both ends,
 * applied as a product in the cosine transform. Points fall linearly onto the two nearest cell centres.
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

/* A millisecond. SPT_NOMEM. */
enum spt_status spt_laws_new(struct spt_laws **laws, struct spt_error *error);
void spt_laws_free(struct spt_laws *laws);

/* [SPT_LAW_CELLS] q = (1 - 1e-3) times the law's mass in each cell through the same kernel, as a density, + 1e-3 /
 * SPT_LAW_EDGE. Borrowed. */
const double *spt_laws_density(const struct spt_laws *laws, enum spt_law_kind kind);

/* Right end of the support. */
double spt_law_edge(enum spt_law_kind kind);

/* The distribution function F(x), to 1e-14: 0 up to x = 0, 1 from the edge on, NAN for NAN. Some 30 ns. */
double spt_law_cdf(enum spt_law_kind kind, double x);

/* SPT_LAW_KINDS for a windowed mask: it has no closed form. */
enum spt_law_kind spt_law_of_mask(enum spt_mask_kind kind);

struct spt_density; /* workspace of one thread */
enum spt_status spt_density_new(struct spt_density **density, struct spt_error *error);
void spt_density_free(struct spt_density *density);

/* KL(p || q) = sum p ln(p / q) dx in nats of the smoothed density p (floored at 0) of x from the law's q. NAN for count
 * 0 and where x holds a NAN. Two transforms of SPT_LAW_CELLS and as many logarithms: 15 us. x  [count] >= 0, any order
 *   p  [SPT_LAW_CELLS] out, or NULL: the density itself */
double spt_density_kl(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind, const double *x,
                      size_t count, double *p);

/* The same for a batch of count (any) spectra of m[i] values, equal to 1e-13: the kernel is added where the points are,
 * with vector logarithms, which is several times as fast as the transform while a spectrum has some tens of values (2
 * us at 45). x[i]  [m[i]]; m[i] = 0 gives NAN */
void spt_density_kl_batch(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind,
                          const double *const *x, const size_t *m, size_t count, double *kl);

/* KL of the points of whole samples, for every draw of samples: a density is linear in its points, so those of all
 * draws are one matrix product of the samples' own. The sum runs over every fifth cell: equal to spt_density_kl of a
 * draw's points to 1e-6, and to 1e-10 where they are some hundred.
 *   x   [sum of m] sample after sample
 *   m   [bootstrap->samples] points of each
 *   kl  [bootstrap->draws] out, NAN for a draw without points, and everywhere where x holds a NAN
 * draws * samples multiply-adds and draws logarithms for each of the some 80 cells: a millisecond for 1,000 draws of
 * 100 samples of 45 points. SPT_NOMEM. */
struct spt_bootstrap;
enum spt_status spt_density_kl_draws(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind,
                                     const double *x, const size_t *m, const struct spt_bootstrap *bootstrap,
                                     double *kl, struct spt_error *error);

#endif
