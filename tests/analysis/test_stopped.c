/* A checkpoint that is analysed after one that was stopped has the figures it has alone, wherever the other stopped. */
#include "analysis/analyze.h"
#include "forward/made_model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

enum { SAMPLES = 5, MOST = 1 << 18 };
static const size_t LENGTHS[SAMPLES] = {20, 1, 17, 31, 9};

/* All that a pass gave, number by number, NAN as one. */
struct given {
    float number[MOST];
    size_t count;
    size_t layers;           /* that are done */
    size_t stop_at;          /* so many layers */
    atomic_size_t questions; /* whether to stop: before each piece of work, so that they are the work */
};

static void give(struct given *given, double number) {
    assert_true(given->count < MOST);
    given->number[given->count++] = isnan(number) ? NAN : (float)number;
}

static enum spt_status see_measure(void *context, const struct spt_measure *m, struct spt_error *error) {
    (void)error;
    const double numbers[] = {m->mean, m->sd, m->lo, m->hi, (double)m->n, (double)m->bad};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) give(context, numbers[i]);
    return SPT_OK;
}

static enum spt_status see_vector(void *context, const struct spt_vector *v, struct spt_error *error) {
    (void)error;
    for (size_t i = 0; i < v->count; i++) give(context, (double)v->values[i]);
    return SPT_OK;
}

static void see_layer(void *context, size_t layer, size_t layers) {
    (void)layers;
    ((struct given *)context)->layers = layer + 1;
}

static bool stop(void *context) {
    struct given *given = context;
    given->questions++;
    return given->layers >= given->stop_at;
}

static enum spt_status analyse(struct spt_analysis *analysis, const struct made_model *model, struct given *given,
                               size_t stop_at) {
    struct spt_error error = {0};
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    const struct spt_emit emit = {.context = given,
                                  .measure = see_measure,
                                  .samples = see_vector,
                                  .curve = see_vector,
                                  .draws = see_vector,
                                  .progress = see_layer,
                                  .stop = stop};
    given->count = given->layers = given->questions = 0;
    given->stop_at = stop_at;
    const enum spt_status status = spt_analysis_checkpoint(analysis, checkpoint, &emit, &error);
    spt_checkpoint_close(checkpoint);
    return status;
}

static void after_a_stopped_checkpoint_the_next_is_as_it_is_alone(void **state) {
    static struct made_probe made;
    static struct given alone, other, after;
    struct made_model model = made_model_small(), another = made_model_small();
    struct spt_plan plan;
    struct spt_analysis *analysis;
    (void)state;
    another.poison = "gpt_neox.layers.0.attention.query_key_value.weight";
    another.poison_value = 7;
    made_probe_fill(&made, LENGTHS, SAMPLES, model.config.vocabulary);
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    plan.bootstrap = 8;
    plan.keep_draws = plan.keep_heads = true;
    plan.threads = 2;
    plan.no_read_ahead = true; /* whose thread asks as often as it likes */
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) plan.metric[i] = true;
    assert_int_equal(spt_analysis_new(&plan, &model.config, &made.probe, &analysis, NULL), SPT_OK);
    assert_int_equal(analyse(analysis, &model, &alone, SIZE_MAX), SPT_OK);
    const size_t layers = alone.layers; /* of both passes */
    assert_int_equal(layers, 2 * model.config.layers);
    for (size_t stopped = 0; stopped < layers; stopped++) {
        assert_int_equal(analyse(analysis, &another, &other, stopped), SPT_END);
        assert_true(other.count < alone.count);
        assert_int_equal(analyse(analysis, &model, &after, SIZE_MAX), SPT_OK);
        assert_int_equal(after.count, alone.count);
        assert_int_equal(after.questions, alone.questions);
        assert_memory_equal(after.number, alone.number, alone.count * sizeof *alone.number);
    }
    spt_analysis_free(analysis);
    spt_plan_release(&plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(after_a_stopped_checkpoint_the_next_is_as_it_is_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
