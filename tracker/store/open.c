/* Opening and closing.
 *
 *     write:  lock  ->  what is the file?  ->  connect  ->  make the tables if there are none  ->  which version?
 *             ->  WAL  ->  migrate  ->  prepare
 *     read:   what is the file?  ->  connect (immutable where nothing can be written)  ->  which version?  ->  prepare
 */
#include "tracker/store/internal.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MAGIC[16] = "SQLite format 3"; /* with its NUL, the first 16 bytes of every database */

enum { BUSY_MILLISECONDS = 10 * 1000, VALUE_MAX = 256 * 1024 * 1024 };

enum spt_status spt_store_resolve(const char *path, char **file, struct spt_error *error) {
    *file = realpath(path, NULL);
    if (*file) return SPT_OK;
    if (errno != ENOENT || !*path) return spt_fail_system(error, errno, path, "open the store");
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : spt_strdup(".");
    char *real = folder ? realpath(folder, NULL) : NULL;
    const int failure = errno;
    if (real) *file = spt_file_join(real, slash ? slash + 1 : path);
    const bool missing = folder && !real;
    free(real);
    free(folder);
    if (*file) return SPT_OK;
    return missing ? spt_fail_system(error, failure, path, "open the store")
                   : spt_fail_memory(error, PATH_MAX, "a path");
}

/* Whether there is something in <file><suffix>. */
static bool left_behind(const char *file, const char *suffix) {
    struct spt_text name = {0};
    spt_text_format(&name, "%s%s", file, suffix);
    struct stat about;
    const bool found = name.failed || (stat(name.data, &about) == 0 && about.st_size > 0);
    spt_text_release(&name);
    return found;
}

static enum spt_status half_made(const char *path, struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, path, "it is half made, its writer was stopped: sweep once more, then read it");
}

/* A database is whole pages, whose size is in bytes 16 and 17 of it (1: 65536). SQLite takes a last page that is cut off
 * for one of zeros, where it ends, and says nothing; only a log or a journal beside it may still mend that. */
static bool is_cut_off(const char *file, const char *head, uint64_t size) {
    const unsigned high = (unsigned char)head[sizeof MAGIC], low = (unsigned char)head[sizeof MAGIC + 1];
    const uint64_t page = high == 0 && low == 1 ? 65536 : (uint64_t)high << 8 | low;
    return page && size % page && !left_behind(file, "-wal") && !left_behind(file, "-journal");
}

/* Before SQLite sees it: can it be a database? To a writer, a file that is missing or empty is one that is yet to be
 * filled. */
static enum spt_status inspect(const char *file, const char *path, enum spt_store_mode mode, struct spt_error *error) {
    struct stat about;
    if (stat(file, &about)) {
        if (errno == ENOENT && mode == SPT_STORE_WRITE) return SPT_OK;
        return spt_fail_system(error, errno, path, "open the store");
    }
    if (S_ISDIR(about.st_mode)) return spt_fail(error, SPT_INVALID, path, "it is a directory, not a spectail store");
    if (!S_ISREG(about.st_mode))
        return spt_fail(error, SPT_INVALID, path, "it is no regular file, so no spectail store");
    if (about.st_size == 0 && mode == SPT_STORE_WRITE) return SPT_OK;
    if (about.st_size == 0) return spt_fail(error, SPT_INVALID, path, "it is empty, not a spectail store");
    int fd;
    struct spt_file_identity identity;
    enum spt_status status = spt_file_open(file, &fd, &identity, error);
    if (status != SPT_OK) return status;
    char head[sizeof MAGIC + 3] = "";
    const size_t begin = sizeof head - 1, size = identity.size < begin ? (size_t)identity.size : begin;
    status = spt_file_read_at(fd, path, 0, head, size, error);
    close(fd);
    if (status != SPT_OK) return status;
    if (size == begin && memcmp(head, MAGIC, sizeof MAGIC) == 0)
        return is_cut_off(file, head, identity.size)
                   ? spt_fail(error, SPT_INVALID, path, "the store is damaged: its last page is cut off")
                   : SPT_OK;
    if (memcmp(head, (char[sizeof head]){0}, size) == 0 && left_behind(file, "-journal")) /* SQLite will roll it back */
        return mode == SPT_STORE_WRITE ? SPT_OK : half_made(path, error);
    return spt_fail(error, SPT_INVALID, path, "it is no spectail store: expected a SQLite 3 database, found \"%.16s\"",
                    head);
}

/* file as a URI, so that no name (":memory:", "file:...") means anything to SQLite. */
static bool put_uri(struct spt_text *uri, const char *file, bool immutable) {
    spt_text_put(uri, "file:");
    for (const char *c = file; *c; c++) {
        if (strchr("?#%", *c)) {
            spt_text_format(uri, "%%%02X", (unsigned)(unsigned char)*c);
        } else {
            spt_text_append(uri, c, 1);
        }
    }
    if (immutable) spt_text_put(uri, "?immutable=1");
    return !uri->failed;
}

/* A connection that trusts nothing the file says. */
static enum spt_status connect_to(struct spt_store *store, const char *file, int flags, bool immutable,
                                  struct spt_error *error) {
    sqlite3_close(store->db);
    store->db = NULL;
    struct spt_text uri = {0};
    const bool named = put_uri(&uri, file, immutable);
    const int code = named ? sqlite3_open_v2(uri.data, &store->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL)
                           : SQLITE_NOMEM;
    spt_text_release(&uri);
    if (!store->db) return spt_fail_memory(error, strlen(file), "a connection to the store");
    if (code != SQLITE_OK) return spt_sql_fail(store, "open the store", error);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    sqlite3_busy_timeout(store->db, BUSY_MILLISECONDS);
    return spt_sql_exec(store, "PRAGMA cell_size_check = ON", "open the store", error);
}

/* Readers of a store in WAL mode share memory through a file beside it. Where that cannot be made (read-only media) and
 * no log is left to be read, the file alone is the whole store, and SQLite is told that nobody changes it. (Should the
 * folder be writable by another user who starts a sweep in that moment, SQLite may find a page changed under it: it
 * says so, and the next call reads the new state.) */
static enum spt_status connect_to_read(struct spt_store *store, const char *file, struct spt_error *error) {
    struct spt_error first = {0};
    enum spt_status status = connect_to(store, file, SQLITE_OPEN_READONLY, false, &first);
    int64_t ignored;
    if (status == SPT_OK) status = spt_sql_scalar(store, "PRAGMA schema_version", &ignored, &first);
    if (status == SPT_OK) return status;
    const int code = sqlite3_errcode(store->db) & 0xff;
    if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) {
        if (error) *error = first;
        return status;
    }
    if (left_behind(file, "-journal")) /* a store has one only while it is made; only a writer may roll it back */
        return half_made(store->path, error);
    if (left_behind(file, "-wal"))
        return spt_fail(error, SPT_IO, store->path,
                        "its last changes are in %s-wal, which cannot be read in a folder that cannot be written: "
                        "copy both files to one that can",
                        file);
    return connect_to(store, file, SQLITE_OPEN_READONLY, true, error);
}

/* Is it ours, and of which version? */
static enum spt_status identify(struct spt_store *store, int newest, int64_t *version, struct spt_error *error) {
    int64_t application = 0;
    enum spt_status status = spt_sql_scalar(store, "PRAGMA application_id", &application, error);
    if (status == SPT_OK) status = spt_sql_scalar(store, "PRAGMA user_version", version, error);
    if (status != SPT_OK) return status;
    if (application != SPT_STORE_APPLICATION)
        return spt_fail(
            error, SPT_INVALID, store->path,
            "it is no spectail store: a SQLite database of another program (application id %lld, expected %d)",
            (long long)application, SPT_STORE_APPLICATION);
    if (*version > newest)
        return spt_fail(
            error, SPT_INVALID, store->path,
            "the store is of version %lld, this spectail (%s) knows versions up to %d: use a newer spectail",
            (long long)*version, SPT_VERSION, newest);
    if (*version < 1)
        return spt_fail(error, SPT_INVALID, store->path, "the store is damaged: its version is %lld",
                        (long long)*version);
    return SPT_OK;
}

static enum spt_status require_wal(struct spt_store *store, struct spt_error *error) {
    sqlite3_stmt *statement = NULL;
    enum spt_status status = spt_sql_prepare(store, "PRAGMA journal_mode = WAL", &statement, error);
    if (status == SPT_OK && sqlite3_step(statement) != SQLITE_ROW)
        status = spt_sql_fail(store, "write to the store", error);
    const char *mode = status == SPT_OK ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (status == SPT_OK && (!mode || strcmp(mode, "wal") != 0))
        status = spt_fail(
            error, SPT_UNSUPPORTED, store->path,
            "SQLite cannot keep a write-ahead log there (a network file system?): put the store on a local disk");
    sqlite3_finalize(statement);
    return status;
}

static enum spt_status prepare_all(struct spt_store *store, const struct spt_store_schema *schema,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (int i = 0; i < SPT_SQL_COUNT && status == SPT_OK; i++)
        status = spt_sql_prepare(store, schema->statements[i], &store->statement[i], error);
    return status;
}

static enum spt_status open_to_write(struct spt_store *store, const char *file, double wait_seconds,
                                     const struct spt_store_schema *schema, struct spt_error *error) {
    int64_t version = schema->version, pages = 0;
    enum spt_status status =
        inspect(file, store->path, SPT_STORE_WRITE, error); /* before a lock is left beside a stranger's file */
    if (status == SPT_OK) status = spt_store_lock(file, store->path, wait_seconds, &store->lock, error);
    if (status == SPT_OK) status = inspect(file, store->path, SPT_STORE_WRITE, error); /* as the last writer left it */
    if (status == SPT_OK) status = connect_to(store, file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, false, error);
    /* Asked through SQLite: it first rolls back what a writer left that was killed while it made the tables. */
    if (status == SPT_OK) status = spt_sql_scalar(store, "PRAGMA page_count", &pages, error);
    if (status == SPT_OK && pages == 0) status = spt_store_create(store, schema, error);
    if (status == SPT_OK) status = identify(store, schema->version, &version, error);
    if (status == SPT_OK) status = require_wal(store, error);
    if (status == SPT_OK) status = spt_sql_exec(store, "PRAGMA synchronous = FULL", "open the store", error);
    if (status == SPT_OK && version < schema->version)
        status = spt_store_migrate(store, file, (int)version, schema, error);
    if (status == SPT_OK)
        status = spt_sql_exec(store, "PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864", "open the store",
                              error);
    if (status == SPT_OK) status = prepare_all(store, schema, error);
    if (status == SPT_OK && version < schema->version) {
        char text[64];
        snprintf(text, sizeof text, "from version %lld to %d", (long long)version, schema->version);
        struct spt_store_event event = {.kind = (char[]){"migration"}, .text = text, .step = SPT_NO_STEP};
        status = spt_store_add_event(store, &event, error);
    }
    return status;
}

static enum spt_status open_to_read(struct spt_store *store, const char *file, const struct spt_store_schema *schema,
                                    struct spt_error *error) {
    int64_t version = 0;
    enum spt_status status = inspect(file, store->path, SPT_STORE_READ, error);
    if (status == SPT_OK) status = connect_to_read(store, file, error);
    if (status == SPT_OK) status = identify(store, schema->version, &version, error);
    if (status == SPT_OK && version < schema->version)
        status =
            spt_fail(error, SPT_INVALID, store->path,
                     "the store is of version %lld: sweep once with this spectail, it brings the store to version %d",
                     (long long)version, schema->version);
    if (status == SPT_OK) status = prepare_all(store, schema, error);
    return status;
}

enum spt_status spt_store_open_schema(const char *path, enum spt_store_mode mode, double wait_seconds,
                                      const struct spt_store_schema *schema, struct spt_store **store,
                                      struct spt_error *error) {
    struct spt_store *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a store");
    made->lock = -1;
    made->path = spt_strdup(path);
    made->metric_id = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *made->metric_id);
    char *file = NULL;
    enum spt_status status = made->path && made->metric_id ? SPT_OK : spt_fail_memory(error, sizeof *made, "a store");
    if (status == SPT_OK) status = spt_store_resolve(path, &file, error);
    if (status == SPT_OK && mode == SPT_STORE_WRITE) status = open_to_write(made, file, wait_seconds, schema, error);
    if (status == SPT_OK && mode == SPT_STORE_READ) status = open_to_read(made, file, schema, error);
    free(file);
    if (status == SPT_OK) {
        *store = made;
    } else {
        spt_store_close(made);
    }
    return status;
}

enum spt_status spt_store_open(const char *path, enum spt_store_mode mode, double wait_seconds,
                               struct spt_store **store, struct spt_error *error) {
    return spt_store_open_schema(path, mode, wait_seconds, &SPT_STORE_SCHEMA, store, error);
}

void spt_store_close(struct spt_store *store) {
    if (!store) return;
    spt_store_rollback(store);
    for (int i = 0; i < SPT_SQL_COUNT; i++) sqlite3_finalize(store->statement[i]);
    sqlite3_close(store->db);
    if (store->lock >= 0) close(store->lock); /* after the log was folded in: the next writer finds one file */
    free(store->bytes);
    free(store->metric_id);
    free(store->path);
    free(store);
}
