/* Which files of a folder are its model, and the files of several kinds that are one: DeepSpeed's and GPT-NeoX's.
 *
 * What DeepSpeed itself has written (tests/peer/make_deepspeed_fixtures.py) must hold what save_pretrained has written
 * of the same model beside it.
 */
#include "tests/checkpoints/readers/build.h"

#include "checkpoints/readers/folder_table.h"
#include "torch_zip.h"

#include <sys/stat.h>

#define LAYOUTS SPT_TEST_DATA "/layouts/"

static struct spt_hash digest_of(const char *path, char format[64]) {
    struct spt_checkpoint *checkpoint = open_checkpoint(path);
    struct spt_hash digest;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL), SPT_OK);
    }
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    (void)snprintf(format, 64, "%s", spt_checkpoint_format(checkpoint));
    spt_checkpoint_close(checkpoint);
    return digest;
}

static void what_deepspeed_wrote_has_the_digest_of_the_same_model_in_safetensors(void **state) {
    (void)state;
    static const struct {
        const char *path, *twin, *format;
    } PAIRS[] = {
        {"gpt_neox/global_step1000", "gpt_neox/step1000", "GPT-NeoX, 5 files of layers"},
        {"gpt_neox/global_step2000", "gpt_neox/step2000", "GPT-NeoX, 5 files of layers"},
        {"gpt_neox_sequential/global_step500", "gpt_neox_sequential/step500", "DeepSpeed, torch zip, global_step 500"},
        {"gpt_neox_sequential/global_step1000", "gpt_neox_sequential/step1000",
         "DeepSpeed, torch zip, global_step 1000"},
        {"deepspeed/global_step100", "deepspeed/step100", "DeepSpeed, torch zip, global_step 100"},
        {"deepspeed/global_step200", "deepspeed/step200", "DeepSpeed, torch zip, global_step 200"},
    };
    for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++) {
        char path[256], twin[256], format[64];
        (void)snprintf(path, sizeof path, LAYOUTS "%s", PAIRS[i].path);
        (void)snprintf(twin, sizeof twin, LAYOUTS "deepspeed_twins/%s", PAIRS[i].twin);
        const struct spt_hash expected = digest_of(twin, format), found = digest_of(path, format);
        if (!spt_hash_equal(expected, found)) fail_msg("%s differs", path);
        assert_string_equal(format, PAIRS[i].format);
    }
}

static void put_norm(const char *file, const char *weight, const char *bias) {
    char header[512];
    (void)snprintf(header, sizeof header,
                   "{\"bert.encoder.LayerNorm.%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                   "\"bert.encoder.LayerNorm.%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
                   "\"gamma\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]}}",
                   weight, bias);
    (void)put_safetensors(file, header, NULL, 20);
}

/* The first BERTs are still served under TensorFlow's names. */
static void norms_in_tensorflow_s_spelling_have_the_digest_of_today_s(void **state) {
    char format[64];
    (void)state;
    put_norm("before.safetensors", "gamma", "beta");
    put_norm("today.safetensors", "weight", "bias");
    put_norm("both.safetensors", "gamma", "weight");
    struct spt_checkpoint *checkpoint = open_checkpoint("before.safetensors");
    assert_non_null(spt_checkpoint_find(checkpoint, "bert.encoder.LayerNorm.weight"));
    assert_non_null(spt_checkpoint_find(checkpoint, "bert.encoder.LayerNorm.bias"));
    assert_non_null(spt_checkpoint_find(checkpoint, "gamma")); /* of no norm */
    spt_checkpoint_close(checkpoint);
    assert_true(spt_hash_equal(digest_of("before.safetensors", format), digest_of("today.safetensors", format)));
    assert_refused("both.safetensors", SPT_INVALID, "two tensors are named");
}

/* --- names --- */

/* A model of one tensor, as large as the name is long: which file was read shows. */
static void put_model(const char *name) {
    char header[128];
    const size_t bytes = 4 * strlen(name);
    (void)snprintf(header, sizeof header, "{\"w\":{\"dtype\":\"F32\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}",
                   bytes / 4, bytes);
    (void)put_safetensors(name, header, NULL, bytes);
}

static void assert_read(const char *name) {
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    const struct spt_tensor *tensor = spt_checkpoint_find(checkpoint, "w");
    if (!tensor || tensor->count != strlen(name)) fail_msg("%s was not read", name);
    spt_checkpoint_close(checkpoint);
}

static void files_are_read_in_the_order_of_their_table(void **state) {
    (void)state;
    static const char *const NAMES[] = {
        "last-of-them.ckpt",   "model.pt",          "pytorch_model.half.bin",
        "weights.safetensors", "pytorch_model.bin", "model.safetensors",
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        put_model(NAMES[i]);
        assert_read(NAMES[i]); /* contents decide what it is, not its name */
        assert_true(spt_weights_is_name(NAMES[i]));
    }
}

static void several_files_that_could_be_the_model_are_named(void **state) {
    (void)state;
    put_model("a.ckpt");
    assert_read("a.ckpt");
    assert_int_equal(symlink("a.ckpt", "last.ckpt"), 0);
    assert_read("a.ckpt"); /* another name of it */
    put_model("b.ckpt");
    assert_refused(".", SPT_INVALID, "a.ckpt, b.ckpt and last.ckpt: any of these files could be the model");
    for (char name[] = "c.ckpt"; name[0] < 'g'; name[0]++) put_model(name);
    assert_refused(".", SPT_INVALID, "a.ckpt, b.ckpt, c.ckpt, d.ckpt and 3 more");
    put_model("model.pt");
    assert_read("model.pt");
}

static void parts_without_their_index_are_incomplete(void **state) {
    (void)state;
    put_model("model-00001-of-00002.safetensors");
    assert_refused(".", SPT_RETRY, "shards without their index");
    assert_int_equal(unlink("model-00001-of-00002.safetensors"), 0);
    put_model("pytorch_model-00001-of-00002.bin");
    assert_refused(".", SPT_RETRY, "shards without their index");
}

static void what_needs_a_conversion_is_unsupported_and_names_it(void **state) {
    (void)state;
    put_text("consolidated.00.pth", "whatever it holds");
    assert_refused(".", SPT_UNSUPPORTED, "convert_llama_weights_to_hf.py");
    assert_refused(SPT_TEST_DATA "/torch/zero3", SPT_UNSUPPORTED, "zero_to_fp32.py");
    put_model("model.safetensors");
    assert_read("model.safetensors");
}

static void names_of_optimizers_and_arguments_are_no_weights(void **state) {
    (void)state;
    static const char *const OTHERS[] = {
        "optimizer.pt", "training_args.bin", "zero_pp_rank_0_mp_rank_00_optim_states.pt", "latest",
        "model",        "model.pth",
    };
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) assert_false(spt_weights_is_name(OTHERS[i]));
    assert_true(spt_weights_is_deepspeed_name("mp_rank_00_model_states.pt"));
    assert_true(spt_weights_is_deepspeed_name("layer_00-model_00-model_states.pt"));
    assert_false(spt_weights_is_deepspeed_name("model.safetensors"));
}

/* --- what else can be wrong with DeepSpeed's files --- */

#define KEY_OF_6(text)  "X\6\0\0\0" text
#define KEY_OF_12(text) "X\14\0\0\0" text
#define KEY_OF_13(text) "X\15\0\0\0" text
#define MODULE(value)   KEY_OF_6("module") value "s"
#define STEPS           KEY_OF_12("global_steps") "K\7s"
#define RANKS(count)    KEY_OF_13("mp_world_size") "K" count "s"
#define NO_ELEMENTS     TENSOR_OF(FOUR, "K\0K\0\205K\1\205")

static void put_torch(const char *name, const char *pickle, size_t size) {
    static struct torch_zip zip;
    torch_zip_state_dict(&zip, pickle, size);
    torch_zip_directory(&zip);
    put_file(name, zip.bytes, zip.size);
}

#define PUT(name, pickle) put_torch(name, pickle, sizeof pickle - 1)
static const char RANK0[] = "mp_rank_00_model_states.pt";

static void bad_files_of_deepspeed_get_their_outcome(void **state) {
    (void)state;
    static const char EMPTY[] = DICT(MODULE("}") STEPS), NONE[] = DICT(MODULE("N") STEPS),
                      HOLLOW[] = DICT(MODULE("}" W NO_ELEMENTS "s") STEPS),
                      CUT[] = DICT(MODULE("}" W GOOD_TENSOR "s") STEPS RANKS("\2")),
                      GOOD[] = DICT(MODULE("}" W GOOD_TENSOR "s") STEPS RANKS("\1")),
                      ITSELF[] = DICT(MODULE("}q\7" W "h\7s" W "h\7s") STEPS), NUMBER[] = DICT(MODULE("K\1") STEPS);
    static const struct {
        const char *what, *pickle;
        size_t size;
        enum spt_status status;
        const char *word;
    } BAD[] = {
        {"an empty module", EMPTY, sizeof EMPTY - 1, SPT_UNSUPPORTED, "its module is empty"},
        {"no module, of a pipeline", NONE, sizeof NONE - 1, SPT_UNSUPPORTED, "its module is empty"},
        {"a module that is a number", NUMBER, sizeof NUMBER - 1, SPT_UNSUPPORTED, "its module is empty"},
        {"tensors of ZeRO stage 3", HOLLOW, sizeof HOLLOW - 1, SPT_UNSUPPORTED, "ZeRO stage 3"},
        {"one rank of two", CUT, sizeof CUT - 1, SPT_UNSUPPORTED, "one of 2 model-parallel ranks"},
        {"a module that holds itself", ITSELF, sizeof ITSELF - 1, SPT_UNSUPPORTED, "its module is empty"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        print_message("%s\n", BAD[i].what);
        put_torch(RANK0, BAD[i].pickle, BAD[i].size);
        assert_refused(".", BAD[i].status, BAD[i].word);
    }
    put_torch(RANK0, GOOD, sizeof GOOD - 1);
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    assert_string_equal(spt_checkpoint_format(checkpoint), "DeepSpeed, torch zip, global_step 7");
    assert_non_null(spt_checkpoint_find(checkpoint, "w"));
    spt_checkpoint_close(checkpoint);
    put_torch("mp_rank_01_model_states.pt", GOOD, sizeof GOOD - 1);
    assert_refused(".", SPT_UNSUPPORTED, "2 model-parallel ranks (mp_rank_00_model_states.pt to mp_rank_01");
}

/* Anybody may use nn.Sequential: names are GPT-NeoX's where its embedding is among them. */
static void sequential_names_of_other_models_stay(void **state) {
    (void)state;
    static const char OTHER[] = DICT("X\25\0\0\0sequential.0.0.weight" GOOD_TENSOR "s"),
                      NEOX[] = DICT("X\43\0\0\0sequential.0.word_embeddings.weight" GOOD_TENSOR
                                    "sX\35\0\0\0sequential.3.mlp.linear1.bias" GOOD_TENSOR
                                    "sX\31\0\0\0sequential.3.mlp.fc2_bias" GOOD_TENSOR
                                    "sX\30\0\0\0sequential.7.other.thing" GOOD_TENSOR
                                    "sX\34\0\0\0sequential.9999999.mlp.thing" GOOD_TENSOR "s");
    PUT("model.pt", OTHER);
    struct spt_checkpoint *checkpoint = open_checkpoint(".");
    assert_string_equal(spt_checkpoint_tensor(checkpoint, 0)->name, "sequential.0.0.weight");
    spt_checkpoint_close(checkpoint);
    PUT("model.pt", NEOX);
    checkpoint = open_checkpoint(".");
    static const char *const NAMES[] = {"gpt_neox.embed_in.weight", "gpt_neox.layers.1.mlp.dense_4h_to_h.bias",
                                        "gpt_neox.layers.1.mlp.dense_h_to_4h.bias", "layer_7.other.thing",
                                        "sequential.9999999.mlp.thing"};
    for (size_t i = 0; i < 5; i++) assert_string_equal(spt_checkpoint_tensor(checkpoint, i)->name, NAMES[i]);
    spt_checkpoint_close(checkpoint);
}

static void a_file_that_is_almost_named_as_a_layer_is_refused(void **state) {
    (void)state;
    static const char *const NAMES[] = {"layer_-model_00-model_states.pt", "layer_0x-model_00-model_states.pt",
                                        "layer_00-model_0-1-model_states.pt",
                                        "layer_00000000-model_00-model_states.pt"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        put_text(NAMES[i], "whatever it holds");
        assert_refused(".", SPT_INVALID, "is no layer's name");
        assert_int_equal(unlink(NAMES[i]), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_deepspeed_wrote_has_the_digest_of_the_same_model_in_safetensors),
        TEST(norms_in_tensorflow_s_spelling_have_the_digest_of_today_s),
        TEST(files_are_read_in_the_order_of_their_table),
        TEST(several_files_that_could_be_the_model_are_named),
        TEST(parts_without_their_index_are_incomplete),
        TEST(what_needs_a_conversion_is_unsupported_and_names_it),
        cmocka_unit_test(names_of_optimizers_and_arguments_are_no_weights),
        TEST(bad_files_of_deepspeed_get_their_outcome),
        TEST(sequential_names_of_other_models_stay),
        TEST(a_file_that_is_almost_named_as_a_layer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
