#include "analysis/forward/pass.h"

#include "analysis/forward/vector.h"

#define FLOATS 16384 /* of a task */

float *spt_pass_stream(const struct spt_pass *pass) {
    return pass->x + pass->block.first_token * pass->config->hidden;
}

enum spt_status spt_pass_norm(const struct spt_pass *pass, const float *x, size_t rows, size_t d,
                              const struct spt_weight *weight, float *y, struct spt_error *error) {
    const struct spt_norm norm = {.kind = pass->family->norm,
                                  .rows = rows,
                                  .d = d,
                                  .x = x,
                                  .weight = weight[0].vector,
                                  .bias = weight[1].vector,
                                  .epsilon = pass->config->norm_epsilon,
                                  .y = y};
    return spt_norm_run(pass->team, &norm, error);
}

struct spt_gemm spt_pass_product(const struct spt_weight *weight, size_t tokens, const float *x, float *y) {
    return (struct spt_gemm){.weight = weight[0].matrix,
                             .bias = weight[1].vector,
                             .tokens = tokens,
                             .x = x,
                             .x_stride = weight[0].matrix.columns,
                             .y = y,
                             .y_stride = weight[0].matrix.rows};
}

enum spt_status spt_pass_linear(const struct spt_pass *pass, const struct spt_weight *weight, size_t tokens,
                                const float *x, float *y, struct spt_error *error) {
    const struct spt_gemm gemm = spt_pass_product(weight, tokens, x, y);
    return spt_gemm_run(pass->team, &gemm, error);
}

struct sweep {
    const float *x;
    float *y;
    size_t count;
    float limit;
};

static size_t floats_of(const struct sweep *s, size_t first) {
    return s->count - first < FLOATS ? s->count - first : FLOATS;
}

SPT_VECTOR static void add(const float *restrict x, size_t count, float *restrict y) {
    for (size_t i = 0; i < count; i++) y[i] += x[i];
}

SPT_VECTOR static void clip(float *y, size_t count, float limit) {
    for (size_t i = 0; i < count; i++) {
        y[i] = y[i] > limit ? limit : y[i];
        y[i] = y[i] < -limit ? -limit : y[i];
    }
}

static enum spt_status add_some(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct sweep *s = context;
    const size_t first = task * FLOATS;
    add(s->x + first, floats_of(s, first), s->y + first);
    (void)thread;
    (void)error;
    return SPT_OK;
}

static enum spt_status clip_some(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct sweep *s = context;
    const size_t first = task * FLOATS;
    clip(s->y + first, floats_of(s, first), s->limit);
    (void)thread;
    (void)error;
    return SPT_OK;
}

enum spt_status spt_pass_add(const struct spt_pass *pass, const float *x, size_t count, float *y,
                             struct spt_error *error) {
    struct sweep sweep = {.x = x, .y = y, .count = count};
    return spt_team_run(pass->team, (count + FLOATS - 1) / FLOATS, add_some, &sweep, error);
}

enum spt_status spt_pass_clip(const struct spt_pass *pass, float *x, size_t count, float limit,
                              struct spt_error *error) {
    struct sweep sweep = {.y = x, .count = count, .limit = limit};
    return spt_team_run(pass->team, (count + FLOATS - 1) / FLOATS, clip_some, &sweep, error);
}
