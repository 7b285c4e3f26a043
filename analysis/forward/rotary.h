/* Rotary position embedding (Su et al. 2021, eq. 34), in the split-halves form of HF transformers: dimension i of the
 * first half of what is rotated pairs with dimension i of the second.
 *
 *     spt_rotary_init  ->  spt_rotary_turn (any thread) ...  ->  spt_rotary_release
 */
#ifndef SPT_FORWARD_ROTARY_H
#define SPT_FORWARD_ROTARY_H

#include "checkpoints/base/error.h"

#include <stddef.h>

struct spt_rotary {
    size_t half, positions;
    float *cosine, *sine; /* [positions, half] */
};

/* Angles of positions 0 .. positions - 1: position * base^(-2 i / dim) for 2 i < dim, rounded to float32 at each step
 * as the reference does (more exact angles of late positions would differ from it). An odd dim rotates dim + 1
 * dimensions by angles made of dim, as HF transformers does. 0: nothing is rotated. SPT_NOMEM. */
enum spt_status spt_rotary_init(struct spt_rotary *rotary, size_t dim, double base, size_t positions,
                                struct spt_error *error);
void spt_rotary_release(struct spt_rotary *rotary);

/* Turns a head's vectors of n tokens at positions 0 .. n - 1, in place.
 *   x  [n, 2 * half], rows stride apart */
void spt_rotary_turn(const struct spt_rotary *rotary, float *x, size_t n, size_t stride);

#endif
