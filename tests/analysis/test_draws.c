/* Draws of figures without values of samples: each is the figure that a probe of the samples drawn has. */
#include "analysis/analyze.h"
#include "analysis/bootstrap.h"
#include "forward/made_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES = 9, DRAWS = 6, MOST = 512 };
static const size_t LENGTHS[SAMPLES] = {20, 1, 17, 31, 9, 26, 20, 12, 29};

/* What a pass gave, by metric, layer and head. */
struct figure {
    const struct spt_metric *metric;
    int layer, head;
    double mean;
    float draws[DRAWS];
    bool drawn;
};

struct pass {
    struct figure figure[MOST];
    size_t count;
};

static struct figure *figure_of(struct pass *pass, const struct spt_metric *metric, int layer, int head) {
    for (size_t i = 0; i < pass->count; i++) {
        struct figure *f = &pass->figure[i];
        if (f->metric == metric && f->layer == layer && f->head == head) return f;
    }
    assert_true(pass->count < MOST);
    pass->figure[pass->count] = (struct figure){.metric = metric, .layer = layer, .head = head, .mean = NAN};
    return &pass->figure[pass->count++];
}

static enum spt_status see_measure(void *context, const struct spt_measure *m, struct spt_error *error) {
    (void)error;
    figure_of(context, m->metric, m->layer, m->head)->mean = m->mean;
    return SPT_OK;
}

static enum spt_status see_draws(void *context, const struct spt_vector *v, struct spt_error *error) {
    (void)error;
    struct figure *f = figure_of(context, v->metric, v->layer, v->head);
    assert_false(f->drawn);
    assert_true(v->count == DRAWS || v->count == 1);
    bool alike = true;
    for (size_t d = 0; d < DRAWS; d++) {
        f->draws[d] = v->values[v->count == 1 ? 0 : d];
        alike = alike && (f->draws[d] == f->draws[0] || (isnan(f->draws[d]) && isnan(f->draws[0])));
    }
    assert_int_equal(v->count == 1, alike); /* what all have is given once */
    f->drawn = true;
    return SPT_OK;
}

static bool has_draws(const struct spt_metric *metric) {
    return metric->pooled_draws || metric->whole_draws || metric->level == SPT_LEVEL_RATIO ||
           metric->level == SPT_LEVEL_PAIRS;
}

static void analyse(const struct made_model *model, const struct spt_probe *probe, bool keep, struct pass *pass) {
    struct spt_plan plan;
    struct spt_analysis *analysis;
    struct spt_error error = {0};
    const struct spt_emit emit = {.context = pass, .measure = see_measure, .draws = keep ? see_draws : NULL};
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    plan.samples = probe->samples;
    plan.bootstrap = DRAWS;
    plan.keep_draws = plan.keep_heads = keep;
    plan.threads = 2;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) plan.metric[i] = has_draws(&SPT_METRICS[i]);
    if (spt_analysis_new(&plan, &model->config, probe, &analysis, &error) != SPT_OK ||
        spt_analysis_checkpoint(analysis, checkpoint, &emit, &error) != SPT_OK)
        fail_msg("%s", error.message);
    spt_analysis_free(analysis);
    spt_checkpoint_close(checkpoint);
    spt_plan_release(&plan);
}

/* The samples of one draw, as often as it holds them. */
static void draw_probe(const struct made_probe *made, const double *counts, struct made_probe *drawn) {
    size_t samples = 0, tokens = 0;
    for (size_t s = 0; s < SAMPLES; s++)
        for (int c = 0; c < (int)counts[s]; c++) {
            drawn->offset[samples++] = tokens;
            memcpy(drawn->ids + tokens, made->ids + made->offset[s], LENGTHS[s] * sizeof *made->ids);
            tokens += LENGTHS[s];
        }
    drawn->offset[samples] = tokens;
    drawn->probe = (struct spt_probe){
        .samples = samples, .tokens = tokens, .longest = 31, .ids = drawn->ids, .offset = drawn->offset};
}

static bool is_alike(double a, double b) {
    return isnan(a) || isnan(b) ? isnan(a) && isnan(b) : fabs(a - b) <= 2e-6 * fmax(1, fabs(a));
}

/* spoilt: samples that hold token 0, which the model makes NaN of. */
static void check_draws(const struct made_model *model, size_t spoilt) {
    static struct made_probe made, drawn;
    static struct pass whole, one;
    struct spt_bootstrap bootstrap;
    size_t compared = 0, defined = 0;
    whole.count = 0;
    assert_int_equal(spt_bootstrap_init(&bootstrap, DRAWS, SAMPLES, 1, NULL), SPT_OK);
    made_probe_fill(&made, LENGTHS, SAMPLES, model->config.vocabulary);
    for (size_t t = 0; t < made.probe.tokens; t++) made.ids[t] += made.ids[t] == 0;
    for (size_t s = 0; s < spoilt; s++) made.ids[made.offset[3 * s] + 4] = 0;
    analyse(model, &made.probe, true, &whole);
    for (size_t d = 0; d < DRAWS; d++) {
        draw_probe(&made, bootstrap.counts + d * SAMPLES, &drawn);
        one.count = 0;
        analyse(model, &drawn.probe, false, &one);
        for (size_t i = 0; i < whole.count; i++) {
            const struct figure *f = &whole.figure[i];
            const double mean = figure_of(&one, f->metric, f->layer, f->head)->mean;
            assert_true(f->drawn);
            if (!is_alike(mean, (double)f->draws[d]))
                fail_msg("%s, layer %d, head %d, draw %zu: %.9g, of the samples drawn %.9g", f->metric->name, f->layer,
                         f->head, d, (double)f->draws[d], mean);
            compared++;
            defined += isnan(mean) ? 0 : 1;
        }
    }
    assert_true(compared > DRAWS * 80 && 2 * defined > compared);
    spt_bootstrap_release(&bootstrap);
}

static void each_draw_is_the_figure_of_the_samples_drawn(void **state) {
    const struct made_model model = made_model_small();
    (void)state;
    check_draws(&model, 0);
}

static void samples_that_are_not_finite_are_left_out_of_draws_as_of_figures(void **state) {
    struct made_model model = made_model_small();
    (void)state;
    model.poison = "gpt_neox.embed_in.weight";
    model.poison_value = NAN;
    check_draws(&model, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_draw_is_the_figure_of_the_samples_drawn),
        cmocka_unit_test(samples_that_are_not_finite_are_left_out_of_draws_as_of_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
