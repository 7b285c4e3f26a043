/* Stores joined into one: whatever the order, however often, and nothing is changed when something does not fit. */
#include "store_fixture.h"

#include "checkpoints/base/file.h"
#include "tracker/store/audit.h"
#include "tracker/store/internal.h"
#include "tracker/store/merge.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything in a store, row ids left out where they are an accident of the order. */
static const char DUMP[] =
    "SELECT * FROM ("
    "SELECT 'run' AS t, name AS a, model_digest || probe_digest || plan_digest AS b, created AS c, model_text AS d,"
    " NULL AS e, NULL AS f, NULL AS g, NULL AS h FROM run"
    " UNION ALL SELECT 'checkpoint', r.name || substr(r.plan_digest, 1, 16), c.uri || ' ' || c.fingerprint, c.digest,"
    " c.state || COALESCE(c.reason, ''), CASE WHEN s.id IS NULL THEN 'live' ELSE 'superseded' END, c.finished, c.step, c.label"
    "  FROM checkpoint c JOIN run r ON r.id = c.run LEFT JOIN checkpoint s ON s.id = c.superseded"
    " UNION ALL SELECT 'measure', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, quote(v.mean), quote(v.lo),"
    " v.n, v.bad FROM measure v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'samples', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, hex(v.\"values\"), NULL, NULL,"
    " NULL FROM probe_value v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'curve', c.uri || ' ' || c.fingerprint, m.name, v.layer, v.head, hex(v.\"values\"), NULL, NULL,"
    " NULL FROM curve v JOIN checkpoint c ON c.id = v.checkpoint JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'null', m.name, v.layer, quote(v.mean), v.draws, NULL, NULL, NULL, NULL FROM null_value v"
    "  JOIN metric m ON m.id = v.metric"
    " UNION ALL SELECT 'external', name, step, quote(value), position, NULL, NULL, NULL, NULL FROM external"
    " UNION ALL SELECT 'event', e.time, e.kind, e.key, e.text, e.delivery, e.outcome, c.uri, e.step FROM event e"
    "  LEFT JOIN checkpoint c ON c.id = e.checkpoint) ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9";

/* Row ids and all. */
static char *read_bytes(const char *path) {
    return fixture_query(path,
                         "SELECT 'run', id, name, source, created, NULL, NULL, NULL FROM run UNION ALL"
                         " SELECT 'checkpoint', id, run, uri, fingerprint, state, superseded, finished FROM"
                         " checkpoint UNION ALL SELECT 'measure', checkpoint, metric, layer, head, quote(mean), n,"
                         " bad FROM measure UNION ALL SELECT 'external', run, name, step, value, position, NULL,"
                         " NULL FROM external UNION ALL SELECT 'event', id, time, kind, run, checkpoint, delivery,"
                         " outcome FROM event");
}

static enum spt_status merge_list(const char *into, const char *const *sources, size_t count,
                                  struct spt_merge_report *reports, struct spt_error *error) {
    const struct spt_merge_options options = {.into = into, .sources = sources, .source_count = count};
    return spt_store_merge(&options, reports, error);
}

/* Merges one source, asserts that it can be. */
static struct spt_merge_report merge_one(const char *into, const char *source) {
    struct spt_merge_report report;
    struct spt_error error = {0};
    if (merge_list(into, &source, 1, &report, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    return report;
}

static void refuse(const char *into, const char *source, const char *path, const char *message) {
    struct spt_merge_report report;
    struct spt_error error = {0};
    assert_int_equal(merge_list(into, &source, 1, &report, &error), SPT_INVALID);
    assert_string_equal(error.path, path);
    assert_string_equal(error.message, message);
}

static void refuse_starting(const char *into, const char *source, const char *path, const char *start) {
    struct spt_merge_report report;
    struct spt_error error = {0};
    assert_int_equal(merge_list(into, &source, 1, &report, &error), SPT_INVALID);
    assert_string_equal(error.path, path);
    if (strncmp(error.message, start, strlen(start)) != 0) fail_msg("%s", error.message);
}

/* --- stores to be merged --- */

/* A checkpoint as a table of the tests has it. */
struct made {
    const char *uri;
    int64_t step;
    uint64_t files, weights; /* fingerprint, digest */
    enum spt_checkpoint_state state;
    const char *finished;
    unsigned metrics; /* bits: loss, sink.first, sink.received */
};

static const char *const METRICS[] = {"loss", "sink.first", "sink.received"};

static void put(struct spt_store *store, int64_t run, const struct made *made) {
    struct spt_error error = {0};
    struct spt_store_checkpoint row = fixture_row(made->uri, made->step, made->files);
    row.digest = (struct spt_hash){made->weights, made->weights ? 1 : 0};
    row.state = made->state;
    row.reason = made->state == SPT_STATE_ANALYSED ? NULL : (char *)"cut";
    row.finished = (char *)made->finished;
    enum spt_status status = spt_store_begin(store, run, &row, false, &error);
    for (size_t i = 0; i < 3 && status == SPT_OK; i++) {
        if (!(made->metrics >> i & 1)) continue;
        const float values[] = {(float)made->weights, (float)i};
        const struct spt_measure measure = {
            fixture_metric(METRICS[i]), -1, -1, (double)made->weights + 0.25 * (double)i, NAN, 1, 2, 3, 0};
        const struct spt_vector vector = {fixture_metric(METRICS[i]), -1, -1, values, 2};
        status = spt_store_put_measure(store, &measure, &error);
        if (status == SPT_OK) status = spt_store_put_samples(store, &vector, &error);
        if (status == SPT_OK && i == 2) status = spt_store_put_curve(store, &vector, &error);
    }
    if (status == SPT_OK) status = spt_store_commit(store, &error);
    if (status != SPT_OK) fail_msg("%s", error.message);
}

static void make(const char *path, const struct made *made, size_t count) {
    (void)unlink(path);
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    assert_int_equal(spt_sql_exec(store, "PRAGMA synchronous = OFF", "not wait for the disk", NULL), SPT_OK);
    for (size_t i = 0; i < count; i++) put(store, run, &made[i]);
    spt_store_close(store);
    fixture_exec(path, "UPDATE run SET created = '2024-01-01T00:00:00Z', samples = 2");
}

#define MAKE(path, ...)                                                                                                \
    make(path, (const struct made[]){__VA_ARGS__}, sizeof((const struct made[]){__VA_ARGS__}) / sizeof(struct made))

#define T0 "2024-01-02T00:00:00Z"
#define T1 "2024-01-02T00:00:01Z"
#define T2 "2024-01-02T00:00:02Z"
#define T3 "2024-01-02T00:00:03Z"

static void clear(const char *path) {
    (void)unlink(path);
}

static enum spt_status none_expected(void *context, const struct spt_audit_row *row, struct spt_error *error) {
    (void)context, (void)error;
    if (row->how != SPT_MEND_SAID) fail_msg("%s: %s", row->label ? row->label : "", row->text);
    return SPT_OK;
}

/* Pages, keys, seals: all but events that were not told, and figures that only some checkpoints have. */
static void assert_nothing_wrong(const char *path) {
    struct spt_store *store = fixture_open(path, SPT_STORE_READ);
    assert_int_equal(spt_store_audit(store, false, none_expected, NULL, NULL), SPT_OK);
    spt_store_close(store);
}

/* What merging the sources gives in each order, twice: the same dump every time. */
static void assert_any_order(const char *const *sources, size_t count) {
    assert_true(count <= 4);
    char *expected = NULL;
    size_t orders = 1;
    for (size_t i = 2; i <= count; i++) orders *= i;
    for (size_t order = 0; order < orders; order++) {
        const char *left[4], *sorted[4];
        size_t number = order;
        memcpy(left, sources, count * sizeof *left);
        for (size_t i = 0; i < count; i++) {
            const size_t pick = number % (count - i);
            number /= count - i;
            sorted[i] = left[pick];
            memmove(left + pick, left + pick + 1, (count - i - pick - 1) * sizeof *left);
        }
        clear("order.db");
        for (size_t i = 0; i < count; i++) (void)merge_one("order.db", sorted[i]);
        char *once = fixture_query("order.db", DUMP), *bytes = read_bytes("order.db");
        if (!expected) expected = fixture_query("order.db", DUMP);
        assert_string_equal(once, expected);
        for (size_t i = 0; i < count; i++) {
            const struct spt_merge_report again = merge_one("order.db", sorted[i]);
            assert_int_equal(again.added + again.replaced + again.completed + again.superseded + again.events +
                                 again.points + again.nulls + again.runs_added,
                             0);
        }
        char *twice = read_bytes("order.db");
        assert_string_equal(twice, bytes);
        assert_nothing_wrong("order.db");
        test_free(once);
        test_free(twice);
        test_free(bytes);
    }
    test_free(expected);
}

static void assert_two_orders(const char *a, const char *b) {
    assert_any_order((const char *const[]){a, b}, 2);
}

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

/* --- refusals --- */

static void add_run(const char *path, struct spt_hash model, struct spt_hash probe, struct spt_hash plan,
                    const char *model_text, const char *probe_text, const char *plan_text) {
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    struct spt_store_run run = {.name = (char *)"pythia",
                                .source = (char *)"/runs/pythia",
                                .mask = (char *)"causal",
                                .model = model,
                                .probe = probe,
                                .plan = plan,
                                .model_text = (char *)model_text,
                                .probe_text = (char *)probe_text,
                                .plan_text = (char *)plan_text};
    assert_int_equal(spt_store_find_or_add_run(store, &run, NULL), SPT_OK);
    spt_store_close(store);
}

static void runs_that_differ_are_refused_with_the_difference(void **state) {
    (void)state;
    static const struct spt_hash one = {1, 1}, two = {2, 2};
    static const char model[] = "model_type: gpt_neox\nhidden_size: 512\n",
                      other_model[] = "model_type: gpt_neox\nhidden_size: 768\n";
    static const char probe[] = "samples: 100\ntokens: 5000\ntoken ids: aa\n",
                      other_probe[] = "samples: 50\ntokens: 2500\ntoken ids: bb\n";
    static const char plan[] = "samples: 100\nbootstrap: 1000\n", other_plan[] = "samples: 50\nbootstrap: 10\n";
    clear("a.db");
    add_run("a.db", one, one, one, model, probe, plan);
    clear("b.db");
    add_run("b.db", two, one, one, other_model, probe, plan);
    refuse("a.db", "b.db", "b.db", "its run \"pythia\" is not that of a.db: model: hidden_size 768, not 512");
    clear("b.db");
    add_run("b.db", one, two, two, model, other_probe, other_plan);
    refuse("a.db", "b.db", "b.db",
           "its run \"pythia\" is not that of a.db: probe: 50 samples, not 100, 2500 tokens, not 5000; plan: bootstrap "
           "10, not 1000");
    clear("b.db");
    add_run("b.db", one, two, one, model, "samples: 100\ntokens: 5000\ntoken ids: bb\n", plan);
    refuse("a.db", "b.db", "b.db", "its run \"pythia\" is not that of a.db: probe: other token ids");
    clear("b.db");
    add_run("b.db", one, one, two, model, probe, plan);
    refuse("a.db", "b.db", "b.db",
           "its run \"pythia\" is not that of a.db: plan: another one, though its description is the same");
    clear("b.db");
    add_run("b.db", two, one, one, NULL, NULL, NULL);
    refuse("a.db", "b.db", "b.db",
           "its run \"pythia\" is not that of a.db: model: another one (one of the two has no description: an older "
           "version made it)");
    /* neither the target nor a third source is touched, and no target is made */
    struct spt_merge_report reports[2];
    struct spt_error error = {0};
    assert_int_equal(merge_list("new.db", (const char *const[]){"a.db", "b.db"}, 2, reports, &error), SPT_INVALID);
    assert_int_equal(access("new.db", F_OK), -1);
    assert_int_equal(access("new.db.lock", F_OK), -1);
    assert_query("a.db", "SELECT count(*) FROM run", "1");
}

static void runs_of_one_name_that_one_store_holds_are_known_apart(void **state) {
    (void)state;
    static const struct spt_hash one = {1, 1}, two = {2, 2};
    clear("a.db");
    add_run("a.db", one, one, one, NULL, NULL, NULL);
    clear("b.db");
    add_run("b.db", one, one, two, NULL, NULL, NULL);
    clear("ab.db");
    add_run("ab.db", one, one, one, NULL, NULL, NULL);
    add_run("ab.db", one, one, two, NULL, NULL, NULL);
    struct spt_merge_report reports[3];
    struct spt_error error = {0};
    clear("m.db");
    assert_int_equal(merge_list("m.db", (const char *const[]){"a.db", "b.db"}, 2, reports, &error), SPT_INVALID);
    assert_int_equal(merge_list("m.db", (const char *const[]){"a.db", "b.db", "ab.db"}, 3, reports, &error), SPT_OK);
    assert_query("m.db", "SELECT count(*) FROM run", "2");
}

static void what_cannot_be_merged_is_refused_before_anything_is_changed(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 1});
    assert_int_equal(symlink("a.db", "link-a.db"), 0);
    refuse("a.db", "link-a.db", "link-a.db",
           "is the store that the others are merged into (--into a.db); leave it out of the sources");
    const char *const sources[] = {"b.db", "c.db"};
    struct spt_merge_report reports[2];
    struct spt_error error = {0};
    char *before = read_bytes("a.db");
    clear("c.db");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_IO);
    assert_string_equal(error.path, "c.db");
    MAKE("c.db", {"step2", 2, 1, 12, SPT_STATE_ANALYSED, T0, 1});
    fixture_exec("c.db", "PRAGMA user_version = 1");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "the store is of version 1: sweep once with this spectail, it brings the store to version 2");
    fixture_exec("c.db", "PRAGMA user_version = 9");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_INVALID);
    fixture_exec("c.db", "PRAGMA user_version = 2; PRAGMA writable_schema = ON;"
                         "UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'measure'");
    assert_int_equal(merge_list("a.db", sources, 2, reports, &error), SPT_INVALID);
    assert_string_equal(error.path, "c.db");
    char *after = read_bytes("a.db");
    assert_string_equal(after, before);
    test_free(before);
    test_free(after);
}

static void values_of_a_spoilt_source_are_refused_whole(void **state) {
    (void)state;
    static const char *const damages[] = {
        "UPDATE checkpoint SET state = 'fine'",
        "UPDATE checkpoint SET fingerprint = 'xyz'",
        "PRAGMA foreign_keys = OFF; UPDATE measure SET metric = 77 WHERE metric = 2",
        "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'curve'; PRAGMA writable_schema = RESET;"
        "UPDATE curve SET \"values\" = 'text'",
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
        MAKE("b.db", {"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 7});
        fixture_exec("b.db", damages[i]);
        refuse_starting("a.db", "b.db", "b.db", "the store is damaged: ");
        assert_query("a.db", "SELECT count(*) FROM checkpoint", "1");
        assert_query("a.db", "SELECT count(*) FROM curve", "0");
    }
}

/* --- sources are only read --- */

static void damage_is_not_sealed_by_a_merge(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 1});
    MAKE("b.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T1, 2});
    fixture_exec("b.db", "UPDATE measure SET mean = 77");
    refuse("a.db", "b.db", "b.db",
           "the store is damaged: the figures of step0 are not those that were stored (see spectail check)");
    refuse("b.db", "a.db", "b.db",
           "the store is damaged: the figures of step0 are not those that were stored (see spectail check)");
    assert_query("a.db", "SELECT count(*) FROM measure", "1");
}

static void sources_stay_as_they_are(void **state) {
    (void)state;
    MAKE("a.db", {"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    assert_int_equal(mkdir("media", 0777), 0);
    assert_int_equal(rename("a.db", "media/a.db"), 0);
    /* a folder where nothing can be made, as on read-only media: a link that leads nowhere stops SQLite the same way */
    assert_int_equal(symlink("nowhere/to/be/found", "media/a.db-shm"), 0);
    char *before = NULL, *after = NULL;
    size_t size = 0, size_after = 0;
    assert_int_equal(spt_file_read_all("media/a.db", 1 << 24, &before, &size, NULL), SPT_OK);
    clear("m.db");
    assert_int_equal(merge_one("m.db", "media/a.db").added, 1);
    assert_int_equal(spt_file_read_all("media/a.db", 1 << 24, &after, &size_after, NULL), SPT_OK);
    assert_true(size == size_after && memcmp(before, after, size) == 0);
    free(before);
    free(after);
}

static void a_source_that_is_being_written_gives_what_it_has(void **state) {
    (void)state;
    (void)unlink("live.db");
    struct spt_store *store = fixture_open("live.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    put(store, run, &(struct made){"step0", 0, 1, 10, SPT_STATE_ANALYSED, T0, 7});
    clear("m.db");
    struct spt_merge_report report = merge_one("m.db", "live.db");
    assert_true(report.written && report.added == 1);
    put(store, run, &(struct made){"step1", 1, 1, 11, SPT_STATE_ANALYSED, T0, 7});
    spt_store_close(store);
    report = merge_one("m.db", "live.db");
    assert_true(!report.written && report.added == 1 && report.known == 1);
}

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
        cmocka_unit_test(runs_that_differ_are_refused_with_the_difference),
        cmocka_unit_test(runs_of_one_name_that_one_store_holds_are_known_apart),
        cmocka_unit_test(what_cannot_be_merged_is_refused_before_anything_is_changed),
        cmocka_unit_test(values_of_a_spoilt_source_are_refused_whole),
        cmocka_unit_test(damage_is_not_sealed_by_a_merge),
        cmocka_unit_test(a_merge_that_is_killed_is_finished_by_the_next),
        cmocka_unit_test(sources_stay_as_they_are),
        cmocka_unit_test(a_source_that_is_being_written_gives_what_it_has),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
