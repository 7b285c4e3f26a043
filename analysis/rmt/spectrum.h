/* Singular spectra of attention matrices, eight at a time.
 *
 * An attention matrix of a causal head is lower triangular: its eigenvalues are its diagonal and say little, so
 * everything here is built on singular values. All matrices of a batch have the same n; each lane of a vector register
 * is one matrix.
 *
 *     spt_spectrum_new(n_max)  ->  spt_spectrum_of for each batch  ->  spt_spectrum_free
 *
 * One workspace a thread; no call allocates. A matrix's result does not depend on what else is in its batch, its place
 * or their number, bit for bit; between processors with and without fused multiply-add, and of different vector widths
 * beyond n = 128, it may differ in rounding.
 *
 * Bidiagonalisation in one pass a step (analysis/lanes/bidiagonalise.c), then the differential qd algorithm with shifts
 * (analysis/lanes/dqds.c). Beyond n = 128, where a batch leaves the cache, matrices are bidiagonalised one by one.
 */
#ifndef SPT_SPECTRUM_H
#define SPT_SPECTRUM_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"

#include <stddef.h>

SPT_API_BEGIN

#define SPT_SPECTRUM_LANES 8

struct spt_spectrum;

/* A workspace for matrices up to n_max: 8 n_max^2 bytes (at most 0.6 MB up to 128) and 1 kB n_max. SPT_NOMEM. */
enum spt_status spt_spectrum_new(size_t n_max, struct spt_spectrum **workspace, struct spt_error *error);
void spt_spectrum_free(struct spt_spectrum *workspace);

/* Singular values, largest first, of count (1 .. SPT_SPECTRUM_LANES) matrices.
 *   a[m]  [n, n] row-major, read only
 *   s[m]  [n] out, >= 0, non-increasing; NAN throughout for a matrix that holds a NAN or an infinity
 * Absolute accuracy a few n * 1e-16 of s[m][0]. A full batch takes 12 us a matrix at n = 46, 160 at 128 (dgesdd: 83,
 * 743). SPT_INVALID never for finite input. */
enum spt_status spt_spectrum_of(struct spt_spectrum *workspace, const double *const *a, size_t count, size_t n,
                                double *const *s, struct spt_error *error);

/* The plain twin: LAPACK dgesdd, one matrix; a is destroyed. Allocates. */
enum spt_status spt_spectrum_of_lapack(double *a, size_t n, double *s, struct spt_error *error);

SPT_API_END

#endif
