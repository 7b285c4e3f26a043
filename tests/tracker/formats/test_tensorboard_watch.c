/* The observer that keeps event files while a watch is on: what the watch tells it, and what TensorBoard then finds. */
#include "event_file.h"
#include "fixture.h"
#include "tracker/formats/tensorboard.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct spt_figure_choice LAYERS = {0};
static const struct figure FIGURES[] = {{"loss", -1, -1, 7.25}, {"rmt.gap", -1, -1, NAN}};

static int fresh(void **state) {
    (void)state;
    return system("rm -rf board store.db*");
}

/* What is said goes here: the last text, and how often. */
struct said {
    size_t count;
    char last[512];
};

static void note(void *context, enum spt_log_level level, const char *text) {
    struct said *said = context;
    assert_int_equal(level, SPT_LOG_WARNING);
    said->count++;
    (void)snprintf(said->last, sizeof said->last, "%s", text);
}

struct watch {
    struct spt_store *store;
    struct spt_store_run run;
    struct spt_watched_run watched;
    struct said said;
    struct spt_log log;
    struct spt_tensorboard_watch *boards;
    struct spt_watch_observer observer;
};

static void begin(struct watch *w) {
    *w = (struct watch){.log = {.emit = note, .context = &w->said}};
    w->store = fixture_open("store.db", SPT_STORE_WRITE);
    w->run.id = fixture_add_run(w->store, "demo", 1);
    w->watched.run = &w->run;
    assert_int_equal(spt_tensorboard_watch_new("board", &LAYERS, &w->log, &w->boards, NULL), SPT_OK);
    w->observer = spt_tensorboard_watch_observer(w->boards);
}

static void end(struct watch *w) {
    spt_tensorboard_watch_free(w->boards);
    spt_store_close(w->store);
}

static void look(struct watch *w) {
    w->observer.state(w->observer.context, w->store, &w->watched, 1, -1);
}

/* A checkpoint is stored, and the observer is told. */
static void store_one(struct watch *w, int64_t step, enum spt_checkpoint_state state) {
    struct spt_checkpoint_ref ref = {.branch = (char *)"", .label = (char *)"l", .uri = (char *)"u", .step = step};
    struct spt_outcome outcome = {.state = state};
    if (state == SPT_STATE_ANALYSED) outcome.id = fixture_put(w->store, w->run.id, "", step, FIGURES, 2).id;
    w->observer.end(w->observer.context, w->store, &w->watched, &ref, &outcome);
}

static void assert_events(size_t count) {
    struct read_file *file = read_board("board/demo");
    assert_int_equal(file->count, 2 + count);
    test_free(file);
}

static void the_history_is_there_when_the_watch_has_looked_once(void **state) {
    (void)state;
    struct watch w;
    begin(&w);
    fixture_put(w.store, w.run.id, "", 1, FIGURES, 2);
    fixture_put(w.store, w.run.id, "", 2, FIGURES, 2);
    look(&w);
    assert_events(2);
    assert_int_equal(w.said.count, 0);
    end(&w);
}

static void each_stored_checkpoint_is_there_at_once_and_once(void **state) {
    (void)state;
    struct watch w;
    const double started = (double)time(NULL);
    begin(&w);
    look(&w);
    for (int step = 1; step <= 4; step++) {
        store_one(&w, step, SPT_STATE_ANALYSED);
        look(&w);
        assert_events((size_t)step);
    }
    store_one(&w, 5, SPT_STATE_INVALID);
    assert_events(4);
    struct read_file *file = read_board("board/demo");
    assert_true(file->events[5].wall_time >= started && file->events[5].wall_time <= (double)time(NULL));
    test_free(file);
    end(&w);
}

static void a_run_that_was_not_looked_at_yet_is_followed_from_its_first_checkpoint(void **state) {
    (void)state;
    struct watch w;
    begin(&w);
    w.watched.run = NULL; /* not in the store yet */
    look(&w);
    assert_int_equal(access("board", F_OK), -1);
    w.watched.run = &w.run;
    store_one(&w, 1, SPT_STATE_ANALYSED);
    assert_events(1);
    end(&w);
}

static void a_folder_that_fails_is_said_once_a_checkpoint_and_made_up_for(void **state) {
    (void)state;
    struct watch w;
    begin(&w);
    assert_int_equal(spt_file_write_all("board", "no folder", 9, NULL), SPT_OK);
    fixture_put(w.store, w.run.id, "", 1, FIGURES, 2);
    for (int i = 0; i < 5; i++) look(&w);
    assert_int_equal(w.said.count, 1);
    assert_non_null(strstr(w.said.last, "board"));
    assert_non_null(strstr(w.said.last, "until the next checkpoint"));
    store_one(&w, 2, SPT_STATE_ANALYSED);
    assert_int_equal(w.said.count, 2);
    assert_int_equal(unlink("board"), 0);
    store_one(&w, 3, SPT_STATE_ANALYSED);
    assert_int_equal(w.said.count, 2);
    assert_events(3);
    end(&w);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_history_is_there_when_the_watch_has_looked_once),
        TEST(each_stored_checkpoint_is_there_at_once_and_once),
        TEST(a_run_that_was_not_looked_at_yet_is_followed_from_its_first_checkpoint),
        TEST(a_folder_that_fails_is_said_once_a_checkpoint_and_made_up_for),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
