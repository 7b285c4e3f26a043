/* From a series to a midpoint or the reason why there is none. */
#include "analysis/emergence/emergence.h"
#include "made_series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DRAWS = 200, KINDS = 6 };

static struct spt_bootstrap bootstrap;

static int set_up(void **state) {
    (void)state;
    struct spt_error error;
    return spt_bootstrap_init(&bootstrap, DRAWS, MADE_SAMPLES, 1, &error) == SPT_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    spt_bootstrap_release(&bootstrap);
    return 0;
}

static void emergence_of(const struct spt_emergence_series *series, size_t n, size_t threads, struct spt_emergence *out,
                         double *t0) {
    struct spt_team team;
    struct spt_error error;
    assert_int_equal(spt_team_init(&team, threads, 0, &error), SPT_OK);
    assert_int_equal(spt_emergence_of(&bootstrap, series, n, &team, out, t0, &error), SPT_OK);
    spt_team_release(&team);
}

static struct spt_emergence one(const struct made_kind *kind, const struct made_series *made, double *t0) {
    const struct spt_emergence_series series = {kind->count, kind->steps, made->mean, made->values, NULL};
    struct spt_emergence out;
    emergence_of(&series, 1, 1, &out, t0);
    return out;
}

static void shift(const struct made_kind *kind, struct made_series *made, double by) {
    for (size_t i = 0; i < kind->count; i++) made->mean[i] += by;
}

static void a_rise_has_a_midpoint_within_its_interval(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    double t0[DRAWS];
    made_series(kind, 1, &made);
    const struct spt_emergence e = one(kind, &made, t0);
    assert_int_equal(e.reason, SPT_EMERGENCE_FOUND);
    assert_int_equal(e.count, kind->count);
    assert_true(e.t0_lo < e.fit.t0 && e.fit.t0 < e.t0_hi && e.k_lo < e.fit.k && e.fit.k < e.k_hi);
    assert_true(e.b_lo < e.fit.b && e.fit.b < e.b_hi && e.b_lo > 0.4 && e.p < 0.01 && e.fit.r2 > 0.99);
    assert_int_equal(e.changes.count, 0);
    double mean = 0;
    for (size_t d = 0; d < DRAWS; d++) mean += t0[d] / DRAWS;
    assert_true(fabs(mean - e.fit.t0) < 0.05);
}

static void the_same_bits_for_any_number_of_threads(void **state) {
    (void)state;
    static struct made_series made[KINDS];
    struct spt_emergence_series series[KINDS];
    struct spt_emergence alone[KINDS], together[KINDS];
    static double t0_alone[KINDS * DRAWS], t0_together[KINDS * DRAWS];
    for (size_t i = 0; i < KINDS; i++) {
        made_series(&MADE_KINDS[i], 7, &made[i]);
        series[i] = (struct spt_emergence_series){MADE_KINDS[i].count, MADE_KINDS[i].steps, made[i].mean,
                                                  i == 2 ? NULL : made[i].values, NULL};
    }
    emergence_of(series, KINDS, 1, alone, t0_alone);
    emergence_of(series, KINDS, 3, together, t0_together);
    assert_memory_equal(t0_alone, t0_together, sizeof t0_alone);
    for (size_t i = 0; i < KINDS; i++) {
        assert_memory_equal(&alone[i].fit, &together[i].fit, sizeof alone[i].fit);
        assert_memory_equal(&alone[i].t0_lo, &together[i].t0_lo, 7 * sizeof(double));
    }
}

static void units_do_not_move_a_midpoint(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made, scaled;
    made_series(kind, 2, &made);
    scaled = made;
    for (size_t i = 0; i < kind->count; i++) scaled.mean[i] *= -1024;
    for (size_t i = 0; i < kind->count * MADE_SAMPLES; i++) scaled.values[i] *= -1024; /* a power of two: exactly */
    const struct spt_emergence a = one(kind, &made, NULL), b = one(kind, &scaled, NULL);
    assert_true(fabs(a.fit.t0 - b.fit.t0) < 1e-6 && fabs(a.t0_lo - b.t0_lo) < 1e-5 && fabs(a.t0_hi - b.t0_hi) < 1e-5);
    assert_true(fabs(a.fit.b * -1024 - b.fit.b) < 1e-3);
}

static void pooled_series_have_no_interval(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    made_series(kind, 1, &made);
    const struct spt_emergence_series series = {kind->count, kind->steps, made.mean, NULL, NULL};
    struct spt_emergence e;
    double t0[DRAWS];
    emergence_of(&series, 1, 1, &e, t0);
    assert_int_equal(e.reason, SPT_EMERGENCE_FOUND);
    assert_true(fabs(e.fit.t0 - 10) < 0.5 && isnan(e.t0_lo) && isnan(e.t0_hi) && isnan(e.b_lo) && isnan(t0[0]));
    assert_true(e.p < 0.01);
}

static void pooled_noise_has_no_midpoint(void **state) {
    (void)state;
    uint64_t random = 1;
    size_t found = 0;
    for (size_t trial = 0; trial < 40; trial++) {
        double mean[20];
        for (size_t i = 0; i < 20; i++) mean[i] = made_normal(&random);
        const struct spt_emergence_series series = {20, MADE_KINDS[0].steps, mean, NULL, NULL};
        struct spt_emergence e;
        emergence_of(&series, 1, 1, &e, NULL);
        found += e.reason == SPT_EMERGENCE_FOUND;
    }
    assert_true(found <= 6);
}

static void few_checkpoints_are_said(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    made_series(kind, 1, &made);
    for (size_t i = 4; i < kind->count; i++) made.mean[i] = NAN;
    double t0[DRAWS];
    const struct spt_emergence e = one(kind, &made, t0);
    assert_int_equal(e.reason, SPT_EMERGENCE_FEW);
    assert_int_equal(e.count, 4);
    assert_true(isnan(e.fit.t0) && isnan(e.p) && isnan(t0[0]));
}

static void no_checkpoint_at_all_is_said(void **state) {
    (void)state;
    const struct spt_emergence_series series = {0};
    struct spt_emergence e;
    emergence_of(&series, 1, 1, &e, NULL);
    assert_int_equal(e.reason, SPT_EMERGENCE_FEW);
}

static void a_constant_is_said(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    for (size_t i = 0; i < kind->count; i++) made.mean[i] = 0.25;
    for (size_t i = 0; i < kind->count * MADE_SAMPLES; i++) made.values[i] = 0.25F;
    const struct spt_emergence e = one(kind, &made, NULL);
    assert_int_equal(e.reason, SPT_EMERGENCE_CONSTANT);
    assert_true(e.fit.a == 0.25 && isnan(e.fit.t0));
}

static void a_midpoint_outside_the_steps_is_none(void **state) {
    (void)state;
    struct made_kind late = MADE_KINDS[7]; /* a late rise */
    struct made_series made;
    made_series(&late, 3, &made);
    late.count = 15; /* up to step 8000: the rise has begun */
    assert_int_equal(one(&late, &made, NULL).reason, SPT_EMERGENCE_AFTER);
    struct made_kind early = MADE_KINDS[6];
    early.t0 = 0.2;
    early.k = 1;
    early.sd_high = early.sd_low = 0.001;
    made_series(&early, 3, &made);
    struct made_series cut = made;
    memcpy(cut.mean, made.mean + 2, 18 * sizeof(double));
    memmove(cut.values, made.values + (size_t)2 * MADE_SAMPLES, (size_t)18 * MADE_SAMPLES * sizeof(float));
    const struct made_kind rest = {.count = 18, .steps = early.steps + 2};
    assert_int_equal(one(&rest, &cut, NULL).reason, SPT_EMERGENCE_BEFORE);
}

/* Samples that are undefined at some checkpoints: as if each draw's mean were over the rest, as the sweep's is. */
static void undefined_samples_are_left_out(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    made_series(kind, 4, &made);
    for (size_t i = 0; i < kind->count; i++) {
        double sum = 0;
        size_t n = 0;
        for (size_t j = 0; j < MADE_SAMPLES; j++) {
            float *value = &made.values[i * MADE_SAMPLES + j];
            if ((i * 7 + j) % 5 == 0) *value = NAN;
            if (isnan(*value)) continue;
            sum += (double)*value;
            n++;
        }
        made.mean[i] = sum / (double)n;
    }
    const struct spt_emergence e = one(kind, &made, NULL);
    assert_int_equal(e.reason, SPT_EMERGENCE_FOUND);
    assert_true(e.t0_lo < e.fit.t0 && e.fit.t0 < e.t0_hi && e.t0_hi - e.t0_lo < 0.6);
}

/* One sample alone is defined at one checkpoint: draws without it have no mean there, and are left out. */
static void draws_without_a_defined_sample_are_left_out(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    double t0[DRAWS];
    made_series(kind, 5, &made);
    for (size_t j = 1; j < MADE_SAMPLES; j++) made.values[5 * MADE_SAMPLES + j] = NAN;
    made.mean[5] = (double)made.values[(size_t)5 * MADE_SAMPLES];
    assert_int_equal(one(kind, &made, t0).reason, SPT_EMERGENCE_FOUND);
    for (size_t d = 0; d < DRAWS; d++) assert_int_equal(isnan(t0[d]) != 0, bootstrap.counts[d * MADE_SAMPLES] == 0);
}

/* Of a metric that is seldom defined no draw may have a mean at every checkpoint: then there is nothing to resample, and
 * its p is from independent noise, as that of a pooled series. */
static void without_a_whole_draw_a_series_is_as_a_pooled_one(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    double t0[DRAWS];
    made_series(kind, 5, &made);
    for (size_t i = 0; i < kind->count; i++)
        for (size_t j = 0; j < MADE_SAMPLES; j++)
            if (j != i) made.values[i * MADE_SAMPLES + j] = NAN;
    for (size_t d = 0; d < DRAWS; d++) {
        size_t whole = 0;
        while (whole < kind->count && bootstrap.counts[d * MADE_SAMPLES + whole] > 0) whole++;
        assert_true(whole < kind->count);
    }
    const struct spt_emergence e = one(kind, &made, t0);
    const struct spt_emergence_series pooled = {kind->count, kind->steps, made.mean, NULL, NULL};
    struct spt_emergence as;
    emergence_of(&pooled, 1, 1, &as, NULL);
    assert_int_equal(e.reason, SPT_EMERGENCE_FOUND);
    assert_true(e.fit.t0 == as.fit.t0 && e.p == as.p);
    assert_true(isnan(e.t0_lo) && isnan(e.t0_hi));
    for (size_t d = 0; d < DRAWS; d++) assert_true(isnan(t0[d]));
}

/* Of ten draws each p is above 0.05, however steep the rise: that is no reason to call it noise. */
static void so_few_draws_that_none_could_convince_are_as_none(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct spt_bootstrap few = bootstrap;
    struct spt_team team;
    struct spt_error error;
    struct made_series made;
    struct spt_emergence e, as;
    made_series(kind, 7, &made);
    const struct spt_emergence_series series = {kind->count, kind->steps, made.mean, made.values, NULL};
    const struct spt_emergence_series pooled = {kind->count, kind->steps, made.mean, NULL, NULL};
    assert_int_equal(spt_team_init(&team, 1, 0, &error), SPT_OK);
    for (few.draws = 1; few.draws <= SPT_EMERGENCE_DRAWS_MIN; few.draws++) {
        assert_int_equal(spt_emergence_of(&few, &series, 1, &team, &e, NULL, &error), SPT_OK);
        assert_int_equal(e.reason, SPT_EMERGENCE_FOUND);
        assert_int_equal(isnan(e.t0_lo) != 0, few.draws < SPT_EMERGENCE_DRAWS_MIN);
    }
    few.draws = SPT_EMERGENCE_DRAWS_MIN - 1;
    assert_int_equal(spt_emergence_of(&few, &series, 1, &team, &e, NULL, &error), SPT_OK);
    assert_int_equal(spt_emergence_of(&few, &pooled, 1, &team, &as, NULL, &error), SPT_OK);
    assert_true(e.fit.t0 == as.fit.t0 && e.p == as.p);
    spt_team_release(&team);
}

static void a_gap_in_the_steps_is_no_harm(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    made_series(kind, 6, &made);
    const double whole = one(kind, &made, NULL).fit.t0;
    for (size_t i = 1; i < 8; i++) made.mean[i] = NAN;
    const struct spt_emergence e = one(kind, &made, NULL);
    assert_int_equal(e.count, kind->count - 7);
    assert_true(fabs(e.fit.t0 - whole) < 0.1);
}

static void steps_and_times_are_each_others_inverse(void **state) {
    (void)state;
    for (int64_t step = 0; step < 1000000; step = 3 * step + 1)
        assert_true(fabs(spt_emergence_step(spt_emergence_time(step)) - (double)step) <= 1e-9 * (double)(step + 1));
    assert_true(spt_emergence_step(-0.5) == 0);
}

/* The shift is too large for the residuals' digits if sums were not of centred values. */
static void a_large_offset_costs_no_digits(void **state) {
    (void)state;
    const struct made_kind *kind = &MADE_KINDS[0];
    struct made_series made;
    made_series(kind, 8, &made);
    const struct spt_emergence_series series = {kind->count, kind->steps, made.mean, NULL, NULL};
    struct spt_emergence before, after;
    emergence_of(&series, 1, 1, &before, NULL);
    shift(kind, &made, 1e6);
    emergence_of(&series, 1, 1, &after, NULL);
    assert_true(fabs(before.fit.t0 - after.fit.t0) < 1e-4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rise_has_a_midpoint_within_its_interval),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(units_do_not_move_a_midpoint),
        cmocka_unit_test(pooled_series_have_no_interval),
        cmocka_unit_test(pooled_noise_has_no_midpoint),
        cmocka_unit_test(few_checkpoints_are_said),
        cmocka_unit_test(no_checkpoint_at_all_is_said),
        cmocka_unit_test(a_constant_is_said),
        cmocka_unit_test(a_midpoint_outside_the_steps_is_none),
        cmocka_unit_test(undefined_samples_are_left_out),
        cmocka_unit_test(draws_without_a_defined_sample_are_left_out),
        cmocka_unit_test(without_a_whole_draw_a_series_is_as_a_pooled_one),
        cmocka_unit_test(so_few_draws_that_none_could_convince_are_as_none),
        cmocka_unit_test(a_gap_in_the_steps_is_no_harm),
        cmocka_unit_test(steps_and_times_are_each_others_inverse),
        cmocka_unit_test(a_large_offset_costs_no_digits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
