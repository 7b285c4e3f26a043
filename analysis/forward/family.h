/* An architecture: the tensors it is made of, and what a layer does with them.
 *
 * To add one: write families/<model_type>.c with a struct spt_family, add it to the table in family.c.
 */
#ifndef SPT_FORWARD_FAMILY_H
#define SPT_FORWARD_FAMILY_H

#include "analysis/forward/gemm.h"
#include "analysis/mask.h"
#include "checkpoints/model_config.h"

#define SPT_FAMILY_RANK_MAX 2

/* One side of a tensor, in terms of the config: the text is for whoever has to find out why they disagree. */
struct spt_axis {
    const char *text; /* "3 * hidden_size": the keys as config.json has them */
    size_t (*size)(const struct spt_model_config *config);
    bool at_least; /* the tensor may be longer: padding */
};

struct spt_tensor_row {
    const char *name; /* without the family's prefix; '*' stands for the layer's number */
    const struct spt_axis *shape[SPT_FAMILY_RANK_MAX];      /* [1] is NULL for vectors */
    bool (*present)(const struct spt_model_config *config); /* NULL: always */
};

/* A tensor as a layer sees it. All NULL when the config says that there is none. */
struct spt_weight {
    struct spt_matrix matrix;
    const float *vector; /* [count] for tensors of rank 1 */
};

struct spt_pass;

struct spt_family {
    const char *model_type;
    const char *prefix; /* of all names but the head's, unless the checkpoint is that of the bare model */
    enum spt_mask_kind mask;
    struct spt_tensor_row embedding; /* [vocabulary, hidden] */
    struct spt_tensor_row head;      /* [vocabulary, hidden], name without prefix; the embedding where they are tied */
    const struct spt_tensor_row *layer;
    size_t layer_count;
    const struct spt_tensor_row *final; /* read after the last layer */
    size_t final_count;
    /* Floats for each token of a block that run_layer keeps in pass->work. */
    size_t (*work)(const struct spt_model_config *config);
    /* Adds a layer to pass->block's rows of the residual stream.
     *   weights  [layer_count], in the order of the rows */
    enum spt_status (*run_layer)(struct spt_pass *pass, const struct spt_weight *weights, struct spt_error *error);
    /* What stands between the last layer and the head, on the whole residual stream.
     *   weights  [final_count] */
    enum spt_status (*run_final)(struct spt_pass *pass, const struct spt_weight *weights, struct spt_error *error);
};

extern const struct spt_family spt_family_gpt_neox;

/* The family of a model_type. SPT_UNSUPPORTED lists those that are known. */
enum spt_status spt_family_find(const char *model_type, const struct spt_family **family, struct spt_error *error);

#endif
