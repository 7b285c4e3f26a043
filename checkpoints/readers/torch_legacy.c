/* What torch.save wrote before torch 1.6, and still writes when asked to: pickles, one after another, then storages.
 *
 *     magic number, protocol version, {"little_endian": ...}, the object, [key of a storage, ...]
 *     for each key: its number of elements, 8 bytes; the elements
 *
 * (torch/serialization.py, _legacy_save and _legacy_load.) Nothing tells beforehand how long a pickle is: they are read
 * from a window that grows until they are whole.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/torch_state.h"

enum { WINDOW_FIRST = 64 * 1024, COUNT_SIZE = 8, PROTOCOL_VERSION = 1001 };

/* 0x1950a86a20f9469cfc6c, pickled. */
static const unsigned char MAGIC[] = "\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.";
enum { MAGIC_SIZE = sizeof MAGIC - 1, FRAME_SIZE = 9 };

/* PROTO and, from protocol 4 on, FRAME stand before the magic number. A file that is cut within it is one too. */
static unsigned bid(const unsigned char *head, size_t size) {
    if (size < COUNT_SIZE || head[0] != 0x80 || head[1] < 2 || head[1] > 5) return 0;
    static const unsigned char FRAME[FRAME_SIZE] = {0x95, MAGIC_SIZE};
    const size_t frame = head[1] >= 4 ? FRAME_SIZE : 0, begin = 2 + frame, there = size - 2;
    if (frame && memcmp(head + 2, FRAME, there < frame ? there : frame) != 0) return 0;
    const size_t left = size > begin ? size - begin : 0;
    return memcmp(head + begin, MAGIC, left < MAGIC_SIZE ? left : MAGIC_SIZE) == 0 ? 80 : 0;
}

struct record {
    struct spt_torch_storage storage;
    struct spt_torch_extent extent;
    bool found;
};

struct legacy {
    struct spt_contents *contents;
    const char *path;
    size_t file;
    uint64_t file_size;
    unsigned char *window; /* the file from begin on */
    size_t window_size;
    uint64_t begin;
    struct spt_pickle object;
    unsigned char *object_bytes; /* the window it was read in */
    struct record *records;      /* [count], by key */
    size_t count;
    bool big_endian;
};

static void release(struct legacy *l) {
    free(l->window);
    free(l->object_bytes);
    free(l->records);
    spt_pickle_release(&l->object);
}

static enum spt_status fill_window(struct legacy *l, size_t size, struct spt_error *error) {
    const uint64_t left = l->file_size - l->begin;
    if (size > left) size = (size_t)left;
    free(l->window);
    l->window_size = 0;
    l->window = malloc(size + 1);
    if (!l->window) return spt_fail_memory(error, size, "pickles");
    const enum spt_status status = spt_contents_read_at(l->contents, l->file, l->begin, l->window, size, error);
    if (status == SPT_OK) l->window_size = size;
    return status;
}

/* Reads the pickle at l->begin, which stays where it is; the nodes refer to l->window. */
static enum spt_status read_pickle(struct legacy *l, struct spt_pickle *pickle, struct spt_error *error) {
    const uint64_t limit = l->contents->header_limit, left = l->file_size - l->begin;
    size_t size = WINDOW_FIRST;
    while (true) {
        enum spt_status status = fill_window(l, size, error);
        if (status != SPT_OK) return status;
        status = spt_pickle_read(l->window, l->window_size, limit, l->path, l->begin, pickle, error);
        if (status != SPT_RETRY || l->window_size == left) return status;
        if (l->window_size > limit)
            return spt_fail_at(error, SPT_UNSUPPORTED, l->path, l->begin,
                               "a pickle of more than the %" PRIu64 " bytes that are read (--header-limit raises it)",
                               limit);
        size = l->window_size * 2;
    }
}

static enum spt_status read_preamble(struct legacy *l, struct spt_error *error) {
    struct spt_pickle pickle;
    int64_t version;
    enum spt_status status = read_pickle(l, &pickle, error); /* the magic number, known from the bid */
    if (status != SPT_OK) return status;
    l->begin += pickle.length;
    spt_pickle_release(&pickle);
    status = read_pickle(l, &pickle, error);
    if (status != SPT_OK) return status;
    if (!spt_pickle_integer(&pickle, pickle.root, &version) || version != PROTOCOL_VERSION)
        status = spt_fail_at(error, SPT_UNSUPPORTED, l->path, l->begin,
                             "torch.save's format before torch 1.6, but not its version %d", PROTOCOL_VERSION);
    l->begin += pickle.length;
    spt_pickle_release(&pickle);
    if (status == SPT_OK) status = read_pickle(l, &pickle, error);
    if (status != SPT_OK) return status;
    for (const struct spt_pickle_item *i = spt_pickle_first(&pickle, pickle.root); i; i = spt_pickle_next(&pickle, i))
        if (spt_pickle_text_is(&pickle, i->key, "little_endian") &&
            spt_pickle_kind(&pickle, i->value) == SPT_PICKLE_BOOL)
            l->big_endian = pickle.nodes[i->value].integer == 0;
    l->begin += pickle.length;
    spt_pickle_release(&pickle);
    return SPT_OK;
}

static int compare_keys(const char *a, size_t a_length, const char *b, size_t b_length) {
    const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_key(const void *a, const void *b) {
    const struct spt_torch_storage *x = &((const struct record *)a)->storage, *y = &((const struct record *)b)->storage;
    return compare_keys(x->key, x->key_length, y->key, y->key_length);
}

/* Every storage that the object refers to, once. */
static enum spt_status list_storages(struct legacy *l, struct spt_error *error) {
    size_t count = 0;
    struct spt_torch_storage storage;
    for (size_t id = 0; id < l->object.node_count; id++)
        count += spt_torch_storage_of(&l->object, (spt_pickle_id)id, &storage);
    l->records = spt_alloc_zeroed(count, sizeof *l->records);
    if (!l->records) return spt_fail_memory(error, count * sizeof *l->records, "a list of storages");
    for (size_t id = 0, i = 0; id < l->object.node_count; id++)
        if (spt_torch_storage_of(&l->object, (spt_pickle_id)id, &storage)) l->records[i++].storage = storage;
    if (count) qsort(l->records, count, sizeof *l->records, by_key);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || by_key(&l->records[l->count - 1], &l->records[i]) != 0) l->records[l->count++] = l->records[i];
    return SPT_OK;
}

static struct record *find_record(const struct legacy *l, const char *key, size_t length) {
    const struct record wanted = {.storage = {.key = key, .key_length = length}};
    return l->count ? bsearch(&wanted, l->records, l->count, sizeof wanted, by_key) : NULL;
}

static uint64_t load_count(const unsigned char *bytes, bool big_endian) {
    uint64_t value = 0;
    for (int i = 0; i < COUNT_SIZE; i++) value = value << 8 | bytes[big_endian ? i : COUNT_SIZE - 1 - i];
    return value;
}

/* The storage named key lies at *at, which is moved behind it. */
static enum spt_status place(struct legacy *l, const char *key, size_t length, uint64_t *at, struct spt_error *error) {
    struct record *record = key ? find_record(l, key, length) : NULL;
    if (!record || record->found)
        return spt_fail_at(error, SPT_INVALID, l->path, l->begin, "storage \"%.*s\" is listed, but %s",
                           key ? (int)(length < 64 ? length : 64) : 0, key ? key : "",
                           record ? "was before" : "nothing refers to it");
    unsigned char bytes[COUNT_SIZE];
    if (l->file_size - *at < COUNT_SIZE)
        return spt_fail_at(error, SPT_RETRY, l->path, l->file_size, "the file ends before its storages do");
    const enum spt_status status = spt_contents_read_at(l->contents, l->file, *at, bytes, COUNT_SIZE, error);
    if (status != SPT_OK) return status;
    const uint64_t elements = load_count(bytes, l->big_endian), left = l->file_size - *at - COUNT_SIZE;
    if (elements != record->storage.elements)
        return spt_fail_at(error, SPT_INVALID, l->path, *at,
                           "storage \"%.*s\" is said to have %" PRIu64 " elements; its record has %" PRIu64,
                           (int)(length < 64 ? length : 64), key, record->storage.elements, elements);
    if (elements > left / record->storage.type->element)
        return spt_fail_at(error, SPT_RETRY, l->path, l->file_size,
                           "a storage of %" PRIu64 " elements of %zu bytes, of which %" PRIu64 " bytes are there",
                           elements, record->storage.type->element, left);
    record->extent =
        (struct spt_torch_extent){.offset = *at + COUNT_SIZE, .bytes = elements * record->storage.type->element};
    record->found = true;
    *at = record->extent.offset + record->extent.bytes;
    return SPT_OK;
}

/* Storages stand in the order of their list, to the end of the file. */
static enum spt_status place_storages(struct legacy *l, struct spt_error *error) {
    struct spt_pickle keys;
    enum spt_status status = read_pickle(l, &keys, error);
    if (status != SPT_OK) return status;
    uint64_t at = l->begin + keys.length;
    if (spt_pickle_kind(&keys, keys.root) != SPT_PICKLE_LIST)
        status = spt_fail_at(error, SPT_INVALID, l->path, l->begin, "no list of storages after the object");
    for (const struct spt_pickle_item *i = spt_pickle_first(&keys, keys.root); i && status == SPT_OK;
         i = spt_pickle_next(&keys, i)) {
        size_t length = 0;
        const char *key = spt_pickle_text(&keys, i->value, &length);
        status = place(l, key, length, &at, error);
    }
    spt_pickle_release(&keys);
    if (status == SPT_OK && at < l->file_size)
        return spt_fail_at(error, SPT_INVALID, l->path, at, "%" PRIu64 " bytes after the last storage",
                           l->file_size - at);
    return status;
}

static bool find_storage(const struct spt_torch_file *file, const struct spt_torch_storage *storage,
                         struct spt_torch_extent *extent) {
    const struct record *record = find_record(file->context, storage->key, storage->key_length);
    if (!record || !record->found) return false;
    *extent = record->extent;
    return true;
}

static enum spt_status read_object(struct legacy *l, struct spt_error *error) {
    const enum spt_status status = read_pickle(l, &l->object, error);
    if (status != SPT_OK) return status;
    l->object_bytes = l->window; /* its strings lie there */
    l->window = NULL;
    l->begin += l->object.length;
    return list_storages(l, error);
}

static enum spt_status read_legacy(struct spt_contents *contents, size_t file, struct spt_error *error) {
    struct legacy l = {.contents = contents,
                       .path = contents->files[file].path,
                       .file = file,
                       .file_size = contents->files[file].identity.size};
    enum spt_status status = read_preamble(&l, error);
    if (status == SPT_OK) status = read_object(&l, error);
    if (status == SPT_OK) status = place_storages(&l, error);
    if (status == SPT_OK) {
        const struct spt_torch_file torch = {.contents = contents,
                                             .file = file,
                                             .pickle = &l.object,
                                             .big_endian = l.big_endian,
                                             .format = spt_reader_torch_legacy.name,
                                             .find = find_storage,
                                             .context = &l};
        status = spt_torch_add_tensors(&torch, error);
    }
    release(&l);
    return status;
}

const struct spt_reader spt_reader_torch_legacy = {
    .name = "torch before 1.6",
    .bid = bid,
    .read = read_legacy,
};
