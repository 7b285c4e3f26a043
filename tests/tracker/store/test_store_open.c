/* Opening: what is a store, who may write, and how older versions are brought along. */
#include "store_fixture.h"

#include "checkpoints/base/file.h"
#include "tracker/store/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void put_file(const char *path, const char *text) {
    assert_int_equal(spt_file_write_all(path, text, strlen(text), NULL), SPT_OK);
}

static void refuse(const char *path, enum spt_store_mode mode, enum spt_status expected, const char *message) {
    struct spt_store *store = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_store_open(path, mode, 0, &store, &error), expected);
    assert_null(store);
    assert_string_equal(error.path, path);
    assert_string_equal(error.message, message);
}

static void a_new_store_is_marked_versioned_strict_and_in_wal_mode(void **state) {
    (void)state;
    spt_store_close(fixture_open("new.db", SPT_STORE_WRITE));
    assert_query("new.db", "PRAGMA application_id", "1399878764"); /* 0x5370746C */
    assert_query("new.db", "PRAGMA user_version", "3");
    assert_query("new.db", "PRAGMA journal_mode", "wal");
    assert_query("new.db",
                 "SELECT group_concat(name, ' ') FROM (SELECT name FROM pragma_table_list WHERE strict ORDER BY name)",
                 "checkpoint curve draw event external measure metric null_value probe_value run");
    assert_query("new.db", "SELECT name FROM pragma_table_list WHERE wr ORDER BY name",
                 "external\nmeasure\nnull_value");
}

static void the_writer_syncs_fully_and_closes_without_leaving_a_log(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("log.db", SPT_STORE_WRITE);
    int64_t synchronous = 0;
    assert_int_equal(spt_sql_scalar(store, "PRAGMA synchronous", &synchronous, NULL), SPT_OK);
    assert_int_equal(synchronous, 2); /* FULL */
    fixture_run(store);
    assert_int_equal(access("log.db-wal", F_OK), 0);
    spt_store_close(store);
    assert_int_equal(access("log.db-wal", F_OK), -1);
    assert_int_equal(access("log.db-shm", F_OK), -1);
}

static void what_is_no_store_is_refused_by_what_it_is(void **state) {
    (void)state;
    put_file("text", "{\"step\": 0, \"loss\": 7.15}\n");
    put_file("short", "SQL");
    put_file("empty", "");
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    for (int mode = SPT_STORE_READ; mode <= SPT_STORE_WRITE; mode++) {
        refuse("text", mode, SPT_INVALID,
               "it is no spectail store: expected a SQLite 3 database, found \"{\"step\": 0, \"los\"");
        refuse("short", mode, SPT_INVALID, "it is no spectail store: expected a SQLite 3 database, found \"SQL\"");
        refuse("folder", mode, SPT_INVALID, "it is a directory, not a spectail store");
        refuse("pipe", mode, SPT_INVALID, "it is no regular file, so no spectail store");
        refuse("no/folder.db", mode, SPT_IO, "cannot open the store: No such file or directory");
        refuse("", mode, SPT_IO, "cannot open the store: No such file or directory");
    }
    refuse("empty", SPT_STORE_READ, SPT_INVALID, "it is empty, not a spectail store");
    refuse("missing", SPT_STORE_READ, SPT_IO, "cannot open the store: No such file or directory");
    assert_int_equal(access("missing", F_OK), -1);
    assert_int_equal(access("text.lock", F_OK), -1);
}

static void another_programs_database_is_refused_and_left_alone(void **state) {
    (void)state;
    fixture_exec("other.db", "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    for (int mode = SPT_STORE_READ; mode <= SPT_STORE_WRITE; mode++)
        refuse("other.db", mode, SPT_INVALID,
               "it is no spectail store: a SQLite database of another program (application id 0, expected 1399878764)");
    assert_query("other.db", "PRAGMA journal_mode", "delete");
    assert_query("other.db", "SELECT name FROM sqlite_schema", "t");
}

static void a_newer_version_is_refused_with_both_versions(void **state) {
    (void)state;
    spt_store_close(fixture_open("newer.db", SPT_STORE_WRITE));
    fixture_exec("newer.db", "PRAGMA user_version = 7");
    for (int mode = SPT_STORE_READ; mode <= SPT_STORE_WRITE; mode++)
        refuse("newer.db", mode, SPT_INVALID,
               "the store is of version 7, this spectail (" SPT_VERSION
               ") knows versions up to 3: use a newer spectail");
    fixture_exec("newer.db", "PRAGMA user_version = -3");
    refuse("newer.db", SPT_STORE_READ, SPT_INVALID, "the store is damaged: its version is -3");
}

static void a_store_that_lacks_a_table_or_column_is_damaged(void **state) {
    (void)state;
    spt_store_close(fixture_open("gap.db", SPT_STORE_WRITE));
    fixture_exec("gap.db", "DROP TABLE curve");
    refuse("gap.db", SPT_STORE_READ, SPT_INVALID, "cannot read the store, the store is damaged: no such table: curve");
    refuse("gap.db", SPT_STORE_WRITE, SPT_INVALID, "cannot read the store, the store is damaged: no such table: curve");
    spt_store_close(fixture_open("column.db", SPT_STORE_WRITE));
    fixture_exec("column.db", "ALTER TABLE event RENAME COLUMN kind TO sort");
    refuse("column.db", SPT_STORE_READ, SPT_INVALID,
           "cannot read the store, the store is damaged: table event has no column named kind");
}

/* --- one writer --- */
static void a_second_writer_is_refused_with_host_and_pid_of_the_first(void **state) {
    (void)state;
    struct spt_store *first = fixture_open("locked.db", SPT_STORE_WRITE);
    char host[256] = "", expected[512];
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    (void)snprintf(expected, sizeof expected, "the store is locked by another writer (host %s pid %ld)", host,
                   (long)getpid());
    refuse("locked.db", SPT_STORE_WRITE, SPT_RETRY, expected);
    assert_int_equal(symlink("locked.db", "link.db"), 0); /* a link to the store is the same store */
    refuse("link.db", SPT_STORE_WRITE, SPT_RETRY, expected);
    spt_store_close(first);
    spt_store_close(fixture_open("link.db", SPT_STORE_WRITE));
}

/* A child that holds the writer's lock of path for milliseconds, or until it is killed when negative. */
static pid_t hold(const char *path, int milliseconds) {
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct spt_store *store = NULL;
        if (spt_store_open(path, SPT_STORE_WRITE, 0, &store, NULL) != SPT_OK || write(ready[1], "x", 1) != 1) _exit(1);
        if (milliseconds < 0) pause();
        (void)usleep((useconds_t)milliseconds * 1000);
        spt_store_close(store);
        _exit(0);
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void a_writer_that_waits_gets_the_store_when_the_first_one_ends(void **state) {
    (void)state;
    const pid_t child = hold("wait.db", 300);
    struct spt_store *store = NULL;
    const double start = now();
    assert_int_equal(spt_store_open("wait.db", SPT_STORE_WRITE, 0.1, &store, NULL), SPT_RETRY);
    assert_true(now() - start >= 0.1);
    assert_int_equal(spt_store_open("wait.db", SPT_STORE_WRITE, 60, &store, NULL), SPT_OK);
    spt_store_close(store);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void the_lock_of_a_killed_writer_is_free(void **state) {
    (void)state;
    const pid_t child = hold("killed.db", -1);
    struct spt_error error = {0};
    struct spt_store *store = NULL;
    assert_int_equal(spt_store_open("killed.db", SPT_STORE_WRITE, 0, &store, &error), SPT_RETRY);
    char pid[32];
    (void)snprintf(pid, sizeof pid, " pid %ld)", (long)child);
    assert_non_null(strstr(error.message, pid));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    spt_store_close(fixture_open("killed.db", SPT_STORE_WRITE));
}

static void who_writes_is_told_by_the_lock_and_not_by_its_text(void **state) {
    (void)state;
    char *holder = NULL, host[256] = "", expected[512];
    assert_int_equal(spt_store_writer("asked.db", &holder, NULL), SPT_END); /* no such store */
    const pid_t child = hold("asked.db", -1);
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    (void)snprintf(expected, sizeof expected, "host %s pid %ld", host, (long)child);
    assert_int_equal(spt_store_writer("asked.db", &holder, NULL), SPT_OK);
    assert_string_equal(holder, expected);
    free(holder);
    assert_int_equal(symlink("asked.db", "asked-link.db"), 0); /* a link to the store is the same store */
    assert_int_equal(chmod("asked.db.lock", 0444), 0);
    assert_int_equal(spt_store_writer("asked-link.db", &holder, NULL), SPT_OK);
    assert_string_equal(holder, expected);
    free(holder);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(access("asked.db.lock", F_OK), 0);
    assert_int_equal(spt_store_writer("asked.db", &holder, NULL), SPT_END);
}

static void who_only_asks_for_the_writer_does_not_refuse_one(void **state) {
    (void)state;
    spt_store_close(fixture_open("often.db", SPT_STORE_WRITE));
    const pid_t child = fork();
    if (child == 0) {
        for (char *holder = NULL;; holder = NULL) {
            (void)spt_store_writer("often.db", &holder, NULL);
            free(holder);
        }
    }
    for (int i = 0; i < 50; i++) spt_store_close(fixture_open("often.db", SPT_STORE_WRITE));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* --- readers --- */
struct interference {
    struct spt_store *writer;
    int64_t run;
    int seen;
};

static enum spt_status write_meanwhile(void *context, const struct spt_store_measure *measure,
                                       struct spt_error *error) {
    (void)measure, (void)error;
    struct interference *i = context;
    if (i->seen++ == 0) fixture_analyse(i->writer, i->run, fixture_row("step2", 2, 1), 3);
    return SPT_OK;
}

static void a_reader_sees_one_snapshot_and_does_not_block_the_writer(void **state) {
    (void)state;
    struct spt_store *writer = fixture_open("both.db", SPT_STORE_WRITE);
    const int64_t run = fixture_run(writer);
    fixture_analyse(writer, run, fixture_row("step1", 1, 1), 4);
    struct spt_store *reader = fixture_open("both.db", SPT_STORE_READ);
    struct interference interference = {writer, run, 0};
    assert_int_equal(
        spt_store_each_measure(reader, run, NULL, INT32_MIN, INT32_MIN, write_meanwhile, &interference, NULL), SPT_OK);
    assert_int_equal(interference.seen, 4);
    assert_int_equal(
        spt_store_each_measure(reader, run, NULL, INT32_MIN, INT32_MIN, write_meanwhile, &interference, NULL), SPT_OK);
    assert_int_equal(interference.seen, 4 + 7);
    spt_store_close(reader);
    spt_store_close(writer);
}

static void a_reader_cannot_write(void **state) {
    (void)state;
    spt_store_close(fixture_open("read.db", SPT_STORE_WRITE));
    struct spt_store *store = fixture_open("read.db", SPT_STORE_READ);
    struct spt_error error = {0};
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    assert_int_equal(spt_store_begin(store, 1, &row, false, &error), SPT_INVALID);
    assert_string_equal(error.message, "the store was opened for reading only");
    struct spt_store_event event = {.kind = (char[]){"alert"}, .text = (char[]){""}};
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_INVALID);
    assert_int_equal(spt_store_deliver(store, 1, SPT_DELIVERY_DONE, NULL, NULL), SPT_INVALID);
    assert_int_equal(spt_store_put_nulls(store, 1, NULL, 0, NULL), SPT_INVALID);
    assert_int_equal(spt_store_put_external(store, 1, "loss", NULL, 0, NULL), SPT_INVALID);
    spt_store_close(store);
}

/* Read-only media cannot be had without privileges; a link that leads nowhere in the place
 * of the shared memory's file stops SQLite in the same way. */
static void a_store_is_read_where_nothing_can_be_written_beside_it(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("media.db", SPT_STORE_WRITE);
    fixture_analyse(store, fixture_run(store), fixture_row("step1", 1, 1), 2);
    spt_store_close(store);
    assert_int_equal(symlink("nowhere/to/be/found", "media.db-shm"), 0);
    store = fixture_open("media.db", SPT_STORE_READ);
    struct spt_store_run *runs = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_runs(store, &runs, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    assert_string_equal(runs[0].name, "demo");
    spt_store_free_runs(runs, count);
    spt_store_close(store);
    put_file("media.db-wal", "the last changes");
    struct spt_error error = {0};
    assert_int_equal(spt_store_open("media.db", SPT_STORE_READ, 0, &store, &error), SPT_IO);
    assert_non_null(strstr(error.message, "its last changes are in "));
}

static void no_name_means_anything_to_sqlite(void **state) {
    (void)state;
    static const char *const names[] = {":memory:", "file:a.db?mode=memory", "50%25?#.db", "a b.db"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct spt_store *store = fixture_open(names[i], SPT_STORE_WRITE);
        fixture_run(store);
        spt_store_close(store);
        assert_int_equal(access(names[i], F_OK), 0);
        spt_store_close(fixture_open(names[i], SPT_STORE_READ));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_is_marked_versioned_strict_and_in_wal_mode),
        cmocka_unit_test(the_writer_syncs_fully_and_closes_without_leaving_a_log),
        cmocka_unit_test(what_is_no_store_is_refused_by_what_it_is),
        cmocka_unit_test(another_programs_database_is_refused_and_left_alone),
        cmocka_unit_test(a_newer_version_is_refused_with_both_versions),
        cmocka_unit_test(a_store_that_lacks_a_table_or_column_is_damaged),
        cmocka_unit_test(a_second_writer_is_refused_with_host_and_pid_of_the_first),
        cmocka_unit_test(a_writer_that_waits_gets_the_store_when_the_first_one_ends),
        cmocka_unit_test(the_lock_of_a_killed_writer_is_free),
        cmocka_unit_test(who_writes_is_told_by_the_lock_and_not_by_its_text),
        cmocka_unit_test(who_only_asks_for_the_writer_does_not_refuse_one),
        cmocka_unit_test(a_reader_sees_one_snapshot_and_does_not_block_the_writer),
        cmocka_unit_test(a_reader_cannot_write),
        cmocka_unit_test(a_store_is_read_where_nothing_can_be_written_beside_it),
        cmocka_unit_test(no_name_means_anything_to_sqlite),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
