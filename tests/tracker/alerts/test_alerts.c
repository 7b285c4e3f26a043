/* Rules over a store: each kind, and each event once in whatever order checkpoints come. */
#include "tests/tracker/alerts/bench.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"

/* --- kinds --- */
static void a_figure_above_rings_at_the_checkpoint_that_makes_it_enough_in_a_row(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: sink appears, metric: sink.first_excess, above: 0.3, in_a_row: 3}]\n");
    begin(&b, NULL, NULL);
    static const double values[] = {0.4, 0.1, 0.31, 0.32, 0.3, 0.31, 0.35, 0.39, 0.5, 0.2, 0.9};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        step(&b, (int64_t)i * 10, "sink.first_excess", values[i]);
    assert_texts("sink.first_excess is 0.39, above 0.3, at step 70, 3 checkpoints in a row");
    assert_string_equal(b.heard.warnings.data,
                        "alert sink appears: sink.first_excess is 0.39, above 0.3, at step 70, 3 "
                        "checkpoints in a row\n");
    assert_query(
        db,
        "SELECT e.kind, e.rule, e.branch, e.step, e.delivery, e.key, c.label, e.run FROM event e JOIN checkpoint "
        "c ON c.id = e.checkpoint",
        "alert|sink appears||70|none|[\"sink appears\", \"\", 70, -1, -1]|step70|1");
    close_bench(&b);
}

static void below_any_and_a_single_layer_are_told_by_their_place(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: collapse, metric: rmt.participation, layer: 3, below: 2}\n"
                   "  - {name: any layer, metric: rmt.participation, layer: any, below: 2}\n"
                   "  - {name: any head, metric: sink.first, layer: any, head: any, above: 0.9}\n"
                   "  - {name: head of 2, metric: sink.first, layer: 2, head: any, above: 0.9}\n"
                   "  - {name: heads 3, metric: sink.first, layer: any, head: 3, above: 0.9}\n");
    const struct figure first[] = {{"rmt.participation", -1, -1, 1},
                                   {"rmt.participation", 3, -1, 2},
                                   {"rmt.participation", 5, -1, 1.5},
                                   {"rmt.participation", 3, 1, 1},
                                   {"sink.first", 2, 1, 0.95},
                                   {"sink.first", 4, -1, 0.99},
                                   {0}};
    const struct figure second[] = {{"rmt.participation", 3, -1, 1.25}, {"sink.first", 4, 3, 0.96}, {0}};
    put(b.store, b.run.id, "", 1, "step1", 1, first);
    put(b.store, b.run.id, "", 2, "step2", 2, second);
    begin(&b, NULL, NULL);
    assert_query(db, "SELECT rule, text FROM event WHERE kind = 'alert' ORDER BY rule",
                 "any head|sink.first of layer 2 head 1 is 0.95, above 0.9, at step 1\n"
                 "any layer|rmt.participation of layer 5 is 1.5, below 2, at step 1\n"
                 "collapse|rmt.participation of layer 3 is 1.25, below 2, at step 2\n"
                 "head of 2|sink.first of layer 2 head 1 is 0.95, above 0.9, at step 1\n"
                 "heads 3|sink.first of layer 4 head 3 is 0.96, above 0.9, at step 2");
    close_bench(&b);
}

static void weights_that_are_nan_are_told_by_loss_or_attention(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: nan, when: nan}\n"
                   "  - {name: law, when: nan, metric: rmt.law_kl}\n");
    static const struct figure fine[] = {
        {"loss", -1, -1, 2}, {"sink.first", 0, 0, 0.5}, {"rmt.law_kl", -1, -1, 1}, {0}};
    static const struct figure no_law[] = {
        {"loss", -1, -1, 2}, {"sink.first", 0, 0, 0.5}, {"rmt.law_kl", -1, -1, NAN}, {0}};
    static const struct figure no_head[] = {
        {"loss", -1, -1, 2}, {"sink.first", 2, 1, NAN}, {"sink.first", 2, 2, NAN}, {0}};
    static const struct figure no_loss[] = {{"loss", -1, -1, NAN}, {"sink.first", 2, 1, NAN}, {0}};
    static const struct figure nothing[] = {{0}}; /* not measured is not undefined */
    put(b.store, b.run.id, "", 1, "step1", 1, fine);
    put(b.store, b.run.id, "", 2, "step2", 2, no_law);
    put(b.store, b.run.id, "", 3, "step3", 3, no_head);
    put(b.store, b.run.id, "", 4, "step4", 4, no_loss); /* the same stretch */
    put(b.store, b.run.id, "", 5, "step5", 5, nothing);
    put(b.store, b.run.id, "", 6, "step6", 6, no_loss);
    begin(&b, NULL, NULL);
    assert_query(db, "SELECT rule, step, text FROM event WHERE kind = 'alert' ORDER BY rule, step",
                 "law|2|rmt.law_kl is undefined, at step 2\n"
                 "nan|3|NaN or infinite weights: sink.first of layer 2 head 1 is undefined, at step 3\n"
                 "nan|6|NaN or infinite weights: loss is undefined, at step 6");
    close_bench(&b);
}

static void the_same_weights_at_a_later_step_ring_within_a_branch(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: same, when: duplicate}]\n");
    put(b.store, b.run.id, "", 1, "step1", 7, NULL);
    put(b.store, b.run.id, "", 2, "step2", 8, NULL);
    put(b.store, b.run.id, "", 3, "step3", 8, NULL);
    put(b.store, b.run.id, "", 4, "step4", 7, NULL); /* of the same stretch as step 3 */
    put(b.store, b.run.id, "", 5, "step5", 9, NULL);
    put(b.store, b.run.id, "", 6, "step6", 7, NULL);
    put(b.store, b.run.id, "", SPT_NO_STEP, "main", 7, NULL);     /* the last one by another name */
    put(b.store, b.run.id, "stage2", 1, "stage2-step1", 7, NULL); /* where a branch begins */
    put(b.store, b.run.id, "stage2", 2, "stage2-step2", 7, NULL);
    put(b.store, b.run.id, "", 7, "step7", 0, NULL); /* no digest is no weights */
    put(b.store, b.run.id, "", 8, "step8", 0, NULL);
    begin(&b, NULL, NULL);
    assert_texts("the same weights as at step 2, at step 3\n"
                 "the same weights as at step 1, at step 6\n"
                 "the same weights as at step 1, at step 2 of stage2");
    close_bench(&b);
}

static void a_trainer_that_is_stuck_rings_once_a_standstill(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: stuck, when: stalled, after: 2h, command: [sh, -c, cat >> events.jsonl]}]\n");
    begin(&b, NULL, NULL);
    assert_int_equal(spt_alerts_idle(b.alerts, 7199, 0, SPT_NO_STEP, NULL), SPT_OK);
    assert_texts("");
    for (int i = 0; i < 3; i++) assert_int_equal(spt_alerts_idle(b.alerts, 7300 + i, 100, 512, NULL), SPT_OK);
    again(&b); /* a new watch, whose clock begins anew */
    assert_int_equal(spt_alerts_idle(b.alerts, 9000, 0, 512, NULL), SPT_OK);
    assert_int_equal(spt_alerts_idle(b.alerts, 9001, 9000, 513, NULL), SPT_OK);
    assert_texts("no new checkpoint for 7200 s; the newest is step 512");
    assert_int_equal(spt_alerts_idle(b.alerts, 16200, 9000, 513, NULL), SPT_OK);
    assert_texts("no new checkpoint for 7200 s; the newest is step 512\n"
                 "no new checkpoint for 7200 s; the newest is step 513");
    close_bench(&b);
    char *lines = NULL;
    size_t size;
    assert_int_equal(spt_file_read_all("events.jsonl", 10000, &lines, &size, NULL), SPT_OK);
    *strchr(lines, '\n') = '\0';
    char *time = strstr(lines, "\"time\": \"") + 9;
    memcpy(time, "WHEN................", 20);
    assert_string_equal(
        lines, "{\"rule\": \"stuck\", \"kind\": \"stalled\", \"run\": \"demo\", \"branch\": null, \"step\": 512, "
               "\"label\": null, \"metric\": null, \"layer\": null, \"head\": null, \"value\": null, "
               "\"threshold\": 7200, \"in_a_row\": null, \"time\": \"WHEN................\", \"text\": \"no new "
               "checkpoint for 7200 s; the newest is step 512\"}");
    free(lines);
}

/* --- once --- */
static void checkpoints_that_come_late_or_are_rewritten_tell_nothing_twice(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts: [{name: n, metric: loss, above: 1, in_a_row: 2}]\n");
    begin(&b, NULL, NULL);
    step(&b, 10, "loss", 2);
    step(&b, 30, "loss", 2); /* rings: 10 and 30 */
    step(&b, 5, "loss", 2);  /* the stretch now begins earlier */
    step(&b, 20, "loss", 2);
    step(&b, 40, "loss", 2);
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", "30");
    step(&b, 20, "loss", 0); /* rewritten in place: 5 10 | 30 40, of which the first is a stretch without an event */
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", "30\n10");
    step(&b, 20, "loss", 3); /* and joined again */
    step(&b, 50, "loss", 3);
    again(&b);
    assert_query(db, "SELECT step FROM event WHERE kind = 'alert' ORDER BY id", "30\n10");
    close_bench(&b);
}

/* Whatever the order they come in, in the end every stretch that is long enough has an event, and judging anew adds none; in the order of
 * steps each has exactly one, where it became long enough. */
static void every_stretch_is_told_in_any_order_of_arrival(void **state) {
    (void)state;
    enum { STEPS = 14 };
    uint32_t seed = 12345;
    for (int round = 0; round < 30; round++) {
        struct bench b;
        char yaml[128];
        int order[STEPS], holds[STEPS];
        const int in_a_row = 1 + round % 3;
        fresh(NULL);
        snprintf(yaml, sizeof yaml, "alerts: [{name: n, metric: loss, above: 1, in_a_row: %d}]\n", in_a_row);
        open_bench(&b, yaml);
        begin(&b, NULL, NULL);
        for (int i = 0; i < STEPS; i++) {
            seed = seed * 1664525 + 1013904223;
            holds[i] = seed >> 16 & 1;
            order[i] = i;
        }
        for (int i = STEPS - 1; i > 0 && round >= 10; i--) {
            seed = seed * 1664525 + 1013904223;
            const int j = (int)((seed >> 8) % (unsigned)(i + 1)), kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        for (int i = 0; i < STEPS; i++) step(&b, order[i], "loss", holds[order[i]] ? 2 : 0);
        struct spt_store_event *events;
        size_t count, again_count;
        assert_int_equal(spt_store_events(b.store, b.run.id, "alert", &events, &count, NULL), SPT_OK);
        size_t long_enough = 0;
        for (int i = 0, begun = 0; i <= STEPS; i++) {
            if (i < STEPS && holds[i]) continue;
            if (i - begun >= in_a_row) {
                size_t within = 0;
                for (size_t e = 0; e < count; e++) within += events[e].step >= begun && events[e].step < i;
                assert_true(round < 10 ? within == 1 : within >= 1);
                if (round < 10) assert_int_equal(events[long_enough].step, begun + in_a_row - 1);
                long_enough++;
            }
            begun = i + 1;
        }
        if (round < 10) assert_int_equal(count, long_enough);
        spt_store_free_events(events, count);
        again(&b);
        assert_int_equal(spt_store_events(b.store, b.run.id, "alert", &events, &again_count, NULL), SPT_OK);
        assert_int_equal(again_count, count);
        spt_store_free_events(events, again_count);
        close_bench(&b);
    }
}

static void a_checkpoint_without_a_step_stands_alone(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "alerts:\n"
                   "  - {name: one, metric: loss, above: 1}\n"
                   "  - {name: two, metric: loss, above: 1, in_a_row: 2}\n");
    static const struct figure high[] = {{"loss", -1, -1, 2}, {0}};
    put(b.store, b.run.id, "", SPT_NO_STEP, "final", 1, high);
    put(b.store, b.run.id, "", SPT_NO_STEP, "main", 2, high);
    begin(&b, NULL, NULL);
    again(&b);
    assert_query(db, "SELECT rule, step, text FROM event WHERE kind = 'alert' ORDER BY id",
                 "one|NULL|loss is 2, above 1, at final\none|NULL|loss is 2, above 1, at main");
    close_bench(&b);
}

/* --- configuration --- */
static void a_rule_that_cannot_be_judged_is_refused_at_its_place(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *message;
        bool of_model; /* only known when the run is */
    } cases[] = {
        {"alerts:\n  - {name: a, metric: sink.frist, above: 1}\n",
         "line 2, column 5: alerts: \"a\": no metric or group \"sink.frist\"; did you mean sink.first?", false},
        {"alerts:\n  - {name: a, metric: rmt, above: 1}\n", NULL, false},
        {"alerts:\n  - {name: a, metric: loss, layer: 2, above: 1}\n",
         "line 2, column 5: alerts: \"a\": loss is of the whole model, it has no layers", false},
        {"metrics: [rmt]\nalerts:\n  - {name: a, metric: loss, above: 1}\n",
         "line 3, column 5: alerts: \"a\": loss is not among the metrics that are measured", false},
        {"metrics: [rmt]\nalerts:\n  - {name: a, when: nan}\n",
         "line 3, column 5: alerts: \"a\": neither loss nor sink.first is among the metrics that are measured", false},
        {"alerts:\n  - {name: a, metric: sink.first, layer: 6, above: 1}\n",
         "line 2, column 5: alerts: \"a\": the model has no layer 6, its layers are 0 to 5", true},
        {"alerts:\n  - {name: a, metric: sink.first, layer: 5, head: 4, above: 1}\n",
         "line 2, column 5: alerts: \"a\": the model has no head 4, its heads are 0 to 3", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench b;
        struct spt_error error = {0};
        open_bench(&b, cases[i].yaml);
        assert_int_equal(spt_alerts_check(&b.config, &error), cases[i].of_model ? SPT_OK : SPT_INVALID);
        assert_int_equal(spt_alerts_new(&b.config, &b.log, b.store, &b.run, NULL, NULL, NULL, &b.alerts, &error),
                         SPT_INVALID);
        if (cases[i].message) assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.path, "c.yaml");
        close_bench(&b);
    }
}

static void every_curve_is_refused_as_it_has_no_figure(void **state) {
    (void)state;
    size_t curves = 0;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        char yaml[256];
        struct spt_error error = {0};
        const char *name = SPT_METRICS[i].name;
        snprintf(yaml, sizeof yaml, "metrics: [%s]\nalerts: [{name: a, metric: %s, above: 1}]\n", name, name);
        struct spt_config config = rules(yaml);
        const bool curve = SPT_METRICS[i].points > 0;
        assert_int_equal(spt_alerts_check(&config, &error), curve ? SPT_INVALID : SPT_OK);
        if (curve) assert_non_null(strstr(error.message, "is a curve"));
        curves += curve;
        spt_config_release(&config);
    }
    assert_true(curves > 0);
}

static void without_rules_nothing_is_done(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, "samples: 5\n");
    begin(&b, NULL, NULL);
    step(&b, 1, "loss", 2);
    assert_int_equal(spt_alerts_checkpoint(b.alerts, NULL, NULL, NULL), SPT_OK);
    assert_int_equal(spt_alerts_idle(b.alerts, 1e9, 0, 1, NULL), SPT_OK);
    assert_texts("");
    close_bench(&b);
    spt_alerts_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_figure_above_rings_at_the_checkpoint_that_makes_it_enough_in_a_row, fresh),
        cmocka_unit_test_setup(below_any_and_a_single_layer_are_told_by_their_place, fresh),
        cmocka_unit_test_setup(weights_that_are_nan_are_told_by_loss_or_attention, fresh),
        cmocka_unit_test_setup(the_same_weights_at_a_later_step_ring_within_a_branch, fresh),
        cmocka_unit_test_setup(a_trainer_that_is_stuck_rings_once_a_standstill, fresh),
        cmocka_unit_test_setup(checkpoints_that_come_late_or_are_rewritten_tell_nothing_twice, fresh),
        cmocka_unit_test_setup(every_stretch_is_told_in_any_order_of_arrival, fresh),
        cmocka_unit_test_setup(a_checkpoint_without_a_step_stands_alone, fresh),
        cmocka_unit_test_setup(a_rule_that_cannot_be_judged_is_refused_at_its_place, fresh),
        cmocka_unit_test_setup(every_curve_is_refused_as_it_has_no_figure, fresh),
        cmocka_unit_test_setup(without_rules_nothing_is_done, fresh),
    };
    return cmocka_run_group_tests(tests, fixture_enter, fixture_leave);
}
