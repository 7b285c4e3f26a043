/* model.safetensors.index.json and pytorch_model.bin.index.json: {"metadata": ..., "weight_map": {tensor: shard, ...}}, the shards beside it.
 *
 * Every shard must be there and valid as a file of its own, and every tensor of the map in the shard that the map
 * names. Shards may hold tensors that the map does not name: HF transformers loads whatever its shards hold, so they
 * are listed like the others. Of a tensor that several shards hold the one counts that the map names; without a word
 * from the map it is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/json.h"
#include "checkpoints/readers/reader.h"

struct mapping {
    const char *tensor, *shard; /* in the document */
    size_t file;                /* in contents, once its shard was read */
};

struct map {
    struct mapping *entries;
    size_t count;
};

/* A brace and what JSON may have after it. */
static unsigned bid(const unsigned char *head, size_t size) {
    return size >= 2 && head[0] == '{' && memchr("\" \t\r\n}", head[1], 6) ? 16 : 0;
}

static int by_tensor(const void *a, const void *b) {
    const struct mapping *x = a, *y = b;
    return strcmp(x->tensor, y->tensor);
}

static int by_shard(const void *a, const void *b) {
    const struct mapping *x = a, *y = b;
    return strcmp(x->shard, y->shard);
}

static enum spt_status read_map(const char *path, const struct spt_json *root, struct map *map,
                                struct spt_error *error) {
    const struct spt_json *weights = spt_json_get(root, "weight_map");
    if (!weights)
        return spt_fail(error, SPT_INVALID, path, "no weights file: JSON without the weight_map of an index of shards");
    if (spt_json_kind(weights) != SPT_JSON_OBJECT)
        return spt_fail(error, SPT_INVALID, path, "weight_map is %s; expected an object of file names",
                        spt_json_kind_name(spt_json_kind(weights)));
    if (spt_json_count(weights) == 0) return spt_fail(error, SPT_INVALID, path, "weight_map is empty");
    map->entries = spt_alloc(spt_json_count(weights), sizeof *map->entries);
    if (!map->entries) return spt_fail_memory(error, spt_json_count(weights), "a list of shards");
    for (struct spt_json_member *m = spt_json_first(weights); m; m = spt_json_next(weights, m)) {
        const char *tensor = spt_json_key(m), *shard = spt_json_string(spt_json_value(m), NULL);
        if (!shard)
            return spt_fail(error, SPT_INVALID, path, "weight_map: \"%s\" is %s; expected a file's name", tensor,
                            spt_json_kind_name(spt_json_kind(spt_json_value(m))));
        if (!spt_contents_name_is_plain(shard))
            return spt_fail(error, SPT_INVALID, path,
                            "weight_map: \"%s\" is in \"%s\"; expected the name of a file in the index's own folder",
                            tensor, shard);
        map->entries[map->count++] = (struct mapping){.tensor = tensor, .shard = shard};
    }
    return SPT_OK;
}

/* index/../shard */
static char *beside(const char *index, const char *shard) {
    const char *slash = strrchr(index, '/');
    if (!slash) return spt_strdup(shard);
    const size_t directory = (size_t)(slash - index) + 1, capacity = directory + strlen(shard) + 1;
    char *path = malloc(capacity);
    if (path) (void)snprintf(path, capacity, "%.*s%s", (int)directory, index, shard);
    return path;
}

static enum spt_status read_shard(struct spt_contents *contents, const char *index, const char *shard,
                                  struct spt_error *error) {
    char *path = beside(index, shard);
    if (!path) return spt_fail_memory(error, strlen(index), "a path");
    struct spt_error why = {0};
    enum spt_status status = spt_contents_read_path(contents, path, &why);
    if (status == SPT_IO && why.system == ENOENT)
        status = spt_fail(error, SPT_RETRY, path, "this shard is named by the index and is not there");
    else if (status != SPT_OK && error)
        *error = why;
    free(path);
    return status;
}

/* All shards are told to the tree before the first is opened. map is sorted by shard. */
static enum spt_status expect_shards(const struct spt_contents *contents, const char *index, const struct map *map,
                                     struct spt_error *error) {
    char **paths = spt_alloc(map->count, sizeof *paths);
    if (!paths) return spt_fail_memory(error, map->count * sizeof *paths, "a list of shards");
    size_t count = 0;
    bool memory = true;
    for (size_t i = 0; i < map->count && memory; i++) {
        if (i > 0 && by_shard(&map->entries[i - 1], &map->entries[i]) == 0) continue;
        paths[count] = beside(index, map->entries[i].shard);
        memory = paths[count] != NULL;
        count += memory;
    }
    const enum spt_status status = memory ? spt_tree_expect(contents->tree, (const char *const *)paths, count, error)
                                          : spt_fail_memory(error, strlen(index), "a path");
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
    return status;
}

/* Reads each shard once, in the order of their names. */
static enum spt_status read_shards(struct spt_contents *contents, const char *index, struct map *map, size_t *shards,
                                   struct spt_error *error) {
    qsort(map->entries, map->count, sizeof *map->entries, by_shard);
    *shards = 0;
    const enum spt_status expected = expect_shards(contents, index, map, error);
    if (expected != SPT_OK) return expected;
    for (size_t i = 0; i < map->count; i++) {
        if (i == 0 || by_shard(&map->entries[i - 1], &map->entries[i]) != 0) {
            const enum spt_status status = read_shard(contents, index, map->entries[i].shard, error);
            if (status != SPT_OK) return status;
            ++*shards;
        }
        map->entries[i].file = contents->file_count - 1;
    }
    return SPT_OK;
}

/* Walks tensors and map, both by name, side by side: drops the copies that the map does not mean. */
static enum spt_status settle(struct spt_contents *contents, const char *index, struct map *map,
                              struct spt_error *error) {
    qsort(map->entries, map->count, sizeof *map->entries, by_tensor);
    spt_contents_sort(contents);
    size_t next = 0, kept = 0, unnamed = 0;
    const char *first_unnamed = NULL;
    for (size_t i = 0; i < map->count; i++) {
        const struct mapping *entry = &map->entries[i];
        bool found = false;
        for (; next < contents->tensor_count; next++) {
            const struct spt_tensor tensor = contents->tensors[next];
            const int order = strcmp(tensor.name, entry->tensor);
            if (order > 0) break;
            if (order < 0 && unnamed++ == 0) first_unnamed = tensor.name;
            if (order == 0 && tensor.file != entry->file) continue;
            found = found || order == 0;
            contents->tensors[kept++] = tensor;
        }
        if (!found)
            return spt_fail(error, SPT_INVALID, index, "weight_map: \"%s\" is in %s, which has no such tensor",
                            entry->tensor, entry->shard);
    }
    for (; next < contents->tensor_count; next++) {
        if (unnamed++ == 0) first_unnamed = contents->tensors[next].name;
        contents->tensors[kept++] = contents->tensors[next];
    }
    contents->tensor_count = kept;
    if (unnamed)
        spt_log(contents->log, SPT_LOG_NOTE, "%s: %zu tensors in its shards are not in weight_map, the first is \"%s\"",
                index, unnamed, first_unnamed);
    return SPT_OK;
}

/* An index that stops in mid-JSON is one that is still being written. */
static enum spt_status parse_index(struct spt_contents *contents, size_t file, struct spt_json_document **document,
                                   struct spt_error *error) {
    const char *path = contents->files[file].path;
    const uint64_t size = contents->files[file].identity.size;
    if (size > contents->header_limit)
        return spt_fail(error, SPT_UNSUPPORTED, path,
                        "an index of %llu bytes, more than the %llu that are read (--header-limit raises it)",
                        (unsigned long long)size, (unsigned long long)contents->header_limit);
    char *text = malloc((size_t)size);
    if (!text) return spt_fail_memory(error, size, "an index");
    struct spt_error why = {0};
    enum spt_status status = spt_contents_read_at(contents, file, 0, text, (size_t)size, &why);
    if (status == SPT_OK) status = spt_json_parse(text, (size_t)size, path, 0, false, document, &why);
    free(text);
    if (status == SPT_INVALID && why.offset >= size)
        return spt_fail_at(error, SPT_RETRY, path, size, "the file ends in the middle of its JSON");
    if (status != SPT_OK && error) *error = why;
    return status;
}

/* What the first shard is, and how many there are. */
static void name_format(struct spt_contents *contents, size_t shards) {
    const size_t length = strlen(contents->format);
    (void)snprintf(contents->format + length, sizeof contents->format - length, ", %zu shard%s", shards,
                   shards == 1 ? "" : "s");
}

static enum spt_status read_index(struct spt_contents *contents, size_t file, struct spt_error *error) {
    contents->files[file].weights = false;
    const char *path = contents->files[file].path;
    struct spt_json_document *document = NULL;
    enum spt_status status = parse_index(contents, file, &document, error);
    if (status != SPT_OK) return status;
    struct map map = {0};
    size_t shards = 0;
    contents->in_index = true;
    status = read_map(path, spt_json_root(document), &map, error);
    if (status == SPT_OK) status = read_shards(contents, path, &map, &shards, error);
    if (status == SPT_OK) status = settle(contents, path, &map, error);
    contents->in_index = false;
    free(map.entries);
    spt_json_free(document);
    if (status == SPT_OK) name_format(contents, shards);
    return status;
}

const struct spt_reader spt_reader_shard_index = {
    .name = "sharded",
    .described = "the index.json of their shards",
    .bid = bid,
    .read = read_index,
};
