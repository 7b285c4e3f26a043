/* Writing: runs, one checkpoint a transaction, nulls, series.
 *
 *     idle --begin--> open --put...--> open --commit--> idle
 *                      |  '--(SQLite rolls back by itself: disk full, I/O error)--> lost --rollback--> idle
 *                      '--rollback--> idle
 *
 * In the state "lost" every put and commit is refused: otherwise each would be stored by itself, and half a checkpoint
 * with it.
 */
#include "tracker/store/internal.h"

#include "checkpoints/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char WRITE[] = "write to the store";

enum spt_status spt_store_require_write(struct spt_store *store, struct spt_error *error) {
    if (store->lock < 0) return spt_fail(error, SPT_INVALID, store->path, "the store was opened for reading only");
    if (store->checkpoint && sqlite3_get_autocommit(store->db))
        return spt_fail(error, SPT_IO, store->path,
                        "the checkpoint that was being written is lost: an earlier write failed");
    return SPT_OK;
}

/* --- runs --- */
static enum spt_status add_run(struct spt_store *store, struct spt_store_run *run, struct spt_error *error) {
    char now[SPT_STORE_TIME_MAX];
    spt_store_now(now);
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_RUN_ADD);
    spt_sql_text(&sql, run->name);
    spt_sql_text(&sql, run->source);
    spt_sql_hash(&sql, run->model);
    spt_sql_hash(&sql, run->probe);
    spt_sql_hash(&sql, run->plan);
    spt_sql_integer(&sql, (int64_t)run->layers);
    spt_sql_integer(&sql, (int64_t)run->heads);
    spt_sql_integer(&sql, (int64_t)run->samples);
    spt_sql_text(&sql, run->mask);
    spt_sql_text(&sql, run->created ? run->created : now);
    spt_sql_text(&sql, SPT_VERSION);
    spt_sql_text(&sql, run->model_text);
    spt_sql_text(&sql, run->probe_text);
    spt_sql_text(&sql, run->plan_text);
    const enum spt_status status = spt_sql_finish(&sql, WRITE, error);
    if (status == SPT_OK) run->id = sqlite3_last_insert_rowid(store->db);
    return status;
}

static enum spt_status move_run(struct spt_store *store, const struct spt_store_run *run, const char *from,
                                struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_RUN_MOVE);
    spt_sql_text(&sql, run->source);
    spt_sql_integer(&sql, run->id);
    const enum spt_status status = spt_sql_finish(&sql, WRITE, error);
    struct spt_store_event event = {
        .kind = (char[]){"moved"}, .run = run->id, .step = SPT_NO_STEP, .text = (char *)from};
    return status == SPT_OK ? spt_store_add_event(store, &event, error) : status;
}

/* What the digests are of, where an older version did not say. */
static enum spt_status describe_run(struct spt_store *store, const struct spt_store_run *run, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_RUN_DESCRIBE);
    spt_sql_text(&sql, run->model_text);
    spt_sql_text(&sql, run->probe_text);
    spt_sql_text(&sql, run->plan_text);
    spt_sql_integer(&sql, run->id);
    return spt_sql_finish(&sql, WRITE, error);
}

enum spt_status spt_store_find_or_add_run(struct spt_store *store, struct spt_store_run *run, struct spt_error *error) {
    enum spt_status status = spt_store_require_write(store, error);
    if (status == SPT_OK) status = spt_sql_group_begin(store, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_RUN_FIND);
    spt_sql_text(&sql, run->name);
    spt_sql_hash(&sql, run->model);
    spt_sql_hash(&sql, run->probe);
    spt_sql_hash(&sql, run->plan);
    bool failed = false;
    char *source = NULL;
    status = spt_sql_next(&sql, "read the store", error);
    if (status == SPT_OK) {
        run->id = sqlite3_column_int64(sql.statement, 0);
        source = spt_sql_column_text(&sql, 1, &failed);
    }
    spt_sql_end(&sql);
    if (status == SPT_END) {
        status = add_run(store, run, error);
    } else if (status == SPT_OK && !source) {
        status = spt_fail_memory(error, 1, "a path");
    } else if (status == SPT_OK) {
        status = describe_run(store, run, error);
        if (status == SPT_OK && strcmp(source, run->source) != 0) status = move_run(store, run, source, error);
    }
    free(source);
    return spt_sql_group_end(store, status, error);
}

/* --- one checkpoint --- */
static enum spt_status require_checkpoint(struct spt_store *store, struct spt_error *error) {
    if (!store->checkpoint) return spt_fail(error, SPT_INVALID, store->path, "no checkpoint is being written");
    return spt_store_require_write(store, error);
}

/* Inserts the row, or finds it and counts the try. *kept: the row is analysed already, and this is a failure to add to
 * it. */
static enum spt_status add_checkpoint(struct spt_store *store, int64_t run, struct spt_store_checkpoint *row,
                                      bool *kept, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_CHECKPOINT_ADD);
    spt_sql_integer(&sql, run);
    spt_sql_text(&sql, row->uri);
    spt_sql_hash(&sql, row->fingerprint);
    spt_sql_text(&sql, row->branch ? row->branch : "");
    spt_sql_text(&sql, row->label);
    spt_sql_integer(&sql, (int64_t)row->bytes);
    spt_sql_text(&sql, spt_state_name(row->state));
    spt_sql_integer(&sql, row->state != SPT_STATE_WAITING);
    spt_sql_text(&sql, row->version ? row->version : SPT_VERSION);
    enum spt_status status = spt_sql_next(&sql, WRITE, error);
    if (status == SPT_END)
        status = spt_fail(error, SPT_INVALID, store->path, "the store is damaged: it gives no row back");
    if (status == SPT_OK) {
        row->id = store->checkpoint = sqlite3_column_int64(sql.statement, 0);
        row->tries = sqlite3_column_int64(sql.statement, 1);
        store->sealed = sqlite3_column_type(sql.statement, 3) != SQLITE_NULL;
        const bool whole = spt_sql_column_hash(&sql, 3, &store->figures);
        const char *state = (const char *)sqlite3_column_text(sql.statement, 2);
        *kept = row->state != SPT_STATE_ANALYSED && state && strcmp(state, spt_state_name(SPT_STATE_ANALYSED)) == 0;
        status = spt_sql_next(&sql, WRITE, error); /* to the end: only then the row is written */
        status = status == SPT_END ? SPT_OK : status;
        if (status == SPT_OK && !whole)
            status = spt_store_damaged(store, "checkpoint", row->id, "sum of its figures", error);
    }
    spt_sql_end(&sql);
    return status;
}

static enum spt_status amend(struct spt_store *store, const struct spt_store_checkpoint *row, struct spt_error *error) {
    char now[SPT_STORE_TIME_MAX];
    spt_store_now(now);
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_CHECKPOINT_AMEND);
    spt_sql_text(&sql, row->branch ? row->branch : "");
    spt_sql_integer_or_null(&sql, row->step, SPT_NO_STEP);
    spt_sql_integer_or_null(&sql, row->tokens, SPT_NO_TOKENS);
    spt_sql_text(&sql, row->label);
    spt_sql_hash_or_null(&sql, row->digest);
    spt_sql_integer(&sql, (int64_t)row->bytes);
    spt_sql_text(&sql, spt_state_name(row->state));
    spt_sql_text(&sql, row->state == SPT_STATE_ANALYSED ? NULL : row->reason);
    spt_sql_real(&sql, row->seconds);
    spt_sql_text(&sql, row->finished ? row->finished : now);
    spt_sql_text(&sql, row->version ? row->version : SPT_VERSION);
    spt_sql_integer(&sql, store->checkpoint);
    return spt_sql_finish(&sql, WRITE, error);
}

enum spt_status spt_store_remove_figures(struct spt_store *store, int64_t checkpoint, struct spt_error *error) {
    static const enum spt_sql_id removals[] = {SPT_SQL_MEASURE_REMOVE, SPT_SQL_SAMPLES_REMOVE, SPT_SQL_CURVE_REMOVE,
                                               SPT_SQL_DRAWS_REMOVE};
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < sizeof removals / sizeof *removals && status == SPT_OK; i++) {
        struct spt_sql sql = spt_sql_start(store, removals[i]);
        spt_sql_integer(&sql, checkpoint);
        status = spt_sql_finish(&sql, WRITE, error);
    }
    return status;
}

static enum spt_status remove_figures(struct spt_store *store, struct spt_error *error) {
    const enum spt_status status = spt_store_remove_figures(store, store->checkpoint, error);
    store->figures = (struct spt_hash){0};
    store->sealed = true;
    return status;
}

enum spt_status spt_store_begin(struct spt_store *store, int64_t run, struct spt_store_checkpoint *row, bool replace,
                                struct spt_error *error) {
    enum spt_status status = spt_store_require_write(store, error);
    if (status == SPT_OK && store->checkpoint)
        status = spt_fail(error, SPT_INVALID, store->path, "another checkpoint is being written");
    if (status == SPT_OK) status = spt_sql_exec(store, "BEGIN IMMEDIATE", WRITE, error);
    if (status != SPT_OK) return status;
    bool kept = false;
    status = add_checkpoint(store, run, row, &kept, error);
    if (status == SPT_OK && replace) status = remove_figures(store, error);
    if (status == SPT_OK && (replace || !kept)) status = amend(store, row, error);
    if (status != SPT_OK) spt_store_rollback(store);
    return status;
}

enum spt_status spt_store_amend(struct spt_store *store, const struct spt_store_checkpoint *row,
                                struct spt_error *error) {
    const enum spt_status status = require_checkpoint(store, error);
    return status == SPT_OK ? amend(store, row, error) : status;
}

enum spt_status spt_store_commit(struct spt_store *store, struct spt_error *error) {
    enum spt_status status = require_checkpoint(store, error);
    if (status == SPT_OK) {
        struct spt_sql sql = spt_sql_start(store, SPT_SQL_CHECKPOINT_SUPERSEDE);
        spt_sql_integer(&sql, store->checkpoint);
        status = spt_sql_finish(&sql, WRITE, error);
    }
    if (status == SPT_OK && store->sealed) status = spt_seal_write(store, store->checkpoint, store->figures, error);
    if (status == SPT_OK) status = spt_sql_exec(store, "COMMIT", WRITE, error);
    if (status == SPT_OK) {
        store->checkpoint = 0;
    } else {
        spt_store_rollback(store);
    }
    return status;
}

void spt_store_rollback(struct spt_store *store) {
    store->checkpoint = 0;
    if (!store->db) return;
    if (!sqlite3_get_autocommit(store->db)) spt_sql_leave(store, SPT_SQL_ROLLBACK);
    /* Rows that were new are gone, also where SQLite rolled back by itself. */
    memset(store->metric_id, 0, SPT_METRIC_COUNT * sizeof *store->metric_id);
}

/* --- figures --- */
static enum spt_status find_metric(struct spt_store *store, const char *name, int64_t *id, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_METRIC_FIND);
    spt_sql_text(&sql, name);
    enum spt_status status = spt_sql_next(&sql, "read the store", error);
    if (status == SPT_OK) *id = sqlite3_column_int64(sql.statement, 0);
    spt_sql_end(&sql);
    if (status == SPT_END)
        status = spt_fail(error, SPT_INVALID, store->path, "the store is damaged: metric \"%s\" is gone", name);
    return status;
}

enum spt_status spt_store_intern_metric(struct spt_store *store, const struct spt_metric *metric, int64_t *id,
                                        struct spt_error *error) {
    const uintptr_t distance =
        (uintptr_t)metric - (uintptr_t)SPT_METRICS; /* wraps for a metric that is no row of the table */
    const size_t row = distance / sizeof *metric;
    if (row < SPT_METRIC_COUNT && store->metric_id[row]) {
        *id = store->metric_id[row];
        return SPT_OK;
    }
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_METRIC_ADD);
    spt_sql_text(&sql, metric->name);
    spt_sql_text(&sql, metric->unit);
    enum spt_status status = spt_sql_finish(&sql, WRITE, error);
    if (status == SPT_OK) status = find_metric(store, metric->name, id, error);
    if (status == SPT_OK && row < SPT_METRIC_COUNT) store->metric_id[row] = *id;
    return status;
}

enum spt_status spt_store_put_measure(struct spt_store *store, const struct spt_measure *measure,
                                      struct spt_error *error) {
    int64_t metric = 0;
    enum spt_status status = require_checkpoint(store, error);
    if (status == SPT_OK) status = spt_store_intern_metric(store, measure->metric, &metric, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_MEASURE_ADD);
    spt_sql_integer(&sql, store->checkpoint);
    spt_sql_integer(&sql, metric);
    spt_sql_integer(&sql, measure->layer);
    spt_sql_integer(&sql, measure->head);
    spt_sql_real(&sql, measure->mean);
    spt_sql_real(&sql, measure->sd);
    spt_sql_real(&sql, measure->lo);
    spt_sql_real(&sql, measure->hi);
    spt_sql_integer(&sql, (int64_t)measure->n);
    spt_sql_integer(&sql, (int64_t)measure->bad);
    status = spt_sql_finish(&sql, WRITE, error);
    if (status == SPT_OK && sqlite3_changes(store->db)) /* else it was there already */
        spt_seal_add(&store->figures, spt_seal_of_measure(measure->metric->name, measure));
    return status;
}

/* The vector's numbers as little-endian bytes in store->bytes. */
static enum spt_status encode(struct spt_store *store, const struct spt_vector *vector, struct spt_error *error) {
    if (!spt_grow((void **)&store->bytes, &store->bytes_capacity, vector->count, sizeof *vector->values))
        return spt_fail_memory(error, vector->count, "a vector");
    for (size_t i = 0; i < vector->count; i++) {
        uint32_t bits;
        memcpy(&bits, &vector->values[i], sizeof bits);
        for (unsigned b = 0; b < sizeof bits; b++) store->bytes[4 * i + b] = (unsigned char)(bits >> 8 * b);
    }
    return SPT_OK;
}

static enum spt_status put_vector(struct spt_store *store, enum spt_sql_id id, char table,
                                  const struct spt_vector *vector, struct spt_error *error) {
    int64_t metric = 0;
    enum spt_status status = require_checkpoint(store, error);
    if (status == SPT_OK) status = spt_store_intern_metric(store, vector->metric, &metric, error);
    if (status == SPT_OK) status = encode(store, vector, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_sql_start(store, id);
    spt_sql_integer(&sql, store->checkpoint);
    spt_sql_integer(&sql, metric);
    spt_sql_integer(&sql, vector->layer);
    spt_sql_integer(&sql, vector->head);
    spt_sql_blob(&sql, store->bytes, vector->count * sizeof *vector->values);
    status = spt_sql_finish(&sql, WRITE, error);
    if (status == SPT_OK && sqlite3_changes(store->db))
        spt_seal_add(&store->figures, spt_seal_of_vector(table, vector->metric->name, vector->layer, vector->head,
                                                         store->bytes, vector->count * sizeof *vector->values));
    return status;
}

enum spt_status spt_store_put_samples(struct spt_store *store, const struct spt_vector *values,
                                      struct spt_error *error) {
    return put_vector(store, SPT_SQL_SAMPLES_ADD, SPT_SEAL_SAMPLES, values, error);
}

enum spt_status spt_store_put_curve(struct spt_store *store, const struct spt_vector *curve, struct spt_error *error) {
    return put_vector(store, SPT_SQL_CURVE_ADD, SPT_SEAL_CURVE, curve, error);
}

enum spt_status spt_store_put_draws(struct spt_store *store, const struct spt_vector *draws, struct spt_error *error) {
    return put_vector(store, SPT_SQL_DRAWS_ADD, SPT_SEAL_DRAWS, draws, error);
}

/* --- nulls, series --- */
static enum spt_status put_null(struct spt_store *store, int64_t run, const struct spt_null *null,
                                struct spt_error *error) {
    int64_t metric = 0;
    const enum spt_status status = spt_store_intern_metric(store, null->metric, &metric, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_NULL_ADD);
    spt_sql_integer(&sql, run);
    spt_sql_integer(&sql, metric);
    spt_sql_integer(&sql, null->layer);
    spt_sql_real(&sql, null->mean);
    spt_sql_real(&sql, null->sd);
    spt_sql_integer(&sql, (int64_t)null->draws);
    return spt_sql_finish(&sql, WRITE, error);
}

enum spt_status spt_store_put_nulls(struct spt_store *store, int64_t run, const struct spt_null *nulls, size_t count,
                                    struct spt_error *error) {
    enum spt_status status = spt_store_require_write(store, error);
    if (status == SPT_OK) status = spt_sql_group_begin(store, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < count && status == SPT_OK; i++) status = put_null(store, run, &nulls[i], error);
    status = spt_sql_group_end(store, status, error);
    if (status != SPT_OK) memset(store->metric_id, 0, SPT_METRIC_COUNT * sizeof *store->metric_id);
    return status;
}

static enum spt_status put_point(struct spt_store *store, int64_t run, const char *name,
                                 const struct spt_store_point *point, int64_t position, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EXTERNAL_ADD);
    spt_sql_integer(&sql, run);
    spt_sql_text(&sql, name);
    spt_sql_integer(&sql, point->step);
    spt_sql_real(&sql, point->value);
    spt_sql_integer(&sql, position);
    return spt_sql_finish(&sql, WRITE, error);
}

/* Where the series stands among the run's: where it stood, or behind the last one. */
static enum spt_status series_position(struct spt_store *store, int64_t run, const char *name, int64_t *position,
                                       struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EXTERNAL_POSITION);
    spt_sql_integer(&sql, run);
    spt_sql_text(&sql, name);
    const enum spt_status status = spt_sql_next(&sql, "read the store", error);
    if (status == SPT_OK) *position = sqlite3_column_int64(sql.statement, 0);
    spt_sql_end(&sql);
    return status;
}

enum spt_status spt_store_put_external(struct spt_store *store, int64_t run, const char *name,
                                       const struct spt_store_point *points, size_t count, struct spt_error *error) {
    int64_t position = 0;
    enum spt_status status = spt_store_require_write(store, error);
    if (status == SPT_OK) status = spt_sql_group_begin(store, error);
    if (status != SPT_OK) return status;
    status = series_position(store, run, name, &position, error);
    if (status == SPT_OK) {
        struct spt_sql sql = spt_sql_start(store, SPT_SQL_EXTERNAL_REMOVE);
        spt_sql_integer(&sql, run);
        spt_sql_text(&sql, name);
        status = spt_sql_finish(&sql, WRITE, error);
    }
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        status = put_point(store, run, name, &points[i], position, error);
    return spt_sql_group_end(store, status, error);
}
