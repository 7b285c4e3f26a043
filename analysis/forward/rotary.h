/* Rotary position embedding (Su et al. 2021, eq. 34), in the split-halves form of HF transformers: dimension i of the
 * first half of what is rotated pairs with dimension i of the second.
 *
 *     spt_rotary_init  ->  spt_rotary_turn (any thread) ...  ->  spt_rotary_release
 */
#ifndef SPT_FORWARD_ROTARY_H
#define SPT_FORWARD_ROTARY_H

#include "analysis/probe.h"
#include "checkpoints/base/error.h"
#include "checkpoints/model_config.h"

#include <stddef.h>

/* Angles of positions 0 .. positions - 1. */
struct spt_rotary_table {
    size_t positions;
    float *cosine, *sine; /* [positions, half] */
};

struct spt_rotary {
    size_t half, longest;
    /* [0] for all samples; where angles depend on the sample's length (dynamic), those longer than the original
     * positions have one each. */
    struct spt_rotary_table *tables; /* [count] */
    size_t count;
    size_t *of_length; /* [longest + 1] the table of samples of n tokens; NULL: [0] */
};

/* The tables for the samples of a probe: position * base^(-2 i / dim) for 2 i < dim, i.e. config's rotary_base and
 * rotary_dim, changed as config->scaling says and rounded to float32 at each step as the reference does (more exact
 * angles of late positions would differ from it). An odd dim rotates dim + 1 dimensions by angles made of dim, as HF
 * transformers does. 0: nothing is rotated. SPT_NOMEM. Scalings: linear (Chen et al. 2023, position interpolation),
 * dynamic (NTK-aware, by the sample's own length), yarn (Peng et al. 2023), llama3 (by wavelength; Llama 3.1). */
enum spt_status spt_rotary_init(struct spt_rotary *rotary, const struct spt_model_config *config,
                                const struct spt_probe *probe, struct spt_error *error);
void spt_rotary_release(struct spt_rotary *rotary);

/* Turns a head's vectors of a sample of n tokens, in place.
 *   x  [n, 2 * half], rows stride apart */
void spt_rotary_turn(const struct spt_rotary *rotary, float *x, size_t n, size_t stride);

#endif
