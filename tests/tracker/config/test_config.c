/* Keys, their defaults, and options over files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "analysis/plan.h"
#include "checkpoints/run.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "plots/plot.h"
#include "tracker/config/config.h"
#include "tracker/control.h"

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
    assert_true(config.keep_draws);
    assert_int_equal(config.control, 0);
    assert_int_equal(config.threads, 0);
    assert_int_equal(config.header_limit, 32 * 1024 * 1024);
    assert_null(config.tmpdir);
    assert_int_equal(config.spool_limit, INT64_C(32) << 30);
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
    assert_int_equal(config.plots.head, -1);
    assert_int_equal(config.plots.sample, 0);
    assert_null(config.plots.text);
    assert_int_equal(config.plots.scale, 0);
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
                                "keep_draws: false\n"
                                "control: shuffled\n"
                                "header_limit: 2G\n"
                                "tmpdir: /scratch\n"
                                "spool_limit: 1024G\n"
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
                                "  head: 2\n"
                                "  sample: 12\n"
                                "  text: a field\n"
                                "  scale: root\n"
                                "  steps: [0, 512]\n"
                                "  axis: tokens\n");
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
    assert_false(c.keep_draws);
    assert_int_equal(c.control, 1);
    assert_int_equal(c.header_limit, 2147483648);
    assert_string_equal(c.tmpdir, "/scratch");
    assert_int_equal(c.spool_limit, INT64_C(1) << 40);
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
    assert_int_equal(c.plots.head, 2);
    assert_int_equal(c.plots.sample, 12);
    assert_string_equal(c.plots.text, "a field");
    assert_int_equal(c.plots.scale, 1);
    assert_int_equal(c.plots.steps.count, 2);
    assert_int_equal(c.plots.steps.items[1], 512);
    assert_int_equal(c.plots.axis, SPT_PLOT_TOKENS);
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
    assert_string_equal(spt_config_key_find("control")->choices[SPT_CONTROL_NONE], "none");
    assert_string_equal(spt_config_key_find("control")->choices[SPT_CONTROL_SHUFFLED], "shuffled");
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
        cmocka_unit_test(a_file_of_comments_or_nothing_is_all_defaults),
        cmocka_unit_test(every_row_of_the_table_can_be_printed_as_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
