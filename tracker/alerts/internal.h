/* What the files of the alerts share. */
#ifndef SPT_ALERTS_INTERNAL_H
#define SPT_ALERTS_INTERNAL_H

#include "checkpoints/base/text.h"
#include "tracker/alerts/alerts.h"
#include "tracker/alerts/streak.h"

/* --- kinds.c --- */
/* Figures that a rule looks at: one, or those of each layer, each head. */
struct spt_look {
    const char *metric;
    int layer, head; /* INT_MIN: each; else as the store has them */
};
enum { SPT_LOOKS_MAX = 2 };

struct spt_rule;

/* A kind of rules. What has no looks is judged by its own function, or by time alone. */
struct spt_alert_kind {
    const char *name;
    size_t (*looks)(const struct spt_config_alert *alert, struct spt_look *looks /* [SPT_LOOKS_MAX] out */);
    bool (*holds)(const struct spt_config_alert *alert, double value); /* of a figure that was measured */
    double (*threshold)(const struct spt_config_alert *alert);         /* NAN: it has none */
    /* "sink.first of layer 3 is 0.5, above 0.3": where is "sink.first of layer 3"; value NAN: undefined, or not known */
    void (*describe)(const struct spt_config_alert *alert, const char *where, double value, struct spt_text *text);
};
extern const struct spt_alert_kind SPT_ALERT_KINDS[SPT_ALERT_WHEN_COUNT];

/* A rule of a run: its kind, and the levels that its looks unfold to. */
struct spt_rule {
    const struct spt_config_alert *alert;
    const struct spt_alert_kind *kind;
    struct spt_look looks[SPT_LOOKS_MAX];
    size_t look_count;
    size_t first[SPT_LOOKS_MAX]; /* level of each look's first figure */
    size_t levels;               /* at least 1 */
    int64_t stalled_at;          /* step of the last event of a rule that time fulfils */
    bool stalled;                /* there was one */
};

/* SPT_INVALID: the run's model has no such layer or head. */
enum spt_status spt_rule_init(struct spt_rule *rule, const struct spt_config *config,
                              const struct spt_config_alert *alert, const struct spt_store_run *run,
                              struct spt_error *error);
/* Level of a figure of the rule's look; levels: it is none of the rule's. */
size_t spt_rule_level(const struct spt_rule *rule, size_t look, const struct spt_store_run *run, int layer, int head);
/* The figure of a level; false: the level is no figure's (kinds without looks). */
bool spt_rule_figure(const struct spt_rule *rule, const struct spt_store_run *run, size_t level,
                     struct spt_look *figure);

/* --- delivery.c --- */
/* What is said of an event beside its row in the store. Texts are borrowed. */
struct spt_alert_event {
    const struct spt_rule *rule;
    const struct spt_store_run *run;
    const char *label;      /* of the checkpoint; NULL: none */
    struct spt_look figure; /* metric NULL: of no figure */
    double value;           /* NAN: none */
    struct spt_store_event row;
};

/* The event as its command gets it: one JSON object and a newline. */
void spt_alert_event_json(const struct spt_alert_event *event, struct spt_text *out);
/* The key that makes it the same event: rule, branch, step or label, layer, head as a JSON array. */
void spt_alert_event_key(const struct spt_alert_event *event, struct spt_text *out);
/* What a key says: label of a checkpoint without a step (owned by the caller; NULL: none), layer and head. SPT_INVALID: it is none of ours;
 * SPT_NOMEM; no message. */
enum spt_status spt_alert_key_read(const char *key, char **label, int *layer, int *head);
/* Runs the rule's command with an event that is pending in the store, and stores how it went. SPT_END: stop said so before, or
 * urgent while it ran. */
enum spt_status spt_alert_event_deliver(const struct spt_alert_event *event, struct spt_store *store,
                                        const struct spt_log *log, bool (*stop)(void *context),
                                        bool (*urgent)(void *context), void *context, struct spt_error *error);

#endif
