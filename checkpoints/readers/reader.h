/* Readers: one file a container format, one row each in table.c. Internal to checkpoints/.
 *
 * A reader is asked for a bid on a file's first bytes, before anything is parsed; the highest bid reads. It fills a
 * list of tensors, each a run of bytes in a file (file, offset, bytes), and reads no tensor data: reading, hashing,
 * confirming and digests are the same for all formats (checkpoint.c).
 *
 *     spt_contents_init  ->  spt_contents_read_path  ->  spt_contents_finish  ->  spt_contents_read_at ...
 *                        ->  spt_contents_confirm    ->  spt_contents_release
 *
 * To add a format: write readers/<format>.c with a bid and a read function, add its row to READERS in table.c, take its
 * row out of SIGHTS there.
 */
#ifndef SPT_READER_H
#define SPT_READER_H

#include <stdbool.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/tree.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/readers/seals.h"

/* A file of the checkpoint. At most one is open at a time, whatever the number of shards: a held file makes a trainer's
 * own clean-up fail on network file systems. What is opened again must still be identity. */
struct spt_contents_file {
    const char *path; /* in contents->arena */
    struct spt_file_identity identity;
    bool weights;          /* holds tensors; false: describes files that do */
    struct spt_seal *seal; /* of the whole, in contents->arena; NULL: no archive says its CRC */
};

/* A rectangle of a tensor, by itself somewhere in a file. */
struct spt_piece {
    const size_t *begin, *size; /* [rank] its place in the tensor; no size is 0 */
    uint64_t offset;            /* of its first element */
    size_t file;
    const size_t *stride; /* [rank] elements in the file from one to the next; NULL: row-major without gaps */
};

enum { SPT_OPAQUE_MAX = 32, SPT_OPAQUE_NAME = 260 };

struct spt_contents {
    struct spt_tree *tree;     /* where its paths lie; NULL: on the disk */
    uint64_t header_limit;     /* bytes of a header that are read */
    const struct spt_log *log; /* may be NULL */
    struct spt_arena arena;    /* names and paths */
    struct spt_contents_file *files;
    size_t file_count, file_capacity;
    struct spt_seals seals;     /* of storages */
    struct spt_tensor *tensors; /* after finish: sorted by name, names unique */
    size_t tensor_count, tensor_capacity;
    const char *opaque[SPT_OPAQUE_MAX]; /* names of what a pickle would have imported and no reader knows; in arena */
    size_t opaque_count;
    unsigned char *span; /* bytes that hold a view's elements, made when first needed */
    char format[64];
    bool in_index;             /* shards are being read: an index among them is refused */
    bool in_layers;            /* a file a layer: what is not there may be still to come */
    struct spt_tree_file open; /* files[open_file]; fd -1: none */
    size_t open_file;
};

struct spt_reader {
    const char *name;      /* "safetensors"; a whole checkpoint's format unless its reader says more */
    const char *described; /* in the list of formats that are read; NULL: another row's says it too */
    /* Bits of evidence in the first size bytes of a file, 0: not this format. */
    unsigned (*bid)(const unsigned char *head, size_t size);
    /* Adds the tensors of contents->files[file]. */
    enum spt_status (*read)(struct spt_contents *contents, size_t file, struct spt_error *error);
};

extern const struct spt_reader spt_reader_safetensors;
extern const struct spt_reader spt_reader_shard_index;
extern const struct spt_reader spt_reader_torch_zip;
extern const struct spt_reader spt_reader_torch_legacy;

/* options may be NULL. */
void spt_contents_init(struct spt_contents *contents, const struct spt_checkpoint_options *options);
void spt_contents_release(struct spt_contents *contents);

/* Opens path, finds who reads it and lets it. SPT_RETRY for a file too short to tell; SPT_UNSUPPORTED for formats that
 * are known by sight only, SPT_INVALID for what is no weights file: each names what was found and what is read. */
enum spt_status spt_contents_read_path(struct spt_contents *contents, const char *path, struct spt_error *error);

/* Reads the checkpoint that torch.distributed.checkpoint wrote into directory: .metadata and the files of all ranks that
 * it names. Optimizers' states are left out. SPT_END: there is none. SPT_RETRY: not all of it, or .metadata is older than
 * a file that it names; SPT_UNSUPPORTED: written with other options than the usual ones. */
enum spt_status spt_contents_read_distributed(struct spt_contents *contents, const char *directory,
                                              struct spt_error *error);

/* Whether name is one of the files of such a checkpoint, each of which stands for all of them. */
bool spt_contents_name_is_distributed(const char *name);

/* The folders within directory where read_distributed looks too, in its order; ends with NULL. */
extern const char *const SPT_DISTRIBUTED_FOLDERS[];
bool spt_contents_name_is_distributed_folder(const char *name);

/* Sorts the tensors by name. SPT_INVALID when two have one name. */
enum spt_status spt_contents_finish(struct spt_contents *contents, struct spt_error *error);

/* Opens path as files[file_count - 1], a file that holds weights unless its reader says otherwise. SPT_INVALID, SPT_IO.
 */
enum spt_status spt_contents_add_file(struct spt_contents *contents, const char *path, struct spt_error *error);

/* For readers. add_tensor copies tensor but not what it points to: names come from spt_arena_copy(&contents->arena). */
enum spt_status spt_contents_add_tensor(struct spt_contents *contents, const struct spt_tensor *tensor,
                                        struct spt_error *error);
void spt_contents_sort(struct spt_contents *contents); /* by name, then file */

/* The bytes that seal speaks of have the CRC it says: looked at as they are read, and said by confirm. what names them,
 * and is copied. The same again is no failure. */
enum spt_status spt_contents_add_seal(struct spt_contents *contents, const struct spt_seal *seal, const char *what,
                                      struct spt_error *error);

/* spt_tree_read_at of files[file], which is opened when it is not. */
enum spt_status spt_contents_read_at(struct spt_contents *contents, size_t file, uint64_t offset, void *out,
                                     size_t size, struct spt_error *error);

/* The elements [first, first + count) of tensor in row-major order, little-endian, whatever its strides, pieces and byte
 * order:
 *   out  count * spt_dtype_size(dtype) bytes
 * Elements that do not lie side by side are gathered from spans of at most 256 KiB. SPT_INVALID: its pieces leave some
 * of them out. */
enum spt_status spt_contents_read_elements(struct spt_contents *contents, const struct spt_tensor *tensor, size_t first,
                                           size_t count, void *out, struct spt_error *error);

/* Whether pieces, each within shape and none of size 0, fill it: every element in exactly one of them. O(count * rank),
 * by comparing the derivatives of both sides at random points: a set that does not fill is taken for one that does with
 * a probability below 2^-57.
 *   shape   [rank]
 *   pieces  [count] */
bool spt_pieces_fill(const size_t *shape, size_t rank, const struct spt_piece *pieces, size_t count);

/* All files are still what they were when they were first opened, under their names: SPT_RETRY, SPT_IO. If so, it is
 * said through the log which of them a CRC says to be damaged. */
enum spt_status spt_contents_confirm(struct spt_contents *contents, struct spt_error *error);

/* Whether name is one of a file in the folder of whatever names it, and leads nowhere else. */
bool spt_contents_name_is_plain(const char *name);

/* Whether a name from a file can be shown and compared as it is: no control characters (the name is valid UTF-8
 * already). */
bool spt_contents_name_is_clean(const char *name);

#endif
