/* One checkpoint of one model: named tensors in any container, read as float32 or in their own dtype.
 *
 *     spt_checkpoint_open(path)  ->  find / read ...  ->  spt_checkpoint_confirm  ->  spt_checkpoint_close
 *
 * Opening reads and validates all headers and no tensor data. Every byte that is read is hashed on the way, so that the
 * digest of the tensors that were used costs no second pass. One thread at a time; several checkpoints may be open at
 * once. What is there is validated before anything is allocated: no file makes spectail take memory out of proportion
 * to its size.
 */
#ifndef SPT_CHECKPOINT_H
#define SPT_CHECKPOINT_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/log.h"
#include "checkpoints/base/numbers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

#define SPT_TENSOR_RANK_MAX 8

struct spt_tensor {
    const char *name; /* as a user of HF transformers knows it; borrowed from the checkpoint */
    enum spt_dtype dtype;
    const char *dtype_name; /* as the file has it, also for SPT_DTYPE_UNKNOWN */
    size_t rank;
    size_t shape[SPT_TENSOR_RANK_MAX];
    size_t count;         /* product of shape */
    uint64_t bytes;       /* count times an element's size */
    uint64_t offset;      /* of its first byte in the file */
    size_t file;          /* index for spt_checkpoint_file */
    const size_t *stride; /* [rank] elements in the file from one to the next; NULL: row-major without gaps */
    bool big_endian;      /* in the file; what is read is little-endian */
    /* Where it is put together of rectangles that lie apart, also in several files, else NULL; [piece_count]. offset
     * and file are then the first one's. */
    const struct spt_piece *pieces;
    size_t piece_count;
};

struct spt_tree;

struct spt_checkpoint_options {
    struct spt_tree
        *tree; /* in which path lies (base/tree.h), borrowed until the checkpoint is closed; NULL: the disk */
    uint64_t header_limit;     /* bytes of a header that are read; 0: 32 MiB. Beyond: SPT_UNSUPPORTED */
    const struct spt_log *log; /* may be NULL */
};

struct spt_checkpoint;

/* Opens a model directory or a single file of weights. Of a directory the weights are read whose names come first in a table
 * (readers/folder_table.c): safetensors before torch files, one file or the shards of an index, GPT-NeoX's files of
 * layers, DeepSpeed's of a rank, torch.distributed's. Contents decide what a file is, not its name. options may be NULL.
 *   SPT_RETRY        not complete: truncated, empty, no weights yet, a shard missing
 *   SPT_INVALID      breaks its format, or holds no weights at all
 *   SPT_UNSUPPORTED  a format that this version knows but does not read
 *   SPT_IO           the system refused (errno in error->system) */
enum spt_status spt_checkpoint_open(const char *path, const struct spt_checkpoint_options *options,
                                    struct spt_checkpoint **checkpoint, struct spt_error *error);
void spt_checkpoint_close(struct spt_checkpoint *checkpoint);

const char *spt_checkpoint_format(const struct spt_checkpoint *checkpoint); /* "safetensors", "safetensors, 3 shards" */
uint64_t spt_checkpoint_bytes(const struct spt_checkpoint *checkpoint);     /* of all weight files */
/* Files that are read for it: the weights, and the index of shards. */
size_t spt_checkpoint_file_count(const struct spt_checkpoint *checkpoint);
const char *spt_checkpoint_file(const struct spt_checkpoint *checkpoint, size_t file);

/* Names of classes and functions that a torch file's pickle asks for and no reader knows ("argparse.Namespace"), at most
 * 32 of them: what they would have made was left alone. They may hold any bytes but NUL. */
size_t spt_checkpoint_opaque_count(const struct spt_checkpoint *checkpoint);
const char *spt_checkpoint_opaque(const struct spt_checkpoint *checkpoint, size_t index);

/* One file a layer, as GPT-NeoX writes them: a tensor that is not there may be still to come. */
bool spt_checkpoint_is_in_layers(const struct spt_checkpoint *checkpoint);

/* Tensors are sorted by name (bytes, as strcmp); find is NULL when there is none of that name. */
size_t spt_checkpoint_tensor_count(const struct spt_checkpoint *checkpoint);
const struct spt_tensor *spt_checkpoint_tensor(const struct spt_checkpoint *checkpoint, size_t index);
const struct spt_tensor *spt_checkpoint_find(const struct spt_checkpoint *checkpoint, const char *name);

/* Reads the elements [first, first + count) of a tensor in row-major order, in its dtype, little-endian. Elements read from 0
 * upwards without a gap count towards the tensor's hash.
 *   out  count * spt_dtype_size(dtype) bytes; NULL: read to be hashed only
 * SPT_RETRY when the file has become shorter; SPT_INVALID for elements the tensor does not have; SPT_UNSUPPORTED for
 * SPT_DTYPE_UNKNOWN; SPT_IO. */
enum spt_status spt_checkpoint_read(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor, size_t first,
                                    size_t count, void *out, struct spt_error *error);

/* The whole tensor, as float32 [tensor->count]. SPT_UNSUPPORTED for dtypes that are not computed with: all but F64,
 * F32, F16 and BF16. (F8 weights mean nothing without the scales that are stored beside them.) */
enum spt_status spt_checkpoint_read_f32(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor, float *out,
                                        struct spt_error *error);

/* The files are still the ones that were opened, unchanged and under their names: else SPT_RETRY, or SPT_IO with ENOENT
 * or ESTALE when they are gone. Call after the last read, before any figure is believed. */
enum spt_status spt_checkpoint_confirm(struct spt_checkpoint *checkpoint, struct spt_error *error);

/* XXH3-128 over the name-sorted (name, dtype, shape, hash of all little-endian bytes) of the tensors that were read
 * whole: the same for the same model in any container. */
enum spt_status spt_checkpoint_digest(const struct spt_checkpoint *checkpoint, struct spt_hash *digest,
                                      struct spt_error *error);

SPT_API_END

#endif
