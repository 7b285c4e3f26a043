#include "checkpoints/readers/distributed_metadata.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/torch_globals.h"
#include "checkpoints/readers/torch_names.h"

enum {
    STATE_MAX = 16,       /* attributes of an object that are looked through */
    BYTES_PER_CHUNK = 32, /* of the pickle, at the very least, for a chunk and for its place */
};

/* What trainers put beside the model, by the first part of its name. */
static const char *const LEFT_OUT[] = {
    "optim*",      "lr_scheduler*", "scheduler*", "train_state*", "trainer*",
    "dataloader*", "data_loader*",  "rng*",       "callbacks*",   "loops*",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One place of storage_data. */
struct place {
    const char *name; /* [name_length] in the pickle */
    size_t name_length, rank;
    size_t begin[SPT_TENSOR_RANK_MAX];
    spt_pickle_id info;
};

struct reading {
    struct spt_contents *contents;
    const char *path;
    const struct spt_pickle *pickle;
    struct spt_distributed_metadata *metadata;
    struct spt_torch_names names;
    spt_pickle_id classes[SPT_TORCH_MEANING_COUNT]; /* as each was named last: what is memoised need not be compared */
    struct place *places;                           /* sorted */
    size_t place_count, place_capacity;
    size_t left;  /* chunks that may yet be met: lists of them can be used again and again */
    bool unknown; /* a tensor was left out for its dtype */
    /* The tensor that is read. */
    struct spt_tensor tensor;
    size_t element;
};

static enum spt_status wrong(const struct reading *r, struct spt_error *error, const char *what) {
    return spt_fail(error, SPT_INVALID, r->path, "%s; expected the metadata of a torch distributed checkpoint", what);
}

static enum spt_status wrong_tensor(const struct reading *r, struct spt_error *error, const char *what) {
    return spt_fail(error, SPT_INVALID, r->path, "tensor \"%s\": %s", r->tensor.name, what);
}

static bool is_a(struct reading *r, spt_pickle_id id, enum spt_torch_meaning class) {
    if (id == SPT_PICKLE_NOTHING || spt_pickle_kind(r->pickle, id) != SPT_PICKLE_CALL) return false;
    const spt_pickle_id callee = spt_pickle_callee(r->pickle, id);
    if (callee == r->classes[class]) return true;
    if (spt_torch_global_of(r->pickle, callee)->meaning != class) return false;
    r->classes[class] = callee;
    return true;
}

static spt_pickle_id attribute(const struct reading *r, spt_pickle_id object, const char *name) {
    const spt_pickle_id state = spt_pickle_state(r->pickle, object);
    spt_pickle_id value = SPT_PICKLE_NOTHING;
    if (state == SPT_PICKLE_NOTHING || spt_pickle_kind(r->pickle, state) != SPT_PICKLE_DICT) return value;
    size_t seen = 0;
    for (const struct spt_pickle_item *i = spt_pickle_first(r->pickle, state); i && seen < STATE_MAX;
         i = spt_pickle_next(r->pickle, i), seen++)
        if (spt_pickle_text_is(r->pickle, i->key, name)) value = i->value;
    return value;
}

/* An attribute that must be a dict. */
static spt_pickle_id dict_of(const struct reading *r, spt_pickle_id object, const char *name) {
    const spt_pickle_id id = attribute(r, object, name);
    return id != SPT_PICKLE_NOTHING && spt_pickle_kind(r->pickle, id) == SPT_PICKLE_DICT ? id : SPT_PICKLE_NOTHING;
}

/* torch.Size((3, 4)), or the tuple alone. *rank may be one more than what sizes holds. false: neither, or holds what is
 * no integer >= 0.
 *   sizes  [SPT_TENSOR_RANK_MAX] */
static bool read_sizes(const struct reading *r, spt_pickle_id id, size_t *sizes, size_t *rank) {
    const struct spt_pickle *pickle = r->pickle;
    if (id == SPT_PICKLE_NOTHING) return false;
    if (spt_pickle_kind(pickle, id) == SPT_PICKLE_CALL) {
        if (spt_torch_global_of(pickle, spt_pickle_callee(pickle, id))->meaning != SPT_TORCH_SIZE) return false;
        id = spt_pickle_at(pickle, spt_pickle_arguments(pickle, id), 0);
        if (id == SPT_PICKLE_NOTHING) return false;
    }
    if (spt_pickle_kind(pickle, id) != SPT_PICKLE_TUPLE && spt_pickle_kind(pickle, id) != SPT_PICKLE_LIST) return false;
    *rank = 0;
    for (const struct spt_pickle_item *i = spt_pickle_first(pickle, id); i && *rank <= SPT_TENSOR_RANK_MAX;
         i = spt_pickle_next(pickle, i), ++*rank) {
        int64_t size;
        if (!spt_pickle_integer(pickle, i->value, &size) || size < 0) return false;
        if (*rank < SPT_TENSOR_RANK_MAX) sizes[*rank] = (size_t)size;
    }
    return true;
}

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->name_length != y->name_length) return x->name_length < y->name_length ? -1 : 1;
    const int order = memcmp(x->name, y->name, x->name_length);
    if (order != 0) return order;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    for (size_t i = 0; i < x->rank; i++)
        if (x->begin[i] != y->begin[i]) return x->begin[i] < y->begin[i] ? -1 : 1;
    return 0;
}

/* Places of what is no tensor have no offset, and are passed over. */
static enum spt_status read_place(struct reading *r, const struct spt_pickle_item *item, struct spt_error *error) {
    struct place place = {.info = item->value};
    if (!is_a(r, item->key, SPT_TORCH_DCP_INDEX) || !is_a(r, item->value, SPT_TORCH_DCP_PLACE))
        return wrong(r, error, "storage_data holds what is no place of a chunk");
    place.name = spt_pickle_text(r->pickle, attribute(r, item->key, "fqn"), &place.name_length);
    if (!place.name) return wrong(r, error, "storage_data has a place without a name");
    const spt_pickle_id begin = attribute(r, item->key, "offset");
    if (begin == SPT_PICKLE_NOTHING || spt_pickle_kind(r->pickle, begin) == SPT_PICKLE_NONE) return SPT_OK;
    if (!read_sizes(r, begin, place.begin, &place.rank))
        return wrong(r, error, "storage_data has an offset that is none");
    if (place.rank > SPT_TENSOR_RANK_MAX || place.name_length > SPT_TORCH_NAME_MAX)
        return SPT_OK; /* of no tensor here */
    void *places = r->places;
    if (r->place_count == r->pickle->length / BYTES_PER_CHUNK)
        return wrong(r, error, "storage_data names more places than its bytes can hold");
    if (!spt_grow(&places, &r->place_capacity, r->place_count + 1, sizeof place))
        return spt_fail_memory(error, sizeof place, "a list of chunks");
    r->places = places;
    r->places[r->place_count++] = place;
    return SPT_OK;
}

static enum spt_status read_places(struct reading *r, spt_pickle_id storage, struct spt_error *error) {
    for (const struct spt_pickle_item *i = spt_pickle_first(r->pickle, storage); i; i = spt_pickle_next(r->pickle, i)) {
        const enum spt_status status = read_place(r, i, error);
        if (status != SPT_OK) return status;
    }
    if (r->place_count) qsort(r->places, r->place_count, sizeof *r->places, compare_places);
    for (size_t i = 1; i < r->place_count; i++)
        if (compare_places(&r->places[i - 1], &r->places[i]) == 0)
            return wrong(r, error, "storage_data has two places for one chunk");
    return SPT_OK;
}

/* *descriptor [*length]: of the first transformation that the writer applied, as "stream.zstd". */
static bool is_transformed(const struct reading *r, spt_pickle_id info, const char **descriptor, size_t *length) {
    const spt_pickle_id list = attribute(r, info, "transform_descriptors");
    if (list == SPT_PICKLE_NOTHING || spt_pickle_kind(r->pickle, list) == SPT_PICKLE_NONE) return false;
    const struct spt_pickle_item *first = spt_pickle_first(r->pickle, list);
    *descriptor = first ? spt_pickle_text(r->pickle, first->value, length) : NULL;
    if (!*descriptor) *descriptor = "?", *length = 1;
    const enum spt_pickle_kind kind = spt_pickle_kind(r->pickle, list);
    return first || (kind != SPT_PICKLE_LIST && kind != SPT_PICKLE_TUPLE);
}

/* Where the chunk was written. */
static enum spt_status find_chunk(struct reading *r, struct spt_distributed_chunk *chunk, struct spt_error *error) {
    struct place wanted = {.name = r->tensor.name, .name_length = strlen(r->tensor.name), .rank = r->tensor.rank};
    memcpy(wanted.begin, chunk->piece.begin, wanted.rank * sizeof *wanted.begin);
    const struct place *place =
        r->place_count ? bsearch(&wanted, r->places, r->place_count, sizeof wanted, compare_places) : NULL;
    if (!place) return wrong_tensor(r, error, "one of its chunks has no place in storage_data");
    int64_t offset, length;
    size_t transform_length;
    const char *transform;
    chunk->file = spt_pickle_text(r->pickle, attribute(r, place->info, "relative_path"), &chunk->file_length);
    if (!chunk->file || !spt_pickle_integer(r->pickle, attribute(r, place->info, "offset"), &offset) || offset < 0 ||
        !spt_pickle_integer(r->pickle, attribute(r, place->info, "length"), &length) || length < 0)
        return wrong_tensor(r, error, "the place of one of its chunks is no file's name, offset and length");
    if (is_transformed(r, place->info, &transform, &transform_length))
        return spt_fail(
            error, SPT_UNSUPPORTED, r->path,
            "tensor \"%s\" was written through the stream extension \"%.*s\"; what torch.save writes is read",
            r->tensor.name, (int)(transform_length < 64 ? transform_length : 64), transform);
    char name[SPT_DISTRIBUTED_NAME_MAX + 1];
    const bool fits = chunk->file_length <= SPT_DISTRIBUTED_NAME_MAX;
    const size_t kept = fits ? chunk->file_length : SPT_DISTRIBUTED_NAME_MAX;
    memcpy(name, chunk->file, kept);
    name[kept] = '\0';
    if (!fits || strlen(name) != kept || !spt_contents_name_is_plain(name))
        return spt_fail(error, SPT_INVALID, r->path,
                        "tensor \"%s\" is in \"%s\"; expected the name of a file in the folder of .metadata",
                        r->tensor.name, name);
    chunk->offset = (uint64_t)offset;
    chunk->length = (uint64_t)length;
    return SPT_OK;
}

static enum spt_status add_chunk(struct reading *r, spt_pickle_id id, struct spt_error *error) {
    struct spt_distributed_metadata *metadata = r->metadata;
    const size_t rank = r->tensor.rank;
    struct spt_distributed_chunk chunk = {.tensor = metadata->tensor_count, .rank = rank};
    size_t begin[SPT_TENSOR_RANK_MAX], size[SPT_TENSOR_RANK_MAX], ranks[2];
    if (!is_a(r, id, SPT_TORCH_DCP_CHUNK) || !read_sizes(r, attribute(r, id, "offsets"), begin, &ranks[0]) ||
        !read_sizes(r, attribute(r, id, "sizes"), size, &ranks[1]) || ranks[0] != rank || ranks[1] != rank)
        return wrong_tensor(r, error, "one of its chunks has not an offset and a size in each of its dimensions");
    if (r->left-- == 0) return wrong(r, error, "names more chunks than its bytes can hold");
    bool empty = false;
    for (size_t i = 0; i < rank; i++) {
        if (begin[i] > r->tensor.shape[i] || size[i] > r->tensor.shape[i] - begin[i])
            return spt_fail(error, SPT_INVALID, r->path,
                            "tensor \"%s\": a chunk reaches to %zu + %zu in dimension %zu, which has %zu",
                            r->tensor.name, begin[i], size[i], i, r->tensor.shape[i]);
        empty = empty || size[i] == 0;
    }
    if (empty) return SPT_OK; /* of a rank that got nothing */
    size_t *copy = spt_arena_alloc(&r->contents->arena, 2 * rank + 1, sizeof *copy);
    void *chunks = metadata->chunks;
    if (!copy || !spt_grow(&chunks, &metadata->chunk_capacity, metadata->chunk_count + 1, sizeof chunk))
        return spt_fail_memory(error, sizeof chunk, "a list of chunks");
    metadata->chunks = chunks;
    memcpy(copy, begin, rank * sizeof *copy);
    memcpy(copy + rank, size, rank * sizeof *copy);
    chunk.piece = (struct spt_piece){.begin = copy, .size = copy + rank};
    const enum spt_status status = find_chunk(r, &chunk, error);
    if (status == SPT_OK) metadata->chunks[metadata->chunk_count++] = chunk;
    return status;
}

/* By their first element: those of one tensor in row-major order. */
static int compare_chunks(const void *a, const void *b) {
    const struct spt_distributed_chunk *x = a, *y = b;
    for (size_t i = 0; i < x->rank; i++)
        if (x->piece.begin[i] != y->piece.begin[i]) return x->piece.begin[i] < y->piece.begin[i] ? -1 : 1;
    return 0;
}

static bool same_size(const struct spt_piece *a, const struct spt_piece *b, size_t rank) {
    return rank == 0 || memcmp(a->size, b->size, rank * sizeof *a->size) == 0;
}

/* Sorts the chunks from first on, and drops what is there twice: replicas have the same place. */
static void settle_chunks(struct reading *r, size_t first) {
    struct spt_distributed_metadata *metadata = r->metadata;
    const size_t count = metadata->chunk_count - first;
    if (count < 2) return;
    struct spt_distributed_chunk *chunks = metadata->chunks + first;
    size_t kept = 1;
    qsort(chunks, count, sizeof *chunks, compare_chunks);
    for (size_t i = 1; i < count; i++)
        if (compare_chunks(&chunks[kept - 1], &chunks[i]) != 0 ||
            !same_size(&chunks[kept - 1].piece, &chunks[i].piece, r->tensor.rank))
            chunks[kept++] = chunks[i];
    metadata->chunk_count = first + kept;
}

static enum spt_status check_cover(const struct reading *r, size_t first, struct spt_error *error) {
    const struct spt_distributed_metadata *metadata = r->metadata;
    const size_t count = metadata->chunk_count - first;
    if (r->tensor.count == 0) return SPT_OK;
    struct spt_piece *pieces = spt_alloc(count, sizeof *pieces);
    if (!pieces) return spt_fail_memory(error, count * sizeof *pieces, "a list of chunks");
    uint64_t elements = 0;
    bool fits = true;
    for (size_t i = 0; i < count; i++) {
        uint64_t own = 1; /* no more than the tensor's */
        pieces[i] = metadata->chunks[first + i].piece;
        for (size_t d = 0; d < r->tensor.rank; d++) own *= pieces[i].size[d];
        fits = fits && !__builtin_add_overflow(elements, own, &elements);
    }
    const bool fill = fits && spt_pieces_fill(r->tensor.shape, r->tensor.rank, pieces, count);
    free(pieces);
    if (fill && elements == r->tensor.count) return SPT_OK;
    return spt_fail(error, SPT_INVALID, r->path, "tensor \"%s\": its %zu chunks %s: they have %llu of its %zu elements",
                    r->tensor.name, count, elements < r->tensor.count ? "leave holes" : "overlap",
                    (unsigned long long)elements, r->tensor.count);
}

/* Elements and bytes of shape; zeros are left out of the product that is checked. */
static enum spt_status count_elements(struct reading *r, struct spt_error *error) {
    size_t product = 1, bytes = 0;
    bool empty = false, fits = true;
    for (size_t i = 0; i < r->tensor.rank; i++) {
        const size_t size = r->tensor.shape[i];
        empty = empty || size == 0;
        fits = fits && (size == 0 || spt_multiply(product, size, &product));
    }
    if (!fits || !spt_multiply(product, r->element, &bytes))
        return wrong_tensor(r, error, "the product of its shape overflows");
    r->tensor.count = empty ? 0 : product;
    r->tensor.bytes = empty ? 0 : bytes;
    return SPT_OK;
}

/* Of TensorProperties, whose state is a tuple: (dtype, layout, ...). */
static const struct spt_torch_global *dtype_of(struct reading *r, spt_pickle_id tensor) {
    const spt_pickle_id properties = attribute(r, tensor, "properties");
    if (!is_a(r, properties, SPT_TORCH_DCP_PROPERTIES)) return NULL;
    const spt_pickle_id state = spt_pickle_state(r->pickle, properties);
    const spt_pickle_id dtype = spt_pickle_at(r->pickle, state, 0);
    if (dtype == SPT_PICKLE_NOTHING || spt_pickle_kind(r->pickle, dtype) != SPT_PICKLE_GLOBAL) return NULL;
    return spt_torch_global_of(r->pickle, dtype);
}

static enum spt_status add_tensor(struct reading *r, spt_pickle_id id, struct spt_error *error) {
    struct spt_distributed_metadata *metadata = r->metadata;
    const struct spt_torch_global *dtype = dtype_of(r, id);
    if (!dtype || !read_sizes(r, attribute(r, id, "size"), r->tensor.shape, &r->tensor.rank))
        return wrong_tensor(r, error, "it has not both a dtype and a size");
    if (r->tensor.rank > SPT_TENSOR_RANK_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, r->path, "tensor \"%s\" has more than %d dimensions", r->tensor.name,
                        SPT_TENSOR_RANK_MAX);
    if (dtype->meaning != SPT_TORCH_DTYPE) {
        r->unknown = true;
        spt_log(r->contents->log, SPT_LOG_WARNING, "%s: tensor \"%s\" is left out: its dtype is not known", r->path,
                r->tensor.name);
        return SPT_OK;
    }
    r->tensor.dtype = dtype->dtype;
    r->tensor.dtype_name = dtype->dtype_name;
    r->element = dtype->element;
    enum spt_status status = count_elements(r, error);
    const size_t first = metadata->chunk_count;
    const spt_pickle_id chunks = attribute(r, id, "chunks");
    if (status == SPT_OK && (chunks == SPT_PICKLE_NOTHING || spt_pickle_kind(r->pickle, chunks) != SPT_PICKLE_LIST))
        status = wrong_tensor(r, error, "it has no list of chunks");
    for (const struct spt_pickle_item *i = status == SPT_OK ? spt_pickle_first(r->pickle, chunks) : NULL;
         i && status == SPT_OK; i = spt_pickle_next(r->pickle, i))
        status = add_chunk(r, i->value, error);
    if (status != SPT_OK) return status;
    settle_chunks(r, first);
    status = check_cover(r, first, error);
    void *tensors = metadata->tensors;
    if (status == SPT_OK &&
        !spt_grow(&tensors, &metadata->tensor_capacity, metadata->tensor_count + 1, sizeof r->tensor))
        status = spt_fail_memory(error, sizeof r->tensor, "a list of tensors");
    if (status != SPT_OK) return status;
    metadata->tensors = tensors;
    metadata->tensors[metadata->tensor_count++] = r->tensor;
    return SPT_OK;
}

static bool is_left_out(const char *name, size_t length) {
    char part[64];
    const char *dot = memchr(name, '.', length);
    if (!dot || (size_t)(dot - name) >= sizeof part) return false;
    memcpy(part, name, (size_t)(dot - name));
    part[dot - name] = '\0';
    for (size_t i = 0; i < COUNT(LEFT_OUT); i++)
        if (fnmatch(LEFT_OUT[i], part, 0) == 0) return true;
    return false;
}

static enum spt_status read_tensors(struct reading *r, spt_pickle_id dict, struct spt_error *error) {
    for (const struct spt_pickle_item *i = spt_pickle_first(r->pickle, dict); i; i = spt_pickle_next(r->pickle, i)) {
        size_t length;
        const char *name = spt_pickle_text(r->pickle, i->key, &length);
        if (!name) return wrong(r, error, "state_dict_metadata has a key that is no name");
        if (is_a(r, i->value, SPT_TORCH_DCP_BYTES)) continue;
        if (is_left_out(name, length)) {
            r->metadata->left_out++;
            continue;
        }
        r->tensor = (struct spt_tensor){0};
        enum spt_status status = spt_torch_names_copy(&r->names, name, length, &r->tensor.name, error);
        if (status == SPT_OK && !is_a(r, i->value, SPT_TORCH_DCP_TENSOR))
            status = wrong_tensor(r, error, "state_dict_metadata describes neither a tensor nor an item of bytes");
        if (status == SPT_OK) status = add_tensor(r, i->value, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

static enum spt_status read_all(struct reading *r, struct spt_error *error) {
    const spt_pickle_id root = r->pickle->root;
    enum spt_status status = spt_torch_check_globals(r->contents, r->path, r->pickle, error);
    if (status != SPT_OK) return status;
    if (!is_a(r, root, SPT_TORCH_DCP_METADATA)) return wrong(r, error, "a pickle of something else");
    const spt_pickle_id tensors = dict_of(r, root, "state_dict_metadata"), storage = dict_of(r, root, "storage_data");
    if (tensors == SPT_PICKLE_NOTHING) return wrong(r, error, "has no dict named state_dict_metadata");
    if (storage == SPT_PICKLE_NOTHING) return wrong(r, error, "has no dict named storage_data");
    status = read_places(r, storage, error);
    if (status == SPT_OK) status = read_tensors(r, tensors, error);
    if (status != SPT_OK || r->metadata->tensor_count) return status;
    if (r->metadata->left_out)
        return spt_fail(error, SPT_INVALID, r->path, "the state of an optimizer (%zu tensors), and no model's",
                        r->metadata->left_out);
    if (r->unknown) return spt_fail(error, SPT_UNSUPPORTED, r->path, "names no tensor of a dtype that is known");
    return spt_fail(error, SPT_INVALID, r->path, "names no tensors");
}

enum spt_status spt_distributed_metadata_read(struct spt_contents *contents, const char *path,
                                              const struct spt_pickle *pickle,
                                              struct spt_distributed_metadata *metadata, struct spt_error *error) {
    struct reading r = {.contents = contents,
                        .path = path,
                        .pickle = pickle,
                        .metadata = metadata,
                        .names = spt_torch_names_of(contents, path, pickle),
                        .left = pickle->length / BYTES_PER_CHUNK};
    for (size_t i = 0; i < COUNT(r.classes); i++) r.classes[i] = SPT_PICKLE_NOTHING;
    const enum spt_status status = read_all(&r, error);
    free(r.places);
    return status;
}

void spt_distributed_metadata_release(struct spt_distributed_metadata *metadata) {
    free(metadata->tensors);
    free(metadata->chunks);
    *metadata = (struct spt_distributed_metadata){0};
}
