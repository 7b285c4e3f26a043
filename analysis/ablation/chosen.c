#include "analysis/ablation/chosen.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum spt_status spt_chosen_init(struct spt_chosen *c, const struct spt_probe *of, size_t layers,
                                struct spt_error *error) {
    *c = (struct spt_chosen){
        .of = of,
        .layers = layers,
        .known = spt_alloc(of->samples, 1),
        .sample = spt_alloc(of->samples, sizeof *c->sample),
        .hidden = spt_alloc(layers, sizeof *c->hidden),
        .ids = spt_alloc(of->tokens, sizeof *c->ids),
        .offset = spt_alloc(of->samples + 1, sizeof *c->offset),
        .references = spt_alloc(layers, of->tokens),
    };
    if (c->known && c->sample && c->hidden && c->ids && c->offset && c->references) return SPT_OK;
    spt_chosen_release(c);
    return spt_fail_memory(error, layers * of->tokens, "the samples of the ablated pass");
}

void spt_chosen_release(struct spt_chosen *c) {
    free(c->known);
    free(c->sample);
    free(c->hidden);
    free(c->ids);
    free(c->offset);
    free(c->references);
    *c = (struct spt_chosen){0};
}

static size_t length_of(const struct spt_chosen *c, size_t sample) {
    return c->of->offset[sample + 1] - c->of->offset[sample];
}

static bool is_chosen(const struct spt_chosen *c, const struct spt_reference_tokens *references, size_t sample) {
    if (!c->known[sample]) return false;
    for (size_t l = 0; l < c->layers; l++)
        if (memchr(references[l].is_reference + c->of->offset[sample], 1, length_of(c, sample))) return true;
    return false;
}

void spt_chosen_find(struct spt_chosen *c, const struct spt_reference_tokens *references) {
    size_t samples = 0, tokens = 0;
    memset(c->known, 1, c->of->samples);
    for (size_t s = 0; s < c->of->samples; s++) {
        for (size_t l = 0; l < c->layers; l++) c->known[s] &= references[l].known[s];
        if (!is_chosen(c, references, s)) continue;
        memcpy(c->ids + tokens, c->of->ids + c->of->offset[s], length_of(c, s) * sizeof *c->ids);
        for (size_t l = 0; l < c->layers; l++)
            memcpy(c->references + l * c->of->tokens + tokens, references[l].is_reference + c->of->offset[s],
                   length_of(c, s));
        c->sample[samples] = s;
        c->offset[samples++] = tokens;
        tokens += length_of(c, s);
    }
    c->offset[samples] = tokens;
    for (size_t l = 0; l < c->layers; l++) c->hidden[l] = c->references + l * c->of->tokens;
    c->probe = (struct spt_probe){
        .samples = samples, .tokens = tokens, .longest = c->of->longest, .ids = c->ids, .offset = c->offset};
}

void spt_chosen_gather(const struct spt_chosen *c, float *x, size_t width) {
    for (size_t i = 0; i < c->probe.samples; i++)
        memmove(x + c->offset[i] * width, x + c->of->offset[c->sample[i]] * width,
                length_of(c, c->sample[i]) * width * sizeof *x);
}

/* From the last one on: none is overwritten before it is moved. */
void spt_chosen_spread(const struct spt_chosen *c, double *values, const double *other) {
    size_t left = c->probe.samples;
    for (size_t s = c->of->samples; s-- > 0;)
        values[s] = left && c->sample[left - 1] == s ? values[--left] : c->known[s] ? other[s] : NAN;
}
