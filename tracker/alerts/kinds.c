/* Kinds of rules: one row each in the table at the end. */
#include "tracker/alerts/internal.h"

#include "analysis/metric.h"
#include "tracker/metric_choice.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What says whether a forward pass was finite: undefined only where it was not. */
static const char LOSS[] = "loss", ATTENTION[] = "sink.first";

/* --- looks --- */
static int level_of(int64_t asked) {
    return asked == SPT_CONFIG_ANY ? INT_MIN : (int)asked;
}

static size_t look_at_metric(const struct spt_config_alert *alert, struct spt_look *looks) {
    looks[0] = (struct spt_look){alert->metric, level_of(alert->layer), level_of(alert->head)};
    return 1;
}

static size_t look_at_pass(const struct spt_config_alert *alert, struct spt_look *looks) {
    if (alert->metric) return look_at_metric(alert, looks);
    looks[0] = (struct spt_look){LOSS, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER};
    looks[1] = (struct spt_look){ATTENTION, INT_MIN, INT_MIN};
    return 2;
}

static size_t look_at_nothing(const struct spt_config_alert *alert, struct spt_look *looks) {
    (void)alert;
    (void)looks;
    return 0;
}

/* --- holds --- */
static bool is_above(const struct spt_config_alert *alert, double value) {
    return value > alert->above;
}

static bool is_below(const struct spt_config_alert *alert, double value) {
    return value < alert->below;
}

static bool is_undefined(const struct spt_config_alert *alert, double value) {
    (void)alert;
    return isnan(value);
}

/* --- threshold --- */
static double above_of(const struct spt_config_alert *alert) {
    return alert->above;
}

static double below_of(const struct spt_config_alert *alert) {
    return alert->below;
}

static double after_of(const struct spt_config_alert *alert) {
    return alert->after;
}

static double none_of(const struct spt_config_alert *alert) {
    (void)alert;
    return NAN;
}

/* --- describe --- */
static void describe_above(const struct spt_config_alert *alert, const char *where, double value,
                           struct spt_text *text) {
    spt_text_format(text, "%s is %.6g, above %.6g", where, value, alert->above);
}

static void describe_below(const struct spt_config_alert *alert, const char *where, double value,
                           struct spt_text *text) {
    spt_text_format(text, "%s is %.6g, below %.6g", where, value, alert->below);
}

static void describe_undefined(const struct spt_config_alert *alert, const char *where, double value,
                               struct spt_text *text) {
    (void)value;
    spt_text_format(text, "%s%s is undefined", alert->metric ? "" : "NaN or infinite weights: ", where);
}

static void describe_stalled(const struct spt_config_alert *alert, const char *where, double value,
                             struct spt_text *text) {
    (void)where;
    (void)value;
    spt_text_format(text, "no new checkpoint for %g s", alert->after);
}

static void describe_duplicate(const struct spt_config_alert *alert, const char *where, double value,
                               struct spt_text *text) {
    (void)alert;
    (void)where;
    spt_text_put(text, "the same weights as at ");
    if (isnan(value))
        spt_text_put(text, "an earlier step");
    else
        spt_text_format(text, "step %.0f", value);
}

const struct spt_alert_kind SPT_ALERT_KINDS[SPT_ALERT_WHEN_COUNT] = {
    [SPT_ALERT_ABOVE] = {"above", look_at_metric, is_above, above_of, describe_above},
    [SPT_ALERT_BELOW] = {"below", look_at_metric, is_below, below_of, describe_below},
    [SPT_ALERT_NAN] = {"nan", look_at_pass, is_undefined, none_of, describe_undefined},
    [SPT_ALERT_STALLED] = {"stalled", look_at_nothing, NULL, after_of, describe_stalled},
    [SPT_ALERT_DUPLICATE] = {"duplicate", look_at_nothing, NULL, none_of, describe_duplicate},
};

/* --- can it be judged? --- */
/* The deepest level that a metric has figures at. */
static const enum {
    WHOLE_MODEL,
    LAYERS,
    HEADS,
    NO_FIGURE
} DEPTH[] = {
    [SPT_LEVEL_HEAD] = HEADS,      [SPT_LEVEL_LAYER] = LAYERS,           [SPT_LEVEL_POOLED] = HEADS,
    [SPT_LEVEL_COUNT] = HEADS,     [SPT_LEVEL_MODEL] = WHOLE_MODEL,      [SPT_LEVEL_MODEL_POOLED] = WHOLE_MODEL,
    [SPT_LEVEL_CURVE] = NO_FIGURE, [SPT_LEVEL_POOLED_CURVE] = NO_FIGURE, [SPT_LEVEL_PAIRS] = LAYERS,
    [SPT_LEVEL_RATIO] = LAYERS,    [SPT_LEVEL_SHARE] = LAYERS,           [SPT_LEVEL_SPECTRUM] = LAYERS,
};

static enum spt_status check_metric(const struct spt_config *config, const struct spt_config_alert *alert,
                                    const bool *measured, struct spt_error *error) {
    const size_t row = spt_metric_find(alert->metric);
    struct spt_error reason;
    if (row == SPT_METRIC_COUNT) {
        spt_metric_unknown(alert->metric, &reason);
        return spt_config_reject_alert(config, alert, error, "%s", reason.message);
    }
    const int depth = (int)DEPTH[SPT_METRICS[row].level];
    if (depth == NO_FIGURE)
        return spt_config_reject_alert(config, alert, error, "%s is a curve, expected a metric with one figure",
                                       alert->metric);
    if (alert->layer != SPT_CONFIG_WHOLE && depth < LAYERS)
        return spt_config_reject_alert(config, alert, error, "%s is of the whole model, it has no layers",
                                       alert->metric);
    if (alert->head != SPT_CONFIG_WHOLE && depth < HEADS)
        return spt_config_reject_alert(config, alert, error, "%s is of whole layers, it has no heads", alert->metric);
    if (!measured[row])
        return spt_config_reject_alert(config, alert, error, "%s is not among the metrics that are measured",
                                       alert->metric);
    return SPT_OK;
}

static enum spt_status check_alert(const struct spt_config *config, const struct spt_config_alert *alert,
                                   const bool *measured, struct spt_error *error) {
    if (alert->metric) return check_metric(config, alert, measured, error);
    if (alert->when != SPT_ALERT_NAN || measured[spt_metric_find(LOSS)] || measured[spt_metric_find(ATTENTION)])
        return SPT_OK;
    return spt_config_reject_alert(config, alert, error, "neither %s nor %s is among the metrics that are measured",
                                   LOSS, ATTENTION);
}

enum spt_status spt_alerts_check(const struct spt_config *config, struct spt_error *error) {
    if (config->alerts.count == 0) return SPT_OK;
    bool *measured = calloc(SPT_METRIC_COUNT, sizeof *measured);
    if (!measured) return spt_fail_memory(error, SPT_METRIC_COUNT, "a choice of metrics");
    enum spt_status status = spt_metric_choice(config, measured, error);
    for (size_t i = 0; i < config->alerts.count && status == SPT_OK; i++)
        status = check_alert(config, &config->alerts.items[i], measured, error);
    free(measured);
    return status;
}

/* --- levels --- */
/* How many layers, and how many heads of each, a look goes over. */
static size_t extent(int level, size_t all) {
    return level == INT_MIN ? all : 1;
}

static enum spt_status check_level(const struct spt_config *config, const struct spt_config_alert *alert,
                                   const char *what, int64_t asked, size_t count, struct spt_error *error) {
    if (asked < 0 || (uint64_t)asked < count) return SPT_OK;
    return spt_config_reject_alert(config, alert, error, "the model has no %s %lld, its %ss are 0 to %zu", what,
                                   (long long)asked, what, count - 1);
}

enum spt_status spt_rule_init(struct spt_rule *rule, const struct spt_config *config,
                              const struct spt_config_alert *alert, const struct spt_store_run *run,
                              struct spt_error *error) {
    *rule = (struct spt_rule){.alert = alert, .kind = &SPT_ALERT_KINDS[alert->when]};
    enum spt_status status = check_level(config, alert, "layer", alert->layer, run->layers, error);
    if (status == SPT_OK) status = check_level(config, alert, "head", alert->head, run->heads, error);
    if (status != SPT_OK) return status;
    rule->look_count = rule->kind->looks(alert, rule->looks);
    for (size_t i = 0; i < rule->look_count; i++) {
        rule->first[i] = rule->levels;
        rule->levels += extent(rule->looks[i].layer, run->layers) * extent(rule->looks[i].head, run->heads);
    }
    if (rule->look_count == 0) rule->levels = 1;
    return SPT_OK;
}

size_t spt_rule_level(const struct spt_rule *rule, size_t look, const struct spt_store_run *run, int layer, int head) {
    const struct spt_look *at = &rule->looks[look];
    const bool each_layer = at->layer == INT_MIN, each_head = at->head == INT_MIN;
    if (each_layer ? layer < 0 || (size_t)layer >= run->layers : layer != at->layer) return rule->levels;
    if (each_head ? head < 0 || (size_t)head >= run->heads : head != at->head) return rule->levels;
    const size_t heads = extent(at->head, run->heads);
    return rule->first[look] + (each_layer ? (size_t)layer : 0) * heads + (each_head ? (size_t)head : 0);
}

bool spt_rule_figure(const struct spt_rule *rule, const struct spt_store_run *run, size_t level,
                     struct spt_look *figure) {
    *figure = (struct spt_look){NULL, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER};
    if (rule->look_count == 0) return false;
    size_t i = rule->look_count - 1;
    while (level < rule->first[i]) i--;
    const struct spt_look *at = &rule->looks[i];
    const size_t heads = extent(at->head, run->heads), rest = level - rule->first[i];
    *figure = *at;
    if (at->layer == INT_MIN) figure->layer = (int)(rest / heads);
    if (at->head == INT_MIN) figure->head = (int)(rest % heads);
    return true;
}
