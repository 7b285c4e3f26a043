#include "analysis/forward/output_head.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MERGE_TOKENS 256 /* of a task */

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static void gather(struct spt_output_head *head) {
    const struct spt_probe *probe = head->probe;
    size_t to = 0;
    for (size_t s = 0; s < probe->samples; s++)
        for (size_t t = probe->offset[s]; t + 1 < probe->offset[s + 1]; t++, to++) {
            head->target[to] = probe->ids[t + 1];
            if (to != t) memcpy(head->x + to * head->hidden, head->x + t * head->hidden, head->hidden * sizeof(float));
        }
}

enum spt_status spt_output_head_init(struct spt_output_head *head, const struct spt_team *team,
                                     const struct spt_probe *probe, float *x, size_t hidden, struct spt_error *error) {
    /* Blocks may be cut into one tile more than SPT_HEAD_ROWS / SPT_GEMM_ROWS: tiles are rounded up to 16 rows, never
     * down. */
    const size_t targets = probe->tokens - probe->samples, tiles = SPT_HEAD_ROWS / SPT_GEMM_ROWS + 1;
    *head = (struct spt_output_head){
        .team = team,
        .probe = probe,
        .hidden = hidden,
        .targets = targets,
        .x = x,
        .target = spt_alloc(targets, sizeof(int32_t)),
        .logit = spt_alloc_zeroed(targets, sizeof(float)),
        .state = spt_alloc(targets, sizeof(struct spt_running_softmax)),
        .partial = spt_alloc(targets, tiles * sizeof(struct spt_running_softmax)),
    };
    if (!head->target || !head->logit || !head->state || !head->partial) {
        spt_output_head_release(head);
        return spt_fail_memory(error, targets * (tiles + 2) * sizeof(struct spt_running_softmax), "the output head");
    }
    for (size_t t = 0; t < targets; t++) head->state[t] = (struct spt_running_softmax){.max = -INFINITY};
    gather(head);
    return SPT_OK;
}

void spt_output_head_release(struct spt_output_head *head) {
    free(head->target);
    free(head->logit);
    free(head->state);
    free(head->partial);
    *head = (struct spt_output_head){0};
}

struct job {
    struct spt_output_head *head;
    struct spt_gemm gemm;
    size_t first_row, token_tile, row_tile, row_tiles;
};

static enum spt_status run_tile(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct job *job = context;
    struct spt_output_head *head = job->head;
    const size_t token = task / job->row_tiles * job->token_tile, tile = task % job->row_tiles;
    const size_t row = tile * job->row_tile;
    const size_t tokens = smaller(job->token_tile, head->targets - token);
    const size_t rows = smaller(job->row_tile, job->gemm.weight.rows - row);
    float *weights = spt_team_scratch(head->team, thread), *logits = weights + SPT_GEMM_ROWS * SPT_GEMM_COLUMNS;
    spt_gemm_tile_run(&job->gemm, token, tokens, row, rows, logits, rows, weights);
    for (size_t i = 0; i < tokens; i++) {
        const size_t target = (size_t)head->target[token + i] - job->first_row - row; /* wraps when below */
        if (target < rows) head->logit[token + i] = logits[i * rows + target];
        head->partial[tile * head->targets + token + i] = spt_softmax_part(logits + i * rows, rows);
    }
    (void)error;
    return SPT_OK;
}

static enum spt_status merge_tokens(void *context, size_t task, size_t thread, struct spt_error *error) {
    struct job *job = context;
    struct spt_output_head *head = job->head;
    const size_t first = task * MERGE_TOKENS;
    for (size_t t = first; t < first + MERGE_TOKENS && t < head->targets; t++)
        for (size_t tile = 0; tile < job->row_tiles; tile++)
            head->state[t] = spt_softmax_merge(head->state[t], head->partial[tile * head->targets + t]);
    (void)thread;
    (void)error;
    return SPT_OK;
}

enum spt_status spt_output_head_add(struct spt_output_head *head, const struct spt_matrix *rows, const float *bias,
                                    size_t first_row, struct spt_error *error) {
    if (!head->targets) return SPT_OK;
    struct job job = {
        .head = head,
        .gemm = {.weight = *rows, .bias = bias, .tokens = head->targets, .x = head->x, .x_stride = head->hidden},
        .first_row = first_row,
        .token_tile = spt_gemm_tile(head->targets, SPT_GEMM_TOKENS),
        .row_tile = spt_gemm_tile(rows->rows, SPT_GEMM_ROWS),
    };
    job.row_tiles = (rows->rows + job.row_tile - 1) / job.row_tile;
    const size_t token_tiles = (head->targets + job.token_tile - 1) / job.token_tile;
    const enum spt_status status = spt_team_run(head->team, token_tiles * job.row_tiles, run_tile, &job, error);
    if (status != SPT_OK) return status;
    return spt_team_run(head->team, (head->targets + MERGE_TOKENS - 1) / MERGE_TOKENS, merge_tokens, &job, error);
}

void spt_output_head_losses(const struct spt_output_head *head, double *total, double *mean) {
    size_t at = 0;
    for (size_t s = 0; s < head->probe->samples; s++) {
        const size_t targets = head->probe->offset[s + 1] - head->probe->offset[s] - 1;
        double sum = 0;
        for (size_t i = 0; i < targets; i++, at++)
            sum += head->state[at].max + log(head->state[at].sum) - (double)head->logit[at];
        if (total) total[s] = sum;
        if (mean) mean[s] = targets ? sum / (double)targets : NAN;
    }
}
