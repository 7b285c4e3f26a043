#include "analysis/spectra/layer_matrices.h"

#include "analysis/forward/families/axes.h"

typedef size_t size_of(const struct spt_model_config *config);

/* [rows, columns] and the tensor, where it has one to itself. */
static const struct {
    enum spt_layer_role role;
    size_of *rows, *columns;
} MATRICES[SPT_LAYER_MATRICES] = {
    [SPT_MATRIX_HIDDEN] = {SPT_LAYER_ROLES, NULL, spt_size_hidden},
    [SPT_MATRIX_QUERY] = {SPT_QUERY, spt_size_queries, spt_size_hidden},
    [SPT_MATRIX_KEY] = {SPT_KEY, spt_size_keys, spt_size_hidden},
    [SPT_MATRIX_VALUE] = {SPT_VALUE, spt_size_keys, spt_size_hidden},
    [SPT_MATRIX_OUTPUT] = {SPT_OUT, spt_size_hidden, spt_size_queries},
    [SPT_MATRIX_MLP_UP] = {SPT_UP, spt_size_intermediate, spt_size_hidden},
    [SPT_MATRIX_MLP_GATE] = {SPT_GATE, spt_size_intermediate, spt_size_hidden},
    [SPT_MATRIX_MLP_DOWN] = {SPT_DOWN, spt_size_hidden, spt_size_intermediate},
};

/* Queries, keys or values, in that order, of the tensor that holds all three. */
static struct spt_matrix_rows part_of(const struct spt_matrix *fused, const struct spt_model_config *config,
                                      enum spt_qkv_layout layout, size_t kind) {
    const size_t queries = spt_size_queries(config), keys = spt_size_keys(config), head = config->head_dim;
    const size_t rows = kind ? keys : queries;
    if (layout == SPT_QKV_BY_HEAD)
        return (struct spt_matrix_rows){*fused, .rows = rows, .first = kind * head, .run = head, .stride = 3 * head};
    const size_t first = kind ? queries + (kind - 1) * keys : 0;
    return (struct spt_matrix_rows){*fused, .rows = rows, .first = first, .run = rows, .stride = rows};
}

struct spt_matrix_rows spt_layer_matrix_of(const struct spt_weight *weights, const struct spt_model_config *config,
                                           enum spt_qkv_layout layout, enum spt_layer_matrix which) {
    const struct spt_matrix *own = &weights[MATRICES[which].role].matrix, *fused = &weights[SPT_QKV].matrix;
    if (!own->data && fused->data && which >= SPT_MATRIX_QUERY && which <= SPT_MATRIX_VALUE)
        return part_of(fused, config, layout, (size_t)(which - SPT_MATRIX_QUERY));
    return (struct spt_matrix_rows){*own, .rows = own->rows, .run = own->rows, .stride = own->rows};
}

void spt_layer_matrix_shape(const struct spt_model_config *config, size_t tokens, enum spt_layer_matrix which,
                            size_t *rows, size_t *columns) {
    *rows = MATRICES[which].rows ? MATRICES[which].rows(config) : tokens;
    *columns = MATRICES[which].columns(config);
}
