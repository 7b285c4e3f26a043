/* What torch has saved, in every container and protocol: the tensors of tests/data/torch/model.safetensors, bit by bit.
 * The files are torch's own (tests/peer/make_torch_fixtures.py), the expected values those of safetensors' own writer.
 */
#include "tests/checkpoints/readers/same.h"

#define DATA SPT_TEST_DATA "/torch/"

static void every_container_and_protocol_holds_the_same_tensors(void **state) {
    (void)state;
    static const char *const FILES[] = {
        DATA "zip2.bin", DATA "zip3.bin",    DATA "zip4.bin",    DATA "zip5.bin",       DATA "old2.bin",
        DATA "old3.bin", DATA "old4.bin",    DATA "old5.bin",    DATA "zip64.bin",      DATA "nocrc.bin",
        DATA "sharded",  DATA "zip_big.bin", DATA "old_big.bin", DATA "lightning.ckpt",
    };
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) assert_same_tensors(FILES[i], DATA "model.safetensors");
}

static void dtypes_that_torch_added_later_are_read(void **state) {
    (void)state;
    assert_same_tensors(DATA "new_dtypes.bin", DATA "new_dtypes.safetensors");
}

static void formats_are_named(void **state) {
    (void)state;
    assert_format(DATA "zip2.bin", "torch zip");
    assert_format(DATA "old2.bin", "torch before 1.6");
    assert_format(DATA "sharded", "torch zip, 2 shards");
    assert_format(DATA "lightning.ckpt", "torch zip, Lightning, global_step 500");
}

static void any_range_of_a_view_is_that_range_of_the_whole(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(DATA "zip2.bin");
    size_t views = 0;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        if (!tensor->stride) continue;
        views++;
        assert_ranges(checkpoint, tensor);
    }
    assert_int_equal(views, 8);
    spt_checkpoint_close(checkpoint);
}

static void views_are_turned_into_float32_like_other_tensors(void **state) {
    (void)state;
    struct spt_checkpoint *a = open_checkpoint(DATA "model.safetensors"), *b = open_checkpoint(DATA "zip_big.bin");
    const struct spt_tensor *x = spt_checkpoint_find(a, "view.permuted"), *y = spt_checkpoint_find(b, "view.permuted");
    float left[60], right[60];
    assert_int_equal(x->count, 60);
    assert_int_equal(spt_checkpoint_read_f32(a, x, left, NULL), SPT_OK);
    assert_int_equal(spt_checkpoint_read_f32(b, y, right, NULL), SPT_OK);
    assert_memory_equal(left, right, sizeof left);
    spt_checkpoint_close(a);
    spt_checkpoint_close(b);
}

static void safetensors_are_preferred_to_a_torch_file_beside_them(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(DATA "folder");
    assert_string_equal(spt_checkpoint_format(checkpoint), "safetensors");
    assert_non_null(spt_checkpoint_find(checkpoint, "w"));
    spt_checkpoint_close(checkpoint);
}

static void a_file_without_a_state_dict_names_its_tensors_by_their_path(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(DATA "optimizer.pt");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 6);
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "state.1.exp_avg_sq");
    float values[4];
    assert_int_equal(tensor->count, 4);
    assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, values, NULL), SPT_OK);
    for (size_t i = 0; i < 4; i++) assert_true(values[i] == 1.0f);
    spt_checkpoint_close(checkpoint);
}

static void unknown_objects_are_named_and_keep_no_tensor_from_being_read(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(DATA "lightning.ckpt");
    assert_int_equal(spt_checkpoint_opaque_count(checkpoint), 1);
    assert_string_equal(spt_checkpoint_opaque(checkpoint, 0), "argparse.Namespace");
    assert_non_null(spt_checkpoint_find(checkpoint, "gpt_neox.embed_in.weight"));
    spt_checkpoint_close(checkpoint);
    checkpoint = open_checkpoint(DATA "zip2.bin");
    assert_int_equal(spt_checkpoint_opaque_count(checkpoint), 0);
    spt_checkpoint_close(checkpoint);
}

static void a_whole_pickled_module_is_named_and_not_made(void **state) {
    (void)state;
    assert_refused(DATA "module.pt", SPT_UNSUPPORTED, "__main__.Model");
}

static void files_of_gpt_neox_layers_are_one_model_with_hf_names(void **state) {
    (void)state;
    assert_same_tensors(DATA "neox", DATA "neox.safetensors");
    assert_format(DATA "neox", "GPT-NeoX, 5 files of layers");
}

static void copy_layer(const char *from, const char *to) {
    char path[256], target[256], *data = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof path, DATA "neox/layer_%s-model_states.pt", from);
    (void)snprintf(target, sizeof target, "layer_%s-model_states.pt", to);
    assert_int_equal(spt_file_read_all(path, 1 << 20, &data, &size, NULL), SPT_OK);
    put_file(target, data, size);
    free(data);
}

static void layers_that_are_not_all_there_are_incomplete(void **state) {
    (void)state;
    copy_layer("00-model_00", "00-model_00");
    assert_refused(".", SPT_RETRY, "final norm");
    copy_layer("05-model_00", "05-model_00");
    copy_layer("03-model_00", "03-model_00");
    assert_refused(".", SPT_RETRY, "layer 2 is not there");
    copy_layer("02-model_00", "02-model_00");
    spt_checkpoint_close(open_checkpoint("."));
    assert_int_equal(truncate("layer_02-model_00-model_states.pt", 1000), 0);
    assert_refused(".", SPT_RETRY, "end record");
    copy_layer("02-model_00", "02-model_00");
    assert_int_equal(unlink("layer_00-model_00-model_states.pt"), 0);
    assert_refused(".", SPT_RETRY, "the embedding");
}

static void layers_of_several_ranks_are_not_put_together(void **state) {
    (void)state;
    copy_layer("00-model_00", "00-model_00");
    copy_layer("00-model_00", "00-model_01");
    assert_refused(".", SPT_UNSUPPORTED, "several model-parallel ranks");
}

static void count_warning(void *context, enum spt_log_level level, const char *text) {
    if (level == SPT_LOG_WARNING && strstr(text, "CRC")) ++*(int *)context;
}

static void a_pickle_without_its_crc_is_read_with_a_warning(void **state) {
    (void)state;
    int warnings = 0;
    const struct spt_log log = {.emit = count_warning, .context = &warnings};
    const struct spt_checkpoint_options options = {.log = &log};
    struct spt_checkpoint *checkpoint = NULL;
    assert_int_equal(spt_checkpoint_open(DATA "zip2.bin", &options, &checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    assert_int_equal(warnings, 0);
    assert_int_equal(spt_checkpoint_open(DATA "nocrc.bin", &options, &checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    assert_int_equal(warnings, 1);
}

static void a_pickle_beyond_the_header_limit_names_the_option(void **state) {
    (void)state;
    const struct spt_checkpoint_options options = {.header_limit = 1500};
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    assert_int_equal(spt_checkpoint_open(DATA "zip2.bin", &options, &checkpoint, &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "--header-limit"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_container_and_protocol_holds_the_same_tensors),
        cmocka_unit_test(dtypes_that_torch_added_later_are_read),
        cmocka_unit_test(formats_are_named),
        cmocka_unit_test(any_range_of_a_view_is_that_range_of_the_whole),
        cmocka_unit_test(views_are_turned_into_float32_like_other_tensors),
        cmocka_unit_test(safetensors_are_preferred_to_a_torch_file_beside_them),
        cmocka_unit_test(a_file_without_a_state_dict_names_its_tensors_by_their_path),
        cmocka_unit_test(unknown_objects_are_named_and_keep_no_tensor_from_being_read),
        cmocka_unit_test(a_whole_pickled_module_is_named_and_not_made),
        cmocka_unit_test(files_of_gpt_neox_layers_are_one_model_with_hf_names),
        cmocka_unit_test_setup_teardown(layers_that_are_not_all_there_are_incomplete, enter_directory, leave_directory),
        cmocka_unit_test_setup_teardown(layers_of_several_ranks_are_not_put_together, enter_directory, leave_directory),
        cmocka_unit_test(a_pickle_without_its_crc_is_read_with_a_warning),
        cmocka_unit_test(a_pickle_beyond_the_header_limit_names_the_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
