/* What the output says where some of it cannot be said: figures by hand. */
#include "analysis/ablation/ablation_metrics.h"
#include "analysis/bootstrap.h"
#include "analysis/output_metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SAMPLES = 5, DRAWS = 4 };

static const size_t LENGTH[SAMPLES] = {3, 5, 1, 4, 2};

static void the_loss_of_a_token_is_over_the_samples_that_have_one(void **state) {
    (void)state;
    const double loss[SAMPLES] = {2, NAN, NAN, INFINITY, 5}, total[SAMPLES] = {4, NAN, 0, INFINITY, 5};
    const struct spt_output output = {.samples = SAMPLES, .length = LENGTH, .loss = loss, .total_loss = total};
    assert_true(fabs(spt_output_loss_token(&output) - (4.0 + 5) / (2 + 1)) <= 1e-15);
    assert_true(spt_output_loss(&output, 0) == 2);
    for (size_t i = 1; i < 4; i++) assert_true(isnan(spt_output_loss(&output, i)));
}

static void where_no_sample_has_a_loss_no_token_has_one(void **state) {
    (void)state;
    const double total[SAMPLES] = {NAN, NAN, 0, NAN, NAN};
    const struct spt_output output = {.samples = SAMPLES, .length = LENGTH, .loss = total, .total_loss = total};
    assert_true(isnan(spt_output_loss_token(&output)));
}

/* The second draw holds the samples without a loss alone; the third, each of those that have one twice; the last only
 * the first, and one without. */
static void a_draw_of_it_is_over_those_it_holds(void **state) {
    (void)state;
    double counts[DRAWS * SAMPLES] = {1, 1, 1, 1, 1, 0, 3, 2, 0, 0, 2, 0, 0, 1, 2, 4, 0, 0, 1, 0}, draws[DRAWS];
    const double total[SAMPLES] = {4, NAN, 0, -INFINITY, 5};
    const struct spt_bootstrap bootstrap = {.draws = DRAWS, .samples = SAMPLES, .counts = counts};
    const struct spt_output output = {.samples = SAMPLES, .length = LENGTH, .loss = total, .total_loss = total};
    assert_int_equal(spt_output_loss_token_draws(&output, &bootstrap, draws, NULL), SPT_OK);
    assert_true(fabs(draws[0] - 3) <= 1e-15);
    assert_true(isnan(draws[1]));
    assert_true(fabs(draws[2] - 3) <= 1e-15);
    assert_true(fabs(draws[3] - 2) <= 1e-15);
}

static void what_is_lost_to_infinity_is_undefined(void **state) {
    (void)state;
    const double loss[] = {2, INFINITY, 2, INFINITY}, ablated[] = {3, 3, INFINITY, INFINITY};
    const struct spt_output output = {.samples = 4, .loss = loss, .ablated_loss = ablated};
    assert_true(spt_ablate_loss(&output, 0) == 1);
    for (size_t i = 1; i < 4; i++) assert_true(isnan(spt_ablate_loss(&output, i)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_of_a_token_is_over_the_samples_that_have_one),
        cmocka_unit_test(where_no_sample_has_a_loss_no_token_has_one),
        cmocka_unit_test(a_draw_of_it_is_over_those_it_holds),
        cmocka_unit_test(what_is_lost_to_infinity_is_undefined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
