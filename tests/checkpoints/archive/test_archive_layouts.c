/* Every suite's layout, packed in every way, against the folder it was packed from. */
#include "packed.h"

#include <stdio.h>
#include <string.h>

/* Folders of tests/data/layouts, and where in them the run is. */
static const struct {
    const char *folder, *within;
} LAYOUTS[] = {
    {"pythia", ""},
    {"pythia_hub", ""},
    {"pythia_cache_dirs", ""},
    {"olmo2", ""},
    {"olmo", ""},
    {"amber", ""},
    {"multiberts", ""},
    {"crfm", ""},
    {"bloom", ""},
    {"smollm2", ""},
    {"fineweb", ""},
    {"trainer", ""},
    {"lightning", "/checkpoints"},
    {"gpt_neox", ""},
    {"deepspeed", ""},
};

static const char *last_part(const char *path) {
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

static void assert_same_text(const char *a, const char *b) {
    assert_int_equal(a == NULL, b == NULL);
    if (a) assert_string_equal(a, b);
}

static void assert_same_ref(const struct spt_checkpoint_ref *packed, const struct spt_checkpoint_ref *loose) {
    assert_string_equal(packed->uri, loose->uri);
    assert_string_equal(packed->label, loose->label);
    assert_string_equal(packed->branch, loose->branch);
    assert_int_equal(packed->step, loose->step);
    assert_int_equal(packed->tokens, loose->tokens);
    assert_same_text(last_part(packed->config), last_part(loose->config));
    assert_same_text(last_part(packed->tokenizer), last_part(loose->tokenizer));
    assert_same_text(last_part(packed->trainer_state), last_part(loose->trainer_state));
    assert_same_text(packed->awaits, loose->awaits);
    const struct spt_hash a = digest_of(packed->tree, packed->path), b = digest_of(NULL, loose->path);
    assert_true(spt_hash_equal(a, b));
}

static struct spt_run *open_at(struct fixture *f, const char *path) {
    const struct spt_run_options options = {.log = &f->sink};
    struct spt_run *run = NULL;
    struct spt_error error;
    if (spt_run_open(path, &options, &run, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    return run;
}

static void compare(struct fixture *f, const char *folder, const char *within, const struct packing *packing) {
    char archive[1024], packed_path[2048], loose_path[1024];
    pack(f, packing, SPT_TEST_DATA "/layouts", folder, archive);
    (void)snprintf(packed_path, sizeof packed_path, "%s%s%s%s", archive, within[0] ? "/" : "", within[0] ? folder : "",
                   within);
    (void)snprintf(loose_path, sizeof loose_path, SPT_TEST_DATA "/layouts/%s%s", folder, within);
    struct spt_run *packed = open_at(f, packed_path), *loose = open_at(f, loose_path);
    print_message("%s: %s, %zu checkpoints\n", last_part(archive), packed->layout, packed->count);
    assert_null(loose->tree);
    assert_non_null(packed->tree);
    assert_string_equal(packed->layout, loose->layout);
    assert_int_equal(packed->count, loose->count);
    for (size_t i = 0; i < loose->count; i++) assert_same_ref(&packed->refs[i], &loose->refs[i]);
    spt_run_close(packed);
    spt_run_close(loose);
    shell_in(f->root, "rm '%s'", archive);
}

static void every_layout_in_a_plain_and_a_compressed_archive_is_listed_and_read_as_its_folder(void **state) {
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof *LAYOUTS; i++) {
        compare(*state, LAYOUTS[i].folder, LAYOUTS[i].within, &PACKINGS[0]);
        compare(*state, LAYOUTS[i].folder, LAYOUTS[i].within, &PACKINGS[3]);
    }
}

static void every_kind_of_archive_is_read(void **state) {
    for (size_t i = 0; i < PACKING_COUNT; i++) {
        if (!PACKINGS[i].short_names) compare(*state, "pythia_hub", "", &PACKINGS[i]); /* links */
        compare(*state, "trainer", "", &PACKINGS[i]);
    }
}

/* What the user names may lie within: it has the names it has when the whole is listed. */
static void a_checkpoint_within_an_archive_is_opened_by_its_path(void **state) {
    struct fixture *f = *state;
    char archive[1024], path[2048];
    for (size_t i = 0; i < PACKING_COUNT; i += 3) {
        pack(f, &PACKINGS[i], SPT_TEST_DATA "/layouts", "pythia", archive);
        static const char *const PATHS[] = {"pythia/step512", "pythia/step512/", "pythia/./step512//",
                                            "pythia/step1/../step512"};
        for (size_t k = 0; k < sizeof PATHS / sizeof *PATHS; k++) {
            (void)snprintf(path, sizeof path, "%s/%s", archive, PATHS[k]);
            struct spt_run *run = open_at(f, path);
            assert_labels(run, "step512");
            assert_string_equal(run->refs[0].uri, "step512");
            assert_ends_with(run->root, "/pythia");
            assert_string_equal(run->name, "pythia");
            assert_int_equal(run->refs[0].step, 512);
            spt_run_close(run);
        }
        assert_true(spt_run_is_root_there(path));
    }
    struct spt_run *run = NULL;
    struct spt_error error;
    (void)snprintf(path, sizeof path, "%s/pythia/step7", archive);
    assert_int_equal(spt_run_open(path, NULL, &run, &error), SPT_IO);
    assert_says(error.message, "No such file");
    assert_false(spt_run_is_root_there("/nowhere/run.tar/run"));
}

/* The archive's name is the run's, whether its folder was packed or what is in it. */
static void a_run_is_named_by_its_archive(void **state) {
    struct fixture *f = *state;
    char folder[1024];
    static const char *const NAMES[] = {"mine.tar", "mine.tar.gz", "mine.tgz", "mine.TAR"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *const flags = strchr(NAMES[i], 'g') ? "-czf" : "-cf";
        shell_in(SPT_TEST_DATA "/layouts/pythia", "tar %s %s/%s .", flags, f->root, NAMES[i]);
        struct spt_run *run = open_at(f, at(f, NAMES[i], folder));
        assert_string_equal(run->name, "mine");
        assert_ends_with(run->root, NAMES[i]);
        assert_string_equal(ref_of(run, "step512")->label, "step512");
        spt_run_close(run);
    }
}

/* step512.tar for step512/: its files, or the folder with them. */
static void an_archive_named_as_a_step_is_that_step(void **state) {
    struct fixture *f = *state;
    char path[1024];
    shell_in(SPT_TEST_DATA "/layouts/pythia/step512", "tar -cf %s/step512.tar .", f->root);
    struct spt_run *run = open_at(f, at(f, "step512.tar", path));
    assert_labels(run, "step512");
    assert_int_equal(run->refs[0].step, 512);
    spt_run_close(run);
    shell_in(SPT_TEST_DATA "/layouts/pythia", "tar -cf %s/other.tar step512", f->root);
    run = open_at(f, at(f, "other.tar", path));
    assert_labels(run, "step512");
    assert_int_equal(run->refs[0].step, 512);
    assert_string_equal(run->name, "other");
    spt_run_close(run);
}

/* As for a folder: the archive's own folder is the one above. */
static void a_config_beside_the_archive_serves_its_checkpoints(void **state) {
    struct fixture *f = *state;
    char path[1024];
    put_checkpoint(f, "bare/step1");
    remove_file(f, "bare/step1/config.json");
    shell_in(f->root, "tar -cf bare.tar bare");
    struct spt_run *run = open_at(f, at(f, "bare.tar", path));
    assert_null(run->refs[0].config);
    spt_run_close(run);
    put_file(f, "config.json", "{}");
    run = open_at(f, path);
    assert_ends_with(run->refs[0].config, "/config.json");
    spt_run_close(run);
}

static void an_archive_in_an_archive_is_a_file_like_others(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    put_checkpoint(f, "step1");
    shell_in(f->root, "tar -cf step2.tar step1 && tar -cf outer.tar step1 step2.tar");
    struct spt_run *run = open_at(f, at(f, "outer.tar", path));
    assert_labels(run, "step1");
    spt_run_close(run);
    shell_in(f->root, "tar -cf alone.tar step2.tar");
    assert_int_equal(spt_run_open(at(f, "alone.tar", path), NULL, &run, &error), SPT_INVALID);
    assert_says(error.message, "no checkpoint: found step2.tar");
}

/* The names lie: contents decide. */
static void any_name_will_do(void **state) {
    struct fixture *f = *state;
    char path[1024];
    put_checkpoint(f, "step1");
    shell_in(f->root, "tar -cf model.safetensors step1 && tar -czf weights step1 && zip -qr run.tar step1");
    static const char *const NAMES[] = {"model.safetensors", "weights", "run.tar"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        struct spt_run *run = open_at(f, at(f, NAMES[i], path));
        assert_labels(run, "step1");
        spt_run_close(run);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_layout_in_a_plain_and_a_compressed_archive_is_listed_and_read_as_its_folder, fixture_setup,
            fixture_teardown),
        cmocka_unit_test_setup_teardown(every_kind_of_archive_is_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_within_an_archive_is_opened_by_its_path, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_run_is_named_by_its_archive, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_archive_named_as_a_step_is_that_step, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_config_beside_the_archive_serves_its_checkpoints, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_archive_in_an_archive_is_a_file_like_others, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(any_name_will_do, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
