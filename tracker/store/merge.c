/* Stores, runs, and what belongs to a run beside its checkpoints.
 *
 *     check every source  ->  open the target  ->  check it too  ->  for each source, for each of its runs:
 *     the run's row  ->  its checkpoints (merge_checkpoints.c)  ->  nulls, series, events
 */
#include "tracker/store/merge_internal.h"

#include "checkpoints/base/memory.h"
#include "tracker/store/integrity.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char READ[] = "read the store", WRITE[] = "write to the store";

#define RUN_COLUMNS                                                                                                    \
    "name, source, model_digest, probe_digest, plan_digest, layers, heads, samples, mask, spectail_version, created,"  \
    " model_text, probe_text, plan_text"
#define LEDGER_COLUMNS                                                                                                 \
    "branch, step, tokens, label, uri, fingerprint, digest, bytes, state, reason, tries, seconds, finished, version,"  \
    " figures"
#define MEASURE_COLUMNS "metric, layer, head, mean, sd, lo, hi, n, bad"
#define VECTOR_COLUMNS  "metric, layer, head, \"values\""
#define INTO_VECTOR(table)                                                                                             \
    "INSERT INTO " table "(checkpoint, " VECTOR_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"

static const char *const FROM[SPT_FROM_COUNT] = {
    [SPT_FROM_RUN] = "SELECT " RUN_COLUMNS " FROM run WHERE id = ?1",
    [SPT_FROM_ROWS] =
        "SELECT id, uri, fingerprint, digest, state, finished, superseded, figures FROM checkpoint WHERE run = ?1"
        " ORDER BY uri, id",
    [SPT_FROM_LEDGER] = "SELECT " LEDGER_COLUMNS " FROM checkpoint WHERE id = ?1",
    [SPT_FROM_MEASURE] = "SELECT " MEASURE_COLUMNS " FROM measure WHERE checkpoint = ?1",
    [SPT_FROM_SAMPLES] = "SELECT " VECTOR_COLUMNS " FROM probe_value WHERE checkpoint = ?1",
    [SPT_FROM_CURVE] = "SELECT " VECTOR_COLUMNS " FROM curve WHERE checkpoint = ?1",
    [SPT_FROM_DRAWS] = "SELECT " VECTOR_COLUMNS " FROM draw WHERE checkpoint = ?1",
    [SPT_FROM_NULL] = "SELECT metric, layer, mean, sd, draws FROM null_value WHERE run = ?1",
    [SPT_FROM_EXTERNAL] = "SELECT name, step, value, position FROM external WHERE run = ?1",
    [SPT_FROM_METRIC] = "SELECT id, name, unit FROM metric",
    [SPT_FROM_KEY] = "SELECT uri, fingerprint, digest FROM checkpoint WHERE id = ?1",
};

static const char *const INTO[SPT_INTO_COUNT] = {
    [SPT_INTO_RUN] = /* the first parameter is not used: every copy has a key */
    "INSERT INTO run(" RUN_COLUMNS ") SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15"
    " WHERE ?1 IS NOT NULL ON CONFLICT(name, model_digest, probe_digest, plan_digest) DO UPDATE SET"
    " created = MIN(created, excluded.created), model_text = COALESCE(model_text, excluded.model_text),"
    " probe_text = COALESCE(probe_text, excluded.probe_text), plan_text = COALESCE(plan_text, excluded.plan_text)"
    " WHERE excluded.created < created OR (model_text IS NULL AND excluded.model_text IS NOT NULL)"
    " OR (probe_text IS NULL AND excluded.probe_text IS NOT NULL)"
    " OR (plan_text IS NULL AND excluded.plan_text IS NOT NULL)",
    [SPT_INTO_RUN_ID] = "SELECT id, source FROM run WHERE name = ?1 AND model_digest = ?2 AND probe_digest = ?3"
                        " AND plan_digest = ?4",
    [SPT_INTO_ROWS] =
        "SELECT id, uri, fingerprint, digest, state, finished, superseded, figures FROM checkpoint WHERE run = ?1"
        " AND uri = ?2 ORDER BY id",
    [SPT_INTO_ADD] = "INSERT INTO checkpoint(run, " LEDGER_COLUMNS
                     ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    [SPT_INTO_REPLACE] = "UPDATE checkpoint SET (" LEDGER_COLUMNS
                         ") = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) WHERE id = ?1",
    [SPT_INTO_LATER] = "UPDATE checkpoint SET finished = ?1, fingerprint = ?2 WHERE id = ?3",
    [SPT_INTO_SUPERSEDED] = "UPDATE checkpoint SET superseded = ?1 WHERE id = ?2",
    [SPT_INTO_MEASURE] = "INSERT INTO measure(checkpoint, " MEASURE_COLUMNS
                         ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
    [SPT_INTO_SAMPLES] = INTO_VECTOR("probe_value"),
    [SPT_INTO_CURVE] = INTO_VECTOR("curve"),
    [SPT_INTO_DRAWS] = INTO_VECTOR("draw"),
    [SPT_INTO_NULL] = "INSERT INTO null_value(run, metric, layer, mean, sd, draws) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                      " ON CONFLICT DO NOTHING",
    [SPT_INTO_EXTERNAL] =
        "INSERT INTO external(run, name, step, value, position) VALUES(?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(run, name, step) DO UPDATE SET value = COALESCE(MAX(value, excluded.value), value,"
        " excluded.value), position = MIN(position, excluded.position)"
        " WHERE excluded.position < position OR excluded.value > value OR (value IS NULL AND excluded.value IS NOT"
        " NULL)",
    [SPT_INTO_POSITION] =
        "UPDATE external AS e SET position = (SELECT MIN(position) FROM external f WHERE f.run = e.run AND f.name ="
        " e.name) WHERE run = ?1 AND position > (SELECT MIN(position) FROM external f WHERE f.run = e.run AND f.name ="
        " e.name)",
    [SPT_INTO_METRIC] = "INSERT INTO metric(name, unit) VALUES(?1, ?2) ON CONFLICT(name) DO NOTHING",
    [SPT_INTO_CHECKPOINT] =
        "SELECT id FROM checkpoint WHERE run = ?1 AND uri = ?2 AND (fingerprint = ?3 OR (digest = ?4 AND state ="
        " 'analysed')) ORDER BY fingerprint = ?3 DESC, id LIMIT 1",
    [SPT_INTO_EVENT] = "SELECT id FROM event WHERE run IS ?1 AND kind = ?2 AND time = ?3 AND text = ?4 AND step IS ?5"
                       " AND branch = ?6 AND key IS NULL",
    [SPT_INTO_EVENT_KEY] = "SELECT id, time, text, delivery FROM event WHERE COALESCE(run, 0) = ?1 AND kind = ?2"
                           " AND key = ?3",
    [SPT_INTO_EVENT_AMEND] = "UPDATE event SET time = ?1, checkpoint = ?2, step = ?3, branch = ?4, rule = ?5, text = ?6"
                             " WHERE id = ?7",
};

/* --- statements and copies --- */

struct spt_sql spt_merge_from(struct spt_merge *merge, enum spt_merge_from id) {
    sqlite3_reset(merge->of_from[id]);
    return (struct spt_sql){.store = merge->from, .statement = merge->of_from[id]};
}

struct spt_sql spt_merge_into(struct spt_merge *merge, enum spt_merge_into id) {
    sqlite3_reset(merge->of_into[id]);
    return (struct spt_sql){.store = merge->into, .statement = merge->of_into[id]};
}

/* The target's row for a metric of the source, made when it is missing. */
static enum spt_status map_metric(struct spt_merge *merge, int64_t from, int64_t *into, struct spt_error *error) {
    size_t i = 0;
    while (i < merge->metric_count && merge->metrics[i].from != from) i++;
    if (i == merge->metric_count)
        return spt_fail(error, SPT_INVALID, merge->from->path,
                        "the store is damaged: it has figures of metric %lld, "
                        "which is not in its table",
                        (long long)from);
    struct spt_merge_metric *metric = &merge->metrics[i];
    enum spt_status status = SPT_OK;
    if (!metric->into) {
        struct spt_sql sql = spt_merge_into(merge, SPT_INTO_METRIC);
        spt_sql_text(&sql, metric->name);
        spt_sql_text(&sql, metric->unit);
        status = spt_sql_finish(&sql, WRITE, error);
        if (status != SPT_OK) return status;
        sql = spt_sql_start(merge->into, SPT_SQL_METRIC_FIND);
        spt_sql_text(&sql, metric->name);
        status = spt_sql_next(&sql, READ, error);
        if (status == SPT_OK) metric->into = sqlite3_column_int64(sql.statement, 0);
        spt_sql_end(&sql);
        if (status == SPT_END)
            status = spt_fail(error, SPT_INVALID, merge->into->path, "the store is damaged: metric \"%s\" is gone",
                              metric->name);
    }
    *into = metric->into;
    return status;
}

/* What the target refused because of its value is the source's fault: its rows were of the same tables. */
static enum spt_status put_failed(struct spt_merge *merge, enum spt_status status, struct spt_error *error) {
    if ((sqlite3_errcode(merge->into->db) & 0xff) != SQLITE_CONSTRAINT) return status;
    return spt_fail(error, SPT_INVALID, merge->from->path, "the store is damaged: a row of it is refused: %s",
                    sqlite3_errmsg(merge->into->db));
}

static enum spt_status put_row(struct spt_merge *merge, const struct spt_sql *row, enum spt_merge_into put,
                               bool has_metric, int64_t key, struct spt_error *error) {
    int64_t metric = 0;
    enum spt_status status = SPT_OK;
    if (has_metric) status = map_metric(merge, sqlite3_column_int64(row->statement, 0), &metric, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_merge_into(merge, put);
    spt_sql_integer(&sql, key);
    if (has_metric) spt_sql_integer(&sql, metric);
    for (int column = has_metric; column < sqlite3_column_count(row->statement); column++) {
        const int code = sqlite3_bind_value(sql.statement, ++sql.bound, sqlite3_column_value(row->statement, column));
        if (code != SQLITE_OK && !sql.failed) sql.failed = code;
    }
    status = spt_sql_finish(&sql, WRITE, error);
    return status == SPT_OK ? SPT_OK : put_failed(merge, status, error);
}

enum spt_status spt_merge_copy(struct spt_merge *merge, enum spt_merge_from query, enum spt_merge_into put,
                               bool has_metric, int64_t from_key, int64_t into_key, struct spt_error *error) {
    struct spt_sql rows = spt_merge_from(merge, query);
    spt_sql_integer(&rows, from_key);
    enum spt_status status;
    while ((status = spt_sql_next(&rows, READ, error)) == SPT_OK) {
        status = put_row(merge, &rows, put, has_metric, into_key, error);
        if (status != SPT_OK) break;
    }
    spt_sql_end(&rows);
    return status == SPT_END ? SPT_OK : status;
}

enum spt_status spt_merge_end(struct spt_merge *merge, enum spt_status status, struct spt_error *error) {
    if (status == SPT_OK) status = spt_sql_exec(merge->into, "COMMIT", WRITE, error);
    if (status == SPT_OK || sqlite3_get_autocommit(merge->into->db)) return status;
    spt_sql_leave(merge->into, SPT_SQL_ROLLBACK);
    return status;
}

/* --- what belongs to a run beside its checkpoints --- */

/* into_run: the target's row for the run; 0: none yet. */
static enum spt_status find_run(struct spt_merge *merge, const struct spt_store_run *run, struct spt_error *error) {
    struct spt_sql sql = spt_merge_into(merge, SPT_INTO_RUN_ID);
    spt_sql_text(&sql, run->name);
    spt_sql_hash(&sql, run->model);
    spt_sql_hash(&sql, run->probe);
    spt_sql_hash(&sql, run->plan);
    const enum spt_status status = spt_sql_next(&sql, READ, error);
    const char *source = status == SPT_OK ? (const char *)sqlite3_column_text(sql.statement, 1) : NULL;
    merge->into_run = status == SPT_OK ? sqlite3_column_int64(sql.statement, 0) : 0;
    merge->same_folder = source && strcmp(source, run->source) == 0;
    spt_sql_end(&sql);
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status merge_run_row(struct spt_merge *merge, const struct spt_store_run *run,
                                     struct spt_error *error) {
    enum spt_status status = find_run(merge, run, error);
    if (status != SPT_OK) return status;
    merge->report->runs++;
    merge->report->runs_added += merge->into_run == 0;
    status = spt_merge_copy(merge, SPT_FROM_RUN, SPT_INTO_RUN, false, run->id, 1, error);
    if (status == SPT_OK) status = find_run(merge, run, error);
    if (status == SPT_OK && !merge->into_run)
        status = spt_fail(error, SPT_INVALID, merge->from->path, "run \"%s\" was taken out of it meanwhile", run->name);
    return status;
}

/* How far a delivery is: what was told once stays told. */
static int delivery_rank(const char *name) {
    static const enum spt_delivery ORDER[] = {SPT_DELIVERY_NONE, SPT_DELIVERY_PENDING, SPT_DELIVERY_STARTED,
                                              SPT_DELIVERY_FAILED, SPT_DELIVERY_DONE};
    for (size_t i = 0; name && i < sizeof ORDER / sizeof *ORDER; i++)
        if (strcmp(name, spt_delivery_name(ORDER[i])) == 0) return (int)i;
    return -1;
}

/* The target's row of the checkpoint that the event is of in the source; 0: none. */
static enum spt_status map_checkpoint(struct spt_merge *merge, int64_t from, int64_t *into, struct spt_error *error) {
    *into = 0;
    if (!from) return SPT_OK;
    struct spt_sql key = spt_merge_from(merge, SPT_FROM_KEY);
    spt_sql_integer(&key, from);
    enum spt_status status = spt_sql_next(&key, READ, error);
    if (status == SPT_OK) {
        struct spt_sql sql = spt_merge_into(merge, SPT_INTO_CHECKPOINT);
        spt_sql_integer(&sql, merge->into_run);
        spt_sql_text(&sql, (const char *)sqlite3_column_text(key.statement, 0));
        spt_sql_text(&sql, (const char *)sqlite3_column_text(key.statement, 1));
        spt_sql_text(&sql, (const char *)sqlite3_column_text(key.statement, 2));
        status = spt_sql_next(&sql, READ, error);
        if (status == SPT_OK) *into = sqlite3_column_int64(sql.statement, 0);
        spt_sql_end(&sql);
    }
    spt_sql_end(&key);
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status add_event(struct spt_merge *merge, struct spt_store_event *event, struct spt_error *error) {
    merge->report->events++;
    return spt_store_add_event(merge->into, event, error);
}

static enum spt_status merge_bare_event(struct spt_merge *merge, struct spt_store_event *event,
                                        struct spt_error *error) {
    struct spt_sql sql = spt_merge_into(merge, SPT_INTO_EVENT);
    spt_sql_integer_or_null(&sql, event->run, 0);
    spt_sql_text(&sql, event->kind);
    spt_sql_text(&sql, event->time);
    spt_sql_text(&sql, event->text);
    spt_sql_integer_or_null(&sql, event->step, SPT_NO_STEP);
    spt_sql_text(&sql, event->branch);
    const enum spt_status status = spt_sql_next(&sql, READ, error);
    spt_sql_end(&sql);
    return status == SPT_END ? add_event(merge, event, error) : status;
}

/* The earlier of two events with one key is the event; how far its delivery is, is the further of the two. */
static enum spt_status merge_keyed_event(struct spt_merge *merge, struct spt_store_event *event,
                                         struct spt_error *error) {
    struct spt_sql sql = spt_merge_into(merge, SPT_INTO_EVENT_KEY);
    spt_sql_integer(&sql, event->run);
    spt_sql_text(&sql, event->kind);
    spt_sql_text(&sql, event->key);
    enum spt_status status = spt_sql_next(&sql, READ, error);
    bool earlier = false, further = false;
    int64_t id = 0;
    if (status == SPT_OK) {
        const char *time = (const char *)sqlite3_column_text(sql.statement, 1);
        const char *text = (const char *)sqlite3_column_text(sql.statement, 2);
        const int order = strcmp(event->time, time ? time : "");
        id = sqlite3_column_int64(sql.statement, 0);
        earlier = order < 0 || (order == 0 && strcmp(event->text, text ? text : "") < 0);
        further = delivery_rank(spt_delivery_name(event->delivery)) >
                  delivery_rank((const char *)sqlite3_column_text(sql.statement, 3));
    }
    spt_sql_end(&sql);
    if (status != SPT_OK) return status == SPT_END ? add_event(merge, event, error) : status;
    if (earlier || further) merge->report->events++;
    if (further) status = spt_store_deliver(merge->into, id, event->delivery, event->outcome, error);
    if (!earlier || status != SPT_OK) return status;
    sql = spt_merge_into(merge, SPT_INTO_EVENT_AMEND);
    spt_sql_text(&sql, event->time);
    spt_sql_integer_or_null(&sql, event->checkpoint, 0);
    spt_sql_integer_or_null(&sql, event->step, SPT_NO_STEP);
    spt_sql_text(&sql, event->branch);
    spt_sql_text(&sql, event->rule);
    spt_sql_text(&sql, event->text);
    spt_sql_integer(&sql, id);
    return spt_sql_finish(&sql, WRITE, error);
}

/* from_run 0: the events of no run. How a store came to its version is said by that store alone. */
static enum spt_status merge_events(struct spt_merge *merge, int64_t from_run, int64_t into_run,
                                    struct spt_error *error) {
    struct spt_store_event *events = NULL;
    size_t count = 0;
    enum spt_status status = spt_store_events(merge->from, from_run, NULL, &events, &count, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        struct spt_store_event *event = &events[i];
        if (strcmp(event->kind, "migration") == 0) continue;
        status = map_checkpoint(merge, event->checkpoint, &event->checkpoint, error);
        event->run = into_run;
        if (status != SPT_OK) break;
        status = event->key ? merge_keyed_event(merge, event, error) : merge_bare_event(merge, event, error);
    }
    spt_store_free_events(events, count);
    return status;
}

static enum spt_status merge_rest(struct spt_merge *merge, struct spt_error *error) {
    enum spt_status status = spt_sql_exec(merge->into, "BEGIN IMMEDIATE", WRITE, error);
    if (status != SPT_OK) return status;
    const sqlite3_int64 first = sqlite3_total_changes64(merge->into->db);
    status = spt_merge_copy(merge, SPT_FROM_NULL, SPT_INTO_NULL, true, merge->from_run, merge->into_run, error);
    const sqlite3_int64 second = sqlite3_total_changes64(merge->into->db);
    if (status == SPT_OK)
        status =
            spt_merge_copy(merge, SPT_FROM_EXTERNAL, SPT_INTO_EXTERNAL, false, merge->from_run, merge->into_run, error);
    if (status == SPT_OK) {
        struct spt_sql sql = spt_merge_into(merge, SPT_INTO_POSITION);
        spt_sql_integer(&sql, merge->into_run);
        status = spt_sql_finish(&sql, WRITE, error);
    }
    merge->report->nulls += (size_t)(second - first);
    merge->report->points += (size_t)(sqlite3_total_changes64(merge->into->db) - second);
    if (status == SPT_OK) status = merge_events(merge, merge->from_run, merge->into_run, error);
    return spt_merge_end(merge, status, error);
}

/* --- one source --- */

static enum spt_status read_metrics(struct spt_merge *merge, struct spt_error *error) {
    struct spt_sql sql = spt_merge_from(merge, SPT_FROM_METRIC);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        bool failed = !spt_grow((void **)&merge->metrics, &merge->metric_capacity, merge->metric_count + 1,
                                sizeof *merge->metrics);
        if (!failed) {
            struct spt_merge_metric *metric = &merge->metrics[merge->metric_count++];
            *metric = (struct spt_merge_metric){.from = sqlite3_column_int64(sql.statement, 0)};
            metric->name = spt_sql_column_text(&sql, 1, &failed);
            metric->unit = spt_sql_column_text(&sql, 2, &failed);
        }
        if (failed) {
            status = spt_fail_memory(error, sizeof *merge->metrics, "the list of metrics");
            break;
        }
    }
    spt_sql_end(&sql);
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status prepare(struct spt_merge *merge, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (int i = 0; i < SPT_FROM_COUNT && status == SPT_OK; i++)
        status = spt_sql_prepare(merge->from, FROM[i], &merge->of_from[i], error);
    for (int i = 0; i < SPT_INTO_COUNT && status == SPT_OK; i++)
        status = spt_sql_prepare(merge->into, INTO[i], &merge->of_into[i], error);
    return status;
}

static void release(struct spt_merge *merge) {
    for (int i = 0; i < SPT_FROM_COUNT; i++) sqlite3_finalize(merge->of_from[i]);
    for (int i = 0; i < SPT_INTO_COUNT; i++) sqlite3_finalize(merge->of_into[i]);
    for (size_t i = 0; i < merge->metric_count; i++) {
        free(merge->metrics[i].name);
        free(merge->metrics[i].unit);
    }
    free(merge->metrics);
    spt_store_close(merge->from);
}

static bool same_identity(const struct spt_store_run *a, const struct spt_store_run *b) {
    return strcmp(a->name, b->name) == 0 && spt_hash_equal(a->model, b->model) && spt_hash_equal(a->probe, b->probe) &&
           spt_hash_equal(a->plan, b->plan);
}

/* A store's runs, as they were when it was checked. */
struct listed {
    const char *path;           /* borrowed */
    struct spt_store_run *runs; /* [count] */
    size_t count;
};

static enum spt_status merge_run(struct spt_merge *merge, const struct spt_store_run *run, struct spt_error *error) {
    merge->from_run = run->id;
    enum spt_status status = merge_run_row(merge, run, error);
    if (status == SPT_OK) status = spt_merge_checkpoints(merge, error);
    return status == SPT_OK ? merge_rest(merge, error) : status;
}

static enum spt_status merge_source(struct spt_store *into, const struct listed *source,
                                    struct spt_merge_report *report, struct spt_error *error) {
    struct spt_merge merge = {.into = into, .report = report};
    enum spt_status status = spt_store_open(source->path, SPT_STORE_READ, 0, &merge.from, error);
    if (status != SPT_OK) return status;
    status = prepare(&merge, error);
    if (status == SPT_OK) status = spt_sql_exec(merge.from, "BEGIN", READ, error); /* one snapshot of all of it */
    if (status == SPT_OK) status = read_metrics(&merge, error);
    for (size_t i = 0; i < source->count && status == SPT_OK; i++) status = merge_run(&merge, &source->runs[i], error);
    if (status == SPT_OK) status = spt_sql_exec(into, "BEGIN IMMEDIATE", WRITE, error);
    if (status == SPT_OK) status = spt_merge_end(&merge, merge_events(&merge, 0, 0, error), error);
    release(&merge);
    return status;
}

/* --- what is refused before anything is changed --- */

static enum spt_status list_source(const char *path, struct listed *listed, bool *written, struct spt_error *error) {
    struct spt_store *store = NULL;
    char *writer = NULL;
    listed->path = path;
    *written = spt_store_writer(path, &writer, NULL) == SPT_OK;
    free(writer);
    enum spt_status status = spt_store_open(path, SPT_STORE_READ, 0, &store, error);
    if (status == SPT_OK) status = spt_store_integrity(store, true, error);
    if (status == SPT_OK) status = spt_store_runs(store, &listed->runs, &listed->count, error);
    spt_store_close(store);
    return status;
}

static enum spt_status check_not_itself(const struct spt_merge_options *options, struct spt_error *error) {
    struct stat into, from;
    if (stat(options->into, &into)) return SPT_OK;
    for (size_t i = 0; i < options->source_count; i++)
        if (stat(options->sources[i], &from) == 0 && from.st_dev == into.st_dev && from.st_ino == into.st_ino)
            return spt_fail(error, SPT_INVALID, options->sources[i],
                            "is the store that the others are merged into (--into %s); leave it out of the sources",
                            options->into);
    return SPT_OK;
}

static enum spt_status fail_difference(const struct listed *list, const struct spt_store_run *run,
                                       const struct listed *other_list, const struct spt_store_run *other,
                                       struct spt_error *error) {
    struct spt_text text = {0};
    spt_store_run_difference(run, other, &text);
    const enum spt_status status =
        text.failed ? spt_fail_memory(error, 64, "a comparison")
                    : spt_fail(error, SPT_INVALID, list->path, "its run \"%s\" is not that of %s: %s", run->name,
                               other_list->path, text.data ? text.data : "");
    spt_text_release(&text);
    return status;
}

/* Runs by number, over all stores; head: the number of the first run that each is tied to. Two are tied when they are
 * the same, or have one name in one store: who put both there knows them apart. */
struct ties {
    const struct listed **list;
    const struct spt_store_run **run;
    size_t *head;
    size_t count;
};

static void tie(struct ties *ties, size_t a, size_t b) {
    const size_t from = ties->head[b], to = ties->head[a];
    for (size_t i = 0; i < ties->count; i++)
        if (ties->head[i] == from) ties->head[i] = to;
}

static enum spt_status compare_runs(struct ties *ties, struct spt_error *error) {
    for (size_t i = 0; i < ties->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(ties->run[i]->name, ties->run[k]->name) == 0 &&
                (ties->list[i] == ties->list[k] || same_identity(ties->run[i], ties->run[k])))
                tie(ties, k, i);
    for (size_t i = 0; i < ties->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(ties->run[i]->name, ties->run[k]->name) == 0 && ties->head[i] != ties->head[k])
                return fail_difference(ties->list[i], ties->run[i], ties->list[k], ties->run[k], error);
    return SPT_OK;
}

/* lists [count] */
static enum spt_status check_differences(const struct listed *lists, size_t count, struct spt_error *error) {
    struct ties ties = {0};
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += lists[i].count;
    ties.list = spt_alloc(total, sizeof *ties.list);
    ties.run = spt_alloc(total, sizeof *ties.run);
    ties.head = spt_alloc(total, sizeof *ties.head);
    enum spt_status status = SPT_OK;
    if (!ties.list || !ties.run || !ties.head) status = spt_fail_memory(error, total * sizeof *ties.run, "runs");
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        for (size_t k = 0; k < lists[i].count; k++, ties.count++) {
            ties.list[ties.count] = &lists[i];
            ties.run[ties.count] = &lists[i].runs[k];
            ties.head[ties.count] = ties.count;
        }
    if (status == SPT_OK) status = compare_runs(&ties, error);
    free(ties.list);
    free(ties.run);
    free(ties.head);
    return status;
}

/* lists [1 + source_count], the first one for into */
static enum spt_status merge_all(const struct spt_merge_options *options, struct listed *lists,
                                 struct spt_merge_report *reports, struct spt_error *error) {
    const size_t count = options->source_count;
    struct spt_store *into = NULL;
    enum spt_status status = check_not_itself(options, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        status = list_source(options->sources[i], &lists[1 + i], &reports[i].written, error);
    if (status == SPT_OK) status = check_differences(lists, 1 + count, error); /* before into is made */
    if (status == SPT_OK) status = spt_store_open(options->into, SPT_STORE_WRITE, options->wait_seconds, &into, error);
    lists[0].path = options->into;
    if (status == SPT_OK) status = spt_store_runs(into, &lists[0].runs, &lists[0].count, error);
    if (status == SPT_OK) status = check_differences(lists, 1 + count, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        status = merge_source(into, &lists[1 + i], &reports[i], error);
    spt_store_close(into);
    return status;
}

enum spt_status spt_store_merge(const struct spt_merge_options *options, struct spt_merge_report *reports,
                                struct spt_error *error) {
    memset(reports, 0, options->source_count * sizeof *reports);
    struct listed *lists = spt_alloc_zeroed(options->source_count + 1, sizeof *lists);
    if (!lists) return spt_fail_memory(error, (options->source_count + 1) * sizeof *lists, "the list of stores");
    const enum spt_status status = merge_all(options, lists, reports, error);
    for (size_t i = 0; i <= options->source_count; i++) spt_store_free_runs(lists[i].runs, lists[i].count);
    free(lists);
    return status;
}
