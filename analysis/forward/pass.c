#include "analysis/forward/pass.h"

#include "analysis/forward/norm.h"
#include "analysis/forward/vector.h"

#include <math.h>

#define ADD_FLOATS 16384 /* of a task */

float *spt_pass_stream(const struct spt_pass *pass) {
    return pass->x + pass->block.first_token * pass->config->hidden;
}

enum spt_status spt_pass_layer_norm(const struct spt_pass *pass, const float *x, size_t tokens,
                                    const struct spt_weight *weight, const struct spt_weight *bias, float *y,
                                    struct spt_error *error) {
    const struct spt_layer_norm norm = {.tokens = tokens,
                                        .d = pass->config->hidden,
                                        .x = x,
                                        .weight = weight->vector,
                                        .bias = bias->vector,
                                        .epsilon = pass->config->norm_epsilon,
                                        .y = y};
    return spt_layer_norm_run(pass->team, &norm, error);
}

enum spt_status spt_pass_linear(const struct spt_pass *pass, const struct spt_weight *weight,
                                const struct spt_weight *bias, const float *x, float *y, struct spt_error *error) {
    const struct spt_gemm gemm = {.weight = weight->matrix,
                                  .bias = bias->vector,
                                  .tokens = pass->block.tokens,
                                  .x = x,
                                  .x_stride = weight->matrix.columns,
                                  .y = y,
                                  .y_stride = weight->matrix.rows};
    return spt_gemm_run(pass->team, &gemm, error);
}

enum spt_status spt_pass_attention(const struct spt_pass *pass, const struct spt_qkv *qkv, float *context,
                                   struct spt_error *error) {
    const struct spt_attend attend = {.team = pass->team,
                                      .probe = pass->probe,
                                      .observer = pass->observer,
                                      .rotary = pass->rotary.half ? &pass->rotary : NULL,
                                      .qkv = *qkv,
                                      .context = context,
                                      .layer = pass->layer,
                                      .heads = pass->config->heads,
                                      .head_dim = pass->config->head_dim,
                                      .scale = (float)(1 / sqrt((double)pass->config->head_dim)),
                                      .mask = pass->mask,
                                      .window = pass->window,
                                      .first_token = pass->block.first_token,
                                      .order = pass->block.order,
                                      .samples = pass->block.samples};
    return spt_attention_run(&attend, error);
}

struct addition {
    const float *x;
    float *y;
    size_t count;
};

SPT_VECTOR static void add(const float *restrict x, size_t count, float *restrict y) {
    for (size_t i = 0; i < count; i++) y[i] += x[i];
}

static enum spt_status add_some(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct addition *a = context;
    const size_t first = task * ADD_FLOATS;
    add(a->x + first, a->count - first < ADD_FLOATS ? a->count - first : ADD_FLOATS, a->y + first);
    (void)thread;
    (void)error;
    return SPT_OK;
}

enum spt_status spt_pass_add(const struct spt_pass *pass, const float *x, size_t count, float *y,
                             struct spt_error *error) {
    struct addition addition = {.x = x, .y = y, .count = count};
    return spt_team_run(pass->team, (count + ADD_FLOATS - 1) / ADD_FLOATS, add_some, &addition, error);
}

/* The MLP on tokens rows of the stream, x. */
static enum spt_status run_share(const struct spt_pass *pass, const struct spt_mlp *mlp, size_t tokens, float *x,
                                 const float *beside, struct spt_error *error) {
    const size_t hidden = pass->config->hidden, wide = pass->config->intermediate;
    const struct spt_gemm up = {.weight = mlp->up->matrix,
                                .bias = mlp->up_bias->vector,
                                .activate = spt_activation_of(pass->config->activation),
                                .tokens = tokens,
                                .x = pass->mlp_normed,
                                .x_stride = hidden,
                                .y = pass->mlp_wide,
                                .y_stride = wide};
    const struct spt_gemm down = {.weight = mlp->down->matrix,
                                  .bias = mlp->down_bias->vector,
                                  .tokens = tokens,
                                  .x = pass->mlp_wide,
                                  .x_stride = wide,
                                  .y = x,
                                  .y_stride = hidden,
                                  .add = true};
    enum spt_status status =
        spt_pass_layer_norm(pass, x, tokens, mlp->norm_weight, mlp->norm_bias, pass->mlp_normed, error);
    if (status == SPT_OK && beside) status = spt_pass_add(pass, beside, tokens * hidden, x, error);
    if (status == SPT_OK) status = spt_gemm_run(pass->team, &up, error);
    if (status == SPT_OK) status = spt_gemm_run(pass->team, &down, error);
    return status;
}

enum spt_status spt_pass_mlp(const struct spt_pass *pass, const struct spt_mlp *mlp, struct spt_error *error) {
    const size_t hidden = pass->config->hidden, share = spt_gemm_tile(pass->block.tokens, SPT_MLP_TOKENS);
    for (size_t first = 0; first < pass->block.tokens; first += share) {
        const size_t left = pass->block.tokens - first;
        const enum spt_status status =
            run_share(pass, mlp, left < share ? left : share, spt_pass_stream(pass) + first * hidden,
                      mlp->beside ? mlp->beside + first * hidden : NULL, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}
