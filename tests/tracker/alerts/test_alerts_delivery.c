/* Events are told once, whatever ends between the store and the command, and commands are given what they need. */
#include "tests/tracker/alerts/bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/json.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_event_that_was_not_delivered_is_delivered_by_the_next_start, fresh),
        cmocka_unit_test_setup(told_to_stop_a_command_that_runs_has_its_time_and_none_is_begun, fresh),
        cmocka_unit_test_setup(urgently_told_to_stop_a_command_that_runs_is_ended_and_not_repeated, fresh),
        cmocka_unit_test_setup(killed_between_store_and_command_it_is_told_once, fresh),
        cmocka_unit_test_setup(killed_while_its_command_ran_it_is_not_repeated, fresh),
        cmocka_unit_test_setup(a_command_that_fails_or_hangs_is_said_and_kept, fresh),
        cmocka_unit_test_setup(an_event_of_a_rule_that_is_gone_is_left_alone, fresh),
        cmocka_unit_test_setup(two_programs_at_once_tell_it_once, fresh),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
