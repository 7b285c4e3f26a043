/* Householder's reflections in lanes. Included by kernels only. */
#ifndef SPT_LANES_REFLECTOR_H
#define SPT_LANES_REFLECTOR_H

#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

/* The scale of the reflector of a vector whose first entry and squared norm these are, 2 / |v|^2, and the entry that it
 * leaves, of the other sign so that v = first - left has no cancellation. Both 0 for a zero vector. */
static inline vec vec_reflector(vec first, vec norm2, vec *left) {
    const lane_mask some = vec_less(vec_of(SPT_LANES_TINY_SQUARE), norm2);
    const vec norm = vec_sqrt(norm2), zero = vec_of(0);
    *left = vec_pick(some, vec_pick(vec_less(first, zero), norm, -norm), zero);
    return vec_pick(some, vec_of(1) / vec_pick(some, vec_fma(norm, vec_abs(first), norm2), vec_of(1)), zero);
}

#endif
