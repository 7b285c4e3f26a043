#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/run.h"
#include "tracker/commands/commands.h"
#include "tracker/metric_choice.h"
#include "tracker/runs_of_store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_BYTES = 1 << 16 };

/* A format is what it writes before the first figure, and for each. */
struct format {
    const char *name;
    const char *header;
    void (*row)(struct spt_text *out, const char *run, const struct spt_store_measure *measure);
};

/* --- CSV (RFC 4180) --- */

static void put_csv_text(struct spt_text *out, const char *text) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        spt_text_put(out, text);
        return;
    }
    spt_text_put(out, "\"");
    for (; *text; text++) spt_text_append(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    spt_text_put(out, "\"");
}

static void put_csv_row(struct spt_text *out, const char *run, const struct spt_store_measure *m) {
    const double numbers[] = {m->mean, m->sd, m->lo, m->hi};
    put_csv_text(out, run);
    spt_text_put(out, ",");
    put_csv_text(out, m->checkpoint->branch);
    spt_text_put(out, ",");
    if (m->checkpoint->step != SPT_NO_STEP) spt_text_format(out, "%lld", (long long)m->checkpoint->step);
    spt_text_put(out, ",");
    put_csv_text(out, m->checkpoint->label);
    spt_text_put(out, ",");
    put_csv_text(out, m->metric);
    spt_text_format(out, ",%d,%d", m->layer, m->head);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        spt_text_put(out, ",");
        spt_text_put_number(out, numbers[i]);
    }
    spt_text_format(out, ",%lld,%lld\n", (long long)m->n, (long long)m->bad);
}

/* --- JSON lines --- */

static void put_jsonl_row(struct spt_text *out, const char *run, const struct spt_store_measure *m) {
    static const char *const NAMES[] = {"mean", "sd", "lo", "hi"};
    const double numbers[] = {m->mean, m->sd, m->lo, m->hi};
    spt_text_put(out, "{\"run\": ");
    spt_text_put_json(out, run);
    spt_text_put(out, ", \"branch\": ");
    spt_text_put_json(out, m->checkpoint->branch);
    spt_text_put(out, ", \"step\": ");
    if (m->checkpoint->step != SPT_NO_STEP)
        spt_text_format(out, "%lld", (long long)m->checkpoint->step);
    else
        spt_text_put(out, "null");
    spt_text_put(out, ", \"label\": ");
    spt_text_put_json(out, m->checkpoint->label);
    spt_text_put(out, ", \"metric\": ");
    spt_text_put_json(out, m->metric);
    spt_text_format(out, ", \"layer\": %d, \"head\": %d", m->layer, m->head);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        spt_text_format(out, ", \"%s\": ", NAMES[i]);
        spt_text_put_json_number(out, numbers[i]);
    }
    spt_text_format(out, ", \"n\": %lld, \"bad\": %lld}\n", (long long)m->n, (long long)m->bad);
}

static const struct format FORMATS[] = {
    {"csv", "run,branch,step,label,metric,layer,head,mean,sd,lo,hi,n,bad\n", put_csv_row},
    {"jsonl", "", put_jsonl_row},
};

/* --- the command --- */

struct export {
    struct spt_invocation *invocation;
    const struct format *format;
    FILE *stream;
    const char *run;
    bool *chosen; /* [SPT_METRIC_COUNT] */
    struct spt_text out;
    bool output_failed; /* else what fails is the store */
};

static enum spt_status flush(struct export *export, struct spt_error *error) {
    if (export->out.failed) return spt_fail_memory(error, FLUSH_BYTES, "an export");
    if (export->out.length && fwrite(export->out.data, 1, export->out.length, export->stream) != export->out.length) {
        export->output_failed = true;
        return spt_fail_system(error, errno, NULL, "write the export");
    }
    spt_text_clear(&export->out);
    return SPT_OK;
}

/* A metric of a later version, which this one does not know, is exported when all are. */
static bool is_chosen(const struct export *export, const char *metric) {
    const size_t row = spt_metric_find(metric);
    return row < SPT_METRIC_COUNT ? export->chosen[row] : export->invocation->config.metrics.count == 0;
}

static enum spt_status on_measure(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    struct export *export = context;
    if (!is_chosen(export, measure->metric)) return SPT_OK;
    export->format->row(&export->out, export->run, measure);
    return export->out.length < FLUSH_BYTES ? SPT_OK : flush(export, error);
}

static int write_runs(struct export *export, struct spt_store *store, const struct spt_run_list *runs) {
    struct spt_error error;
    spt_text_put(&export->out, export->format->header);
    for (size_t i = 0; i < runs->count; i++) {
        export->run = runs->runs[i].name;
        enum spt_status status =
            spt_store_each_measure(store, runs->runs[i].id, NULL, INT_MIN, INT_MIN, on_measure, export, &error);
        if (status == SPT_OK) status = flush(export, &error);
        if (status != SPT_OK)
            return spt_invocation_fail(export->invocation, export->output_failed ? SPT_EXIT_OUTPUT : SPT_EXIT_STORE,
                                       &error);
    }
    if (fflush(export->stream) != 0) {
        spt_fail_system(&error, errno, NULL, "write the export");
        return spt_invocation_fail(export->invocation, SPT_EXIT_OUTPUT, &error);
    }
    return SPT_EXIT_DONE;
}

static const struct format *find_format(const char *name) {
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (strcmp(FORMATS[i].name, name) == 0) return &FORMATS[i];
    return NULL;
}

static int export_chosen(struct export *export) {
    struct spt_invocation *invocation = export->invocation;
    struct spt_error error;
    struct spt_run_list runs;
    struct spt_store *store;
    if (spt_metric_choice(&invocation->config, export->chosen, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    int status = spt_runs_open(invocation, spt_invocation_value(invocation, "run"),
                               spt_invocation_value(invocation, "all") != NULL, &store, &runs);
    if (status != SPT_EXIT_DONE) return status;
    status = write_runs(export, store, &runs);
    spt_runs_close(store, &runs);
    return status;
}

static int run(struct spt_invocation *invocation) {
    const char *name = spt_invocation_value(invocation, "format");
    struct export export = {
        .invocation = invocation,
        .format = find_format(name ? name : "csv"),
        .stream = stdout,
    };
    if (!export.format) return spt_invocation_usage(invocation, "--format is \"%s\", expected csv or jsonl", name);
    export.chosen = spt_alloc(SPT_METRIC_COUNT, sizeof(bool));
    const int status = export.chosen ? export_chosen(&export) : spt_invocation_usage(invocation, "out of memory");
    free(export.chosen);
    spt_text_release(&export.out);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"format", 'f', "csv|jsonl", "what to write (default csv)"},
    {"run", 'r', "RUN", "name or number of a run (default: the latest)"},
    {"all", 'a', NULL, "every run of the store"},
};
static const char *const KEYS[] = {"db", "metrics"};

const struct spt_command SPT_COMMAND_EXPORT = {
    .name = "export",
    .summary = "figures of a run as CSV or JSON lines",
    .arguments = "",
    .description =
        "Writes every figure of the latest run to standard output, in key order, with 17 digits: one line for each "
        "(checkpoint, metric, layer, head); layer -1 is the whole model, head -1 the whole layer. Rows that a rewritten "
        "checkpoint has superseded are left out.",
    .example = "spectail export --metrics sinks > sinks.csv\n"
               "python3 -c 'import pandas; print(pandas.read_csv(\"sinks.csv\"))'",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
