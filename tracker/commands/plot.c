#include "tracker/figures.h"

#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/plot_source.h"
#include "tracker/runs_of_store.h"

#include <stdio.h>

/* One call of the command. */
struct drawing {
    struct spt_invocation *invocation;
    struct spt_figure_selection choice;
    struct spt_text said;
};

static bool is_on_terminal(const struct drawing *drawing) {
    return drawing->invocation->config.plots.format == SPT_PLOT_TERM;
}

/* What the run does not hold is left out, and said. */
static bool say_figure(void *context, const struct spt_figure *figure, bool drawn) {
    struct drawing *drawing = context;
    const struct spt_config *config = &drawing->invocation->config;
    if (drawing->invocation->quiet) return false;
    if (!drawn)
        fprintf(stderr, "spectail plot: %s: the run holds nothing that this figure shows\n", figure->name);
    else if (!is_on_terminal(drawing))
        spt_text_format(&drawing->said, "%s/%s.%s\n", config->out, figure->name,
                        spt_plot_format_name((enum spt_plot_format)config->plots.format));
    return false;
}

static int render(struct drawing *drawing, const struct spt_plot_source *source) {
    const struct spt_invocation *invocation = drawing->invocation;
    const char *folder = invocation->config.out;
    struct spt_error error;
    size_t drawn;
    if (spt_figures_draw(&drawing->choice, &invocation->config, source, folder, say_figure, drawing, &drawn, &error) !=
        SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_OUTPUT, &error);
    if (is_on_terminal(drawing) || drawn == 0) return drawn ? SPT_EXIT_DONE : SPT_EXIT_USAGE;
    if (!invocation->quiet) spt_text_format(&drawing->said, "%s/index.html\n", folder);
    return spt_invocation_print(invocation, &drawing->said);
}

static int plot_run(struct drawing *drawing, struct spt_store *store, const struct spt_store_run *run) {
    const struct spt_invocation *invocation = drawing->invocation;
    struct spt_run_source source;
    struct spt_error error;
    const enum spt_status status =
        spt_run_source_open(store, run, spt_invocation_value(invocation, "branch"), &source, &error);
    if (status == SPT_END)
        return spt_invocation_usage(invocation, "run \"%s\" has no analysed checkpoint with a step yet", run->name);
    if (status != SPT_OK) return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    const int exit = spt_figures_check(&invocation->config, &source.source, &error) == SPT_OK
                         ? render(drawing, &source.source)
                         : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    spt_run_source_close(&source);
    return exit;
}

static int run(struct spt_invocation *invocation) {
    struct drawing drawing = {.invocation = invocation};
    struct spt_error error;
    struct spt_run_list runs;
    struct spt_store *store;
    int status = spt_figures_choose(&invocation->config, invocation->arguments, invocation->argument_count,
                                    &drawing.choice, &error) == SPT_OK
                     ? SPT_EXIT_DONE
                     : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    if (status == SPT_EXIT_DONE)
        status = spt_runs_open(invocation, spt_invocation_value(invocation, "run"), false, &store, &runs);
    if (status == SPT_EXIT_DONE) {
        status = plot_run(&drawing, store, &runs.runs[0]);
        spt_runs_close(store, &runs);
    }
    spt_text_release(&drawing.said);
    spt_figure_selection_release(&drawing.choice);
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
