/* Orders by hand, sign tests and adjusted p by SciPy. */
#include "analysis/emergence/order.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_near(double found, double expected) {
    if (!(fabs(found - expected) <= 1e-12)) fail_msg("found %.15g, expected %.15g", found, expected);
}

static void draws_count_what_comes_before(void **state) {
    (void)state;
    const double a[] = {1, 2, 3, 4, 5, NAN, 7, 8}, b[] = {2, 3, 4, 5, 4, 1, NAN, 8};
    const struct spt_order order = spt_order_of_draws(a, b, 8);
    assert_int_equal(order.before, 4);
    assert_int_equal(order.after, 1);
    assert_int_equal(order.ties, 1);
    assert_near(order.share, 4.5 / 6);
    assert_near(order.p, 2.0 * 3 / 7); /* 1 + one the other way + one tie, of 1 + 6 */
}

static void draws_that_agree_prove_no_more_than_their_number(void **state) {
    (void)state;
    double a[999], b[999];
    for (size_t i = 0; i < 999; i++) a[i] = (double)i, b[i] = (double)i + 1;
    assert_near(spt_order_of_draws(a, b, 999).p, 2.0 / 1000);
    assert_near(spt_order_of_draws(b, a, 999).p, 2.0 / 1000);
    assert_near(spt_order_of_draws(b, a, 999).share, 0);
    assert_near(spt_order_of_draws(a, a, 999).p, 1);
    assert_true(isnan(spt_order_of_draws(a, b, 0).p) && isnan(spt_order_of_draws(a, b, 0).share));
}

/* scipy.stats.binomtest(rarer, n).pvalue */
static void runs_are_compared_by_the_sign_test(void **state) {
    (void)state;
    static const struct {
        size_t after, n;
        double p;
    } KNOWN[] = {{0, 3, 0.25}, {1, 5, 0.375}, {0, 8, 0.0078125}, {2, 10, 0.109375}, {5, 10, 1}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        double a[10], b[10];
        for (size_t k = 0; k < KNOWN[i].n; k++) {
            a[k] = 5;
            b[k] = k < KNOWN[i].after ? 4 : 6;
        }
        const struct spt_order order = spt_order_of_runs(a, b, KNOWN[i].n);
        assert_int_equal(order.after, KNOWN[i].after);
        assert_near(order.p, KNOWN[i].p);
    }
    const double same[] = {1, 1}, missing[] = {NAN, NAN};
    assert_near(spt_order_of_runs(same, same, 2).p, 1);
    assert_true(isnan(spt_order_of_runs(same, missing, 2).p));
}

/* The 25 p of the literature's usual example, by scipy.stats.false_discovery_control. */
static void adjusted_p_are_those_of_scipy(void **state) {
    (void)state;
    static const double P[] = {0.569, 0.001, 0.341, 0.008, 0.039, 0.216, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.222,
                               0.251, 0.269, 0.275, 0.34,  0.384, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986},
                        Q[] = {0.781578947368421,
                               0.025,
                               0.5328125,
                               0.1,
                               0.21000000000000002,
                               0.49107142857142866,
                               0.21000000000000002,
                               0.21000000000000002,
                               0.25,
                               0.2642857142857143,
                               0.49107142857142866,
                               0.49107142857142866,
                               0.49107142857142866,
                               0.49107142857142866,
                               0.49107142857142866,
                               0.49107142857142866,
                               0.5328125,
                               0.5647058823529413,
                               0.781578947368421,
                               0.8699999999999999,
                               0.9071428571428571,
                               0.986,
                               0.986,
                               0.986,
                               0.986};
    double p[27], q[27];
    struct spt_error error;
    p[0] = NAN; /* no test: counts for nothing, wherever it stands */
    for (size_t i = 0; i < 25; i++) p[i < 10 ? i + 1 : i + 2] = P[i];
    p[11] = NAN;
    assert_int_equal(spt_false_discovery(p, 27, q, &error), SPT_OK);
    assert_true(isnan(q[0]) && isnan(q[11]));
    for (size_t i = 0; i < 25; i++) assert_near(q[i < 10 ? i + 1 : i + 2], Q[i]);
    assert_int_equal(spt_false_discovery(p, 0, q, &error), SPT_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_count_what_comes_before),
        cmocka_unit_test(draws_that_agree_prove_no_more_than_their_number),
        cmocka_unit_test(runs_are_compared_by_the_sign_test),
        cmocka_unit_test(adjusted_p_are_those_of_scipy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
