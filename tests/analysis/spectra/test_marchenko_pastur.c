/* The law of Marchenko and Pastur against quadrature of its density with 40 digits (tests/data/spectra.json, made by
 * tests/peer/make_spectra_fixture.py). */
#include "analysis/spectra/marchenko_pastur.h"
#include "checkpoints/base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct spt_json_document *read_fixture(void) {
    struct spt_json_document *document;
    struct spt_error error;
    assert_int_equal(spt_json_read_file(SPT_TEST_DATA "/spectra.json", 1 << 24, false, &document, &error), SPT_OK);
    return document;
}

static void the_distribution_function_is_the_densitys_integral(void **state) {
    struct spt_json_document *document = read_fixture();
    const struct spt_json *laws = spt_json_get(spt_json_root(document), "law");
    (void)state;
    assert_true(spt_json_count(laws) >= 10);
    for (size_t i = 0; i < spt_json_count(laws); i++) {
        const struct spt_json *law = spt_json_at(laws, i), *points = spt_json_get(law, "points");
        const double q = spt_json_number(spt_json_get(law, "q"), NAN);
        assert_true(spt_json_count(points) > 0);
        for (size_t k = 0; k < spt_json_count(points); k++) {
            const struct spt_json *point = spt_json_at(points, k);
            const double x = spt_json_number(spt_json_at(point, 0), NAN),
                         f = spt_json_number(spt_json_at(point, 1), NAN);
            /* Where the support is narrow, an x that is rounded to a double is off by that much of it. */
            const double tolerance = 1e-15 + 1e-16 / sqrt(q);
            if (!(fabs(spt_marchenko_pastur_cdf(q, x) - f) <= tolerance))
                fail_msg("q %g: F(%.17g) is %.17g, by quadrature %.17g", q, x, spt_marchenko_pastur_cdf(q, x), f);
        }
    }
    spt_json_free(document);
}

static void the_median_halves_the_density(void **state) {
    struct spt_json_document *document = read_fixture();
    const struct spt_json *laws = spt_json_get(spt_json_root(document), "law");
    (void)state;
    for (size_t i = 0; i < spt_json_count(laws); i++) {
        const struct spt_json *law = spt_json_at(laws, i);
        const double q = spt_json_number(spt_json_get(law, "q"), NAN);
        const double median = spt_json_number(spt_json_get(law, "median"), NAN);
        if (!(fabs(spt_marchenko_pastur_median(q) - median) <= 2e-15))
            fail_msg("q %g: the median is %.17g, by quadrature %.17g", q, spt_marchenko_pastur_median(q), median);
    }
    spt_json_free(document);
}

static void beyond_the_support_it_is_0_and_1(void **state) {
    (void)state;
    for (double q = 0.001; q <= 1; q *= 1.9) {
        const double low = (1 - sqrt(q)) * (1 - sqrt(q)), high = (1 + sqrt(q)) * (1 + sqrt(q));
        assert_true(spt_marchenko_pastur_cdf(q, low) == 0 && spt_marchenko_pastur_cdf(q, low - 1) == 0);
        assert_true(spt_marchenko_pastur_cdf(q, high) == 1 && spt_marchenko_pastur_cdf(q, high + 1) == 1);
        assert_true(spt_marchenko_pastur_edge(q) == high);
        assert_true(isnan(spt_marchenko_pastur_cdf(q, NAN)));
    }
    assert_true(spt_marchenko_pastur_cdf(1, 0) == 0 && spt_marchenko_pastur_cdf(1, -INFINITY) == 0);
}

/* Values at the law's own quantiles (i + 1/2) / n are as close as n values can be: 1 / (2 n). */
static void quantiles_of_the_law_lie_closest_to_it_whatever_their_unit(void **state) {
    enum { N = 41 };
    (void)state;
    for (double q = 0.02; q <= 1; q *= 2.5) {
        double values[N];
        for (size_t i = 0; i < N; i++) {
            double low = 0, high = 4;
            for (int k = 0; k < 80; k++) {
                const double middle = (low + high) / 2;
                *(spt_marchenko_pastur_cdf(q, middle) < ((double)i + 0.5) / N ? &low : &high) = middle;
            }
            values[i] = 1e-9 * low;
        }
        struct spt_marchenko_pastur_fit fit = spt_marchenko_pastur_of(values, N, q);
        assert_true(fabs(fit.ks - 0.5 / N) < 1e-9);
        assert_int_equal(fit.spikes, 0);
        values[N - 1] = 1e-9 * spt_marchenko_pastur_edge(q) * 1.0001;
        assert_int_equal(spt_marchenko_pastur_of(values, N, q).spikes, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distribution_function_is_the_densitys_integral),
        cmocka_unit_test(the_median_halves_the_density),
        cmocka_unit_test(beyond_the_support_it_is_0_and_1),
        cmocka_unit_test(quantiles_of_the_law_lie_closest_to_it_whatever_their_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
