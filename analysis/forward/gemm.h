/* y = f(x w^T + b) * z: a layer's matrix product, with weights as they are stored.
 *
 * The product is cut into tiles of SPT_GEMM_TOKENS x SPT_GEMM_ROWS whose sizes follow from its shape alone. A tile
 * turns its weights into float32 piece by piece in the thread's scratch and multiplies with single-threaded BLAS; no
 * float32 copy of a matrix is ever made, and the result is the same to the bit for any number of threads.
 */
#ifndef SPT_FORWARD_GEMM_H
#define SPT_FORWARD_GEMM_H

#include "analysis/forward/activation.h"
#include "analysis/forward/team.h"
#include "checkpoints/base/numbers.h"

#include <stdbool.h>

/* A tile, and the depth of one call of sgemm: the sizes at which OpenBLAS reaches 98 to 100 % of its rate on large
 * squares. */
#define SPT_GEMM_TOKENS  384
#define SPT_GEMM_ROWS    128
#define SPT_GEMM_COLUMNS 512

#define SPT_GEMM_SCRATCH (sizeof(float) * SPT_GEMM_ROWS * SPT_GEMM_COLUMNS) /* bytes of a thread */

/* A weight matrix as it is stored. data is aligned to its numbers; dtype is a float format. */
struct spt_matrix {
    enum spt_dtype dtype;
    size_t rows, columns;
    const void *data; /* [rows, columns] row-major, or [columns, rows] .. */
    bool transposed;  /* .. then */
};

struct spt_gemm {
    struct spt_matrix weight; /* [out, in] */
    const float *bias;        /* [out], or NULL */
    spt_activate *activate;   /* NULL: none */
    size_t tokens;
    const float *x; /* [tokens, in], rows x_stride apart */
    size_t x_stride;
    float *y; /* [tokens, out], rows y_stride apart; does not overlap x */
    size_t y_stride;
    bool add;           /* y += x w^T + b; without activate */
    const float *times; /* z [tokens, out], rows y_stride apart; NULL: 1. Without add */
};

/* Runs on the whole team, each thread with SPT_GEMM_SCRATCH bytes of its scratch. */
enum spt_status spt_gemm_run(const struct spt_team *team, const struct spt_gemm *gemm, struct spt_error *error);

/* How tokens (or rows) are cut into tiles of at most most: in equal parts, rounded up to 16. */
size_t spt_gemm_tile(size_t count, size_t most);

/* One tile, by the calling thread: tokens [first_token, + tokens) against rows [first_row, + rows).
 *   rows     at most SPT_GEMM_ROWS
 *   y        [tokens, rows], rows y_stride apart: the tile's own corner, not the matrix's
 *   scratch  SPT_GEMM_SCRATCH bytes, aligned to 64 */
void spt_gemm_tile_run(const struct spt_gemm *gemm, size_t first_token, size_t tokens, size_t first_row, size_t rows,
                       float *y, size_t y_stride, float *scratch);

#endif
