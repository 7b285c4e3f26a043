/* Attention itself, of one sample: what an analysis measures and forgets, computed again for whoever wants to look.
 *
 *     spt_sample_attention_compute  ->  read  ->  spt_sample_attention_release
 *
 * The forward pass runs on that sample alone and ends after the last layer that is asked for; of the checkpoint no more
 * is read. Told among how many tokens an analysis saw the sample, it sees what the analysis saw, to the bit wherever
 * BLAS takes the same kernel for both (test_sample_attention: on every model tried); without that, to a few millionths.
 */
#ifndef SPT_SAMPLE_ATTENTION_H
#define SPT_SAMPLE_ATTENTION_H

#include "analysis/forward/forward.h"
#include "analysis/plan.h"

#include <stdbool.h>
#include <stddef.h>

/* Which matrices are kept. What keys receive is always computed for every head. */
enum spt_sample_matrices {
    SPT_MATRICES_NONE,
    SPT_MATRICES_MEAN, /* of each layer the mean over its heads: [layers, n, n] */
    SPT_MATRICES_HEAD, /* of each layer one head's: [layers, n, n] */
    SPT_MATRICES_ALL,  /* [layers, heads, n, n] */
};

struct spt_sample_request {
    const int32_t *ids;   /* [n] */
    size_t n;             /* >= 1 */
    size_t among;         /* tokens of the probe that the sample is one of; 0: it is of none */
    size_t first, layers; /* layers first .. first + layers - 1, layers >= 1 */
    enum spt_sample_matrices matrices;
    size_t head; /* of SPT_MATRICES_HEAD */
    enum spt_references references;
    size_t threads; /* 0: all */
    bool no_read_ahead;
    bool (*stop)(void *context); /* asked between pieces of work: true ends it with SPT_END; may be NULL */
    void *context;
};

struct spt_sample_attention {
    size_t n, first, layers, heads; /* layers of the model: first .. first + layers - 1 */
    bool bidirectional;
    float *matrices;             /* as struct spt_sample_request has it; hidden entries 0; NULL: none kept */
    double *received;            /* [layers, heads, n] c_k */
    double *uniform;             /* [layers, n] u_k: what uniform attention would give */
    unsigned char *is_reference; /* [layers, n] 1 for the layer's reference tokens; none where a head is not finite */
    unsigned char *finite;       /* [layers, heads] 0: the head's matrix holds a NAN or an infinity */
    size_t *window;              /* [layers] keys that a query sees at most */
};

/* SPT_INVALID: no such layer or head (says which there are), tokens that the model does not take; else as
 * spt_forward_run. After a failure there is nothing to release. Memory: the heads' matrices of a layer in
 * double, 8 heads n^2 bytes, half as much again for the mean over heads, beside what is kept and what the pass needs. */
enum spt_status spt_sample_attention_compute(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                             const struct spt_sample_request *request,
                                             struct spt_sample_attention *attention, struct spt_error *error);
void spt_sample_attention_release(struct spt_sample_attention *attention);

#endif
