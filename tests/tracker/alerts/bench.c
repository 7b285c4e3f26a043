#include "tests/tracker/alerts/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char db[] = "alerts.db";

struct spt_config rules(const char *yaml) {
    struct spt_config config;
    struct spt_error error = {0};
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    if (spt_config_parse(&config, yaml, strlen(yaml), "c.yaml", &error) != SPT_OK) fail_msg("%s", error.message);
    return config;
}

int64_t put(struct spt_store *store, int64_t run, const char *branch, int64_t step, const char *label, uint64_t weights,
            const struct figure *figures) {
    static uint64_t version = 1000;
    struct spt_store_checkpoint row = fixture_row(label, step, version++);
    struct spt_error error = {0};
    row.branch = (char *)branch;
    row.digest = (struct spt_hash){weights, weights ? 1 : 0};
    assert_int_equal(spt_store_begin(store, run, &row, false, &error), SPT_OK);
    for (; figures && figures->metric; figures++) {
        const bool bad = isnan(figures->mean);
        const struct spt_measure measure = {fixture_metric(figures->metric),
                                            figures->layer,
                                            figures->head,
                                            figures->mean,
                                            NAN,
                                            NAN,
                                            NAN,
                                            bad ? 0 : 100,
                                            bad ? 100 : 0};
        assert_int_equal(spt_store_put_measure(store, &measure, &error), SPT_OK);
    }
    assert_int_equal(spt_store_commit(store, &error), SPT_OK);
    return row.id;
}

int64_t put_value(struct spt_store *store, int64_t run, int64_t step, const char *metric, double value) {
    char label[32];
    snprintf(label, sizeof label, "step%lld", (long long)step);
    const struct figure figures[] = {{metric, -1, -1, value}, {0}};
    return put(store, run, "", step, label, (uint64_t)step + 1, figures);
}

static void hear(void *context, enum spt_log_level level, const char *text) {
    struct heard *heard = context;
    spt_text_format(level == SPT_LOG_WARNING ? &heard->warnings : &heard->notes, "%s\n", text);
}

void open_bench(struct bench *bench, const char *yaml) {
    *bench = (struct bench){.config = rules(yaml), .store = fixture_open(db, SPT_STORE_WRITE)};
    fixture_run(bench->store);
    assert_int_equal(spt_store_runs(bench->store, &bench->runs, &bench->run_count, NULL), SPT_OK);
    bench->run = bench->runs[0];
    bench->log = (struct spt_log){hear, &bench->heard};
}

void begin_with(struct bench *bench, bool (*stop)(void *context), bool (*urgent)(void *context), void *context) {
    struct spt_error error = {0};
    if (spt_alerts_new(&bench->config, &bench->log, bench->store, &bench->run, stop, urgent, context, &bench->alerts,
                       &error) != SPT_OK)
        fail_msg("%s", error.message);
}

void begin(struct bench *bench, bool (*stop)(void *context), void *context) {
    begin_with(bench, stop, stop, context);
}

void again(struct bench *bench) {
    spt_alerts_free(bench->alerts);
    begin(bench, NULL, NULL);
}

void close_bench(struct bench *bench) {
    spt_alerts_free(bench->alerts);
    spt_store_free_runs(bench->runs, bench->run_count);
    spt_store_close(bench->store);
    spt_config_release(&bench->config);
    spt_text_release(&bench->heard.warnings);
    spt_text_release(&bench->heard.notes);
}

int fresh(void **state) {
    (void)state;
    static const char *const files[] = {"alerts.db", "alerts.db-wal", "alerts.db-shm", "events.jsonl", "ran"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
    return 0;
}

void step(struct bench *bench, int64_t step, const char *metric, double value) {
    char label[32];
    struct spt_error error = {0};
    snprintf(label, sizeof label, "step%lld", (long long)step);
    const struct spt_outcome outcome = {.state = SPT_STATE_ANALYSED,
                                        .id = put_value(bench->store, bench->run.id, step, metric, value),
                                        .digest = {(uint64_t)step + 1, 1}};
    const struct spt_checkpoint_ref ref = {.uri = label, .label = label, .branch = (char *)"", .step = step};
    if (spt_alerts_checkpoint(bench->alerts, &ref, &outcome, &error) != SPT_OK) fail_msg("%s", error.message);
}
