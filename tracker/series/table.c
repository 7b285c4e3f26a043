/* Comma or tab separated values with a header row, as RFC 4180 has them: a field in quotes may hold separators,
 * newlines and doubled quotes. */
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "tracker/series/internal.h"

enum { SHOWN_COLUMNS = 12 };

/* One record: its fields one after another, each with a NUL. */
struct record {
    struct spt_text text;
    size_t *starts;
    size_t count, capacity;
    size_t line; /* where it begins */
    bool ended;  /* the file ended with it */
    bool blank;  /* a line without anything */
};

static void release_record(struct record *record) {
    spt_text_release(&record->text);
    free(record->starts);
}

static bool begin_field(struct record *record) {
    void *starts = record->starts;
    const bool room = spt_grow(&starts, &record->capacity, record->count + 1, sizeof *record->starts);
    record->starts = starts;
    if (room) record->starts[record->count++] = record->text.length;
    return room;
}

static const char *field(const struct record *record, size_t index) {
    return record->text.data + record->starts[index];
}

static enum spt_status fail_record(const struct spt_series_input *input, const struct record *record, const char *what,
                                   struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, input->path, "line %zu: %s", record->line, what);
}

static enum spt_status put(const struct spt_series_input *input, struct record *record, int byte,
                           struct spt_error *error) {
    if (record->text.length == SPT_SERIES_LINE_LIMIT) return spt_series_fail_length(input, record->line, error);
    if (byte == 0) return fail_record(input, record, "a NUL byte", error);
    const char character = (char)byte;
    spt_text_append(&record->text, &character, 1);
    return SPT_OK;
}

/* After the opening quote, up to what follows the closing one. */
static enum spt_status read_quoted(struct spt_series_input *input, struct record *record, struct spt_error *error) {
    for (;;) {
        int byte;
        enum spt_status status = spt_series_input_next(input, &byte, error);
        if (status) return status;
        if (byte < 0) return fail_record(input, record, "a quote that is not closed", error);
        if (byte == '"') {
            status = spt_series_input_next(input, &byte, error);
            if (status) return status;
            if (byte != '"') {
                spt_series_input_back(input, byte);
                return SPT_OK;
            }
        }
        status = put(input, record, byte, error);
        if (status) return status;
    }
}

/* *last: the byte that ended the field: the separator, a newline or -1. */
static enum spt_status read_field(struct spt_series_input *input, char separator, struct record *record, int *last,
                                  struct spt_error *error) {
    const size_t start = record->text.length;
    bool quoted = false;
    for (;;) {
        enum spt_status status = spt_series_input_next(input, last, error);
        if (status) return status;
        if (*last < 0 || *last == '\n' || *last == separator) break;
        if (*last == '"' && !quoted && record->text.length == start) {
            quoted = true;
            record->blank = false;
            status = read_quoted(input, record, error);
        } else if (*last != '\r') { /* of "\r\n" */
            record->blank = false;
            if (quoted && *last != ' ') return fail_record(input, record, "text after a closing quote", error);
            status = put(input, record, *last, error);
        }
        if (status) return status;
    }
    spt_text_append(&record->text, "", 1);
    return SPT_OK;
}

static enum spt_status next_record(struct spt_series_input *input, char separator, struct record *record,
                                   struct spt_error *error) {
    spt_text_clear(&record->text);
    record->count = 0;
    record->line = input->line;
    record->blank = true;
    int last;
    do {
        if (!begin_field(record)) return spt_fail_memory(error, record->count * sizeof *record->starts, "a line");
        const enum spt_status status = read_field(input, separator, record, &last, error);
        if (status) return status;
        record->blank = record->blank && last != separator;
    } while (last == separator);
    record->ended = last < 0;
    return record->text.failed ? spt_fail_memory(error, record->text.length, "a line") : SPT_OK;
}

static enum spt_status find_column(const struct spt_series_input *input, const struct record *header, const char *key,
                                   size_t *column, struct spt_error *error) {
    for (*column = 0; *column < header->count; ++*column)
        if (strcmp(field(header, *column), key) == 0) return SPT_OK;
    struct spt_text columns = {0};
    for (size_t i = 0; i < header->count && i < SHOWN_COLUMNS; i++)
        spt_text_format(&columns, "%s%.60s", i ? ", " : "", field(header, i));
    if (header->count > SHOWN_COLUMNS) spt_text_put(&columns, " ...");
    const enum spt_status status = columns.failed
                                       ? spt_fail_memory(error, columns.length, "a message")
                                       : spt_fail(error, SPT_INVALID, input->path, "no column %.60s, found: %s", key,
                                                  header->blank ? "an empty first line" : columns.data);
    spt_text_release(&columns);
    return status;
}

static enum spt_status add_record(const struct spt_series_input *input, const struct record *record, size_t columns,
                                  const size_t at[2], const char *const keys[2], struct spt_series_points *points,
                                  struct spt_error *error) {
    if (record->count != columns) {
        if (record->ended) return SPT_OK; /* being written */
        return spt_fail(error, SPT_INVALID, input->path, "line %zu: %zu fields, expected %zu as in the header",
                        record->line, record->count, columns);
    }
    const char *step_text = field(record, at[0]), *value_text = field(record, at[1]);
    if (!*step_text || !*value_text) return SPT_OK;
    int64_t step;
    double value;
    if (!spt_series_parse_step(step_text, &step))
        return spt_fail(error, SPT_INVALID, input->path, "line %zu: %.60s is \"%.60s\", expected an integer from 0",
                        record->line, keys[0], step_text);
    if (!spt_series_parse_value(value_text, &value))
        return spt_fail(error, SPT_INVALID, input->path, "line %zu: %.60s is \"%.60s\", expected a number",
                        record->line, keys[1], value_text);
    return spt_series_points_add(points, step, value, error);
}

/* Editors and spreadsheets put U+FEFF before the first header. */
static enum spt_status skip_mark(struct spt_series_input *input, struct spt_error *error) {
    int byte;
    const enum spt_status status = spt_series_input_next(input, &byte, error);
    if (status) return status;
    spt_series_input_back(input, byte);
    if (input->filled >= 3 && memcmp(input->piece, "\xef\xbb\xbf", 3) == 0) input->used = 3;
    return SPT_OK;
}

enum spt_status spt_series_read_table(struct spt_series_input *input, char separator, const char *step_key,
                                      const char *value_key, struct spt_series_points *points,
                                      struct spt_error *error) {
    const char *const keys[2] = {step_key, value_key};
    size_t at[2], columns = 0;
    struct record record = {0};
    enum spt_status status = skip_mark(input, error);
    if (!status) status = next_record(input, separator, &record, error);
    for (size_t i = 0; i < 2 && !status; i++) status = find_column(input, &record, keys[i], &at[i], error);
    columns = record.count;
    while (!status && !record.ended) {
        status = next_record(input, separator, &record, error);
        if (!status && !record.blank) status = add_record(input, &record, columns, at, keys, points, error);
    }
    if (!status && !points->count)
        status = spt_fail(error, SPT_INVALID, input->path, "no line has both %.60s and %.60s", step_key, value_key);
    release_record(&record);
    return status;
}
