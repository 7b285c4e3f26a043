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

/* Every line that sets a key stands under a comment, or under another line of the same list or section. */
static void every_key_is_explained(void **state) {
    (void)state;
    static const char *const files[] = {SPT_CONFIGS "/demo.yaml", SPT_CONFIGS "/pythia.yaml"};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        char *bytes = NULL, *rest;
        size_t size = 0;
        assert_int_equal(spt_file_read_all(files[f], 1 << 20, &bytes, &size, NULL), SPT_OK);
        bool explained = false;
        rest = bytes;
        for (char *line; (line = strsep(&rest, "\n")) != NULL; explained = line[strspn(line, " ")] == '#') {
            const char *text = line + strspn(line, " ");
            if (*text == '#' || *text == '\0' || *text == '-') continue;
            if (strncmp(text, "value:", 6) == 0 || strncmp(text, "label:", 6) == 0 || strncmp(text, "step:", 5) == 0)
                continue;
            if (!explained && !strstr(text, "# ")) fail_msg("%s: \"%s\" is not explained", files[f], line);
        }
        free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo_points_at_files_that_are_there),
        cmocka_unit_test(pythia_takes_a_hundred_samples_of_every_step),
        cmocka_unit_test(every_key_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
