#include "analysis/forward/softmax.h"

#include "analysis/forward/vector.h"

#include <math.h>

/* Numbers that are taken together, whatever the machine's vectors: the order of additions is part of the result.
 * Partial results held in a few lanes instead (16 doubles) took seven times as long. */
#define CHUNK 128

static size_t chunk_of(size_t left) {
    return left < CHUNK ? left : CHUNK;
}

SPT_VECTOR static float max_of(const float *x, size_t count) {
    float most[CHUNK];
    for (size_t i = 0; i < CHUNK; i++) most[i] = -INFINITY;
    for (size_t at = 0; at < count; at += CHUNK) {
        const size_t some = chunk_of(count - at);
        for (size_t i = 0; i < some; i++) most[i] = x[at + i] > most[i] ? x[at + i] : most[i];
    }
    for (size_t half = CHUNK / 2; half; half /= 2)
        for (size_t i = 0; i < half; i++) most[i] = most[i + half] > most[i] ? most[i + half] : most[i];
    return most[0];
}

SPT_VECTOR static double sum_of(const float *x, size_t count, float shift) {
    double sum = 0;
    for (size_t at = 0; at < count; at += CHUNK) {
        float part[CHUNK];
        const size_t some = chunk_of(count - at);
        for (size_t i = 0; i < some; i++) part[i] = spt_exp_nonpositive(x[at + i] - shift);
        for (size_t i = some; i < CHUNK; i++) part[i] = 0;
        for (size_t half = CHUNK / 2; half; half /= 2)
            for (size_t i = 0; i < half; i++) part[i] += part[i + half];
        sum += (double)part[0];
    }
    return sum;
}

SPT_VECTOR static double gap_of(const float *x, const float *y, size_t count, float shift) {
    double sum = 0;
    for (size_t at = 0; at < count; at += CHUNK) {
        float part[CHUNK];
        const size_t some = chunk_of(count - at);
        for (size_t i = 0; i < some; i++) {
            const float weight = spt_exp_nonpositive(x[at + i] - shift), term = weight * (x[at + i] - y[at + i]);
            part[i] = weight == 0.0f ? 0.0f : term;
        }
        for (size_t i = some; i < CHUNK; i++) part[i] = 0;
        for (size_t half = CHUNK / 2; half; half /= 2)
            for (size_t i = 0; i < half; i++) part[i] += part[i + half];
        sum += (double)part[0];
    }
    return sum;
}

SPT_VECTOR static void exponentials(float *x, size_t count, float shift) {
    for (size_t i = 0; i < count; i++) x[i] = spt_exp_nonpositive(x[i] - shift);
}

SPT_VECTOR static void divide(float *x, size_t count, float by) {
    for (size_t i = 0; i < count; i++) x[i] /= by;
}

/* A function in several versions is exported by gcc whatever its visibility: hence these. */
float spt_softmax_max(const float *x, size_t count) {
    return max_of(x, count);
}

double spt_softmax_sum(const float *x, size_t count, float shift) {
    return sum_of(x, count, shift);
}

double spt_softmax_gap(const float *x, const float *y, size_t count, float shift) {
    return gap_of(x, y, count, shift);
}

struct spt_running_softmax spt_softmax_part(const float *x, size_t count) {
    const float max = max_of(x, count);
    if (max == -INFINITY) return (struct spt_running_softmax){.max = -INFINITY};
    return (struct spt_running_softmax){.max = (double)max, .sum = sum_of(x, count, max)};
}

struct spt_running_softmax spt_softmax_merge(struct spt_running_softmax a, struct spt_running_softmax b) {
    if (b.max == -INFINITY) return a;
    if (a.max == -INFINITY) return b;
    const double max = b.max > a.max ? b.max : a.max;
    return (struct spt_running_softmax){.max = max, .sum = a.sum * exp(a.max - max) + b.sum * exp(b.max - max)};
}

float spt_softmax_row(float *x, size_t count) {
    const float max = max_of(x, count);
    double sum = 0;
    exponentials(x, count, max);
    for (size_t i = 0; i < count; i++) sum += (double)x[i];
    divide(x, count, (float)sum);
    return isnan(sum) ? NAN : max;
}
