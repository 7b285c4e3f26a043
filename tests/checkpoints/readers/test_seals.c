/* CRCs of what is read in place: what is damaged is said, once everything was read, and nothing else. */
#include "build.h"

#include "checkpoints/base/crc32.h"
#include "checkpoints/readers/seals.h"

#define DATA SPT_TEST_DATA "/torch/"

enum { SIZE = 1000, OFFSET = 100 };

/* --- one seal --- */

static struct spt_seal seal_of(const unsigned char bytes[SIZE]) {
    return (struct spt_seal){.offset = OFFSET, .size = SIZE, .crc = spt_crc32(bytes, SIZE)};
}

static void put_noise(unsigned char bytes[SIZE], unsigned seed) {
    for (size_t i = 0; i < SIZE; i++) bytes[i] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
}

/* Any pieces, also such that overlap, until all were there; then one byte of another file is in it. */
static void pieces_in_any_order_count_once(void **state) {
    (void)state;
    unsigned char bytes[SIZE];
    unsigned random = 1;
    put_noise(bytes, 7);
    for (int round = 0; round < 200; round++) {
        struct spt_seal good = seal_of(bytes), bad = seal_of(bytes);
        struct spt_span gap;
        bad.crc ^= 1;
        while (spt_seal_read(&good) < SIZE) {
            random = random * 1103515245u + 12345u;
            const size_t begin = (random >> 8) % SIZE, most = SIZE - begin;
            const size_t size = 1 + (random >> 20) % 97 % most;
            assert_false(spt_seal_is_broken(&bad)); /* not known yet */
            assert_true(spt_seal_gap(&good, &gap));
            assert_in_range(gap.begin, OFFSET, OFFSET + SIZE - 1);
            spt_seal_note(&good, OFFSET + begin, bytes + begin, size);
            spt_seal_note(&bad, OFFSET + begin, bytes + begin, size);
        }
        assert_int_equal(good.span_count, 1);
        assert_false(spt_seal_gap(&good, &gap));
        assert_false(spt_seal_is_broken(&good));
        assert_true(spt_seal_is_broken(&bad));
        spt_seal_release(&good);
        spt_seal_release(&bad);
    }
}

static void a_read_that_reaches_further_counts_as_far_as_the_seal(void **state) {
    (void)state;
    unsigned char bytes[SIZE], file[OFFSET + SIZE + 50] = {0};
    put_noise(bytes, 7);
    memcpy(file + OFFSET, bytes, SIZE);
    struct spt_seal seal = seal_of(bytes);
    spt_seal_note(&seal, 0, file, OFFSET);
    assert_int_equal(spt_seal_read(&seal), 0);
    spt_seal_note(&seal, 0, file, sizeof file);
    assert_int_equal(spt_seal_read(&seal), SIZE);
    assert_false(spt_seal_is_broken(&seal));
    spt_seal_release(&seal);
}

/* What is read crumb by crumb is given up: time and memory stay bounded. */
static void too_many_pieces_are_given_up(void **state) {
    (void)state;
    struct spt_seal seal = {.size = 1 << 20, .crc = 1};
    for (uint64_t at = 0; at < seal.size; at += 2) spt_seal_note(&seal, at, "x", 1);
    assert_true(seal.given_up);
    assert_false(spt_seal_is_broken(&seal));
    assert_null(seal.spans);
    spt_seal_release(&seal);
}

static void one_read_is_noted_by_every_seal_it_touches(void **state) {
    (void)state;
    unsigned char bytes[SIZE];
    struct spt_seals seals = {0};
    put_noise(bytes, 9);
    for (size_t i = 10; i-- > 0;) { /* in any order, one of them twice */
        const struct spt_seal seal = {
            .file = 1, .offset = i * 100, .size = 100, .crc = spt_crc32(bytes + i * 100, 100) ^ (i == 4)};
        assert_true(spt_seals_add(&seals, &seal));
        if (i == 3) assert_true(spt_seals_add(&seals, &seal));
    }
    spt_seals_sort(&seals);
    assert_int_equal(seals.count, 10);
    spt_seals_note(&seals, 0, 0, bytes, SIZE); /* another file */
    assert_int_equal(spt_seal_read(&seals.items[0]), 0);
    spt_seals_note(&seals, 1, 250, bytes + 250, 600);
    for (size_t i = 0; i < 10; i++) {
        const uint64_t read = i < 2 || i == 9 ? 0 : i == 2 || i == 8 ? 50 : 100;
        assert_int_equal(spt_seal_read(&seals.items[i]), read);
        assert_int_equal(spt_seal_is_broken(&seals.items[i]), i == 4);
    }
    spt_seals_release(&seals);
}

/* --- files --- */

struct heard {
    char text[4096];
    size_t lines;
};

static void hear(void *context, enum spt_log_level level, const char *line) {
    struct heard *heard = context;
    assert_int_equal(level, SPT_LOG_WARNING);
    (void)snprintf(heard->text, sizeof heard->text, "%s", line);
    heard->lines++;
}

/* Copies a file of the fixtures, with the bytes at each of count places changed. */
static void copy_damaged(const char *from, const char *to, const uint64_t *places, size_t count) {
    char *bytes;
    size_t size;
    assert_int_equal(spt_file_read_all(from, 1 << 20, &bytes, &size, NULL), SPT_OK);
    for (size_t i = 0; i < count; i++) bytes[places[i]] ^= 4;
    put_file(to, bytes, size);
    free(bytes);
}

/* Opens path, reads the tensors but those of skip, and confirms it. */
static void read_and_hear(const char *path, const char *skip, struct heard *heard) {
    *heard = (struct heard){.lines = 0};
    const struct spt_log log = {.context = heard, .emit = hear};
    const struct spt_checkpoint_options options = {.log = &log};
    struct spt_checkpoint *checkpoint = NULL;
    assert_int_equal(spt_checkpoint_open(path, &options, &checkpoint, NULL), SPT_OK);
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        if (skip && strcmp(tensor->name, skip) == 0) continue;
        assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL), SPT_OK);
    }
    assert_int_equal(spt_checkpoint_confirm(checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

/* The place of the one tensor that starts a storage of its own. */
static uint64_t place_of(const char *path, const char *name) {
    struct spt_checkpoint *checkpoint = open_checkpoint(path);
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, name);
    assert_non_null(tensor);
    const uint64_t place = tensor->offset;
    spt_checkpoint_close(checkpoint);
    return place;
}

static void a_damaged_storage_is_said_once_a_file(void **state) {
    (void)state;
    struct heard heard;
    read_and_hear(DATA "neox/layer_02-model_00-model_states.pt", NULL, &heard);
    assert_int_equal(heard.lines, 0);
    const char *file = DATA "neox/layer_02-model_00-model_states.pt";
    const uint64_t places[] = {place_of(file, "attention.dense.weight"), place_of(file, "input_layernorm.weight")};
    copy_damaged(file, "one.pt", places, 1);
    read_and_hear("one.pt", NULL, &heard);
    assert_int_equal(heard.lines, 1);
    assert_non_null(strstr(heard.text, "one.pt: the CRC of \"layer_02-model_00-model_states/data/"));
    assert_non_null(strstr(heard.text, "is wrong; it is read all the same"));
    copy_damaged(file, "two.pt", places, 2);
    read_and_hear("two.pt", NULL, &heard);
    assert_int_equal(heard.lines, 1);
    assert_non_null(strstr(heard.text, "and 1 more are wrong"));
}

static void of_what_is_not_read_nothing_is_said(void **state) {
    (void)state;
    struct heard heard;
    const char *file = DATA "neox/layer_02-model_00-model_states.pt";
    const uint64_t place = place_of(file, "attention.dense.weight");
    copy_damaged(file, "one.pt", &place, 1);
    read_and_hear("one.pt", "attention.dense.weight", &heard);
    assert_int_equal(heard.lines, 0);
}

/* Torch's own choice, for speed: that is said of the pickle, and of no storage. */
static void crcs_that_torch_left_out_are_not_wrong(void **state) {
    (void)state;
    struct heard heard;
    read_and_hear(DATA "nocrc.bin", NULL, &heard);
    assert_int_equal(heard.lines, 1);
    assert_non_null(strstr(heard.text, "data.pkl\" is missing or wrong"));
}

/* Views, shared storages, big-endian files and ZIP64 are read in many ways: none is taken for damage. */
static void what_is_read_in_parts_is_not_taken_for_damaged(void **state) {
    (void)state;
    static const char *const FILES[] = {DATA "zip2.bin", DATA "zip5.bin",       DATA "zip64.bin", DATA "zip_big.bin",
                                        DATA "sharded",  DATA "lightning.ckpt", DATA "neox"};
    struct heard heard;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        read_and_hear(FILES[i], NULL, &heard);
        if (heard.lines) fail_msg("%s: %s", FILES[i], heard.text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_in_any_order_count_once),
        cmocka_unit_test(a_read_that_reaches_further_counts_as_far_as_the_seal),
        cmocka_unit_test(too_many_pieces_are_given_up),
        cmocka_unit_test(one_read_is_noted_by_every_seal_it_touches),
        cmocka_unit_test_setup_teardown(a_damaged_storage_is_said_once_a_file, enter_directory, leave_directory),
        cmocka_unit_test_setup_teardown(of_what_is_not_read_nothing_is_said, enter_directory, leave_directory),
        cmocka_unit_test_setup_teardown(crcs_that_torch_left_out_are_not_wrong, enter_directory, leave_directory),
        cmocka_unit_test_setup_teardown(what_is_read_in_parts_is_not_taken_for_damaged, enter_directory,
                                        leave_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
