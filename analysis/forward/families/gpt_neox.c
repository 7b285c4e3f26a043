/* GPT-NeoX (Black et al. 2022), as in Pythia (Biderman et al. 2023): LayerNorm, fused queries, keys and values stored
 * head by head as [q, k, v], partial rotary positions, attention and MLP side by side or one after the other.
 */
#include "analysis/forward/pass.h"

static size_t hidden(const struct spt_model_config *c) {
    return c->hidden;
}
static size_t fused(const struct spt_model_config *c) {
    return 3 * c->hidden;
}
static size_t intermediate(const struct spt_model_config *c) {
    return c->intermediate;
}
static size_t vocabulary(const struct spt_model_config *c) {
    return c->vocabulary;
}
static bool attention_bias(const struct spt_model_config *c) {
    return c->attention_bias;
}

static const struct spt_axis HIDDEN = {.text = "hidden_size", .size = hidden};
static const struct spt_axis FUSED = {.text = "3 * hidden_size", .size = fused};
static const struct spt_axis INTERMEDIATE = {.text = "intermediate_size", .size = intermediate};
static const struct spt_axis VOCABULARY = {.text = "vocab_size", .size = vocabulary, .at_least = true};

enum {
    IN_NORM,
    IN_NORM_BIAS,
    QKV,
    QKV_BIAS,
    DENSE,
    DENSE_BIAS,
    OUT_NORM,
    OUT_NORM_BIAS,
    UP,
    UP_BIAS,
    DOWN,
    DOWN_BIAS,
    LAYER_COUNT
};

static const struct spt_tensor_row LAYER[LAYER_COUNT] = {
    [IN_NORM] = {"layers.*.input_layernorm.weight", {&HIDDEN}, NULL},
    [IN_NORM_BIAS] = {"layers.*.input_layernorm.bias", {&HIDDEN}, NULL},
    [QKV] = {"layers.*.attention.query_key_value.weight", {&FUSED, &HIDDEN}, NULL},
    [QKV_BIAS] = {"layers.*.attention.query_key_value.bias", {&FUSED}, attention_bias},
    [DENSE] = {"layers.*.attention.dense.weight", {&HIDDEN, &HIDDEN}, NULL},
    [DENSE_BIAS] = {"layers.*.attention.dense.bias", {&HIDDEN}, attention_bias},
    [OUT_NORM] = {"layers.*.post_attention_layernorm.weight", {&HIDDEN}, NULL},
    [OUT_NORM_BIAS] = {"layers.*.post_attention_layernorm.bias", {&HIDDEN}, NULL},
    [UP] = {"layers.*.mlp.dense_h_to_4h.weight", {&INTERMEDIATE, &HIDDEN}, NULL},
    [UP_BIAS] = {"layers.*.mlp.dense_h_to_4h.bias", {&INTERMEDIATE}, NULL},
    [DOWN] = {"layers.*.mlp.dense_4h_to_h.weight", {&HIDDEN, &INTERMEDIATE}, NULL},
    [DOWN_BIAS] = {"layers.*.mlp.dense_4h_to_h.bias", {&HIDDEN}, NULL},
};

enum { FINAL_NORM, FINAL_NORM_BIAS, FINAL_COUNT };

static const struct spt_tensor_row FINAL[FINAL_COUNT] = {
    [FINAL_NORM] = {"final_layer_norm.weight", {&HIDDEN}, NULL},
    [FINAL_NORM_BIAS] = {"final_layer_norm.bias", {&HIDDEN}, NULL},
};

/* What goes into the queries (later the context vectors), and the queries, keys and values (later what attention adds).
 */
static size_t work(const struct spt_model_config *c) {
    return c->hidden + 3 * c->hidden;
}

static enum spt_status run_layer(struct spt_pass *pass, const struct spt_weight *w, struct spt_error *error) {
    const size_t d = pass->config->hidden, head = pass->config->head_dim, tokens = pass->block.tokens;
    float *stream = spt_pass_stream(pass), *normed = pass->work, *fused_qkv = normed + tokens * d;
    float *context = normed, *attended = fused_qkv;
    const struct spt_qkv qkv = {.query = fused_qkv,
                                .key = fused_qkv + head,
                                .value = fused_qkv + 2 * head,
                                .token_stride = 3 * d,
                                .head_stride = 3 * head};
    const bool parallel = pass->config->parallel_residual;
    const struct spt_mlp mlp = {.norm_weight = &w[OUT_NORM],
                                .norm_bias = &w[OUT_NORM_BIAS],
                                .up = &w[UP],
                                .up_bias = &w[UP_BIAS],
                                .down = &w[DOWN],
                                .down_bias = &w[DOWN_BIAS],
                                .beside = parallel ? attended : NULL};
    enum spt_status status = spt_pass_layer_norm(pass, stream, tokens, &w[IN_NORM], &w[IN_NORM_BIAS], normed, error);
    if (status == SPT_OK) status = spt_pass_linear(pass, &w[QKV], &w[QKV_BIAS], normed, fused_qkv, error);
    if (status == SPT_OK) status = spt_pass_attention(pass, &qkv, context, error);
    if (status == SPT_OK) status = spt_pass_linear(pass, &w[DENSE], &w[DENSE_BIAS], context, attended, error);
    if (status == SPT_OK && !parallel) status = spt_pass_add(pass, attended, tokens * d, stream, error);
    if (status == SPT_OK) status = spt_pass_mlp(pass, &mlp, error);
    return status;
}

static enum spt_status run_final(struct spt_pass *pass, const struct spt_weight *w, struct spt_error *error) {
    return spt_pass_layer_norm(pass, pass->x, pass->probe->tokens, &w[FINAL_NORM], &w[FINAL_NORM_BIAS], pass->x, error);
}

const struct spt_family spt_family_gpt_neox = {
    .model_type = "gpt_neox",
    .prefix = "gpt_neox.",
    .mask = SPT_MASK_CAUSAL,
    .embedding = {"embed_in.weight", {&VOCABULARY, &HIDDEN}, NULL},
    .head = {"embed_out.weight", {&VOCABULARY, &HIDDEN}, NULL},
    .layer = LAYER,
    .layer_count = LAYER_COUNT,
    .final = FINAL,
    .final_count = FINAL_COUNT,
    .work = work,
    .run_layer = run_layer,
    .run_final = run_final,
};
