/* Event files as TensorBoard would read them, by a reader of their own (event_file.h): what is in them, how they grow, and
 * what becomes of them when something goes wrong. */
#include "event_file.h"
#include "fixture.h"
#include "tracker/formats/tensorboard.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct spt_figure_choice LAYERS = {0}, HEADS = {.heads = true};

static const struct figure FIGURES[] = {
    {"loss", -1, -1, 7.25},      {"sink.first", -1, -1, 0.1}, {"sink.first", 3, -1, 0.5},
    {"sink.first", 3, 2, 0.625}, {"rmt.gap", -1, -1, NAN},
};
enum { FIGURE_COUNT = sizeof FIGURES / sizeof *FIGURES };

static int fresh(void **state) {
    (void)state;
    return system("rm -rf board store.db*");
}

static struct spt_tensorboard *open_board(struct spt_store *store, int64_t run,
                                          const struct spt_figure_choice *choice) {
    struct spt_tensorboard *board = NULL;
    struct spt_error error = {0};
    bool output;
    if (spt_tensorboard_open("board", store, run, choice, &board, &output, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    assert_false(output);
    return board;
}

static void write_board(struct spt_store *store, int64_t run, const struct spt_figure_choice *choice) {
    spt_tensorboard_close(open_board(store, run, choice));
}

static void add(struct spt_tensorboard *board, struct spt_store *store, struct spt_store_checkpoint row) {
    struct spt_error error = {0};
    if (spt_tensorboard_add(board, store, &row, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
}

/* The steps of a file's checkpoints, "0 5 10". */
static void assert_steps(const char *folder, const char *expected) {
    struct read_file *file = read_board(folder);
    char steps[512] = "";
    for (size_t i = 2; i < file->count; i++)
        (void)snprintf(steps + strlen(steps), sizeof steps - strlen(steps), "%s%lld", i > 2 ? " " : "",
                       (long long)file->events[i].step);
    assert_string_equal(steps, expected);
    test_free(file);
}

static void a_file_begins_with_its_version_and_a_session(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 10, FIGURES, FIGURE_COUNT);
    write_board(store, run, &LAYERS);
    struct read_file *file = read_board("board/demo");
    assert_int_equal(file->count, 3);
    assert_string_equal(file->events[0].version, "brain.Event:2");
    assert_string_equal(file->events[0].writer, "spectail");
    assert_int_equal(file->events[1].session, 1); /* SessionLog.START */
    assert_int_equal(file->events[1].step, 0);
    test_free(file);
    spt_store_close(store);
}

static void a_checkpoint_is_one_record_of_its_defined_means(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 10, FIGURES, FIGURE_COUNT);
    write_board(store, run, &LAYERS);
    struct read_file *file = read_board("board/demo");
    const struct read_event *event = &file->events[2];
    assert_int_equal(event->step, 10);
    assert_true(event->wall_time == FIXTURE_FINISHED + 10);
    assert_int_equal(event->count, 3);
    assert_true(find_scalar(event, "loss")->value == 7.25f);
    assert_true(find_scalar(event, "sink.first")->value == 0.1f);
    assert_true(find_scalar(event, "sink.first/layer_03")->value == 0.5f);
    assert_string_equal(find_scalar(event, "loss")->plugin, "scalars");
    assert_string_equal(find_scalar(event, "loss")->description, fixture_metric("loss")->definition);
    test_free(file);
    spt_store_close(store);
}

static void heads_are_written_where_they_are_asked_for(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 10, FIGURES, FIGURE_COUNT);
    write_board(store, run, &HEADS);
    struct read_file *file = read_board("board/demo");
    assert_int_equal(file->events[2].count, 4);
    assert_true(find_scalar(&file->events[2], "sink.first/layer_03/head_02")->value == 0.625f);
    test_free(file);
    spt_store_close(store);
}

static void metrics_that_were_not_chosen_are_left_out(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    bool *chosen = test_calloc(SPT_METRIC_COUNT, sizeof *chosen);
    chosen[spt_metric_find("loss")] = true;
    fixture_put(store, run, "", 10, FIGURES, FIGURE_COUNT);
    write_board(store, run, &(struct spt_figure_choice){.metrics = chosen});
    struct read_file *file = read_board("board/demo");
    assert_int_equal(file->events[2].count, 1);
    assert_non_null(find_scalar(&file->events[2], "loss"));
    test_free(file);
    test_free(chosen);
    spt_store_close(store);
}

static void a_run_without_an_analysed_step_has_no_file(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", SPT_NO_STEP, FIGURES, FIGURE_COUNT);
    write_board(store, run, &LAYERS);
    assert_int_equal(access("board", F_OK), -1);
    spt_store_close(store);
}

static void each_branch_and_each_run_of_one_name_has_its_folder(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t first = fixture_add_run(store, "org/demo", 1), second = fixture_add_run(store, "org/demo", 2);
    fixture_put(store, first, "", 1, FIGURES, FIGURE_COUNT);
    fixture_put(store, first, "../up", 2, FIGURES, FIGURE_COUNT);
    fixture_put(store, second, "", 3, FIGURES, FIGURE_COUNT);
    write_board(store, first, &LAYERS);
    write_board(store, second, &LAYERS);
    assert_steps("board/org%2Fdemo", "1");
    assert_steps("board/org%2Fdemo/%2E.%2Fup", "2");
    assert_steps("board/org%2Fdemo#2", "3");
    spt_store_close(store);
}

static void a_checkpoint_is_appended_and_what_was_there_stays(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    struct spt_tensorboard *board = open_board(store, run, &LAYERS);
    struct read_file *before = read_board("board/demo");
    add(board, store, fixture_put(store, run, "", 2, FIGURES, FIGURE_COUNT));
    add(board, store, fixture_put(store, run, "", 4, FIGURES, FIGURE_COUNT));
    struct read_file *after = read_board("board/demo");
    assert_string_equal(after->name, before->name);
    assert_steps("board/demo", "1 2 4");
    assert_int_equal(after->events[3].count, 3);
    assert_true(find_scalar(&after->events[3], "loss")->value == 7.25f);
    assert_int_equal(files_in("board/demo"), 1);
    test_free(before);
    test_free(after);
    spt_tensorboard_close(board);
    spt_store_close(store);
}

static void a_step_that_is_late_is_put_where_it_belongs(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    fixture_put(store, run, "", 9, FIGURES, FIGURE_COUNT);
    struct spt_tensorboard *board = open_board(store, run, &LAYERS);
    struct read_file *before = read_board("board/demo");
    add(board, store, fixture_put(store, run, "", 5, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "1 5 9");
    add(board, store, fixture_put(store, run, "", 10, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "1 5 9 10");
    struct read_file *after = read_board("board/demo");
    assert_true(strcmp(after->name, before->name) > 0); /* TensorBoard goes on to the next name */
    test_free(before);
    test_free(after);
    spt_tensorboard_close(board);
    spt_store_close(store);
}

static void a_branch_that_appears_later_gets_its_file(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    struct spt_tensorboard *board = open_board(store, run, &LAYERS);
    add(board, store, fixture_put(store, run, "", 3, FIGURES, FIGURE_COUNT));
    add(board, store, fixture_put(store, run, "anneal", 1, FIGURES, FIGURE_COUNT));
    add(board, store, fixture_put(store, run, "anneal", SPT_NO_STEP, FIGURES, FIGURE_COUNT));
    add(board, store, fixture_put(store, run, "anneal", 2, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "3");
    assert_steps("board/demo/anneal", "1 2");
    spt_tensorboard_close(board);
    spt_store_close(store);
}

static void put_file(const char *path, const char *text) {
    struct spt_error error;
    assert_int_equal(spt_file_write_all(path, text, strlen(text), &error), SPT_OK);
}

static void only_older_files_of_ours_are_removed(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    static const char *const THEIRS[] = {
        "board/demo/events.out.tfevents.1700000000.host.77.0",
        "board/demo/events.out.tfevents.1700000000.host.spectail.77.v2",
        "board/demo/events.out.tfevents.x.host.spectail.77",
        "board/demo/events.out.tfevents.1700000000.host.spectail.",
        "board/demo/1700000000.host.spectail.77",
        "board/demo/.spectail.77-0.tmp",
    };
    enum { COUNT = sizeof THEIRS / sizeof *THEIRS };
    static const char OURS[] = "board/demo/events.out.tfevents.9000000000.host.spectail.77";
    assert_int_equal(spt_file_make_directories("board/demo", NULL), SPT_OK);
    for (size_t i = 0; i < COUNT; i++) put_file(THEIRS[i], "theirs");
    put_file(OURS, "ours, and torn");
    assert_int_equal(mkdir("board/demo/events.out.tfevents.1700000000.host.spectail.78", 0700), 0);
    write_board(store, run, &LAYERS);
    for (size_t i = 0; i < COUNT; i++) assert_int_equal(access(THEIRS[i], F_OK), 0);
    assert_int_equal(access(OURS, F_OK), -1);
    assert_int_equal(files_in("board/demo"), COUNT + 2); /* the folder, and the new file */
    char command[256];                                   /* after the one it replaces, whatever the clock */
    (void)snprintf(command, sizeof command, "ls board/demo | grep -q '^events.out.tfevents.9000000001.*.spectail.%ld$'",
                   (long)getpid());
    assert_int_equal(system(command), 0);
    spt_store_close(store);
}

static void what_a_killed_program_was_writing_is_removed_when_it_is_old(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    assert_int_equal(spt_file_make_directories("board/demo", NULL), SPT_OK);
    put_file("board/demo/.spectail.77-0.tmp", "half");
    put_file("board/demo/.spectail.78-0.tmp", "half");
    const struct timespec hour_ago[2] = {{.tv_sec = time(NULL) - 3600}, {.tv_sec = time(NULL) - 3600}};
    assert_int_equal(utimensat(AT_FDCWD, "board/demo/.spectail.77-0.tmp", hour_ago, 0), 0);
    write_board(store, run, &LAYERS);
    assert_int_equal(access("board/demo/.spectail.77-0.tmp", F_OK), -1);
    assert_int_equal(access("board/demo/.spectail.78-0.tmp", F_OK), 0); /* another program may be at it */
    assert_steps("board/demo", "1");
    spt_store_close(store);
}

static void what_a_killed_watch_left_torn_is_whole_again(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    for (int step = 1; step <= 3; step++) fixture_put(store, run, "", step, FIGURES, FIGURE_COUNT);
    write_board(store, run, &LAYERS);
    struct read_file *file = read_board("board/demo");
    char path[512];
    (void)snprintf(path, sizeof path, "board/demo/%s", file->name);
    assert_int_equal(truncate(path, (off_t)file->size - 5), 0);
    test_free(file);
    write_board(store, run, &LAYERS);
    assert_steps("board/demo", "1 2 3");
    spt_store_close(store);
}

static void a_file_that_others_removed_or_changed_is_written_anew(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    struct spt_tensorboard *board = open_board(store, run, &LAYERS);
    assert_int_equal(system("rm board/demo/*"), 0);
    add(board, store, fixture_put(store, run, "", 2, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "1 2");
    assert_int_equal(system("for f in board/demo/*; do echo torn >> $f; done"), 0);
    add(board, store, fixture_put(store, run, "", 3, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "1 2 3");
    write_board(store, run, &LAYERS); /* an export while a watch is on */
    add(board, store, fixture_put(store, run, "", 4, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "1 2 3 4");
    spt_tensorboard_close(board);
    spt_store_close(store);
}

/* A limit on the size of files stands for a full disk: a write that is cut short, then refused. */
static void limit_files_to(size_t bytes) {
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void after_a_full_disk_nothing_is_missing(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    struct spt_tensorboard *board = open_board(store, run, &LAYERS);
    const struct spt_store_checkpoint second = fixture_put(store, run, "", 2, FIGURES, FIGURE_COUNT);
    struct read_file *file = read_board("board/demo");
    struct spt_error error = {0};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    limit_files_to(file->size + 10);
    test_free(file);
    assert_int_equal(spt_tensorboard_add(board, store, &second, &error), SPT_IO);
    assert_int_equal(error.system, EFBIG);
    limit_files_to(20); /* the history cannot be written either: the old file stays */
    assert_int_equal(spt_tensorboard_add(board, store, &second, &error), SPT_IO);
    assert_int_equal(files_in("board/demo"), 1);
    limit_files_to((size_t)RLIM_INFINITY);
    add(board, store, fixture_put(store, run, "", 3, FIGURES, FIGURE_COUNT));
    assert_steps("board/demo", "1 2 3");
    spt_tensorboard_close(board);
    spt_store_close(store);
}

static void a_folder_that_cannot_be_made_is_the_outputs_fault(void **state) {
    (void)state;
    struct spt_store *store = fixture_open("store.db", SPT_STORE_WRITE);
    const int64_t run = fixture_add_run(store, "demo", 1);
    struct spt_tensorboard *board = NULL;
    struct spt_error error = {0};
    bool output = false;
    fixture_put(store, run, "", 1, FIGURES, FIGURE_COUNT);
    put_file("board", "no folder");
    assert_int_equal(spt_tensorboard_open("board", store, run, &LAYERS, &board, &output, &error), SPT_IO);
    assert_true(output);
    assert_int_equal(spt_tensorboard_open("board", store, run + 1, &LAYERS, &board, &output, &error), SPT_INVALID);
    assert_false(output);
    assert_null(board);
    spt_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_file_begins_with_its_version_and_a_session),
        TEST(a_checkpoint_is_one_record_of_its_defined_means),
        TEST(heads_are_written_where_they_are_asked_for),
        TEST(metrics_that_were_not_chosen_are_left_out),
        TEST(a_run_without_an_analysed_step_has_no_file),
        TEST(each_branch_and_each_run_of_one_name_has_its_folder),
        TEST(a_checkpoint_is_appended_and_what_was_there_stays),
        TEST(a_step_that_is_late_is_put_where_it_belongs),
        TEST(a_branch_that_appears_later_gets_its_file),
        TEST(only_older_files_of_ours_are_removed),
        TEST(what_a_killed_program_was_writing_is_removed_when_it_is_old),
        TEST(what_a_killed_watch_left_torn_is_whole_again),
        TEST(a_file_that_others_removed_or_changed_is_written_anew),
        TEST(after_a_full_disk_nothing_is_missing),
        TEST(a_folder_that_cannot_be_made_is_the_outputs_fault),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
