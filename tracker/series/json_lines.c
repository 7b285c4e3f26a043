#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "tracker/series/internal.h"

enum { NESTING_MAX = 16, SHOWN_KEYS = 12 };

/* The member named key, else what its parts between dots lead to. */
static const struct spt_json *find(const struct spt_json *object, const char *key, int depth) {
    const struct spt_json *found = spt_json_get(object, key);
    if (found || depth == NESTING_MAX) return found;
    for (const char *dot = strchr(key, '.'); dot && !found; dot = strchr(dot + 1, '.')) {
        char *part = spt_strdup(key);
        if (!part) return NULL;
        part[dot - key] = '\0';
        const struct spt_json *inner = spt_json_get(object, part);
        free(part);
        if (spt_json_kind(inner) == SPT_JSON_OBJECT) found = find(inner, dot + 1, depth + 1);
    }
    return found;
}

/* Numbers, null (which NaN and the infinities became) and text with a number in it, as some trainers log. */
static bool number_of(const struct spt_json *node, double *number) {
    switch (spt_json_kind(node)) {
    case SPT_JSON_INTEGER:
    case SPT_JSON_REAL:
        *number = spt_json_number(node, NAN);
        return true;
    case SPT_JSON_NULL:
        *number = NAN;
        return true;
    case SPT_JSON_STRING:
        return spt_series_parse_value(spt_json_string(node, NULL), number);
    default:
        return false;
    }
}

static enum spt_status add_line(const struct spt_series_input *input, size_t line, const struct spt_json *object,
                                const char *step_key, const char *value_key, struct spt_series_points *points,
                                struct spt_error *error) {
    const struct spt_json *step_node = find(object, step_key, 0), *value_node = find(object, value_key, 0);
    if (!step_node || !value_node || spt_json_kind(step_node) == SPT_JSON_NULL) return SPT_OK;
    double number, value;
    int64_t step;
    if (!number_of(step_node, &number) || !spt_series_step_of_number(number, &step))
        return spt_fail(error, SPT_INVALID, input->path, "line %zu: %.60s is %s that is no integer from 0", line,
                        step_key, spt_json_kind_name(spt_json_kind(step_node)));
    if (!number_of(value_node, &value))
        return spt_fail(error, SPT_INVALID, input->path, "line %zu: %.60s is %s, expected a number", line, value_key,
                        spt_json_kind_name(spt_json_kind(value_node)));
    return spt_series_points_add(points, step, value, error);
}

static void list_keys(const struct spt_json *object, struct spt_text *keys) {
    size_t shown = 0;
    for (struct spt_json_member *m = spt_json_first(object); m && shown < SHOWN_KEYS; m = spt_json_next(object, m))
        spt_text_format(keys, "%s%.60s", shown++ ? ", " : "", spt_json_key(m));
    if (spt_json_count(object) > SHOWN_KEYS) spt_text_put(keys, " ...");
}

static bool is_blank(const struct spt_text *line) {
    return strspn(line->data, " \t\r\n") == line->length;
}

/* One line without its newline; *ended is false at the end of the file, *whole when a newline ended it. */
static enum spt_status next_line(struct spt_series_input *input, struct spt_text *line, bool *whole, bool *ended,
                                 struct spt_error *error) {
    const size_t number = input->line;
    spt_text_clear(line);
    spt_text_put(line, "");
    for (;;) {
        int byte;
        const enum spt_status status = spt_series_input_next(input, &byte, error);
        if (status) return status;
        *whole = byte == '\n';
        *ended = byte < 0;
        if (*whole || *ended) break;
        if (line->length == SPT_SERIES_LINE_LIMIT) return spt_series_fail_length(input, number, error);
        const char character = (char)byte;
        spt_text_append(line, &character, 1);
    }
    return line->failed ? spt_fail_memory(error, line->length, "a line") : SPT_OK;
}

static enum spt_status parse_line(const struct spt_series_input *input, const struct spt_text *line, size_t number,
                                  bool whole, const char *step_key, const char *value_key,
                                  struct spt_series_points *points, struct spt_text *keys, struct spt_error *error) {
    const size_t mark = number == 1 && strncmp(line->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct spt_json_document *document = NULL;
    struct spt_error why;
    enum spt_status status =
        spt_json_parse(line->data + mark, line->length - mark, input->path, 0, true, &document, &why);
    if (status == SPT_INVALID && !whole) return SPT_OK; /* being written */
    if (status == SPT_INVALID) return spt_fail(error, status, input->path, "line %zu: %s", number, why.message);
    if (status) return spt_fail(error, status, input->path, "%s", why.message);
    const struct spt_json *root = spt_json_root(document);
    if (spt_json_kind(root) != SPT_JSON_OBJECT)
        status = spt_fail(error, SPT_INVALID, input->path, "line %zu: found %s, expected an object", number,
                          spt_json_kind_name(spt_json_kind(root)));
    else
        status = add_line(input, number, root, step_key, value_key, points, error);
    if (!status && !points->count && !keys->length) list_keys(root, keys);
    spt_json_free(document);
    return status;
}

enum spt_status spt_series_read_lines(struct spt_series_input *input, const char *step_key, const char *value_key,
                                      struct spt_series_points *points, struct spt_error *error) {
    struct spt_text line = {0}, keys = {0};
    enum spt_status status = SPT_OK;
    for (bool whole = false, ended = false; !status && !ended;) {
        const size_t number = input->line;
        status = next_line(input, &line, &whole, &ended, error);
        if (!status && !is_blank(&line))
            status = parse_line(input, &line, number, whole, step_key, value_key, points, &keys, error);
    }
    if (!status && !points->count)
        status = spt_fail(error, SPT_INVALID, input->path, "no line has both %.60s and %.60s; the first has: %s",
                          step_key, value_key, keys.length ? keys.data : "nothing");
    spt_text_release(&line);
    spt_text_release(&keys);
    return status;
}
