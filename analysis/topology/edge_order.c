#include "analysis/topology/edge_order.h"

#include <math.h>
#include <string.h>

/* Distances are mapped linearly to 31 bits, so that key and code share a word; the highest bits are sorted by counting,
 * what is still equal there is a short run, sorted by insertion, or a long one, mapped anew between its own ends. */
enum { KEY_SHIFT = 32, KEY_TOP = 63, RUN_SHORT = 24 };

static double distance_of(const double *distance, size_t n, uint64_t edge) {
    return distance[spt_edge_low((uint32_t)edge) * n + spt_edge_high((uint32_t)edge)];
}

struct spt_edge_range spt_edge_range_of(const double *distance, size_t n, double *scratch) {
    double *restrict farthest = scratch, *restrict nearest = scratch + n;
    for (size_t j = 0; j < n; ++j) {
        farthest[j] = 0;
        nearest[j] = n > 1 ? INFINITY : 0;
    }
    for (size_t i = 0; i < n; ++i) { /* by columns, which is the same and goes by vectors */
        const double *row = distance + i * n;
        for (size_t j = 0; j < n; ++j) farthest[j] = row[j] > farthest[j] ? row[j] : farthest[j];
        for (size_t j = i + 1; j < n; ++j) nearest[j] = row[j] < nearest[j] ? row[j] : nearest[j];
    }
    struct spt_edge_range range = {nearest[n - 1], farthest[0]};
    for (size_t j = 0; j < n; ++j) {
        range.low = nearest[j] < range.low ? nearest[j] : range.low;
        range.radius = farthest[j] < range.radius ? farthest[j] : range.radius;
    }
    return range;
}

/* Keys grow with distance; low is mapped to 0, high to 2^31 - 1 (signed, which vector units convert to). */
struct key_map {
    double low, widen, scale;
};

static struct key_map key_map_of(double low, double high) {
    const double widen = high - low < 0x1p-900 ? 0x1p600 : 1; /* the quotient below must not overflow */
    return (struct key_map){low, widen, 2147483647.0 / ((high - low) * widen)};
}

static int32_t key_of(const struct key_map *map, double distance) {
    return (int32_t)((distance - map->low) * map->widen * map->scale);
}

static uint64_t keyed_edge(int32_t key, uint32_t code) {
    return (uint64_t)(uint32_t)key << KEY_SHIFT | code;
}

/* Sorts by the 2 * bits highest bits of the key, stable. The result is in edges. (Not inlined: its tables would stay on
 * the stack while sort_keyed recurs.) */
static __attribute__((noinline)) void sort_highest(uint64_t *edges, uint64_t *scratch, size_t count, unsigned bits) {
    enum { BITS_MAX = 11 };
    uint32_t low[1 << BITS_MAX], high[1 << BITS_MAX];
    memset(low, 0, sizeof *low << bits);
    memset(high, 0, sizeof *high << bits);
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    const unsigned high_shift = KEY_TOP - bits, low_shift = high_shift - bits;
    for (size_t e = 0; e < count; ++e) {
        ++low[edges[e] >> low_shift & mask];
        ++high[edges[e] >> high_shift];
    }
    uint32_t low_sum = 0, high_sum = 0;
    for (size_t b = 0; b <= mask; ++b) {
        const uint32_t low_count = low[b], high_count = high[b];
        low[b] = low_sum;
        high[b] = high_sum;
        low_sum += low_count;
        high_sum += high_count;
    }
    for (size_t e = 0; e < count; ++e) scratch[low[edges[e] >> low_shift & mask]++] = edges[e];
    for (size_t e = 0; e < count; ++e) edges[high[scratch[e] >> high_shift]++] = scratch[e];
}

static void sort_by_insertion(const double *distance, size_t n, uint64_t *edges, size_t count) {
    for (size_t e = 1; e < count; ++e) {
        const uint64_t edge = edges[e];
        const double d = distance_of(distance, n, edge);
        size_t at = e;
        for (; at > 0; --at) {
            const double before = distance_of(distance, n, edges[at - 1]);
            if (before < d || (before == d && (uint32_t)edges[at - 1] < (uint32_t)edge)) break;
            edges[at] = edges[at - 1];
        }
        edges[at] = edge;
    }
}

/* edges ascend by code; their keys are of a map over all of them. */
static void sort_keyed(const double *distance, size_t n, uint64_t *edges, uint64_t *scratch, size_t count);

static void sort_run(const double *distance, size_t n, uint64_t *edges, uint64_t *scratch, size_t count) {
    if (count <= RUN_SHORT) {
        sort_by_insertion(distance, n, edges, count);
        return;
    }
    double low = distance_of(distance, n, edges[0]), high = low;
    for (size_t e = 1; e < count; ++e) {
        const double d = distance_of(distance, n, edges[e]);
        low = d < low ? d : low;
        high = d > high ? d : high;
    }
    if (low == high) return; /* true ties: by code already, since counting is stable */
    const struct key_map map = key_map_of(low, high);
    for (size_t e = 0; e < count; ++e)
        edges[e] = keyed_edge(key_of(&map, distance_of(distance, n, edges[e])), (uint32_t)edges[e]);
    sort_keyed(distance, n, edges, scratch, count);
}

static void sort_keyed(const double *distance, size_t n, uint64_t *edges, uint64_t *scratch, size_t count) {
    const unsigned bits = count <= 4096 ? 8 : 11;
    const unsigned shift = KEY_TOP - 2 * bits;
    sort_highest(edges, scratch, count, bits);
    for (size_t first = 0; first < count;) {
        size_t last = first + 1;
        while (last < count && edges[last] >> shift == edges[first] >> shift) ++last;
        if (last - first > 1) sort_run(distance, n, edges + first, scratch, last - first);
        first = last;
    }
}

/* The edges below the radius, by code, with their keys. */
static size_t collect(const double *distance, size_t n, double radius, const struct key_map *map, uint64_t *edges) {
    enum { BLOCK = 64 };
    int32_t key[BLOCK];
    size_t count = 0;
    for (size_t i = 0; i + 1 < n; ++i) {
        const double *row = distance + i * n;
        for (size_t first = i + 1; first < n; first += BLOCK) {
            const size_t length = n - first < BLOCK ? n - first : BLOCK;
            for (size_t b = 0; b < length; ++b) key[b] = key_of(map, row[first + b] < radius ? row[first + b] : radius);
            for (size_t b = 0; b < length; ++b) {
                edges[count] = keyed_edge(key[b], (uint32_t)(i << 16 | (first + b)));
                count += row[first + b] < radius; /* without a branch: what is not kept is written over */
            }
        }
    }
    return count;
}

size_t spt_edges_in_order(const double *distance, size_t n, struct spt_edge_range range, uint64_t *edges,
                          uint64_t *scratch) {
    if (!(range.low < range.radius)) return 0;
    const struct key_map map = key_map_of(range.low, range.radius);
    const size_t count = collect(distance, n, range.radius, &map, edges);
    sort_keyed(distance, n, edges, scratch, count);
    return count;
}
