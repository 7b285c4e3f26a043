/* A watch in plain lines: what is said, and that it is said once. */
#include "tracker/watch/lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct listener {
    struct spt_lines *lines;
    struct spt_watch_observer observer;
    FILE *stream;
    char *text;
    size_t size, heard; /* bytes; those that were looked at */
};

static int listen_to(void **state) {
    struct listener *l = calloc(1, sizeof *l);
    l->stream = open_memstream(&l->text, &l->size);
    assert_int_equal(spt_lines_new(l->stream, &l->lines, NULL), SPT_OK);
    l->observer = spt_lines_observer(l->lines);
    *state = l;
    return 0;
}

static int leave(void **state) {
    struct listener *l = *state;
    spt_lines_free(l->lines);
    fclose(l->stream);
    free(l->text);
    free(l);
    return 0;
}

/* What was said since the last call, without the times, each of which must be there. */
static void assert_said(struct listener *l, const char *expected) {
    char said[4096] = "";
    size_t length = 0;
    fflush(l->stream);
    for (char *line = l->text + l->heard, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        int used = 0;
        assert_int_equal(sscanf(line, "%*4d-%*2d-%*2dT%*2d:%*2d:%*2dZ %n", &used), 0);
        assert_int_equal(used, 21);
        memcpy(said + length, line + used, (size_t)(end + 1 - line - used));
        length += (size_t)(end + 1 - line - used);
    }
    said[length] = '\0';
    assert_string_equal(said, expected);
    l->heard = l->size;
}

/* A look that sees the items [count] of the run "demo". */
static void look(struct listener *l, const struct spt_watched *items, size_t count) {
    struct spt_watched_run run = {
        .path = "out/demo", .name = "demo", .items = items, .count = count, .newest = 6, .analysed = 4};
    for (size_t i = 0; i < count; i++) run.states[items[i].state]++;
    l->observer.state(l->observer.context, NULL, &run, 1, -1);
}

static void a_run_is_counted_when_it_is_seen_first(void **state) {
    struct listener *l = *state;
    const struct spt_watched items[] = {{.label = "step1", .step = 1, .state = SPT_WATCHED_ANALYSED},
                                        {.label = "step2", .step = 2, .state = SPT_WATCHED_REFUSED, .reason = "cut"},
                                        {.label = "step3", .step = 3, .state = SPT_WATCHED_CHANGING}};
    const struct spt_watched_run none = {.path = "out/de\nmo", .reason = "no checkpoint yet"};
    l->observer.state(l->observer.context, NULL, &none, 1, -1);
    l->observer.state(l->observer.context, NULL, &none, 1, -1);
    assert_said(l, "out/de\\x0amo: no checkpoint yet\n");
    look(l, items, 3);
    look(l, items, 3);
    assert_said(l, "demo: 3 checkpoints, 1 analysed, 1 refused\n");
}

static void what_waits_and_what_is_refused_is_said_once(void **state) {
    struct listener *l = *state;
    struct spt_watched items[] = {{.label = "step1", .step = 1, .state = SPT_WATCHED_CHANGING},
                                  {.label = "step1", .branch = "other", .step = 1, .state = SPT_WATCHED_CHANGING}};
    look(l, items, 2);
    assert_said(l, "demo: 2 checkpoints\n");
    items[0].state = SPT_WATCHED_WAITING;
    items[0].reason = "shard 2 of 3 is missing";
    for (int i = 0; i < 3; i++) look(l, items, 2);
    assert_said(l, "demo step1: waiting: shard 2 of 3 is missing\n");
    items[0].state = SPT_WATCHED_CHANGING; /* its writer goes on, and pauses again */
    look(l, items, 2);
    items[0].state = SPT_WATCHED_WAITING;
    items[1].state = SPT_WATCHED_WAITING;
    look(l, items, 2);
    assert_said(l, "demo other/step1: waiting\n");
    items[0].state = SPT_WATCHED_REFUSED;
    items[0].reason = "header is cut";
    look(l, items, 2);
    look(l, items, 2);
    assert_said(l, "demo step1: refused: header is cut\n");
}

static void another_refusal_after_its_files_changed_is_said(void **state) {
    struct listener *l = *state;
    struct spt_watched item = {.label = "step1", .step = 1, .state = SPT_WATCHED_REFUSED, .reason = "cut"};
    look(l, &item, 1);
    assert_said(l, "demo: 1 checkpoint, 1 refused\n");
    item.state = SPT_WATCHED_QUIET;
    look(l, &item, 1);
    item.state = SPT_WATCHED_REFUSED;
    look(l, &item, 1);
    assert_said(l, "demo step1: refused: cut\n");
    item.state = SPT_WATCHED_ANALYSED;
    look(l, &item, 1);
    item.state = SPT_WATCHED_WAITING;
    item.reason = NULL;
    look(l, &item, 1);
    assert_said(l, "demo step1: waiting\n");
}

static void an_analysed_checkpoint_is_a_line_with_its_figures_and_the_lag(void **state) {
    struct listener *l = *state;
    const struct spt_watched_run run = {.path = "out/demo", .name = "demo", .newest = 600, .analysed = 400};
    const struct spt_checkpoint_ref ref = {.label = (char[]){"step500"}, .branch = (char[]){""}, .step = 500},
                                    last = {.label = (char[]){"step600"}, .branch = (char[]){""}, .step = 600};
    struct spt_outcome outcome = {
        .state = SPT_STATE_ANALYSED, .loss = {true, 6.5}, .sink = {true, 0.25}, .seconds = 1.234};
    l->observer.end(l->observer.context, NULL, &run, &ref, &outcome);
    l->observer.end(l->observer.context, NULL, &run, &last, &outcome);
    assert_said(l, "demo step500: loss 6.5000  sink 0.2500  (1.23 s)  100 steps behind\n"
                   "demo step600: loss 6.5000  sink 0.2500  (1.23 s)\n");
}

static void what_vanished_is_said_and_what_was_stopped_is_not(void **state) {
    struct listener *l = *state;
    const struct spt_watched_run run = {.path = "out/demo", .name = "demo", .newest = 1, .analysed = SPT_NO_STEP};
    const struct spt_checkpoint_ref ref = {.label = (char[]){"step1"}, .branch = (char[]){""}, .step = 1};
    struct spt_outcome outcome = {.state = SPT_STATE_VANISHED, .reason = (char[]){"is gone"}};
    l->observer.end(l->observer.context, NULL, &run, &ref, &outcome);
    assert_said(l, "demo step1: vanished: is gone\n");
    outcome = (struct spt_outcome){.stopped = true};
    l->observer.end(l->observer.context, NULL, &run, &ref, &outcome);
    outcome = (struct spt_outcome){.state = SPT_STATE_INVALID, .reason = (char[]){"cut"}};
    l->observer.end(l->observer.context, NULL, &run, &ref, &outcome); /* the look after it says so */
    assert_said(l, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_counted_when_it_is_seen_first, listen_to, leave),
        cmocka_unit_test_setup_teardown(what_waits_and_what_is_refused_is_said_once, listen_to, leave),
        cmocka_unit_test_setup_teardown(another_refusal_after_its_files_changed_is_said, listen_to, leave),
        cmocka_unit_test_setup_teardown(an_analysed_checkpoint_is_a_line_with_its_figures_and_the_lag, listen_to,
                                        leave),
        cmocka_unit_test_setup_teardown(what_vanished_is_said_and_what_was_stopped_is_not, listen_to, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
