/* An archive as a tree (base/tree.h) in which it is a folder: tar, plain or compressed (gzip, zstd, bzip2, xz), and
 * zip. Nothing is extracted.
 *
 *     spt_archive_open  ->  whatever asks a tree  ->  spt_tree_let_go
 *
 * It is listed once, when it is opened; a compressed tar file is decompressed once for it. Members of a plain tar file
 * and stored ones of a zip are read in place. Others are spooled to a temporary file without a name, one checkpoint's
 * at a time (spt_tree_begin, spt_tree_expect); small files, such as configs, are kept there. A compressed tar file is
 * read on from where the last checkpoint ended, and from its beginning only for what lies before.
 *
 * A link to a member is followed; one to anything else is SPT_INVALID where it is used, like a device, a sparse file
 * and a member whose name another one has too. An archive inside an archive is a file like any other.
 *
 * The identity of a member is made of the archive's own and its place in it. SPT_RETRY when the archive is not the one
 * that was listed any more.
 */
#ifndef SPT_ARCHIVE_ARCHIVE_H
#define SPT_ARCHIVE_ARCHIVE_H

#include "checkpoints/base/log.h"
#include "checkpoints/base/tree.h"

struct spt_archive_options {
    const char *tmpdir;        /* where to spool; NULL: $TMPDIR, else /var/tmp, else /tmp */
    uint64_t spool_limit;      /* bytes; 0: 32 GiB */
    const struct spt_log *log; /* borrowed until the tree is freed; may be NULL */
};

/* Opens the file at path, if its contents are an archive's: SPT_END for any other file, a zip file of torch.save's among
 * them. SPT_RETRY: not there to its end; SPT_INVALID: broken, or made to do harm; SPT_UNSUPPORTED: encrypted;
 * SPT_IO. Memory: some 150 bytes and the name for each member, and never more than what the archive's size allows for
 * (index.h). options may be NULL. The caller lets go of *tree. */
enum spt_status spt_archive_open(const char *path, const struct spt_archive_options *options, struct spt_tree **tree,
                                 struct spt_error *error);

/* tree is of spt_archive_open: its path as it was given, and the identity it was listed with. */
const char *spt_archive_path(const struct spt_tree *tree);
const struct spt_file_identity *spt_archive_identity(const struct spt_tree *tree);

/* name without the ending of an archive's name: "run" of "run.tar.gz". Owned; NULL: out of memory. */
char *spt_archive_stem(const char *name);

#endif
