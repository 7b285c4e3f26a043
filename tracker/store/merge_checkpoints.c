/* Checkpoints of one run: the rows of one uri in the source and in the target become those of the target.
 *
 *     match each row of the source  ->  add it, or combine it with its like  ->  who supersedes whom  ->  commit
 */
#include "tracker/store/merge_internal.h"

#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char READ[] = "read the store", WRITE[] = "write to the store";

/* A row of the ledger, as far as its place among others depends on it. */
struct row {
    int64_t id;
    char *uri, *finished; /* in an arena; finished "" where there is none */
    struct spt_hash fingerprint, digest;
    enum spt_checkpoint_state state;
    int64_t superseded;      /* id; 0: none */
    int64_t was;             /* what superseded is in the file */
    struct spt_hash figures; /* their sum; only where sealed */
    bool sealed;
};

struct rows {
    struct row *items; /* [count] */
    size_t count, capacity;
    struct spt_arena texts;
};

static void release_rows(struct rows *rows) {
    free(rows->items);
    spt_arena_release(&rows->texts);
}

static char *copy_text(struct rows *rows, const struct spt_sql *sql, int column) {
    const char *text = (const char *)sqlite3_column_text(sql->statement, column);
    return spt_arena_copy(&rows->texts, text ? text : "", text ? strlen(text) : 0);
}

static enum spt_status read_row(struct rows *rows, const struct spt_sql *sql, struct spt_error *error) {
    if (!spt_grow((void **)&rows->items, &rows->capacity, rows->count + 1, sizeof *rows->items))
        return spt_fail_memory(error, sizeof *rows->items, "the list of checkpoints");
    struct row row = {
        .id = spt_sql_column_integer(sql, 0, 0),
        .uri = copy_text(rows, sql, 1),
        .finished = copy_text(rows, sql, 5),
        .superseded = spt_sql_column_integer(sql, 6, 0),
    };
    row.was = row.superseded;
    row.sealed = sqlite3_column_type(sql->statement, 7) != SQLITE_NULL;
    if (!row.uri || !row.finished) return spt_fail_memory(error, 64, "the list of checkpoints");
    if (!spt_sql_column_hash(sql, 2, &row.fingerprint) || !spt_sql_column_hash(sql, 3, &row.digest) ||
        !spt_sql_column_hash(sql, 7, &row.figures))
        return spt_store_damaged(sql->store, "checkpoint", row.id, "digest", error);
    if (!spt_state_find((const char *)sqlite3_column_text(sql->statement, 4), &row.state))
        return spt_store_damaged(sql->store, "checkpoint", row.id, "state", error);
    rows->items[rows->count++] = row;
    return SPT_OK;
}

static enum spt_status read_rows(struct rows *rows, struct spt_sql *sql, struct spt_error *error) {
    enum spt_status status;
    while ((status = spt_sql_next(sql, READ, error)) == SPT_OK) {
        status = read_row(rows, sql, error);
        if (status != SPT_OK) break;
    }
    spt_sql_end(sql);
    return status == SPT_END ? SPT_OK : status;
}

static bool is_analysed(const struct row *row) {
    return row->state == SPT_STATE_ANALYSED;
}

static bool has_digest(const struct row *row) {
    return row->digest.low || row->digest.high;
}

/* --- which are the same --- */

/* The row of the target that is the same checkpoint; target->count: none. The digest tells before the fingerprint. */
static size_t find_like(const struct rows *target, const struct row *row) {
    size_t same_weights = target->count, same_files = target->count;
    for (size_t i = 0; i < target->count; i++) {
        const struct row *other = &target->items[i];
        const bool files = spt_hash_equal(other->fingerprint, row->fingerprint);
        const bool weights =
            is_analysed(row) && is_analysed(other) && has_digest(row) && spt_hash_equal(other->digest, row->digest);
        if (files && weights) return i;
        if (files) same_files = i;
        if (weights && same_weights == target->count) same_weights = i;
    }
    return same_weights < target->count ? same_weights : same_files;
}

static int compare_hashes(struct spt_hash a, struct spt_hash b) {
    if (a.high != b.high) return a.high < b.high ? -1 : 1;
    return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

/* Whether a, of the same files as b, says more about them: analysed before all, then the later one. */
static bool says_more(const struct row *a, const struct row *b) {
    if (is_analysed(a) != is_analysed(b)) return is_analysed(a);
    const int later = strcmp(a->finished, b->finished);
    if (later) return later > 0;
    if (a->state != b->state) return a->state > b->state;
    return compare_hashes(a->digest, b->digest) > 0;
}

static enum spt_status copy_figures(struct spt_merge *merge, int64_t from, int64_t into, struct spt_error *error) {
    enum spt_status status = spt_merge_copy(merge, SPT_FROM_MEASURE, SPT_INTO_MEASURE, true, from, into, error);
    if (status == SPT_OK) status = spt_merge_copy(merge, SPT_FROM_SAMPLES, SPT_INTO_SAMPLES, true, from, into, error);
    if (status == SPT_OK) status = spt_merge_copy(merge, SPT_FROM_CURVE, SPT_INTO_CURVE, true, from, into, error);
    if (status == SPT_OK) status = spt_merge_copy(merge, SPT_FROM_DRAWS, SPT_INTO_DRAWS, true, from, into, error);
    return status;
}

static enum spt_status add(struct spt_merge *merge, struct rows *target, const struct row *row,
                           struct spt_error *error) {
    if (!spt_grow((void **)&target->items, &target->capacity, target->count + 1, sizeof *target->items))
        return spt_fail_memory(error, sizeof *target->items, "the list of checkpoints");
    enum spt_status status =
        spt_merge_copy(merge, SPT_FROM_LEDGER, SPT_INTO_ADD, false, row->id, merge->into_run, error);
    struct row *made = &target->items[target->count];
    *made = *row;
    made->id = sqlite3_last_insert_rowid(merge->into->db);
    made->superseded = made->was = 0;
    if (status == SPT_OK) status = copy_figures(merge, row->id, made->id, error);
    if (status == SPT_OK && row->sealed) status = spt_seal_write(merge->into, made->id, row->figures, error);
    target->count++;
    merge->report->added++;
    return status;
}

static enum spt_status replace(struct spt_merge *merge, struct row *old, const struct row *row,
                               struct spt_error *error) {
    enum spt_status status = spt_store_remove_figures(merge->into, old->id, error);
    if (status == SPT_OK)
        status = spt_merge_copy(merge, SPT_FROM_LEDGER, SPT_INTO_REPLACE, false, row->id, old->id, error);
    if (status == SPT_OK) status = copy_figures(merge, row->id, old->id, error);
    if (status == SPT_OK && row->sealed) status = spt_seal_write(merge->into, old->id, row->figures, error);
    old->sealed = row->sealed;
    old->figures = row->figures;
    old->digest = row->digest;
    old->state = row->state;
    old->finished = row->finished;
    merge->report->replaced++;
    return status;
}

/* Whether old may take row's fingerprint: no two of a uri have the same. */
static bool is_free(const struct rows *target, const struct row *old, const struct row *row) {
    for (size_t i = 0; i < target->count; i++)
        if (&target->items[i] != old && spt_hash_equal(target->items[i].fingerprint, row->fingerprint)) return false;
    return true;
}

/* A sum is made anew only of figures that are as they were stored: else it would seal the damage. */
static enum spt_status check_figures(struct spt_store *store, const struct row *row, struct spt_error *error) {
    struct spt_seal seal;
    const enum spt_status status = spt_seal_look(store, row->id, &seal, error);
    if (status != SPT_OK || !seal.sealed || seal.figures) return status;
    return spt_fail(error, SPT_INVALID, store->path,
                    "the store is damaged: the figures of %s are not those that were stored (see spectail check)",
                    row->uri);
}

/* The figures that the row in the target lacks. */
static enum spt_status add_figures(struct spt_merge *merge, struct row *old, const struct row *row,
                                   struct spt_error *error) {
    struct spt_store *into = merge->into;
    struct spt_seal seal;
    if (row->sealed && old->sealed && spt_hash_equal(row->figures, old->figures)) { /* none */
        merge->report->known++;
        return SPT_OK;
    }
    enum spt_status status = check_figures(merge->from, row, error);
    if (status == SPT_OK) status = check_figures(into, old, error);
    const sqlite3_int64 before = sqlite3_total_changes64(into->db);
    if (status == SPT_OK) status = copy_figures(merge, row->id, old->id, error);
    if (sqlite3_total_changes64(into->db) == before) {
        merge->report->known++;
        return status;
    }
    merge->report->completed++;
    if (status != SPT_OK || !old->sealed) return status;
    status = spt_seal_look(into, old->id, &seal, error);
    old->figures = seal.sum;
    return status == SPT_OK ? spt_seal_write(into, old->id, seal.sum, error) : status;
}

/* Two analyses of the same weights: all figures that either has; time and fingerprint of the later one, which is how
 * the files were seen last. (Those of a copy elsewhere are not known to a sweep here.) */
static enum spt_status complete(struct spt_merge *merge, struct rows *target, struct row *old, const struct row *row,
                                struct spt_error *error) {
    enum spt_status status = add_figures(merge, old, row, error);
    const int later = strcmp(row->finished, old->finished);
    if (status != SPT_OK || later < 0 || (later == 0 && compare_hashes(row->fingerprint, old->fingerprint) <= 0))
        return status;
    if (merge->same_folder && is_free(target, old, row)) old->fingerprint = row->fingerprint;
    old->finished = row->finished;
    struct spt_sql sql = spt_merge_into(merge, SPT_INTO_LATER);
    spt_sql_text(&sql, old->finished);
    spt_sql_hash(&sql, old->fingerprint);
    spt_sql_integer(&sql, old->id);
    status = spt_sql_finish(&sql, WRITE, error);
    return status == SPT_OK && old->sealed ? spt_seal_write(merge->into, old->id, old->figures, error) : status;
}

static enum spt_status combine(struct spt_merge *merge, struct rows *target, struct row *old, const struct row *row,
                               struct spt_error *error) {
    if (is_analysed(row) && is_analysed(old) && spt_hash_equal(row->digest, old->digest))
        return complete(merge, target, old, row, error);
    if (says_more(row, old)) return replace(merge, old, row, error);
    merge->report->known++;
    return SPT_OK;
}

/* --- who supersedes whom --- */

static struct row *find_id(const struct rows *rows, int64_t id) {
    for (size_t i = 0; id && i < rows->count; i++)
        if (rows->items[i].id == id) return &rows->items[i];
    return NULL;
}

/* Whether row's successors lead to other. */
static bool leads_to(const struct rows *rows, const struct row *row, const struct row *other) {
    for (size_t i = 0; row && i <= rows->count; i++) { /* a ring of a spoilt store ends here */
        if (row == other) return true;
        row = find_id(rows, row->superseded);
    }
    return false;
}

/* What the source says of its own rows, unless the target knows better already.
 *   row   [count] of one uri
 *   like  [count] where each is in target */
static void take_successors(struct rows *target, const struct row *row, size_t count, const size_t *like) {
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; row[i].superseded && k < count; k++) {
            struct row *old = &target->items[like[i]], *successor = &target->items[like[k]];
            if (row[k].id != row[i].superseded || old->superseded || leads_to(target, successor, old)) continue;
            old->superseded = successor->id;
        }
    }
}

/* Of two that are not the same, whether a came after b. */
static bool is_after(const struct rows *rows, const struct row *a, const struct row *b) {
    const int later = strcmp(a->finished, b->finished);
    if (later) return later > 0;
    if (leads_to(rows, b, a) || leads_to(rows, a, b)) return leads_to(rows, b, a);
    const int digests = compare_hashes(a->digest, b->digest);
    return (digests ? digests : compare_hashes(a->fingerprint, b->fingerprint)) > 0;
}

static struct row *find_last(const struct rows *rows, bool analysed) {
    struct row *last = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->items[i];
        if (is_analysed(row) != analysed || (!analysed && row->superseded)) continue;
        if (!last || is_after(rows, row, last)) last = row;
    }
    return last;
}

/* One analysed row is the last word on a uri; beside it only a row that failed since. */
static void settle(struct rows *rows) {
    struct row *last = find_last(rows, true), *failed = find_last(rows, false);
    if (last) last->superseded = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->items[i];
        if (row->superseded || row == last) continue;
        if (is_analysed(row))
            row->superseded = last->id;
        else if (row != failed)
            row->superseded = failed->id;
        else if (last && strcmp(row->finished, last->finished) < 0)
            row->superseded = last->id;
    }
}

static enum spt_status write_successors(struct spt_merge *merge, const struct rows *rows, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < rows->count && status == SPT_OK; i++) {
        const struct row *row = &rows->items[i];
        if (row->superseded == row->was) continue;
        struct spt_sql sql = spt_merge_into(merge, SPT_INTO_SUPERSEDED);
        spt_sql_integer_or_null(&sql, row->superseded, 0);
        spt_sql_integer(&sql, row->id);
        status = spt_sql_finish(&sql, WRITE, error);
        if (row->superseded) merge->report->superseded++;
    }
    return status;
}

/* --- a uri at a time --- */

/* row [count], like [count] scratch */
static enum spt_status merge_uri(struct spt_merge *merge, const struct row *row, size_t count, size_t *like,
                                 struct spt_error *error) {
    struct rows target = {0};
    enum spt_status status = spt_sql_exec(merge->into, "BEGIN IMMEDIATE", WRITE, error);
    if (status != SPT_OK) return status;
    struct spt_sql sql = spt_merge_into(merge, SPT_INTO_ROWS);
    spt_sql_integer(&sql, merge->into_run);
    spt_sql_text(&sql, row->uri);
    status = read_rows(&target, &sql, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        like[i] = find_like(&target, &row[i]);
        status = like[i] == target.count ? add(merge, &target, &row[i], error)
                                         : combine(merge, &target, &target.items[like[i]], &row[i], error);
    }
    if (status == SPT_OK) {
        take_successors(&target, row, count, like);
        settle(&target);
        status = write_successors(merge, &target, error);
    }
    release_rows(&target);
    return spt_merge_end(merge, status, error);
}

enum spt_status spt_merge_checkpoints(struct spt_merge *merge, struct spt_error *error) {
    struct rows source = {0};
    struct spt_sql sql = spt_merge_from(merge, SPT_FROM_ROWS);
    spt_sql_integer(&sql, merge->from_run);
    enum spt_status status = read_rows(&source, &sql, error);
    size_t *like = status == SPT_OK ? spt_alloc(source.count, sizeof *like) : NULL;
    if (status == SPT_OK && !like) status = spt_fail_memory(error, source.count * sizeof *like, "a merge");
    for (size_t first = 0, end; status == SPT_OK && first < source.count; first = end) {
        for (end = first + 1; end < source.count && strcmp(source.items[end].uri, source.items[first].uri) == 0;) end++;
        status = merge_uri(merge, &source.items[first], end - first, like, error);
    }
    free(like);
    release_rows(&source);
    return status;
}
