/* The sweep against components counted from its definition, and the vector kernels against the plain one. */
#include "analysis/topology/edge_order.h"
#include "analysis/topology/link_sweep.h"
#include "checkpoints/base/memory.h"
#include "matrices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SMALL = 42, MOST = 600 };

static struct spt_link_sweep make_sweep(enum spt_link_kernel kernel, size_t n, const uint64_t *edges, size_t count) {
    const size_t words = spt_link_words(n);
    struct spt_link_sweep sweep = {
        .kernel = kernel,
        .n = n,
        .words = words,
        .edges = edges,
        .count = count,
        .near = spt_alloc_zeroed(n * words, sizeof(uint64_t)),
        .rank = spt_alloc_zeroed(n * n, sizeof(uint32_t)),
        .via = spt_alloc_zeroed(count, sizeof(uint32_t)),
        .link = spt_alloc_zeroed(words, sizeof(uint64_t)),
        .component = spt_alloc_zeroed(words, sizeof(uint64_t)),
    };
    assert_true(sweep.near && sweep.rank && sweep.via && sweep.link && sweep.component);
    for (size_t i = 0; i < n; ++i) sweep.near[i * words + i / 64] |= (uint64_t)1 << i % 64;
    return sweep;
}

static void free_sweep(struct spt_link_sweep *sweep) {
    free(sweep->near);
    free(sweep->rank);
    free(sweep->via);
    free(sweep->link);
    free(sweep->component);
}

/* Labels of the link's graph at edge r, straight from the order: 0 for an empty link, else the number of its
 * components. */
static size_t plain_link_components(const uint64_t *edges, size_t r, size_t n, bool *before /* [n, n] */) {
    const size_t i = spt_edge_low((uint32_t)edges[r]), j = spt_edge_high((uint32_t)edges[r]);
    size_t label[SMALL], components = 0;
    for (size_t k = 0; k < n; ++k) label[k] = before[i * n + k] && before[j * n + k] ? k : SIZE_MAX;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t k = 0; k < n; ++k)
            for (size_t l = 0; l < n; ++l)
                if (label[k] != SIZE_MAX && label[l] != SIZE_MAX && before[k * n + l] && label[l] < label[k]) {
                    label[k] = label[l];
                    changed = true;
                }
    }
    for (size_t k = 0; k < n; ++k) components += label[k] == k;
    before[i * n + j] = before[j * n + i] = true;
    return components;
}

static void sweep_stops_where_a_link_is_not_connected(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 8);
    for (size_t m = 0; m < 20; ++m) {
        double attention[SMALL * SMALL], distance[SMALL * SMALL], extremes[2 * SMALL];
        uint64_t edges[SMALL * SMALL / 2], scratch[SMALL * SMALL / 2];
        const size_t n = 2 + spt_random_index(&random, 40);
        make_distance(&random, (enum matrix_kind)(m % MATRIX_KINDS), n, attention, distance);
        const struct spt_edge_range range = spt_edge_range_of(distance, n, extremes);
        const size_t count = spt_edges_in_order(distance, n, range, edges, scratch);
        struct spt_link_sweep sweep = make_sweep(SPT_LINK_PLAIN, n, edges, count);
        bool before[SMALL * SMALL] = {false};
        size_t stop = spt_link_sweep_on(&sweep, 0);
        for (size_t r = 0; r < count; ++r) {
            const size_t components = plain_link_components(edges, r, n, before);
            assert_int_equal(r == stop, components != 1);
            if (r != stop) continue;
            spt_link_sweep_enter(&sweep, r);
            stop = spt_link_sweep_on(&sweep, r + 1);
        }
        assert_int_equal(stop, count);
        free_sweep(&sweep);
    }
}

static void every_width_of_vectors_sweeps_alike(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 9);
    double *attention = spt_alloc(MOST * MOST, sizeof *attention), *distance = spt_alloc(MOST * MOST, sizeof *distance);
    uint64_t *edges = spt_alloc(MOST * MOST, sizeof *edges), *scratch = spt_alloc(MOST * MOST, sizeof *scratch);
    assert_true(attention && distance && edges && scratch);
    const size_t sizes[] = {20, 64, 65, 130, 200, 256, 257, 330, MOST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; ++s) {
        const size_t n = sizes[s];
        make_distance(&random, (enum matrix_kind)(s % MATRIX_KINDS), n, attention, distance);
        const struct spt_edge_range range = spt_edge_range_of(distance, n, attention); /* as scratch */
        const size_t count = spt_edges_in_order(distance, n, range, edges, scratch);
        for (enum spt_link_kernel kernel = SPT_LINK_AVX2; kernel <= SPT_LINK_AVX512; ++kernel) {
            if (!spt_link_kernel_runs(kernel, spt_link_words(n))) continue; /* not on this machine, or not this n */
            struct spt_link_sweep plain = make_sweep(SPT_LINK_PLAIN, n, edges, count);
            struct spt_link_sweep wide = make_sweep(kernel, n, edges, count);
            const size_t bytes = plain.words * sizeof(uint64_t);
            const uint64_t empty[16] = {0};
            for (size_t r = 0; r < count; ++r) {
                const size_t stop = spt_link_sweep_on(&plain, r);
                assert_int_equal(spt_link_sweep_on(&wide, r), stop);
                if ((r = stop) == count) break;
                assert_memory_equal(wide.link, plain.link, bytes);
                if (memcmp(plain.link, empty, bytes) != 0) assert_memory_equal(wide.component, plain.component, bytes);
                spt_link_sweep_enter(&plain, r);
                spt_link_sweep_enter(&wide, r);
            }
            assert_memory_equal(wide.via, plain.via, count * sizeof *wide.via);
            assert_memory_equal(wide.rank, plain.rank, n * n * sizeof *wide.rank);
            free_sweep(&plain);
            free_sweep(&wide);
        }
    }
    free(attention);
    free(distance);
    free(edges);
    free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweep_stops_where_a_link_is_not_connected),
        cmocka_unit_test(every_width_of_vectors_sweeps_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
