/* What the two files of the merge share. */
#ifndef SPT_STORE_MERGE_INTERNAL_H
#define SPT_STORE_MERGE_INTERNAL_H

#include "tracker/store/internal.h"
#include "tracker/store/merge.h"

/* Statements on the source: what they give is put into the target column by column. */
enum spt_merge_from {
    SPT_FROM_RUN,
    SPT_FROM_ROWS,
    SPT_FROM_LEDGER,
    SPT_FROM_MEASURE,
    SPT_FROM_SAMPLES,
    SPT_FROM_CURVE,
    SPT_FROM_DRAWS,
    SPT_FROM_NULL,
    SPT_FROM_EXTERNAL,
    SPT_FROM_METRIC,
    SPT_FROM_KEY,
    SPT_FROM_COUNT,
};

/* Statements on the target. */
enum spt_merge_into {
    SPT_INTO_RUN,
    SPT_INTO_RUN_ID,
    SPT_INTO_ROWS,
    SPT_INTO_ADD,
    SPT_INTO_REPLACE,
    SPT_INTO_LATER,
    SPT_INTO_SUPERSEDED,
    SPT_INTO_MEASURE,
    SPT_INTO_SAMPLES,
    SPT_INTO_CURVE,
    SPT_INTO_DRAWS,
    SPT_INTO_NULL,
    SPT_INTO_EXTERNAL,
    SPT_INTO_POSITION,
    SPT_INTO_METRIC,
    SPT_INTO_CHECKPOINT,
    SPT_INTO_EVENT,
    SPT_INTO_EVENT_KEY,
    SPT_INTO_EVENT_AMEND,
    SPT_INTO_COUNT,
};

/* Rows of the table metric in the source, and in the target once they were needed. */
struct spt_merge_metric {
    int64_t from, into; /* into 0: not needed yet */
    char *name, *unit;
};

/* One run of one source on its way into the target. */
struct spt_merge {
    struct spt_store *from, *into;
    sqlite3_stmt *of_from[SPT_FROM_COUNT], *of_into[SPT_INTO_COUNT];
    struct spt_merge_metric *metrics; /* [metric_count] */
    size_t metric_count, metric_capacity;
    int64_t from_run, into_run;
    bool same_folder; /* both have seen the run in one place: what they say of its files' times is of the same files */
    struct spt_merge_report *report;
};

struct spt_sql spt_merge_from(struct spt_merge *merge, enum spt_merge_from id);
struct spt_sql spt_merge_into(struct spt_merge *merge, enum spt_merge_into id);

/* Every row that query gives for from_key, through put: its parameter 1 is into_key, then the columns as they are; of
 * a table with a metric the first column is that of the source, and becomes the target's. */
enum spt_status spt_merge_copy(struct spt_merge *merge, enum spt_merge_from query, enum spt_merge_into put,
                               bool has_metric, int64_t from_key, int64_t into_key, struct spt_error *error);

/* Ends a transaction of the target: commits what is well, rolls back what is not. */
enum spt_status spt_merge_end(struct spt_merge *merge, enum spt_status status, struct spt_error *error);

/* All checkpoints of the run, one transaction a uri. */
enum spt_status spt_merge_checkpoints(struct spt_merge *merge, struct spt_error *error);

#endif
