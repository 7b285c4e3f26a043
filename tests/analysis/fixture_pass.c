#include "tests/analysis/fixture_pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The ids of a case, one behind the other. */
static void fill_probe(struct fixture_pass *pass, const struct spt_json *samples) {
    struct spt_probe *probe = &pass->probe;
    *probe = (struct spt_probe){.samples = spt_json_count(samples), .ids = pass->ids, .offset = pass->offset};
    assert_true(probe->samples <= FIXTURE_MOST_SAMPLES);
    pass->offset[0] = 0;
    for (size_t i = 0; i < probe->samples; i++) {
        const struct spt_json *sample = spt_json_at(samples, i);
        const size_t n = spt_json_count(sample), first = pass->offset[i];
        assert_true(first + n <= FIXTURE_MOST_TOKENS);
        for (size_t k = 0; k < n; k++) pass->ids[first + k] = (int32_t)spt_json_integer(spt_json_at(sample, k), 0);
        pass->offset[i + 1] = first + n;
        if (n > probe->longest) probe->longest = n;
    }
    probe->tokens = pass->offset[probe->samples];
}

static void choose(struct spt_plan *plan, const char *const *groups, size_t threads) {
    spt_plan_init(plan);
    assert_non_null(plan->metric);
    plan->bootstrap = 10;
    plan->keep_heads = true;
    plan->threads = threads;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        plan->metric[i] = false;
        for (size_t g = 0; groups[g]; g++)
            plan->metric[i] = plan->metric[i] || !strcmp(spt_metric_group(&SPT_METRICS[i]), groups[g]);
    }
}

void fixture_pass_run(struct fixture_pass *pass, const struct spt_json *model, const char *const *groups,
                      size_t threads, const struct spt_emit *emit) {
    const char *folder = spt_json_string(spt_json_get(model, "path"), NULL);
    char path[512];
    struct spt_error error = {.status = SPT_OK};
    *pass = (struct fixture_pass){.checkpoint = NULL};
    fill_probe(pass, spt_json_get(model, "ids"));
    choose(&pass->plan, groups, threads);
    snprintf(path, sizeof path, SPT_TEST_DATA "/%s/config.json", folder);
    assert_int_equal(spt_model_config_read(path, &pass->config, &error), SPT_OK);
    snprintf(path, sizeof path, SPT_TEST_DATA "/%s", folder);
    assert_int_equal(spt_checkpoint_open(path, NULL, &pass->checkpoint, &error), SPT_OK);
    if (spt_analysis_new(&pass->plan, &pass->config, &pass->probe, &pass->analysis, &error) != SPT_OK ||
        spt_analysis_checkpoint(pass->analysis, pass->checkpoint, emit, &error) != SPT_OK)
        fail_msg("%s: %s", folder, error.message);
}

void fixture_pass_release(struct fixture_pass *pass) {
    spt_analysis_free(pass->analysis);
    spt_checkpoint_close(pass->checkpoint);
    spt_plan_release(&pass->plan);
}
