/* Folders and files of a run as they come and go, look by look. */
#include "watched.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void a_run_that_is_not_there_yet_is_nothing_yet(void **state) {
    struct watched w = watch_run(*state);
    assert_nothing_yet(&w, "No such file");
    assert_null(spt_scan_run(w.scan));
    put_directory(w.f, "run");
    assert_nothing_yet(&w, "an empty folder");
    put_file(w.f, "run/events.log", "");
    assert_nothing_yet(&w, "events.log");
    assert_null(spt_scan_run(w.scan));
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
}

static void a_run_whose_path_goes_through_a_file_is_nothing_yet(void **state) {
    struct watched w = watch_run(*state);
    struct spt_scan *scan;
    struct spt_error error;
    char path[1024];
    put_file(w.f, "file", "");
    assert_int_equal(spt_scan_new(at(w.f, "file/run", path), NULL, &scan, &error), SPT_OK);
    assert_int_equal(spt_scan_look(scan, 1, &error), SPT_END);
    spt_scan_free(scan);
    spt_scan_free(w.scan);
}

static void a_run_that_goes_leaves_no_sight(void **state) {
    struct watched w = watch_run(*state);
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1*");
    remove_folder(w.f, "run/step1");
    assert_nothing_yet(&w, "an empty folder");
    remove_folder(w.f, "run");
    assert_nothing_yet(&w, "No such file");
    assert_string_equal(spt_scan_run(w.scan)->name, "run");
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
}

static void a_folder_that_cannot_be_listed_leaves_the_sights_as_they_were(void **state) {
    struct watched w = watch_run(*state);
    struct spt_error error;
    size_t count;
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    rename_in(w.f, "run", "away");
    put_link(w.f, "run", "run"); /* ELOOP, whoever runs this */
    assert_int_equal(spt_scan_look(w.scan, 9, &error), SPT_IO);
    assert_int_equal(error.system, ELOOP);
    (void)spt_scan_sights(w.scan, &count);
    assert_int_equal(count, 1);
    remove_file(w.f, "run");
    rename_in(w.f, "away", "run");
    assert_seen(&w, "step1");
    spt_scan_free(w.scan);
}

static void a_bad_pattern_is_refused_at_once(void **state) {
    (void)state;
    struct spt_scan *scan;
    struct spt_error error;
    const struct spt_run_options options = {.step_pattern = "("};
    assert_int_equal(spt_scan_new("/tmp", &options, &scan, &error), SPT_INVALID);
}

static void the_time_of_a_state_is_that_of_the_look_that_saw_it_first(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    look(&w);
    look(&w);
    look(&w);
    assert_false(fresh(&w, "step1"));
    assert_true(find(&w, "step1")->since == 1);
    put_file(w.f, "run/step1/model.safetensors", "longer weights");
    look(&w);
    assert_true(fresh(&w, "step1"));
    assert_true(find(&w, "step1")->since == 4);
    look(&w);
    assert_true(find(&w, "step1")->since == 4);
    spt_scan_free(w.scan);
}

static void a_folder_is_seen_while_it_is_empty_and_as_its_files_come(void **state) {
    struct watched w = watch_run(*state);
    put_directory(w.f, "run/step1");
    assert_seen(&w, "step1*");
    assert_true(find(&w, "step1")->newest == 0);
    assert_seen(&w, "step1");
    static const char *const FILES[] = {"config.json",
                                        "tokenizer.json",
                                        "model-00001-of-00002.safetensors",
                                        "model-00002-of-00002.safetensors",
                                        "model.safetensors.index.json",
                                        "training_args.bin"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "run/step1/%s", FILES[i]);
        put_file(w.f, path, "x");
        assert_seen(&w, "step1*");
        assert_seen(&w, "step1");
    }
    put_file(w.f, "run/step1/notes.txt", "no part of it");
    assert_seen(&w, "step1");
    spt_scan_free(w.scan);
}

static void folders_may_come_in_any_order_and_go(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step30");
    assert_seen(&w, "step30*");
    put_checkpoint(w.f, "run/step10");
    assert_seen(&w, "step10* step30");
    put_checkpoint(w.f, "run/step20");
    put_checkpoint(w.f, "run/step5");
    assert_seen(&w, "step5* step10 step20* step30");
    remove_file(w.f, "run/step10/config.json");
    remove_file(w.f, "run/step10/model.safetensors");
    remove_folder(w.f, "run/step10");
    assert_seen(&w, "step5 step20 step30");
    rename_in(w.f, "run/step30", "run/step15");
    assert_seen(&w, "step5 step15* step20");
    rename_in(w.f, "run/step5", "run/step7");
    rename_in(w.f, "run/step20", "run/step5");
    assert_seen(&w, "step5* step7* step15");
    spt_scan_free(w.scan);
}

static void a_folder_removed_and_made_again_is_seen(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, "run/step1/config.json", "{}");
    put_file(w.f, "run/step2/config.json", "{}");
    assert_seen(&w, "step1* step2*");
    let_time_pass();
    remove_file(w.f, "run/step1/config.json");
    remove_folder(w.f, "run/step1");
    put_file(w.f, "run/step1/config.json", "{}"); /* the folder and the file may have the numbers of those that went */
    assert_seen(&w, "step1* step2");
    spt_scan_free(w.scan);
}

static void a_staging_folder_counts_once_it_is_renamed(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/checkpoint-100");
    put_checkpoint(w.f, "run/tmp-checkpoint-200");
    put_checkpoint(w.f, "run/step300-tmp");
    put_checkpoint(w.f, "run/step400-unfinished");
    assert_seen(&w, "checkpoint-100*");
    rename_in(w.f, "run/tmp-checkpoint-200", "run/checkpoint-200");
    rename_in(w.f, "run/step300-tmp", "run/step300");
    rename_in(w.f, "run/step400-unfinished", "run/step400");
    assert_seen(&w, "checkpoint-100 checkpoint-200* step300* step400*");
    spt_scan_free(w.scan);
}

static void what_is_skipped_is_said_once(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/tmp-checkpoint-2");
    put_fifo(w.f, "run/step1/other.safetensors");
    put_link(w.f, "run/step1/model-2.safetensors", "nowhere");
    look(&w);
    assert_says(w.f->log, "run/tmp-checkpoint-2: skipped: still being written");
    assert_says(w.f->log, "step1/other.safetensors: skipped: no regular file");
    assert_says(w.f->log, "step1/model-2.safetensors: skipped: No such file");
    const size_t logged = w.f->logged;
    for (int i = 0; i < 5; i++) look(&w);
    put_checkpoint(w.f, "run/step3");
    for (int i = 0; i < 5; i++) look(&w);
    assert_int_equal(w.f->logged, logged);
    put_fifo(w.f, "run/step3/other.safetensors");
    look(&w);
    assert_says(w.f->log, "step3/other.safetensors: skipped: no regular file");
    assert_null(strstr(strstr(w.f->log, "step1/other") + 1, "step1/other"));
    spt_scan_free(w.scan);
}

static void a_warning_is_said_again_when_it_comes_again(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    for (int i = 0; i < 2; i++) {
        put_directory(w.f, "run/step2-tmp");
        look(&w);
        look(&w);
        remove_folder(w.f, "run/step2-tmp");
        look(&w);
    }
    const char *first = strstr(w.f->log, "step2-tmp: skipped");
    assert_non_null(first);
    const char *second = strstr(first + 1, "step2-tmp: skipped");
    assert_non_null(second);
    assert_null(strstr(second + 1, "step2-tmp: skipped"));
    spt_scan_free(w.scan);
}

static void a_trainer_s_last_file_is_awaited_and_taken(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/checkpoint-100");
    put_file(w.f, "run/checkpoint-100/training_args.bin", "");
    look(&w);
    assert_string_equal(find(&w, "checkpoint-100")->ref->awaits, "trainer_state.json");
    put_file(w.f, "run/checkpoint-100/trainer_state.json", "{\"global_step\": 7}");
    look(&w);
    assert_true(fresh(&w, "checkpoint-100"));
    assert_null(find(&w, "checkpoint-100")->ref->awaits);
    assert_true(find(&w, "checkpoint-100")->ref->step == 7);
    look(&w);
    assert_true(find(&w, "checkpoint-100")->ref->step == 7);
    overwrite(w.f, "run/checkpoint-100/trainer_state.json", "{\"global_step\": 8}");
    look(&w);
    assert_true(fresh(&w, "checkpoint-100"));
    assert_true(find(&w, "checkpoint-100")->ref->step == 8);
    /* Another one makes the Trainer known by its work. */
    put_checkpoint(w.f, "run/checkpoint-200");
    assert_seen(&w, "checkpoint-100 checkpoint-200*");
    assert_non_null(find(&w, "checkpoint-200")->ref->awaits);
    spt_scan_free(w.scan);
}

static void the_run_s_own_config_is_found_when_it_comes(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, "run/step1/model.safetensors", "weights");
    look(&w);
    look(&w);
    assert_null(find(&w, "step1")->ref->config);
    put_file(w.f, "run/config.json", "{}");
    look(&w);
    assert_ends_with(find(&w, "step1")->ref->config, "/run/config.json");
    put_file(w.f, "run/step1/config.json", "{}");
    look(&w);
    assert_ends_with(find(&w, "step1")->ref->config, "/run/step1/config.json");
    remove_file(w.f, "run/step1/config.json");
    remove_file(w.f, "run/config.json");
    put_file(w.f, "tokenizer.json", "{}");
    look(&w);
    assert_null(find(&w, "step1")->ref->config);
    assert_non_null(find(&w, "step1")->ref->tokenizer);
    spt_scan_free(w.scan);
}

static void look_three_times(struct watched *w) {
    for (int i = 0; i < 3; i++) look(w);
}

#define NEOX_TOKENIZER(file) "tokenizer-type: HFTokenizer\nvocab-file: /data/" file "\n"

/* path, which is below root, is put there after all has been read and remembered. */
static void assert_found_when_it_comes(struct fixture *f, const char *run, const char *path) {
    struct watched w;
    char inner[1024];
    (void)snprintf(inner, sizeof inner, "%s/global_step10/layer_00-model_00-model_states.pt", run);
    put_file(f, inner, "weights");
    (void)snprintf(inner, sizeof inner, "%s/global_step10/configs/a.yml", run);
    put_file(f, inner, NEOX_TOKENIZER("a.json"));
    watch_path(&w, f, run);
    look_three_times(&w);
    assert_non_null(find(&w, "global_step10")->ref->config);
    assert_null(find(&w, "global_step10")->ref->tokenizer);
    put_file(f, path, "{}");
    if (strstr(path, "b.json")) overwrite(f, inner, NEOX_TOKENIZER("b.json"));
    look(&w);
    assert_ends_with(find(&w, "global_step10")->ref->tokenizer, strrchr(path, '/'));
    spt_scan_free(w.scan);
}

static void the_tokenizer_that_a_neox_config_names_is_found_when_it_comes(void **state) {
    assert_found_when_it_comes(*state, "1/run", "1/a.json");
    assert_found_when_it_comes(*state, "2/run", "2/run/a.json");
    assert_found_when_it_comes(*state, "3/run", "3/run/global_step10/configs/a.json");
    assert_found_when_it_comes(*state, "4/run", "4/run/b.json");
}

static void a_hub_cache_is_seen_as_it_grows(void **state) {
    struct watched w;
    watch_path(&w, *state, "models--me--tiny");
    put_directory(w.f, "models--me--tiny/blobs");
    assert_nothing_yet(&w, "blobs/");
    put_file(w.f, "models--me--tiny/blobs/aa.incomplete", "wei");
    put_directory(w.f, "models--me--tiny/snapshots/a1");
    put_file(w.f, "models--me--tiny/refs/step1", "a1");
    assert_seen(&w, "step1*");
    rename_in(w.f, "models--me--tiny/blobs/aa.incomplete", "models--me--tiny/blobs/aa");
    assert_seen(&w, "step1");
    put_link(w.f, "models--me--tiny/snapshots/a1/model.safetensors", "../../blobs/aa");
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    overwrite(w.f, "models--me--tiny/blobs/aa", "WEI");
    assert_seen(&w, "step1*");
    put_file(w.f, "models--me--tiny/refs/step2", "a1");
    assert_seen(&w, "step1 step2*");
    put_directory(w.f, "models--me--tiny/snapshots/b2");
    put_file(w.f, "models--me--tiny/refs/step1", "b2");
    assert_seen(&w, "step1* step2");
    remove_file(w.f, "models--me--tiny/refs/step2");
    assert_seen(&w, "step1 a1*"); /* the commit that no ref leads to has its own name */
    spt_scan_free(w.scan);
}

static void one_checkpoint_of_a_run_is_seen_as_it_is_written(void **state) {
    struct watched w;
    watch_path(&w, *state, "run/step1");
    put_checkpoint(w.f, "run/step2");
    assert_nothing_yet(&w, "No such file");
    put_checkpoint(w.f, "run/step1");
    assert_seen(&w, "step1*");
    assert_seen(&w, "step1");
    put_file(w.f, "run/step1/tokenizer.json", "{}");
    assert_seen(&w, "step1*");
    spt_scan_free(w.scan);
    watch_path(&w, *state, "files/step3.safetensors");
    assert_nothing_yet(&w, "No such file");
    put_file(w.f, "files/step3.safetensors", "weights");
    assert_seen(&w, "step3.safetensors*");
    let_time_pass();
    overwrite(w.f, "files/step3.safetensors", "WEIGHTS");
    assert_seen(&w, "step3.safetensors*");
    put_file(w.f, "files/step4.safetensors", "of no interest");
    assert_seen(&w, "step3.safetensors");
    spt_scan_free(w.scan);
    watch_path(&w, *state, "one");
    put_checkpoint(w.f, "one");
    assert_seen(&w, "one*");
    overwrite(w.f, "one/model.safetensors", "WEIGHTS");
    assert_seen(&w, "one*");
    assert_seen(&w, "one");
    spt_scan_free(w.scan);
}

static void names_of_any_bytes_are_seen(void **state) {
    struct watched w = watch_run(*state);
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/\xff\xfe\x1b[2J");
    put_checkpoint(w.f, "run/line\nbreak");
    put_checkpoint(w.f, "run/ step1");
    put_checkpoint(w.f, "run/step99999999999999999999999");
    char name[256];
    memset(name, '9', sizeof name - 1);
    name[255] = '\0';
    char path[512];
    (void)snprintf(path, sizeof path, "run/%s", name);
    put_checkpoint(w.f, path);
    put_file(w.f, "run/step1/\xff.safetensors", "x");
    look(&w);
    size_t count, before;
    (void)spt_scan_sights(w.scan, &before);
    look(&w);
    const struct spt_sight *sights = spt_scan_sights(w.scan, &count);
    assert_int_equal(count, before);
    for (size_t i = 0; i < count; i++) assert_false(sights[i].fresh);
    overwrite(w.f, "run/line\nbreak/model.safetensors", "WEIGHTS");
    look(&w);
    assert_true(fresh(&w, "line\nbreak"));
    assert_false(fresh(&w, "\xff\xfe\x1b[2J"));
    spt_scan_free(w.scan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_run_that_is_not_there_yet_is_nothing_yet),
        TEST(a_run_whose_path_goes_through_a_file_is_nothing_yet),
        TEST(a_run_that_goes_leaves_no_sight),
        TEST(a_folder_that_cannot_be_listed_leaves_the_sights_as_they_were),
        TEST(a_bad_pattern_is_refused_at_once),
        TEST(the_time_of_a_state_is_that_of_the_look_that_saw_it_first),
        TEST(a_folder_is_seen_while_it_is_empty_and_as_its_files_come),
        TEST(folders_may_come_in_any_order_and_go),
        TEST(a_folder_removed_and_made_again_is_seen),
        TEST(a_staging_folder_counts_once_it_is_renamed),
        TEST(what_is_skipped_is_said_once),
        TEST(a_warning_is_said_again_when_it_comes_again),
        TEST(a_trainer_s_last_file_is_awaited_and_taken),
        TEST(the_run_s_own_config_is_found_when_it_comes),
        TEST(the_tokenizer_that_a_neox_config_names_is_found_when_it_comes),
        TEST(a_hub_cache_is_seen_as_it_grows),
        TEST(one_checkpoint_of_a_run_is_seen_as_it_is_written),
        TEST(names_of_any_bytes_are_seen),
    };
    return run_in_every_mode(tests, sizeof tests / sizeof *tests);
}
