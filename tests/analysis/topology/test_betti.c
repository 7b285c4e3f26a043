/* Distances, Betti curves, components and the metrics, against counting by hand. */
#include "analysis/topology/betti.h"
#include "analysis/topology/topology_metrics.h"
#include "matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_MAX = 70 };

struct fixture {
    double attention[N_MAX * N_MAX], distance[N_MAX * N_MAX];
};

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.17g is not %.17g", value, expected);
}

static int make_fixture(void **state) {
    return (*state = malloc(sizeof(struct fixture))) ? 0 : -1;
}

static int free_fixture(void **state) {
    free(*state);
    return 0;
}

static double plain_weight(const double *a, size_t n, size_t i, size_t j, enum spt_symmetrize symmetrize) {
    return symmetrize == SPT_SYMMETRIZE_MAX ? fmax(a[i * n + j], a[j * n + i]) : (a[i * n + j] + a[j * n + i]) / 2;
}

static void distance_is_one_less_the_weight(void **state) {
    struct fixture *f = *state;
    struct spt_random random;
    spt_random_seed(&random, 1);
    for (size_t n = 0; n <= N_MAX; n += 7)
        for (int s = 0; s < 2; ++s) {
            const enum spt_symmetrize symmetrize = s ? SPT_SYMMETRIZE_MEAN : SPT_SYMMETRIZE_MAX;
            make_attention(&random, n % 2 ? MATRIX_FULL : MATRIX_RANDOM, n, f->attention);
            spt_distance_from_attention(f->attention, n, symmetrize, f->distance);
            for (size_t i = 0; i < n; ++i)
                for (size_t j = 0; j < n; ++j)
                    assert_true(f->distance[i * n + j] ==
                                (i == j ? 0 : 1 - plain_weight(f->attention, n, i, j, symmetrize)));
        }
}

static void grid_is_dyadic_in_attention_weight(void **state) {
    (void)state;
    for (size_t k = 0; k < SPT_BETTI_GRID; ++k) {
        assert_true(fabs(spt_betti_epsilon(k) - (1 - pow(2, -(double)k / 4))) <= 0x1p-53);
        assert_true(fabs(spt_topology_betti_grid(k) - pow(2, -(double)k / 4)) <= 0x1p-53);
    }
    assert_true(spt_betti_epsilon(0) == 0 && spt_betti_epsilon(4) == 0.5 && spt_betti_epsilon(64) == 1 - 0x1p-16);
}

static void curve_counts_bars_that_are_born_and_not_yet_dead(void **state) {
    (void)state;
    const struct spt_bar components[] = {{0, 0.5}, {0, 0.75}, {0, INFINITY}};
    const struct spt_bar loops[] = {{0.5, 0.75}, {0.6, 0.9}};
    const struct spt_barcode barcode = {.bars = {components, loops}, .count = {3, 2}};
    double curve[SPT_BETTI_GRID];
    spt_betti_curve(&barcode, 0, curve);
    for (size_t k = 0; k < SPT_BETTI_GRID; ++k)
        assert_true(curve[k] == (k < 4 ? 3 : k < 8 ? 2 : 1)); /* eps_4 = .5, eps_8 = .75 */
    spt_betti_curve(&barcode, 1, curve);
    for (size_t k = 0; k < SPT_BETTI_GRID; ++k) {
        const double epsilon = 1 - pow(2, -(double)k / 4);
        assert_true(curve[k] == (k >= 4 && k < 8) + (epsilon >= 0.6 && epsilon < 0.9));
    }
    const struct spt_head head = {.n = 5, .barcode = &barcode};
    float values[SPT_BETTI_GRID];
    spt_topology_betti0_rel(&head, values);
    assert_true(values[0] == (float)(3.0 / 5) && values[64] == (float)(1.0 / 5));
    spt_topology_betti0(&head, values);
    assert_true(values[0] == 3);
    spt_topology_betti1(&head, values);
    assert_true(values[4] == 1);
}

/* Vertices reached from a start, by repeated passes over all edges. */
static size_t plain_components(const double *a, size_t n, double t, enum spt_symmetrize symmetrize, size_t *edges) {
    size_t label[N_MAX], components = 0;
    bool changed = true;
    for (size_t i = 0; i < n; ++i) label[i] = i;
    while (changed) {
        changed = false;
        *edges = 0;
        for (size_t i = 0; i < n; ++i)
            for (size_t j = 0; j < i; ++j) {
                if (plain_weight(a, n, i, j, symmetrize) < t) continue;
                ++*edges;
                if (label[i] == label[j]) continue;
                label[i] = label[j] = label[i] < label[j] ? label[i] : label[j];
                changed = true;
            }
    }
    if (n < 2) *edges = 0;
    for (size_t i = 0; i < n; ++i) components += label[i] == i;
    return components;
}

static void components_equal_those_of_plain_labelling(void **state) {
    struct fixture *f = *state;
    struct spt_random random;
    spt_random_seed(&random, 2);
    for (size_t m = 0; m < 200; ++m) {
        const size_t n = spt_random_index(&random, N_MAX + 1);
        const enum spt_symmetrize symmetrize = m % 3 ? SPT_SYMMETRIZE_MAX : SPT_SYMMETRIZE_MEAN;
        make_attention(&random, (enum matrix_kind)(m % MATRIX_KINDS), n, f->attention);
        if (m % 2) /* weights that lie on the thresholds */
            for (size_t c = 0; c < n * n; ++c) f->attention[c] = round(f->attention[c] * 40) / 40;
        struct spt_components components;
        spt_components_of(f->attention, n, symmetrize, &components);
        for (size_t t = 0; t < SPT_THRESHOLD_COUNT; ++t) {
            size_t edges;
            assert_int_equal(components.components[t],
                             plain_components(f->attention, n, SPT_THRESHOLDS[t], symmetrize, &edges));
            assert_int_equal(components.edges[t], edges);
        }
    }
}

static void metrics_are_what_they_say(void **state) {
    (void)state;
    const struct spt_bar components[] = {{0, 0.25}, {0, 0.75}, {0, INFINITY}};
    const struct spt_bar loops[] = {{0.5, 0.75}, {0.25, 1}, {0.5, 0.505}};
    const struct spt_bar voids[] = {{0.5, 1}, {0.5, 0.75}};
    const struct spt_barcode barcode = {.bars = {components, loops, voids}, .count = {3, 3, 2}};
    const struct spt_components graph = {.edges = {9, 6, 2, 1, 0, 0}, .components = {1, 1, 3, 4, 5, 5}};
    const struct spt_head head = {.n = 5, .barcode = &barcode, .components = &graph};
    assert_near(spt_topology_h0_mean(&head, 0), 0.5, 1e-15);
    assert_near(spt_topology_h1_persistence(&head, 0), 1.005, 1e-15);
    assert_true(spt_topology_h1_bars(&head, 0) == 2);
    assert_true(spt_topology_h1_max(&head, 0) == 0.75);
    const double p[3] = {0.25 / 1.005, 0.75 / 1.005, 0.005 / 1.005};
    assert_near(spt_topology_h1_entropy(&head, 0), -p[0] * log(p[0]) - p[1] * log(p[1]) - p[2] * log(p[2]), 1e-12);
    assert_true(spt_topology_h2_persistence(&head, 0) == 0.75);
    assert_true(spt_topology_h2_bars(&head, 0) == 2);
    assert_true(spt_topology_h2_max(&head, 0) == 0.5);
    assert_true(spt_topology_b0(&head, 0.1) == 0.6 && spt_topology_b1(&head, 0.1) == 0);
    assert_true(spt_topology_b0(&head, 0.025) == 0.2 && spt_topology_b1(&head, 0.025) == 5);
    assert_true(isnan(spt_topology_b0(&head, 0.3)) && isnan(spt_topology_b1(&head, 0.3)));
}

static void one_token_has_a_component_and_nothing_else(void **state) {
    struct fixture *f = *state;
    f->attention[0] = 1;
    f->distance[0] = 0;
    struct spt_persistence *workspace;
    struct spt_barcode barcode;
    struct spt_components components;
    assert_int_equal(spt_persistence_new(1, 2, &workspace, NULL), SPT_OK);
    assert_int_equal(spt_persistence_of(workspace, f->distance, 1, &barcode, NULL), SPT_OK);
    spt_components_of(f->attention, 1, SPT_SYMMETRIZE_MAX, &components);
    const struct spt_head head = {.n = 1, .barcode = &barcode, .components = &components};
    double (*const zero[])(const struct spt_head *, double) = {
        spt_topology_h0_mean,    spt_topology_h1_persistence, spt_topology_h1_bars, spt_topology_h1_max,
        spt_topology_h1_entropy, spt_topology_h2_persistence, spt_topology_h2_bars, spt_topology_h2_max,
    };
    for (size_t m = 0; m < sizeof zero / sizeof *zero; ++m) assert_true(zero[m](&head, 0) == 0);
    for (size_t t = 0; t < SPT_THRESHOLD_COUNT; ++t) {
        assert_true(spt_topology_b0(&head, SPT_THRESHOLDS[t]) == 1);
        assert_true(spt_topology_b1(&head, SPT_THRESHOLDS[t]) == 0);
    }
    spt_persistence_free(workspace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_is_one_less_the_weight),
        cmocka_unit_test(grid_is_dyadic_in_attention_weight),
        cmocka_unit_test(curve_counts_bars_that_are_born_and_not_yet_dead),
        cmocka_unit_test(components_equal_those_of_plain_labelling),
        cmocka_unit_test(metrics_are_what_they_say),
        cmocka_unit_test(one_token_has_a_component_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make_fixture, free_fixture);
}
