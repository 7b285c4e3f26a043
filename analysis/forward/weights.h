/* The tensors that a pass uses: found by name, checked against the config, and laid out in the order they are read.
 *
 *     spt_weights_find  ->  spt_weights_plan  ->  spt_weights_bind for each portion that was read
 *                       ->  spt_weights_release
 *
 * Portions come in this order: blocks of the embedding's rows, what is added to them, the layers one by one, the final
 * tensors, the head's bias where there is one, blocks of the head's rows. Nothing here reads tensor data.
 */
#ifndef SPT_FORWARD_WEIGHTS_H
#define SPT_FORWARD_WEIGHTS_H

#include "analysis/forward/family.h"
#include "analysis/forward/stream.h"

struct spt_weights {
    const struct spt_family *family;
    const struct spt_model_config *config;
    const struct spt_tensor *embedding;
    /* The embedding itself where they are tied, whatever head the file holds: so does transformers 4, and 5 unties one
     * that differs. NULL: left out. */
    const struct spt_tensor *head;
    const struct spt_tensor *head_bias;                       /* NULL: none, or left out */
    const struct spt_tensor *embeddings[SPT_EMBEDDING_ROLES]; /* NULL, here and below, where there is none */
    const struct spt_tensor **layer;                          /* [layers, SPT_LAYER_ROLES] */
    const struct spt_tensor *final[SPT_FINAL_ROLES];
    /* after spt_weights_plan */
    struct spt_piece *pieces;
    struct spt_portion *portions;
    size_t piece_count, portion_count;
    size_t embedding_portions; /* then one, config->layers, one final, and the head's */
    size_t bytes;              /* of the largest portion */
    size_t vector_floats;      /* of all vectors of a portion, at most */
};

/* Names are looked for with each of the family's prefixes, and in their older spelling (LayerNorm.gamma). A model
 * that predicts no next token has no head, whatever with_head says. SPT_INVALID: a tensor is missing (named), or has
 * another shape than the config asks for (tensor, its shape, the keys and what they ask for), or there are more
 * layers than the config says. SPT_UNSUPPORTED: a dtype that is not computed with. SPT_NOMEM. */
enum spt_status spt_weights_find(struct spt_weights *weights, const struct spt_checkpoint *checkpoint,
                                 const struct spt_family *family, const struct spt_model_config *config, bool with_head,
                                 struct spt_error *error);
void spt_weights_release(struct spt_weights *weights);

/* How the embedding and the head are read: at most block_bytes and most_rows at a time, in multiples of row_step rows
 * (at least one). SPT_NOMEM. */
enum spt_status spt_weights_plan(struct spt_weights *weights, size_t block_bytes, size_t most_rows, size_t row_step,
                                 struct spt_error *error);

/* Makes a portion of whole tensors usable: matrices point into bytes, vectors are turned into float32.
 *   transposed  matrices are stored [in, out]
 *   bytes       the portion's buffer
 *   tensors     [count] in the order of the portion's rows
 *   vectors     [vector_floats] where vectors are put
 *   out         [count] */
void spt_weights_bind(const struct spt_weights *weights, size_t portion, bool transposed, const unsigned char *bytes,
                      const struct spt_tensor *const *tensors, size_t count, float *vectors, struct spt_weight *out);

#endif
