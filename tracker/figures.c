#include "tracker/figures.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/metric_choice.h"

#include <stdlib.h>

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

enum spt_status spt_figures_choose(const struct spt_config *config, const char *const *names, size_t count,
                                   struct spt_figure_selection *choice, struct spt_error *error) {
    const struct spt_config_texts *configured = &config->plots.figures;
    const bool given = count > 0;
    const size_t named = given ? count : configured->count;
    choice->named = named > 0;
    choice->count = named ? named : SPT_FIGURE_COUNT;
    choice->figures = spt_alloc(choice->count, sizeof *choice->figures);
    if (!choice->figures) return spt_fail_memory(error, choice->count * sizeof *choice->figures, "figures");
    for (size_t i = 0; i < choice->count; i++) {
        choice->figures[i] = &SPT_FIGURES[i < SPT_FIGURE_COUNT ? i : 0];
        if (!named) continue;
        struct spt_error reason;
        const enum spt_status status =
            find_figure(given ? names[i] : configured->items[i], &choice->figures[i], &reason);
        if (status == SPT_OK) continue;
        return given || status != SPT_INVALID ? spt_fail(error, status, NULL, "%s", reason.message)
                                              : spt_config_reject(config, "plots.figures", error, "%s", reason.message);
    }
    return SPT_OK;
}

void spt_figure_selection_release(struct spt_figure_selection *choice) {
    free(choice->figures);
    *choice = (struct spt_figure_selection){0};
}

static bool has_step(const struct spt_plot_source *source, int64_t step) {
    for (size_t i = 0; i < source->count; i++)
        if (source->checkpoints[i].step == step) return true;
    return false;
}

/* Steps ascend: the nearest are on both sides. */
static enum spt_status reject_step(const struct spt_config *config, const struct spt_plot_source *source, int64_t step,
                                   struct spt_error *error) {
    struct spt_text nearest = {0};
    size_t after = 0;
    while (after < source->count && source->checkpoints[after].step < step) after++;
    if (after > 0) spt_text_format(&nearest, "%lld", (long long)source->checkpoints[after - 1].step);
    if (after > 0 && after < source->count) spt_text_put(&nearest, " and ");
    if (after < source->count) spt_text_format(&nearest, "%lld", (long long)source->checkpoints[after].step);
    const enum spt_status status =
        spt_config_reject(config, "plots.steps", error, "no analysed checkpoint of step %lld: the nearest are of %s",
                          (long long)step, nearest.failed || !nearest.data ? "other steps" : nearest.data);
    spt_text_release(&nearest);
    return status;
}

enum spt_status spt_figures_check(const struct spt_config *config, const struct spt_plot_source *source,
                                  struct spt_error *error) {
    const enum spt_status status = spt_metric_check_plots(config, error);
    if (status != SPT_OK) return status;
    if (config->plots.layer >= (int64_t)source->layers)
        return spt_config_reject(config, "plots.layer", error, "is %lld, the run has layers 0 to %zu",
                                 (long long)config->plots.layer, source->layers - 1);
    if (config->plots.head >= (int64_t)source->heads)
        return spt_config_reject(config, "plots.head", error, "is %lld, each layer has heads 0 to %zu",
                                 (long long)config->plots.head, source->heads - 1);
    if (config->plots.head >= 0 && config->plots.layer < 0)
        return spt_config_reject(config, "plots.head", error, "is %lld, of which layer? --layer names it",
                                 (long long)config->plots.head);
    for (size_t i = 0; i < config->plots.steps.count; i++)
        if (!has_step(source, config->plots.steps.items[i]))
            return reject_step(config, source, config->plots.steps.items[i], error);
    return SPT_OK;
}

enum spt_status spt_figures_draw(const struct spt_figure_selection *choice, const struct spt_config *config,
                                 const struct spt_plot_source *source, const char *folder, spt_figure_told *told,
                                 void *context, size_t *drawn, struct spt_error *error) {
    const struct spt_plot_options options = {
        .format = (enum spt_plot_format)config->plots.format,
        .metric = config->plots.metric,
        .layer = (int)config->plots.layer,
        .head = (int)config->plots.head,
        .scale = (enum spt_plot_scale)config->plots.scale,
        .steps = config->plots.steps.items,
        .step_count = config->plots.steps.count,
        .axis = (enum spt_plot_axis)config->plots.axis,
    };
    const struct spt_figure **shown = spt_alloc(choice->count, sizeof *shown);
    enum spt_status status = shown ? SPT_OK : spt_fail_memory(error, choice->count * sizeof *shown, "figures");
    *drawn = 0;
    for (size_t i = 0; status == SPT_OK && i < choice->count; i++) {
        const struct spt_figure *figure = choice->figures[i];
        if (!choice->named && (figure->compares != (source->other_count > 0) || spt_figure_looks(figure))) continue;
        status = spt_plot_render(figure, source, &options, folder, error);
        const bool empty = status == SPT_END;
        if (status == SPT_OK) shown[(*drawn)++] = figure;
        if (empty) status = SPT_OK;
        if (status == SPT_OK && told && told(context, figure, !empty)) status = SPT_END;
    }
    if (status == SPT_OK && *drawn && options.format != SPT_PLOT_TERM)
        status = spt_plot_index(shown, *drawn, source, options.format, folder, error);
    free(shown);
    return status;
}
