/* The sweep, for one width of vectors; included by link_sweep.c once a width, which defines what follows and
 * finds it undefined afterwards:
 *   SWEEP(name)      the name with the width's suffix
 *   TARGET           attribute of the instruction set
 *   LANES            words of a vector
 *   VECTOR, LOAD(p), STORE(p, v), AND(a, b), OR(a, b), WITHOUT(a, b) (a and not b)
 *   NONZERO(v)       mask of the lanes that are not 0
 * A set is `blocks` vectors. */

#define SPREAD(type) static inline __attribute__((always_inline)) TARGET type

/* Grows component by what is left of link and adjacent to it, until nothing is. true: nothing of the link is left
 * outside. */
SPREAD(bool) SWEEP(grow)(const uint64_t *near, size_t blocks, const uint64_t *link, uint64_t *component) {
    const size_t words = blocks * LANES;
    bool grown = true, outside = true;
    while (grown && outside) {
        grown = outside = false;
        for (size_t b = 0; b < blocks; ++b) {
            unsigned lanes = NONZERO(WITHOUT(LOAD(link + b * LANES), LOAD(component + b * LANES)));
            for (; lanes; lanes &= lanes - 1) {
                const size_t w = b * LANES + (size_t)__builtin_ctz(lanes);
                for (uint64_t left = link[w] & ~component[w]; left; left &= ~component[w] & (left - 1)) {
                    const uint64_t *around = near + (w * 64 + (size_t)__builtin_ctzll(left)) * words;
                    unsigned meets = 0;
                    for (size_t u = 0; u < words; u += LANES)
                        meets |= NONZERO(AND(LOAD(around + u), LOAD(component + u)));
                    if (!meets) {
                        outside = true;
                        continue;
                    }
                    for (size_t u = 0; u < words; u += LANES)
                        STORE(component + u, OR(LOAD(component + u), AND(LOAD(around + u), LOAD(link + u))));
                    grown = true;
                }
            }
        }
    }
    return !outside;
}

SPREAD(size_t)
SWEEP(sweep)(struct spt_link_sweep *sweep, size_t from, size_t blocks, uint64_t *link, uint64_t *component) {
    const size_t n = sweep->n, count = sweep->count, words = blocks * LANES;
    uint64_t *near = sweep->near;
    size_t r = from;
    for (; r < count; ++r) {
        const uint32_t code = (uint32_t)sweep->edges[r];
        const size_t i = code >> 16, j = code & 0xffff;
        uint64_t *near_i = near + i * words, *near_j = near + j * words;
        size_t lowest = words;
        for (size_t b = blocks; b-- > 0;) {
            const VECTOR both = AND(LOAD(near_i + b * LANES), LOAD(near_j + b * LANES));
            STORE(link + b * LANES, both);
            const unsigned lanes = NONZERO(both);
            if (lanes) lowest = b * LANES + (size_t)__builtin_ctz(lanes);
        }
        if (lowest == words) break;
        const size_t k = lowest * 64 + (size_t)__builtin_ctzll(link[lowest]);
        const uint64_t *near_k = near + k * words;
        unsigned outside = 0;
        for (size_t u = 0; u < words; u += LANES) {
            const VECTOR around = LOAD(near_k + u), whole = LOAD(link + u);
            STORE(component + u, AND(whole, around));
            outside |= NONZERO(WITHOUT(whole, around));
        }
        sweep->via[r] = (uint32_t)k;
        if (outside && !SWEEP(grow)(near, blocks, link, component)) break;
        sweep->rank[i * n + j] = (uint32_t)r;
        near_i[j / 64] |= (uint64_t)1 << j % 64;
        near_j[i / 64] |= (uint64_t)1 << i % 64;
    }
    return r;
}

#undef SPREAD
#undef SWEEP
#undef TARGET
#undef LANES
#undef VECTOR
#undef LOAD
#undef STORE
#undef AND
#undef OR
#undef WITHOUT
#undef NONZERO
