/* Files that may change, vanish or be something else than a file while they are read.
 *
 * Only regular files are opened (a FIFO, socket or device is SPT_INVALID and never blocks). Contents are read with
 * pread, never mapped: a file truncated under a mapping kills the process.
 */
#ifndef SPT_BASE_FILE_H
#define SPT_BASE_FILE_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must not change between the first and the last read. */
struct spt_file_identity {
    uint64_t device, inode, size;
    int64_t mtime_ns, ctime_ns;
};

struct stat;
struct spt_file_identity spt_file_identity_of(const struct stat *st);
bool spt_file_identity_equal(const struct spt_file_identity *a, const struct spt_file_identity *b);

/* Opens path for reading. SPT_IO (errno in error->system), SPT_INVALID for what is no regular file. The caller closes
 * *fd. */
enum spt_status spt_file_open(const char *path, int *fd, struct spt_file_identity *identity, struct spt_error *error);

/* fstat of fd and stat of path: SPT_OK when both still are identity; SPT_RETRY "changed while it was read"; SPT_IO with
 * ENOENT or ESTALE when it is gone. */
enum spt_status spt_file_confirm(int fd, const char *path, const struct spt_file_identity *identity,
                                 struct spt_error *error);

/* Reads exactly size bytes at offset, going on after EINTR and short reads. SPT_RETRY when the file ends before. path
 * is for messages. */
enum spt_status spt_file_read_at(int fd, const char *path, uint64_t offset, void *out, size_t size,
                                 struct spt_error *error);

/* The whole file, NUL added after its end (not counted in *size). SPT_UNSUPPORTED beyond limit bytes. Caller frees
 * *data. */
enum spt_status spt_file_read_all(const char *path, size_t limit, char **data, size_t *size, struct spt_error *error);

/* Writes path whole or not at all: temporary file beside it, fsync, rename. Of a link the file it leads to is replaced.
 * SPT_INVALID when path is there and is no regular file; SPT_IO. */
enum spt_status spt_file_write_all(const char *path, const void *data, size_t size, struct spt_error *error);

/* The same without fsync, for what is written every few seconds and is worth nothing once the machine went down: who
 * reads it sees the old or the new, whole. */
enum spt_status spt_file_write_fleeting(const char *path, const void *data, size_t size, struct spt_error *error);

/* spt_file_write_all for what is too large to be held: begin, write any number of times, commit or abandon. Until the commit path
 * is as it was. */
struct spt_file_draft {
    int fd;
    char *target, *name; /* what is to be replaced, and the temporary file */
};

/* beside: what the temporary file's name begins with, of the same file system; NULL: path. */
enum spt_status spt_file_draft_begin(struct spt_file_draft *draft, const char *path, const char *beside,
                                     struct spt_error *error);
enum spt_status spt_file_draft_write(struct spt_file_draft *draft, const void *data, size_t size,
                                     struct spt_error *error);
/* Ends the draft, whatever comes of it. */
enum spt_status spt_file_draft_commit(struct spt_file_draft *draft, struct spt_error *error);
void spt_file_draft_abandon(struct spt_file_draft *draft); /* of a zeroed one too; twice is once */

/* All of size bytes to fd, going on after EINTR and short writes. path is for messages, and may be NULL. */
enum spt_status spt_file_write(int fd, const char *path, const void *data, size_t size, struct spt_error *error);

/* directory/name in freshly allocated memory; NULL: out of memory. */
char *spt_file_join(const char *directory, const char *name);

/* Follows links; false when there is nothing. */
bool spt_file_is_directory(const char *path);

/* Makes path and its missing parents (mode 0777 & ~umask). SPT_IO. */
enum spt_status spt_file_make_directories(const char *path, struct spt_error *error);

#endif
