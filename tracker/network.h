/* File systems that several machines share: SQLite's locks and its shared memory do not hold there, so a store on one is good for one machine
 * at a time at best. Each machine writes a store of its own, on a local disk; spectail merge joins them.
 */
#ifndef SPT_NETWORK_H
#define SPT_NETWORK_H

#include "checkpoints/base/log.h"

#include <stdint.h>

/* Name of the network file system, "NFS"; NULL: of none that is known.
 *   magic  statfs' f_type
 *   type   the mount's type as /proc/self/mountinfo has it, "fuse.sshfs"; NULL: not known. Only it tells what is behind FUSE */
const char *spt_network_name(uint64_t magic, const char *type);

/* The type of the mount with this device in the text of /proc/self/mountinfo, copied into type ("" when there is none).
 *   type  [capacity], NUL-terminated */
void spt_network_mount_type(const char *mountinfo, unsigned major, unsigned minor, char *type, unsigned capacity);

/* Warns when store (a path that need not exist yet) lies on one. What cannot be asked is passed over in silence: opening the store says why. */
void spt_network_warn(const char *store, const struct spt_log *log);

#endif
