/* CSV and JSON lines to the byte, the names of runs, and exports while another process writes. */
#include "fixture.h"
#include "tracker/formats/names.h"

#include "checkpoints/base/text.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct figure FIGURES[] = {{"loss", -1, -1, 0.1}, {"sink.first", 3, 2, NAN}};

static int fresh(void **state) {
    (void)state;
    return system("rm -f store.db* export.* out.csv*");
}

static void assert_export(struct spt_store *store, const char *format, int64_t run, bool events, const char *expected) {
    char *text = fixture_export(store, format, run, false, events);
    assert_string_equal(text, expected);
    free(text);
}

#define COLUMNS "run,branch,step,label,metric,layer,head,mean,sd,lo,hi,n,bad\n"

static void figures_are_lines_in_key_order(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "a, \"b\"", 1);
    fixture_put(store, run, "", 5, FIGURES, 2);
    assert_export(store, "csv", run, false,
                  COLUMNS "\"a, \"\"b\"\"\",,5,step5,loss,-1,-1,0.10000000000000001,,,,100,0\n"
                          "\"a, \"\"b\"\"\",,5,step5,sink.first,3,2,,,,,100,100\n");
    assert_export(
        store, "jsonl", run, false,
        "{\"run\": \"a, \\\"b\\\"\", \"branch\": \"\", \"step\": 5, \"label\": \"step5\", \"metric\": \"loss\", "
        "\"layer\": -1, \"head\": -1, \"mean\": 0.10000000000000001, \"sd\": null, \"lo\": null, \"hi\": null, "
        "\"n\": 100, \"bad\": 0}\n"
        "{\"run\": \"a, \\\"b\\\"\", \"branch\": \"\", \"step\": 5, \"label\": \"step5\", \"metric\": "
        "\"sink.first\", \"layer\": 3, \"head\": 2, \"mean\": null, \"sd\": null, \"lo\": null, \"hi\": null, "
        "\"n\": 100, \"bad\": 100}\n");
    spt_store_close(store);
}

static void a_name_that_is_no_utf8_is_written_as_utf8(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "\xc3\xa4\xff,\xc3", 1);
    fixture_put(store, run, "b\xfe", 5, FIGURES, 1);
    assert_export(store, "csv", run, false,
                  COLUMNS "\"\xc3\xa4\xef\xbf\xbd,\xef\xbf\xbd\",b\xef\xbf\xbd,5,b\xef\xbf\xbd"
                          "step5,loss,-1,-1,0.10000000000000001,,,,100,0\n");
    spt_store_close(store);
}

static void runs_of_one_name_are_told_apart_where_all_are_written(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t first = fixture_add_run(store, "demo", 1), second = fixture_add_run(store, "demo", 2);
    fixture_put(store, first, "", 1, FIGURES, 1);
    fixture_put(store, second, "", 2, FIGURES, 1);
    assert_export(store, "csv", 0, false,
                  COLUMNS "demo,,1,step1,loss,-1,-1,0.10000000000000001,,,,100,0\n"
                          "demo#2,,2,step2,loss,-1,-1,0.10000000000000001,,,,100,0\n");
    assert_export(store, "csv", second, false, COLUMNS "demo,,2,step2,loss,-1,-1,0.10000000000000001,,,,100,0\n");
    spt_store_close(store);
}

static void a_runs_name_depends_on_older_runs_only(void **state) {
    (void)state;
    static const struct spt_store_run RUNS[] = {{.id = 1, .name = (char *)"a"},
                                                {.id = 2, .name = (char *)"a#3"},
                                                {.id = 3, .name = (char *)"a"},
                                                {.id = 9, .name = (char *)"a#3"}};
    static const char *const NAMES[] = {"a", "a#3", "a#3#3", "a#3#9"};
    for (size_t count = 0; count <= 4; count++) {
        char **names = spt_run_names(RUNS, count);
        assert_non_null(names);
        for (size_t i = 0; i < count; i++) assert_string_equal(names[i], NAMES[i]);
        spt_run_names_free(names, count);
    }
}

static void assert_file_name(const char *name, const char *expected) {
    struct spt_text text = {0};
    spt_name_put_file(&text, name);
    assert_string_equal(text.data ? text.data : "", expected);
    spt_text_release(&text);
}

static void a_name_becomes_one_part_of_a_path(void **state) {
    (void)state;
    assert_file_name("", "");
    assert_file_name("pythia-1.4b step@5", "pythia-1.4b step@5");
    assert_file_name("..", "%2E.");
    assert_file_name("a/b%c\n\xff", "a%2Fb%25c%0A%FF");
    assert_file_name("\xe2\x80\x93 caf\xc3\xa9", "\xe2\x80\x93 caf\xc3\xa9");
}

static void long_names_are_cut_and_stay_different(void **state) {
    (void)state;
    char long_name[400], other[400];
    struct spt_text texts[2] = {0};
    for (size_t i = 0; i + 1 < sizeof long_name; i++) long_name[i] = i % 2 ? '\xa9' : '\xc3';
    long_name[398] = '\0';
    memcpy(other, long_name, sizeof other);
    other[397] = '\xa8';
    spt_name_put_file(&texts[0], long_name);
    spt_name_put_file(&texts[1], other);
    assert_true(texts[0].length < 255 && texts[1].length < 255);
    assert_int_equal(memcmp(texts[0].data, texts[1].data, 180), 0);
    assert_string_not_equal(texts[0].data, texts[1].data);
    for (size_t i = 0; i < 2; i++) spt_text_release(&texts[i]);
}

static void events_are_lines_of_their_own(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    struct spt_store_event alert = {.time = (char *)"2024-01-02T03:04:05Z",
                                    .kind = (char *)"alert",
                                    .run = run,
                                    .step = 512,
                                    .branch = (char *)"",
                                    .rule = (char *)"sink",
                                    .text = (char *)"a \"sink\", at last",
                                    .delivery = SPT_DELIVERY_FAILED,
                                    .outcome = (char *)"exit 1"};
    struct spt_store_event moved = {.time = (char *)"2024-01-02T03:04:06Z",
                                    .kind = (char *)"migration",
                                    .step = SPT_NO_STEP,
                                    .branch = (char *)"",
                                    .text = (char *)"from 1"};
    assert_int_equal(spt_store_add_event(store, &alert, NULL), SPT_OK);
    assert_int_equal(spt_store_add_event(store, &moved, NULL), SPT_OK);
#define ALERT "demo,,512,2024-01-02T03:04:05Z,alert,sink,\"a \"\"sink\"\", at last\",failed,exit 1\n"
    assert_export(store, "csv", run, true, "run,branch,step,time,kind,rule,text,delivery,outcome\n" ALERT);
    assert_export(store, "csv", 0, true,
                  "run,branch,step,time,kind,rule,text,delivery,outcome\n" ALERT
                  ",,,2024-01-02T03:04:06Z,migration,,from 1,none,\n");
    assert_export(store, "jsonl", 0, true,
                  "{\"run\": \"demo\", \"branch\": \"\", \"step\": 512, \"time\": \"2024-01-02T03:04:05Z\", \"kind\": "
                  "\"alert\", \"rule\": \"sink\", \"text\": \"a \\\"sink\\\", at last\", \"delivery\": \"failed\", "
                  "\"outcome\": \"exit 1\"}\n"
                  "{\"run\": null, \"branch\": \"\", \"step\": null, \"time\": \"2024-01-02T03:04:06Z\", \"kind\": "
                  "\"migration\", \"rule\": null, \"text\": \"from 1\", \"delivery\": \"none\", \"outcome\": null}\n");
    spt_store_close(store);
}

/* --- the file --- */
static void a_file_is_as_it_was_until_the_export_is_whole(void **state) {
    (void)state;
    struct spt_destination out;
    struct spt_error error = {0};
    assert_int_equal(spt_file_write_all("out.csv", "old", 3, &error), SPT_OK);
    assert_int_equal(spt_destination_open(&out, "out.csv", false, &error), SPT_OK);
    const struct rlimit small = {100000, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum spt_status status = SPT_OK;
    for (int i = 0; i < 100000 && status == SPT_OK; i++) {
        spt_text_put(&out.text, "0123456789\n");
        status = spt_destination_settle(&out, &error);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
    assert_int_equal(status, SPT_IO);
    assert_int_equal(error.system, EFBIG);
    assert_true(out.failed);
    spt_destination_release(&out);
    char *data = NULL;
    size_t size = 0;
    assert_int_equal(spt_file_read_all("out.csv", 100, &data, &size, &error), SPT_OK);
    assert_string_equal(data, "old");
    free(data);
    assert_int_equal(system("test \"$(ls out.csv*)\" = out.csv"), 0); /* and nothing beside it */
}

/* --- while another process writes --- */
enum { STEPS = 40, FIGURES_EACH = 25 };

/* Stores step after step, each with FIGURES_EACH figures. */
static void write_steps(int64_t run) {
    struct figure figures[FIGURES_EACH];
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    for (int i = 0; i < FIGURES_EACH; i++) figures[i] = (struct figure){"loss", i, -1, i};
    for (int step = 0; step < STEPS; step++) fixture_put(store, run, "", step, figures, FIGURES_EACH);
    spt_store_close(store);
}

/* The number of checkpoints in a CSV export of which all are whole, and the steps those before the last. */
static int count_whole(const char *text) {
    int lines = 0;
    const char *line = text + strlen(COLUMNS);
    for (; *line; line = strchr(line, '\n') + 1, lines++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "demo,,%d,step%d,loss,%d,-1,", lines / FIGURES_EACH,
                       lines / FIGURES_EACH, lines % FIGURES_EACH);
        if (strncmp(line, expected, strlen(expected)) != 0) fail_msg("line %d: expected %s...", lines + 2, expected);
    }
    assert_int_equal(lines % FIGURES_EACH, 0);
    return lines / FIGURES_EACH;
}

static void every_export_beside_a_writer_is_a_whole_state_of_the_store(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    spt_store_close(store);
    const pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        write_steps(run);
        _exit(0);
    }
    store = fixture_open("store.db", SPT_STORE_READ);
    int seen = 0, status = -1;
    for (bool running = true; running;) {
        running = waitpid(writer, &status, WNOHANG) == 0;
        char *text = fixture_export(store, "csv", run, false, false);
        const int now = count_whole(text);
        assert_true(now >= seen);
        seen = now;
        free(text);
        free(fixture_export(store, "prometheus", run, true, false));
    }
    assert_int_equal(status, 0);
    assert_int_equal(seen, STEPS); /* the last export was begun after the writer's end */
    spt_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(figures_are_lines_in_key_order),
        TEST(a_name_that_is_no_utf8_is_written_as_utf8),
        TEST(runs_of_one_name_are_told_apart_where_all_are_written),
        TEST(a_runs_name_depends_on_older_runs_only),
        TEST(a_name_becomes_one_part_of_a_path),
        TEST(long_names_are_cut_and_stay_different),
        TEST(events_are_lines_of_their_own),
        TEST(a_file_is_as_it_was_until_the_export_is_whole),
        TEST(every_export_beside_a_writer_is_a_whole_state_of_the_store),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
