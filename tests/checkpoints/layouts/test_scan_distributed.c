/* Torch distributed checkpoints while they are written: also where a trainer puts the model into a folder of its own, whose
 * changes do not show in the folder around it. */
#include "watched.h"

#define MODEL "run/checkpoint-500/pytorch_model_fsdp_0"

static void metadata_is_one_of_a_checkpoint_s_files(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, "run/step-500/__0_0.distcp", "rank 0");
    assert_seen(&w, "step-500*");
    let_time_pass();
    put_file(w.f, "run/step-500/.metadata", "all ranks");
    assert_seen(&w, "step-500*");
    assert_seen(&w, "step-500");
    let_time_pass();
    overwrite(w.f, "run/step-500/.metadata", "ALL RANKS");
    assert_seen(&w, "step-500*");
    spt_scan_free(w.scan);
}

static void metadata_alone_is_no_checkpoint(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, "run/step-500/__0_0.distcp", "rank 0");
    put_file(w.f, "run/other/.metadata", "of another program");
    assert_seen(&w, "step-500*");
    spt_scan_free(w.scan);
}

static void files_of_the_model_s_own_folder_are_the_checkpoint_s(void **state) {
    struct watched w = watch_run(*state);
    put_directory(w.f, MODEL);
    assert_seen(&w, "checkpoint-500*");
    assert_seen(&w, "checkpoint-500");
    assert_seen(&w, "checkpoint-500");
    let_time_pass();
    put_file(w.f, MODEL "/__0_0.distcp", "rank 0");
    assert_seen(&w, "checkpoint-500*");
    assert_seen(&w, "checkpoint-500");
    let_time_pass();
    overwrite(w.f, MODEL "/__0_0.distcp", "RANK 0");
    assert_seen(&w, "checkpoint-500*");
    let_time_pass();
    put_file(w.f, MODEL "/.metadata", "all ranks");
    assert_seen(&w, "checkpoint-500*");
    assert_seen(&w, "checkpoint-500");
    put_file(w.f, MODEL "/notes.txt", "of nobody's interest");
    assert_seen(&w, "checkpoint-500");
    remove_file(w.f, MODEL "/__0_0.distcp");
    assert_seen(&w, "checkpoint-500*");
    spt_scan_free(w.scan);
}

static void optimizers_in_a_folder_of_their_own_are_not(void **state) {
    struct watched w = watch_run(*state);
    put_file(w.f, MODEL "/__0_0.distcp", "rank 0");
    assert_seen(&w, "checkpoint-500*");
    let_time_pass();
    put_file(w.f, "run/checkpoint-500/optimizer_0/__0_0.distcp", "rank 0");
    assert_seen(&w, "checkpoint-500");
    spt_scan_free(w.scan);
}

static void a_checkpoint_is_found_by_its_model_s_folder(void **state) {
    struct fixture *f = *state;
    put_file(f, "run/config.json", "{}");
    put_file(f, MODEL "/__0_0.distcp", "rank 0");
    put_file(f, "run/final/model_and_optim/__0_0.distcp", "rank 0");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "checkpoint-500 final");
    assert_ends_with(ref_of(run, "checkpoint-500")->config, "run/config.json");
    spt_run_close(run);
    static const char *const PATHS[] = {MODEL, MODEL "/__0_0.distcp", "run/checkpoint-500"};
    for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++) {
        run = open_run(f, PATHS[i], NULL);
        assert_labels(run, "checkpoint-500");
        assert_int_equal(run->refs[0].step, 500);
        spt_run_close(run);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(metadata_is_one_of_a_checkpoint_s_files),
        TEST(metadata_alone_is_no_checkpoint),
        TEST(files_of_the_model_s_own_folder_are_the_checkpoint_s),
        TEST(optimizers_in_a_folder_of_their_own_are_not),
        TEST(a_checkpoint_is_found_by_its_model_s_folder),
    };
    return run_in_every_mode(tests, sizeof tests / sizeof *tests);
}
