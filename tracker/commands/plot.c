#include "tracker/figures.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/commands/commands.h"
#include "tracker/looker.h"
#include "tracker/plot_source.h"
#include "tracker/runs_of_store.h"

#include <stdio.h>
#include <stdlib.h>

/* One call of the command. */
struct drawing {
    struct spt_invocation *invocation;
    struct spt_figure_selection choice;
    bool several; /* runs */
    struct spt_log log;
    struct spt_looker *looker; /* NULL: no figure looks into a checkpoint */
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
        return spt_invocation_fail(invocation,
                                   spt_looker_has_failed(drawing->looker) ? SPT_EXIT_USAGE : SPT_EXIT_OUTPUT, &error);
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

/* Whether one of the chosen figures looks into a checkpoint, or one does not. */
static bool looks(const struct drawing *drawing, bool wanted) {
    for (size_t i = 0; drawing->choice.named && i < drawing->choice.count; i++)
        if (spt_figure_looks(drawing->choice.figures[i]) == wanted) return true;
    return false;
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
    enum spt_status status = spt_figures_check(&invocation->config, first, &error);
    if (status == SPT_OK && looks(drawing, true))
        status = spt_looker_open(&invocation->config, &drawing->log, &sources->items[0], &drawing->looker, &error);
    const int exit =
        status == SPT_OK ? render(drawing, first) : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    spt_looker_close(drawing->looker);
    return exit;
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

static int plot_store(struct drawing *drawing) {
    const struct spt_invocation *invocation = drawing->invocation;
    struct spt_run_list runs;
    struct spt_store *store;
    int status = spt_runs_open_named(invocation, spt_invocation_value(invocation, "run"),
                                     spt_invocation_value(invocation, "all") != NULL, &store, &runs);
    if (status != SPT_EXIT_DONE) return status;
    status = plot_runs(drawing, store, &runs);
    spt_runs_close(store, &runs);
    return status;
}

/* Without a store: what is there to be seen in the checkpoint alone. */
static int plot_checkpoint(struct drawing *drawing, const char *path) {
    const struct spt_invocation *invocation = drawing->invocation;
    const struct spt_config *config = &invocation->config;
    struct spt_error error;
    if (spt_invocation_value(invocation, "run") || spt_invocation_value(invocation, "all"))
        return spt_invocation_usage(invocation,
                                    "--checkpoint is without a store, and --run of one: expected one of them");
    if (looks(drawing, false))
        return spt_invocation_usage(invocation, "of a checkpoint without a store there are attention and references");
    enum spt_status status = spt_looker_open_path(config, &drawing->log, path,
                                                  spt_invocation_value(invocation, "branch"), &drawing->looker, &error);
    if (status == SPT_OK) status = spt_figures_check(config, spt_looker_source(drawing->looker), &error);
    const int exit = status == SPT_OK ? render(drawing, spt_looker_source(drawing->looker))
                                      : spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    spt_looker_close(drawing->looker);
    return exit;
}

/* The figures that are named; of a checkpoint alone, where none is, those that look into one. */
static enum spt_status choose(struct drawing *drawing, bool checkpoint, struct spt_error *error) {
    static const char *const LOOKING[] = {"attention", "references"};
    const struct spt_invocation *invocation = drawing->invocation;
    const bool given = invocation->argument_count || !checkpoint;
    return spt_figures_choose(&invocation->config, given ? invocation->arguments : LOOKING,
                              given ? invocation->argument_count : sizeof LOOKING / sizeof *LOOKING, &drawing->choice,
                              error);
}

static int run(struct spt_invocation *invocation) {
    struct drawing drawing = {.invocation = invocation, .log = spt_invocation_log(invocation)};
    const char *checkpoint = spt_invocation_value(invocation, "checkpoint");
    const char *step = spt_invocation_value(invocation, "step");
    struct spt_error error;
    enum spt_status ready = SPT_OK;
    if (step) ready = spt_config_set(&invocation->config, "plots.steps", step, "--step", &error);
    if (ready == SPT_OK) ready = choose(&drawing, checkpoint != NULL, &error);
    int status;
    if (ready != SPT_OK)
        status = spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    else
        status = checkpoint ? plot_checkpoint(&drawing, checkpoint) : plot_store(&drawing);
    spt_text_release(&drawing.said);
    spt_text_release(&drawing.left_out);
    spt_figure_selection_release(&drawing.choice);
    return status;
}

static const struct spt_option OPTIONS[] = {
    {"run", 'r', "RUN...", "name or number of a run (default: the latest); give it again to compare more"},
    {"all", 'a', NULL, "compare every run of the store but controls"},
    {"branch", 'b', "NAME", "which branch's checkpoints (default: the one of the most)"},
    {"step", 's', "STEP", "the step of attention and references, as --at (default: the last)"},
    {"checkpoint", 0, "PATH",
     "draw attention and references of a checkpoint, or a run of them, that no store need know"},
};
static const char *const KEYS[] = {
    "db",           "out",        "plots.format", "plots.metric", "plots.layer", "plots.head",
    "plots.sample", "plots.text", "plots.scale",  "plots.steps",  "plots.axis",  "probe",
    "ids",          "samples",    "bos",          "references",   "tokenizer",   "model_config",
    "step_pattern", "threads",    "read_ahead",   "header_limit", "tmpdir",      "spool_limit",
};

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
        "as the null is: what random attention gives. --format term draws on the terminal and writes nothing. "
        "attention and references are drawn where they are named: attention of one sample (--sample), or of a sentence (--text), is no part of the store and is computed from its checkpoint, which has to be there. attention shows one head (--layer, --head), all of a layer, or of every layer the mean; references what each token receives in each layer, and which are the layer's reference tokens. The probe has to be the one of the sweep: give the same --config, --probe or --ids. --checkpoint needs no store.",
    .example = "spectail plot --out figures --format pdf\n"
               "spectail plot heatmap --metric rmt.law_kl --format term\n"
               "spectail plot attention --step 8000 --layer 5 --head 2\n"
               "spectail plot references --at 0,1000,8000 --text 'Every finite integral domain is a field.'\n"
               "spectail plot --run pythia-70m --run pythia-160m --run pythia-410m --out sizes",
    .options = OPTIONS,
    .option_count = sizeof OPTIONS / sizeof *OPTIONS,
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
