/* Temporary files without a name, for what has to be decompressed before it can be read at any place. Internal to
 * checkpoints/archive/.
 *
 *     spt_archive_spools_init  ->  _reserve, _write ... and again  ->  _release
 *
 * There are two at most: what is kept for as long as the archive is open (configs, tokenizers), and the weights of one
 * checkpoint, which make room for the next one's. Each is gone from its folder as soon as it is made, so that nothing
 * is left behind however the program ends; who holds a descriptor of it may read on when it was given up here.
 */
#ifndef SPT_ARCHIVE_SPOOL_H
#define SPT_ARCHIVE_SPOOL_H

#include "checkpoints/archive/index.h"

#define SPT_ARCHIVE_SPOOL_LIMIT ((uint64_t)32 << 30)

struct spt_archive_spool {
    uint64_t id; /* never that of another; 0: there is none */
    uint64_t used;
    int fd;
};

struct spt_archive_spools {
    const char *path; /* the archive's, for messages; borrowed */
    char *folder;     /* owned */
    uint64_t limit, last_id;
    struct spt_archive_spool kept, current;
    bool stale; /* another checkpoint has begun: the current one may go */
};

/* folder NULL: $TMPDIR, else /var/tmp, else /tmp. limit 0: SPT_ARCHIVE_SPOOL_LIMIT. */
enum spt_status spt_archive_spools_init(struct spt_archive_spools *spools, const char *path, const char *folder,
                                        uint64_t limit, struct spt_error *error);
void spt_archive_spools_release(struct spt_archive_spools *spools);

/* The spool that place is in; NULL: it is none of them (any more). */
const struct spt_archive_spool *spt_archive_spools_find(const struct spt_archive_spools *spools,
                                                        struct spt_archive_place place);

/* Whether size bytes more may be kept. */
bool spt_archive_spools_may_keep(const struct spt_archive_spools *spools, uint64_t size);

/* Gives up the current spool if another checkpoint has begun, as reserve does: whether it did. What lay in it has to be
 * spooled anew. */
bool spt_archive_spools_turn(struct spt_archive_spools *spools);

/* Makes room for size bytes of what, in the kept or the current spool. SPT_IO (ENOSPC): more than the limit,
 * or than there is room for. */
enum spt_status spt_archive_spools_reserve(struct spt_archive_spools *spools, struct spt_archive_spool *spool,
                                           uint64_t size, const char *what, struct spt_error *error);
enum spt_status spt_archive_spools_write(struct spt_archive_spools *spools, struct spt_archive_spool *spool,
                                         const void *bytes, size_t size, struct spt_error *error);

#endif
