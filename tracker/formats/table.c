/* The table of formats, and what those of one line a figure share. */
#include "tracker/formats/format.h"

#include "analysis/metric.h"
#include "tracker/formats/names.h"

#include <limits.h>
#include <string.h>

/* clang-format off */
const struct spt_format SPT_FORMATS[] = {
    {"csv",         "comma separated values with a header row",      false, spt_csv_figures,         spt_csv_events},
    {"jsonl",       "a JSON object a line",                          false, spt_jsonl_figures,       spt_jsonl_events},
    {"tensorboard", "a folder of TensorBoard's event files",         true,  spt_tensorboard_figures, NULL},
    {"prometheus",  "Prometheus' text: the latest checkpoint alone", false, spt_prometheus_figures,  NULL},
};
/* clang-format on */
const size_t SPT_FORMAT_COUNT = sizeof SPT_FORMATS / sizeof *SPT_FORMATS;

const struct spt_format *spt_format_find(const char *name) {
    for (size_t i = 0; i < SPT_FORMAT_COUNT; i++)
        if (strcmp(SPT_FORMATS[i].name, name) == 0) return &SPT_FORMATS[i];
    return NULL;
}

bool spt_figure_chosen(const struct spt_figure_choice *choice, const char *metric) {
    if (!choice->metrics) return true;
    const size_t row = spt_metric_find(metric);
    return row < SPT_METRIC_COUNT && choice->metrics[row];
}

/* --- lines --- */
struct lines {
    const struct spt_export *export;
    struct spt_destination *output;
    spt_measure_line_fn *measure;
    const char *run;
};

static enum spt_status on_measure(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    struct lines *lines = context;
    if (!spt_figure_chosen(&lines->export->choice, measure->metric)) return SPT_OK;
    lines->measure(&lines->output->text, lines->run, measure);
    return spt_destination_settle(lines->output, error);
}

/* A run that is written alone goes by the name it has; beside others it must be told from those of the same name. */
static const char *name_of(const struct spt_export *export, char *const *names, size_t i) {
    return export->whole ? names[&export->runs[i] - export->all] : export->runs[i].name;
}

enum spt_status spt_export_measures(const struct spt_export *export, const char *header, spt_measure_line_fn *line,
                                    struct spt_destination *output, struct spt_error *error) {
    struct lines lines = {.export = export, .output = output, .measure = line};
    char **names = spt_run_names(export->all, export->all_count);
    if (!names) return spt_fail_memory(error, export->all_count * sizeof *names, "the names of runs");
    enum spt_status status = SPT_OK;
    spt_text_put(&output->text, header);
    for (size_t i = 0; i < export->run_count && status == SPT_OK; i++) {
        lines.run = name_of(export, names, i);
        status = spt_store_each_measure(export->store, export->runs[i].id, NULL, INT_MIN, INT_MIN, on_measure, &lines,
                                        error);
    }
    spt_run_names_free(names, export->all_count);
    return status;
}

static enum spt_status put_events(const struct spt_export *export, int64_t run, const char *name,
                                  spt_event_line_fn *line, struct spt_destination *output, struct spt_error *error) {
    struct spt_store_event *events = NULL;
    size_t count = 0;
    enum spt_status status = spt_store_events(export->store, run, NULL, &events, &count, error);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        line(&output->text, name, &events[i]);
        status = spt_destination_settle(output, error);
    }
    spt_store_free_events(events, count);
    return status;
}

enum spt_status spt_export_events(const struct spt_export *export, const char *header, spt_event_line_fn *line,
                                  struct spt_destination *output, struct spt_error *error) {
    char **names = spt_run_names(export->all, export->all_count);
    if (!names) return spt_fail_memory(error, export->all_count * sizeof *names, "the names of runs");
    enum spt_status status = SPT_OK;
    spt_text_put(&output->text, header);
    for (size_t i = 0; i < export->run_count && status == SPT_OK; i++)
        status = put_events(export, export->runs[i].id, name_of(export, names, i), line, output, error);
    if (export->whole && status == SPT_OK) status = put_events(export, 0, NULL, line, output, error);
    spt_run_names_free(names, export->all_count);
    return status;
}
