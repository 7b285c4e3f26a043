/* What a watch looks like: screens compared with what they were drawn to be, by hand. */
#include "tracker/watch/screen.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checkpoints/base/unicode.h"
#include "tracker/watch/sparkline.h"

static void assert_screen(const struct spt_screen *screen, const char *expected) {
    struct spt_text text = {0};
    size_t lines, newlines = 0;
    spt_screen_render(screen, &text, &lines);
    assert_false(text.failed);
    assert_string_equal(text.data ? text.data : "", expected);
    for (const char *at = text.data; (at = strchr(at, '\n')) != NULL; at++) newlines++;
    assert_int_equal(lines, newlines);
    spt_text_release(&text);
}

static const double LOSS[] = {8, 7, 6, 5, 4, 3, 2, 1}, SINK[] = {0, 0.25, NAN, 1};
static const struct spt_screen_series SERIES[] = {{"loss", LOSS, 8}, {"sink.first_excess", SINK, 4}};
static const struct spt_watched STUCK[] = {
    {.label = "step60",
     .branch = "",
     .reason = "/runs/step60/a/step60/shard 2 of 3 is missing",
     .step = 60,
     .state = SPT_WATCHED_WAITING,
     .next = 110},
    {.label = "step30",
     .branch = "",
     .reason = "/runs/step30: header is cut",
     .step = 30,
     .state = SPT_WATCHED_REFUSED},
};
static const struct spt_screen_event EVENTS[] = {
    {"2026-11-22T17:30:01Z", "sink: step 40: sink.first_excess above 0.3"}};

static struct spt_screen_run busy_run(void) {
    return (struct spt_screen_run){
        .title = "demo",
        .count = 7,
        .states =
            {[SPT_WATCHED_QUIET] = 2, [SPT_WATCHED_WAITING] = 1, [SPT_WATCHED_ANALYSED] = 3, [SPT_WATCHED_REFUSED] = 1},
        .newest = 60,
        .analysed = 40,
        .last_new = 80,
        .lag = {.steps = 20, .checkpoints = 3, .ahead = 2, .since = 40},
        .seconds = 4,
        .branch = "",
        .label = "step50",
        .began = 99,
        .layer = 3,
        .layers = 6,
        .stuck = STUCK,
        .stuck_count = 2,
        .series = SERIES,
        .series_count = 2,
        .events = EVENTS,
        .event_count = 1,
    };
}

static struct spt_screen screen_of(const struct spt_screen_run *runs, size_t count, size_t columns, size_t rows) {
    return (struct spt_screen){
        .columns = columns,
        .rows = rows,
        .unicode = true,
        .now = 100,
        .looked = 1795369068, /* 2026-11-22T17:37:48Z by date -u */
        .runs = runs,
        .count = count,
    };
}

static void a_run_at_work_is_shown_with_all_that_is_known(void **state) {
    (void)state;
    const struct spt_screen_run run = busy_run();
    const struct spt_screen screen = screen_of(&run, 1, 80, 24);
    assert_screen(&screen, "demo  7 checkpoints: 3 analysed, 2 queued, 1 waiting, 1 refused\n"
                           "  step50  ██████████░░░░░░░░░░  layer 3/6  0:01  4.00 s each, 0:11 left\n"
                           "  20 steps behind (2 checkpoints, for 1:00): newest 60, analysed 40\n"
                           "  loss                        1  █▇▆▅▄▃▂▁\n"
                           "  sink.first_excess           1  ▁▃ █\n"
                           "  waiting  step60  again in 0:10: a/step60/shard 2 of 3 is missing\n"
                           "  refused  step30  header is cut\n"
                           "  alert  17:30:01Z  sink: step 40: sink.first_excess above 0.3\n"
                           "looked at 2026-11-22T17:37:48Z; Ctrl-C ends after the checkpoint at work\n");
}

static void without_utf_8_there_is_ascii_only(void **state) {
    (void)state;
    struct spt_screen_run run = busy_run();
    run.title = "d\xc3\xa9mo \xe4\xb8\x80"; /* e with an acute; a wide character */
    run.event_count = 0;
    run.stuck_count = 0;
    struct spt_screen screen = screen_of(&run, 1, 60, 24);
    screen.unicode = false;
    assert_screen(&screen, "d?mo ??  7 checkpoints: 3 analysed, 2 queued, 1 waiting, 1 ~\n"
                           "  step50  [#######........]  layer 3/6  0:01  4.00 s each, ~\n"
                           "  20 steps behind (2 checkpoints, for 1:00): newest 60, ana~\n"
                           "  loss                        1  #*+=-,._\n"
                           "  sink.first_excess           1  _, #\n"
                           "looked at 2026-11-22T17:37:48Z; Ctrl-C ends after the check~\n");
}

static void what_is_idle_says_how_far_it_is(void **state) {
    (void)state;
    struct spt_screen_run runs[3] = {busy_run(), busy_run(), busy_run()};
    for (size_t i = 0; i < 3; i++) {
        runs[i].label = NULL;
        runs[i].series_count = runs[i].stuck_count = runs[i].event_count = 0;
        runs[i].lag = (struct spt_watch_lag){.steps = 0, .since = NAN};
    }
    runs[0].newest = 40;
    runs[1].title = "out/new";
    runs[1].reason = "no checkpoint yet";
    runs[1].count = 0;
    runs[2].analysed = SPT_NO_STEP;
    runs[2].lag = (struct spt_watch_lag){.steps = SPT_NO_STEP, .checkpoints = 2, .ahead = 2, .since = 90};
    struct spt_screen screen = screen_of(runs, 3, 78, 24);
    assert_screen(&screen, "demo  7 checkpoints: 3 analysed, 2 queued, 1 waiting, 1 refused\n"
                           "  up to date with step 40; the newest came 0:20 ago\n"
                           "out/new  no checkpoint yet\n"
                           "demo  7 checkpoints: 3 analysed, 2 queued, 1 waiting, 1 refused\n"
                           "  nothing analysed yet; step 60 is on disk; the newest came 0:20 ago\n"
                           "looked at 2026-11-22T17:37:48Z; Ctrl-C ends after the checkpoint at work\n");
    screen.ended = true;
    screen.count = 1;
    assert_screen(&screen, "demo  7 checkpoints: 3 analysed, 2 queued, 1 waiting, 1 refused\n"
                           "  up to date with step 40; the newest came 0:20 ago\n"
                           "ended; the last look was at 2026-11-22T17:37:48Z\n");
}

static void colours_are_few_and_end_where_they_began(void **state) {
    (void)state;
    struct spt_screen_run run = busy_run();
    run.label = NULL;
    run.series_count = 0;
    struct spt_screen screen = screen_of(&run, 1, 200, 24);
    screen.colour = true;
    assert_screen(&screen,
                  "\033[1mdemo\033[0m  7 checkpoints: 3 analysed, 2 queued, 1 waiting\033[31m, 1 refused\033[0m\n"
                  "  20 steps behind (2 checkpoints, for 1:00): newest 60, analysed 40\n"
                  "  \033[33mwaiting\033[0m  step60  again in 0:10: a/step60/shard 2 of 3 is missing\n"
                  "  \033[31mrefused\033[0m  step30  header is cut\n"
                  "  \033[35malert\033[0m  17:30:01Z  sink: step 40: sink.first_excess above 0.3\n"
                  "\033[2mlooked at 2026-11-22T17:37:48Z; Ctrl-C ends after the checkpoint at work\033[0m\n");
}

static void what_a_name_holds_is_shown_and_not_obeyed(void **state) {
    (void)state;
    struct spt_screen_run run = busy_run();
    const struct spt_watched stuck = {
        .label = "step\033[2J1", .branch = "a\nb", .reason = "no\rfile", .state = SPT_WATCHED_REFUSED};
    const struct spt_screen_event event = {"\033", "\007 bell"};
    run.title = "\033]0;owned\007";
    run.label = "x\ty";
    run.series_count = 0;
    run.stuck = &stuck;
    run.stuck_count = 1;
    run.events = &event;
    const struct spt_screen screen = screen_of(&run, 1, 120, 24);
    struct spt_text text = {0};
    size_t lines;
    spt_screen_render(&screen, &text, &lines);
    for (size_t i = 0; i < text.length; i++) assert_true(text.data[i] == '\n' || (unsigned char)text.data[i] >= ' ');
    assert_int_equal(lines, 6);
    assert_non_null(strstr(text.data, "a\\x0ab/step\\x1b[2J1"));
    spt_text_release(&text);
}

/* Columns of each line, marks and wide characters counted as a terminal does. */
static void assert_fits(const struct spt_text *text, size_t lines, size_t columns, size_t rows) {
    size_t width = 0, found = 0;
    for (size_t at = 0; at < text->length;) {
        uint32_t code;
        const size_t size = spt_unicode_decode(text->data + at, text->length - at, &code);
        assert_true(size > 0);
        at += size;
        if (code == '\n') {
            assert_true(width <= columns);
            width = 0;
            found++;
        } else {
            width += spt_unicode_width(code);
        }
    }
    assert_int_equal(found, lines);
    assert_true(lines <= (rows > 1 ? rows - 1 : 1));
}

static void every_size_of_a_terminal_is_kept_to(void **state) {
    (void)state;
    struct spt_screen_run runs[9];
    struct spt_watched stuck[24];
    for (size_t i = 0; i < 24; i++) stuck[i] = STUCK[i % 2];
    for (size_t i = 0; i < 9; i++) {
        runs[i] = busy_run();
        runs[i].title = "\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80 run";
        runs[i].stuck = stuck;
        runs[i].stuck_count = 24;
        runs[i].stuck_more = 100;
    }
    for (size_t count = 0; count <= 9; count += 3)
        for (size_t rows = 1; rows < 60; rows++)
            for (size_t columns = 1; columns < 130; columns += 3) {
                struct spt_screen screen = screen_of(runs, count, columns, rows);
                struct spt_text text = {0};
                size_t lines;
                screen.unicode = columns % 2;
                screen.current = count ? count - 1 : 0;
                spt_screen_render(&screen, &text, &lines);
                assert_false(text.failed);
                assert_fits(&text, lines, columns, rows);
                spt_text_release(&text);
            }
}

static void where_rows_are_few_the_run_at_work_is_among_those_shown(void **state) {
    (void)state;
    struct spt_screen_run runs[6];
    static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f"};
    for (size_t i = 0; i < 6; i++) {
        runs[i] = busy_run();
        runs[i].title = NAMES[i];
        runs[i].reason = "waits";
    }
    struct spt_screen screen = screen_of(runs, 6, 40, 5);
    screen.current = 4;
    assert_screen(&screen, "c  waits\nd  waits\ne  waits\n... and 3 more runs\n");
    screen.rows = 2;
    assert_screen(&screen, "e  waits\n");
}

static void what_does_not_fit_is_counted(void **state) {
    (void)state;
    struct spt_screen_run run = busy_run();
    run.label = NULL;
    run.series_count = run.event_count = 0;
    run.stuck_more = 5;
    const struct spt_screen screen = screen_of(&run, 1, 70, 6);
    assert_screen(&screen, "demo  7 checkpoints: 3 analysed, 2 queued, 1 waiting, 1 refused\n"
                           "  20 steps behind (2 checkpoints, for 1:00): newest 60, analysed 40\n"
                           "  waiting  step60  again in 0:10: a/step60/shard 2 of 3 is missing\n"
                           "  ... 6 more wait or are refused: spectail status names them\n"
                           "looked at 2026-11-22T17:37:48Z; Ctrl-C ends after the checkpoint at w…\n");
}

/* --- sparklines --- */
static void assert_sparkline(const double *values, size_t count, size_t cells, bool unicode, const char *expected) {
    struct spt_text text = {0};
    spt_sparkline(&text, values, count, cells, unicode);
    assert_string_equal(text.data ? text.data : "", expected);
    spt_text_release(&text);
}

static void a_sparkline_has_eight_heights_between_least_and_greatest(void **state) {
    (void)state;
    static const double RISING[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, EXTREME[] = {-1e308, 0, 1e308};
    assert_sparkline(RISING, 9, 20, true, "▁▂▃▄▅▆▇██");
    assert_sparkline(RISING, 9, 20, false, "_.,-=+*##");
    assert_sparkline(EXTREME, 3, 20, true, "▁▅█");
}

static void a_level_series_is_level_and_what_is_undefined_a_gap(void **state) {
    (void)state;
    static const double LEVEL[] = {3, 3, NAN, 3, INFINITY};
    assert_sparkline(LEVEL, 5, 20, true, "▄▄ ▄ ");
    assert_sparkline(LEVEL + 2, 1, 20, true, " ");
    assert_sparkline(LEVEL, 0, 20, true, "");
    assert_sparkline(LEVEL, 5, 0, true, "");
}

static void more_values_than_cells_are_averaged(void **state) {
    (void)state;
    static const double VALUES[] = {0, 2, 4, 6, 8, 8}; /* means 1, 5, 8 */
    assert_sparkline(VALUES, 6, 3, true, "▁▅█");
    double many[1000];
    for (size_t i = 0; i < 1000; i++) many[i] = (double)i;
    assert_sparkline(many, 1000, 8, true, "▁▂▃▄▅▆▇█");
}

/* --- words --- */
static void durations_are_said_as_clocks_do(void **state) {
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } CASES[] = {{0, "0:00"},           {7.4, "0:07"}, {245, "4:05"}, {3723, "1:02:03"}, {86399, "23:59:59"},
                 {277500, "3 d 05:05"}, {-5, "0:00"},  {NAN, "?"},    {INFINITY, "?"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct spt_text text = {0};
        spt_words_duration(&text, CASES[i].seconds);
        assert_string_equal(text.data, CASES[i].text);
        spt_text_release(&text);
    }
}

static void the_lag_counts_what_is_newer_than_the_newest_analysed(void **state) {
    (void)state;
    const struct spt_watched items[] = {
        {.label = "1", .step = 1, .state = SPT_WATCHED_ANALYSED, .changed = 1},
        {.label = "2", .step = 2, .state = SPT_WATCHED_WAITING, .changed = 2}, /* late, but not ahead */
        {.label = "3", .step = 3, .state = SPT_WATCHED_ANALYSED, .changed = 3},
        {.label = "4", .step = 4, .state = SPT_WATCHED_REFUSED, .changed = 4},
        {.label = "5", .step = 5, .state = SPT_WATCHED_QUIET, .changed = 9},
        {.label = "6", .step = 6, .state = SPT_WATCHED_CHANGING, .changed = 7},
        {.label = "main", .step = SPT_NO_STEP, .state = SPT_WATCHED_QUIET, .changed = 5},
    };
    struct spt_watched_run run = {.path = "x", .items = items, .count = 7, .newest = 6, .analysed = 3};
    struct spt_watch_lag lag = spt_watch_lag_of(&run);
    assert_int_equal(lag.steps, 3);
    assert_int_equal(lag.checkpoints, 4);
    assert_int_equal(lag.ahead, 2);
    assert_true(lag.since == 7);
    run.analysed = SPT_NO_STEP;
    lag = spt_watch_lag_of(&run);
    assert_true(lag.steps == SPT_NO_STEP);
    assert_true(lag.since == 2);
    run.count = 1;
    assert_true(isnan(spt_watch_lag_of(&run).since));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_at_work_is_shown_with_all_that_is_known),
        cmocka_unit_test(without_utf_8_there_is_ascii_only),
        cmocka_unit_test(what_is_idle_says_how_far_it_is),
        cmocka_unit_test(colours_are_few_and_end_where_they_began),
        cmocka_unit_test(what_a_name_holds_is_shown_and_not_obeyed),
        cmocka_unit_test(every_size_of_a_terminal_is_kept_to),
        cmocka_unit_test(where_rows_are_few_the_run_at_work_is_among_those_shown),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(a_sparkline_has_eight_heights_between_least_and_greatest),
        cmocka_unit_test(a_level_series_is_level_and_what_is_undefined_a_gap),
        cmocka_unit_test(more_values_than_cells_are_averaged),
        cmocka_unit_test(durations_are_said_as_clocks_do),
        cmocka_unit_test(the_lag_counts_what_is_newer_than_the_newest_analysed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
