/* Every way a file can be wrong, with the exact sentence it gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tracker/config/config.h"

static const struct {
    const char *yaml, *message;
} BAD[] = {
    {"sampels: 3\n", "line 1, column 1: unknown key \"sampels\", did you mean \"samples\"?"},
    {"db: a\nsinks: 3\n",
     "line 2, column 1: unknown key \"sinks\"; known are run, name, db, out, probe, ids, samples, steps, every, "
     "metrics, "
     "step_pattern, "
     "model_config, tokenizer, bos, threads, references, symmetrize, topology_dimension, bootstrap, null_draws, control, keep, keep_draws, "
     "header_limit, tmpdir, spool_limit, read_ahead, priority, shard, fetch, fetch_steps, fetch_dir, fetch_name, fetch_tries, "
     "fetch_time_limit, series, alerts, plots, watch"},
    {"samples: 3\nsamples: 4\n", "line 2, column 1: samples: given twice, first in line 1"},
    {"plots: {format: svg}\nplots: {}\n", "line 2, column 1: plots: given twice, first in line 1"},
    {"plots:\n  format: svg\n  format: png\n", "line 3, column 3: plots.format: given twice, first in line 2"},
    {"plots:\n  formt: svg\n", "line 2, column 3: plots: unknown key \"formt\", did you mean \"format\"?"},
    {"plots:\n  db: x\n",
     "line 2, column 3: plots: unknown key \"db\"; known are figures, format, metric, layer, head, sample, text, scale, steps, axis"},
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_file_gets_its_sentence),
        cmocka_unit_test(keys_of_later_versions_are_refused_not_ignored),
        cmocka_unit_test(documents_that_grow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
