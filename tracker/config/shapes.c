/* Lists of mappings: the fields of an item by table, and what makes an item whole. To add a field: a member of the item's struct, a row
 * here. */
#include "tracker/config/internal.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)

/* A list as it lies in the config: all of them are {items, count}. The pointer is copied as bytes, for its type differs. */
struct list {
    void *items;
    size_t count;
};
_Static_assert(sizeof(struct list) == sizeof(struct spt_config_series_list) &&
                   sizeof(struct list) == sizeof(struct spt_config_alert_list) &&
                   offsetof(struct list, count) == offsetof(struct spt_config_series_list, count) &&
                   offsetof(struct list, count) == offsetof(struct spt_config_alert_list, count),
               "every list is {items, count}");

void spt_config_list_free(void *at, const struct spt_config_key *key) {
    const struct spt_config_shape *shape = key->shape;
    struct list list;
    memcpy(&list, at, sizeof list);
    for (size_t i = 0; i < list.count; i++)
        for (size_t k = 0; k < shape->count; k++)
            spt_config_clear((char *)list.items + i * shape->size, &shape->fields[k]);
    free(list.items);
    memset(at, 0, sizeof list);
}

enum spt_status spt_config_list_make(struct spt_config *config, const struct spt_config_key *key, size_t count,
                                     void **items, struct spt_error *error) {
    const struct spt_config_shape *shape = key->shape;
    spt_config_clear(config, key);
    char *made = spt_alloc_zeroed(count, shape->size);
    if (!made) return spt_fail_memory(error, count, "a list");
    struct list list = {made, 0};
    enum spt_status status = SPT_OK;
    for (; list.count < count && status == SPT_OK; list.count++)
        status = spt_config_put_defaults(made + list.count * shape->size, shape->fields, shape->count, error);
    memcpy((char *)config + key->offset, &list, sizeof list);
    *items = made;
    return status;
}

/* --- series: the user's own --- */
#define AT(field) .offset = offsetof(struct spt_config_series, field)
/* clang-format off */
static const struct spt_config_key SERIES[] = {
    {"series.file", NULL, "F", SPT_CONFIG_PATH, .help = "the JSONL or CSV file to read", AT(file)},
    {"series.step", NULL, "NAME", SPT_CONFIG_TEXT, .standard = "step", .help = "the column of the step", AT(step)},
    {"series.value", NULL, "NAME", SPT_CONFIG_TEXT, .help = "the name of the column to read", AT(value)},
    {"series.label", NULL, "NAME", SPT_CONFIG_TEXT, .help = "its name in figures and exports (default: that of the column)", AT(label)},
};
/* clang-format on */
#undef AT

static enum spt_status complete_series(void *items, size_t i, const bool *given, const struct spt_config_place *place,
                                       struct spt_error *error) {
    struct spt_config_series *series = (struct spt_config_series *)items + i;
    (void)given;
    if (!series->file)
        return spt_config_fail(place, "series", error, "\"file\" is missing: the JSONL or CSV file to read");
    if (!series->value)
        return spt_config_fail(place, "series", error, "\"value\" is missing: the name of the column to read");
    if (!series->label) series->label = spt_strdup(series->value);
    return series->label ? SPT_OK : spt_fail_memory(error, strlen(series->value), "a text");
}

const struct spt_config_shape SPT_CONFIG_SERIES_SHAPE = {SERIES, sizeof SERIES / sizeof *SERIES, "series",
                                                         sizeof(struct spt_config_series), complete_series};

/* --- alerts: rules that ring a bell --- */
static const char *const WHEN[] = {"above", "below", "nan", "stalled", "duplicate", NULL};

enum alert_field { NAME, KIND, METRIC, LAYER, HEAD, ABOVE, BELOW, IN_A_ROW, AFTER, COMMAND, TIME_LIMIT, ALERT_FIELDS };

#define AT(field) .offset = offsetof(struct spt_config_alert, field)
/* clang-format off */
static const struct spt_config_key ALERT[ALERT_FIELDS] = {
    [NAME] = {"alerts.name", NULL, "NAME", SPT_CONFIG_TEXT, .help = "what the rule is called in messages and events", AT(name)},
    [KIND] = {"alerts.when", NULL, "KIND", SPT_CONFIG_CHOICE, .choices = WHEN, .help = "kind of the rule; need not be said where above or below is", AT(when)},
    [METRIC] = {"alerts.metric", NULL, "NAME", SPT_CONFIG_TEXT, .help = "the figure that is judged", AT(metric)},
    [LAYER] = {"alerts.layer", NULL, "L", SPT_CONFIG_LEVEL, 0, 65535, .help = "its layer (default: the whole model)", AT(layer)},
    [HEAD] = {"alerts.head", NULL, "H", SPT_CONFIG_LEVEL, 0, 65535, .help = "its head (default: the whole layer)", AT(head)},
    [ABOVE] = {"alerts.above", NULL, "X", SPT_CONFIG_NUMBER, .help = "the rule holds above this", AT(above)},
    [BELOW] = {"alerts.below", NULL, "X", SPT_CONFIG_NUMBER, .help = "the rule holds below this", AT(below)},
    [IN_A_ROW] = {"alerts.in_a_row", NULL, "N", SPT_CONFIG_INTEGER, 1, 1000000, .standard = "1", .help = "for so many checkpoints in a row", AT(in_a_row)},
    [AFTER] = {"alerts.after", NULL, "TIME", SPT_CONFIG_SECONDS, SECOND / 10, 365 * 24 * HOUR, .help = "no new checkpoint for so long", AT(after)},
    [COMMAND] = {"alerts.command", NULL, "LIST", SPT_CONFIG_COMMAND, .help = "what is run, with the event as JSON on its standard input", AT(command)},
    [TIME_LIMIT] = {"alerts.time_limit", NULL, "TIME", SPT_CONFIG_SECONDS, SECOND / 10, HOUR, .standard = "10s", .help = "how long the command may take", AT(time_limit)},
};
/* clang-format on */
#undef AT

/* What a rule of each kind has to say, and what it may say beside name, when, command and time_limit. */
#define BIT(field) (1U << (field))
static const struct {
    unsigned needs, takes;
} KINDS[SPT_ALERT_WHEN_COUNT] = {
    [SPT_ALERT_ABOVE] = {BIT(METRIC) | BIT(ABOVE), BIT(LAYER) | BIT(HEAD) | BIT(IN_A_ROW)},
    [SPT_ALERT_BELOW] = {BIT(METRIC) | BIT(BELOW), BIT(LAYER) | BIT(HEAD) | BIT(IN_A_ROW)},
    [SPT_ALERT_NAN] = {0, BIT(METRIC) | BIT(LAYER) | BIT(HEAD) | BIT(IN_A_ROW)},
    [SPT_ALERT_STALLED] = {BIT(AFTER), 0},
    [SPT_ALERT_DUPLICATE] = {0, BIT(IN_A_ROW)},
};
static const unsigned EVERY_KIND = BIT(NAME) | BIT(KIND) | BIT(COMMAND) | BIT(TIME_LIMIT);

static const char *alert_word(size_t i) {
    return ALERT[i].name + sizeof "alerts." - 1;
}

/* The kind of a rule that leaves "when" out follows from its threshold. */
static enum spt_status find_kind(struct spt_config_alert *alert, const bool *given,
                                 const struct spt_config_place *place, struct spt_error *error) {
    if (given[ABOVE] && given[BELOW])
        return spt_config_fail(place, "alerts", error,
                               "\"%s\": found \"above\" and \"below\", expected one of them: make it two rules",
                               alert->name);
    if (given[KIND]) return SPT_OK;
    if (!given[ABOVE] && !given[BELOW])
        return spt_config_fail(place, "alerts", error,
                               "\"%s\": \"when\" is missing: above, below, nan, stalled or duplicate", alert->name);
    alert->when = given[ABOVE] ? SPT_ALERT_ABOVE : SPT_ALERT_BELOW;
    return SPT_OK;
}

static enum spt_status check_fields(const struct spt_config_alert *alert, const bool *given,
                                    const struct spt_config_place *place, struct spt_error *error) {
    const unsigned needs = KINDS[alert->when].needs, takes = KINDS[alert->when].takes | EVERY_KIND | needs;
    const char *kind = WHEN[alert->when];
    for (size_t i = 0; i < ALERT_FIELDS; i++) {
        if (given[i] && !(takes & BIT(i)))
            return spt_config_fail(place, "alerts", error, "\"%s\": a rule of the kind %s takes no \"%s\"", alert->name,
                                   kind, alert_word(i));
        if (!given[i] && (needs & BIT(i)))
            return spt_config_fail(place, "alerts", error, "\"%s\": \"%s\" is missing: %s", alert->name, alert_word(i),
                                   ALERT[i].help);
    }
    if (given[LAYER] && !given[METRIC])
        return spt_config_fail(place, "alerts", error, "\"%s\": \"layer\" without \"metric\": %s", alert->name,
                               ALERT[METRIC].help);
    if (given[HEAD] && !given[LAYER])
        return spt_config_fail(place, "alerts", error, "\"%s\": \"head\" without \"layer\": a number, or any",
                               alert->name);
    return SPT_OK;
}

static enum spt_status complete_alert(void *items, size_t i, const bool *given, const struct spt_config_place *place,
                                      struct spt_error *error) {
    struct spt_config_alert *alerts = items, *alert = &alerts[i];
    alert->line = place->line;
    alert->column = place->column;
    if (!alert->name) return spt_config_fail(place, "alerts", error, "\"name\" is missing: %s", ALERT[NAME].help);
    for (size_t k = 0; k < i; k++)
        if (strcmp(alerts[k].name, alert->name) == 0)
            return spt_config_fail(place, "alerts", error, "the name \"%s\" is given twice, first in line %zu",
                                   alert->name, alerts[k].line);
    const enum spt_status status = find_kind(alert, given, place, error);
    return status == SPT_OK ? check_fields(alert, given, place, error) : status;
}

const struct spt_config_shape SPT_CONFIG_ALERT_SHAPE = {ALERT, ALERT_FIELDS, "alerts", sizeof(struct spt_config_alert),
                                                        complete_alert};
