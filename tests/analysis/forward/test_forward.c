/* The pass against its definition in double, and what must not change it: threads, read-ahead, neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "checkpoints/base/memory.h"
#include "tests/analysis/forward/made_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t LENGTHS[] = {7, 1, 23, 2, 32, 12};
#define SAMPLES (sizeof(LENGTHS) / sizeof(LENGTHS[0]))

static void assert_near(double value, double wanted, double tolerance, const char *what, size_t at) {
    if (!(fabs(value - wanted) <= tolerance)) fail_msg("%s %zu: %.9g, not %.9g", what, at, value, wanted);
}

static double largest(const double *x, size_t count) {
    double most = 0;
    for (size_t i = 0; i < count; i++) most = fmax(most, fabs(x[i]));
    return most;
}

static void check_sample(const struct made_record *r, const struct made_model *model, struct spt_checkpoint *checkpoint,
                         size_t s) {
    const size_t first = r->probe->offset[s], n = r->probe->offset[s + 1] - first;
    const size_t d = r->d, square = r->heads * n * n, stages = r->layers + 2;
    struct plain_output plain = {.attention = spt_alloc(r->layers * square, sizeof(double)),
                                 .max_logit = spt_alloc(r->layers * r->heads, sizeof(double)),
                                 .hidden = spt_alloc(stages * n * d, sizeof(double))};
    plain_forward(checkpoint, model, r->probe->ids + first, n, &plain);
    for (size_t l = 0; l < r->layers; l++) {
        const float *attention = r->attention + l * r->at[r->probe->samples] + r->at[s];
        for (size_t i = 0; i < square; i++)
            assert_near((double)attention[i], plain.attention[l * square + i], 1e-5, "attention", i);
        for (size_t h = 0; h < r->heads; h++)
            assert_near((double)r->max_logit[(l * r->probe->samples + s) * r->heads + h],
                        plain.max_logit[l * r->heads + h], 1e-4, "largest score", h);
    }
    for (size_t stage = 0; stage < stages; stage++) {
        const double *wanted = plain.hidden + stage * n * d, scale = largest(wanted, n * d);
        const float *x = r->hidden + (stage * r->probe->tokens + first) * d;
        for (size_t i = 0; i < n * d; i++) assert_near((double)x[i], wanted[i], 1e-5 * scale, "hidden", i);
    }
    if (n > 1) {
        assert_near(r->loss[s], plain.loss, 1e-5, "loss", s);
        assert_near(r->total[s], plain.loss * (double)(n - 1), 1e-4, "total loss", s);
    }
    free(plain.attention);
    free(plain.max_logit);
    free(plain.hidden);
}

/* Every sample, layer, head and token of a pass equals the definition. */
static void check_model(const struct made_model *model) {
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, SAMPLES, model->config.vocabulary + model->padding);
    struct made_record record;
    made_record_run(&record, model, &made.probe, NULL);
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    for (size_t s = 0; s < SAMPLES; s++) check_sample(&record, model, checkpoint, s);
    spt_checkpoint_close(checkpoint);
    made_record_release(&record);
}

static void parallel_residual_equals_the_definition(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    check_model(&model);
}

static void sequential_residual_equals_the_definition(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.config.parallel_residual = false;
    check_model(&model);
}

static void attention_without_biases_equals_the_definition(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.config.attention_bias = false;
    check_model(&model);
}

static void tied_embeddings_equal_the_definition(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.config.tied_embeddings = true;
    check_model(&model);
}

static void padded_vocabulary_counts_all_rows_of_the_embedding(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.padding = 300; /* more than a tile of the head */
    check_model(&model);
}

static void every_number_format_equals_the_definition(void **state) {
    (void)state;
    const enum spt_dtype formats[] = {SPT_F64, SPT_F16, SPT_BF16};
    for (size_t i = 0; i < 3; i++) {
        struct made_model model = made_model_small();
        model.dtype = formats[i];
        check_model(&model);
    }
}

static void every_activation_and_rotation_equals_the_definition(void **state) {
    (void)state;
    for (enum spt_activation a = SPT_GELU_ERF; a <= SPT_SILU; a++) {
        struct made_model model = made_model_small();
        model.config.activation = a;
        model.config.rotary_dim = 8 - 2 * (size_t)a; /* whole head, parts, 2 */
        check_model(&model);
    }
}

static void heads_beyond_a_batch_equal_the_definition(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.config.heads = model.config.kv_heads = 11;
    model.config.head_dim = 4;
    model.config.hidden = model.config.embedding_dim = 44;
    check_model(&model);
}

static void rows_of_attention_sum_to_one_and_hidden_entries_are_zero(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    struct made_record r;
    made_probe_fill(&made, LENGTHS, SAMPLES, model.config.vocabulary);
    made_record_run(&r, &model, &made.probe, NULL);
    for (size_t l = 0; l < r.layers; l++)
        for (size_t s = 0; s < SAMPLES; s++)
            for (size_t row = 0; row < r.heads * LENGTHS[s]; row++) {
                const float *a = r.attention + l * r.at[SAMPLES] + r.at[s] + row * LENGTHS[s];
                double sum = 0;
                for (size_t k = 0; k < LENGTHS[s]; k++) {
                    sum += (double)a[k];
                    if (k > row % LENGTHS[s]) assert_true(a[k] == 0);
                }
                assert_near(sum, 1, 1e-6, "row", row);
            }
    assert_int_equal(r.layers_seen, model.config.layers);
    made_record_release(&r);
}

static void assert_same_bits(const struct made_record *a, const struct made_record *b) {
    const size_t samples = a->probe->samples;
    assert_memory_equal(a->attention, b->attention, a->layers * a->at[samples] * sizeof(float));
    assert_memory_equal(a->max_logit, b->max_logit, a->layers * samples * a->heads * sizeof(float));
    assert_memory_equal(a->hidden, b->hidden, (a->layers + 2) * a->probe->tokens * a->d * sizeof(float));
    assert_memory_equal(a->loss, b->loss, samples * sizeof(double));
    assert_memory_equal(a->total, b->total, samples * sizeof(double));
}

/* 64 samples of 60 tokens: two blocks. */
static void fill_long(struct made_probe *made, const struct made_model *model) {
    size_t lengths[64];
    for (size_t i = 0; i < 64; i++) lengths[i] = 50 + i % 11;
    made_probe_fill(made, lengths, 64, model->config.vocabulary);
}

static struct made_model wider(void) {
    struct made_model model = made_model_small();
    model.dtype = SPT_F16;
    model.config.positions = 64;
    model.config.hidden = model.config.embedding_dim = 80;
    model.config.heads = model.config.kv_heads = 10;
    model.config.intermediate = 300;
    model.config.vocabulary = 700;
    return model;
}

static void threads_and_read_ahead_do_not_change_a_bit(void **state) {
    (void)state;
    const struct made_model model = wider();
    struct made_probe made;
    struct made_record one;
    fill_long(&made, &model);
    made_record_run(&one, &model, &made.probe, &(struct spt_forward_options){.threads = 1, .no_read_ahead = true});
    for (size_t threads = 1; threads <= 3; threads++) {
        struct made_record r;
        made_record_run(&r, &model, &made.probe, &(struct spt_forward_options){.threads = threads});
        assert_same_bits(&one, &r);
        made_record_release(&r);
    }
    made_record_release(&one);
}

static void a_sample_does_not_see_its_neighbours(void **state) {
    (void)state;
    const struct made_model model = wider();
    struct made_probe all, single;
    struct made_record among, alone;
    fill_long(&all, &model);
    made_record_run(&among, &model, &all.probe, NULL);
    for (size_t s = 0; s < 64; s += 21) {
        const size_t first = all.offset[s], n = all.offset[s + 1] - first;
        made_probe_fill(&single, &n, 1, model.config.vocabulary);
        memcpy(single.ids, all.ids + first, n * sizeof(int32_t));
        made_record_run(&alone, &model, &single.probe, NULL);
        for (size_t i = 0; i < among.heads * n * n; i++)
            assert_near((double)among.attention[among.at[s] + i], (double)alone.attention[i], 1e-5, "attention", i);
        assert_near(among.loss[s], alone.loss[0], 1e-4, "loss", s);
        made_record_release(&alone);
    }
    made_record_release(&among);
}

static void one_token_has_no_loss(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    struct made_record r;
    made_probe_fill(&made, (const size_t[]){1}, 1, model.config.vocabulary);
    made_record_run(&r, &model, &made.probe, NULL);
    assert_true(isnan(r.loss[0]));
    assert_true(r.total[0] == 0);
    assert_true(r.attention[0] == 1);
    made_record_release(&r);
}

static void nan_weights_are_computed_with(void **state) {
    (void)state;
    const char *const names[] = {"gpt_neox.layers.1.attention.query_key_value.weight", "embed_out.weight"};
    for (size_t i = 0; i < 2; i++) {
        struct made_model model = made_model_small();
        struct made_probe made;
        struct made_record r;
        model.dtype = SPT_F16;
        model.poison = names[i];
        model.poison_value = NAN;
        made_probe_fill(&made, LENGTHS, SAMPLES, model.config.vocabulary);
        made_record_run(&r, &model, &made.probe, NULL);
        assert_true(isnan(r.loss[0]));
        assert_true(!isnan(r.attention[0]));
        /* layer 1's queries of head 0 are NaN when its first weight is; so is all of their softmax */
        assert_true(!isnan(r.attention[r.at[SAMPLES]]) == (i == 1));
        assert_true(!isnan(r.max_logit[SAMPLES * r.heads]) == (i == 1));
        made_record_release(&r);
    }
}

static void infinite_token_leaves_earlier_ones_alone(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    struct made_probe made;
    struct made_record r;
    model.poison = "gpt_neox.embed_in.weight"; /* the row of token 0 */
    model.poison_value = INFINITY;
    made_probe_fill(&made, (const size_t[]){20}, 1, model.config.vocabulary);
    for (size_t t = 0; t < 20; t++) made.ids[t] = t < 19 ? 1 + (int32_t)t : 0;
    made_record_run(&r, &model, &made.probe, NULL);
    const size_t last = 19 * r.d;
    const float *stream = r.hidden + (r.layers + 1) * 20 * r.d;
    for (size_t i = 0; i < last; i++) assert_true(isfinite(stream[i]));
    assert_true(isnan(stream[last]));
    assert_true(isfinite(r.loss[0])); /* the last token is a target only */
    made_record_release(&r);
}

/* --- what nobody sees --- */

struct onlooker {
    size_t layers, questions;
};

static enum spt_status see_weights(void *context, size_t layer, const struct spt_weight *weights,
                                   struct spt_error *error) {
    (void)layer, (void)weights, (void)error;
    ((struct onlooker *)context)->layers++;
    return SPT_OK;
}

static enum spt_status see_hidden(void *context, size_t stage, const float *x, struct spt_error *error) {
    (void)context, (void)stage, (void)x, (void)error;
    return SPT_OK;
}

static bool ask(void *context) {
    ((struct onlooker *)context)->questions++;
    return false;
}

static struct onlooker look_at(const struct made_model *model, const struct spt_probe *probe, bool hidden) {
    struct onlooker onlooker = {0};
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    const struct spt_forward_options options = {.threads = 1, .no_loss = true};
    const struct spt_forward_observer observer = {
        .context = &onlooker, .weights = see_weights, .hidden = hidden ? see_hidden : NULL, .stop = ask};
    assert_int_equal(spt_forward_run(checkpoint, &model->config, probe, &options, &observer, NULL, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
    return onlooker;
}

/* A pass asks whether it is to stop before each piece of work: the number of questions is the work. */
static void for_weights_alone_nothing_is_computed(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, LENGTHS, 6, model.config.vocabulary);
    const struct onlooker weights = look_at(&model, &made.probe, false), all = look_at(&model, &made.probe, true);
    assert_int_equal(weights.layers, model.config.layers);
    assert_int_equal(all.layers, model.config.layers);
    assert_true(weights.questions + 3 * model.config.layers <= all.questions);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parallel_residual_equals_the_definition),
        cmocka_unit_test(sequential_residual_equals_the_definition),
        cmocka_unit_test(attention_without_biases_equals_the_definition),
        cmocka_unit_test(tied_embeddings_equal_the_definition),
        cmocka_unit_test(padded_vocabulary_counts_all_rows_of_the_embedding),
        cmocka_unit_test(every_number_format_equals_the_definition),
        cmocka_unit_test(every_activation_and_rotation_equals_the_definition),
        cmocka_unit_test(heads_beyond_a_batch_equal_the_definition),
        cmocka_unit_test(rows_of_attention_sum_to_one_and_hidden_entries_are_zero),
        cmocka_unit_test(threads_and_read_ahead_do_not_change_a_bit),
        cmocka_unit_test(a_sample_does_not_see_its_neighbours),
        cmocka_unit_test(one_token_has_no_loss),
        cmocka_unit_test(nan_weights_are_computed_with),
        cmocka_unit_test(infinite_token_leaves_earlier_ones_alone),
        cmocka_unit_test(for_weights_alone_nothing_is_computed),
    };
    return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
