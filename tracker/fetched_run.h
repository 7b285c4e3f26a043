/* A run whose checkpoints are fetched: listed before any of them is here, brought one at a time.
 *
 *     spt_fetched_list  ->  the run, as if all its steps were there
 *     spt_fetched_new  ->  [spt_fetched_discover, where nobody knows the run's model yet]  ->  spt_fetched_begin (what is wanted)
 *                      ->  spt_fetched_bring / spt_fetched_done for each of them  ->  spt_fetched_free
 *
 * The run's folder is fetch_dir, its checkpoints' uris are the names of their folders in it (fetch_name). The first config.json and
 * tokenizer.json that are fetched are copied to the run's folder, where those of a run lie, unless it has some: by them the next sweep knows
 * what the run is, and which of its steps the store holds, before it fetches anything.
 */
#ifndef SPT_FETCHED_RUN_H
#define SPT_FETCHED_RUN_H

#include "checkpoints/run.h"
#include "tracker/config/config.h"

#include <stdbool.h>

/* The run of all fetch_steps. config as spt_fetch_check wants it; caller closes with spt_run_close. Makes nothing. */
enum spt_status spt_fetched_list(const struct spt_config *config, struct spt_run **run, struct spt_error *error);

struct spt_fetched;

/* Removes what an earlier sweep left half fetched (SPT_IO where it cannot). config, log and options are borrowed; stop as in
 * tracker/fetch.h. */
enum spt_status spt_fetched_new(const struct spt_config *config, const struct spt_log *log,
                                const struct spt_run_options *options, bool (*stop)(void *context), void *context,
                                struct spt_fetched **fetched, struct spt_error *error);
/* Whatever is not done is removed. NULL is fine. */
void spt_fetched_free(struct spt_fetched *fetched);

/* Fetches the first of refs that can be, and copies its config.json and tokenizer.json to the run's folder; the run is to be listed anew
 * then. Its folder waits to be brought. Those that were given up on before it are remembered: bringing them fails at once. SPT_IO: none can be
 * fetched, error is of the last one. SPT_END: stopped. */
enum spt_status spt_fetched_discover(struct spt_fetched *fetched, const struct spt_checkpoint_ref *const *refs,
                                     size_t count, struct spt_error *error);

/* What is going to be brought, in this order. */
enum spt_status spt_fetched_begin(struct spt_fetched *fetched, const struct spt_checkpoint_ref *const *refs,
                                  size_t count, struct spt_error *error);

/* Waits for the next of them. SPT_OK: *here is the same checkpoint with its files, borrowed until spt_fetched_done. SPT_IO: given up on it.
 * SPT_RETRY, SPT_INVALID: what was fetched is no checkpoint, or is several; spt_fetched_done all the same. SPT_END: stopped. */
enum spt_status spt_fetched_bring(struct spt_fetched *fetched, const struct spt_checkpoint_ref *wanted,
                                  const struct spt_checkpoint_ref **here, struct spt_error *error);

/* Removes what was brought last, if anything was. SPT_IO: it cannot be removed. */
enum spt_status spt_fetched_done(struct spt_fetched *fetched, struct spt_error *error);

#endif
