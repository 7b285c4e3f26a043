/* Attention whose figures are known without computing them: uniform, a full sink, random. Every mask. */
#include "analysis/analyze.h"
#include "analysis/nulls.h"
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

struct found {
    double mean[64], sd[64];
    const char *name[64];
    size_t count;
};

static enum spt_status keep(void *context, const struct spt_null *null, struct spt_error *error) {
    struct found *found = context;
    (void)error;
    assert_true(found->count < 64);
    found->mean[found->count] = null->mean;
    found->sd[found->count] = null->sd;
    found->name[found->count++] = null->metric->name;
    return SPT_OK;
}

static void measure_nulls(const struct matrices *m, uint64_t seed, size_t threads, struct found *found) {
    struct spt_plan plan = m->plan;
    struct spt_nulls nulls;
    struct spt_error error;
    const struct spt_emit emit = {.context = found, .null = keep};
    const struct spt_team team = {.threads = threads};
    found->count = 0;
    plan.null_seed = seed;
    assert_int_equal(spt_nulls_measure(&nulls, &plan, &m->masks, m->laws, &m->probe, m->heads, &team, &emit, &error),
                     SPT_OK);
    assert_int_equal(spt_nulls_emit(&nulls, SPT_WHOLE_MODEL, &emit, &error), SPT_OK);
    spt_nulls_release(&nulls);
}

enum { MANY = 40 };

static void open_many(struct matrices *m, enum spt_mask_kind kind) {
    size_t lengths[MANY];
    for (size_t i = 0; i < MANY; i++) lengths[i] = 16 + i;
    matrices_open(m, kind, WINDOW, lengths, MANY, 1);
}

/* The mean of 32 draws lies within 3 sd of a draw of another seed's mean: 3 sqrt(1 + 1/32) with room for a sd that is
 * itself estimated. */
static void random_attention_lies_within_the_null_of_another_seed(void **state) {
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct matrices m;
        struct found found;
        open_many(&m, KINDS[k]);
        measure_nulls(&m, 7, 2, &found);
        assert_true(found.count >= 28);
        matrices_measure(&m, fill_random, NULL);
        for (size_t i = 0; i < found.count; i++) {
            const size_t row = spt_metric_find(found.name[i]);
            double value = 0;
            if (SPT_METRICS[row].level == SPT_LEVEL_POOLED) continue;
            if (SPT_METRICS[row].level == SPT_LEVEL_PAIRS) {
                value = matrices_pairs(&m, found.name[i], 0, 1);
                if (isnan(value)) continue; /* no graph of this draw is connected */
            }
            for (size_t s = 0; s < MANY && SPT_METRICS[row].level == SPT_LEVEL_HEAD; s++)
                value += matrices_value(&m, found.name[i], 0, s) / MANY;
            const double distance = fabs(value - found.mean[i]);
            if (isnan(value) ? !isnan(found.mean[i]) : distance > 3 * found.sd[i] + 1e-12)
                fail_msg("mask %zu: %s is %g, null %g +- %g", k, found.name[i], value, found.mean[i], found.sd[i]);
        }
        matrices_close(&m);
    }
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

static void nulls_do_not_depend_on_the_number_of_threads(void **state) {
    (void)state;
    struct matrices m;
    struct found one, three;
    open_many(&m, SPT_MASK_CAUSAL);
    measure_nulls(&m, 2, 1, &one);
    measure_nulls(&m, 2, 3, &three);
    assert_int_equal(one.count, three.count);
    for (size_t i = 0; i < one.count; i++) {
        assert_memory_equal(&one.mean[i], &three.mean[i], sizeof(double));
        assert_memory_equal(&one.sd[i], &three.sd[i], sizeof(double));
    }
    matrices_close(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_attention_has_no_sink_under_any_mask),
        cmocka_unit_test(a_full_sink_is_one_direction_and_one_tree),
        cmocka_unit_test(a_window_forgets_the_first_token),
        cmocka_unit_test(random_attention_lies_within_the_null_of_another_seed),
        cmocka_unit_test(random_attention_follows_its_law),
        cmocka_unit_test(nulls_do_not_depend_on_the_number_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
