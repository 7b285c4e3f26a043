/* Figures are drawn into a folder that lives as long as the telling, and from there into the page. */
#include "tracker/report/internal.h"

#include "checkpoints/base/file.h"
#include "tracker/looker.h"
#include "tracker/shell_word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIGURE_BYTES_MAX = 64 << 20 };

/* --- the command that draws a figure again --- */

static void put_option(struct spt_text *command, const char *option, const char *value) {
    spt_text_format(command, " %s ", option);
    spt_shell_word_put(command, value);
}

static void put_steps(struct spt_text *command, const struct spt_plot_options *options) {
    for (size_t i = 0; i < options->step_count; i++)
        spt_text_format(command, "%s%lld", i ? "," : " --at ", (long long)options->steps[i]);
}

/* Where the store, the run or an option of the figures is not the standard one. */
static void put_settings(const struct spt_telling *t, const struct spt_plot_options *options,
                         struct spt_text *command) {
    const struct spt_report_request *request = t->reading->request;
    const struct spt_config *config = request->config;
    if (spt_config_is_set(config, "db")) put_option(command, "--db", request->db);
    if (request->branch) put_option(command, "--branch", request->branch);
    if (spt_config_is_set(config, "plots.metric")) put_option(command, "--metric", options->metric);
    if (options->layer >= 0) spt_text_format(command, " --layer %d", options->layer);
    put_steps(command, options);
    if (options->axis == SPT_PLOT_TOKENS) spt_text_put(command, " --axis tokens");
}

/* Of those that look into a checkpoint: what is asked, and where it stands. */
static void put_look_settings(const struct spt_config *config, struct spt_text *command) {
    static const char *const SCALES[] = {
        [SPT_PLOT_LOG] = "log", [SPT_PLOT_ROOT] = "root", [SPT_PLOT_LINEAR] = "linear"};
    const struct {
        const char *key, *option, *value;
    } texts[] = {{"probe", "--probe", config->probe},
                 {"ids", "--ids", config->ids},
                 {"tokenizer", "--tokenizer", config->tokenizer},
                 {"model_config", "--model-config", config->model_config},
                 {"step_pattern", "--step-pattern", config->step_pattern},
                 {"plots.text", "--text", config->plots.text}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value && spt_config_is_set(config, texts[i].key))
            put_option(command, texts[i].option, texts[i].value);
    if (config->plots.sample) spt_text_format(command, " --sample %lld", (long long)config->plots.sample);
    if (config->plots.scale != SPT_PLOT_LOG) spt_text_format(command, " --scale %s", SCALES[config->plots.scale]);
}

static void put_command(const struct spt_telling *t, const struct spt_figure *figure,
                        const struct spt_plot_options *options, struct spt_text *command) {
    const struct spt_report_reading *reading = t->reading;
    spt_text_format(command, "spectail plot %s", figure->name);
    for (size_t i = 0; i < reading->count; i++)
        if (figure->compares || &reading->runs[i] == t->run)
            spt_text_format(command, " --run %lld", (long long)reading->runs[i].run->id);
    put_settings(t, options, command);
    if (spt_figure_looks(figure)) put_look_settings(reading->request->config, command);
}

/* --- figures of the store --- */

static enum spt_status put_figure(struct spt_telling *t, const struct spt_figure *figure,
                                  const struct spt_plot_options *options, struct spt_error *error) {
    struct spt_text path = {0}, id = {0}, command = {0};
    char *svg = NULL;
    size_t size = 0;
    spt_text_format(&path, "%s/%s.svg", t->folder, figure->name);
    spt_text_format(&id, "%sfigure-%s", t->run->prefix, figure->name);
    put_command(t, figure, options, &command);
    enum spt_status status = path.failed || id.failed || command.failed
                                 ? spt_fail_memory(error, path.length, "a figure")
                                 : spt_file_read_all(path.data, FIGURE_BYTES_MAX, &svg, &size, error);
    if (status == SPT_OK) spt_report_figure(&t->page, id.data, figure->title, figure->caption, command.data, svg, size);
    free(svg);
    spt_text_release(&path);
    spt_text_release(&id);
    spt_text_release(&command);
    return status;
}

static enum spt_status draw(struct spt_telling *t, const struct spt_figure *figure, struct spt_error *error) {
    enum spt_status status =
        spt_plot_render(figure, &t->run->source.source, &t->reading->request->plot, t->folder, error);
    if (status == SPT_OK) status = put_figure(t, figure, &t->reading->request->plot, error);
    if (status == SPT_END) return SPT_OK;
    t->drawing = status != SPT_OK;
    return status;
}

enum spt_status spt_tell_figures(struct spt_telling *t, const char *group, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++)
        if (!SPT_FIGURES[i].compares && strcmp(SPT_FIGURES[i].group, group) == 0)
            status = draw(t, &SPT_FIGURES[i], error);
    return status;
}

enum spt_status spt_tell_other_figures(struct spt_telling *t, const char *const *groups, size_t count,
                                       struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++) {
        bool told = SPT_FIGURES[i].compares || spt_figure_looks(&SPT_FIGURES[i]);
        for (size_t g = 0; g < count; g++) told = told || strcmp(SPT_FIGURES[i].group, groups[g]) == 0;
        if (!told) status = draw(t, &SPT_FIGURES[i], error);
    }
    return status;
}

enum spt_status spt_tell_comparing_figures(struct spt_telling *t, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++)
        if (SPT_FIGURES[i].compares) status = draw(t, &SPT_FIGURES[i], error);
    return status;
}

/* --- those that look into a checkpoint --- */

enum { LOOKS_MAX = 3 };

/* The first step, that from which the first token has its attention, and the last: steps [LOOKS_MAX] out. */
static size_t choose_steps(const struct spt_plot_source *source, int64_t *steps) {
    size_t count = 0;
    int64_t onset;
    steps[count++] = source->checkpoints[0].step;
    const int64_t last = source->checkpoints[source->count - 1].step;
    if (source->onset && source->onset(source->context, "sink.first_excess", &onset, NULL) == SPT_OK &&
        onset > steps[0] && onset < last)
        steps[count++] = onset;
    if (last > steps[0]) steps[count++] = last;
    return count;
}

/* *shown: figures so far, before the first of which the section begins. */
static enum spt_status draw_look(struct spt_telling *t, const struct spt_figure *figure,
                                 const struct spt_plot_options *options, size_t *shown, struct spt_error *error) {
    char id[64];
    enum spt_status status = spt_plot_render(figure, &t->run->source.source, options, t->folder, error);
    if (status == SPT_OK && (*shown)++ == 0) {
        snprintf(id, sizeof id, "%sattention", t->run->prefix);
        spt_report_section(&t->page, id, "Attention of a sample");
    }
    if (status == SPT_OK) status = put_figure(t, figure, options, error);
    return status == SPT_END ? SPT_OK : status;
}

/* That the checkpoints cannot be seen is a caveat, why is kept in unseen; that memory is out is none. */
static enum spt_status unseen_or_failed(enum spt_status status, const struct spt_error *unseen,
                                        struct spt_error *error) {
    if (status != SPT_NOMEM) return SPT_OK;
    *error = *unseen;
    return status;
}

enum spt_status spt_tell_looks(struct spt_telling *t, struct spt_error *error) {
    const struct spt_report_request *request = t->reading->request;
    const size_t i = (size_t)(t->run - t->reading->runs);
    struct spt_plot_options options = request->plot;
    struct spt_looker *looker = NULL;
    struct spt_error *unseen = &t->unseen[i];
    int64_t steps[LOOKS_MAX];
    size_t shown = 0;
    enum spt_status status =
        spt_looker_open(request->config, request->log, &t->reading->runs[i].source, &looker, unseen);
    if (status != SPT_OK) return unseen_or_failed(status, unseen, error);
    if (options.step_count == 0) {
        options.step_count = choose_steps(&t->run->source.source, steps);
        options.steps = steps;
    }
    for (size_t f = 0; f < SPT_FIGURE_COUNT && status == SPT_OK; f++)
        if (spt_figure_looks(&SPT_FIGURES[f])) status = draw_look(t, &SPT_FIGURES[f], &options, &shown, unseen);
    const bool cannot_see = spt_looker_has_failed(looker);
    spt_looker_close(looker);
    if (status == SPT_OK) return SPT_OK;
    if (cannot_see) return unseen_or_failed(status, unseen, error);
    *error = *unseen;
    t->drawing = true;
    return status;
}
