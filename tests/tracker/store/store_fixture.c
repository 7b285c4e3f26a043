#include "store_fixture.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fixture_enter(void **state) {
    char *directory = test_calloc(1, 64);
    (void)snprintf(directory, 64, "/tmp/spectail-test-XXXXXX");
    *state = directory;
    return mkdtemp(directory) ? chdir(directory) : -1;
}

int fixture_leave(void **state) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    test_free(*state);
    return chdir("/") || system(command);
}

struct spt_store *fixture_open(const char *path, enum spt_store_mode mode) {
    struct spt_store *store = NULL;
    struct spt_error error = {0};
    if (spt_store_open(path, mode, 0, &store, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    return store;
}

int64_t fixture_run(struct spt_store *store) {
    struct spt_store_run run = {
        .name = (char[]){"demo"},
        .source = (char[]){"/runs/demo"},
        .model = {1, 2},
        .probe = {3, 4},
        .plan = {5, 6},
        .layers = 6,
        .heads = 4,
        .samples = 100,
        .mask = (char[]){"causal"},
    };
    struct spt_error error = {0};
    if (spt_store_find_or_add_run(store, &run, &error) != SPT_OK) fail_msg("%s", error.message);
    assert_true(run.id > 0);
    return run.id;
}

struct spt_store_checkpoint fixture_row(const char *uri, int64_t step, uint64_t version) {
    return (struct spt_store_checkpoint){
        .branch = (char *)"",
        .label = (char *)uri,
        .uri = (char *)uri,
        .step = step,
        .tokens = SPT_NO_TOKENS,
        .fingerprint = {.low = version, .high = 7},
        .bytes = 1000,
        .state = SPT_STATE_ANALYSED,
        .seconds = 0.25,
    };
}

const struct spt_metric *fixture_metric(const char *name) {
    const size_t row = spt_metric_find(name);
    assert_true(row < SPT_METRIC_COUNT);
    return &SPT_METRICS[row];
}

int64_t fixture_analyse(struct spt_store *store, int64_t run, struct spt_store_checkpoint row, int count) {
    static const float values[] = {1, 2, 3};
    const struct spt_vector vector = {fixture_metric("loss"), -1, -1, values, 3};
    struct spt_error error = {0};
    enum spt_status status = spt_store_begin(store, run, &row, false, &error);
    for (int i = 0; i < count && status == SPT_OK; i++) {
        const struct spt_measure measure = {fixture_metric("loss"), i, -1, i + 0.5, NAN, NAN, NAN, 100, 0};
        status = spt_store_put_measure(store, &measure, &error);
    }
    if (status == SPT_OK) status = spt_store_put_samples(store, &vector, &error);
    if (status == SPT_OK) status = spt_store_commit(store, &error);
    if (status != SPT_OK) fail_msg("%s", error.message);
    return row.id;
}

static sqlite3 *connect_to(const char *path) {
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

char *fixture_query(const char *path, const char *sql) {
    sqlite3 *db = connect_to(path);
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(db));
    char *text = test_calloc(1, 1 << 16);
    size_t length = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int c = 0; c < sqlite3_column_count(statement); c++) {
            const char *value = (const char *)sqlite3_column_text(statement, c);
            length += (size_t)snprintf(text + length, (1 << 16) - length, "%s%s",
                                       c        ? "|"
                                       : length ? "\n"
                                                : "",
                                       value ? value : "NULL");
            assert_true(length < 1 << 16);
        }
    }
    if (code != SQLITE_DONE) fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return text;
}

void fixture_exec(const char *path, const char *sql) {
    sqlite3 *db = connect_to(path);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}
