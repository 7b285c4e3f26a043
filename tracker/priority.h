/* Standing back: the processor and the disk are left to whoever else wants them, as to a training on the same machine.
 *
 * Three things, since each alone leaves a way to disturb:
 *   - SCHED_IDLE, rather than SCHED_BATCH: a normal thread that wakes takes the core at once, and a core that runs nothing but SCHED_IDLE
 *     counts as free when the kernel looks for one. SCHED_BATCH keeps its core until the slice ends, and one thread of a training that is
 *     late keeps all others waiting at their next barrier.
 *   - nice 19, for whatever looks at it: other schedulers, and group scheduling.
 *   - the idle class of I/O, for the disk's schedulers that have classes (bfq; none has no queue to stand back in).
 * On a machine that is busy with nothing but normal work, what has stood back hardly moves; on any other it loses nothing.
 */
#ifndef SPT_PRIORITY_H
#define SPT_PRIORITY_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"
#include "tracker/config/config.h"

/* The configuration's key priority. */
enum spt_priority { SPT_PRIORITY_NORMAL, SPT_PRIORITY_LOW };

/* For every thread of this process, and so for all threads and programs that they start later. SPT_IO: the system refused one of the three
 * (error says which); the others stand. Cannot be taken back. */
enum spt_status spt_priority_lower(struct spt_error *error);

/* The same where config asks for it; what the system refuses is warned of. Commands call it before they start a thread. */
void spt_priority_set(const struct spt_config *config, const struct spt_log *log);

#endif
