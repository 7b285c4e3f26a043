/* Prometheus' text exposition (version 0.0.4): where each run stands, as gauges, for a textfile collector or a push.
 *
 *     spectail_build_info{version}                                   1
 *     spectail_checkpoints{run,state}                                how many, in each state, zeros too
 *     spectail_checkpoint_step{run,branch}                           step of the latest analysed checkpoint
 *     spectail_checkpoint_finished_timestamp_seconds{run,branch}     when its analysis was finished
 *     spectail_checkpoint_analysis_seconds{run,branch}               how long that took
 *     spectail_events{run,kind}                                      how many alerts and other events so far
 *     spectail_metric{run,branch,metric,layer,head}                  its figures; a label is empty where it does not apply
 *
 * The latest checkpoint of a run and branch is the one of the largest step, else the last one without a step. What is
 * undefined is left out. Runs go by the names of tracker/formats/names.h.
 */
#ifndef SPT_FORMAT_PROMETHEUS_H
#define SPT_FORMAT_PROMETHEUS_H

#include "tracker/formats/format.h"
#include "tracker/store/store.h"

/* Appends all of the above for the runs with these numbers; runs NULL: every run of the store. Single heads where choice
 * says so: a series each. */
enum spt_status spt_prometheus_put(struct spt_text *out, struct spt_store *store, const int64_t *runs /* [count] */,
                                   size_t count, const struct spt_figure_choice *choice, struct spt_error *error);

/* --- for gauges of other modules, which must not bear the names above --- */

/* The lines before a gauge's samples, all of which must follow. help is one line. */
void spt_prometheus_put_gauge(struct spt_text *out, const char *name, const char *help);

struct spt_prometheus_label {
    const char *name, *value; /* value: any text; what is no UTF-8 becomes U+FFFD */
};
/* labels [count] */
void spt_prometheus_put_sample(struct spt_text *out, const char *name, const struct spt_prometheus_label *labels,
                               size_t count, double value);

#endif
