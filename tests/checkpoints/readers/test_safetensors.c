/* Every rule of the safetensors format, and every way to break it. */
#include "tests/checkpoints/readers/build.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define F "m.safetensors"

static const char GOOD[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                           "\"b\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[4,16]},"
                           "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}  ";

static void tensors_are_listed_by_name_with_shape_and_place(void **state) {
    (void)state;
    put_safetensors(F, GOOD, NULL, 16);
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    assert_string_equal(spt_checkpoint_format(checkpoint), "safetensors");
    assert_int_equal(spt_checkpoint_bytes(checkpoint), 8 + strlen(GOOD) + 16);
    assert_int_equal(spt_checkpoint_file_count(checkpoint), 1);
    assert_string_equal(spt_checkpoint_file(checkpoint, 0), F);
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 2);
    const struct spt_tensor *a = spt_checkpoint_tensor(checkpoint, 0), *b = spt_checkpoint_find(checkpoint, "b");
    assert_string_equal(a->name, "a");
    assert_int_equal(a->rank, 0);
    assert_int_equal(a->count, 1);
    assert_ptr_equal(b, spt_checkpoint_tensor(checkpoint, 1));
    assert_int_equal(b->dtype, SPT_F16);
    assert_string_equal(b->dtype_name, "F16");
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->shape[0], 2);
    assert_int_equal(b->shape[1], 3);
    assert_int_equal(b->bytes, 12);
    assert_int_equal(b->offset, 8 + strlen(GOOD) + 4);
    assert_null(spt_checkpoint_find(checkpoint, "c"));
    spt_checkpoint_close(checkpoint);
}

static void a_file_without_tensors_is_whole(void **state) {
    (void)state;
    put_safetensors(F, "{}", NULL, 0);
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 0);
    assert_null(spt_checkpoint_find(checkpoint, "a"));
    assert_int_equal(spt_checkpoint_confirm(checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

static void empty_tensors_may_stand_between_others(void **state) {
    (void)state;
    put_safetensors(F,
                    "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                    "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[3,3]},"
                    "\"z\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}",
                    NULL, 5);
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    const struct spt_tensor *none = spt_checkpoint_find(checkpoint, "none");
    assert_int_equal(none->count, 0);
    float unused;
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, none, &unused, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

static void truncated_at_any_byte_is_incomplete(void **state) {
    (void)state;
    const size_t size = put_safetensors(F, GOOD, NULL, 16);
    for (size_t length = size; length-- > 0;) {
        assert_int_equal(truncate(F, (off_t)length), 0);
        assert_refused(F, SPT_RETRY, length < 8 ? "too few" : "are there");
    }
}

/* The sanitizers map terabytes for themselves, and stop at an absurd malloc on their own. */
static void limit_memory(const struct rlimit *before, rlim_t bytes) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)before, (void)bytes;
#else
    struct rlimit limit = *before;
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_DATA, &limit), 0);
#endif
}

static void impossible_header_lengths_are_refused_before_memory_is_taken(void **state) {
    (void)state;
    /* 100,000,001 bytes of file are there (a hole), so that only the cap can refuse; memory for them is not to be had.
     */
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
    static const uint64_t LENGTHS[] = {0, 100000001, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
        put_safetensors_raw(F, LENGTHS[i], GOOD, strlen(GOOD), NULL, 16);
        assert_int_equal(truncate(F, 100000100), 0);
        limit_memory(&before, 64 * 1024 * 1024);
        assert_refused(F, SPT_INVALID, "header length");
        assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
        assert_int_equal(truncate(F, 8), 0);
        assert_refused(F, SPT_INVALID, "header length");
    }
}

static void a_header_beyond_the_limit_is_unsupported(void **state) {
    (void)state;
    put_safetensors_raw(F, 40000000, GOOD, strlen(GOOD), NULL, 16);
    assert_refused(F, SPT_UNSUPPORTED, "40000000");
    put_safetensors(F, GOOD, NULL, 16);
    struct spt_checkpoint *checkpoint;
    struct spt_error error;
    const struct spt_checkpoint_options options = {.header_limit = strlen(GOOD) - 1};
    assert_int_equal(spt_checkpoint_open(F, &options, &checkpoint, &error), SPT_UNSUPPORTED);
    const struct spt_checkpoint_options enough = {.header_limit = strlen(GOOD)};
    assert_int_equal(spt_checkpoint_open(F, &enough, &checkpoint, &error), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

struct bad {
    const char *header;
    size_t data;
    const char *word; /* in the message */
};

static void assert_all_invalid(const struct bad *bad, size_t count) {
    for (size_t i = 0; i < count; i++) {
        put_safetensors(F, bad[i].header, NULL, bad[i].data);
        assert_refused(F, SPT_INVALID, bad[i].word);
    }
}

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void offsets_must_cover_the_data_once(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"{\"a\":" T("U8", "[4]", "[0,4]") "}", 5, "after the last tensor"},
        {"{}", 1, "after the last tensor"},
        {"{\"a\":" T("U8", "[4]", "[1,5]") "}", 5, "hole"},
        {"{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[5,9]") "}", 9, "hole"},
        {"{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[3,7]") "}", 7, "overlaps"},
        {"{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[0,4]") "}", 4, "overlaps"},
        {"{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[0]", "[2,2]") "}", 4, "overlaps"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
}

static void offsets_must_be_two_integers_in_order(void **state) {
    (void)state;
    static const char *const OFFSETS[] = {"[4,0]",
                                          "[-4,0]",
                                          "[0,-4]",
                                          "[0.0,4.0]",
                                          "[0,4.5]",
                                          "[0]",
                                          "[0,4,8]",
                                          "[]",
                                          "{}",
                                          "null",
                                          "\"0,4\"",
                                          "[\"0\",4]",
                                          "4",
                                          "[true,4]",
                                          "[0,null]",
                                          "[0,9007199254740993]",
                                          "[9007199254740989,9007199254740993]"};
    for (size_t i = 0; i < sizeof OFFSETS / sizeof *OFFSETS; i++) {
        char header[256];
        (void)snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":%s}}",
                       OFFSETS[i]);
        put_safetensors(F, header, NULL, 4);
        assert_refused(F, SPT_INVALID, "data_offsets");
    }
    put_safetensors(F, "{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", NULL, 4);
    assert_refused(F, SPT_INVALID, "data_offsets");
    put_safetensors(F, "{\"a\":" T("U8", "[4]", "[0,18446744073709551620]") "}", NULL, 4);
    assert_refused(F, SPT_INVALID, "too big integer");
}

static void bytes_must_be_what_shape_and_dtype_take(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"{\"a\":" T("F32", "[4]", "[0,4]") "}", 4, "4 elements of F32 take 16"},
        {"{\"a\":" T("F16", "[3]", "[0,5]") "}", 5, "3 elements of F16 take 6"},
        {"{\"a\":" T("F32", "[0]", "[0,4]") "}", 4, "0 elements"},
        {"{\"a\":" T("F32", "[2]", "[0,0]") "}", 0, "2 elements"},
        {"{\"a\":" T("F4", "[0]", "[0,4]") "}", 4, "0 elements of F4"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
}

static void shapes_must_be_sizes_whose_product_fits_also_beside_a_zero(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"{\"a\":" T("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "overflow"},
        {"{\"a\":" T("F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0, "overflow"},
        {"{\"a\":" T("F32", "[0,4294967296,4294967296]", "[0,0]") "}", 0, "overflow"},
        {"{\"a\":" T("F32", "[4611686018427387904]", "[0,0]") "}", 0, "overflow"},
        {"{\"a\":" T("F4", "[4294967296,4294967296]", "[0,8]") "}", 8, "overflow"},
        {"{\"a\":" T("F32", "[-1]", "[0,4]") "}", 4, "size 0"},
        {"{\"a\":" T("F32", "[1,1.0]", "[0,4]") "}", 4, "size 1"},
        {"{\"a\":" T("F32", "[true]", "[0,4]") "}", 4, "size 0"},
        {"{\"a\":" T("F32", "[[1]]", "[0,4]") "}", 4, "size 0"},
        {"{\"a\":" T("F32", "1", "[0,4]") "}", 4, "shape is an integer"},
        {"{\"a\":" T("F32", "null", "[0,4]") "}", 4, "shape is null"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape is nothing"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
}

static void more_dimensions_than_are_read_are_unsupported(void **state) {
    (void)state;
    put_safetensors(F, "{\"a\":" T("U8", "[1,1,1,1,1,1,1,1]", "[0,1]") "}", NULL, 1);
    spt_checkpoint_close(open_checkpoint(F));
    put_safetensors(F, "{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", NULL, 1);
    assert_refused(F, SPT_UNSUPPORTED, "9 dimensions");
}

static void the_header_must_be_an_object_of_objects(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"[]", 0, "begins with byte 5b"},
        {" {}", 0, "begins with byte 20"},
        {"{\"a\":4}", 0, "tensor \"a\" is an integer"},
        {"{\"a\":" T("F32", "[1]", "[0,4]") "} x", 4, "end of file expected"},
        {"{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype is an integer"},
        {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype is nothing"},
        {"{\"a\":{\"dtype\":\"F\\u001b[31m\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "control characters"},
        {"{\"a\":", 4, "bad JSON at line 1, column 6"},
        {"{\"a\":NaN}", 4, "bad JSON"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
}

static void metadata_must_be_an_object_of_strings(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"{\"__metadata__\":[]}", 0, "__metadata__ is an array"},
        {"{\"__metadata__\":null}", 0, "__metadata__ is null"},
        {"{\"__metadata__\":{\"step\":5}}", 0, "\"step\" is an integer"},
        {"{\"__metadata__\":{\"a\":\"b\",\"c\":{}}}", 0, "\"c\" is an object"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
}

static void a_name_may_stand_once_however_it_is_spelled(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"{\"a\":" T("U8", "[1]", "[0,1]") ",\"a\":" T("U8", "[1]", "[1,2]") "}", 2, "duplicate"},
        {"{\"a\":" T("U8", "[1]", "[0,1]") ",\"\\u0061\":" T("U8", "[1]", "[1,2]") "}", 2, "duplicate"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "duplicate"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
}

static void names_hold_neither_bad_utf8_nor_nul_nor_escape_codes(void **state) {
    (void)state;
    static const struct bad BAD[] = {
        {"{\"a\xff\":" T("U8", "[1]", "[0,1]") "}", 1, "0xff"},
        {"{\"\xed\xa0\x80\":" T("U8", "[1]", "[0,1]") "}", 1, "bad JSON"}, /* a surrogate in UTF-8 */
        {"{\"a\\u0000b\":" T("U8", "[1]", "[0,1]") "}", 1, "NUL"},
        {"{\"a\\u001b[2J\":" T("U8", "[1]", "[0,1]") "}", 1, "control characters"},
        {"{\"a\\n\":" T("U8", "[1]", "[0,1]") "}", 1, "control characters"},
        {"{\"\\u009b31m\":" T("U8", "[1]", "[0,1]") "}", 1, "control characters"},
        {"{\"a\\ud800\":" T("U8", "[1]", "[0,1]") "}", 1, "Unicode"},
    };
    assert_all_invalid(BAD, sizeof BAD / sizeof *BAD);
    const char nul[] = "{\"a\0\":1}";
    put_safetensors_raw(F, sizeof nul - 1, nul, sizeof nul - 1, NULL, 0);
    assert_refused(F, SPT_INVALID, "NUL");
}

static void other_languages_are_fine_in_names(void **state) {
    (void)state;
    put_safetensors(F, "{\"\xe5\xb1\x82.\xc3\xa9\":" T("U8", "[1]", "[0,1]") "}", NULL, 1);
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    assert_non_null(spt_checkpoint_find(checkpoint, "\xe5\xb1\x82.\xc3\xa9"));
    spt_checkpoint_close(checkpoint);
}

static void nesting_of_100000_is_refused(void **state) {
    (void)state;
    const size_t depth = 100000, size = 5 + 2 * depth + 1;
    char *header = malloc(size);
    assert_non_null(header);
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, '[', depth);
    memset(header + 5 + depth, ']', depth);
    header[size - 1] = '}';
    put_safetensors_raw(F, size, header, size, NULL, 0);
    assert_refused(F, SPT_INVALID, "depth");
    free(header);
}

static void unknown_dtypes_are_listed_with_their_bounds_checked(void **state) {
    (void)state;
    put_safetensors(F, "{\"a\":" T("F4", "[3,2]", "[0,3]") ",\"b\":" T("U8", "[1]", "[3,4]") "}", NULL, 4);
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    const struct spt_tensor *a = spt_checkpoint_find(checkpoint, "a");
    assert_int_equal(a->dtype, SPT_DTYPE_UNKNOWN);
    assert_string_equal(a->dtype_name, "F4");
    assert_int_equal(a->count, 6);
    assert_int_equal(a->bytes, 3);
    struct spt_error error;
    float out[6];
    assert_int_equal(spt_checkpoint_read(checkpoint, a, 0, 6, out, &error), SPT_UNSUPPORTED);
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, a, out, &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "F4"));
    spt_checkpoint_close(checkpoint);
    put_safetensors(F, "{\"a\":" T("F4", "[3,2]", "[0,3]") ",\"b\":" T("U8", "[1]", "[4,5]") "}", NULL, 5);
    assert_refused(F, SPT_INVALID, "hole");
}

static void a_hundred_thousand_tensors_are_listed_within_two_seconds(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    char *header = malloc(12 * 1000 * 1000);
    assert_non_null(header);
    size_t used = 0;
    for (int i = 0; i < COUNT; i++)
        used += (size_t)sprintf(
            header + used, "%c\"layers.%06d.mlp.weight\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[%d,%d]}",
            i ? ',' : '{', (i * 7919) % COUNT, 4 * i, 4 * i + 4);
    header[used++] = '}';
    assert_in_range(used, 8500000, 9500000);
    put_safetensors_raw(F, used, header, used, NULL, 4 * COUNT);
    free(header);
    const clock_t begin = clock();
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), COUNT);
    for (size_t i = 0; i < COUNT; i += 997) {
        char name[64];
        (void)snprintf(name, sizeof name, "layers.%06zu.mlp.weight", i);
        assert_ptr_equal(spt_checkpoint_find(checkpoint, name), spt_checkpoint_tensor(checkpoint, i));
    }
    spt_checkpoint_close(checkpoint);
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(tensors_are_listed_by_name_with_shape_and_place),
        TEST(a_file_without_tensors_is_whole),
        TEST(empty_tensors_may_stand_between_others),
        TEST(truncated_at_any_byte_is_incomplete),
        TEST(impossible_header_lengths_are_refused_before_memory_is_taken),
        TEST(a_header_beyond_the_limit_is_unsupported),
        TEST(offsets_must_cover_the_data_once),
        TEST(offsets_must_be_two_integers_in_order),
        TEST(bytes_must_be_what_shape_and_dtype_take),
        TEST(shapes_must_be_sizes_whose_product_fits_also_beside_a_zero),
        TEST(more_dimensions_than_are_read_are_unsupported),
        TEST(the_header_must_be_an_object_of_objects),
        TEST(metadata_must_be_an_object_of_strings),
        TEST(a_name_may_stand_once_however_it_is_spelled),
        TEST(names_hold_neither_bad_utf8_nor_nul_nor_escape_codes),
        TEST(other_languages_are_fine_in_names),
        TEST(nesting_of_100000_is_refused),
        TEST(unknown_dtypes_are_listed_with_their_bounds_checked),
        TEST(a_hundred_thousand_tensors_are_listed_within_two_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
