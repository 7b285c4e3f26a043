/* What the files of the store share. Nothing outside tracker/store includes this, except the store's own tests. */
#ifndef SPT_STORE_INTERNAL_H
#define SPT_STORE_INTERNAL_H

#include "tracker/store/store.h"

#include <sqlite3.h>

#define SPT_STORE_APPLICATION 0x5370746C /* "Sptl" */

/* Every statement the store uses, prepared once when it is opened: so a store that lacks a table or a column is refused
 * there. */
enum spt_sql_id {
    SPT_SQL_RUN_FIND,
    SPT_SQL_RUN_ADD,
    SPT_SQL_RUN_MOVE,
    SPT_SQL_RUN_DESCRIBE,
    SPT_SQL_RUN_LIST,
    SPT_SQL_CHECKPOINT_ADD,
    SPT_SQL_CHECKPOINT_AMEND,
    SPT_SQL_CHECKPOINT_SUPERSEDE,
    SPT_SQL_CHECKPOINT_LIST,
    SPT_SQL_CHECKPOINT_SUPERSEDED,
    SPT_SQL_CHECKPOINT_METRICS,
    SPT_SQL_CHECKPOINT_HEADLESS,
    SPT_SQL_METRIC_ADD,
    SPT_SQL_METRIC_FIND,
    SPT_SQL_MEASURE_ADD,
    SPT_SQL_MEASURE_REMOVE,
    SPT_SQL_SAMPLES_ADD,
    SPT_SQL_SAMPLES_FIND,
    SPT_SQL_SAMPLES_REMOVE,
    SPT_SQL_CURVE_ADD,
    SPT_SQL_CURVE_FIND,
    SPT_SQL_CURVE_REMOVE,
    SPT_SQL_DRAWS_ADD,
    SPT_SQL_DRAWS_REMOVE,
    SPT_SQL_NULL_ADD,
    SPT_SQL_NULL_FIND,
    SPT_SQL_EXTERNAL_POSITION,
    SPT_SQL_EXTERNAL_REMOVE,
    SPT_SQL_EXTERNAL_ADD,
    SPT_SQL_EXTERNAL_NAMES,
    SPT_SQL_EXTERNAL_POINTS,
    SPT_SQL_EVENT_ADD,
    SPT_SQL_EVENT_DELIVER,
    SPT_SQL_EVENT_LIST,
    SPT_SQL_END,
    SPT_SQL_ROLLBACK,
    SPT_SQL_GROUP_UNDO,
    SPT_SQL_GROUP_RELEASE,
    SPT_SQL_MEASURE_ALL,
    SPT_SQL_SAMPLES_ALL,
    SPT_SQL_CURVE_ALL,
    SPT_SQL_DRAWS_ALL,
    SPT_SQL_SEAL_ROW,
    SPT_SQL_SEAL_WRITE,
    SPT_SQL_COUNT,
};

struct spt_store {
    sqlite3 *db;
    char *path; /* as the caller gave it: for messages */
    int lock;   /* descriptor that holds the writer's lock; -1: read only */
    sqlite3_stmt *statement[SPT_SQL_COUNT];
    int64_t *metric_id;      /* [SPT_METRIC_COUNT] row in the table metric; 0: not looked up yet */
    int64_t checkpoint;      /* between begin and commit: its row; 0: none */
    struct spt_hash figures; /* between begin and commit: the sum of its figures' hashes so far */
    bool sealed;             /* ... which is known: not of one that version 1 stored */
    unsigned char *bytes;    /* [bytes_capacity] the BLOB that is being written */
    size_t bytes_capacity;
};

/* --- schema.c --- */
typedef enum spt_status spt_store_migration(struct spt_store *store, struct spt_error *error);

struct spt_store_schema {
    int version;
    const char *create;                     /* statements that make an empty store of this version */
    spt_store_migration *const *migrations; /* [version - 1]; entry i leads from version i + 1 to i + 2 */
    const char *const *statements;          /* [SPT_SQL_COUNT], the text of each statement for this version */
};

extern const struct spt_store_schema SPT_STORE_SCHEMA;

/* Makes the tables in one transaction. */
enum spt_status spt_store_create(struct spt_store *store, const struct spt_store_schema *schema,
                                 struct spt_error *error);

/* Brings a store of an older version to schema's: a back-up file <file>.v<version>.bak, then all migrations in one
 * transaction. file is the store's real path. */
enum spt_status spt_store_migrate(struct spt_store *store, const char *file, int version,
                                  const struct spt_store_schema *schema, struct spt_error *error);

/* --- lock.c --- */
/* Takes the writer's lock of the store at file (its real path); path is for messages. SPT_RETRY names who holds it. */
enum spt_status spt_store_lock(const char *file, const char *path, double wait_seconds, int *lock,
                               struct spt_error *error);

/* --- open.c --- */
/* The real path of the store, so that a link and its target share one lock; of a store that is yet to be made, its
 * folder's. Caller frees *file. */
enum spt_status spt_store_resolve(const char *path, char **file, struct spt_error *error);

/* spt_store_open for another schema than this program's: how the tests prove migrations. */
enum spt_status spt_store_open_schema(const char *path, enum spt_store_mode mode, double wait_seconds,
                                      const struct spt_store_schema *schema, struct spt_store **store,
                                      struct spt_error *error);

/* --- sql.c --- */
/* The status and sentence of what SQLite just refused; what is "write to the store". */
enum spt_status spt_sql_fail(struct spt_store *store, const char *what, struct spt_error *error);
/* Statements without parameters and results. */
enum spt_status spt_sql_exec(struct spt_store *store, const char *sql, const char *what, struct spt_error *error);
enum spt_status spt_sql_prepare(struct spt_store *store, const char *sql, sqlite3_stmt **statement,
                                struct spt_error *error);
/* The one integer a statement without parameters gives. */
enum spt_status spt_sql_scalar(struct spt_store *store, const char *sql, int64_t *value, struct spt_error *error);

/* One use of a statement: parameters are bound in the order they are written, then it is stepped.
 *     spt_sql_start  ->  spt_sql_text, ...  ->  spt_sql_finish            (no result is wanted)
 *                                           ->  spt_sql_next ...  ->  spt_sql_end */
struct spt_sql {
    struct spt_store *store;
    sqlite3_stmt *statement;
    int bound;  /* parameters bound so far */
    int failed; /* SQLite's code of the first that could not be bound; 0: none */
};

/* One of the statements that end a transaction. They were prepared when the store was opened: what ends it needs no memory then, and cannot
 * leave it open. */
void spt_sql_leave(struct spt_store *store, enum spt_sql_id id);

struct spt_sql spt_sql_start(struct spt_store *store, enum spt_sql_id id);
void spt_sql_text(struct spt_sql *sql,
                  const char *text); /* NULL: NULL. Borrowed until the statement is finished, as blobs are */
void spt_sql_integer(struct spt_sql *sql, int64_t value);
void spt_sql_integer_or_null(struct spt_sql *sql, int64_t value, int64_t none); /* value == none: NULL */
void spt_sql_real(struct spt_sql *sql, double value);                           /* NAN: NULL */
void spt_sql_hash(struct spt_sql *sql, struct spt_hash hash);                   /* 32 hexadecimal digits */
void spt_sql_hash_or_null(struct spt_sql *sql, struct spt_hash hash);           /* 0: NULL */
void spt_sql_blob(struct spt_sql *sql, const void *bytes, size_t size);
/* SPT_OK: a row is there; SPT_END: no more. */
enum spt_status spt_sql_next(struct spt_sql *sql, const char *what, struct spt_error *error);
void spt_sql_end(struct spt_sql *sql);
enum spt_status spt_sql_finish(struct spt_sql *sql, const char *what, struct spt_error *error);

/* Columns of the row that spt_sql_next reached. */
double spt_sql_column_real(const struct spt_sql *sql, int column); /* NULL: NAN */
int64_t spt_sql_column_integer(const struct spt_sql *sql, int column, int64_t none);
char *spt_sql_column_text(const struct spt_sql *sql, int column,
                          bool *failed); /* a copy; NULL for NULL; failed: out of memory */
bool spt_sql_column_hash(const struct spt_sql *sql, int column,
                         struct spt_hash *hash); /* NULL: 0; false: not 32 digits */

/* A group of statements that is done whole or not at all; inside a checkpoint's transaction it is part of that one. */
enum spt_status spt_sql_group_begin(struct spt_store *store, struct spt_error *error);
enum spt_status spt_sql_group_end(struct spt_store *store, enum spt_status status, struct spt_error *error);

#define SPT_STORE_TIME_MAX 32
void spt_store_now(char text[SPT_STORE_TIME_MAX]); /* UTC, ISO 8601, to the second */

/* --- read.c --- */
bool spt_state_find(const char *name, enum spt_checkpoint_state *state); /* name may be NULL */

/* A row that cannot be what this program wrote. */
enum spt_status spt_store_damaged(struct spt_store *store, const char *table, int64_t id, const char *column,
                                  struct spt_error *error);

/* --- seal.c --- */
enum { SPT_SEAL_SAMPLES = 'p', SPT_SEAL_CURVE = 'c', SPT_SEAL_DRAWS = 'd' };

/* The hash of one figure, metric by its name in the store (measure->metric is not looked at). */
struct spt_hash spt_seal_of_measure(const char *metric, const struct spt_measure *measure);
struct spt_hash spt_seal_of_vector(char table, const char *metric, int layer, int head, const void *values,
                                   size_t size);
void spt_seal_add(struct spt_hash *sum, struct spt_hash figure);

/* Seals a checkpoint's row as it stands now, with this sum of its figures. */
enum spt_status spt_seal_write(struct spt_store *store, int64_t checkpoint, struct spt_hash figures,
                               struct spt_error *error);

/* What a checkpoint's seal says. Reads all its figures. */
struct spt_seal {
    bool sealed;         /* false: an older version stored it, and nothing is known */
    bool row, figures;   /* they are what was sealed */
    struct spt_hash sum; /* of its figures as they stand */
};
enum spt_status spt_seal_look(struct spt_store *store, int64_t checkpoint, struct spt_seal *found,
                              struct spt_error *error);

/* --- write.c --- */
/* Removes what a checkpoint's figures are in every table that has them. */
enum spt_status spt_store_remove_figures(struct spt_store *store, int64_t checkpoint, struct spt_error *error);
/* The row of the table metric for this name, made when it is missing. */
enum spt_status spt_store_intern_metric(struct spt_store *store, const struct spt_metric *metric, int64_t *id,
                                        struct spt_error *error);
/* SPT_INVALID for a store that was opened for reading; SPT_IO inside a checkpoint's transaction that SQLite gave up. */
enum spt_status spt_store_require_write(struct spt_store *store, struct spt_error *error);

#endif
