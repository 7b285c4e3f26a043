#include "analysis/mask_set.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>

enum spt_status spt_mask_set_init(struct spt_mask_set *set, enum spt_mask_kind kind, size_t window,
                                  const struct spt_probe *probe, struct spt_error *error) {
    *set = (struct spt_mask_set){.kind = kind, .window = window, .longest = probe->longest};
    set->by_length = spt_alloc_zeroed(probe->longest + 1, sizeof(struct spt_mask));
    if (!set->by_length) return spt_fail_memory(error, (probe->longest + 1) * sizeof(struct spt_mask), "masks");
    for (size_t i = 0; i < probe->samples; i++) {
        const size_t n = probe->offset[i + 1] - probe->offset[i];
        if (set->by_length[n].n == n) continue;
        const enum spt_status status = spt_mask_init(&set->by_length[n], kind, window, n, error);
        if (status != SPT_OK) {
            spt_mask_set_release(set);
            return status;
        }
    }
    return SPT_OK;
}

void spt_mask_set_release(struct spt_mask_set *set) {
    for (size_t n = 0; set->by_length && n <= set->longest; n++)
        if (set->by_length[n].n) spt_mask_release(&set->by_length[n]);
    free(set->by_length);
    *set = (struct spt_mask_set){0};
}

const struct spt_mask *spt_mask_set_of(const struct spt_mask_set *set, size_t n) {
    return &set->by_length[n];
}
