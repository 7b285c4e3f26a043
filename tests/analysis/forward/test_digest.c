/* The digest of a checkpoint is one, whatever was computed of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "made_model.h"

static struct spt_hash read_only(const struct made_model *model) {
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    struct spt_hash digest = {0};
    struct spt_error error = {0};
    if (spt_forward_digest(checkpoint, &model->config, NULL, NULL, &digest, NULL, &error) != SPT_OK)
        fail_msg("%s", error.message);
    spt_checkpoint_close(checkpoint);
    return digest;
}

static struct spt_hash computed(const struct made_model *model, bool no_loss) {
    struct made_probe made;
    struct spt_hash digest = {0};
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    const struct spt_forward_options options = {.no_loss = no_loss};
    made_probe_fill(&made, (const size_t[]){5, 2}, 2, model->config.vocabulary);
    assert_int_equal(spt_forward_run(checkpoint, &model->config, &made.probe, &options, NULL, NULL, NULL), SPT_OK);
    if (no_loss) assert_int_equal(spt_forward_hash_head(checkpoint, &model->config, NULL, NULL, NULL), SPT_OK);
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    return digest;
}

static void reading_alone_gives_the_digest_of_a_pass(void **state) {
    (void)state;
    struct made_model models[4] = {made_model_small(), made_model_small(), made_model_small(), made_model_small()};
    models[1].config.tied_embeddings = true;
    models[2].config.attention_bias = false;
    models[3].padding = 7;
    for (size_t i = 0; i < 4; i++) assert_true(spt_hash_equal(read_only(&models[i]), computed(&models[i], false)));
}

static void a_pass_without_loss_has_the_digest_of_one_with_it(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    assert_true(spt_hash_equal(computed(&model, true), computed(&model, false)));
}

static void what_a_pass_without_loss_read_is_told_apart(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    struct spt_hash digest, headless, expected;
    struct spt_checkpoint *checkpoint = made_model_open(&model, NULL);
    const struct spt_forward_options options = {.no_loss = true};
    made_probe_fill(&made, (const size_t[]){5, 2}, 2, model.config.vocabulary);
    assert_int_equal(spt_forward_run(checkpoint, &model.config, &made.probe, &options, NULL, NULL, NULL), SPT_OK);
    assert_int_equal(spt_checkpoint_digest(checkpoint, &expected, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    checkpoint = made_model_open(&model, NULL);
    assert_int_equal(spt_forward_digest(checkpoint, &model.config, NULL, NULL, &digest, &headless, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    assert_true(spt_hash_equal(headless, expected));
    assert_false(spt_hash_equal(headless, digest));
}

static void a_model_without_a_head_has_a_digest_too(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.bare = true;
    assert_true(spt_hash_equal(read_only(&model), computed(&model, true)));
}

static void every_tensor_counts(void **state) {
    (void)state;
    static const char *const names[] = {"gpt_neox.embed_in.weight", "gpt_neox.layers.2.mlp.dense_4h_to_h.bias",
                                        "gpt_neox.final_layer_norm.weight", "embed_out.weight"};
    struct made_model model = made_model_small();
    const struct spt_hash whole = read_only(&model);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        model.poison = names[i];
        model.poison_value = 1e9;
        assert_false(spt_hash_equal(read_only(&model), whole));
    }
}

static bool third_question(void *context) {
    return ++*(int *)context == 3;
}

static void it_stops_when_it_is_asked_to(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct spt_checkpoint *checkpoint = made_model_open(&model, NULL);
    struct spt_hash digest = {1, 2};
    int asked = 0;
    assert_int_equal(spt_forward_digest(checkpoint, &model.config, third_question, &asked, &digest, NULL, NULL),
                     SPT_END);
    assert_int_equal(asked, 3);
    assert_true(digest.low == 1 && digest.high == 2);
    spt_checkpoint_close(checkpoint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_alone_gives_the_digest_of_a_pass),
        cmocka_unit_test(a_pass_without_loss_has_the_digest_of_one_with_it),
        cmocka_unit_test(what_a_pass_without_loss_read_is_told_apart),
        cmocka_unit_test(a_model_without_a_head_has_a_digest_too),
        cmocka_unit_test(every_tensor_counts),
        cmocka_unit_test(it_stops_when_it_is_asked_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
