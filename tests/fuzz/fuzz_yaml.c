/* A config of any bytes: read whole or refused in one line; what was read is within the ranges of the table; an option over it works. */
#include "tests/fuzz/fuzz.h"
#include "tracker/config/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void require_texts(const struct spt_config_texts *texts) {
    for (size_t i = 0; i < texts->count; i++) require(texts->items[i][0] != '\0');
}

static void require_rising(const struct spt_config_step_ranges *ranges) {
    const size_t count = spt_config_step_count(ranges);
    require(count <= 1000000);
    int64_t *steps = calloc(count + 1, sizeof *steps);
    require(steps != NULL);
    spt_config_step_list(ranges, steps);
    for (size_t i = 0; i < count; i++) require(steps[i] >= 0 && (i == 0 || steps[i - 1] < steps[i]));
    free(steps);
}

static void require_rule(const struct spt_config_alert *alert) {
    require(alert->name && 0 <= alert->when && alert->when < SPT_ALERT_WHEN_COUNT);
    if (alert->when == SPT_ALERT_ABOVE) require(alert->metric && isfinite(alert->above));
    if (alert->when == SPT_ALERT_BELOW) require(alert->metric && isfinite(alert->below));
    if (alert->when == SPT_ALERT_STALLED) require(alert->after > 0);
    require(SPT_CONFIG_ANY <= alert->layer && SPT_CONFIG_ANY <= alert->head);
    require(alert->in_a_row >= 1 && alert->time_limit > 0 && alert->line && alert->column);
    require_texts(&alert->command);
}

static void require_in_range(const struct spt_config *config) {
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        const void *field = (const char *)config + keys[i].offset;
        if (keys[i].type == SPT_CONFIG_INTEGER || keys[i].type == SPT_CONFIG_BYTES) {
            const int64_t value = *(const int64_t *)field;
            require(keys[i].low <= value && value <= keys[i].high);
        } else if (keys[i].type == SPT_CONFIG_SECONDS) {
            const double value = *(const double *)field * 1000;
            require((double)keys[i].low <= value && value <= (double)keys[i].high);
        } else if (keys[i].type == SPT_CONFIG_TEXTS || keys[i].type == SPT_CONFIG_PATHS ||
                   keys[i].type == SPT_CONFIG_COMMAND) {
            require_texts(field);
        }
    }
    require(config->steps.first <= config->steps.last);
    require(0 <= config->shard.index && config->shard.index <= config->shard.count);
    require_rising(&config->fetch_steps);
    for (size_t i = 0; i < config->alerts.count; i++) require_rule(&config->alerts.items[i]);
    for (size_t i = 0; i < config->series.count; i++) {
        const struct spt_config_series *series = &config->series.items[i];
        require(series->file && series->step && series->value && series->label);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct spt_config config;
    struct spt_error error = {0};
    require(spt_config_init(&config, &error) == SPT_OK);
    const enum spt_status status = spt_config_parse(&config, (const char *)data, size, "folder/fuzz.yaml", &error);
    if (status == SPT_OK) {
        require_in_range(&config);
    } else {
        require_told(status, &error);
        require(strcmp(error.path, "folder/fuzz.yaml") == 0);
    }
    spt_config_release(&config);

    char value[256]; /* the same bytes as an option's value, where they are as short as that: there are many options */
    if (size >= sizeof value) return 0;
    memcpy(value, data, size);
    value[size] = '\0';
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    require(spt_config_init(&config, &error) == SPT_OK);
    for (size_t i = 0; i < count; i++) {
        error = (struct spt_error){0};
        const enum spt_status set = spt_config_set(&config, keys[i].name, value, "--option", &error);
        if (set != SPT_OK) require_told(set, &error);
    }
    require_in_range(&config);
    spt_config_release(&config);
    return 0;
}
