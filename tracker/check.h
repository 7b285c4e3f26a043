/* What is wrong with a store and the runs in it, and how to mend it.
 *
 *     spt_check_store  ->  spt_check_run for each run  ->  findings  ->  spt_check_release
 *
 * Nothing is changed. One thread at a time.
 */
#ifndef SPT_CHECK_H
#define SPT_CHECK_H

#include "checkpoints/base/text.h"
#include "tracker/config/config.h"
#include "tracker/progress.h"
#include "tracker/store/store.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_finding {
    const char *kind; /* "store", "ledger", "figures", "files", "digest", "state", "gap", "duplicate", "event" */
    bool note;        /* nothing is wrong, but not everything could be compared */
    char *run;        /* its name; NULL: of the whole store */
    char *text;       /* one sentence */
    char *mend;       /* what to do; NULL for notes */
};

struct spt_findings {
    struct spt_finding *items; /* [count] */
    size_t count, capacity;
};

struct spt_check {
    const struct spt_config *config;  /* borrowed: db, step_pattern, model_config, header_limit, tmpdir, spool_limit */
    struct spt_store *store;          /* borrowed */
    const struct spt_store_run *runs; /* [run_count] borrowed; none where they cannot be read */
    size_t run_count;
    bool quick;                  /* files are not read */
    bool (*stop)(void *context); /* may be NULL */
    void *context;
    struct spt_progress *progress; /* of the files that are read */
    bool busy;                     /* a writer is at work: what he has not finished is not wrong */
    struct spt_findings findings;
    size_t checkpoints, files_compared, digests_compared; /* so far */
    int64_t measured_of;                                  /* the run that measured is of */
    struct spt_text
        measured; /* "--metrics sinks,loss ": what it has figures of; empty: all there are by default, or none */
};

/* What was found, and what it was said with. */
void spt_check_release(struct spt_check *check);

/* The store itself. SPT_NOMEM. */
enum spt_status spt_check_store(struct spt_check *check, struct spt_error *error);

/* A run's rows among themselves (what one lacks, duplicates, what is not analysed), against its folder (files that
 * changed, that are not analysed, steps that are in neither place), and unless quick its files' digests. What cannot be
 * read is a finding. SPT_END: stop said so; what was found stands. SPT_NOMEM. */
enum spt_status spt_check_run(struct spt_check *check, const struct spt_store_run *run, struct spt_error *error);

/* What the store itself fails with is a finding. run NULL: its runs cannot be listed. SPT_NOMEM. */
enum spt_status spt_check_add_unreadable(struct spt_check *check, const struct spt_store_run *run,
                                         const struct spt_error *failure, struct spt_error *error);

/* Appends what helps a store that is damaged: a back-up, where there is one, or what SQLite can read of it (by .dump: the .recover of its
 * shell is not in every build of it). */
void spt_check_put_restore(const char *db, struct spt_text *mend);

/* Steps that a run seems to lack: between two of it that are further apart than those on both sides, by a multiple.
 *   steps  [count] increasing
 *   Appends "3000 is missing between 2000 and 4000: steps come every 1000 there", one after the other by "; ".
 * *first, *last: the steps on both sides of all that is missing; untouched where nothing is. Returns how many gaps. */
size_t spt_check_gaps(const int64_t *steps, size_t count, struct spt_text *text, int64_t *first, int64_t *last);

#endif
