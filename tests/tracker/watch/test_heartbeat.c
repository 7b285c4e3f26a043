/* The heartbeat and the text file for Prometheus: read back by a JSON parser, and by promtool of Debian's prometheus. */
#include "tests/tracker/store/store_fixture.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/json.h"
#include "tracker/watch/heartbeat.h"
#include "tracker/watch/textfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char BEAT[] = "beat.json", PROM[] = "spectail.prom";

static const struct spt_watched ITEMS[] = {
    {.label = "step1", .branch = "", .step = 1, .state = SPT_WATCHED_ANALYSED},
    {.label = "step2", .branch = "", .step = 2, .state = SPT_WATCHED_CHANGING},
    {.label = "step3", .branch = "", .step = 3, .state = SPT_WATCHED_WAITING, .reason = "half"},
};

static struct spt_watched_run run_of(const struct spt_store_run *stored) {
    return (struct spt_watched_run){
        .path = "out/\"demo\"",
        .name = "demo",
        .run = stored,
        .items = ITEMS,
        .count = 3,
        .states = {[SPT_WATCHED_ANALYSED] = 1, [SPT_WATCHED_CHANGING] = 1, [SPT_WATCHED_WAITING] = 1},
        .newest = 3,
        .analysed = 1,
        .done = 2,
        .seconds = 5,
    };
}

static struct spt_json_document *read_beat(void) {
    struct spt_json_document *document;
    struct spt_error error;
    if (spt_json_read_file(BEAT, 1 << 20, false, &document, &error) != SPT_OK) fail_msg("%s", error.message);
    return document;
}

static void assert_beat(const char *state, const char *current) {
    struct spt_json_document *document = read_beat();
    const struct spt_json *root = spt_json_root(document), *work = spt_json_get(root, "current");
    assert_string_equal(spt_json_string(spt_json_get(root, "state"), NULL), state);
    assert_int_equal(spt_json_integer(spt_json_get(root, "pid"), 0), getpid());
    if (current)
        assert_string_equal(spt_json_string(spt_json_get(work, "label"), NULL), current);
    else
        assert_int_equal(spt_json_kind(work), SPT_JSON_NULL);
    spt_json_free(document);
}

static struct spt_heartbeat *heartbeat_on(const char *path) {
    struct spt_heartbeat *heartbeat;
    struct spt_error error;
    if (spt_heartbeat_new(path, NULL, &heartbeat, &error) != SPT_OK) fail_msg("%s", error.message);
    return heartbeat;
}

static void a_heartbeat_tells_a_life_from_its_start_to_its_end(void **state) {
    (void)state;
    struct spt_heartbeat *heartbeat = heartbeat_on(BEAT);
    const struct spt_watch_observer observer = spt_heartbeat_observer(heartbeat);
    const struct spt_watched_run run = run_of(NULL);
    const struct spt_checkpoint_ref ref = {.label = (char[]){"step2"}, .branch = (char[]){""}, .step = 2};
    struct spt_outcome outcome = {.state = SPT_STATE_INVALID, .reason = (char[]){"it is \"cut\"\n"}, .seconds = 0.5};
    assert_beat("starting", NULL);
    observer.state(observer.context, NULL, &run, 1, -1);
    assert_beat("idle", NULL);
    (void)usleep(300 * 1000); /* more than what it rests between tiny checkpoints */
    observer.begin(observer.context, &run, &ref);
    assert_beat("analysing", "step2");
    observer.end(observer.context, NULL, &run, &ref, &outcome);
    observer.state(observer.context, NULL, &run, 1, -1);
    assert_beat("idle", NULL);
    spt_heartbeat_free(heartbeat);
    assert_beat("ended", NULL);
    struct spt_json_document *document = read_beat();
    const struct spt_json *last = spt_json_get(spt_json_root(document), "last");
    assert_string_equal(spt_json_string(spt_json_get(last, "label"), NULL), "step2");
    assert_string_equal(spt_json_string(spt_json_get(last, "state"), NULL), "invalid");
    assert_string_equal(spt_json_string(spt_json_get(last, "reason"), NULL), "it is \"cut\"\n");
    spt_json_free(document);
}

static void a_heartbeat_has_the_counts_and_the_lag_of_each_run(void **state) {
    (void)state;
    struct spt_heartbeat *heartbeat = heartbeat_on(BEAT);
    const struct spt_watch_observer observer = spt_heartbeat_observer(heartbeat);
    const struct spt_watched_run runs[] = {
        run_of(NULL), {.path = "new", .reason = "no checkpoint yet", .newest = SPT_NO_STEP, .analysed = SPT_NO_STEP}};
    observer.state(observer.context, NULL, runs, 2, -1);
    struct spt_json_document *document = read_beat();
    const struct spt_json *list = spt_json_get(spt_json_root(document), "runs");
    const struct spt_json *first = spt_json_at(list, 0), *second = spt_json_at(list, 1);
    assert_int_equal(spt_json_count(list), 2);
    assert_string_equal(spt_json_string(spt_json_get(first, "path"), NULL), "out/\"demo\"");
    assert_int_equal(spt_json_integer(spt_json_get(spt_json_get(first, "states"), "waiting"), -1), 1);
    assert_int_equal(spt_json_integer(spt_json_get(spt_json_get(first, "states"), "changing"), -1), 1);
    assert_int_equal(spt_json_integer(spt_json_get(first, "newest_step"), -1), 3);
    assert_int_equal(spt_json_integer(spt_json_get(first, "analysed_step"), -1), 1);
    assert_int_equal(spt_json_integer(spt_json_get(first, "lag_steps"), -1), 2);
    assert_int_equal(spt_json_integer(spt_json_get(first, "lag_checkpoints"), -1), 2);
    assert_true(spt_json_number(spt_json_get(first, "lag_seconds"), -1) > 0);
    assert_int_equal(spt_json_integer(spt_json_get(first, "done"), -1), 2);
    assert_int_equal(spt_json_kind(spt_json_get(second, "name")), SPT_JSON_NULL);
    assert_int_equal(spt_json_kind(spt_json_get(second, "newest_step")), SPT_JSON_NULL);
    assert_int_equal(spt_json_kind(spt_json_get(second, "lag_steps")), SPT_JSON_NULL);
    assert_string_equal(spt_json_string(spt_json_get(second, "reason"), NULL), "no checkpoint yet");
    spt_json_free(document);
    spt_heartbeat_free(heartbeat);
}

static void a_heartbeat_is_replaced_whole(void **state) {
    (void)state;
    struct stat before, after;
    struct spt_heartbeat *heartbeat = heartbeat_on(BEAT);
    const struct spt_watch_observer observer = spt_heartbeat_observer(heartbeat);
    FILE *reader = fopen(BEAT, "r"); /* one that reads while it is written sees the old one to its end */
    assert_int_equal(stat(BEAT, &before), 0);
    observer.state(observer.context, NULL, NULL, 0, -1);
    assert_int_equal(stat(BEAT, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    char text[4096] = "";
    assert_true(fread(text, 1, sizeof text - 1, reader) > 0);
    assert_non_null(strstr(text, "\"starting\""));
    fclose(reader);
    spt_heartbeat_free(heartbeat);
}

static void count_warnings(void *context, enum spt_log_level level, const char *text) {
    (void)level;
    assert_non_null(strstr(text, "folder"));
    ++*(int *)context;
}

static void what_cannot_be_written_is_refused_at_first_and_said_once_later(void **state) {
    (void)state;
    int warnings = 0;
    const struct spt_log log = {.emit = count_warnings, .context = &warnings};
    struct spt_heartbeat *heartbeat = NULL;
    struct spt_textfile *textfile = NULL;
    const struct spt_figure_choice choice = {0};
    struct spt_error error;
    assert_int_equal(spt_heartbeat_new("folder/beat.json", &log, &heartbeat, &error), SPT_IO);
    assert_int_equal(spt_textfile_new("folder/a.prom", &choice, &log, &textfile, &error), SPT_IO);
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(spt_heartbeat_new("folder/beat.json", &log, &heartbeat, &error), SPT_OK);
    const struct spt_watch_observer observer = spt_heartbeat_observer(heartbeat);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rename("folder", "away"), 0);
        for (int k = 0; k < 3; k++) observer.state(observer.context, NULL, NULL, 0, -1);
        assert_int_equal(warnings, i + 1);
        assert_int_equal(rename("away", "folder"), 0);
        observer.state(observer.context, NULL, NULL, 0, -1); /* it works again: the next failure is another one */
    }
    spt_heartbeat_free(heartbeat);
    assert_int_equal(unlink("folder/beat.json"), 0);
    assert_int_equal(rmdir("folder"), 0); /* nothing is left beside it */
}

/* --- Prometheus --- */
static char *read_prom(void) {
    char *text;
    size_t size;
    assert_int_equal(spt_file_read_all(PROM, 1 << 20, &text, &size, NULL), SPT_OK);
    return text;
}

static bool has_line(const char *text, const char *line) {
    const size_t length = strlen(line);
    while (*text) {
        const size_t here = strcspn(text, "\n");
        if (here == length && memcmp(text, line, length) == 0) return true;
        text += here + (text[here] == '\n');
    }
    return false;
}

static void promtool_accepts(void) {
    char command[256];
    (void)snprintf(command, sizeof command, "promtool check metrics < %s", PROM);
    assert_int_equal(system(command), 0);
}

static void a_text_file_holds_the_watch_and_the_store_and_promtool_accepts_it(void **state) {
    (void)state;
    struct spt_store_run *runs;
    struct spt_textfile *textfile;
    size_t count;
    const struct spt_figure_choice choice = {0};
    struct spt_store *store = fixture_open("prom.db", SPT_STORE_WRITE);
    const int64_t id = fixture_run(store);
    assert_int_equal(spt_textfile_new(PROM, &choice, NULL, &textfile, NULL), SPT_OK);
    const struct spt_watch_observer observer = spt_textfile_observer(textfile);
    promtool_accepts(); /* empty */
    const struct spt_watched_run early = {
        .path = "out \\ \"x\"\n", .newest = SPT_NO_STEP, .analysed = SPT_NO_STEP, .reason = "no checkpoint yet"};
    observer.state(observer.context, store, &early, 1, -1);
    promtool_accepts();
    fixture_analyse(store, id, fixture_row("step1", 1, 1), 2);
    assert_int_equal(spt_store_runs(store, &runs, &count, NULL), SPT_OK);
    const struct spt_watched_run watched[] = {run_of(&runs[0]), early, run_of(&runs[0])}; /* one folder by two names */
    observer.state(observer.context, store, watched, 3, -1);
    promtool_accepts();
    char *text = read_prom();
    assert_true(has_line(text, "spectail_watch_checkpoints{run=\"demo\",state=\"changing\"} 1"));
    assert_true(has_line(text, "spectail_watch_checkpoints{run=\"demo\",state=\"refused\"} 0"));
    assert_true(has_line(text, "spectail_watch_newest_step{run=\"demo\"} 3"));
    assert_true(has_line(text, "spectail_watch_lag_steps{run=\"demo\"} 2"));
    assert_true(has_line(text, "spectail_watch_lag_checkpoints{run=\"demo\"} 2"));
    assert_true(has_line(text, "spectail_watch_checkpoint_seconds{run=\"demo\"} 2.5"));
    assert_true(has_line(text, "spectail_checkpoints{run=\"demo\",state=\"analysed\"} 1"));
    assert_non_null(strstr(text, "spectail_metric{run=\"demo\""));
    free(text);
    spt_textfile_free(textfile);
    spt_store_free_runs(runs, count);
    spt_store_close(store);
}

static void a_text_file_is_written_when_something_changed(void **state) {
    (void)state;
    struct spt_textfile *textfile;
    struct stat first, second;
    const struct spt_figure_choice choice = {0};
    struct spt_store *store = fixture_open("often.db", SPT_STORE_WRITE);
    struct spt_watched_run run = run_of(NULL);
    assert_int_equal(spt_textfile_new(PROM, &choice, NULL, &textfile, NULL), SPT_OK);
    const struct spt_watch_observer observer = spt_textfile_observer(textfile);
    observer.state(observer.context, store, &run, 1, -1);
    assert_int_equal(stat(PROM, &first), 0);
    observer.state(observer.context, store, &run, 1, -1); /* within 15 s, and nothing is new */
    assert_int_equal(stat(PROM, &second), 0);
    assert_true(first.st_ino == second.st_ino);
    run.newest = 4;
    observer.state(observer.context, store, &run, 1, -1);
    assert_int_equal(stat(PROM, &second), 0);
    assert_true(first.st_ino != second.st_ino);
    spt_textfile_free(textfile);
    spt_store_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heartbeat_tells_a_life_from_its_start_to_its_end),
        cmocka_unit_test(a_heartbeat_has_the_counts_and_the_lag_of_each_run),
        cmocka_unit_test(a_heartbeat_is_replaced_whole),
        cmocka_unit_test(what_cannot_be_written_is_refused_at_first_and_said_once_later),
        cmocka_unit_test(a_text_file_holds_the_watch_and_the_store_and_promtool_accepts_it),
        cmocka_unit_test(a_text_file_is_written_when_something_changed),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
