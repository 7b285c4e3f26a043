/* The exponent of made-up tails, and where there is none. */
#include "analysis/random.h"
#include "analysis/spectra/power_law.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 4000 };

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of density proportional to x^-alpha above least: P(x > t) = (t / least)^(1 - alpha). */
static double pareto(struct spt_random *random, double alpha, double least) {
    return least * pow(1 - spt_random_uniform(random), 1 / (1 - alpha));
}

static struct spt_power_law law_of(double *values, size_t count) {
    double logs[MOST];
    qsort(values, count, sizeof *values, compare);
    return spt_power_law_of(values, count, logs);
}

static void the_exponent_of_pareto_samples_is_found(void **state) {
    struct spt_random random;
    double values[MOST];
    (void)state;
    spt_random_seed(&random, 11);
    for (double alpha = 1.5; alpha < 6; alpha += 0.75) {
        for (size_t i = 0; i < MOST; i++) values[i] = pareto(&random, alpha, 1e-7);
        const struct spt_power_law law = law_of(values, MOST);
        /* 4 standard errors, (alpha - 1) / sqrt(m) each. */
        assert_true(fabs(law.alpha - alpha) < 4 * (alpha - 1) / sqrt((double)law.tail));
        assert_true(law.tail >= MOST / 20 && law.tail <= MOST);
        assert_true(law.ks < 1.6 / sqrt((double)law.tail));
    }
}

static void the_tail_starts_where_the_power_law_does(void **state) {
    struct spt_random random;
    double values[MOST];
    (void)state;
    spt_random_seed(&random, 12);
    for (size_t i = 0; i < MOST; i++)
        values[i] = i % 4 ? spt_random_uniform(&random) : pareto(&random, 2.5, 1); /* a quarter lies above 1 */
    const struct spt_power_law law = law_of(values, MOST);
    assert_true(law.tail > MOST / 5 && law.tail < MOST / 3.5);
    assert_true(fabs(law.alpha - 2.5) < 4 * 1.5 / sqrt((double)law.tail));
}

/* By hand: the only candidate of ten values 1, 2, 4 ... 512 is the first; sum ln(x / x_1) = 45 ln 2. */
static void ten_values_have_one_candidate(void **state) {
    double values[10], most = 0;
    (void)state;
    for (size_t i = 0; i < 10; i++) values[i] = ldexp(1, (int)i);
    const struct spt_power_law law = law_of(values, 10);
    const double alpha = 1 + 10 / (45 * log(2));
    for (size_t i = 0; i < 10; i++) most = fmax(most, fabs(1 - pow(values[i], 1 - alpha) - (double)i / 10));
    assert_true(fabs(law.alpha - alpha) < 1e-14 * alpha && fabs(law.ks - most) < 1e-14);
    assert_int_equal(law.tail, 10);
}

static void fewer_than_ten_values_or_equal_ones_have_no_tail(void **state) {
    double values[40];
    (void)state;
    for (size_t i = 0; i < 40; i++) values[i] = (double)(i + 1);
    assert_true(isnan(law_of(values, 9).alpha) && isnan(law_of(values, 0).ks));
    assert_int_equal(law_of(values, 9).tail, 0);
    for (size_t i = 0; i < 40; i++) values[i] = 3;
    assert_true(isnan(law_of(values, 40).alpha) && isnan(law_of(values, 40).ks));
    assert_int_equal(law_of(values, 40).tail, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exponent_of_pareto_samples_is_found),
        cmocka_unit_test(the_tail_starts_where_the_power_law_does),
        cmocka_unit_test(ten_values_have_one_candidate),
        cmocka_unit_test(fewer_than_ten_values_or_equal_ones_have_no_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
