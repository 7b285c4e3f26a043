/* What is the same for all formats: values, hashes, digests, confirmation, and what is no weights file.
 *
 * Values of the fixtures as the Python module safetensors 0.x and NumPy read them; the digest computed from its
 * definition in checkpoint.h by a Python script with the module xxhash.
 */
#include "tests/checkpoints/readers/build.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define STEP0     SPT_TEST_DATA "/demo-run/step0"
#define REFERENCE SPT_TEST_DATA "/reference/gpt_neox/reference.safetensors"

static void f16_weights_have_the_values_that_numpy_reads(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(STEP0);
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 76);
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "gpt_neox.embed_in.weight");
    assert_int_equal(tensor->dtype, SPT_F16);
    assert_int_equal(tensor->shape[0], 1024);
    assert_int_equal(tensor->shape[1], 64);
    float *out = malloc(tensor->count * sizeof *out);
    assert_non_null(out);
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, out, NULL), SPT_OK);
    assert_true(out[0] == -0x1.4dcp-3f);
    assert_true(out[1] == 0x1.2dp-5f);
    assert_true(out[777] == 0x1.a84p-5f);
    assert_true(out[65535] == 0x1.e9p-6f);
    double sum = 0;
    for (size_t i = 0; i < tensor->count; i++) sum += (double)out[i];
    assert_true(sum == 0x1.4709aa4p+3); /* every partial sum is exact */
    free(out);
    spt_checkpoint_close(checkpoint);
}

static void f32_f64_and_integers_have_the_values_that_numpy_reads(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(REFERENCE);
    const struct spt_tensor *attention = spt_checkpoint_find(checkpoint, "attn_3_1");
    assert_int_equal(attention->count, 4 * 50 * 50);
    float *out = malloc(attention->count * sizeof *out);
    assert_non_null(out);
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, attention, out, NULL), SPT_OK);
    assert_true(out[2 * 2500 + 49 * 50 + 7] == 0x1.0f9a36p-6f);
    free(out);
    float loss;
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, spt_checkpoint_find(checkpoint, "loss_1"), &loss, NULL),
                     SPT_OK);
    assert_true(loss == (float)4.693866476241988);
    int32_t ids[6];
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "ids_1");
    assert_int_equal(tensor->dtype, SPT_I32);
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, 6, ids, NULL), SPT_OK);
    static const int32_t EXPECTED[] = {72, 32, 11, 21, 61, 44};
    assert_memory_equal(ids, EXPECTED, sizeof ids);
    struct spt_error error;
    float unused[6];
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, unused, &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "I32"));
    spt_checkpoint_close(checkpoint);
}

static void all_four_float_formats_are_read_as_f32(void **state) {
    (void)state;
    static const unsigned char DATA[] = {0,    0,    0,    0,    0, 0, 0xf8, 0x3f, /* F64 1.5 */
                                         0,    0,    0xc0, 0x3f,                   /* F32 1.5 */
                                         0,    0x3e,                               /* F16 1.5 */
                                         0xc0, 0x3f};                              /* BF16 1.5 */
    put_safetensors("m",
                    "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                    "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
                    "\"c\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[12,14]},"
                    "\"d\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[14,16]}}",
                    DATA, sizeof DATA);
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    for (size_t i = 0; i < 4; i++) {
        float value = 0;
        assert_int_equal(spt_checkpoint_read_f32(checkpoint, spt_checkpoint_tensor(checkpoint, i), &value, NULL),
                         SPT_OK);
        assert_true(value == 1.5f);
    }
    spt_checkpoint_close(checkpoint);
}

static void f8_weights_are_listed_and_read_raw_but_not_computed_with(void **state) {
    (void)state;
    put_safetensors("m", "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]}}", "\x38\x40", 2);
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "a");
    assert_int_equal(tensor->dtype, SPT_F8_E4M3);
    char raw[2];
    float values[2];
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, 2, raw, NULL), SPT_OK);
    assert_memory_equal(raw, "\x38\x40", 2);
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, values, NULL), SPT_UNSUPPORTED);
    spt_checkpoint_close(checkpoint);
}

enum { BIG = 300000 };

/* One F16 tensor of more than two pieces, odd offsets, NaN patterns and all. */
static void put_big(const char *name) {
    unsigned char *data = malloc(2 * BIG);
    assert_non_null(data);
    for (size_t i = 0; i < (size_t)2 * BIG; i++) data[i] = (unsigned char)(i * 2654435761u >> 13);
    put_safetensors(name, "{\"w\":{\"dtype\":\"F16\",\"shape\":[300000],\"data_offsets\":[0,600000]}}", data, 2 * BIG);
    free(data);
}

static struct spt_hash digest_of(const struct spt_checkpoint *checkpoint) {
    struct spt_hash digest;
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    return digest;
}

static void long_tensors_convert_as_the_plain_twin_does(void **state) {
    (void)state;
    put_big("m");
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "w");
    unsigned char *raw = malloc(2 * BIG);
    float *out = malloc(BIG * sizeof *out);
    assert_true(raw && out);
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, BIG, raw, NULL), SPT_OK);
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, out, NULL), SPT_OK);
    for (size_t i = 0; i < BIG; i++) {
        const float twin = spt_number_to_f32(SPT_F16, raw + 2 * i);
        assert_memory_equal(&out[i], &twin, sizeof twin);
    }
    free(raw);
    free(out);
    spt_checkpoint_close(checkpoint);
}

static void the_digest_is_that_of_its_definition(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(STEP0);
    for (size_t i = spt_checkpoint_tensor_count(checkpoint); i-- > 0;) { /* the order of reading does not matter */
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL), SPT_OK);
    }
    char hex[SPT_HASH_HEX];
    spt_hash_hex(digest_of(checkpoint), hex);
    assert_string_equal(hex, "d9558986bc48c2deef52619171d60438");
    spt_checkpoint_close(checkpoint);
}

static void the_digest_does_not_depend_on_the_pieces_that_were_read(void **state) {
    (void)state;
    put_big("m");
    /* {first, count} until count is 0; each list reads the whole without a gap, some with overlaps and repetitions */
    static const size_t READS[][6][2] = {
        {{0, BIG}},
        {{0, 1}, {1, 131072}, {131073, BIG - 131073}},
        {{0, 200000}, {0, 200000}, {100000, BIG - 100000}},
        {{0, 7}, {3, 2}, {5, 0}, {0, BIG}, {0, 10}},
        {{0, 0}, {0, 299999}, {299999, 1}},
    };
    struct spt_hash first = {0};
    for (size_t r = 0; r < sizeof READS / sizeof *READS; r++) {
        struct spt_checkpoint *checkpoint = open_checkpoint("m");
        const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "w");
        for (size_t i = 0; i < 6; i++)
            assert_int_equal(spt_checkpoint_read(checkpoint, tensor, READS[r][i][0], READS[r][i][1], NULL, NULL),
                             SPT_OK);
        const struct spt_hash digest = digest_of(checkpoint);
        if (r == 0) first = digest;
        assert_true(spt_hash_equal(digest, first));
        spt_checkpoint_close(checkpoint);
    }
}

static void what_was_not_read_whole_is_not_in_the_digest(void **state) {
    (void)state;
    put_big("m");
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "w");
    const struct spt_hash nothing = digest_of(checkpoint);
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 10, BIG - 10, NULL, NULL), SPT_OK); /* a gap before */
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, 5, NULL, NULL), SPT_OK);
    assert_true(spt_hash_equal(digest_of(checkpoint), nothing));
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 5, BIG - 5, NULL, NULL), SPT_OK);
    assert_false(spt_hash_equal(digest_of(checkpoint), nothing));
    spt_checkpoint_close(checkpoint);
}

static void name_dtype_shape_and_bytes_all_count_in_the_digest(void **state) {
    (void)state;
    static const struct {
        const char *header, *data;
    } MODELS[] = {
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "abcd"},
        {"{\"v\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "abcd"},
        {"{\"w\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "abcd"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[0,4]}}", "abcd"},
        {"{\"w\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "abce"},
    };
    enum { COUNT = sizeof MODELS / sizeof *MODELS };
    struct spt_hash digests[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        put_safetensors("m", MODELS[i].header, MODELS[i].data, 4);
        struct spt_checkpoint *checkpoint = open_checkpoint("m");
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, 0);
        assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, 2, NULL, NULL), SPT_OK);
        digests[i] = digest_of(checkpoint);
        spt_checkpoint_close(checkpoint);
        for (size_t j = 0; j < i; j++) assert_false(spt_hash_equal(digests[i], digests[j]));
    }
}

static void elements_beyond_the_tensor_are_refused(void **state) {
    (void)state;
    put_big("m");
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "w");
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 1, BIG, NULL, NULL), SPT_INVALID);
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, BIG + 1, 0, NULL, NULL), SPT_INVALID);
    assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 2, SIZE_MAX - 1, NULL, NULL), SPT_INVALID);
    spt_checkpoint_close(checkpoint);
}

static void a_file_truncated_while_it_is_read_is_to_be_tried_again(void **state) {
    (void)state;
    put_big("m");
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    struct spt_error error = {0};
    assert_int_equal(truncate("m", 1000), 0);
    assert_int_equal(spt_checkpoint_read(checkpoint, spt_checkpoint_find(checkpoint, "w"), 0, BIG, NULL, &error),
                     SPT_RETRY);
    assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_RETRY);
    spt_checkpoint_close(checkpoint);
}

static void a_file_rewritten_or_removed_while_it_is_read_is_noticed(void **state) {
    (void)state;
    put_big("m");
    struct spt_checkpoint *checkpoint = open_checkpoint("m");
    struct spt_error error = {0};
    assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_OK);
    put_big("n");
    assert_int_equal(rename("n", "m"), 0);
    assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_RETRY);
    assert_int_equal(unlink("m"), 0);
    assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    spt_checkpoint_close(checkpoint);
}

static void contents_decide_not_names(void **state) {
    (void)state;
    put_safetensors("pytorch_model.bin", "{}", NULL, 0);
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    assert_string_equal(spt_checkpoint_format(checkpoint), "safetensors");
    spt_checkpoint_close(checkpoint);
    put_file("model.safetensors", "PK\003\004\0\0\0\0\0\0\0\0", 12);
    assert_refused(".", SPT_RETRY, "zip");
}

static void formats_known_by_sight_are_named_with_those_that_are_read(void **state) {
    (void)state;
    put_file("pytorch_model.bin", "GGUF\3\0\0\0\1\0\0\0", 12);
    assert_refused(".", SPT_UNSUPPORTED, "a GGUF file; ");
    assert_refused(".", SPT_UNSUPPORTED,
                   "this version reads safetensors, torch.save's files and the index.json of their shards");
    static const struct {
        const char *bytes;
        size_t size;
        const char *word;
    } SEEN[] = {
        {"GGUF\3\0\0\0\1\0\0\0", 12, "GGUF"},
        {"\x89HDF\r\n\x1a\n\0\0\0\0", 12, "HDF5"},
        {"\x1f\x8b\10\0\0\0\0\0\0", 9, "gzip"},
        {"\x28\xb5\x2f\xfd\0\0\0\0\0", 9, "zstd"},
    };
    for (size_t i = 0; i < sizeof SEEN / sizeof *SEEN; i++) {
        put_file("weights", SEEN[i].bytes, SEEN[i].size);
        assert_refused("weights", SPT_UNSUPPORTED, SEEN[i].word);
    }
    char tar[512] = "model.safetensors";
    memcpy(tar + 257, "ustar", 5);
    put_file("weights", tar, sizeof tar);
    assert_refused("weights", SPT_UNSUPPORTED, "tar archive");
}

static void what_stands_in_for_weights_is_named(void **state) {
    (void)state;
    put_text("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 166029852\n");
    assert_refused(".", SPT_INVALID, "git lfs pull");
    put_text("model.safetensors", "<!DOCTYPE html><html>404</html>");
    assert_refused(".", SPT_INVALID, "HTML page");
    put_text("notes", "just some words");
    assert_refused("notes", SPT_INVALID, "begins with 6a 75 73 74");
    put_text("config.json", "{\"model_type\": \"gpt_neox\"}");
    assert_refused("config.json", SPT_INVALID, "weight_map");
}

static void too_little_to_tell_is_incomplete(void **state) {
    (void)state;
    for (size_t size = 0; size < 8; size++) {
        put_file("model.safetensors", "\x7f\0\0\0\0\0\0\0", size);
        assert_refused(".", SPT_RETRY, "too few");
    }
}

static void a_directory_without_weights_is_incomplete(void **state) {
    (void)state;
    assert_refused(".", SPT_RETRY, "no weights");
    assert_int_equal(symlink("../blobs/absent", "model.safetensors"), 0);
    assert_refused(".", SPT_RETRY, "not there");
}

static void what_is_no_file_is_refused_without_waiting(void **state) {
    (void)state;
    struct spt_error error = {0};
    struct spt_checkpoint *checkpoint;
    assert_int_equal(spt_checkpoint_open("absent", NULL, &checkpoint, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    assert_int_equal(mkfifo("model.safetensors", 0600), 0);
    assert_refused(".", SPT_INVALID, "a FIFO");
    assert_int_equal(unlink("model.safetensors"), 0);
    assert_int_equal(mkdir("model.safetensors", 0700), 0);
    assert_refused(".", SPT_INVALID, "a directory");
    assert_int_equal(rmdir("model.safetensors"), 0);
    assert_int_equal(symlink("/dev/zero", "model.safetensors"), 0);
    assert_refused(".", SPT_INVALID, "a device");
    assert_int_equal(unlink("model.safetensors"), 0);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "model.safetensors"};
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(close(fd), 0);
    assert_refused(".", SPT_INVALID, "a socket");
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(spt_checkpoint_open("loop", NULL, &checkpoint, &error), SPT_IO);
    assert_int_equal(error.system, ELOOP);
    spt_checkpoint_close(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(f16_weights_have_the_values_that_numpy_reads),
        TEST(f32_f64_and_integers_have_the_values_that_numpy_reads),
        TEST(all_four_float_formats_are_read_as_f32),
        TEST(f8_weights_are_listed_and_read_raw_but_not_computed_with),
        TEST(long_tensors_convert_as_the_plain_twin_does),
        TEST(the_digest_is_that_of_its_definition),
        TEST(the_digest_does_not_depend_on_the_pieces_that_were_read),
        TEST(what_was_not_read_whole_is_not_in_the_digest),
        TEST(name_dtype_shape_and_bytes_all_count_in_the_digest),
        TEST(elements_beyond_the_tensor_are_refused),
        TEST(a_file_truncated_while_it_is_read_is_to_be_tried_again),
        TEST(a_file_rewritten_or_removed_while_it_is_read_is_noticed),
        TEST(contents_decide_not_names),
        TEST(formats_known_by_sight_are_named_with_those_that_are_read),
        TEST(what_stands_in_for_weights_is_named),
        TEST(too_little_to_tell_is_incomplete),
        TEST(a_directory_without_weights_is_incomplete),
        TEST(what_is_no_file_is_refused_without_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
