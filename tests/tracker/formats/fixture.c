#include "fixture.h"

#include "checkpoints/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t fixture_add_run(struct spt_store *store, const char *name, uint64_t probe) {
    struct spt_store_run run = {
        .name = (char *)name,
        .source = (char *)"/runs",
        .model = {1, 2},
        .probe = {probe, 4},
        .plan = {5, 6},
        .layers = 6,
        .heads = 4,
        .samples = 100,
        .mask = (char *)"causal",
    };
    struct spt_error error = {0};
    if (spt_store_find_or_add_run(store, &run, &error) != SPT_OK) fail_msg("%s", error.message);
    return run.id;
}

struct spt_store_checkpoint fixture_put(struct spt_store *store, int64_t run, const char *branch, int64_t step,
                                        const struct figure *figures, size_t count) {
    char finished[32], label[64];
    (void)snprintf(finished, sizeof finished, "2024-01-02T03:04:%02dZ", step == SPT_NO_STEP ? 5 : (int)step + 5);
    if (step == SPT_NO_STEP)
        (void)snprintf(label, sizeof label, "%smain", branch);
    else
        (void)snprintf(label, sizeof label, "%sstep%d", branch, (int)step);
    struct spt_store_checkpoint row = fixture_row(label, step, 1);
    row.branch = (char *)branch;
    row.finished = finished;
    struct spt_error error = {0};
    enum spt_status status = spt_store_begin(store, run, &row, false, &error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        const struct spt_measure measure = {
            fixture_metric(figures[i].metric), figures[i].layer, figures[i].head, figures[i].mean, NAN, NAN, NAN, 100,
            isnan(figures[i].mean) ? 100 : 0};
        status = spt_store_put_measure(store, &measure, &error);
    }
    if (status == SPT_OK) status = spt_store_commit(store, &error);
    if (status != SPT_OK) fail_msg("%s", error.message);
    row.label = row.uri = row.finished = NULL; /* of this call; now is as good a time */
    return row;
}

char *fixture_export(struct spt_store *store, const char *name, int64_t run, bool heads, bool events) {
    struct spt_store_run *all = NULL;
    size_t count = 0, at = 0;
    struct spt_error error = {0};
    const struct spt_format *format = spt_format_find(name);
    assert_non_null(format);
    assert_int_equal(spt_store_runs(store, &all, &count, &error), SPT_OK);
    while (run && all[at].id != run) assert_true(++at < count);
    const struct spt_export export = {.store = store,
                                      .runs = all + at,
                                      .run_count = run ? 1 : count,
                                      .all = all,
                                      .all_count = count,
                                      .whole = run == 0,
                                      .choice = {.heads = heads}};
    struct spt_destination out;
    assert_int_equal(spt_destination_open(&out, "export.out", false, &error), SPT_OK);
    if ((events ? format->events : format->figures)(&export, &out, &error) != SPT_OK ||
        spt_destination_commit(&out, &error) != SPT_OK)
        fail_msg("%s", error.message);
    spt_destination_release(&out);
    spt_store_free_runs(all, count);
    char *text = NULL;
    size_t size = 0;
    assert_int_equal(spt_file_read_all("export.out", 1 << 28, &text, &size, &error), SPT_OK);
    assert_int_equal(unlink("export.out"), 0);
    return text;
}
