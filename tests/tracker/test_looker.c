/* Attention that figures are given is what the sweep measured: of the bundled run's store, and of the same checkpoints. What
 * is asked of the store's row, and what is said where it does not fit.
 *
 * usage: test_looker STORE.db   (made by the test that sweeps with configs/demo.yaml; its absence is a failure) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/looker.h"
#include "tracker/token_label.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *store_path;

struct opened {
    struct spt_config config;
    struct spt_store *store;
    struct spt_store_run *runs;
    size_t run_count;
    struct spt_run_source source;
    struct spt_looker *looker;
};

static void open_store(struct opened *o) {
    struct spt_error error;
    *o = (struct opened){0};
    assert_int_equal(spt_config_init(&o->config, &error), SPT_OK);
    if (spt_store_open(store_path, SPT_STORE_READ, 0, &o->store, &error) != SPT_OK) fail_msg("%s", error.message);
    assert_int_equal(spt_store_runs(o->store, &o->runs, &o->run_count, &error), SPT_OK);
    assert_int_equal(o->run_count, 1);
    assert_int_equal(spt_run_source_open(o->store, &o->runs[0], NULL, &o->source, &error), SPT_OK);
}

static void set(struct opened *o, const char *key, const char *value) {
    struct spt_error error;
    if (spt_config_set(&o->config, key, value, "--option", &error) != SPT_OK) fail_msg("%s", error.message);
}

static void open_looker(struct opened *o) {
    struct spt_error error;
    if (spt_looker_open(&o->config, NULL, &o->source, &o->looker, &error) != SPT_OK) fail_msg("%s", error.message);
}

static void close_all(struct opened *o) {
    spt_looker_close(o->looker);
    spt_run_source_close(&o->source);
    spt_store_free_runs(o->runs, o->run_count);
    spt_store_close(o->store);
    spt_config_release(&o->config);
}

static struct spt_plot_attention look(struct opened *o, int layer, int head) {
    const struct spt_plot_look asked = {
        .checkpoint = o->source.source.count - 1, .layer = layer, .head = head, .matrices = true};
    struct spt_plot_attention seen;
    struct spt_error error;
    if (o->source.source.attention(o->source.source.attention_context, &asked, &seen, &error) != SPT_OK)
        fail_msg("%s %s", error.path, error.message);
    return seen;
}

/* What the sweep stored of a sample: sink.first of a layer. */
static float stored_first(struct opened *o, int layer, size_t sample) {
    const int64_t checkpoint = o->source.rows[o->source.shown[o->source.source.count - 1]].id;
    float *values;
    size_t count;
    struct spt_error error;
    assert_int_equal(
        spt_store_vector(o->store, checkpoint, "sink.first", layer, SPT_WHOLE_LAYER, true, &values, &count, &error),
        SPT_OK);
    assert_true(sample < count);
    const float value = values[sample];
    free(values);
    return value;
}

/* The mean over the queries and heads of what the first key gets, from the matrices as they are drawn. */
static float drawn_first(const struct spt_plot_attention *seen) {
    double sum = 0;
    for (size_t p = 0; p < seen->panels; p++)
        for (size_t i = 0; i < seen->n; i++) sum += (double)seen->matrices[(p * seen->n + i) * seen->n];
    return (float)(sum / (double)seen->n / (double)seen->panels);
}

static void the_drawn_matrices_give_the_stored_sink_of_the_sample(void **state) {
    (void)state;
    static const char *const SAMPLES[] = {"0", "17", "99"};
    for (size_t i = 0; i < 3; i++) {
        struct opened o;
        open_store(&o);
        set(&o, "plots.sample", SAMPLES[i]);
        open_looker(&o);
        for (int layer = 0; layer < 6; layer += 5) {
            struct spt_plot_attention seen = look(&o, layer, -1);
            assert_int_equal(seen.panels, 4);
            const double stored = (double)stored_first(&o, layer, (size_t)atoi(SAMPLES[i]));
            assert_true(fabs((double)drawn_first(&seen) - stored) <= 1e-7);
            spt_plot_attention_release(&seen);
        }
        close_all(&o);
    }
}

static void every_layer_is_the_mean_over_its_heads_with_its_reference_tokens(void **state) {
    (void)state;
    struct opened o;
    open_store(&o);
    open_looker(&o);
    struct spt_plot_attention every = look(&o, -1, -1), layer = look(&o, 5, -1), head = look(&o, 5, 2);
    const size_t n = every.n;
    assert_int_equal(every.panels, 6);
    assert_int_equal(head.panels, 1);
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        for (size_t h = 0; h < 4; h++) sum += layer.received[h * n + k];
        assert_true(fabs(every.received[5 * n + k] - sum / 4) <= 1e-12);
        assert_true(head.received[k] == layer.received[2 * n + k]);
        assert_int_equal(every.is_reference[5 * n + k], head.is_reference[k]);
    }
    assert_memory_equal(head.matrices, layer.matrices + 2 * n * n, n * n * sizeof(float));
    assert_string_equal(every.token[0], "<|endoftext|>");
    assert_string_equal(every.about, "sample 0");
    spt_plot_attention_release(&every);
    spt_plot_attention_release(&layer);
    spt_plot_attention_release(&head);
    close_all(&o);
}

static void a_sentence_of_the_users_own_takes_the_place_of_a_sample(void **state) {
    (void)state;
    struct opened o;
    open_store(&o);
    set(&o, "plots.text", "a field\tis");
    open_looker(&o);
    struct spt_plot_attention seen = look(&o, 0, 0);
    struct spt_text all = {0};
    for (size_t k = 0; k < seen.n; k++) spt_text_put(&all, seen.token[k]);
    assert_string_equal(all.data, "<|endoftext|>a·field\\tis");
    assert_string_equal(seen.about, "text");
    spt_text_release(&all);
    spt_plot_attention_release(&seen);
    close_all(&o);
}

static void another_probe_is_refused_with_what_differs(void **state) {
    (void)state;
    struct opened o;
    open_store(&o);
    set(&o, "samples", "99");
    open_looker(&o);
    const struct spt_plot_look asked = {.checkpoint = 0, .layer = 0, .head = 0};
    struct spt_plot_attention seen;
    struct spt_error error;
    assert_int_equal(o.source.source.attention(o.source.source.attention_context, &asked, &seen, &error), SPT_INVALID);
    assert_non_null(strstr(error.message, "99 samples, not 100"));
    assert_true(spt_looker_has_failed(o.looker));
    close_all(&o);
}

static void a_source_has_attention_only_as_long_as_somebody_looks(void **state) {
    (void)state;
    struct opened o;
    open_store(&o);
    assert_null(o.source.source.attention);
    open_looker(&o);
    assert_non_null(o.source.source.attention);
    spt_looker_close(o.looker);
    o.looker = NULL;
    assert_null(o.source.source.attention);
    close_all(&o);
}

static void a_label_shows_what_is_in_a_token(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *label;
    } TOKENS[] = {
        {" the", 4, "·the"},       {"\n\n", 2, "\\n\\n"},
        {"\t", 1, "\\t"},          {"", 0, "''"},
        {"\xc3", 1, "\\xc3"},      {"\x1b[0m", 4, "\\x1b[0m"},
        {"a\0b", 3, "a\\x00b"},    {"\u202e", 3, "\\u202e"},
        {"\u200b", 3, "\\u200b"},  {"\u0301", 2, "◌\u0301"},
        {"e\u0301", 3, "e\u0301"}, {"שלום", 8, "שלום"},
        {"it's \"", 6, "it's·\""}, {"\xf0\x9f\x98", 3, "\\xf0\\x9f\\x98"},
    };
    for (size_t i = 0; i < sizeof TOKENS / sizeof *TOKENS; i++) {
        struct spt_text label = {0};
        spt_token_label_put(&label, TOKENS[i].bytes, TOKENS[i].length);
        assert_string_equal(label.data, TOKENS[i].label);
        spt_text_release(&label);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    store_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_drawn_matrices_give_the_stored_sink_of_the_sample),
        cmocka_unit_test(every_layer_is_the_mean_over_its_heads_with_its_reference_tokens),
        cmocka_unit_test(a_sentence_of_the_users_own_takes_the_place_of_a_sample),
        cmocka_unit_test(another_probe_is_refused_with_what_differs),
        cmocka_unit_test(a_source_has_attention_only_as_long_as_somebody_looks),
        cmocka_unit_test(a_label_shows_what_is_in_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
