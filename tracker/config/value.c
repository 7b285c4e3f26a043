/* One value of one key: the same parser for the file, the options and the defaults. */
#include "tracker/config/internal.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"

#include <errno.h>
#include <limits.h>
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

enum spt_status spt_config_mismatch(const struct spt_config_place *place, const struct spt_config_key *key,
                                    const char *found, struct spt_error *error) {
    struct spt_text expected = {0};
    spt_config_expected(key, &expected);
    const enum spt_status status =
        expected.failed ? spt_fail_memory(error, 1, "a message")
                        : spt_config_fail(place, key->name, error, "found %s, expected %s", found, expected.data);
    spt_text_release(&expected);
    return status;
}

/* The same for a text that was found, quoted and cut to a readable length. */
static enum spt_status mismatch_text(const struct spt_config_place *place, const struct spt_config_key *key,
                                     const char *text, struct spt_error *error) {
    char shown[SHOWN_MAX + 16] = "nothing";
    const bool cut = strlen(text) > SHOWN_MAX;
    if (*text) (void)snprintf(shown, sizeof shown, "\"%.*s%s\"", SHOWN_MAX, text, cut ? "..." : "");
    return spt_config_mismatch(place, key, shown, error);
}

/* --- texts to values --- */
static bool parse_integer(const char *text, char **end, int64_t *value) {
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9') return false; /* strtoll would take blanks and a plus */
    errno = 0;
    const long long number = strtoll(text, end, 10);
    *value = number;
    return errno == 0;
}

static bool parse_whole(const char *text, int64_t *value) {
    char *end;
    return parse_integer(text, &end, value) && *end == '\0';
}

static bool parse_bytes(const char *text, int64_t *value) {
    static const char units[] = "KMG";
    char *end;
    if (!parse_integer(text, &end, value)) return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (!unit) return *end == '\0';
    const int64_t factor = (int64_t)1 << 10 * (unit - units + 1);
    return end[1] == '\0' && !__builtin_mul_overflow(*value, factor, value);
}

static bool parse_bool(const char *text, bool *value) {
    static const char *const words[] = {"false", "no", "off", "true", "yes", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *value = i >= 3;
        return true;
    }
    return false;
}

bool spt_config_parse_steps(const char *text, struct spt_config_steps *steps) {
    struct spt_config_steps found = {0, INT64_MAX};
    const char *colon = strchr(text, ':');
    char *end = (char *)text;
    if (colon != text && !parse_integer(text, &end, &found.first)) return false;
    if (!colon) found.last = found.first;
    if (*end != (colon ? ':' : '\0')) return false;
    if (colon && colon[1] && !parse_whole(colon + 1, &found.last)) return false;
    if (colon == text && !colon[1]) return false;
    if (found.first < 0 || found.last < found.first) return false;
    *steps = found;
    return true;
}

bool spt_config_steps_has(struct spt_config_steps steps, int64_t step) {
    return steps.first <= step && step <= steps.last;
}

/* --- fields --- */
static void *field(struct spt_config *config, const struct spt_config_key *key) {
    return (char *)config + key->offset;
}

char *spt_config_locate(const char *path, const struct spt_config_place *place) {
    const char *slash = place->path && *path != '/' ? strrchr(place->path, '/') : NULL;
    if (!slash) return spt_strdup(path);
    const size_t length = slash == place->path ? 1 : (size_t)(slash - place->path);
    char *folder = strndup(place->path, length);
    char *joined = folder ? spt_file_join(folder, path) : NULL;
    free(folder);
    return joined;
}

static void clear_texts(struct spt_config_texts *texts) {
    for (size_t i = 0; i < texts->count; i++) free(texts->items[i]);
    free(texts->items);
    *texts = (struct spt_config_texts){0};
}

static void clear_series(struct spt_config_series_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file);
        free(list->items[i].step);
        free(list->items[i].value);
        free(list->items[i].label);
    }
    free(list->items);
    *list = (struct spt_config_series_list){0};
}

void spt_config_clear(struct spt_config *config, const struct spt_config_key *key) {
    void *at = field(config, key);
    switch (key->type) {
    case SPT_CONFIG_TEXT:
    case SPT_CONFIG_PATH:
        free(*(char **)at);
        *(char **)at = NULL;
        break;
    case SPT_CONFIG_TEXTS:
    case SPT_CONFIG_PATHS:
        clear_texts(at);
        break;
    case SPT_CONFIG_INTEGERS:
        free(((struct spt_config_integers *)at)->items);
        *(struct spt_config_integers *)at = (struct spt_config_integers){0};
        break;
    case SPT_CONFIG_SERIES:
        clear_series(at);
        break;
    case SPT_CONFIG_STEPS:
        *(struct spt_config_steps *)at = (struct spt_config_steps){INT64_MIN, INT64_MAX};
        break;
    case SPT_CONFIG_INTEGER:
    case SPT_CONFIG_BYTES:
    case SPT_CONFIG_BOOL:
    case SPT_CONFIG_CHOICE:
        break;
    }
}

bool spt_config_is_list(const struct spt_config_key *key) {
    return key->type == SPT_CONFIG_TEXTS || key->type == SPT_CONFIG_PATHS || key->type == SPT_CONFIG_INTEGERS;
}

/* A copy of text as the key means it. */
static char *copy_text(const struct spt_config_key *key, const char *text, const struct spt_config_place *place) {
    const bool path = key->type == SPT_CONFIG_PATH || key->type == SPT_CONFIG_PATHS;
    return path ? spt_config_locate(text, place) : spt_strdup(text);
}

/* Room for one more item: capacities are the powers of two from 4, so that none has to be kept. NULL: out of memory. */
static void *grow(void *items, size_t count, size_t size) {
    if (count < 4 ? count != 0 : (count & (count - 1)) != 0) return items;
    const size_t wanted = count ? 2 * count : 4;
    size_t bytes;
    return spt_multiply(wanted, size, &bytes) ? realloc(items, bytes) : NULL;
}

static enum spt_status append_text(struct spt_config_texts *texts, char *copy, struct spt_error *error) {
    char **items = copy ? grow(texts->items, texts->count, sizeof *items) : NULL;
    if (!items) {
        free(copy);
        return spt_fail_memory(error, sizeof *items, "a list");
    }
    texts->items = items;
    texts->items[texts->count++] = copy;
    return SPT_OK;
}

static enum spt_status append_integer(struct spt_config_integers *list, int64_t value, struct spt_error *error) {
    int64_t *items = grow(list->items, list->count, sizeof *items);
    if (!items) return spt_fail_memory(error, sizeof *items, "a list");
    list->items = items;
    list->items[list->count++] = value;
    return SPT_OK;
}

static enum spt_status put_choice(int *at, const struct spt_config_key *key, const char *text,
                                  const struct spt_config_place *place, struct spt_error *error) {
    size_t count = 0;
    for (; key->choices[count]; count++) {
        if (strcmp(text, key->choices[count]) != 0) continue;
        *at = (int)count;
        return SPT_OK;
    }
    const size_t nearest = spt_text_nearest(text, key->choices, count);
    if (nearest == count || !*text) return mismatch_text(place, key, text, error);
    struct spt_text expected = {0};
    spt_config_expected(key, &expected);
    const enum spt_status status =
        expected.failed ? spt_fail_memory(error, 1, "a message")
                        : spt_config_fail(place, key->name, error, "found \"%s\", expected %s; did you mean \"%s\"?",
                                          text, expected.data, key->choices[nearest]);
    spt_text_release(&expected);
    return status;
}

enum spt_status spt_config_put(struct spt_config *config, const struct spt_config_key *key, const char *text,
                               const struct spt_config_place *place, struct spt_error *error) {
    void *at = field(config, key);
    int64_t number = 0;
    switch (key->type) {
    case SPT_CONFIG_TEXT:
    case SPT_CONFIG_PATH:
        if (!*text) return mismatch_text(place, key, text, error);
        spt_config_clear(config, key);
        *(char **)at = copy_text(key, text, place);
        return *(char **)at ? SPT_OK : spt_fail_memory(error, strlen(text), "a text");
    case SPT_CONFIG_TEXTS:
    case SPT_CONFIG_PATHS:
        if (!*text) return mismatch_text(place, key, text, error);
        return append_text(at, copy_text(key, text, place), error);
    case SPT_CONFIG_INTEGER:
    case SPT_CONFIG_INTEGERS:
        if (!parse_whole(text, &number) || number < key->low || number > key->high)
            return mismatch_text(place, key, text, error);
        if (key->type == SPT_CONFIG_INTEGERS) return append_integer(at, number, error);
        *(int64_t *)at = number;
        return SPT_OK;
    case SPT_CONFIG_BYTES:
        if (!parse_bytes(text, &number) || number < key->low || number > key->high)
            return mismatch_text(place, key, text, error);
        *(int64_t *)at = number;
        return SPT_OK;
    case SPT_CONFIG_BOOL:
        return parse_bool(text, at) ? SPT_OK : mismatch_text(place, key, text, error);
    case SPT_CONFIG_CHOICE:
        return put_choice(at, key, text, place, error);
    case SPT_CONFIG_STEPS:
        return spt_config_parse_steps(text, at) ? SPT_OK : mismatch_text(place, key, text, error);
    case SPT_CONFIG_SERIES:
        break;
    }
    return mismatch_text(place, key, text, error);
}

enum spt_status spt_config_put_whole(struct spt_config *config, const struct spt_config_key *key, const char *text,
                                     const struct spt_config_place *place, struct spt_error *error) {
    if (!spt_config_is_list(key)) return spt_config_put(config, key, text, place, error);
    spt_config_clear(config, key);
    if (key->type == SPT_CONFIG_PATHS) return spt_config_put(config, key, text, place, error);
    char *copy = spt_strdup(text);
    if (!copy) return spt_fail_memory(error, strlen(text), "a list");
    enum spt_status status = SPT_OK;
    char *rest = copy;
    for (char *item; status == SPT_OK && (item = strsep(&rest, ",")) != NULL;) {
        item += strspn(item, " ");
        size_t length = strlen(item);
        while (length && item[length - 1] == ' ') item[--length] = '\0';
        status = spt_config_put(config, key, item, place, error);
    }
    free(copy);
    return status;
}
