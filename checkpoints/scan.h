/* A run that is looked at again and again while it is being written.
 *
 *     spt_scan_new(path)  ->  spt_scan_look ... (every few seconds)  ->  spt_scan_free
 *
 * Each look lists the run and holds every checkpoint's files against the look before. It opens no file of weights.
 * What was skipped and why is said once, not at every look. One thread at a time. A look over 10,000 checkpoints
 * that did not change takes less than 100 ms.
 */
#ifndef SPT_SCAN_H
#define SPT_SCAN_H

#include "checkpoints/run.h"

#include <stdbool.h>

/* One checkpoint as the last look saw it. */
struct spt_sight {
    const struct spt_checkpoint_ref *ref; /* borrowed until the next look */
    struct spt_hash state;                /* its ref's: what must stay the same for a quiet period */
    double since;                         /* when (as now below) a look saw this state first */
    int64_t newest; /* the last mtime among its files, in seconds of the clock of their file system; 0: no file */
    bool fresh;     /* the last look saw this state first */
};

struct spt_scan;

/* path need not exist yet. options are borrowed, with what they point to. SPT_INVALID: a bad pattern. */
enum spt_status spt_scan_new(const char *path, const struct spt_run_options *options, struct spt_scan **scan,
                             struct spt_error *error);
void spt_scan_free(struct spt_scan *scan);

/* now: seconds on a clock that never goes back. SPT_END: nothing that can be a run is there yet (error says what
 * is, as spt_run_open does): look again later; there are no sights then, and spt_scan_run is what was seen last.
 * SPT_IO: the folder cannot be listed now, or a file that options name is not there; what was seen before stands.
 * SPT_INVALID: the step pattern takes too long on a name. */
enum spt_status spt_scan_look(struct spt_scan *scan, double now, struct spt_error *error);

/* The run as last seen; NULL before the first look that found one. Borrowed until the next look. */
const struct spt_run *spt_scan_run(const struct spt_scan *scan);
/* [*count] in the order of its refs; borrowed until the next look. */
const struct spt_sight *spt_scan_sights(const struct spt_scan *scan, size_t *count);

#endif
