#include "tracker/series/series.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "checkpoints/base/memory.h"
#include "tracker/series/internal.h"

enum spt_status spt_series_input_open(struct spt_series_input *input, const char *path, struct spt_error *error) {
    struct spt_file_identity identity;
    const enum spt_status status = spt_file_open(path, &input->fd, &identity, error);
    if (status) return status;
    input->path = path;
    input->size = identity.size;
    input->offset = 0;
    input->used = input->filled = 0;
    input->line = 1;
    if (identity.size <= SPT_SERIES_FILE_LIMIT) return SPT_OK;
    (void)close(input->fd);
    return spt_fail(error, SPT_UNSUPPORTED, path, "%llu bytes, expected a series of at most %d",
                    (unsigned long long)identity.size, (int)SPT_SERIES_FILE_LIMIT);
}

void spt_series_input_close(struct spt_series_input *input) {
    (void)close(input->fd);
}

enum spt_status spt_series_input_next(struct spt_series_input *input, int *byte, struct spt_error *error) {
    if (input->used == input->filled) {
        const uint64_t left = input->size - input->offset;
        const size_t want = left < SPT_SERIES_PIECE ? (size_t)left : SPT_SERIES_PIECE;
        *byte = -1;
        if (want == 0) return SPT_OK;
        const enum spt_status status =
            spt_file_read_at(input->fd, input->path, input->offset, input->piece, want, error);
        if (status) return status;
        input->offset += want;
        input->filled = want;
        input->used = 0;
    }
    *byte = (unsigned char)input->piece[input->used++];
    input->line += *byte == '\n';
    return SPT_OK;
}

void spt_series_input_back(struct spt_series_input *input, int byte) {
    if (byte < 0) return;
    input->used--;
    input->line -= byte == '\n';
}

enum spt_status spt_series_fail_length(const struct spt_series_input *input, size_t line, struct spt_error *error) {
    return spt_fail(error, SPT_UNSUPPORTED, input->path, "line %zu: more than %d bytes, expected at most that", line,
                    (int)SPT_SERIES_LINE_LIMIT);
}

enum spt_status spt_series_points_add(struct spt_series_points *points, int64_t step, double value,
                                      struct spt_error *error) {
    void *items = points->items;
    const bool room = spt_grow(&items, &points->capacity, points->count + 1, sizeof *points->items);
    points->items = items;
    if (!room) return spt_fail_memory(error, (points->count + 1) * sizeof *points->items, "a series");
    points->items[points->count++] = (struct spt_store_point){.step = step, .value = isfinite(value) ? value : NAN};
    return SPT_OK;
}

bool spt_series_parse_value(const char *text, double *value) {
    char *end;
    while (isspace((unsigned char)*text)) text++;
    if (!*text) return false;
    *value = strtod(text, &end);
    while (isspace((unsigned char)*end)) end++;
    if (*end) return false;
    if (!isfinite(*value)) *value = NAN;
    return true;
}

bool spt_series_step_of_number(double number, int64_t *step) {
    /* 2^53: beyond it a double no longer tells neighbours apart */
    if (!(number >= 0 && number <= 9007199254740992.0) || number != floor(number)) return false;
    *step = (int64_t)number;
    return true;
}

bool spt_series_parse_step(const char *text, int64_t *step) {
    double number;
    return spt_series_parse_value(text, &number) && spt_series_step_of_number(number, step);
}

/* ',', '\t' or '{' for JSON lines. */
static enum spt_status tell_format(struct spt_series_input *input, char *format, struct spt_error *error) {
    const char *extension = strrchr(input->path, '.');
    *format = '{';
    if (extension && strcasecmp(extension, ".csv") == 0) *format = ',';
    if (extension && strcasecmp(extension, ".tsv") == 0) *format = '\t';
    if (*format != '{' ||
        (extension && (strcasecmp(extension, ".jsonl") == 0 || strcasecmp(extension, ".ndjson") == 0)))
        return SPT_OK;
    /* All of the first piece is there after its first byte, and is given back with it. */
    int byte;
    const enum spt_status status = spt_series_input_next(input, &byte, error);
    if (status) return status;
    spt_series_input_back(input, byte);
    size_t at = input->filled >= 3 && memcmp(input->piece, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < input->filled && isspace((unsigned char)input->piece[at])) at++;
    if (at == input->filled || input->piece[at] == '{') return SPT_OK;
    const char *newline = memchr(input->piece + at, '\n', input->filled - at);
    const size_t header = newline ? (size_t)(newline - input->piece) : input->filled;
    *format = memchr(input->piece + at, '\t', header - at) && !memchr(input->piece + at, ',', header - at) ? '\t' : ',';
    return SPT_OK;
}

enum spt_status spt_series_read(const char *path, const char *step_key, const char *value_key,
                                struct spt_store_point **points, size_t *count, struct spt_error *error) {
    struct spt_series_input *input = malloc(sizeof *input);
    if (!input) return spt_fail_memory(error, sizeof *input, "a series");
    enum spt_status status = spt_series_input_open(input, path, error);
    if (status) {
        free(input);
        return status;
    }
    char format;
    struct spt_series_points read = {0};
    status = tell_format(input, &format, error);
    if (!status && format == '{')
        status = spt_series_read_lines(input, step_key, value_key, &read, error);
    else if (!status)
        status = spt_series_read_table(input, format, step_key, value_key, &read, error);
    spt_series_input_close(input);
    free(input);
    if (status) {
        free(read.items);
        return status;
    }
    *points = read.items;
    *count = read.count;
    return SPT_OK;
}
