/* One value of one key: the same for the file, the options and the defaults. To add a type: its row in the table below. */
#include "tracker/config/internal.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 60 };

enum spt_status spt_config_fail(const struct spt_config_place *place, const char *name, struct spt_error *error,
                                const char *format, ...) {
    char message[SPT_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (!place->path) return spt_fail(error, SPT_INVALID, NULL, "%s: %s", place->option, message);
    return spt_fail(error, SPT_INVALID, place->path, "line %zu, column %zu: %s%s%s", place->line, place->column,
                    name ? name : "", name ? ": " : "", message);
}

/* near: what was meant, perhaps; NULL: no idea. */
static enum spt_status mismatch_near(const struct spt_config_place *place, const struct spt_config_key *key,
                                     const char *found, const char *near, struct spt_error *error) {
    struct spt_text expected = {0};
    spt_config_expected(key, &expected);
    if (near) spt_text_format(&expected, "; did you mean \"%s\"?", near);
    const enum spt_status status =
        expected.failed ? spt_fail_memory(error, 1, "a message")
                        : spt_config_fail(place, key->name, error, "found %s, expected %s", found, expected.data);
    spt_text_release(&expected);
    return status;
}

enum spt_status spt_config_mismatch(const struct spt_config_place *place, const struct spt_config_key *key,
                                    const char *found, struct spt_error *error) {
    return mismatch_near(place, key, found, NULL, error);
}

/* The same for a text that was found, quoted and cut to a readable length. */
static enum spt_status mismatch_text(const struct spt_config_place *place, const struct spt_config_key *key,
                                     const char *text, struct spt_error *error) {
    char shown[SHOWN_MAX + 16] = "nothing";
    const bool cut = strlen(text) > SHOWN_MAX;
    if (*text) (void)snprintf(shown, sizeof shown, "\"%.*s%s\"", SHOWN_MAX, text, cut ? "..." : "");
    return spt_config_mismatch(place, key, shown, error);
}

/* --- what is owned --- */
static void *field(void *base, const struct spt_config_key *key) {
    return (char *)base + key->offset;
}

/* path as it is meant at place: joined to the config file's folder. NULL: out of memory. */
static char *locate(const char *path, const struct spt_config_place *place) {
    const char *slash = place->path && *path != '/' ? strrchr(place->path, '/') : NULL;
    if (!slash) return spt_strdup(path);
    const size_t length = slash == place->path ? 1 : (size_t)(slash - place->path);
    char *folder = strndup(place->path, length);
    char *joined = folder ? spt_file_join(folder, path) : NULL;
    free(folder);
    return joined;
}

/* Room for one more item: capacities are the powers of two from 4, so that none has to be kept. NULL: out of memory. */
static void *grow(void *items, size_t count, size_t size) {
    if (count < 4 ? count != 0 : (count & (count - 1)) != 0) return items;
    const size_t wanted = count ? 2 * count : 4;
    size_t bytes;
    return spt_multiply(wanted, size, &bytes) ? realloc(items, bytes) : NULL;
}

/* --- clear --- each frees what the field held, and leaves it empty */
static void clear_text(void *at, const struct spt_config_key *key) {
    (void)key;
    free(*(char **)at);
    *(char **)at = NULL;
}

static void clear_texts(void *at, const struct spt_config_key *key) {
    struct spt_config_texts *texts = at;
    (void)key;
    for (size_t i = 0; i < texts->count; i++) free(texts->items[i]);
    free(texts->items);
    *texts = (struct spt_config_texts){0};
}

static void clear_integers(void *at, const struct spt_config_key *key) {
    struct spt_config_integers *list = at;
    (void)key;
    free(list->items);
    *list = (struct spt_config_integers){0};
}

static void clear_ranges(void *at, const struct spt_config_key *key) {
    struct spt_config_step_ranges *ranges = at;
    (void)key;
    free(ranges->items);
    *ranges = (struct spt_config_step_ranges){0};
}

static void clear_steps(void *at, const struct spt_config_key *key) {
    (void)key;
    *(struct spt_config_steps *)at = (struct spt_config_steps){INT64_MIN, INT64_MAX};
}

static void clear_shard(void *at, const struct spt_config_key *key) {
    (void)key;
    *(struct spt_config_shard *)at = (struct spt_config_shard){0};
}

static void clear_real(void *at, const struct spt_config_key *key) {
    (void)key;
    *(double *)at = NAN;
}

static void clear_level(void *at, const struct spt_config_key *key) {
    (void)key;
    *(int64_t *)at = SPT_CONFIG_WHOLE;
}

/* What is always given a default, and owns nothing. */
static void clear_nothing(void *at, const struct spt_config_key *key) {
    (void)at;
    (void)key;
}

static void clear_list(void *at, const struct spt_config_key *key) {
    spt_config_list_free(at, key);
}

/* --- put --- each sets the field, or appends to it, from a text that is not empty. SPT_INVALID: the text is no value of this type, and
 * the error is not filled yet. */
static enum spt_status told(bool parsed) {
    return parsed ? SPT_OK : SPT_INVALID;
}

static enum spt_status put_text(void *at, const struct spt_config_key *key, const char *text,
                                const struct spt_config_place *place, struct spt_error *error) {
    clear_text(at, key);
    *(char **)at = key->type == SPT_CONFIG_PATH ? locate(text, place) : spt_strdup(text);
    return *(char **)at ? SPT_OK : spt_fail_memory(error, strlen(text), "a text");
}

/* The program of a command is a path where it has a slash, else looked for in PATH. */
static enum spt_status put_texts(void *at, const struct spt_config_key *key, const char *text,
                                 const struct spt_config_place *place, struct spt_error *error) {
    struct spt_config_texts *texts = at;
    const bool program = key->type == SPT_CONFIG_COMMAND && texts->count == 0 && strchr(text, '/');
    const bool path = key->type == SPT_CONFIG_PATHS || program;
    char *copy = path ? locate(text, place) : spt_strdup(text);
    char **items = copy ? grow(texts->items, texts->count, sizeof *items) : NULL;
    if (!items) {
        free(copy);
        return spt_fail_memory(error, sizeof *items, "a list");
    }
    texts->items = items;
    texts->items[texts->count++] = copy;
    return SPT_OK;
}

static bool within(const struct spt_config_key *key, int64_t value) {
    return key->low <= value && value <= key->high;
}

static enum spt_status put_integer(void *at, const struct spt_config_key *key, const char *text,
                                   const struct spt_config_place *place, struct spt_error *error) {
    int64_t value;
    (void)place;
    (void)error;
    if (!spt_config_parse_integer(text, &value) || !within(key, value)) return SPT_INVALID;
    *(int64_t *)at = value;
    return SPT_OK;
}

static enum spt_status put_integers(void *at, const struct spt_config_key *key, const char *text,
                                    const struct spt_config_place *place, struct spt_error *error) {
    struct spt_config_integers *list = at;
    int64_t value;
    const enum spt_status status = put_integer(&value, key, text, place, error);
    if (status != SPT_OK) return status;
    int64_t *items = grow(list->items, list->count, sizeof *items);
    if (!items) return spt_fail_memory(error, sizeof *items, "a list");
    list->items = items;
    list->items[list->count++] = value;
    return SPT_OK;
}

static enum spt_status put_bytes(void *at, const struct spt_config_key *key, const char *text,
                                 const struct spt_config_place *place, struct spt_error *error) {
    int64_t value;
    (void)place;
    (void)error;
    if (!spt_config_parse_bytes(text, &value) || !within(key, value)) return SPT_INVALID;
    *(int64_t *)at = value;
    return SPT_OK;
}

static enum spt_status put_level(void *at, const struct spt_config_key *key, const char *text,
                                 const struct spt_config_place *place, struct spt_error *error) {
    if (strcmp(text, "any") != 0) return put_integer(at, key, text, place, error);
    *(int64_t *)at = SPT_CONFIG_ANY;
    return SPT_OK;
}

static enum spt_status put_seconds(void *at, const struct spt_config_key *key, const char *text,
                                   const struct spt_config_place *place, struct spt_error *error) {
    double value;
    (void)place;
    (void)error;
    if (!spt_config_parse_seconds(text, &value)) return SPT_INVALID;
    if (value * 1000 < (double)key->low || value * 1000 > (double)key->high) return SPT_INVALID;
    *(double *)at = value;
    return SPT_OK;
}

static enum spt_status put_number(void *at, const struct spt_config_key *key, const char *text,
                                  const struct spt_config_place *place, struct spt_error *error) {
    double value;
    (void)key;
    (void)place;
    (void)error;
    if (!spt_config_parse_number(text, &value)) return SPT_INVALID;
    *(double *)at = value;
    return SPT_OK;
}

static enum spt_status put_bool(void *at, const struct spt_config_key *key, const char *text,
                                const struct spt_config_place *place, struct spt_error *error) {
    (void)key;
    (void)place;
    (void)error;
    return told(spt_config_parse_bool(text, at));
}

static enum spt_status put_steps(void *at, const struct spt_config_key *key, const char *text,
                                 const struct spt_config_place *place, struct spt_error *error) {
    (void)key;
    (void)place;
    (void)error;
    return told(spt_config_parse_steps(text, at));
}

static enum spt_status put_range(void *at, const struct spt_config_key *key, const char *text,
                                 const struct spt_config_place *place, struct spt_error *error) {
    struct spt_config_step_ranges *ranges = at;
    struct spt_config_step_range range;
    (void)key;
    (void)place;
    if (!spt_config_parse_step_range(text, &range)) return SPT_INVALID;
    if (ranges->count && range.first <= ranges->items[ranges->count - 1].last) return SPT_INVALID;
    if ((range.last - range.first) / range.stride >= SPT_CONFIG_STEPS_MAX) return SPT_INVALID;
    struct spt_config_step_range *items = grow(ranges->items, ranges->count, sizeof *items);
    if (!items) return spt_fail_memory(error, sizeof *items, "a list");
    ranges->items = items;
    ranges->items[ranges->count++] = range;
    return told(spt_config_step_count(ranges) <= SPT_CONFIG_STEPS_MAX);
}

static enum spt_status put_shard(void *at, const struct spt_config_key *key, const char *text,
                                 const struct spt_config_place *place, struct spt_error *error) {
    struct spt_config_shard shard;
    (void)key;
    (void)place;
    (void)error;
    if (!spt_config_parse_shard(text, &shard)) return SPT_INVALID;
    *(struct spt_config_shard *)at = shard;
    return SPT_OK;
}

static enum spt_status put_choice(void *at, const struct spt_config_key *key, const char *text,
                                  const struct spt_config_place *place, struct spt_error *error) {
    size_t count = 0;
    for (; key->choices[count]; count++) {
        if (strcmp(text, key->choices[count]) != 0) continue;
        *(int *)at = (int)count;
        return SPT_OK;
    }
    const size_t nearest = spt_text_nearest(text, key->choices, count);
    if (nearest == count) return SPT_INVALID;
    struct spt_text hint = {0};
    spt_text_format(&hint, "\"%s\"", text);
    const enum spt_status status = mismatch_near(place, key, hint.data ? hint.data : "", key->choices[nearest], error);
    spt_text_release(&hint);
    return status;
}

static enum spt_status put_none(void *at, const struct spt_config_key *key, const char *text,
                                const struct spt_config_place *place, struct spt_error *error) {
    (void)at;
    (void)key;
    (void)text;
    (void)place;
    (void)error;
    return SPT_INVALID;
}

/* --- expected --- what a value must be, in words */
static void expect_text(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_put(text, key->type == SPT_CONFIG_PATH ? "a path" : "a text");
}

static void expect_texts(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_put(text, key->type == SPT_CONFIG_PATHS ? "a path or a list of paths" : "a name or a list of names");
}

static void expect_command(const struct spt_config_key *key, struct spt_text *text) {
    (void)key;
    spt_text_put(text, "a program and its arguments as a list");
}

static void expect_integers(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_put(text, key->type == SPT_CONFIG_INTEGERS ? "whole numbers" : "a whole number");
    spt_text_format(text, " from %lld", (long long)key->low);
    if (key->high < INT64_MAX) spt_text_format(text, " to %lld", (long long)key->high);
    if (key->type == SPT_CONFIG_LEVEL) spt_text_put(text, ", or any");
}

static void expect_bytes(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_format(text, "a number of bytes from %lld to %lld, such as 64M", (long long)key->low,
                    (long long)key->high);
}

/* In the largest unit that leaves no fraction. */
static void put_time(struct spt_text *text, int64_t milliseconds) {
    static const struct {
        int64_t milliseconds;
        char letter;
    } units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (milliseconds == 0 || milliseconds % units[i].milliseconds != 0) continue;
        spt_text_format(text, "%lld%c", (long long)(milliseconds / units[i].milliseconds), units[i].letter);
        return;
    }
    spt_text_format(text, "%gs", (double)milliseconds / 1000);
}

static void expect_seconds(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_put(text, "a time from ");
    put_time(text, key->low);
    spt_text_put(text, " to ");
    put_time(text, key->high);
    spt_text_put(text, ", such as 90, 1.5s, 5m or 2h");
}

static void expect_number(const struct spt_config_key *key, struct spt_text *text) {
    (void)key;
    spt_text_put(text, "a number");
}

static void expect_bool(const struct spt_config_key *key, struct spt_text *text) {
    (void)key;
    spt_text_put(text, "true or false");
}

static void expect_choice(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_put(text, "one of");
    for (size_t i = 0; key->choices[i]; i++) spt_text_format(text, "%s %s", i ? "," : "", key->choices[i]);
}

static void expect_steps(const struct spt_config_key *key, struct spt_text *text) {
    (void)key;
    spt_text_put(text, "steps as A:B, A:, :B or A");
}

static void expect_ranges(const struct spt_config_key *key, struct spt_text *text) {
    (void)key;
    spt_text_format(text, "rising steps such as 0,1,2,8:512:8 (A:B:STRIDE), at most %d of them", SPT_CONFIG_STEPS_MAX);
}

static void expect_shard(const struct spt_config_key *key, struct spt_text *text) {
    (void)key;
    spt_text_format(text, "I/N, the I-th of N parts, from 1/1 to %d/%d", SPT_CONFIG_SHARDS_MAX, SPT_CONFIG_SHARDS_MAX);
}

static void expect_list(const struct spt_config_key *key, struct spt_text *text) {
    spt_text_put(text, "a list of {");
    for (size_t i = 0; i < key->shape->count; i++)
        spt_text_format(text, "%s%s", i ? ", " : "", strchr(key->shape->fields[i].name, '.') + 1);
    spt_text_put(text, "}");
}

/* --- the table of types --- */
enum { LIST = 1, OF_FILE = 2 };

/* clang-format off */
static const struct {
    void (*clear)(void *at, const struct spt_config_key *key);
    enum spt_status (*put)(void *at, const struct spt_config_key *key, const char *text, const struct spt_config_place *place,
                           struct spt_error *error);
    void (*expected)(const struct spt_config_key *key, struct spt_text *text);
    unsigned is;
} TYPES[] = {
    [SPT_CONFIG_TEXT] = {clear_text, put_text, expect_text, 0},
    [SPT_CONFIG_PATH] = {clear_text, put_text, expect_text, 0},
    [SPT_CONFIG_INTEGER] = {clear_nothing, put_integer, expect_integers, 0},
    [SPT_CONFIG_BYTES] = {clear_nothing, put_bytes, expect_bytes, 0},
    [SPT_CONFIG_SECONDS] = {clear_real, put_seconds, expect_seconds, 0},
    [SPT_CONFIG_NUMBER] = {clear_real, put_number, expect_number, 0},
    [SPT_CONFIG_BOOL] = {clear_nothing, put_bool, expect_bool, 0},
    [SPT_CONFIG_CHOICE] = {clear_nothing, put_choice, expect_choice, 0},
    [SPT_CONFIG_LEVEL] = {clear_level, put_level, expect_integers, 0},
    [SPT_CONFIG_SHARD] = {clear_shard, put_shard, expect_shard, 0},
    [SPT_CONFIG_STEPS] = {clear_steps, put_steps, expect_steps, 0},
    [SPT_CONFIG_STEP_RANGES] = {clear_ranges, put_range, expect_ranges, LIST},
    [SPT_CONFIG_TEXTS] = {clear_texts, put_texts, expect_texts, LIST},
    [SPT_CONFIG_PATHS] = {clear_texts, put_texts, expect_texts, LIST},
    [SPT_CONFIG_INTEGERS] = {clear_integers, put_integers, expect_integers, LIST},
    [SPT_CONFIG_COMMAND] = {clear_texts, put_texts, expect_command, LIST | OF_FILE},
    [SPT_CONFIG_LIST] = {clear_list, put_none, expect_list, OF_FILE},
};
/* clang-format on */

void spt_config_expected(const struct spt_config_key *key, struct spt_text *text) {
    TYPES[key->type].expected(key, text);
}

void spt_config_clear(void *base, const struct spt_config_key *key) {
    TYPES[key->type].clear(field(base, key), key);
}

bool spt_config_is_list(const struct spt_config_key *key) {
    return TYPES[key->type].is & LIST;
}

bool spt_config_is_of_file(const struct spt_config_key *key) {
    return TYPES[key->type].is & OF_FILE;
}

enum spt_status spt_config_put(void *base, const struct spt_config_key *key, const char *text,
                               const struct spt_config_place *place, struct spt_error *error) {
    struct spt_error refused = {0}; /* filled by those who know better words than the table's */
    const enum spt_status status =
        *text ? TYPES[key->type].put(field(base, key), key, text, place, &refused) : SPT_INVALID;
    if (status == SPT_OK) return SPT_OK;
    if (refused.status == SPT_OK) return mismatch_text(place, key, text, error);
    if (error) *error = refused;
    return status;
}

enum spt_status spt_config_put_whole(void *base, const struct spt_config_key *key, const char *text,
                                     const struct spt_config_place *place, struct spt_error *error) {
    if (!spt_config_is_list(key)) return spt_config_put(base, key, text, place, error);
    if (spt_config_is_of_file(key)) return mismatch_text(place, key, text, error);
    spt_config_clear(base, key);
    if (key->type == SPT_CONFIG_PATHS) return spt_config_put(base, key, text, place, error);
    char *copy = spt_strdup(text);
    if (!copy) return spt_fail_memory(error, strlen(text), "a list");
    enum spt_status status = SPT_OK;
    char *rest = copy;
    for (char *item; status == SPT_OK && (item = strsep(&rest, ",")) != NULL;) {
        item += strspn(item, " ");
        size_t length = strlen(item);
        while (length && item[length - 1] == ' ') item[--length] = '\0';
        status = spt_config_put(base, key, item, place, error);
    }
    free(copy);
    return status;
}

enum spt_status spt_config_put_defaults(void *base, const struct spt_config_key *keys, size_t count,
                                        struct spt_error *error) {
    const struct spt_config_place place = {.option = "default"};
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count; i++) spt_config_clear(base, &keys[i]);
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        if (keys[i].standard) status = spt_config_put_whole(base, &keys[i], keys[i].standard, &place, error);
    return status;
}
