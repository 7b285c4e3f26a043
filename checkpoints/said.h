/* A log that says a thing once, however often it is found.
 *
 *     spt_said_new(log)  ->  for each round: spt_said_log as the log, spt_said_round  ->  spt_said_free
 *
 * A line is passed on unless the round before, or this one, had it too: what is gone for a round and comes back is
 * said again. Memory: 24 bytes for each line of two rounds, times two.
 */
#ifndef SPT_SAID_H
#define SPT_SAID_H

#include "checkpoints/base/log.h"

struct spt_said;

/* log is borrowed and may be NULL. NULL: out of memory. */
struct spt_said *spt_said_new(const struct spt_log *log);
void spt_said_free(struct spt_said *said);

/* Borrowed from said. Without memory for a line it is said again rather than lost. */
const struct spt_log *spt_said_log(const struct spt_said *said);

/* A round is over. */
void spt_said_round(struct spt_said *said);

#endif
