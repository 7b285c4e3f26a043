/* JSON lines: an object a line, with 17 digits; null is what is undefined, or absent. */
#include "tracker/formats/format.h"

#include "checkpoints/base/text.h"
#include "checkpoints/run.h"

/* `, "name": ` before every member but the first. */
static void put_name(struct spt_text *out, const char *name) {
    spt_text_format(out, ", \"%s\": ", name);
}

static void put_text_or_null(struct spt_text *out, const char *text) {
    if (text)
        spt_text_put_json(out, text);
    else
        spt_text_put(out, "null");
}

static void put_text(struct spt_text *out, const char *name, const char *text) {
    put_name(out, name);
    put_text_or_null(out, text);
}

static void put_step(struct spt_text *out, int64_t step) {
    put_name(out, "step");
    if (step != SPT_NO_STEP)
        spt_text_format(out, "%lld", (long long)step);
    else
        spt_text_put(out, "null");
}

static void put_number(struct spt_text *out, const char *name, double value) {
    put_name(out, name);
    spt_text_put_json_number(out, value);
}

static void put_measure(struct spt_text *out, const char *run, const struct spt_store_measure *m) {
    spt_text_put(out, "{\"run\": ");
    spt_text_put_json(out, run);
    put_text(out, "branch", m->checkpoint->branch);
    put_step(out, m->checkpoint->step);
    put_text(out, "label", m->checkpoint->label);
    put_text(out, "metric", m->metric);
    spt_text_format(out, ", \"layer\": %d, \"head\": %d", m->layer, m->head);
    put_number(out, "mean", m->mean);
    put_number(out, "sd", m->sd);
    put_number(out, "lo", m->lo);
    put_number(out, "hi", m->hi);
    spt_text_format(out, ", \"n\": %lld, \"bad\": %lld}\n", (long long)m->n, (long long)m->bad);
}

static void put_event(struct spt_text *out, const char *run, const struct spt_store_event *event) {
    spt_text_put(out, "{\"run\": ");
    put_text_or_null(out, run);
    put_text(out, "branch", event->branch ? event->branch : "");
    put_step(out, event->step);
    put_text(out, "time", event->time);
    put_text(out, "kind", event->kind);
    put_text(out, "rule", event->rule);
    put_text(out, "text", event->text);
    put_text(out, "delivery", spt_delivery_name(event->delivery));
    put_text(out, "outcome", event->outcome);
    spt_text_put(out, "}\n");
}

enum spt_status spt_jsonl_figures(const struct spt_export *export, struct spt_destination *output,
                                  struct spt_error *error) {
    return spt_export_measures(export, "", put_measure, output, error);
}

enum spt_status spt_jsonl_events(const struct spt_export *export, struct spt_destination *output,
                                 struct spt_error *error) {
    return spt_export_events(export, "", put_event, output, error);
}
