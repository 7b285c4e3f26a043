/* What an archive holds, as a tree of folders: names, sizes, links and where the bytes are. Internal to
 * checkpoints/archive/.
 *
 *     spt_archive_index_add for each member  ->  _finish  ->  _find, _follow, the children of a folder ...  ->  _release
 *
 * Nothing is ever made under a name from an archive, so that names are only looked up; those that could not be (the
 * absolute ones, "..", control characters, a file below a file) make the whole archive SPT_INVALID all the same: it is
 * none that a user wants. Memory is bounded by the archive's size: see spt_archive_index_limit.
 */
#ifndef SPT_ARCHIVE_INDEX_H
#define SPT_ARCHIVE_INDEX_H

#include "checkpoints/base/memory.h"
#include "checkpoints/base/tree.h"

enum { SPT_ARCHIVE_NAME_MAX = 4096, SPT_ARCHIVE_DEPTH_MAX = 32 };

enum spt_archive_kind {
    SPT_ARCHIVE_FILE,
    SPT_ARCHIVE_FOLDER,
    SPT_ARCHIVE_SYMBOLIC, /* target is relative to the link's folder */
    SPT_ARCHIVE_HARD,     /* target is a member's name */
    SPT_ARCHIVE_OTHER,    /* a device, FIFO ... */
};

/* Where the bytes of a compressed file have been spooled. */
struct spt_archive_place {
    uint64_t spool; /* which one; 0: none */
    uint64_t offset;
};

struct spt_archive_member {
    const char *path; /* [length], without "/" at either end, not NUL-terminated; "" for the root */
    size_t length;
    const char *target; /* of a link */
    uint64_t size;
    uint64_t offset; /* in the archive: of the first byte, where compressed is false */
    uint64_t header; /* zip: of the local header; tar: the same as order */
    uint64_t stored; /* zip: bytes in the archive */
    uint32_t crc;    /* zip */
    int64_t mtime_ns;
    size_t order; /* among the archive's members as they lie in it */
    size_t end;   /* index after the last member below this folder */
    enum spt_archive_kind kind;
    bool compressed;
    bool checked; /* zip, stored: its CRC was looked at */
    bool twice;   /* another member has this name */
    bool sparse;  /* its holes are left out of the archive */
    struct spt_archive_place place;
};

/* Zero-initialise, set path and the limits, add, finish; release. */
struct spt_archive_index {
    const char *path; /* the archive's, for messages; borrowed */
    size_t count_most, bytes_most;
    struct spt_archive_member *members; /* [count]; after finish a folder stands right before what is below it */
    size_t count, capacity, bytes;
    struct spt_arena names;
};

/* Sets what an archive of size bytes may name: nothing out of proportion. */
void spt_archive_index_limit(struct spt_archive_index *index, uint64_t size);

/* Adds a member under name [length] as the archive has it, and the folders that it lies in. path and target are copied;
 * member->path is ignored. SPT_INVALID, SPT_NOMEM. */
enum spt_status spt_archive_index_add(struct spt_archive_index *index, const char *name, size_t length,
                                      const struct spt_archive_member *member, struct spt_error *error);
enum spt_status spt_archive_index_finish(struct spt_archive_index *index, struct spt_error *error);
void spt_archive_index_release(struct spt_archive_index *index);

/* The member of exactly this path [length]; NULL: none. */
struct spt_archive_member *spt_archive_index_find(const struct spt_archive_index *index, const char *path,
                                                  size_t length);

/* What path leads to, links followed; of a symbolic one as its last part only if follow. whole is the path that the
 * caller's user knows, for messages. SPT_IO with ENOENT, ENOTDIR, ENAMETOOLONG; SPT_INVALID for a link that leads to no
 * member of this archive, or in a circle. */
enum spt_status spt_archive_index_follow(const struct spt_archive_index *index, const char *path, bool follow,
                                         const char *whole, struct spt_archive_member **member,
                                         struct spt_error *error);

#endif
