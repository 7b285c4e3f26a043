/* A store, the rules over it, and what they say: for the tests of alerts. Every failure of its own fails the test.
 *
 *     fresh  ->  open_bench  ->  begin, or begin_with  ->  step, put ..  ->  again ..  ->  close_bench
 */
#ifndef SPT_TESTS_ALERTS_BENCH_H
#define SPT_TESTS_ALERTS_BENCH_H

#include "tests/tracker/store/store_fixture.h"

#include "checkpoints/base/text.h"
#include "tracker/alerts/alerts.h"
#include "tracker/ingest.h"

extern const char db[]; /* the store's path, in the folder of the test */

struct spt_config rules(const char *yaml);

/* A figure of a checkpoint; ends with a name that is NULL. */
struct figure {
    const char *metric;
    int layer, head;
    double mean;
};

/* Stores a checkpoint; weights: its digest. Returns its id. */
int64_t put(struct spt_store *store, int64_t run, const char *branch, int64_t step, const char *label, uint64_t weights,
            const struct figure *figures);

/* One with a single figure of the whole model. */
int64_t put_value(struct spt_store *store, int64_t run, int64_t step, const char *metric, double value);

struct heard {
    struct spt_text warnings, notes;
};

struct bench {
    struct spt_config config;
    struct spt_store *store;
    struct spt_store_run run;
    struct spt_store_run *runs;
    size_t run_count;
    struct heard heard;
    struct spt_log log;
    struct spt_alerts *alerts;
};

int fresh(void **state); /* removes what an earlier test left: a setup function */
void open_bench(struct bench *bench, const char *yaml);
void begin_with(struct bench *bench, bool (*stop)(void *context), bool (*urgent)(void *context), void *context);
void begin(struct bench *bench, bool (*stop)(void *context), void *context); /* stop is urgent, too */
void again(struct bench *bench);                                             /* as the next start of a watch */
void close_bench(struct bench *bench);

/* Stores a value as a watch does, and judges it. */
void step(struct bench *bench, int64_t step, const char *metric, double value);

#define assert_texts(expected) assert_query(db, "SELECT text FROM event WHERE kind = 'alert' ORDER BY id", expected)

#endif
