#include "tracker/formats/prometheus.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"
#include "tracker/formats/names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* --- the text --- */
void spt_prometheus_put_gauge(struct spt_text *out, const char *name, const char *help) {
    spt_text_format(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_value(struct spt_text *out, const char *value) {
    const size_t length = strlen(value);
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t step = spt_unicode_decode(value + i, length - i, &code);
        if (value[i] == '\n')
            spt_text_put(out, "\\n");
        else if (step == 0)
            spt_text_put(out, "\xef\xbf\xbd");
        else
            spt_text_format(out, "%s%.*s", value[i] == '"' || value[i] == '\\' ? "\\" : "", (int)step, value + i);
        i += step ? step : 1;
    }
}

void spt_prometheus_put_sample(struct spt_text *out, const char *name, const struct spt_prometheus_label *labels,
                               size_t count, double value) {
    spt_text_put(out, name);
    for (size_t i = 0; i < count; i++) {
        spt_text_format(out, "%s%s=\"", i ? "," : "{", labels[i].name);
        put_value(out, labels[i].value);
        spt_text_put(out, i + 1 < count ? "\"" : "\"}");
    }
    if (isfinite(value))
        spt_text_format(out, " %.17g\n", value);
    else
        spt_text_format(out, " %s\n", isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}

/* --- what the store has --- */
struct one_run {
    const char *name; /* borrowed */
    struct spt_store_checkpoint *rows;
    size_t count;
    size_t *latest; /* [latest_count] rows: the latest analysed of each branch */
    size_t latest_count;
    struct spt_store_event *events;
    size_t event_count;
};

struct exposition {
    struct spt_text *out;
    struct spt_store *store;
    const struct spt_figure_choice *choice;
    struct one_run *runs; /* [count] */
    size_t count;
    const struct one_run *current;
};

static void release_run(struct one_run *run) {
    spt_store_free_checkpoints(run->rows, run->count);
    spt_store_free_events(run->events, run->event_count);
    free(run->latest);
}

/* Rows come by (branch, step), those without a step last: of a branch the last one with a step counts. */
static enum spt_status find_latest(struct one_run *run, struct spt_error *error) {
    run->latest = spt_alloc(run->count, sizeof *run->latest);
    if (!run->latest) return spt_fail_memory(error, run->count * sizeof *run->latest, "the latest checkpoints");
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_store_checkpoint *row = &run->rows[i];
        if (row->state != SPT_STATE_ANALYSED) continue;
        const struct spt_store_checkpoint *known =
            run->latest_count ? &run->rows[run->latest[run->latest_count - 1]] : NULL;
        if (!known || strcmp(known->branch, row->branch) != 0)
            run->latest[run->latest_count++] = i;
        else if (row->step != SPT_NO_STEP || known->step == SPT_NO_STEP)
            run->latest[run->latest_count - 1] = i;
    }
    return SPT_OK;
}

static enum spt_status read_run(struct spt_store *store, int64_t id, struct one_run *run, struct spt_error *error) {
    enum spt_status status = spt_store_checkpoints(store, id, &run->rows, &run->count, error);
    if (status == SPT_OK) status = spt_store_events(store, id, NULL, &run->events, &run->event_count, error);
    return status == SPT_OK ? find_latest(run, error) : status;
}

/* --- gauges of a run --- */
static void put_states(struct exposition *e, const struct one_run *run) {
    size_t states[SPT_STATE_COUNT] = {0};
    for (size_t i = 0; i < run->count; i++) states[run->rows[i].state]++;
    for (int i = 0; i < SPT_STATE_COUNT; i++) {
        const struct spt_prometheus_label labels[] = {{"run", run->name},
                                                      {"state", spt_state_name((enum spt_checkpoint_state)i)}};
        spt_prometheus_put_sample(e->out, "spectail_checkpoints", labels, 2, (double)states[i]);
    }
}

/* The number of events of each kind, at its first. */
static void put_events(struct exposition *e, const struct one_run *run) {
    for (size_t i = 0; i < run->event_count; i++) {
        size_t first = 0, count = 0;
        while (strcmp(run->events[first].kind, run->events[i].kind) != 0) first++;
        if (first < i) continue;
        for (size_t k = i; k < run->event_count; k++) count += strcmp(run->events[k].kind, run->events[i].kind) == 0;
        const struct spt_prometheus_label labels[] = {{"run", run->name}, {"kind", run->events[i].kind}};
        spt_prometheus_put_sample(e->out, "spectail_events", labels, 2, (double)count);
    }
}

static double step_of(const struct spt_store_checkpoint *row) {
    return row->step == SPT_NO_STEP ? NAN : (double)row->step;
}

static double finished_of(const struct spt_store_checkpoint *row) {
    struct tm parts = {0};
    if (!row->finished || !strptime(row->finished, "%Y-%m-%dT%H:%M:%S", &parts)) return NAN;
    return (double)timegm(&parts);
}

static double seconds_of(const struct spt_store_checkpoint *row) {
    return row->seconds;
}

/* Gauges of the latest checkpoint itself. */
static const struct {
    const char *name, *help;
    double (*value)(const struct spt_store_checkpoint *row); /* NAN: none */
} OF_LATEST[] = {
    {"spectail_checkpoint_step", "Step of the latest analysed checkpoint.", step_of},
    {"spectail_checkpoint_finished_timestamp_seconds", "When the analysis of the latest checkpoint was finished.",
     finished_of},
    {"spectail_checkpoint_analysis_seconds", "How long the analysis of the latest checkpoint took.", seconds_of},
};

static void put_of_latest(struct exposition *e, size_t gauge) {
    spt_prometheus_put_gauge(e->out, OF_LATEST[gauge].name, OF_LATEST[gauge].help);
    for (size_t i = 0; i < e->count; i++) {
        for (size_t k = 0; k < e->runs[i].latest_count; k++) {
            const struct spt_store_checkpoint *row = &e->runs[i].rows[e->runs[i].latest[k]];
            const double value = OF_LATEST[gauge].value(row);
            const struct spt_prometheus_label labels[] = {{"run", e->runs[i].name}, {"branch", row->branch}};
            if (!isnan(value)) spt_prometheus_put_sample(e->out, OF_LATEST[gauge].name, labels, 2, value);
        }
    }
}

static enum spt_status on_measure(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    struct exposition *e = context;
    char layer[16] = "", head[16] = "";
    (void)error;
    if (isnan(m->mean) || (m->head >= 0 && !e->choice->heads) || !spt_figure_chosen(e->choice, m->metric))
        return SPT_OK;
    if (m->layer >= 0) (void)snprintf(layer, sizeof layer, "%d", m->layer);
    if (m->head >= 0) (void)snprintf(head, sizeof head, "%d", m->head);
    const struct spt_prometheus_label labels[] = {{"run", e->current->name},
                                                  {"branch", m->checkpoint->branch},
                                                  {"metric", m->metric},
                                                  {"layer", layer},
                                                  {"head", head}};
    spt_prometheus_put_sample(e->out, "spectail_metric", labels, 5, m->mean);
    return SPT_OK;
}

static enum spt_status put_figures(struct exposition *e, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    spt_prometheus_put_gauge(e->out, "spectail_metric",
                             "Mean of a metric at the latest analysed checkpoint; without layer: the whole model.");
    for (size_t i = 0; i < e->count; i++) {
        e->current = &e->runs[i];
        for (size_t k = 0; k < e->runs[i].latest_count && status == SPT_OK; k++)
            status = spt_store_each_measure_of(e->store, &e->runs[i].rows[e->runs[i].latest[k]], on_measure, e, error);
    }
    return status;
}

static enum spt_status put_all(struct exposition *e, struct spt_error *error) {
    const struct spt_prometheus_label version = {"version", SPT_VERSION};
    spt_prometheus_put_gauge(e->out, "spectail_build_info", "The version of spectail that wrote this.");
    spt_prometheus_put_sample(e->out, "spectail_build_info", &version, 1, 1);
    spt_prometheus_put_gauge(e->out, "spectail_checkpoints", "Checkpoints of a run in each state.");
    for (size_t i = 0; i < e->count; i++) put_states(e, &e->runs[i]);
    for (size_t i = 0; i < sizeof OF_LATEST / sizeof *OF_LATEST; i++) put_of_latest(e, i);
    spt_prometheus_put_gauge(e->out, "spectail_events", "Alerts and other events of a run so far.");
    for (size_t i = 0; i < e->count; i++) put_events(e, &e->runs[i]);
    const enum spt_status status = put_figures(e, error);
    return status == SPT_OK && e->out->failed ? spt_fail_memory(error, e->out->length, "an export") : status;
}

static bool is_among(const int64_t *runs, size_t count, int64_t id) {
    for (size_t i = 0; i < count; i++)
        if (runs[i] == id) return true;
    return runs == NULL;
}

enum spt_status spt_prometheus_put(struct spt_text *out, struct spt_store *store, const int64_t *runs, size_t count,
                                   const struct spt_figure_choice *choice, struct spt_error *error) {
    struct spt_store_run *all = NULL;
    size_t all_count = 0;
    struct exposition e = {.out = out, .store = store, .choice = choice};
    enum spt_status status = spt_store_runs(store, &all, &all_count, error);
    if (status != SPT_OK) return status;
    char **names = spt_run_names(all, all_count);
    e.runs = spt_alloc_zeroed(all_count, sizeof *e.runs);
    if (!names || !e.runs) status = spt_fail_memory(error, all_count * sizeof *e.runs, "runs");
    for (size_t i = 0; i < all_count && status == SPT_OK; i++) {
        if (!is_among(runs, count, all[i].id)) continue;
        e.runs[e.count].name = names[i];
        status = read_run(store, all[i].id, &e.runs[e.count++], error);
    }
    if (status == SPT_OK) status = put_all(&e, error);
    for (size_t i = 0; i < e.count; i++) release_run(&e.runs[i]);
    free(e.runs);
    spt_run_names_free(names, all_count);
    spt_store_free_runs(all, all_count);
    return status;
}

enum spt_status spt_prometheus_figures(const struct spt_export *export, struct spt_destination *output,
                                       struct spt_error *error) {
    int64_t *runs = spt_alloc(export->run_count, sizeof *runs);
    if (!runs) return spt_fail_memory(error, export->run_count * sizeof *runs, "runs");
    for (size_t i = 0; i < export->run_count; i++) runs[i] = export->runs[i].id;
    const enum spt_status status =
        spt_prometheus_put(&output->text, export->store, runs, export->run_count, &export->choice, error);
    free(runs);
    return status;
}
