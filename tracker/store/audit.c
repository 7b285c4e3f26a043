#include "tracker/store/audit.h"

#include "tracker/store/internal.h"

#include <stdlib.h>
#include <string.h>

/* Columns of a question: run, label, step, uri, what is wrong, how it is mended (NULL: as the row of the table says).
 * A question gives nothing when all is well. */
#define NO_CHECKPOINT "NULL, NULL, NULL, NULL, "
#define CHECKPOINT    "c.run, c.label, c.step, c.uri, "
#define AS_SAID       ", NULL"

/* Vectors of a checkpoint that have another length than most of their metric have: a count of them. */
#define ODD_CURVES                                                                                                     \
    "WITH lengths AS (SELECT metric, length(\"values\") AS bytes, count(*) AS n FROM curve GROUP BY 1, 2),"            \
    " usual AS (SELECT metric, bytes, max(n) FROM lengths GROUP BY metric)"                                            \
    " SELECT " CHECKPOINT "printf('%d of its curves have another number of points than those of other checkpoints',"   \
    " count(*))" AS_SAID " FROM curve v JOIN usual u ON u.metric = v.metric JOIN checkpoint c ON c.id = v.checkpoint"  \
    " WHERE length(v.\"values\") <> u.bytes GROUP BY c.id"

/* Figures are stored whole, so that a metric has as many rows in every checkpoint of a run that has it. */
#define FEWER_FIGURES                                                                                                  \
    "WITH n AS (SELECT c.run, v.checkpoint, v.metric, count(*) AS k FROM measure v JOIN checkpoint c"                  \
    " ON c.id = v.checkpoint GROUP BY v.checkpoint, v.metric),"                                                        \
    " most AS (SELECT run, metric, max(k) AS k FROM n GROUP BY run, metric)"                                           \
    " SELECT " CHECKPOINT                                                                                              \
    "printf('of %d of its metrics it has fewer figures than other checkpoints', count(*))" AS_SAID                     \
    " FROM n JOIN most m ON m.run = n.run AND m.metric = n.metric JOIN checkpoint c ON c.id = n.checkpoint"            \
    " WHERE n.k < m.k GROUP BY c.id"

static const struct {
    const char *kind;
    enum spt_audit_mend how;
    bool while_busy; /* asked while a writer is at work too */
    const char *sql;
} QUESTIONS[] = {
    {"store", SPT_MEND_RESTORE, true,
     "SELECT " NO_CHECKPOINT "printf('SQLite finds: %s', replace(replace(integrity_check,"
     " '*** in database main ***' || char(10), ''), char(10), '; '))" AS_SAID
     " FROM pragma_integrity_check(20) WHERE integrity_check <> 'ok'"},
    {"store", SPT_MEND_SAID, true,
     "SELECT " NO_CHECKPOINT "printf('%d rows of table %s name a row of table %s that is not there', count(*),"
     " f.\"table\", f.parent), printf('what they belong to is lost; remove them by sqlite3, then check again: "
     "DELETE FROM \"%w\" WHERE \"%w\" NOT IN (SELECT id FROM \"%w\");', f.\"table\", l.\"from\", f.parent)"
     " FROM pragma_foreign_key_check f JOIN pragma_foreign_key_list(f.\"table\") l ON l.id = f.fkid"
     " GROUP BY f.\"table\", f.parent, l.\"from\""},
    {"ledger", SPT_MEND_RESTORE, true,
     "SELECT " CHECKPOINT "printf('its state is \"%s\", which this version does not know', c.state)" AS_SAID
     " FROM checkpoint c WHERE c.state NOT IN ('waiting', 'analysed', 'incomplete', 'invalid', 'unsupported',"
     " 'vanished', 'unreadable')"},
    {"ledger", SPT_MEND_RESTORE, true,
     "SELECT " CHECKPOINT "printf('its fingerprint is \"%s\", expected 32 hexadecimal digits', c.fingerprint)" AS_SAID
     " FROM checkpoint c WHERE length(c.fingerprint) <> 32 OR c.fingerprint GLOB '*[^0-9a-f]*'"},
    {"ledger", SPT_MEND_RESTORE, true,
     "SELECT " CHECKPOINT "printf('its digest is \"%s\", expected 32 hexadecimal digits', c.digest)" AS_SAID
     " FROM checkpoint c WHERE length(c.digest) <> 32 OR c.digest GLOB '*[^0-9a-f]*'"},
    {"ledger", SPT_MEND_RESTORE, true,
     "SELECT " NO_CHECKPOINT "printf('the digests of run \"%s\" are not 32 hexadecimal digits each', name)" AS_SAID
     " FROM run WHERE length(model_digest) <> 32 OR length(probe_digest) <> 32 OR length(plan_digest) <> 32"
     " OR model_digest || probe_digest || plan_digest GLOB '*[^0-9a-f]*'"},
    {"ledger", SPT_MEND_FORCE, true,
     "SELECT " CHECKPOINT "'it is analysed, but without digest or time'" AS_SAID
     " FROM checkpoint c WHERE c.state = 'analysed' AND (c.digest IS NULL OR c.finished IS NULL)"},
    {"ledger", SPT_MEND_RESTORE, true,
     "SELECT " CHECKPOINT
     "printf('it is superseded by row %d, which is not of the same checkpoint', c.superseded)" AS_SAID
     " FROM checkpoint c JOIN checkpoint s ON s.id = c.superseded WHERE s.run <> c.run OR s.uri <> c.uri"},
    {"ledger", SPT_MEND_RESTORE, true,
     "WITH RECURSIVE chain(start, at) AS (SELECT id, superseded FROM checkpoint WHERE superseded IS NOT NULL"
     " UNION SELECT start, s.superseded FROM chain JOIN checkpoint s ON s.id = at WHERE s.superseded IS NOT NULL)"
     " SELECT " CHECKPOINT "'it is superseded by itself, over others'" AS_SAID
     " FROM chain JOIN checkpoint c ON c.id = start WHERE start = at"},
    {"ledger", SPT_MEND_RESTORE, true,
     "SELECT " CHECKPOINT "printf('%d rows of it are analysed and none supersedes the other', count(*))" AS_SAID
     " FROM checkpoint c WHERE c.state = 'analysed' AND c.superseded IS NULL GROUP BY c.run, c.uri HAVING count(*) > 1"},
    {"figures", SPT_MEND_RESTORE, true,
     "SELECT " CHECKPOINT "printf('it is %s, and has figures all the same', c.state)" AS_SAID
     " FROM checkpoint c WHERE c.state <> 'analysed' AND EXISTS(SELECT 1 FROM measure WHERE checkpoint = c.id)"},
    {"figures", SPT_MEND_FORCE, true,
     "SELECT " CHECKPOINT "'it is analysed, but has no figures'" AS_SAID
     " FROM checkpoint c WHERE c.state = 'analysed' AND c.superseded IS NULL"
     " AND NOT EXISTS(SELECT 1 FROM measure WHERE checkpoint = c.id)"
     " AND NOT EXISTS(SELECT 1 FROM curve WHERE checkpoint = c.id)"},
    {"figures", SPT_MEND_FORCE, true,
     "SELECT " CHECKPOINT "printf('%d of its vectors of values do not have %d numbers, one a sample', count(*),"
     " r.samples)" AS_SAID " FROM probe_value v JOIN checkpoint c ON c.id = v.checkpoint JOIN run r ON r.id = c.run"
     " WHERE length(v.\"values\") <> 4 * r.samples GROUP BY c.id"},
    {"figures", SPT_MEND_FORCE, true, ODD_CURVES},
    {"figures", SPT_MEND_FORCE, true,
     "SELECT " CHECKPOINT
     "printf('%d of its vectors of draws have neither %d numbers nor one', count(*), draws)" AS_SAID
     " FROM (SELECT id, CAST(substr(plan_text, instr(plan_text, 'bootstrap: ') + 11) AS INTEGER) AS draws FROM run"
     " WHERE instr(plan_text, 'bootstrap: ') > 0) r JOIN checkpoint c ON c.run = r.id JOIN draw v ON v.checkpoint = c.id"
     " WHERE length(v.\"values\") NOT IN (4, 4 * r.draws) GROUP BY c.id"},
    {"figures", SPT_MEND_FORCE, true,
     "SELECT " CHECKPOINT "printf('%d of its figures are of layers or heads that the model has not', count(*))" AS_SAID
     " FROM measure v JOIN checkpoint c ON c.id = v.checkpoint JOIN run r ON r.id = c.run"
     " WHERE v.layer NOT BETWEEN -1 AND r.layers - 1 OR v.head NOT BETWEEN -1 AND r.heads - 1 GROUP BY c.id"},
    {"figures", SPT_MEND_FORCE, true, FEWER_FIGURES},
    {"event", SPT_MEND_RESTORE, true,
     "SELECT run, NULL, NULL, NULL, printf('event %d has the delivery \"%s\", which this version does not know', id,"
     " delivery)" AS_SAID " FROM event WHERE delivery NOT IN ('none', 'pending', 'started', 'done', 'failed')"},
    {"event", SPT_MEND_SAID, false,
     "SELECT run, NULL, NULL, NULL, printf('the event of %s was not told yet (\"%s\"): its command was never started',"
     " time, text), 'the next watch or sweep of the run whose configuration has the rule tells it'"
     " FROM event WHERE delivery = 'pending'"},
    {"event", SPT_MEND_SAID, false,
     "SELECT run, NULL, NULL, NULL, printf('whether the event of %s was told is not known (\"%s\"): nobody saw the end"
     " of its command', time, text), 'see what the command did; the event is not told again'"
     " FROM event WHERE delivery = 'started'"},
};

enum { MOST = 20 }; /* of one question: after that it is clear what is wrong */

struct audit {
    struct spt_store *store;
    spt_audit_fn *found;
    void *context;
    struct spt_error failure; /* of SQLite, told last: said once, though many questions run into it */
};

static enum spt_status report(struct audit *audit, size_t question, const struct spt_sql *sql,
                              struct spt_error *error) {
    bool failed = false;
    char *label = spt_sql_column_text(sql, 1, &failed), *uri = spt_sql_column_text(sql, 3, &failed);
    char *text = spt_sql_column_text(sql, 4, &failed), *mend = spt_sql_column_text(sql, 5, &failed);
    const struct spt_audit_row row = {
        .kind = QUESTIONS[question].kind,
        .run = spt_sql_column_integer(sql, 0, 0),
        .label = label,
        .uri = uri,
        .step = spt_sql_column_integer(sql, 2, SPT_NO_STEP),
        .text = text,
        .how = QUESTIONS[question].how,
        .mend = mend,
    };
    enum spt_status status = failed || !text ? spt_fail_memory(error, 64, "a finding") : SPT_OK;
    if (status == SPT_OK) status = audit->found(audit->context, &row, error);
    free(label);
    free(uri);
    free(text);
    free(mend);
    return status;
}

/* What SQLite could not read is a finding too; only memory that is out ends the audit. */
static enum spt_status report_failure(struct audit *audit, const char *kind, const struct spt_error *failure,
                                      struct spt_error *error) {
    if (failure->status == SPT_NOMEM) {
        if (error) *error = *failure;
        return SPT_NOMEM;
    }
    if (strcmp(audit->failure.message, failure->message) == 0) return SPT_OK;
    audit->failure = *failure;
    const struct spt_audit_row row = {
        .kind = kind, .step = SPT_NO_STEP, .text = failure->message, .how = SPT_MEND_RESTORE};
    return audit->found(audit->context, &row, error);
}

static enum spt_status ask(struct audit *audit, size_t question, struct spt_error *error) {
    struct spt_sql sql = {.store = audit->store};
    struct spt_error failure = {0};
    enum spt_status status = spt_sql_prepare(audit->store, QUESTIONS[question].sql, &sql.statement, &failure);
    enum spt_status said = SPT_OK;
    for (int i = 0; i < MOST && status == SPT_OK && said == SPT_OK; i++) {
        status = spt_sql_next(&sql, "look the store through", &failure);
        if (status == SPT_OK) said = report(audit, question, &sql, error);
    }
    sqlite3_finalize(sql.statement);
    if (said != SPT_OK || status == SPT_OK || status == SPT_END) return said;
    return report_failure(audit, QUESTIONS[question].kind, &failure, error);
}

static enum spt_status report_seal(struct audit *audit, const struct spt_store_checkpoint *row, int64_t run,
                                   const char *text, struct spt_error *error) {
    const struct spt_audit_row said = {.kind = "figures",
                                       .run = run,
                                       .label = row->label,
                                       .uri = row->uri,
                                       .step = row->step,
                                       .text = text,
                                       .how = SPT_MEND_FORCE};
    return audit->found(audit->context, &said, error);
}

/* One row's seal: *bad counts those that are broken. */
static enum spt_status ask_seal(struct audit *audit, const struct spt_sql *sql, int *bad, struct spt_error *error) {
    bool failed = false;
    struct spt_error failure = {0};
    struct spt_seal seal;
    struct spt_store_checkpoint row = {
        .id = spt_sql_column_integer(sql, 0, 0),
        .step = spt_sql_column_integer(sql, 3, SPT_NO_STEP),
        .label = spt_sql_column_text(sql, 2, &failed),
        .uri = spt_sql_column_text(sql, 4, &failed),
    };
    const char *text = NULL;
    enum spt_status status = failed ? spt_fail_memory(&failure, 64, "a finding") : SPT_OK;
    if (status == SPT_OK) status = spt_seal_look(audit->store, row.id, &seal, &failure);
    if (status == SPT_OK && seal.sealed && !seal.figures)
        text = "its figures are not those that were stored";
    else if (status == SPT_OK && seal.sealed && !seal.row)
        text = "its row of the ledger is not what was stored";
    else if (status != SPT_OK && status != SPT_NOMEM)
        text = failure.message;
    if (status == SPT_NOMEM && error) *error = failure;
    if (status != SPT_NOMEM)
        status = text ? report_seal(audit, &row, spt_sql_column_integer(sql, 1, 0), text, error) : SPT_OK;
    *bad += text != NULL;
    free(row.label);
    free(row.uri);
    return status;
}

/* What was stored is what is there. */
static enum spt_status ask_seals(struct audit *audit, struct spt_error *error) {
    struct spt_sql sql = {.store = audit->store};
    struct spt_error failure = {0};
    int bad = 0;
    enum spt_status said = SPT_OK;
    enum spt_status status =
        spt_sql_prepare(audit->store, "SELECT id, run, label, step, uri FROM checkpoint WHERE figures IS NOT NULL",
                        &sql.statement, &failure);
    while (status == SPT_OK && said == SPT_OK && bad < MOST) {
        status = spt_sql_next(&sql, "look the store through", &failure);
        if (status == SPT_OK) said = ask_seal(audit, &sql, &bad, error);
    }
    sqlite3_finalize(sql.statement);
    if (said != SPT_OK || status == SPT_OK || status == SPT_END) return said;
    return report_failure(audit, "ledger", &failure, error);
}

enum spt_status spt_store_audit(struct spt_store *store, bool busy, spt_audit_fn *found, void *context,
                                struct spt_error *error) {
    struct audit audit = {.store = store, .found = found, .context = context};
    enum spt_status status = SPT_OK;
    sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL); /* where it fails, each question says so */
    for (size_t i = 0; i < sizeof QUESTIONS / sizeof *QUESTIONS && status == SPT_OK; i++)
        if (!busy || QUESTIONS[i].while_busy) status = ask(&audit, i, error);
    if (status == SPT_OK) status = ask_seals(&audit, error);
    spt_sql_leave(store, SPT_SQL_END);
    return status;
}

void spt_store_put_marks(struct spt_text *text) {
    spt_text_format(text, "PRAGMA application_id = %d; PRAGMA user_version = %d;", SPT_STORE_APPLICATION,
                    SPT_STORE_SCHEMA.version);
}
