/* Information, values, keys and hidden states where they are known without computing them, or undefined. */
#include "tests/analysis/matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const size_t LENGTHS[] = {1, 2, 12, 30};
#define SAMPLES (sizeof LENGTHS / sizeof *LENGTHS)
#define HEADS   ((size_t)3)
#define D       ((size_t)3)
#define LONGEST ((size_t)30)

/* Queries, keys and values that are the same for all heads: [n, D] each. */
static struct vectors {
    float query[LONGEST * D], key[LONGEST * D], value[LONGEST * D];
    struct spt_vectors head[HEADS];
} vectors;

static void fill_vectors(float value) {
    for (size_t i = 0; i < LONGEST * D; i++) {
        vectors.query[i] = vectors.key[i] = (float)(i % 7) - 2.5F;
        vectors.value[i] = value;
    }
    for (size_t h = 0; h < HEADS; h++)
        vectors.head[h] = (struct spt_vectors){.query = vectors.query,
                                               .key = vectors.key,
                                               .value = vectors.value,
                                               .dimension = D,
                                               .query_stride = D,
                                               .kv_stride = D};
}

static const struct spt_vectors *give_vectors(void *context, size_t sample, size_t first_head) {
    (void)context, (void)sample;
    return vectors.head + first_head;
}

static void open_and_measure(struct matrices *m, matrices_fill *fill) {
    matrices_open(m, SPT_MASK_CAUSAL, 0, LENGTHS, SAMPLES, HEADS);
    m->vectors = give_vectors;
    matrices_measure(m, fill, NULL);
}

static void assert_near(double value, double wanted) {
    if (!(fabs(value - wanted) < 1e-12)) fail_msg("%.17g, not %.17g", value, wanted);
}

#define ASSERT_UNDEFINED(m, name, sample) assert_true(isnan(matrices_value(m, name, 1, sample)))

static void one_token_says_nothing_but_of_its_key(void **state) {
    struct matrices m;
    (void)state;
    fill_vectors(1);
    open_and_measure(&m, fill_uniform);
    static const char *const NAMES[] = {
        "information.kl_uniform",  "information.kl_no_sink", "information.kl_drop", "information.fisher",
        "information.fisher_sink", "value.direction",        "value.share",         "value.norm_ratio",
        "value.output_ratio"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) ASSERT_UNDEFINED(&m, NAMES[i], 0);
    assert_near(matrices_value(&m, "key.norm_first", 0, 0), 1);
    assert_near(matrices_value(&m, "key.cos_first", 0, 0), 1);
    matrices_close(&m);
}

static void uniform_attention_has_nothing_to_lose(void **state) {
    struct matrices m;
    (void)state;
    fill_vectors(1);
    open_and_measure(&m, fill_uniform);
    for (size_t i = 1; i < SAMPLES; i++) {
        assert_near(matrices_value(&m, "information.kl_uniform", 0, i), 0);
        assert_near(matrices_value(&m, "information.kl_no_sink", 0, i), 0);
        assert_near(matrices_value(&m, "information.kl_drop", 0, i), 0);
        assert_near(matrices_value(&m, "information.fisher_sink", 0, i), 0);
        ASSERT_UNDEFINED(&m, "value.direction", i);
        ASSERT_UNDEFINED(&m, "value.norm_ratio", i);
    }
    matrices_close(&m);
}

/* A row of v keys that is 1 on one of them: KL ln v. What is left of it has no mass; its Fisher information is 0. */
static void a_full_sink_leaves_nothing_and_is_all_of_the_output(void **state) {
    struct matrices m;
    (void)state;
    fill_vectors(2);
    open_and_measure(&m, fill_first);
    for (size_t i = 2; i < SAMPLES; i++) {
        double kl = 0;
        for (size_t v = 2; v <= LENGTHS[i]; v++) kl += log((double)v) / (double)(LENGTHS[i] - 1);
        assert_near(matrices_value(&m, "information.kl_uniform", 0, i), kl);
        assert_near(matrices_value(&m, "information.fisher", 0, i), 0);
        ASSERT_UNDEFINED(&m, "information.kl_no_sink", i);
        ASSERT_UNDEFINED(&m, "information.kl_drop", i);
        ASSERT_UNDEFINED(&m, "information.fisher_sink", i);
        assert_near(matrices_value(&m, "value.direction", 0, i), 1);
        assert_near(matrices_value(&m, "value.share", 0, i), 1);
        assert_near(matrices_value(&m, "value.norm_ratio", 0, i), 1);
        ASSERT_UNDEFINED(&m, "value.output_ratio", i); /* no projection was given */
    }
    matrices_close(&m);
}

/* Half on the first key, the rest spread evenly over what is seen. */
static void fill_half(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    fill_uniform(context, sample, head, mask, a);
    for (size_t i = 0; i < mask->n; i++) {
        for (size_t k = 0; k <= i; k++) a[i * mask->n + k] /= 2;
        a[i * mask->n] += 0.5;
    }
}

/* Without the first key a row is uniform: KL 0, so the drop is all of it. With s the mass on the first of v keys, the
 * others (1 - s) / (v - 1) each. */
static void what_a_sink_takes_is_told_from_what_is_left(void **state) {
    struct matrices m;
    (void)state;
    fill_vectors(1);
    open_and_measure(&m, fill_half);
    for (size_t i = 2; i < SAMPLES; i++) {
        double between = 0, trace = 0, kl = 0;
        for (size_t v = 2; v <= LENGTHS[i]; v++) {
            const double others = (double)v - 1, s = 0.5 + 0.5 / (double)v, rest = (1 - s) / others;
            between += 2 * s * (1 - s);
            trace += 1 - s * s - others * rest * rest;
            if (v > 2) kl += log((double)v) + s * log(s) + (1 - s) * log(rest);
        }
        assert_near(matrices_value(&m, "information.kl_no_sink", 0, i), 0);
        assert_near(matrices_value(&m, "information.kl_drop", 0, i), kl / (double)(LENGTHS[i] - 2));
        assert_near(matrices_value(&m, "information.fisher_sink", 0, i), between / trace);
    }
    matrices_close(&m);
}

static void a_zero_vector_is_left_out_and_nothing_else_is_undefined(void **state) {
    struct matrices m;
    (void)state;
    fill_vectors(1);
    for (size_t j = 0; j < D; j++) vectors.value[j] = vectors.key[j] = 0;
    open_and_measure(&m, fill_half);
    ASSERT_UNDEFINED(&m, "value.direction", 2);
    ASSERT_UNDEFINED(&m, "value.share", 2);
    ASSERT_UNDEFINED(&m, "key.cos_first", 2);
    assert_near(matrices_value(&m, "value.norm_ratio", 0, 2), 0);
    assert_near(matrices_value(&m, "key.norm_first", 0, 2), 0);
    ASSERT_UNDEFINED(&m, "key.norm_first", 0);
    matrices_close(&m);
    fill_vectors(0);
    open_and_measure(&m, fill_half);
    ASSERT_UNDEFINED(&m, "value.norm_ratio", 2);
    matrices_close(&m);
}

static void fill_with_a_nan(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    fill_half(context, sample, head, mask, a);
    if (sample == 2 && head == 2) a[mask->n] = NAN;
}

static void a_head_that_is_not_finite_leaves_its_sample_without_references(void **state) {
    static const char *const NAMES[] = {"information.kl_no_sink", "information.fisher_sink", "value.direction",
                                        "value.norm_ratio"};
    struct matrices m;
    (void)state;
    fill_vectors(1);
    open_and_measure(&m, fill_with_a_nan);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        ASSERT_UNDEFINED(&m, NAMES[i], 2);
        assert_true(!isnan(matrices_value(&m, NAMES[i], 1, 3)));
    }
    assert_true(!isnan(matrices_value(&m, "information.kl_uniform", 1, 2)));
    assert_true(m.references.known[3] && !m.references.known[2]);
    matrices_close(&m);
}

/* Norms 5 and 13, entries 3 4 5 12. */
static void medians_of_an_even_number_lie_in_the_middle(void **state) {
    static const float X[] = {-3, 4, 5, -12}, SAME[] = {1, -1, 1, 2, -1, 1, 1, -1, -2};
    double norms[9];
    (void)state;
    struct spt_hidden hidden = spt_hidden_of(X, 2, 2, norms);
    assert_near(hidden.norm_first, 5 / 9.0);
    assert_near(hidden.max_ratio, 12 / 4.5);
    hidden = spt_hidden_of(X, 1, 3, norms);
    assert_near(hidden.norm_first, 1);
    assert_near(hidden.max_ratio, 5 / 4.0);
    hidden = spt_hidden_of(SAME, 9, 1, norms);
    assert_near(hidden.max_ratio, 2);
    assert_near(hidden.norm_first, 1);
}

/* The median by counting digits is that of the sorted numbers, over many orders of magnitude. */
static void the_median_is_that_of_the_sorted_entries(void **state) {
    enum { MOST = 257 };
    float x[MOST], sorted[MOST];
    double norms[MOST];
    uint32_t seed = 1;
    (void)state;
    for (size_t count = 1; count <= MOST; count++) {
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525U + 1013904223U;
            x[i] = sorted[i] = ldexpf(1 + (float)(seed >> 9) / 8388608.0F, (int)(seed % 60) - 30);
            if (seed & 64) x[i] = -x[i];
        }
        for (size_t i = 1; i < count; i++)
            for (size_t k = i; k > 0 && sorted[k] < sorted[k - 1]; k--) {
                const float larger = sorted[k - 1];
                sorted[k - 1] = sorted[k];
                sorted[k] = larger;
            }
        const double median = ((double)sorted[(count - 1) / 2] + (double)sorted[count / 2]) / 2;
        const struct spt_hidden hidden = spt_hidden_of(x, count, 1, norms);
        assert_true(hidden.max_ratio == (double)sorted[count - 1] / median);
    }
}

static void a_stream_of_zeros_or_with_a_nan_has_no_ratio(void **state) {
    static const float ZEROS[4] = {0}, INFINITE[] = {1, 2, 3, INFINITY}, NOT[] = {1, NAN, 3, 4};
    const float *const all[] = {ZEROS, INFINITE, NOT};
    double norms[4];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct spt_hidden hidden = spt_hidden_of(all[i], 2, 2, norms);
        assert_true(isnan(hidden.norm_first) && isnan(hidden.max_ratio));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token_says_nothing_but_of_its_key),
        cmocka_unit_test(uniform_attention_has_nothing_to_lose),
        cmocka_unit_test(a_full_sink_leaves_nothing_and_is_all_of_the_output),
        cmocka_unit_test(what_a_sink_takes_is_told_from_what_is_left),
        cmocka_unit_test(a_zero_vector_is_left_out_and_nothing_else_is_undefined),
        cmocka_unit_test(a_head_that_is_not_finite_leaves_its_sample_without_references),
        cmocka_unit_test(medians_of_an_even_number_lie_in_the_middle),
        cmocka_unit_test(the_median_is_that_of_the_sorted_entries),
        cmocka_unit_test(a_stream_of_zeros_or_with_a_nan_has_no_ratio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
