/* Checkpoints of torch.distributed.checkpoint: the tensors of safetensors, bit by bit, however ranks shared them. The
 * files are torch's own (tests/peer/make_distributed_fixtures.py), the expected values those of safetensors' own writer. */
#include "tests/checkpoints/readers/same.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DATA SPT_TEST_DATA "/distributed/"

static void every_way_to_share_tensors_gives_those_of_safetensors(void **state) {
    (void)state;
    static const char *const FOLDERS[] = {DATA "one", DATA "sharded", DATA "threads", DATA "old"};
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++)
        assert_same_tensors(FOLDERS[i], DATA "tensors.safetensors");
    assert_same_tensors(DATA "fsdp", DATA "fsdp.safetensors");
}

static void files_of_single_items_are_put_together_too(void **state) {
    (void)state;
    struct spt_checkpoint *expected = open_checkpoint(DATA "tensors.safetensors"),
                          *found = open_checkpoint(DATA "files");
    assert_int_equal(spt_checkpoint_tensor_count(found), 4);
    for (size_t i = 0; i < spt_checkpoint_tensor_count(found); i++) {
        const struct spt_tensor *b = spt_checkpoint_tensor(found, i), *a = spt_checkpoint_find(expected, b->name);
        assert_non_null(a);
        assert_int_equal(a->bytes, b->bytes);
        unsigned char *x = read_whole(expected, a), *y = read_whole(found, b);
        assert_memory_equal(x, y, a->bytes);
        free(x);
        free(y);
    }
    spt_checkpoint_close(expected);
    spt_checkpoint_close(found);
}

static void formats_are_named_with_their_files(void **state) {
    (void)state;
    assert_format(DATA "one", "torch distributed, 1 file");
    assert_format(DATA "sharded", "torch distributed, 4 files");
    assert_format(DATA "threads", "torch distributed, 8 files");
}

/* Every range of every tensor that is in pieces, against the whole tensor. */
static void any_range_of_a_tensor_in_pieces_is_that_range_of_the_whole(void **state) {
    (void)state;
    struct spt_checkpoint *checkpoint = open_checkpoint(DATA "sharded");
    size_t in_pieces = 0;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        in_pieces += tensor->piece_count > 1;
        if (tensor->pieces) assert_ranges(checkpoint, tensor);
    }
    assert_int_equal(in_pieces, 13);
    spt_checkpoint_close(checkpoint);
}

static void nothing_that_torch_writes_into_metadata_is_unknown(void **state) {
    (void)state;
    static const char *const FOLDERS[] = {DATA "one", DATA "sharded", DATA "old", DATA "fsdp"};
    for (size_t i = 0; i < sizeof FOLDERS / sizeof *FOLDERS; i++) {
        struct spt_checkpoint *checkpoint = open_checkpoint(FOLDERS[i]);
        assert_int_equal(spt_checkpoint_opaque_count(checkpoint), 0);
        spt_checkpoint_close(checkpoint);
    }
}

static void names_are_freed_of_what_wrapped_the_model(void **state) {
    (void)state;
    static const struct {
        const char *name;
        float value;
    } EXPECTED[] = {
        {"ema.gpt_neox.embed_in.weight", 1}, {"gpt_neox.embed_in.weight", 0},    {"gpt_neox.layers.0.mlp.bias", 2},
        {"gpt_neox.layers.0.mlp.weight", 3}, {"gpt_neox.my_orig_mod.weight", 4}, /* no part of its own */
    };
    struct spt_checkpoint *checkpoint = open_checkpoint(DATA "wrapped");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), sizeof EXPECTED / sizeof *EXPECTED);
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        float values[2];
        assert_string_equal(tensor->name, EXPECTED[i].name);
        assert_int_equal(spt_checkpoint_read_f32(checkpoint, tensor, values, NULL), SPT_OK);
        assert_true(values[0] == EXPECTED[i].value && values[1] == EXPECTED[i].value);
    }
    spt_checkpoint_close(checkpoint);
}

static void note_left_out(void *context, enum spt_log_level level, const char *text) {
    if (level == SPT_LOG_NOTE && strstr(text, "31 tensors of optimizers")) ++*(int *)context;
}

static void optimizers_are_left_out_and_said_so(void **state) {
    (void)state;
    int said = 0;
    const struct spt_log log = {.emit = note_left_out, .context = &said};
    const struct spt_checkpoint_options options = {.log = &log};
    struct spt_checkpoint *checkpoint = NULL;
    assert_int_equal(spt_checkpoint_open(DATA "sharded", &options, &checkpoint, NULL), SPT_OK);
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 18);
    assert_int_equal(said, 1);
    spt_checkpoint_close(checkpoint);
}

static void other_ways_of_writing_are_named_and_not_read(void **state) {
    (void)state;
    assert_refused(DATA "transformed", SPT_UNSUPPORTED, "the stream extension \"stream.zstd/1\"");
    assert_refused(DATA "raw", SPT_UNSUPPORTED, "SerializationFormat.SAFETENSORS");
    assert_refused(DATA "each_rank", SPT_UNSUPPORTED, "use_collectives=False");
}

static void copy_file(const char *name) {
    char path[512], *data = NULL;
    size_t size = 0;
    (void)snprintf(path, sizeof path, DATA "sharded/%s", name);
    assert_int_equal(spt_file_read_all(path, 1 << 20, &data, &size, NULL), SPT_OK);
    put_file(name, data, size);
    free(data);
}

/* mtime of name, in seconds. */
static void set_time(const char *name, time_t seconds) {
    const struct timespec times[] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void a_folder_is_incomplete_until_its_metadata_and_all_files_are_there(void **state) {
    (void)state;
    assert_refused(".", SPT_RETRY, "no weights");
    copy_file("__0_0.distcp");
    copy_file("__1_0.distcp");
    copy_file("__2_0.distcp");
    assert_refused(".", SPT_RETRY, "no .metadata");
    copy_file(".metadata");
    assert_refused(".", SPT_RETRY, "this file is named by .metadata and is not there");
    copy_file("__3_0.distcp");
    spt_checkpoint_close(open_checkpoint("."));
}

static void metadata_that_is_older_than_what_it_names_is_of_the_checkpoint_before(void **state) {
    (void)state;
    static const char *const FILES[] = {".metadata", "__0_0.distcp", "__1_0.distcp", "__2_0.distcp", "__3_0.distcp"};
    for (size_t i = 0; i < 5; i++) {
        copy_file(FILES[i]);
        set_time(FILES[i], 1000);
    }
    spt_checkpoint_close(open_checkpoint("."));
    set_time("__2_0.distcp", 1010);
    spt_checkpoint_close(open_checkpoint(".")); /* clocks of hosts */
    set_time("__2_0.distcp", 1011);
    assert_refused(".", SPT_RETRY, "older than \"__2_0.distcp\"");
    set_time(".metadata", 1011);
    spt_checkpoint_close(open_checkpoint("."));
}

/* A file cut anywhere is not all there: of those checked all, one in 97 bytes. */
static void files_that_are_cut_are_incomplete(void **state) {
    (void)state;
    static const char *const FILES[] = {".metadata", "__0_0.distcp", "__1_0.distcp", "__2_0.distcp", "__3_0.distcp"};
    for (size_t i = 0; i < 5; i++) copy_file(FILES[i]);
    struct stat st;
    assert_int_equal(stat(".metadata", &st), 0);
    for (off_t size = 0; size < st.st_size; size += 97) {
        assert_int_equal(truncate(".metadata", size), 0);
        assert_refused(".", SPT_RETRY, size ? "ends in the middle of its pickle" : "empty");
        copy_file(".metadata");
    }
    assert_int_equal(truncate("__1_0.distcp", 1000), 0);
    assert_refused(".", SPT_RETRY, "the file ends after 1000 bytes");
}

static void a_part_of_a_file_that_was_not_written_yet_is_waited_for(void **state) {
    (void)state;
    static const char *const FILES[] = {".metadata", "__0_0.distcp", "__1_0.distcp", "__2_0.distcp", "__3_0.distcp"};
    for (size_t i = 0; i < 5; i++) copy_file(FILES[i]);
    struct stat st;
    assert_int_equal(stat("__0_0.distcp", &st), 0);
    assert_int_equal(truncate("__0_0.distcp", 700), 0); /* within the first item, then preallocated */
    assert_int_equal(truncate("__0_0.distcp", st.st_size), 0);
    assert_refused(".", SPT_RETRY, "without its end record");
    assert_int_equal(truncate("__0_0.distcp", 0), 0);
    assert_int_equal(truncate("__0_0.distcp", st.st_size), 0);
    assert_refused(".", SPT_RETRY, "not written yet");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_share_tensors_gives_those_of_safetensors),
        cmocka_unit_test(files_of_single_items_are_put_together_too),
        cmocka_unit_test(formats_are_named_with_their_files),
        cmocka_unit_test(any_range_of_a_tensor_in_pieces_is_that_range_of_the_whole),
        cmocka_unit_test(nothing_that_torch_writes_into_metadata_is_unknown),
        cmocka_unit_test(names_are_freed_of_what_wrapped_the_model),
        cmocka_unit_test(optimizers_are_left_out_and_said_so),
        cmocka_unit_test(other_ways_of_writing_are_named_and_not_read),
        IN_DIRECTORY(a_folder_is_incomplete_until_its_metadata_and_all_files_are_there),
        IN_DIRECTORY(metadata_that_is_older_than_what_it_names_is_of_the_checkpoint_before),
        IN_DIRECTORY(files_that_are_cut_are_incomplete),
        IN_DIRECTORY(a_part_of_a_file_that_was_not_written_yet_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
