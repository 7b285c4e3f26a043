#include "checkpoints/readers/torch_tensor.h"

#include <inttypes.h>
#include <string.h>

enum { WRAPPERS_MAX = 8 }; /* parameters of subclasses of ...: a chain that is longer leads in a circle */

bool spt_torch_storage_of(const struct spt_pickle *pickle, spt_pickle_id id, struct spt_torch_storage *storage) {
    if (id == SPT_PICKLE_NOTHING || spt_pickle_kind(pickle, id) != SPT_PICKLE_PERSISTENT) return false;
    const spt_pickle_id outside = spt_pickle_outside(pickle, id);
    int64_t elements, first, count;
    *storage = (struct spt_torch_storage){.type = spt_torch_global_of(pickle, spt_pickle_at(pickle, outside, 1))};
    storage->key = spt_pickle_text(pickle, spt_pickle_at(pickle, outside, 2), &storage->key_length);
    if (!spt_pickle_text_is(pickle, spt_pickle_at(pickle, outside, 0), "storage") ||
        storage->type->meaning != SPT_TORCH_STORAGE || !storage->key ||
        !spt_pickle_integer(pickle, spt_pickle_at(pickle, outside, 4), &elements) || elements < 0)
        return false;
    storage->elements = (uint64_t)elements;
    const spt_pickle_id view = spt_pickle_at(pickle, outside, 5);
    if (view == SPT_PICKLE_NOTHING || spt_pickle_kind(pickle, view) == SPT_PICKLE_NONE) return true;
    if (!spt_pickle_integer(pickle, spt_pickle_at(pickle, view, 1), &first) || first < 0 ||
        !spt_pickle_integer(pickle, spt_pickle_at(pickle, view, 2), &count) || count < 0)
        return false;
    storage->view = true;
    storage->view_first = (uint64_t)first;
    storage->view_elements = (uint64_t)count;
    return true;
}

bool spt_torch_tensor_of(const struct spt_pickle *pickle, spt_pickle_id id, struct spt_torch_call *call) {
    spt_pickle_id callee = SPT_PICKLE_NOTHING, arguments = SPT_PICKLE_NOTHING;
    for (int i = 0; i < WRAPPERS_MAX; i++) {
        if (callee == SPT_PICKLE_NOTHING) {
            if (id == SPT_PICKLE_NOTHING || spt_pickle_kind(pickle, id) != SPT_PICKLE_CALL) return false;
            callee = spt_pickle_callee(pickle, id);
            arguments = spt_pickle_arguments(pickle, id);
        }
        const struct spt_torch_global *maker = spt_torch_global_of(pickle, callee);
        *call = (struct spt_torch_call){maker, arguments};
        if (maker->meaning == SPT_TORCH_TENSOR || maker->meaning == SPT_TORCH_OTHER) return true;
        if (maker->meaning != SPT_TORCH_WRAPPED && maker->meaning != SPT_TORCH_FROM_TYPE) return false;
        const bool typed = maker->meaning == SPT_TORCH_FROM_TYPE;
        callee = typed ? spt_pickle_at(pickle, arguments, 0) : SPT_PICKLE_NOTHING;
        if (typed && callee == SPT_PICKLE_NOTHING) return false;
        id = spt_pickle_at(pickle, arguments, 0);
        arguments = typed ? spt_pickle_at(pickle, arguments, 2) : SPT_PICKLE_NOTHING;
    }
    return false;
}

/* What is fixed while one tensor is read. */
struct reading {
    const struct spt_torch_file *file;
    const char *path, *name;
    spt_pickle_id arguments;
    struct spt_tensor tensor;
    size_t element;                     /* bytes */
    size_t stride[SPT_TENSOR_RANK_MAX]; /* elements */
    uint64_t first;                     /* element of the storage */
};

static enum spt_status wrong(const struct reading *r, struct spt_error *error, const char *what) {
    return spt_fail(error, SPT_INVALID, r->path, "tensor \"%s\": %s", r->name, what);
}

/* The tuple itself, or that of torch.Size(tuple). */
static spt_pickle_id sizes_of(const struct spt_pickle *pickle, spt_pickle_id id) {
    if (id == SPT_PICKLE_NOTHING || spt_pickle_kind(pickle, id) != SPT_PICKLE_CALL) return id;
    if (spt_torch_global_of(pickle, spt_pickle_callee(pickle, id))->meaning != SPT_TORCH_SIZE) return id;
    return spt_pickle_at(pickle, spt_pickle_arguments(pickle, id), 0);
}

static enum spt_status read_sizes(const struct reading *r, spt_pickle_id id, const char *what, size_t *sizes,
                                  size_t *count, struct spt_error *error) {
    const struct spt_pickle *pickle = r->file->pickle;
    id = sizes_of(pickle, id);
    if (id == SPT_PICKLE_NOTHING ||
        (spt_pickle_kind(pickle, id) != SPT_PICKLE_TUPLE && spt_pickle_kind(pickle, id) != SPT_PICKLE_LIST))
        return spt_fail(error, SPT_INVALID, r->path, "tensor \"%s\": its %s is no tuple", r->name, what);
    *count = 0;
    for (const struct spt_pickle_item *i = spt_pickle_first(pickle, id); i; i = spt_pickle_next(pickle, i)) {
        int64_t size;
        if (*count == SPT_TENSOR_RANK_MAX)
            return spt_fail(error, SPT_UNSUPPORTED, r->path, "tensor \"%s\" has more than %d dimensions", r->name,
                            SPT_TENSOR_RANK_MAX);
        if (!spt_pickle_integer(pickle, i->value, &size) || size < 0)
            return spt_fail(error, SPT_INVALID, r->path, "tensor \"%s\": element %zu of its %s is no integer >= 0",
                            r->name, *count, what);
        sizes[(*count)++] = (size_t)size;
    }
    return SPT_OK;
}

/* Elements and bytes of shape; zeros are left out of the product that is checked. */
static enum spt_status count_elements(struct reading *r, struct spt_error *error) {
    size_t product = 1, bytes;
    bool empty = false, fits = true;
    for (size_t i = 0; i < r->tensor.rank; i++) {
        empty = empty || r->tensor.shape[i] == 0;
        fits = fits && (r->tensor.shape[i] == 0 || spt_multiply(product, r->tensor.shape[i], &product));
    }
    if (!fits || !spt_multiply(product, r->element, &bytes))
        return wrong(r, error, "the product of its shape overflows");
    r->tensor.count = empty ? 0 : product;
    r->tensor.bytes = empty ? 0 : bytes;
    return SPT_OK;
}

/* Its last element lies within the storage's elements. Dimensions of size 1 have strides that mean nothing. A view that
 * repeats elements may be larger than its storage, but no larger than the file. */
static enum spt_status check_extent(const struct reading *r, uint64_t elements, struct spt_error *error) {
    const struct spt_tensor *tensor = &r->tensor;
    if (tensor->count == 0) return SPT_OK;
    uint64_t last = r->first, step;
    bool fits = true;
    for (size_t i = 0; i < tensor->rank && fits; i++)
        fits = !__builtin_mul_overflow((uint64_t)(tensor->shape[i] - 1), (uint64_t)r->stride[i], &step) &&
               !__builtin_add_overflow(last, step, &last);
    if (!fits || last >= elements)
        return spt_fail(error, SPT_INVALID, r->path,
                        "tensor \"%s\": its offset and strides lead out of its storage of %" PRIu64 " elements",
                        r->name, elements);
    if (tensor->bytes > r->file->contents->files[r->file->file].identity.size)
        return spt_fail(error, SPT_INVALID, r->path,
                        "tensor \"%s\" repeats the elements of its storage to %" PRIu64
                        " bytes, more than the file has",
                        r->name, tensor->bytes);
    return SPT_OK;
}

static bool is_row_major(const struct spt_tensor *tensor, const size_t *stride) {
    size_t expected = 1;
    for (size_t i = tensor->rank; i > 0; i--) {
        if (tensor->shape[i - 1] != 1 && stride[i - 1] != expected) return false;
        expected *= tensor->shape[i - 1];
    }
    return true;
}

/* Finds the storage, and where in it the tensor begins. */
static enum spt_status place(struct reading *r, const struct spt_torch_storage *storage, struct spt_error *error) {
    struct spt_torch_extent extent;
    if (!r->file->find(r->file, storage, &extent)) return wrong(r, error, "its storage is not in the file");
    uint64_t bytes;
    if (__builtin_mul_overflow(storage->elements, (uint64_t)storage->type->element, &bytes) || bytes != extent.bytes)
        return spt_fail(error, SPT_INVALID, r->path,
                        "tensor \"%s\": its storage is said to have %" PRIu64
                        " elements of %zu bytes; its record has %" PRIu64 " bytes",
                        r->name, storage->elements, storage->type->element, extent.bytes);
    if (storage->view) {
        if (storage->view_first > storage->elements || storage->view_elements > storage->elements - storage->view_first)
            return wrong(r, error, "its storage is a view beyond another one");
        extent.offset += storage->view_first * storage->type->element;
        extent.bytes = storage->view_elements * storage->type->element;
    }
    const enum spt_status status = check_extent(r, extent.bytes / r->element, error);
    if (status != SPT_OK) return status;
    r->tensor.offset = extent.offset + (r->tensor.count ? r->first * r->element : 0);
    return SPT_OK;
}

static enum spt_status copy_stride(struct reading *r, struct spt_error *error) {
    const size_t size = r->tensor.rank * sizeof *r->stride;
    if (r->tensor.count == 0 || is_row_major(&r->tensor, r->stride)) return SPT_OK;
    size_t *copy = spt_arena_alloc(&r->file->contents->arena, 1, size);
    if (!copy) return spt_fail_memory(error, size, "a tensor's strides");
    memcpy(copy, r->stride, size);
    r->tensor.stride = copy;
    return SPT_OK;
}

/* *why: what keeps it from being a plain array of numbers. */
static const struct spt_torch_global *dtype_of(const struct spt_torch_file *file, const struct spt_torch_call *call,
                                               const struct spt_torch_storage *storage, const char **why) {
    const struct spt_pickle *pickle = file->pickle;
    const struct spt_torch_global *dtype = storage->type;
    if (call->maker->dtype_at) {
        dtype = spt_torch_global_of(pickle, spt_pickle_at(pickle, call->arguments, call->maker->dtype_at));
        if (dtype->meaning != SPT_TORCH_DTYPE) *why = "its dtype is not known";
    }
    if (call->maker->bits_at) {
        const spt_pickle_id bits = spt_pickle_at(pickle, call->arguments, call->maker->bits_at);
        if (bits != SPT_PICKLE_NOTHING && spt_pickle_first(pickle, bits))
            *why = "it is the negative or the conjugate of what is stored";
    }
    return dtype;
}

static enum spt_status leave_out(const struct reading *r, const char *why) {
    spt_log(r->file->contents->log, SPT_LOG_WARNING, "%s: tensor \"%s\" is left out: %s", r->path, r->name, why);
    return SPT_OK;
}

enum spt_status spt_torch_add_tensor(const struct spt_torch_file *file, const struct spt_torch_call *call,
                                     const char *name, struct spt_error *error) {
    const struct spt_pickle *pickle = file->pickle;
    struct reading r = {.file = file,
                        .path = file->contents->files[file->file].path,
                        .name = name,
                        .arguments = call->arguments,
                        .tensor = {.name = name, .file = file->file, .big_endian = file->big_endian}};
    if (call->maker->meaning == SPT_TORCH_OTHER)
        return leave_out(&r, "it is sparse, quantised, of another device or without data");
    struct spt_torch_storage storage;
    if (!spt_torch_storage_of(pickle, spt_pickle_at(pickle, r.arguments, 0), &storage))
        return wrong(&r, error, "what it is made of is no storage");
    const char *why = NULL;
    const struct spt_torch_global *dtype = dtype_of(file, call, &storage, &why);
    if (why) return leave_out(&r, why);
    r.tensor.dtype = dtype->dtype;
    r.tensor.dtype_name = dtype->dtype_name;
    r.element = dtype->element;
    int64_t first;
    size_t strides = 0;
    if (!spt_pickle_integer(pickle, spt_pickle_at(pickle, r.arguments, 1), &first) || first < 0)
        return wrong(&r, error, "its offset is no integer >= 0");
    r.first = (uint64_t)first;
    enum spt_status status =
        read_sizes(&r, spt_pickle_at(pickle, r.arguments, 2), "shape", r.tensor.shape, &r.tensor.rank, error);
    if (status == SPT_OK)
        status = read_sizes(&r, spt_pickle_at(pickle, r.arguments, 3), "strides", r.stride, &strides, error);
    if (status == SPT_OK && strides != r.tensor.rank)
        status = wrong(&r, error, "it has not as many strides as dimensions");
    if (status == SPT_OK) status = count_elements(&r, error);
    if (status == SPT_OK) status = place(&r, &storage, error);
    if (status == SPT_OK) status = copy_stride(&r, error);
    if (status == SPT_OK) status = spt_contents_add_tensor(file->contents, &r.tensor, error);
    return status;
}
