/* Joins stores into one: what several machines analysed of one run, each into a store of its own.
 *
 * Runs are the same when their name, model, probe and plan are. Of their checkpoints, those of one uri with one
 * fingerprint are the same, and analysed ones of one uri with one digest (a copy on another machine has other times,
 * so another fingerprint). Of two that are the same, an analysed one counts more than one that is not, of two that are
 * not the later one. Two that are analysed become one with the figures of both, and the fingerprint of the later one of
 * those that saw the run in the folder where the target has it (so that the next sweep knows the files). Of several of
 * one uri that are not the same, the one analysed last supersedes the others. Nulls, series (of two values for one step
 * the greater), events (those with a key once) are joined; how a store was migrated is its own affair.
 *
 * What an export says afterwards does not depend on the order of the sources, nor on how often each is merged.
 * Everything of one uri is one transaction: a merge that is killed is finished by the next one.
 */
#ifndef SPT_STORE_MERGE_H
#define SPT_STORE_MERGE_H

#include "checkpoints/base/text.h"
#include "tracker/store/store.h"

struct spt_merge_options {
    const char *into;           /* made when missing; may not be one of the sources */
    const char *const *sources; /* [source_count] opened for reading only, and never changed */
    size_t source_count;
    double wait_seconds; /* for another writer of into */
};

/* What became of one source. */
struct spt_merge_report {
    bool written; /* another program was writing to it: what it stores later is for the next merge */
    size_t runs, runs_added;
    size_t added;                 /* checkpoints that were not there */
    size_t replaced;              /* ... that were there in a lesser or an older state */
    size_t completed;             /* ... that were given figures they lacked */
    size_t known;                 /* ... of which nothing was new */
    size_t superseded;            /* that were there, and are not the latest of their uri any more */
    size_t events, points, nulls; /* added or changed */
};

/* Checks all sources (each is a store of this version and not damaged; no run differs from one of its name in another
 * store) before anything is changed, then merges them one by one. reports [source_count] out.
 * SPT_INVALID: a source is into itself; damaged or no store; a run of the same name has another model, probe or plan
 * (error->message says in what; error->path is the store). A name with several of them is fine where one store holds
 * them together. SPT_RETRY: into has another writer. SPT_IO, SPT_NOMEM. */
enum spt_status spt_store_merge(const struct spt_merge_options *options, struct spt_merge_report *reports,
                                struct spt_error *error);

/* Appends in what two runs of one name differ: "model: hidden_size 512, not 768; probe: 100 samples, not 50". Nothing
 * for equal digests. */
void spt_store_run_difference(const struct spt_store_run *run, const struct spt_store_run *other,
                              struct spt_text *text);

#endif
