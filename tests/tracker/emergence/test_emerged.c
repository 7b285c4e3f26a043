/* From a store to midpoints and their order: which checkpoints count, and what several runs say together. */
#include "../../analysis/emergence/made_series.h"
#include "../store/store_fixture.h"
#include "tracker/emergence/emergence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "emerge.db"

enum { COUNT = 12 };
static const int64_t STEPS[COUNT] = {0, 1, 4, 16, 64, 256, 512, 1000, 2000, 4000, 8000, 16000};

/* A metric of the whole model: where it turns, and from what to what. */
struct made_metric {
    const char *name;
    int layer, head;
    double t0, k, a, b;
    bool pooled;
};

static const struct made_metric LOSS = {"loss", -1, -1, 6, 1, 7, -3, false},
                                SINK = {"sink.first", -1, -1, 10, 1.5, 0.1, 0.4, false};

static int64_t add_run(struct spt_store *store, const char *name, uint64_t model) {
    struct spt_store_run run = {
        .name = (char *)name,
        .source = (char *)"/runs",
        .model = {model, 2},
        .probe = {3, 4},
        .plan = {5, 6},
        .layers = 2,
        .heads = 2,
        .samples = MADE_SAMPLES,
        .mask = (char *)"causal",
        .model_text = (char *)"model_type: gpt_neox\nhidden_size: 64\n",
        .plan_text = (char *)"samples: 100\nbootstrap: 200\nbootstrap seed: 1\n",
    };
    struct spt_error error = {0};
    if (spt_store_find_or_add_run(store, &run, &error) != SPT_OK) fail_msg("%s", error.message);
    return run.id;
}

/* The value of a metric at a step; its samples are deviations that stay the same over the checkpoints, and some that do
 * not. */
static double value_at(const struct made_metric *metric, int64_t step, float *values) {
    const double t = log2(1 + (double)step), p = 1 / (1 + exp(-metric->k * (t - metric->t0)));
    uint64_t own = 7, now = 1000 + (uint64_t)step;
    double mean = 0;
    for (size_t i = 0; i < MADE_SAMPLES; i++) {
        const double noise = 0.1 * made_normal(&own) + 0.05 * made_normal(&now);
        values[i] = (float)(metric->a + metric->b * p + fabs(metric->b) * noise);
        mean += (double)values[i] / MADE_SAMPLES;
    }
    return mean;
}

struct put {
    const char *branch, *label;
    int64_t step, tokens;
    uint64_t digest;
    bool undefined; /* every figure is NULL */
};

static void put_checkpoint(struct spt_store *store, int64_t run, const struct put *put,
                           const struct made_metric *metrics, size_t count) {
    struct spt_store_checkpoint row = fixture_row(put->label, put->step, 1);
    struct spt_error error = {0};
    row.branch = (char *)put->branch;
    row.tokens = put->tokens;
    row.digest = (struct spt_hash){.low = put->digest, .high = put->digest ? 1 : 0};
    enum spt_status status = spt_store_begin(store, run, &row, false, &error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        const struct made_metric *m = &metrics[i];
        float values[MADE_SAMPLES];
        const double mean = value_at(m, put->step, values);
        const struct spt_measure measure = {
            fixture_metric(m->name), m->layer, m->head, put->undefined ? NAN : mean, NAN, NAN, NAN, 100, 0};
        const struct spt_vector vector = {fixture_metric(m->name), m->layer, m->head, values, MADE_SAMPLES};
        status = spt_store_put_measure(store, &measure, &error);
        if (status == SPT_OK && !m->pooled && !put->undefined) status = spt_store_put_samples(store, &vector, &error);
    }
    if (status == SPT_OK) status = spt_store_commit(store, &error);
    if (status != SPT_OK) fail_msg("%s", error.message);
}

/* Every step with these metrics, each with weights of its own. */
static int64_t put_run(struct spt_store *store, const char *name, uint64_t model, const struct made_metric *metrics,
                       size_t count) {
    const int64_t run = add_run(store, name, model);
    for (size_t i = 0; i < COUNT; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "step%lld", (long long)STEPS[i]);
        const struct put put = {"", label, STEPS[i], STEPS[i] * 2048, 100 * (uint64_t)name[0] + i, false};
        put_checkpoint(store, run, &put, metrics, count);
    }
    return run;
}

static struct spt_store_run *runs;
static size_t run_count;

static struct spt_emerged emerged_of(struct spt_store *store, int64_t id, const char *branch, bool heads) {
    const struct spt_emerged_options options = {.heads = heads, .against = "loss", .threads = 2};
    struct spt_emerged emerged;
    struct spt_error error = {0};
    size_t i = 0;
    spt_store_free_runs(runs, run_count);
    assert_int_equal(spt_store_runs(store, &runs, &run_count, &error), SPT_OK);
    while (runs[i].id != id) assert_true(++i < run_count);
    if (spt_emerged_read(store, &runs[i], runs[i].name, branch, &options, &emerged, &error) != SPT_OK)
        fail_msg("%s", error.message);
    return emerged;
}

static struct spt_emerged paired_of(struct spt_store *store, int64_t id, int layer) {
    const struct spt_emerged_options options = {.pairs = true, .pairs_layer = layer, .threads = 2};
    struct spt_emerged emerged;
    struct spt_error error = {0};
    spt_store_free_runs(runs, run_count);
    assert_int_equal(spt_store_runs(store, &runs, &run_count, &error), SPT_OK);
    assert_int_equal(runs[0].id, id);
    if (spt_emerged_read(store, &runs[0], runs[0].name, "", &options, &emerged, &error) != SPT_OK)
        fail_msg("%s", error.message);
    return emerged;
}

static int begin(void **state) {
    (void)state;
    (void)unlink(PATH);
    return 0;
}

static int end(void **state) {
    (void)state;
    spt_store_free_runs(runs, run_count);
    runs = NULL;
    run_count = 0;
    return 0;
}

static const struct spt_emerged_row *find(const struct spt_emerged *e, const char *metric, int layer, int head) {
    const struct spt_emerged_row *row = spt_emerged_find(e, metric, layer, head);
    assert_non_null(row);
    return row;
}

static void a_metric_that_turns_later_comes_after_the_loss(void **state) {
    (void)state;
    const struct made_metric metrics[] = {SINK, LOSS};
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, metrics, 2);
    struct spt_emerged e = emerged_of(store, run, "", false);
    assert_int_equal(e.checkpoints, COUNT);
    assert_int_equal(e.left_out, 0);
    assert_int_equal(e.draws, 200);
    assert_int_equal(e.hidden, 64);
    assert_true(spt_store_run_parameters(e.run) == 12.0 * 2 * 64 * 64);
    assert_int_equal(e.count, 2);
    assert_string_equal(e.rows[0].metric, "loss"); /* by midpoint */
    const struct spt_emerged_row *loss = &e.rows[0], *sink = &e.rows[1];
    assert_true(loss->emergence.t0_lo < 6 && 6 < loss->emergence.t0_hi);
    assert_true(sink->emergence.t0_lo < 10 && 10 < sink->emergence.t0_hi);
    assert_int_equal(sink->order.before, 0);
    assert_int_equal(sink->order.after, 200);
    assert_true(fabs(sink->q - 2.0 / 201) < 1e-12 && isnan(loss->q) && isnan(loss->order.share));
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void layers_and_heads_are_rows_of_their_own(void **state) {
    (void)state;
    struct made_metric metrics[] = {LOSS, SINK, SINK, SINK, SINK};
    for (int i = 2; i < 5; i++) metrics[i].layer = i == 2 ? 0 : 1;
    metrics[4].head = 1;
    metrics[4].pooled = true;
    metrics[2].t0 = 3;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, metrics, 5);
    struct spt_emerged e = emerged_of(store, run, "", false);
    assert_int_equal(e.count, 4);
    assert_true(find(&e, "sink.first", 0, -1)->order.share == 1);
    spt_emerged_release(&e);
    e = emerged_of(store, run, "", true);
    assert_int_equal(e.count, 5);
    const struct spt_emerged_row *head = find(&e, "sink.first", 1, 1);
    assert_true(!head->resampled && isnan(head->emergence.t0_lo) && isnan(head->q));
    assert_int_equal(head->emergence.reason, SPT_EMERGENCE_FOUND);
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void of_the_same_weights_the_largest_step_counts(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, &LOSS, 1);
    const struct put main = {"", "main", SPT_NO_STEP, SPT_NO_TOKENS, 100 * (uint64_t)'a' + COUNT - 1, false},
                     again = {"",   "step500", 500, SPT_NO_TOKENS, 100 * (uint64_t)'a' + 7,
                              false}, /* weights of step 1000 */
        other_label = {"", "checkpoint-256", 256, SPT_NO_TOKENS, 999, false},
                     unknown = {"", "step300", 300, SPT_NO_TOKENS, 0, false}; /* no digest: of its own */
    put_checkpoint(store, run, &main, &LOSS, 1);
    put_checkpoint(store, run, &again, &LOSS, 1);
    put_checkpoint(store, run, &other_label, &LOSS, 1);
    put_checkpoint(store, run, &unknown, &LOSS, 1);
    struct spt_emerged e = emerged_of(store, run, "", false);
    assert_int_equal(e.checkpoints, COUNT + 1);
    assert_int_equal(e.left_out, 2);
    for (size_t i = 0; i < e.checkpoints; i++) assert_true(e.step[i] != 500 && (i == 0 || e.step[i] > e.step[i - 1]));
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void superseded_checkpoints_do_not_count(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, &LOSS, 1);
    struct spt_emerged before = emerged_of(store, run, "", false);
    struct made_metric other = LOSS;
    other.a = 1000;
    struct spt_store_checkpoint row = fixture_row("step64", 64, 2); /* rewritten files */
    float values[MADE_SAMPLES];
    const double mean = value_at(&other, 64, values);
    const struct spt_measure measure = {fixture_metric("loss"), -1, -1, mean, NAN, NAN, NAN, 100, 0};
    const struct spt_vector vector = {fixture_metric("loss"), -1, -1, values, MADE_SAMPLES};
    struct spt_error error = {0};
    assert_int_equal(spt_store_begin(store, run, &row, false, &error), SPT_OK);
    assert_int_equal(spt_store_put_measure(store, &measure, &error), SPT_OK);
    assert_int_equal(spt_store_put_samples(store, &vector, &error), SPT_OK);
    assert_int_equal(spt_store_commit(store, &error), SPT_OK);
    struct spt_emerged after = emerged_of(store, run, "", false);
    assert_int_equal(after.checkpoints, before.checkpoints);
    assert_int_equal(after.left_out, 0);
    assert_true(after.rows[0].emergence.fit.rss >
                1e4 * before.rows[0].emergence.fit.rss); /* the new row is what is read */
    spt_emerged_release(&before);
    spt_emerged_release(&after);
    spt_store_close(store);
}

static void branches_are_series_of_their_own(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, &LOSS, 1);
    const struct put there = {"stage2", "stage2-step5", 5, SPT_NO_TOKENS, 100 * (uint64_t)'a', false},
                     nowhere = {"final", "final-main", SPT_NO_STEP, SPT_NO_TOKENS, 7, false};
    put_checkpoint(store, run, &there, &LOSS, 1); /* weights of the other branch's step 0 */
    put_checkpoint(store, run, &nowhere, &LOSS, 1);
    char **branches;
    size_t count;
    struct spt_error error = {0};
    assert_int_equal(spt_emerged_branches(store, run, &branches, &count, &error), SPT_OK);
    assert_int_equal(count, 2); /* one without steps is no series */
    assert_string_equal(branches[0], "");
    assert_string_equal(branches[1], "stage2");
    for (size_t i = 0; i < count; i++) free(branches[i]);
    free(branches);
    struct spt_emerged e = emerged_of(store, run, "", false), other = emerged_of(store, run, "stage2", false);
    assert_int_equal(e.checkpoints, COUNT);
    assert_int_equal(other.checkpoints, 1);
    assert_int_equal(other.rows[0].emergence.reason, SPT_EMERGENCE_FEW);
    spt_emerged_release(&e);
    spt_emerged_release(&other);
    const struct spt_emerged_options options = {.against = "loss", .threads = 1};
    assert_int_equal(spt_emerged_read(store, &runs[0], "a", "final", &options, &e, &error), SPT_END);
    spt_store_close(store);
}

static void undefined_figures_are_gaps(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, &LOSS, 1);
    const struct put gap = {"", "step32", 32, SPT_NO_TOKENS, 7, true};
    put_checkpoint(store, run, &gap, &LOSS, 1);
    struct spt_emerged e = emerged_of(store, run, "", false);
    assert_int_equal(e.checkpoints, COUNT + 1);
    assert_int_equal(e.rows[0].emergence.count, COUNT);
    assert_int_equal(e.rows[0].emergence.reason, SPT_EMERGENCE_FOUND);
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void tokens_are_between_those_of_the_checkpoints(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, &LOSS, 1);
    struct spt_emerged e = emerged_of(store, run, "", false);
    assert_true(fabs(spt_emerged_tokens(&e, log2(1 + 300.0)) - 300 * 2048) < 1e-6);
    assert_true(isnan(spt_emerged_tokens(&e, 20)));
    e.tokens[0] = SPT_NO_TOKENS; /* as of a step 0 that nobody named by its tokens */
    assert_true(isnan(spt_emerged_tokens(&e, log2(1.5))));
    spt_emerged_release(&e);
    spt_store_close(store);
}

/* Three metrics, two of which turn together: the pairs by hand. */
static void every_two_metrics_have_an_order(void **state) {
    (void)state;
    const struct made_metric metrics[] = {LOSS,
                                          SINK,
                                          {"sink.entropy", -1, -1, 6, 1, 1, -0.5, false},
                                          {"sink.max", 0, -1, 3, 1, 0, 1, false},
                                          {"sink.share", 0, -1, 12, 1, 0, 1, false}};
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, metrics, 5);
    struct spt_emerged e = paired_of(store, run, SPT_WHOLE_MODEL);
    assert_int_equal(e.pair_count, 3);
    size_t certain = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct spt_emerged_pair *pair = &e.pairs[i];
        assert_true(pair->a->emergence.fit.t0 <= pair->b->emergence.fit.t0);
        const bool sink = strcmp(pair->b->metric, "sink.first") == 0;
        assert_int_equal(pair->order.before == 200, sink);
        if (sink) assert_true(fabs(pair->q - 1.5 * 2 / 201) < 1e-12); /* the two least of three p */
        certain += pair->q < 0.05;
    }
    assert_int_equal(certain, 2);
    assert_null(e.rows[0].t0); /* what pairs are made of is not kept */
    spt_emerged_release(&e);
    e = paired_of(store, run, SPT_EVERY_LAYER);
    assert_int_equal(e.pair_count, 4); /* metrics of a layer with those of that layer */
    assert_int_equal(e.pairs[3].a->layer, 0);
    assert_string_equal(e.pairs[3].a->metric, "sink.max");
    assert_string_equal(e.pairs[3].b->metric, "sink.share");
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void a_midpoint_of_too_few_draws_says_why_it_has_no_interval(void **state) {
    (void)state;
    struct spt_emerged_row row = {.metric = "sink.first", .layer = -1, .head = -1, .resampled = true};
    row.emergence.reason = SPT_EMERGENCE_FOUND;
    row.emergence.t0_lo = NAN;
    assert_string_equal(spt_emerged_no_interval(&row), "fewer than 20 draws have a value at every checkpoint");
    row.emergence.t0_lo = 3;
    assert_null(spt_emerged_no_interval(&row));
    row.emergence = (struct spt_emergence){.reason = SPT_EMERGENCE_NO_CHANGE, .t0_lo = NAN};
    assert_null(spt_emerged_no_interval(&row));
}

static void pairs_of_too_many_metrics_are_refused(void **state) {
    (void)state;
    struct made_metric metrics[SPT_EMERGED_PAIRED_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < SPT_METRIC_COUNT && count <= SPT_EMERGED_PAIRED_MAX; i++) {
        metrics[count] = SINK;
        metrics[count++].name = SPT_METRICS[i].name;
    }
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = add_run(store, "a", 1);
    const struct put put = {"", "step1", 1, SPT_NO_TOKENS, 1, false};
    put_checkpoint(store, run, &put, metrics, count);
    const struct spt_emerged_options options = {.pairs = true, .pairs_layer = SPT_WHOLE_MODEL, .threads = 1};
    struct spt_emerged e;
    struct spt_error error = {0};
    spt_store_free_runs(runs, run_count);
    assert_int_equal(spt_store_runs(store, &runs, &run_count, &error), SPT_OK);
    assert_int_equal(spt_emerged_read(store, &runs[0], "a", "", &options, &e, &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "found 65, expected at most 64"));
    spt_store_close(store);
}

static void by_default_the_order_is_against_what_there_is(void **state) {
    (void)state;
    const struct made_metric metrics[] = {SINK, {"sink.entropy", -1, -1, 6, 1, 1, -0.5, false}};
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, metrics, 2);
    struct spt_emerged e = paired_of(store, run, SPT_WHOLE_MODEL);
    assert_string_equal(e.against, "sink.entropy");
    assert_true(e.by_default && e.measured);
    assert_int_equal(find(&e, "sink.first", -1, -1)->order.after, 200);
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void without_a_loss_there_is_no_order(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, &SINK, 1);
    struct spt_emerged e = emerged_of(store, run, "", false);
    assert_false(e.measured);
    assert_int_equal(e.rows[0].emergence.reason, SPT_EMERGENCE_FOUND);
    assert_true(isnan(e.rows[0].order.share) && isnan(e.rows[0].q));
    spt_emerged_release(&e);
    spt_store_close(store);
}

static void seeds_have_a_mean_and_an_order(void **state) {
    (void)state;
    static const double T0[] = {9.5, 10, 10.9};
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_emerged emerged[3];
    int64_t id[3];
    for (int i = 0; i < 3; i++) {
        struct made_metric metrics[] = {LOSS, SINK};
        metrics[1].t0 = T0[i];
        id[i] = put_run(store, (const char *[]){"a", "b", "c"}[i], 1, metrics, 2);
    }
    struct spt_store_run *kept[3];
    for (int i = 0; i < 3; i++) {
        emerged[i] = emerged_of(store, id[i], "", false);
        kept[i] = runs; /* each list lives as long as what borrows from it */
        runs = NULL;
    }
    struct spt_compared *groups;
    size_t count;
    struct spt_error error = {0};
    assert_int_equal(spt_emerged_compare(emerged, 3, &groups, &count, &error), SPT_OK);
    assert_int_equal(count, 1);
    assert_true(groups[0].seeds && groups[0].left_out == 0);
    assert_string_equal(groups[0].name, "a + b + c");
    const struct spt_compared_row *row = &groups[0].rows[1];
    assert_string_equal(row->metric, "sink.first");
    assert_int_equal(row->runs, 3);
    double t0[3], mean = 0, squares = 0;
    for (int i = 0; i < 3; i++) mean += (t0[i] = find(&emerged[i], "sink.first", -1, -1)->emergence.fit.t0) / 3;
    for (int i = 0; i < 3; i++) squares += (t0[i] - mean) * (t0[i] - mean);
    const double sd = sqrt(squares / 2), half = 4.302652729911275 * sd / sqrt(3); /* scipy.stats.t.ppf(0.975, 2) */
    assert_true(fabs(row->t0 - mean) < 1e-12 && fabs(row->sd - sd) < 1e-12);
    assert_true(fabs(row->t0_lo - (mean - half)) < 1e-6 && fabs(row->t0_hi - (mean + half)) < 1e-6);
    assert_int_equal(row->order.after, 3);
    assert_true(fabs(row->order.p - 0.25) < 1e-12 && fabs(row->q - 0.25) < 1e-12);
    assert_true(isnan(groups[0].rows[0].q)); /* the loss itself */
    spt_compared_free(groups, count);
    emerged[2].weights[5] = emerged[0].weights[5]; /* one training under two names is one observation */
    assert_int_equal(spt_emerged_compare(emerged, 3, &groups, &count, &error), SPT_OK);
    assert_true(count == 1 && groups[0].member_count == 2 && groups[0].left_out == 1);
    assert_true(fabs(groups[0].rows[1].order.p - 0.5) < 1e-12);
    spt_compared_free(groups, count);
    emerged[1].weights[3] = emerged[0].weights[3];
    assert_int_equal(spt_emerged_compare(emerged, 3, &groups, &count, &error), SPT_OK);
    assert_int_equal(count, 0);
    spt_compared_free(groups, count);
    for (int i = 0; i < 3; i++) {
        spt_emerged_release(&emerged[i]);
        spt_store_free_runs(kept[i], 3);
    }
    spt_store_close(store);
    run_count = 0;
}

static void sizes_are_compared_in_their_order_only(void **state) {
    (void)state;
    const struct made_metric metrics[] = {LOSS, SINK};
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t small = put_run(store, "small", 1, metrics, 2), large = put_run(store, "large", 2, metrics, 2);
    struct spt_emerged emerged[2] = {emerged_of(store, small, "", false)};
    struct spt_store_run *kept = runs;
    runs = NULL;
    emerged[1] = emerged_of(store, large, "", false);
    struct spt_compared *groups;
    size_t count;
    struct spt_error error = {0};
    assert_int_equal(spt_emerged_compare(emerged, 2, &groups, &count, &error), SPT_OK);
    assert_int_equal(count, 1);
    assert_false(groups[0].seeds);
    for (size_t i = 0; i < groups[0].count; i++) assert_true(isnan(groups[0].rows[i].t0));
    spt_compared_free(groups, count);
    assert_int_equal(spt_emerged_compare(emerged, 1, &groups, &count, &error), SPT_OK);
    assert_int_equal(count, 0);
    spt_compared_free(groups, count);
    spt_emerged_release(&emerged[0]);
    spt_emerged_release(&emerged[1]);
    spt_store_free_runs(kept, 2);
    spt_store_close(store);
}

/* Draws of sample means, stored as such: the same interval and order as from the samples themselves. */
static void figures_of_draws_have_an_interval_and_an_order(void **state) {
    (void)state;
    enum { DRAWS = 200 };
    struct spt_bootstrap bootstrap;
    struct spt_error error = {0};
    assert_int_equal(spt_bootstrap_init(&bootstrap, DRAWS, MADE_SAMPLES, 1, &error), SPT_OK);
    const struct made_metric pooled[] = {LOSS,
                                         SINK,
                                         {"rmt.law_kl", -1, -1, 10, 1.5, 0.1, 0.4, true},
                                         {"rmt.mp_kl_pooled", -1, -1, 10, 1.5, 0.1, 0.4, true}};
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = put_run(store, "a", 1, pooled, 4);
    for (size_t c = 0; c < COUNT; c++) {
        char label[32];
        (void)snprintf(label, sizeof label, "step%lld", (long long)STEPS[c]);
        struct spt_store_checkpoint row = fixture_row(label, STEPS[c], 1);
        row.digest = (struct spt_hash){.low = 100 * (uint64_t)'a' + c, .high = 1};
        float values[MADE_SAMPLES], draws[DRAWS];
        value_at(&SINK, STEPS[c], values);
        for (size_t d = 0; d < DRAWS; d++) {
            double sum = 0;
            for (size_t i = 0; i < MADE_SAMPLES; i++) sum += bootstrap.counts[d * MADE_SAMPLES + i] * (double)values[i];
            draws[d] = (float)(sum / MADE_SAMPLES);
        }
        const struct spt_vector vector = {fixture_metric("rmt.law_kl"), -1, -1, draws, DRAWS};
        assert_int_equal(spt_store_begin(store, run, &row, false, &error), SPT_OK);
        assert_int_equal(spt_store_put_draws(store, &vector, &error), SPT_OK);
        assert_int_equal(spt_store_commit(store, &error), SPT_OK);
    }
    struct spt_emerged e = emerged_of(store, run, "", false);
    const struct spt_emerged_row *sampled = find(&e, "sink.first", -1, -1), *drawn = find(&e, "rmt.law_kl", -1, -1),
                                 *bare = find(&e, "rmt.mp_kl_pooled", -1, -1);
    assert_true(sampled->resampled && drawn->resampled && !bare->resampled);
    assert_true(fabs(drawn->emergence.t0_lo - sampled->emergence.t0_lo) < 1e-4 &&
                fabs(drawn->emergence.t0_hi - sampled->emergence.t0_hi) < 1e-4);
    assert_true(fabs(drawn->emergence.k_lo - sampled->emergence.k_lo) < 1e-4);
    assert_int_equal(drawn->order.after, 200);
    assert_true(isnan(bare->emergence.t0_lo) && isnan(bare->q));
    assert_null(spt_emerged_no_interval(drawn));
    assert_non_null(strstr(spt_emerged_no_interval(bare), "no draws are stored"));
    spt_emerged_release(&e);
    spt_store_close(store);
    spt_bootstrap_release(&bootstrap);
}

struct lent {
    char text[256];
};

static enum spt_status note(void *context, const struct spt_store_samples *samples, struct spt_error *error) {
    (void)error;
    struct lent *lent = context;
    const size_t length = strlen(lent->text);
    (void)snprintf(lent->text + length, sizeof lent->text - length, "%s %d %d %zu;", samples->metric, samples->layer,
                   samples->head, samples->count);
    return samples->layer == 1 && samples->head == 0 ? SPT_END : SPT_OK;
}

static void values_of_samples_come_by_layer_and_head(void **state) {
    (void)state;
    struct made_metric metrics[] = {LOSS, SINK, SINK, SINK, SINK};
    metrics[2].layer = metrics[3].layer = metrics[4].layer = 1;
    metrics[2].head = 1;
    metrics[3].head = 0;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = add_run(store, "a", 1);
    const struct put put = {"", "step1", 1, SPT_NO_TOKENS, 1, false};
    put_checkpoint(store, run, &put, metrics, 5);
    struct lent lent = {""};
    struct spt_error error = {0};
    assert_int_equal(spt_store_each_samples(store, 1, "sink.first", false, note, &lent, &error), SPT_OK);
    assert_string_equal(lent.text, "sink.first -1 -1 100;sink.first 1 -1 100;");
    lent.text[0] = '\0';
    assert_int_equal(spt_store_each_samples(store, 1, "sink.first", true, note, &lent, &error), SPT_END);
    assert_string_equal(lent.text, "sink.first -1 -1 100;sink.first 1 -1 100;sink.first 1 0 100;");
    assert_int_equal(spt_store_each_samples(store, 2, "sink.first", true, note, &lent, &error), SPT_OK);
    spt_store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_metric_that_turns_later_comes_after_the_loss, begin, end),
        cmocka_unit_test_setup_teardown(layers_and_heads_are_rows_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(of_the_same_weights_the_largest_step_counts, begin, end),
        cmocka_unit_test_setup_teardown(superseded_checkpoints_do_not_count, begin, end),
        cmocka_unit_test_setup_teardown(branches_are_series_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(undefined_figures_are_gaps, begin, end),
        cmocka_unit_test_setup_teardown(tokens_are_between_those_of_the_checkpoints, begin, end),
        cmocka_unit_test_setup_teardown(every_two_metrics_have_an_order, begin, end),
        cmocka_unit_test(a_midpoint_of_too_few_draws_says_why_it_has_no_interval),
        cmocka_unit_test_setup_teardown(pairs_of_too_many_metrics_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(by_default_the_order_is_against_what_there_is, begin, end),
        cmocka_unit_test_setup_teardown(without_a_loss_there_is_no_order, begin, end),
        cmocka_unit_test_setup_teardown(seeds_have_a_mean_and_an_order, begin, end),
        cmocka_unit_test_setup_teardown(sizes_are_compared_in_their_order_only, begin, end),
        cmocka_unit_test_setup_teardown(figures_of_draws_have_an_interval_and_an_order, begin, end),
        cmocka_unit_test_setup_teardown(values_of_samples_come_by_layer_and_head, begin, end),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
