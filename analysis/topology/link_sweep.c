#include "analysis/topology/link_sweep.h"

#include <stdbool.h>

#define INLINE static inline __attribute__((always_inline))

size_t spt_link_words(size_t n) {
    const size_t words = (n + 63) / 64;
    if (words <= 2) return words;
    return words <= 4 ? 4 : (words + 7) / 8 * 8;
}

/* Grows component by what is left of link and adjacent to it, until nothing is. true: nothing of the link is left
 * outside. */
INLINE bool grow(const uint64_t *near, size_t words, const uint64_t *link, uint64_t *component) {
    bool grown = true, rest = true;
    while (grown && rest) {
        grown = rest = false;
        for (size_t w = 0; w < words; ++w) {
            for (uint64_t left = link[w] & ~component[w]; left; left &= ~component[w] & (left - 1)) {
                const size_t v = w * 64 + (size_t)__builtin_ctzll(left);
                const uint64_t *around = near + v * words;
                uint64_t meets = 0;
                for (size_t u = 0; u < words; ++u) meets |= around[u] & component[u];
                if (meets) {
                    for (size_t u = 0; u < words; ++u) component[u] |= around[u] & link[u];
                    grown = true;
                } else {
                    rest = true;
                }
            }
        }
    }
    return !rest;
}

INLINE size_t lowest(const uint64_t *set, size_t words) {
    size_t w = 0;
    while (w + 1 < words && !set[w]) ++w;
    return w * 64 + (size_t)__builtin_ctzll(set[w]);
}

void spt_link_component(const uint64_t *near, size_t words, const uint64_t *link, uint64_t *component) {
    const uint64_t *around = near + lowest(link, words) * words;
    for (size_t w = 0; w < words; ++w) component[w] = around[w] & link[w];
    grow(near, words, link, component);
}

INLINE size_t sweep_on(struct spt_link_sweep *sweep, size_t from, size_t words, uint64_t *link, uint64_t *component) {
    uint64_t *near = sweep->near;
    const size_t n = sweep->n, count = sweep->count;
    size_t r = from;
    for (; r < count; ++r) {
        const uint32_t code = (uint32_t)sweep->edges[r];
        const size_t i = code >> 16, j = code & 0xffff;
        uint64_t *near_i = near + i * words, *near_j = near + j * words;
        uint64_t any = 0;
        for (size_t w = 0; w < words; ++w) any |= link[w] = near_i[w] & near_j[w];
        if (!any) break;
        const size_t k = lowest(link, words);
        const uint64_t *near_k = near + k * words;
        uint64_t rest = 0;
        for (size_t w = 0; w < words; ++w) {
            component[w] = link[w] & near_k[w];
            rest |= link[w] ^ component[w];
        }
        sweep->via[r] = (uint32_t)k;
        if (rest && !grow(near, words, link, component)) break;
        sweep->rank[i * n + j] = (uint32_t)r;
        near_i[j / 64] |= (uint64_t)1 << j % 64;
        near_j[i / 64] |= (uint64_t)1 << i % 64;
    }
    for (size_t w = 0; w < words; ++w) {
        sweep->link[w] = link[w];
        sweep->component[w] = component[w];
    }
    return r;
}

size_t spt_link_sweep_on(struct spt_link_sweep *sweep, size_t from) {
    uint64_t link[8] = {0}, component[8] = {0};
    switch (sweep->words) {
    case 1:
        return sweep_on(sweep, from, 1, link, component);
    case 2:
        return sweep_on(sweep, from, 2, link, component);
    case 4:
        return sweep_on(sweep, from, 4, link, component);
    case 8:
        return sweep_on(sweep, from, 8, link, component);
    default:
        return sweep_on(sweep, from, sweep->words, sweep->link, sweep->component);
    }
}
