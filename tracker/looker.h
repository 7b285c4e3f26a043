/* Attention for figures, computed when one asks for it from the checkpoint itself: the store keeps none.
 *
 *     spt_looker_open (a run of the store)  ->  its source has attention  --.
 *                                                                           +->  spt_plot_render ...  ->  spt_looker_close
 *     spt_looker_open_path (any checkpoint)  ->  spt_looker_source        --'
 *
 * Opening lists the run's folder and reads no file of it but, without a store, the model's config. The probe is made
 * ready with the first look, and has to be the one that the run was asked: what the configuration leaves open (samples,
 * bos, references) is as the run's row has it; a control's is shuffled as it was. A checkpoint whose files are no longer those that were analysed is looked
 * at as it is now, with a warning. One thread at a time.
 */
#ifndef SPT_LOOKER_H
#define SPT_LOOKER_H

#include "checkpoints/base/log.h"
#include "tracker/config/config.h"
#include "tracker/plot_source.h"

struct spt_looker;

/* Of the run that source was opened with, whose attention is set until the looker is closed. config, log and source are
 * borrowed. SPT_IO, SPT_INVALID, SPT_UNSUPPORTED: the run's folder is not there any more, or no run. */
enum spt_status spt_looker_open(const struct spt_config *config, const struct spt_log *log,
                                struct spt_run_source *source, struct spt_looker **looker, struct spt_error *error);

/* Of a checkpoint, or a run of them, at path: a folder, a file or an archive, as spt_run_open takes it. branch NULL:
 * the first. Fails as spt_run_open does, and where no config.json is found. */
enum spt_status spt_looker_open_path(const struct spt_config *config, const struct spt_log *log, const char *path,
                                     const char *branch, struct spt_looker **looker, struct spt_error *error);

/* Of spt_looker_open_path: the checkpoints, without any series. Lives as long as the looker. */
const struct spt_plot_source *spt_looker_source(const struct spt_looker *looker);

/* Whether a look failed: that the failure of a figure is not the figure's. */
bool spt_looker_has_failed(const struct spt_looker *looker);

void spt_looker_close(struct spt_looker *looker); /* NULL is fine */

#endif
