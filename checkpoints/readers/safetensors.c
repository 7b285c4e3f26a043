/* safetensors: 8 bytes little-endian length, a JSON header of that length, the tensors' bytes without a hole to the
 * end.
 *
 * The format's own description (huggingface/safetensors, README, "Format") and its reference implementation's checks,
 * and a few stricter ones: a product of sizes may not overflow even when one of them is zero, names hold no control
 * characters, offsets stay within 2^53. A dtype that is not known is listed; its bytes take part in every check of
 * offsets.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/json.h"
#include "checkpoints/readers/reader.h"

enum { PREFIX = 8 };

#define HEADER_MAX      100000000u         /* the reference implementation's own cap */
#define JSON_SAFE_LIMIT ((int64_t)1 << 53) /* beyond, readers in other languages lose digits */

/* What is fixed while a header is walked. */
struct header {
    struct spt_contents *contents;
    const char *path;
    size_t file;
    uint64_t data;      /* offset in the file of the first tensor's first byte */
    uint64_t data_size; /* bytes from there to the end of the file */
};

static uint64_t load_length(const unsigned char *bytes) {
    uint64_t length = 0;
    for (int i = PREFIX - 1; i >= 0; i--) length = length << 8 | bytes[i];
    return length;
}

/* A length below 2^32 and the brace after it. Eight bytes alone may be the beginning of anything. */
static unsigned bid(const unsigned char *head, size_t size) {
    if (size == PREFIX) return 1;
    if (head[PREFIX] != '{') return 0;
    return load_length(head) >> 32 == 0 ? 40 : 8;
}

static enum spt_status check_length(const struct header *header, uint64_t length, uint64_t file_size,
                                    struct spt_error *error) {
    const uint64_t limit = header->contents->header_limit;
    if (length == 0)
        return spt_fail_at(error, SPT_INVALID, header->path, 0, "header length 0; the shortest header is {}");
    if (length > HEADER_MAX)
        return spt_fail_at(error, SPT_INVALID, header->path, 0, "header length %" PRIu64 "; the format allows %u",
                           length, HEADER_MAX);
    if (length > limit)
        return spt_fail_at(error, SPT_UNSUPPORTED, header->path, 0,
                           "a header of %" PRIu64 " bytes, more than the %" PRIu64
                           " that are read (--header-limit raises it)",
                           length, limit);
    if (length > file_size - PREFIX)
        return spt_fail_at(error, SPT_RETRY, header->path, file_size,
                           "a header of %" PRIu64 " bytes, of which %" PRIu64 " are there", length, file_size - PREFIX);
    return SPT_OK;
}

/* Sizes and their product. Zeros are left out of the product that is checked, so that the check does not depend on the
 * order. */
static enum spt_status read_shape(const struct header *header, const struct spt_json *shape, struct spt_tensor *tensor,
                                  struct spt_error *error) {
    if (spt_json_kind(shape) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, header->path, "tensor \"%s\": shape is %s; expected an array of sizes",
                        tensor->name, spt_json_kind_name(spt_json_kind(shape)));
    tensor->rank = spt_json_count(shape);
    if (tensor->rank > SPT_TENSOR_RANK_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, header->path, "tensor \"%s\" has %zu dimensions; at most %d are read",
                        tensor->name, tensor->rank, SPT_TENSOR_RANK_MAX);
    size_t product = 1, bytes;
    bool empty = false, fits = true;
    for (size_t i = 0; i < tensor->rank && fits; i++) {
        const int64_t size = spt_json_integer(spt_json_at(shape, i), -1);
        if (size < 0)
            return spt_fail(error, SPT_INVALID, header->path, "tensor \"%s\": size %zu of its shape is no integer >= 0",
                            tensor->name, i);
        tensor->shape[i] = (size_t)size;
        empty = empty || size == 0;
        fits = size == 0 || spt_multiply(product, (size_t)size, &product);
    }
    const size_t element = spt_dtype_size(tensor->dtype);
    if (!fits || !spt_multiply(product, element ? element : 1, &bytes))
        return spt_fail(error, SPT_INVALID, header->path, "tensor \"%s\": the product of its shape overflows",
                        tensor->name);
    tensor->count = empty ? 0 : product;
    return SPT_OK;
}

static enum spt_status read_offsets(const struct header *header, const struct spt_json *offsets,
                                    struct spt_tensor *tensor, struct spt_error *error) {
    const int64_t begin = spt_json_integer(spt_json_at(offsets, 0), -1),
                  end = spt_json_integer(spt_json_at(offsets, 1), -1);
    if (spt_json_kind(offsets) != SPT_JSON_ARRAY || spt_json_count(offsets) != 2 || begin < 0 || end < begin ||
        end > JSON_SAFE_LIMIT)
        return spt_fail(error, SPT_INVALID, header->path,
                        "tensor \"%s\": data_offsets must be two integers, 0 <= begin <= end <= 2^53", tensor->name);
    tensor->offset = header->data + (uint64_t)begin;
    tensor->bytes = (uint64_t)(end - begin);
    const size_t element = spt_dtype_size(tensor->dtype);
    const bool agrees =
        element ? tensor->bytes == (uint64_t)tensor->count * element : (tensor->count == 0) == (tensor->bytes == 0);
    if (!agrees)
        return spt_fail(error, SPT_INVALID, header->path,
                        "tensor \"%s\": data_offsets hold %" PRIu64 " bytes; %zu elements of %s take %zu", tensor->name,
                        tensor->bytes, tensor->count, tensor->dtype_name, tensor->count * element);
    return SPT_OK;
}

/* dtype_name points into the document; the caller replaces it by a copy that lasts. */
static enum spt_status read_entry(const struct header *header, const struct spt_json *entry, struct spt_tensor *tensor,
                                  struct spt_error *error) {
    if (spt_json_kind(entry) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, header->path, "tensor \"%s\" is %s; expected dtype, shape and data_offsets",
                        tensor->name, spt_json_kind_name(spt_json_kind(entry)));
    size_t length = 0;
    const char *dtype = spt_json_string(spt_json_get(entry, "dtype"), &length);
    if (!dtype || !spt_contents_name_is_clean(dtype))
        return spt_fail(error, SPT_INVALID, header->path, "tensor \"%s\": dtype is %s; expected a name", tensor->name,
                        dtype ? "a string with control characters"
                              : spt_json_kind_name(spt_json_kind(spt_json_get(entry, "dtype"))));
    tensor->dtype = spt_dtype_from_name(dtype, length);
    tensor->dtype_name = dtype;
    enum spt_status status = read_shape(header, spt_json_get(entry, "shape"), tensor, error);
    if (status == SPT_OK) status = read_offsets(header, spt_json_get(entry, "data_offsets"), tensor, error);
    return status;
}

static enum spt_status add_entry(const struct header *header, const char *name, const struct spt_json *entry,
                                 struct spt_error *error) {
    if (!spt_contents_name_is_clean(name))
        return spt_fail(error, SPT_INVALID, header->path, "tensor name \"%s\" holds control characters", name);
    struct spt_tensor tensor = {.name = name, .file = header->file};
    const enum spt_status status = read_entry(header, entry, &tensor, error);
    if (status != SPT_OK) return status;
    struct spt_arena *arena = &header->contents->arena;
    tensor.name = spt_arena_copy(arena, name, strlen(name));
    tensor.dtype_name = tensor.dtype == SPT_DTYPE_UNKNOWN
                            ? spt_arena_copy(arena, tensor.dtype_name, strlen(tensor.dtype_name))
                            : spt_dtype_name(tensor.dtype);
    if (!tensor.name || !tensor.dtype_name) return spt_fail_memory(error, strlen(name), "a tensor's name");
    return spt_contents_add_tensor(header->contents, &tensor, error);
}

static enum spt_status check_metadata(const struct header *header, const struct spt_json *metadata,
                                      struct spt_error *error) {
    if (spt_json_kind(metadata) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, header->path, "__metadata__ is %s; expected an object of strings",
                        spt_json_kind_name(spt_json_kind(metadata)));
    for (struct spt_json_member *m = spt_json_first(metadata); m; m = spt_json_next(metadata, m))
        if (spt_json_kind(spt_json_value(m)) != SPT_JSON_STRING)
            return spt_fail(error, SPT_INVALID, header->path, "__metadata__: \"%s\" is %s; expected a string",
                            spt_json_key(m), spt_json_kind_name(spt_json_kind(spt_json_value(m))));
    return SPT_OK;
}

static enum spt_status add_entries(const struct header *header, const struct spt_json *root, struct spt_error *error) {
    if (spt_json_kind(root) != SPT_JSON_OBJECT)
        return spt_fail_at(error, SPT_INVALID, header->path, PREFIX, "the header is %s; expected an object",
                           spt_json_kind_name(spt_json_kind(root)));
    enum spt_status status = SPT_OK;
    for (struct spt_json_member *m = spt_json_first(root); m && status == SPT_OK; m = spt_json_next(root, m)) {
        const char *name = spt_json_key(m);
        status = strcmp(name, "__metadata__") == 0 ? check_metadata(header, spt_json_value(m), error)
                                                   : add_entry(header, name, spt_json_value(m), error);
    }
    return status;
}

static int by_offset(const void *a, const void *b) {
    const struct spt_tensor *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Sorts this file's tensors by offset; each must begin where the one before ends, and the last end where the file does.
 * A file that is only too short is not complete yet; everything else is wrong. */
static enum spt_status check_extent(const struct header *header, struct spt_tensor *tensors, size_t count,
                                    struct spt_error *error) {
    if (count) qsort(tensors, count, sizeof *tensors, by_offset);
    uint64_t end = header->data;
    for (size_t i = 0; i < count; i++) {
        if (tensors[i].offset != end)
            return spt_fail_at(error, SPT_INVALID, header->path, tensors[i].offset,
                               "tensor \"%s\" begins at byte %" PRIu64 " of the data; %s at %" PRIu64, tensors[i].name,
                               tensors[i].offset - header->data,
                               tensors[i].offset < end ? "it overlaps the one before, which ends"
                                                       : "there is a hole after the one before, which ends",
                               end - header->data);
        end += tensors[i].bytes;
    }
    end -= header->data;
    if (end > header->data_size)
        return spt_fail_at(error, SPT_RETRY, header->path, header->data + header->data_size,
                           "%" PRIu64 " bytes of tensors, of which %" PRIu64 " are there", end, header->data_size);
    if (end < header->data_size)
        return spt_fail_at(error, SPT_INVALID, header->path, header->data + end,
                           "%" PRIu64 " bytes after the last tensor; expected the end of the file",
                           header->data_size - end);
    return SPT_OK;
}

static enum spt_status read_header(struct header *header, uint64_t length, struct spt_json_document **document,
                                   struct spt_error *error) {
    char *text = malloc((size_t)length);
    if (!text) return spt_fail_memory(error, length, "a safetensors header");
    enum spt_status status = spt_contents_read_at(header->contents, header->file, PREFIX, text, (size_t)length, error);
    if (status == SPT_OK && text[0] != '{')
        status = spt_fail_at(error, SPT_INVALID, header->path, PREFIX,
                             "the header begins with byte %02x; the format demands {", (unsigned char)text[0]);
    if (status == SPT_OK) status = spt_json_parse(text, (size_t)length, header->path, PREFIX, false, document, error);
    free(text);
    return status;
}

static enum spt_status read_safetensors(struct spt_contents *contents, size_t file, struct spt_error *error) {
    const uint64_t file_size = contents->files[file].identity.size;
    struct header header = {.contents = contents, .path = contents->files[file].path, .file = file};
    unsigned char prefix[PREFIX];
    enum spt_status status = spt_contents_read_at(contents, file, 0, prefix, sizeof prefix, error);
    if (status != SPT_OK) return status;
    const uint64_t length = load_length(prefix);
    status = check_length(&header, length, file_size, error);
    if (status != SPT_OK) return status;
    header.data = PREFIX + length;
    header.data_size = file_size - header.data;

    struct spt_json_document *document = NULL;
    status = read_header(&header, length, &document, error);
    if (status != SPT_OK) return status;
    const size_t first = contents->tensor_count;
    status = add_entries(&header, spt_json_root(document), error);
    spt_json_free(document);
    if (status != SPT_OK) return status;
    const size_t count = contents->tensor_count - first;
    return check_extent(&header, count ? contents->tensors + first : NULL, count, error);
}

const struct spt_reader spt_reader_safetensors = {
    .name = "safetensors",
    .described = "safetensors",
    .bid = bid,
    .read = read_safetensors,
};
