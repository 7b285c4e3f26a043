/* The whole: reading the runs, then the chapters in their order. */
#include "tracker/report/internal.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "tracker/formats/names.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- reading --- */

static enum spt_status read_run(struct spt_report_reading *reading, size_t i, struct spt_error *error) {
    const struct spt_report_request *request = reading->request;
    struct spt_told_run *told = &reading->runs[i];
    const struct spt_emerged_options options = {.against = request->against, .threads = request->threads};
    size_t n = 0;
    told->run = &request->runs[i];
    while (request->all[n].id != told->run->id) n++;
    enum spt_status status = spt_run_source_open(request->store, told->run, request->branch, &told->source, error);
    if (status != SPT_OK) return status;
    told->emerged = &reading->emerged[i];
    reading->count++;
    if (request->run_count > 1) snprintf(told->prefix, sizeof told->prefix, "run%zu-", i + 1);
    return spt_emerged_read(request->store, told->run, reading->names[n], told->source.branch, &options,
                            &reading->emerged[i], error);
}

/* Other runs stand beside the first, which the figures of several are drawn for. */
static enum spt_status compare(struct spt_report_reading *reading, struct spt_error *error) {
    struct spt_run_source *others = spt_alloc(reading->count, sizeof *others);
    if (!others) return spt_fail_memory(error, reading->count * sizeof *others, "several runs");
    for (size_t i = 1; i < reading->count; i++) others[i - 1] = reading->runs[i].source;
    const enum spt_status status = spt_run_source_compare(&reading->runs[0].source, others, reading->count - 1, error);
    free(others); /* what it needs of them it has copied */
    return status;
}

enum spt_status spt_report_read(struct spt_report_reading *reading, const struct spt_report_request *request,
                                const struct spt_store_run **empty, struct spt_error *error) {
    *reading = (struct spt_report_reading){
        .request = request,
        .runs = spt_alloc_zeroed(request->run_count, sizeof *reading->runs),
        .emerged = spt_alloc_zeroed(request->run_count, sizeof *reading->emerged),
        .names = spt_run_names(request->all, request->all_count),
    };
    if (!reading->runs || !reading->emerged || !reading->names)
        return spt_fail_memory(error, request->run_count * sizeof *reading->runs, "a report");
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < request->run_count && status == SPT_OK; i++) {
        status = read_run(reading, i, error);
        if (status == SPT_END) *empty = &request->runs[i];
    }
    if (status == SPT_OK && reading->count > 1) status = compare(reading, error);
    if (status == SPT_OK)
        status = spt_emerged_compare(reading->emerged, reading->count, &reading->groups, &reading->group_count, error);
    return status;
}

void spt_report_reading_release(struct spt_report_reading *reading) {
    spt_compared_free(reading->groups, reading->group_count);
    for (size_t i = 0; i < reading->count; i++) {
        spt_emerged_release(&reading->emerged[i]);
        spt_run_source_close(&reading->runs[i].source);
    }
    free(reading->runs);
    free(reading->emerged);
    if (reading->request) spt_run_names_free(reading->names, reading->request->all_count);
    *reading = (struct spt_report_reading){0};
}

/* --- the folder of figures --- */

static enum spt_status make_folder(struct spt_telling *t, struct spt_error *error) {
    const char *temporary = getenv("TMPDIR");
    struct spt_text path = {0};
    if (!temporary || !*temporary) temporary = "/tmp";
    spt_text_format(&path, "%s/spectail-report-XXXXXX", temporary);
    if (path.failed) return spt_fail_memory(error, 64, "a path");
    t->drawing = true;
    if (!mkdtemp(path.data)) {
        const enum spt_status status = spt_fail_system(error, errno, temporary, "draw figures in this folder");
        spt_text_release(&path);
        return status;
    }
    t->drawing = false;
    t->folder = path.data;
    return SPT_OK;
}

static void remove_folder(struct spt_telling *t) {
    DIR *folder = t->folder ? opendir(t->folder) : NULL;
    if (folder) {
        for (struct dirent *entry; (entry = readdir(folder));)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                unlinkat(dirfd(folder), entry->d_name, 0);
        closedir(folder);
        rmdir(t->folder);
    }
    free(t->folder);
}

/* --- telling --- */

static void put_title(const struct spt_report_reading *reading, struct spt_text *title) {
    if (reading->request->title) {
        spt_text_put(title, reading->request->title);
        return;
    }
    spt_text_put(title, "Attention geometry of ");
    for (size_t i = 0; i < reading->count; i++)
        spt_text_format(title, "%s%s",
                        i == 0                    ? ""
                        : i + 1 == reading->count ? " and "
                                                  : ", ",
                        reading->runs[i].emerged->name);
    spt_text_put(title, " over training");
}

static bool have_one_shape(const struct spt_report_reading *reading) {
    const struct spt_store_run *first = reading->runs[0].run;
    for (size_t i = 1; i < reading->count; i++)
        if (reading->runs[i].run->layers != first->layers || reading->runs[i].run->heads != first->heads) return false;
    return true;
}

static bool have_as_many_samples(const struct spt_report_reading *reading) {
    for (size_t i = 1; i < reading->count; i++)
        if (reading->runs[i].run->samples != reading->runs[0].run->samples) return false;
    return true;
}

/* What all runs have. */
static void put_line(const struct spt_report_reading *reading, struct spt_text *line) {
    const struct spt_told_run *run = &reading->runs[0];
    const struct spt_plot_source *source = &run->source.source;
    if (reading->count == 1)
        spt_text_format(line, "%zu checkpoint%s, step%s %" PRId64 "%s%" PRId64, source->count,
                        spt_plural(source->count), source->count == 1 ? "" : "s", source->checkpoints[0].step, " to ",
                        source->checkpoints[source->count - 1].step);
    else
        spt_text_format(line, "%zu runs", reading->count);
    if (have_one_shape(reading))
        spt_text_format(line, " · %zu layer%s, %zu head%s", run->run->layers, spt_plural(run->run->layers),
                        run->run->heads, spt_plural(run->run->heads));
    if (have_as_many_samples(reading))
        spt_text_format(line, " · %zu probe sample%s", run->run->samples, spt_plural(run->run->samples));
    spt_text_format(line, " · %s · spectail " SPT_VERSION, reading->request->date);
}

static enum spt_status tell_summary(struct spt_telling *t, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    spt_report_chapter(&t->page, "summary", "Findings in brief");
    for (size_t i = 0; i < t->reading->count && status == SPT_OK; i++) {
        char id[64];
        t->run = &t->reading->runs[i];
        snprintf(id, sizeof id, "%ssummary", t->run->prefix);
        if (t->reading->count > 1) spt_report_section(&t->page, id, t->run->emerged->name);
        spt_report_open(&t->page, SPT_REPORT_LIST);
        status = spt_tell_brief(t, error);
        spt_report_close(&t->page, SPT_REPORT_LIST);
    }
    spt_report_open(&t->page, SPT_REPORT_NOTE);
    spt_report_text(
        &t->page,
        "Means over the probe's samples, all heads and layers; brackets hold 95 % intervals. What limits them: ");
    spt_report_link(&t->page, "caveats", "caveats");
    spt_report_text(&t->page, ".");
    spt_report_close(&t->page, SPT_REPORT_NOTE);
    return status;
}

/* Chapters of each run, in their order. */
static spt_tell_fn *const OF_RUNS[] = {spt_tell_setup, spt_tell_results, spt_tell_emergence};
/* Chapters of all runs together, behind them. */
static spt_tell_fn *const OF_ALL[] = {spt_tell_methods, spt_tell_caveats, spt_tell_reproduction, spt_tell_references};

static enum spt_status tell_chapters(struct spt_telling *t, struct spt_error *error) {
    const struct spt_report_reading *reading = t->reading;
    enum spt_status status = tell_summary(t, error);
    if (status == SPT_OK && reading->count > 1) status = spt_tell_comparison(t, error);
    for (size_t r = 0; r < reading->count && status == SPT_OK; r++) {
        t->run = &reading->runs[r];
        for (size_t i = 0; i < sizeof OF_RUNS / sizeof *OF_RUNS && status == SPT_OK; i++) status = OF_RUNS[i](t, error);
    }
    for (size_t i = 0; i < sizeof OF_ALL / sizeof *OF_ALL && status == SPT_OK; i++) status = OF_ALL[i](t, error);
    return status;
}

enum spt_status spt_report_tell(const struct spt_report_reading *reading, struct spt_text *page,
                                struct spt_text *bibtex, bool *drawing, struct spt_error *error) {
    struct spt_telling t = {.reading = reading, .unseen = spt_alloc_zeroed(reading->count, sizeof *t.unseen)};
    struct spt_text title = {0}, line = {0};
    size_t count;
    const struct spt_report_citation *citations = spt_reference_citations(&count);
    put_title(reading, &title);
    put_line(reading, &line);
    enum spt_status status = title.failed || line.failed || !t.unseen
                                 ? spt_fail_memory(error, title.length, "a title")
                                 : spt_report_begin(&t.page, citations, count, error);
    if (status == SPT_OK) spt_report_header(&t.page, title.data, line.data);
    if (status == SPT_OK) status = make_folder(&t, error);
    if (status == SPT_OK) status = tell_chapters(&t, error);
    if (status == SPT_OK) spt_reference_put_bibtex(bibtex, t.page.cited);
    if (status == SPT_OK) status = spt_report_end(&t.page, title.data, error);
    if (status == SPT_OK) {
        *page = t.page.page;
        t.page.page = (struct spt_text){0};
    }
    *drawing = t.drawing;
    remove_folder(&t);
    free(t.unseen);
    spt_report_release(&t.page);
    spt_text_release(&title);
    spt_text_release(&line);
    return status;
}
