/* What .metadata of a torch distributed checkpoint says of the model's tensors: their shapes, the chunks they were cut
 * into, and where each chunk was written.
 *
 *     spt_distributed_metadata_read  ->  tensors, chunks  ->  spt_distributed_metadata_release
 *
 * It is a pickle of torch.distributed.checkpoint.metadata.Metadata: state_dict_metadata {name: TensorStorageMetadata},
 * storage_data {MetadataIndex(name, offset): _StorageInfo(relative_path, offset, length)}.
 */
#ifndef SPT_READERS_DISTRIBUTED_METADATA_H
#define SPT_READERS_DISTRIBUTED_METADATA_H

#include "checkpoints/readers/pickle.h"
#include "checkpoints/readers/reader.h"

enum { SPT_DISTRIBUTED_NAME_MAX = 255 }; /* bytes of a file's name */

struct spt_distributed_chunk {
    size_t tensor, rank;    /* index of its tensor, and that one's rank */
    struct spt_piece piece; /* begin and size; the rest is its reader's */
    const char *file;       /* [file_length] a plain name, in the pickle */
    size_t file_length;
    uint64_t offset, length; /* bytes of the file: what torch.save wrote */
    bool big_endian;         /* its reader's */
};

/* Zero-initialise, read, release. */
struct spt_distributed_metadata {
    struct spt_tensor *tensors; /* [tensor_count] names, dtypes and shapes; names and more in contents->arena */
    size_t tensor_count, tensor_capacity;
    struct spt_distributed_chunk *chunks; /* [chunk_count] those that hold elements, of one tensor side by side */
    size_t chunk_count, chunk_capacity;
    size_t left_out; /* tensors of optimizers and of other state of the training */
};

/* Checked: chunks lie within their tensor and fill it, every chunk has its place, files' names are plain.
 *   SPT_INVALID      anything else, no tensor of a model
 *   SPT_UNSUPPORTED  items that were transformed when they were written; more dimensions than are read
 * path is .metadata's, for messages. Memory in proportion to the pickle. */
enum spt_status spt_distributed_metadata_read(struct spt_contents *contents, const char *path,
                                              const struct spt_pickle *pickle,
                                              struct spt_distributed_metadata *metadata, struct spt_error *error);
void spt_distributed_metadata_release(struct spt_distributed_metadata *metadata);

#endif
