#include "analysis/forward/output_pair.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

#define MERGE_TOKENS 256 /* of a task */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static void find_targets(struct spt_output_pair *pair) {
    const struct spt_probe *probe = pair->probe;
    for (size_t s = 0; s < probe->samples; s++)
        for (size_t t = probe->offset[s]; t < probe->offset[s + 1]; t++)
            pair->target[t] = t + 1 < probe->offset[s + 1] ? probe->ids[t + 1] : -1;
}

static const struct spt_running_pair NOTHING = {.p = {.max = -INFINITY}, .q = {.max = -INFINITY}};

enum spt_status spt_output_pair_init(struct spt_output_pair *pair, const struct spt_team *team,
                                     const struct spt_probe *probe, const float *p, const float *q, size_t hidden,
                                     struct spt_error *error) {
    const size_t tokens = probe->tokens, tiles = SPT_HEAD_ROWS / SPT_GEMM_ROWS + 1; /* as in spt_output_head_init */
    *pair = (struct spt_output_pair){
        .team = team,
        .probe = probe,
        .hidden = hidden,
        .p = p,
        .q = q,
        .target = spt_alloc(tokens, sizeof(int32_t)),
        .logit_p = spt_alloc_zeroed(tokens, sizeof(float)),
        .logit_q = spt_alloc_zeroed(tokens, sizeof(float)),
        .state = spt_alloc(tokens, sizeof(struct spt_running_pair)),
        .partial = spt_alloc(tokens, tiles * sizeof(struct spt_running_pair)),
    };
    if (!pair->target || !pair->logit_p || !pair->logit_q || !pair->state || !pair->partial) {
        spt_output_pair_release(pair);
        return spt_fail_memory(error, tokens * (tiles + 2) * sizeof(struct spt_running_pair), "two output heads");
    }
    for (size_t t = 0; t < tokens; t++) pair->state[t] = NOTHING;
    find_targets(pair);
    return SPT_OK;
}

void spt_output_pair_release(struct spt_output_pair *pair) {
    free(pair->target);
    free(pair->logit_p);
    free(pair->logit_q);
    free(pair->state);
    free(pair->partial);
    *pair = (struct spt_output_pair){0};
}

struct job {
    struct spt_output_pair *pair;
    struct spt_gemm gemm; /* x is that of p or of q */
    size_t first_row, token_tile, row_tile, row_tiles;
};

static struct spt_running_pair part_of(const float *x, const float *y, size_t count) {
    struct spt_running_pair part = {.p = spt_softmax_part(x, count), .q = spt_softmax_part(y, count)};
    if (part.p.max != -INFINITY) part.gap = spt_softmax_gap(x, y, count, (float)part.p.max);
    return part;
}

static struct spt_running_pair merge(const struct spt_running_pair *a, const struct spt_running_pair *b) {
    struct spt_running_pair both = {.p = spt_softmax_merge(a->p, b->p), .q = spt_softmax_merge(a->q, b->q)};
    if (a->p.max != -INFINITY) both.gap += a->gap * exp(a->p.max - both.p.max);
    if (b->p.max != -INFINITY) both.gap += b->gap * exp(b->p.max - both.p.max);
    return both;
}

static enum spt_status run_tile(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct job *job = context;
    struct spt_output_pair *pair = job->pair;
    struct spt_gemm of_p = job->gemm, of_q = job->gemm;
    const size_t count = pair->probe->tokens;
    const size_t token = task / job->row_tiles * job->token_tile, tile = task % job->row_tiles;
    const size_t row = tile * job->row_tile;
    const size_t tokens = smaller(job->token_tile, count - token);
    const size_t rows = smaller(job->row_tile, job->gemm.weight.rows - row);
    float *weights = spt_team_scratch(pair->team, thread), *x = weights + SPT_GEMM_ROWS * SPT_GEMM_COLUMNS;
    float *y = x + SPT_GEMM_TOKENS * SPT_GEMM_ROWS;
    of_p.x = pair->p;
    of_q.x = pair->q;
    spt_gemm_tile_run(&of_p, token, tokens, row, rows, x, rows, weights);
    spt_gemm_tile_run(&of_q, token, tokens, row, rows, y, rows, weights);
    for (size_t i = 0; i < tokens; i++) {
        const int32_t target = pair->target[token + i];
        const size_t at = (size_t)target - job->first_row - row; /* wraps when below */
        if (target >= 0 && at < rows) {
            pair->logit_p[token + i] = x[i * rows + at];
            pair->logit_q[token + i] = y[i * rows + at];
        }
        pair->partial[tile * count + token + i] = part_of(x + i * rows, y + i * rows, rows);
    }
    (void)error;
    return SPT_OK;
}

static enum spt_status merge_tokens(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct job *job = context;
    struct spt_output_pair *pair = job->pair;
    const size_t first = task * MERGE_TOKENS, count = pair->probe->tokens;
    for (size_t t = first; t < first + MERGE_TOKENS && t < count; t++)
        for (size_t tile = 0; tile < job->row_tiles; tile++)
            pair->state[t] = merge(&pair->state[t], &pair->partial[tile * count + t]);
    (void)thread;
    (void)error;
    return SPT_OK;
}

enum spt_status spt_output_pair_add(struct spt_output_pair *pair, const struct spt_matrix *rows, const float *bias,
                                    size_t first_row, struct spt_error *error) {
    const size_t count = pair->probe->tokens;
    struct job job = {
        .pair = pair,
        .gemm = {.weight = *rows, .bias = bias, .tokens = count, .x_stride = pair->hidden},
        .first_row = first_row,
        .token_tile = spt_gemm_tile(count, SPT_GEMM_TOKENS),
        .row_tile = spt_gemm_tile(rows->rows, SPT_GEMM_ROWS),
    };
    job.row_tiles = (rows->rows + job.row_tile - 1) / job.row_tile;
    const size_t token_tiles = (count + job.token_tile - 1) / job.token_tile;
    const enum spt_status status = spt_team_run(pair->team, token_tiles * job.row_tiles, run_tile, &job, error);
    if (status != SPT_OK) return status;
    return spt_team_run(pair->team, (count + MERGE_TOKENS - 1) / MERGE_TOKENS, merge_tokens, &job, error);
}

static double log_sum(const struct spt_running_softmax *softmax) {
    return softmax->max + log(softmax->sum);
}

void spt_output_pair_losses(const struct spt_output_pair *pair, bool of_p, double *total, double *mean) {
    const float *logit = of_p ? pair->logit_p : pair->logit_q;
    for (size_t s = 0; s < pair->probe->samples; s++) {
        const size_t first = pair->probe->offset[s], targets = pair->probe->offset[s + 1] - first - 1;
        double sum = 0;
        for (size_t t = first; t < first + targets; t++)
            sum += log_sum(of_p ? &pair->state[t].p : &pair->state[t].q) - (double)logit[t];
        if (total) total[s] = sum;
        if (mean) mean[s] = targets ? sum / (double)targets : NAN;
    }
}

void spt_output_pair_divergence(const struct spt_output_pair *pair, double *divergence) {
    for (size_t s = 0; s < pair->probe->samples; s++) {
        const size_t first = pair->probe->offset[s], end = pair->probe->offset[s + 1];
        double sum = 0;
        for (size_t t = first; t < end; t++) {
            const struct spt_running_pair *state = &pair->state[t];
            const double kl = state->gap / state->p.sum - log_sum(&state->p) + log_sum(&state->q);
            sum += kl < 0 ? 0 : kl;
        }
        divergence[s] = isfinite(sum) ? sum / (double)(end - first) : NAN;
    }
}
