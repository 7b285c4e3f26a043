/* An archive that is open, as the files of this folder share it. */
#ifndef SPT_ARCHIVE_OPENED_H
#define SPT_ARCHIVE_OPENED_H

#include "checkpoints/archive/archive.h"
#include "checkpoints/archive/spool.h"
#include "checkpoints/archive/stream.h"

struct spt_archive {
    struct spt_tree tree;
    char *path;
    size_t path_length;
    struct spt_file_identity identity;
    const struct spt_log *log;
    struct spt_archive_index index;
    struct spt_archive_spools spools;
    struct spt_archive_stream *stream; /* of a compressed tar file, where the last pass stopped; NULL: none */
    bool zip;
};

/* The archive's file. SPT_RETRY when it is not the one that was listed. The caller closes *fd. */
enum spt_status spt_archive_reopen(const struct spt_archive *archive, int *fd, struct spt_error *error);

/* Fill archive->index. A zip file of torch.save's is SPT_END. */
enum spt_status spt_archive_list_tar(struct spt_archive *archive, struct spt_error *error);
enum spt_status spt_archive_list_zip(struct spt_archive *archive, struct spt_error *error);

/* Spools these compressed members, whose order is changed.
 *   members  [count], each once
 *   what     for messages, if they are too large */
enum spt_status spt_archive_spool_tar(struct spt_archive *archive, struct spt_archive_member **members, size_t count,
                                      const char *what, struct spt_error *error);
enum spt_status spt_archive_spool_zip(struct spt_archive *archive, struct spt_archive_member *member, const char *what,
                                      struct spt_error *error);

/* Looks at the CRC of a member of a zip that is stored as it is, and is small, once; fd is the archive's. What differs is
 * said through the log. SPT_RETRY, SPT_IO. */
enum spt_status spt_archive_check_stored(const struct spt_archive *archive, struct spt_archive_member *member, int fd,
                                         const char *what, struct spt_error *error);

/* Copies the data of the member that stream stands at to spool. SPT_INVALID: not as many bytes as it is said to have. */
enum spt_status spt_archive_copy(struct spt_archive *archive, struct spt_archive_stream *stream,
                                 struct spt_archive_spool *spool, struct spt_archive_member *member, const char *name,
                                 struct spt_error *error);

/* Whether a file is one of those that are read whole at once: small ones, and those of tokenizers. */
bool spt_archive_is_small(const char *name, uint64_t size);

/* Whether a file is kept once it has been decompressed: one of those, while there is room. */
bool spt_archive_is_kept(const struct spt_archive *archive, const char *name, uint64_t size);

#endif
