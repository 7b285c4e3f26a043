/* How a run is listed, as the configuration has it. */
#ifndef SPT_TRACKER_RUN_OPTIONS_H
#define SPT_TRACKER_RUN_OPTIONS_H

#include "checkpoints/run.h"
#include "tracker/config/config.h"

/* Borrow from config and log, which may be NULL. */
struct spt_run_options spt_run_options_of(const struct spt_config *config, const struct spt_log *log);
/* For who only compares a run with the store: without the files that the configuration names in place of the run's. */
struct spt_run_options spt_run_options_for_listing(const struct spt_config *config);

#endif
