/* Links, devices and other things that are no plain files, in archives. */
#include "packed.h"

#include <stdio.h>
#include <string.h>

static void put_config(struct spt_text *tar, const char *folder) {
    char name[128];
    (void)snprintf(name, sizeof name, "%s/config.json", folder);
    tar_member(tar, name, '0', NULL, "{}", 2);
}

static void hard_and_symbolic_links_to_members_are_followed(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_text weights = {0}, tar = {0};
    put_weights(&weights, 100, 1.5f);
    tar_member(&tar, "run/blob", '0', NULL, weights.data, weights.length);
    tar_member(&tar, "run/step1/model.safetensors", '1', "run/blob", NULL, 0);
    tar_member(&tar, "run/step2/model.safetensors", '2', "../blob", NULL, 0);
    tar_member(&tar, "run/step3", '2', "step2", NULL, 0);
    put_config(&tar, "run/step1");
    put_config(&tar, "run/step2");
    tar_end(&tar);
    struct spt_run *run = NULL;
    save(f, &weights, "model.safetensors", path);
    const struct spt_hash expected = digest_of(NULL, path);
    assert_int_equal(spt_run_open(save(f, &tar, "run.tar", path), NULL, &run, NULL), SPT_OK);
    assert_labels(run, "step1 step2 step3");
    for (size_t i = 0; i < run->count; i++)
        assert_true(spt_hash_equal(digest_of(run->tree, run->refs[i].path), expected));
    spt_run_close(run);
}

/* A folder of step1 with this in place of its weights. */
static enum spt_status try_weights(struct fixture *f, char type, const char *link, struct spt_error *error) {
    char path[1024];
    struct spt_text tar = {0};
    put_config(&tar, "run/step1");
    tar_member(&tar, "run/step1/model.safetensors", type, link, NULL, 0);
    tar_end(&tar);
    return outcome_of(f, save(f, &tar, "run.tar", path), error);
}

static void what_leads_out_of_the_archive_is_refused(void **state) {
    static const struct {
        char type;
        const char *link, *why;
    } LINKS[] = {
        {'2', "/etc/passwd", "no member of this archive"},
        {'2', "../../../../../../etc/passwd", "no member of this archive"},
        {'2', "../step9/model.safetensors", "no member of this archive"},
        {'2', "/dev/zero", "no member of this archive"},
        {'2', "model.safetensors", "in a circle"},
        {'1', "/etc/passwd", "no member of this archive"},
        {'1', "../run/step1/config.json", "no member of this archive"},
        {'1', "run/step1/model.safetensors", "in a circle"},
        {'3', NULL, "a device"},
        {'4', NULL, "a device"},
        {'6', NULL, "a FIFO"},
    };
    for (size_t i = 0; i < sizeof LINKS / sizeof *LINKS; i++) {
        struct spt_error error;
        print_message("'%c' %s\n", LINKS[i].type, LINKS[i].link ? LINKS[i].link : "");
        assert_int_equal(try_weights(*state, LINKS[i].type, LINKS[i].link, &error), SPT_INVALID);
        assert_says(error.message, LINKS[i].why);
        assert_ends_with(error.path, "run.tar/run/step1/model.safetensors");
    }
}

/* Another file than weights: said, and passed over. */
static void a_link_that_is_not_needed_does_no_harm(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_text weights = {0}, tar = {0};
    struct spt_error error;
    put_weights(&weights, 10, 1);
    tar_member(&tar, "run/step1/model.safetensors", '0', NULL, weights.data, weights.length);
    tar_member(&tar, "run/step1/config.json", '2', "/etc/config.json", NULL, 0);
    tar_member(&tar, "run/step1/log", '2', "/var/log", NULL, 0);
    tar_member(&tar, "run/step1/null", '3', NULL, NULL, 0);
    tar_end(&tar);
    spt_text_release(&weights);
    assert_int_equal(outcome_of(f, save(f, &tar, "run.tar", path), &error), SPT_OK);
    assert_says(f->log, "config.json: skipped: \"run/step1/config.json\" is a link to \"/etc/config.json\"");
}

static void what_stands_in_an_archive_twice_is_refused_where_it_is_read(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_text weights = {0}, tar = {0};
    struct spt_error error;
    put_weights(&weights, 10, 1);
    tar_member(&tar, "step1/model.safetensors", '0', NULL, weights.data, weights.length);
    tar_member(&tar, "./step1/model.safetensors", '0', NULL, weights.data, weights.length);
    tar_member(&tar, "step2/model.safetensors", '0', NULL, weights.data, weights.length);
    tar_end(&tar);
    spt_text_release(&weights);
    assert_int_equal(outcome_of(f, save(f, &tar, "run.tar", path), &error), SPT_INVALID);
    assert_says(error.message, "several files of this name");
    assert_int_equal(outcome_of(f, strcat(path, "/step2"), &error), SPT_OK);
}

static void a_sparse_file_is_refused(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    put_checkpoint(f, "step1");
    shell_in(f->root, "truncate -s 1M step1/model.safetensors && tar --sparse -cf run.tar step1 && "
                      "tar --sparse --format=pax -cf pax.tar step1");
    assert_int_equal(outcome_of(f, at(f, "run.tar", path), &error), SPT_INVALID);
    assert_says(error.message, "sparse");
    assert_int_equal(outcome_of(f, at(f, "pax.tar", path), &error), SPT_INVALID);
    assert_says(error.message, "sparse");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hard_and_symbolic_links_to_members_are_followed, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(what_leads_out_of_the_archive_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_link_that_is_not_needed_does_no_harm, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_stands_in_an_archive_twice_is_refused_where_it_is_read, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_sparse_file_is_refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
