/* Rules over the series of one run. What is kept between two checkpoints is, for each branch, how long each rule has held, and the steps
 * by digest; so that a checkpoint that comes after all of its branch is judged alone. Where one comes before another, or replaces one, all
 * of it is read and judged anew (STALE); the events in the store see to it that nothing is told twice.
 *
 *      STALE --all rows are judged--> FRESH --the next step of a branch: it is judged--> FRESH
 *        ^                              |
 *        '--any other checkpoint, or a failure half-way
 */
#include "tracker/alerts/internal.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/run.h"
#include "tracker/ingest.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A step and its weights. */
struct twin {
    int64_t step;
    struct spt_hash digest;
};

struct branch {
    char *name;
    int64_t last;               /* step */
    struct spt_streak *streaks; /* [rule_count] */
    struct twin *twins;         /* [twin_count] by step */
    size_t twin_count, twin_capacity;
};

/* An event that is in the store. */
struct told {
    size_t rule;
    char *branch, *label; /* label: of a checkpoint without a step, else "" */
    int64_t step;
};

struct spt_alerts {
    const struct spt_log *log;
    struct spt_store *store;
    const struct spt_store_run *run;
    bool (*stop)(void *context);
    bool (*urgent)(void *context);
    void *context;
    bool stale, stopped;
    struct spt_rule *rules; /* [rule_count] */
    size_t rule_count;
    struct branch *branches; /* [branch_count] */
    size_t branch_count, branch_capacity;
    uint64_t *uris; /* [uri_count] hashes of those that are judged */
    size_t uri_count, uri_capacity;
    struct told *told; /* [told_count] sorted */
    size_t told_count, told_capacity;
};

/* --- what was told --- */
static int compare_told(const void *a, const void *b) {
    const struct told *x = a, *y = b;
    if (x->rule != y->rule) return x->rule < y->rule ? -1 : 1;
    const int order = strcmp(x->branch, y->branch);
    if (order) return order;
    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return strcmp(x->label, y->label);
}

/* As compare_told has it: by its label only where it has no step. */
static const char *label_of(int64_t step, const char *label) {
    return step == SPT_NO_STEP && label ? label : "";
}

static bool is_told(const struct spt_alerts *alerts, size_t rule, const struct spt_store_checkpoint *row) {
    const struct told wanted = {rule, row->branch, (char *)label_of(row->step, row->label), row->step};
    return alerts->told_count && bsearch(&wanted, alerts->told, alerts->told_count, sizeof *alerts->told, compare_told);
}

static enum spt_status add_told(struct spt_alerts *alerts, size_t rule, const char *branch, int64_t step,
                                const char *label, struct spt_error *error) {
    struct told added = {rule, spt_strdup(branch), spt_strdup(label_of(step, label)), step};
    if (!added.branch || !added.label ||
        !spt_grow((void **)&alerts->told, &alerts->told_capacity, alerts->told_count + 1, sizeof *alerts->told)) {
        free(added.branch);
        free(added.label);
        return spt_fail_memory(error, sizeof added, "the list of events");
    }
    size_t i = alerts->told_count++;
    for (; i && compare_told(&added, &alerts->told[i - 1]) < 0; i--) alerts->told[i] = alerts->told[i - 1];
    alerts->told[i] = added;
    return SPT_OK;
}

/* --- branches --- */
static void release_branch(struct branch *branch, size_t rule_count) {
    for (size_t i = 0; branch->streaks && i < rule_count; i++) spt_streak_release(&branch->streaks[i]);
    free(branch->streaks);
    free(branch->twins);
    free(branch->name);
}

static void forget_branches(struct spt_alerts *alerts) {
    for (size_t i = 0; i < alerts->branch_count; i++) release_branch(&alerts->branches[i], alerts->rule_count);
    alerts->branch_count = alerts->uri_count = 0;
}

static struct branch *find_branch(const struct spt_alerts *alerts, const char *name) {
    for (size_t i = 0; i < alerts->branch_count; i++)
        if (strcmp(alerts->branches[i].name, name) == 0) return &alerts->branches[i];
    return NULL;
}

static enum spt_status add_branch(struct spt_alerts *alerts, const char *name, struct branch **added,
                                  struct spt_error *error) {
    struct branch branch = {
        .name = spt_strdup(name),
        .last = SPT_NO_STEP,
        .streaks = spt_alloc_zeroed(alerts->rule_count, sizeof *branch.streaks),
    };
    enum spt_status status = SPT_OK;
    if (!branch.name || !branch.streaks ||
        !spt_grow((void **)&alerts->branches, &alerts->branch_capacity, alerts->branch_count + 1, sizeof branch))
        status = spt_fail_memory(error, sizeof branch, "a branch");
    for (size_t i = 0; i < alerts->rule_count && status == SPT_OK; i++)
        status = spt_streak_init(&branch.streaks[i], alerts->rules[i].levels, alerts->rules[i].alert->in_a_row, error);
    if (status != SPT_OK) {
        release_branch(&branch, alerts->rule_count);
        return status;
    }
    alerts->branches[alerts->branch_count] = branch;
    *added = &alerts->branches[alerts->branch_count++];
    return SPT_OK;
}

static uint64_t uri_of(const char *uri) {
    return spt_hash_of(uri, strlen(uri)).low;
}

static bool is_judged(const struct spt_alerts *alerts, const char *uri) {
    const uint64_t wanted = uri_of(uri);
    for (size_t i = 0; i < alerts->uri_count; i++)
        if (alerts->uris[i] == wanted) return true;
    return false;
}

/* Rows are noted in their order, before any is judged. */
static enum spt_status note_row(struct spt_alerts *alerts, const struct spt_store_checkpoint *row,
                                struct spt_error *error) {
    if (!spt_grow((void **)&alerts->uris, &alerts->uri_capacity, alerts->uri_count + 1, sizeof *alerts->uris))
        return spt_fail_memory(error, sizeof *alerts->uris, "the list of checkpoints");
    alerts->uris[alerts->uri_count++] = uri_of(row->uri);
    if (row->step == SPT_NO_STEP) return SPT_OK;
    struct branch *branch = find_branch(alerts, row->branch);
    const enum spt_status status = branch ? SPT_OK : add_branch(alerts, row->branch, &branch, error);
    if (status != SPT_OK) return status;
    branch->last = row->step;
    if (spt_hash_equal(row->digest, (struct spt_hash){0})) return SPT_OK;
    if (!spt_grow((void **)&branch->twins, &branch->twin_capacity, branch->twin_count + 1, sizeof *branch->twins))
        return spt_fail_memory(error, sizeof *branch->twins, "the list of weights");
    branch->twins[branch->twin_count++] = (struct twin){row->step, row->digest};
    return SPT_OK;
}

/* The first step of the row's branch that has its weights; SPT_NO_STEP: none before it. */
static int64_t earlier_step(const struct spt_alerts *alerts, const struct spt_store_checkpoint *row) {
    const struct branch *branch = row->step == SPT_NO_STEP ? NULL : find_branch(alerts, row->branch);
    for (size_t i = 0; branch && i < branch->twin_count && branch->twins[i].step < row->step; i++)
        if (spt_hash_equal(branch->twins[i].digest, row->digest)) return branch->twins[i].step;
    return SPT_NO_STEP;
}

/* --- events --- */
static void put_place(const struct spt_alert_event *event, struct spt_text *out) {
    const struct spt_config_alert *alert = event->rule->alert;
    const bool stalled = alert->when == SPT_ALERT_STALLED;
    if (event->row.step != SPT_NO_STEP)
        spt_text_format(out, stalled ? "; the newest is step %lld" : ", at step %lld", (long long)event->row.step);
    else if (event->label)
        spt_text_format(out, ", at %s", event->label);
    if (*event->row.branch) spt_text_format(out, " of %s", event->row.branch);
    if (alert->in_a_row > 1) spt_text_format(out, ", %lld checkpoints in a row", (long long)alert->in_a_row);
}

/* The sentence of an event: "sink.first of layer 3 is 0.5, above 0.3, at step 3000". */
static void put_sentence(const struct spt_alert_event *event, struct spt_text *out) {
    struct spt_text where = {0};
    spt_text_put(&where, event->figure.metric ? event->figure.metric : "");
    if (event->figure.layer >= 0) spt_text_format(&where, " of layer %d", event->figure.layer);
    if (event->figure.head >= 0) spt_text_format(&where, " head %d", event->figure.head);
    if (where.failed)
        out->failed = true;
    else
        event->rule->kind->describe(event->rule->alert, where.data, event->value, out);
    put_place(event, out);
    spt_text_release(&where);
}

/* The figure of an event as it stands in the store, which may have been rewritten since. */
static enum spt_status read_value(const struct spt_alerts *alerts, struct spt_alert_event *event,
                                  const struct spt_store_checkpoint *row, struct spt_error *error) {
    const bool duplicate = event->rule->alert->when == SPT_ALERT_DUPLICATE;
    const int64_t earlier = duplicate && row ? earlier_step(alerts, row) : SPT_NO_STEP;
    event->value = earlier == SPT_NO_STEP ? NAN : (double)earlier;
    if (!event->figure.metric) return SPT_OK;
    const enum spt_status status = spt_store_mean(alerts->store, event->row.checkpoint, event->figure.metric,
                                                  event->figure.layer, event->figure.head, &event->value, error);
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status deliver(struct spt_alerts *alerts, const struct spt_alert_event *event,
                               struct spt_error *error) {
    if (alerts->stopped) return SPT_OK; /* it stays pending */
    const enum spt_status status = spt_alert_event_deliver(event, alerts->store, alerts->log, alerts->stop,
                                                           alerts->urgent, alerts->context, error);
    if (status == SPT_END) alerts->stopped = true;
    return status == SPT_END ? SPT_OK : status;
}

/* Stores an event, says it and delivers it, unless it is there already. Its row has run, checkpoint, step and branch. */
static enum spt_status raise_event(struct spt_alerts *alerts, struct spt_alert_event *event, struct spt_error *error) {
    char time_text[32] = "";
    struct spt_text text = {0}, key = {0};
    struct tm utc;
    const time_t now = time(NULL);
    if (gmtime_r(&now, &utc)) strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    put_sentence(event, &text);
    spt_alert_event_key(event, &key);
    const struct spt_config_alert *alert = event->rule->alert;
    event->row.kind = (char *)"alert";
    event->row.time = time_text;
    event->row.rule = alert->name;
    event->row.text = text.data;
    event->row.key = key.data;
    event->row.delivery = alert->command.count ? SPT_DELIVERY_PENDING : SPT_DELIVERY_NONE;
    enum spt_status status = text.failed || key.failed ? spt_fail_memory(error, 1, "an event")
                                                       : spt_store_add_event(alerts->store, &event->row, error);
    if (status == SPT_OK) {
        spt_log(alerts->log, SPT_LOG_WARNING, "alert %s: %s", alert->name, text.data);
        if (alert->command.count) status = deliver(alerts, event, error);
    }
    spt_text_release(&text);
    spt_text_release(&key);
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status ring(struct spt_alerts *alerts, size_t rule, const struct spt_store_checkpoint *row,
                            size_t level, struct spt_error *error) {
    struct spt_alert_event event = {.rule = &alerts->rules[rule], .run = alerts->run, .label = row->label};
    event.row = (struct spt_store_event){
        .run = alerts->run->id, .checkpoint = row->id, .step = row->step, .branch = row->branch};
    spt_rule_figure(event.rule, alerts->run, level, &event.figure);
    enum spt_status status = read_value(alerts, &event, row, error);
    if (status == SPT_OK) status = raise_event(alerts, &event, error);
    return status == SPT_OK ? add_told(alerts, rule, row->branch, row->step, row->label, error) : status;
}

/* --- which levels hold: holds [rows, levels], all false before --- */
struct holding {
    const struct spt_alerts *alerts;
    const struct spt_rule *rule;
    size_t look;
    const struct spt_store_checkpoint *rows; /* [count] */
    size_t count, next;
    bool *holds;
};

static enum spt_status on_measure(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    struct holding *holding = context;
    const struct spt_rule *rule = holding->rule;
    (void)error;
    size_t i = holding->next;
    while (i < holding->count && holding->rows[i].id != measure->checkpoint->id) i++;
    if (i == holding->count) return SPT_OK;
    holding->next = i; /* both are in the same order */
    const size_t level = spt_rule_level(rule, holding->look, holding->alerts->run, measure->layer, measure->head);
    if (level < rule->levels) holding->holds[i * rule->levels + level] = rule->kind->holds(rule->alert, measure->mean);
    return SPT_OK;
}

/* All rows: one pass over the series. */
static enum spt_status read_series(struct holding *holding, struct spt_error *error) {
    const struct spt_alerts *alerts = holding->alerts;
    enum spt_status status = SPT_OK;
    for (holding->look = 0; holding->look < holding->rule->look_count && status == SPT_OK; holding->look++) {
        const struct spt_look *look = &holding->rule->looks[holding->look];
        holding->next = 0;
        status = spt_store_each_measure(alerts->store, alerts->run->id, look->metric, look->layer, look->head,
                                        on_measure, holding, error);
    }
    return status;
}

/* One row: figure by figure. */
static enum spt_status read_row(struct holding *holding, struct spt_error *error) {
    const struct spt_rule *rule = holding->rule;
    struct spt_look figure;
    for (size_t i = 0; i < rule->levels; i++) {
        double value;
        if (!spt_rule_figure(rule, holding->alerts->run, i, &figure)) break;
        const enum spt_status status = spt_store_mean(holding->alerts->store, holding->rows->id, figure.metric,
                                                      figure.layer, figure.head, &value, error);
        if (status == SPT_END) continue;
        if (status != SPT_OK) return status;
        holding->holds[i] = rule->kind->holds(rule->alert, value);
    }
    return SPT_OK;
}

static enum spt_status find_holds(struct holding *holding, bool whole, struct spt_error *error) {
    if (holding->rule->look_count) return whole ? read_series(holding, error) : read_row(holding, error);
    for (size_t i = 0; i < holding->count && holding->rule->alert->when == SPT_ALERT_DUPLICATE; i++)
        holding->holds[i] = holding->rows[i].state == SPT_STATE_ANALYSED &&
                            earlier_step(holding->alerts, &holding->rows[i]) != SPT_NO_STEP;
    return SPT_OK;
}

/* --- judging --- */
/* A checkpoint without a step has no neighbours. */
static enum spt_status judge_alone(struct spt_alerts *alerts, size_t rule, const struct spt_store_checkpoint *row,
                                   const bool *holds, struct spt_error *error) {
    size_t level = 0;
    while (level < alerts->rules[rule].levels && !holds[level]) level++;
    if (level == alerts->rules[rule].levels || alerts->rules[rule].alert->in_a_row > 1) return SPT_OK;
    return is_told(alerts, rule, row) ? SPT_OK : ring(alerts, rule, row, level, error);
}

static enum spt_status judge_rule(struct spt_alerts *alerts, size_t rule, const struct spt_store_checkpoint *rows,
                                  size_t count, const bool *holds, struct spt_error *error) {
    const size_t levels = alerts->rules[rule].levels;
    struct spt_ring at;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        const struct spt_store_checkpoint *row = &rows[i];
        if (row->state != SPT_STATE_ANALYSED) continue;
        if (row->step == SPT_NO_STEP) {
            status = judge_alone(alerts, rule, row, holds + i * levels, error);
            continue;
        }
        struct spt_streak *streak = &find_branch(alerts, row->branch)->streaks[rule];
        if (spt_streak_next(streak, i, holds + i * levels, is_told(alerts, rule, row), &at))
            status = ring(alerts, rule, &rows[at.position], at.level, error);
    }
    for (size_t i = 0; i < alerts->branch_count && status == SPT_OK; i++)
        if (spt_streak_end(&alerts->branches[i].streaks[rule], &at))
            status = ring(alerts, rule, &rows[at.position], at.level, error);
    return status;
}

/* rows [count] are noted. whole: they are all there are. */
static enum spt_status judge(struct spt_alerts *alerts, const struct spt_store_checkpoint *rows, size_t count,
                             bool whole, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < alerts->rule_count && status == SPT_OK; i++) {
        struct holding holding = {.alerts = alerts, .rule = &alerts->rules[i], .rows = rows, .count = count};
        size_t size;
        holding.holds = spt_multiply(count, holding.rule->levels, &size) ? spt_alloc_zeroed(size, 1) : NULL;
        if (!holding.holds) return spt_fail_memory(error, count, "a rule's series");
        status = find_holds(&holding, whole, error);
        if (status == SPT_OK) status = judge_rule(alerts, i, rows, count, holding.holds, error);
        free(holding.holds);
    }
    return status;
}

static enum spt_status note_rows(struct spt_alerts *alerts, const struct spt_store_checkpoint *rows, size_t count,
                                 struct spt_error *error) {
    enum spt_status status = SPT_OK;
    forget_branches(alerts);
    for (size_t i = 0; i < count && status == SPT_OK; i++)
        if (rows[i].state == SPT_STATE_ANALYSED) status = note_row(alerts, &rows[i], error);
    return status;
}

static enum spt_status judge_all(struct spt_alerts *alerts, struct spt_error *error) {
    struct spt_store_checkpoint *rows = NULL;
    size_t count = 0;
    enum spt_status status = spt_store_checkpoints(alerts->store, alerts->run->id, &rows, &count, error);
    if (status == SPT_OK) status = note_rows(alerts, rows, count, error);
    if (status == SPT_OK) status = judge(alerts, rows, count, true, error);
    spt_store_free_checkpoints(rows, count);
    return status;
}

enum spt_status spt_alerts_checkpoint(struct spt_alerts *alerts, const struct spt_checkpoint_ref *ref,
                                      const struct spt_outcome *outcome, struct spt_error *error) {
    if (alerts->rule_count == 0) return SPT_OK;
    if (outcome && (outcome->stopped || outcome->state != SPT_STATE_ANALYSED)) return SPT_OK;
    const struct branch *branch = ref ? find_branch(alerts, ref->branch) : NULL;
    const bool next = ref && outcome && !alerts->stale && ref->step != SPT_NO_STEP && !is_judged(alerts, ref->uri) &&
                      (!branch || branch->last < ref->step);
    alerts->stale = true;
    enum spt_status status;
    if (next) {
        const struct spt_store_checkpoint row = {
            .id = outcome->id,
            .branch = ref->branch,
            .label = ref->label,
            .uri = ref->uri,
            .step = ref->step,
            .digest = outcome->digest,
            .state = outcome->state,
        };
        status = note_row(alerts, &row, error);
        if (status == SPT_OK) status = judge(alerts, &row, 1, false, error);
    } else {
        status = judge_all(alerts, error);
    }
    alerts->stale = status != SPT_OK;
    return status;
}

enum spt_status spt_alerts_idle(struct spt_alerts *alerts, double now, double last_new, int64_t step,
                                struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < alerts->rule_count && status == SPT_OK; i++) {
        struct spt_rule *rule = &alerts->rules[i];
        if (rule->alert->when != SPT_ALERT_STALLED || now - last_new < rule->alert->after) continue;
        if (rule->stalled && rule->stalled_at == step) continue;
        struct spt_alert_event event = {.rule = rule, .run = alerts->run, .value = NAN};
        event.figure = (struct spt_look){NULL, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER};
        event.row = (struct spt_store_event){.run = alerts->run->id, .step = step, .branch = (char *)""};
        status = raise_event(alerts, &event, error);
        rule->stalled = status == SPT_OK;
        rule->stalled_at = step;
    }
    return status;
}

/* --- a new start --- */
static size_t find_rule(const struct spt_alerts *alerts, const char *name) {
    size_t i = 0;
    while (i < alerts->rule_count && (!name || strcmp(alerts->rules[i].alert->name, name) != 0)) i++;
    return i;
}

/* An event that an earlier process stored, and did not live to deliver. figure: its layer and head. */
static enum spt_status deliver_late(struct spt_alerts *alerts, const struct spt_rule *rule,
                                    const struct spt_store_event *stored, struct spt_look figure,
                                    const struct spt_store_checkpoint *rows, size_t count, struct spt_error *error) {
    struct spt_alert_event event = {.rule = rule, .run = alerts->run, .row = *stored, .figure = figure, .value = NAN};
    size_t i = 0;
    while (i < count && rows[i].id != stored->checkpoint) i++;
    if (i < count) event.label = rows[i].label;
    for (size_t k = 0; k < rule->look_count && !event.figure.metric; k++)
        if (spt_rule_level(rule, k, alerts->run, figure.layer, figure.head) < rule->levels)
            event.figure.metric = rule->looks[k].metric;
    const enum spt_status status = read_value(alerts, &event, i < count ? &rows[i] : NULL, error);
    return status == SPT_OK ? deliver(alerts, &event, error) : status;
}

static enum spt_status take_up_one(struct spt_alerts *alerts, size_t rule, const struct spt_store_event *event,
                                   const struct spt_store_checkpoint *rows, size_t count, struct spt_error *error) {
    char *label = NULL;
    struct spt_look figure = {NULL, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER};
    if (spt_alert_key_read(event->key, &label, &figure.layer, &figure.head) == SPT_NOMEM)
        return spt_fail_memory(error, 1, "an event");
    enum spt_status status = add_told(alerts, rule, event->branch, event->step, label, error);
    free(label);
    if (status == SPT_OK && event->delivery == SPT_DELIVERY_PENDING && alerts->rules[rule].alert->command.count)
        status = deliver_late(alerts, &alerts->rules[rule], event, figure, rows, count, error);
    if (event->delivery == SPT_DELIVERY_STARTED)
        spt_log(alerts->log, SPT_LOG_NOTE, "alert %s: whether its command ended is not known; it is not repeated: %s",
                event->rule, event->text);
    return status;
}

static enum spt_status take_up(struct spt_alerts *alerts, const struct spt_store_event *events, size_t event_count,
                               const struct spt_store_checkpoint *rows, size_t count, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < event_count && status == SPT_OK; i++) {
        const size_t rule = find_rule(alerts, events[i].rule); /* none: of another config, and left as it is */
        if (rule < alerts->rule_count) status = take_up_one(alerts, rule, &events[i], rows, count, error);
    }
    return status;
}

static enum spt_status begin(struct spt_alerts *alerts, struct spt_error *error) {
    struct spt_store_checkpoint *rows = NULL;
    struct spt_store_event *events = NULL;
    size_t count = 0, event_count = 0;
    enum spt_status status = spt_store_checkpoints(alerts->store, alerts->run->id, &rows, &count, error);
    if (status == SPT_OK)
        status = spt_store_events(alerts->store, alerts->run->id, "alert", &events, &event_count, error);
    if (status == SPT_OK) status = note_rows(alerts, rows, count, error);
    if (status == SPT_OK) status = take_up(alerts, events, event_count, rows, count, error);
    if (status == SPT_OK) status = judge(alerts, rows, count, true, error);
    spt_store_free_events(events, event_count);
    spt_store_free_checkpoints(rows, count);
    return status;
}

enum spt_status spt_alerts_new(const struct spt_config *config, const struct spt_log *log, struct spt_store *store,
                               const struct spt_store_run *run, bool (*stop)(void *context),
                               bool (*urgent)(void *context), void *context, struct spt_alerts **alerts,
                               struct spt_error *error) {
    const size_t count = config->alerts.count;
    struct spt_alerts *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "the alerts");
    *made =
        (struct spt_alerts){.log = log, .store = store, .run = run, .stop = stop, .urgent = urgent, .context = context};
    made->rules = spt_alloc_zeroed(count, sizeof *made->rules);
    enum spt_status status =
        made->rules ? spt_alerts_check(config, error) : spt_fail_memory(error, sizeof *made->rules, "the alerts");
    for (; made->rule_count < count && status == SPT_OK; made->rule_count++)
        status =
            spt_rule_init(&made->rules[made->rule_count], config, &config->alerts.items[made->rule_count], run, error);
    if (status == SPT_OK && count) status = begin(made, error);
    if (status != SPT_OK)
        spt_alerts_free(made);
    else
        *alerts = made;
    return status;
}

void spt_alerts_free(struct spt_alerts *alerts) {
    if (!alerts) return;
    forget_branches(alerts);
    for (size_t i = 0; i < alerts->told_count; i++) {
        free(alerts->told[i].branch);
        free(alerts->told[i].label);
    }
    free(alerts->told);
    free(alerts->branches);
    free(alerts->uris);
    free(alerts->rules);
    free(alerts);
}
