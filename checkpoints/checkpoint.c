/* What is the same for all formats: reading, hashing, digests. */
#include "checkpoints/checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/folder_table.h"

/* Bytes that are read, and hashed or converted while they are in the cache, at a time. A multiple of every element's
 * size. */
enum { PIECE = 256 * 1024 };

enum { HASH_STATE = 576 }; /* bytes of a hash stream, for messages */

/* How far a tensor's bytes have been hashed, from 0 upwards. */
struct progress {
    struct spt_hash_stream *stream; /* only between the first and the last piece */
    uint64_t hashed;                /* bytes */
    bool whole;
    struct spt_hash hash; /* once whole */
};

struct spt_checkpoint {
    struct spt_contents contents;
    struct progress *progress; /* [tensor_count] */
    unsigned char *piece;      /* [PIECE], made when first needed */
};

/* The distributed checkpoint of which path is one of the files; slash: its last, NULL when it has none. */
static enum spt_status read_around(struct spt_contents *contents, const char *path, const char *slash,
                                   struct spt_error *error) {
    char *directory = spt_strdup(slash == path ? "/" : slash ? path : ".");
    if (!directory) return spt_fail_memory(error, strlen(path), "a path");
    if (slash && slash != path) directory[slash - path] = '\0';
    const enum spt_status status = spt_contents_read_distributed(contents, directory, error);
    free(directory);
    return status;
}

/* What cannot be looked at is neither: taken for a file, a folder would be refused for good. */
static enum spt_status read_weights(struct spt_contents *contents, const char *path, struct spt_error *error) {
    struct spt_look look;
    const enum spt_status status = spt_tree_look(contents->tree, path, &look, error);
    if (status != SPT_OK) return status;
    if (look.kind == SPT_KIND_FOLDER) return spt_contents_read_folder(contents, path, error);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return spt_contents_name_is_distributed(name) ? read_around(contents, path, slash, error)
                                                  : spt_contents_read_path(contents, path, error);
}

enum spt_status spt_checkpoint_open(const char *path, const struct spt_checkpoint_options *options,
                                    struct spt_checkpoint **checkpoint, struct spt_error *error) {
    struct spt_checkpoint *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a checkpoint");
    struct spt_contents *contents = &made->contents;
    spt_contents_init(contents, options);
    spt_tree_begin(contents->tree);
    enum spt_status status = read_weights(contents, path, error);
    if (status == SPT_OK) status = spt_contents_finish(contents, error);
    if (status == SPT_OK) {
        made->progress = spt_alloc_zeroed(contents->tensor_count, sizeof *made->progress);
        if (!made->progress)
            status = spt_fail_memory(error, contents->tensor_count * sizeof *made->progress, "a list of hashes");
    }
    if (status != SPT_OK) {
        spt_checkpoint_close(made);
        return status;
    }
    *checkpoint = made;
    return SPT_OK;
}

void spt_checkpoint_close(struct spt_checkpoint *checkpoint) {
    if (!checkpoint) return;
    for (size_t i = 0; checkpoint->progress && i < checkpoint->contents.tensor_count; i++)
        spt_hash_free(checkpoint->progress[i].stream);
    free(checkpoint->progress);
    free(checkpoint->piece);
    spt_contents_release(&checkpoint->contents);
    free(checkpoint);
}

const char *spt_checkpoint_format(const struct spt_checkpoint *checkpoint) {
    return checkpoint->contents.format;
}

uint64_t spt_checkpoint_bytes(const struct spt_checkpoint *checkpoint) {
    const struct spt_contents *contents = &checkpoint->contents;
    uint64_t bytes = 0;
    for (size_t i = 0; i < contents->file_count; i++)
        if (contents->files[i].weights) bytes += contents->files[i].identity.size;
    return bytes;
}

size_t spt_checkpoint_file_count(const struct spt_checkpoint *checkpoint) {
    return checkpoint->contents.file_count;
}

const char *spt_checkpoint_file(const struct spt_checkpoint *checkpoint, size_t file) {
    return checkpoint->contents.files[file].path;
}

size_t spt_checkpoint_opaque_count(const struct spt_checkpoint *checkpoint) {
    return checkpoint->contents.opaque_count;
}

const char *spt_checkpoint_opaque(const struct spt_checkpoint *checkpoint, size_t index) {
    return checkpoint->contents.opaque[index];
}

bool spt_checkpoint_is_in_layers(const struct spt_checkpoint *checkpoint) {
    return checkpoint->contents.in_layers;
}

size_t spt_checkpoint_tensor_count(const struct spt_checkpoint *checkpoint) {
    return checkpoint->contents.tensor_count;
}

const struct spt_tensor *spt_checkpoint_tensor(const struct spt_checkpoint *checkpoint, size_t index) {
    return &checkpoint->contents.tensors[index];
}

static int name_order(const void *name, const void *tensor) {
    return strcmp(name, ((const struct spt_tensor *)tensor)->name);
}

const struct spt_tensor *spt_checkpoint_find(const struct spt_checkpoint *checkpoint, const char *name) {
    const struct spt_contents *contents = &checkpoint->contents;
    if (contents->tensor_count == 0) return NULL;
    return bsearch(name, contents->tensors, contents->tensor_count, sizeof *contents->tensors, name_order);
}

static struct progress *progress_of(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor) {
    assert(tensor >= checkpoint->contents.tensors);
    const size_t index = (size_t)(tensor - checkpoint->contents.tensors);
    assert(index < checkpoint->contents.tensor_count);
    return &checkpoint->progress[index];
}

/* The tensor's bytes [begin, begin + size) have been read. Those that continue what is hashed already are hashed. */
static enum spt_status hash_bytes(struct progress *progress, const struct spt_tensor *tensor, uint64_t begin,
                                  const unsigned char *bytes, size_t size, struct spt_error *error) {
    if (progress->whole || begin > progress->hashed || begin + size < progress->hashed) return SPT_OK;
    if (size == 0 && tensor->bytes > 0) return SPT_OK;
    const size_t known = (size_t)(progress->hashed - begin);
    if (size == tensor->bytes && !progress->stream) { /* in one piece: no stream needed */
        progress->hash = spt_hash_of(bytes, size);
    } else {
        if (!progress->stream) progress->stream = spt_hash_new();
        if (!progress->stream) return spt_fail_memory(error, HASH_STATE, "a hash");
        spt_hash_add(progress->stream, bytes + known, size - known);
    }
    progress->hashed = begin + size;
    if (progress->hashed < tensor->bytes) return SPT_OK;
    if (progress->stream) progress->hash = spt_hash_value(progress->stream);
    spt_hash_free(progress->stream);
    progress->stream = NULL;
    progress->whole = true;
    return SPT_OK;
}

/* Reads and hashes bytes [begin, begin + size) of tensor, at most PIECE of them. */
static enum spt_status read_piece(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor, uint64_t begin,
                                  void *out, size_t size, struct spt_error *error) {
    const size_t element = spt_dtype_size(tensor->dtype);
    const enum spt_status status =
        spt_contents_read_elements(&checkpoint->contents, tensor, (size_t)begin / element, size / element, out, error);
    if (status != SPT_OK) return status;
    return hash_bytes(progress_of(checkpoint, tensor), tensor, begin, out, size, error);
}

static enum spt_status make_piece(struct spt_checkpoint *checkpoint, struct spt_error *error) {
    if (!checkpoint->piece) checkpoint->piece = spt_alloc(PIECE, 1);
    return checkpoint->piece ? SPT_OK : spt_fail_memory(error, PIECE, "reading a tensor");
}

static enum spt_status check_range(const struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor,
                                   size_t first, size_t count, struct spt_error *error) {
    const char *path = checkpoint->contents.files[tensor->file].path;
    if (tensor->dtype == SPT_DTYPE_UNKNOWN)
        return spt_fail(error, SPT_UNSUPPORTED, path,
                        "tensor \"%s\" has the dtype %s, whose elements have no known size", tensor->name,
                        tensor->dtype_name);
    if (first > tensor->count || count > tensor->count - first)
        return spt_fail(error, SPT_INVALID, path, "tensor \"%s\" has %zu elements; asked for %zu from %zu on",
                        tensor->name, tensor->count, count, first);
    return SPT_OK;
}

enum spt_status spt_checkpoint_read(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor, size_t first,
                                    size_t count, void *out, struct spt_error *error) {
    enum spt_status status = check_range(checkpoint, tensor, first, count, error);
    if (status != SPT_OK) return status;
    const size_t element = spt_dtype_size(tensor->dtype);
    uint64_t begin = (uint64_t)first * element;
    const uint64_t end = begin + (uint64_t)count * element;
    unsigned char *to = out;
    if (!out) {
        status = make_piece(checkpoint, error);
        if (status != SPT_OK) return status;
    }
    do {
        const size_t size = end - begin < PIECE ? (size_t)(end - begin) : PIECE;
        status = read_piece(checkpoint, tensor, begin, out ? to : checkpoint->piece, size, error);
        if (status != SPT_OK) return status;
        begin += size;
        if (out) to += size;
    } while (begin < end);
    return SPT_OK;
}

enum spt_status spt_checkpoint_read_f32(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor, float *out,
                                        struct spt_error *error) {
    if (!spt_dtype_is_float(tensor->dtype))
        return spt_fail(error, SPT_UNSUPPORTED, checkpoint->contents.files[tensor->file].path,
                        "tensor \"%s\" has the dtype %s; F64, F32, F16 and BF16 are computed with", tensor->name,
                        tensor->dtype_name);
    if (tensor->dtype == SPT_F32) return spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, out, error);
    enum spt_status status = make_piece(checkpoint, error);
    const size_t most = PIECE / spt_dtype_size(tensor->dtype);
    size_t done = 0;
    while (status == SPT_OK) {
        const size_t count = tensor->count - done < most ? tensor->count - done : most;
        status = spt_checkpoint_read(checkpoint, tensor, done, count, checkpoint->piece, error);
        if (status != SPT_OK) break;
        spt_numbers_to_f32(tensor->dtype, checkpoint->piece, count, out + done);
        done += count;
        if (done == tensor->count) break;
    }
    return status;
}

enum spt_status spt_checkpoint_confirm(struct spt_checkpoint *checkpoint, struct spt_error *error) {
    return spt_contents_confirm(&checkpoint->contents, error);
}

enum spt_status spt_checkpoint_digest(const struct spt_checkpoint *checkpoint, struct spt_hash *digest,
                                      struct spt_error *error) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return spt_fail_memory(error, HASH_STATE, "a hash");
    for (size_t i = 0; i < checkpoint->contents.tensor_count; i++) {
        const struct progress *progress = &checkpoint->progress[i];
        if (!progress->whole) continue;
        const struct spt_tensor *tensor = &checkpoint->contents.tensors[i];
        spt_hash_add_text(stream, tensor->name);
        spt_hash_add_text(stream, tensor->dtype_name);
        spt_hash_add_u64(stream, tensor->rank);
        for (size_t d = 0; d < tensor->rank; d++) spt_hash_add_u64(stream, tensor->shape[d]);
        spt_hash_add_u64(stream, progress->hash.low);
        spt_hash_add_u64(stream, progress->hash.high);
    }
    *digest = spt_hash_value(stream);
    spt_hash_free(stream);
    return SPT_OK;
}
