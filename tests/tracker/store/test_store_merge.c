/* Stores joined into one, in whatever order, however often, and whenever it ends. */
#include "merge_fixture.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- checkpoints --- */

static void shards_become_the_whole(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7}, {"step2", 2, 1, 12, SPT_STATE_ANALYSED, T2, 7});
    MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T1, 7}, {"step3", 3, 1, 13, SPT_STATE_INVALID, T3, 0});
    MAKE("whole.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7}, {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T1, 7},
         {"step2", 2, 1, 12, SPT_STATE_ANALYSED, T2, 7}, {"step3", 3, 1, 13, SPT_STATE_INVALID, T3, 0});
    assert_two_orders("a.db", "b.db");
    clear("m.db");
    struct spt_merge_report report = merge_one("m.db", "a.db");
    assert_true(report.runs == 1 && report.runs_added == 1 && report.added == 2);
    report = merge_one("m.db", "b.db");
    assert_true(report.runs == 1 && report.runs_added == 0 && report.added == 2 && report.known == 0);
    char *whole = fixture_query("whole.db", DUMP);
    assert_query("m.db", DUMP, whole);
    test_free(whole);
}

static void an_analysed_checkpoint_replaces_one_that_is_not(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 0, SPT_STATE_UNREADABLE, T3, 0});
    MAKE("b.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T1, 7});
    assert_two_orders("a.db", "b.db");
    assert_query("order.db", "SELECT state, reason, superseded FROM checkpoint", "analysed|NULL|NULL");
    assert_query("order.db", "SELECT count(*) FROM measure", "3");
    clear("m.db");
    (void)merge_one("m.db", "a.db");
    assert_int_equal(merge_one("m.db", "b.db").replaced, 1);
    assert_int_equal(merge_one("m.db", "a.db").known, 1);
    MAKE("c.db", {"step0", 0, 1, 0, SPT_STATE_INCOMPLETE, T0, 0});
    assert_two_orders("a.db", "c.db"); /* of two that failed the later one */
    assert_query("order.db", "SELECT state FROM checkpoint", "unreadable");
}

static void figures_that_one_lacks_are_taken_from_the_other(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T1, 6});
    assert_two_orders("a.db", "b.db");
    assert_query("order.db", "SELECT name, mean FROM measure JOIN metric ON id = metric ORDER BY name",
                 "loss|10.0\nsink.first|10.25\nsink.received|10.5");
    clear("m.db");
    (void)merge_one("m.db", "a.db");
    assert_int_equal(merge_one("m.db", "b.db").completed, 1);
}

static void a_copy_on_another_machine_is_the_same_checkpoint(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step0", 0, 2, 10, SPT_STATE_ANALYSED, T1, 2});
    MAKE("c.db", {"step0", 0, 3, 0, SPT_STATE_INCOMPLETE, T0, 0});
    assert_any_order((const char *const[]){"a.db", "b.db"}, 2);
    assert_query("order.db", "SELECT count(*) FROM checkpoint", "1");
    assert_query("order.db", "SELECT count(*) FROM measure", "2");
    assert_any_order((const char *const[]){"a.db", "b.db", "c.db"}, 3);
    assert_query("order.db", "SELECT state FROM checkpoint WHERE superseded IS NULL", "analysed");
}

static void the_files_are_known_as_they_are_where_the_target_s_run_is(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step0", 0, 2, 10, SPT_STATE_ANALYSED, T1, 1}); /* touched, and seen in the same place */
    MAKE("c.db", {"step0", 0, 3, 10, SPT_STATE_ANALYSED, T2, 1}); /* a copy elsewhere */
    fixture_exec("c.db", "UPDATE run SET source = '/elsewhere/demo'");
    clear("m.db");
    (void)merge_one("m.db", "a.db");
    (void)merge_one("m.db", "b.db");
    assert_query("m.db", "SELECT substr(fingerprint, 32) FROM checkpoint", "2");
    (void)merge_one("m.db", "c.db");
    assert_query("m.db", "SELECT substr(fingerprint, 32), finished FROM checkpoint", "2|" T2);
}

static void of_different_weights_the_one_analysed_last_supersedes(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    MAKE("b.db", {"step0", 0, 2, 11, SPT_STATE_ANALYSED, T2, 7});
    MAKE("c.db", {"step0", 0, 3, 12, SPT_STATE_ANALYSED, T1, 7});
    assert_any_order((const char *const[]){"a.db", "b.db", "c.db"}, 3);
    assert_query("order.db", "SELECT count(*) FROM checkpoint", "3");
    assert_query("order.db", "SELECT fingerprint FROM checkpoint WHERE superseded IS NULL",
                 "00000000000000070000000000000002");
    clear("m.db");
    (void)merge_one("m.db", "a.db");
    assert_int_equal(merge_one("m.db", "b.db").superseded, 1);
}

static void weights_that_changed_under_the_same_times_are_those_analysed_last(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    MAKE("b.db", {"step0", 0, 1, 11, SPT_STATE_ANALYSED, T1, 1});
    assert_two_orders("a.db", "b.db");
    assert_query("order.db", "SELECT count(*), max(mean) FROM measure", "1|11.0");
}

static void successors_come_along(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7}, {"step0", 0, 2, 11, SPT_STATE_ANALYSED, T1, 7},
         {"step0", 0, 3, 12, SPT_STATE_ANALYSED, T1, 7}); /* within one second: only the link tells which is the last */
    MAKE("b.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7}, {"step1", 1, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    MAKE("c.db", {"step0", 0, 2, 11, SPT_STATE_ANALYSED, T1, 7});
    assert_any_order((const char *const[]){"a.db", "b.db", "c.db"}, 3);
    assert_query("order.db",
                 "SELECT substr(fingerprint, 32) FROM checkpoint WHERE superseded IS NULL AND uri = 'step0'", "3");
    assert_query("order.db", "SELECT count(*) FROM checkpoint WHERE superseded IS NULL", "2");
    MAKE("d.db", {"step0", 0, 2, 11, SPT_STATE_ANALYSED, T1, 7}, {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T3, 7});
    assert_any_order((const char *const[]){"a.db", "d.db"}, 2); /* there the old files came back */
    assert_query("order.db", "SELECT substr(fingerprint, 32) FROM checkpoint WHERE superseded IS NULL", "1");
}

static void a_failure_after_the_analysis_stands_beside_it(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T1, 7}, {"step0", 0, 2, 0, SPT_STATE_INVALID, T2, 0});
    MAKE("b.db", {"step0", 0, 3, 0, SPT_STATE_INCOMPLETE, T0, 0});
    assert_two_orders("a.db", "b.db");
    assert_query("order.db", "SELECT state FROM checkpoint WHERE superseded IS NULL ORDER BY state",
                 "analysed\ninvalid");
}

/* Small stores by chance, three of them, all six orders. */
static void any_stores_give_the_same_in_any_order(void **state) {
    (void)state;
    static const char *const paths[] = {"r0.db", "r1.db", "r2.db"};
    uint64_t seed = 88172645463325252;
    for (int trial = 0; trial < 6; trial++) {
        for (size_t s = 0; s < 3; s++) {
            struct made made[4];
            char times[4][32];
            for (size_t i = 0; i < 4; i++) {
                seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
                const bool analysed = seed >> 20 & 1;
                const uint64_t files = 1 + (seed >> 8) % 3;
                (void)snprintf(times[i], sizeof times[i], "2024-01-02T00:00:%02zuZ", 3 * i + (s + (size_t)trial) % 3);
                /* what the files hold follows from their times: figures of one checkpoint are the same everywhere */
                made[i] = (struct made){"step0",
                                        0,
                                        files,
                                        analysed ? 10 + files : 0,
                                        analysed ? SPT_STATE_ANALYSED : SPT_STATE_INCOMPLETE,
                                        times[i],
                                        analysed ? 1 + (unsigned)(seed >> 40) % 7 : 0};
            }
            make(paths[s], made, 4);
        }
        char *live[6];
        for (size_t order = 0; order < 6; order++) {
            static const size_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
            clear("order.db");
            for (size_t i = 0; i < 3; i++) (void)merge_one("order.db", paths[orders[order][i]]);
            char *bytes = read_bytes("order.db");
            for (size_t i = 0; i < 3; i++) (void)merge_one("order.db", paths[orders[order][i]]);
            char *again = read_bytes("order.db");
            assert_string_equal(again, bytes);
            assert_nothing_wrong("order.db");
            test_free(bytes);
            test_free(again);
            assert_query("order.db",
                         "SELECT count(*) <= 1 FROM checkpoint WHERE superseded IS NULL AND state = 'analysed'", "1");
            assert_query("order.db", "SELECT count(*) FROM checkpoint WHERE superseded = id", "0");
            live[order] =
                fixture_query("order.db", "SELECT c.uri, m.name, v.mean FROM measure v JOIN checkpoint c ON c.id ="
                                          " v.checkpoint JOIN metric m ON m.id = v.metric WHERE c.superseded IS NULL"
                                          " AND c.state = 'analysed' ORDER BY 1, 2");
        }
        for (size_t order = 1; order < 6; order++) assert_string_equal(live[order], live[0]);
        for (size_t order = 0; order < 6; order++) test_free(live[order]);
    }
}

/* --- what belongs to the run --- */

static void add_rest(const char *path, const char *series, int64_t step, double value, enum spt_delivery delivery,
                     const char *time) {
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    const struct spt_store_point points[] = {{step, value}, {100, step == 1 ? 5.0 : NAN}};
    const struct spt_null nulls[] = {{fixture_metric("loss"), -1, 1.5, 0.5, 8},
                                     {fixture_metric(step == 1 ? "sink.first" : "sink.received"), -1, 2.5, 0.5, 8}};
    struct spt_store_event keyed = {.kind = (char *)"alert",
                                    .run = 1,
                                    .checkpoint = 1,
                                    .step = step,
                                    .rule = (char *)"r",
                                    .key = (char *)"r/0",
                                    .text = (char *)"rings",
                                    .delivery = delivery,
                                    .time = (char *)time,
                                    .outcome = delivery == SPT_DELIVERY_FAILED ? (char *)"no" : NULL};
    struct spt_store_event bare = {
        .kind = (char *)"fetch", .run = 1, .step = step, .text = (char *)"no space", .time = (char *)T0};
    struct spt_store_event none = {
        .kind = (char *)"fetch", .step = SPT_NO_STEP, .text = (char *)"of none", .time = (char *)T0};
    struct spt_store_event migration = {
        .kind = (char *)"migration", .step = SPT_NO_STEP, .text = (char *)"of itself", .time = (char *)T0};
    assert_int_equal(spt_store_put_external(store, 1, series, points, 2, NULL), SPT_OK);
    assert_int_equal(spt_store_put_external(store, 1, "both", points, 2, NULL), SPT_OK);
    assert_int_equal(spt_store_put_nulls(store, 1, nulls, 2, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &keyed, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &bare, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &none, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &migration, NULL), SPT_OK);
    spt_store_close(store);
}

static void nulls_series_and_events_are_joined(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 1}, {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    add_rest("a.db", "train", 1, 2, SPT_DELIVERY_PENDING, T1);
    add_rest("b.db", "evaluation", 2, 3, SPT_DELIVERY_FAILED, T2);
    assert_two_orders("a.db", "b.db");
    assert_query("order.db", "SELECT name, step, value FROM external WHERE name = 'both' ORDER BY step",
                 "both|1|2.0\nboth|2|3.0\nboth|100|5.0");
    assert_query("order.db", "SELECT count(DISTINCT name), count(*) FROM external", "3|7");
    assert_query("order.db", "SELECT count(*) FROM null_value", "3");
    assert_query("order.db", "SELECT time, delivery, outcome, step FROM event WHERE key IS NOT NULL",
                 T1 "|failed|no|1");
    assert_query("order.db", "SELECT kind, step, text FROM event WHERE key IS NULL ORDER BY run, step",
                 "fetch|NULL|of none\nfetch|1|no space\nfetch|2|no space");
    assert_query("order.db", "SELECT uri FROM event JOIN checkpoint ON checkpoint.id = event.checkpoint", "step0");
}

static void what_was_told_stays_told(void **state) {
    (void)state;
    static const enum spt_delivery pairs[][2] = {{SPT_DELIVERY_PENDING, SPT_DELIVERY_STARTED},
                                                 {SPT_DELIVERY_STARTED, SPT_DELIVERY_FAILED},
                                                 {SPT_DELIVERY_FAILED, SPT_DELIVERY_DONE},
                                                 {SPT_DELIVERY_PENDING, SPT_DELIVERY_DONE}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
        MAKE("b.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
        add_rest("a.db", "x", 1, 1, pairs[i][0], T1);
        add_rest("b.db", "x", 1, 1, pairs[i][1], T1);
        assert_two_orders("a.db", "b.db");
        assert_query("order.db", "SELECT delivery FROM event WHERE key IS NOT NULL", spt_delivery_name(pairs[i][1]));
    }
}

static void a_metric_of_another_version_is_copied_by_its_name(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 3});
    MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 6});
    fixture_exec("b.db", "UPDATE metric SET name = 'graph.future', unit = 'bit' WHERE name = 'sink.received';"
                         "UPDATE checkpoint SET figures = NULL, seal = NULL"); /* which hold the name */
    assert_two_orders("a.db", "b.db");
    assert_query("order.db",
                 "SELECT name, unit, uri FROM measure JOIN metric m ON m.id = metric JOIN checkpoint c ON c.id ="
                 " checkpoint ORDER BY name, uri",
                 "graph.future|bit|step1\nloss|nat|step0\nsink.first||step0\nsink.first||step1");
}

/* --- a merge that ends too soon --- */

/* Killed at any moment: what is there is whole, and the next merge makes of it what it would have been. */
static void a_merge_that_is_killed_is_finished_by_the_next(void **state) {
    (void)state;
    enum { ROWS = 40 };
    struct made made[ROWS];
    char uris[ROWS][16];
    for (size_t i = 0; i < ROWS; i++) {
        (void)snprintf(uris[i], sizeof uris[i], "step%zu", i);
        made[i] = (struct made){uris[i], (int64_t)i, 1, 10 + i, SPT_STATE_ANALYSED, T0, i % 2 ? 7 : 3};
    }
    make("a.db", made, ROWS);
    clear("undisturbed.db");
    (void)merge_one("undisturbed.db", "a.db");
    char *expected = fixture_query("undisturbed.db", DUMP);
    uint64_t seed = 3;
    for (int cycle = 0; cycle < 12; cycle++) {
        clear("m.db");
        const pid_t child = fork();
        if (child == 0) {
            (void)merge_one("m.db", "a.db");
            _exit(0);
        }
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        (void)usleep((useconds_t)(seed % 60000));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        spt_store_close(fixture_open("m.db", SPT_STORE_WRITE)); /* takes up what the killed one left */
        assert_query("m.db",
                     "SELECT count(*) FROM checkpoint c WHERE (SELECT count(*) FROM measure WHERE checkpoint = c.id) <>"
                     " 2 + step % 2",
                     "0");
        (void)merge_one("m.db", "a.db");
        assert_query("m.db", DUMP, expected);
        assert_nothing_wrong("m.db");
    }
    test_free(expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_become_the_whole),
        cmocka_unit_test(an_analysed_checkpoint_replaces_one_that_is_not),
        cmocka_unit_test(figures_that_one_lacks_are_taken_from_the_other),
        cmocka_unit_test(a_copy_on_another_machine_is_the_same_checkpoint),
        cmocka_unit_test(the_files_are_known_as_they_are_where_the_target_s_run_is),
        cmocka_unit_test(of_different_weights_the_one_analysed_last_supersedes),
        cmocka_unit_test(weights_that_changed_under_the_same_times_are_those_analysed_last),
        cmocka_unit_test(successors_come_along),
        cmocka_unit_test(a_failure_after_the_analysis_stands_beside_it),
        cmocka_unit_test(any_stores_give_the_same_in_any_order),
        cmocka_unit_test(nulls_series_and_events_are_joined),
        cmocka_unit_test(what_was_told_stays_told),
        cmocka_unit_test(a_metric_of_another_version_is_copied_by_its_name),
        cmocka_unit_test(a_merge_that_is_killed_is_finished_by_the_next),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
