/* An index and its shards. Bad ones: tests/bad. */
#include "tests/checkpoints/readers/build.h"

#include <sys/stat.h>

#include "checkpoints/base/log.h"

#define INDEX  "model.safetensors.index.json"
#define SHARD1 "model-00001-of-00002.safetensors"
#define SHARD2 "model-00002-of-00002.safetensors"

static const char MAP[] = "{\"metadata\": {\"total_size\": 6},\n \"weight_map\": {\"a\": \"" SHARD1
                          "\", \"b\": \"" SHARD2 "\", \"c\": \"" SHARD1 "\"}}";
static const char FIRST[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                            "\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}";
static const char SECOND[] = "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}";

static void put_model(void) {
    put_text(INDEX, MAP);
    put_safetensors(SHARD1, FIRST, NULL, 3);
    put_safetensors(SHARD2, SECOND, NULL, 3);
}

static void shards_are_one_checkpoint(void **state) {
    (void)state;
    put_model();
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    assert_string_equal(spt_checkpoint_format(checkpoint), "safetensors, 2 shards");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 3);
    assert_int_equal(spt_checkpoint_bytes(checkpoint), 16 + strlen(FIRST) + strlen(SECOND) + 6);
    assert_int_equal(spt_checkpoint_file_count(checkpoint), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        const char *file = spt_checkpoint_file(checkpoint, tensor->file);
        assert_non_null(strstr(file, strcmp(tensor->name, "b") == 0 ? SHARD2 : SHARD1));
        unsigned char out[4] = {0};
        assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, out, NULL), SPT_OK);
        assert_int_equal(out[0], strcmp(tensor->name, "c") == 0 ? 2 : 0);
    }
    assert_int_equal(spt_checkpoint_confirm(checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

static void the_index_may_be_named_itself_and_the_single_file_is_preferred(void **state) {
    (void)state;
    put_model();
    struct spt_checkpoint *checkpoint = open_checkpoint(INDEX);
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 3);
    spt_checkpoint_close(checkpoint);
    put_safetensors("model.safetensors", SECOND, NULL, 3);
    checkpoint = open_checkpoint(".");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 1);
    spt_checkpoint_close(checkpoint);
}

static void one_model_has_one_digest_in_one_file_and_in_shards(void **state) {
    (void)state;
    put_model();
    put_safetensors("whole",
                    "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                    "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]},"
                    "\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[5,6]}}",
                    "\0\1\2\0\1\2", 6);
    struct spt_hash digests[2];
    static const char *const PATHS[] = {".", "whole"};
    for (size_t i = 0; i < 2; i++) {
        struct spt_checkpoint *checkpoint = open_checkpoint(PATHS[i]);
        for (size_t t = 0; t < 3; t++) {
            const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, t);
            assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL), SPT_OK);
        }
        assert_int_equal(spt_checkpoint_digest(checkpoint, &digests[i], NULL), SPT_OK);
        spt_checkpoint_close(checkpoint);
    }
    assert_true(spt_hash_equal(digests[0], digests[1]));
}

static void a_missing_or_truncated_shard_is_incomplete(void **state) {
    (void)state;
    put_model();
    assert_int_equal(truncate(SHARD2, 30), 0);
    assert_refused(".", SPT_RETRY, "are there");
    assert_int_equal(unlink(SHARD2), 0);
    assert_refused(".", SPT_RETRY, "not there");
    assert_int_equal(symlink("blobs/absent", SHARD2), 0);
    assert_refused(".", SPT_RETRY, "not there");
}

static void links_into_a_cache_are_followed(void **state) {
    (void)state;
    put_model();
    assert_int_equal(mkdir("snapshot", 0777), 0);
    assert_int_equal(symlink("../" INDEX, "snapshot/" INDEX), 0);
    assert_int_equal(symlink("../" SHARD1, "snapshot/" SHARD1), 0);
    assert_int_equal(symlink("../" SHARD2, "snapshot/" SHARD2), 0);
    struct spt_checkpoint *checkpoint = open_checkpoint("snapshot");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 3);
    assert_int_equal(spt_checkpoint_confirm(checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

static void a_shard_must_hold_what_the_index_says(void **state) {
    (void)state;
    put_model();
    put_safetensors(SHARD1, "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", NULL, 2);
    assert_refused(".", SPT_INVALID, "\"c\" is in " SHARD1 ", which has no such tensor");
    put_safetensors(SHARD1, "{}", NULL, 0);
    assert_refused(".", SPT_INVALID, "\"a\"");
}

static void count_note(void *context, enum spt_log_level level, const char *text) {
    assert_int_equal(level, SPT_LOG_NOTE);
    assert_non_null(strstr(text, "\"extra\""));
    ++*(int *)context;
}

/* As HF transformers, which loads whatever its shards hold. */
static void tensors_that_the_index_does_not_name_are_listed_with_a_note(void **state) {
    (void)state;
    put_model();
    put_safetensors(SHARD2,
                    "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
                    "\"extra\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}",
                    NULL, 4);
    int notes = 0;
    const struct spt_log log = {.emit = count_note, .context = &notes};
    struct spt_checkpoint *checkpoint = NULL;
    assert_int_equal(spt_checkpoint_open(".", &(struct spt_checkpoint_options){.log = &log}, &checkpoint, NULL),
                     SPT_OK);
    assert_non_null(spt_checkpoint_find(checkpoint, "extra"));
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 4);
    assert_int_equal(notes, 1);
    spt_checkpoint_close(checkpoint);
}

static void of_two_copies_the_one_counts_that_the_index_names(void **state) {
    (void)state;
    put_model();
    put_safetensors(SHARD2,
                    "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]},"
                    "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[9,12]}}",
                    NULL, 12);
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 3);
    assert_int_equal(spt_checkpoint_find(checkpoint, "a")->count, 2);
    spt_checkpoint_close(checkpoint);

    put_text(INDEX, "{\"weight_map\": {\"c\": \"" SHARD1 "\", \"b\": \"" SHARD2 "\"}}");
    assert_refused(".", SPT_INVALID, "tensor \"a\" is also in");
}

static void a_shard_that_is_exchanged_is_noticed(void **state) {
    (void)state;
    put_model();
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    struct spt_error error = {0};
    unsigned char out[4];
    put_safetensors("new", FIRST, NULL, 3);
    assert_int_equal(rename("new", SHARD1), 0);
    assert_int_equal(spt_checkpoint_read(checkpoint, spt_checkpoint_find(checkpoint, "b"), 0, 3, out, &error), SPT_OK);
    assert_int_equal(spt_checkpoint_read(checkpoint, spt_checkpoint_find(checkpoint, "a"), 0, 2, out, &error),
                     SPT_RETRY);
    assert_int_equal(spt_checkpoint_confirm(checkpoint, &error), SPT_RETRY);
    assert_non_null(strstr(error.path, SHARD1));
    spt_checkpoint_close(checkpoint);
}

static void more_shards_than_files_may_be_open_are_read(void **state) {
    (void)state;
    enum { SHARDS = 1200 };
    char *index = malloc(SHARDS * 64);
    assert_non_null(index);
    size_t used = 0;
    for (int i = 0; i < SHARDS; i++) {
        char name[32], header[96];
        (void)snprintf(name, sizeof name, "s%04d", i);
        (void)snprintf(header, sizeof header, "{\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", i);
        put_safetensors(name, header, NULL, 1);
        used += (size_t)sprintf(index + used, "%s\"t%d\":\"%s\"", i ? "," : "{\"weight_map\":{", i, name);
    }
    (void)strcpy(index + used, "}}");
    put_text(INDEX, index);
    free(index);
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), SHARDS);
    assert_string_equal(spt_checkpoint_format(checkpoint), "safetensors, 1200 shards");
    assert_int_equal(spt_checkpoint_confirm(checkpoint, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(shards_are_one_checkpoint),
        TEST(the_index_may_be_named_itself_and_the_single_file_is_preferred),
        TEST(one_model_has_one_digest_in_one_file_and_in_shards),
        TEST(a_missing_or_truncated_shard_is_incomplete),
        TEST(links_into_a_cache_are_followed),
        TEST(a_shard_must_hold_what_the_index_says),
        TEST(tensors_that_the_index_does_not_name_are_listed_with_a_note),
        TEST(of_two_copies_the_one_counts_that_the_index_names),
        TEST(a_shard_that_is_exchanged_is_noticed),
        TEST(more_shards_than_files_may_be_open_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
