#include "analysis/frames/frame.h"

#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <stdlib.h>

enum place { FIRST, LAST, SPECIAL, OTHER, PLACES };

/* What is counted over samples: numbers, so that of draws it is a matrix product. */
struct census {
    double samples, weak, both_ends; /* all; without a key beyond uniform; first and last are references */
    double anchored, top[PLACES];    /* with references; of these, by the place of the first in rank */
    double received[PLACES];         /* sum of c over reference tokens */
    double tokens[PLACES];           /* their number */
};

enum { CENSUS = sizeof(struct census) / sizeof(double) };

static enum place place_of(const unsigned char *special, size_t k, size_t n) {
    if (k == 0) return FIRST;
    if (k == n - 1) return LAST;
    return special && special[k] ? SPECIAL : OTHER;
}

/* One sample: c [n], is_reference [n], special [n] or NULL. */
static void count_sample(struct census *census, const struct spt_mask *mask, const double *c,
                         const unsigned char *is_reference, const unsigned char *special) {
    const size_t n = mask->n;
    double excess = c[0] - mask->uniform[0];
    size_t top = n;
    for (size_t k = 0; k < n; k++) {
        if (c[k] - mask->uniform[k] > excess) excess = c[k] - mask->uniform[k];
        if (!is_reference[k]) continue;
        const enum place place = place_of(special, k, n);
        census->received[place] += c[k];
        census->tokens[place]++;
        if (top == n || c[k] > c[top]) top = k;
    }
    census->samples++;
    census->weak += excess < 1 / (double)n;
    census->both_ends += is_reference[0] && is_reference[n - 1];
    if (top == n) return;
    census->anchored++;
    census->top[place_of(special, top, n)]++;
}

static bool is_centralized(const struct census *census) {
    for (size_t p = 0; p < PLACES; p++) {
        if (!(census->top[p] > 0) || 10 * census->top[p] < 8 * census->anchored) continue;
        const double mean = census->received[p] / census->tokens[p];
        bool apart = true;
        for (size_t other = 0; other < PLACES; other++)
            if (other != p && census->tokens[other] > 0)
                apart = apart && mean >= 2 * census->received[other] / census->tokens[other];
        return apart;
    }
    return false;
}

static enum spt_frame frame_of(const struct census *census, enum spt_mask_kind mask) {
    if (!(census->samples > 0)) return SPT_FRAME_UNKNOWN;
    if (2 * census->weak > census->samples) return SPT_FRAME_NONE;
    if (mask == SPT_MASK_FULL && 2 * census->both_ends >= census->samples) return SPT_FRAME_BIDIRECTIONAL;
    return is_centralized(census) ? SPT_FRAME_CENTRALIZED : SPT_FRAME_DISTRIBUTED;
}

/* Every sample that is known: into one census, or with stride 1 into one each, [samples]. */
static void count_samples(const struct spt_measure_context *context, size_t head, struct census *census,
                          size_t stride) {
    const struct spt_probe *probe = context->probe;
    const struct spt_reference_tokens *references = context->references;
    const double *received = context->values->received + head * context->values->tokens;
    for (size_t i = 0; i < probe->samples; i++) {
        const size_t offset = probe->offset[i], n = probe->offset[i + 1] - offset;
        if (!references->known[i]) continue;
        count_sample(census + i * stride, spt_mask_set_of(context->masks, n), received + offset,
                     references->is_reference + offset, probe->special ? probe->special + offset : NULL);
    }
}

enum spt_frame spt_frame_of(const struct spt_measure_context *context, size_t head) {
    struct census census = {0};
    count_samples(context, head, &census, 0);
    return frame_of(&census, context->masks->kind);
}

enum spt_status spt_frame_of_draws(const struct spt_measure_context *context, size_t head,
                                   const struct spt_bootstrap *bootstrap, unsigned char *frames,
                                   struct spt_error *error) {
    const size_t samples = bootstrap->samples, draws = bootstrap->draws;
    struct census *sample = spt_alloc_zeroed(samples, sizeof *sample), *draw = spt_alloc(draws, sizeof *draw);
    const bool ready = sample && draw;
    if (ready) {
        count_samples(context, head, sample, 1);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)draws, CENSUS, (int)samples, 1, bootstrap->counts,
                    (int)samples, &sample->samples, CENSUS, 0, &draw->samples, CENSUS);
        for (size_t d = 0; d < draws; d++) frames[d] = (unsigned char)frame_of(&draw[d], context->masks->kind);
    }
    free(sample);
    free(draw);
    return ready ? SPT_OK : spt_fail_memory(error, (samples + draws) * sizeof(struct census), "frames of draws");
}
