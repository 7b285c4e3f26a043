/* An observer that asks for them sees the matrices of each layer a second time: the same to the bit, after all heads of
 * the sample were seen; and what a layer shows comes in the order that forward.h promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/forward/family.h"
#include "analysis/forward/forward.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES ((size_t)300) /* of 10 tokens on average: two blocks */
#define LONGEST ((size_t)19)

static const char *const FOLDERS[] = {"bert", "bloom", "gemma", "gpt2", "llama", "mistral", "phi_grouped", "qwen3"};

struct record {
    const struct spt_model_config *config;
    float *first;                       /* [samples, heads, LONGEST, LONGEST] of the layer at hand */
    float *largest;                     /* [samples, heads] likewise */
    atomic_size_t seen[SAMPLES];        /* heads of the layer at hand, in the first look ... */
    atomic_size_t again[SAMPLES];       /* ... and in the second */
    atomic_bool ended[SAMPLES], broken; /* all heads seen; something came out of order, or was another */
    size_t layer, stage;                /* that is next */
    bool has_weights;
};

static float *place_of(const struct record *r, size_t sample, size_t head) {
    return r->first + (sample * r->config->heads + head) * LONGEST * LONGEST;
}

static void expect(struct record *r, bool holds) {
    if (!holds) atomic_store(&r->broken, true);
}

static enum spt_status see_weights(void *context, size_t layer, const struct spt_weight *w, struct spt_error *error) {
    struct record *r = context;
    (void)error;
    expect(r, layer == r->layer && !r->has_weights);
    expect(r, w[SPT_OUT].matrix.rows == r->config->hidden);
    expect(r, w[SPT_OUT].matrix.columns == r->config->heads * r->config->head_dim);
    r->has_weights = true;
    return SPT_OK;
}

static enum spt_status see(void *context, const struct spt_attention *a, struct spt_error *error) {
    struct record *r = context;
    (void)error;
    expect(r, r->has_weights && a->layer == r->layer && !r->ended[a->sample]);
    for (size_t h = 0; h < a->heads; h++) {
        memcpy(place_of(r, a->sample, a->first_head + h), a->attention + h * a->n * a->n, a->n * a->n * sizeof(float));
        r->largest[a->sample * r->config->heads + a->first_head + h] = a->max_logit[h];
    }
    atomic_fetch_add(&r->seen[a->sample], a->heads);
    return SPT_OK;
}

static enum spt_status end_sample(void *context, size_t layer, size_t sample, size_t thread, struct spt_error *error) {
    struct record *r = context;
    (void)thread, (void)error;
    expect(r, layer == r->layer && r->seen[sample] == r->config->heads && !r->ended[sample]);
    atomic_store(&r->ended[sample], true);
    return SPT_OK;
}

static enum spt_status see_again(void *context, const struct spt_attention *a, struct spt_error *error) {
    struct record *r = context;
    (void)error;
    expect(r, r->ended[a->sample]);
    for (size_t h = 0; h < a->heads; h++) {
        const size_t head = a->first_head + h;
        expect(r,
               memcmp(place_of(r, a->sample, head), a->attention + h * a->n * a->n, a->n * a->n * sizeof(float)) == 0);
        expect(r, memcmp(&r->largest[a->sample * r->config->heads + head], &a->max_logit[h], sizeof(float)) == 0);
        expect(r, a->vectors[h].dimension == r->config->head_dim);
    }
    atomic_fetch_add(&r->again[a->sample], a->heads);
    return SPT_OK;
}

static enum spt_status see_stream(void *context, size_t stage, const float *x, struct spt_error *error) {
    struct record *r = context;
    (void)x, (void)error;
    expect(r, stage == r->stage++);
    if (stage > 0 && stage <= r->config->layers) expect(r, stage == r->layer + 1);
    return SPT_OK;
}

static enum spt_status end_layer(void *context, size_t layer, struct spt_error *error) {
    struct record *r = context;
    (void)error;
    expect(r, layer == r->layer++ && r->stage == layer + 2);
    r->has_weights = false;
    for (size_t s = 0; s < SAMPLES; s++) {
        expect(r, r->seen[s] == r->config->heads && r->again[s] == r->config->heads);
        r->seen[s] = r->again[s] = 0;
        r->ended[s] = false;
    }
    return SPT_OK;
}

static void look_twice(const char *folder, size_t threads) {
    static int32_t ids[SAMPLES * LONGEST];
    static size_t offset[SAMPLES + 1];
    static struct record r;
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint;
    struct spt_error error = {.status = SPT_OK};
    char path[512];
    snprintf(path, sizeof(path), SPT_TEST_DATA "/reference/%s/config.json", folder);
    assert_int_equal(spt_model_config_read(path, &config, &error), SPT_OK);
    snprintf(path, sizeof(path), SPT_TEST_DATA "/reference/%s", folder);
    assert_int_equal(spt_checkpoint_open(path, NULL, &checkpoint, &error), SPT_OK);
    for (size_t s = 0; s < SAMPLES; s++) offset[s + 1] = offset[s] + LONGEST - s % 3 * 9; /* 19, 10 and 1 */
    for (size_t t = 0; t < offset[SAMPLES]; t++) ids[t] = (int32_t)(t * t * 31 % config.vocabulary);
    const struct spt_probe probe = {
        .samples = SAMPLES, .tokens = offset[SAMPLES], .longest = LONGEST, .ids = ids, .offset = offset};
    memset(&r, 0, sizeof(r));
    r.config = &config;
    r.first = calloc(SAMPLES * config.heads * LONGEST * LONGEST, sizeof(float));
    r.largest = calloc(SAMPLES * config.heads, sizeof(float));
    assert_true(r.first && r.largest);
    const struct spt_forward_observer observer = {.context = &r,
                                                  .weights = see_weights,
                                                  .attention = see,
                                                  .sample = end_sample,
                                                  .again = see_again,
                                                  .hidden = see_stream,
                                                  .layer = end_layer};
    const struct spt_forward_options options = {.threads = threads, .no_loss = true};
    if (spt_forward_run(checkpoint, &config, &probe, &options, &observer, NULL, &error) != SPT_OK)
        fail_msg("%s: %s", folder, error.message);
    if (r.broken) fail_msg("%s: the second look is another, or out of order", folder);
    assert_int_equal(r.layer, config.layers);
    assert_int_equal(r.stage, config.layers + 2);
    free(r.first);
    free(r.largest);
    spt_checkpoint_close(checkpoint);
}

static void the_second_look_shows_the_same_bits_after_all_heads_of_a_sample(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof(FOLDERS) / sizeof(*FOLDERS); f++)
        for (size_t threads = 1; threads <= 3; threads++) look_twice(FOLDERS[f], threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_look_shows_the_same_bits_after_all_heads_of_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
