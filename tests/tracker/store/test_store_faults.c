/* Killed writers, full disks and damaged files: a store holds whole checkpoints or says what is wrong, and never takes
 * the program down. */
#include "store_fixture.h"

#include "checkpoints/base/file.h"
#include "tracker/store/internal.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIGURES = 50 };

/* A small generator of its own (xorshift): the same damage in every run of the test. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

/* Analyses checkpoint after checkpoint until it is killed or cannot. Exit status: the spt_status of the failure. */
static int write_on(const char *path) {
    struct spt_store *store = NULL;
    struct spt_error error = {0};
    enum spt_status status = spt_store_open(path, SPT_STORE_WRITE, 10, &store, &error);
    struct spt_store_run run = {.name = (char[]){"demo"}, .source = (char[]){"/runs/demo"}, .mask = (char[]){"causal"}};
    if (status == SPT_OK) status = spt_store_find_or_add_run(store, &run, &error);
    const float values[256] = {1};
    const struct spt_vector vector = {&SPT_METRICS[0], -1, -1, values, 256};
    for (uint64_t i = 0; status == SPT_OK; i++) {
        struct spt_store_checkpoint row = fixture_row("step", 1, (uint64_t)getpid() << 32 | i);
        status = spt_store_begin(store, run.id, &row, false, &error);
        for (int m = 0; m < FIGURES && status == SPT_OK; m++) {
            const struct spt_measure measure = {&SPT_METRICS[m % 2], m / 2, -1, m, m, m, m, 1, 0};
            status = spt_store_put_measure(store, &measure, &error);
        }
        if (status == SPT_OK) status = spt_store_put_curve(store, &vector, &error);
        if (status == SPT_OK) status = spt_store_commit(store, &error);
    }
    /* SQLite tells a full disk for certain, of other refusals it keeps errno only sometimes. */
    if (status == SPT_IO && error.system != EFBIG && error.system != ENOSPC && error.system != EIO)
        status = SPT_NOMEM; /* not the fault we made */
    spt_store_close(store);
    return (int)status;
}

static void assert_only_whole_checkpoints(const char *path) {
    spt_store_close(fixture_open(path, SPT_STORE_WRITE)); /* what a killed writer left is taken up by the next one */
    assert_query(path, "PRAGMA integrity_check", "ok");
    assert_query(path, "PRAGMA foreign_key_check", "");
    char sql[512];
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM checkpoint c WHERE (SELECT count(*) FROM measure WHERE checkpoint = c.id) <> %d"
        " OR (SELECT count(*) FROM curve WHERE checkpoint = c.id) <> 1",
        FIGURES);
    assert_query(path, sql, "0");
    assert_query(path, "SELECT count(*) <= 1 FROM checkpoint WHERE superseded IS NULL", "1");
}

static void a_writer_killed_at_any_moment_leaves_whole_checkpoints_only(void **state) {
    (void)state;
    uint64_t seed = 1;
    int most = 0;
    for (int cycle = 0; cycle < 60; cycle++) {
        const bool making = cycle % 3 == 0; /* killed while it makes the store, or while it writes to it */
        if (making) assert_true(unlink("kill.db") == 0 || errno == ENOENT);
        const pid_t child = fork();
        if (child == 0) _exit(write_on("kill.db"));
        (void)usleep((useconds_t)(next_random(&seed) % (making ? 6000 : 50000)));
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_only_whole_checkpoints("kill.db");
        char *count = fixture_query("kill.db", "SELECT count(*) FROM checkpoint");
        most = atoi(count) > most ? atoi(count) : most;
        test_free(count);
    }
    assert_true(most > 0); /* some lived long enough to store something */
}

static void a_store_left_half_made_is_made_anew_by_the_next_writer(void **state) {
    (void)state;
    const pid_t child = fork();
    if (child == 0) { /* pages reach the file before the commit that never comes */
        sqlite3 *db = NULL;
        const int code = sqlite3_open("half.db", &db) ||
                         sqlite3_exec(db,
                                      "PRAGMA cache_size = 1; BEGIN EXCLUSIVE; CREATE TABLE run(x);"
                                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                                      " INSERT INTO run SELECT randomblob(1000) FROM n",
                                      NULL, NULL, NULL);
        _exit(code != 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(access("half.db-journal", F_OK), 0);
    struct spt_store *store = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_store_open("half.db", SPT_STORE_READ, 0, &store, &error), SPT_INVALID);
    assert_string_equal(error.message, "it is half made, its writer was stopped: sweep once more, then read it");
    store = fixture_open("half.db", SPT_STORE_WRITE);
    fixture_run(store);
    spt_store_close(store);
    assert_query("half.db", "SELECT name FROM run", "demo");
}

/* The kernel's own refusal of a write, at every size a store passes through: RLIMIT_FSIZE, as a disk that is full. */
static void a_disk_that_is_full_keeps_what_was_stored_before(void **state) {
    (void)state;
    for (rlim_t limit = 512; limit < 400000; limit = limit * 5 / 3) {
        unlink("full.db");
        const pid_t child = fork();
        if (child == 0) {
            if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, limit}))
                _exit(99);
            _exit(write_on("full.db"));
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), SPT_IO);
        assert_only_whole_checkpoints("full.db");
    }
}

static void after_a_full_disk_the_checkpoint_is_lost_and_the_store_goes_on(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("limit.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    fixture_analyse(store, run, fixture_row("step1", 1, 1), 3);
    int64_t pages = 0;
    char sql[64];
    assert_int_equal(spt_sql_scalar(store, "PRAGMA page_count", &pages, NULL), SPT_OK);
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)pages + 2);
    assert_int_equal(spt_sql_scalar(store, sql, &pages, NULL), SPT_OK);
    struct spt_store_checkpoint row = fixture_row("step2", 2, 1);
    struct spt_error error = {0};
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    enum spt_status status = SPT_OK;
    for (int i = 0; i < 10000 && status == SPT_OK; i++) {
        const struct spt_measure measure = {fixture_metric("loss"), i, -1, i, i, i, i, 1, 0};
        status = spt_store_put_measure(store, &measure, &error);
    }
    assert_int_equal(status, SPT_IO);
    assert_int_equal(error.system, ENOSPC);
    assert_string_equal(error.message, "cannot write to the store: No space left on device");
    spt_store_rollback(store);
    assert_int_equal(spt_sql_scalar(store, "PRAGMA max_page_count = 1000000", &pages, NULL), SPT_OK);
    fixture_analyse(store, run, fixture_row("step2", 2, 1), 4);
    spt_store_close(store);
    assert_query("limit.db", "SELECT label, count(*) FROM measure JOIN checkpoint ON checkpoint = id GROUP BY label",
                 "step1|3\nstep2|4");
}

static void a_put_after_the_transaction_was_lost_stores_nothing(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("lost.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const struct spt_measure measure = {fixture_metric("loss"), 0, -1, 1, 1, 1, 1, 1, 0};
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    assert_int_equal(spt_sql_exec(store, "ROLLBACK", "do what SQLite does after an I/O error", NULL), SPT_OK);
    struct spt_error error = {0};
    assert_int_equal(spt_store_put_measure(store, &measure, &error), SPT_IO);
    assert_string_equal(error.message, "the checkpoint that was being written is lost: an earlier write failed");
    assert_int_equal(spt_store_commit(store, NULL), SPT_IO);
    fixture_analyse(store, run, fixture_row("step1", 1, 1), 1); /* a failed commit closes it */
    spt_store_close(store);
    assert_query("lost.db", "SELECT count(*) FROM measure", "1");
}

/* --- damage --- */
static enum spt_status count_measure(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    (void)error;
    *(size_t *)context += strlen(measure->metric);
    return SPT_OK;
}

static void read_checkpoint(struct spt_store *store, int64_t id) {
    float *values = NULL;
    size_t count = 0;
    bool *present = test_calloc(SPT_METRIC_COUNT, sizeof *present);
    (void)spt_store_metrics_present(store, id, present, NULL);
    if (spt_store_vector(store, id, "loss", -1, -1, true, &values, &count, NULL) == SPT_OK) free(values);
    if (spt_store_vector(store, id, "sink.first", 0, -1, false, &values, &count, NULL) == SPT_OK) free(values);
    test_free(present);
}

static void read_run(struct spt_store *store, int64_t run) {
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0, length = 0;
    if (spt_store_checkpoints(store, run, &rows, &count, NULL) == SPT_OK) {
        for (size_t i = 0; i < count; i++) read_checkpoint(store, rows[i].id);
        spt_store_free_checkpoints(rows, count);
    }
    (void)spt_store_each_measure(store, run, NULL, INT_MIN, INT_MIN, count_measure, &length, NULL);
    double mean, sd;
    (void)spt_store_null(store, run, "loss", 0, &mean, &sd, NULL);
    char **names = NULL;
    if (spt_store_external_names(store, run, &names, &count, NULL) != SPT_OK) return;
    for (size_t i = 0; i < count; i++) {
        struct spt_store_point *points = NULL;
        size_t points_count;
        if (spt_store_external(store, run, names[i], &points, &points_count, NULL) == SPT_OK) free(points);
        free(names[i]);
    }
    free(names);
}

/* Opens and reads all there is. What comes back: SPT_OK or a failure with a sentence. */
static enum spt_status read_everything(const char *path, enum spt_store_mode mode) {
    struct spt_store *store = NULL;
    struct spt_store_run *runs = NULL;
    struct spt_error error = {0};
    size_t count = 0;
    enum spt_status status = spt_store_open(path, mode, 0, &store, &error);
    if (status == SPT_OK) status = spt_store_runs(store, &runs, &count, &error);
    if (status == SPT_OK) {
        for (size_t i = 0; i < count; i++) read_run(store, runs[i].id);
        spt_store_free_runs(runs, count);
    } else {
        assert_true(error.status == status && strlen(error.message) > 10);
    }
    spt_store_close(store);
    return status;
}

static void fill(const char *path) {
    struct spt_store *store = fixture_open(path, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    char uri[16];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(uri, sizeof uri, "step%d", i);
        fixture_analyse(store, run, fixture_row(uri, i, 1), 100);
    }
    const struct spt_store_point points[] = {{1, 2}, {3, 4}};
    const struct spt_null null = {fixture_metric("loss"), -1, 1, 1, 32};
    assert_int_equal(spt_store_put_external(store, run, "loss", points, 2, NULL), SPT_OK);
    assert_int_equal(spt_store_put_nulls(store, run, &null, 1, NULL), SPT_OK);
    spt_store_close(store);
}

static void put_bytes(const char *path, const char *bytes, size_t size) {
    assert_int_equal(spt_file_write_all(path, bytes, size, NULL), SPT_OK);
}

static void random_bytes_in_the_middle_never_take_the_program_down(void **state) {
    (void)state;
    char *good = NULL, *bad = NULL;
    size_t size = 0;
    uint64_t seed = 2;
    fill("good.db");
    assert_int_equal(spt_file_read_all("good.db", 1 << 24, &good, &size, NULL), SPT_OK);
    bad = test_malloc(size);
    int refused = 0;
    for (int trial = 0; trial < 300; trial++) {
        memcpy(bad, good, size);
        if (trial % 2) { /* a torn or overwritten block */
            const size_t length = 1 + next_random(&seed) % 4096, start = next_random(&seed) % (size - length);
            for (size_t i = 0; i < length; i++) bad[start + i] = (char)next_random(&seed);
        } else { /* single bytes, mostly where the b-trees' headers are */
            for (int i = 0; i < 16; i++)
                bad[next_random(&seed) % (size / 4096) * 4096 + next_random(&seed) % 128] = (char)next_random(&seed);
        }
        put_bytes("bad.db", bad, size);
        refused += read_everything("bad.db", trial % 3 ? SPT_STORE_READ : SPT_STORE_WRITE) != SPT_OK;
        (void)unlink("bad.db-wal");
        (void)unlink("bad.db-shm");
    }
    assert_true(refused > 20);
    test_free(bad);
    free(good);
}

static void a_truncated_store_is_refused(void **state) {
    (void)state;
    char *good = NULL;
    size_t size = 0;
    fill("whole.db");
    assert_int_equal(spt_file_read_all("whole.db", 1 << 24, &good, &size, NULL), SPT_OK);
    for (size_t length = 1; length < size; length = length * 3 / 2 + 1) {
        put_bytes("cut.db", good, length);
        struct spt_store *store = NULL;
        struct spt_error error = {0};
        const enum spt_status status = spt_store_open("cut.db", SPT_STORE_READ, 0, &store, &error);
        assert_true(status == SPT_INVALID);
        assert_true(strstr(error.message, "the store is damaged") || strstr(error.message, "it is no spectail store"));
    }
    free(good);
}

static void values_this_program_never_writes_are_named(void **state) {
    (void)state;
    static const struct {
        const char *damage, *message;
    } cases[] = {
        {"UPDATE checkpoint SET state = 'fine' WHERE id = 3",
         "the store is damaged: row 3 of table checkpoint has no valid state"},
        {"UPDATE checkpoint SET fingerprint = 'xyz' WHERE id = 2",
         "the store is damaged: row 2 of table checkpoint has no valid digest"},
        {"UPDATE checkpoint SET digest = 'ABCDEF00000000000000000000000000' WHERE id = 1",
         "the store is damaged: row 1 of table checkpoint has no valid digest"},
        {"UPDATE checkpoint SET step = -9223372036854775807 WHERE id = 1",
         "the store is damaged: row 1 of table checkpoint has no valid step and tokens"},
        {"UPDATE checkpoint SET tokens = -2 WHERE id = 2",
         "the store is damaged: row 2 of table checkpoint has no valid step and tokens"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unlink("values.db");
        fill("values.db");
        fixture_exec("values.db", cases[i].damage);
        struct spt_store *store = fixture_open("values.db", SPT_STORE_READ);
        struct spt_store_checkpoint *rows = NULL;
        size_t count = 0;
        struct spt_error error = {0};
        assert_int_equal(spt_store_checkpoints(store, 1, &rows, &count, &error), SPT_INVALID);
        assert_string_equal(error.message, cases[i].message);
        spt_store_close(store);
    }
    fixture_exec("values.db", "UPDATE checkpoint SET tokens = -1; UPDATE measure SET n = 9223372036854775807");
    struct spt_store *many = fixture_open("values.db", SPT_STORE_READ);
    struct spt_error too_many = {0};
    size_t length = 0;
    assert_int_equal(spt_store_each_measure(many, 1, NULL, INT_MIN, INT_MIN, count_measure, &length, &too_many),
                     SPT_INVALID);
    assert_string_equal(too_many.message,
                        "the store is damaged: row 1 of table checkpoint has no valid number of samples");
    spt_store_close(many);
    fixture_exec("values.db", "UPDATE probe_value SET \"values\" = x'010203'; UPDATE run SET layers = -1");
    struct spt_store *store = fixture_open("values.db", SPT_STORE_READ);
    float *values = NULL;
    size_t count = 0;
    struct spt_error error = {0};
    assert_int_equal(spt_store_vector(store, 1, "loss", -1, -1, true, &values, &count, &error), SPT_INVALID);
    assert_string_equal(error.message, "the store is damaged: a vector of 3 bytes");
    struct spt_store_run *runs = NULL;
    assert_int_equal(spt_store_runs(store, &runs, &count, &error), SPT_INVALID);
    assert_string_equal(error.message,
                        "the store is damaged: row 1 of table run has no valid number of layers, heads and samples");
    spt_store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_killed_at_any_moment_leaves_whole_checkpoints_only),
        cmocka_unit_test(a_store_left_half_made_is_made_anew_by_the_next_writer),
        cmocka_unit_test(a_disk_that_is_full_keeps_what_was_stored_before),
        cmocka_unit_test(after_a_full_disk_the_checkpoint_is_lost_and_the_store_goes_on),
        cmocka_unit_test(a_put_after_the_transaction_was_lost_stores_nothing),
        cmocka_unit_test(random_bytes_in_the_middle_never_take_the_program_down),
        cmocka_unit_test(a_truncated_store_is_refused),
        cmocka_unit_test(values_this_program_never_writes_are_named),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
