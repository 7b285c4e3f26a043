/* What random attention gives, against closed forms of its distribution and against matrices of another seed. */
#include "analysis/nulls.h"
#include "analysis/pool.h"
#include "analysis/random.h"
#include "analysis/ratio.h"
#include "analysis/rmt/residual.h"
#include "tests/analysis/matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 40, HEADS = 3, WINDOW = 4, NULLS_MAX = 128 };
static const enum spt_mask_kind KINDS[] = {SPT_MASK_CAUSAL, SPT_MASK_FULL, SPT_MASK_WINDOW};

static void open_many(struct matrices *m, enum spt_mask_kind kind, size_t heads) {
    size_t lengths[MANY];
    for (size_t i = 0; i < MANY; i++) lengths[i] = 16 + i;
    matrices_open(m, kind, WINDOW, lengths, MANY, heads);
}

static void fill_random(void *context, size_t sample, size_t head, const struct spt_mask *mask, double *a) {
    struct spt_random random;
    (void)context;
    spt_random_seed(&random, 1000003 * (sample + 1) + head);
    spt_random_attention(&random, mask, a);
}

struct found {
    double mean[NULLS_MAX], sd[NULLS_MAX];
    const char *name[NULLS_MAX];
    size_t count;
};

static enum spt_status keep(void *context, const struct spt_null *null, struct spt_error *error) {
    struct found *found = context;
    (void)error;
    assert_true(found->count < NULLS_MAX);
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

static size_t index_of(const struct found *found, const char *metric) {
    size_t i = 0;
    while (i < found->count && strcmp(found->name[i], metric) != 0) i++;
    if (i == found->count) fail_msg("%s has no null", metric);
    return i;
}

/* --- against matrices of another seed --- */

static double mean_of_heads(const struct matrices *m, const char *metric, size_t heads) {
    double sum = 0;
    for (size_t h = 0; h < heads; h++)
        for (size_t s = 0; s < MANY; s++) sum += matrices_value(m, metric, h, s) / (double)(MANY * heads);
    return sum;
}

static double mean_of_layer(const struct matrices *m, const char *metric) {
    double sum = 0;
    for (size_t s = 0; s < MANY; s++) sum += matrices_layer_value(m, metric, s) / MANY;
    return sum;
}

static double pooled_heads(const struct matrices *m, const struct spt_metric *metric) {
    double value = 0;
    for (size_t h = 0; h < HEADS; h++) {
        const struct spt_pool pool = spt_pool_of(&m->context, h, NULL);
        value += metric->pooled(&pool);
    }
    return metric->level == SPT_LEVEL_COUNT ? value : value / HEADS;
}

/* The same figure of the measured layer: of its first head, or of all where a draw is a layer; NAN where there is none
 * to compare with. A pooled figure uses up its head's points: each has a head of its own. */
static double value_of(const struct matrices *m, const struct spt_metric *metric) {
    const bool layer = metric->needs & SPT_NEEDS_REFERENCES;
    if (metric->level == SPT_LEVEL_POOLED)
        return matrices_pooled(m, metric->name, metric->needs & SPT_NEED_LAW_POOL ? 0 : 1);
    if (metric->level == SPT_LEVEL_HEAD) return mean_of_heads(m, metric->name, layer ? HEADS : 1);
    if (metric->level == SPT_LEVEL_LAYER) return mean_of_layer(m, metric->name);
    if (metric->level == SPT_LEVEL_COUNT || metric->level == SPT_LEVEL_SHARE) return pooled_heads(m, metric);
    if (metric->level == SPT_LEVEL_PAIRS) return matrices_pairs(m, metric->name, 0, 1);
    if (metric->level != SPT_LEVEL_RATIO) return NAN;
    const struct spt_ratio sums = spt_ratio_sum(&m->values, 0);
    return spt_ratio_value(metric, &sums);
}

/* The mean of 32 draws lies within 3 sd of a draw of another seed's mean: 3 sqrt(1 + 1/32) with room for a sd that is
 * itself estimated. Of reference tokens there are so few that their counts are far from normal: 5 sd there. */
static void random_attention_lies_within_the_null_of_another_seed(void **state) {
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct matrices m;
        struct found found;
        size_t compared = 0, pooled = 0;
        open_many(&m, KINDS[k], HEADS);
        measure_nulls(&m, 7, 2, &found);
        matrices_measure(&m, fill_random, NULL);
        for (size_t i = 0; i < found.count; i++) {
            const struct spt_metric *metric = &SPT_METRICS[spt_metric_find(found.name[i])];
            const double value = value_of(&m, metric), distance = fabs(value - found.mean[i]);
            if (isnan(value)) continue;
            if (!(distance <= (metric->needs & SPT_NEEDS_REFERENCES ? 5 : 3) * found.sd[i] + 1e-12))
                fail_msg("mask %zu: %s is %g, null %g +- %g", k, found.name[i], value, found.mean[i], found.sd[i]);
            compared++;
            pooled += metric->level == SPT_LEVEL_POOLED;
        }
        assert_true(compared >= 50);
        assert_int_equal(pooled, KINDS[k] == SPT_MASK_WINDOW ? 1 : 2); /* a window has no law */
        matrices_close(&m);
    }
}

static void nulls_do_not_depend_on_the_number_of_threads(void **state) {
    (void)state;
    struct matrices m;
    struct found one, three;
    open_many(&m, SPT_MASK_CAUSAL, HEADS);
    measure_nulls(&m, 2, 1, &one);
    measure_nulls(&m, 2, 3, &three);
    assert_int_equal(one.count, three.count);
    for (size_t i = 0; i < one.count; i++) {
        assert_memory_equal(&one.mean[i], &three.mean[i], sizeof(double));
        assert_memory_equal(&one.sd[i], &three.sd[i], sizeof(double));
    }
    matrices_close(&m);
}

/* --- against closed forms --- */

/* A row of v exponentials, normalised, is a flat Dirichlet: every weight has the mean 1/v, the sum of squares
 * 2/(v + 1), the entropy H_v - 1 (harmonic number). */
static double expected(const struct matrices *m, double (*of_row)(size_t sees), size_t from) {
    double sum = 0;
    for (size_t s = 0; s < MANY; s++) {
        const struct spt_mask *mask = spt_mask_set_of(&m->masks, m->offset[s + 1] - m->offset[s]);
        double rows = 0, total = 0;
        for (size_t i = from; i < mask->n; i++) {
            if (mask->sees[i] < 2) continue;
            total += of_row(mask->sees[i]);
            rows++;
        }
        sum += total / rows / MANY;
    }
    return sum;
}

static double weight(size_t v) {
    return 1 / (double)v;
}

static double fisher(size_t v) {
    return 1 - 2 / ((double)v + 1);
}

static double entropy(size_t v) {
    double harmonic = 0;
    for (size_t k = 1; k <= v; k++) harmonic += 1 / (double)k;
    return harmonic - 1;
}

static double relative_entropy(size_t v) {
    return entropy(v) / log((double)v);
}

static double divergence(size_t v) {
    return log((double)v) - entropy(v);
}

/* The mean of 32 draws is known to sd / sqrt(32). */
static void nulls_have_the_means_of_flat_dirichlet_rows(void **state) {
    (void)state;
    static const struct {
        const char *metric;
        double (*of_row)(size_t sees);
    } CASES[] = {
        {"pattern.self", weight},
        {"sink.entropy", relative_entropy},
        {"information.fisher", fisher},
        {"information.kl_uniform", divergence},
    };
    for (size_t k = 0; k < 3; k++) {
        struct matrices m;
        struct found found;
        open_many(&m, KINDS[k], HEADS);
        measure_nulls(&m, 2, 2, &found);
        for (size_t c = 0; c < sizeof CASES / sizeof *CASES; c++) {
            const size_t i = index_of(&found, CASES[c].metric);
            const double mean = expected(&m, CASES[c].of_row, 0);
            if (!(fabs(found.mean[i] - mean) <= 4 * found.sd[i] / sqrt(32)))
                fail_msg("mask %zu: %s %g +- %g, expected %g", k, CASES[c].metric, found.mean[i], found.sd[i], mean);
        }
        const size_t excess = index_of(&found, "sink.first_excess");
        assert_true(fabs(found.mean[excess]) <= 4 * found.sd[excess] / sqrt(32));
        assert_true(found.mean[index_of(&found, "sink.full_heads")] == 0);
        /* In a window of 4 keys one may well get twice its share. */
        if (KINDS[k] != SPT_MASK_WINDOW) assert_true(found.mean[index_of(&found, "frame.none")] == 1);
        matrices_close(&m);
    }
}

/* By the paper's rule a layer of one head has as many reference tokens as lie above the 90th percentile, whatever its
 * attention is. */
static void a_layer_of_one_head_has_a_tenth_of_its_tokens_for_references(void **state) {
    (void)state;
    struct matrices m;
    struct found found;
    double tokens = 0;
    open_many(&m, SPT_MASK_FULL, 1);
    m.plan.references = SPT_REFERENCES_PAPER;
    measure_nulls(&m, 2, 2, &found);
    for (size_t n = 16; n < 16 + MANY; n++) tokens += (double)(n - 1 - 9 * (n - 1) / 10) / MANY;
    const size_t i = index_of(&found, "sink.reference_count");
    assert_true(fabs(found.mean[i] - tokens) < 1e-12 && found.sd[i] < 1e-12);
    assert_true(found.mean[index_of(&found, "information.fisher_sink")] > 0.05);
    matrices_close(&m);
}

/* A layer's draw is wider the fewer heads it has, and a head's does not know their number. */
static void draws_of_layers_have_the_models_heads_and_draws_of_heads_do_not(void **state) {
    (void)state;
    struct matrices one, nine;
    struct found of_one, of_nine;
    open_many(&one, SPT_MASK_CAUSAL, 1);
    open_many(&nine, SPT_MASK_CAUSAL, 9);
    measure_nulls(&one, 2, 2, &of_one);
    measure_nulls(&nine, 2, 2, &of_nine);
    const size_t kl = index_of(&of_one, "information.kl_no_sink"), first = index_of(&of_one, "sink.first");
    assert_true(of_one.sd[kl] > 1.5 * of_nine.sd[index_of(&of_nine, "information.kl_no_sink")]);
    assert_true(of_one.mean[first] == of_nine.mean[first] && of_one.sd[first] == of_nine.sd[first]);
    matrices_close(&one);
    matrices_close(&nine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_attention_lies_within_the_null_of_another_seed),
        cmocka_unit_test(nulls_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(nulls_have_the_means_of_flat_dirichlet_rows),
        cmocka_unit_test(a_layer_of_one_head_has_a_tenth_of_its_tokens_for_references),
        cmocka_unit_test(draws_of_layers_have_the_models_heads_and_draws_of_heads_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
