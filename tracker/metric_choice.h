/* Which metrics a configuration asks for: its list of groups and names, held against the table of metrics. */
#ifndef SPT_METRIC_CHOICE_H
#define SPT_METRIC_CHOICE_H

#include "tracker/config/config.h"

/* chosen [SPT_METRIC_COUNT] out; those measured by default when the list is empty. SPT_INVALID names the unknown one, the nearest known one, and where it was set. */
enum spt_status spt_metric_choice(const struct spt_config *config, bool *chosen, struct spt_error *error);

/* SPT_INVALID when plots.metric is no metric, with the place where it was set. */
enum spt_status spt_metric_check_plots(const struct spt_config *config, struct spt_error *error);

/* SPT_INVALID for a name that is neither a metric nor a group, with the nearest one. */
enum spt_status spt_metric_unknown(const char *name, struct spt_error *error);

#endif
