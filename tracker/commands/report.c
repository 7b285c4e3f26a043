#include "tracker/report/report.h"
#include "analysis/metric.h"
#include "checkpoints/base/file.h"
#include "tracker/commands/commands.h"
#include "tracker/figures.h"
#include "tracker/metric_choice.h"
#include "tracker/runs_of_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DATE_MAX = 32 };

static const char STANDARD_OUT[] = "report.html";

/* Now, or the moment that a build of many files at one date gives (reproducible-builds.org's SOURCE_DATE_EPOCH). */
static void write_date(char date[DATE_MAX]) {
    const char *given = getenv("SOURCE_DATE_EPOCH");
    char *end = NULL;
    const long long epoch = given ? strtoll(given, &end, 10) : 0;
    const time_t when = given && *given && !*end ? (time_t)epoch : time(NULL);
    struct tm utc;
    date[0] = '\0';
    if (gmtime_r(&when, &utc)) strftime(date, DATE_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* One of the two files that are written; "-": standard output. */
static int write_out(const struct spt_invocation *invocation, const char *path, const struct spt_text *text) {
    struct spt_error error;
    if (strcmp(path, "-") == 0) return spt_invocation_print(invocation, text);
    if (spt_file_write_all(path, text->data, text->length, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_OUTPUT, &error);
    return SPT_EXIT_DONE;
}

static int write_both(const struct spt_invocation *invocation, const char *out, const char *bibtex_out,
                      const struct spt_text *page, const struct spt_text *bibtex) {
    struct spt_text said = {0};
    int status = write_out(invocation, out, page);
    if (status == SPT_EXIT_DONE && bibtex_out) status = write_out(invocation, bibtex_out, bibtex);
    const bool quiet = invocation->quiet || strcmp(out, "-") == 0 || (bibtex_out && strcmp(bibtex_out, "-") == 0);
    if (status == SPT_EXIT_DONE && !quiet) {
        spt_text_format(&said, "%s\n", out);
        if (bibtex_out) spt_text_format(&said, "%s\n", bibtex_out);
        status = spt_invocation_print(invocation, &said);
    }
    spt_text_release(&said);
    return status;
}

static int tell(const struct spt_invocation *invocation, const struct spt_report_request *request) {
    const char *out = spt_invocation_value(invocation, "out"), *bibtex_out = spt_invocation_value(invocation, "bibtex");
    struct spt_report_reading reading;
    struct spt_text page = {0}, bibtex = {0};
    const struct spt_store_run *empty = NULL;
    struct spt_error error;
    bool drawing = false;
    int exit = SPT_EXIT_DONE;
    enum spt_status status = spt_report_read(&reading, request, &empty, &error);
    if (status == SPT_END)
        exit =
            request->branch
                ? spt_invocation_usage(invocation, "run \"%s\" has no analysed checkpoint with a step in branch \"%s\"",
                                       empty->name, request->branch)
                : spt_invocation_usage(invocation, "run \"%s\" has no analysed checkpoint with a step yet",
                                       empty->name);
    for (size_t i = 0; status == SPT_OK && exit == SPT_EXIT_DONE && i < reading.count; i++)
        if (spt_figures_check(&invocation->config, &reading.runs[i].source.source, &error) != SPT_OK)
            exit = spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    if (status == SPT_OK && exit == SPT_EXIT_DONE) status = spt_report_tell(&reading, &page, &bibtex, &drawing, &error);
    if (exit == SPT_EXIT_DONE && status != SPT_OK)
        exit = spt_invocation_fail(invocation, drawing ? SPT_EXIT_OUTPUT : SPT_EXIT_STORE, &error);
    if (exit == SPT_EXIT_DONE) exit = write_both(invocation, out ? out : STANDARD_OUT, bibtex_out, &page, &bibtex);
    spt_text_release(&page);
    spt_text_release(&bibtex);
    spt_report_reading_release(&reading);
    return exit;
}

static int run(struct spt_invocation *invocation) {
    const char *against = spt_invocation_value(invocation, "against"), *out = spt_invocation_value(invocation, "out"),
               *bibtex = spt_invocation_value(invocation, "bibtex");
    char date[DATE_MAX];
    struct spt_error error;
    struct spt_run_list runs;
    struct spt_store *store;
    if (against && spt_metric_find(against) == SPT_METRIC_COUNT) {
        spt_metric_unknown(against, &error);
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    }
    if (bibtex && strcmp(out ? out : STANDARD_OUT, bibtex) == 0)
        return spt_invocation_usage(invocation, "--out and --bibtex are both \"%s\"", bibtex);
    int status = spt_runs_open_named(invocation, spt_invocation_value(invocation, "run"),
                                     spt_invocation_value(invocation, "all") != NULL, &store, &runs);
    if (status != SPT_EXIT_DONE) return status;
    write_date(date);
    const struct spt_log log = spt_invocation_log(invocation);
    const struct spt_config *config = &invocation->config;
    const struct spt_report_request request = {
        .store = store,
        .runs = runs.runs,
        .run_count = runs.count,
        .all = runs.all,
        .all_count = runs.all_count,
        .db = config->db,
        .branch = spt_invocation_value(invocation, "branch"),
        .title = spt_invocation_value(invocation, "title"),
        .against = against,
        .date = date,
        .threads = (size_t)config->threads,
        .plot = {.format = SPT_PLOT_SVG,
                 .metric = config->plots.metric,
                 .layer = (int)config->plots.layer,
                 .steps = config->plots.steps.items,
                 .step_count = config->plots.steps.count,
                 .axis = (enum spt_plot_axis)config->plots.axis,
                 .head = -1,
                 .scale = (enum spt_plot_scale)config->plots.scale},
        .config = config,
        .log = &log,
    };
    status = tell(invocation, &request);
    spt_runs_close(store, &runs);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN...", "name or number of a run (default: the latest); give it again to compare more"},
    {"all", 'a', NULL, "every run of the store"},
    {"branch", 'b', "NAME", "which branch's checkpoints (default: the one of the most)"},
    {"out", 'o', "FILE", "where the report goes, whole or not at all; -: standard output (default report.html)"},
    {"title", 't', "TEXT", "its title (default: made from the runs' names)"},
    {"against", 0, "METRIC", "what the others come before or after (default loss; of a run without one sink.entropy)"},
    {"bibtex", 0, "FILE", "also the works it cites, as BibTeX; -: standard output"},
};
static const char *const KEYS[] = {"db",           "threads",     "plots.metric", "plots.layer", "plots.sample",
                                   "plots.text",   "plots.scale", "plots.steps",  "plots.axis",  "probe",
                                   "ids",          "samples",     "bos",          "references",  "tokenizer",
                                   "model_config", "step_pattern"};

const struct spt_command SPT_COMMAND_REPORT = {
    .name = "report",
    .summary = "one HTML file that tells what was found",
    .arguments = "",
    .description =
        "Writes one HTML file that reads like the results section of a paper: what was measured, on what, the findings in "
        "sentences, all figures, when each quantity turned, the methods with their definitions, the caveats, and the works to "
        "cite. It needs no network and no script, and opens from the file system, in light and dark. Every figure in its "
        "sentences is one of the store's or of `spectail emerge`, and carries its value to 17 digits. Of several runs it "
        "compares them too. Attention of one sample is shown where the checkpoints are still at hand. Nothing is measured anew; figures are drawn by gnuplot.",
    .example = "spectail report --out report.html --bibtex report.bib\n"
               "spectail report --run pythia-70m --run pythia-160m --title 'Two sizes of Pythia'",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
