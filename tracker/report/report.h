/* The report: what the store holds of a run, or of several, told like the results section of a paper.
 *
 *     spt_report_read  ->  spt_report_tell  ->  spt_report_reading_release
 *
 * Reading fits what `spectail emerge` fits; telling draws the figures and writes the sentences. Sentences come from tables
 * (findings.c, special.c, methods.c, caveats.c), a row each: what a row needs and the data do not support is not said. Every
 * figure in them carries its value to 17 digits and what it is of, in the words of `spectail export` and `emerge`.
 */
#ifndef SPT_TRACKER_REPORT_H
#define SPT_TRACKER_REPORT_H

#include "checkpoints/base/text.h"
#include "plots/plot.h"
#include "tracker/emergence/emergence.h"
#include "tracker/plot_source.h"
#include "tracker/store/store.h"

struct spt_report_request {
    struct spt_store *store;          /* borrowed, as all else */
    const struct spt_store_run *runs; /* [run_count] in order; the first is the one that others are compared with */
    size_t run_count;
    const struct spt_store_run *all; /* [all_count] of the store */
    size_t all_count;
    const char *db;      /* the store's path, as the user gave it */
    const char *branch;  /* NULL: that of the most checkpoints of each run */
    const char *title;   /* NULL: made from the runs' names */
    const char *against; /* the metric that others come before or after; NULL: as emerge has it */
    const char *date;    /* of the report: UTC, ISO 8601 */
    size_t threads;      /* 0: all */
    struct spt_plot_options plot;
    const struct spt_config *config; /* what the run was asked, for figures that look into its checkpoints */
    const struct spt_log *log;
};

/* One run and branch, as it is told. */
struct spt_told_run {
    const struct spt_store_run *run;
    struct spt_run_source source;
    const struct spt_emerged *emerged; /* of the reading */
    char prefix[32];                   /* of anchors: "", or "run2-" of several */
};

struct spt_report_reading {
    const struct spt_report_request *request; /* borrowed */
    struct spt_told_run *runs;                /* [count] */
    struct spt_emerged *emerged;              /* [count] */
    size_t count;
    char **names; /* [request->all_count] */
    struct spt_compared *groups;
    size_t group_count;
};

/* SPT_END: *empty is a run that has no analysed checkpoint with a step. Else the store's failures. Release in any case. */
enum spt_status spt_report_read(struct spt_report_reading *reading, const struct spt_report_request *request,
                                const struct spt_store_run **empty, struct spt_error *error);
void spt_report_reading_release(struct spt_report_reading *reading);

/* *page: the whole HTML; *bibtex: the works it cites. Caller releases both. *drawing: what failed was a figure (gnuplot is
 * absent: SPT_UNSUPPORTED; its folder cannot be written), not the store. */
enum spt_status spt_report_tell(const struct spt_report_reading *reading, struct spt_text *page,
                                struct spt_text *bibtex, bool *drawing, struct spt_error *error);

#endif
