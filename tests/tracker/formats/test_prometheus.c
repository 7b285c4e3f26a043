/* The exposition, line by line, and as Prometheus' own promtool reads it. */
#include "fixture.h"
#include "tracker/formats/prometheus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct figure FIGURES[] = {
    {"loss", -1, -1, 7.25}, {"sink.first", 3, -1, 0.5}, {"sink.first", 3, 2, 0.625}, {"rmt.gap", -1, -1, NAN}};

static int fresh(void **state) {
    (void)state;
    return system("rm -f store.db*");
}

static void assert_line(const char *text, const char *line) {
    const char *at = strstr(text, line);
    if (!at || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n') fail_msg("no line %s in\n%s", line, text);
}

static void assert_without(const char *text, const char *part) {
    if (strstr(text, part)) fail_msg("%s in\n%s", part, text);
}

static void the_latest_checkpoint_of_each_branch_is_shown(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 2, &FIGURES[1], 1);
    fixture_put(store, run, "", 7, FIGURES, 4);
    fixture_put(store, run, "", SPT_NO_STEP, &FIGURES[1], 1); /* shown last, but not the latest */
    fixture_put(store, run, "b", SPT_NO_STEP, FIGURES, 1);
    char *text = fixture_export(store, "prometheus", 0, false, false);
    assert_line(text, "spectail_build_info{version=\"" SPT_VERSION "\"} 1");
    assert_line(text, "spectail_checkpoints{run=\"demo\",state=\"analysed\"} 4");
    assert_line(text, "spectail_checkpoints{run=\"demo\",state=\"invalid\"} 0");
    assert_line(text, "spectail_checkpoint_step{run=\"demo\",branch=\"\"} 7");
    assert_without(text, "spectail_checkpoint_step{run=\"demo\",branch=\"b\"}");
    assert_line(text, "spectail_checkpoint_finished_timestamp_seconds{run=\"demo\",branch=\"\"} 1704164652");
    assert_line(text, "spectail_checkpoint_analysis_seconds{run=\"demo\",branch=\"\"} 0.25");
    assert_line(text, "spectail_metric{run=\"demo\",branch=\"\",metric=\"loss\",layer=\"\",head=\"\"} 7.25");
    assert_line(text, "spectail_metric{run=\"demo\",branch=\"\",metric=\"sink.first\",layer=\"3\",head=\"\"} 0.5");
    assert_line(text, "spectail_metric{run=\"demo\",branch=\"b\",metric=\"loss\",layer=\"\",head=\"\"} 7.25");
    assert_without(text, "rmt.gap"); /* undefined */
    assert_without(text, "head=\"2\"");
    free(text);
    text = fixture_export(store, "prometheus", 0, true, false);
    assert_line(text, "spectail_metric{run=\"demo\",branch=\"\",metric=\"sink.first\",layer=\"3\",head=\"2\"} 0.625");
    free(text);
    spt_store_close(store);
}

static void events_are_counted_by_kind(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    static const char *const KINDS[] = {"alert", "fetch", "alert"};
    for (size_t i = 0; i < 3; i++) {
        struct spt_store_event event = {
            .kind = (char *)KINDS[i], .run = run, .step = SPT_NO_STEP, .branch = (char *)"", .text = (char *)"t"};
        assert_int_equal(spt_store_add_event(store, &event, NULL), SPT_OK);
    }
    char *text = fixture_export(store, "prometheus", run, false, false);
    assert_line(text, "spectail_events{run=\"demo\",kind=\"alert\"} 2");
    assert_line(text, "spectail_events{run=\"demo\",kind=\"fetch\"} 1");
    free(text);
    spt_store_close(store);
}

/* Feeds text to promtool; its status, 0: nothing to complain of. */
static int promtool(const char *text) {
    FILE *pipe = popen("promtool check metrics >&2", "w");
    assert_non_null(pipe);
    assert_int_equal(fwrite(text, 1, strlen(text), pipe), strlen(text));
    return pclose(pipe);
}

static void promtool_accepts_any_names(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    static const char *const NAMES[] = {"demo",     "demo",         "a \"quoted\" \\ name\nof two lines",
                                        "\xff\xfe", "\xc3\xa9{}=,", ""};
    for (uint64_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const int64_t run = fixture_add_run(store, NAMES[i], i);
        fixture_put(store, run, NAMES[2], 1, FIGURES, 4);
    }
    char *text = fixture_export(store, "prometheus", 0, true, false);
    assert_line(text, "spectail_checkpoint_step{run=\"a \\\"quoted\\\" \\\\ name\\nof two lines\",branch=\"a "
                      "\\\"quoted\\\" \\\\ name\\nof two lines\"} 1");
    assert_line(text, "spectail_checkpoints{run=\"demo#2\",state=\"analysed\"} 1");
    assert_int_equal(promtool(text), 0);
    free(text);
    spt_store_close(store);
}

static void promtool_accepts_an_empty_store(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    struct spt_text text = {0};
    struct spt_error error = {0};
    assert_int_equal(spt_prometheus_put(&text, store, NULL, 0, &(struct spt_figure_choice){0}, &error), SPT_OK);
    assert_int_equal(promtool(text.data), 0);
    spt_text_release(&text);
    spt_store_close(store);
}

static void values_that_are_not_finite_are_written_as_prometheus_has_them(void **state) {
    (void)state;
    struct spt_text text = {0};
    spt_prometheus_put_gauge(&text, "spectail_x", "Any.");
    spt_prometheus_put_sample(&text, "spectail_x", NULL, 0, NAN);
    const struct spt_prometheus_label labels[] = {{"a", "b"}};
    spt_prometheus_put_sample(&text, "spectail_x", labels, 1, INFINITY);
    spt_prometheus_put_sample(&text, "spectail_x", (struct spt_prometheus_label[]){{"a", "c"}}, 1, -INFINITY);
    assert_string_equal(text.data, "# HELP spectail_x Any.\n# TYPE spectail_x gauge\nspectail_x NaN\n"
                                   "spectail_x{a=\"b\"} +Inf\nspectail_x{a=\"c\"} -Inf\n");
    assert_int_equal(promtool(text.data), 0);
    spt_text_release(&text);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_latest_checkpoint_of_each_branch_is_shown),
        TEST(events_are_counted_by_kind),
        TEST(promtool_accepts_any_names),
        TEST(promtool_accepts_an_empty_store),
        TEST(values_that_are_not_finite_are_written_as_prometheus_has_them),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
