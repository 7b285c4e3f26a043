#include "analysis/mask.h"

#include "checkpoints/base/memory.h"

#include <stdbool.h>
#include <stdlib.h>

static void fill_rows(struct spt_mask *mask, size_t window) {
    for (size_t i = 0; i < mask->n; i++) {
        mask->end[i] = mask->kind == SPT_MASK_FULL ? mask->n : i + 1;
        mask->first[i] = mask->kind == SPT_MASK_WINDOW && i + 1 > window ? i + 1 - window : 0;
        mask->sees[i] = mask->end[i] - mask->first[i];
    }
}

static void fill_keys(struct spt_mask *mask) {
    for (size_t i = 0; i < mask->n; i++)
        for (size_t k = mask->first[i]; k < mask->end[i]; k++) {
            mask->seen[k]++;
            mask->uniform[k] += 1 / (double)mask->sees[i];
        }
    mask->uniform_first = mask->uniform[0] / (double)mask->seen[0];
    for (size_t k = 0; k < mask->n; k++) mask->uniform[k] /= (double)mask->n;
}

enum spt_status spt_mask_init(struct spt_mask *mask, enum spt_mask_kind kind, size_t window, size_t n,
                              struct spt_error *error) {
    const bool causal = kind == SPT_MASK_WINDOW && window >= n;
    *mask = (struct spt_mask){
        .kind = causal ? SPT_MASK_CAUSAL : kind,
        .n = n,
        .first = spt_alloc(n, sizeof(size_t)),
        .end = spt_alloc(n, sizeof(size_t)),
        .sees = spt_alloc(n, sizeof(size_t)),
        .seen = spt_alloc_zeroed(n, sizeof(size_t)),
        .uniform = spt_alloc_zeroed(n, sizeof(double)),
    };
    if (!mask->first || !mask->end || !mask->sees || !mask->seen || !mask->uniform) {
        spt_mask_release(mask);
        return spt_fail_memory(error, 5 * n * sizeof(size_t), "a mask");
    }
    fill_rows(mask, window);
    fill_keys(mask);
    return SPT_OK;
}

void spt_mask_release(struct spt_mask *mask) {
    free(mask->first);
    free(mask->end);
    free(mask->sees);
    free(mask->seen);
    free(mask->uniform);
    *mask = (struct spt_mask){0};
}
