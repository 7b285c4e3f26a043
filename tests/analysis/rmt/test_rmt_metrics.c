/* The metrics on spectra worked out by hand; on HF attention they are compared with NumPy in
 * tests/analysis/test_metrics.c. */
#include "analysis/random.h"
#include "analysis/rmt/law.h"
#include "analysis/rmt/residual.h"
#include "analysis/rmt/rmt_metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

typedef double metric_function(const struct spt_head *head, double parameter);

static metric_function *const OF_ATTENTION[] = {
    spt_rmt_gap,         spt_rmt_gap_ratio,      spt_rmt_participation, spt_rmt_participation_rel,
    spt_rmt_stable_rank, spt_rmt_effective_rank,
};
static metric_function *const OF_RESIDUAL[] = {spt_rmt_law_ks, spt_rmt_spikes};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-14 * fmax(1, fabs(b));
}

static void two_values_give_what_they_give_by_hand(void **state) {
    (void)state;
    const double s[] = {3, 1};
    const struct spt_head head = {.n = 2, .singular = s};
    assert_true(spt_rmt_gap(&head, 0) == 2);
    assert_true(near(spt_rmt_gap_ratio(&head, 0), 8.0 / 9));
    assert_true(near(spt_rmt_participation(&head, 0), 100.0 / 82));
    assert_true(near(spt_rmt_participation_rel(&head, 0), 50.0 / 82));
    assert_true(near(spt_rmt_stable_rank(&head, 0), 10.0 / 9));
    assert_true(near(spt_rmt_effective_rank(&head, 0), exp(-0.75 * log(0.75) - 0.25 * log(0.25))));
}

static void equal_values_use_all_directions(void **state) {
    (void)state;
    const double s[] = {0.5, 0.5, 0.5, 0.5, 0.5};
    const struct spt_head head = {.n = 5, .singular = s};
    assert_true(spt_rmt_gap(&head, 0) == 0 && spt_rmt_gap_ratio(&head, 0) == 0);
    assert_true(near(spt_rmt_participation(&head, 0), 5) && near(spt_rmt_participation_rel(&head, 0), 1));
    assert_true(near(spt_rmt_stable_rank(&head, 0), 5) && near(spt_rmt_effective_rank(&head, 0), 5));
}

static void one_value_uses_one_direction(void **state) {
    (void)state;
    const double s[] = {2, 0, 0};
    const struct spt_head head = {.n = 3, .singular = s};
    assert_true(spt_rmt_gap_ratio(&head, 0) == 1 && spt_rmt_participation(&head, 0) == 1);
    assert_true(spt_rmt_stable_rank(&head, 0) == 1 && spt_rmt_effective_rank(&head, 0) == 1);
}

static void one_token_has_no_gap(void **state) {
    (void)state;
    const double s[] = {1};
    const struct spt_head head = {.n = 1, .singular = s};
    assert_true(isnan(spt_rmt_gap(&head, 0)) && isnan(spt_rmt_gap_ratio(&head, 0)));
    assert_true(spt_rmt_participation(&head, 0) == 1 && spt_rmt_participation_rel(&head, 0) == 1);
    assert_true(spt_rmt_stable_rank(&head, 0) == 1 && spt_rmt_effective_rank(&head, 0) == 1);
}

static void a_spectrum_of_nan_gives_nan(void **state) {
    (void)state;
    double s[9], x[9];
    for (size_t i = 0; i < 9; i++) s[i] = NAN;
    const struct spt_mask mask = {.kind = SPT_MASK_CAUSAL, .n = 9};
    const struct spt_head head = {.n = 9, .mask = &mask, .singular = s, .residual = s, .mp_kl = NAN};
    for (size_t i = 0; i < COUNT(OF_ATTENTION); i++) assert_true(isnan(OF_ATTENTION[i](&head, 0)));
    for (size_t i = 0; i < COUNT(OF_RESIDUAL); i++) assert_true(isnan(OF_RESIDUAL[i](&head, 0)));
    assert_true(isnan(spt_rmt_mp_kl(&head, 0)));
    assert_int_equal(spt_law_points(s, 9, SPT_MASK_CAUSAL, x), 0);
    assert_int_equal(spt_mp_points(s, 9, x), 0);
}

/* All x are 1: F_n jumps there from 0 to 1, and the quarter circle's F(1) is 1/3 + sqrt(3) / 2 pi. */
static void equal_values_are_as_far_from_the_law_as_its_middle(void **state) {
    (void)state;
    const double s[] = {7, 7, 7, 7, 7, 7, 7, 7, 0};
    const struct spt_mask mask = {.kind = SPT_MASK_FULL, .n = 9};
    const struct spt_head head = {.n = 9, .mask = &mask, .residual = s};
    assert_true(near(spt_rmt_law_ks(&head, 0), 1.0 / 3 + sqrt(3) / (2 * acos(-1))));
    assert_true(spt_rmt_spikes(&head, 0) == 0);
}

/* The law's own quantiles (i - 1/2) / m: the steps of F_n are 1/2m away on either side. */
static void quantiles_are_half_a_step_from_the_law(void **state) {
    (void)state;
    enum { M = 400 };
    double s[M + 1] = {0}, squares = 0;
    for (size_t i = 0; i < M; i++) {
        double low = 0, high = 2;
        for (int step = 0; step < 60; step++) {
            const double middle = (low + high) / 2;
            if (spt_law_cdf(SPT_LAW_QUARTER_CIRCLE, middle) < (M - (double)i - 0.5) / M)
                low = middle;
            else
                high = middle;
        }
        s[i] = low;
        squares += low * low;
    }
    const struct spt_mask mask = {.kind = SPT_MASK_FULL, .n = M + 1};
    const struct spt_head head = {.n = M + 1, .mask = &mask, .residual = s};
    assert_true(fabs(squares / M - 1) < 1e-4); /* so that dividing by the rms moves them little */
    assert_true(fabs(spt_rmt_law_ks(&head, 0) - 0.5 / M) < 1e-4);
}

/* One of m values is sqrt(m) times the rms: beyond 1.1 sqrt(2e) = 2.565 for m = 7 (2.646), not for m = 6... but n < 8
 * is undefined. */
static void one_value_alone_is_a_spike(void **state) {
    (void)state;
    const double s[] = {5, 0, 0, 0, 0, 0, 0, 0}, two[] = {5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct spt_mask mask = {.kind = SPT_MASK_CAUSAL, .n = 8};
    struct spt_head head = {.n = 8, .mask = &mask, .residual = s};
    assert_true(spt_rmt_spikes(&head, 0) == 1);
    mask = (struct spt_mask){.kind = SPT_MASK_FULL, .n = 12}; /* sqrt(11 / 2) = 2.345 > 2.2 */
    head = (struct spt_head){.n = 12, .mask = &mask, .residual = two};
    assert_true(spt_rmt_spikes(&head, 0) == 2);
    mask.kind = SPT_MASK_CAUSAL; /* < 2.565 */
    assert_true(spt_rmt_spikes(&head, 0) == 0);
}

static void few_tokens_windows_and_uniform_attention_have_no_law(void **state) {
    (void)state;
    const double s[] = {5, 4, 3, 2, 1, 1, 1, 0}, bound[] = {8 * 0x1p-20, 0, 0, 0, 0, 0, 0, 0};
    double x[8];
    struct spt_mask mask = {.kind = SPT_MASK_CAUSAL, .n = 7};
    struct spt_head head = {.n = 7, .mask = &mask, .residual = s};
    for (size_t i = 0; i < COUNT(OF_RESIDUAL); i++) assert_true(isnan(OF_RESIDUAL[i](&head, 0)));
    head.n = mask.n = 8;
    for (size_t i = 0; i < COUNT(OF_RESIDUAL); i++) assert_true(OF_RESIDUAL[i](&head, 0) >= 0);
    head.residual = bound;
    for (size_t i = 0; i < COUNT(OF_RESIDUAL); i++) assert_true(isnan(OF_RESIDUAL[i](&head, 0)));
    head.residual = s;
    mask.kind = SPT_MASK_WINDOW;
    for (size_t i = 0; i < COUNT(OF_RESIDUAL); i++) assert_true(isnan(OF_RESIDUAL[i](&head, 0)));
    assert_int_equal(spt_law_points(s, 7, SPT_MASK_CAUSAL, x), 0);
    assert_int_equal(spt_law_points(s, 8, SPT_MASK_WINDOW, x), 0);
    assert_int_equal(spt_law_points(bound, 8, SPT_MASK_CAUSAL, x), 0);
    assert_int_equal(spt_law_points(s, 8, SPT_MASK_CAUSAL, x), 7);
}

static void points_have_a_mean_square_of_one(void **state) {
    (void)state;
    const double s[] = {9, 4, 3, 2, 1, 1, 1, 0.5};
    double x[8], law = 0, mp = 0;
    assert_int_equal(spt_law_points(s, 8, SPT_MASK_FULL, x), 7);
    for (size_t i = 0; i < 7; i++) law += x[i] * x[i];
    assert_true(near(law, 7) && near(x[0] / x[1], 9.0 / 4));
    assert_int_equal(spt_mp_points(s, 8, x), 7);
    for (size_t i = 0; i < 7; i++) mp += x[i] * x[i];
    assert_true(near(mp, 7) && near(x[0] / x[6], 8));
    assert_int_equal(spt_mp_points(s, 7, x), 0);
    const double one[] = {1, 8 * 0x1p-24, 0, 0, 0, 0, 0, 0};
    assert_int_equal(spt_mp_points(one, 8, x), 0);
}

static void residual_is_attention_times_what_is_seen_less_one(void **state) {
    (void)state;
    static const enum spt_mask_kind KINDS[] = {SPT_MASK_CAUSAL, SPT_MASK_FULL, SPT_MASK_WINDOW};
    enum { N = 11 };
    struct spt_random random;
    spt_random_seed(&random, 1);
    for (size_t k = 0; k < 3; k++) {
        struct spt_mask mask;
        double a[N * N], g[N * N];
        assert_int_equal(spt_mask_init(&mask, KINDS[k], 4, N, NULL), SPT_OK);
        spt_random_attention(&random, &mask, a);
        spt_residual_of(a, &mask, g);
        for (size_t i = 0; i < N; i++) {
            double attention = 0, rest = 0;
            for (size_t j = 0; j < N; j++) {
                const bool sees = j >= mask.first[i] && j < mask.end[i];
                assert_true(sees ? a[i * N + j] > 0 : a[i * N + j] == 0);
                assert_true(sees ? near(g[i * N + j], (double)mask.sees[i] * a[i * N + j] - 1) : g[i * N + j] == 0);
                attention += a[i * N + j];
                rest += g[i * N + j];
            }
            assert_true(near(attention, 1) && fabs(rest) < 1e-13);
        }
        spt_mask_release(&mask);
    }
}

/* Uniform on the simplex of v: the mean of the sum of squares is 2 / (v + 1). */
static void random_rows_are_uniform_on_the_simplex(void **state) {
    (void)state;
    enum { N = 20, DRAWS = 2000 };
    struct spt_mask mask;
    struct spt_random random;
    double a[N * N], squares = 0, first = 0;
    spt_random_seed(&random, 2);
    assert_int_equal(spt_mask_init(&mask, SPT_MASK_FULL, 0, N, NULL), SPT_OK);
    for (size_t draw = 0; draw < DRAWS; draw++) {
        spt_random_attention(&random, &mask, a);
        for (size_t i = 0; i < N * N; i++) squares += a[i] * a[i];
        for (size_t i = 0; i < N; i++) first += a[i * N];
    }
    assert_true(fabs(squares / (N * DRAWS) - 2.0 / (N + 1)) < 1e-3); /* sd 1.5e-4 */
    assert_true(fabs(first / (N * DRAWS) - 1.0 / N) < 1.5e-3);       /* sd 2.4e-4 */
    spt_mask_release(&mask);
}

static void pooled_metrics_of_nothing_are_undefined(void **state) {
    (void)state;
    struct spt_pool pool = {.mask = SPT_MASK_CAUSAL};
    double values[SPT_LAW_CELLS], point = 1;
    assert_int_equal(spt_laws_new((struct spt_laws **)&pool.laws, NULL), SPT_OK);
    assert_int_equal(spt_density_new(&pool.density, NULL), SPT_OK);
    assert_true(isnan(spt_rmt_law_kl(&pool)) && isnan(spt_rmt_mp_kl_pooled(&pool)));
    spt_rmt_law_density(&pool, values);
    for (size_t i = 0; i < SPT_LAW_CELLS; i++) assert_true(isnan(values[i]));
    pool.law = pool.mp = &point;
    pool.law_count = pool.mp_count = 1;
    assert_true(spt_rmt_law_kl(&pool) > 0 && spt_rmt_mp_kl_pooled(&pool) > 0);
    spt_rmt_law_density(&pool, values);
    assert_true(values[128] > 3 && values[700] < 1e-9); /* cell 128 holds x = 1: 1 / (0.1 sqrt(2 pi)) = 3.99 */
    assert_true(fabs(spt_rmt_density_grid(128) - 1) < 0.01);
    pool.mask = SPT_MASK_WINDOW;
    assert_true(isnan(spt_rmt_law_kl(&pool)));
    spt_rmt_law_density(&pool, values);
    assert_true(isnan(values[0]));
    spt_laws_free((struct spt_laws *)pool.laws);
    spt_density_free(pool.density);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_values_give_what_they_give_by_hand),
        cmocka_unit_test(equal_values_use_all_directions),
        cmocka_unit_test(one_value_uses_one_direction),
        cmocka_unit_test(one_token_has_no_gap),
        cmocka_unit_test(a_spectrum_of_nan_gives_nan),
        cmocka_unit_test(equal_values_are_as_far_from_the_law_as_its_middle),
        cmocka_unit_test(quantiles_are_half_a_step_from_the_law),
        cmocka_unit_test(one_value_alone_is_a_spike),
        cmocka_unit_test(few_tokens_windows_and_uniform_attention_have_no_law),
        cmocka_unit_test(points_have_a_mean_square_of_one),
        cmocka_unit_test(residual_is_attention_times_what_is_seen_less_one),
        cmocka_unit_test(random_rows_are_uniform_on_the_simplex),
        cmocka_unit_test(pooled_metrics_of_nothing_are_undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
