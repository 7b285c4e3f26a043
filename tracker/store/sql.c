/* SQLite as the rest of the store sees it: statuses instead of codes, parameters bound in order, NaN for NULL. */
#include "tracker/store/internal.h"

#include "checkpoints/base/memory.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

enum spt_status spt_sql_fail(struct spt_store *store, const char *what, struct spt_error *error) {
    const int code = sqlite3_extended_errcode(store->db) & 0xff;
    const char *text = sqlite3_errmsg(store->db);
    const int system = sqlite3_system_errno(store->db);
    switch (code) {
    case SQLITE_NOMEM:
        return spt_fail(error, SPT_NOMEM, store->path, "cannot %s: out of memory", what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return spt_fail(error, SPT_RETRY, store->path, "cannot %s: another program is writing to it", what);
    case SQLITE_FULL:
        return spt_fail_system(error, ENOSPC, store->path, what);
    case SQLITE_IOERR:
        return spt_fail_system(error, system ? system : EIO, store->path, what);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return spt_fail_system(error, system ? system : EACCES, store->path, what);
    case SQLITE_READONLY:
        return spt_fail_system(error, EROFS, store->path, what);
    case SQLITE_TOOBIG:
        return spt_fail(error, SPT_UNSUPPORTED, store->path, "cannot %s: a value is too large for SQLite", what);
    default: /* a database that is malformed, or well formed without our tables */
        return spt_fail(error, SPT_INVALID, store->path, "cannot %s, the store is damaged: %s", what, text);
    }
}

enum spt_status spt_sql_exec(struct spt_store *store, const char *sql, const char *what, struct spt_error *error) {
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? SPT_OK : spt_sql_fail(store, what, error);
}

enum spt_status spt_sql_prepare(struct spt_store *store, const char *sql, sqlite3_stmt **statement,
                                struct spt_error *error) {
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK) return SPT_OK;
    return spt_sql_fail(store, "read the store", error);
}

enum spt_status spt_sql_scalar(struct spt_store *store, const char *sql, int64_t *value, struct spt_error *error) {
    sqlite3_stmt *statement = NULL;
    enum spt_status status = spt_sql_prepare(store, sql, &statement, error);
    if (status == SPT_OK && sqlite3_step(statement) != SQLITE_ROW)
        status = spt_sql_fail(store, "read the store", error);
    if (status == SPT_OK) *value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

void spt_sql_leave(struct spt_store *store, enum spt_sql_id id) {
    sqlite3_step(store->statement[id]);
    sqlite3_reset(store->statement[id]);
}

struct spt_sql spt_sql_start(struct spt_store *store, enum spt_sql_id id) {
    sqlite3_reset(store->statement[id]);
    return (struct spt_sql){.store = store, .statement = store->statement[id]};
}

static void note(struct spt_sql *sql, int code) {
    if (code != SQLITE_OK && !sql->failed) sql->failed = code;
}

void spt_sql_text(struct spt_sql *sql, const char *text) {
    note(sql, sqlite3_bind_text(sql->statement, ++sql->bound, text, -1, SQLITE_STATIC));
}

void spt_sql_integer(struct spt_sql *sql, int64_t value) {
    note(sql, sqlite3_bind_int64(sql->statement, ++sql->bound, value));
}

void spt_sql_integer_or_null(struct spt_sql *sql, int64_t value, int64_t none) {
    if (value != none) {
        spt_sql_integer(sql, value);
    } else {
        note(sql, sqlite3_bind_null(sql->statement, ++sql->bound));
    }
}

void spt_sql_real(struct spt_sql *sql, double value) {
    if (isnan(value)) {
        note(sql, sqlite3_bind_null(sql->statement, ++sql->bound));
    } else {
        note(sql, sqlite3_bind_double(sql->statement, ++sql->bound, value));
    }
}

void spt_sql_hash(struct spt_sql *sql, struct spt_hash hash) {
    char hex[SPT_HASH_HEX];
    spt_hash_hex(hash, hex);
    note(sql, sqlite3_bind_text(sql->statement, ++sql->bound, hex, -1, SQLITE_TRANSIENT));
}

void spt_sql_hash_or_null(struct spt_sql *sql, struct spt_hash hash) {
    if (hash.low || hash.high) {
        spt_sql_hash(sql, hash);
    } else {
        note(sql, sqlite3_bind_null(sql->statement, ++sql->bound));
    }
}

void spt_sql_blob(struct spt_sql *sql, const void *bytes, size_t size) {
    note(sql, sqlite3_bind_blob64(sql->statement, ++sql->bound, bytes, size, SQLITE_STATIC));
}

enum spt_status spt_sql_next(struct spt_sql *sql, const char *what, struct spt_error *error) {
    if (sql->failed == SQLITE_TOOBIG)
        return spt_fail(error, SPT_UNSUPPORTED, sql->store->path, "cannot %s: a value is too large for SQLite", what);
    if (sql->failed) return spt_fail(error, SPT_NOMEM, sql->store->path, "cannot %s: out of memory", what);
    switch (sqlite3_step(sql->statement)) {
    case SQLITE_ROW:
        return SPT_OK;
    case SQLITE_DONE:
        return SPT_END;
    default:
        return spt_sql_fail(sql->store, what, error);
    }
}

void spt_sql_end(struct spt_sql *sql) {
    sqlite3_reset(sql->statement);
    sqlite3_clear_bindings(sql->statement); /* they point into the caller's memory */
}

enum spt_status spt_sql_finish(struct spt_sql *sql, const char *what, struct spt_error *error) {
    enum spt_status status;
    do status = spt_sql_next(sql, what, error);
    while (status == SPT_OK);
    spt_sql_end(sql);
    return status == SPT_END ? SPT_OK : status;
}

double spt_sql_column_real(const struct spt_sql *sql, int column) {
    return sqlite3_column_type(sql->statement, column) == SQLITE_NULL ? (double)NAN
                                                                      : sqlite3_column_double(sql->statement, column);
}

int64_t spt_sql_column_integer(const struct spt_sql *sql, int column, int64_t none) {
    return sqlite3_column_type(sql->statement, column) == SQLITE_NULL ? none
                                                                      : sqlite3_column_int64(sql->statement, column);
}

char *spt_sql_column_text(const struct spt_sql *sql, int column, bool *failed) {
    if (sqlite3_column_type(sql->statement, column) == SQLITE_NULL) return NULL;
    const char *text = (const char *)sqlite3_column_text(sql->statement, column);
    char *copy = text ? spt_strdup(text) : NULL;
    if (!copy) *failed = true;
    return copy;
}

static bool digits(const char *hex, uint64_t *value) {
    *value = 0;
    for (int i = 0; i < 16; i++) {
        const char *place = hex[i] ? strchr("0123456789abcdef", hex[i]) : NULL;
        if (!place) return false;
        *value = *value << 4 | (uint64_t)(place - "0123456789abcdef");
    }
    return true;
}

bool spt_sql_column_hash(const struct spt_sql *sql, int column, struct spt_hash *hash) {
    *hash = (struct spt_hash){0};
    if (sqlite3_column_type(sql->statement, column) == SQLITE_NULL) return true;
    const char *hex = (const char *)sqlite3_column_text(sql->statement, column);
    return hex && strlen(hex) == SPT_HASH_HEX - 1 && digits(hex, &hash->high) && digits(hex + 16, &hash->low);
}

enum spt_status spt_sql_group_begin(struct spt_store *store, struct spt_error *error) {
    return spt_sql_exec(store, "SAVEPOINT spt_group", "write to the store", error);
}

enum spt_status spt_sql_group_end(struct spt_store *store, enum spt_status status, struct spt_error *error) {
    if (status == SPT_OK) status = spt_sql_exec(store, "RELEASE spt_group", "write to the store", error);
    if (status == SPT_OK || sqlite3_get_autocommit(store->db))
        return status; /* autocommit: SQLite rolled back by itself */
    spt_sql_leave(store, SPT_SQL_GROUP_UNDO);
    spt_sql_leave(store, SPT_SQL_GROUP_RELEASE);
    return status;
}

void spt_store_now(char text[SPT_STORE_TIME_MAX]) {
    struct tm parts;
    const time_t now = time(NULL);
    if (!gmtime_r(&now, &parts) || !strftime(text, SPT_STORE_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts)) text[0] = '\0';
}
