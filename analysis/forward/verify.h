/* How far a forward pass is from a reference implementation's, sample by sample. */
#ifndef SPT_VERIFY_H
#define SPT_VERIFY_H

#include "analysis/forward/forward.h"

struct spt_verify_place {
    size_t sample, layer, head;
    size_t row, column; /* query and key; token and dimension */
};

/* Largest errors and where they are. What is NaN on one side only counts as INFINITY, on both as 0. */
struct spt_verify_errors {
    size_t samples;   /* that the reference holds */
    double attention; /* largest |difference| of an entry */
    double hidden;    /* largest |difference| over the largest |reference| of the same sample and layer */
    double loss;      /* |difference| in nats; 0 without one */
    bool has_loss;    /* a sample has one: not those of one token, nor any of an encoder */
    struct spt_verify_place attention_at;
    struct spt_verify_place hidden_at; /* layer 0 is the embedding; head is 0 */
    size_t loss_sample;
};

/* Runs the tokens of a reference file through the model and compares. The reference holds, for i = 0, 1, ...:
 *   ids_<i>             [n] I32 or I64
 *   attn_<i>_<layer>    [heads, n, n]
 *   hidden_<i>_<layer>  [n, hidden], layer 0 .. layers: 0 the embedding, the last after the final norm
 *   loss_<i>            one number, mean next-token cross-entropy in nats; not looked for when n = 1 or attention is
 *                       bidirectional
 *
 * SPT_INVALID: no ids_0; a tensor is missing, has another shape or is not of numbers. Else as spt_forward_run. All of
 * the reference is held in memory as float32. */
enum spt_status spt_forward_verify(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                   struct spt_checkpoint *reference, const struct spt_forward_options *options,
                                   struct spt_verify_errors *errors, struct spt_error *error);

#endif
