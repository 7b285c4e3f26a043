#include "analysis/forward/layer.h"

#include "analysis/forward/families/axes.h"

#include <math.h>

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* What goes into the queries (later the context vectors), and the queries, keys and values (later what attention
 * adds). */
static size_t input_width(const struct spt_model_config *c) {
    return larger(c->hidden, spt_size_queries(c));
}

size_t spt_layer_work(const struct spt_model_config *c) {
    return input_width(c) + larger(spt_size_queries(c) + 2 * spt_size_keys(c), c->hidden);
}

static enum spt_norm_place place_of(const struct spt_pass *pass) {
    return spt_family_norm_place(pass->family, pass->config);
}

/* What a part of the layer takes: the stream x [tokens, hidden], or its norm, in normed or, where that goes on in the
 * stream too, in x itself. */
static enum spt_status take(const struct spt_pass *pass, const struct spt_weight *norm, size_t tokens, float *x,
                            float *normed, const float **input, struct spt_error *error) {
    const bool itself = place_of(pass) != SPT_NORM_OF_INPUT;
    float *to = pass->config->residual_of_norm ? x : normed;
    *input = itself ? x : to;
    return itself ? SPT_OK : spt_pass_norm(pass, x, tokens, pass->config->hidden, norm, to, error);
}

/* --- attention --- */

/* Where spt_pass_linear puts them: one behind the other where each has a matrix of its own, else as the matrix has
 * them. */
static struct spt_qkv lay_out(const struct spt_pass *pass, const struct spt_weight *w, float *qkv) {
    const struct spt_model_config *c = pass->config;
    const size_t q = spt_size_queries(c), k = spt_size_keys(c), head = c->head_dim, tokens = pass->block.tokens;
    if (!w[SPT_QKV].matrix.data)
        return (struct spt_qkv){.query = qkv,
                                .key = qkv + tokens * q,
                                .value = qkv + tokens * (q + k),
                                .query_stride = q,
                                .query_head_stride = head,
                                .kv_stride = k,
                                .kv_head_stride = head};
    const bool by_head = pass->family->qkv == SPT_QKV_BY_HEAD;
    return (struct spt_qkv){.query = qkv,
                            .key = qkv + (by_head ? head : q),
                            .value = qkv + (by_head ? 2 * head : q + k),
                            .query_stride = q + 2 * k,
                            .query_head_stride = by_head ? 3 * head : head,
                            .kv_stride = q + 2 * k,
                            .kv_head_stride = by_head ? 3 * head : head};
}

static enum spt_status project(const struct spt_pass *pass, const struct spt_weight *w, const float *input,
                               const struct spt_qkv *qkv, struct spt_error *error) {
    const size_t tokens = pass->block.tokens;
    if (w[SPT_QKV].matrix.data) return spt_pass_linear(pass, &w[SPT_QKV], tokens, input, qkv->query, error);
    enum spt_status status = spt_pass_linear(pass, &w[SPT_QUERY], tokens, input, qkv->query, error);
    if (status == SPT_OK) status = spt_pass_linear(pass, &w[SPT_KEY], tokens, input, qkv->key, error);
    if (status == SPT_OK) status = spt_pass_linear(pass, &w[SPT_VALUE], tokens, input, qkv->value, error);
    return status;
}

/* Only architectures with matrices of their own normalise queries and keys: they lie without gaps. */
static enum spt_status norm_queries_and_keys(const struct spt_pass *pass, const struct spt_weight *w,
                                             const struct spt_qkv *qkv, struct spt_error *error) {
    const struct spt_model_config *c = pass->config;
    const bool whole = pass->family->qk_norm == SPT_QK_NORM_OF_ALL_HEADS;
    const size_t tokens = pass->block.tokens;
    if (!w[SPT_QUERY_NORM].vector) return SPT_OK;
    const enum spt_status status =
        spt_pass_norm(pass, qkv->query, whole ? tokens : tokens * c->heads, whole ? spt_size_queries(c) : c->head_dim,
                      &w[SPT_QUERY_NORM], qkv->query, error);
    if (status != SPT_OK) return status;
    return spt_pass_norm(pass, qkv->key, whole ? tokens : tokens * c->kv_heads, whole ? spt_size_keys(c) : c->head_dim,
                         &w[SPT_KEY_NORM], qkv->key, error);
}

static float scale_of(const struct spt_pass *pass) {
    const double scale = pass->config->unscaled_attention ? 1 : 1 / sqrt((double)pass->config->head_dim);
    return (float)(pass->config->attention_by_layer ? scale / (double)(pass->layer + 1) : scale);
}

static enum spt_status attend(const struct spt_pass *pass, const struct spt_qkv *qkv, float *context,
                              struct spt_error *error) {
    const struct spt_attend attend = {.team = pass->team,
                                      .probe = pass->probe,
                                      .observer = pass->observer,
                                      .rotary = pass->rotary.half ? &pass->rotary : NULL,
                                      .qkv = *qkv,
                                      .context = context,
                                      .layer = pass->layer,
                                      .heads = pass->config->heads,
                                      .kv_heads = pass->config->kv_heads,
                                      .head_dim = pass->config->head_dim,
                                      .scale = scale_of(pass),
                                      .alibi = pass->family->alibi,
                                      .mask = pass->mask,
                                      .window = pass->window,
                                      .hidden = pass->hidden,
                                      .first_token = pass->block.first_token,
                                      .order = pass->block.order,
                                      .samples = pass->block.samples};
    return spt_attention_run(&attend, error);
}

/* attended [block.tokens, hidden] out, not yet added. */
static enum spt_status run_attention(const struct spt_pass *pass, const struct spt_weight *w, float **attended,
                                     struct spt_error *error) {
    const struct spt_model_config *c = pass->config;
    const size_t tokens = pass->block.tokens;
    float *normed = pass->work, *context = normed, *buffer = normed + tokens * input_width(c);
    const struct spt_qkv qkv = lay_out(pass, w, buffer);
    const float *input;
    *attended = buffer;
    enum spt_status status = take(pass, &w[SPT_ATTENTION_NORM], tokens, spt_pass_stream(pass), normed, &input, error);
    if (status == SPT_OK) status = project(pass, w, input, &qkv, error);
    if (status == SPT_OK && c->clip_qkv > 0)
        status = spt_pass_clip(pass, buffer, tokens * (spt_size_queries(c) + 2 * spt_size_keys(c)), (float)c->clip_qkv,
                               error);
    if (status == SPT_OK) status = norm_queries_and_keys(pass, w, &qkv, error);
    if (status == SPT_OK) status = attend(pass, &qkv, context, error);
    if (status == SPT_OK) status = spt_pass_linear(pass, &w[SPT_OUT], tokens, context, *attended, error);
    if (status == SPT_OK && place_of(pass) == SPT_NORM_OF_OUTPUT)
        status = spt_pass_norm(pass, *attended, tokens, c->hidden, &w[SPT_ATTENTION_NORM], *attended, error);
    return status;
}

/* --- MLP --- */

/* pass->mlp_wide [tokens, intermediate] of input [tokens, hidden] */
static enum spt_status widen(const struct spt_pass *pass, const struct spt_weight *w, size_t tokens, const float *input,
                             struct spt_error *error) {
    const bool gated = w[SPT_GATE].matrix.data;
    struct spt_gemm up = spt_pass_product(&w[SPT_UP], tokens, input, pass->mlp_wide);
    spt_activate *activate = spt_activation_of(pass->config->activation);
    if (gated) {
        struct spt_gemm gate = spt_pass_product(&w[SPT_GATE], tokens, input, pass->mlp_gate);
        gate.activate = activate;
        const enum spt_status status = spt_gemm_run(pass->team, &gate, error);
        if (status != SPT_OK) return status;
        up.times = pass->mlp_gate;
    } else {
        up.activate = activate;
    }
    return spt_gemm_run(pass->team, &up, error);
}

/* The MLP on tokens rows of the stream, x; beside [tokens, hidden] is added after x has been read, NULL: nothing. */
static enum spt_status run_share(const struct spt_pass *pass, const struct spt_weight *w, size_t tokens, float *x,
                                 const float *beside, struct spt_error *error) {
    const size_t hidden = pass->config->hidden;
    const enum spt_norm_place place = place_of(pass);
    const struct spt_weight *norm = &w[pass->family->one_norm ? SPT_ATTENTION_NORM : SPT_MLP_NORM];
    const float *input;
    enum spt_status status = take(pass, norm, tokens, x, pass->mlp_normed, &input, error);
    if (status == SPT_OK && beside) status = spt_pass_add(pass, beside, tokens * hidden, x, error);
    if (status == SPT_OK) status = widen(pass, w, tokens, input, error);
    if (status != SPT_OK) return status;
    struct spt_gemm down = spt_pass_product(&w[SPT_DOWN], tokens, pass->mlp_wide, x);
    down.add = place != SPT_NORM_OF_OUTPUT;
    if (!down.add) down.y = pass->mlp_normed; /* its input was x */
    status = spt_gemm_run(pass->team, &down, error);
    if (status != SPT_OK || place == SPT_NORM_OF_INPUT) return status;
    status = spt_pass_norm(pass, down.y, tokens, hidden, norm, down.y, error);
    if (status != SPT_OK || place == SPT_NORM_OF_SUM) return status;
    return spt_pass_add(pass, down.y, tokens * hidden, x, error);
}

/* SPT_MLP_TOKENS at a time. */
static enum spt_status run_mlp(const struct spt_pass *pass, const struct spt_weight *w, const float *beside,
                               struct spt_error *error) {
    const size_t hidden = pass->config->hidden, share = spt_gemm_tile(pass->block.tokens, SPT_MLP_TOKENS);
    for (size_t first = 0; first < pass->block.tokens; first += share) {
        const size_t left = pass->block.tokens - first;
        const enum spt_status status =
            run_share(pass, w, left < share ? left : share, spt_pass_stream(pass) + first * hidden,
                      beside ? beside + first * hidden : NULL, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

enum spt_status spt_layer_run(const struct spt_pass *pass, const struct spt_weight *w, struct spt_error *error) {
    const size_t hidden = pass->config->hidden, tokens = pass->block.tokens;
    const bool parallel = pass->config->parallel_residual;
    float *stream = spt_pass_stream(pass), *attended;
    enum spt_status status = run_attention(pass, w, &attended, error);
    if (status == SPT_OK && !parallel) status = spt_pass_add(pass, attended, tokens * hidden, stream, error);
    if (status == SPT_OK && place_of(pass) == SPT_NORM_OF_SUM)
        status = spt_pass_norm(pass, stream, tokens, hidden, &w[SPT_ATTENTION_NORM], stream, error);
    if (status == SPT_OK) status = run_mlp(pass, w, parallel ? attended : NULL, error);
    return status;
}
