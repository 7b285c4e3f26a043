/* Attention whose figures are known without computing them: uniform, a full sink, random. Every mask. */
#include "analysis/analyze.h"
#include "analysis/random.h"
#include "analysis/rmt/residual.h"
#include "tests/analysis/matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const size_t LENGTHS[] = {1, 2, 5, 9, 16, 33, 50};
enum { SAMPLES = sizeof LENGTHS / sizeof *LENGTHS, HEADS = 3, WINDOW = 4 };
static const enum spt_mask_kind KINDS[] = {SPT_MASK_CAUSAL, SPT_MASK_FULL, SPT_MASK_WINDOW};

static void uniform_attention_has_no_sink_under_any_mask(void **state) {
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct matrices m;
        matrices_open(&m, KINDS[k], WINDOW, LENGTHS, SAMPLES, HEADS);
        matrices_measure(&m, fill_uniform, NULL);
        for (size_t i = 1; i < SAMPLES; i++) {
            assert_true(fabs(matrices_value(&m, "sink.first_excess", 0, i)) < 1e-12);
            assert_true(fabs(matrices_value(&m, "sink.max", 0, i)) < 1e-12);
            assert_true(fabs(matrices_value(&m, "sink.entropy", 0, i) - 1) < 1e-12);
            assert_true(matrices_layer_value(&m, "sink.reference_count", i) == 0);
            assert_true(isnan(matrices_value(&m, "rmt.law_ks", 0, i)));
        }
        assert_true(isnan(matrices_value(&m, "sink.first_excess", 0, 0)));
        matrices_close(&m);
    }
}

/* Of n = 50 queries all look at the first key they see: one singular value, sqrt(n); one tree; everything on one token.
 */
static void a_full_sink_is_one_direction_and_one_tree(void **state) {
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct matrices m;
        matrices_open(&m, KINDS[k], 0, LENGTHS, SAMPLES, HEADS);
        matrices_measure(&m, fill_first, NULL);
        for (size_t i = 1; i < SAMPLES; i++) {
            const double n = (double)LENGTHS[i];
            assert_true(fabs(matrices_value(&m, "sink.first", 1, i) - 1) < 1e-12);
            assert_true(fabs(matrices_value(&m, "sink.first_excess", 1, i) - 1) < 1e-12);
            assert_true(fabs(matrices_value(&m, "sink.entropy", 1, i)) < 1e-12);
            assert_true(fabs(matrices_value(&m, "sink.effective", 1, i) - 1) < 1e-12);
            assert_true(fabs(matrices_value(&m, "rmt.gap", 1, i) - sqrt(n)) < 1e-12 * n);
            assert_true(fabs(matrices_value(&m, "rmt.participation", 1, i) - 1) < 1e-12);
            assert_true(isnan(matrices_value(&m, "rmt.mp_kl", 1, i)));
            assert_true(fabs(matrices_value(&m, "topology.b0@0.75", 1, i) - 1 / n) < 1e-15);
            assert_true(matrices_value(&m, "topology.b1@0.75", 1, i) == 0);
            assert_true(matrices_value(&m, "topology.h1_persistence", 1, i) == 0);
            /* Of two tokens under a causal mask 1 - u_0 is less than 1/n: none can be a reference. */
            assert_true(matrices_layer_value(&m, "sink.reference_count", i) ==
                        (LENGTHS[i] > 2 || KINDS[k] == SPT_MASK_FULL));
        }
        matrices_close(&m);
    }
}

static void a_window_forgets_the_first_token(void **state) {
    (void)state;
    struct matrices m;
    matrices_open(&m, SPT_MASK_WINDOW, WINDOW, LENGTHS, SAMPLES, HEADS);
    matrices_measure(&m, fill_first, NULL);
    /* Of 50 queries four see key 0, and give it all. */
    assert_true(fabs(matrices_value(&m, "sink.first", 0, 6) - 1) < 1e-12);
    assert_true(matrices_value(&m, "sink.max", 0, 6) < 0.1);
    matrices_close(&m);
}

static void fill_random(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    struct spt_random random;
    (void)context;
    spt_random_seed(&random, 1000003 * (sample + 1) + head);
    spt_random_attention(&random, mask, a);
}

enum { MANY = 40 };

static void open_many(struct matrices *m, enum spt_mask_kind kind) {
    size_t lengths[MANY];
    for (size_t i = 0; i < MANY; i++) lengths[i] = 16 + i;
    matrices_open(m, kind, WINDOW, lengths, MANY, 1);
}

static void random_attention_follows_its_law(void **state) {
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct matrices m;
        open_many(&m, KINDS[k]);
        matrices_measure(&m, fill_random, NULL);
        /* metrics.md: 0.004 pooled over 12 matrices of 50 tokens; shorter ones are further from the limit. */
        assert_true(matrices_pooled(&m, "rmt.law_kl", 0) < 0.02);
        matrices_close(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_attention_has_no_sink_under_any_mask),
        cmocka_unit_test(a_full_sink_is_one_direction_and_one_tree),
        cmocka_unit_test(a_window_forgets_the_first_token),
        cmocka_unit_test(random_attention_follows_its_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
