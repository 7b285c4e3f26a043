/* What a layer is made of: the steps that the families share. Each runs on the whole team and ends with SPT_END when
 * asked to stop. */
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
    const struct spt_probe *probe;
    const struct spt_forward_observer *observer;
    const struct spt_team *team;
    struct spt_rotary rotary;
    enum spt_mask_kind mask;
    size_t window;
    size_t layer;
    struct spt_block block;
    float *x;          /* [N, hidden] the residual stream */
    float *work;       /* [block, family->work] the family's own */
    float *mlp_normed; /* [SPT_MLP_TOKENS, hidden] */
    float *mlp_wide;   /* [SPT_MLP_TOKENS, intermediate] */
};

/* The block's rows of the residual stream. [block.tokens, hidden] */
float *spt_pass_stream(const struct spt_pass *pass);

/* y [tokens, d] = LayerNorm of x [tokens, d] */
enum spt_status spt_pass_layer_norm(const struct spt_pass *pass, const float *x, size_t tokens,
                                    const struct spt_weight *weight, const struct spt_weight *bias, float *y,
                                    struct spt_error *error);

/* y [block.tokens, out] = x [block.tokens, in] w^T + bias */
enum spt_status spt_pass_linear(const struct spt_pass *pass, const struct spt_weight *weight,
                                const struct spt_weight *bias, const float *x, float *y, struct spt_error *error);

/* Rotates, attends, observes. context [block.tokens, hidden] out. */
enum spt_status spt_pass_attention(const struct spt_pass *pass, const struct spt_qkv *qkv, float *context,
                                   struct spt_error *error);

/* y [count] += x [count] */
enum spt_status spt_pass_add(const struct spt_pass *pass, const float *x, size_t count, float *y,
                             struct spt_error *error);

struct spt_mlp {
    const struct spt_weight *norm_weight, *norm_bias;
    const struct spt_weight *up, *up_bias;     /* [intermediate, hidden] */
    const struct spt_weight *down, *down_bias; /* [hidden, intermediate] */
    const float *beside; /* [block.tokens, hidden] added to the stream after it has been normalised; NULL: nothing */
};

/* stream += down(activation(up(LayerNorm(stream)))) + beside, SPT_MLP_TOKENS at a time. */
enum spt_status spt_pass_mlp(const struct spt_pass *pass, const struct spt_mlp *mlp, struct spt_error *error);

#endif
