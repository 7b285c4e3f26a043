/* What is decompressed for reading: where, how much, how often. */
#include "packed.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoints/archive/archive.h"
#include "checkpoints/base/file.h"
#include "checkpoints/model_config.h"
#include "checkpoints/scan.h"

/* Bytes that have been read from the archive that counts. */
static ino_t counted;
static uint64_t read_bytes;
ssize_t __real_pread(int fd, void *bytes, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset);

ssize_t __wrap_pread(int fd, void *bytes, size_t size, off_t offset) {
    struct stat st;
    const ssize_t got = __real_pread(fd, bytes, size, offset);
    if (got > 0 && fstat(fd, &st) == 0 && st.st_ino == counted) read_bytes += (uint64_t)got;
    return got;
}

/* Weights that do not compress, the same for the same seed. */
static void put_noise(struct fixture *f, const char *folder, size_t count, unsigned seed) {
    char path[512], full[1024];
    struct spt_text bytes = {0};
    put_weights(&bytes, count, 1);
    uint64_t state = seed;
    for (size_t i = 128; i < bytes.length; i++) {
        state = state * UINT64_C(6364136223846793005) + 1;
        bytes.data[i] = (char)(state >> 56);
    }
    (void)snprintf(path, sizeof path, "%s/config.json", folder);
    put_file(f, path, "{}");
    (void)snprintf(path, sizeof path, "%s/model.safetensors", folder);
    save(f, &bytes, path, full);
}

enum { COUNT = 400 * 1000, STEPS = 4 }; /* 1.6 MB of weights: more than what is kept */

/* run.tar.gz with step0 ... step3 in this order, and its size. */
static uint64_t pack_steps(struct fixture *f, const char *order, char path[1024]) {
    struct stat st;
    for (unsigned i = 0; i < STEPS; i++) {
        char folder[32];
        (void)snprintf(folder, sizeof folder, "step%u", i);
        put_noise(f, folder, COUNT, i);
    }
    shell_in(f->root, "tar -czf run.tar.gz %s", order);
    assert_int_equal(stat(at(f, "run.tar.gz", path), &st), 0);
    counted = st.st_ino;
    read_bytes = 0;
    return (uint64_t)st.st_size;
}

static struct spt_run *open_with(struct fixture *f, const char *path, const char *tmpdir, uint64_t limit,
                                 enum spt_status expected, struct spt_error *error) {
    const struct spt_run_options options = {.tmpdir = tmpdir, .spool_limit = limit, .log = &f->sink};
    struct spt_run *run = NULL;
    const enum spt_status status = spt_run_open(path, &options, &run, error);
    if (status != expected) fail_msg("%s: %s", spt_status_name(status), error->message);
    return run;
}

static size_t entries_of(const char *folder) {
    DIR *opened = opendir(folder);
    size_t count = 0;
    assert_non_null(opened);
    for (struct dirent *entry; (entry = readdir(opened));) count += entry->d_name[0] != '.';
    (void)closedir(opened);
    return count;
}

static void what_lies_in_an_archive_as_it_is_takes_no_spool(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    put_noise(f, "step1", 1000, 1);
    shell_in(f->root, "tar -cf run.tar step1 && zip -q0r run.zip step1");
    static const char *const NAMES[] = {"run.tar", "run.zip"};
    for (size_t i = 0; i < 2; i++) {
        struct spt_run *run = open_with(f, at(f, NAMES[i], path), "/nonexistent", 1, SPT_OK, &error);
        (void)digest_of(run->tree, run->refs[0].path);
        spt_run_close(run);
    }
}

static void a_spool_is_made_where_it_is_asked_for_and_leaves_nothing(void **state) {
    struct fixture *f = *state;
    char path[1024], tmpdir[1024];
    struct spt_error error;
    put_directory(f, "tmp");
    pack_steps(f, "step0 step1 step2 step3", path);
    (void)open_with(f, path, "/nonexistent", 0, SPT_IO, &error);
    assert_string_equal(error.path, "/nonexistent");
    assert_says(error.message, "--tmpdir names another folder");
    assert_int_equal(setenv("TMPDIR", at(f, "tmp", tmpdir), 1), 0);
    struct spt_run *run = open_with(f, path, NULL, 0, SPT_OK, &error);
    for (size_t i = 0; i < run->count; i++) {
        (void)digest_of(run->tree, run->refs[i].path);
        assert_int_equal(entries_of(tmpdir), 0);
    }
    spt_run_close(run);
    assert_int_equal(entries_of(tmpdir), 0);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* One checkpoint's weights, not those of all. */
static void the_limit_holds_for_one_checkpoint(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    pack_steps(f, "step0 step1 step2 step3", path);
    struct spt_run *run = open_with(f, path, NULL, 5 * COUNT, SPT_OK, &error);
    for (size_t i = 0; i < run->count; i++) (void)digest_of(run->tree, run->refs[i].path);
    spt_run_close(run);
    run = open_with(f, path, NULL, 3 * COUNT, SPT_OK, &error);
    const struct spt_checkpoint_options in = {.tree = run->tree};
    struct spt_checkpoint *checkpoint = NULL;
    assert_int_equal(spt_checkpoint_open(run->refs[1].path, &in, &checkpoint, &error), SPT_IO);
    assert_int_equal(error.system, ENOSPC);
    assert_ends_with(error.path, "run.tar.gz/step1/model.safetensors");
    assert_says(error.message, "is compressed: 16000"); /* 1.6 MB and its header */
    assert_says(error.message, "more than the 1200000 that --spool-limit allows");
    spt_run_close(run);
}

/* Listing is one pass; the checkpoints, in the archive's order, are one more. */
static void a_compressed_archive_is_read_on_from_where_it_is(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    const uint64_t size = pack_steps(f, "step0 step1 step2 step3", path);
    struct spt_run *run = open_with(f, path, NULL, 0, SPT_OK, &error);
    assert_in_range(read_bytes, size, size + 100000);
    for (size_t i = 0; i < run->count; i++) (void)digest_of(run->tree, run->refs[i].path);
    assert_in_range(read_bytes, 2 * size - 100000, 2 * size + 100000);
    (void)digest_of(run->tree, run->refs[STEPS - 1].path); /* is there still */
    assert_in_range(read_bytes, 2 * size - 100000, 2 * size + 100000);
    (void)digest_of(run->tree, run->refs[0].path); /* lies before */
    assert_in_range(read_bytes, 2 * size + size / 8, 2 * size + size / 2);
    spt_run_close(run);
}

/* The archive has the shards in another order than the index. */
static void shards_are_spooled_in_one_pass(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct stat st;
    struct spt_error error;
    struct spt_text index = {0};
    spt_text_put(&index, "{\"weight_map\": {");
    for (unsigned i = 0; i < STEPS; i++) {
        char name[64], full[1024];
        struct spt_text bytes = {0}, renamed = {0};
        put_weights(&bytes, COUNT, (float)i);
        for (size_t k = 128; k < bytes.length; k++) bytes.data[k] = (char)(k * k * (i + 7) >> 5);
        spt_text_append(&renamed, bytes.data, bytes.length);
        renamed.data[10] = (char)('a' + i); /* {"w" */
        spt_text_release(&bytes);
        (void)snprintf(name, sizeof name, "step1/model-%u.safetensors", i);
        put_directory(f, "step1");
        save(f, &renamed, name, full);
        spt_text_format(&index, "%s\"%c\": \"model-%u.safetensors\"", i ? ", " : "", 'a' + (char)i, i);
    }
    spt_text_put(&index, "}}");
    put_file(f, "step1/config.json", "{}");
    put_file(f, "step1/model.safetensors.index.json", index.data);
    spt_text_release(&index);
    shell_in(f->root,
             "tar -czf run.tar.gz step1/model-3.safetensors step1/model-1.safetensors step1/model-2.safetensors "
             "step1/model-0.safetensors step1/model.safetensors.index.json step1/config.json");
    assert_int_equal(stat(at(f, "run.tar.gz", path), &st), 0);
    counted = st.st_ino;
    read_bytes = 0;
    struct spt_run *run = open_with(f, path, NULL, 0, SPT_OK, &error);
    const struct spt_hash packed = digest_of(run->tree, run->refs[0].path);
    assert_in_range(read_bytes, st.st_size, 2 * (uint64_t)st.st_size + 100000);
    spt_run_close(run);
    assert_true(spt_hash_equal(packed, digest_of(NULL, at(f, "step1", path))));
}

/* How many tokens there are the embedding says, and whoever asks for that first has its file only. */
static void layers_of_gpt_neox_are_spooled_in_one_pass(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct stat st;
    struct spt_error error;
    shell_in(f->root,
             "cp -r %s/layouts/gpt_neox run && mkdir -p pad/data && for layer in run/*/layer_*; do "
             "head -c 1500000 /dev/urandom >pad/data/more && zip -0q $layer pad/data/more || exit 1; done && "
             "tar --sort=name -cf - run | gzip -1 >run.tar.gz",
             SPT_TEST_DATA);
    assert_int_equal(stat(at(f, "run.tar.gz", path), &st), 0);
    counted = st.st_ino;
    read_bytes = 0;
    struct spt_run *run = open_with(f, path, NULL, 0, SPT_OK, &error);
    struct spt_model_config first, config;
    assert_int_equal(run->count, 2);
    assert_true(spt_run_model_takes_weights(&run->refs[0]));
    assert_int_equal(spt_run_read_model(&run->refs[0], &first, &error), SPT_OK);
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_checkpoint_options in = {.tree = run->tree};
        struct spt_checkpoint *checkpoint = NULL;
        assert_int_equal(spt_checkpoint_open(run->refs[i].path, &in, &checkpoint, &error), SPT_OK);
        assert_int_equal(spt_run_read_model_of(&run->refs[i], checkpoint, &config, &error), SPT_OK);
        assert_int_equal(config.vocabulary, first.vocabulary);
        spt_checkpoint_close(checkpoint);
    }
    /* Listing, the first embedding alone (one of ten files), the checkpoints. */
    const uint64_t size = (uint64_t)st.st_size;
    assert_in_range(read_bytes, 2 * size, 2 * size + size / 5);
    spt_run_close(run);
}

static void an_archive_that_changes_is_noticed(void **state) {
    static const char *const NAMES[] = {"run.tar", "run.tar.gz", "run.zip"};
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    put_noise(f, "step1", 1000, 1);
    put_noise(f, "step2", COUNT, 1);
    shell_in(f->root, "tar -cf run.tar step1 step2 && gzip -k run.tar && zip -qr run.zip step1 step2");
    for (size_t i = 0; i < 3; i++) {
        struct spt_run *run = open_with(f, at(f, NAMES[i], path), NULL, 0, SPT_OK, &error);
        const struct spt_checkpoint_options in = {.tree = run->tree};
        struct spt_checkpoint *checkpoint = NULL, *late = NULL;
        assert_int_equal(spt_checkpoint_open(run->refs[0].path, &in, &checkpoint, &error), SPT_OK);
        assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_OK);
        shell_in(f->root, "touch -d '2020-01-01' %s", NAMES[i]);
        assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_RETRY);
        assert_int_equal(spt_checkpoint_open(run->refs[1].path, &in, &late, &error), SPT_RETRY);
        assert_says(error.message, "changed since it was listed");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_IO);
        spt_checkpoint_close(checkpoint);
        spt_run_close(run);
    }
}

static void a_watch_does_not_list_an_archive_again_that_did_not_change(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    struct spt_scan *scan = NULL;
    size_t count;
    const uint64_t size = pack_steps(f, "step0 step1 step2", path);
    assert_int_equal(spt_scan_new(path, NULL, &scan, &error), SPT_OK);
    for (int i = 0; i < 5; i++) assert_int_equal(spt_scan_look(scan, i, &error), SPT_OK);
    assert_in_range(read_bytes, size, size + 100000);
    const struct spt_sight *sights = spt_scan_sights(scan, &count);
    assert_int_equal(count, 3);
    assert_false(sights[0].fresh);
    assert_true(sights[0].since < 1);
    /* Half written: what was seen stands. */
    shell_in(f->root, "tar -czf whole step0 step1 step2 step3 && head -c 3000000 whole > run.tar.gz");
    assert_int_equal(spt_scan_look(scan, 6, &error), SPT_RETRY);
    assert_int_equal(spt_scan_run(scan)->count, 3);
    shell_in(f->root, "cat whole > run.tar.gz");
    assert_int_equal(spt_scan_look(scan, 7, &error), SPT_OK);
    sights = spt_scan_sights(scan, &count);
    assert_int_equal(count, 4);
    assert_true(sights[0].fresh); /* another archive: it may be at work still */
    spt_scan_free(scan);
}

/* 32 MB that are decompressed and read. They are made in another process: what that takes does not count. */
static void memory_stays_flat(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_error error;
    struct rusage before, after;
    int made = -1;
    const pid_t child = fork();
    if (child == 0) {
        put_noise(f, "step1", 8 * 1000 * 1000, 5);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &made, 0), child);
    assert_int_equal(made, 0);
    shell_in(f->root, "tar -cf - step1 | gzip -1 > run.tar.gz && zip -q1r run.zip step1 && tar -cf run.tar step1");
    static const char *const NAMES[] = {"run.tar", "run.tar.gz", "run.zip"};
    struct spt_hash digests[3];
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    for (size_t i = 0; i < 3; i++) {
        struct spt_run *run = open_with(f, at(f, NAMES[i], path), f->root, 0, SPT_OK, &error);
        digests[i] = digest_of(run->tree, run->refs[0].path);
        spt_run_close(run);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    print_message("%ld KiB more\n", after.ru_maxrss - before.ru_maxrss);
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 16 * 1024);
    assert_true(spt_hash_equal(digests[0], digests[1]) && spt_hash_equal(digests[0], digests[2]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_lies_in_an_archive_as_it_is_takes_no_spool, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_spool_is_made_where_it_is_asked_for_and_leaves_nothing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_limit_holds_for_one_checkpoint, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_compressed_archive_is_read_on_from_where_it_is, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(shards_are_spooled_in_one_pass, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(layers_of_gpt_neox_are_spooled_in_one_pass, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_archive_that_changes_is_noticed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_watch_does_not_list_an_archive_again_that_did_not_change, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(memory_stays_flat, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
