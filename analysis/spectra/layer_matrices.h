/* The matrices of a layer by what they do, out of the tensors as they are stored: queries, keys and values may be one
 * tensor, head by head or kind by kind.
 */
#ifndef SPT_LAYER_MATRICES_H
#define SPT_LAYER_MATRICES_H

#include "analysis/forward/family.h"
#include "analysis/metric.h"

/* Some rows of a matrix, [rows, matrix.columns]: row i is the matrix's first + i / run * stride + i % run. */
struct spt_matrix_rows {
    struct spt_matrix matrix;
    size_t rows, first, run, stride;
};

/* which is any but SPT_MATRIX_HIDDEN. Of a family without it, matrix.data is NULL. Borrows what weights borrows.
 *   weights  [SPT_LAYER_ROLES] */
struct spt_matrix_rows spt_layer_matrix_of(const struct spt_weight *weights, const struct spt_model_config *config,
                                           enum spt_qkv_layout layout, enum spt_layer_matrix which);

/* Rows and columns of any of them, whether a checkpoint is open or not; of the hidden states the probe's tokens. */
void spt_layer_matrix_shape(const struct spt_model_config *config, size_t tokens, enum spt_layer_matrix which,
                            size_t *rows, size_t *columns);

#endif
