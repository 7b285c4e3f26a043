#include "analysis/forward/rotary.h"

#include "analysis/forward/vector.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* The frequencies of a sample of n tokens. Written as the functions of transformers/modeling_rope_utils.py are, with
 * float32 where they have tensors and double where they have numbers of Python.
 *   inverse  [half] out: 1 / base^(2 i / dim) to begin with */
typedef void scale_frequencies(const struct spt_model_config *config, size_t n, size_t half, float *inverse);

/* base^(2 i / dim) */
static float power_of(double base, size_t dim, size_t i) {
    const float exponent = (float)(2 * i) / (float)dim;
    return (float)pow(base, (double)exponent);
}

static void plain(double base, size_t dim, size_t half, float *inverse) {
    for (size_t i = 0; i < half; i++) inverse[i] = 1.0f / power_of(base, dim, i);
}

static void scale_linear(const struct spt_model_config *config, size_t n, size_t half, float *inverse) {
    (void)n;
    for (size_t i = 0; i < half; i++) inverse[i] /= (float)config->scaling.factor;
}

static void scale_dynamic(const struct spt_model_config *config, size_t n, size_t half, float *inverse) {
    const double original = (double)config->scaling.original_positions, factor = config->scaling.factor;
    const double dim = (double)config->rotary_dim, length = fmax((double)n, original);
    const double stretch = factor * length / original - (factor - 1);
    plain(config->rotary_base * pow(stretch, dim / (dim - 2)), config->rotary_dim, half, inverse);
}

/* The dimension whose angle makes this many turns in the original positions. */
static double dimension_of(const struct spt_model_config *config, double turns) {
    return (double)config->rotary_dim * log((double)config->scaling.original_positions / (turns * 2 * M_PI)) /
           (2 * log(config->rotary_base));
}

static void scale_yarn(const struct spt_model_config *config, size_t n, size_t half, float *inverse) {
    const struct spt_rotary_scaling *s = &config->scaling;
    double low = dimension_of(config, s->beta_fast), high = dimension_of(config, s->beta_slow);
    if (!s->untruncated) {
        low = floor(low);
        high = ceil(high);
    }
    low = fmax(low, 0);
    high = fmin(high, (double)config->rotary_dim - 1);
    if (low == high) high += 0.001;
    (void)n;
    for (size_t i = 0; i < half; i++) {
        const float ramp = fminf(fmaxf(((float)i - (float)low) / (float)(high - low), 0), 1), kept = 1 - ramp;
        const float interpolated = 1.0f / ((float)s->factor * power_of(config->rotary_base, config->rotary_dim, i));
        inverse[i] = interpolated * (1 - kept) + inverse[i] * kept;
    }
}

static void scale_llama3(const struct spt_model_config *config, size_t n, size_t half, float *inverse) {
    const struct spt_rotary_scaling *s = &config->scaling;
    const double original = (double)s->original_positions;
    const double longest = original / s->low_factor, shortest = original / s->high_factor;
    (void)n;
    for (size_t i = 0; i < half; i++) {
        const float wave = (float)(2 * M_PI) / inverse[i];
        if ((double)wave < shortest) continue;
        const float factor = (float)s->factor;
        const float smooth = ((float)original / wave - (float)s->low_factor) / (float)(s->high_factor - s->low_factor);
        inverse[i] =
            (double)wave > longest ? inverse[i] / factor : (1 - smooth) * inverse[i] / factor + smooth * inverse[i];
    }
}

static scale_frequencies *const SCALINGS[] = {
    [SPT_ROTARY_DEFAULT] = NULL,    [SPT_ROTARY_LINEAR] = scale_linear, [SPT_ROTARY_DYNAMIC] = scale_dynamic,
    [SPT_ROTARY_YARN] = scale_yarn, [SPT_ROTARY_LLAMA3] = scale_llama3,
};

/* Fills the next table, for samples of n tokens. */
static enum spt_status add_table(struct spt_rotary *rotary, const struct spt_model_config *config, size_t n,
                                 struct spt_error *error) {
    const size_t half = rotary->half;
    struct spt_rotary_table *table = &rotary->tables[rotary->count++];
    size_t count;
    if (!spt_multiply(half, n, &count)) return spt_fail_memory(error, SIZE_MAX, "rotary angles");
    float *inverse = spt_alloc(half, sizeof(float));
    *table = (struct spt_rotary_table){
        .positions = n, .cosine = spt_alloc(count, sizeof(float)), .sine = spt_alloc(count, sizeof(float))};
    if (!inverse || !table->cosine || !table->sine) {
        free(inverse);
        return spt_fail_memory(error, (2 * count + half) * sizeof(float), "rotary angles");
    }
    plain(config->rotary_base, config->rotary_dim, half, inverse);
    if (SCALINGS[config->scaling.kind]) SCALINGS[config->scaling.kind](config, n, half, inverse);
    const float magnitude = config->scaling.attention_factor > 0 ? (float)config->scaling.attention_factor : 1.0f;
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < half; i++) {
            const float angle = (float)t * inverse[i];
            table->cosine[t * half + i] = (float)cos((double)angle) * magnitude;
            table->sine[t * half + i] = (float)sin((double)angle) * magnitude;
        }
    free(inverse);
    return SPT_OK;
}

/* A table for each length beyond the original positions. */
static enum spt_status add_lengths(struct spt_rotary *rotary, const struct spt_model_config *config,
                                   const struct spt_probe *probe, struct spt_error *error) {
    rotary->of_length = spt_alloc_zeroed(probe->longest + 1, sizeof(size_t));
    if (!rotary->of_length) return spt_fail_memory(error, probe->longest * sizeof(size_t), "rotary angles");
    for (size_t s = 0; s < probe->samples; s++) {
        const size_t n = probe->offset[s + 1] - probe->offset[s];
        if (n <= config->scaling.original_positions || rotary->of_length[n]) continue;
        rotary->of_length[n] = rotary->count;
        const enum spt_status status = add_table(rotary, config, n, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

enum spt_status spt_rotary_init(struct spt_rotary *rotary, const struct spt_model_config *config,
                                const struct spt_probe *probe, struct spt_error *error) {
    const bool by_length = config->scaling.kind == SPT_ROTARY_DYNAMIC;
    const size_t original = config->scaling.original_positions;
    *rotary = (struct spt_rotary){.half = (config->rotary_dim + 1) / 2, .longest = probe->longest};
    if (!rotary->half) return SPT_OK;
    rotary->tables = spt_alloc_zeroed(by_length ? probe->samples + 1 : 1, sizeof(*rotary->tables));
    if (!rotary->tables) return spt_fail_memory(error, probe->samples * sizeof(*rotary->tables), "rotary angles");
    const size_t shared = by_length && probe->longest > original ? original : probe->longest;
    enum spt_status status = add_table(rotary, config, shared, error);
    if (status == SPT_OK && by_length) status = add_lengths(rotary, config, probe, error);
    if (status != SPT_OK) spt_rotary_release(rotary);
    return status;
}

void spt_rotary_release(struct spt_rotary *rotary) {
    for (size_t i = 0; i < rotary->count; i++) {
        free(rotary->tables[i].cosine);
        free(rotary->tables[i].sine);
    }
    free(rotary->tables);
    free(rotary->of_length);
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
    const struct spt_rotary_table *table = &rotary->tables[rotary->of_length ? rotary->of_length[n] : 0];
    for (size_t t = 0; t < n; t++)
        turn(x + t * stride, x + t * stride + half, table->cosine + t * half, table->sine + t * half, half);
}
