/* One forward pass of a transformer over the probe, layer by layer: weights are read, multiplied and forgotten.
 *
 * An architecture is one file in analysis/forward/families/ and one row in its table. Samples are packed ragged, no
 * padding; a layer runs on blocks of whole samples (about 2,500 tokens), and in a block attention and whatever watches
 * it are one OpenMP loop over (sample, up to SPT_HEAD_BATCH heads), longest samples first. Peak memory is one layer's
 * weights as they are stored (two with read-ahead), the residual stream [N, hidden] and the activations of one block,
 * whatever the depth. Every product is cut into tiles whose sizes do not depend on the number of threads, so neither do
 * the figures, to the bit.
 */
#ifndef SPT_FORWARD_H
#define SPT_FORWARD_H

#include "analysis/mask.h"
#include "analysis/probe.h"
#include "checkpoints/base/api.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/model_config.h"

#include <stdbool.h>
#include <stddef.h>

SPT_API_BEGIN

#define SPT_HEAD_BATCH 8

struct spt_weight; /* analysis/forward/family.h */

/* One head's vectors over a sample, where the pass has them; those of its KV head where heads share keys. */
struct spt_vectors {
    const float *query; /* [n, dimension] rows query_stride apart: as the scores see them, normed, clipped and turned */
    const float *key;   /* [n, dimension] rows kv_stride apart; likewise */
    const float *value; /* [n, dimension] rows kv_stride apart */
    size_t dimension, query_stride, kv_stride;
};

/* Some heads of one sample in one layer, as the softmax left them. Borrowed for the call. */
struct spt_attention {
    size_t layer, sample, first_head, heads, n;
    size_t thread;          /* 0 .. threads - 1: whose scratch may be used */
    const float *attention; /* [heads, n, n] row-major; hidden entries 0 */
    const float *max_logit; /* [heads] largest visible score as the softmax sees it; NAN where a row of attention is */
    const struct spt_vectors *vectors; /* [heads] what the matrices are made of */
};

/* Who watches the pass. Any function may be NULL. What is not SPT_OK ends the pass with that status.
 *
 * Of a layer are called, in this order: weights; for each block of samples attention, then sample, then again, each for
 * all of the block before the next; hidden; layer. What neither these nor an output is made of is not computed: for an
 * observer of weights alone a pass is one read of the tensors. */
struct spt_forward_observer {
    void *context;
    /* The layer's tensors, as they are stored. By one thread. weights [SPT_LAYER_ROLES], borrowed for the call. */
    enum spt_status (*weights)(void *context, size_t layer, const struct spt_weight *weights, struct spt_error *error);
    /* Called from many threads at once, in any order within a layer. */
    enum spt_status (*attention)(void *context, const struct spt_attention *attention, struct spt_error *error);
    /* All heads of the sample have been shown. From many threads at once; thread as in struct spt_attention. */
    enum spt_status (*sample)(void *context, size_t layer, size_t sample, size_t thread, struct spt_error *error);
    /* The second look: what attention was shown, to the bit, once what needs all heads of a sample is known. Scores and
     * softmax are computed again from the turned queries and keys (2 n^2 dimension flops a head), so that no matrix is
     * kept, whatever the model: on the bundled run this look and all that is measured in it add a sixth to the time of
     * sinks, rmt and topology. */
    enum spt_status (*again)(void *context, const struct spt_attention *attention, struct spt_error *error);
    /* The residual stream [N, hidden]: stage 0 the embedding, l + 1 after layer l, layers + 1 after the final norm
     * (where there is none, the same once more). By one thread. */
    enum spt_status (*hidden)(void *context, size_t stage, const float *x, struct spt_error *error);
    /* The layer is done. By one thread. */
    enum spt_status (*layer)(void *context, size_t layer, struct spt_error *error);
    /* Asked between pieces of work by any thread; true ends the pass with SPT_END. */
    bool (*stop)(void *context);
};

struct spt_forward_options {
    size_t threads;     /* 0: omp_get_max_threads() */
    bool no_read_ahead; /* read each layer only when it is its turn (for measurements) */
    bool no_loss;       /* leave the output head out */
    /* The pass ends after this many layers, without the final norm and the head; 0: it is whole. Of the weights only
     * what these layers and the probe's tokens need is read, so that spt_checkpoint_digest is of no use after it. */
    size_t layers;
    /* [layers] each [N]; not 0: a key that no query but its own sees in this layer. The observer is shown attention of
     * 0 there, and max_logit is of what is left. NULL: none. */
    const unsigned char *const *hidden_keys;
};

/* What the output says; caller-owned arrays, any may be NULL. */
struct spt_forward_output {
    double *loss;       /* [samples] mean next-token cross-entropy in nats; NAN for n = 1 and for encoders */
    double *total_loss; /* [samples] the sum of them; 0 for n = 1, NAN for encoders */
    float *stream;      /* [N, embedding_dim] what the output head is given (or would be) */
    /* Another pass's stream over the same probe, to be compared with: both go through the head together, which costs
     * it twice its products. The same stream gives the same bits, in a sample the same loss and a divergence of 0. */
    const float *other; /* [N, embedding_dim] */
    double *other_loss; /* [samples] as loss, of the other pass; set with other */
    double *divergence; /* [samples] mean over all n tokens of KL(other || this) of the next token's distribution, in
                              nats, >= 0; NAN where it is not finite; set with other */
};

/* Checks config against the tensors (names, shapes; SPT_INVALID names the key and both figures), the probe against
 * config (SPT_INVALID names the sample: a token id past the embedding, a sample longer than the positions), then runs.
 * NaN and infinite weights are computed with. Every tensor a whole pass uses is read whole once, so that
 * spt_checkpoint_digest covers it. */
enum spt_status spt_forward_run(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                const struct spt_probe *probe, const struct spt_forward_options *options,
                                const struct spt_forward_observer *observer, const struct spt_forward_output *output,
                                struct spt_error *error);

/* The first of these checks alone: config against the tensors. Reads no tensor data. */
enum spt_status spt_forward_check(const struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                  struct spt_error *error);

/* What a pass would read, read only to be hashed: *digest is that of a checkpoint that was analysed; *headless (may be
 * NULL) that without the output head, which spectail 0.1 gave a checkpoint whose loss was not measured. SPT_END: stop
 * (may be NULL) said so. Fails as spt_forward_check does, and as reading does. Costs one read of the tensors. */
enum spt_status spt_forward_digest(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                   bool (*stop)(void *context), void *context, struct spt_hash *digest,
                                   struct spt_hash *headless, struct spt_error *error);

/* The same for the output head alone, after a pass without loss: so that a checkpoint has one digest, whatever was
 * measured. A checkpoint without a head has nothing to read. */
enum spt_status spt_forward_hash_head(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                      bool (*stop)(void *context), void *context, struct spt_error *error);

/* The mask of a layer: kind, and the window (0 without one). A window that is not shorter than the longest sample hides
 * nothing from it and is none. */
void spt_forward_mask(const struct spt_model_config *config, size_t layer, size_t longest, enum spt_mask_kind *kind,
                      size_t *window);

SPT_API_END

#endif
