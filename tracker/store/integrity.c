#include "tracker/store/integrity.h"

#include "tracker/store/internal.h"

#include <string.h>

enum spt_status spt_store_integrity(struct spt_store *store, bool quick, struct spt_error *error) {
    struct spt_sql sql = {.store = store};
    enum spt_status status =
        spt_sql_prepare(store, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)", &sql.statement, error);
    if (status == SPT_OK) status = spt_sql_next(&sql, "read the store", error);
    const char *found = status == SPT_OK ? (const char *)sqlite3_column_text(sql.statement, 0) : NULL;
    if (status == SPT_OK && (!found || strcmp(found, "ok") != 0))
        status = spt_fail(error, SPT_INVALID, store->path, "the store is damaged: %s",
                          found ? found : "SQLite does not say how");
    else if (status == SPT_END)
        status = spt_fail(error, SPT_INVALID, store->path, "the store is damaged: SQLite does not say how");
    sqlite3_finalize(sql.statement);
    return status;
}
