/* How a run stands: what the store has of it, beside what lies on disk now.
 *
 *     spt_standing_read  ->  read the fields  ->  spt_standing_release
 *
 * A checkpoint's state is that of the store, with two exceptions: one that is not analysed and whose files are gone is vanished, and one that
 * is not analysed and whose files changed since is waiting, both with what the store said of it as the reason.
 */
#ifndef SPT_STANDING_H
#define SPT_STANDING_H

#include "checkpoints/run.h"
#include "tracker/ledger.h"
#include "tracker/store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spt_place {
    SPT_PLACE_HERE,    /* its files are on disk, as they were when they were read */
    SPT_PLACE_CHANGED, /* they are there, and are others */
    SPT_PLACE_GONE,
    SPT_PLACE_UNKNOWN, /* the run's folder cannot be listed */
};

/* One checkpoint. An analysed one whose files changed is two: that row, whose figures are of the files before, and what
 * waits in its place or became of it. */
struct spt_standing_item {
    const char *branch, *label; /* borrowed from the row or the disk's list */
    int64_t step;
    enum spt_checkpoint_state state;
    const char *reason;                     /* NULL: none */
    const struct spt_store_checkpoint *row; /* NULL: not in the store */
    enum spt_place place;
    char *own; /* reason, where it is made here */
};

struct spt_standing {
    struct spt_ledger ledger;
    struct spt_run *disk;            /* NULL: its folder cannot be listed now, or was not */
    struct spt_standing_item *items; /* [count] rows in the order of the store, then what only the disk has */
    size_t count;
    size_t states[SPT_STATE_COUNT];
    size_t gone;              /* analysed ones whose files are no longer on disk */
    int64_t newest, analysed; /* largest step on disk, largest analysed one; SPT_NO_STEP: none */
    int64_t lag;              /* newest - analysed, >= 0; SPT_NO_STEP: one of them is not known */
    double seconds;           /* an analysis took, the mean over all; NAN: none */
    double hourly;            /* checkpoints an hour, by when the last of them were finished; NAN: too few */
    double left;              /* seconds that the waiting ones will take; NAN: not known */
    struct spt_store_event *events;
    size_t event_count; /* all of the run's, oldest first */
};

/* options: how the run is listed; NULL: it is not, and what the store has is all. Zero-initialised or released standings only. A failure is the store's or memory's;
 * a folder that cannot be listed is none. Cost: a listing of the run (of a compressed tar file: to decompress it), and
 * n log n. */
enum spt_status spt_standing_read(struct spt_standing *standing, struct spt_store *store,
                                  const struct spt_store_run *run, const struct spt_run_options *options,
                                  struct spt_error *error);
void spt_standing_release(struct spt_standing *standing);

#endif
