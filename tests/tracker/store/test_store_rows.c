/* What is put in comes out: runs and the ledger of their checkpoints. SQLite itself is asked what stands in the file.
 */
#include "store_fixture.h"

#include "tracker/store/internal.h"

#include <stdio.h>
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
    } in[] = {{"", "main", SPT_NO_STEP}, {"b", "step5", 5}, {"", "step1000", 1000}, {"", "step0", 0}, {"", "step2", 2}};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct spt_store_checkpoint row = fixture_row(in[i].label, in[i].step, i);
        row.branch = (char *)in[i].branch;
        fixture_analyse(store, run, row, 1);
    }
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_checkpoints(store, run, &rows, &count, NULL), SPT_OK);
    static const char *const expected[] = {"step0", "step2", "step1000", "main", "step5"};
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
        cmocka_unit_test_setup(a_ledger_of_ten_thousand_is_listed_at_once_and_written_as_fast_as_an_empty_one,
                               fresh_store),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
