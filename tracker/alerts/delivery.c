/* An event on its way to the user: its JSON, its key, its command. */
#include "tracker/alerts/internal.h"

#include "checkpoints/base/json.h"
#include "checkpoints/base/memory.h"
#include "tracker/child.h"

#include <math.h>
#include <string.h>

static void put_text_or_null(struct spt_text *out, const char *name, const char *value) {
    spt_text_format(out, ", \"%s\": ", name);
    if (value)
        spt_text_put_json(out, value);
    else
        spt_text_put(out, "null");
}

static void put_number_or_null(struct spt_text *out, const char *name, double value) {
    spt_text_format(out, ", \"%s\": ", name);
    spt_text_put_json_number(out, value);
}

static void put_integer_or_null(struct spt_text *out, const char *name, int64_t value, bool given) {
    if (given)
        spt_text_format(out, ", \"%s\": %lld", name, (long long)value);
    else
        put_text_or_null(out, name, NULL);
}

void spt_alert_event_json(const struct spt_alert_event *event, struct spt_text *out) {
    const struct spt_config_alert *alert = event->rule->alert;
    const bool series = alert->when != SPT_ALERT_STALLED;
    spt_text_put(out, "{\"rule\": ");
    spt_text_put_json(out, alert->name);
    put_text_or_null(out, "kind", event->rule->kind->name);
    put_text_or_null(out, "run", event->run->name);
    put_text_or_null(out, "branch", series ? event->row.branch : NULL);
    put_integer_or_null(out, "step", event->row.step, event->row.step != SPT_NO_STEP);
    put_text_or_null(out, "label", event->label);
    put_text_or_null(out, "metric", event->figure.metric);
    put_integer_or_null(out, "layer", event->figure.layer, event->figure.metric && event->figure.layer >= 0);
    put_integer_or_null(out, "head", event->figure.head, event->figure.metric && event->figure.head >= 0);
    put_number_or_null(out, "value", event->value);
    put_number_or_null(out, "threshold", event->rule->kind->threshold(alert));
    put_integer_or_null(out, "in_a_row", alert->in_a_row, series);
    put_text_or_null(out, "time", event->row.time);
    put_text_or_null(out, "text", event->row.text);
    spt_text_put(out, "}\n");
}

void spt_alert_event_key(const struct spt_alert_event *event, struct spt_text *out) {
    spt_text_put(out, "[");
    spt_text_put_json(out, event->rule->alert->name);
    spt_text_put(out, ", ");
    spt_text_put_json(out, event->row.branch);
    spt_text_put(out, ", ");
    if (event->row.step != SPT_NO_STEP)
        spt_text_format(out, "%lld", (long long)event->row.step);
    else if (event->label)
        spt_text_put_json(out, event->label);
    else
        spt_text_put(out, "null");
    spt_text_format(out, ", %d, %d]", event->figure.layer, event->figure.head);
}

enum spt_status spt_alert_key_read(const char *key, char **label, int *layer, int *head) {
    struct spt_json_document *document = NULL;
    enum spt_status status = key ? spt_json_parse(key, strlen(key), "key", 0, false, &document, NULL) : SPT_INVALID;
    if (status != SPT_OK) return status;
    const struct spt_json *root = spt_json_root(document);
    const int64_t l = spt_json_integer(spt_json_at(root, 3), -2), h = spt_json_integer(spt_json_at(root, 4), -2);
    const char *text = spt_json_string(spt_json_at(root, 2), NULL);
    if (l < -1 || l > UINT16_MAX || h < -1 || h > UINT16_MAX) status = SPT_INVALID;
    if (status == SPT_OK) {
        *label = text ? spt_strdup(text) : NULL;
        *layer = (int)l;
        *head = (int)h;
        if (text && !*label) status = SPT_NOMEM;
    }
    spt_json_free(document);
    return status;
}

/* How the command ended: SPT_OK, SPT_IO with the reason, SPT_END, SPT_NOMEM. */
static enum spt_status run_command(const struct spt_alert_event *event, bool (*urgent)(void *context), void *context,
                                   struct spt_error *error) {
    const struct spt_config_alert *alert = event->rule->alert;
    struct spt_text json = {0};
    spt_alert_event_json(event, &json);
    if (json.failed) {
        spt_text_release(&json);
        return spt_fail_memory(error, 1, "an event");
    }
    const struct spt_child_options options = {
        .argv = (const char *const *)alert->command.items,
        .argc = alert->command.count,
        .input = json.data,
        .input_size = json.length,
        .time_limit = alert->time_limit,
    };
    struct spt_child *child = NULL;
    enum spt_status status = spt_child_start(&options, &child, error);
    if (status == SPT_OK) status = spt_child_wait(child, urgent, context, error);
    spt_child_release(child);
    spt_text_release(&json);
    return status;
}

enum spt_status spt_alert_event_deliver(const struct spt_alert_event *event, struct spt_store *store,
                                        const struct spt_log *log, bool (*stop)(void *context),
                                        bool (*urgent)(void *context), void *context, struct spt_error *error) {
    struct spt_error reason = {0};
    if (stop && stop(context)) return SPT_END; /* it stays pending */
    enum spt_status status = spt_store_deliver(store, event->row.id, SPT_DELIVERY_STARTED, NULL, error);
    if (status != SPT_OK) return status;
    const enum spt_status ended = run_command(event, urgent, context, &reason);
    if (ended == SPT_OK) return spt_store_deliver(store, event->row.id, SPT_DELIVERY_DONE, NULL, error);
    struct spt_text outcome = {0};
    if (ended == SPT_END)
        spt_text_put(&outcome, "was stopped with the watch");
    else
        spt_text_format(&outcome, "%s%s%s", reason.path, *reason.path ? ": " : "", reason.message);
    status = outcome.failed ? spt_fail_memory(error, 1, "a message")
                            : spt_store_deliver(store, event->row.id, SPT_DELIVERY_FAILED, outcome.data, error);
    if (status == SPT_OK)
        spt_log(log, SPT_LOG_WARNING, "alert %s: its command failed: %s", event->rule->alert->name, outcome.data);
    spt_text_release(&outcome);
    return status == SPT_OK && ended == SPT_END ? SPT_END : status;
}
