/* Models whose layers do not all see the same: windows in some layers, in all, and encoders. Which figures and nulls an
 * analysis gives for them. */
#include "analysis/analyze.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#define MOST_LAYERS 4
#define SAMPLES     6

/* What an analysis gave of one metric: of layers, and of the whole model behind them. */
struct seen {
    const char *metric;
    size_t figures, nulls;
    size_t n[MOST_LAYERS + 1];
    double mean[MOST_LAYERS + 1];
    double null[MOST_LAYERS + 1];
    size_t null_at[MOST_LAYERS + 1];
};

static size_t place_of(int layer) {
    return layer < 0 ? MOST_LAYERS : (size_t)layer;
}

static enum spt_status see_measure(void *context, const struct spt_measure *measure, struct spt_error *error) {
    struct seen *seen = context;
    (void)error;
    if (strcmp(measure->metric->name, seen->metric) != 0 || measure->head >= 0) return SPT_OK;
    seen->figures++;
    seen->mean[place_of(measure->layer)] = measure->mean;
    seen->n[place_of(measure->layer)] = measure->n;
    return SPT_OK;
}

static enum spt_status see_null(void *context, const struct spt_null *null, struct spt_error *error) {
    struct seen *seen = context;
    (void)error;
    if (strcmp(null->metric->name, seen->metric) != 0) return SPT_OK;
    seen->nulls++;
    seen->null_at[place_of(null->layer)]++;
    seen->null[place_of(null->layer)] = null->mean;
    return SPT_OK;
}

/* Samples of n tokens, of which the last is of least, through a reference model, with one metric measured. */
static struct seen analyse_down_to(const char *folder, size_t n, size_t least, const char *metric) {
    struct seen seen = {.metric = metric};
    int32_t ids[SAMPLES * 64];
    size_t offset[SAMPLES + 1] = {0};
    char path[1024];
    struct spt_plan plan;
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_analysis *analysis = NULL;
    struct spt_error error = {.status = SPT_OK};
    for (size_t i = 0; i < SAMPLES * n; i++) ids[i] = (int32_t)(i * i % 53 + 3);
    for (size_t s = 0; s < SAMPLES; s++) offset[s + 1] = offset[s] + (s + 1 < SAMPLES ? n : least);
    const struct spt_probe probe = {
        .samples = SAMPLES, .tokens = offset[SAMPLES], .longest = n, .ids = ids, .offset = offset};
    for (size_t l = 0; l <= MOST_LAYERS; l++) seen.mean[l] = seen.null[l] = NAN;
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    plan.null_draws = 4;
    plan.bootstrap = 10;
    plan.threads = 1;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) plan.metric[i] = !strcmp(SPT_METRICS[i].name, metric);
    (void)snprintf(path, sizeof path, "%s/reference/%s/config.json", SPT_TEST_DATA, folder);
    assert_int_equal(spt_model_config_read(path, &config, &error), SPT_OK);
    (void)snprintf(path, sizeof path, "%s/reference/%s", SPT_TEST_DATA, folder);
    assert_int_equal(spt_checkpoint_open(path, NULL, &checkpoint, &error), SPT_OK);
    const struct spt_emit emit = {.context = &seen, .measure = see_measure, .null = see_null};
    if (spt_analysis_new(&plan, &config, &probe, &analysis, &error) != SPT_OK ||
        spt_analysis_nulls(analysis, &emit, &error) != SPT_OK ||
        spt_analysis_checkpoint(analysis, checkpoint, &emit, &error) != SPT_OK)
        fail_msg("%s: %s", folder, error.message);
    spt_analysis_free(analysis);
    spt_checkpoint_close(checkpoint);
    spt_plan_release(&plan);
    return seen;
}

static struct seen analyse(const char *folder, size_t n, const char *metric) {
    return analyse_down_to(folder, n, n, metric);
}

/* qwen3_windows: layers 0 and 2 see 6 keys, layer 1 all. No law is known in closed form for a window. */
static void layers_with_and_without_windows_have_laws_and_nulls_of_their_own(void **state) {
    (void)state;
    const struct seen law = analyse("qwen3_windows", 16, "rmt.law_kl");
    assert_true(isnan(law.mean[0]) && isnan(law.mean[2]));
    assert_true(law.mean[1] >= 0);
    assert_int_equal(law.null_at[MOST_LAYERS], 0);
    for (size_t l = 0; l < 3; l++) assert_int_equal(law.null_at[l], 1);
    assert_true(isnan(law.null[0]) && law.null[1] >= 0);
    const struct seen gap = analyse("qwen3_windows", 16, "rmt.gap");
    assert_true(gap.null[0] == gap.null[2]);
    assert_true(gap.null[0] != gap.null[1]);
}

static void a_window_that_no_sample_reaches_is_no_window(void **state) {
    (void)state;
    static const char *const FOLDERS[] = {"mistral", "llama"}; /* windows of 8 in all layers; none */
    for (size_t i = 0; i < 2; i++) {
        const struct seen law = analyse(FOLDERS[i], 8, "rmt.law_kl");
        assert_true(law.mean[0] >= 0 && law.mean[1] >= 0);
        assert_int_equal(law.nulls, 1);
        assert_int_equal(law.null_at[MOST_LAYERS], 1);
    }
    const struct seen mixed = analyse("qwen2_windows", 4, "rmt.gap");
    assert_int_equal(mixed.nulls, 1);
    assert_int_equal(mixed.null_at[MOST_LAYERS], 1);
}

/* mistral has windows of 8: what a sample of 8 tokens sees is causal, but its layer has no law to pool it for. */
static void a_sample_within_the_window_has_a_law_and_its_layer_has_none(void **state) {
    (void)state;
    const struct seen pooled = analyse_down_to("mistral", 16, 8, "rmt.law_kl");
    const struct seen alone = analyse_down_to("mistral", 16, 8, "rmt.law_ks");
    for (size_t l = 0; l < 2; l++) {
        assert_true(isnan(pooled.mean[l]) && alone.mean[l] > 0);
        assert_int_equal(pooled.n[l], 0);
        assert_int_equal(alone.n[l], 1);
    }
    assert_int_equal(pooled.n[MOST_LAYERS], 0);
}

static void one_null_stands_for_windows_in_all_layers(void **state) {
    (void)state;
    const struct seen law = analyse("mistral", 16, "rmt.law_kl");
    assert_true(isnan(law.mean[0]) && isnan(law.mean[1]));
    assert_int_equal(law.nulls, 1);
    assert_int_equal(law.null_at[MOST_LAYERS], 1);
    const struct seen gap = analyse("mistral", 16, "rmt.gap"), causal = analyse("llama", 16, "rmt.gap");
    assert_true(gap.null[MOST_LAYERS] > 0 && gap.null[MOST_LAYERS] != causal.null[MOST_LAYERS]);
}

static void encoders_have_a_last_token_and_no_loss(void **state) {
    (void)state;
    static const char *const ENCODERS[] = {"bert", "roberta", "xlm_roberta"};
    for (size_t i = 0; i < 3; i++) {
        const struct seen last = analyse(ENCODERS[i], 16, "sink.last");
        assert_true(last.mean[MOST_LAYERS] > 0 && last.mean[0] > 0);
        assert_int_equal(analyse(ENCODERS[i], 16, "loss").figures, 0);
        assert_int_equal(analyse(ENCODERS[i], 16, "loss.token").figures, 0);
        const struct seen law = analyse(ENCODERS[i], 16, "rmt.law_kl");
        assert_true(law.mean[0] >= 0 && law.null[MOST_LAYERS] >= 0);
    }
    assert_int_equal(analyse("llama", 16, "sink.last").figures, 0);
    assert_int_equal(analyse("llama", 16, "loss").figures, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_with_and_without_windows_have_laws_and_nulls_of_their_own),
        cmocka_unit_test(a_window_that_no_sample_reaches_is_no_window),
        cmocka_unit_test(a_sample_within_the_window_has_a_law_and_its_layer_has_none),
        cmocka_unit_test(one_null_stands_for_windows_in_all_layers),
        cmocka_unit_test(encoders_have_a_last_token_and_no_loss),
    };
    return cmocka_run_group_tests_name("masks of models", tests, NULL, NULL);
}
