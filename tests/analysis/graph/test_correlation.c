/* Correlations over (head, sample) and their intervals: NumPy's of the same pairs and the same draws, each draw computed
 * anew from its pairs (tests/data/correlation.json, made by tests/peer/make_correlation_fixture.py), and what holds
 * whatever the pairs are. */
#include "analysis/graph/correlation.h"
#include "analysis/random.h"
#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRAWS 1000

struct layer {
    size_t *offset;
    double *x, *y;
    struct spt_pairs pairs;
    struct spt_bootstrap bootstrap;
    double draws[DRAWS];
};

static void layer_open(struct layer *l, size_t heads, size_t samples) {
    *l = (struct layer){
        .offset = spt_alloc_zeroed(samples + 1, sizeof(size_t)),
        .x = spt_alloc_zeroed(heads * samples, sizeof(double)),
        .y = spt_alloc_zeroed(heads * samples, sizeof(double)),
    };
    assert_true(l->offset && l->x && l->y);
    l->pairs = (struct spt_pairs){heads, samples, l->offset, l->x, l->y};
    assert_int_equal(spt_bootstrap_init(&l->bootstrap, DRAWS, samples, 1, NULL), SPT_OK);
}

static void layer_close(struct layer *l) {
    spt_bootstrap_release(&l->bootstrap);
    free(l->offset);
    free(l->x);
    free(l->y);
}

static double pool(struct layer *l, const struct spt_pooling *pooling) {
    double value;
    assert_int_equal(pooling->pool(&l->pairs, &l->bootstrap, &value, l->draws, NULL), SPT_OK);
    return value;
}

/* The q-th percentile of the draws that are defined. */
static double percentile(const struct layer *l, double q) {
    double kept[DRAWS];
    size_t count = 0;
    for (size_t i = 0; i < DRAWS; i++)
        if (!isnan(l->draws[i])) kept[count++] = l->draws[i];
    return spt_percentile(kept, count, q);
}

/* --- NumPy --- */

static void assert_near(const char *name, const char *what, double ours, const struct spt_json *expected) {
    const double theirs = spt_json_number(expected, NAN);
    if (isnan(theirs) ? isnan(ours) : fabs(ours - theirs) <= 1e-9) return;
    fail_msg("%s: %s is %.17g, NumPy says %.17g", name, what, ours, theirs);
}

static void check_case(const struct spt_json *expected) {
    const char *name = spt_json_string(spt_json_get(expected, "name"), NULL);
    const struct spt_json *lengths = spt_json_get(expected, "lengths"), *x = spt_json_get(expected, "x");
    const size_t heads = spt_json_count(x), samples = spt_json_count(lengths);
    struct layer l;
    layer_open(&l, heads, samples);
    for (size_t i = 0; i < samples; i++)
        l.offset[i + 1] = l.offset[i] + (size_t)spt_json_integer(spt_json_at(lengths, i), 0);
    for (size_t i = 0; i < heads * samples; i++) {
        l.x[i] = spt_json_number(spt_json_at(spt_json_at(x, i / samples), i % samples), NAN);
        l.y[i] = spt_json_number(spt_json_at(spt_json_at(spt_json_get(expected, "y"), i / samples), i % samples), NAN);
    }
    for (size_t k = 0; k < 2; k++) {
        const struct spt_json *figures = spt_json_get(expected, k ? "adjusted" : "plain");
        assert_int_equal(spt_json_count(figures), 3);
        assert_near(name, "the value", pool(&l, k ? &SPT_CORRELATION_ADJUSTED : &SPT_CORRELATION),
                    spt_json_at(figures, 0));
        assert_near(name, "the lower end", percentile(&l, 0.025), spt_json_at(figures, 1));
        assert_near(name, "the upper end", percentile(&l, 0.975), spt_json_at(figures, 2));
    }
    layer_close(&l);
}

static void values_and_intervals_equal_numpy(void **state) {
    (void)state;
    struct spt_json_document *document;
    assert_int_equal(spt_json_read_file(SPT_TEST_DATA "/correlation.json", 1 << 20, false, &document, NULL), SPT_OK);
    const struct spt_json *cases = spt_json_get(spt_json_root(document), "cases");
    assert_int_equal(spt_json_integer(spt_json_get(spt_json_root(document), "draws"), 0), DRAWS);
    assert_int_equal(spt_json_count(cases), 14);
    for (size_t i = 0; i < spt_json_count(cases); i++) check_case(spt_json_at(cases, i));
    spt_json_free(document);
}

/* --- what holds of all pairs --- */

static void fill(struct layer *l, uint64_t seed) {
    struct spt_random random;
    spt_random_seed(&random, seed);
    for (size_t i = 0; i < l->pairs.samples; i++) l->offset[i + 1] = l->offset[i] + 4 + spt_random_index(&random, 60);
    for (size_t i = 0; i < l->pairs.heads * l->pairs.samples; i++) {
        l->x[i] = spt_random_uniform(&random);
        l->y[i] = l->x[i] + spt_random_uniform(&random);
    }
}

/* A draw that holds every sample once is the layer itself. */
static void a_draw_of_each_sample_once_is_the_value(void **state) {
    (void)state;
    struct layer l;
    layer_open(&l, 4, 30);
    fill(&l, 3);
    for (size_t i = 0; i < 30; i++) l.bootstrap.counts[i] = 1;
    for (size_t k = 0; k < 2; k++) {
        const double value = pool(&l, k ? &SPT_CORRELATION_ADJUSTED : &SPT_CORRELATION);
        assert_true(value > 0.3 && value < 1);
        assert_true(fabs(l.draws[0] - value) < 1e-13);
        assert_true(fabs(l.draws[1] - value) > 1e-6);
    }
    layer_close(&l);
}

/* Other units change nothing; the adjusted one does not see what the lengths explain. */
static void linear_change_keeps_the_value(void **state) {
    (void)state;
    struct layer l, changed;
    layer_open(&l, 3, 20);
    layer_open(&changed, 3, 20);
    fill(&l, 4);
    fill(&changed, 4);
    for (size_t i = 0; i < 60; i++) {
        changed.x[i] = 5 - 3 * l.x[i];
        changed.y[i] = 7 * l.y[i] + 2;
    }
    for (size_t k = 0; k < 2; k++) {
        const struct spt_pooling *pooling = k ? &SPT_CORRELATION_ADJUSTED : &SPT_CORRELATION;
        assert_true(fabs(pool(&l, pooling) + pool(&changed, pooling)) < 1e-12);
        for (size_t i = 0; i < DRAWS; i++) assert_true(fabs(l.draws[i] + changed.draws[i]) < 1e-10);
    }
    const double before = pool(&l, &SPT_CORRELATION_ADJUSTED);
    for (size_t i = 0; i < 60; i++) {
        const double n = (double)(l.offset[i % 20 + 1] - l.offset[i % 20]);
        l.x[i] += 3 + 20 / n - 0.5 * log(n);
        l.y[i] += 1 - 40 / n + 2 * log(n);
    }
    assert_true(fabs(pool(&l, &SPT_CORRELATION_ADJUSTED) - before) < 1e-12);
    assert_true(fabs(pool(&l, &SPT_CORRELATION) - before) > 1e-2);
    layer_close(&l);
    layer_close(&changed);
}

/* Three pairs that are defined, of one sample: draws without it have none. */
static void draws_without_pairs_are_left_out(void **state) {
    (void)state;
    struct layer l;
    layer_open(&l, 3, 12);
    fill(&l, 5);
    for (size_t i = 0; i < 36; i++)
        if (i % 12 != 7) l.x[i] = NAN;
    const double value = pool(&l, &SPT_CORRELATION);
    assert_true(value == value);
    for (size_t i = 0; i < DRAWS; i++) {
        const bool left_out = isnan(l.draws[i]), absent = l.bootstrap.counts[i * 12 + 7] == 0;
        assert_true(left_out == absent);
    }
    layer_close(&l);
}

static void draws_are_not_needed(void **state) {
    (void)state;
    struct layer l;
    double value;
    layer_open(&l, 2, 9);
    fill(&l, 6);
    assert_int_equal(SPT_CORRELATION.pool(&l.pairs, NULL, &value, NULL, NULL), SPT_OK);
    assert_true(value == pool(&l, &SPT_CORRELATION));
    layer_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_intervals_equal_numpy),
        cmocka_unit_test(a_draw_of_each_sample_once_is_the_value),
        cmocka_unit_test(linear_change_keeps_the_value),
        cmocka_unit_test(draws_without_pairs_are_left_out),
        cmocka_unit_test(draws_are_not_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
