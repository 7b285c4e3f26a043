/* Second smallest eigenvalues of graphs, eight at a time (Fiedler 1973): of the Laplacian D - W, how well a graph hangs
 * together; of D^-1/2 (D - W) D^-1/2, the same whatever its weights sum to.
 *
 *     spt_fiedler_new(n_max)  ->  spt_fiedler_of for each batch  ->  spt_fiedler_free
 *
 * One workspace a thread; no call allocates. A graph's result does not depend on what else is in its batch, its place or
 * their number, bit for bit; between processors with and without fused multiply-add, it may differ in rounding.
 *
 * The null vector is known (1, or D^1/2 1), so it is taken out by a reflection; what is left is brought to tridiagonal
 * form by as many more (analysis/lanes/tridiagonalise.c), whose smallest eigenvalue is enclosed
 * (analysis/lanes/smallest.c). At n = 50 these take 4.9 and 0.4 us a graph, packing 0.4 to 1.2.
 *
 * Tried, and slower: LAPACK's dsytrd beyond n = 128, one matrix after another, takes 3.3 times as long at 192, 2.3 at 256
 * and 1.7 at 512 as four lanes do, though these have left the second cache by then.
 */
#ifndef SPT_FIEDLER_H
#define SPT_FIEDLER_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_fiedler;

/* A connected graph on n >= 2 vertices. */
struct spt_fiedler_problem {
    const double *weight; /* [n, n] symmetric, finite, >= 0, 0 on the diagonal; read only */
    double tau;           /* weights above it are kept */
    bool normalised;
};

/* A workspace for graphs up to n_max: 8 n_max^2 doubles up to 56, 4 beyond. SPT_NOMEM. */
enum spt_status spt_fiedler_new(size_t n_max, struct spt_fiedler **workspace, struct spt_error *error);
void spt_fiedler_free(struct spt_fiedler *workspace);

/*   problems  [count]
 *   values    [count] out, >= 0
 * Absolute accuracy a few n * 1e-16 of the matrix' norm. 5.6 us a graph of 50 vertices, 80 of 128, 650 of 256 (dsyev: 98,
 * 540, 2300). */
void spt_fiedler_of(struct spt_fiedler *workspace, const struct spt_fiedler_problem *problems, size_t count, size_t n,
                    double *values);

/* The plain twin: LAPACK dsyev, of any graph with n >= 2; connected or not. Allocates. SPT_NOMEM; SPT_INVALID never for
 * finite input. */
enum spt_status spt_fiedler_by_lapack(const struct spt_fiedler_problem *problem, size_t n, double *value,
                                      struct spt_error *error);

#endif
