/* A run of the store as figures see it.
 *
 *     spt_run_source_open(store, run)  ->  .source for spt_plot_render  ->  spt_run_source_close
 *
 * The store is borrowed and must outlive it.
 */
#ifndef SPT_PLOT_SOURCE_H
#define SPT_PLOT_SOURCE_H

#include "plots/plot.h"
#include "tracker/store/store.h"

struct spt_run_source {
    struct spt_plot_source source;
    struct spt_store *store;
    struct spt_store_run run;
    struct spt_store_checkpoint *rows; /* [row_count] of the ledger */
    size_t row_count;
    const char *branch;                      /* whose checkpoints are shown */
    size_t *shown;                           /* [source.count] the rows that are analysed and have a step */
    struct spt_plot_checkpoint *checkpoints; /* [source.count] */
    struct spt_plot_source *others;          /* [source.other_count] as spt_run_source_compare made it; NULL: none */
    char *name;                              /* as spt_run_names has it */
    char *names;                             /* of all runs that are compared; NULL: none */
    struct spt_run_source *control;          /* of its control, as source.control; NULL: the store has none */
    struct spt_store_run *all;               /* [all_count] of the store */
    size_t all_count;
};

/* With the run's control, where the store has one (tracker/control.h) of the same branch. Only checkpoints of one branch
 * are drawn: branch NULL takes that of the most checkpoints. SPT_END: nothing is analysed. */
enum spt_status spt_run_source_open(struct spt_store *store, const struct spt_store_run *run, const char *branch,
                                    struct spt_run_source *source, struct spt_error *error);
void spt_run_source_close(struct spt_run_source *source);

/* Puts the other sources [count] beside the first, for figures that compare runs: they must outlive it. SPT_NOMEM. */
enum spt_status spt_run_source_compare(struct spt_run_source *first, const struct spt_run_source *others, size_t count,
                                       struct spt_error *error);

/* The simple onset of a metric at a level, from the checkpoints of source. SPT_END: not measured. */
struct spt_onset;
enum spt_status spt_run_source_onset(struct spt_run_source *source, const char *metric, int layer, int head,
                                     struct spt_onset *onset, struct spt_error *error);

#endif
