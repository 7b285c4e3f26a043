/* What the store's tests share: a folder of their own, rows to put in, and a second opinion from SQLite itself. */
#ifndef SPT_TEST_STORE_FIXTURE_H
#define SPT_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/metric.h"
#include "tracker/store/store.h"

/* Group fixtures: a fresh working directory, removed afterwards. */
int fixture_enter(void **state);
int fixture_leave(void **state);

struct spt_store *fixture_open(const char *path, enum spt_store_mode mode); /* asserts SPT_OK */
int64_t fixture_run(struct spt_store *store);                               /* the run "demo" */

/* A row by value with borrowed texts. The fingerprint follows from uri and version. */
struct spt_store_checkpoint fixture_row(const char *uri, int64_t step, uint64_t version);

/* Stores an analysed checkpoint with count measures of the metric "loss" (layer i, mean i + 0.5) and one vector.
 * Returns its id. */
int64_t fixture_analyse(struct spt_store *store, int64_t run, struct spt_store_checkpoint row, int count);

const struct spt_metric *fixture_metric(const char *name);

/* What sqlite3 itself says: the rows of a query as text, columns by '|', rows by '\n' ("NULL" for NULL). Caller frees.
 */
char *fixture_query(const char *path, const char *sql);
void fixture_exec(const char *path, const char *sql);
#define assert_query(path, sql, expected)                                                                              \
    do {                                                                                                               \
        char *found_ = fixture_query(path, sql);                                                                       \
        assert_string_equal(found_, expected);                                                                         \
        test_free(found_);                                                                                             \
    } while (0)

#endif
