/* What a layer is made of: the steps that all architectures share. Each runs on the whole team and ends with SPT_END
 * when asked to stop. Weights are named by their role; a tensor that is absent is a
 * bias of 0, a norm's weight of 1. */
#ifndef SPT_FORWARD_PASS_H
#define SPT_FORWARD_PASS_H

#include "analysis/forward/attention.h"
#include "analysis/forward/family.h"
#include "analysis/forward/forward.h"

/* Tokens of a block (whole samples; one long sample may have more) and of the MLP's share of it: small enough for
 * memory not to depend on the probe, large enough for the conversion of weights, done once a tile, not to be felt. */
#define SPT_BLOCK_TOKENS 2560
#define SPT_MLP_TOKENS   768

/* The samples that a layer is run on at a time. */
struct spt_block {
    size_t first_token, tokens;
    const size_t *order; /* [samples] longest first */
    size_t samples;
};

struct spt_pass {
    const struct spt_model_config *config;
    const struct spt_family *family;
    const struct spt_probe *probe;
    const struct spt_forward_observer *observer;
    const struct spt_team *team;
    struct spt_rotary rotary;
    enum spt_mask_kind mask;
    size_t window;
    size_t layer;
    const unsigned char *hidden; /* [N] keys that only their own query sees in this layer; NULL: none */
    struct spt_block block;
    float *x;          /* [N, hidden] the residual stream */
    float *narrow;     /* [N, embedding_dim] where that is another width; else NULL */
    float *work;       /* [block, spt_layer_work] the layer's own */
    float *mlp_normed; /* [SPT_MLP_TOKENS, hidden] */
    float *mlp_gate;   /* [SPT_MLP_TOKENS, intermediate] where MLPs have gates; else NULL */
    float *mlp_wide;   /* [SPT_MLP_TOKENS, intermediate] */
};

/* The block's rows of the residual stream. [block.tokens, hidden] */
float *spt_pass_stream(const struct spt_pass *pass);

/* y [rows, d] = the family's norm of x [rows, d]; weight[0] [d] and the bias weight[1]. y may be x. */
enum spt_status spt_pass_norm(const struct spt_pass *pass, const float *x, size_t rows, size_t d,
                              const struct spt_weight *weight, float *y, struct spt_error *error);

/* y [tokens, out] = x [tokens, in] w^T + bias, to be run; weight[0] and the bias weight[1]. */
struct spt_gemm spt_pass_product(const struct spt_weight *weight, size_t tokens, const float *x, float *y);

/* The same, run. */
enum spt_status spt_pass_linear(const struct spt_pass *pass, const struct spt_weight *weight, size_t tokens,
                                const float *x, float *y, struct spt_error *error);

/* y [count] += x [count] */
enum spt_status spt_pass_add(const struct spt_pass *pass, const float *x, size_t count, float *y,
                             struct spt_error *error);

/* x [count] cut off at +- limit; NaN stays. */
enum spt_status spt_pass_clip(const struct spt_pass *pass, float *x, size_t count, float limit,
                              struct spt_error *error);

#endif
