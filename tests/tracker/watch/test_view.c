/* The view in a pseudo terminal: what it writes there, what it leaves, and the figures it reads from a store. */
#include "tests/tracker/store/store_fixture.h"

#include "checkpoints/base/text.h"
#include "tracker/watch/history.h"
#include "tracker/watch/view.h"

#include <fcntl.h>
#include <math.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char PATH[] = "view.db";

struct terminal {
    int master, slave;
    struct spt_text seen;
};

static struct terminal open_terminal(unsigned short columns, unsigned short rows) {
    struct terminal terminal = {0};
    const struct winsize size = {.ws_col = columns, .ws_row = rows};
    assert_int_equal(openpty(&terminal.master, &terminal.slave, NULL, NULL, &size), 0);
    assert_int_equal(fcntl(terminal.master, F_SETFL, O_NONBLOCK), 0);
    return terminal;
}

static void close_terminal(struct terminal *terminal) {
    close(terminal->master);
    close(terminal->slave);
    spt_text_release(&terminal->seen);
}

/* All that was written since the last call. */
static const char *see(struct terminal *terminal) {
    char bytes[4096];
    ssize_t length;
    spt_text_clear(&terminal->seen);
    while ((length = read(terminal->master, bytes, sizeof bytes)) > 0)
        spt_text_append(&terminal->seen, bytes, (size_t)length);
    return terminal->seen.data ? terminal->seen.data : "";
}

static void assert_begins(const char *text, const char *beginning) {
    assert_int_equal(strncmp(text, beginning, strlen(beginning)), 0);
}

static size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++) count++;
    return count;
}

static const struct spt_watched ITEMS[] = {
    {.label = "step1", .branch = "", .step = 1, .state = SPT_WATCHED_ANALYSED},
    {.label = "step2", .branch = "", .step = 2, .state = SPT_WATCHED_REFUSED, .reason = "cut"},
    {.label = "step3", .branch = "", .step = 3, .state = SPT_WATCHED_CHANGING},
};

static struct spt_watched_run run_of(const struct spt_store_run *stored) {
    return (struct spt_watched_run){
        .path = "out/demo",
        .name = "demo",
        .run = stored,
        .items = ITEMS,
        .count = 3,
        .states = {[SPT_WATCHED_ANALYSED] = 1, [SPT_WATCHED_CHANGING] = 1, [SPT_WATCHED_REFUSED] = 1},
        .newest = 3,
        .analysed = 1,
    };
}

static void a_terminal_is_drawn_on_unless_it_is_dumb_or_a_pipe(void **state) {
    (void)state;
    struct terminal terminal = open_terminal(80, 24);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    setenv("TERM", "xterm", 1);
    assert_true(spt_view_possible(terminal.slave));
    assert_false(spt_view_possible(ends[1]));
    setenv("TERM", "dumb", 1);
    assert_false(spt_view_possible(terminal.slave));
    unsetenv("TERM");
    assert_false(spt_view_possible(terminal.slave));
    close(ends[0]);
    close(ends[1]);
    close_terminal(&terminal);
}

static struct spt_view *view_on(const struct terminal *terminal, struct spt_config *config) {
    struct spt_view *view;
    assert_int_equal(spt_config_init(config, NULL), SPT_OK);
    assert_int_equal(spt_view_new(terminal->slave, config, &view, NULL), SPT_OK);
    return view;
}

static void each_write_leaves_the_terminal_as_it_was(void **state) {
    (void)state;
    struct terminal terminal = open_terminal(60, 24);
    struct spt_config config;
    setenv("NO_COLOR", "1", 1);
    setenv("LC_ALL", "C", 1);
    struct spt_view *view = view_on(&terminal, &config);
    const struct spt_watch_observer observer = spt_view_observer(view);
    const struct spt_watched_run run = run_of(NULL);
    observer.state(observer.context, NULL, &run, 1, -1);
    const char *first = see(&terminal);
    assert_begins(first, "\r\033[?25l\033[?7ldemo  3 checkpoints");
    assert_string_equal(first + strlen(first) - strlen("\033[J\033[?7h\033[?25h"), "\033[J\033[?7h\033[?25h");
    const size_t lines = count_of(first, "\n");
    observer.state(observer.context, NULL, &run, 1, -1);
    char up[32];
    (void)snprintf(up, sizeof up, "\r\033[%zuA\033[?25l", lines);
    assert_begins(see(&terminal), up);
    assert_int_equal(count_of(terminal.seen.data, "\033[?25l"), count_of(terminal.seen.data, "\033[?25h"));
    assert_int_equal(count_of(terminal.seen.data, "\033[1m"), 0); /* NO_COLOR */
    spt_view_finish(view);
    assert_non_null(strstr(see(&terminal), "1 refused")); /* the last state stays */
    observer.state(observer.context, NULL, &run, 1, -1);
    spt_view_free(view);
    assert_string_equal(see(&terminal), ""); /* and is not touched any more */
    spt_config_release(&config);
    close_terminal(&terminal);
}

static void a_terminal_that_became_narrower_is_cleared_from_the_first_wrapped_row(void **state) {
    (void)state;
    struct terminal terminal = open_terminal(60, 24);
    struct spt_config config;
    struct spt_view *view = view_on(&terminal, &config);
    const struct spt_watch_observer observer = spt_view_observer(view);
    const struct spt_watched_run run = run_of(NULL);
    observer.state(observer.context, NULL, &run, 1, -1);
    const size_t lines = count_of(see(&terminal), "\n");
    assert_int_equal(lines, 4);
    /* title 52 columns, lag 57, "  refused  step2  cut" 21, foot 60: in 30 columns 2 + 2 + 1 + 2 rows */
    const struct winsize narrow = {.ws_col = 30, .ws_row = 24};
    assert_int_equal(ioctl(terminal.master, TIOCSWINSZ, &narrow), 0);
    observer.state(observer.context, NULL, &run, 1, -1);
    assert_begins(see(&terminal), "\r\033[7A\033[?25l");
    spt_view_free(view);
    spt_config_release(&config);
    close_terminal(&terminal);
}

static void print_text(void *context, enum spt_log_level level, const char *text) {
    (void)level;
    (void)dprintf(*(const int *)context, "warning: %s\n", text);
}

static void what_the_libraries_say_stands_above_the_block(void **state) {
    (void)state;
    struct terminal terminal = open_terminal(60, 24);
    struct spt_config config;
    struct spt_view *view = view_on(&terminal, &config);
    const struct spt_watch_observer observer = spt_view_observer(view);
    const struct spt_log printer = {.emit = print_text, .context = &terminal.slave};
    const struct spt_log log = spt_view_log(view, &printer);
    const struct spt_watched_run run = run_of(NULL);
    spt_log(&log, SPT_LOG_WARNING, "early");
    assert_string_equal(see(&terminal), "warning: early\r\n"); /* nothing is drawn yet */
    observer.state(observer.context, NULL, &run, 1, -1);
    see(&terminal);
    spt_log(&log, SPT_LOG_WARNING, "late");
    assert_begins(see(&terminal), "\r\033[4A\033[Jwarning: late\r\n\r\033[?25l");
    assert_non_null(strstr(terminal.seen.data, "demo  3"));
    spt_view_free(view);
    spt_config_release(&config);
    close_terminal(&terminal);
}

static void layers_are_drawn_a_few_times_a_second_however_many_there_are(void **state) {
    (void)state;
    struct terminal terminal = open_terminal(80, 24);
    struct spt_config config;
    struct spt_view *view = view_on(&terminal, &config);
    const struct spt_watch_observer observer = spt_view_observer(view);
    const struct spt_watched_run run = run_of(NULL);
    const struct spt_checkpoint_ref ref = {.label = (char[]){"step3"}, .branch = (char[]){""}, .step = 3};
    observer.state(observer.context, NULL, &run, 1, 0);
    observer.begin(observer.context, &run, &ref);
    const time_t began = time(NULL);
    for (size_t layer = 0; layer < 20000; layer++) observer.layer(observer.context, layer, 20000);
    const size_t draws = count_of(see(&terminal), "\033[?25l");
    assert_true(draws <= 2 + 5 * (size_t)(time(NULL) - began + 1));
    spt_view_free(view);
    spt_config_release(&config);
    close_terminal(&terminal);
}

/* --- figures of the store --- */
static void a_store_with(struct spt_store *store, int64_t run, const char *uri, int64_t step, double loss,
                         int64_t *id) {
    struct spt_store_checkpoint row = fixture_row(uri, step, 1);
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    const struct spt_measure measures[] = {
        {fixture_metric("rmt.gap"), -1, -1, loss / 10, NAN, NAN, NAN, 4, 0},
        {fixture_metric("loss"), -1, -1, loss, NAN, NAN, NAN, 4, 0},
        {fixture_metric("loss"), 0, -1, 1000, NAN, NAN, NAN, 4, 0},
    };
    for (size_t i = 0; i < 3; i++) assert_int_equal(spt_store_put_measure(store, &measures[i], NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    *id = row.id;
}

static void assert_values(const struct spt_screen_series *series, const char *name, const double *values,
                          size_t count) {
    assert_string_equal(series->name, name);
    assert_int_equal(series->count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(isnan(values[i]) ? isnan(series->values[i]) : fabs(series->values[i] - values[i]) < 1e-12);
}

static void the_past_is_read_once_and_extended_in_step_order(void **state) {
    (void)state;
    int64_t id;
    struct spt_config config;
    struct spt_history *history;
    size_t count;
    unlink(PATH);
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    a_store_with(store, run, "step10", 10, 9, &id);
    a_store_with(store, run, "step30", 30, 7, &id);
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    assert_int_equal(spt_history_new(&config, &history, NULL), SPT_OK);
    assert_null(spt_history_series(history, &count));
    assert_int_equal(spt_history_read(history, store, run, NULL), SPT_OK);
    const struct spt_screen_series *series = spt_history_series(history, &count);
    assert_int_equal(count, 2);
    assert_values(&series[0], "loss", (const double[]){9, 7}, 2);
    assert_values(&series[1], "rmt.gap", (const double[]){0.9, 0.7}, 2);
    a_store_with(store, run, "step20", 20, 8, &id); /* out of order */
    assert_int_equal(spt_history_add(history, store, id, "", 20, NULL), SPT_OK);
    a_store_with(store, run, "step40", 40, NAN, &id);
    assert_int_equal(spt_history_add(history, store, id, NULL, 40, NULL), SPT_OK);
    a_store_with(store, run, "again10", 10, 5, &id); /* in place of the old one */
    assert_int_equal(spt_history_add(history, store, id, "", 10, NULL), SPT_OK);
    a_store_with(store, run, "main", 50, 1, &id);
    assert_int_equal(spt_history_add(history, store, id, "", SPT_NO_STEP, NULL), SPT_OK); /* on no axis */
    series = spt_history_series(history, &count);
    assert_values(&series[0], "loss", (const double[]){5, 8, 7, NAN}, 4);
    assert_int_equal(spt_history_add(history, store, id, "other", 5, NULL), SPT_OK); /* a series of its own */
    series = spt_history_series(history, &count);
    assert_values(&series[0], "loss", (const double[]){1}, 1);
    spt_history_free(history);
    spt_config_release(&config);
    spt_store_close(store);
}

static void the_configuration_says_which_figures(void **state) {
    (void)state;
    int64_t id;
    struct spt_config config;
    struct spt_history *history;
    size_t count;
    unlink(PATH);
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    a_store_with(store, run, "step10", 10, 9, &id);
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    assert_int_equal(spt_config_set(&config, "metrics", "rmt", "--metrics", NULL), SPT_OK);
    assert_int_equal(spt_history_new(&config, &history, NULL), SPT_OK);
    assert_int_equal(spt_history_read(history, store, run, NULL), SPT_OK);
    const struct spt_screen_series *series = spt_history_series(history, &count);
    assert_int_equal(count, 1);
    assert_values(&series[0], "rmt.gap", (const double[]){0.9}, 1);
    spt_history_free(history);
    spt_config_release(&config);
    spt_store_close(store);
}

static void figures_and_events_of_the_store_are_drawn(void **state) {
    (void)state;
    int64_t id;
    struct terminal terminal = open_terminal(80, 24);
    struct spt_config config;
    struct spt_store_run *runs;
    size_t count;
    unlink(PATH);
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t stored = fixture_run(store);
    a_store_with(store, stored, "step1", 1, 6.5, &id);
    struct spt_store_event event = {.kind = (char[]){"alert"},
                                    .run = stored,
                                    .step = 1,
                                    .branch = (char[]){""},
                                    .time = (char[]){"2026-11-22T17:30:01Z"},
                                    .text = (char[]){"loss is high"}};
    assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    assert_int_equal(spt_store_runs(store, &runs, &count, NULL), SPT_OK);
    struct spt_view *view = view_on(&terminal, &config);
    const struct spt_watch_observer observer = spt_view_observer(view);
    const struct spt_watched_run run = run_of(&runs[0]);
    const struct spt_checkpoint_ref ref = {.label = (char[]){"step3"}, .branch = (char[]){""}, .step = 3};
    const struct spt_outcome outcome = {.state = SPT_STATE_ANALYSED, .id = id + 1};
    observer.state(observer.context, store, &run, 1, -1);
    assert_non_null(strstr(see(&terminal), "loss            6.5"));
    assert_non_null(strstr(terminal.seen.data, "alert  17:30:01Z  loss is high"));
    a_store_with(store, stored, "step3", 3, 4.25, &id);
    observer.begin(observer.context, &run, &ref);
    observer.end(observer.context, store, &run, &ref, &outcome);
    observer.state(observer.context, store, &run, 1, -1);
    assert_non_null(strstr(see(&terminal), "loss           4.25"));
    spt_view_free(view);
    spt_store_free_runs(runs, count);
    spt_config_release(&config);
    spt_store_close(store);
    close_terminal(&terminal);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_is_drawn_on_unless_it_is_dumb_or_a_pipe),
        cmocka_unit_test(each_write_leaves_the_terminal_as_it_was),
        cmocka_unit_test(a_terminal_that_became_narrower_is_cleared_from_the_first_wrapped_row),
        cmocka_unit_test(what_the_libraries_say_stands_above_the_block),
        cmocka_unit_test(layers_are_drawn_a_few_times_a_second_however_many_there_are),
        cmocka_unit_test(the_past_is_read_once_and_extended_in_step_order),
        cmocka_unit_test(the_configuration_says_which_figures),
        cmocka_unit_test(figures_and_events_of_the_store_are_drawn),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
