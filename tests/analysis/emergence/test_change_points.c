/* Partitions against every one there is, the criterion against its formula, and series whose turns are known. */
#include "analysis/emergence/change_points.h"
#include "made_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 24, DRAWS = 200 };

static double squares_of(const double *y, size_t first, size_t end) {
    double mean = 0, squares = 0;
    for (size_t i = first; i < end; i++) mean += y[i] / (double)(end - first);
    for (size_t i = first; i < end; i++) squares += (y[i] - mean) * (y[i] - mean);
    return squares;
}

/* The least sum of squares with this many changes, by trying all places. */
static double try_all(const double *y, size_t first, size_t count, size_t changes) {
    if (changes == 0) return count - first < SPT_SEGMENT_LENGTH_MIN ? INFINITY : squares_of(y, first, count);
    double least = INFINITY;
    for (size_t end = first + SPT_SEGMENT_LENGTH_MIN; end + SPT_SEGMENT_LENGTH_MIN <= count; end++)
        least = fmin(least, squares_of(y, first, end) + try_all(y, end, count, changes - 1));
    return least;
}

static void partitions_are_the_best_of_all(void **state) {
    (void)state;
    uint64_t random = 5;
    struct spt_error error;
    for (size_t count = 4; count <= 13; count++)
        for (size_t trial = 0; trial < 20; trial++) {
            double y[MAX];
            struct spt_partition_scratch scratch;
            for (size_t i = 0; i < count; i++) y[i] = 1000 + made_normal(&random) + (i > 5 ? 2 : 0);
            const size_t most = spt_partition_changes_max(count);
            assert_int_equal(most, count / 2 - 1);
            assert_int_equal(spt_partition_init(&scratch, count, &error), SPT_OK);
            spt_partition_solve(&scratch, y, most);
            for (size_t changes = 0; changes <= most; changes++) {
                size_t first[SPT_CHANGES_MAX];
                double sum = 0;
                const double least = spt_partition_of(&scratch, changes, first),
                             expected = try_all(y, 0, count, changes);
                assert_true(fabs(least - expected) < 1e-8);
                for (size_t i = 0; i <= changes; i++) {
                    const size_t start = i ? first[i - 1] : 0, end = i < changes ? first[i] : count;
                    assert_true(end >= start + SPT_SEGMENT_LENGTH_MIN);
                    sum += squares_of(y, start, end);
                }
                assert_true(fabs(sum - expected) < 1e-8); /* these changes are the ones that give it */
            }
            spt_partition_release(&scratch);
        }
}

/* The criterion by its formula (Zhang and Siegmund 2007), over all partitions of the least sum of squares each. */
static size_t choose_by_formula(const double *y, size_t count) {
    const double n = (double)count, all = squares_of(y, 0, count);
    size_t best = 0;
    double most = -INFINITY;
    for (size_t m = 0; m <= spt_partition_changes_max(count); m++) {
        struct spt_partition_scratch scratch;
        struct spt_error error;
        size_t first[SPT_CHANGES_MAX];
        assert_int_equal(spt_partition_init(&scratch, count, &error), SPT_OK);
        spt_partition_solve(&scratch, y, m);
        const double within = spt_partition_of(&scratch, m, first) / all * n; /* of the series brought to variance 1 */
        spt_partition_release(&scratch);
        double lengths = 0;
        for (size_t i = 0; i <= m; i++) lengths += log((double)((i < m ? first[i] : count) - (i ? first[i - 1] : 0)));
        const double between = n - within, d = n - (double)m + 1;
        const double value = d / 2 * log(1 + between / within) + log(tgamma(d / 2) / tgamma((n + 1) / 2)) +
                             (double)m / 2 * log(n) - lengths / 2 + (0.5 - (double)m) * log(n);
        if (value > most) most = value, best = m;
    }
    return best;
}

static void the_number_of_changes_follows_the_criterion(void **state) {
    (void)state;
    uint64_t random = 9;
    struct spt_error error;
    size_t seen[SPT_CHANGES_MAX + 1] = {0};
    for (size_t trial = 0; trial < 300; trial++) {
        const size_t count = 12 + trial % 10;
        struct spt_partition_scratch scratch;
        double y[MAX];
        for (size_t i = 0; i < count; i++)
            y[i] = 1e-3 * (made_normal(&random) + (trial % 3 > 0 && i > 4 ? 4 : 0) + (trial % 3 > 1 && i > 8 ? -5 : 0));
        assert_int_equal(spt_partition_init(&scratch, count, &error), SPT_OK);
        const size_t chosen = spt_partition_choose(&scratch, y);
        assert_int_equal(chosen, choose_by_formula(y, count));
        seen[chosen]++;
        spt_partition_release(&scratch);
    }
    assert_true(seen[0] > 50 && seen[1] > 50 && seen[2] > 50);
}

static struct spt_changes changes_of(const double *y, size_t count, const double *draws, size_t n) {
    double t[MAX];
    struct spt_changes changes;
    struct spt_error error;
    for (size_t i = 0; i < count; i++) t[i] = (double)i;
    assert_int_equal(spt_changes_of(t, y, count, draws, n, &changes, &error), SPT_OK);
    return changes;
}

static void one_rise_is_no_change_of_direction(void **state) {
    (void)state;
    double y[20];
    for (size_t i = 0; i < 20; i++) y[i] = 1 / (1 + exp(-1.2 * ((double)i - 9.3)));
    assert_int_equal(changes_of(y, 20, NULL, 0).count, 0);
    for (size_t i = 0; i < 20; i++) y[i] = -2 * (double)i;
    assert_int_equal(changes_of(y, 20, NULL, 0).count, 0);
}

static void a_series_that_rises_and_falls_says_where(void **state) {
    (void)state;
    double y[20];
    for (size_t i = 0; i < 20; i++)
        y[i] = 3 + 1 / (1 + exp(-3 * ((double)i - 6.2))) - 0.5 / (1 + exp(-3 * ((double)i - 13.6)));
    const struct spt_changes changes = changes_of(y, 20, NULL, 0);
    assert_int_equal(changes.count, 2);
    assert_true(changes.phase[0].rises && !changes.phase[1].rises);
    assert_true(fabs(changes.phase[0].t - 6.2) < 0.1 && fabs(changes.phase[1].t - 13.6) < 0.1);
    assert_true(fabs(changes.phase[0].from - 3) < 0.05 && fabs(changes.phase[0].to - 4) < 0.05);
    assert_true(fabs(changes.phase[1].to - 3.5) < 0.05);
    assert_true(isnan(changes.support) && isnan(changes.phase[0].t_lo));
}

static void levels_that_jump_exactly_are_told(void **state) {
    (void)state;
    const double y[12] = {0, 0, 0, 5, 5, 5, 5, 2, 2, 2, 2, 2};
    const struct spt_changes changes = changes_of(y, 12, NULL, 0);
    assert_int_equal(changes.count, 2);
    assert_true(changes.phase[0].t > 2 && changes.phase[0].t < 3 && changes.phase[1].t > 6 && changes.phase[1].t < 7);
}

static void make_draws(const double *y, size_t count, double sd, double *draws) {
    uint64_t random = 3;
    for (size_t i = 0; i < DRAWS * count; i++) draws[i] = y[i % count] + sd * made_normal(&random);
}

static void draws_give_intervals(void **state) {
    (void)state;
    double y[20], draws[DRAWS * 20];
    for (size_t i = 0; i < 20; i++)
        y[i] = 1 / (1 + exp(-3 * ((double)i - 6.2))) - 0.5 / (1 + exp(-3 * ((double)i - 13.6)));
    make_draws(y, 20, 0.02, draws);
    const struct spt_changes changes = changes_of(y, 20, draws, DRAWS);
    assert_int_equal(changes.count, 2);
    assert_true(changes.support > 0.95);
    for (size_t p = 0; p < 2; p++) {
        const struct spt_phase *phase = &changes.phase[p];
        assert_true(phase->t_lo < phase->t && phase->t < phase->t_hi && phase->t_hi - phase->t_lo < 0.3);
    }
}

static void turns_within_the_noise_of_the_draws_are_none(void **state) {
    (void)state;
    const double y[12] = {0, 0, 0, 5, 5, 5, 5, 2, 2, 2, 2, 2};
    double draws[DRAWS * 12];
    make_draws(y, 12, 20, draws);
    assert_int_equal(changes_of(y, 12, draws, DRAWS).count, 0);
}

static void noise_about_a_level_seldom_turns(void **state) {
    (void)state;
    uint64_t random = 77;
    size_t turned = 0;
    for (size_t trial = 0; trial < 400; trial++) {
        double y[20];
        for (size_t i = 0; i < 20; i++) y[i] = made_normal(&random);
        turned += changes_of(y, 20, NULL, 0).count > 0;
    }
    assert_true(turned <= 40);
}

static void few_checkpoints_and_constants_have_none(void **state) {
    (void)state;
    const double y[5] = {0, 9, 0, 9, 0}, constant[8] = {3, 3, 3, 3, 3, 3, 3, 3};
    assert_int_equal(changes_of(y, 5, NULL, 0).count, 0);
    assert_int_equal(changes_of(constant, 8, NULL, 0).count, 0);
}

/* Their squares are infinite: every partition costs as much as any other. */
static void values_whose_squares_have_no_end_have_none(void **state) {
    (void)state;
    double y[17];
    for (size_t i = 0; i < 17; i++) y[i] = i % 2 ? 1e154 : -1e154;
    assert_int_equal(changes_of(y, 17, NULL, 0).count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_are_the_best_of_all),
        cmocka_unit_test(the_number_of_changes_follows_the_criterion),
        cmocka_unit_test(one_rise_is_no_change_of_direction),
        cmocka_unit_test(a_series_that_rises_and_falls_says_where),
        cmocka_unit_test(levels_that_jump_exactly_are_told),
        cmocka_unit_test(draws_give_intervals),
        cmocka_unit_test(turns_within_the_noise_of_the_draws_are_none),
        cmocka_unit_test(noise_about_a_level_seldom_turns),
        cmocka_unit_test(few_checkpoints_and_constants_have_none),
        cmocka_unit_test(values_whose_squares_have_no_end_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
