#include "tracker/config/probe_file.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 64 << 20 };

static const char BOM[] = "\xef\xbb\xbf";

static const char *skip_bom(const char *bytes, size_t size) {
    return size >= 3 && memcmp(bytes, BOM, 3) == 0 ? bytes + 3 : bytes;
}

/* The line that starts at *at, without its end; *at moves behind it. */
static size_t take_line(const char **at, const char *end) {
    const char *start = *at, *newline = memchr(start, '\n', (size_t)(end - start));
    size_t length = (size_t)((newline ? newline : end) - start);
    *at = newline ? newline + 1 : end;
    if (length && start[length - 1] == '\r') length--;
    return length;
}

static bool is_blank(const char *line, size_t length) {
    size_t i = 0;
    while (i < length && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')) i++;
    return i == length;
}

/* --- sentences --- */
struct splitting {
    struct spt_probe_lines lines;
    size_t line_capacity, length_capacity;
};

static enum spt_status append_line(struct splitting *s, const char *line, size_t length, struct spt_error *error) {
    const size_t need = s->lines.count + 1;
    if (!spt_grow((void **)&s->lines.line, &s->line_capacity, need, sizeof *s->lines.line) ||
        !spt_grow((void **)&s->lines.length, &s->length_capacity, need, sizeof *s->lines.length))
        return spt_fail_memory(error, need, "the lines of a probe");
    s->lines.line[s->lines.count] = line;
    s->lines.length[s->lines.count++] = length;
    return SPT_OK;
}

static enum spt_status split(struct splitting *s, size_t size, const char *path, size_t samples,
                             struct spt_error *error) {
    const char *const start = s->lines.bytes, *const end = start + size, *at = skip_bom(start, size);
    enum spt_status status = SPT_OK;
    while (at < end && s->lines.count < samples && status == SPT_OK) {
        const char *line = at;
        const size_t length = take_line(&at, end), number = s->lines.count + 1,
                     valid = spt_unicode_valid_prefix(line, length);
        const uint64_t offset = (uint64_t)(line - start);
        if (is_blank(line, length))
            return spt_fail_at(error, SPT_INVALID, path, offset, "line %zu is empty, expected a sentence on each line",
                               number);
        if (valid < length)
            return spt_fail_at(error, SPT_INVALID, path, offset + valid,
                               "line %zu, byte %zu: found 0x%02x, expected UTF-8", number, valid + 1,
                               (unsigned)(unsigned char)line[valid]);
        status = append_line(s, line, length, error);
    }
    if (status == SPT_OK && !s->lines.count)
        return spt_fail(error, SPT_INVALID, path, "it holds no line, expected a sentence on each");
    return status;
}

enum spt_status spt_probe_lines_read(const char *path, size_t samples, struct spt_probe_lines *lines,
                                     struct spt_error *error) {
    struct splitting s = {0};
    size_t size = 0;
    enum spt_status status = spt_file_read_all(path, FILE_MAX, &s.lines.bytes, &size, error);
    if (status == SPT_OK) status = split(&s, size, path, samples, error);
    if (status == SPT_OK) {
        *lines = s.lines;
    } else {
        spt_probe_lines_release(&s.lines);
    }
    return status;
}

void spt_probe_lines_release(struct spt_probe_lines *lines) {
    free(lines->bytes);
    free(lines->line);
    free(lines->length);
    *lines = (struct spt_probe_lines){0};
}

/* --- ids --- */
struct gathering {
    struct spt_probe_ids ids;
    size_t ids_capacity, offset_capacity;
    const char *path;
};

static enum spt_status append_sample(struct gathering *g, const struct spt_json *list, struct spt_error *error) {
    const size_t sample = g->ids.samples + 1, count = spt_json_count(list);
    if (spt_json_kind(list) != SPT_JSON_ARRAY)
        return spt_fail(error, SPT_INVALID, g->path, "sample %zu: found %s, expected a list of token ids", sample,
                        spt_json_kind_name(spt_json_kind(list)));
    if (!count)
        return spt_fail(error, SPT_INVALID, g->path, "sample %zu is empty, expected at least one token id", sample);
    if (!spt_grow((void **)&g->ids.ids, &g->ids_capacity, g->ids.tokens + count, sizeof *g->ids.ids) ||
        !spt_grow((void **)&g->ids.offset, &g->offset_capacity, sample + 1, sizeof *g->ids.offset))
        return spt_fail_memory(error, count, "token ids");
    for (size_t i = 0; i < count; i++) {
        const struct spt_json *id = spt_json_at(list, i);
        const int64_t value = spt_json_integer(id, -1);
        if (spt_json_kind(id) != SPT_JSON_INTEGER)
            return spt_fail(error, SPT_INVALID, g->path, "sample %zu, position %zu: found %s, expected a token id",
                            sample, i + 1, spt_json_kind_name(spt_json_kind(id)));
        if (value < 0 || value > INT32_MAX)
            return spt_fail(error, SPT_INVALID, g->path,
                            "sample %zu, position %zu: found %lld, expected a token id from 0 to %d", sample, i + 1,
                            (long long)value, INT32_MAX);
        g->ids.ids[g->ids.tokens + i] = (int32_t)value;
    }
    g->ids.offset[0] = 0;
    g->ids.tokens += count;
    g->ids.offset[sample] = g->ids.tokens;
    g->ids.samples = sample;
    return SPT_OK;
}

static enum spt_status read_list_of_lists(struct gathering *g, const char *bytes, size_t size, uint64_t base,
                                          size_t samples, struct spt_error *error) {
    struct spt_json_document *document = NULL;
    enum spt_status status = spt_json_parse(bytes, size, g->path, base, false, &document, error);
    if (status != SPT_OK) return status;
    const struct spt_json *root = spt_json_root(document);
    const size_t count = spt_json_count(root);
    for (size_t i = 0; i < count && i < samples && status == SPT_OK; i++)
        status = append_sample(g, spt_json_at(root, i), error);
    spt_json_free(document);
    return status;
}

static enum spt_status read_list_a_line(struct gathering *g, const char *start, const char *at, const char *end,
                                        size_t samples, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t number = 1; at < end && g->ids.samples < samples && status == SPT_OK; number++) {
        const char *line = at;
        const size_t length = take_line(&at, end);
        if (is_blank(line, length))
            return spt_fail_at(error, SPT_INVALID, g->path, (uint64_t)(line - start),
                               "line %zu is empty, expected a list of token ids on each line", number);
        struct spt_json_document *document = NULL;
        struct spt_error inner = {0};
        status = spt_json_parse(line, length, NULL, (uint64_t)(line - start), false, &document, &inner);
        if (status != SPT_OK) /* its line is 1, the file's is number */
            return spt_fail_at(error, status, g->path, inner.offset, "list in line %zu: %s", number, inner.message);
        status = append_sample(g, spt_json_root(document), error);
        spt_json_free(document);
    }
    return status;
}

/* "[ [" begins a list of lists; "[ 12" the first of several lists. */
static bool is_list_of_lists(const char *bytes, const char *end) {
    static const char blanks[] = " \t\r\n";
    while (bytes < end && memchr(blanks, *bytes, sizeof blanks - 1)) bytes++;
    if (bytes < end && *bytes == '[') bytes++;
    while (bytes < end && memchr(blanks, *bytes, sizeof blanks - 1)) bytes++;
    return bytes < end && *bytes == '[';
}

enum spt_status spt_probe_ids_read(const char *path, size_t samples, struct spt_probe_ids *ids,
                                   struct spt_error *error) {
    struct gathering g = {.path = path};
    char *bytes = NULL;
    size_t size = 0;
    enum spt_status status = spt_file_read_all(path, FILE_MAX, &bytes, &size, error);
    if (status != SPT_OK) return status;
    const char *at = skip_bom(bytes, size), *end = bytes + size;
    if (is_list_of_lists(at, end)) {
        status = read_list_of_lists(&g, at, (size_t)(end - at), (uint64_t)(at - bytes), samples, error);
    } else {
        status = read_list_a_line(&g, bytes, at, end, samples, error);
    }
    free(bytes);
    if (status == SPT_OK && !g.ids.samples)
        status = spt_fail(error, SPT_INVALID, path, "it holds no sample, expected lists of token ids");
    if (status == SPT_OK) {
        *ids = g.ids;
    } else {
        spt_probe_ids_release(&g.ids);
    }
    return status;
}

void spt_probe_ids_release(struct spt_probe_ids *ids) {
    free(ids->ids);
    free(ids->offset);
    *ids = (struct spt_probe_ids){0};
}
