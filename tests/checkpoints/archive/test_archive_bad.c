/* Archives that are broken, cut, or made to do harm. */
#include "packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/tree.h"

static void put_checkpoint_member(struct spt_text *tar, const char *folder) {
    struct spt_text weights = {0};
    char name[128];
    put_weights(&weights, 64, 1);
    (void)snprintf(name, sizeof name, "%s/config.json", folder);
    tar_member(tar, name, '0', NULL, "{}", 2);
    (void)snprintf(name, sizeof name, "%s/model.safetensors", folder);
    tar_member(tar, name, '0', NULL, weights.data, weights.length);
    spt_text_release(&weights);
}

/* --- tar --- */

static void named(struct spt_text *tar, const char *name) {
    put_checkpoint_member(tar, "run/step1");
    tar_member(tar, name, '0', NULL, "x", 1);
    tar_end(tar);
}

static void parent(struct spt_text *tar) {
    named(tar, "run/../../../tmp/evil");
}

static void absolute(struct spt_text *tar) {
    named(tar, "/tmp/evil");
}

static void escape_codes(struct spt_text *tar) {
    named(tar, "run/\x1b[2Jx");
}

static void below_a_file(struct spt_text *tar) {
    named(tar, "run/step1/config.json/x");
}

static void too_deep(struct spt_text *tar) {
    named(tar, "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/0/1/2/3/4/5/6/7");
}

static void nameless(struct spt_text *tar) {
    named(tar, "");
}

static void negative_size(struct spt_text *tar) {
    tar_header(tar, "run/step1/model.safetensors", '0', NULL, UINT64_C(1) << 63);
    tar_end(tar);
}

static void absurd_size(struct spt_text *tar) {
    tar_header(tar, "run/step1/model.safetensors", '0', NULL, (UINT64_C(1) << 62) + 1);
    tar_end(tar);
}

static void size_beyond_the_end(struct spt_text *tar) {
    tar_header(tar, "run/step1/model.safetensors", '0', NULL, 1 << 20);
    tar_end(tar);
}

static void absurd_long_name(struct spt_text *tar) {
    tar_header(tar, "././@LongLink", 'L', NULL, UINT64_C(1) << 62);
    tar_end(tar);
}

static void long_long_name(struct spt_text *tar) {
    char name[9000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    tar_member(tar, "././@LongLink", 'L', NULL, name, sizeof name);
    tar_member(tar, "n", '0', NULL, "x", 1);
    tar_end(tar);
}

static void wrong_checksum(struct spt_text *tar) {
    put_checkpoint_member(tar, "run/step1");
    const size_t second = tar->length;
    put_checkpoint_member(tar, "run/step2");
    tar_end(tar);
    tar->data[second + 5] ^= 1;
}

static void no_end_mark(struct spt_text *tar) {
    put_checkpoint_member(tar, "run/step1");
}

static void nothing_in_it(struct spt_text *tar) {
    tar_member(tar, "empty/", '5', NULL, NULL, 0);
    tar_end(tar);
}

static void trailing_bytes(struct spt_text *tar) {
    put_checkpoint_member(tar, "run/step1");
    tar_end(tar);
    tar_data(tar, "behind the end", 14);
}

static const struct {
    const char *what;
    void (*put)(struct spt_text *tar);
    enum spt_status plain, compressed;
    const char *says, *says_compressed; /* NULL: the same */
} TARS[] = {
    {"..", parent, SPT_INVALID, SPT_INVALID, "leads out of the archive", NULL},
    {"absolute", absolute, SPT_INVALID, SPT_INVALID, "is absolute: \"/tmp/evil\"", NULL},
    {"escape codes", escape_codes, SPT_INVALID, SPT_INVALID, "control characters: \"run/\\x1b[2Jx\"", NULL},
    {"below a file", below_a_file, SPT_INVALID, SPT_INVALID, "is both a folder and a file", NULL},
    {"too deep", too_deep, SPT_INVALID, SPT_INVALID, "in too many folders", NULL},
    {"nameless", nameless, SPT_INVALID, SPT_INVALID, "", NULL},
    {"2^63 bytes", negative_size, SPT_INVALID, SPT_INVALID, "", NULL},
    {"2^62 bytes", absurd_size, SPT_INVALID, SPT_INVALID, "", NULL},
    {"a size beyond the end", size_beyond_the_end, SPT_RETRY, SPT_RETRY, "in the middle of", "ends too early"},
    {"2^62 bytes of a name", absurd_long_name, SPT_INVALID, SPT_INVALID, "", NULL},
    {"9000 bytes of a name", long_long_name, SPT_INVALID, SPT_INVALID, "at most 4096 are taken", NULL},
    {"a wrong checksum", wrong_checksum, SPT_INVALID, SPT_INVALID, "broken behind member 2", NULL},
    {"no end mark", no_end_mark, SPT_RETRY, SPT_RETRY, "has no end mark", NULL},
    {"nothing in it", nothing_in_it, SPT_INVALID, SPT_INVALID, "no checkpoint", NULL},
    {"bytes behind the end", trailing_bytes, SPT_OK, SPT_OK, NULL, NULL},
};

static void assert_outcome(struct fixture *f, const char *path, enum spt_status expected, const char *says) {
    struct spt_error error = {0};
    const enum spt_status status = outcome_of(f, path, &error);
    if (status != expected)
        fail_msg("%s instead of %s: %s", spt_status_name(status), spt_status_name(expected), error.message);
    if (!says) return;
    assert_int_equal(strncmp(error.path, path, strlen(path)), 0);
    assert_says(error.message, says);
}

static void bad_tar_files_are_told_apart(void **state) {
    struct fixture *f = *state;
    char path[1024];
    for (size_t i = 0; i < sizeof TARS / sizeof *TARS; i++) {
        struct spt_text tar = {0};
        TARS[i].put(&tar);
        print_message("%s\n", TARS[i].what);
        save(f, &tar, "run.tar", path);
        assert_outcome(f, path, TARS[i].plain, TARS[i].says);
        shell_in(f->root, "gzip -kf run.tar");
        assert_outcome(f, strcat(path, ".gz"), TARS[i].compressed,
                       TARS[i].says_compressed ? TARS[i].says_compressed : TARS[i].says);
    }
}

/* At every length: it is waited for, or (a tar file may well go on behind its end mark) it is whole. */
static void an_archive_that_was_cut_is_waited_for(void **state) {
    static const char *const COMMANDS[] = {"cp plain whole.tar", "gzip -c plain > whole.tar.gz",
                                           "zstd -qc plain > whole.tar.zst", "xz -c plain > whole.tar.xz",
                                           "bzip2 -c plain > whole.tar.bz2"};
    static const char *const NAMES[] = {"whole.tar", "whole.tar.gz", "whole.tar.zst", "whole.tar.xz", "whole.tar.bz2"};
    struct fixture *f = *state;
    char path[1024], cut[1024];
    struct spt_text tar = {0};
    put_checkpoint_member(&tar, "step1");
    const size_t data_end = tar.length;
    tar_end(&tar);
    save(f, &tar, "plain", path);
    for (size_t k = 0; k < 5; k++) {
        char *bytes;
        size_t size;
        shell_in(f->root, "%s", COMMANDS[k]);
        assert_int_equal(spt_file_read_all(at(f, NAMES[k], path), 1 << 20, &bytes, &size, NULL), SPT_OK);
        assert_outcome(f, path, SPT_OK, NULL);
        (void)snprintf(cut, sizeof cut, "%s/cut-%s", f->root, NAMES[k]);
        size_t retried = 0;
        for (size_t length = 0; length < size; length++) {
            struct spt_error error = {0};
            assert_int_equal(spt_file_write_fleeting(cut, bytes, length, NULL), SPT_OK);
            const enum spt_status status = outcome_of(f, cut, &error);
            if (status != SPT_RETRY && (status != SPT_OK || k == 0 || length < size / 2) &&
                (status != SPT_OK || length < data_end + 512))
                fail_msg("%s, %zu of %zu bytes: %s: %s", NAMES[k], length, size, spt_status_name(status),
                         error.message);
            retried += status == SPT_RETRY;
        }
        assert_true(retried * 2 > size);
        free(bytes);
    }
}

static void what_is_compressed_is_a_tar_file_once(void **state) {
    struct fixture *f = *state;
    char path[1024];
    put_file(f, "text", "some text, and no tar file at all");
    put_checkpoint(f, "step1");
    shell_in(f->root,
             "gzip -c text > text.gz && tar -cf run.tar step1 && gzip -k run.tar && gzip -c run.tar.gz > twice.tar.gz");
    assert_outcome(f, at(f, "text.gz", path), SPT_INVALID, "no tar archive");
    assert_outcome(f, at(f, "twice.tar.gz", path), SPT_INVALID, "compressed more than once");
    shell_in(f->root, "(gzip -c run.tar | head -c 40; head -c 4000 /dev/zero | tr '\\0' 'U') > noise.tar.gz");
    assert_outcome(f, at(f, "noise.tar.gz", path), SPT_INVALID, "");
}

/* What it would take is known from its header: nothing is decompressed for it, nothing spooled. */
static void a_bomb_is_not_set_off(void **state) {
    struct fixture *f = *state;
    char path[1024];
    struct spt_text tar = {0};
    tar_header(&tar, "step1/model.safetensors", '0', NULL, UINT64_C(100) << 30);
    save(f, &tar, "head", path);
    shell_in(f->root, "(cat head; head -c 1000000 /dev/zero) | gzip > bomb.tar.gz");
    assert_outcome(f, at(f, "bomb.tar.gz", path), SPT_INVALID, "out of proportion to an archive of");
}

/* Nor can a sparse file be one, whose header does not say how many bytes it takes. */
static void a_sparse_bomb_goes_off_no_further_than_its_archive_allows(void **state) {
    static const char MAP[] = "39 GNU.sparse.map=0,512,1024,314572288\n29 GNU.sparse.size=314573312\n";
    struct fixture *f = *state;
    char path[1024];
    struct spt_text tar = {0};
    tar_member(&tar, "PaxHeaders/x", 'x', NULL, MAP, strlen(MAP));
    tar_header(&tar, "step1/model.safetensors", '0', NULL, UINT64_C(300) << 20);
    save(f, &tar, "head", path);
    shell_in(f->root, "(cat head; head -c 314573824 /dev/zero) | zstd -q > bomb.tar.zst");
    assert_outcome(f, at(f, "bomb.tar.zst", path), SPT_INVALID, "a sparse file, is out of proportion");
}

/* --- zip --- */

static size_t find_last(const char *bytes, size_t size, const char *magic) {
    for (size_t i = size - 4;; i--) {
        if (memcmp(bytes + i, magic, 4) == 0) return i;
        assert_true(i > 0);
    }
}

static void no_end_record(struct spt_text *zip) {
    zip->length -= 22;
}

static void two_end_records(struct spt_text *zip) {
    const size_t end = find_last(zip->data, zip->length, "PK\5\6");
    char record[22];
    memcpy(record, zip->data + end, 22);
    zip->data[end + 20] = 22; /* the second is the first one's comment */
    spt_text_append(zip, record, 22);
}

static void another_size_in_the_directory(struct spt_text *zip) {
    zip->data[find_last(zip->data, zip->length, "PK\1\2") + 24] ^= 1;
}

static void another_name_in_the_directory(struct spt_text *zip) {
    zip->data[find_last(zip->data, zip->length, "PK\1\2") + 46] ^= 1;
}

static void overlapping_members(struct spt_text *zip) {
    const size_t last = find_last(zip->data, zip->length, "PK\1\2");
    const size_t first = find_last(zip->data, last, "PK\1\2");
    memcpy(zip->data + last + 16, zip->data + first + 16, 12);
    memcpy(zip->data + last + 42, zip->data + first + 42, 4);
}

static void encrypted(struct spt_text *zip) {
    zip->data[find_last(zip->data, zip->length, "PK\1\2") + 8] |= 1;
}

static void several_disks(struct spt_text *zip) {
    zip->data[find_last(zip->data, zip->length, "PK\5\6") + 4] = 1;
}

static const struct {
    const char *what;
    void (*spoil)(struct spt_text *zip);
    enum spt_status status;
    const char *says;
} ZIPS[] = {
    {"no end record", no_end_record, SPT_RETRY, "without its end record"},
    {"two end records", two_end_records, SPT_INVALID, "two end records"},
    {"another size in the directory", another_size_in_the_directory, SPT_INVALID, ""},
    {"another name in the directory", another_name_in_the_directory, SPT_INVALID, "differ"},
    {"overlapping members", overlapping_members, SPT_INVALID, ""},
    {"encrypted", encrypted, SPT_UNSUPPORTED, "is encrypted"},
    {"several disks", several_disks, SPT_UNSUPPORTED, "several disks"},
};

static void bad_zip_files_are_told_apart(void **state) {
    struct fixture *f = *state;
    char path[1024], *bytes;
    size_t size;
    put_checkpoint(f, "step1");
    shell_in(f->root, "zip -q0r good.zip step1");
    assert_int_equal(spt_file_read_all(at(f, "good.zip", path), 1 << 20, &bytes, &size, NULL), SPT_OK);
    for (size_t i = 0; i < sizeof ZIPS / sizeof *ZIPS; i++) {
        struct spt_text zip = {0};
        print_message("%s\n", ZIPS[i].what);
        spt_text_append(&zip, bytes, size);
        ZIPS[i].spoil(&zip);
        assert_outcome(f, save(f, &zip, "run.zip", path), ZIPS[i].status, ZIPS[i].says);
    }
    free(bytes);
}

/* Tools that write to a pipe put sizes behind the data. */
static void a_deflated_member_is_held_against_its_directory(void **state) {
    struct fixture *f = *state;
    char path[1024], *bytes;
    size_t size;
    struct spt_text zip = {0}, weights = {0};
    put_weights(&weights, 1000, 1);
    put_file(f, "step1/config.json", "{}");
    save(f, &weights, "step1/model.safetensors", path);
    shell_in(f->root, "zip -q - step1/model.safetensors | cat > run.zip");
    assert_outcome(f, at(f, "run.zip", path), SPT_OK, NULL);
    assert_int_equal(spt_file_read_all(path, 1 << 20, &bytes, &size, NULL), SPT_OK);
    spt_text_append(&zip, bytes, size);
    zip.data[find_last(zip.data, zip.length, "PK\1\2") + 24] ^= 4; /* inflated, 4 bytes more or fewer */
    save(f, &zip, "run.zip", path);
    assert_outcome(f, path, SPT_INVALID, "bytes it is said to have");
    spt_text_append(&zip, bytes, size);
    zip.data[30 + strlen("step1/model.safetensors") + (size_t)zip.data[28] + 2] ^= 0x7f; /* in its data */
    save(f, &zip, "run.zip", path);
    assert_outcome(f, path, SPT_INVALID, "");
    free(bytes);
}

static void flip(struct fixture *f, const char *name, size_t at_byte) {
    char path[1024];
    FILE *file = fopen(at(f, name, path), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at_byte, SEEK_SET), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, (long)at_byte, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

/* What is small is looked at when it is opened, weights as they are read; each is said once, and read all the same. */
static void a_stored_member_that_was_damaged_is_said(void **state) {
    enum { COUNT = 300 * 1000 };
    struct fixture *f = *state;
    struct spt_text weights = {0};
    struct spt_error error;
    char path[1024], *bytes;
    size_t size;
    put_weights(&weights, COUNT, 3.0F);
    put_file(f, "step1/config.json", "{\"hidden_size\": 1}");
    save(f, &weights, "step1/model.safetensors", path);
    shell_in(f->root, "zip -q0r run.zip step1");
    for (int damaged = 0; damaged < 2; damaged++) {
        const struct spt_run_options options = {.log = &f->sink};
        struct spt_checkpoint_options in = {.log = &f->sink};
        struct spt_run *run = NULL;
        struct spt_checkpoint *checkpoint = NULL;
        assert_int_equal(spt_run_open(at(f, "run.zip", path), &options, &run, &error), SPT_OK);
        in.tree = run->tree;
        for (int again = 0; again < 2; again++) {
            assert_int_equal(spt_tree_read_all(run->tree, run->refs[0].config, 1 << 10, &bytes, &size, &error), SPT_OK);
            free(bytes);
        }
        assert_int_equal(spt_checkpoint_open(run->refs[0].path, &in, &checkpoint, &error), SPT_OK);
        const struct spt_tensor *w = spt_checkpoint_find(checkpoint, "w");
        for (size_t first = COUNT; first > 0; first -= COUNT / 10) /* from its end */
            assert_int_equal(spt_checkpoint_read(checkpoint, w, first - COUNT / 10, COUNT / 10, NULL, &error), SPT_OK);
        assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_OK);
        spt_checkpoint_close(checkpoint);
        spt_run_close(run);
        if (!damaged) {
            assert_string_equal(f->log, "");
            char *archive;
            assert_int_equal(spt_file_read_all(path, 4 << 20, &archive, &size, NULL), SPT_OK);
            flip(f, "run.zip", (size_t)(strstr(memmem(archive, size, "hidden", 6), ": 1") + 1 - archive));
            flip(f, "run.zip", find_last(archive, size, "PK\1\2") - 2000);
            free(archive);
        }
    }
    assert_says(f->log, "config.json: its CRC in the archive is missing or wrong; it is read all the same");
    assert_says(f->log, "model.safetensors: its CRC in the archive is missing or wrong");
    size_t lines = 0;
    for (const char *at_line = f->log; (at_line = strchr(at_line, '\n')); at_line++) lines++;
    assert_int_equal(lines, 2);
}

/* Deflate cannot grow by so much, other methods can. */
static void a_member_out_of_proportion_is_not_spooled(void **state) {
    struct fixture *f = *state;
    char path[1024];
    put_file(f, "step1/config.json", "{}");
    shell_in(f->root, "head -c 70000000 /dev/zero > step1/model.safetensors && zip -q -Z bzip2 -r run.zip step1");
    assert_outcome(f, at(f, "run.zip", path), SPT_INVALID, "out of proportion to the");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_tar_files_are_told_apart, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_archive_that_was_cut_is_waited_for, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_compressed_is_a_tar_file_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_bomb_is_not_set_off, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_sparse_bomb_goes_off_no_further_than_its_archive_allows, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(bad_zip_files_are_told_apart, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_member_out_of_proportion_is_not_spooled, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_stored_member_that_was_damaged_is_said, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deflated_member_is_held_against_its_directory, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
