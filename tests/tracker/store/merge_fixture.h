/* Stores made to be merged, and what must be true of a merge in whatever order. */
#ifndef SPT_TESTS_MERGE_FIXTURE_H
#define SPT_TESTS_MERGE_FIXTURE_H

#include "store_fixture.h"

#include "tracker/store/merge.h"

/* --- making them --- */

/* A checkpoint as a table of the tests has it. */
struct made {
    const char *uri;
    int64_t step;
    uint64_t files, weights; /* fingerprint, digest */
    enum spt_checkpoint_state state;
    const char *finished;
    unsigned metrics; /* bits: loss, sink.first, sink.received */
};

void put(struct spt_store *store, int64_t run, const struct made *made);
void make(const char *path, const struct made *made, size_t count); /* a store of these alone */
void clear(const char *path);

#define MAKE(path, ...)                                                                                                \
    make(path, (const struct made[]){__VA_ARGS__}, sizeof((const struct made[]){__VA_ARGS__}) / sizeof(struct made))

#define T0 "2024-01-02T00:00:00Z"
#define T1 "2024-01-02T00:00:01Z"
#define T2 "2024-01-02T00:00:02Z"
#define T3 "2024-01-02T00:00:03Z"

/* --- merging them --- */

enum spt_status merge_list(const char *into, const char *const *sources, size_t count, struct spt_merge_report *reports,
                           struct spt_error *error);

/* Merges one source, asserts that it can be. */
struct spt_merge_report merge_one(const char *into, const char *source);

/* --- what is in them --- */

/* The query of everything in a store, row ids left out where they are an accident of the order. */
extern const char DUMP[];

/* Row ids and all. To be freed with test_free. */
char *read_bytes(const char *path);

/* Pages, keys, seals: all but events that were not told, and figures that only some checkpoints have. */
void assert_nothing_wrong(const char *path);

/* What merging the sources, 4 at most, gives in each order, twice: the same dump every time. */
void assert_any_order(const char *const *sources, size_t count);
void assert_two_orders(const char *a, const char *b);

#endif
