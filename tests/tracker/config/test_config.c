/* Keys, their defaults, options over files, and every way a file can be wrong with the exact sentence it gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/plan.h"
#include "checkpoints/run.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "plots/plot.h"
#include "tracker/config/config.h"

static struct spt_config parse(const char *yaml) {
    struct spt_config config;
    struct spt_error error = {0};
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    if (spt_config_parse(&config, yaml, strlen(yaml), "runs/demo.yaml", &error) != SPT_OK)
        fail_msg("%s", error.message);
    return config;
}

static void every_default_is_what_the_design_says(void **state) {
    (void)state;
    struct spt_config config;
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    assert_null(config.file);
    assert_int_equal(config.run.count, 0);
    assert_null(config.name);
    assert_string_equal(config.db, "spectail.db");
    assert_string_equal(config.out, "plots");
    assert_null(config.probe);
    assert_null(config.ids);
    assert_null(config.step_pattern);
    assert_null(config.model_config);
    assert_null(config.tokenizer);
    assert_true(spt_config_steps_has(config.steps, 0) && spt_config_steps_has(config.steps, INT64_MAX));
    assert_true(spt_config_steps_has(config.steps, SPT_NO_STEP));
    assert_int_equal(config.every, 1);
    assert_int_equal(config.samples, 100);
    assert_int_equal(config.metrics.count, 0);
    assert_int_equal(config.bos, SPT_BOS_AUTO);
    assert_int_equal(config.references, SPT_REFERENCES_EXCESS);
    assert_int_equal(config.symmetrize, SPT_SYMMETRIZE_MAX);
    assert_int_equal(config.topology_dimension, 1);
    assert_int_equal(config.bootstrap, 1000);
    assert_int_equal(config.null_draws, 32);
    assert_int_equal(config.keep, 0);
    assert_int_equal(config.threads, 0);
    assert_int_equal(config.header_limit, 32 * 1024 * 1024);
    assert_true(config.read_ahead);
    assert_int_equal(config.priority, 0);
    assert_int_equal(config.shard.index, 0);
    assert_int_equal(config.shard.count, 0);
    assert_int_equal(config.series.count, 0);
    assert_int_equal(config.fetch.count, 0);
    assert_int_equal(config.fetch_steps.count, 0);
    assert_null(config.fetch_dir);
    assert_string_equal(config.fetch_name, "step{step}");
    assert_int_equal(config.fetch_tries, 5);
    assert_true(config.fetch_time_limit == 0);
    assert_int_equal(config.alerts.count, 0);
    assert_true(config.watch.quiet_period == 10);
    assert_true(config.watch.interval == 5);
    assert_true(config.watch.deadline == 1800);
    assert_null(config.watch.plots);
    assert_null(config.watch.tensorboard);
    assert_null(config.watch.prometheus);
    assert_null(config.watch.heartbeat);
    assert_int_equal(config.plots.figures.count, 0);
    assert_int_equal(config.plots.format, SPT_PLOT_SVG);
    assert_string_equal(config.plots.metric, "sink.first");
    assert_int_equal(config.plots.layer, -1);
    assert_int_equal(config.plots.steps.count, 0);
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    for (size_t i = 0; i < count; i++) assert_false(spt_config_is_set(&config, keys[i].name));
    spt_config_release(&config);
}

static void every_key_of_a_file_reaches_its_field(void **state) {
    (void)state;
    struct spt_config c = parse("# every key\n"
                                "run: [a, /abs/b]\n"
                                "name: pythia-70m, seed 1\n"
                                "db: store.db\n"
                                "out: 'figures of it'\n"
                                "probe: ../probe.txt\n"
                                "ids: ids.json\n"
                                "samples: 7\n"
                                "steps: 0:1000\n"
                                "every: 3\n"
                                "metrics: [sinks, rmt.gap]\n"
                                "step_pattern: \"ckpt_(?<step>\\\\d+)\"\n"
                                "model_config: c.json\n"
                                "tokenizer: t.json\n"
                                "bos: never\n"
                                "threads: 2\n"
                                "references: paper\n"
                                "symmetrize: mean\n"
                                "topology_dimension: 2\n"
                                "bootstrap: 50\n"
                                "null_draws: 4\n"
                                "keep: heads\n"
                                "header_limit: 2G\n"
                                "read_ahead: no\n"
                                "priority: low\n"
                                "shard: 3/16\n"
                                "fetch: [tools/fetch.sh, --step, '{step}', 'a,b', '{dir}']\n"
                                "fetch_steps: 0,1,2,8:512:8,1000:143000:1000\n"
                                "fetch_dir: tmp\n"
                                "fetch_name: ckpt-{step}\n"
                                "fetch_tries: 2\n"
                                "fetch_time_limit: 2h\n"
                                "alerts:\n"
                                "  - {name: stuck, when: stalled, after: 90}\n"
                                "watch: {quiet_period: 1.5, interval: 100s, deadline: 1d, plots: p, tensorboard: tb, "
                                "prometheus: m.prom, heartbeat: /run/hb}\n"
                                "series:\n"
                                "  - {file: train.jsonl, value: loss}\n"
                                "  - file: /logs/eval.csv\n"
                                "    step: iteration\n"
                                "    value: acc\n"
                                "    label: LAMBADA, accuracy\n"
                                "plots:\n"
                                "  figures: [emergence, betti]\n"
                                "  format: pdf\n"
                                "  metric: rmt.gap\n"
                                "  layer: 3\n"
                                "  steps: [0, 512]\n");
    assert_string_equal(c.file, "runs/demo.yaml");
    assert_int_equal(c.run.count, 2);
    assert_string_equal(c.run.items[0], "runs/a"); /* relative to the file's folder */
    assert_string_equal(c.run.items[1], "/abs/b");
    assert_string_equal(c.name, "pythia-70m, seed 1");
    assert_string_equal(c.db, "runs/store.db");
    assert_string_equal(c.out, "runs/figures of it");
    assert_string_equal(c.probe, "runs/../probe.txt");
    assert_string_equal(c.ids, "runs/ids.json");
    assert_int_equal(c.samples, 7);
    assert_int_equal(c.steps.first, 0);
    assert_int_equal(c.steps.last, 1000);
    assert_int_equal(c.every, 3);
    assert_int_equal(c.metrics.count, 2);
    assert_string_equal(c.metrics.items[1], "rmt.gap");
    assert_string_equal(c.step_pattern, "ckpt_(?<step>\\d+)");
    assert_string_equal(c.model_config, "runs/c.json");
    assert_string_equal(c.tokenizer, "runs/t.json");
    assert_int_equal(c.bos, SPT_BOS_NEVER);
    assert_int_equal(c.threads, 2);
    assert_int_equal(c.references, SPT_REFERENCES_PAPER);
    assert_int_equal(c.symmetrize, SPT_SYMMETRIZE_MEAN);
    assert_int_equal(c.topology_dimension, 2);
    assert_int_equal(c.bootstrap, 50);
    assert_int_equal(c.null_draws, 4);
    assert_int_equal(c.keep, 1);
    assert_int_equal(c.header_limit, 2147483648);
    assert_false(c.read_ahead);
    assert_int_equal(c.priority, 1);
    assert_int_equal(c.shard.index, 3);
    assert_int_equal(c.shard.count, 16);
    assert_int_equal(c.fetch.count, 5);
    assert_string_equal(c.fetch.items[0], "runs/tools/fetch.sh"); /* a program with a slash is a path */
    assert_string_equal(c.fetch.items[2], "{step}");
    assert_string_equal(c.fetch.items[3], "a,b");
    assert_int_equal(c.fetch_steps.count, 5);
    assert_string_equal(c.fetch_dir, "runs/tmp");
    assert_string_equal(c.fetch_name, "ckpt-{step}");
    assert_int_equal(c.fetch_tries, 2);
    assert_true(c.fetch_time_limit == 7200);
    assert_int_equal(c.alerts.count, 1);
    assert_true(c.alerts.items[0].after == 90);
    assert_true(c.watch.quiet_period == 1.5);
    assert_true(c.watch.interval == 100);
    assert_true(c.watch.deadline == 86400);
    assert_string_equal(c.watch.plots, "runs/p");
    assert_string_equal(c.watch.tensorboard, "runs/tb");
    assert_string_equal(c.watch.prometheus, "runs/m.prom");
    assert_string_equal(c.watch.heartbeat, "/run/hb");
    assert_int_equal(c.series.count, 2);
    assert_string_equal(c.series.items[0].file, "runs/train.jsonl");
    assert_string_equal(c.series.items[0].step, "step");
    assert_string_equal(c.series.items[0].value, "loss");
    assert_string_equal(c.series.items[0].label, "loss");
    assert_string_equal(c.series.items[1].file, "/logs/eval.csv");
    assert_string_equal(c.series.items[1].step, "iteration");
    assert_string_equal(c.series.items[1].label, "LAMBADA, accuracy");
    assert_int_equal(c.plots.figures.count, 2);
    assert_int_equal(c.plots.format, SPT_PLOT_PDF);
    assert_string_equal(c.plots.metric, "rmt.gap");
    assert_int_equal(c.plots.layer, 3);
    assert_int_equal(c.plots.steps.count, 2);
    assert_int_equal(c.plots.steps.items[1], 512);
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    for (size_t i = 0; i < count; i++) assert_true(spt_config_is_set(&c, keys[i].name)); /* this test knows every key */
    spt_config_release(&c);
}

static void choices_are_in_the_order_of_the_enumerations_they_stand_for(void **state) {
    (void)state;
    assert_string_equal(spt_config_key_find("bos")->choices[SPT_BOS_AUTO], "auto");
    assert_string_equal(spt_config_key_find("bos")->choices[SPT_BOS_ALWAYS], "always");
    assert_string_equal(spt_config_key_find("bos")->choices[SPT_BOS_NEVER], "never");
    assert_string_equal(spt_config_key_find("references")->choices[SPT_REFERENCES_EXCESS], "excess");
    assert_string_equal(spt_config_key_find("references")->choices[SPT_REFERENCES_PAPER], "paper");
    assert_string_equal(spt_config_key_find("symmetrize")->choices[SPT_SYMMETRIZE_MAX], "max");
    assert_string_equal(spt_config_key_find("symmetrize")->choices[SPT_SYMMETRIZE_MEAN], "mean");
    assert_string_equal(spt_config_key_find("plots.format")->choices[SPT_PLOT_SVG], "svg");
    assert_string_equal(spt_config_key_find("plots.format")->choices[SPT_PLOT_PNG], "png");
    assert_string_equal(spt_config_key_find("plots.format")->choices[SPT_PLOT_PDF], "pdf");
    assert_string_equal(spt_config_key_find("plots.format")->choices[SPT_PLOT_TERM], "term");
    assert_null(spt_config_key_find("plots.format")->choices[SPT_PLOT_FORMATS]);
}

/* --- options --- */
static void options_override_the_file_and_paths_of_options_are_left_alone(void **state) {
    (void)state;
    struct spt_config c = parse("samples: 7\nmetrics: [sinks, rmt]\nprobe: p.txt\nrun: a\nsteps: '5'\n");
    assert_int_equal(c.steps.first, 5);
    assert_int_equal(c.steps.last, 5);
    assert_int_equal(spt_config_set(&c, "samples", "9", "--samples", NULL), SPT_OK);
    assert_int_equal(spt_config_set(&c, "metrics", "topology, loss", "--metrics", NULL), SPT_OK);
    assert_int_equal(spt_config_set(&c, "metrics", "topology,loss,rmt.gap", "--metrics", NULL), SPT_OK);
    assert_int_equal(spt_config_set(&c, "probe", "q.txt", "--probe", NULL), SPT_OK);
    assert_int_equal(spt_config_set(&c, "run", "b,c", "RUN", NULL), SPT_OK);
    assert_int_equal(spt_config_set(&c, "steps", "512:", "--steps", NULL), SPT_OK);
    assert_int_equal(spt_config_set(&c, "plots.format", "term", "--format", NULL), SPT_OK);
    assert_int_equal(c.samples, 9);
    assert_int_equal(c.metrics.count, 3);
    assert_string_equal(c.metrics.items[0], "topology");
    assert_string_equal(c.metrics.items[2], "rmt.gap");
    assert_string_equal(c.probe, "q.txt");
    assert_int_equal(c.run.count, 1);
    assert_string_equal(c.run.items[0], "b,c"); /* a path may hold a comma */
    assert_int_equal(c.steps.first, 512);
    assert_true(c.steps.last == INT64_MAX);
    assert_int_equal(c.plots.format, SPT_PLOT_TERM);
    spt_config_release(&c);
}

static void a_bad_option_gets_the_same_sentence_as_a_bad_key(void **state) {
    (void)state;
    static const struct {
        const char *key, *value, *origin, *message;
    } cases[] = {
        {"samples", "0", "--samples", "--samples: found \"0\", expected a whole number from 1 to 1000000"},
        {"samples", "", "--samples", "--samples: found nothing, expected a whole number from 1 to 1000000"},
        {"steps", "10:1", "--steps", "--steps: found \"10:1\", expected steps as A:B, A:, :B or A"},
        {"bos", "allways", "--bos",
         "--bos: found \"allways\", expected one of auto, always, never; did you mean \"always\"?"},
        {"plots.format", "tiff", "--format", "--format: found \"tiff\", expected one of svg, png, pdf, term"},
        {"metrics", "sinks,,rmt", "--metrics", "--metrics: found nothing, expected a name or a list of names"},
        {"plots.steps", "1,x", "--at", "--at: found \"x\", expected whole numbers from 0"},
        {"header_limit", "12T", "--header-limit",
         "--header-limit: found \"12T\", expected a number of bytes from 1024 to 17179869184, such as 64M"},
        {"header_limit", "9223372036854775807G", "--header-limit",
         "--header-limit: found \"9223372036854775807G\", expected a number of bytes from 1024 to 17179869184, such as "
         "64M"},
        {"read_ahead", "2", "--read-ahead", "--read-ahead: found \"2\", expected true or false"},
        {"series", "x", "--series", "--series: series can only be given in a config file"},
        {"alerts", "x", "--alerts", "--alerts: alerts can only be given in a config file"},
        {"fetch", "rsync", "--fetch", "--fetch: fetch can only be given in a config file"},
        {"priority", "lo", "--priority",
         "--priority: found \"lo\", expected one of normal, low; did you mean \"low\"?"},
        {"shard", "0/4", "--shard",
         "--shard: found \"0/4\", expected I/N, the I-th of N parts, from 1/1 to 1000000/1000000"},
        {"watch.interval", "0", "--interval",
         "--interval: found \"0\", expected a time from 0.1s to 1h, such as 90, 1.5s, 5m or 2h"},
        {"watch.deadline", "-1s", "--deadline",
         "--deadline: found \"-1s\", expected a time from 0s to 30d, such as 90, 1.5s, 5m or 2h"},
        {"fetch_steps", "8,4", "--fetch-steps",
         "--fetch-steps: found \"4\", expected rising steps such as 0,1,2,8:512:8 (A:B:STRIDE), at most 1000000 of "
         "them"},
        {"sampels", "1", "--set", "--set: unknown key \"sampels\", did you mean \"samples\"?"},
        {"db", "", "--db", "--db: found nothing, expected a path"},
        {"samples", "1e3", "--samples", "--samples: found \"1e3\", expected a whole number from 1 to 1000000"},
        {"samples", "99999999999999999999", "--samples",
         "--samples: found \"99999999999999999999\", expected a whole number from 1 to 1000000"},
        {"samples", " 5", "--samples", "--samples: found \" 5\", expected a whole number from 1 to 1000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct spt_config config;
        struct spt_error error = {0};
        assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
        assert_int_equal(spt_config_set(&config, cases[i].key, cases[i].value, cases[i].origin, &error), SPT_INVALID);
        assert_string_equal(error.message, cases[i].message);
        assert_string_equal(error.path, "");
        spt_config_release(&config);
    }
}

static void a_caller_complains_at_the_place_where_the_key_was_set(void **state) {
    (void)state;
    struct spt_config c = parse("samples: 7\nmetrics: [sink]\n");
    struct spt_error error = {0};
    assert_int_equal(spt_config_reject(&c, "metrics", &error, "unknown metric \"%s\"", "sink"), SPT_INVALID);
    assert_string_equal(error.path, "runs/demo.yaml");
    assert_string_equal(error.message, "line 2, column 10: metrics: unknown metric \"sink\"");
    assert_int_equal(spt_config_set(&c, "metrics", "snk", "--metrics", NULL), SPT_OK);
    assert_int_equal(spt_config_reject(&c, "metrics", &error, "unknown metric \"%s\"", "snk"), SPT_INVALID);
    assert_string_equal(error.path, "");
    assert_string_equal(error.message, "--metrics: unknown metric \"snk\"");
    assert_int_equal(spt_config_reject(&c, "threads", &error, "too many"), SPT_INVALID);
    assert_string_equal(error.message, "threads: too many");
    spt_config_release(&c);
}

static void steps_are_ranges_with_both_ends_among_them(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t first, last;
    } good[] = {{"0:1000", 0, 1000}, {"512", 512, 512}, {":64", 0, 64}, {"64:", 64, INT64_MAX}, {"7:7", 7, 7}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct spt_config_steps steps = {0};
        assert_true(spt_config_parse_steps(good[i].text, &steps));
        assert_true(steps.first == good[i].first && steps.last == good[i].last);
        assert_true(spt_config_steps_has(steps, steps.first) && spt_config_steps_has(steps, steps.last));
        assert_false(spt_config_steps_has(steps, SPT_NO_STEP)); /* who asks for steps gets only what has one */
    }
    static const char *const bad[] = {"",   ":",     "a",    "1:b", "2:1", "-1:5",
                                      "-1", "1:2:3", "1 :2", "+1",  "1-2", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct spt_config_steps steps = {3, 4};
        assert_false(spt_config_parse_steps(bad[i], &steps));
        assert_true(steps.first == 3 && steps.last == 4);
    }
}

static bool set(struct spt_config *c, const char *key, const char *value) {
    return spt_config_set(c, key, value, "--it", NULL) == SPT_OK;
}

static void times_have_units_and_ranges(void **state) {
    (void)state;
    struct spt_config c = parse("");
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"10", 10}, {"10s", 10}, {"30m", 1800}, {"1h", 3600}, {"0.1", 0.1}, {".5m", 30}, {"1e2s", 100}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!set(&c, "watch.interval", good[i].text)) fail_msg("%s", good[i].text);
        assert_true(c.watch.interval == good[i].seconds);
    }
    static const char *const bad[] = {"",   "s",    "10 s", "10x", "10ss", "0x10",  "inf",  "nan", "+5",   " 5",
                                      "-1", "0.09", "61m",  "2h",  "1d",   "1e999", "1:30", ".",   "1.5.2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (set(&c, "watch.interval", bad[i])) fail_msg("\"%s\" was taken", bad[i]);
        assert_true(c.watch.interval == 100); /* as it was */
    }
    spt_config_release(&c);
}

static void a_shard_is_one_of_its_number(void **state) {
    (void)state;
    struct spt_config c = parse("");
    assert_true(set(&c, "shard", "1/1"));
    assert_true(set(&c, "shard", "1000000/1000000"));
    assert_int_equal(c.shard.index, 1000000);
    static const char *const bad[] = {"",    "1",    "/",    "1/",    "/2",        "3/2",
                                      "0/2", "-1/2", "1/-2", "1/2/3", "1/1000001", "a/b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (set(&c, "shard", bad[i])) fail_msg("\"%s\" was taken", bad[i]);
    assert_int_equal(c.shard.index, 1000000); /* as it was */
    spt_config_release(&c);
}

static void ranges_of_steps_unfold_to_the_steps_they_name(void **state) {
    (void)state;
    /* Pythia's 154 checkpoints (Biderman et al. 2023): 0, the powers of two up to 512, each thousand up to 143000 */
    struct spt_config c = parse("fetch_steps: [0, 1, 2, 4, '8', 16:16, 32, 64, 128, 256, 512, 1000:143000:1000]\n");
    int64_t steps[200];
    assert_int_equal(spt_config_step_count(&c.fetch_steps), 154);
    spt_config_step_list(&c.fetch_steps, steps);
    static const int64_t first[] = {0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) assert_int_equal(steps[i], first[i]);
    assert_int_equal(steps[153], 143000);
    assert_true(set(&c, "fetch_steps", "0:10:4")); /* 10 is not met: 0, 4, 8 */
    assert_int_equal(spt_config_step_count(&c.fetch_steps), 3);
    assert_int_equal(c.fetch_steps.items[0].last, 8);
    assert_true(set(&c, "fetch_steps", "0:10:4, 9"));
    assert_true(set(&c, "fetch_steps", "0:999999"));
    assert_true(set(&c, "fetch_steps", "9223372036854775807"));
    static const char *const bad[] = {"",
                                      ":",
                                      "1:",
                                      "1:2:",
                                      "1:2:0",
                                      "2:1",
                                      "1,1",
                                      "3:9,5",
                                      "-1",
                                      "1:2:3:4",
                                      "a",
                                      "0:1000000",
                                      "0:499999,500000:1000000",
                                      "0:9223372036854775807",
                                      "1:9223372036854775807:1",
                                      "1,,2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (set(&c, "fetch_steps", bad[i])) fail_msg("\"%s\" was taken", bad[i]);
    spt_config_release(&c);
}

static void rules_have_the_fields_of_their_kind(void **state) {
    (void)state;
    struct spt_config c =
        parse("alerts:\n"
              "  - {name: sink appears, metric: sink.first_excess, above: 0.3, in_a_row: 3, "
              "command: [./notify.sh, now], time_limit: 2m}\n"
              "  - {name: collapses, metric: rmt.participation, layer: 3, below: 2}\n"
              "  - {name: some head, when: above, metric: sink.first, layer: any, head: any, above: -1e-3}\n"
              "  - {name: weights turn NaN, when: nan}\n"
              "  - {name: trainer is stuck, when: stalled, after: 2h, command: [wall]}\n"
              "  - {name: same weights, when: duplicate}\n");
    const struct spt_config_alert *a = c.alerts.items;
    assert_int_equal(c.alerts.count, 6);
    assert_string_equal(a[0].name, "sink appears");
    assert_int_equal(a[0].when, SPT_ALERT_ABOVE);
    assert_string_equal(a[0].metric, "sink.first_excess");
    assert_int_equal(a[0].layer, SPT_CONFIG_WHOLE);
    assert_int_equal(a[0].head, SPT_CONFIG_WHOLE);
    assert_true(a[0].above == 0.3);
    assert_int_equal(a[0].in_a_row, 3);
    assert_int_equal(a[0].command.count, 2);
    assert_string_equal(a[0].command.items[0], "runs/./notify.sh");
    assert_string_equal(a[0].command.items[1], "now");
    assert_true(a[0].time_limit == 120);
    assert_int_equal(a[0].line, 2);
    assert_int_equal(a[0].column, 5);
    assert_int_equal(a[1].when, SPT_ALERT_BELOW);
    assert_int_equal(a[1].layer, 3);
    assert_true(a[1].below == 2 && a[1].above != a[1].above);
    assert_int_equal(a[1].in_a_row, 1);
    assert_int_equal(a[1].command.count, 0);
    assert_true(a[1].time_limit == 10);
    assert_int_equal(a[2].layer, SPT_CONFIG_ANY);
    assert_int_equal(a[2].head, SPT_CONFIG_ANY);
    assert_true(a[2].above == -0.001);
    assert_int_equal(a[3].when, SPT_ALERT_NAN);
    assert_null(a[3].metric);
    assert_int_equal(a[4].when, SPT_ALERT_STALLED);
    assert_true(a[4].after == 7200);
    assert_string_equal(a[4].command.items[0], "wall"); /* looked for in PATH */
    assert_int_equal(a[5].when, SPT_ALERT_DUPLICATE);
    struct spt_error error = {0};
    assert_int_equal(spt_config_reject_alert(&c, &a[1], &error, "no metric %s", "x"), SPT_INVALID);
    assert_string_equal(error.message, "line 3, column 5: alerts: \"collapses\": no metric x");
    assert_string_equal(error.path, "runs/demo.yaml");
    assert_int_equal(spt_config_parse(&c, "alerts: []\n", 11, "again.yaml", NULL), SPT_OK); /* the later one counts */
    assert_int_equal(c.alerts.count, 0);
    spt_config_release(&c);
}

/* --- bad files --- */
static const struct {
    const char *yaml, *message;
} BAD[] = {
    {"sampels: 3\n", "line 1, column 1: unknown key \"sampels\", did you mean \"samples\"?"},
    {"db: a\nsinks: 3\n",
     "line 2, column 1: unknown key \"sinks\"; known are run, name, db, out, probe, ids, samples, steps, every, "
     "metrics, "
     "step_pattern, "
     "model_config, tokenizer, bos, threads, references, symmetrize, topology_dimension, bootstrap, null_draws, keep, "
     "header_limit, read_ahead, priority, shard, fetch, fetch_steps, fetch_dir, fetch_name, fetch_tries, "
     "fetch_time_limit, series, alerts, plots, watch"},
    {"samples: 3\nsamples: 4\n", "line 2, column 1: samples: given twice, first in line 1"},
    {"plots: {format: svg}\nplots: {}\n", "line 2, column 1: plots: given twice, first in line 1"},
    {"plots:\n  format: svg\n  format: png\n", "line 3, column 3: plots.format: given twice, first in line 2"},
    {"plots:\n  formt: svg\n", "line 2, column 3: plots: unknown key \"formt\", did you mean \"format\"?"},
    {"plots:\n  db: x\n",
     "line 2, column 3: plots: unknown key \"db\"; known are figures, format, metric, layer, steps"},
    {"plots.format: svg\n", NULL},
    {"plots: svg\n", "line 1, column 8: plots: found a text, expected keys and values"},
    {"plots:\n", "line 1, column 7: plots: found nothing, expected keys and values"},
    {"plots: [svg]\n", "line 1, column 8: plots: found a list, expected keys and values"},
    {"samples: abc\n", "line 1, column 10: samples: found \"abc\", expected a whole number from 1 to 1000000"},
    {"samples: 0\n", "line 1, column 10: samples: found \"0\", expected a whole number from 1 to 1000000"},
    {"samples: 1.5\n", "line 1, column 10: samples: found \"1.5\", expected a whole number from 1 to 1000000"},
    {"samples: 0x10\n", "line 1, column 10: samples: found \"0x10\", expected a whole number from 1 to 1000000"},
    {"samples:\n", "line 1, column 9: samples: found nothing, expected a whole number from 1 to 1000000"},
    {"samples: ~\n", "line 1, column 10: samples: found nothing, expected a whole number from 1 to 1000000"},
    {"samples: [1]\n", "line 1, column 10: samples: found a list, expected a whole number from 1 to 1000000"},
    {"samples: {a: 1}\n",
     "line 1, column 10: samples: found keys and values, expected a whole number from 1 to 1000000"},
    {"tokenizer: null\n", "line 1, column 12: tokenizer: found nothing, expected a path"},
    {"db: ''\n", "line 1, column 5: db: found nothing, expected a path"},
    {"bos: sometimes\n", "line 1, column 6: bos: found \"sometimes\", expected one of auto, always, never"},
    {"plots:\n  format: sgv\n",
     "line 2, column 11: plots.format: found \"sgv\", expected one of svg, png, pdf, term; did you mean \"svg\"?"},
    {"topology_dimension: 3\n",
     "line 1, column 21: topology_dimension: found \"3\", expected a whole number from 1 to 2"},
    {"steps: 9:3\n", "line 1, column 8: steps: found \"9:3\", expected steps as A:B, A:, :B or A"},
    {"steps: [1, 2]\n", "line 1, column 8: steps: found a list, expected steps as A:B, A:, :B or A"},
    {"metrics:\n  - sinks\n  - [rmt]\n", "line 3, column 5: metrics: found a list, expected a name or a list of names"},
    {"metrics:\n  - sinks\n  -\n", "line 3, column 4: metrics: found nothing, expected a name or a list of names"},
    {"plots: {steps: [0, many]}\n", "line 1, column 20: plots.steps: found \"many\", expected whole numbers from 0"},
    {"series: train.jsonl\n", "line 1, column 9: series: found a text, expected a list of {file, step, value, label}"},
    {"series: {file: a, value: b}\n",
     "line 1, column 9: series: found keys and values, expected a list of {file, step, value, label}"},
    {"series:\n  - a.csv\n", "line 2, column 5: series: found a text, expected a list of {file, step, value, label}"},
    {"series:\n  - {value: loss}\n", "line 2, column 5: series: \"file\" is missing: the JSONL or CSV file to read"},
    {"series:\n  - {file: a}\n", "line 2, column 5: series: \"value\" is missing: the name of the column to read"},
    {"series:\n  - {file: a, file: b}\n", "line 2, column 15: series.file: given twice, first in line 2"},
    {"series:\n  - {file: a, values: b}\n",
     "line 2, column 15: series: unknown key \"values\", did you mean \"value\"?"},
    {"series:\n  - {file: a, colour: b}\n",
     "line 2, column 15: series: unknown key \"colour\"; known are file, step, value, label"},
    {"series:\n  - {file: a, value: }\n", "line 2, column 22: series.value: found nothing, expected a text"},
    {"series:\n  - {file: a, value: [b]}\n", "line 2, column 22: series.value: found a list, expected a text"},
    {"watch: 10s\n", "line 1, column 8: watch: found a text, expected keys and values"},
    {"watch: {quite_period: 10s}\n",
     "line 1, column 9: watch: unknown key \"quite_period\", did you mean \"quiet_period\"?"},
    {"watch:\n  deadline: soon\n",
     "line 2, column 13: watch.deadline: found \"soon\", expected a time from 0s to 30d, such as 90, 1.5s, 5m or 2h"},
    {"fetch: rsync {step}\n",
     "line 1, column 8: fetch: found \"rsync {step}\", expected a program and its arguments as a list"},
    {"fetch: [rsync, [a]]\n", "line 1, column 16: fetch: found a list, expected a program and its arguments as a list"},
    {"fetch: [rsync, '']\n", "line 1, column 16: fetch: found nothing, expected a program and its arguments as a list"},
    {"shard: 5/4\n",
     "line 1, column 8: shard: found \"5/4\", expected I/N, the I-th of N parts, from 1/1 to 1000000/1000000"},
    {"alerts: {name: x}\n",
     "line 1, column 9: alerts: found keys and values, expected a list of {name, when, metric, layer, head, above, below, "
     "in_a_row, after, command, time_limit}"},
    {"alerts:\n  - {when: nan}\n",
     "line 2, column 5: alerts: \"name\" is missing: what the rule is called in messages and events"},
    {"alerts:\n  - {name: a, when: nan}\n  - {name: b, when: nan}\n  - {name: a, when: nan}\n",
     "line 4, column 5: alerts: the name \"a\" is given twice, first in line 2"},
    {"alerts:\n  - {name: a}\n",
     "line 2, column 5: alerts: \"a\": \"when\" is missing: above, below, nan, stalled or duplicate"},
    {"alerts:\n  - {name: a, when: stuck}\n",
     "line 2, column 21: alerts.when: found \"stuck\", expected one of above, below, nan, stalled, duplicate"},
    {"alerts:\n  - {name: a, when: belwo}\n",
     "line 2, column 21: alerts.when: found \"belwo\", expected one of above, below, nan, stalled, duplicate; did you "
     "mean \"below\"?"},
    {"alerts:\n  - {name: a, above: 1}\n",
     "line 2, column 5: alerts: \"a\": \"metric\" is missing: the figure that is judged"},
    {"alerts:\n  - {name: a, metric: loss, above: 1, below: 0}\n",
     "line 2, column 5: alerts: \"a\": found \"above\" and \"below\", expected one of them: make it two rules"},
    {"alerts:\n  - {name: a, metric: loss, when: below, above: 1}\n",
     "line 2, column 5: alerts: \"a\": a rule of the kind below takes no \"above\""},
    {"alerts:\n  - {name: a, metric: loss, when: below}\n",
     "line 2, column 5: alerts: \"a\": \"below\" is missing: the rule holds below this"},
    {"alerts:\n  - {name: a, when: stalled}\n",
     "line 2, column 5: alerts: \"a\": \"after\" is missing: no new checkpoint for so long"},
    {"alerts:\n  - {name: a, when: stalled, after: 2h, in_a_row: 2}\n",
     "line 2, column 5: alerts: \"a\": a rule of the kind stalled takes no \"in_a_row\""},
    {"alerts:\n  - {name: a, when: nan, layer: 2}\n",
     "line 2, column 5: alerts: \"a\": \"layer\" without \"metric\": the figure that is judged"},
    {"alerts:\n  - {name: a, metric: loss, above: 2, head: 2}\n",
     "line 2, column 5: alerts: \"a\": \"head\" without \"layer\": a number, or any"},
    {"alerts:\n  - {name: a, metric: loss, above: .inf}\n",
     "line 2, column 36: alerts.above: found \".inf\", expected a number"},
    {"alerts:\n  - {name: a, metric: loss, above: 1, layer: all}\n",
     "line 2, column 46: alerts.layer: found \"all\", expected a whole number from 0 to 65535, or any"},
    {"alerts:\n  - {name: a, metric: loss, above: 1, command: notify.sh}\n",
     "line 2, column 48: alerts.command: found \"notify.sh\", expected a program and its arguments as a list"},
    {"alerts:\n  - {name: a, metric: loss, above: 1, in_a_row: 0}\n",
     "line 2, column 49: alerts.in_a_row: found \"0\", expected a whole number from 1 to 1000000"},
    {"alerts:\n  - {name: a, threshold: 1}\n",
     "line 2, column 15: alerts: unknown key \"threshold\"; known are name, when, metric, layer, head, above, below, "
     "in_a_row, after, command, time_limit"},
    {"alerts:\n  - {name: a, name: b}\n", "line 2, column 15: alerts.name: given twice, first in line 2"},
    {"- run\n", "line 1, column 1: found a list, expected keys and values such as \"samples: 100\""},
    {"just words\n", "line 1, column 1: found a text, expected keys and values such as \"samples: 100\""},
    {"? [a]\n: b\n", "line 1, column 3: found a list, expected a text"},
    {"db: &a x\nout: y\n", "line 1, column 5: anchors (&name) are not read here"},
    {"db: x\nout: *a\n", "line 2, column 6: aliases (*name) are not read here"},
    {"samples: !!int 3\n", "line 1, column 10: tags (!name) are not read here"},
    {"db: !python/object:os.system x\n", "line 1, column 5: tags (!name) are not read here"},
    {"db: x\n---\nout: y\n", "line 2, column 1: a second document begins, a config is one"},
    {"db: \"a\\0b\"\n", "line 1, column 5: the text holds a NUL"},
    {"db: [a\n", "line 2, column 1: while parsing a flow sequence: did not find expected ',' or ']'"},
    {"db: x\n  out: y\n", "line 2, column 6: mapping values are not allowed in this context"},
    {"db: 'x\n", "line 2, column 1: while scanning a quoted scalar: found unexpected end of stream"},
    {"\tdb: x\n", "line 1, column 1: while scanning for the next token: found character that cannot start any token"},
    {"db: \xff\n", "byte 4: invalid leading UTF-8 octet"},
    {"db: a\x01"
     "b\n",
     "byte 5: control characters are not allowed"},
    {"samples: aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg\n",
     "line 1, column 10: samples: found \"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff...\", expected "
     "a whole "
     "number from 1 to 1000000"},
};

static void every_bad_file_gets_its_sentence(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct spt_config config;
        struct spt_error error = {0};
        assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
        const enum spt_status status = spt_config_parse(&config, BAD[i].yaml, strlen(BAD[i].yaml), "c.yaml", &error);
        spt_config_release(&config);
        if (status == SPT_INVALID && strcmp(error.path, "c.yaml") == 0 &&
            (BAD[i].message ? strcmp(error.message, BAD[i].message) == 0
                            : strstr(error.message, ": unknown key ") != NULL))
            continue;
        print_message("%s\n  found    %s\n  expected %s\n", BAD[i].yaml, error.message, BAD[i].message);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void keys_of_later_versions_are_refused_not_ignored(void **state) {
    (void)state;
    static const char *const later[] = {"cluster: 1\n", "watch: {email: x}\n", "alerts: [{name: a, email: x}]\n"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        struct spt_config config;
        struct spt_error error = {0};
        assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
        assert_int_equal(spt_config_parse(&config, later[i], strlen(later[i]), "c.yaml", &error), SPT_INVALID);
        assert_non_null(strstr(error.message, "unknown key"));
        spt_config_release(&config);
    }
}

static enum spt_status status_of(const char *bytes, size_t size, struct spt_error *error) {
    struct spt_config config;
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    const enum spt_status status = spt_config_parse(&config, bytes, size, "c.yaml", error);
    spt_config_release(&config);
    return status;
}

static void documents_that_grow_are_refused(void **state) {
    (void)state;
    struct spt_error error = {0};
    struct spt_text text = {0};
    for (int i = 0; i < 1000; i++) spt_text_put(&text, "[");
    assert_int_equal(status_of(text.data, text.length, &error), SPT_INVALID);
    assert_string_equal(error.message, "line 1, column 17: lists and keys are nested more than 16 deep");
    spt_text_clear(&text);
    for (int i = 0; i < 1000; i++) spt_text_put(&text, "{a: ");
    assert_int_equal(status_of(text.data, text.length, &error), SPT_INVALID);
    spt_text_clear(&text);
    for (int i = 0; i < 1000; i++) { /* by indentation, whose text alone is half a MiB */
        spt_text_format(&text, "%*sa:\n", i, "");
    }
    assert_int_equal(status_of(text.data, text.length, &error), SPT_INVALID);
    spt_text_clear(&text);

    spt_text_put(&text, "a: &a [x,x,x,x,x,x,x,x,x]\n"); /* the billion laughs */
    for (char c = 'b'; c <= 'i'; c++) {
        spt_text_format(&text, "%c: &%c [", c, c);
        for (int i = 0; i < 9; i++) spt_text_format(&text, "%s*%c", i ? "," : "", c - 1);
        spt_text_put(&text, "]\n");
    }
    assert_int_equal(status_of(text.data, text.length, &error), SPT_INVALID);
    assert_string_equal(error.message, "line 1, column 4: anchors (&name) are not read here");
    spt_text_clear(&text);

    spt_text_put(&text, "metrics: [x");
    for (int i = 0; i < 100000; i++) spt_text_put(&text, ",x");
    spt_text_put(&text, "]\n");
    assert_int_equal(status_of(text.data, text.length, &error), SPT_INVALID);
    assert_non_null(strstr(error.message, "there are more than 100000 values"));
    spt_text_clear(&text);

    while (text.length <= 1 << 20) spt_text_put(&text, "# a comment of some length\n");
    assert_int_equal(status_of(text.data, text.length, &error), SPT_UNSUPPORTED);
    assert_int_equal(status_of(text.data, 1 << 20, &error), SPT_OK); /* comments only, at the limit */
    spt_text_release(&text);
}

static void a_file_of_comments_or_nothing_is_all_defaults(void **state) {
    (void)state;
    struct spt_config c = parse("# nothing here\n");
    assert_int_equal(c.samples, 100);
    spt_config_release(&c);
    c = parse("");
    spt_config_release(&c);
    c = parse("\xef\xbb\xbfsamples: 5\r\nthreads: 1\r\n"); /* as some editors write it */
    assert_int_equal(c.samples, 5);
    spt_config_release(&c);
}

static void every_row_of_the_table_can_be_printed_as_help(void **state) {
    (void)state;
    size_t count;
    const struct spt_config_key *keys = spt_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        struct spt_text text = {0};
        spt_config_expected(&keys[i], &text);
        assert_true(text.length > 5);
        assert_true(strlen(keys[i].help) > 10 && keys[i].argument);
        assert_ptr_equal(spt_config_key_find(keys[i].name), &keys[i]);
        for (size_t j = 0; j < i; j++)
            assert_false(keys[i].option && keys[j].option && strcmp(keys[i].option, keys[j].option) == 0);
        spt_text_release(&text);
    }
    assert_null(spt_config_key_find("plots"));
    assert_null(spt_config_key_find("watch"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_what_the_design_says),
        cmocka_unit_test(every_key_of_a_file_reaches_its_field),
        cmocka_unit_test(choices_are_in_the_order_of_the_enumerations_they_stand_for),
        cmocka_unit_test(options_override_the_file_and_paths_of_options_are_left_alone),
        cmocka_unit_test(a_bad_option_gets_the_same_sentence_as_a_bad_key),
        cmocka_unit_test(a_caller_complains_at_the_place_where_the_key_was_set),
        cmocka_unit_test(steps_are_ranges_with_both_ends_among_them),
        cmocka_unit_test(times_have_units_and_ranges),
        cmocka_unit_test(a_shard_is_one_of_its_number),
        cmocka_unit_test(ranges_of_steps_unfold_to_the_steps_they_name),
        cmocka_unit_test(rules_have_the_fields_of_their_kind),
        cmocka_unit_test(every_bad_file_gets_its_sentence),
        cmocka_unit_test(keys_of_later_versions_are_refused_not_ignored),
        cmocka_unit_test(documents_that_grow_are_refused),
        cmocka_unit_test(a_file_of_comments_or_nothing_is_all_defaults),
        cmocka_unit_test(every_row_of_the_table_can_be_printed_as_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
