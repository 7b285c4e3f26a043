/* Every rule of the safetensors format. Every way to break it: tests/bad. */
#include "tests/checkpoints/readers/build.h"

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

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void more_dimensions_than_are_read_are_unsupported(void **state) {
    (void)state;
    put_safetensors(F, "{\"a\":" T("U8", "[1,1,1,1,1,1,1,1]", "[0,1]") "}", NULL, 1);
    spt_checkpoint_close(open_checkpoint(F));
    put_safetensors(F, "{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", NULL, 1);
    assert_refused(F, SPT_UNSUPPORTED, "9 dimensions");
}

static void other_languages_are_fine_in_names(void **state) {
    (void)state;
    put_safetensors(F, "{\"\xe5\xb1\x82.\xc3\xa9\":" T("U8", "[1]", "[0,1]") "}", NULL, 1);
    struct spt_checkpoint *checkpoint = open_checkpoint(F);
    assert_non_null(spt_checkpoint_find(checkpoint, "\xe5\xb1\x82.\xc3\xa9"));
    spt_checkpoint_close(checkpoint);
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
        TEST(a_header_beyond_the_limit_is_unsupported),
        TEST(more_dimensions_than_are_read_are_unsupported),
        TEST(other_languages_are_fine_in_names),
        TEST(unknown_dtypes_are_listed_with_their_bounds_checked),
        TEST(a_hundred_thousand_tensors_are_listed_within_two_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
