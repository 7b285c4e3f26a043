/* Persistent homology of one attention matrix: the Vietoris-Rips filtration of d(i,j) = 1 - max(A[i][j], A[j][i]) up to
 * the enclosing radius, over Z/2, in dimensions 0 and 1 (2 where asked).
 *
 *     spt_persistence_new  ->  spt_persistence_of for each matrix  ->  spt_persistence_free
 *
 * One workspace a thread.
 */
#ifndef SPT_PERSISTENCE_H
#define SPT_PERSISTENCE_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define SPT_BAR_MIN             1e-5 /* bars not longer than this are dropped everywhere */
#define SPT_PERSISTENCE_DIM_MAX 2
#define SPT_POINTS_MAX          65536

struct spt_bar {
    double birth, death; /* death > birth; INFINITY for the one component that never dies */
};

/* Bars by dimension, longer than SPT_BAR_MIN, in the order they were found (deterministic). Borrowed from the
 * workspace, valid until its next call. */
struct spt_barcode {
    const struct spt_bar *bars[SPT_PERSISTENCE_DIM_MAX + 1];
    size_t count[SPT_PERSISTENCE_DIM_MAX + 1];
};

struct spt_persistence; /* opaque workspace */

/* Makes a workspace for up to n_max points and homology in dimensions 0 .. dimension (<= 2). SPT_NOMEM. */
enum spt_status spt_persistence_new(size_t n_max, unsigned dimension, struct spt_persistence **workspace,
                                    struct spt_error *error);
void spt_persistence_free(struct spt_persistence *workspace);

/* The barcode of a symmetric distance matrix.
 *   distance  [n, n] row-major, symmetric, zero diagonal, finite, >= 0
 * SPT_NOMEM (dimension 2 may need to grow the workspace; dimensions 0 and 1 do not allocate after the first call of a
 * size). */
enum spt_status spt_persistence_of(struct spt_persistence *workspace, const double *distance, size_t n,
                                   struct spt_barcode *barcode, struct spt_error *error);

#endif
