/* Eigenvalues of a Gram matrix: all of them, or the two largest.
 *
 * All: LAPACK's reduction to tridiagonal form and its QL without vectors. The two largest: block Krylov with full
 * orthogonalisation and restarts, which multiplies the matrix with few vectors instead of reducing it: at order 2048
 * one with spikes takes 4 % of the time of all, one of independent entries, whose largest eigenvalues lie as close as
 * can be, 45 %. Where that does not end soon the plain way is taken.
 */
#ifndef SPT_EIGENVALUES_H
#define SPT_EIGENVALUES_H

#include "checkpoints/base/error.h"

#include <stddef.h>

/* Doubles of scratch; 0 when that overflows. */
size_t spt_eigenvalues_scratch(size_t order);

/* All of them, ascending, to a few order * 1e-16 of the largest. Destroys the matrix. SPT_INVALID never for finite
 * input.
 *   gram     [order, order] column-major, its lower triangle, as spt_gram_of leaves it; finite
 *   scratch  [spt_eigenvalues_scratch(order)], which starts with the result: [order] */
enum spt_status spt_eigenvalues_of(double *gram, size_t order, double *scratch, struct spt_error *error);

/* The two largest, the larger first, to 1e-9 of it at worst (1e-14 where they are 1 % apart); 0 for the second of order
 * 1. May destroy the matrix. The same matrix gives the same bits. */
enum spt_status spt_eigenvalues_leading(double *gram, size_t order, double *scratch, double *leading /* [2] */,
                                        struct spt_error *error);

#endif
