/* Torch distributed checkpoints: a folder of .metadata, and a file or more of each rank that took part in the training.
 *
 *     .metadata       what was saved, in which chunks, and where they are (distributed_metadata.h); written last
 *     __0_0.distcp    rank 0's: item after item, each what torch.save writes of one chunk, a whole zip file
 *     __1_0.distcp    ...
 *
 * (torch/distributed/checkpoint/filesystem.py.) A tensor that ranks shared is put together of their chunks. Files are
 * opened one after the other and no item's numbers are read here.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/distributed_metadata.h"
#include "checkpoints/readers/torch_names.h"
#include "checkpoints/readers/torch_state.h"

enum {
    HEAD = 16,
    CLOCKS_DIFFER = 10, /* seconds by which .metadata may be older than what it names: hosts have their own clocks */
};

static const char METADATA[] = ".metadata";

/* Folders within a checkpoint's own where trainers put the model. */
const char *const SPT_DISTRIBUTED_FOLDERS[] = {
    "pytorch_model_fsdp_0", /* HF Accelerate, HF Trainer with FSDP and sharded state dicts */
    "model_and_optim",      /* OLMo-core */
    NULL,
};

bool spt_contents_name_is_distributed(const char *name) {
    return strcmp(name, METADATA) == 0 || fnmatch("*.distcp", name, 0) == 0;
}

bool spt_contents_name_is_distributed_folder(const char *name) {
    for (size_t i = 0; SPT_DISTRIBUTED_FOLDERS[i]; i++)
        if (strcmp(name, SPT_DISTRIBUTED_FOLDERS[i]) == 0) return true;
    return false;
}

struct shards {
    struct spt_contents *contents;
    const char *directory;
    size_t metadata_file;
    struct spt_distributed_metadata *metadata;
    bool *left_out;     /* [tensor_count] what holds no plain numbers, and was said so */
    const char **paths; /* [file_count] */
    size_t file_count;
    bool crc_differs;
};

static int compare_text(const char *a, size_t a_length, const char *b, size_t b_length) {
    const size_t shorter = a_length < b_length ? a_length : b_length;
    const int order = memcmp(a, b, shorter);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_place(const void *a, const void *b) {
    const struct spt_distributed_chunk *x = a, *y = b;
    const int order = compare_text(x->file, x->file_length, y->file, y->file_length);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* By their tensor, then by their first element. */
static int by_tensor(const void *a, const void *b) {
    const struct spt_distributed_chunk *x = a, *y = b;
    if (x->tensor != y->tensor) return x->tensor < y->tensor ? -1 : 1;
    for (size_t i = 0; i < x->rank; i++)
        if (x->piece.begin[i] != y->piece.begin[i]) return x->piece.begin[i] < y->piece.begin[i] ? -1 : 1;
    return 0;
}

/* What begins as no zip file does. */
static enum spt_status refuse_head(const char *path, const struct spt_distributed_chunk *chunk, const char *name,
                                   const unsigned char head[static HEAD], struct spt_error *error) {
    static const unsigned char ZEROS[HEAD] = {0};
    if (memcmp(head, ZEROS, HEAD) == 0)
        return spt_fail_at(error, SPT_RETRY, path, chunk->offset, "zeros where \"%s\" is said to be: not written yet",
                           name);
    if (head[8] == '{' && head[5] == 0 && head[6] == 0 && head[7] == 0)
        return spt_fail_at(
            error, SPT_UNSUPPORTED, path, chunk->offset,
            "\"%s\" was written as safetensors (SerializationFormat.SAFETENSORS); what torch.save writes "
            "is read",
            name);
    return spt_fail_at(error, SPT_INVALID, path, chunk->offset,
                       "found %02x %02x %02x %02x where \"%s\" is said to be; expected a zip file of torch.save",
                       head[0], head[1], head[2], head[3], name);
}

static enum spt_status check_head(struct spt_contents *contents, size_t file, const struct spt_distributed_chunk *chunk,
                                  const char *name, struct spt_error *error) {
    const char *path = contents->files[file].path;
    if (chunk->length == 0)
        return spt_fail_at(error, SPT_INVALID, path, chunk->offset, "\"%s\" is said to be 0 bytes", name);
    unsigned char head[HEAD] = {0};
    const uint64_t left = contents->files[file].identity.size - chunk->offset;
    const enum spt_status status =
        spt_contents_read_at(contents, file, chunk->offset, head, left < HEAD ? (size_t)left : HEAD, error);
    if (status != SPT_OK || memcmp(head, "PK\003\004", 4) == 0) return status;
    return refuse_head(path, chunk, name, head, error);
}

/* What torch.save wrote is what .metadata says of the chunk. */
static enum spt_status check_item(const struct spt_contents *contents, const struct spt_distributed_chunk *chunk,
                                  const struct spt_tensor *tensor, const struct spt_tensor *item,
                                  struct spt_error *error) {
    const char *path = contents->files[item->file].path;
    if (strcmp(item->dtype_name, tensor->dtype_name) != 0)
        return spt_fail_at(error, SPT_INVALID, path, chunk->offset, "a chunk of \"%s\" is %s; %s says %s", tensor->name,
                           item->dtype_name, METADATA, tensor->dtype_name);
    if (item->rank != tensor->rank ||
        (item->rank && memcmp(item->shape, chunk->piece.size, item->rank * sizeof *item->shape) != 0))
        return spt_fail_at(error, SPT_INVALID, path, chunk->offset, "a chunk of \"%s\" has another shape than %s says",
                           tensor->name, METADATA);
    if (item->bytes > chunk->length)
        return spt_fail_at(error, SPT_INVALID, path, chunk->offset,
                           "a chunk of \"%s\" repeats its elements to %llu bytes, more than the %llu that were written",
                           tensor->name, (unsigned long long)item->bytes, (unsigned long long)chunk->length);
    return SPT_OK;
}

/* Reads the headers of the chunk's item in contents->files[file]: where its numbers are. */
static enum spt_status read_chunk(struct shards *s, struct spt_distributed_chunk *chunk, size_t file,
                                  struct spt_error *error) {
    struct spt_contents *contents = s->contents;
    struct spt_tensor *tensor = &s->metadata->tensors[chunk->tensor];
    const size_t first = contents->tensor_count;
    if (s->left_out[chunk->tensor]) return SPT_OK;
    enum spt_status status = check_head(contents, file, chunk, tensor->name, error);
    if (status == SPT_OK)
        status =
            spt_torch_read_item(contents, file, chunk->offset, chunk->length, tensor->name, &s->crc_differs, error);
    if (status != SPT_OK) return status;
    s->left_out[chunk->tensor] = contents->tensor_count == first;
    if (contents->tensor_count == first) return SPT_OK;
    const struct spt_tensor item = contents->tensors[--contents->tensor_count];
    status = check_item(contents, chunk, tensor, &item, error);
    chunk->piece.file = item.file;
    chunk->piece.offset = item.offset;
    chunk->piece.stride = item.stride;
    chunk->big_endian = item.big_endian;
    return status;
}

/* directory/file in contents->arena; NULL: out of memory. */
static const char *path_of(struct shards *s, const struct spt_distributed_chunk *chunk) {
    const size_t directory = strlen(s->directory), length = directory + 1 + chunk->file_length;
    char *path = spt_arena_alloc(&s->contents->arena, length + 1, 1);
    if (path) (void)snprintf(path, length + 1, "%s/%.*s", s->directory, (int)chunk->file_length, chunk->file);
    return path;
}

/* The first chunk of each file, in the order of their names; both are sorted by place. */
static bool begins_file(const struct spt_distributed_chunk *chunks, size_t i) {
    return i == 0 || compare_text(chunks[i - 1].file, chunks[i - 1].file_length, chunks[i].file, chunks[i].file_length);
}

/* The paths of all files, of which the tree is told: [s->file_count] in the arena. */
static enum spt_status name_files(struct shards *s, struct spt_error *error) {
    const struct spt_distributed_chunk *chunks = s->metadata->chunks;
    const size_t count = s->metadata->chunk_count;
    for (size_t i = 0; i < count; i++) s->file_count += begins_file(chunks, i);
    s->paths = spt_arena_alloc(&s->contents->arena, s->file_count, sizeof *s->paths);
    if (!s->paths) return spt_fail_memory(error, s->file_count, "a list of files");
    size_t named = 0;
    for (size_t i = 0; i < count; i++) {
        if (!begins_file(chunks, i)) continue;
        s->paths[named] = path_of(s, &chunks[i]);
        if (!s->paths[named++]) return spt_fail_memory(error, strlen(s->directory), "a path");
    }
    return spt_tree_expect(s->contents->tree, s->paths, s->file_count, error);
}

static enum spt_status open_shard(struct shards *s, const char *path, size_t *file, struct spt_error *error) {
    struct spt_contents *contents = s->contents;
    struct spt_error why = {0};
    enum spt_status status = spt_contents_add_file(contents, path, &why);
    if (status == SPT_IO && why.system == ENOENT)
        status = spt_fail(error, SPT_RETRY, path, "this file is named by %s and is not there", METADATA);
    else if (status != SPT_OK && error)
        *error = why;
    if (status != SPT_OK) return status;
    *file = contents->file_count - 1;
    const struct spt_contents_file *shard = &contents->files[*file], *metadata = &contents->files[s->metadata_file];
    if (shard->identity.mtime_ns / 1000000000 - metadata->identity.mtime_ns / 1000000000 <= CLOCKS_DIFFER)
        return SPT_OK;
    return spt_fail(error, SPT_RETRY, metadata->path,
                    "older than \"%s\", which it names: this checkpoint is being written over, or was copied without "
                    "its times (`touch` %s if it is whole)",
                    strrchr(path, '/') + 1, METADATA);
}

/* Where items end up is checked against the file and against one another: *end is the end of the one before. */
static enum spt_status check_place(const struct spt_contents *contents, size_t file,
                                   const struct spt_distributed_chunk *chunk, const char *name, uint64_t *end,
                                   struct spt_error *error) {
    const struct spt_contents_file *shard = &contents->files[file];
    const uint64_t size = shard->identity.size;
    if (chunk->offset < *end)
        return spt_fail_at(error, SPT_INVALID, shard->path, chunk->offset, "\"%s\" is said to be within another item",
                           name);
    *end = chunk->offset + chunk->length; /* both below 2^63 */
    if (*end <= size) return SPT_OK;
    return spt_fail_at(error, SPT_RETRY, shard->path, size,
                       "the file ends after %llu bytes; %s says that \"%s\" ends at %llu", (unsigned long long)size,
                       METADATA, name, (unsigned long long)*end);
}

/* File after file, in the order of their items. */
static enum spt_status read_chunks(struct shards *s, struct spt_error *error) {
    struct spt_distributed_metadata *metadata = s->metadata;
    struct spt_distributed_chunk *chunks = metadata->chunks;
    size_t file = 0, opened = 0;
    uint64_t end = 0;
    if (metadata->chunk_count) qsort(chunks, metadata->chunk_count, sizeof *chunks, by_place);
    enum spt_status status = name_files(s, error);
    for (size_t i = 0; i < metadata->chunk_count && status == SPT_OK; i++) {
        struct spt_distributed_chunk *chunk = &chunks[i];
        if (begins_file(chunks, i)) {
            status = open_shard(s, s->paths[opened++], &file, error);
            end = 0;
        }
        if (status == SPT_OK)
            status = check_place(s->contents, file, chunk, metadata->tensors[chunk->tensor].name, &end, error);
        if (status == SPT_OK) status = read_chunk(s, chunk, file, error);
    }
    if (metadata->chunk_count) qsort(chunks, metadata->chunk_count, sizeof *chunks, by_tensor);
    return status;
}

/* The tensor of chunks [first, first + count), in row-major order. One chunk is the tensor itself; of an empty tensor
 * there is none. */
static enum spt_status assemble(struct shards *s, const struct spt_tensor *whole, size_t first, size_t count,
                                struct spt_error *error) {
    struct spt_contents *contents = s->contents;
    const struct spt_distributed_chunk *chunks = count ? &s->metadata->chunks[first] : NULL;
    struct spt_tensor tensor = *whole;
    tensor.file = s->metadata_file;
    if (count) {
        tensor.file = chunks[0].piece.file;
        tensor.offset = chunks[0].piece.offset;
        tensor.big_endian = chunks[0].big_endian;
    }
    if (count == 1) tensor.stride = chunks[0].piece.stride;
    if (count > 1) {
        struct spt_piece *pieces = spt_arena_alloc(&contents->arena, count, sizeof *pieces);
        if (!pieces) return spt_fail_memory(error, count * sizeof *pieces, "the pieces of a tensor");
        for (size_t i = 0; i < count; i++) {
            pieces[i] = chunks[i].piece;
            if (chunks[i].big_endian != tensor.big_endian)
                return spt_fail(error, SPT_INVALID, contents->files[pieces[i].file].path,
                                "the chunks of \"%s\" have different byte orders", tensor.name);
        }
        tensor.pieces = pieces;
        tensor.piece_count = count;
    }
    return spt_contents_add_tensor(contents, &tensor, error);
}

static enum spt_status add_tensors(struct shards *s, struct spt_error *error) {
    const struct spt_distributed_metadata *metadata = s->metadata;
    const size_t before = s->contents->tensor_count;
    size_t next = 0;
    for (size_t i = 0; i < metadata->tensor_count; i++) {
        const size_t first = next;
        while (next < metadata->chunk_count && metadata->chunks[next].tensor == i) next++;
        enum spt_status status = SPT_OK;
        if (!s->left_out[i]) status = assemble(s, &metadata->tensors[i], first, next - first, error);
        if (status != SPT_OK) return status;
    }
    if (s->contents->tensor_count == before)
        return spt_fail(error, SPT_UNSUPPORTED, s->directory, "no tensor in it is a plain array of numbers");
    return spt_torch_names_strip(s->contents, before, error);
}

static enum spt_status read_shards(struct shards *s, struct spt_error *error) {
    struct spt_contents *contents = s->contents;
    const size_t count = s->metadata->tensor_count;
    s->left_out = spt_alloc_zeroed(count, sizeof *s->left_out);
    if (!s->left_out) return spt_fail_memory(error, count, "a list of tensors");
    enum spt_status status = read_chunks(s, error);
    if (status == SPT_OK) status = add_tensors(s, error);
    free(s->left_out);
    if (status != SPT_OK) return status;
    if (s->crc_differs)
        spt_log(contents->log, SPT_LOG_WARNING,
                "%s: CRCs of what torch.save wrote are missing or wrong; it is read all the same", s->directory);
    if (s->metadata->left_out)
        spt_log(contents->log, SPT_LOG_NOTE, "%s: %zu tensors of optimizers and of the training's state are left out",
                s->directory, s->metadata->left_out);
    (void)snprintf(contents->format, sizeof contents->format, "torch distributed, %zu file%s", s->file_count,
                   s->file_count == 1 ? "" : "s");
    return SPT_OK;
}

/* The pickle's bytes are kept until all is read: names of files are in them. */
static enum spt_status read_pickle(struct shards *s, const unsigned char *bytes, size_t size, struct spt_error *error) {
    const char *path = s->contents->files[s->metadata_file].path;
    struct spt_pickle pickle = {0};
    struct spt_distributed_metadata metadata = {0};
    enum spt_status status = spt_pickle_read(bytes, size, s->contents->header_limit, path, 0, &pickle, error);
    if (status == SPT_OK && pickle.length != size)
        status =
            spt_fail_at(error, SPT_INVALID, path, pickle.length, "%zu bytes after its pickle", size - pickle.length);
    if (status == SPT_OK) status = spt_distributed_metadata_read(s->contents, path, &pickle, &metadata, error);
    s->metadata = &metadata;
    if (status == SPT_OK) status = read_shards(s, error);
    spt_distributed_metadata_release(&metadata);
    spt_pickle_release(&pickle);
    return status;
}

static enum spt_status read_metadata(struct shards *s, struct spt_error *error) {
    struct spt_contents *contents = s->contents;
    s->metadata_file = contents->file_count - 1;
    struct spt_contents_file *file = &contents->files[s->metadata_file];
    const uint64_t size = file->identity.size;
    file->weights = false;
    if (size == 0) return spt_fail(error, SPT_RETRY, file->path, "an empty file");
    if (size > contents->header_limit)
        return spt_fail(error, SPT_UNSUPPORTED, file->path,
                        "a pickle of %llu bytes, more than the %llu that are read (--header-limit raises it)",
                        (unsigned long long)size, (unsigned long long)contents->header_limit);
    const char *path = file->path;
    unsigned char *bytes = malloc((size_t)size);
    if (!bytes) return spt_fail_memory(error, size, "a pickle");
    enum spt_status status = spt_contents_read_at(contents, s->metadata_file, 0, bytes, (size_t)size, error);
    if (status == SPT_OK && bytes[0] != 0x80)
        status = spt_fail_at(error, SPT_INVALID, path, 0, "begins with %02x; expected a pickle", bytes[0]);
    if (status == SPT_OK) status = read_pickle(s, bytes, (size_t)size, error);
    free(bytes);
    return status;
}

/* The entry of directory whose name matches, of several the first in their order; out [SPT_DISTRIBUTED_NAME_MAX + 1].
 * SPT_END: none. */
static enum spt_status find_entry(struct spt_tree *tree, const char *directory, const char *pattern, char *out,
                                  struct spt_error *error) {
    struct spt_tree_folder folder;
    struct spt_tree_entry entry;
    enum spt_status status = spt_tree_list(tree, directory, &folder, error);
    if (status != SPT_OK) return status;
    out[0] = '\0';
    while ((status = spt_tree_next(&folder, &entry, error)) == SPT_OK) {
        if (fnmatch(pattern, entry.name, 0) != 0 || strlen(entry.name) > SPT_DISTRIBUTED_NAME_MAX) continue;
        if (!out[0] || strcmp(entry.name, out) < 0) memcpy(out, entry.name, strlen(entry.name) + 1);
    }
    spt_tree_unlist(&folder);
    return status == SPT_END && out[0] ? SPT_OK : status;
}

/* What a folder without .metadata is. */
static enum spt_status without_metadata(struct spt_tree *tree, const char *directory, struct spt_error *error) {
    char name[SPT_DISTRIBUTED_NAME_MAX + 1];
    enum spt_status status = find_entry(tree, directory, "__*.metadata", name, error);
    if (status == SPT_OK)
        return spt_fail(
            error, SPT_UNSUPPORTED, directory,
            "\"%s\" is the metadata of one rank alone (use_collectives=False); checkpoints with one %s of all "
            "ranks are read",
            name, METADATA);
    if (status == SPT_END) status = find_entry(tree, directory, "*.distcp", name, error);
    if (status == SPT_OK)
        return spt_fail(error, SPT_RETRY, directory, "\"%s\" is there, and no %s, which torch writes last", name,
                        METADATA);
    return status;
}

static enum spt_status read_folder(struct spt_contents *contents, const char *directory, struct spt_error *error) {
    struct shards shards = {.contents = contents, .directory = directory};
    struct spt_error why = {0};
    char *path = spt_file_join(directory, METADATA);
    if (!path) return spt_fail_memory(error, strlen(directory), "a path");
    enum spt_status status = spt_contents_add_file(contents, path, &why);
    free(path);
    if (status == SPT_IO && (why.system == ENOENT || why.system == ENOTDIR)) {
        status = without_metadata(contents->tree, directory, &why);
        if (status == SPT_IO && (why.system == ENOENT || why.system == ENOTDIR)) return SPT_END;
    } else if (status == SPT_OK) {
        return read_metadata(&shards, error);
    }
    if (status != SPT_OK && status != SPT_END && error) *error = why;
    return status;
}

enum spt_status spt_contents_read_distributed(struct spt_contents *contents, const char *directory,
                                              struct spt_error *error) {
    enum spt_status status = read_folder(contents, directory, error);
    for (size_t i = 0; SPT_DISTRIBUTED_FOLDERS[i] && status == SPT_END; i++) {
        char *inner = spt_file_join(directory, SPT_DISTRIBUTED_FOLDERS[i]);
        if (!inner) return spt_fail_memory(error, strlen(directory), "a path");
        status = read_folder(contents, inner, error);
        free(inner);
    }
    return status;
}
