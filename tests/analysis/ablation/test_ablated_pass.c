/* The ablated pass where what it does is known without another program: what it leaves alone, what it is asked for, how
 * it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "analysis/ablation/ablation_metrics.h"
#include "analysis/analyze.h"
#include "analysis/forward/family.h"
#include "tests/analysis/forward/made_model.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FIGURES = 4096, SAMPLES = 5 };

static const size_t LENGTHS[SAMPLES] = {17, 1, 30, 12, 24};

/* --- an analysis, and what it says --- */

struct figure {
    const struct spt_metric *metric;
    int layer, head;
    double numbers[4];
    size_t n, bad;
    float values[SAMPLES]; /* where they are given */
};

struct result {
    struct figure figures[MOST_FIGURES]; /* of the group ablate */
    size_t count;
    size_t progress, of; /* the last that was said, counted from 1 */
    bool back;           /* it went back */
    size_t stop_at;      /* progress at which to stop, or .. */
    const char *cut;     /* .. to cut this file off; NULL: none */
    size_t cut_at;
    struct spt_hash digest;
};

static struct figure *figure_of(struct result *r, const struct spt_metric *metric, int layer, int head) {
    size_t i = 0;
    while (i < r->count &&
           (r->figures[i].metric != metric || r->figures[i].layer != layer || r->figures[i].head != head))
        i++;
    assert_true(i < MOST_FIGURES);
    if (i == r->count) r->figures[r->count++] = (struct figure){.metric = metric, .layer = layer, .head = head};
    return &r->figures[i];
}

static bool is_ablated(const struct spt_metric *metric) {
    return strcmp(spt_metric_group(metric), "ablate") == 0;
}

static enum spt_status see(void *context, const struct spt_measure *seen, struct spt_error *error) {
    (void)error;
    if (!is_ablated(seen->metric)) return SPT_OK;
    struct figure *figure = figure_of(context, seen->metric, seen->layer, seen->head);
    const double numbers[4] = {seen->mean, seen->sd, seen->lo, seen->hi};
    memcpy(figure->numbers, numbers, sizeof numbers);
    figure->n = seen->n;
    figure->bad = seen->bad;
    return SPT_OK;
}

static enum spt_status see_samples(void *context, const struct spt_vector *seen, struct spt_error *error) {
    (void)error;
    if (!is_ablated(seen->metric)) return SPT_OK;
    assert_true(seen->count <= SAMPLES);
    memcpy(figure_of(context, seen->metric, seen->layer, seen->head)->values, seen->values,
           seen->count * sizeof(float));
    return SPT_OK;
}

static void see_progress(void *context, size_t layer, size_t layers) {
    struct result *r = context;
    r->back = r->back || layer + 1 <= r->progress || (r->of && layers != r->of) || layer >= layers;
    r->progress = layer + 1;
    r->of = layers;
    if (r->cut && r->progress == r->cut_at) assert_int_equal(truncate(r->cut, 3000), 0);
}

static bool stop(void *context) {
    const struct result *r = context;
    return r->stop_at && r->progress >= r->stop_at;
}

/* metrics: NULL for all, else groups or names, each with a space behind it. */
static enum spt_status analyse(const struct made_model *model, const struct spt_probe *probe, const char *metrics,
                               size_t threads, struct result *result) {
    struct spt_plan plan;
    struct spt_analysis *analysis = NULL;
    struct spt_error error = {.status = SPT_OK};
    struct spt_checkpoint *checkpoint = NULL;
    const struct spt_emit emit = {
        .context = result, .measure = see, .samples = see_samples, .progress = see_progress, .stop = stop};
    spt_plan_init(&plan);
    assert_non_null(plan.metric);
    plan.bootstrap = 20;
    plan.keep_heads = true;
    plan.threads = threads;
    plan.no_read_ahead = result->cut;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        plan.metric[i] =
            !metrics || strstr(metrics, spt_metric_group(&SPT_METRICS[i])) || strstr(metrics, SPT_METRICS[i].name);
    if (result->cut)
        assert_int_equal(spt_checkpoint_open(result->cut, NULL, &checkpoint, NULL), SPT_OK);
    else
        checkpoint = made_model_open(model, NULL);
    assert_int_equal(spt_analysis_new(&plan, &model->config, probe, &analysis, &error), SPT_OK);
    const enum spt_status status = spt_analysis_checkpoint(analysis, checkpoint, &emit, &error);
    if (status == SPT_OK) assert_int_equal(spt_checkpoint_digest(checkpoint, &result->digest, NULL), SPT_OK);
    spt_analysis_free(analysis);
    spt_checkpoint_close(checkpoint);
    spt_plan_release(&plan);
    return status;
}

static struct result *result_of(const struct made_model *model, const struct spt_probe *probe, const char *metrics,
                                size_t threads) {
    struct result *result = calloc(1, sizeof *result);
    assert_non_null(result);
    assert_int_equal(analyse(model, probe, metrics, threads, result), SPT_OK);
    return result;
}

static const struct figure *find(const struct result *r, const char *name, int layer, int head) {
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->figures[i].metric->name, name) == 0 && r->figures[i].layer == layer && r->figures[i].head == head)
            return &r->figures[i];
    fail_msg("%s of layer %d, head %d is missing", name, layer, head);
    return NULL;
}

/* Bits: NAN is NAN. */
static void assert_same(const struct figure *a, const struct figure *b) {
    assert_memory_equal(a->numbers, b->numbers, sizeof a->numbers);
    assert_memory_equal(a->values, b->values, sizeof a->values);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->bad, b->bad);
}

static void fill_probe(struct made_probe *made) {
    made_probe_fill(made, LENGTHS, SAMPLES, 29);
}

/* --- what it says --- */

static void any_number_of_threads_gives_the_same_bits(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    struct result *one = result_of(&model, &made.probe, "ablate ", 1);
    assert_int_equal(one->count, 2 + 1 + model.config.layers * (1 + model.config.heads));
    assert_true(find(one, "ablate.kl", SPT_WHOLE_MODEL, SPT_WHOLE_LAYER)->numbers[0] > 1e-4);
    for (size_t threads = 2; threads <= 3; threads++) {
        struct result *more = result_of(&model, &made.probe, "ablate ", threads);
        assert_int_equal(more->count, one->count);
        for (size_t i = 0; i < one->count; i++) assert_same(&one->figures[i], &more->figures[i]);
        free(more);
    }
    free(one);
}

static void its_figures_do_not_depend_on_what_else_is_measured(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    struct result *all = result_of(&model, &made.probe, NULL, 2);
    static const char *const METRICS[] = {"ablate ",         "ablate.loss ",    "ablate.kl ",
                                          "ablate.entropy ", "ablate.kl loss ", "ablate.entropy sinks "};
    for (size_t m = 0; m < sizeof METRICS / sizeof *METRICS; m++) {
        struct result *some = result_of(&model, &made.probe, METRICS[m], 2);
        assert_true(some->count > 0);
        for (size_t i = 0; i < some->count; i++) {
            const struct figure *figure = &some->figures[i];
            assert_same(figure, find(all, figure->metric->name, figure->layer, figure->head));
        }
        free(some);
    }
    free(all);
}

static void the_digest_is_that_of_one_pass(void **state) {
    (void)state;
    static const char *const METRICS[] = {"ablate ", "ablate.entropy ", "ablate.kl ", "ablate loss ", NULL};
    struct made_probe made;
    fill_probe(&made);
    for (int tied = 0; tied < 2; tied++) {
        struct made_model model = made_model_small();
        model.config.tied_embeddings = tied;
        struct result *without = result_of(&model, &made.probe, "sinks ", 1);
        for (size_t m = 0; m < sizeof METRICS / sizeof *METRICS; m++) {
            struct result *with = result_of(&model, &made.probe, METRICS[m], 1);
            assert_true(spt_hash_equal(with->digest, without->digest));
            free(with);
        }
        free(without);
    }
}

static void one_token_has_no_loss_and_diverges_by_nothing(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    struct result *result = result_of(&model, &made.probe, "ablate ", 1);
    const struct figure *loss = find(result, "ablate.loss", SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    const struct figure *kl = find(result, "ablate.kl", SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    const struct figure *entropy = find(result, "ablate.entropy", 0, 0);
    assert_true(LENGTHS[1] == 1);
    assert_true(isnan(loss->values[1]) && loss->n == SAMPLES - 1 && loss->bad == 1);
    assert_true(kl->values[1] == 0 && kl->n == SAMPLES && kl->bad == 0);
    assert_true(isnan(entropy->values[1]) && entropy->bad >= 1);
    free(result);
}

/* The first number of the embedding, of token 0, is NaN; only the second sample has that token. */
static void a_sample_whose_references_are_unknown_is_bad(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, (const size_t[]){17, 2, 12}, 3, 29);
    for (size_t t = 0; t < made.probe.tokens; t++)
        if (made.ids[t] == 0) made.ids[t] = 1;
    made.ids[made.offset[1] + 1] = 0;
    struct result *clean = result_of(&model, &made.probe, "ablate ", 2);
    model.poison = "gpt_neox.embed_in.weight";
    model.poison_value = NAN;
    struct result *result = result_of(&model, &made.probe, "ablate ", 2);
    for (size_t i = 0; i < result->count; i++) {
        const struct figure *figure = &result->figures[i];
        assert_true(isnan(figure->values[1]));
        assert_true(figure->bad >= 1);
        for (size_t s = 0; s < 3; s += 2) /* two samples are multiplied at a time in other places than three */
            assert_true(fabs((double)figure->values[s] - (double)clean->figures[i].values[s]) < 1e-6);
    }
    free(clean);
    free(result);
}

/* Fed by hand: a window of 3 over 5 tokens, of which token 1 is a reference. Rows see 1, 2, 3, 3, 3 keys and keep 1, 2,
 * 2, 2, 3: the first has no entropy in either pass. */
static void rows_that_keep_one_key_are_left_out_of_both_means(void **state) {
    (void)state;
    struct spt_mask mask;
    const unsigned char reference[5] = {0, 1, 0, 0, 0}, first[5] = {1, 0, 0, 0, 0}, none[5] = {0};
    const double entropy[5] = {9, 0.25, 0.5, 0.75, 1};
    assert_int_equal(spt_mask_init(&mask, SPT_MASK_WINDOW, 3, 5, NULL), SPT_OK);
    const double clean = (0.25 / log(2) + (0.5 + 0.75 + 1) / log(3)) / 4;
    assert_true(fabs(spt_ablation_entropy(entropy, &mask, reference, false) - clean) < 1e-15);
    const double ablated = ((0.25 + 0.5 + 0.75) / log(2) + 1 / log(3)) / 4;
    assert_true(fabs(spt_ablation_entropy(entropy, &mask, reference, true) - ablated) < 1e-15);
    /* Without the first token the second has its own key alone. */
    const double rest = (0.5 + 0.75 + 1) / log(3) / 3;
    assert_true(fabs(spt_ablation_entropy(entropy, &mask, first, false) - rest) < 1e-15);
    assert_true(fabs(spt_ablation_entropy(entropy, &mask, first, true) - (0.5 / log(2) + (0.75 + 1) / log(3)) / 3) <
                1e-15);
    assert_true(spt_ablation_entropy(entropy, &mask, none, true) == spt_ablation_entropy(entropy, &mask, none, false));
    spt_mask_release(&mask);
    assert_int_equal(spt_mask_init(&mask, SPT_MASK_CAUSAL, 0, 2, NULL), SPT_OK);
    assert_true(isnan(spt_ablation_entropy(entropy, &mask, first, true)));
    spt_mask_release(&mask);
}

/* Two tokens have no reference: the first gets no 1/n more than uniform attention gives it. */
static void without_references_nothing_is_run_and_nothing_is_lost(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    char path[MADE_PATH];
    struct result *result = calloc(1, sizeof *result);
    assert_non_null(result);
    made_probe_fill(&made, (const size_t[]){2, 1, 2}, 3, 29);
    made_model_write(&model, path);
    result->cut = path; /* a pass that reads on from there fails, as the last test shows */
    result->cut_at = model.config.layers + 1;
    assert_int_equal(analyse(&model, &made.probe, "ablate ", 2, result), SPT_OK);
    assert_true(!result->back && result->progress == 6 && result->of == 6);
    for (size_t i = 0; i < result->count; i++) {
        const struct figure *figure = &result->figures[i];
        const bool needs_two = strcmp(figure->metric->name, "ablate.kl") != 0;
        assert_true(figure->values[0] == 0 && figure->values[2] == 0);
        assert_true(needs_two ? isnan(figure->values[1]) : figure->values[1] == 0);
        assert_int_equal(figure->bad, needs_two);
    }
    unlink(path);
    free(result);
}

static void what_has_no_output_loses_nothing_that_could_be_told(void **state) {
    (void)state;
    struct made_model model = made_model_small();
    struct made_probe made;
    made_probe_fill(&made, (const size_t[]){2, 1, 20}, 3, 29);
    model.poison = "embed_out.weight";
    model.poison_value = NAN;
    struct result *result = result_of(&model, &made.probe, "ablate ", 2);
    const struct figure *kl = find(result, "ablate.kl", SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    assert_true(isnan(kl->values[0]) && kl->values[1] == 0 && isnan(kl->values[2]));
    assert_int_equal(find(result, "ablate.loss", SPT_WHOLE_MODEL, SPT_WHOLE_LAYER)->n, 0);
    assert_int_equal(find(result, "ablate.entropy", 0, 0)->n, 2);
    free(result);
}

/* --- what it leaves alone --- */

struct hidden {
    const struct spt_probe *probe;
    const unsigned char *const *keys;
    atomic_size_t wrong, rows;
};

static enum spt_status look(void *context, const struct spt_attention *a, struct spt_error *error) {
    struct hidden *hidden = context;
    const unsigned char *keys = hidden->keys[a->layer] + hidden->probe->offset[a->sample];
    (void)error;
    for (size_t h = 0; h < a->heads; h++)
        for (size_t i = 0; i < a->n; i++) {
            const float *row = a->attention + (h * a->n + i) * a->n;
            double sum = 0;
            for (size_t k = 0; k < a->n; k++) {
                sum += (double)row[k];
                if ((row[k] > 0) != (k <= i && (k == i || !keys[k]))) atomic_fetch_add(&hidden->wrong, 1);
            }
            if (!(fabs(sum - 1) < 1e-5)) atomic_fetch_add(&hidden->wrong, 1);
            atomic_fetch_add(&hidden->rows, 1);
        }
    return SPT_OK;
}

static void a_hidden_key_is_seen_by_its_own_query_alone(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    unsigned char all[128], odd[128], none[128] = {0};
    memset(all, 1, sizeof all);
    for (size_t i = 0; i < sizeof odd; i++) odd[i] = i % 2;
    assert_true(made.probe.tokens <= sizeof all);
    const unsigned char *const keys[3] = {all, odd, none};
    struct hidden hidden = {.probe = &made.probe, .keys = keys};
    const struct spt_forward_options options = {.hidden_keys = keys};
    const struct spt_forward_observer observer = {.context = &hidden, .attention = look};
    struct spt_checkpoint *checkpoint = made_model_open(&model, NULL);
    assert_int_equal(spt_forward_run(checkpoint, &model.config, &made.probe, &options, &observer, NULL, NULL), SPT_OK);
    assert_int_equal(atomic_load(&hidden.rows), made.probe.tokens * model.config.heads * model.config.layers);
    assert_int_equal(atomic_load(&hidden.wrong), 0);
    spt_checkpoint_close(checkpoint);
}

static void run_pass(const struct made_model *model, const struct spt_probe *probe,
                     const unsigned char *const *hidden_keys, const struct spt_forward_output *output) {
    struct spt_checkpoint *checkpoint = made_model_open(model, NULL);
    const struct spt_forward_options options = {.hidden_keys = hidden_keys};
    assert_int_equal(spt_forward_run(checkpoint, &model->config, probe, &options, NULL, output, NULL), SPT_OK);
    spt_checkpoint_close(checkpoint);
}

static void a_pass_without_hidden_keys_does_not_diverge(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    unsigned char none[128] = {0}, first[128] = {0};
    float stream[128 * 16], again[128 * 16];
    double plain[SAMPLES], loss[SAMPLES], other[SAMPLES], divergence[SAMPLES];
    for (size_t s = 0; s < SAMPLES; s++) first[made.offset[s]] = 1;
    const unsigned char *const no_keys[3] = {none, none, none}, *const first_keys[3] = {none, first, none};
    run_pass(&model, &made.probe, NULL, &(struct spt_forward_output){.stream = stream, .loss = plain});
    const struct spt_forward_output both = {
        .loss = loss, .stream = again, .other = stream, .other_loss = other, .divergence = divergence};
    run_pass(&model, &made.probe, no_keys, &both);
    assert_memory_equal(stream, again, made.probe.tokens * 16 * sizeof(float));
    assert_memory_equal(loss, other, sizeof loss);
    for (size_t s = 0; s < SAMPLES; s++) {
        assert_true(divergence[s] == 0);
        assert_true(LENGTHS[s] == 1 ? isnan(plain[s]) && isnan(loss[s]) : fabs(plain[s] - loss[s]) < 1e-6);
    }
    run_pass(&model, &made.probe, first_keys, &both);
    for (size_t s = 0; s < SAMPLES; s++) assert_true(LENGTHS[s] == 1 ? divergence[s] == 0 : divergence[s] > 1e-5);
}

/* --- how it ends --- */

static void progress_goes_on_through_both_passes(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    struct result *both = result_of(&model, &made.probe, "ablate sinks ", 1);
    struct result *one = result_of(&model, &made.probe, "sinks ", 1);
    assert_false(both->back || one->back);
    assert_true(both->progress == 6 && both->of == 6);
    assert_true(one->progress == 3 && one->of == 3 && one->count == 0);
    free(both);
    free(one);
}

static void stopping_in_either_pass_ends_the_analysis(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    fill_probe(&made);
    for (size_t at = 1; at < 6; at++) {
        struct result *result = calloc(1, sizeof *result);
        assert_non_null(result);
        result->stop_at = at;
        assert_int_equal(analyse(&model, &made.probe, "ablate ", 2, result), SPT_END);
        assert_int_equal(result->progress, at);
        free(result);
    }
}

static void a_file_cut_off_between_the_passes_is_to_be_tried_again(void **state) {
    (void)state;
    const struct made_model model = made_model_small();
    struct made_probe made;
    char path[MADE_PATH];
    fill_probe(&made);
    for (size_t at = 3; at < 6; at++) { /* after the clean pass, and within the other */
        struct result *result = calloc(1, sizeof *result);
        assert_non_null(result);
        made_model_write(&model, path);
        result->cut = path;
        result->cut_at = at;
        assert_int_equal(analyse(&model, &made.probe, "ablate ", 1, result), SPT_RETRY);
        assert_true(result->progress >= at);
        unlink(path);
        free(result);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(its_figures_do_not_depend_on_what_else_is_measured),
        cmocka_unit_test(the_digest_is_that_of_one_pass),
        cmocka_unit_test(one_token_has_no_loss_and_diverges_by_nothing),
        cmocka_unit_test(a_sample_whose_references_are_unknown_is_bad),
        cmocka_unit_test(rows_that_keep_one_key_are_left_out_of_both_means),
        cmocka_unit_test(without_references_nothing_is_run_and_nothing_is_lost),
        cmocka_unit_test(what_has_no_output_loses_nothing_that_could_be_told),
        cmocka_unit_test(a_hidden_key_is_seen_by_its_own_query_alone),
        cmocka_unit_test(a_pass_without_hidden_keys_does_not_diverge),
        cmocka_unit_test(progress_goes_on_through_both_passes),
        cmocka_unit_test(stopping_in_either_pass_ends_the_analysis),
        cmocka_unit_test(a_file_cut_off_between_the_passes_is_to_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
