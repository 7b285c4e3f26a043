/* Singular values: matrices whose values are known, LAPACK's dgesdd on thousands of others, and that a lane is alone.
 */
#include "analysis/mask.h"
#include "analysis/random.h"
#include "analysis/rmt/residual.h"
#include "analysis/rmt/spectrum_internal.h"
#include "checkpoints/base/memory.h"
#include "tests/analysis/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double PI = 3.14159265358979323846;

/* --- matrices --- */

static double *zeros(size_t n) {
    double *a = spt_alloc_zeroed(n * n, sizeof *a);
    assert_non_null(a);
    return a;
}

enum kind {
    RANDOM_CAUSAL,
    RANDOM_FULL,
    SOFT_CAUSAL, /* softmax of normal scores, in float32 as the forward pass has it */
    SHARP_CAUSAL,
    SHARP_FULL,
    SINK,      /* nearly all on the first key */
    RESIDUAL,  /* of RANDOM_CAUSAL */
    ONE_HOT,   /* each row on one key: many equal values and zeros */
    QUANTISED, /* few different entries: exact ties */
    LOW_RANK,
    GAUSSIAN,
    GRADED, /* rows that fall from 1 to 1e-200 */
    KINDS
};

static void softmax(struct spt_random *random, const struct spt_mask *mask, double sharpness, double sink, double *a) {
    for (size_t i = 0; i < mask->n; i++) {
        double sum = 0;
        for (size_t j = 0; j < mask->end[i]; j++)
            sum += a[i * mask->n + j] = (double)(float)exp(sharpness * draw_normal(random) + (j ? 0 : sink));
        for (size_t j = 0; j < mask->end[i]; j++) a[i * mask->n + j] = (double)(float)(a[i * mask->n + j] / sum);
    }
}

static void fill_low_rank(struct spt_random *random, size_t n, double *a) {
    for (size_t rank = 0; rank < 3; rank++)
        for (size_t i = 0; i < n; i++) {
            const double x = draw_normal(random);
            for (size_t j = 0; j < n; j++) a[i * n + j] += x * cos((double)(j * (rank + 1)));
        }
}

static double *matrix_of(enum kind kind, struct spt_random *random, size_t n) {
    const bool full = kind == RANDOM_FULL || kind == SHARP_FULL;
    struct spt_mask mask;
    double *a = zeros(n);
    assert_int_equal(spt_mask_init(&mask, full ? SPT_MASK_FULL : SPT_MASK_CAUSAL, 0, n, NULL), SPT_OK);
    if (kind == RANDOM_CAUSAL || kind == RANDOM_FULL) spt_random_attention(random, &mask, a);
    if (kind == SOFT_CAUSAL) softmax(random, &mask, 1, 0, a);
    if (kind == SHARP_CAUSAL || kind == SHARP_FULL) softmax(random, &mask, 6, 0, a);
    if (kind == SINK) softmax(random, &mask, 1, 12, a);
    if (kind == RESIDUAL) {
        double *attention = zeros(n);
        spt_random_attention(random, &mask, attention);
        spt_residual_of(attention, &mask, a);
        free(attention);
    }
    for (size_t i = 0; i < n; i++) {
        if (kind == ONE_HOT) a[i * n + spt_random_index(random, i + 1)] = 1;
        for (size_t j = 0; j < n; j++) {
            if (kind == QUANTISED) a[i * n + j] = (double)spt_random_index(random, 3) / 4;
            if (kind == GAUSSIAN) a[i * n + j] = draw_normal(random);
            if (kind == GRADED) a[i * n + j] = draw_normal(random) * pow(10, -200 * (double)i / (double)n);
        }
    }
    if (kind == LOW_RANK) fill_low_rank(random, n, a);
    spt_mask_release(&mask);
    return a;
}

/* --- how they are compared --- */

static struct spt_spectrum *workspace_of(size_t n) {
    struct spt_spectrum *w;
    assert_int_equal(spt_spectrum_new(n, &w, NULL), SPT_OK);
    return w;
}

static void values_of(const double *a, size_t n, double *s) {
    struct spt_spectrum *w = workspace_of(n);
    assert_int_equal(spt_spectrum_of(w, &a, 1, n, &s, NULL), SPT_OK);
    spt_spectrum_free(w);
}

static void assert_close(const double *s, const double *expected, size_t n, const char *what) {
    const double tolerance = (4 * (double)n + 16) * 1.2e-16 * expected[0];
    for (size_t i = 0; i < n; i++) {
        if (i && !(s[i] <= s[i - 1])) fail_msg("%s, n = %zu: value %zu is larger than the one before", what, n, i);
        if (!(s[i] >= 0 && fabs(s[i] - expected[i]) <= tolerance))
            fail_msg("%s, n = %zu: s[%zu] is %.17g, expected %.17g", what, n, i, s[i], expected[i]);
    }
}

/* All choices of kernels and every count of lanes against dgesdd. */
static void compare_with_lapack(enum kind kind, struct spt_random *random, size_t n, size_t count, size_t patience) {
    struct kernel_choice choices[KERNEL_CHOICES];
    const size_t kernels = kernel_choices(choices);
    double *a[SPT_SPECTRUM_LANES], *s[SPT_SPECTRUM_LANES], *expected[SPT_SPECTRUM_LANES], *copy = zeros(n);
    for (size_t m = 0; m < count; m++) {
        a[m] = matrix_of(kind, random, n);
        s[m] = zeros(n);
        expected[m] = zeros(n);
        memcpy(copy, a[m], n * n * sizeof *copy);
        assert_int_equal(spt_spectrum_of_lapack(copy, n, expected[m], NULL), SPT_OK);
    }
    struct spt_spectrum *w = workspace_of(n);
    for (size_t k = 0; k < kernels; k++) {
        spt_spectrum_use(w, choices[k].wide, choices[k].narrow, patience);
        assert_int_equal(spt_spectrum_of(w, (const double *const *)a, count, n, s, NULL), SPT_OK);
        for (size_t m = 0; m < count; m++) assert_close(s[m], expected[m], n, "random matrices");
    }
    spt_spectrum_free(w);
    for (size_t m = 0; m < count; m++) {
        free(a[m]);
        free(s[m]);
        free(expected[m]);
    }
    free(copy);
}

/* --- known values --- */

static void an_identity_has_ones(void **state) {
    (void)state;
    for (size_t n = 1; n <= 160; n += 53) {
        double *a = zeros(n), *s = zeros(n), *ones = zeros(n);
        for (size_t i = 0; i < n; i++) a[i * n + i] = ones[i] = 1;
        values_of(a, n, s);
        assert_close(s, ones, n, "identity");
        free(a);
        free(s);
        free(ones);
    }
}

static void a_zero_matrix_has_zeros(void **state) {
    (void)state;
    for (size_t n = 1; n <= 160; n += 53) {
        double *a = zeros(n), *s = zeros(n);
        memset(s, 1, n * sizeof *s);
        values_of(a, n, s);
        for (size_t i = 0; i < n; i++) assert_true(s[i] == 0);
        free(a);
        free(s);
    }
}

static void a_diagonal_has_its_sizes_in_order(void **state) {
    (void)state;
    double *a = zeros(40), s[40], expected[40];
    for (size_t i = 0; i < 40; i++) {
        a[i * 40 + i] = (i % 2 ? -1.0 : 1.0) * (double)((i * 17) % 40 + 1);
        expected[i] = (double)(40 - i);
    }
    values_of(a, 40, s);
    assert_close(s, expected, 40, "diagonal");
    free(a);
}

/* u v^T has the one value |u| |v|. */
static void a_product_of_vectors_has_one_value(void **state) {
    (void)state;
    double *a = zeros(46), s[46], expected[46] = {0}, u = 0, v = 0;
    for (size_t i = 0; i < 46; i++) {
        u += (double)((i + 1) * (i + 1));
        v += cos((double)i) * cos((double)i);
        for (size_t j = 0; j < 46; j++) a[i * 46 + j] = (double)(i + 1) * cos((double)j);
    }
    expected[0] = sqrt(u * v);
    values_of(a, 46, s);
    assert_close(s, expected, 46, "rank 1");
    free(a);
}

/* I - 2 v v^T / v^T v is orthogonal. */
static void a_reflection_has_ones(void **state) {
    (void)state;
    double *a = zeros(46), s[46], ones[46], square = 0;
    for (size_t i = 0; i < 46; i++) square += sin((double)i + 1) * sin((double)i + 1);
    for (size_t i = 0; i < 46; i++) {
        ones[i] = 1;
        for (size_t j = 0; j < 46; j++) a[i * 46 + j] = (i == j) - 2 * sin((double)i + 1) * sin((double)j + 1) / square;
    }
    values_of(a, 46, s);
    assert_close(s, ones, 46, "reflection");
    free(a);
}

/* The rows of uniform attention over all keys are equal: one value, 1. */
static void uniform_attention_over_all_has_one_value(void **state) {
    (void)state;
    double *a = zeros(64), s[64], expected[64] = {1};
    for (size_t i = 0; i < 64 * 64; i++) a[i] = 1.0 / 64;
    values_of(a, 64, s);
    assert_close(s, expected, 64, "uniform");
    free(a);
}

/* Uniform causal attention is D L, D = diag(1/i), L of ones: its inverse has i on the diagonal and -(i - 1) beside it.
 * So the squares of the values sum to 1 + 1/2 + ... + 1/n, those of their inverses to the squares of these entries, and
 * their product is 1/n!. */
static void uniform_causal_attention_has_the_sums_of_its_inverse(void **state) {
    (void)state;
    enum { N = 46 };
    double *a = zeros(N), s[N], squares = 0, inverses = 0, logs = 0, harmonic = 0, entries = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j <= i; j++) a[i * N + j] = 1 / (double)(i + 1);
    values_of(a, N, s);
    for (size_t i = 0; i < N; i++) {
        squares += s[i] * s[i];
        inverses += 1 / (s[i] * s[i]);
        logs += log(s[i]);
        harmonic += 1 / (double)(i + 1);
        entries += (double)((i + 1) * (i + 1) + i * i);
    }
    assert_true(fabs(squares - harmonic) < 1e-13);
    assert_true(fabs(inverses / entries - 1) < 1e-12);
    assert_true(fabs(logs + lgamma(N + 1)) < 1e-11);
    free(a);
}

/* Ones on the diagonal and beside it: 2 cos(k pi / (2n + 1)), k = 1 ... n. Ones beside it only: n - 1 ones and a zero.
 */
static void jordan_blocks_have_cosines(void **state) {
    (void)state;
    for (size_t n = 2; n <= 200; n += 33) {
        double *a = zeros(n), *s = zeros(n), *expected = zeros(n);
        for (size_t i = 0; i < n; i++) {
            a[i * n + i] = 1;
            if (i + 1 < n) a[i * n + i + 1] = 1;
            expected[i] = 2 * cos((double)(i + 1) * PI / (double)(2 * n + 1));
        }
        values_of(a, n, s);
        assert_close(s, expected, n, "Jordan block of 1");
        for (size_t i = 0; i < n; i++) {
            a[i * n + i] = 0;
            expected[i] = i + 1 < n;
        }
        values_of(a, n, s);
        assert_close(s, expected, n, "Jordan block of 0");
        free(a);
        free(s);
        free(expected);
    }
}

/* The largest and the smallest eigenvalue of Hilbert's matrix of order 10, by mpmath in 60 digits. */
static void hilbert_matrix_has_its_ends(void **state) {
    (void)state;
    double a[100], s[10];
    for (size_t i = 0; i < 100; i++) a[i] = 1 / (double)(i / 10 + i % 10 + 1);
    values_of(a, 10, s);
    assert_true(fabs(s[0] - 1.751919670265177) < 1e-14);
    assert_true(fabs(s[9] - 1.0931538193796657e-13) < 1e-15);
}

static void graded_entries_down_to_nothing_keep_the_large_ones(void **state) {
    (void)state;
    enum { N = 31 };
    double *a = zeros(N), s[N], expected[N];
    for (size_t i = 0; i < N; i++) a[i * N + i] = expected[i] = pow(10, -10.0 * (double)i);
    values_of(a, N, s);
    assert_close(s, expected, N, "graded");
    free(a);
}

static void scale_of_a_power_of_two_scales_the_values(void **state) {
    (void)state;
    static const int EXPONENTS[] = {-1060, -900, -300, -101, 101, 300, 900};
    enum { N = 20 };
    struct spt_random random;
    spt_random_seed(&random, 5);
    double *a = matrix_of(GAUSSIAN, &random, N), *scaled = zeros(N), s[N], expected[N];
    for (size_t i = 0; i < N * N; i++)
        a[i] = (double)(float)(round(a[i] * 64) / 64); /* few bits: exact as denormals too */
    values_of(a, N, expected);
    for (size_t k = 0; k < sizeof EXPONENTS / sizeof *EXPONENTS; k++) {
        for (size_t i = 0; i < N * N; i++) scaled[i] = ldexp(a[i], EXPONENTS[k]);
        values_of(scaled, N, s);
        for (size_t i = 0; i < N; i++) {
            const double back = ldexp(s[i], -EXPONENTS[k]);
            assert_true(isfinite(back) &&
                        fabs(back - expected[i]) <= 1e-14 * expected[0] + ldexp(1, -1074 - EXPONENTS[k]));
        }
    }
    free(a);
    free(scaled);
}

/* --- LAPACK --- */

static void thousands_of_matrices_equal_lapack(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 1);
    for (size_t n = 1; n <= 70; n++)
        for (int kind = 0; kind < KINDS; kind++)
            compare_with_lapack((enum kind)kind, &random, n, 1 + (n + (size_t)kind) % 8, SPT_DQDS_PATIENCE);
}

/* Up to 128 in four lanes, beyond one by one. */
static void large_matrices_equal_lapack(void **state) {
    (void)state;
    static const size_t ORDERS[] = {88, 100, 128, 129, 150, 200};
    struct spt_random random;
    spt_random_seed(&random, 2);
    for (size_t k = 0; k < sizeof ORDERS / sizeof *ORDERS; k++)
        for (int kind = 0; kind < KINDS; kind++)
            compare_with_lapack((enum kind)kind, &random, ORDERS[k], 2, SPT_DQDS_PATIENCE);
}

static void lanes_that_are_given_up_go_to_lapack(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 3);
    for (size_t n = 1; n <= 46; n += 5) compare_with_lapack(SOFT_CAUSAL, &random, n, 7, 0);
}

/* --- the iteration alone --- */

/* Bidiagonal matrices that fall apart, hold zeros, are clustered or stand on their head: every lane converges, to
 * LAPACK's values. */
static void bidiagonal_matrices_of_all_sorts_converge(void **state) {
    (void)state;
    enum { N = 60, SORTS = 8 };
    struct kernel_choice choices[KERNEL_CHOICES];
    const size_t kernels = kernel_choices(choices);
    struct spt_random random;
    spt_random_seed(&random, 4);
    double *dense = zeros(N), *scratch = spt_alloc(SPT_DQDS_SCRATCH(N) * SPT_LANES_MAX, sizeof(double));
    double *d = spt_alloc(N * 8, sizeof *d), *e = spt_alloc(N * 8, sizeof *e), *s = spt_alloc(N * 8, sizeof *s);
    for (size_t trial = 0; trial < 400; trial++) {
        const size_t n = 2 + spt_random_index(&random, N - 1);
        double diagonal[N], beside[N], expected[N], sorted[N];
        memset(dense, 0, n * n * sizeof *dense);
        for (size_t i = 0; i < n; i++) {
            diagonal[i] = fabs(draw_normal(&random));
            beside[i] = draw_normal(&random);
            switch (trial % SORTS) {
            case 0:
                beside[i] *= spt_random_index(&random, 3) ? 1 : 0;
                break; /* blocks */
            case 1:
                diagonal[i] *= spt_random_index(&random, 4) ? 1 : 0;
                break; /* singular */
            case 2:
                diagonal[i] = 1, beside[i] = 1e-9;
                break; /* clustered */
            case 3:
                diagonal[i] = pow(2, (double)i), beside[i] = diagonal[i];
                break; /* the small ones first */
            case 4:
                diagonal[i] = pow(2, -(double)i), beside[i] *= diagonal[i];
                break;
            case 5:
                beside[i] *= i % 10 == 9 ? 1e-15 : 1;
                break; /* glued */
            case 6:
                diagonal[i] = i % 2 ? 1e-8 : 1;
                break;
            default:
                diagonal[i] = pow(10, -20 * spt_random_uniform(&random)),
                beside[i] *= pow(10, -20 * spt_random_uniform(&random));
            }
            dense[i * n + i] = diagonal[i];
            if (i + 1 < n) dense[i * n + i + 1] = beside[i];
        }
        beside[n - 1] = 0;
        assert_int_equal(spt_spectrum_of_lapack(dense, n, expected, NULL), SPT_OK);
        for (size_t k = 0; k < kernels; k++) {
            const size_t lanes = choices[k].wide->lanes;
            for (size_t i = 0; i < n * lanes; i++) {
                d[i] = diagonal[i / lanes];
                e[i] = beside[i / lanes];
            }
            assert_int_equal(choices[k].wide->dqds(d, e, n, SPT_DQDS_PATIENCE, scratch, s), 0);
            for (size_t i = 0; i < n; i++) {
                size_t place = i;
                const double value = s[i * lanes + lanes - 1];
                for (; place > 0 && sorted[place - 1] < value; place--) sorted[place] = sorted[place - 1];
                sorted[place] = value;
            }
            assert_close(sorted, expected, n, "bidiagonal");
        }
    }
    free(dense);
    free(scratch);
    free(d);
    free(e);
    free(s);
}

/* --- lanes --- */

static bool same_bits(const double *a, const double *b, size_t n) {
    return memcmp(a, b, n * sizeof *a) == 0;
}

/* Each matrix alone, then in batches of every count and at every place, with other kinds and NANs beside it. */
static void bits_do_not_depend_on_the_batch(void **state) {
    (void)state;
    static const size_t ORDERS[] = {1, 2, 9, 33, 57, 70, 88, 150};
    struct kernel_choice choices[KERNEL_CHOICES];
    const size_t kernels = kernel_choices(choices);
    struct spt_random random;
    spt_random_seed(&random, 6);
    for (size_t o = 0; o < sizeof ORDERS / sizeof *ORDERS; o++) {
        const size_t n = ORDERS[o];
        double *a[KINDS + 1], *alone[KINDS + 1], *s[SPT_SPECTRUM_LANES];
        struct spt_spectrum *w = workspace_of(n);
        for (size_t m = 0; m <= KINDS; m++) {
            a[m] = matrix_of((enum kind)(m % KINDS), &random, n);
            alone[m] = zeros(n);
        }
        a[KINDS][n * n - 1] = NAN;
        for (size_t m = 0; m < SPT_SPECTRUM_LANES; m++) s[m] = zeros(n);
        for (size_t k = 0; k < kernels; k++) {
            spt_spectrum_use(w, choices[k].wide, choices[k].narrow, SPT_DQDS_PATIENCE);
            for (size_t m = 0; m <= KINDS; m++)
                assert_int_equal(spt_spectrum_of(w, (const double *const *)&a[m], 1, n, &alone[m], NULL), SPT_OK);
            for (size_t trial = 0; trial < 24; trial++) {
                const double *batch[SPT_SPECTRUM_LANES];
                size_t which[SPT_SPECTRUM_LANES];
                const size_t count = 1 + trial % SPT_SPECTRUM_LANES;
                for (size_t m = 0; m < count; m++) batch[m] = a[which[m] = spt_random_index(&random, KINDS + 1)];
                assert_int_equal(spt_spectrum_of(w, batch, count, n, s, NULL), SPT_OK);
                for (size_t m = 0; m < count; m++) assert_true(same_bits(s[m], alone[which[m]], n));
            }
        }
        spt_spectrum_free(w);
        for (size_t m = 0; m <= KINDS; m++) {
            free(a[m]);
            free(alone[m]);
        }
        for (size_t m = 0; m < SPT_SPECTRUM_LANES; m++) free(s[m]);
    }
}

static void a_matrix_that_is_not_finite_has_nan_throughout(void **state) {
    (void)state;
    static const double BAD[] = {NAN, INFINITY, -INFINITY};
    static const size_t ORDERS[] = {1, 5, 46, 150};
    for (size_t o = 0; o < sizeof ORDERS / sizeof *ORDERS; o++)
        for (size_t k = 0; k < 3; k++) {
            const size_t n = ORDERS[o];
            double *a = zeros(n), *s = zeros(n);
            a[0] = 1;
            a[n * n / 2] = BAD[k];
            values_of(a, n, s);
            for (size_t i = 0; i < n; i++) assert_true(isnan(s[i]));
            free(a);
            free(s);
        }
}

static void a_workspace_serves_smaller_orders(void **state) {
    (void)state;
    struct spt_random random;
    spt_random_seed(&random, 7);
    struct spt_spectrum *w = workspace_of(160);
    for (size_t n = 1; n <= 160; n += 13) {
        double *a = matrix_of(SOFT_CAUSAL, &random, n), *s = zeros(n), *own = zeros(n);
        assert_int_equal(spt_spectrum_of(w, (const double *const *)&a, 1, n, &s, NULL), SPT_OK);
        values_of(a, n, own);
        assert_true(same_bits(s, own, n));
        free(a);
        free(s);
        free(own);
    }
    spt_spectrum_free(w);
    spt_spectrum_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_has_ones),
        cmocka_unit_test(a_zero_matrix_has_zeros),
        cmocka_unit_test(a_diagonal_has_its_sizes_in_order),
        cmocka_unit_test(a_product_of_vectors_has_one_value),
        cmocka_unit_test(a_reflection_has_ones),
        cmocka_unit_test(uniform_attention_over_all_has_one_value),
        cmocka_unit_test(uniform_causal_attention_has_the_sums_of_its_inverse),
        cmocka_unit_test(jordan_blocks_have_cosines),
        cmocka_unit_test(hilbert_matrix_has_its_ends),
        cmocka_unit_test(graded_entries_down_to_nothing_keep_the_large_ones),
        cmocka_unit_test(scale_of_a_power_of_two_scales_the_values),
        cmocka_unit_test(thousands_of_matrices_equal_lapack),
        cmocka_unit_test(large_matrices_equal_lapack),
        cmocka_unit_test(lanes_that_are_given_up_go_to_lapack),
        cmocka_unit_test(bidiagonal_matrices_of_all_sorts_converge),
        cmocka_unit_test(bits_do_not_depend_on_the_batch),
        cmocka_unit_test(a_matrix_that_is_not_finite_has_nan_throughout),
        cmocka_unit_test(a_workspace_serves_smaller_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
