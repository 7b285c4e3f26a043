/* The masks of one kind for every sample length of a probe, so that no mask is made while matrices are measured. */
#ifndef SPT_MASK_SET_H
#define SPT_MASK_SET_H

#include "analysis/mask.h"
#include "analysis/probe.h"

#include <stdbool.h>

struct spt_mask_set {
    enum spt_mask_kind kind;
    size_t window;
    size_t longest;
    struct spt_mask *by_length; /* [longest + 1]; made only for lengths that occur, n = 0 elsewhere */
};

/* SPT_NOMEM. O(sum of n^2 over the lengths that occur). */
enum spt_status spt_mask_set_init(struct spt_mask_set *set, enum spt_mask_kind kind, size_t window,
                                  const struct spt_probe *probe, struct spt_error *error);
void spt_mask_set_release(struct spt_mask_set *set);

/* The mask of a sample of n tokens. */
const struct spt_mask *spt_mask_set_of(const struct spt_mask_set *set, size_t n);

#endif
