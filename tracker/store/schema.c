/* The tables, every statement on them, and the way from older versions.
 *
 * A change of the tables is a new version: change CREATE and STATEMENTS, append one migration, count SCHEMA.version up.
 * A version that was released is never changed.
 */
#include "tracker/store/internal.h"

#include "checkpoints/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Digests and fingerprints are 32 hexadecimal digits, so that a person can compare them in any SQLite shell. Real
 * columns are NULL where a figure is undefined. Vectors are f32, little-endian, NaN where undefined.
 *
 * Beyond the design's list of columns: run.layers, heads, samples, mask (what plots need to lay out their panels
 * without the model at hand), checkpoint.version (an invalid checkpoint is tried again by another version),
 * external.position (series come back in the order they were added), run.model_text, probe_text, plan_text (so that a
 * difference can be told in words), and what an event is of. */

/* The least step of the analysed rows with one digest is found without looking at the others, however many they are. */
#define CREATE_DUPLICATE                                                                                               \
    "CREATE INDEX checkpoint_duplicate ON checkpoint(run, digest, step)"                                               \
    " WHERE state = 'analysed' AND superseded IS NULL AND step IS NOT NULL;"

/* What a figure without values of samples is in each of the plan's draws: that emerge resamples it at every checkpoint
 * alike. */
#define CREATE_DRAW                                                                                                    \
    "CREATE TABLE draw("                                                                                               \
    " checkpoint INTEGER NOT NULL REFERENCES checkpoint(id),"                                                          \
    " metric INTEGER NOT NULL REFERENCES metric(id),"                                                                  \
    " layer INTEGER NOT NULL, head INTEGER NOT NULL,"                                                                  \
    " \"values\" BLOB NOT NULL," /* f32 [draws], or the one value that all draws have */                               \
    " PRIMARY KEY(checkpoint, metric, layer, head)) STRICT;"

#define CREATE_EVENT                                                                                                   \
    "CREATE TABLE event("                                                                                              \
    " id INTEGER PRIMARY KEY,"                                                                                         \
    " time TEXT NOT NULL,"                                                                                             \
    " kind TEXT NOT NULL,"                                                                                             \
    " run INTEGER REFERENCES run(id),"                                                                                 \
    " checkpoint INTEGER REFERENCES checkpoint(id),"                                                                   \
    " step INTEGER,"                                                                                                   \
    " branch TEXT NOT NULL,"                                                                                           \
    " rule TEXT,"                                                                                                      \
    " key TEXT,"                                                                                                       \
    " text TEXT NOT NULL,"                                                                                             \
    " delivery TEXT NOT NULL,"                                                                                         \
    " outcome TEXT) STRICT;"                                                                                           \
    "CREATE UNIQUE INDEX event_key ON event(COALESCE(run, 0), kind, key) WHERE key IS NOT NULL;"                       \
    "CREATE INDEX event_run ON event(run, kind);"

static const char CREATE[] =
    "CREATE TABLE run("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " source TEXT NOT NULL," /* absolute path of the run's root where it was seen last */
    " model_digest TEXT NOT NULL,"
    " probe_digest TEXT NOT NULL,"
    " plan_digest TEXT NOT NULL,"
    " layers INTEGER NOT NULL,"
    " heads INTEGER NOT NULL,"
    " samples INTEGER NOT NULL,"
    " mask TEXT NOT NULL,"
    " spectail_version TEXT NOT NULL,"
    " created TEXT NOT NULL,"
    " model_text TEXT,"
    " probe_text TEXT,"
    " plan_text TEXT,"
    " UNIQUE(name, model_digest, probe_digest, plan_digest)) STRICT;"

    "CREATE TABLE checkpoint("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(id),"
    " branch TEXT NOT NULL,"
    " step INTEGER,"   /* NULL: shown by its label */
    " tokens INTEGER," /* seen by the model so far; NULL: not known */
    " label TEXT NOT NULL,"
    " uri TEXT NOT NULL," /* relative to run.source */
    " fingerprint TEXT NOT NULL,"
    " digest TEXT," /* of the tensors; NULL: not read */
    " bytes INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " reason TEXT,"
    " tries INTEGER NOT NULL,"
    " superseded INTEGER REFERENCES checkpoint(id),"
    " seconds REAL,"
    " finished TEXT,"
    " version TEXT NOT NULL,"
    " figures TEXT," /* sum of its figures' hashes, and a hash of the row: NULL: version 1 stored it (seal.c) */
    " seal TEXT,"
    " UNIQUE(run, uri, fingerprint)) STRICT;" CREATE_DUPLICATE

    "CREATE TABLE metric("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " unit TEXT NOT NULL) STRICT;"

    "CREATE TABLE measure("
    " checkpoint INTEGER NOT NULL REFERENCES checkpoint(id),"
    " metric INTEGER NOT NULL REFERENCES metric(id),"
    " layer INTEGER NOT NULL," /* -1: whole model */
    " head INTEGER NOT NULL,"  /* -1: whole layer */
    " mean REAL, sd REAL, lo REAL, hi REAL,"
    " n INTEGER NOT NULL,"
    " bad INTEGER NOT NULL,"
    " PRIMARY KEY(checkpoint, metric, layer, head)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE probe_value("
    " checkpoint INTEGER NOT NULL REFERENCES checkpoint(id),"
    " metric INTEGER NOT NULL REFERENCES metric(id),"
    " layer INTEGER NOT NULL, head INTEGER NOT NULL,"
    " \"values\" BLOB NOT NULL," /* f32 [samples] */
    " PRIMARY KEY(checkpoint, metric, layer, head)) STRICT;"

    "CREATE TABLE curve("
    " checkpoint INTEGER NOT NULL REFERENCES checkpoint(id),"
    " metric INTEGER NOT NULL REFERENCES metric(id),"
    " layer INTEGER NOT NULL, head INTEGER NOT NULL,"
    " \"values\" BLOB NOT NULL," /* f32 [points of the metric's grid] */
    " PRIMARY KEY(checkpoint, metric, layer, head)) STRICT;"

    CREATE_DRAW

    "CREATE TABLE null_value("
    " run INTEGER NOT NULL REFERENCES run(id),"
    " metric INTEGER NOT NULL REFERENCES metric(id),"
    " layer INTEGER NOT NULL,"
    " mean REAL, sd REAL,"
    " draws INTEGER NOT NULL,"
    " PRIMARY KEY(run, metric, layer)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE external("
    " run INTEGER NOT NULL REFERENCES run(id),"
    " name TEXT NOT NULL,"
    " step INTEGER NOT NULL,"
    " value REAL,"
    " position INTEGER NOT NULL," /* the same for all points of a series: series are in this order */
    " PRIMARY KEY(run, name, step)) STRICT, WITHOUT ROWID;"

    CREATE_EVENT;

#define ADD_VECTOR(table)                                                                                              \
    "INSERT INTO " table "(checkpoint, metric, layer, head, \"values\") VALUES(?1, ?2, ?3, ?4, ?5)"                    \
    " ON CONFLICT(checkpoint, metric, layer, head) DO NOTHING"
#define FIND_VECTOR(table)                                                                                             \
    "SELECT v.\"values\" FROM " table " v JOIN metric m ON m.id = v.metric"                                            \
    " WHERE v.checkpoint = ?1 AND m.name = ?2 AND v.layer = ?3 AND v.head = ?4"
#define ALL_VECTORS(table)                                                                                             \
    "SELECT m.name, v.layer, v.head, v.\"values\" FROM " table " v JOIN metric m ON m.id = v.metric"                   \
    " WHERE v.checkpoint = ?1"

/* Whether the table has the metric's vector of a layer, and none of a head of it: the first of each tell for all. */
#define HEADLESS(table)                                                                                                \
    "(EXISTS(SELECT 1 FROM " table " WHERE checkpoint = ?1 AND metric = m.id AND layer = 0 AND head = -1)"             \
    " AND NOT EXISTS(SELECT 1 FROM " table " WHERE checkpoint = ?1 AND metric = m.id AND layer = 0 AND head = 0))"

static const char *const STATEMENTS[SPT_SQL_COUNT] = {
    [SPT_SQL_RUN_FIND] = "SELECT id, source FROM run WHERE name = ?1 AND model_digest = ?2 AND probe_digest = ?3"
                         " AND plan_digest = ?4",
    [SPT_SQL_RUN_ADD] =
        "INSERT INTO run(name, source, model_digest, probe_digest, plan_digest, layers, heads, samples, mask,"
        " created, spectail_version, model_text, probe_text, plan_text)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SPT_SQL_RUN_MOVE] = "UPDATE run SET source = ?1 WHERE id = ?2",
    [SPT_SQL_RUN_DESCRIBE] =
        "UPDATE run SET model_text = COALESCE(model_text, ?1), probe_text = COALESCE(probe_text, ?2),"
        " plan_text = COALESCE(plan_text, ?3) WHERE id = ?4 AND ((model_text IS NULL AND ?1 IS NOT NULL)"
        " OR (probe_text IS NULL AND ?2 IS NOT NULL) OR (plan_text IS NULL AND ?3 IS NOT NULL))",
    [SPT_SQL_RUN_LIST] =
        "SELECT id, name, source, model_digest, probe_digest, plan_digest, layers, heads, samples, mask,"
        " created, model_text, probe_text, plan_text FROM run ORDER BY created, id",

    [SPT_SQL_CHECKPOINT_ADD] =
        "INSERT INTO checkpoint(run, uri, fingerprint, branch, label, bytes, state, tries, version, figures)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '00000000000000000000000000000000')"
        " ON CONFLICT(run, uri, fingerprint) DO UPDATE SET tries = tries + excluded.tries, superseded = NULL"
        " RETURNING id, tries, state, figures",
    [SPT_SQL_CHECKPOINT_AMEND] = "UPDATE checkpoint SET branch = ?1, step = ?2, tokens = ?3, label = ?4, digest = "
                                 "COALESCE(?5, digest), bytes = ?6,"
                                 " state = ?7, reason = ?8, seconds = ?9, finished = ?10, version = ?11 WHERE id = ?12",
    [SPT_SQL_CHECKPOINT_SUPERSEDE] =
        "UPDATE checkpoint AS old SET superseded = new.id FROM checkpoint AS new"
        " WHERE new.id = ?1 AND old.run = new.run AND old.uri = new.uri AND old.id <> new.id AND old.superseded IS NULL"
        " AND (old.state <> 'analysed' OR new.state = 'analysed')",
    [SPT_SQL_CHECKPOINT_LIST] =
        "SELECT c.id, c.branch, c.label, c.uri, c.step, c.tokens, c.fingerprint, c.digest, c.bytes, c.state, c.reason,"
        " c.tries, c.superseded, c.seconds, c.finished, c.version,"
        " (SELECT d.step FROM checkpoint d WHERE c.state = 'analysed' AND d.run = c.run AND d.digest = c.digest"
        "  AND d.state = 'analysed' AND d.superseded IS NULL AND d.step IS NOT NULL AND d.step <> c.step"
        "  ORDER BY d.step LIMIT 1)"
        " FROM checkpoint c WHERE c.run = ?1 AND c.superseded IS NULL AND (?2 IS NULL OR c.state = ?2)"
        " ORDER BY c.branch, c.step IS NULL, c.step, c.label, c.id",
    [SPT_SQL_CHECKPOINT_SUPERSEDED] = "SELECT COUNT(*) FROM checkpoint WHERE run = ?1 AND superseded IS NOT NULL",
    [SPT_SQL_CHECKPOINT_METRICS] =
        "SELECT id, name FROM metric m WHERE EXISTS(SELECT 1 FROM measure WHERE checkpoint = ?1 AND metric = m.id)"
        " OR EXISTS(SELECT 1 FROM curve WHERE checkpoint = ?1 AND metric = m.id)",
    [SPT_SQL_CHECKPOINT_HEADLESS] =
        "SELECT id, name FROM metric m WHERE " HEADLESS("probe_value") " OR " HEADLESS("curve") " OR " HEADLESS("draw"),

    [SPT_SQL_METRIC_ADD] = "INSERT INTO metric(name, unit) VALUES(?1, ?2) ON CONFLICT(name) DO NOTHING",
    [SPT_SQL_METRIC_FIND] = "SELECT id FROM metric WHERE name = ?1",

    [SPT_SQL_MEASURE_ADD] = "INSERT INTO measure(checkpoint, metric, layer, head, mean, sd, lo, hi, n, bad)"
                            " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                            " ON CONFLICT(checkpoint, metric, layer, head) DO NOTHING",
    [SPT_SQL_MEASURE_REMOVE] = "DELETE FROM measure WHERE checkpoint = ?1",
    [SPT_SQL_SAMPLES_ADD] = ADD_VECTOR("probe_value"),
    [SPT_SQL_SAMPLES_FIND] = FIND_VECTOR("probe_value"),
    [SPT_SQL_SAMPLES_REMOVE] = "DELETE FROM probe_value WHERE checkpoint = ?1",
    [SPT_SQL_CURVE_ADD] = ADD_VECTOR("curve"),
    [SPT_SQL_CURVE_FIND] = FIND_VECTOR("curve"),
    [SPT_SQL_CURVE_REMOVE] = "DELETE FROM curve WHERE checkpoint = ?1",
    [SPT_SQL_DRAWS_ADD] = ADD_VECTOR("draw"),
    [SPT_SQL_DRAWS_REMOVE] = "DELETE FROM draw WHERE checkpoint = ?1",

    [SPT_SQL_NULL_ADD] = "INSERT INTO null_value(run, metric, layer, mean, sd, draws) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                         " ON CONFLICT(run, metric, layer) DO UPDATE SET mean = excluded.mean, sd = excluded.sd,"
                         " draws = excluded.draws",
    [SPT_SQL_NULL_FIND] = "SELECT v.mean, v.sd FROM null_value v JOIN metric m ON m.id = v.metric"
                          " WHERE v.run = ?1 AND m.name = ?2 AND v.layer IN (?3, -1) ORDER BY v.layer DESC LIMIT 1",

    [SPT_SQL_EXTERNAL_POSITION] = "SELECT COALESCE((SELECT MIN(position) FROM external WHERE run = ?1 AND name = ?2),"
                                  " (SELECT MAX(position) + 1 FROM external WHERE run = ?1), 0)",
    [SPT_SQL_EXTERNAL_REMOVE] = "DELETE FROM external WHERE run = ?1 AND name = ?2",
    [SPT_SQL_EXTERNAL_ADD] = "INSERT INTO external(run, name, step, value, position) VALUES(?1, ?2, ?3, ?4, ?5)"
                             " ON CONFLICT(run, name, step) DO UPDATE SET value = excluded.value",
    [SPT_SQL_EXTERNAL_NAMES] = "SELECT name FROM external WHERE run = ?1 GROUP BY name ORDER BY MIN(position), name",
    [SPT_SQL_EXTERNAL_POINTS] = "SELECT step, value FROM external WHERE run = ?1 AND name = ?2 ORDER BY step",

    [SPT_SQL_EVENT_ADD] =
        "INSERT INTO event(time, kind, run, checkpoint, step, branch, rule, key, text, delivery, outcome)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING RETURNING id",
    [SPT_SQL_EVENT_DELIVER] = "UPDATE event SET delivery = ?1, outcome = ?2 WHERE id = ?3 RETURNING id",
    [SPT_SQL_END] = "END",
    [SPT_SQL_ROLLBACK] = "ROLLBACK",
    [SPT_SQL_GROUP_UNDO] = "ROLLBACK TO spt_group",
    [SPT_SQL_GROUP_RELEASE] = "RELEASE spt_group",
    [SPT_SQL_EVENT_LIST] =
        "SELECT id, time, kind, run, checkpoint, step, branch, rule, key, text, delivery, outcome FROM event"
        " WHERE run IS ?1 AND (?2 IS NULL OR kind = ?2) ORDER BY time, step, kind, rule, key, text, id",

    [SPT_SQL_MEASURE_ALL] = "SELECT m.name, v.layer, v.head, v.mean, v.sd, v.lo, v.hi, v.n, v.bad FROM measure v"
                            " JOIN metric m ON m.id = v.metric WHERE v.checkpoint = ?1",
    [SPT_SQL_SAMPLES_ALL] = ALL_VECTORS("probe_value"),
    [SPT_SQL_CURVE_ALL] = ALL_VECTORS("curve"),
    [SPT_SQL_DRAWS_ALL] = ALL_VECTORS("draw"),
    [SPT_SQL_SEAL_ROW] = "SELECT figures, seal, run, branch, step, tokens, label, uri, fingerprint, digest, bytes,"
                         " state, reason FROM checkpoint WHERE id = ?1",
    [SPT_SQL_SEAL_WRITE] = "UPDATE checkpoint SET figures = ?1, seal = ?2 WHERE id = ?3",
};

/* From 1 to 2: events say what they are of and how their delivery went; runs say in words what their digests are of;
 * checkpoints are sealed from now on. */
static enum spt_status migrate_1(struct spt_store *store, struct spt_error *error) {
    static const char SQL[] =
        "ALTER TABLE run ADD COLUMN model_text TEXT;"
        "ALTER TABLE run ADD COLUMN probe_text TEXT;"
        "ALTER TABLE run ADD COLUMN plan_text TEXT;"
        "ALTER TABLE checkpoint ADD COLUMN figures TEXT;"
        "ALTER TABLE checkpoint ADD COLUMN seal TEXT;"
        "DROP INDEX checkpoint_digest;" CREATE_DUPLICATE "ALTER TABLE event RENAME TO event_of_1;" CREATE_EVENT
        "INSERT INTO event(id, time, kind, run, checkpoint, step, branch, text, delivery)"
        " SELECT e.id, e.time, e.kind, c.run, e.checkpoint, c.step, COALESCE(c.branch, ''), e.text, 'none'"
        " FROM event_of_1 e LEFT JOIN checkpoint c ON c.id = e.checkpoint;"
        "DROP TABLE event_of_1;";
    return spt_sql_exec(store, SQL, "write to the store", error);
}

/* From 2 to 3: a table more. Checkpoints that are there have no draws; their sums of figures are as they were. */
static enum spt_status migrate_2(struct spt_store *store, struct spt_error *error) {
    return spt_sql_exec(store, CREATE_DRAW, "write to the store", error);
}

static spt_store_migration *const MIGRATIONS[] = {migrate_1, migrate_2};

const struct spt_store_schema SPT_STORE_SCHEMA = {
    .version = 3, .create = CREATE, .migrations = MIGRATIONS, .statements = STATEMENTS};

static enum spt_status set_version(struct spt_store *store, int version, struct spt_error *error) {
    char sql[64]; /* a pragma takes no bound parameter */
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version);
    return spt_sql_exec(store, sql, "write to the store", error);
}

enum spt_status spt_store_create(struct spt_store *store, const struct spt_store_schema *schema,
                                 struct spt_error *error) {
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d", SPT_STORE_APPLICATION);
    enum spt_status status = spt_sql_exec(store, "BEGIN EXCLUSIVE", "make the store", error);
    if (status == SPT_OK) status = spt_sql_exec(store, sql, "make the store", error);
    if (status == SPT_OK) status = spt_sql_exec(store, schema->create, "make the store", error);
    if (status == SPT_OK) status = set_version(store, schema->version, error);
    if (status == SPT_OK) status = spt_sql_exec(store, "COMMIT", "make the store", error);
    if (status != SPT_OK) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* fsync of what is at path, a file or a directory. */
static enum spt_status sync_path(const char *path, struct spt_error *error) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return spt_fail_system(error, errno, path, "write the back-up of the store");
    enum spt_status status = SPT_OK;
    if (fsync(fd)) status = spt_fail_system(error, errno, path, "write the back-up of the store");
    close(fd);
    return status;
}

/* Copies the store to <file>.v<version>.bak: beside it first, so that a back-up under its final name is always whole.
 * An older back-up of the same version holds less than this one and is replaced. */
static enum spt_status back_up(struct spt_store *store, const char *file, int version, struct spt_error *error) {
    struct spt_text part = {0}, name = {0};
    spt_text_format(&name, "%s.v%d.bak", file, version);
    spt_text_format(&part, "%s.v%d.bak.part", file, version);
    enum spt_status status = SPT_OK;
    sqlite3_stmt *statement = NULL;
    if (name.failed || part.failed) status = spt_fail_memory(error, strlen(file), "the name of a back-up");
    if (status == SPT_OK) unlink(part.data); /* VACUUM INTO refuses a file that is there */
    if (status == SPT_OK) status = spt_sql_prepare(store, "VACUUM INTO ?1", &statement, error);
    if (status == SPT_OK && (sqlite3_bind_text(statement, 1, part.data, -1, SQLITE_STATIC) != SQLITE_OK ||
                             sqlite3_step(statement) != SQLITE_DONE))
        status = spt_sql_fail(store, "write the back-up of the store", error);
    sqlite3_finalize(statement);
    if (status == SPT_OK) status = sync_path(part.data, error);
    if (status == SPT_OK && rename(part.data, name.data))
        status = spt_fail_system(error, errno, name.data, "write the back-up of the store");
    if (status != SPT_OK && part.data) unlink(part.data);
    spt_text_release(&part);
    spt_text_release(&name);
    return status;
}

static enum spt_status apply(struct spt_store *store, int version, const struct spt_store_schema *schema,
                             struct spt_error *error) {
    enum spt_status status = spt_sql_exec(store, "BEGIN IMMEDIATE", "write to the store", error);
    for (int v = version; v < schema->version && status == SPT_OK; v++) {
        struct spt_error inner = {0};
        status = schema->migrations[v - 1](store, &inner);
        if (status != SPT_OK)
            spt_fail(error, status, store->path,
                     "cannot bring the store from version %d to %d, it is left as it was: %s", v, v + 1, inner.message);
    }
    if (status == SPT_OK) status = set_version(store, schema->version, error);
    if (status == SPT_OK) status = spt_sql_exec(store, "COMMIT", "write to the store", error);
    if (status != SPT_OK) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

enum spt_status spt_store_migrate(struct spt_store *store, const char *file, int version,
                                  const struct spt_store_schema *schema, struct spt_error *error) {
    enum spt_status status = back_up(store, file, version, error);
    return status == SPT_OK ? apply(store, version, schema, error) : status;
}
