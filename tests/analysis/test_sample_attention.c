/* Attention of one sample, computed again: that of HF transformers, and what an analysis of a whole probe sees of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/analyze.h"
#include "analysis/sample_attention.h"
#include "forward/made_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const FOLDERS[] = {"bert",  "bloom", "gemma",       "gpt2",          "gpt_neox", "llama",  "mistral",
                                      "olmo2", "opt",   "phi_grouped", "qwen2_windows", "qwen3",    "roberta"};
#define FOLDER_COUNT (sizeof FOLDERS / sizeof *FOLDERS)

struct opened {
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint;
};

static struct opened open_model(const char *folder) {
    struct opened opened;
    struct spt_error error;
    char path[512];
    snprintf(path, sizeof path, SPT_TEST_DATA "/%s/config.json", folder);
    assert_int_equal(spt_model_config_read(path, &opened.config, &error), SPT_OK);
    snprintf(path, sizeof path, SPT_TEST_DATA "/%s/model.safetensors", folder);
    assert_int_equal(spt_checkpoint_open(path, NULL, &opened.checkpoint, &error), SPT_OK);
    return opened;
}

static struct opened open_reference(const char *folder) {
    char path[128];
    snprintf(path, sizeof path, "reference/%s", folder);
    return open_model(path);
}

static struct spt_sample_attention compute(const struct opened *opened, const struct spt_sample_request *request) {
    struct spt_sample_attention attention;
    struct spt_error error;
    if (spt_sample_attention_compute(opened->checkpoint, &opened->config, request, &attention, &error) != SPT_OK)
        fail_msg("%s", error.message);
    return attention;
}

/* --- HF transformers --- */

static void compare_with_hf(const char *folder) {
    struct opened opened = open_reference(folder);
    struct spt_checkpoint *reference;
    struct spt_error error;
    char path[512];
    snprintf(path, sizeof path, SPT_TEST_DATA "/reference/%s/reference.safetensors", folder);
    assert_int_equal(spt_checkpoint_open(path, NULL, &reference, &error), SPT_OK);
    const struct spt_tensor *tensor = spt_checkpoint_find(reference, "ids_1");
    assert_non_null(tensor);
    const size_t n = tensor->count, cells = opened.config.heads * n * n;
    int32_t ids[512];
    assert_true(tensor->dtype == SPT_I32 && n > 1 && n <= 512);
    assert_int_equal(spt_checkpoint_read(reference, tensor, 0, n, ids, &error), SPT_OK);
    const struct spt_sample_request request = {
        .ids = ids, .n = n, .layers = opened.config.layers, .matrices = SPT_MATRICES_ALL};
    struct spt_sample_attention seen = compute(&opened, &request);
    float *expected = malloc(cells * sizeof(float));
    assert_non_null(expected);
    for (size_t layer = 0; layer < opened.config.layers; layer++) {
        char name[64];
        snprintf(name, sizeof name, "attn_1_%zu", layer);
        assert_int_equal(spt_checkpoint_read_f32(reference, spt_checkpoint_find(reference, name), expected, &error),
                         SPT_OK);
        for (size_t k = 0; k < cells; k++)
            if (!(fabs((double)seen.matrices[layer * cells + k] - (double)expected[k]) <= 1e-5))
                fail_msg("%s, layer %zu, entry %zu: %g, expected %g", folder, layer, k,
                         (double)seen.matrices[layer * cells + k], (double)expected[k]);
    }
    free(expected);
    spt_sample_attention_release(&seen);
    spt_checkpoint_close(reference);
    spt_checkpoint_close(opened.checkpoint);
}

static void the_matrices_are_those_of_hf_transformers(void **state) {
    (void)state;
    for (size_t f = 0; f < FOLDER_COUNT; f++) compare_with_hf(FOLDERS[f]);
}

/* --- a pass over a whole probe --- */

#define SAMPLES ((size_t)300) /* two blocks */
#define LONGEST ((size_t)19)

struct made {
    int32_t ids[SAMPLES * LONGEST];
    size_t offset[SAMPLES + 1];
    struct spt_probe probe;
};

/* The first of samples samples, of 19, 10 and 1 tokens in turn. */
static void make_probe(struct made *made, size_t samples, size_t vocabulary) {
    made->offset[0] = 0;
    for (size_t s = 0; s < samples; s++) made->offset[s + 1] = made->offset[s] + LONGEST - s % 3 * 9;
    for (size_t t = 0; t < made->offset[samples]; t++) made->ids[t] = (int32_t)(t * t * 31 % vocabulary);
    made->probe = (struct spt_probe){.samples = samples,
                                     .tokens = made->offset[samples],
                                     .longest = LONGEST,
                                     .ids = made->ids,
                                     .offset = made->offset};
}

static struct spt_sample_request request_of(const struct made *made, size_t sample, size_t layers) {
    return (struct spt_sample_request){.ids = made->ids + made->offset[sample],
                                       .n = made->offset[sample + 1] - made->offset[sample],
                                       .among = made->probe.tokens,
                                       .layers = layers,
                                       .matrices = SPT_MATRICES_ALL};
}

struct pass {
    const struct spt_model_config *config;
    float *matrices; /* [samples, layers, heads, LONGEST^2] */
};

static float *place_of(const struct pass *pass, size_t sample, size_t layer, size_t head) {
    const size_t row = (sample * pass->config->layers + layer) * pass->config->heads + head;
    return pass->matrices + row * LONGEST * LONGEST;
}

static enum spt_status see(void *context, const struct spt_attention *a, struct spt_error *error) {
    const struct pass *pass = context;
    const size_t cells = a->n * a->n;
    (void)error;
    for (size_t h = 0; h < a->heads; h++)
        memcpy(place_of(pass, a->sample, a->layer, a->first_head + h), a->attention + h * cells, cells * sizeof(float));
    return SPT_OK;
}

static void compare_with_pass(const char *folder, const struct opened *opened, size_t samples, size_t stride) {
    static struct made made;
    const struct spt_model_config *config = &opened->config;
    struct spt_error error;
    make_probe(&made, samples, config->vocabulary);
    struct pass pass = {config, calloc(samples * config->layers * config->heads, LONGEST * LONGEST * sizeof(float))};
    assert_non_null(pass.matrices);
    const struct spt_forward_observer observer = {.context = &pass, .attention = see};
    const struct spt_forward_options options = {.no_loss = true};
    assert_int_equal(spt_forward_run(opened->checkpoint, config, &made.probe, &options, &observer, NULL, &error),
                     SPT_OK);
    for (size_t s = 0; s < samples; s += stride) {
        const struct spt_sample_request request = request_of(&made, s, config->layers);
        struct spt_sample_attention seen = compute(opened, &request);
        const size_t bytes = seen.n * seen.n * sizeof(float);
        for (size_t row = 0; row < config->layers * config->heads; row++)
            if (memcmp(seen.matrices + row * seen.n * seen.n,
                       place_of(&pass, s, row / config->heads, row % config->heads), bytes) != 0)
                fail_msg("%s: sample %zu of %zu tokens, layer %zu, head %zu", folder, s, seen.n, row / config->heads,
                         row % config->heads);
        spt_sample_attention_release(&seen);
    }
    free(pass.matrices);
}

static void a_sample_of_a_probe_is_what_the_pass_over_the_probe_saw_to_the_bit(void **state) {
    (void)state;
    for (size_t f = 0; f < FOLDER_COUNT; f++) {
        struct opened opened = open_reference(FOLDERS[f]);
        compare_with_pass(FOLDERS[f], &opened, f % 3 == 0 ? SAMPLES : 7, f % 3 == 0 ? 124 : 3);
        spt_checkpoint_close(opened.checkpoint);
    }
    struct opened demo = open_model("demo-run/step8000");
    compare_with_pass("demo-run", &demo, SAMPLES, 124);
    spt_checkpoint_close(demo.checkpoint);
}

/* --- the analysis --- */

struct emitted {
    float *first; /* [layers, samples] sink.first of layers */
    size_t samples;
};

static enum spt_status on_samples(void *context, const struct spt_vector *values, struct spt_error *error) {
    const struct emitted *emitted = context;
    (void)error;
    if (values->layer != SPT_WHOLE_MODEL && values->head == SPT_WHOLE_LAYER &&
        strcmp(values->metric->name, "sink.first") == 0)
        memcpy(emitted->first + (size_t)values->layer * emitted->samples, values->values,
               values->count * sizeof(float));
    return SPT_OK;
}

/* alpha_0, the mean over the heads of a causal layer. */
static float first_of(const struct spt_sample_attention *seen, size_t layer) {
    double sum = 0;
    for (size_t h = 0; h < seen->heads; h++) sum += seen->received[(layer * seen->heads + h) * seen->n];
    return (float)(sum / (double)seen->heads);
}

static void compare_with_analysis(enum spt_references references) {
    static struct made made;
    struct opened opened = open_model("demo-run/step8000");
    struct spt_plan plan;
    struct spt_analysis *analysis;
    struct spt_error error;
    const size_t samples = 40, layers = opened.config.layers;
    size_t found = 0;
    make_probe(&made, samples, opened.config.vocabulary);
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        plan.metric[i] =
            strcmp(SPT_METRICS[i].name, "sink.first") == 0 || strcmp(SPT_METRICS[i].name, "sink.reference_count") == 0;
    plan.references = references;
    struct emitted emitted = {calloc(layers * samples, sizeof(float)), samples};
    assert_non_null(emitted.first);
    const struct spt_emit emit = {.context = &emitted, .samples = on_samples};
    assert_int_equal(spt_analysis_new(&plan, &opened.config, &made.probe, &analysis, &error), SPT_OK);
    assert_int_equal(spt_analysis_checkpoint(analysis, opened.checkpoint, &emit, &error), SPT_OK);
    for (size_t s = 0; s < samples; s += 7) {
        struct spt_sample_request request = request_of(&made, s, layers);
        request.matrices = SPT_MATRICES_NONE;
        request.references = references;
        struct spt_sample_attention seen = compute(&opened, &request);
        for (size_t layer = 0; layer < layers; layer++) {
            const struct spt_reference_tokens *tokens = spt_analysis_references(analysis, layer);
            assert_true(fabs((double)first_of(&seen, layer) - (double)emitted.first[layer * samples + s]) <= 1e-7);
            if (tokens)
                assert_memory_equal(seen.is_reference + layer * seen.n, tokens->is_reference + made.offset[s], seen.n);
            for (size_t k = 0; k < seen.n; k++) found += seen.is_reference[layer * seen.n + k];
        }
        spt_sample_attention_release(&seen);
    }
    assert_true(found > 0);
    free(emitted.first);
    spt_analysis_free(analysis);
    spt_plan_release(&plan);
    spt_checkpoint_close(opened.checkpoint);
}

static void what_keys_receive_and_the_reference_tokens_are_those_of_the_analysis(void **state) {
    (void)state;
    compare_with_analysis(SPT_REFERENCES_EXCESS);
    compare_with_analysis(SPT_REFERENCES_PAPER);
}

/* --- what is kept --- */

static void fewer_layers_one_head_and_the_mean_are_parts_of_the_whole(void **state) {
    (void)state;
    static struct made made;
    struct opened opened = open_reference("llama");
    const size_t layers = opened.config.layers, heads = opened.config.heads, n = LONGEST, cells = n * n;
    make_probe(&made, 1, opened.config.vocabulary);
    struct spt_sample_request request = request_of(&made, 0, layers);
    struct spt_sample_attention all = compute(&opened, &request);
    request.matrices = SPT_MATRICES_HEAD;
    request.first = layers - 1;
    request.layers = 1;
    request.head = heads - 1;
    struct spt_sample_attention head = compute(&opened, &request);
    assert_memory_equal(head.matrices, all.matrices + (layers * heads - 1) * cells, cells * sizeof(float));
    assert_memory_equal(head.received, all.received + (layers - 1) * heads * n, heads * n * sizeof(double));
    request.matrices = SPT_MATRICES_MEAN;
    request.first = 0;
    struct spt_sample_attention mean = compute(&opened, &request);
    for (size_t k = 0; k < cells; k++) {
        double sum = 0;
        for (size_t h = 0; h < heads; h++) sum += (double)all.matrices[h * cells + k];
        assert_true(fabs((double)mean.matrices[k] - sum / (double)heads) <= 1e-7);
    }
    spt_sample_attention_release(&mean);
    spt_sample_attention_release(&head);
    spt_sample_attention_release(&all);
    spt_checkpoint_close(opened.checkpoint);
}

static void uniform_attention_and_windows_are_those_of_each_layer(void **state) {
    (void)state;
    static struct made made;
    struct opened opened = open_reference("qwen2_windows");
    bool windowed = false;
    make_probe(&made, 1, opened.config.vocabulary);
    const struct spt_sample_request request = request_of(&made, 0, opened.config.layers);
    struct spt_sample_attention seen = compute(&opened, &request);
    for (size_t layer = 0; layer < opened.config.layers; layer++) {
        double sum = 0;
        const bool window = spt_model_config_windowed(&opened.config, layer);
        assert_int_equal(seen.window[layer], window ? opened.config.window : LONGEST);
        windowed = windowed || window;
        for (size_t k = 0; k < seen.n; k++) sum += seen.uniform[layer * seen.n + k];
        assert_true(fabs(sum - 1) <= 1e-12);
    }
    assert_true(windowed);
    spt_sample_attention_release(&seen);
    spt_checkpoint_close(opened.checkpoint);
}

static void one_token_attends_to_itself_and_is_no_reference(void **state) {
    (void)state;
    struct opened opened = open_reference("gpt_neox");
    const int32_t id = 3;
    const struct spt_sample_request request = {
        .ids = &id, .n = 1, .layers = opened.config.layers, .matrices = SPT_MATRICES_ALL};
    struct spt_sample_attention seen = compute(&opened, &request);
    for (size_t row = 0; row < seen.layers * seen.heads; row++) {
        assert_true(seen.matrices[row] == 1.0f);
        assert_true(seen.received[row] == 1);
    }
    for (size_t layer = 0; layer < seen.layers; layer++) assert_int_equal(seen.is_reference[layer], 0);
    spt_sample_attention_release(&seen);
    spt_checkpoint_close(opened.checkpoint);
}

/* --- what is not as it should be --- */

static void a_layer_before_the_first_nan_is_seen_and_what_follows_is_marked(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    model.dtype = SPT_F32;
    model.poison = "gpt_neox.layers.1.attention.query_key_value.weight";
    model.poison_value = NAN;
    const struct opened opened = {model.config, made_model_open(&model, NULL)};
    const int32_t ids[] = {1, 2, 3, 4};
    struct spt_sample_request request = {.ids = ids, .n = 4, .layers = 1, .matrices = SPT_MATRICES_ALL};
    struct spt_sample_attention seen = compute(&opened, &request);
    assert_true(seen.finite[0] && seen.finite[1]);
    spt_sample_attention_release(&seen);
    request.first = 1;
    seen = compute(&opened, &request);
    assert_true(!seen.finite[0]);
    for (size_t k = 0; k < 4; k++) assert_int_equal(seen.is_reference[k], 0);
    spt_sample_attention_release(&seen);
    spt_checkpoint_close(opened.checkpoint);
}

static void a_layer_or_head_that_is_not_there_is_refused_by_its_number(void **state) {
    (void)state;
    struct opened opened = open_reference("gpt_neox");
    const int32_t ids[] = {1, 2};
    struct spt_sample_attention seen;
    struct spt_error error;
    struct spt_sample_request request = {
        .ids = ids, .n = 2, .first = opened.config.layers, .layers = 1, .matrices = SPT_MATRICES_HEAD};
    char expected[128];
    assert_int_equal(spt_sample_attention_compute(opened.checkpoint, &opened.config, &request, &seen, &error),
                     SPT_INVALID);
    snprintf(expected, sizeof expected, "there is no layer %zu: the model's layers are 0 to %zu", opened.config.layers,
             opened.config.layers - 1);
    assert_string_equal(error.message, expected);
    request.first = 0;
    request.head = 99;
    assert_int_equal(spt_sample_attention_compute(opened.checkpoint, &opened.config, &request, &seen, &error),
                     SPT_INVALID);
    snprintf(expected, sizeof expected, "there is no head 99: each layer's heads are 0 to %zu",
             opened.config.heads - 1);
    assert_string_equal(error.message, expected);
    spt_checkpoint_close(opened.checkpoint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrices_are_those_of_hf_transformers),
        cmocka_unit_test(a_sample_of_a_probe_is_what_the_pass_over_the_probe_saw_to_the_bit),
        cmocka_unit_test(what_keys_receive_and_the_reference_tokens_are_those_of_the_analysis),
        cmocka_unit_test(fewer_layers_one_head_and_the_mean_are_parts_of_the_whole),
        cmocka_unit_test(uniform_attention_and_windows_are_those_of_each_layer),
        cmocka_unit_test(one_token_attends_to_itself_and_is_no_reference),
        cmocka_unit_test(a_layer_before_the_first_nan_is_seen_and_what_follows_is_marked),
        cmocka_unit_test(a_layer_or_head_that_is_not_there_is_refused_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
