#include "analysis/topology/voids.h"
#include "analysis/topology/edge_order.h"
#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct keys { /* a growing array */
    uint64_t *key;
    size_t count, capacity;
};

struct column {
    uint64_t pivot;     /* tetrahedron */
    size_t first, last; /* in members: the triangles whose coboundaries add up to the reduced column */
};

struct spt_voids {
    size_t n;
    uint32_t *rank;        /* [n_max, n_max] of every edge below the radius, else SPT_RANK_NONE */
    struct keys killers;   /* triangles, ascending */
    struct keys heap;      /* tetrahedra, the least on top, twice means not at all */
    struct keys triangles; /* of the column at hand */
    struct keys members;
    struct column *columns;
    size_t column_count, column_capacity;
    uint32_t *slots; /* [slot_count] hash of pivots to columns + 1; a power of two, at most half full */
    size_t slot_count;
    struct spt_bar *bars;
    size_t bar_count, bar_capacity;
};

static uint64_t triangle_of(uint64_t rank, size_t k) {
    return rank << 16 | k;
}

static uint64_t tetrahedron_of(uint64_t rank, size_t k, size_t l) {
    return rank << 32 | (k < l ? k << 16 | l : l << 16 | k);
}

struct spt_voids *spt_voids_new(size_t n_max) {
    struct spt_voids *voids = calloc(1, sizeof *voids);
    if (!voids) return NULL;
    voids->rank = spt_alloc(n_max * n_max, sizeof *voids->rank);
    if (voids->rank) return voids;
    spt_voids_free(voids);
    return NULL;
}

void spt_voids_free(struct spt_voids *voids) {
    if (!voids) return;
    free(voids->rank);
    free(voids->killers.key);
    free(voids->heap.key);
    free(voids->triangles.key);
    free(voids->members.key);
    free(voids->columns);
    free(voids->slots);
    free(voids->bars);
    free(voids);
}

static bool append(struct keys *keys, uint64_t key) {
    if (!spt_grow((void **)&keys->key, &keys->capacity, keys->count + 1, sizeof *keys->key)) return false;
    keys->key[keys->count++] = key;
    return true;
}

bool spt_voids_note_killer(struct spt_voids *voids, size_t rank, size_t k) {
    return append(&voids->killers, triangle_of(rank, k));
}

void spt_voids_forget_killers(struct spt_voids *voids) {
    voids->killers.count = 0;
}

/* --- a heap of tetrahedra --- */

static bool push(struct keys *heap, uint64_t key) {
    if (!append(heap, key)) return false;
    size_t at = heap->count - 1;
    while (at > 0 && heap->key[(at - 1) / 2] > key) {
        heap->key[at] = heap->key[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->key[at] = key;
    return true;
}

static void drop_top(struct keys *heap) {
    const uint64_t key = heap->key[--heap->count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < heap->count; at = child) {
        if (child + 1 < heap->count && heap->key[child + 1] < heap->key[child]) ++child;
        if (key <= heap->key[child]) break;
        heap->key[at] = heap->key[child];
    }
    heap->key[at] = key;
}

/* The least tetrahedron that is there an odd number of times; it stays on top, once. false: none. */
static bool find_pivot(struct keys *heap, uint64_t *pivot) {
    while (heap->count > 0) {
        *pivot = heap->key[0];
        drop_top(heap);
        if (heap->count == 0 || heap->key[0] != *pivot) return push(heap, *pivot);
        drop_top(heap);
    }
    return false;
}

/* --- pivots --- */

static size_t slot_of(const struct spt_voids *voids, uint64_t pivot) {
    const size_t mask = voids->slot_count - 1;
    size_t slot = (size_t)(pivot * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (voids->slots[slot] && voids->columns[voids->slots[slot] - 1].pivot != pivot) slot = (slot + 1) & mask;
    return slot;
}

static const struct column *column_of(const struct spt_voids *voids, uint64_t pivot) {
    if (voids->column_count == 0) return NULL;
    const uint32_t found = voids->slots[slot_of(voids, pivot)];
    return found ? &voids->columns[found - 1] : NULL;
}

static bool grow_slots(struct spt_voids *voids) {
    const size_t count = voids->slot_count ? 2 * voids->slot_count : 64;
    uint32_t *slots = spt_alloc_zeroed(count, sizeof *slots);
    if (!slots) return false;
    free(voids->slots);
    voids->slots = slots;
    voids->slot_count = count;
    for (size_t c = 0; c < voids->column_count; ++c) slots[slot_of(voids, voids->columns[c].pivot)] = (uint32_t)c + 1;
    return true;
}

static int compare_keys(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Keeps the triangles of the column at hand, those that are there an odd number of times. */
static bool keep_column(struct spt_voids *voids, uint64_t pivot) {
    if (2 * (voids->column_count + 1) > voids->slot_count && !grow_slots(voids)) return false;
    if (!spt_grow((void **)&voids->columns, &voids->column_capacity, voids->column_count + 1, sizeof *voids->columns))
        return false;
    const struct keys *triangles = &voids->triangles;
    qsort(triangles->key, triangles->count, sizeof *triangles->key, compare_keys);
    struct column column = {.pivot = pivot, .first = voids->members.count};
    for (size_t t = 0; t < triangles->count;) {
        size_t next = t + 1;
        while (next < triangles->count && triangles->key[next] == triangles->key[t]) ++next;
        if ((next - t) % 2 == 1 && !append(&voids->members, triangles->key[t])) return false;
        t = next;
    }
    column.last = voids->members.count;
    voids->slots[slot_of(voids, pivot)] = (uint32_t)++voids->column_count;
    voids->columns[voids->column_count - 1] = column;
    return true;
}

/* --- the complex --- */

static uint32_t max_rank(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* Adds a triangle to the column at hand: its tetrahedra to the heap. */
static bool add_triangle(struct spt_voids *voids, const struct spt_link_sweep *sweep, uint64_t triangle) {
    const size_t n = voids->n, c = triangle & 0xffff;
    const uint32_t rank = (uint32_t)(triangle >> 16), code = (uint32_t)sweep->edges[rank];
    const size_t a = spt_edge_low(code), b = spt_edge_high(code);
    const uint32_t *to_a = voids->rank + a * n, *to_b = voids->rank + b * n, *to_c = voids->rank + c * n;
    if (!append(&voids->triangles, triangle)) return false;
    for (size_t v = 0; v < n; ++v) {
        const uint32_t last = max_rank(max_rank(to_a[v], to_b[v]), max_rank(to_c[v], rank));
        if (last == SPT_RANK_NONE) continue; /* v is a, b, c, or too far from one of them */
        uint64_t tetrahedron;
        if (last == rank)
            tetrahedron = tetrahedron_of(last, c, v);
        else if (last == to_a[v])
            tetrahedron = tetrahedron_of(last, b, c);
        else if (last == to_b[v])
            tetrahedron = tetrahedron_of(last, a, c);
        else
            tetrahedron = tetrahedron_of(last, a, b);
        if (!push(&voids->heap, tetrahedron)) return false;
    }
    return true;
}

/* The least v < below with which the triangle (rank, k) makes a tetrahedron of the same last edge; below: none. That
 * tetrahedron is the triangle's least one, and the triangle its greatest when v < k: the two are paired. */
static size_t apparent_partner(const struct spt_voids *voids, const struct spt_link_sweep *sweep, uint32_t rank,
                               size_t k, size_t below) {
    const uint32_t code = (uint32_t)sweep->edges[rank];
    const size_t n = voids->n;
    const uint32_t *to_i = voids->rank + spt_edge_low(code) * n, *to_j = voids->rank + spt_edge_high(code) * n;
    const uint32_t *to_k = voids->rank + k * n;
    size_t v = 0;
    while (v < below && !(to_i[v] < rank && to_j[v] < rank && to_k[v] < rank)) ++v;
    return v;
}

static double length_of(const struct spt_link_sweep *sweep, const double *distance, uint64_t rank) {
    const uint32_t code = (uint32_t)sweep->edges[rank];
    return distance[spt_edge_low(code) * sweep->n + spt_edge_high(code)];
}

/* Reduces the coboundary of one triangle. *death: the last edge of its tetrahedron, or SPT_RANK_NONE. */
static bool reduce(struct spt_voids *voids, const struct spt_link_sweep *sweep, uint64_t triangle, uint32_t *death) {
    voids->heap.count = voids->triangles.count = 0;
    *death = SPT_RANK_NONE;
    if (!add_triangle(voids, sweep, triangle)) return false;
    for (uint64_t pivot; find_pivot(&voids->heap, &pivot);) {
        const struct column *column = column_of(voids, pivot);
        if (column) {
            const size_t first = column->first, last = column->last;
            for (size_t m = first; m < last; ++m)
                if (!add_triangle(voids, sweep, voids->members.key[m])) return false;
            continue;
        }
        const uint32_t rank = (uint32_t)(pivot >> 32);
        const size_t k = pivot >> 16 & 0xffff, l = pivot & 0xffff;
        if (apparent_partner(voids, sweep, rank, l, k + 1) != k) {
            *death = rank;
            return keep_column(voids, pivot);
        }
        if (!add_triangle(voids, sweep, triangle_of(rank, l))) return false;
    }
    return true;
}

static bool add_bar(struct spt_voids *voids, double birth, double death) {
    if (!(death - birth > SPT_BAR_MIN)) return true;
    if (!spt_grow((void **)&voids->bars, &voids->bar_capacity, voids->bar_count + 1, sizeof *voids->bars)) return false;
    voids->bars[voids->bar_count++] = (struct spt_bar){birth, death};
    return true;
}

/* All triangles of one last edge, from the greatest k down. *killer: the killers from it on are of later edges. */
static bool reduce_edge(struct spt_voids *voids, const struct spt_link_sweep *sweep, const double *distance,
                        double radius, uint32_t rank, size_t *killer) {
    const uint32_t code = (uint32_t)sweep->edges[rank];
    const size_t n = voids->n;
    const uint32_t *to_i = voids->rank + spt_edge_low(code) * n, *to_j = voids->rank + spt_edge_high(code) * n;
    size_t lowest = 0;
    while (lowest < n && !(to_i[lowest] < rank && to_j[lowest] < rank)) ++lowest;
    for (size_t k = n; k-- > lowest + 1;) { /* (rank, lowest) is paired with the edge itself */
        if (!(to_i[k] < rank && to_j[k] < rank)) continue;
        const uint64_t triangle = triangle_of(rank, k);
        if (*killer > 0 && voids->killers.key[*killer - 1] == triangle) {
            --*killer;
            continue;
        }
        if (apparent_partner(voids, sweep, rank, k, k) < k) continue;
        uint32_t death;
        if (!reduce(voids, sweep, triangle, &death) ||
            !add_bar(voids, length_of(sweep, distance, rank),
                     death == SPT_RANK_NONE ? radius : length_of(sweep, distance, death)))
            return false;
    }
    return true;
}

bool spt_voids_of(struct spt_voids *voids, const struct spt_link_sweep *sweep, const double *distance, double radius,
                  const struct spt_bar **bars, size_t *count) {
    const size_t n = voids->n = sweep->n;
    voids->members.count = voids->column_count = voids->bar_count = 0;
    if (voids->slot_count) memset(voids->slots, 0, voids->slot_count * sizeof *voids->slots);
    for (size_t c = 0; c < n * n; ++c) voids->rank[c] = SPT_RANK_NONE;
    for (size_t r = 0; r < sweep->count; ++r) {
        const uint32_t code = (uint32_t)sweep->edges[r];
        const size_t i = spt_edge_low(code), j = spt_edge_high(code);
        voids->rank[i * n + j] = voids->rank[j * n + i] = (uint32_t)r;
    }
    size_t killer = voids->killers.count;
    for (size_t r = sweep->count; r-- > 0;)
        if (!reduce_edge(voids, sweep, distance, radius, (uint32_t)r, &killer)) return false;
    *bars = voids->bars;
    *count = voids->bar_count;
    return true;
}
