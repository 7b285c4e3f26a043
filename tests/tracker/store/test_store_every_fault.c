/* Every call of SQLite's file system and every allocation of its own, failing in turn, alone and with all that follow:
 * while a store is written, migrated, merged and checked. Each time the store holds whole checkpoints only, what was
 * there stays, and the next try succeeds. */
#include "store_fixture.h"

#include "checkpoints/base/file.h"
#include "faults.h"
#include "tracker/store/audit.h"
#include "tracker/store/internal.h"
#include "tracker/store/merge.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIGURES = 6 };

/* --- stores as they are before --- */

struct file {
    char *bytes;
    size_t size;
};

static struct file take(const char *path) {
    struct file file = {NULL, 0};
    assert_int_equal(spt_file_read_all(path, 1 << 24, &file.bytes, &file.size, NULL), SPT_OK);
    return file;
}

/* As it was, and nothing beside it. */
static void give(const char *path, const struct file *file) {
    static const char *const beside[] = {"-wal", "-shm", "-journal", ".v1.bak", ".v1.bak.part", ".lock"};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s%s", path, beside[i]);
        (void)unlink(name);
    }
    FILE *stream = fopen(path, "we");
    assert_non_null(stream);
    assert_int_equal(fwrite(file->bytes, 1, file->size, stream), file->size);
    assert_int_equal(fclose(stream), 0);
}

/* One checkpoint of FIGURES figures, from figure first on. */
static enum spt_status analyse(struct spt_store *store, int64_t run, int step, uint64_t version, int first,
                               struct spt_error *error) {
    static const float values[100] = {1};
    char uri[16];
    (void)snprintf(uri, sizeof uri, "step%d", step);
    struct spt_store_checkpoint row = fixture_row(uri, step, version);
    row.digest = (struct spt_hash){(uint64_t)step + 1, 9};
    row.finished = (char *)"2024-01-02T03:04:05Z";
    const struct spt_vector vector = {fixture_metric("loss"), -1, -1, values, 100};
    enum spt_status status = spt_store_begin(store, run, &row, false, error);
    for (int i = first; i < FIGURES && status == SPT_OK; i++) {
        const struct spt_measure measure = {fixture_metric("sink.first"), i, -1, i, 1, 1, 1, 100, 0};
        status = spt_store_put_measure(store, &measure, error);
    }
    if (status == SPT_OK) status = spt_store_put_samples(store, &vector, error);
    if (status == SPT_OK) return spt_store_commit(store, error);
    spt_store_rollback(store);
    return status;
}

static struct file make(const char *path, int first_step, int count, int first_figure) {
    (void)unlink(path);
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    for (int i = 0; i < count; i++)
        assert_int_equal(analyse(store, run, first_step + i, 1, first_figure, NULL), SPT_OK);
    spt_store_close(store);
    fixture_exec(path, "UPDATE run SET created = '2024-01-01T00:00:00Z'");
    return take(path);
}

/* --- what is tested: each on files that were given anew --- */

static enum spt_status write_more(struct spt_error *error) {
    struct spt_store *store = NULL;
    struct spt_store_run run = {.name = (char[]){"demo"},
                                .source = (char[]){"/runs/demo"},
                                .model = {1, 2},
                                .probe = {3, 4},
                                .plan = {5, 6},
                                .mask = (char[]){"causal"}};
    struct spt_store_event event = {.kind = (char *)"alert", .key = (char *)"k", .text = (char *)"x", .step = 1};
    const struct spt_store_point point = {1, 2};
    const struct spt_null null = {fixture_metric("loss"), -1, 1, 1, 4};
    enum spt_status status = spt_store_open("target.db", SPT_STORE_WRITE, 0, &store, error);
    if (status == SPT_OK) status = spt_store_find_or_add_run(store, &run, error);
    if (status == SPT_OK) status = analyse(store, run.id, 7, 1, 0, error);
    if (status == SPT_OK) status = analyse(store, run.id, 0, 2, 0, error); /* supersedes */
    event.run = run.id;
    if (status == SPT_OK) status = spt_store_put_external(store, run.id, "loss", &point, 1, error);
    if (status == SPT_OK) status = spt_store_put_nulls(store, run.id, &null, 1, error);
    if (status == SPT_OK) status = spt_store_add_event(store, &event, error);
    if (status == SPT_END) { /* an earlier try added it */
        event.id = 1;
        status = SPT_OK;
    }
    if (status == SPT_OK) status = spt_store_deliver(store, event.id, SPT_DELIVERY_DONE, NULL, error);
    spt_store_close(store);
    return status;
}

static enum spt_status migrate(struct spt_error *error) {
    struct spt_store *store = NULL;
    const enum spt_status status = spt_store_open("target.db", SPT_STORE_WRITE, 0, &store, error);
    spt_store_close(store);
    return status;
}

static enum spt_status merge(struct spt_error *error) {
    static const char *const sources[] = {"a.db", "b.db"};
    const struct spt_merge_options options = {.into = "target.db", .sources = sources, .source_count = 2};
    struct spt_merge_report reports[2];
    return spt_store_merge(&options, reports, error);
}

static enum spt_status count_found(void *context, const struct spt_audit_row *row, struct spt_error *error) {
    (void)error, (void)row;
    ++*(size_t *)context;
    return SPT_OK;
}

static enum spt_status check(struct spt_error *error) {
    struct spt_store *store = NULL;
    size_t found = 0;
    enum spt_status status = spt_store_open("target.db", SPT_STORE_READ, 0, &store, error);
    if (status == SPT_OK) status = spt_store_audit(store, false, count_found, &found, error);
    if (status == SPT_OK && found)
        status = spt_fail(error, SPT_INVALID, "target.db", "%zu findings, as there should be while files fail", found);
    spt_store_close(store);
    return status;
}

/* --- what holds afterwards --- */

static enum spt_status none_expected(void *context, const struct spt_audit_row *row, struct spt_error *error) {
    (void)context, (void)error;
    if (strstr(row->text, "fewer figures than other checkpoints")) return SPT_OK; /* until the merge is finished */
    fail_msg("%s: %s", row->label ? row->label : "", row->text);
    return SPT_OK;
}

static void assert_whole(const char *path) {
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    assert_int_equal(spt_store_audit(store, true, none_expected, NULL, NULL), SPT_OK);
    spt_store_close(store);
}

struct scenario {
    enum spt_status (*run)(struct spt_error *error);
    struct file target;
    const char *stays; /* a question with one answer before and after, whatever failed */
    const char *ends;  /* ... with one answer once it succeeded */
};

/* Of many calls these many fail, evenly spread; SPT_EVERY_FAULT in the environment: all of them. */
enum { SPREAD = 40 };

static size_t step_of(size_t calls) {
    return getenv("SPT_EVERY_FAULT") || calls <= SPREAD ? 1 : calls / SPREAD;
}

/* Returns how many calls there are. */
static size_t fail_each(const struct scenario *scenario, enum faults_kind kind, bool following) {
    give("target.db", &scenario->target);
    faults_arm(kind, SIZE_MAX, false);
    struct spt_error error = {0};
    const enum spt_status plain = scenario->run(&error);
    const size_t calls = faults_counted();
    (void)faults_disarm();
    if (plain != SPT_OK) fail_msg("without a fault: %s", error.message);
    char *stayed = fixture_query("target.db", scenario->stays), *ended = fixture_query("target.db", scenario->ends);
    for (size_t nth = 0; nth < calls; nth += step_of(calls)) {
        give("target.db", &scenario->target);
        error = (struct spt_error){0};
        faults_arm(kind, nth, following);
        const enum spt_status status = scenario->run(&error);
        (void)faults_disarm();
        if (status != SPT_OK) assert_true(error.status == status && strlen(error.message) > 10);
        assert_whole("target.db");
        assert_query("target.db", scenario->stays, stayed);
        error = (struct spt_error){0};
        if (scenario->run(&error) != SPT_OK) fail_msg("the next try: %s", error.message);
        assert_query("target.db", scenario->ends, ended);
    }
    test_free(stayed);
    test_free(ended);
    return calls;
}

static void fail_every(const char *name, const struct scenario *scenario) {
    const size_t files = fail_each(scenario, FAULTS_FILES, false);
    (void)fail_each(scenario, FAULTS_FILES, true);
    const size_t writes = fail_each(scenario, FAULTS_WRITES, true), memory = fail_each(scenario, FAULTS_MEMORY, false);
    (void)fail_each(scenario, FAULTS_MEMORY, true);
    print_message("%s: %zu calls on files, %zu of them writes, %zu of memory\n", name, files, writes, memory);
    assert_true(files > 20 && memory > 100);
    free(scenario->target.bytes);
}

static const char FIRST[] = "SELECT label, count(*) FROM measure JOIN checkpoint ON id = checkpoint WHERE step < 2 AND"
                            " fingerprint LIKE '%1' GROUP BY id ORDER BY 1";
static const char ALL[] =
    "SELECT label, fingerprint, state, superseded IS NULL, (SELECT count(*) FROM measure WHERE"
    " checkpoint = c.id) FROM checkpoint c UNION ALL SELECT 'event', kind, delivery, text, 0 FROM"
    " event WHERE kind <> 'migration' UNION ALL SELECT 'point', name, step, value, 0 FROM external"
    " ORDER BY 1, 2";

static void a_store_that_is_written_to(void **state) {
    (void)state;
    const struct scenario scenario = {write_more, make("target.db", 0, 2, 0), FIRST, ALL};
    fail_every("writing", &scenario);
}

static void a_store_that_is_brought_from_version_1(void **state) {
    (void)state;
    char *sql = NULL;
    size_t size = 0;
    (void)unlink("one.db");
    assert_int_equal(spt_file_read_all(SPT_TEST_DATA "/store/version1.sql", 1 << 20, &sql, &size, NULL), SPT_OK);
    fixture_exec("one.db", sql);
    fixture_exec("one.db", "PRAGMA journal_mode = WAL");
    free(sql);
    static const char STAYS[] =
        "SELECT label, state, superseded, (SELECT count(*) || ' ' || quote(sum(mean)) FROM measure"
        " WHERE checkpoint = c.id) FROM checkpoint c ORDER BY id";
    const struct scenario scenario = {migrate, take("one.db"), STAYS, ALL};
    fail_every("migrating", &scenario);
}

static void stores_that_are_merged(void **state) {
    (void)state;
    struct file a = make("a.db", 5, 2, 0), b = make("b.db", 0, 1, 0);
    const struct scenario scenario = {merge, make("target.db", 0, 2, 3), "SELECT count(*) >= 2 FROM checkpoint", ALL};
    fail_every("merging", &scenario);
    const struct file a_after = take("a.db"), b_after = take("b.db"); /* the sources were read only */
    assert_true(a.size == a_after.size && memcmp(a.bytes, a_after.bytes, a.size) == 0);
    assert_true(b.size == b_after.size && memcmp(b.bytes, b_after.bytes, b.size) == 0);
    free(a.bytes);
    free(b.bytes);
    free(a_after.bytes);
    free(b_after.bytes);
}

static void a_store_that_is_looked_through(void **state) {
    (void)state;
    const struct scenario scenario = {check, make("target.db", 0, 2, 0), FIRST, ALL};
    fail_every("checking", &scenario);
}

int main(void) {
    faults_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_that_is_written_to),
        cmocka_unit_test(a_store_that_is_brought_from_version_1),
        cmocka_unit_test(stores_that_are_merged),
        cmocka_unit_test(a_store_that_is_looked_through),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
