/* Defaults, options, and where each value came from. */
#include "tracker/config/internal.h"

#include "checkpoints/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum spt_status spt_config_init(struct spt_config *config, struct spt_error *error) {
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    *config = (struct spt_config){0};
    config->origin = spt_alloc_zeroed(count, sizeof *config->origin);
    enum spt_status status = config->origin ? spt_config_put_defaults(config, keys, count, error)
                                            : spt_fail_memory(error, count, "a config");
    if (status != SPT_OK) spt_config_release(config);
    return status;
}

void spt_config_release(struct spt_config *config) {
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        spt_config_clear(config, &keys[i]);
        if (config->origin) free(config->origin[i].option);
    }
    free(config->origin);
    free(config->file);
    *config = (struct spt_config){0};
}

static struct spt_config_origin *origin_of(const struct spt_config *config, const struct spt_config_key *key) {
    size_t count;
    return &config->origin[key - spt_config_keys(&count)];
}

enum spt_status spt_config_note_origin(struct spt_config *config, const struct spt_config_key *key,
                                       const struct spt_config_place *place, struct spt_error *error) {
    struct spt_config_origin *origin = origin_of(config, key);
    char *option = place->option ? spt_strdup(place->option) : NULL;
    if (place->option && !option) return spt_fail_memory(error, 1, "an option's name");
    free(origin->option);
    *origin = (struct spt_config_origin){place->line, place->column, option};
    return SPT_OK;
}

/* No such key is the caller's mistake in a program, but a person's on a command line that passes names on: answer as
 * for a file. */
static enum spt_status unknown(const char *name, const char *origin, struct spt_error *error) {
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    const char *names[SPT_CONFIG_NAMES_MAX];
    for (size_t i = 0; i < count; i++) names[i] = keys[i].name;
    struct spt_text hint = {0};
    spt_config_hint(name, names, count, &hint);
    const enum spt_status status =
        hint.failed ? spt_fail_memory(error, 1, "a message")
                    : spt_fail(error, SPT_INVALID, NULL, "%s: unknown key \"%s\"%s", origin, name, hint.data);
    spt_text_release(&hint);
    return status;
}

enum spt_status spt_config_set(struct spt_config *config, const char *name, const char *value, const char *origin,
                               struct spt_error *error) {
    const struct spt_config_key *key = spt_config_key_find(name);
    if (!key) return unknown(name, origin, error);
    const struct spt_config_place place = {.option = origin};
    if (spt_config_is_of_file(key))
        return spt_config_fail(&place, name, error, "%s can only be given in a config file", name);
    const enum spt_status status = spt_config_put_whole(config, key, value, &place, error);
    return status == SPT_OK ? spt_config_note_origin(config, key, &place, error) : status;
}

bool spt_config_is_set(const struct spt_config *config, const char *name) {
    const struct spt_config_key *key = spt_config_key_find(name);
    return key && (origin_of(config, key)->line || origin_of(config, key)->option);
}

enum spt_status spt_config_reject(const struct spt_config *config, const char *name, struct spt_error *error,
                                  const char *format, ...) {
    char message[SPT_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const struct spt_config_key *key = spt_config_key_find(name);
    const struct spt_config_origin none = {0}, *origin = key ? origin_of(config, key) : &none;
    const struct spt_config_place place = {
        .path = origin->line ? config->file : NULL,
        .line = origin->line,
        .column = origin->column,
        .option = origin->option ? origin->option : name,
    };
    return spt_config_fail(&place, name, error, "%s", message);
}

enum spt_status spt_config_reject_alert(const struct spt_config *config, const struct spt_config_alert *alert,
                                        struct spt_error *error, const char *format, ...) {
    char message[SPT_ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const struct spt_config_place place = {.path = config->file, .line = alert->line, .column = alert->column};
    return spt_config_fail(&place, "alerts", error, "\"%s\": %s", alert->name, message);
}
