/* Means, intervals and percentiles against values computed by hand or by NumPy (each case says how). */
#include "analysis/bootstrap.h"
#include "analysis/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct spt_team ONE = {.threads = 1}, THREE = {.threads = 3};

/* numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [0, 2.5, 50, 97.5, 100]) */
static void percentiles_interpolate_between_order_statistics(void **state) {
    (void)state;
    static const double Q[] = {0, 0.025, 0.5, 0.975, 1}, EXPECTED[] = {1, 1, 3.5, 8.475, 9};
    for (size_t i = 0; i < 5; i++) {
        double values[] = {3, 1, 4, 1, 5, 9, 2, 6};
        assert_true(fabs(spt_percentile(values, 8, Q[i]) - EXPECTED[i]) < 1e-12);
    }
    assert_true(isnan(spt_percentile(NULL, 0, 0.5)));
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void percentiles_equal_those_of_the_sorted_values(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 5);
    for (size_t count = 1; count < 300; count++) {
        double values[300], sorted[300];
        for (size_t i = 0; i < count; i++)
            sorted[i] = values[i] = (double)spt_random_index(&random, count % 7 ? 1000 : 3);
        qsort(sorted, count, sizeof *sorted, compare);
        const double position = 0.975 * (double)(count - 1);
        const size_t below = (size_t)position, above = below + 1 < count ? below + 1 : below;
        const double expected = sorted[below] + (position - (double)below) * (sorted[above] - sorted[below]);
        assert_true(fabs(spt_percentile(values, count, 0.975) - expected) < 1e-9);
    }
}

static void every_draw_holds_as_many_samples_as_there_are(void **state) {
    (void)state;
    struct spt_bootstrap b;
    struct spt_error error;
    assert_int_equal(spt_bootstrap_init(&b, 200, 37, 1, &error), SPT_OK);
    for (size_t i = 0; i < 200; i++) {
        double sum = 0;
        for (size_t k = 0; k < 37; k++) sum += b.counts[i * 37 + k];
        assert_true(sum == 37);
    }
    spt_bootstrap_release(&b);
}

/* SplitMix64 and xoshiro256** as published: the first outputs for seed 1 (https://prng.di.unimi.it, compiled from the
 * reference C). */
static void the_generator_is_the_published_one(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 1);
    assert_true(random.state[0] == UINT64_C(0x910a2dec89025cc1));
    assert_true(random.state[1] == UINT64_C(0xbeeb8da1658eec67));
    assert_true(spt_random_next(&random) == UINT64_C(0xb3f2af6d0fc710c5));
}

/* The interval of means of 400 standard normal values is about +-1.96 / sqrt(400). */
static void intervals_cover_what_theory_says(void **state) {
    (void)state;
    enum { N = 400 };
    struct spt_bootstrap b;
    struct spt_error error;
    struct spt_random random;
    struct spt_summary s;
    double x[N];
    spt_random_seed(&random, 3);
    for (size_t i = 0; i < N; i++)
        x[i] = sqrt(2 * spt_random_exponential(&random)) * cos(6.283185307179586 * spt_random_uniform(&random));
    assert_int_equal(spt_bootstrap_init(&b, 1000, N, 1, &error), SPT_OK);
    assert_int_equal(spt_bootstrap_summarize(&b, x, 1, &ONE, &s, &error), SPT_OK);
    assert_true(fabs((s.hi - s.lo) / 2 - 1.96 * s.sd / 20) < 0.1 * 1.96 / 20);
    assert_true(s.lo < s.mean && s.mean < s.hi);
    assert_int_equal(s.n, N);
    spt_bootstrap_release(&b);
}

/* Each column's draws by their definition: a plain loop over counts, undefined samples left out. */
static void gaps_are_left_out_of_every_draw(void **state) {
    (void)state;
    enum { N = 11, COLUMNS = 70, DRAWS = 300 };
    struct spt_bootstrap b;
    struct spt_error error;
    struct spt_random random;
    struct spt_summary s[COLUMNS], again[COLUMNS];
    double x[COLUMNS * N];
    spt_random_seed(&random, 9);
    for (size_t i = 0; i < COLUMNS * N; i++) x[i] = spt_random_index(&random, 3) ? spt_random_uniform(&random) : NAN;
    for (size_t i = 0; i < N; i++) x[i] = NAN;
    assert_int_equal(spt_bootstrap_init(&b, DRAWS, N, 1, &error), SPT_OK);
    assert_int_equal(spt_bootstrap_summarize(&b, x, COLUMNS, &THREE, s, &error), SPT_OK);
    assert_int_equal(spt_bootstrap_summarize(&b, x, COLUMNS, &ONE, again, &error), SPT_OK);
    assert_memory_equal(s, again, sizeof s);
    assert_true(isnan(s[0].mean) && isnan(s[0].lo) && s[0].n == 0 && s[0].bad == N);
    for (size_t c = 1; c < COLUMNS; c++) {
        double means[DRAWS];
        size_t kept = 0;
        for (size_t d = 0; d < DRAWS; d++) {
            double sum = 0, weight = 0;
            for (size_t i = 0; i < N; i++) {
                if (isnan(x[c * N + i])) continue;
                sum += b.counts[d * N + i] * x[c * N + i];
                weight += b.counts[d * N + i];
            }
            if (weight > 0) means[kept++] = sum / weight;
        }
        assert_true(fabs(spt_percentile(means, kept, 0.025) - s[c].lo) < 1e-12);
        assert_true(fabs(spt_percentile(means, kept, 0.975) - s[c].hi) < 1e-12);
    }
    spt_bootstrap_release(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_interpolate_between_order_statistics),
        cmocka_unit_test(percentiles_equal_those_of_the_sorted_values),
        cmocka_unit_test(every_draw_holds_as_many_samples_as_there_are),
        cmocka_unit_test(the_generator_is_the_published_one),
        cmocka_unit_test(intervals_cover_what_theory_says),
        cmocka_unit_test(gaps_are_left_out_of_every_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
