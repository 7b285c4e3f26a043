#include "analysis/topology/cycle_reduction.h"
#include "analysis/topology/edge_order.h"
#include "checkpoints/base/memory.h"

static void toggle(struct spt_cycle_reduction *reduction, uint32_t rank) {
    const size_t word = rank / 64;
    reduction->cycle[word] ^= (uint64_t)1 << rank % 64;
    reduction->blocks[word / 64] |= (uint64_t)1 << word % 64;
}

static void toggle_edge(struct spt_cycle_reduction *reduction, const struct spt_link_sweep *sweep, size_t i, size_t j) {
    const uint32_t rank = sweep->rank[i < j ? i * sweep->n + j : j * sweep->n + i];
    if (rank != SPT_RANK_NONE) toggle(reduction, rank);
}

/* Takes the highest rank out of the cycle, looking from *block downwards. false: the cycle is empty. */
static bool take_highest(struct spt_cycle_reduction *reduction, size_t *block, uint32_t *rank) {
    for (;; --*block) {
        uint64_t *words = &reduction->blocks[*block];
        while (*words) {
            const unsigned bit = 63u - (unsigned)__builtin_clzll(*words);
            const size_t word = *block * 64 + bit;
            const uint64_t left = reduction->cycle[word];
            if (left) {
                const unsigned top = 63u - (unsigned)__builtin_clzll(left);
                reduction->cycle[word] = left ^ (uint64_t)1 << top;
                *rank = (uint32_t)(word * 64 + top);
                return true;
            }
            *words ^= (uint64_t)1 << bit;
        }
        if (*block == 0) return false;
    }
}

static bool store_column(struct spt_cycle_reduction *reduction, struct spt_loop *loop, size_t block) {
    loop->first = (uint32_t)reduction->pool_used;
    for (uint32_t rank; take_highest(reduction, &block, &rank);) {
        if (reduction->pool_used >= UINT32_MAX || !spt_grow((void **)&reduction->pool, &reduction->pool_capacity,
                                                            reduction->pool_used + 1, sizeof *reduction->pool))
            return false;
        reduction->pool[reduction->pool_used++] = rank;
    }
    loop->length = (uint32_t)reduction->pool_used - loop->first;
    loop->dead = true;
    --reduction->alive;
    return true;
}

bool spt_cycle_reduce(struct spt_cycle_reduction *reduction, const struct spt_link_sweep *sweep, size_t r, size_t k,
                      size_t k2, size_t *killed) {
    const uint32_t code = (uint32_t)sweep->edges[r];
    const size_t i = spt_edge_low(code), j = spt_edge_high(code);
    toggle_edge(reduction, sweep, i, k);
    toggle_edge(reduction, sweep, j, k);
    toggle_edge(reduction, sweep, i, k2);
    toggle_edge(reduction, sweep, j, k2);
    *killed = SPT_LOOP_NONE;
    size_t block = r / 4096;
    for (uint32_t rank; take_highest(reduction, &block, &rank);) {
        const uint32_t via = sweep->via[rank];
        if (!(via & SPT_VIA_LOOP)) {
            const uint32_t edge = (uint32_t)sweep->edges[rank];
            toggle_edge(reduction, sweep, spt_edge_low(edge), via);
            toggle_edge(reduction, sweep, spt_edge_high(edge), via);
            continue;
        }
        struct spt_loop *loop = &reduction->loops[via ^ SPT_VIA_LOOP];
        if (!loop->dead) {
            *killed = via ^ SPT_VIA_LOOP;
            return store_column(reduction, loop, block);
        }
        for (size_t c = loop->first; c < (size_t)loop->first + loop->length; ++c) toggle(reduction, reduction->pool[c]);
    }
    return true;
}
