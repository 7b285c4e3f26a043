/* What is put in comes out: runs, the ledger, figures, vectors, nulls, series. SQLite itself is asked what stands in
 * the file. */
#include "store_fixture.h"

#include "tracker/store/internal.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char PATH[] = "rows.db";

static int fresh_store(void **state) {
    (void)state;
    unlink(PATH);
    return 0;
}

static void assert_ok(enum spt_status status, const struct spt_error *error) {
    if (status != SPT_OK) fail_msg("%s: %s", error->path, error->message);
}

/* --- runs --- */
static void a_run_is_found_again_by_its_name_and_digests(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t id = fixture_run(store);
    assert_int_equal(fixture_run(store), id);
    struct spt_store_run other = {.name = (char[]){"demo"},
                                  .source = (char[]){"/runs/demo"},
                                  .model = {1, 2},
                                  .probe = {3, 4},
                                  .plan = {5, 0xfedcba9876543210},
                                  .mask = (char[]){"full"},
                                  .created = (char[]){"2124-01-02T03:04:05Z"}};
    struct spt_error error = {0};
    assert_ok(spt_store_find_or_add_run(store, &other, &error), &error);
    assert_int_not_equal(other.id, id);
    struct spt_store_run *runs = NULL;
    size_t count = 0;
    assert_ok(spt_store_runs(store, &runs, &count, &error), &error);
    assert_int_equal(count, 2);
    assert_int_equal(runs[0].id, id);
    assert_int_equal(runs[0].layers, 6);
    assert_int_equal(runs[0].heads, 4);
    assert_int_equal(runs[0].samples, 100);
    assert_string_equal(runs[0].mask, "causal");
    assert_int_equal(strlen(runs[0].created), strlen("2024-01-02T03:04:05Z"));
    assert_true(spt_hash_equal(runs[1].plan, other.plan));
    assert_true(spt_hash_equal(runs[1].model, other.model));
    assert_string_equal(runs[1].created, "2124-01-02T03:04:05Z");
    spt_store_free_runs(runs, count);
    spt_store_close(store);
    assert_query(PATH, "SELECT plan_digest, spectail_version FROM run WHERE mask = 'full'",
                 "fedcba98765432100000000000000005|" SPT_VERSION);
}

static void a_run_that_moved_keeps_its_rows_and_its_old_place_as_an_event(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t id = fixture_run(store);
    struct spt_store_run moved = {.name = (char[]){"demo"},
                                  .source = (char[]){"/elsewhere"},
                                  .model = {1, 2},
                                  .probe = {3, 4},
                                  .plan = {5, 6},
                                  .mask = (char[]){"causal"}};
    assert_int_equal(spt_store_find_or_add_run(store, &moved, NULL), SPT_OK);
    assert_int_equal(moved.id, id);
    spt_store_close(store);
    assert_query(PATH, "SELECT source FROM run", "/elsewhere");
    assert_query(PATH, "SELECT kind, text FROM event", "moved|/runs/demo");
}

/* --- the ledger --- */
static void the_ledger_is_in_branch_and_step_order_with_stepless_rows_last(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    static const struct {
        const char *branch, *label;
        int64_t step;
    } in[] = {
        {"", "main", SPT_NO_STEP}, {"b", "step5", 5}, {"", "step1000", 1000}, {"", "step-1", -1}, {"", "step2", 2}};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct spt_store_checkpoint row = fixture_row(in[i].label, in[i].step, i);
        row.branch = (char *)in[i].branch;
        fixture_analyse(store, run, row, 1);
    }
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_checkpoints(store, run, &rows, &count, NULL), SPT_OK);
    static const char *const expected[] = {"step-1", "step2", "step1000", "main", "step5"};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) assert_string_equal(rows[i].label, expected[i]);
    assert_true(rows[3].step == SPT_NO_STEP);
    spt_store_free_checkpoints(rows, count);
    spt_store_close(store);
    assert_query(PATH, "SELECT label FROM checkpoint WHERE step IS NULL", "main");
}

static void every_state_comes_back_with_its_reason(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    for (int s = 0; s < SPT_STATE_COUNT; s++) {
        char uri[32];
        (void)snprintf(uri, sizeof uri, "step%d", s);
        struct spt_store_checkpoint row = fixture_row(uri, s, 1);
        row.state = (enum spt_checkpoint_state)s;
        row.reason = (char *)"header ends at byte 12; \"quoted\" and 'quoted'; DROP TABLE run";
        row.tokens = 2097152 * (int64_t)s;
        row.digest = (struct spt_hash){9, (uint64_t)s};
        row.bytes = 1ull << 40;
        row.finished = (char *)"2024-01-02T03:04:05Z";
        row.version = (char *)"9.9.9";
        assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
        assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    }
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_checkpoints(store, run, &rows, &count, NULL), SPT_OK);
    assert_int_equal(count, SPT_STATE_COUNT);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(rows[i].state, i);
        if (i == SPT_STATE_ANALYSED) {
            assert_null(rows[i].reason);
        } else {
            assert_string_equal(rows[i].reason, "header ends at byte 12; \"quoted\" and 'quoted'; DROP TABLE run");
        }
        assert_int_equal(rows[i].tokens, 2097152 * (int64_t)i);
        assert_true(rows[i].bytes == 1ull << 40);
        assert_true(spt_hash_equal(rows[i].digest, (struct spt_hash){9, i}));
        assert_int_equal(rows[i].tries, i != SPT_STATE_WAITING);
        assert_string_equal(rows[i].version, "9.9.9");
        assert_string_equal(rows[i].finished, "2024-01-02T03:04:05Z");
        assert_true(rows[i].seconds == 0.25);
    }
    spt_store_free_checkpoints(rows, count);
    spt_store_close(store);
    assert_query(PATH, "SELECT group_concat(state, ' ') FROM (SELECT state FROM checkpoint ORDER BY step)",
                 "waiting analysed incomplete invalid unsupported vanished unreadable");
}

static void put_state(struct spt_store *store, int64_t run, struct spt_store_checkpoint row,
                      enum spt_checkpoint_state state, bool replace) {
    row.state = state;
    row.reason = (char *)"a reason";
    assert_int_equal(spt_store_begin(store, run, &row, replace, NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
}

static void a_checkpoint_that_failed_is_tried_again_in_the_same_row(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    put_state(store, run, row, SPT_STATE_UNREADABLE, false);
    put_state(store, run, row, SPT_STATE_UNREADABLE, false);
    fixture_analyse(store, run, row, 1);
    spt_store_close(store);
    assert_query(PATH, "SELECT id, state, tries, reason FROM checkpoint", "1|analysed|3|NULL");
}

static void a_failed_second_pass_leaves_an_analysed_checkpoint_with_its_figures(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    fixture_analyse(store, run, row, 4);
    put_state(store, run, row, SPT_STATE_VANISHED, false);
    assert_query(PATH, "SELECT state, tries, reason, (SELECT count(*) FROM measure) FROM checkpoint",
                 "analysed|2|NULL|4");
    put_state(store, run, row, SPT_STATE_INVALID, true); /* --force means it */
    spt_store_close(store);
    assert_query(PATH, "SELECT state, tries, reason, (SELECT count(*) FROM measure) FROM checkpoint",
                 "invalid|3|a reason|0");
}

static void a_changed_checkpoint_supersedes_its_figures_only_once_it_is_analysed(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    fixture_analyse(store, run, fixture_row("step1", 1, 1), 1);
    fixture_analyse(store, run, fixture_row("step2", 2, 1), 1);
    const char *const all = "SELECT id, state, superseded FROM checkpoint ORDER BY id";
    put_state(store, run, fixture_row("step1", 1, 2), SPT_STATE_INCOMPLETE, false);
    assert_query(PATH, all, "1|analysed|NULL\n2|analysed|NULL\n3|incomplete|NULL");
    fixture_analyse(store, run, fixture_row("step1", 1, 3), 1);
    assert_query(PATH, all, "1|analysed|4\n2|analysed|NULL\n3|incomplete|4\n4|analysed|NULL");
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_checkpoints(store, run, &rows, &count, NULL), SPT_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, 4);
    assert_int_equal(rows[1].id, 2);
    spt_store_free_checkpoints(rows, count);
    fixture_analyse(store, run, fixture_row("step1", 1, 1), 1); /* the old files came back */
    spt_store_close(store);
    assert_query(PATH, all, "1|analysed|NULL\n2|analysed|NULL\n3|incomplete|4\n4|analysed|1");
}

static void another_runs_checkpoint_of_the_same_name_is_not_superseded(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_store_run other = {
        .name = (char[]){"other"}, .source = (char[]){"/runs/other"}, .mask = (char[]){"causal"}};
    assert_int_equal(spt_store_find_or_add_run(store, &other, NULL), SPT_OK);
    fixture_analyse(store, other.id, fixture_row("step1", 1, 1), 1);
    fixture_analyse(store, fixture_run(store), fixture_row("step1", 1, 2), 1);
    spt_store_close(store);
    assert_query(PATH, "SELECT count(*) FROM checkpoint WHERE superseded IS NULL", "2");
}

static void equal_digests_of_different_steps_are_marked_as_duplicates(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    static const struct {
        const char *uri;
        int64_t step;
        uint64_t digest;
    } in[] = {{"step1", 1, 11},          {"step2", 2, 12}, {"step3", 3, 12}, {"step4", 4, 13},
              {"main", SPT_NO_STEP, 13}, {"step5", 5, 0},  {"step6", 6, 0}};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct spt_store_checkpoint row = fixture_row(in[i].uri, in[i].step, 1);
        row.digest.low = in[i].digest;
        fixture_analyse(store, run, row, 1);
    }
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_checkpoints(store, run, &rows, &count, NULL), SPT_OK);
    assert_int_equal(count, 7);
    const int64_t expected[] = {SPT_NO_STEP, 3, 2, SPT_NO_STEP, SPT_NO_STEP, SPT_NO_STEP, SPT_NO_STEP};
    for (size_t i = 0; i < count; i++) assert_true(rows[i].duplicate_of == expected[i]);
    spt_store_free_checkpoints(rows, count);
    spt_store_close(store);
}

static void what_becomes_known_during_the_analysis_is_amended(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_store_checkpoint row = fixture_row("step1", SPT_NO_STEP, 1);
    assert_int_equal(spt_store_amend(store, &row, NULL), SPT_INVALID); /* nothing is open */
    assert_int_equal(spt_store_begin(store, fixture_run(store), &row, false, NULL), SPT_OK);
    row.step = 8000;
    row.seconds = 1.5;
    row.digest = (struct spt_hash){.low = 0xab};
    assert_int_equal(spt_store_amend(store, &row, NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    spt_store_close(store);
    assert_query(PATH, "SELECT step, seconds, digest, tries FROM checkpoint",
                 "8000|1.5|000000000000000000000000000000ab|1");
}

static void a_rolled_back_checkpoint_leaves_nothing_behind(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const struct spt_measure measure = {fixture_metric("loss"), -1, -1, 1, 2, 3, 4, 5, 6};
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_INVALID); /* one at a time */
    assert_int_equal(spt_store_put_measure(store, &measure, NULL), SPT_OK);
    spt_store_rollback(store);
    spt_store_rollback(store); /* harmless */
    struct spt_error error = {0};
    assert_int_equal(spt_store_put_measure(store, &measure, &error), SPT_INVALID);
    assert_string_equal(error.message, "no checkpoint is being written");
    assert_int_equal(spt_store_commit(store, NULL), SPT_INVALID);
    assert_query(
        PATH, "SELECT (SELECT count(*) FROM checkpoint), (SELECT count(*) FROM measure), (SELECT count(*) FROM metric)",
        "0|0|0");
    fixture_analyse(store, run, fixture_row("step1", 1, 1), 2); /* the metric's row, gone with the rest, is made anew */
    spt_store_close(store);
    assert_query(PATH, "SELECT name, count(*) FROM measure JOIN metric ON metric = id", "loss|2");
}

/* --- figures --- */
struct collected {
    char text[4096];
    size_t count;
};

static enum spt_status collect(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    (void)error;
    struct collected *c = context;
    const size_t used = strlen(c->text);
    (void)snprintf(c->text + used, sizeof c->text - used, "%s %s %d %d %g %g %g %g %d %d\n", m->checkpoint->label,
                   m->metric, m->layer, m->head, m->mean, m->sd, m->lo, m->hi, (int)m->n, (int)m->bad);
    c->count++;
    return SPT_OK;
}

static void put_measures(struct spt_store *store, int64_t run, const char *uri, int64_t step) {
    struct spt_store_checkpoint row = fixture_row(uri, step, 1);
    const struct spt_measure measures[] = {
        {fixture_metric("sink.first"), 1, 0, 0.5, 0.25, 0.4, 0.6, 98, 2},
        {fixture_metric("sink.first"), -1, -1, INFINITY, 0, -INFINITY, 1e-300, 100, 0},
        {fixture_metric("sink.first"), 1, -1, 0.75, NAN, NAN, NAN, 1, 99},
        {fixture_metric("loss"), -1, -1, NAN, NAN, NAN, NAN, 0, 100},
    };
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        assert_int_equal(spt_store_put_measure(store, &measures[i], NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
}

static void measures_come_back_in_key_order_with_undefined_as_nan(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    put_measures(store, run, "step10", 10);
    put_measures(store, run, "step9", 9);
    put_state(store, run, fixture_row("step11", 11, 1), SPT_STATE_INVALID, false);
    struct collected c = {0};
    assert_int_equal(spt_store_each_measure(store, run, NULL, INT_MIN, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_string_equal(c.text, "step9 loss -1 -1 nan nan nan nan 0 100\n"
                                "step9 sink.first -1 -1 inf 0 -inf 1e-300 100 0\n"
                                "step9 sink.first 1 -1 0.75 nan nan nan 1 99\n"
                                "step9 sink.first 1 0 0.5 0.25 0.4 0.6 98 2\n"
                                "step10 loss -1 -1 nan nan nan nan 0 100\n"
                                "step10 sink.first -1 -1 inf 0 -inf 1e-300 100 0\n"
                                "step10 sink.first 1 -1 0.75 nan nan nan 1 99\n"
                                "step10 sink.first 1 0 0.5 0.25 0.4 0.6 98 2\n");
    c = (struct collected){0};
    assert_int_equal(spt_store_each_measure(store, run, "sink.first", 1, -1, collect, &c, NULL), SPT_OK);
    assert_string_equal(c.text,
                        "step9 sink.first 1 -1 0.75 nan nan nan 1 99\nstep10 sink.first 1 -1 0.75 nan nan nan 1 99\n");
    c = (struct collected){0};
    assert_int_equal(spt_store_each_measure(store, run, NULL, 1, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_int_equal(c.count, 4);
    assert_int_equal(spt_store_each_measure(store, run, "no.such", INT_MIN, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_int_equal(spt_store_each_measure(store, run + 1, NULL, INT_MIN, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_int_equal(c.count, 4);
    spt_store_close(store);
    assert_query(
        PATH,
        "SELECT DISTINCT typeof(mean), typeof(sd), n, bad FROM measure JOIN metric ON metric = id WHERE name = 'loss'",
        "null|null|0|100");
    assert_query(PATH, "SELECT name, unit FROM metric ORDER BY name", "loss|nat\nsink.first|");
}

static enum spt_status stop_at_once(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    (void)m;
    ++*(int *)context;
    return spt_fail(error, SPT_IO, NULL, "the pipe is closed");
}

static void what_the_callback_returns_ends_the_listing(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    put_measures(store, run, "step9", 9);
    int calls = 0;
    struct spt_error error = {0};
    assert_int_equal(spt_store_each_measure(store, run, NULL, INT_MIN, INT_MIN, stop_at_once, &calls, &error), SPT_IO);
    assert_int_equal(calls, 1);
    assert_string_equal(error.message, "the pipe is closed");
    put_measures(store, run, "step10", 10); /* the listing holds no transaction open */
    spt_store_close(store);
}

static void a_second_pass_adds_metrics_and_replaces_nothing_unless_forced(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_measure loss = {fixture_metric("loss"), -1, -1, 3.5, 1, 3, 4, 100, 0}, sink = loss;
    sink.metric = fixture_metric("sink.first");
    bool *present = test_calloc(SPT_METRIC_COUNT, sizeof *present);
    for (int pass = 0; pass < 3; pass++) {
        struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
        assert_int_equal(spt_store_begin(store, run, &row, pass == 2, NULL), SPT_OK);
        assert_int_equal(row.tries, pass + 1);
        loss.mean = 3.5 + pass;
        assert_int_equal(spt_store_put_measure(store, &loss, NULL), SPT_OK);
        if (pass == 1) assert_int_equal(spt_store_put_measure(store, &sink, NULL), SPT_OK);
        assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
        assert_int_equal(spt_store_metrics_present(store, row.id, present, NULL), SPT_OK);
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            assert_int_equal(present[m],
                             &SPT_METRICS[m] == loss.metric || (pass == 1 && &SPT_METRICS[m] == sink.metric));
        assert_query(PATH, "SELECT mean FROM measure JOIN metric ON metric = id WHERE name = 'loss'",
                     pass == 2 ? "5.5" : "3.5");
    }
    test_free(present);
    spt_store_close(store);
}

static void vectors_are_little_endian_floats_with_nan_kept(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const float numbers[] = {1.0f, -2.5f, NAN, 1e-45f};
    const struct spt_vector samples = {fixture_metric("loss"), -1, -1, numbers, 4};
    const struct spt_vector curve = {fixture_metric("sink.received"), 2, 3, numbers, 2};
    const struct spt_vector drawn = {fixture_metric("rmt.law_kl"), 0, -1, numbers, 1};
    const struct spt_vector nothing = {fixture_metric("sink.received"), 2, 4, numbers, 0};
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    assert_int_equal(spt_store_put_samples(store, &samples, NULL), SPT_OK);
    assert_int_equal(spt_store_put_curve(store, &curve, NULL), SPT_OK);
    assert_int_equal(spt_store_put_curve(store, &nothing, NULL), SPT_OK);
    assert_int_equal(spt_store_put_draws(store, &drawn, NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    float *values = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_vector(store, row.id, "loss", -1, -1, true, &values, &count, NULL), SPT_OK);
    assert_int_equal(count, 4);
    assert_true(values[0] == 1.0f && values[1] == -2.5f && isnan(values[2]) && values[3] == 1e-45f);
    free(values);
    assert_int_equal(spt_store_vector(store, row.id, "sink.received", 2, 3, false, &values, &count, NULL), SPT_OK);
    assert_int_equal(count, 2);
    free(values);
    assert_int_equal(spt_store_vector(store, row.id, "sink.received", 2, 4, false, &values, &count, NULL), SPT_OK);
    assert_int_equal(count, 0);
    free(values);
    assert_int_equal(spt_store_vector(store, row.id, "sink.received", 2, 3, true, &values, &count, NULL), SPT_END);
    assert_int_equal(spt_store_vector(store, row.id, "loss", 0, -1, true, &values, &count, NULL), SPT_END);
    spt_store_close(store);
    /* IEEE 754 by hand: 1 = 3f800000, -2.5 = c0200000, the smallest subnormal = 00000001 */
    assert_query(PATH, "SELECT substr(hex(\"values\"), 1, 16), substr(hex(\"values\"), 25) FROM probe_value",
                 "0000803F000020C0|01000000");
    assert_query(PATH, "SELECT layer, head, length(\"values\") FROM curve ORDER BY head", "2|3|8\n2|4|0");
    assert_query(PATH, "SELECT layer, head, hex(\"values\") FROM draw", "0|-1|0000803F");
}

static void one_figure_of_one_checkpoint_is_read_by_its_key(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const int64_t id = fixture_analyse(store, run, fixture_row("step1", 1, 1), 3);
    fixture_exec(PATH, "UPDATE measure SET mean = NULL WHERE layer = 1");
    double mean = 0;
    assert_int_equal(spt_store_mean(store, id, "loss", 2, -1, &mean, NULL), SPT_OK);
    assert_true(mean == 2.5);
    assert_int_equal(spt_store_mean(store, id, "loss", 1, -1, &mean, NULL), SPT_OK);
    assert_true(isnan(mean));
    assert_int_equal(spt_store_mean(store, id, "loss", 3, -1, &mean, NULL), SPT_END);
    assert_int_equal(spt_store_mean(store, id, "no.metric", 0, -1, &mean, NULL), SPT_END);
    assert_int_equal(spt_store_mean(store, id + 1, "loss", 0, -1, &mean, NULL), SPT_END);
    spt_store_close(store);
}

static void a_layer_without_a_null_of_its_own_has_the_one_of_all_layers(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const struct spt_metric *sink = fixture_metric("sink.first"), *loss = fixture_metric("loss");
    const struct spt_null nulls[] = {{sink, -1, 0.5, 0.125, 32}, {sink, 3, 0.25, NAN, 32}, {loss, 0, 1, 1, 32}};
    assert_int_equal(spt_store_put_nulls(store, run, nulls, 3, NULL), SPT_OK);
    assert_int_equal(spt_store_put_nulls(store, run, nulls, 3, NULL), SPT_OK);
    double mean = 0, sd = 0;
    assert_int_equal(spt_store_null(store, run, "sink.first", 3, &mean, &sd, NULL), SPT_OK);
    assert_true(mean == 0.25 && isnan(sd));
    assert_int_equal(spt_store_null(store, run, "sink.first", 2, &mean, &sd, NULL), SPT_OK);
    assert_true(mean == 0.5 && sd == 0.125);
    assert_int_equal(spt_store_null(store, run, "loss", 1, &mean, &sd, NULL), SPT_END);
    assert_int_equal(spt_store_null(store, run + 1, "loss", 0, &mean, &sd, NULL), SPT_END);
    spt_store_close(store);
    assert_query(PATH, "SELECT count(*) FROM null_value", "3");
}

static void series_keep_the_order_they_were_added_in_and_are_replaced_whole(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const struct spt_store_point points[] = {{10, 2.5}, {-1, 9}, {10, 2.25}, {20, NAN}};
    assert_int_equal(spt_store_put_external(store, run, "zeta", points, 4, NULL), SPT_OK);
    assert_int_equal(spt_store_put_external(store, run, "alpha", points, 1, NULL), SPT_OK);
    assert_int_equal(spt_store_put_external(store, run, "zeta", points, 4, NULL), SPT_OK);
    char **names = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_external_names(store, run, &names, &count, NULL), SPT_OK);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "zeta");
    assert_string_equal(names[1], "alpha");
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    struct spt_store_point *found = NULL;
    assert_int_equal(spt_store_external(store, run, "zeta", &found, &count, NULL), SPT_OK);
    assert_int_equal(count, 3);
    assert_true(found[0].step == -1 && found[0].value == 9);
    assert_true(found[1].step == 10 && found[1].value == 2.25);
    assert_true(found[2].step == 20 && isnan(found[2].value));
    free(found);
    assert_int_equal(spt_store_put_external(store, run, "zeta", points, 1, NULL), SPT_OK);
    assert_int_equal(spt_store_external(store, run, "zeta", &found, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    free(found);
    assert_int_equal(spt_store_external(store, run, "none", &found, &count, NULL), SPT_OK);
    assert_int_equal(count, 0);
    spt_store_close(store);
}

/* Every metric but the one in row but, once each. */
static void store_every_metric(struct spt_store *store, int64_t run, struct spt_store_checkpoint row, size_t but) {
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        const struct spt_measure measure = {&SPT_METRICS[i], -1, -1, 1, 1, 1, 1, 100, 0};
        if (i != but) assert_int_equal(spt_store_put_measure(store, &measure, NULL), SPT_OK);
    }
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
}

/* Ten thousand checkpoints, half of them with the weights of another. In CPU seconds: the machine may be busy. */
static void a_ledger_of_ten_thousand_is_listed_at_once_and_written_as_fast_as_an_empty_one(void **state) {
    (void)state;
    enum { ROWS = 10000, EDGE = 1000 };
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const size_t loss = spt_metric_find("loss");
    clock_t first = 0, last = 0;
    off_t log = 0;
    assert_int_equal(spt_sql_exec(store, "PRAGMA synchronous = OFF", "not wait for the disk", NULL), SPT_OK);
    for (int i = 0; i < ROWS; i++) {
        char uri[32];
        (void)snprintf(uri, sizeof uri, "step%d", i);
        struct spt_store_checkpoint row = fixture_row(uri, i, 1);
        row.digest = (struct spt_hash){1, i % 2 ? 1 : (uint64_t)i + 2};
        const clock_t start = clock();
        store_every_metric(store, run, row, i % 2 ? loss : SPT_METRIC_COUNT);
        if (i < EDGE) first += clock() - start;
        if (i >= ROWS - EDGE) last += clock() - start;
        struct stat about;
        assert_int_equal(stat("rows.db-wal", &about), 0);
        if (about.st_size > log) log = about.st_size;
    }
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    clock_t start = clock();
    assert_int_equal(spt_store_checkpoints(store, run, &rows, &count, NULL), SPT_OK);
    const double list = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(count, ROWS);
    assert_true(rows[0].duplicate_of == SPT_NO_STEP && rows[1].duplicate_of == 3 && rows[ROWS - 1].duplicate_of == 1);
    bool *present = test_malloc(count * SPT_METRIC_COUNT);
    start = clock();
    assert_int_equal(spt_store_metrics_present_all(store, rows, count, present, NULL), SPT_OK);
    const double metrics = (double)(clock() - start) / CLOCKS_PER_SEC;
    for (size_t i = 0; i < count; i++)
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            assert_true(present[i * SPT_METRIC_COUNT + m] == (m != loss || i % 2 == 0));
    test_free(present);
    spt_store_free_checkpoints(rows, count);
    spt_store_close(store);
    print_message("10,000 checkpoints: listed in %.3f s, their metrics in %.3f s; a commit %.0f us, at first %.0f us;"
                  " log %lld KB\n",
                  list, metrics, 1e6 * (double)last / CLOCKS_PER_SEC / EDGE,
                  1e6 * (double)first / CLOCKS_PER_SEC / EDGE, (long long)log / 1024);
    assert_true(log < 16 << 20);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    assert_true(list < 5 && metrics < 20);
#else
    assert_true(list < 0.5 && metrics < 2);
#endif
    assert_true(last < 3 * first);
}

/* A model of pythia-12b's size: 36 layers of 40 heads with 48 metrics each. In CPU seconds: the machine may be busy. */
static void seventy_thousand_figures_are_stored_well_within_a_second(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const int64_t run = fixture_run(store);
    const clock_t start = clock();
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    for (int i = 0; i < 70000; i++) {
        const struct spt_measure measure = {&SPT_METRICS[i % 2], i / 2 / 40, i / 2 % 40, i, i, i, i, 100, 0};
        assert_int_equal(spt_store_put_measure(store, &measure, NULL), SPT_OK);
    }
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    spt_store_close(store);
    print_message("70,000 figures: %.3f s\n", seconds);
    assert_query(PATH, "SELECT count(*) FROM measure", "70000");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    assert_true(seconds < 10);
#else
    assert_true(seconds < 1);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_run_is_found_again_by_its_name_and_digests, fresh_store),
        cmocka_unit_test_setup(a_run_that_moved_keeps_its_rows_and_its_old_place_as_an_event, fresh_store),
        cmocka_unit_test_setup(the_ledger_is_in_branch_and_step_order_with_stepless_rows_last, fresh_store),
        cmocka_unit_test_setup(every_state_comes_back_with_its_reason, fresh_store),
        cmocka_unit_test_setup(a_checkpoint_that_failed_is_tried_again_in_the_same_row, fresh_store),
        cmocka_unit_test_setup(a_failed_second_pass_leaves_an_analysed_checkpoint_with_its_figures, fresh_store),
        cmocka_unit_test_setup(a_changed_checkpoint_supersedes_its_figures_only_once_it_is_analysed, fresh_store),
        cmocka_unit_test_setup(another_runs_checkpoint_of_the_same_name_is_not_superseded, fresh_store),
        cmocka_unit_test_setup(equal_digests_of_different_steps_are_marked_as_duplicates, fresh_store),
        cmocka_unit_test_setup(what_becomes_known_during_the_analysis_is_amended, fresh_store),
        cmocka_unit_test_setup(a_rolled_back_checkpoint_leaves_nothing_behind, fresh_store),
        cmocka_unit_test_setup(measures_come_back_in_key_order_with_undefined_as_nan, fresh_store),
        cmocka_unit_test_setup(what_the_callback_returns_ends_the_listing, fresh_store),
        cmocka_unit_test_setup(a_second_pass_adds_metrics_and_replaces_nothing_unless_forced, fresh_store),
        cmocka_unit_test_setup(vectors_are_little_endian_floats_with_nan_kept, fresh_store),
        cmocka_unit_test_setup(one_figure_of_one_checkpoint_is_read_by_its_key, fresh_store),
        cmocka_unit_test_setup(a_layer_without_a_null_of_its_own_has_the_one_of_all_layers, fresh_store),
        cmocka_unit_test_setup(series_keep_the_order_they_were_added_in_and_are_replaced_whole, fresh_store),
        cmocka_unit_test_setup(a_ledger_of_ten_thousand_is_listed_at_once_and_written_as_fast_as_an_empty_one,
                               fresh_store),
        cmocka_unit_test_setup(seventy_thousand_figures_are_stored_well_within_a_second, fresh_store),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
