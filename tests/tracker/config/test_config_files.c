/* The configs that come with spectail are read, say what they promise, and explain every key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/json.h"
#include "tracker/config/config.h"
#include "tracker/config/probe_file.h"

static struct spt_config read_config(const char *path) {
    struct spt_config config;
    struct spt_error error = {0};
    assert_int_equal(spt_config_init(&config, NULL), SPT_OK);
    if (spt_config_read(&config, path, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    return config;
}

static void the_demo_points_at_files_that_are_there(void **state) {
    (void)state;
    struct spt_config config = read_config(SPT_CONFIGS "/demo.yaml");
    assert_int_equal(config.run.count, 1);
    assert_true(spt_file_is_directory(config.run.items[0]));
    assert_int_equal(config.samples, 100);
    struct spt_probe_lines lines;
    assert_int_equal(spt_probe_lines_read(config.probe, (size_t)config.samples, &lines, NULL), SPT_OK);
    assert_int_equal(lines.count, 100);
    spt_probe_lines_release(&lines);
    assert_int_equal(spt_probe_lines_read(config.probe, 1000, &lines, NULL), SPT_OK);
    assert_int_equal(lines.count, 500);
    spt_probe_lines_release(&lines);

    assert_int_equal(config.series.count, 1);
    char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(spt_file_read_all(config.series.items[0].file, 1 << 20, &bytes, &size, NULL), SPT_OK);
    struct spt_json_document *first = NULL;
    assert_int_equal(spt_json_parse(bytes, strcspn(bytes, "\n"), "train.jsonl", 0, false, &first, NULL), SPT_OK);
    assert_int_equal(spt_json_kind(spt_json_get(spt_json_root(first), config.series.items[0].step)), SPT_JSON_INTEGER);
    assert_int_equal(spt_json_kind(spt_json_get(spt_json_root(first), config.series.items[0].value)), SPT_JSON_REAL);
    spt_json_free(first);
    free(bytes);
    spt_config_release(&config);
}

/* tests/configs/paper.sh runs it, and finds figures of every group. */
static void the_paper_asks_all_sentences_and_keeps_heads(void **state) {
    (void)state;
    struct spt_config config = read_config(SPT_CONFIGS "/paper.yaml");
    assert_true(spt_file_is_directory(config.run.items[0]));
    assert_int_equal(config.samples, 500);
    struct spt_probe_lines lines;
    assert_int_equal(spt_probe_lines_read(config.probe, 1000, &lines, NULL), SPT_OK);
    assert_int_equal(lines.count, 500);
    spt_probe_lines_release(&lines);
    assert_true(config.keep == 1 && config.keep_draws && config.control == 1);
    spt_config_release(&config);
}

static void pythia_takes_a_hundred_samples_of_every_step(void **state) {
    (void)state;
    struct spt_config config = read_config(SPT_CONFIGS "/pythia.yaml");
    assert_int_equal(config.run.count, 0); /* the command line says which model */
    assert_int_equal(config.samples, 100);
    assert_int_equal(config.every, 1);
    assert_true(spt_config_steps_has(config.steps, 0) && spt_config_steps_has(config.steps, 143000));
    assert_int_equal(access(config.probe, R_OK), 0);
    spt_config_release(&config);
}

/* 154 public checkpoints: step 0, the powers of two up to 512, each thousand up to 143000 (Biderman et al. 2023). */
static void pythia_fetches_each_of_its_154_steps(void **state) {
    (void)state;
    struct spt_config config = read_config(SPT_CONFIGS "/pythia.yaml");
    int64_t steps[154];
    assert_int_equal(spt_config_step_count(&config.fetch_steps), 154);
    spt_config_step_list(&config.fetch_steps, steps);
    assert_int_equal(steps[0], 0);
    for (int i = 0; i < 10; i++) assert_int_equal(steps[1 + i], 1 << i);
    for (int i = 0; i < 143; i++) assert_int_equal(steps[11 + i], 1000 * (i + 1));
    assert_string_equal(config.fetch.items[0], "hf"); /* found in PATH */
    size_t models = 0, with_step = 0, with_dir = 0;
    for (size_t i = 0; i < config.fetch.count; i++) {
        models += strncmp(config.fetch.items[i], "EleutherAI/pythia-", 18) == 0;
        with_step += strstr(config.fetch.items[i], "{step}") != NULL;
        with_dir += strcmp(config.fetch.items[i], "{dir}") == 0;
    }
    assert_int_equal(models, 1);
    assert_int_equal(with_step, 1);
    assert_int_equal(with_dir, 1);
    assert_null(config.fetch_dir); /* the command line says where: without it nothing is fetched */
    spt_config_release(&config);
}

static void a_tail_asks_for_little_and_rings_for_each_kind_of_rule(void **state) {
    (void)state;
    struct spt_config config = read_config(SPT_CONFIGS "/tail.yaml");
    assert_int_equal(config.run.count, 0); /* the command line says which run */
    assert_int_equal(config.priority, 1);
    assert_int_equal(access(config.probe, R_OK), 0);
    assert_true(config.watch.quiet_period == 10);
    assert_string_equal(config.watch.plots, SPT_CONFIGS "/figures");
    bool seen[SPT_ALERT_WHEN_COUNT] = {false};
    for (size_t i = 0; i < config.alerts.count; i++) {
        seen[config.alerts.items[i].when] = true;
        if (config.alerts.items[i].command.count)
            assert_int_equal(access(config.alerts.items[i].command.items[0], X_OK), 0);
    }
    for (size_t i = 0; i < SPT_ALERT_WHEN_COUNT; i++) assert_true(seen[i]);
    spt_config_release(&config);
}

/* Every line that sets a key stands under a comment, or further in than the "- " of an item, whose first key does. */
static void every_key_is_explained(void **state) {
    (void)state;
    static const char *const files[] = {SPT_CONFIGS "/demo.yaml", SPT_CONFIGS "/paper.yaml", SPT_CONFIGS "/pythia.yaml",
                                        SPT_CONFIGS "/tail.yaml"};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        char *bytes = NULL, *rest;
        size_t size = 0;
        assert_int_equal(spt_file_read_all(files[f], 1 << 20, &bytes, &size, NULL), SPT_OK);
        bool explained = false;
        size_t item = SIZE_MAX; /* how far in the dash of the item at hand stands */
        rest = bytes;
        for (char *line; (line = strsep(&rest, "\n")) != NULL; explained = line[strspn(line, " ")] == '#') {
            const size_t indent = strspn(line, " ");
            const char *text = line + indent;
            if (*text == '#' || *text == '\0') continue;
            if (indent <= item) item = *text == '-' ? indent : SIZE_MAX;
            const bool within = indent > item || (*text == '-' && !strchr(text, ':')); /* or a list of words */
            if (!within && !explained) fail_msg("%s: \"%s\" is not explained", files[f], line);
        }
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo_points_at_files_that_are_there),
        cmocka_unit_test(the_paper_asks_all_sentences_and_keeps_heads),
        cmocka_unit_test(pythia_takes_a_hundred_samples_of_every_step),
        cmocka_unit_test(pythia_fetches_each_of_its_154_steps),
        cmocka_unit_test(a_tail_asks_for_little_and_rings_for_each_kind_of_rule),
        cmocka_unit_test(every_key_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
