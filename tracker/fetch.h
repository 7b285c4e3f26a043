/* Checkpoints that a user's command brings, one at a time: for runs larger than the disk.
 *
 *     spt_fetch_new  ->  spt_fetch_next (folder of the next step; the one after it is already under way)  ->  ... analyse it ...
 *                    ->  spt_fetch_done (its folder is removed)  ->  ...  ->  spt_fetch_free
 *
 *      wanted --start--> fetching --status 0--> here --spt_fetch_next--> taken --spt_fetch_done--> removed
 *                           |  ^
 *                           |  '--(wait, doubled each time)
 *                           '--status other than 0, or the time limit--> failed --after the last try--> given up (recorded)
 *
 * At most two folders exist: the one that is analysed and the one that is fetched. Only folders that spectail itself made under fetch_dir
 * are ever removed (each is marked by a file in it before the command runs); a folder that was there before is taken as it is and stays.
 */
#ifndef SPT_FETCH_H
#define SPT_FETCH_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"
#include "tracker/config/config.h"

#include <stdbool.h>
#include <stdint.h>

struct spt_fetch;

/* steps [count]: in the order they are wanted; copied. stop: as in tracker/child.h. What an earlier process left half fetched is removed. */
enum spt_status spt_fetch_new(const struct spt_config *config, const struct spt_log *log, const int64_t *steps,
                              size_t count, bool (*stop)(void *context), void *context, struct spt_fetch **fetch,
                              struct spt_error *error);
void spt_fetch_free(struct spt_fetch *fetch);

/* Waits for the next step's folder and starts on the one after. SPT_OK: *folder (borrowed until spt_fetch_done) holds it. SPT_IO: given up
 * on *step after its last try (error says why): record it and go on. SPT_END: no step is left, or stop said so. */
enum spt_status spt_fetch_next(struct spt_fetch *fetch, int64_t *step, const char **folder, struct spt_error *error);
enum spt_status spt_fetch_done(struct spt_fetch *fetch, struct spt_error *error);

#endif
