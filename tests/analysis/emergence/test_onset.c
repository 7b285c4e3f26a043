/* Onsets of series whose turn is known by construction. */
#include "analysis/emergence/onset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COUNT = 10 };
static const int64_t STEPS[COUNT] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256};

static struct spt_onset onset_of(const double *mean, const double *se, size_t count) {
    struct spt_onset onset;
    struct spt_error error;
    assert_int_equal(spt_onset_of(STEPS, mean, se, count, &onset, &error), SPT_OK);
    return onset;
}

static void a_step_turns_where_it_steps(void **state) {
    (void)state;
    const double mean[COUNT] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, se[COUNT] = {0};
    const struct spt_onset onset = onset_of(mean, se, COUNT);
    assert_true(onset.found);
    assert_int_equal(onset.step, 16);
    assert_true(onset.start == 0 && onset.end == 1);
}

static void a_fall_turns_too(void **state) {
    (void)state;
    const double mean[COUNT] = {7, 7, 6.9, 6, 5, 4, 3, 2, 2, 2}, se[COUNT] = {0};
    assert_int_equal(onset_of(mean, se, COUNT).step, 16); /* the midpoint is 4.5 */
}

static void a_value_that_falls_back_is_not_past_its_onset(void **state) {
    (void)state;
    const double mean[COUNT] = {0, 0, 1, 1, 0, 0, 1, 1, 1, 1}, se[COUNT] = {0};
    assert_int_equal(onset_of(mean, se, COUNT).step, 32);
}

static void a_change_within_the_noise_is_none(void **state) {
    (void)state;
    const double mean[COUNT] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
    const double se[COUNT] = {0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3}; /* 3 sqrt(2) 0.3 = 1.27 > 1 */
    assert_false(onset_of(mean, se, COUNT).found);
}

static void five_checkpoints_are_too_few(void **state) {
    (void)state;
    const double mean[COUNT] = {0, 0, 1, 1, 1}, se[COUNT] = {0};
    assert_false(onset_of(mean, se, 5).found);
}

static void undefined_values_are_left_out(void **state) {
    (void)state;
    const double mean[COUNT] = {0, 0, NAN, 0, 0, NAN, 1, 1, 1, 1}, se[COUNT] = {NAN};
    assert_int_equal(onset_of(mean, se, COUNT).step, 32);
    const double none[2] = {NAN, NAN};
    assert_true(isnan(onset_of(none, none, 2).start));
}

static void a_constant_has_none(void **state) {
    (void)state;
    const double mean[COUNT] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, se[COUNT] = {0};
    assert_false(onset_of(mean, se, COUNT).found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_turns_where_it_steps),
        cmocka_unit_test(a_fall_turns_too),
        cmocka_unit_test(a_value_that_falls_back_is_not_past_its_onset),
        cmocka_unit_test(a_change_within_the_noise_is_none),
        cmocka_unit_test(five_checkpoints_are_too_few),
        cmocka_unit_test(undefined_values_are_left_out),
        cmocka_unit_test(a_constant_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
