#include "analysis/topology/edge_order.h"

#include <string.h>

/* Distances are mapped linearly to 32 bits, so that key and code share a word; the highest bits are sorted by counting,
 * what is still equal there is a short run, sorted by insertion, or a long one, mapped anew between its own ends. */
enum { KEY_SHIFT = 32, RUN_SHORT = 24 };

static double distance_of(const double *distance, size_t n, uint64_t edge) {
    return distance[spt_edge_low((uint32_t)edge) * n + spt_edge_high((uint32_t)edge)];
}

double spt_enclosing_radius(const double *distance, size_t n, double *farthest) {
    memset(farthest, 0, n * sizeof *farthest);
    for (size_t i = 0; i < n; ++i) {
        const double *row = distance + i * n;
        for (size_t j = 0; j < n; ++j) farthest[j] = row[j] > farthest[j] ? row[j] : farthest[j];
    }
    double radius = farthest[0];
    for (size_t i = 1; i < n; ++i) radius = farthest[i] < radius ? farthest[i] : radius;
    return radius;
}

/* Keys grow with distance; low is mapped to 0, high to 2^32 - 1. */
struct key_map {
    double low, widen, scale;
};

static struct key_map key_map_of(double low, double high) {
    const double widen = high - low < 0x1p-900 ? 0x1p600 : 1; /* the quotient below must not overflow */
    return (struct key_map){low, widen, 4294967295.0 / ((high - low) * widen)};
}

static uint64_t key_of(const struct key_map *map, double distance) {
    return (uint64_t)((distance - map->low) * map->widen * map->scale) << KEY_SHIFT;
}

/* Sorts by the digits * bits highest bits, stable. The result is in edges. */
static void sort_highest(uint64_t *edges, uint64_t *scratch, size_t count, unsigned bits) {
    enum { BITS_MAX = 11 };
    uint32_t low[1 << BITS_MAX] = {0}, high[1 << BITS_MAX] = {0};
    const uint64_t mask = ((uint64_t)1 << bits) - 1;
    const unsigned high_shift = 64 - bits, low_shift = 64 - 2 * bits;
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
    for (size_t e = 0; e < count; ++e) edges[e] = key_of(&map, distance_of(distance, n, edges[e])) | (uint32_t)edges[e];
    sort_keyed(distance, n, edges, scratch, count);
}

static void sort_keyed(const double *distance, size_t n, uint64_t *edges, uint64_t *scratch, size_t count) {
    const unsigned bits = count <= 4096 ? 8 : 11;
    const unsigned shift = 64 - 2 * bits;
    sort_highest(edges, scratch, count, bits);
    for (size_t first = 0; first < count;) {
        size_t last = first + 1;
        while (last < count && edges[last] >> shift == edges[first] >> shift) ++last;
        if (last - first > 1) sort_run(distance, n, edges + first, scratch, last - first);
        first = last;
    }
}

size_t spt_edges_in_order(const double *distance, size_t n, double radius, uint64_t *edges, uint64_t *scratch) {
    double low = radius;
    for (size_t i = 0; i + 1 < n; ++i)
        for (size_t j = i + 1; j < n; ++j) low = distance[i * n + j] < low ? distance[i * n + j] : low;
    if (!(low < radius)) return 0;
    const struct key_map map = key_map_of(low, radius);
    size_t count = 0;
    for (size_t i = 0; i + 1 < n; ++i)
        for (size_t j = i + 1; j < n; ++j) {
            const double d = distance[i * n + j];
            if (d < radius) edges[count++] = key_of(&map, d) | spt_edge_code(i, j);
        }
    sort_keyed(distance, n, edges, scratch, count);
    return count;
}
