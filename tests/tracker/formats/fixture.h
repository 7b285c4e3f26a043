/* What the tests of formats share: checkpoints with chosen figures, and exports as text. */
#ifndef SPT_TEST_FORMAT_FIXTURE_H
#define SPT_TEST_FORMAT_FIXTURE_H

#include "../store/store_fixture.h"
#include "tracker/formats/format.h"

struct figure {
    const char *metric;
    int layer, head;
    double mean;
};

/* Another run with this name; probe tells runs of one name apart. */
int64_t fixture_add_run(struct spt_store *store, const char *name, uint64_t probe);

/* Stores an analysed checkpoint, finished at 2024-01-02T03:04:05Z plus step seconds (step < 55). figures [count]. */
struct spt_store_checkpoint fixture_put(struct spt_store *store, int64_t run, const char *branch, int64_t step,
                                        const struct figure *figures, size_t count);
#define FIXTURE_FINISHED 1704164645.0 /* date -u -d 2024-01-02T03:04:05Z +%s */

/* The figures (or events) of all runs of a store, or of the one that is numbered, in a format, as text; the caller frees. */
char *fixture_export(struct spt_store *store, const char *format, int64_t run, bool heads, bool events);

#endif
