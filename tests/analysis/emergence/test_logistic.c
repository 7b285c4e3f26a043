/* Fits of a logistic curve against SciPy's, and against curves that are known. */
#include "analysis/emergence/logistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 32 };

static const double T[] = {0, 1, 1.6, 2.3, 3.2, 4.1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
enum { COUNT = sizeof T / sizeof *T };

static struct spt_logistic fit_of(const double *t, const double *y, size_t count) {
    struct spt_logistic_fitter fitter;
    struct spt_logistic fit;
    struct spt_error error;
    assert_int_equal(spt_logistic_init(&fitter, t, count, &error), SPT_OK);
    spt_logistic_fit(&fitter, y, &fit);
    spt_logistic_release(&fitter);
    return fit;
}

static void assert_near(double found, double expected, double tolerance) {
    if (!(fabs(found - expected) <= tolerance)) fail_msg("found %.12g, expected %.12g", found, expected);
}

static void exact_curve(double a, double b, double k, double t0, double *y) {
    for (size_t i = 0; i < COUNT; i++) y[i] = a + b / (1 + exp(-k * (T[i] - t0)));
}

static void a_curve_without_noise_is_found_again(void **state) {
    (void)state;
    static const double A[] = {0, 7.2, -3, 1e6, 1e-9}, B[] = {1, -3.1, 0.5, 2e5, 3e-9};
    for (size_t i = 0; i < sizeof A / sizeof *A; i++)
        for (double k = 0.5; k < 6; k *= 1.7)
            for (double t0 = 2; t0 < 14; t0 += 0.9) {
                double y[COUNT];
                exact_curve(A[i], B[i], k, t0, y);
                const struct spt_logistic fit = fit_of(T, y, COUNT);
                assert_near(fit.t0, t0, 1e-5);
                assert_near(fit.k, k, 1e-4 * k);
                assert_near(fit.b, B[i], 1e-5 * fabs(B[i]));
                assert_near(fit.a, A[i], 1e-5 * (fabs(A[i]) + fabs(B[i])));
                assert_true(fit.r2 > 1 - 1e-9 && fit.r2 <= 1);
                assert_near(spt_logistic_at(&fit, T[5]), y[5], 1e-5 * fabs(B[i]));
            }
}

/* One series of tests/data/emergence.txt. */
struct known {
    char name[64];
    size_t count;
    double t[MAX], y[MAX], t0, k, a, b, rss;
};

static bool read_known(FILE *file, struct known *known) {
    char line[256];
    do
        if (!fgets(line, sizeof line, file)) return false;
    while (line[0] == '#');
    assert_int_equal(sscanf(line, "%63s %zu", known->name, &known->count), 2);
    assert_true(known->count <= MAX);
    for (size_t i = 0; i < known->count; i++) {
        assert_int_equal(fscanf(file, "%lf", &known->t[i]), 1);
        known->t[i] = log2(1 + known->t[i]);
    }
    for (size_t i = 0; i < known->count; i++) assert_int_equal(fscanf(file, "%lf", &known->y[i]), 1);
    assert_int_equal(fscanf(file, "%lf %lf %lf %lf %lf ", &known->t0, &known->k, &known->a, &known->b, &known->rss), 5);
    return true;
}

static void fits_are_those_of_scipy(void **state) {
    (void)state;
    FILE *file = fopen(SPT_TEST_DATA "/emergence.txt", "re");
    assert_non_null(file);
    struct known known;
    size_t count = 0;
    for (; read_known(file, &known); count++) {
        const struct spt_logistic fit = fit_of(known.t, known.y, known.count);
        if (!(fit.rss <= known.rss * (1 + 1e-9)))
            fail_msg("%s: rss %.12g, SciPy's %.12g", known.name, fit.rss, known.rss);
        if (fit.rss < known.rss * (1 - 1e-6)) continue; /* SciPy's best of 200 was another minimum, and worse */
        assert_near(fit.t0, known.t0, 1e-3);
        assert_near(fit.k, known.k, 1e-2 * known.k);
        assert_near(fit.b, known.b, 1e-3 * fabs(known.b));
        assert_near(fit.a, known.a, 1e-3 * fabs(known.b));
    }
    assert_int_equal(fclose(file), 0);
    assert_true(count >= 40);
}

static void a_constant_has_no_curve(void **state) {
    (void)state;
    double y[COUNT];
    for (size_t i = 0; i < COUNT; i++) y[i] = 0.1;
    const struct spt_logistic fit = fit_of(T, y, COUNT);
    assert_true(fit.b == 0 && isnan(fit.t0) && isnan(fit.k) && isnan(fit.r2));
    assert_near(fit.a, 0.1, 1e-15);
    assert_near(spt_logistic_at(&fit, 3), 0.1, 1e-15);
}

static void a_jump_turns_between_its_checkpoints(void **state) {
    (void)state;
    double y[COUNT];
    for (size_t i = 0; i < COUNT; i++) y[i] = i < 9 ? 2 : 5;
    const struct spt_logistic fit = fit_of(T, y, COUNT);
    assert_true(fit.t0 > T[8] && fit.t0 < T[9]);
    assert_true(fit.k > 10 && fit.k <= SPT_LOGISTIC_K_MAX * (1 + 1e-12));
}

static void a_straight_line_stays_within_the_bounds(void **state) {
    (void)state;
    double y[COUNT];
    for (size_t i = 0; i < COUNT; i++) y[i] = 3 * T[i];
    const struct spt_logistic fit = fit_of(T, y, COUNT);
    assert_true(isfinite(fit.t0) && isfinite(fit.k) && fit.b > 0 && fit.r2 > 0.99);
}

/* Steps of one day of a long training are close together in octaves: the search follows them. */
static void steps_that_are_close_together_are_fitted(void **state) {
    (void)state;
    double t[COUNT], y[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        t[i] = log2(1 + 142000.0 + 50 * (double)i);
        y[i] = 1 / (1 + exp(-900 * (t[i] - log2(142401.0))));
    }
    const struct spt_logistic fit = fit_of(t, y, COUNT);
    assert_near(exp2(fit.t0), 142401, 5);
}

static void refits_of_the_same_series_change_nothing(void **state) {
    (void)state;
    struct spt_logistic_fitter fitter;
    struct spt_error error;
    double y[COUNT], many[100 * COUNT], gain[100], excess[100];
    struct spt_logistic fit, fits[100];
    exact_curve(1, 2, 1.3, 7.7, y);
    for (size_t i = 0; i < COUNT; i++) y[i] += 0.05 * sin(9 * (double)i);
    for (size_t i = 0; i < 100; i++) memcpy(many + i * COUNT, y, sizeof y);
    assert_int_equal(spt_logistic_init(&fitter, T, COUNT, &error), SPT_OK);
    spt_logistic_fit(&fitter, y, &fit);
    spt_logistic_refit(&fitter, many, 100, &fit, y, fits, gain);
    for (size_t i = 0; i < 100; i++) {
        assert_near(fits[i].t0, fit.t0, 1e-6);
        assert_near(gain[i], 0, 1e-12);
    }
    spt_logistic_excess(&fitter, many, 100, fit.t0, fits, excess);
    for (size_t i = 0; i < 100; i++) assert_near(excess[i], 0, 1e-9);
    spt_logistic_excess(&fitter, y, 1, fit.t0 + 0.5, &fit, excess);
    /* by hand: the least over k of the sum of squares, (a, b) by the normal equations */
    double least = INFINITY;
    for (double log_k = -1; log_k < 2; log_k += 1e-4) {
        double sp = 0, spp = 0, sy = 0, spy = 0, rss = 0;
        for (size_t i = 0; i < COUNT; i++) {
            const double p = 1 / (1 + exp(-exp(log_k) * (T[i] - fit.t0 - 0.5)));
            sp += p, spp += p * p, sy += y[i], spy += p * y[i];
        }
        const double b = (COUNT * spy - sp * sy) / (COUNT * spp - sp * sp), a = (sy - b * sp) / COUNT;
        for (size_t i = 0; i < COUNT; i++) {
            const double r = y[i] - a - b / (1 + exp(-exp(log_k) * (T[i] - fit.t0 - 0.5)));
            rss += r * r;
        }
        least = fmin(least, rss);
    }
    assert_near(excess[0], least - fit.rss, 1e-6 * least);
    spt_logistic_release(&fitter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_without_noise_is_found_again),
        cmocka_unit_test(fits_are_those_of_scipy),
        cmocka_unit_test(a_constant_has_no_curve),
        cmocka_unit_test(a_jump_turns_between_its_checkpoints),
        cmocka_unit_test(a_straight_line_stays_within_the_bounds),
        cmocka_unit_test(steps_that_are_close_together_are_fitted),
        cmocka_unit_test(refits_of_the_same_series_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
