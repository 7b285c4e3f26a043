#include "checkpoints/layouts/trainer_state.h"

#include <stdbool.h>
#include <string.h>

#include "checkpoints/base/json.h"

enum { PREFIX = 4096, FILE_LIMIT = 64 * 1024 * 1024 };

static const char KEY[] = "\"global_step\"";

/* bytes[at] is the quote that opens a string: the index after the one that closes it, or size. */
static size_t skip_string(const char *bytes, size_t size, size_t at) {
    for (at++; at < size && bytes[at] != '"'; at++)
        if (bytes[at] == '\\') at++;
    return at < size ? at + 1 : size;
}

static size_t skip_space(const char *bytes, size_t size, size_t at) {
    while (at < size && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) at++;
    return at;
}

/* An integer that ends within the bytes: a cut one could be the beginning of another. */
static bool read_integer(const char *bytes, size_t size, size_t at, int64_t *value) {
    const size_t first = at;
    int64_t number = 0;
    for (; at < size && bytes[at] >= '0' && bytes[at] <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, bytes[at] - '0', &number))
            return false;
    if (at == first || at == size || !strchr(", \n\r\t}", bytes[at])) return false;
    *value = number;
    return true;
}

/* The outermost object's global_step, if the beginning of the file has it. */
static bool find_in_prefix(const char *bytes, size_t size, int64_t *step) {
    int depth = 0;
    for (size_t at = 0; at < size;) {
        const char c = bytes[at];
        if (c != '"') {
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            at++;
            continue;
        }
        const size_t end = skip_string(bytes, size, at);
        const size_t colon = skip_space(bytes, size, end);
        const bool key = end - at == sizeof KEY - 1 && memcmp(bytes + at, KEY, sizeof KEY - 1) == 0;
        if (depth == 1 && key && colon < size && bytes[colon] == ':')
            return read_integer(bytes, size, skip_space(bytes, size, colon + 1), step);
        at = end;
    }
    return false;
}

static enum spt_status read_whole(struct spt_tree *tree, const char *path, int64_t *step, struct spt_error *error) {
    struct spt_json_document *document = NULL;
    const enum spt_status status = spt_json_read_in(tree, path, FILE_LIMIT, true, &document, error);
    if (status) return status;
    const struct spt_json *node = spt_json_get(spt_json_root(document), "global_step");
    const int64_t value = spt_json_integer(node, -1);
    const char *const kind = spt_json_kind_name(spt_json_kind(node));
    spt_json_free(document);
    if (value < 0)
        return spt_fail(error, SPT_INVALID, path, "global_step is %s, expected an integer from 0",
                        node ? kind : "missing");
    *step = value;
    return SPT_OK;
}

enum spt_status spt_trainer_state_step(struct spt_tree *tree, const char *path, int64_t *step,
                                       struct spt_error *error) {
    struct spt_tree_file file;
    enum spt_status status = spt_tree_open(tree, path, &file, error);
    if (status) return status;
    char prefix[PREFIX];
    const size_t size = file.identity.size < PREFIX ? (size_t)file.identity.size : PREFIX;
    status = spt_tree_read_at(&file, path, 0, prefix, size, error);
    spt_tree_close(&file);
    if (status || find_in_prefix(prefix, size, step)) return status;
    return read_whole(tree, path, step, error);
}
