/* The data of figures made of panels: first what there is of each panel and its range, for a panel that is not there takes
 * no place; then the settings. */
#include "plots/figures/panel_work.h"

#include "checkpoints/base/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many steps are told apart by colour in a panel of this size. */
#define STEPS_MOST 5

/* --- lines --- */

static bool has_thresholds(const struct spt_panel *panel) {
    const size_t length = strlen(panel->metric);
    return length > 0 && panel->metric[length - 1] == '@';
}

static const char *at_threshold(const struct spt_panel_work *work, const struct spt_panel *panel, size_t t,
                                char name[64]) {
    snprintf(name, 64, "%s%s", panel->metric, work->table->thresholds[t]);
    return name;
}

static void add_line(struct spt_panel_drawn *drawn, const char *name, double shade, const char *label) {
    spt_text_format(&drawn->names, "%s%s", drawn->lines ? " " : "", name);
    spt_text_format(&drawn->shades, "%s%.4f", drawn->lines ? " " : "", shade);
    spt_text_format(&drawn->labels, "%s%s", drawn->lines ? " " : "", label);
    drawn->lines++;
}

static void add_step(const struct spt_panel_work *work, struct spt_panel_drawn *drawn, size_t j) {
    const int64_t step = work->drawing.source->checkpoints[work->steps[j]].step;
    char name[24];
    struct spt_text label = {0};
    snprintf(name, sizeof name, "%" PRId64, step);
    spt_step_put(&label, step);
    add_line(drawn, name, spt_steps_shade(j, work->step_count), label.failed ? "" : label.data);
    if (label.failed) drawn->labels.failed = true;
    spt_text_release(&label);
}

/* --- over steps --- */

static enum spt_status put_steps_line(struct spt_panel_work *work, const char *metric, struct spt_panel_drawn *drawn,
                                      bool *any) {
    struct spt_plot_value *values = NULL;
    enum spt_status status = spt_series_get(&work->drawing, metric, -1, -1, &values);
    *any = status == SPT_OK && values;
    if (!*any) return status;
    spt_block_put(&work->drawing, "step x mean lo hi mark alone", "%s", metric);
    spt_series_put(&work->drawing, values, &drawn->range);
    free(values);
    status = spt_null_put(&work->drawing, metric, metric, -1, &drawn->range, &work->baselines);
    if (status != SPT_OK) return status;
    return spt_control_put(&work->drawing, metric, metric, -1, -1, &drawn->range, &work->baselines);
}

static enum spt_status put_over_steps(struct spt_panel_work *work, const struct spt_panel *panel,
                                      struct spt_panel_drawn *drawn) {
    bool any = false;
    enum spt_status status = SPT_OK;
    if (!has_thresholds(panel)) {
        status = put_steps_line(work, panel->metric, drawn, &any);
        if (status != SPT_OK || !any) return status;
        add_line(drawn, "", -1, "");
        drawn->layers = true;
        return spt_layers_put(&work->drawing, panel->metric, &drawn->range);
    }
    drawn->each = true;
    for (size_t t = 0; status == SPT_OK && t < work->table->threshold_count; t++) {
        char name[64];
        status = put_steps_line(work, at_threshold(work, panel, t, name), drawn, &any);
        const char *threshold = work->table->thresholds[t];
        if (status == SPT_OK && any) add_line(drawn, threshold, spt_panel_threshold_shade(work->table, t), threshold);
    }
    return status;
}

/* --- over layers and thresholds --- */

/* One place of an axis across: a layer or a threshold. */
struct place {
    double x;
    bool ends; /* no line joins it to the next */
    char label[24];
    struct spt_plot_value *values; /* [checkpoints] NULL: none */
};

static struct spt_plot_value value_at(const struct place *place, size_t checkpoint) {
    return place->values ? place->values[checkpoint] : (struct spt_plot_value){NAN, NAN, NAN, NAN};
}

static bool joined(const struct place *places, size_t n, size_t i, size_t checkpoint) {
    if (i + 1 >= n || places[i].ends) return false;
    return isfinite(value_at(&places[i], checkpoint).mean) && isfinite(value_at(&places[i + 1], checkpoint).mean);
}

static void put_places(struct spt_panel_work *work, const char *metric, size_t checkpoint, const struct place *places,
                       size_t n, struct spt_panel_drawn *drawn) {
    spt_block_put(&work->drawing, "label x mean lo hi mark alone", "%s, step %" PRId64, metric,
                  work->drawing.source->checkpoints[checkpoint].step);
    for (size_t i = 0; i < n; i++) {
        const bool alone = !joined(places, n, i, checkpoint) && !(i > 0 && joined(places, n, i - 1, checkpoint));
        spt_row_put(&work->drawing, places[i].label, places[i].x, value_at(&places[i], checkpoint),
                    alone || n <= SPT_DOTS_MAX ? 1 : 0, alone, &drawn->range);
        if (places[i].ends) spt_text_put(work->drawing.data, "\n");
    }
}

/* The layers, or with thresholds these, of one layer or the model. *any: there is a value. */
static enum spt_status get_places(struct spt_panel_work *work, const struct spt_panel *panel, bool layers, int layer,
                                  struct place *places, size_t n, bool *any) {
    *any = false;
    for (size_t i = 0; i < n; i++) {
        char name[64];
        const char *metric = layers ? panel->metric : at_threshold(work, panel, i, name);
        const enum spt_status status =
            spt_series_get(&work->drawing, metric, layers ? (int)i : layer, -1, &places[i].values);
        if (status != SPT_OK) return status;
        *any = *any || places[i].values;
        if (layers) {
            places[i].x = (double)i;
            snprintf(places[i].label, sizeof places[i].label, "%zu", i);
        } else {
            const double threshold = strtod(work->table->thresholds[i], NULL);
            places[i].x = spt_axis_place(&work->thresholds, threshold);
            places[i].ends = threshold == 0;
            snprintf(places[i].label, sizeof places[i].label, "%s", work->table->thresholds[i]);
        }
    }
    return SPT_OK;
}

static struct place *places_new(size_t n, struct spt_error *error) {
    struct place *places = spt_alloc_zeroed(n, sizeof *places);
    if (!places) spt_fail_memory(error, n * sizeof *places, "places of a figure");
    return places;
}

static void places_free(struct place *places, size_t n) {
    for (size_t i = 0; places && i < n; i++) free(places[i].values);
    free(places);
}

static enum spt_status put_over_places(struct spt_panel_work *work, const struct spt_panel *panel,
                                       struct spt_panel_drawn *drawn) {
    struct spt_drawing *drawing = &work->drawing;
    const bool layers = drawn->over == SPT_OVER_LAYERS;
    const size_t n = layers ? drawing->source->layers : work->table->threshold_count;
    const int layer = drawing->options->layer;
    if (layers && n < 2) return SPT_OK;
    struct place *places = places_new(n, drawing->error);
    bool any = false;
    enum spt_status status = places ? get_places(work, panel, layers, layer, places, n, &any) : SPT_NOMEM;
    for (size_t j = 0; status == SPT_OK && any && j < work->step_count; j++) {
        put_places(work, panel->metric, work->steps[j], places, n, drawn);
        add_step(work, drawn, j);
    }
    places_free(places, n);
    if (status != SPT_OK || !any) return status;
    const int64_t last = drawing->source->checkpoints[work->steps[work->step_count - 1]].step;
    struct spt_range *range = &drawn->range;
    if (layers) {
        char name[96];
        snprintf(name, sizeof name, "%s, by layer", panel->metric);
        status = spt_null_layers_put(drawing, name, panel->metric, range, &work->baselines);
        if (status != SPT_OK) return status;
        return spt_control_layers_put(drawing, name, panel->metric, last, range, &work->baselines);
    }
    status = spt_null_thresholds_put(drawing, panel->metric, layer, work->table->thresholds, n, &work->thresholds,
                                     range, &work->baselines);
    if (status != SPT_OK) return status;
    return spt_control_thresholds_put(drawing, panel->metric, layer, last, work->table->thresholds, n,
                                      &work->thresholds, range, &work->baselines);
}

/* --- maps --- */

static enum spt_status put_map(struct spt_panel_work *work, const struct spt_panel *panel,
                               struct spt_panel_drawn *drawn) {
    struct spt_drawing *drawing = &work->drawing;
    const size_t n = work->table->threshold_count, last = work->steps[work->step_count - 1];
    if (drawing->source->layers < 2 || drawing->options->format == SPT_PLOT_TERM) return SPT_OK;
    enum spt_status status = SPT_OK;
    for (size_t layer = 0; status == SPT_OK && layer < drawing->source->layers; layer++) {
        struct place *places = places_new(n, drawing->error);
        bool any = false;
        status = places ? get_places(work, panel, false, (int)layer, places, n, &any) : SPT_NOMEM;
        for (size_t t = 0; status == SPT_OK && t < n; t++) {
            const double value = value_at(&places[t], last).mean;
            if (!isfinite(value)) continue; /* the ground shows */
            if (drawn->lines == 0) spt_block_put(drawing, "column layer value", "%s, map", panel->metric);
            spt_text_format(drawing->data, "%zu %zu %.9g\n", t, layer, value);
            spt_range_include(&drawn->range, value);
            drawn->lines = 1;
        }
        places_free(places, n);
    }
    return status;
}

/* --- panels --- */

/* beside: on the right of a pair, which has its place even when it is empty. */
static enum spt_status put_panel(struct spt_panel_work *work, const struct spt_panel *panel, enum spt_panel_over over,
                                 bool beside) {
    struct spt_panel_drawn *drawn = &work->panels[work->count];
    *drawn = (struct spt_panel_drawn){.panel = panel,
                                      .over = over,
                                      .joined = beside || panel->joined || work->table->form == SPT_PANELS_LIKE,
                                      .range = SPT_RANGE_EMPTY};
    enum spt_status status;
    if (over == SPT_OVER_STEPS)
        status = put_over_steps(work, panel, drawn);
    else
        status = over == SPT_OVER_MAP ? put_map(work, panel, drawn) : put_over_places(work, panel, drawn);
    if (drawn->lines || beside || status != SPT_OK) work->count++;
    return status;
}

static bool needs_steps(const struct spt_panel_table *table) {
    bool needs = table->form == SPT_PANELS_PAIRED;
    for (size_t i = 0; i < table->count; i++) needs = needs || table->panels[i].over != SPT_OVER_STEPS;
    return needs;
}

static enum spt_status put_panels(struct spt_panel_work *work) {
    const struct spt_panel_table *table = work->table;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < table->count; i++) {
        const struct spt_panel *panel = &table->panels[i];
        const size_t before = work->count;
        status = put_panel(work, panel, panel->over, false);
        if (status == SPT_OK && work->count > before && table->form == SPT_PANELS_PAIRED &&
            work->drawing.source->layers > 1)
            status = put_panel(work, panel, SPT_OVER_LAYERS, true);
    }
    return status;
}

/* Of the checkpoints at which any of the panels has a value. */
static enum spt_status choose_steps(struct spt_panel_work *work) {
    const struct spt_panel_table *table = work->table;
    const size_t count = work->drawing.source->count;
    bool *has = spt_alloc_zeroed(count, sizeof *has);
    enum spt_status status = has ? SPT_OK : spt_fail_memory(work->drawing.error, count * sizeof *has, "chosen steps");
    for (size_t i = 0; status == SPT_OK && i < table->count; i++) {
        const struct spt_panel *panel = &table->panels[i];
        char name[64];
        if (!has_thresholds(panel)) status = spt_steps_mark(&work->drawing, panel->metric, has);
        for (size_t t = 0; status == SPT_OK && has_thresholds(panel) && t < table->threshold_count; t++)
            status = spt_steps_mark(&work->drawing, at_threshold(work, panel, t, name), has);
    }
    if (status == SPT_OK) status = spt_steps_choose(&work->drawing, has, STEPS_MOST, &work->steps, &work->step_count);
    free(has);
    return status;
}

/* --- the figure --- */

static enum spt_status begin(struct spt_panel_work *work) {
    const struct spt_plot_source *source = work->drawing.source;
    double thresholds[SPT_THRESHOLDS_MOST] = {0};
    for (size_t t = 0; t < work->table->threshold_count; t++) thresholds[t] = strtod(work->table->thresholds[t], NULL);
    spt_axis_init(&work->drawing.axis, source);
    spt_axis_init_values(&work->thresholds, thresholds, work->table->threshold_count);
    const int layer = work->drawing.options->layer;
    for (size_t i = 0; i < work->table->count; i++)
        if (work->table->panels[i].over == SPT_OVER_THRESHOLDS && layer >= 0 && (size_t)layer >= source->layers)
            return spt_fail(work->drawing.error, SPT_INVALID, NULL,
                            "there is no layer %d: the run's layers are 0 to %zu", layer, source->layers - 1);
    return needs_steps(work->table) ? choose_steps(work) : SPT_OK;
}

enum spt_status spt_panels_write(const struct spt_panel_table *table, const struct spt_plot_source *source,
                                 const struct spt_plot_options *options, struct spt_text *data,
                                 struct spt_text *settings, struct spt_error *error) {
    struct spt_plot_source seen = *source;
    struct spt_panel_work work = {.table = table, .drawing = {&seen, options, {0}, data, settings, error}};
    if (table->of_weights) seen.control = NULL;
    enum spt_status status = begin(&work);
    if (status == SPT_OK) status = put_panels(&work);
    bool any = false;
    for (size_t i = 0; i < work.count; i++) any = any || !work.panels[i].panel->aside;
    if (status == SPT_OK && !any) status = SPT_END;
    if (status == SPT_OK) status = spt_panels_settings_put(&work);
    for (size_t i = 0; i < work.count; i++) {
        spt_text_release(&work.panels[i].names);
        spt_text_release(&work.panels[i].shades);
        spt_text_release(&work.panels[i].labels);
    }
    free(work.steps);
    return spt_drawing_end(&work.drawing, status);
}
