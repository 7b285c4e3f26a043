#include "plots/plot.h"

#include "checkpoints/base/memory.h"
#include "tracker/commands/commands.h"
#include "tracker/metric_choice.h"
#include "tracker/plot_source.h"
#include "tracker/runs_of_store.h"

#include <stdio.h>
#include <stdlib.h>

/* The figures that are asked for: an argument, else the configuration's list, else all. */
struct choice {
    const struct spt_figure **figures; /* [count] */
    size_t count;
};

static enum spt_status find_figure(const char *name, const struct spt_figure **figure, struct spt_error *error) {
    *figure = spt_figure_find(name);
    if (*figure) return SPT_OK;
    const char **names = spt_alloc(SPT_FIGURE_COUNT, sizeof *names);
    if (!names) return spt_fail_memory(error, SPT_FIGURE_COUNT * sizeof *names, "names of figures");
    struct spt_text known = {0};
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
        names[i] = SPT_FIGURES[i].name;
        spt_text_format(&known, "%s%s", i ? ", " : "", names[i]);
    }
    const size_t nearest = spt_text_nearest(name, names, SPT_FIGURE_COUNT);
    const enum spt_status status =
        nearest < SPT_FIGURE_COUNT
            ? spt_fail(error, SPT_INVALID, NULL, "no figure \"%s\"; did you mean %s?", name, names[nearest])
            : spt_fail(error, SPT_INVALID, NULL, "no figure \"%s\"; there are: %s", name, known.data ? known.data : "");
    spt_text_release(&known);
    free(names);
    return status;
}

static enum spt_status choose(const struct spt_invocation *invocation, struct choice *choice, struct spt_error *error) {
    const struct spt_config_texts *configured = &invocation->config.plots.figures;
    const bool given = invocation->argument_count > 0;
    const size_t named = given ? invocation->argument_count : configured->count;
    choice->count = named ? named : SPT_FIGURE_COUNT;
    choice->figures = spt_alloc(choice->count, sizeof *choice->figures);
    if (!choice->figures) return spt_fail_memory(error, choice->count * sizeof *choice->figures, "figures");
    for (size_t i = 0; i < choice->count; i++) {
        choice->figures[i] = &SPT_FIGURES[i];
        if (!named) continue;
        struct spt_error reason;
        const char *name = given ? invocation->arguments[i] : configured->items[i];
        if (find_figure(name, &choice->figures[i], &reason) == SPT_OK) continue;
        return given ? spt_fail(error, SPT_INVALID, NULL, "%s", reason.message)
                     : spt_config_reject(&invocation->config, "plots.figures", error, "%s", reason.message);
    }
    return SPT_OK;
}

static enum spt_status check_options(const struct spt_invocation *invocation, const struct spt_plot_source *source,
                                     struct spt_error *error) {
    const struct spt_config *config = &invocation->config;
    const enum spt_status status = spt_metric_check_plots(config, error);
    if (status != SPT_OK) return status;
    if (config->plots.layer >= (int64_t)source->layers)
        return spt_config_reject(config, "plots.layer", error, "is %lld, the run has layers 0 to %zu",
                                 (long long)config->plots.layer, source->layers - 1);
    for (size_t i = 0; i < config->plots.steps.count; i++) {
        size_t k = 0;
        while (k < source->count && source->checkpoints[k].step != config->plots.steps.items[i]) k++;
        if (k == source->count)
            return spt_config_reject(config, "plots.steps", error, "no analysed checkpoint of step %lld",
                                     (long long)config->plots.steps.items[i]);
    }
    return SPT_OK;
}

static struct spt_plot_options options_of(const struct spt_config *config) {
    return (struct spt_plot_options){
        .format = (enum spt_plot_format)config->plots.format,
        .metric = config->plots.metric,
        .layer = (int)config->plots.layer,
        .steps = config->plots.steps.items,
        .step_count = config->plots.steps.count,
    };
}

/* Draws what there is data for; what the run does not hold is left out, and said unless the user asked for all. */
static int render(struct spt_invocation *invocation, struct choice *choice, const struct spt_plot_source *source,
                  struct spt_text *said) {
    const struct spt_plot_options options = options_of(&invocation->config);
    const char *folder = invocation->config.out;
    struct spt_error error;
    size_t drawn = 0;
    for (size_t i = 0; i < choice->count; i++) {
        const struct spt_figure *figure = choice->figures[i];
        const enum spt_status status = spt_plot_render(figure, source, &options, folder, &error);
        if (status == SPT_END) {
            if (!invocation->quiet)
                fprintf(stderr, "spectail plot: %s: the run holds nothing that this figure shows\n", figure->name);
            continue;
        }
        if (status != SPT_OK) return spt_invocation_fail(invocation, SPT_EXIT_OUTPUT, &error);
        choice->figures[drawn++] = figure;
        if (options.format == SPT_PLOT_TERM || invocation->quiet) continue;
        spt_text_format(said, "%s/%s.%s\n", folder, figure->name, spt_plot_format_name(options.format));
    }
    if (options.format == SPT_PLOT_TERM || drawn == 0) return drawn ? SPT_EXIT_DONE : SPT_EXIT_USAGE;
    if (spt_plot_index(choice->figures, drawn, source, options.format, folder, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_OUTPUT, &error);
    if (!invocation->quiet) spt_text_format(said, "%s/index.html\n", folder);
    return spt_invocation_print(invocation, said);
}

static int plot_run(struct spt_invocation *invocation, struct choice *choice, struct spt_store *store,
                    const struct spt_store_run *run) {
    struct spt_text said = {0};
    struct spt_run_source source;
    struct spt_error error;
    const enum spt_status status =
        spt_run_source_open(store, run, spt_invocation_value(invocation, "branch"), &source, &error);
    if (status == SPT_END)
        return spt_invocation_usage(invocation, "run \"%s\" has no analysed checkpoint with a step yet", run->name);
    if (status != SPT_OK) return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    const int exit = check_options(invocation, &source.source, &error) == SPT_OK
                         ? render(invocation, choice, &source.source, &said)
                         : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    spt_text_release(&said);
    spt_run_source_close(&source);
    return exit;
}

static int run(struct spt_invocation *invocation) {
    struct choice choice = {0};
    struct spt_error error;
    struct spt_run_list runs;
    struct spt_store *store;
    int status = choose(invocation, &choice, &error) == SPT_OK
                     ? SPT_EXIT_DONE
                     : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    if (status == SPT_EXIT_DONE)
        status = spt_runs_open(invocation, spt_invocation_value(invocation, "run"), false, &store, &runs);
    if (status == SPT_EXIT_DONE) {
        status = plot_run(invocation, &choice, store, &runs.runs[0]);
        spt_runs_close(store, &runs);
    }
    free(choice.figures);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN", "name or number of a run (default: the latest)"},
    {"branch", 'b', "NAME", "which branch's checkpoints (default: the one of the most)"},
};
static const char *const KEYS[] = {"db", "out", "plots.format", "plots.metric", "plots.layer", "plots.steps"};

const struct spt_command SPT_COMMAND_PLOT = {
    .name = "plot",
    .summary = "draw emergence plots of a run",
    .arguments = "[FIGURE...]",
    .arguments_max = 100,
    .description =
        "Draws figures of the latest run by gnuplot into a folder: emergence, rmt, betti, heatmap, atlas, spectra and others. Beside "
        "each figure lie its data (.dat) and a complete script (.gp): gnuplot <figure>.gp draws it again after you changed it. "
        "index.html shows them all. --format term draws on the terminal and writes nothing.",
    .example = "spectail plot --out figures --format pdf\n"
               "spectail plot heatmap --metric rmt.law_kl --format term",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
