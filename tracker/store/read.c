/* Reading: everything comes back as copies, except what spt_store_each_measure lends to its callback. */
#include "tracker/store/internal.h"

#include "checkpoints/base/memory.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char READ[] = "read the store";

enum { LAYERS_MAX = 65536 }; /* and heads: no model has as many, but a spoilt store may say so */

static const char *const STATES[SPT_STATE_COUNT] = {
    [SPT_STATE_WAITING] = "waiting",         [SPT_STATE_ANALYSED] = "analysed",
    [SPT_STATE_INCOMPLETE] = "incomplete",   [SPT_STATE_INVALID] = "invalid",
    [SPT_STATE_UNSUPPORTED] = "unsupported", [SPT_STATE_VANISHED] = "vanished",
    [SPT_STATE_UNREADABLE] = "unreadable",
};

const char *spt_state_name(enum spt_checkpoint_state state) {
    return (unsigned)state < SPT_STATE_COUNT ? STATES[state] : "unknown";
}

enum spt_status spt_store_damaged(struct spt_store *store, const char *table, int64_t id, const char *column,
                                  struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, store->path, "the store is damaged: row %lld of table %s has no valid %s",
                    (long long)id, table, column);
}

/* --- runs --- */
static void release_run(struct spt_store_run *run) {
    free(run->name);
    free(run->source);
    free(run->mask);
    free(run->created);
    free(run->model_text);
    free(run->probe_text);
    free(run->plan_text);
}

void spt_store_free_runs(struct spt_store_run *runs, size_t count) {
    for (size_t i = 0; runs && i < count; i++) release_run(&runs[i]);
    free(runs);
}

static enum spt_status read_run(struct spt_sql *sql, struct spt_store_run *run, struct spt_error *error) {
    bool failed = false;
    *run = (struct spt_store_run){
        .id = spt_sql_column_integer(sql, 0, 0),
        .name = spt_sql_column_text(sql, 1, &failed),
        .source = spt_sql_column_text(sql, 2, &failed),
        .layers = (size_t)spt_sql_column_integer(sql, 6, 0),
        .heads = (size_t)spt_sql_column_integer(sql, 7, 0),
        .samples = (size_t)spt_sql_column_integer(sql, 8, 0),
        .mask = spt_sql_column_text(sql, 9, &failed),
        .created = spt_sql_column_text(sql, 10, &failed),
        .model_text = spt_sql_column_text(sql, 11, &failed),
        .probe_text = spt_sql_column_text(sql, 12, &failed),
        .plan_text = spt_sql_column_text(sql, 13, &failed),
    };
    if (failed) return spt_fail_memory(error, sizeof *run, "a run");
    if (!spt_sql_column_hash(sql, 3, &run->model) || !spt_sql_column_hash(sql, 4, &run->probe) ||
        !spt_sql_column_hash(sql, 5, &run->plan))
        return spt_store_damaged(sql->store, "run", run->id, "digest", error);
    if (!run->name || !run->source || !run->mask || !run->created)
        return spt_store_damaged(sql->store, "run", run->id, "name, source, mask and time", error);
    if (run->layers > LAYERS_MAX || run->heads > LAYERS_MAX || run->samples > INT_MAX)
        return spt_store_damaged(sql->store, "run", run->id, "number of layers, heads and samples", error);
    return SPT_OK;
}

enum spt_status spt_store_runs(struct spt_store *store, struct spt_store_run **runs, size_t *count,
                               struct spt_error *error) {
    struct spt_store_run *list = NULL;
    size_t length = 0, capacity = 0;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_RUN_LIST);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        if (!spt_grow((void **)&list, &capacity, length + 1, sizeof *list)) {
            status = spt_fail_memory(error, sizeof *list, "the list of runs");
            break;
        }
        status = read_run(&sql, &list[length++], error);
        if (status != SPT_OK) break;
    }
    spt_sql_end(&sql);
    if (status != SPT_END) {
        spt_store_free_runs(list, length);
        return status;
    }
    *runs = list;
    *count = length;
    return SPT_OK;
}

/* --- the ledger --- */
static void release_checkpoint(struct spt_store_checkpoint *row) {
    free(row->branch);
    free(row->label);
    free(row->uri);
    free(row->reason);
    free(row->finished);
    free(row->version);
}

void spt_store_free_checkpoints(struct spt_store_checkpoint *rows, size_t count) {
    for (size_t i = 0; rows && i < count; i++) release_checkpoint(&rows[i]);
    free(rows);
}

bool spt_state_find(const char *name, enum spt_checkpoint_state *state) {
    for (int i = 0; name && i < SPT_STATE_COUNT; i++) {
        if (strcmp(name, STATES[i]) != 0) continue;
        *state = (enum spt_checkpoint_state)i;
        return true;
    }
    return false;
}

static enum spt_status read_checkpoint(struct spt_sql *sql, struct spt_store_checkpoint *row, struct spt_error *error) {
    bool failed = false;
    *row = (struct spt_store_checkpoint){
        .id = spt_sql_column_integer(sql, 0, 0),
        .branch = spt_sql_column_text(sql, 1, &failed),
        .label = spt_sql_column_text(sql, 2, &failed),
        .uri = spt_sql_column_text(sql, 3, &failed),
        .step = spt_sql_column_integer(sql, 4, SPT_NO_STEP),
        .tokens = spt_sql_column_integer(sql, 5, SPT_NO_TOKENS),
        .bytes = (uint64_t)spt_sql_column_integer(sql, 8, 0),
        .reason = spt_sql_column_text(sql, 10, &failed),
        .tries = spt_sql_column_integer(sql, 11, 0),
        .superseded = spt_sql_column_integer(sql, 12, 0),
        .seconds = spt_sql_column_real(sql, 13),
        .finished = spt_sql_column_text(sql, 14, &failed),
        .version = spt_sql_column_text(sql, 15, &failed),
        .duplicate_of = spt_sql_column_integer(sql, 16, SPT_NO_STEP),
    };
    if (failed) return spt_fail_memory(error, sizeof *row, "a checkpoint");
    if (!spt_sql_column_hash(sql, 6, &row->fingerprint) || !spt_sql_column_hash(sql, 7, &row->digest))
        return spt_store_damaged(sql->store, "checkpoint", row->id, "digest", error);
    if (!spt_state_find((const char *)sqlite3_column_text(sql->statement, 9), &row->state))
        return spt_store_damaged(sql->store, "checkpoint", row->id, "state", error);
    if ((row->step < 0 && row->step != SPT_NO_STEP) || (row->tokens < 0 && row->tokens != SPT_NO_TOKENS))
        return spt_store_damaged(sql->store, "checkpoint", row->id, "step and tokens", error);
    if (!row->branch || !row->label || !row->uri || !row->version)
        return spt_store_damaged(sql->store, "checkpoint", row->id, "branch, label, uri and version", error);
    return SPT_OK;
}

/* state NULL: all. */
static enum spt_status list_checkpoints(struct spt_store *store, int64_t run, const char *state,
                                        struct spt_store_checkpoint **rows, size_t *count, struct spt_error *error) {
    struct spt_store_checkpoint *list = NULL;
    size_t length = 0, capacity = 0;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_CHECKPOINT_LIST);
    spt_sql_integer(&sql, run);
    spt_sql_text(&sql, state);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        if (!spt_grow((void **)&list, &capacity, length + 1, sizeof *list)) {
            status = spt_fail_memory(error, sizeof *list, "the list of checkpoints");
            break;
        }
        status = read_checkpoint(&sql, &list[length++], error);
        if (status != SPT_OK) break;
    }
    spt_sql_end(&sql);
    if (status != SPT_END) {
        spt_store_free_checkpoints(list, length);
        return status;
    }
    *rows = list;
    *count = length;
    return SPT_OK;
}

enum spt_status spt_store_checkpoints(struct spt_store *store, int64_t run, struct spt_store_checkpoint **rows,
                                      size_t *count, struct spt_error *error) {
    return list_checkpoints(store, run, NULL, rows, count, error);
}

/* The row of SPT_METRICS for each id of the table metric that may come up, found once. */
struct metric_rows {
    int64_t *id; /* [count] */
    size_t *row; /* [count] SPT_METRIC_COUNT: of another version of this program */
    size_t count, id_capacity, row_capacity;
};

static void release_metric_rows(struct metric_rows *known) {
    free(known->id);
    free(known->row);
}

static enum spt_status find_metric_row(struct metric_rows *known, const struct spt_sql *sql, size_t *row,
                                       struct spt_error *error) {
    const int64_t id = sqlite3_column_int64(sql->statement, 0);
    size_t i = 0;
    while (i < known->count && known->id[i] != id) i++;
    if (i == known->count) {
        const char *name = (const char *)sqlite3_column_text(sql->statement, 1);
        if (!name || !spt_grow((void **)&known->id, &known->id_capacity, i + 1, sizeof *known->id) ||
            !spt_grow((void **)&known->row, &known->row_capacity, i + 1, sizeof *known->row))
            return spt_fail_memory(error, sizeof *known->row, "the list of metrics");
        known->id[i] = id;
        known->row[i] = spt_metric_find(name);
        known->count++;
    }
    *row = known->row[i];
    return SPT_OK;
}

/* The metrics of a checkpoint that a statement names: found [SPT_METRIC_COUNT] out. */
static enum spt_status find_metrics(struct spt_store *store, enum spt_sql_id statement, struct metric_rows *known,
                                    int64_t checkpoint, bool *found, struct spt_error *error) {
    memset(found, 0, SPT_METRIC_COUNT * sizeof *found);
    struct spt_sql sql = spt_sql_start(store, statement);
    spt_sql_integer(&sql, checkpoint);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        size_t row = SPT_METRIC_COUNT;
        status = find_metric_row(known, &sql, &row, error);
        if (status != SPT_OK) break;
        if (row < SPT_METRIC_COUNT) found[row] = true;
    }
    spt_sql_end(&sql);
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status find_metrics_of_one(struct spt_store *store, enum spt_sql_id statement, int64_t checkpoint,
                                           bool *found, struct spt_error *error) {
    struct metric_rows known = {0};
    const enum spt_status status = find_metrics(store, statement, &known, checkpoint, found, error);
    release_metric_rows(&known);
    return status;
}

enum spt_status spt_store_metrics_present(struct spt_store *store, int64_t checkpoint, bool *present,
                                          struct spt_error *error) {
    return find_metrics_of_one(store, SPT_SQL_CHECKPOINT_METRICS, checkpoint, present, error);
}

enum spt_status spt_store_metrics_headless(struct spt_store *store, int64_t checkpoint, bool *headless,
                                           struct spt_error *error) {
    return find_metrics_of_one(store, SPT_SQL_CHECKPOINT_HEADLESS, checkpoint, headless, error);
}

enum spt_status spt_store_metrics_present_all(struct spt_store *store, const struct spt_store_checkpoint *rows,
                                              size_t count, bool *present, struct spt_error *error) {
    struct metric_rows known = {0};
    const bool alone = sqlite3_get_autocommit(store->db); /* one transaction: else each row would lock the file */
    enum spt_status status = alone ? spt_sql_exec(store, "BEGIN", READ, error) : SPT_OK;
    if (status != SPT_OK) return status;
    memset(present, 0, count * SPT_METRIC_COUNT * sizeof *present);
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        if (rows[i].state == SPT_STATE_ANALYSED)
            status = find_metrics(store, SPT_SQL_CHECKPOINT_METRICS, &known, rows[i].id, present + i * SPT_METRIC_COUNT,
                                  error);
    if (alone) spt_sql_leave(store, SPT_SQL_END);
    release_metric_rows(&known);
    return status;
}

enum spt_status spt_store_superseded(struct spt_store *store, int64_t run, size_t *count, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_CHECKPOINT_SUPERSEDED);
    spt_sql_integer(&sql, run);
    const enum spt_status status = spt_sql_next(&sql, READ, error);
    if (status == SPT_OK) *count = (size_t)spt_sql_column_integer(&sql, 0, 0);
    spt_sql_end(&sql);
    return status;
}

/* --- measures --- */

/* The metric's rows come in the order of its unique index on the name, measures in that of their primary key: nothing
 * is sorted. */
static const char EACH_MEASURE[] =
    "SELECT m.name, v.layer, v.head, v.mean, v.sd, v.lo, v.hi, v.n, v.bad FROM metric m CROSS JOIN measure v"
    " ON v.metric = m.id WHERE v.checkpoint = ?1 AND (?2 IS NULL OR m.name = ?2) AND (?3 IS NULL OR v.layer = ?3)"
    " AND (?4 IS NULL OR v.head = ?4) ORDER BY m.name, v.layer, v.head";

/* The same of one series, where plain equalities let the primary key find it. */
static const char ONE_MEASURE[] =
    "SELECT m.name, v.layer, v.head, v.mean, v.sd, v.lo, v.hi, v.n, v.bad FROM metric m CROSS JOIN measure v"
    " ON v.metric = m.id WHERE v.checkpoint = ?1 AND m.name = ?2 AND v.layer = ?3 AND v.head = ?4";

static enum spt_status lend_measures(struct spt_sql *sql, const struct spt_store_checkpoint *checkpoint,
                                     spt_store_measure_fn *each, void *context, struct spt_error *error) {
    enum spt_status status;
    while ((status = spt_sql_next(sql, READ, error)) == SPT_OK) {
        const struct spt_store_measure measure = {
            .metric = (const char *)sqlite3_column_text(sql->statement, 0),
            .checkpoint = checkpoint,
            .layer = sqlite3_column_int(sql->statement, 1),
            .head = sqlite3_column_int(sql->statement, 2),
            .mean = spt_sql_column_real(sql, 3),
            .sd = spt_sql_column_real(sql, 4),
            .lo = spt_sql_column_real(sql, 5),
            .hi = spt_sql_column_real(sql, 6),
            .n = sqlite3_column_int64(sql->statement, 7),
            .bad = sqlite3_column_int64(sql->statement, 8),
        };
        if (!measure.metric) return spt_fail_memory(error, 1, "a metric's name");
        if (measure.n < 0 || measure.bad < 0 || measure.n > INT_MAX || measure.bad > INT_MAX)
            return spt_store_damaged(sql->store, "checkpoint", checkpoint->id, "number of samples", error);
        status = each(context, &measure, error);
        if (status != SPT_OK) return status;
    }
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status each_measure(struct spt_store *store, int64_t run, const char *metric, int layer, int head,
                                    spt_store_measure_fn *each, void *context, struct spt_error *error) {
    const bool one = metric && layer != INT_MIN && head != INT_MIN;
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    sqlite3_stmt *statement = NULL; /* its own, so that the callback may ask the store for more */
    enum spt_status status = list_checkpoints(store, run, spt_state_name(SPT_STATE_ANALYSED), &rows, &count, error);
    if (status == SPT_OK) status = spt_sql_prepare(store, one ? ONE_MEASURE : EACH_MEASURE, &statement, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        struct spt_sql sql = {.store = store, .statement = statement};
        spt_sql_integer(&sql, rows[i].id);
        spt_sql_text(&sql, metric);
        spt_sql_integer_or_null(&sql, layer, INT_MIN);
        spt_sql_integer_or_null(&sql, head, INT_MIN);
        status = lend_measures(&sql, &rows[i], each, context, error);
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    spt_store_free_checkpoints(rows, count);
    return status;
}

enum spt_status spt_store_each_measure(struct spt_store *store, int64_t run, const char *metric, int layer, int head,
                                       spt_store_measure_fn *each, void *context, struct spt_error *error) {
    /* One snapshot for the ledger and all figures, whatever is written meanwhile; not where a transaction is open
     * anyway. */
    const bool alone = sqlite3_get_autocommit(store->db);
    enum spt_status status = alone ? spt_sql_exec(store, "BEGIN", READ, error) : SPT_OK;
    if (status != SPT_OK) return status;
    status = each_measure(store, run, metric, layer, head, each, context, error);
    if (alone) spt_sql_leave(store, SPT_SQL_END);
    return status;
}

enum spt_status spt_store_mean(struct spt_store *store, int64_t checkpoint, const char *metric, int layer, int head,
                               double *mean, struct spt_error *error) {
    struct spt_sql sql = {.store = store};
    enum spt_status status = spt_sql_prepare(store, ONE_MEASURE, &sql.statement, error);
    if (status != SPT_OK) return status;
    spt_sql_integer(&sql, checkpoint);
    spt_sql_text(&sql, metric);
    spt_sql_integer(&sql, layer);
    spt_sql_integer(&sql, head);
    status = spt_sql_next(&sql, READ, error);
    if (status == SPT_OK) *mean = spt_sql_column_real(&sql, 3);
    sqlite3_finalize(sql.statement);
    return status;
}

enum spt_status spt_store_each_measure_of(struct spt_store *store, const struct spt_store_checkpoint *row,
                                          spt_store_measure_fn *each, void *context, struct spt_error *error) {
    sqlite3_stmt *statement = NULL;
    enum spt_status status = spt_sql_prepare(store, EACH_MEASURE, &statement, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = {.store = store, .statement = statement};
    spt_sql_integer(&sql, row->id);
    for (int i = 0; i < 3; i++) spt_sql_text(&sql, NULL); /* every metric, layer and head */
    status = lend_measures(&sql, row, each, context, error);
    sqlite3_finalize(statement);
    return status;
}

/* --- vectors, nulls, series --- */
static enum spt_status decode(const struct spt_sql *sql, int column, float **values, size_t *count,
                              struct spt_error *error) {
    const unsigned char *bytes = sqlite3_column_blob(sql->statement, column);
    const size_t size = (size_t)sqlite3_column_bytes(sql->statement, column);
    if (size % 4)
        return spt_fail(error, SPT_INVALID, sql->store->path, "the store is damaged: a vector of %zu bytes", size);
    float *list = spt_alloc(size / 4, sizeof *list);
    if (!list || (size && !bytes)) {
        free(list);
        return spt_fail_memory(error, size, "a vector");
    }
    for (size_t i = 0; i < size / 4; i++) {
        uint32_t bits = 0;
        for (unsigned b = 0; b < sizeof bits; b++) bits |= (uint32_t)bytes[4 * i + b] << 8 * b;
        memcpy(&list[i], &bits, sizeof bits);
    }
    *values = list;
    *count = size / 4;
    return SPT_OK;
}

enum spt_status spt_store_vector(struct spt_store *store, int64_t checkpoint, const char *metric, int layer, int head,
                                 bool samples, float **values, size_t *count, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, samples ? SPT_SQL_SAMPLES_FIND : SPT_SQL_CURVE_FIND);
    spt_sql_integer(&sql, checkpoint);
    spt_sql_text(&sql, metric);
    spt_sql_integer(&sql, layer);
    spt_sql_integer(&sql, head);
    enum spt_status status = spt_sql_next(&sql, READ, error);
    if (status == SPT_OK) status = decode(&sql, 0, values, count, error);
    spt_sql_end(&sql);
    return status;
}

#define EACH_VECTOR(table)                                                                                             \
    "SELECT v.layer, v.head, v.\"values\" FROM metric m CROSS JOIN " table " v ON v.metric = m.id"                     \
    " WHERE v.checkpoint = ?1 AND m.name = ?2 AND (?3 OR v.head = -1) ORDER BY v.layer, v.head"

static enum spt_status lend_samples(struct spt_sql *sql, const char *metric, spt_store_samples_fn *each, void *context,
                                    struct spt_error *error) {
    enum spt_status status;
    while ((status = spt_sql_next(sql, READ, error)) == SPT_OK) {
        struct spt_store_samples samples = {
            .metric = metric,
            .layer = sqlite3_column_int(sql->statement, 0),
            .head = sqlite3_column_int(sql->statement, 1),
        };
        float *values = NULL;
        status = decode(sql, 2, &values, &samples.count, error);
        if (status != SPT_OK) return status;
        samples.values = values;
        status = each(context, &samples, error);
        free(values);
        if (status != SPT_OK) return status;
    }
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status each_vector(struct spt_store *store, const char *text, int64_t checkpoint, const char *metric,
                                   bool heads, spt_store_samples_fn *each, void *context, struct spt_error *error) {
    struct spt_sql sql = {.store = store};
    enum spt_status status = spt_sql_prepare(store, text, &sql.statement, error);
    if (status != SPT_OK) return status;
    spt_sql_integer(&sql, checkpoint);
    spt_sql_text(&sql, metric);
    spt_sql_integer(&sql, heads);
    status = lend_samples(&sql, metric, each, context, error);
    sqlite3_finalize(sql.statement);
    return status;
}

enum spt_status spt_store_each_samples(struct spt_store *store, int64_t checkpoint, const char *metric, bool heads,
                                       spt_store_samples_fn *each, void *context, struct spt_error *error) {
    return each_vector(store, EACH_VECTOR("probe_value"), checkpoint, metric, heads, each, context, error);
}

enum spt_status spt_store_each_draws(struct spt_store *store, int64_t checkpoint, const char *metric, bool heads,
                                     spt_store_samples_fn *each, void *context, struct spt_error *error) {
    return each_vector(store, EACH_VECTOR("draw"), checkpoint, metric, heads, each, context, error);
}

enum spt_status spt_store_null(struct spt_store *store, int64_t run, const char *metric, int layer, double *mean,
                               double *sd, struct spt_error *error) {
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_NULL_FIND);
    spt_sql_integer(&sql, run);
    spt_sql_text(&sql, metric);
    spt_sql_integer(&sql, layer);
    const enum spt_status status = spt_sql_next(&sql, READ, error);
    if (status == SPT_OK) {
        *mean = spt_sql_column_real(&sql, 0);
        *sd = spt_sql_column_real(&sql, 1);
    }
    spt_sql_end(&sql);
    return status;
}

static void free_names(char **names, size_t count) {
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
}

enum spt_status spt_store_external_names(struct spt_store *store, int64_t run, char ***names, size_t *count,
                                         struct spt_error *error) {
    char **list = NULL;
    size_t length = 0, capacity = 0;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EXTERNAL_NAMES);
    spt_sql_integer(&sql, run);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        bool failed = false;
        if (spt_grow((void **)&list, &capacity, length + 1, sizeof *list)) {
            list[length] = spt_sql_column_text(&sql, 0, &failed);
            if (list[length]) {
                length++;
                continue;
            }
        }
        status = spt_fail_memory(error, sizeof *list, "the names of series");
        break;
    }
    spt_sql_end(&sql);
    if (status != SPT_END) {
        free_names(list, length);
        return status;
    }
    *names = list;
    *count = length;
    return SPT_OK;
}

enum spt_status spt_store_external(struct spt_store *store, int64_t run, const char *name,
                                   struct spt_store_point **points, size_t *count, struct spt_error *error) {
    struct spt_store_point *list = NULL;
    size_t length = 0, capacity = 0;
    struct spt_sql sql = spt_sql_start(store, SPT_SQL_EXTERNAL_POINTS);
    spt_sql_integer(&sql, run);
    spt_sql_text(&sql, name);
    enum spt_status status;
    while ((status = spt_sql_next(&sql, READ, error)) == SPT_OK) {
        if (!spt_grow((void **)&list, &capacity, length + 1, sizeof *list)) {
            status = spt_fail_memory(error, sizeof *list, "a series");
            break;
        }
        list[length].step = sqlite3_column_int64(sql.statement, 0);
        list[length++].value = spt_sql_column_real(&sql, 1);
    }
    spt_sql_end(&sql);
    if (status != SPT_END) {
        free(list);
        return status;
    }
    *points = list;
    *count = length;
    return SPT_OK;
}
