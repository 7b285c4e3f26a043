#include "analysis/topology/cycle_reduction.h"
#include "analysis/topology/edge_order.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Tried without gain: replacing an edge by way of the link's vertex that is nearest to both ends instead of the lowest
 * one (35 columns added a relation at n = 512 instead of 17). */

static bool bit_set_init(struct spt_bit_set *set, size_t bits) {
    set->words = spt_alloc_zeroed(bits / 64 + 1, sizeof *set->words);
    set->blocks = spt_alloc_zeroed(bits / 4096 + 1, sizeof *set->blocks);
    return set->words && set->blocks;
}

static void flip(struct spt_bit_set *set, uint32_t bit) {
    const size_t word = bit / 64;
    set->words[word] ^= (uint64_t)1 << bit % 64;
    set->blocks[word / 64] |= (uint64_t)1 << word % 64;
}

/* Takes the highest bit out, looking from *block downwards. false: the set is empty. */
static bool take_highest(struct spt_bit_set *set, size_t *block, uint32_t *bit) {
    for (;; --*block) {
        while (set->blocks[*block]) {
            const unsigned in_block = 63u - (unsigned)__builtin_clzll(set->blocks[*block]);
            const size_t word = *block * 64 + in_block;
            const uint64_t left = set->words[word];
            if (left) {
                const unsigned top = 63u - (unsigned)__builtin_clzll(left);
                set->words[word] = left ^ (uint64_t)1 << top;
                *bit = (uint32_t)(word * 64 + top);
                return true;
            }
            set->blocks[*block] ^= (uint64_t)1 << in_block;
        }
        if (*block == 0) return false;
    }
}

bool spt_cycle_reduction_init(struct spt_cycle_reduction *reduction, size_t edges, size_t loops) {
    enum { POOL_LEAST = 1024 };
    *reduction = (struct spt_cycle_reduction){.pool_capacity = 2 * edges + POOL_LEAST};
    const bool cycle = bit_set_init(&reduction->cycle, edges), sum = bit_set_init(&reduction->sum, loops);
    reduction->loops = spt_alloc(loops, sizeof *reduction->loops);
    reduction->pool = spt_alloc(reduction->pool_capacity, sizeof *reduction->pool);
    return cycle && sum && reduction->loops && reduction->pool;
}

void spt_cycle_reduction_release(struct spt_cycle_reduction *reduction) {
    free(reduction->cycle.words);
    free(reduction->cycle.blocks);
    free(reduction->sum.words);
    free(reduction->sum.blocks);
    free(reduction->loops);
    free(reduction->pool);
}

void spt_cycle_reduction_start(struct spt_cycle_reduction *reduction) {
    reduction->loop_count = reduction->alive = 0;
    reduction->pool[0] = 0;
    reduction->pool_used = 1;
}

void spt_cycle_close(struct spt_cycle_reduction *reduction, struct spt_link_sweep *sweep, size_t r, double birth) {
    sweep->via[r] = SPT_VIA_LOOP | (uint32_t)reduction->loop_count;
    reduction->loops[reduction->loop_count++] = (struct spt_loop){.birth = birth};
    ++reduction->alive;
}

static void flip_sum(struct spt_cycle_reduction *reduction, uint32_t at) {
    const uint32_t *loops = reduction->pool + at + 1;
    for (uint32_t l = 0; l < reduction->pool[at]; ++l) flip(&reduction->sum, loops[l]);
}

/* Takes the sum out, with dead loops replaced by what they equal, to the end of the pool: *at. The pool's end is not
 * moved yet. */
static bool settle(struct spt_cycle_reduction *reduction, size_t *at) {
    const size_t need = reduction->pool_used + reduction->alive + 1;
    *at = reduction->pool_used;
    const bool room = need <= SPT_VIA_VALUE &&
                      spt_grow((void **)&reduction->pool, &reduction->pool_capacity, need, sizeof *reduction->pool);
    uint32_t length = 0;
    size_t block = reduction->loop_count / 4096;
    for (uint32_t loop; take_highest(&reduction->sum, &block, &loop);) { /* empties the sum in any case */
        if (!room) continue;
        if (reduction->loops[loop].dead)
            flip_sum(reduction, reduction->loops[loop].column);
        else
            reduction->pool[*at + ++length] = loop;
    }
    if (room) reduction->pool[*at] = length;
    return room;
}

static uint32_t rank_of(const struct spt_link_sweep *sweep, size_t i, size_t j) {
    return sweep->rank[i < j ? i * sweep->n + j : j * sweep->n + i];
}

/* Adds an edge: what is known of it to the sum, else itself to the cycle. true: to the cycle. */
static bool add_edge(struct spt_cycle_reduction *reduction, const struct spt_link_sweep *sweep, uint32_t rank) {
    if (rank == SPT_RANK_NONE) return false;
    const uint32_t via = sweep->via[rank];
    if (via & SPT_VIA_LOOP) {
        flip(&reduction->sum, via ^ SPT_VIA_LOOP);
    } else if (via & SPT_VIA_VALUE) {
        flip_sum(reduction, via ^ SPT_VIA_VALUE);
    } else {
        flip(&reduction->cycle, rank);
        return true;
    }
    return false;
}

static bool add_by_way_of(struct spt_cycle_reduction *reduction, const struct spt_link_sweep *sweep, uint32_t rank) {
    const uint32_t code = (uint32_t)sweep->edges[rank], k = sweep->via[rank];
    const bool one = add_edge(reduction, sweep, rank_of(sweep, spt_edge_low(code), k));
    const bool other = add_edge(reduction, sweep, rank_of(sweep, spt_edge_high(code), k));
    return one || other;
}

static bool has_dead(const struct spt_cycle_reduction *reduction, uint32_t at) {
    bool dead = false;
    for (uint32_t l = 1; l <= reduction->pool[at]; ++l) dead |= reduction->loops[reduction->pool[at + l]].dead;
    return dead;
}

/* Makes the edge's value known and up to date, unless it is a loop's own. false: out of memory. */
static bool evaluate(struct spt_cycle_reduction *reduction, struct spt_link_sweep *sweep, uint32_t rank) {
    if (rank == SPT_RANK_NONE || sweep->via[rank] & SPT_VIA_LOOP) return true;
    const bool known = sweep->via[rank] & SPT_VIA_VALUE;
    const uint32_t old = known ? sweep->via[rank] ^ SPT_VIA_VALUE : 0;
    if (known) {
        if (!has_dead(reduction, old)) return true;
        flip_sum(reduction, old);
    } else if (add_by_way_of(reduction, sweep, rank)) {
        size_t block = rank / 4096;
        for (uint32_t edge; take_highest(&reduction->cycle, &block, &edge);) add_by_way_of(reduction, sweep, edge);
    }
    size_t at;
    if (!settle(reduction, &at)) return false;
    const uint32_t length = reduction->pool[at];
    if (length == 0) {
        sweep->via[rank] = SPT_VIA_VALUE;
    } else if (known && length <= reduction->pool[old]) {
        memcpy(reduction->pool + old, reduction->pool + at, (length + 1) * sizeof *reduction->pool);
    } else {
        sweep->via[rank] = SPT_VIA_VALUE | (uint32_t)at;
        reduction->pool_used = at + length + 1;
    }
    return true;
}

bool spt_cycle_reduce(struct spt_cycle_reduction *reduction, struct spt_link_sweep *sweep, size_t r, size_t k,
                      size_t k2, size_t *killed) {
    const uint32_t code = (uint32_t)sweep->edges[r];
    const size_t i = spt_edge_low(code), j = spt_edge_high(code);
    const uint32_t edges[4] = {rank_of(sweep, i, k), rank_of(sweep, j, k), rank_of(sweep, i, k2),
                               rank_of(sweep, j, k2)};
    *killed = SPT_LOOP_NONE;
    for (size_t e = 0; e < 4; ++e)
        if (!evaluate(reduction, sweep, edges[e])) return false;
    for (size_t e = 0; e < 4; ++e) add_edge(reduction, sweep, edges[e]);
    size_t at;
    if (!settle(reduction, &at)) return false;
    const uint32_t length = reduction->pool[at];
    if (length == 0) return true;
    *killed = reduction->pool[at + 1];
    reduction->pool[at + 1] = length - 1; /* the others are what it equals from now on */
    reduction->pool_used = at + 1 + length;
    reduction->loops[*killed].column = (uint32_t)at + 1;
    reduction->loops[*killed].dead = true;
    --reduction->alive;
    return true;
}
