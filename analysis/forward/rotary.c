#include "analysis/forward/rotary.h"

#include "analysis/forward/vector.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

enum spt_status spt_rotary_init(struct spt_rotary *rotary, size_t dim, double base, size_t positions,
                                struct spt_error *error) {
    const size_t half = (dim + 1) / 2;
    *rotary = (struct spt_rotary){.half = half, .positions = positions};
    size_t count;
    if (!spt_multiply(half, positions, &count)) return spt_fail_memory(error, SIZE_MAX, "rotary angles");
    rotary->cosine = spt_alloc(count, sizeof(float));
    rotary->sine = spt_alloc(count, sizeof(float));
    if (!rotary->cosine || !rotary->sine) {
        spt_rotary_release(rotary);
        return spt_fail_memory(error, 2 * count * sizeof(float), "rotary angles");
    }
    for (size_t i = 0; i < half; i++) {
        const float exponent = (float)(2 * i) / (float)dim;
        const float frequency = 1.0f / (float)pow(base, (double)exponent);
        for (size_t t = 0; t < positions; t++) {
            const float angle = (float)t * frequency;
            rotary->cosine[t * half + i] = (float)cos((double)angle);
            rotary->sine[t * half + i] = (float)sin((double)angle);
        }
    }
    return SPT_OK;
}

void spt_rotary_release(struct spt_rotary *rotary) {
    free(rotary->cosine);
    free(rotary->sine);
    *rotary = (struct spt_rotary){0};
}

SPT_VECTOR static void turn(float *restrict first, float *restrict second, const float *restrict cosine,
                            const float *restrict sine, size_t half) {
    for (size_t i = 0; i < half; i++) {
        const float a = first[i], b = second[i];
        first[i] = a * cosine[i] - b * sine[i];
        second[i] = b * cosine[i] + a * sine[i];
    }
}

void spt_rotary_turn(const struct spt_rotary *rotary, float *x, size_t n, size_t stride) {
    const size_t half = rotary->half;
    if (!half) return;
    for (size_t t = 0; t < n; t++)
        turn(x + t * stride, x + t * stride + half, rotary->cosine + t * half, rotary->sine + t * half, half);
}
