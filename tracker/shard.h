/* One sweep on many machines: which of a run's checkpoints are whose.
 *
 * Shard I of N takes the checkpoints of rank I - 1, I - 1 + N, I - 1 + 2 N ... in the sorted list of those that are asked for. By rank, and
 * not by a hash of the name or by blocks of steps, since
 *   - nobody has to be asked: the list is on every machine, and each finds its part in it alone;
 *   - whatever the list is, each checkpoint is exactly one shard's, and two shards differ by at most one checkpoint: the cost of a checkpoint
 *     hardly depends on its step, so all end together. A hash would be uneven, the worse the fewer checkpoints there are;
 *   - where the list grows between two nights, new checkpoints are spread over all shards as the old ones were.
 * Ranks move when a checkpoint comes in the middle of the list. Then a shard may be given what another has done: the same figures twice, which
 * spectail merge takes once; nothing is left out, since the new list is again split without a gap.
 */
#ifndef SPT_SHARD_H
#define SPT_SHARD_H

#include "tracker/config/config.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether the checkpoint of this rank (from 0) is shard's. A shard 0 of 0 or 1 of 1 is all of them. */
static inline bool spt_shard_has(struct spt_config_shard shard, size_t rank) {
    return shard.count <= 1 || rank % (size_t)shard.count == (size_t)(shard.index - 1);
}

#endif
