/* What is put in comes out: figures, vectors, nulls, series. SQLite itself is asked what stands in the file. */
#include "store_fixture.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char PATH[] = "figures.db";

static int fresh_store(void **state) {
    (void)state;
    unlink(PATH);
    return 0;
}

/* --- figures --- */
struct collected {
    char text[4096];
    size_t count;
};

static enum spt_status collect(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    (void)error;
    struct collected *c = context;
    const size_t used = strlen(c->text);
    (void)snprintf(c->text + used, sizeof c->text - used, "%s %s %d %d %g %g %g %g %d %d\n", m->checkpoint->label,
                   m->metric, m->layer, m->head, m->mean, m->sd, m->lo, m->hi, (int)m->n, (int)m->bad);
    c->count++;
    return SPT_OK;
}

static void put_measures(struct spt_store *store, int64_t run, const char *uri, int64_t step) {
    struct spt_store_checkpoint row = fixture_row(uri, step, 1);
    const struct spt_measure measures[] = {
        {fixture_metric("sink.first"), 1, 0, 0.5, 0.25, 0.4, 0.6, 98, 2},
        {fixture_metric("sink.first"), -1, -1, INFINITY, 0, -INFINITY, 1e-300, 100, 0},
        {fixture_metric("sink.first"), 1, -1, 0.75, NAN, NAN, NAN, 1, 99},
        {fixture_metric("loss"), -1, -1, NAN, NAN, NAN, NAN, 0, 100},
    };
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        assert_int_equal(spt_store_put_measure(store, &measures[i], NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
}

static void measures_come_back_in_key_order_with_undefined_as_nan(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    put_measures(store, run, "step10", 10);
    put_measures(store, run, "step9", 9);
    struct spt_store_checkpoint torn = fixture_row("step11", 11, 1);
    torn.state = SPT_STATE_INVALID;
    torn.reason = (char[]){"torn"};
    assert_int_equal(spt_store_begin(store, run, &torn, false, NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    struct collected c = {0};
    assert_int_equal(spt_store_each_measure(store, run, NULL, INT_MIN, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_string_equal(c.text, "step9 loss -1 -1 nan nan nan nan 0 100\n"
                                "step9 sink.first -1 -1 inf 0 -inf 1e-300 100 0\n"
                                "step9 sink.first 1 -1 0.75 nan nan nan 1 99\n"
                                "step9 sink.first 1 0 0.5 0.25 0.4 0.6 98 2\n"
                                "step10 loss -1 -1 nan nan nan nan 0 100\n"
                                "step10 sink.first -1 -1 inf 0 -inf 1e-300 100 0\n"
                                "step10 sink.first 1 -1 0.75 nan nan nan 1 99\n"
                                "step10 sink.first 1 0 0.5 0.25 0.4 0.6 98 2\n");
    c = (struct collected){0};
    assert_int_equal(spt_store_each_measure(store, run, "sink.first", 1, -1, collect, &c, NULL), SPT_OK);
    assert_string_equal(c.text,
                        "step9 sink.first 1 -1 0.75 nan nan nan 1 99\nstep10 sink.first 1 -1 0.75 nan nan nan 1 99\n");
    c = (struct collected){0};
    assert_int_equal(spt_store_each_measure(store, run, NULL, 1, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_int_equal(c.count, 4);
    assert_int_equal(spt_store_each_measure(store, run, "no.such", INT_MIN, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_int_equal(spt_store_each_measure(store, run + 1, NULL, INT_MIN, INT_MIN, collect, &c, NULL), SPT_OK);
    assert_int_equal(c.count, 4);
    spt_store_close(store);
    assert_query(
        PATH,
        "SELECT DISTINCT typeof(mean), typeof(sd), n, bad FROM measure JOIN metric ON metric = id WHERE name = 'loss'",
        "null|null|0|100");
    assert_query(PATH, "SELECT name, unit FROM metric ORDER BY name", "loss|nat\nsink.first|");
}

static enum spt_status stop_at_once(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    (void)m;
    ++*(int *)context;
    return spt_fail(error, SPT_IO, NULL, "the pipe is closed");
}

static void what_the_callback_returns_ends_the_listing(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    put_measures(store, run, "step9", 9);
    int calls = 0;
    struct spt_error error = {0};
    assert_int_equal(spt_store_each_measure(store, run, NULL, INT_MIN, INT_MIN, stop_at_once, &calls, &error), SPT_IO);
    assert_int_equal(calls, 1);
    assert_string_equal(error.message, "the pipe is closed");
    put_measures(store, run, "step10", 10); /* the listing holds no transaction open */
    spt_store_close(store);
}

static void a_second_pass_adds_metrics_and_replaces_nothing_unless_forced(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_measure loss = {fixture_metric("loss"), -1, -1, 3.5, 1, 3, 4, 100, 0}, sink = loss;
    sink.metric = fixture_metric("sink.first");
    bool *present = test_calloc(SPT_METRIC_COUNT, sizeof *present);
    for (int pass = 0; pass < 3; pass++) {
        struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
        assert_int_equal(spt_store_begin(store, run, &row, pass == 2, NULL), SPT_OK);
        assert_int_equal(row.tries, pass + 1);
        loss.mean = 3.5 + pass;
        assert_int_equal(spt_store_put_measure(store, &loss, NULL), SPT_OK);
        if (pass == 1) assert_int_equal(spt_store_put_measure(store, &sink, NULL), SPT_OK);
        assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
        assert_int_equal(spt_store_metrics_present(store, row.id, present, NULL), SPT_OK);
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            assert_int_equal(present[m],
                             &SPT_METRICS[m] == loss.metric || (pass == 1 && &SPT_METRICS[m] == sink.metric));
        assert_query(PATH, "SELECT mean FROM measure JOIN metric ON metric = id WHERE name = 'loss'",
                     pass == 2 ? "5.5" : "3.5");
    }
    test_free(present);
    spt_store_close(store);
}

static void vectors_are_little_endian_floats_with_nan_kept(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const float numbers[] = {1.0f, -2.5f, NAN, 1e-45f};
    const struct spt_vector samples = {fixture_metric("loss"), -1, -1, numbers, 4};
    const struct spt_vector curve = {fixture_metric("sink.received"), 2, 3, numbers, 2};
    const struct spt_vector drawn = {fixture_metric("rmt.law_kl"), 0, -1, numbers, 1};
    const struct spt_vector nothing = {fixture_metric("sink.received"), 2, 4, numbers, 0};
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    assert_int_equal(spt_store_put_samples(store, &samples, NULL), SPT_OK);
    assert_int_equal(spt_store_put_curve(store, &curve, NULL), SPT_OK);
    assert_int_equal(spt_store_put_curve(store, &nothing, NULL), SPT_OK);
    assert_int_equal(spt_store_put_draws(store, &drawn, NULL), SPT_OK);
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    float *values = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_vector(store, row.id, "loss", -1, -1, true, &values, &count, NULL), SPT_OK);
    assert_int_equal(count, 4);
    assert_true(values[0] == 1.0f && values[1] == -2.5f && isnan(values[2]) && values[3] == 1e-45f);
    free(values);
    assert_int_equal(spt_store_vector(store, row.id, "sink.received", 2, 3, false, &values, &count, NULL), SPT_OK);
    assert_int_equal(count, 2);
    free(values);
    assert_int_equal(spt_store_vector(store, row.id, "sink.received", 2, 4, false, &values, &count, NULL), SPT_OK);
    assert_int_equal(count, 0);
    free(values);
    assert_int_equal(spt_store_vector(store, row.id, "sink.received", 2, 3, true, &values, &count, NULL), SPT_END);
    assert_int_equal(spt_store_vector(store, row.id, "loss", 0, -1, true, &values, &count, NULL), SPT_END);
    spt_store_close(store);
    /* IEEE 754 by hand: 1 = 3f800000, -2.5 = c0200000, the smallest subnormal = 00000001 */
    assert_query(PATH, "SELECT substr(hex(\"values\"), 1, 16), substr(hex(\"values\"), 25) FROM probe_value",
                 "0000803F000020C0|01000000");
    assert_query(PATH, "SELECT layer, head, length(\"values\") FROM curve ORDER BY head", "2|3|8\n2|4|0");
    assert_query(PATH, "SELECT layer, head, hex(\"values\") FROM draw", "0|-1|0000803F");
}

/* A metric of heads with vectors of heads and one without, a curve without, draws with and without, and values of a
 * model, which has no heads. */
static void metrics_without_vectors_of_heads_are_told(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const float numbers[] = {1, 2};
    const struct put {
        enum spt_status (*put)(struct spt_store *store, const struct spt_vector *vector, struct spt_error *error);
        const char *metric;
        bool heads, headless;
    } PUTS[] = {
        {spt_store_put_samples, "sink.first", true, false},  {spt_store_put_samples, "sink.max", false, true},
        {spt_store_put_curve, "sink.received", false, true}, {spt_store_put_curve, "topology.betti0", true, false},
        {spt_store_put_draws, "rmt.law_kl", false, true},    {spt_store_put_draws, "rmt.mp_kl_pooled", true, false},
    };
    const struct spt_vector loss = {fixture_metric("loss"), -1, -1, numbers, 2};
    bool *headless = test_malloc(SPT_METRIC_COUNT);
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    assert_int_equal(spt_store_put_samples(store, &loss, NULL), SPT_OK);
    for (size_t i = 0; i < sizeof PUTS / sizeof *PUTS; i++)
        for (int head = -1; head < (PUTS[i].heads ? 2 : 0); head++) {
            const struct spt_vector vector = {fixture_metric(PUTS[i].metric), 0, head, numbers, 2};
            assert_int_equal(PUTS[i].put(store, &vector, NULL), SPT_OK);
        }
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    assert_int_equal(spt_store_metrics_headless(store, row.id, headless, NULL), SPT_OK);
    for (size_t i = 0; i < sizeof PUTS / sizeof *PUTS; i++) {
        const size_t metric = spt_metric_find(PUTS[i].metric);
        assert_int_equal(headless[metric], PUTS[i].headless);
        headless[metric] = false;
    }
    for (size_t m = 0; m < SPT_METRIC_COUNT; m++) assert_false(headless[m]);
    assert_int_equal(spt_store_metrics_headless(store, row.id + 1, headless, NULL), SPT_OK);
    for (size_t m = 0; m < SPT_METRIC_COUNT; m++) assert_false(headless[m]);
    test_free(headless);
    spt_store_close(store);
}

static void one_figure_of_one_checkpoint_is_read_by_its_key(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const int64_t id = fixture_analyse(store, run, fixture_row("step1", 1, 1), 3);
    fixture_exec(PATH, "UPDATE measure SET mean = NULL WHERE layer = 1");
    double mean = 0;
    assert_int_equal(spt_store_mean(store, id, "loss", 2, -1, &mean, NULL), SPT_OK);
    assert_true(mean == 2.5);
    assert_int_equal(spt_store_mean(store, id, "loss", 1, -1, &mean, NULL), SPT_OK);
    assert_true(isnan(mean));
    assert_int_equal(spt_store_mean(store, id, "loss", 3, -1, &mean, NULL), SPT_END);
    assert_int_equal(spt_store_mean(store, id, "no.metric", 0, -1, &mean, NULL), SPT_END);
    assert_int_equal(spt_store_mean(store, id + 1, "loss", 0, -1, &mean, NULL), SPT_END);
    spt_store_close(store);
}

static void a_layer_without_a_null_of_its_own_has_the_one_of_all_layers(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const struct spt_metric *sink = fixture_metric("sink.first"), *loss = fixture_metric("loss");
    const struct spt_null nulls[] = {{sink, -1, 0.5, 0.125, 32}, {sink, 3, 0.25, NAN, 32}, {loss, 0, 1, 1, 32}};
    assert_int_equal(spt_store_put_nulls(store, run, nulls, 3, NULL), SPT_OK);
    assert_int_equal(spt_store_put_nulls(store, run, nulls, 3, NULL), SPT_OK);
    double mean = 0, sd = 0;
    assert_int_equal(spt_store_null(store, run, "sink.first", 3, &mean, &sd, NULL), SPT_OK);
    assert_true(mean == 0.25 && isnan(sd));
    assert_int_equal(spt_store_null(store, run, "sink.first", 2, &mean, &sd, NULL), SPT_OK);
    assert_true(mean == 0.5 && sd == 0.125);
    assert_int_equal(spt_store_null(store, run, "loss", 1, &mean, &sd, NULL), SPT_END);
    assert_int_equal(spt_store_null(store, run + 1, "loss", 0, &mean, &sd, NULL), SPT_END);
    spt_store_close(store);
    assert_query(PATH, "SELECT count(*) FROM null_value", "3");
}

static void series_keep_the_order_they_were_added_in_and_are_replaced_whole(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    const int64_t run = fixture_run(store);
    const struct spt_store_point points[] = {{10, 2.5}, {-1, 9}, {10, 2.25}, {20, NAN}};
    assert_int_equal(spt_store_put_external(store, run, "zeta", points, 4, NULL), SPT_OK);
    assert_int_equal(spt_store_put_external(store, run, "alpha", points, 1, NULL), SPT_OK);
    assert_int_equal(spt_store_put_external(store, run, "zeta", points, 4, NULL), SPT_OK);
    char **names = NULL;
    size_t count = 0;
    assert_int_equal(spt_store_external_names(store, run, &names, &count, NULL), SPT_OK);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "zeta");
    assert_string_equal(names[1], "alpha");
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    struct spt_store_point *found = NULL;
    assert_int_equal(spt_store_external(store, run, "zeta", &found, &count, NULL), SPT_OK);
    assert_int_equal(count, 3);
    assert_true(found[0].step == -1 && found[0].value == 9);
    assert_true(found[1].step == 10 && found[1].value == 2.25);
    assert_true(found[2].step == 20 && isnan(found[2].value));
    free(found);
    assert_int_equal(spt_store_put_external(store, run, "zeta", points, 1, NULL), SPT_OK);
    assert_int_equal(spt_store_external(store, run, "zeta", &found, &count, NULL), SPT_OK);
    assert_int_equal(count, 1);
    free(found);
    assert_int_equal(spt_store_external(store, run, "none", &found, &count, NULL), SPT_OK);
    assert_int_equal(count, 0);
    spt_store_close(store);
}

/* A model of pythia-12b's size: 36 layers of 40 heads with 48 metrics each. In CPU seconds: the machine may be busy. */
static void seventy_thousand_figures_are_stored_well_within_a_second(void **state) {
    (void)state;
    struct spt_store *store = fixture_open(PATH, SPT_STORE_WRITE);
    struct spt_store_checkpoint row = fixture_row("step1", 1, 1);
    const int64_t run = fixture_run(store);
    const clock_t start = clock();
    assert_int_equal(spt_store_begin(store, run, &row, false, NULL), SPT_OK);
    for (int i = 0; i < 70000; i++) {
        const struct spt_measure measure = {&SPT_METRICS[i % 2], i / 2 / 40, i / 2 % 40, i, i, i, i, 100, 0};
        assert_int_equal(spt_store_put_measure(store, &measure, NULL), SPT_OK);
    }
    assert_int_equal(spt_store_commit(store, NULL), SPT_OK);
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    spt_store_close(store);
    print_message("70,000 figures: %.3f s\n", seconds);
    assert_query(PATH, "SELECT count(*) FROM measure", "70000");
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    assert_true(seconds < 10);
#else
    assert_true(seconds < 1);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(measures_come_back_in_key_order_with_undefined_as_nan, fresh_store),
        cmocka_unit_test_setup(what_the_callback_returns_ends_the_listing, fresh_store),
        cmocka_unit_test_setup(a_second_pass_adds_metrics_and_replaces_nothing_unless_forced, fresh_store),
        cmocka_unit_test_setup(vectors_are_little_endian_floats_with_nan_kept, fresh_store),
        cmocka_unit_test_setup(metrics_without_vectors_of_heads_are_told, fresh_store),
        cmocka_unit_test_setup(one_figure_of_one_checkpoint_is_read_by_its_key, fresh_store),
        cmocka_unit_test_setup(a_layer_without_a_null_of_its_own_has_the_one_of_all_layers, fresh_store),
        cmocka_unit_test_setup(series_keep_the_order_they_were_added_in_and_are_replaced_whole, fresh_store),
        cmocka_unit_test_setup(seventy_thousand_figures_are_stored_well_within_a_second, fresh_store),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
