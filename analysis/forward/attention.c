#include "analysis/forward/attention.h"

#include "analysis/forward/softmax.h"
#include "analysis/forward/vector.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define DIMENSIONS 32 /* of the context vector that are added up in registers */

static size_t batch_of(size_t heads) {
    return heads < SPT_HEAD_BATCH ? heads : SPT_HEAD_BATCH;
}

size_t spt_attention_scratch(size_t longest, size_t heads) {
    size_t entries, bytes;
    if (!spt_multiply(longest, longest, &entries)) return SIZE_MAX;
    if (!spt_multiply(entries, sizeof(float) * batch_of(heads), &bytes)) return SIZE_MAX;
    return bytes;
}

/* The keys [first, end) that query i of n sees. */
static void visible(const struct spt_attend *a, size_t n, size_t i, size_t *first, size_t *end) {
    *end = a->mask == SPT_MASK_FULL ? n : i + 1;
    *first = a->mask == SPT_MASK_WINDOW && i + 1 > a->window ? i + 1 - a->window : 0;
}

/* Scores [n, n], hidden ones among them, to attention with hidden entries 0. Hidden scores are never read: they may be
 * anything. */
static float soften(const struct spt_attend *a, float *matrix, size_t n) {
    float largest = 0;
    for (size_t i = 0; i < n; i++) {
        float *row = matrix + i * n;
        size_t first, end;
        visible(a, n, i, &first, &end);
        const float max = spt_softmax_row(row + first, end - first);
        if (i == 0 || max > largest || max != max) largest = max;
        memset(row, 0, first * sizeof(float));
        memset(row + end, 0, (n - end) * sizeof(float));
    }
    return largest;
}

/* out [d] = sum over keys of weight[k] * value row k. */
SPT_VECTOR static void weigh(const float *restrict weight, size_t keys, const float *restrict value, size_t stride,
                             size_t d, float *restrict out) {
    size_t at = 0;
    for (; at + DIMENSIONS <= d; at += DIMENSIONS) {
        float sum[DIMENSIONS] = {0};
        for (size_t k = 0; k < keys; k++)
            for (size_t i = 0; i < DIMENSIONS; i++) sum[i] += weight[k] * value[k * stride + at + i];
        for (size_t i = 0; i < DIMENSIONS; i++) out[at + i] = sum[i];
    }
    for (; at < d; at++) {
        float sum = 0;
        for (size_t k = 0; k < keys; k++) sum += weight[k] * value[k * stride + at];
        out[at] = sum;
    }
}

float spt_alibi_slope(size_t heads, size_t head) {
    size_t power = 1;
    while (power <= heads / 2) power *= 2;
    const bool extra = head >= power;
    const double first = pow(2, -pow(2, 3 - log2((double)(extra ? 2 * power : power))));
    const double exponent = extra ? 2 * (double)(head - power) + 1 : (double)head + 1;
    return (float)pow((double)(float)first, exponent);
}

/* Key k of every query gets slope * k: what is the same for all keys of a query does not matter, so this is a bias by
 * distance. */
SPT_VECTOR static void add_biases(float *matrix, size_t n, float slope) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) matrix[i * n + k] += slope * (float)k;
}

static float *key_of(const struct spt_attend *a, size_t token, size_t kv_head) {
    return a->qkv.key + token * a->qkv.kv_stride + kv_head * a->qkv.kv_head_stride;
}

/* One head of one sample: token is the sample's first in the block, matrix [n, n] out. The largest score. */
static float attend_head(const struct spt_attend *a, size_t token, size_t n, size_t head, float *matrix) {
    const size_t stride = a->qkv.query_stride, kv_stride = a->qkv.kv_stride;
    const size_t kv_head = head / (a->heads / a->kv_heads);
    float *query = a->qkv.query + token * stride + head * a->qkv.query_head_stride, *key = key_of(a, token, kv_head);
    const float *value = a->qkv.value + token * kv_stride + kv_head * a->qkv.kv_head_stride;
    if (a->rotary) {
        spt_rotary_turn(a->rotary, query, n, stride);
        if (a->heads == a->kv_heads) spt_rotary_turn(a->rotary, key, n, kv_stride);
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n, (blasint)n, (blasint)a->head_dim, a->scale, query,
                (blasint)stride, key, (blasint)kv_stride, 0.0f, matrix, (blasint)n);
    if (a->alibi) add_biases(matrix, n, spt_alibi_slope(a->heads, head));
    const float largest = soften(a, matrix, n);
    for (size_t i = 0; i < n; i++) {
        size_t first, end;
        visible(a, n, i, &first, &end);
        weigh(matrix + i * n + first, end - first, value + first * kv_stride, kv_stride, a->head_dim,
              a->context + (token + i) * a->heads * a->head_dim + head * a->head_dim);
    }
    return largest;
}

/* Keys that several heads share are turned before any head reads them. */
static enum spt_status rotate_keys(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct spt_attend *a = context;
    const size_t sample = a->order[task / a->kv_heads], first = a->probe->offset[sample];
    spt_rotary_turn(a->rotary, key_of(a, first - a->first_token, task % a->kv_heads),
                    a->probe->offset[sample + 1] - first, a->qkv.kv_stride);
    (void)thread;
    (void)error;
    return SPT_OK;
}

static enum spt_status run_unit(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct spt_attend *a = context;
    const size_t batches = (a->heads + SPT_HEAD_BATCH - 1) / SPT_HEAD_BATCH;
    const size_t sample = a->order[task / batches], first_head = task % batches * SPT_HEAD_BATCH;
    const size_t heads = batch_of(a->heads - first_head);
    const size_t first = a->probe->offset[sample], n = a->probe->offset[sample + 1] - first;
    float *matrices = spt_team_scratch(a->team, thread), max_logit[SPT_HEAD_BATCH];
    for (size_t h = 0; h < heads; h++)
        max_logit[h] = attend_head(a, first - a->first_token, n, first_head + h, matrices + h * n * n);
    if (!a->observer || !a->observer->attention) return SPT_OK;
    const struct spt_attention seen = {.layer = a->layer,
                                       .sample = sample,
                                       .first_head = first_head,
                                       .heads = heads,
                                       .n = n,
                                       .thread = thread,
                                       .attention = matrices,
                                       .max_logit = max_logit};
    return a->observer->attention(a->observer->context, &seen, error);
}

enum spt_status spt_attention_run(const struct spt_attend *attend, struct spt_error *error) {
    struct spt_attend job = *attend;
    const size_t batches = (job.heads + SPT_HEAD_BATCH - 1) / SPT_HEAD_BATCH;
    if (job.rotary && job.heads != job.kv_heads) {
        const enum spt_status status = spt_team_run(job.team, job.samples * job.kv_heads, rotate_keys, &job, error);
        if (status != SPT_OK) return status;
    }
    return spt_team_run(job.team, job.samples * batches, run_unit, &job, error);
}
