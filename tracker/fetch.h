/* Checkpoints that a user's command brings, one at a time: for runs larger than the disk.
 *
 *     spt_fetch_new  ->  spt_fetch_next (folder of the next step; the one after it is already under way)  ->  ... analyse it ...
 *                    ->  spt_fetch_done (its folder is removed)  ->  ...  ->  spt_fetch_free
 *
 *      wanted --start--> fetching --status 0--> here --spt_fetch_next--> taken --spt_fetch_done--> removed
 *                           |  ^
 *                           |  '--(wait, doubled each time)
 *                           '--status other than 0, nothing in the folder, or the time limit--> failed --after the last try--> given up
 *
 * The command runs without a shell; {step} and {dir} in its arguments are replaced by the step and by the absolute path of the step's
 * folder, which is there and empty at each try. At most two folders exist: the one that is analysed and the one that is fetched, by a thread
 * of their own. Only folders that spectail itself made are ever removed (tracker/own_folder.h); one that was there before is taken as it is,
 * without running the command, and stays.
 */
#ifndef SPT_FETCH_H
#define SPT_FETCH_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"
#include "tracker/config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct spt_fetch;

/* What the reasons begin with that are recorded of steps that were given up on. */
#define SPT_FETCH_FAILED "fetch failed"

/* Whether config's keys of fetching fit together; SPT_INVALID with the place of the one that does not. */
enum spt_status spt_fetch_check(const struct spt_config *config, struct spt_error *error);

/* A step's folder under fetch_dir; NULL: out of memory. Caller frees. */
char *spt_fetch_folder_name(const struct spt_config *config, int64_t step);

/* Makes fetch_dir and removes what an earlier process left half fetched in it; starts nothing yet.
 *   config  borrowed; as spt_fetch_check wants it
 *   steps   [count] in the order they are wanted; copied
 *   stop    as in tracker/child.h; asked in another thread */
enum spt_status spt_fetch_new(const struct spt_config *config, const struct spt_log *log, const int64_t *steps,
                              size_t count, bool (*stop)(void *context), void *context, struct spt_fetch **fetch,
                              struct spt_error *error);

/* Ends a command that is at work and removes what is not done. NULL is fine. */
void spt_fetch_free(struct spt_fetch *fetch);

/* Before the first spt_fetch_next: the wait after the first try, doubled after each up to a minute; 1 s unless told. */
void spt_fetch_set_pause(struct spt_fetch *fetch, double seconds);

/* Waits for the next step's folder and starts on the one after. SPT_OK: *folder (borrowed until spt_fetch_done) holds it. SPT_IO: given up
 * on *step after its last try (error says why): record it and go on. SPT_END: no step is left, or stop said so. */
enum spt_status spt_fetch_next(struct spt_fetch *fetch, int64_t *step, const char **folder, struct spt_error *error);

/* SPT_IO: the folder cannot be removed, so that there would be more than two. */
enum spt_status spt_fetch_done(struct spt_fetch *fetch, struct spt_error *error);

#endif
