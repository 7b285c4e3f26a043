#include "analysis/forward/attention.h"

#include "analysis/forward/softmax.h"
#include "analysis/forward/vector.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define DIMENSIONS 32 /* of the context vector that are added up in registers at most */

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

/* width is a constant where this is called, so that the sums stay in registers. */
static inline void weigh_some(const float *restrict weight, size_t keys, const float *restrict value, size_t stride,
                              size_t width, float *restrict out) {
    float sum[DIMENSIONS] = {0};
    for (size_t k = 0; k < keys; k++)
        for (size_t i = 0; i < width; i++) sum[i] += weight[k] * value[k * stride + i];
    for (size_t i = 0; i < width; i++) out[i] = sum[i];
}

/* out [d] = sum over keys of weight[k] * value row k; each number is added up by itself, whatever stands beside it. */
SPT_VECTOR static void weigh(const float *restrict weight, size_t keys, const float *restrict value, size_t stride,
                             size_t d, float *restrict out) {
    size_t at = 0;
    for (; at + DIMENSIONS <= d; at += DIMENSIONS) weigh_some(weight, keys, value + at, stride, DIMENSIONS, out + at);
    for (; at + DIMENSIONS / 2 <= d; at += DIMENSIONS / 2)
        weigh_some(weight, keys, value + at, stride, DIMENSIONS / 2, out + at);
    for (; at < d; at++) weigh_some(weight, keys, value + at, stride, 1, out + at);
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

static float *query_of(const struct spt_attend *a, size_t token, size_t head) {
    return a->qkv.query + token * a->qkv.query_stride + head * a->qkv.query_head_stride;
}

static float *key_of(const struct spt_attend *a, size_t token, size_t kv_head) {
    return a->qkv.key + token * a->qkv.kv_stride + kv_head * a->qkv.kv_head_stride;
}

/* token, here and below, is the sample's first in the block. */
static struct spt_vectors vectors_of(const struct spt_attend *a, size_t token, size_t head) {
    const size_t kv_head = head / (a->heads / a->kv_heads);
    return (struct spt_vectors){.query = query_of(a, token, head),
                                .key = key_of(a, token, kv_head),
                                .value = a->qkv.value + token * a->qkv.kv_stride + kv_head * a->qkv.kv_head_stride,
                                .dimension = a->head_dim,
                                .query_stride = a->qkv.query_stride,
                                .kv_stride = a->qkv.kv_stride};
}

/* A head's queries are its own; so are its keys, unless heads share them. */
static void rotate_head(const struct spt_attend *a, size_t token, size_t n, size_t head) {
    if (!a->rotary) return;
    spt_rotary_turn(a->rotary, query_of(a, token, head), n, a->qkv.query_stride);
    if (a->heads == a->kv_heads) spt_rotary_turn(a->rotary, key_of(a, token, head), n, a->qkv.kv_stride);
}

/* A score of -INFINITY becomes attention of 0. The query whose own key it is keeps it, so that no row is empty.
 *   hidden  [n] */
static void hide_keys(const unsigned char *hidden, float *matrix, size_t n) {
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; hidden[k] && i < n; i++)
            if (i != k) matrix[i * n + k] = -INFINITY;
}

/* Attention of one head of one sample, rotated, in matrix [n, n]. The largest score. */
static float attend_head(const struct spt_attend *a, const struct spt_vectors *v, size_t first, size_t n, size_t head,
                         float *matrix) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n, (blasint)n, (blasint)v->dimension, a->scale,
                v->query, (blasint)v->query_stride, v->key, (blasint)v->kv_stride, 0.0f, matrix, (blasint)n);
    if (a->alibi) add_biases(matrix, n, spt_alibi_slope(a->heads, head));
    if (a->hidden) hide_keys(a->hidden + first, matrix, n);
    return soften(a, matrix, n);
}

static void weigh_values(const struct spt_attend *a, const struct spt_vectors *v, size_t token, size_t n, size_t head,
                         const float *matrix /* [n, n] */) {
    for (size_t i = 0; i < n; i++) {
        size_t first, end;
        visible(a, n, i, &first, &end);
        weigh(matrix + i * n + first, end - first, v->value + first * v->kv_stride, v->kv_stride, v->dimension,
              a->context + (token + i) * a->heads * a->head_dim + head * a->head_dim);
    }
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

static size_t batches_of(const struct spt_attend *a) {
    return (a->heads + SPT_HEAD_BATCH - 1) / SPT_HEAD_BATCH;
}

/* A unit the first time, which leaves context vectors, or once more. */
static enum spt_status run_unit(const struct spt_attend *a, size_t unit, size_t thread, bool first_time,
                                struct spt_error *error) {
    const size_t sample = a->order[unit / batches_of(a)], first_head = unit % batches_of(a) * SPT_HEAD_BATCH;
    const size_t heads = batch_of(a->heads - first_head);
    const size_t first = a->probe->offset[sample], n = a->probe->offset[sample + 1] - first;
    const size_t token = first - a->first_token;
    struct spt_vectors vectors[SPT_HEAD_BATCH];
    float *matrices = spt_team_scratch(a->team, thread), max_logit[SPT_HEAD_BATCH];
    for (size_t h = 0; h < heads; h++) {
        vectors[h] = vectors_of(a, token, first_head + h);
        if (first_time) rotate_head(a, token, n, first_head + h);
        max_logit[h] = attend_head(a, &vectors[h], first, n, first_head + h, matrices + h * n * n);
        if (first_time) weigh_values(a, &vectors[h], token, n, first_head + h, matrices + h * n * n);
    }
    const struct spt_attention seen = {.layer = a->layer,
                                       .sample = sample,
                                       .first_head = first_head,
                                       .heads = heads,
                                       .n = n,
                                       .thread = thread,
                                       .attention = matrices,
                                       .max_logit = max_logit,
                                       .vectors = vectors};
    if (!first_time) return a->observer->again(a->observer->context, &seen, error);
    return a->observer && a->observer->attention ? a->observer->attention(a->observer->context, &seen, error) : SPT_OK;
}

static enum spt_status look(void *context, size_t task, size_t thread, struct spt_error *error) {
    return run_unit(context, task, thread, true, error);
}

static enum spt_status look_again(void *context, size_t task, size_t thread, struct spt_error *error) {
    return run_unit(context, task, thread, false, error);
}

static enum spt_status end_sample(void *context, size_t task, size_t thread, struct spt_error *error) {
    const struct spt_attend *a = context;
    return a->observer->sample(a->observer->context, a->layer, a->order[task], thread, error);
}

enum spt_status spt_attention_run(const struct spt_attend *attend, struct spt_error *error) {
    struct spt_attend job = *attend;
    const size_t units = job.samples * batches_of(&job);
    enum spt_status status = SPT_OK;
    if (job.rotary && job.heads != job.kv_heads)
        status = spt_team_run(job.team, job.samples * job.kv_heads, rotate_keys, &job, error);
    if (status == SPT_OK) status = spt_team_run(job.team, units, look, &job, error);
    if (status == SPT_OK && job.observer && job.observer->sample)
        status = spt_team_run(job.team, job.samples, end_sample, &job, error);
    if (status == SPT_OK && job.observer && job.observer->again)
        status = spt_team_run(job.team, units, look_again, &job, error);
    return status;
}
