/* What a sweep says: what it is about to do, what it would do, what became of it. Nothing is measured or changed here.
 *
 * Results go to standard output, everything else to standard error.
 */
#ifndef SPT_SWEEP_REPORT_H
#define SPT_SWEEP_REPORT_H

#include "tracker/cli.h"
#include "tracker/sweep.h"

#include <stddef.h>

/* All are borrowed. */
struct spt_sweep_report {
    const struct spt_invocation *invocation;
    const char *name;                  /* the run's */
    const struct spt_session *session; /* of the sweep: the run's, or its control's */
    const struct spt_sweep *sweep;
};

/* "demo-run: 3 of 5 checkpoints to analyse, ...", with a warning where the probe is shorter than was asked for. */
void spt_sweep_report_plan(const struct spt_sweep_report *report);

/* A dry run's list; an exit status. */
int spt_sweep_report_tasks(const struct spt_sweep_report *report);

/* The table and the onsets, with warnings of duplicates and of what is left out; an exit status. */
int spt_sweep_report_summary(const struct spt_sweep_report *report);

/* Names every checkpoint that has no figures, the control's among them, and why; returns how many there are. */
size_t spt_sweep_report_failures(const struct spt_sweep_report *report);

#endif
