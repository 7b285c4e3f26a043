/* The user's own series, into the store: files that the configuration names, and the log_history of a trainer_state.json. */
#ifndef SPT_EXTERNAL_H
#define SPT_EXTERNAL_H

#include "checkpoints/run.h"
#include "tracker/config/config.h"
#include "tracker/store/store.h"

/* Reads all of them and replaces what the store holds under their names. A trainer_state.json that cannot be read is warned of: it is not what
 * was asked for. SPT_INVALID: a series of the configuration; the store's own failures
 * are SPT_IO. */
enum spt_status spt_external_store(struct spt_store *store, int64_t run, const struct spt_run *from,
                                   const struct spt_config *config, const struct spt_log *log, struct spt_error *error);

#endif
