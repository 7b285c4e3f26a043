/* Every architecture on a probe of several blocks and shares: a sample's figures are those that it has alone, for any
 * number of threads. (What they are is test_parity.c's.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/forward/forward.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES ((size_t)150) /* of 18 or 19 tokens: more than a block of 2560 */
#define LONGEST ((size_t)19)

static const char *const FOLDERS[] = {
    "bert",       "bert_gamma",    "bloom",    "bloom_residual",  "gemma",       "gemma_bf16",
    "gpt2",       "gpt2_f16",      "gpt_neox", "llama",           "llama3_rope", "llama_dynamic_ntk",
    "llama_yarn", "mistral",       "olmo",     "olmo_f16",        "olmo2",       "opt",
    "opt_after",  "opt_plain",     "phi",      "phi_grouped",     "qwen2",       "qwen2_windows",
    "qwen3",      "qwen3_windows", "roberta",  "roberta_padding", "xlm_roberta",
};
#define FOLDER_COUNT (sizeof(FOLDERS) / sizeof(FOLDERS[0]))

struct model {
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint;
};

static struct model open_model(const char *folder) {
    struct model model = {0};
    struct spt_error error = {.status = SPT_OK};
    char path[512];
    snprintf(path, sizeof(path), SPT_TEST_DATA "/reference/%s/config.json", folder);
    if (spt_model_config_read(path, &model.config, &error) != SPT_OK) fail_msg("%s", error.message);
    snprintf(path, sizeof(path), SPT_TEST_DATA "/reference/%s", folder);
    if (spt_checkpoint_open(path, NULL, &model.checkpoint, &error) != SPT_OK) fail_msg("%s", error.message);
    return model;
}

struct samples {
    int32_t ids[SAMPLES * LONGEST];
    size_t offset[SAMPLES + 1];
    struct spt_probe probe;
};

static void fill(struct samples *s, size_t vocabulary) {
    s->offset[0] = 0;
    for (size_t i = 0; i < SAMPLES; i++) s->offset[i + 1] = s->offset[i] + LONGEST - i % 2;
    for (size_t t = 0; t < s->offset[SAMPLES]; t++) s->ids[t] = (int32_t)(t * t * 31 % vocabulary);
    s->probe = (struct spt_probe){
        .samples = SAMPLES, .tokens = s->offset[SAMPLES], .longest = LONGEST, .ids = s->ids, .offset = s->offset};
}

/* What a pass leaves: the last stage of the stream, losses, and each (layer, sample, head)'s largest score. */
struct record {
    const struct spt_model_config *config;
    const struct spt_probe *probe;
    float *hidden; /* [N, d] */
    float *scores; /* [layers, samples, heads] */
    double *loss;  /* [samples] */
};

static enum spt_status keep_hidden(void *context, size_t stage, const float *x, struct spt_error *error) {
    struct record *r = context;
    (void)error;
    if (stage == r->config->layers + 1) memcpy(r->hidden, x, r->probe->tokens * r->config->hidden * sizeof(float));
    return SPT_OK;
}

static enum spt_status keep_scores(void *context, const struct spt_attention *seen, struct spt_error *error) {
    struct record *r = context;
    const size_t at = (seen->layer * r->probe->samples + seen->sample) * r->config->heads + seen->first_head;
    (void)error;
    memcpy(r->scores + at, seen->max_logit, seen->heads * sizeof(float));
    return SPT_OK;
}

static struct record run(const struct model *model, const struct spt_probe *probe, size_t threads) {
    const struct spt_model_config *c = &model->config;
    struct record r = {.config = c,
                       .probe = probe,
                       .hidden = spt_alloc(probe->tokens, c->hidden * sizeof(float)),
                       .scores = spt_alloc(c->layers * probe->samples, c->heads * sizeof(float)),
                       .loss = spt_alloc(probe->samples, sizeof(double))};
    struct spt_error error = {.status = SPT_OK};
    const struct spt_forward_options options = {.threads = threads};
    const struct spt_forward_observer observer = {.context = &r, .attention = keep_scores, .hidden = keep_hidden};
    const struct spt_forward_output output = {.loss = r.loss};
    if (spt_forward_run(model->checkpoint, c, probe, &options, &observer, &output, &error) != SPT_OK)
        fail_msg("%s: %s", c->model_type, error.message);
    return r;
}

static void release(struct record *r) {
    free(r->hidden);
    free(r->scores);
    free(r->loss);
}

static void assert_near(const char *folder, size_t sample, double value, double wanted, double scale) {
    if (isnan(value) && isnan(wanted)) return;
    if (!(fabs(value - wanted) <= 2e-5 * scale)) fail_msg("%s, sample %zu: %g, not %g", folder, sample, value, wanted);
}

static void samples_are_what_they_are_alone(void **state) {
    (void)state;
    static const size_t SOME[] = {0, 1, 74, 75, SAMPLES - 2, SAMPLES - 1}; /* ends of blocks among them */
    struct samples *s = spt_alloc(1, sizeof(*s));
    for (size_t f = 0; f < FOLDER_COUNT; f++) {
        struct model model = open_model(FOLDERS[f]);
        const struct spt_model_config *c = &model.config;
        fill(s, c->vocabulary);
        struct record all = run(&model, &s->probe, 1);
        for (size_t i = 0; i < sizeof(SOME) / sizeof(SOME[0]); i++) {
            const size_t sample = SOME[i], first = s->offset[sample], n = s->offset[sample + 1] - first;
            const size_t offset[] = {0, n};
            const struct spt_probe one = {
                .samples = 1, .tokens = n, .longest = n, .ids = s->ids + first, .offset = offset};
            struct record alone = run(&model, &one, 1);
            double scale = 0;
            for (size_t k = 0; k < n * c->hidden; k++) scale = fmax(scale, fabs((double)alone.hidden[k]));
            for (size_t k = 0; k < n * c->hidden; k++)
                assert_near(FOLDERS[f], sample, (double)all.hidden[first * c->hidden + k], (double)alone.hidden[k],
                            scale);
            for (size_t l = 0; l < c->layers; l++)
                for (size_t h = 0; h < c->heads; h++)
                    assert_near(FOLDERS[f], sample, (double)all.scores[(l * SAMPLES + sample) * c->heads + h],
                                (double)alone.scores[l * c->heads + h], 10);
            assert_near(FOLDERS[f], sample, all.loss[sample], alone.loss[0], 10);
            release(&alone);
        }
        release(&all);
        spt_checkpoint_close(model.checkpoint);
    }
    free(s);
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    struct samples *s = spt_alloc(1, sizeof(*s));
    for (size_t f = 0; f < FOLDER_COUNT; f++) {
        struct model model = open_model(FOLDERS[f]);
        const struct spt_model_config *c = &model.config;
        fill(s, c->vocabulary);
        struct record one = run(&model, &s->probe, 1), three = run(&model, &s->probe, 3);
        assert_memory_equal(one.hidden, three.hidden, s->probe.tokens * c->hidden * sizeof(float));
        assert_memory_equal(one.scores, three.scores, c->layers * SAMPLES * c->heads * sizeof(float));
        assert_memory_equal(one.loss, three.loss, SAMPLES * sizeof(double));
        release(&one);
        release(&three);
        spt_checkpoint_close(model.checkpoint);
    }
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_what_they_are_alone),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };
    return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
