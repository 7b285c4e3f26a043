#include "tracker/figures.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/plot_source.h"
#include "tracker/runs_of_store.h"

#include <stdio.h>
#include <stdlib.h>

/* One call of the command. */
struct drawing {
    struct spt_invocation *invocation;
    struct spt_figure_selection choice;
    bool several; /* runs */
    struct spt_text said;
    struct spt_text left_out; /* figures that nobody named and the run holds nothing of */
};

static bool is_on_terminal(const struct drawing *drawing) {
    return drawing->invocation->config.plots.format == SPT_PLOT_TERM;
}

static const char *why_not_drawn(const struct drawing *drawing, const struct spt_figure *figure) {
    if (!figure->compares) return "the run holds nothing that this figure shows";
    if (!drawing->several) return "this figure is of several runs: --run of each, or --all";
    if (drawing->invocation->config.plots.axis == SPT_PLOT_TOKENS)
        return "the runs hold nothing that this figure shows, or their checkpoints' names say no tokens";
    return "the runs hold nothing that this figure shows";
}

/* What the run does not hold is left out, and said: of figures that are named each by itself, of the others in one line. */
static bool say_figure(void *context, const struct spt_figure *figure, bool drawn) {
    struct drawing *drawing = context;
    const struct spt_config *config = &drawing->invocation->config;
    if (drawing->invocation->quiet) return false;
    if (!drawn && drawing->choice.named)
        fprintf(stderr, "spectail plot: %s: %s\n", figure->name, why_not_drawn(drawing, figure));
    else if (!drawn)
        spt_text_format(&drawing->left_out, "%s%s", drawing->left_out.length ? ", " : "", figure->name);
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
    if (drawing->left_out.length && !drawing->left_out.failed)
        fprintf(stderr, "spectail plot: nothing to show in: %s\n", drawing->left_out.data);
    if (is_on_terminal(drawing) || drawn == 0) return drawn ? SPT_EXIT_DONE : SPT_EXIT_USAGE;
    if (!invocation->quiet) spt_text_format(&drawing->said, "%s/index.html\n", folder);
    return spt_invocation_print(invocation, &drawing->said);
}

/* --- the runs --- */

struct sources {
    struct spt_run_source *items; /* [count] as they were named, each once */
    size_t count;
};

static int open_source(const struct drawing *drawing, struct spt_store *store, const struct spt_store_run *run,
                       struct sources *sources) {
    const struct spt_invocation *invocation = drawing->invocation;
    struct spt_error error;
    const enum spt_status status = spt_run_source_open(store, run, spt_invocation_value(invocation, "branch"),
                                                       &sources->items[sources->count], &error);
    if (status == SPT_END)
        return spt_invocation_usage(invocation, "run \"%s\" has no analysed checkpoint with a step yet", run->name);
    if (status != SPT_OK) return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    sources->count++;
    return SPT_EXIT_DONE;
}

static int draw_sources(struct drawing *drawing, struct sources *sources) {
    const struct spt_invocation *invocation = drawing->invocation;
    struct spt_plot_source *first = &sources->items[0].source;
    struct spt_error error;
    drawing->several = sources->count > 1;
    for (size_t i = 0; drawing->choice.named && sources->count > 1 && i < drawing->choice.count; i++)
        if (!drawing->choice.figures[i]->compares)
            return spt_invocation_usage(invocation, "%s is a figure of one run: of several there are runs and sizes",
                                        drawing->choice.figures[i]->name);
    if (sources->count > 1 &&
        spt_run_source_compare(&sources->items[0], &sources->items[1], sources->count - 1, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    return spt_figures_check(&invocation->config, first, &error) == SPT_OK
               ? render(drawing, first)
               : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
}

static int plot_runs(struct drawing *drawing, struct spt_store *store, const struct spt_run_list *runs) {
    struct sources sources = {spt_alloc_zeroed(runs->count, sizeof *sources.items), 0};
    int status = sources.items ? SPT_EXIT_DONE : spt_invocation_usage(drawing->invocation, "out of memory");
    for (size_t i = 0; i < runs->count && status == SPT_EXIT_DONE; i++)
        status = open_source(drawing, store, &runs->runs[i], &sources);
    if (status == SPT_EXIT_DONE) status = draw_sources(drawing, &sources);
    for (size_t i = 0; i < sources.count; i++) spt_run_source_close(&sources.items[i]);
    free(sources.items);
    return status;
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
        status = spt_runs_open_named(invocation, spt_invocation_value(invocation, "run"),
                                     spt_invocation_value(invocation, "all") != NULL, &store, &runs);
    if (status == SPT_EXIT_DONE) {
        status = plot_runs(&drawing, store, &runs);
        spt_runs_close(store, &runs);
    }
    spt_text_release(&drawing.said);
    spt_text_release(&drawing.left_out);
    spt_figure_selection_release(&drawing.choice);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN...", "name or number of a run (default: the latest); give it again to compare more"},
    {"all", 'a', NULL, "compare every run of the store but controls"},
    {"branch", 'b', "NAME", "which branch's checkpoints (default: the one of the most)"},
};
static const char *const KEYS[] = {"db",          "out",         "plots.format", "plots.metric",
                                   "plots.layer", "plots.steps", "plots.axis"};

const struct spt_command SPT_COMMAND_PLOT = {
    .name = "plot",
    .summary = "draw emergence plots of a run",
    .arguments = "[FIGURE...]",
    .arguments_max = 100,
    .description =
        "Draws figures of the latest run by gnuplot into a folder: when the sink emerges (emergence), spectra (rmt, spectra, hidden, "
        "weights), topology (betti, betti_layers, betti_curves), the graph of attention against its threshold (fiedler, "
        "centralization), distance from uniform attention (kl), types of reference frames (frames), values and keys of reference "
        "tokens (values, keys), massive activations (massive), what hiding reference tokens does (ablation), and any metric over "
        "layers and heads (heatmap, atlas). Those of which the run holds nothing are left out. Beside "
        "each figure lie its data (.dat) and a complete script (.gp): gnuplot <figure>.gp draws it again after you changed it. "
        "index.html shows them all. Of several runs the figures runs (the same metrics over training) and sizes (when they "
        "turn, by model size) are drawn. Where the store has the run's control (sweep --control shuffled), it is drawn beside the run, "
        "as the null is: what random attention gives. --format term draws on the terminal and writes nothing.",
    .example = "spectail plot --out figures --format pdf\n"
               "spectail plot heatmap --metric rmt.law_kl --format term\n"
               "spectail plot --run pythia-70m --run pythia-160m --run pythia-410m --out sizes",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
