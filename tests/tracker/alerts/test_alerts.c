/* Rules over a store: each kind, each event once whatever happens between, and what their commands are given. */
#include "tests/tracker/store/store_fixture.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/json.h"
#include "checkpoints/base/text.h"
#include "tracker/alerts/alerts.h"
#include "tracker/ingest.h"

static char db[] = "alerts.db";

/* --- a store and its rules --- */
static struct spt_config rules(const char *yaml) {
    struct spt_config config;
    struct spt_error error = {0};
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    if (spt_config_parse(&config, yaml, strlen(yaml), "c.yaml", &error) != SPT_OK) fail_msg("%s", error.message);
    return config;
}

/* A figure of a checkpoint; ends with a name that is NULL. */
struct figure {
    const char *metric;
    int layer, head;
    double mean;
};

/* Stores a checkpoint; weights: its digest. Returns its id. */
static int64_t put(struct spt_store *store, int64_t run, const char *branch, int64_t step, const char *label,
                   uint64_t weights, const struct figure *figures) {
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

/* One with a single figure of the whole model. */
static int64_t put_value(struct spt_store *store, int64_t run, int64_t step, const char *metric, double value) {
    char label[32];
    snprintf(label, sizeof label, "step%lld", (long long)step);
    const struct figure figures[] = {{metric, -1, -1, value}, {0}};
    return put(store, run, "", step, label, (uint64_t)step + 1, figures);
}

struct heard {
    struct spt_text warnings, notes;
};

static void hear(void *context, enum spt_log_level level, const char *text) {
    struct heard *heard = context;
    spt_text_format(level == SPT_LOG_WARNING ? &heard->warnings : &heard->notes, "%s\n", text);
}

struct bench {
    struct spt_config config;
    struct spt_store *store;
    struct spt_store_run run;
    struct spt_store_run *runs;
    size_t run_count;
    struct heard heard;
    struct spt_log log;
    struct spt_alerts *alerts;
};

static void open_bench(struct bench *bench, const char *yaml) {
    *bench = (struct bench){.config = rules(yaml), .store = fixture_open(db, SPT_STORE_WRITE)};
    fixture_run(bench->store);
    assert_int_equal(spt_store_runs(bench->store, &bench->runs, &bench->run_count, NULL), SPT_OK);
    bench->run = bench->runs[0];
    bench->log = (struct spt_log){hear, &bench->heard};
}

static void begin_with(struct bench *bench, bool (*stop)(void *context), bool (*urgent)(void *context), void *context) {
    struct spt_error error = {0};
    if (spt_alerts_new(&bench->config, &bench->log, bench->store, &bench->run, stop, urgent, context, &bench->alerts,
                       &error) != SPT_OK)
        fail_msg("%s", error.message);
}

static void begin(struct bench *bench, bool (*stop)(void *context), void *context) {
    begin_with(bench, stop, stop, context);
}

static void again(struct bench *bench) {
    spt_alerts_free(bench->alerts);
    begin(bench, NULL, NULL);
}

static void close_bench(struct bench *bench) {
    spt_alerts_free(bench->alerts);
    spt_store_free_runs(bench->runs, bench->run_count);
    spt_store_close(bench->store);
    spt_config_release(&bench->config);
    spt_text_release(&bench->heard.warnings);
    spt_text_release(&bench->heard.notes);
}

static int fresh(void **state) {
    (void)state;
    static const char *const files[] = {"alerts.db", "alerts.db-wal", "alerts.db-shm", "events.jsonl", "ran"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
    return 0;
}

/* Stores a value as a watch does, and judges it. */
static void step(struct bench *bench, int64_t step, const char *metric, double value) {
    char label[32];
    struct spt_error error = {0};
    snprintf(label, sizeof label, "step%lld", (long long)step);
    const struct spt_outcome outcome = {.state = SPT_STATE_ANALYSED,
                                        .id = put_value(bench->store, bench->run.id, step, metric, value),
                                        .digest = {(uint64_t)step + 1, 1}};
    const struct spt_checkpoint_ref ref = {.uri = label, .label = label, .branch = (char *)"", .step = step};
    if (spt_alerts_checkpoint(bench->alerts, &ref, &outcome, &error) != SPT_OK) fail_msg("%s", error.message);
}

#define assert_texts(expected) assert_query(db, "SELECT text FROM event WHERE kind = 'alert' ORDER BY id", expected)

/* --- kinds --- */
static void a_figure_above_rings_at_the_checkpoint_that_makes_it_enough_in_a_row(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: sink appears, metric: sink.first_excess, above: 0.3, in_a_row: 3}]\n");
    begin(&b, NULL, NULL);
    static const double values[] = {0.4, 0.1, 0.31, 0.32, 0.3, 0.31, 0.35, 0.39, 0.5, 0.2, 0.9};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        step(&b, (int64_t)i * 10, "sink.first_excess", values[i]);
    assert_texts("sink.first_excess is 0.39, above 0.3, at step 70, 3 checkpoints in a row");
    assert_string_equal(b.heard.warnings.data,
                        "alert sink appears: sink.first_excess is 0.39, above 0.3, at step 70, 3 "
                        "checkpoints in a row\n");
    assert_query(
        db,
        "SELECT e.kind, e.rule, e.branch, e.step, e.delivery, e.key, c.label, e.run FROM event e JOIN checkpoint "
        "c ON c.id = e.checkpoint",
        "alert|sink appears||70|none|[\"sink appears\", \"\", 70, -1, -1]|step70|1");
    close_bench(&b);
}

static void below_any_and_a_single_layer_are_told_by_their_place(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: collapse, metric: rmt.participation, layer: 3, below: 2}\n"
                   "  - {name: any layer, metric: rmt.participation, layer: any, below: 2}\n"
                   "  - {name: any head, metric: sink.first, layer: any, head: any, above: 0.9}\n"
                   "  - {name: head of 2, metric: sink.first, layer: 2, head: any, above: 0.9}\n"
                   "  - {name: heads 3, metric: sink.first, layer: any, head: 3, above: 0.9}\n");
    const struct figure first[] = {{"rmt.participation", -1, -1, 1},
                                   {"rmt.participation", 3, -1, 2},
                                   {"rmt.participation", 5, -1, 1.5},
                                   {"rmt.participation", 3, 1, 1},
                                   {"sink.first", 2, 1, 0.95},
                                   {"sink.first", 4, -1, 0.99},
                                   {0}};
    const struct figure second[] = {{"rmt.participation", 3, -1, 1.25}, {"sink.first", 4, 3, 0.96}, {0}};
    put(b.store, b.run.id, "", 1, "step1", 1, first);
    put(b.store, b.run.id, "", 2, "step2", 2, second);
    begin(&b, NULL, NULL);
    assert_query(db, "SELECT rule, text FROM event WHERE kind = 'alert' ORDER BY rule",
                 "any head|sink.first of layer 2 head 1 is 0.95, above 0.9, at step 1\n"
                 "any layer|rmt.participation of layer 5 is 1.5, below 2, at step 1\n"
                 "collapse|rmt.participation of layer 3 is 1.25, below 2, at step 2\n"
                 "head of 2|sink.first of layer 2 head 1 is 0.95, above 0.9, at step 1\n"
                 "heads 3|sink.first of layer 4 head 3 is 0.96, above 0.9, at step 2");
    close_bench(&b);
}

static void weights_that_are_nan_are_told_by_loss_or_attention(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: nan, when: nan}\n"
                   "  - {name: law, when: nan, metric: rmt.law_kl}\n");
    static const struct figure fine[] = {
        {"loss", -1, -1, 2}, {"sink.first", 0, 0, 0.5}, {"rmt.law_kl", -1, -1, 1}, {0}};
    static const struct figure no_law[] = {
        {"loss", -1, -1, 2}, {"sink.first", 0, 0, 0.5}, {"rmt.law_kl", -1, -1, NAN}, {0}};
    static const struct figure no_head[] = {
        {"loss", -1, -1, 2}, {"sink.first", 2, 1, NAN}, {"sink.first", 2, 2, NAN}, {0}};
    static const struct figure no_loss[] = {{"loss", -1, -1, NAN}, {"sink.first", 2, 1, NAN}, {0}};
    static const struct figure nothing[] = {{0}}; /* not measured is not undefined */
    put(b.store, b.run.id, "", 1, "step1", 1, fine);
    put(b.store, b.run.id, "", 2, "step2", 2, no_law);
    put(b.store, b.run.id, "", 3, "step3", 3, no_head);
    put(b.store, b.run.id, "", 4, "step4", 4, no_loss); /* the same stretch */
    put(b.store, b.run.id, "", 5, "step5", 5, nothing);
    put(b.store, b.run.id, "", 6, "step6", 6, no_loss);
    begin(&b, NULL, NULL);
    assert_query(db, "SELECT rule, step, text FROM event WHERE kind = 'alert' ORDER BY rule, step",
                 "law|2|rmt.law_kl is undefined, at step 2\n"
                 "nan|3|NaN or infinite weights: sink.first of layer 2 head 1 is undefined, at step 3\n"
                 "nan|6|NaN or infinite weights: loss is undefined, at step 6");
    close_bench(&b);
}

static void the_same_weights_at_a_later_step_ring_within_a_branch(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: same, when: duplicate}]\n");
    put(b.store, b.run.id, "", 1, "step1", 7, NULL);
    put(b.store, b.run.id, "", 2, "step2", 8, NULL);
    put(b.store, b.run.id, "", 3, "step3", 8, NULL);
    put(b.store, b.run.id, "", 4, "step4", 7, NULL); /* of the same stretch as step 3 */
    put(b.store, b.run.id, "", 5, "step5", 9, NULL);
    put(b.store, b.run.id, "", 6, "step6", 7, NULL);
    put(b.store, b.run.id, "", SPT_NO_STEP, "main", 7, NULL);     /* the last one by another name */
    put(b.store, b.run.id, "stage2", 1, "stage2-step1", 7, NULL); /* where a branch begins */
    put(b.store, b.run.id, "stage2", 2, "stage2-step2", 7, NULL);
    put(b.store, b.run.id, "", 7, "step7", 0, NULL); /* no digest is no weights */
    put(b.store, b.run.id, "", 8, "step8", 0, NULL);
    begin(&b, NULL, NULL);
    assert_texts("the same weights as at step 2, at step 3\n"
                 "the same weights as at step 1, at step 6\n"
                 "the same weights as at step 1, at step 2 of stage2");
    close_bench(&b);
}

static void a_trainer_that_is_stuck_rings_once_a_standstill(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: stuck, when: stalled, after: 2h, command: [sh, -c, cat >> events.jsonl]}]\n");
    begin(&b, NULL, NULL);
    assert_int_equal(spt_alerts_idle(b.alerts, 7199, 0, SPT_NO_STEP, NULL), SPT_OK);
    assert_texts("");
    for (int i = 0; i < 3; i++) assert_int_equal(spt_alerts_idle(b.alerts, 7300 + i, 100, 512, NULL), SPT_OK);
    again(&b); /* a new watch, whose clock begins anew */
    assert_int_equal(spt_alerts_idle(b.alerts, 9000, 0, 512, NULL), SPT_OK);
    assert_int_equal(spt_alerts_idle(b.alerts, 9001, 9000, 513, NULL), SPT_OK);
    assert_texts("no new checkpoint for 7200 s; the newest is step 512");
    assert_int_equal(spt_alerts_idle(b.alerts, 16200, 9000, 513, NULL), SPT_OK);
    assert_texts("no new checkpoint for 7200 s; the newest is step 512\n"
                 "no new checkpoint for 7200 s; the newest is step 513");
    close_bench(&b);
    char *lines = NULL;
    size_t size;
    assert_int_equal(spt_file_read_all("events.jsonl", 10000, &lines, &size, NULL), SPT_OK);
    *strchr(lines, '\n') = '\0';
    char *time = strstr(lines, "\"time\": \"") + 9;
    memcpy(time, "WHEN................", 20);
    assert_string_equal(
        lines, "{\"rule\": \"stuck\", \"kind\": \"stalled\", \"run\": \"demo\", \"branch\": null, \"step\": 512, "
               "\"label\": null, \"metric\": null, \"layer\": null, \"head\": null, \"value\": null, "
               "\"threshold\": 7200, \"in_a_row\": null, \"time\": \"WHEN................\", \"text\": \"no new "
               "checkpoint for 7200 s; the newest is step 512\"}");
    free(lines);
}

/* --- once --- */
static const char TELL[] = "alerts:\n"
                           "  - {name: \"a \\\"bell\\\"\", metric: sink.first, layer: any, above: 0.5, in_a_row: 2, "
                           "command: [sh, -c, cat >> events.jsonl]}\n";

static size_t lines_of(const char *path) {
    char *text = NULL;
    size_t size = 0, count = 0;
    if (spt_file_read_all(path, 1 << 20, &text, &size, NULL) != SPT_OK) return 0;
    for (size_t i = 0; i < size; i++) count += text[i] == '\n';
    free(text);
    return count;
}

static void put_layer(struct bench *b, int64_t at, double value) {
    char label[32];
    snprintf(label, sizeof label, "step%lld", (long long)at);
    const struct figure figures[] = {{"sink.first", 4, -1, value}, {0}};
    put(b->store, b->run.id, "", at, label, (uint64_t)at + 1, figures);
}

static void assert_told_event(void) {
    char *text = NULL;
    size_t size;
    struct spt_json_document *document = NULL;
    assert_int_equal(lines_of("events.jsonl"), 1);
    assert_int_equal(spt_file_read_all("events.jsonl", 1 << 20, &text, &size, NULL), SPT_OK);
    assert_int_equal(spt_json_parse(text, size, "events.jsonl", 0, false, &document, NULL), SPT_OK);
    const struct spt_json *root = spt_json_root(document);
    assert_int_equal(spt_json_count(root), 14);
    assert_string_equal(spt_json_string(spt_json_get(root, "rule"), NULL), "a \"bell\"");
    assert_string_equal(spt_json_string(spt_json_get(root, "kind"), NULL), "above");
    assert_string_equal(spt_json_string(spt_json_get(root, "run"), NULL), "demo");
    assert_string_equal(spt_json_string(spt_json_get(root, "branch"), NULL), "");
    assert_int_equal(spt_json_integer(spt_json_get(root, "step"), -9), 2);
    assert_string_equal(spt_json_string(spt_json_get(root, "label"), NULL), "step2");
    assert_string_equal(spt_json_string(spt_json_get(root, "metric"), NULL), "sink.first");
    assert_int_equal(spt_json_integer(spt_json_get(root, "layer"), -9), 4);
    assert_int_equal(spt_json_kind(spt_json_get(root, "head")), SPT_JSON_NULL);
    assert_true(spt_json_number(spt_json_get(root, "value"), -9) == 0.75);
    assert_true(spt_json_number(spt_json_get(root, "threshold"), -9) == 0.5);
    assert_int_equal(spt_json_integer(spt_json_get(root, "in_a_row"), -9), 2);
    assert_int_equal(strlen(spt_json_string(spt_json_get(root, "time"), NULL)), 20);
    assert_string_equal(spt_json_string(spt_json_get(root, "text"), NULL),
                        "sink.first of layer 4 is 0.75, above 0.5, at step 2, 2 checkpoints in a row");
    spt_json_free(document);
    free(text);
}

static bool at_once(void *context) {
    (void)context;
    return true;
}

static void an_event_that_was_not_delivered_is_delivered_by_the_next_start(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, TELL);
    put_layer(&b, 1, 0.6);
    put_layer(&b, 2, 0.75);
    begin(&b, at_once, NULL); /* told to stop before the command began */
    assert_query(db, "SELECT delivery FROM event WHERE kind = 'alert'", "pending");
    assert_int_equal(lines_of("events.jsonl"), 0);
    again(&b);
    assert_query(db, "SELECT delivery, outcome FROM event WHERE kind = 'alert'", "done|NULL");
    assert_told_event();
    again(&b);
    assert_int_equal(lines_of("events.jsonl"), 1);
    close_bench(&b);
}

static bool from_the_second_question(void *context) {
    return ++*(int *)context > 1;
}

static const char SLOW[] = "alerts:\n"
                           "  - {name: slow, metric: loss, above: 1, command: [sh, -c, sleep 0.4; echo >> ran]}\n"
                           "  - {name: next, metric: loss, above: 1, command: [sh, -c, echo >> ran]}\n";

static void told_to_stop_a_command_that_runs_has_its_time_and_none_is_begun(void **state) {
    (void)state;
    struct bench b;
    int questions = 0;
    open_bench(&b, SLOW);
    put_value(b.store, b.run.id, 1, "loss", 2);
    begin_with(&b, from_the_second_question, NULL, &questions);
    assert_query(db, "SELECT rule, delivery, outcome FROM event WHERE kind = 'alert' ORDER BY id",
                 "slow|done|NULL\n"
                 "next|pending|NULL");
    assert_int_equal(lines_of("ran"), 1);
    again(&b);
    assert_int_equal(lines_of("ran"), 2);
    close_bench(&b);
}

static void urgently_told_to_stop_a_command_that_runs_is_ended_and_not_repeated(void **state) {
    (void)state;
    struct bench b;
    int questions = 0;
    open_bench(&b, "alerts:\n"
                   "  - {name: hangs, metric: loss, above: 1, command: [sh, -c, sleep 1000; echo >> ran]}\n");
    put_value(b.store, b.run.id, 1, "loss", 2);
    begin_with(&b, NULL, from_the_second_question, &questions);
    again(&b);
    assert_query(db, "SELECT delivery, outcome FROM event WHERE kind = 'alert'", "failed|was stopped with the watch");
    assert_int_equal(lines_of("ran"), 0);
    close_bench(&b);
}

static bool kill_self(void *context) {
    (void)context;
    raise(SIGKILL);
    return false;
}

static void killed_between_store_and_command_it_is_told_once(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, TELL);
    put_layer(&b, 1, 0.6);
    put_layer(&b, 2, 0.75);
    close_bench(&b);
    const pid_t process = fork();
    if (process == 0) {
        open_bench(&b, TELL);
        begin(&b, kill_self, NULL); /* asked between the event's transaction and its command */
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status));
    assert_query(db, "SELECT delivery FROM event WHERE kind = 'alert'", "pending");
    open_bench(&b, TELL);
    begin(&b, NULL, NULL);
    assert_told_event();
    close_bench(&b);
}

static void killed_while_its_command_ran_it_is_not_repeated(void **state) {
    (void)state;
    static const char yaml[] =
        "alerts: [{name: n, metric: loss, above: 1, command: [sh, -c, echo >> ran; kill -9 $PPID]}]\n";
    struct bench b;
    open_bench(&b, yaml);
    put_value(b.store, b.run.id, 1, "loss", 2);
    close_bench(&b);
    const pid_t process = fork();
    if (process == 0) {
        open_bench(&b, yaml);
        begin(&b, NULL, NULL);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status));
    assert_query(db, "SELECT delivery FROM event WHERE kind = 'alert'", "started");
    open_bench(&b, yaml);
    begin(&b, NULL, NULL);
    assert_query(db, "SELECT delivery FROM event WHERE kind = 'alert'", "started");
    assert_int_equal(lines_of("ran"), 1);
    assert_string_equal(b.heard.notes.data,
                        "alert n: whether its command ended is not known; it is not repeated: loss is 2, "
                        "above 1, at step 1\n");
    assert_null(b.heard.warnings.data);
    close_bench(&b);
}

static void a_command_that_fails_or_hangs_is_said_and_kept(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: fails, metric: loss, above: 1, command: [sh, -c, echo no route; exit 3]}\n"
                   "  - {name: hangs, metric: loss, above: 1, command: [sleep, '1000'], time_limit: 0.2}\n"
                   "  - {name: absent, metric: loss, above: 1, command: [no-such-command-here]}\n"
                   "  - {name: works, metric: loss, above: 1, command: [sh, -c, echo >> ran]}\n");
    begin(&b, NULL, NULL);
    step(&b, 5, "loss", 2);
    step(&b, 6, "loss", 3);
    again(&b);
    assert_query(db, "SELECT rule, delivery, outcome FROM event WHERE kind = 'alert' ORDER BY id",
                 "fails|failed|sh: ended with status 3: no route\n"
                 "hangs|failed|sleep: took longer than 0.2 s\n"
                 "absent|failed|no-such-command-here: cannot run the command: No such file or directory\n"
                 "works|done|NULL");
    assert_int_equal(lines_of("ran"), 1);
    assert_non_null(
        strstr(b.heard.warnings.data, "alert fails: its command failed: sh: ended with status 3: no route\n"));
    close_bench(&b);
}

static void an_event_of_a_rule_that_is_gone_is_left_alone(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, TELL);
    put_layer(&b, 1, 0.6);
    put_layer(&b, 2, 0.75);
    begin(&b, at_once, NULL);
    close_bench(&b);
    open_bench(&b, "alerts: [{name: other, metric: loss, above: 1}]\n");
    begin(&b, NULL, NULL);
    assert_query(db, "SELECT delivery FROM event WHERE kind = 'alert'", "pending");
    close_bench(&b);
    open_bench(&b, TELL);
    begin(&b, NULL, NULL);
    assert_told_event();
    close_bench(&b);
}

static void checkpoints_that_come_late_or_are_rewritten_tell_nothing_twice(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: n, metric: loss, above: 1, in_a_row: 2}]\n");
    begin(&b, NULL, NULL);
    step(&b, 10, "loss", 2);
    step(&b, 30, "loss", 2); /* rings: 10 and 30 */
    step(&b, 5, "loss", 2);  /* the stretch now begins earlier */
    step(&b, 20, "loss", 2);
    step(&b, 40, "loss", 2);
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", "30");
    step(&b, 20, "loss", 0); /* rewritten in place: 5 10 | 30 40, of which the first is a stretch without an event */
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", "30\n10");
    step(&b, 20, "loss", 3); /* and joined again */
    step(&b, 50, "loss", 3);
    again(&b);
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", "30\n10");
    close_bench(&b);
}

/* Whatever the order they come in, in the end every stretch that is long enough has an event, and judging anew adds none; in the order of
 * steps each has exactly one, where it became long enough. */
static void every_stretch_is_told_in_any_order_of_arrival(void **state) {
    (void)state;
    enum { STEPS = 14 };
    uint32_t seed = 12345;
    for (int round = 0; round < 30; round++) {
        struct bench b;
        char yaml[128];
        int order[STEPS], holds[STEPS];
        const int in_a_row = 1 + round % 3;
        fresh(NULL);
        snprintf(yaml, sizeof yaml, "alerts: [{name: n, metric: loss, above: 1, in_a_row: %d}]\n", in_a_row);
        open_bench(&b, yaml);
        begin(&b, NULL, NULL);
        for (int i = 0; i < STEPS; i++) {
            seed = seed * 1664525 + 1013904223;
            holds[i] = seed >> 16 & 1;
            order[i] = i;
        }
        for (int i = STEPS - 1; i > 0 && round >= 10; i--) {
            seed = seed * 1664525 + 1013904223;
            const int j = (int)((seed >> 8) % (unsigned)(i + 1)), kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        for (int i = 0; i < STEPS; i++) step(&b, order[i], "loss", holds[order[i]] ? 2 : 0);
        struct spt_store_event *events;
        size_t count, again_count;
        assert_int_equal(spt_store_events(b.store, b.run.id, "alert", &events, &count, NULL), SPT_OK);
        size_t long_enough = 0;
        for (int i = 0, begun = 0; i <= STEPS; i++) {
            if (i < STEPS && holds[i]) continue;
            if (i - begun >= in_a_row) {
                size_t within = 0;
                for (size_t e = 0; e < count; e++) within += events[e].step >= begun && events[e].step < i;
                assert_true(round < 10 ? within == 1 : within >= 1);
                if (round < 10) assert_int_equal(events[long_enough].step, begun + in_a_row - 1);
                long_enough++;
            }
            begun = i + 1;
        }
        if (round < 10) assert_int_equal(count, long_enough);
        spt_store_free_events(events, count);
        again(&b);
        assert_int_equal(spt_store_events(b.store, b.run.id, "alert", &events, &again_count, NULL), SPT_OK);
        assert_int_equal(again_count, count);
        spt_store_free_events(events, again_count);
        close_bench(&b);
    }
}

static void a_checkpoint_without_a_step_stands_alone(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: one, metric: loss, above: 1}\n"
                   "  - {name: two, metric: loss, above: 1, in_a_row: 2}\n");
    static const struct figure high[] = {{"loss", -1, -1, 2}, {0}};
    put(b.store, b.run.id, "", SPT_NO_STEP, "final", 1, high);
    put(b.store, b.run.id, "", SPT_NO_STEP, "main", 2, high);
    begin(&b, NULL, NULL);
    again(&b);
    assert_query(db, "SELECT rule, step, text FROM event WHERE kind = 'alert' ORDER BY id",
                 "one|NULL|loss is 2, above 1, at final\none|NULL|loss is 2, above 1, at main");
    close_bench(&b);
}

static void two_programs_at_once_tell_it_once(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, TELL);
    put_layer(&b, 1, 0.6);
    put_layer(&b, 2, 0.75);
    close_bench(&b);
    pid_t processes[2];
    for (int i = 0; i < 2; i++) {
        processes[i] = fork();
        if (processes[i] != 0) continue;
        struct spt_store *store = NULL;
        struct spt_store_run *runs;
        size_t count;
        struct spt_config config = rules(TELL);
        const struct spt_log log = {0};
        bool right = spt_store_open(db, SPT_STORE_WRITE, 100, &store, NULL) == SPT_OK &&
                     spt_store_runs(store, &runs, &count, NULL) == SPT_OK;
        struct spt_alerts *alerts = NULL;
        right = right && spt_alerts_new(&config, &log, store, runs, NULL, NULL, NULL, &alerts, NULL) == SPT_OK;
        spt_store_close(store);
        _exit(right ? 0 : 1);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(processes[i], &status, 0), processes[i]);
        assert_int_equal(status, 0);
    }
    assert_told_event();
}

/* --- configuration --- */
static void a_rule_that_cannot_be_judged_is_refused_at_its_place(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *message;
        bool of_model; /* only known when the run is */
    } cases[] = {
        {"alerts:\n  - {name: a, metric: sink.frist, above: 1}\n",
         "line 2, column 5: alerts: \"a\": no metric or group \"sink.frist\"; did you mean sink.first?", false},
        {"alerts:\n  - {name: a, metric: rmt, above: 1}\n", NULL, false},
        {"alerts:\n  - {name: a, metric: loss, layer: 2, above: 1}\n",
         "line 2, column 5: alerts: \"a\": loss is of the whole model, it has no layers", false},
        {"metrics: [rmt]\nalerts:\n  - {name: a, metric: loss, above: 1}\n",
         "line 3, column 5: alerts: \"a\": loss is not among the metrics that are measured", false},
        {"metrics: [rmt]\nalerts:\n  - {name: a, when: nan}\n",
         "line 3, column 5: alerts: \"a\": neither loss nor sink.first is among the metrics that are measured", false},
        {"alerts:\n  - {name: a, metric: sink.first, layer: 6, above: 1}\n",
         "line 2, column 5: alerts: \"a\": the model has no layer 6, its layers are 0 to 5", true},
        {"alerts:\n  - {name: a, metric: sink.first, layer: 5, head: 4, above: 1}\n",
         "line 2, column 5: alerts: \"a\": the model has no head 4, its heads are 0 to 3", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        struct spt_error error = {0};
        open_bench(&b, cases[i].yaml);
        assert_int_equal(spt_alerts_check(&b.config, &error), cases[i].of_model ? SPT_OK : SPT_INVALID);
        assert_int_equal(spt_alerts_new(&b.config, &b.log, b.store, &b.run, NULL, NULL, NULL, &b.alerts, &error),
                         SPT_INVALID);
        if (cases[i].message) assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.path, "c.yaml");
        close_bench(&b);
    }
}

static void every_curve_is_refused_as_it_has_no_figure(void **state) {
    (void)state;
    size_t curves = 0;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        char yaml[256];
        struct spt_error error = {0};
        snprintf(yaml, sizeof yaml, "alerts: [{name: a, metric: %s, above: 1}]\n", SPT_METRICS[i].name);
        struct spt_config config = rules(yaml);
        const bool curve = SPT_METRICS[i].points > 0;
        assert_int_equal(spt_alerts_check(&config, &error), curve ? SPT_INVALID : SPT_OK);
        if (curve) assert_non_null(strstr(error.message, "is a curve"));
        curves += curve;
        spt_config_release(&config);
    }
    assert_true(curves > 0);
}

static void without_rules_nothing_is_done(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "samples: 5\n");
    begin(&b, NULL, NULL);
    step(&b, 1, "loss", 2);
    assert_int_equal(spt_alerts_checkpoint(b.alerts, NULL, NULL, NULL), SPT_OK);
    assert_int_equal(spt_alerts_idle(b.alerts, 1e9, 0, 1, NULL), SPT_OK);
    assert_texts("");
    close_bench(&b);
    spt_alerts_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_figure_above_rings_at_the_checkpoint_that_makes_it_enough_in_a_row, fresh),
        cmocka_unit_test_setup(below_any_and_a_single_layer_are_told_by_their_place, fresh),
        cmocka_unit_test_setup(weights_that_are_nan_are_told_by_loss_or_attention, fresh),
        cmocka_unit_test_setup(the_same_weights_at_a_later_step_ring_within_a_branch, fresh),
        cmocka_unit_test_setup(a_trainer_that_is_stuck_rings_once_a_standstill, fresh),
        cmocka_unit_test_setup(an_event_that_was_not_delivered_is_delivered_by_the_next_start, fresh),
        cmocka_unit_test_setup(told_to_stop_a_command_that_runs_has_its_time_and_none_is_begun, fresh),
        cmocka_unit_test_setup(urgently_told_to_stop_a_command_that_runs_is_ended_and_not_repeated, fresh),
        cmocka_unit_test_setup(killed_between_store_and_command_it_is_told_once, fresh),
        cmocka_unit_test_setup(killed_while_its_command_ran_it_is_not_repeated, fresh),
        cmocka_unit_test_setup(a_command_that_fails_or_hangs_is_said_and_kept, fresh),
        cmocka_unit_test_setup(an_event_of_a_rule_that_is_gone_is_left_alone, fresh),
        cmocka_unit_test_setup(checkpoints_that_come_late_or_are_rewritten_tell_nothing_twice, fresh),
        cmocka_unit_test_setup(every_stretch_is_told_in_any_order_of_arrival, fresh),
        cmocka_unit_test_setup(a_checkpoint_without_a_step_stands_alone, fresh),
        cmocka_unit_test_setup(two_programs_at_once_tell_it_once, fresh),
        cmocka_unit_test_setup(a_rule_that_cannot_be_judged_is_refused_at_its_place, fresh),
        cmocka_unit_test_setup(every_curve_is_refused_as_it_has_no_figure, fresh),
        cmocka_unit_test_setup(without_rules_nothing_is_done, fresh),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
