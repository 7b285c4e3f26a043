#include "tracker/plot_source.h"

#include "analysis/emergence/onset.h"
#include "analysis/rmt/law.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/run.h"
#include "tracker/control.h"
#include "tracker/emergence/emergence.h"
#include "tracker/formats/names.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- series --- */

struct collected {
    struct spt_run_source *source;
    struct spt_plot_value *values;
    size_t *samples; /* [count] n of each */
    bool any;
};

static enum spt_status collect_value(void *context, const struct spt_store_measure *measure, struct spt_error *error) {
    (void)error;
    struct collected *c = context;
    for (size_t i = 0; i < c->source->source.count; i++) {
        if (c->source->rows[c->source->shown[i]].id != measure->checkpoint->id) continue;
        c->values[i] = (struct spt_plot_value){measure->mean, measure->sd, measure->lo, measure->hi};
        c->samples[i] = (size_t)measure->n;
        c->any = true;
        break;
    }
    return SPT_OK;
}

/* Values at every checkpoint (NAN where there is none) and their sample counts; SPT_END when no checkpoint has the
 * metric. */
static enum spt_status collect(struct spt_run_source *source, const char *metric, int layer, int head,
                               struct spt_plot_value **values, size_t **samples, struct spt_error *error) {
    const size_t count = source->source.count;
    struct collected c = {
        .source = source,
        .values = spt_alloc(count, sizeof(struct spt_plot_value)),
        .samples = spt_alloc_zeroed(count, sizeof(size_t)),
    };
    enum spt_status status = SPT_OK;
    if (!c.values || !c.samples) status = spt_fail_memory(error, count * sizeof(struct spt_plot_value), "a series");
    for (size_t i = 0; status == SPT_OK && i < count; i++) c.values[i] = (struct spt_plot_value){NAN, NAN, NAN, NAN};
    if (status == SPT_OK)
        status = spt_store_each_measure(source->store, source->run.id, metric, layer, head, collect_value, &c, error);
    if (status == SPT_OK && !c.any) status = SPT_END;
    if (status != SPT_OK) {
        free(c.values);
        free(c.samples);
        return status;
    }
    *values = c.values;
    *samples = c.samples;
    return SPT_OK;
}

static enum spt_status series(void *context, const char *metric, int layer, int head, struct spt_plot_value **values,
                              struct spt_error *error) {
    size_t *samples;
    const enum spt_status status = collect(context, metric, layer, head, values, &samples, error);
    if (status == SPT_OK) free(samples);
    return status;
}

enum spt_status spt_run_source_onset(struct spt_run_source *source, const char *metric, int layer, int head,
                                     struct spt_onset *onset, struct spt_error *error) {
    const size_t count = source->source.count;
    struct spt_plot_value *values;
    size_t *samples;
    enum spt_status status = collect(source, metric, layer, head, &values, &samples, error);
    if (status != SPT_OK) return status;
    int64_t *step = spt_alloc(count, sizeof *step);
    double *mean = spt_alloc(count, sizeof *mean), *se = spt_alloc(count, sizeof *se);
    if (!step || !mean || !se) status = spt_fail_memory(error, 3 * count * sizeof *mean, "an onset");
    for (size_t i = 0; status == SPT_OK && i < count; i++) {
        step[i] = source->checkpoints[i].step;
        mean[i] = values[i].mean;
        se[i] = samples[i] ? values[i].sd / sqrt((double)samples[i]) : NAN;
    }
    if (status == SPT_OK) status = spt_onset_of(step, mean, se, count, onset, error);
    free(values);
    free(samples);
    free(step);
    free(mean);
    free(se);
    return status;
}

static enum spt_status onset(void *context, const char *metric, int64_t *step, struct spt_error *error) {
    struct spt_onset found;
    const enum spt_status status =
        spt_run_source_onset(context, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &found, error);
    if (status != SPT_OK) return status;
    *step = found.step;
    return found.found ? SPT_OK : SPT_END;
}

static enum spt_status midpoint(void *context, const char *metric, struct spt_plot_value *step,
                                struct spt_error *error) {
    const struct spt_run_source *source = context;
    struct spt_emerged emerged;
    bool *chosen = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *chosen);
    const size_t row = spt_metric_find(metric);
    if (!chosen) return spt_fail_memory(error, SPT_METRIC_COUNT * sizeof *chosen, "a choice of metrics");
    if (row < SPT_METRIC_COUNT) chosen[row] = true;
    const struct spt_emerged_options options = {.metrics = chosen, .against = metric};
    enum spt_status status =
        spt_emerged_read(source->store, &source->run, source->run.name, source->branch, &options, &emerged, error);
    free(chosen);
    if (status != SPT_OK) return status;
    const struct spt_emerged_row *found = spt_emerged_find(&emerged, metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    if (found && found->emergence.reason == SPT_EMERGENCE_FOUND) {
        const struct spt_emergence *e = &found->emergence;
        *step = (struct spt_plot_value){spt_emergence_step(e->fit.t0), NAN, NAN, NAN};
        if (!isnan(e->t0_lo)) step->lo = spt_emergence_step(e->t0_lo);
        if (!isnan(e->t0_hi)) step->hi = spt_emergence_step(e->t0_hi);
    } else {
        status = SPT_END;
    }
    spt_emerged_release(&emerged);
    return status;
}

/* --- curves, nulls, laws, the user's own series --- */

static enum spt_status points_alloc(size_t count, struct spt_plot_point **points, struct spt_error *error) {
    *points = spt_alloc(count, sizeof **points);
    return *points ? SPT_OK : spt_fail_memory(error, count * sizeof **points, "a curve");
}

static enum spt_status curve(void *context, const char *metric, size_t i, int layer, int head,
                             struct spt_plot_point **points, size_t *n, struct spt_error *error) {
    const struct spt_run_source *source = context;
    const size_t row = spt_metric_find(metric);
    if (row == SPT_METRIC_COUNT || !SPT_METRICS[row].grid) return SPT_END;
    float *values;
    enum spt_status status = spt_store_vector(source->store, source->rows[source->shown[i]].id, metric, layer, head,
                                              false, &values, n, error);
    if (status != SPT_OK) return status;
    status = points_alloc(*n, points, error);
    for (size_t k = 0; status == SPT_OK && k < *n; k++)
        (*points)[k] = (struct spt_plot_point){SPT_METRICS[row].grid(k), (double)values[k]};
    free(values);
    return status;
}

static enum spt_status null_value(void *context, const char *metric, int layer, double *mean, double *sd,
                                  struct spt_error *error) {
    const struct spt_run_source *source = context;
    return spt_store_null(source->store, source->run.id, metric, layer, mean, sd, error);
}

/* A word of a name begins there: "val" in "loss/val_ppl", not in "interval". */
static bool has_word(const char *name, const char *word) {
    for (const char *at = name; (at = strstr(at, word)); at++)
        if (at == name || !isalpha((unsigned char)at[-1])) return true;
    return false;
}

/* How a trainer calls its own loss, the likeliest first: 0 "loss" itself, 1 "train_loss" and its like, 2 another loss. LOSS_NONE: one of
 * other data, a part of the loss, or a figure about it. */
enum { LOSS_NONE = 3 };
static int loss_rank(const char *name) {
    static const char *const OTHERS[] = {"eval", "val", "test", "dev", "aux", "scale", "scaling", "balance"};
    if (!strstr(name, "loss")) return LOSS_NONE;
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (has_word(name, OTHERS[i])) return LOSS_NONE;
    if (strcmp(name, "loss") == 0) return 0;
    return has_word(name, "train") ? 1 : 2;
}

/* NULL: no series is a training loss. */
static const char *training_loss(char *const *names, size_t count) {
    const char *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (loss_rank(names[i]) < (best ? loss_rank(best) : LOSS_NONE)) best = names[i];
    return best;
}

static enum spt_status external(void *context, const char *name, struct spt_plot_point **points, size_t *n,
                                struct spt_error *error) {
    const struct spt_run_source *source = context;
    char **names = NULL;
    size_t count = 0;
    struct spt_store_point *stored = NULL;
    enum spt_status status = spt_store_external_names(source->store, source->run.id, &names, &count, error);
    if (status != SPT_OK) return status;
    const char *wanted = name ? name : training_loss(names, count);
    *n = 0;
    if (wanted) status = spt_store_external(source->store, source->run.id, wanted, &stored, n, error);
    for (size_t i = 0; i < count; i++) free(names[i]);
    free(names);
    if (status == SPT_OK && *n == 0) status = SPT_END;
    if (status == SPT_OK) status = points_alloc(*n, points, error);
    for (size_t i = 0; status == SPT_OK && i < *n; i++)
        (*points)[i] = (struct spt_plot_point){(double)stored[i].step, stored[i].value};
    free(stored);
    return status;
}

static enum spt_mask_kind mask_of(const char *name) {
    if (strcmp(name, "full") == 0) return SPT_MASK_FULL;
    return strcmp(name, "causal") == 0 ? SPT_MASK_CAUSAL : SPT_MASK_WINDOW;
}

static enum spt_status law(void *context, struct spt_plot_point **points, size_t *n, struct spt_error *error) {
    const struct spt_run_source *source = context;
    const enum spt_law_kind kind = spt_law_of_mask(mask_of(source->run.mask));
    if (kind == SPT_LAW_KINDS) return SPT_END;
    struct spt_laws *laws;
    enum spt_status status = spt_laws_new(&laws, error);
    if (status != SPT_OK) return status;
    const double *density = spt_laws_density(laws, kind);
    *n = SPT_LAW_CELLS;
    status = points_alloc(*n, points, error);
    for (size_t i = 0; status == SPT_OK && i < *n; i++)
        (*points)[i] = (struct spt_plot_point){((double)i + 0.5) * (SPT_LAW_EDGE / SPT_LAW_CELLS), density[i]};
    spt_laws_free(laws);
    return status;
}

static const char *unit(void *context, const char *metric) {
    (void)context;
    const size_t row = spt_metric_find(metric);
    return row < SPT_METRIC_COUNT ? SPT_METRICS[row].unit : NULL;
}

static const char *definition(void *context, const char *metric) {
    (void)context;
    const size_t row = spt_metric_find(metric);
    return row < SPT_METRIC_COUNT ? SPT_METRICS[row].definition : NULL;
}

/* --- life --- */

static bool is_shown(const struct spt_store_checkpoint *row, const char *branch) {
    return row->state == SPT_STATE_ANALYSED && row->step != SPT_NO_STEP && strcmp(row->branch, branch) == 0;
}

static size_t count_shown(const struct spt_run_source *source, const char *branch) {
    size_t count = 0;
    for (size_t i = 0; i < source->row_count; i++) count += is_shown(&source->rows[i], branch) ? 1 : 0;
    return count;
}

static const char *largest_branch(const struct spt_run_source *source) {
    const char *best = "";
    size_t most = 0;
    for (size_t i = 0; i < source->row_count; i++) {
        const char *branch = source->rows[i].branch;
        if (i > 0 && strcmp(branch, source->rows[i - 1].branch) == 0) continue;
        const size_t count = count_shown(source, branch);
        if (count <= most) continue;
        most = count;
        best = branch;
    }
    return best;
}

void spt_run_source_close(struct spt_run_source *source) {
    if (source->control) spt_run_source_close(source->control);
    free(source->control);
    spt_store_free_runs(source->all, source->all_count);
    spt_store_free_checkpoints(source->rows, source->row_count);
    free(source->shown);
    free(source->checkpoints);
    free(source->others);
    free(source->name);
    free(source->names);
    *source = (struct spt_run_source){0};
}

/* The checkpoints that are shown, of count rows. */
static enum spt_status take_checkpoints(struct spt_run_source *source, size_t count, struct spt_error *error) {
    size_t i = 0;
    source->shown = spt_alloc(count, sizeof *source->shown);
    source->checkpoints = spt_alloc(count, sizeof *source->checkpoints);
    if (!source->shown || !source->checkpoints)
        return spt_fail_memory(error, count * sizeof *source->checkpoints, "a run's checkpoints");
    for (size_t k = 0; k < source->row_count; k++) {
        const struct spt_store_checkpoint *row = &source->rows[k];
        if (!is_shown(row, source->branch)) continue;
        source->shown[i] = k;
        source->checkpoints[i++] =
            (struct spt_plot_checkpoint){.step = row->step,
                                         .tokens = row->tokens == SPT_NO_TOKENS ? 0 : row->tokens,
                                         .label = row->label,
                                         .duplicate = row->duplicate_of != SPT_NO_STEP};
    }
    return SPT_OK;
}

static enum spt_status open_alone(struct spt_store *store, const struct spt_store_run *run, const char *branch,
                                  struct spt_run_source *source, struct spt_error *error) {
    *source = (struct spt_run_source){.store = store, .run = *run};
    enum spt_status status = spt_store_checkpoints(store, run->id, &source->rows, &source->row_count, error);
    if (status != SPT_OK) return status;
    source->branch = branch ? branch : largest_branch(source);
    const size_t count = count_shown(source, source->branch);
    status = count ? take_checkpoints(source, count, error) : SPT_END;
    if (status != SPT_OK) {
        spt_run_source_close(source);
        return status;
    }
    source->source = (struct spt_plot_source){
        .context = source,
        .run = source->run.name,
        .layers = run->layers,
        .heads = run->heads,
        .samples = run->samples,
        .parameters = spt_store_run_parameters(run),
        .checkpoints = source->checkpoints,
        .count = count,
        .series = series,
        .curve = curve,
        .null = null_value,
        .external = external,
        .law = law,
        .onset = onset,
        .midpoint = midpoint,
        .unit = unit,
        .definition = definition,
    };
    return SPT_OK;
}

/* Figures call a run as all else outside the store does: two runs of one name are told apart. */
static enum spt_status take_name(struct spt_run_source *source, struct spt_error *error) {
    char **names = spt_run_names(source->all, source->all_count);
    for (size_t i = 0; names && i < source->all_count && !source->name; i++)
        if (source->all[i].id == source->run.id) source->name = spt_strdup(names[i]);
    spt_run_names_free(names, source->all_count);
    if (!names || !source->name) return spt_fail_memory(error, strlen(source->run.name), "the name of a run");
    source->source.run = source->name;
    return SPT_OK;
}

/* SPT_END: the store has none, or nothing of it is analysed. */
static enum spt_status open_control(struct spt_run_source *source, struct spt_error *error) {
    const struct spt_store_run *run = spt_control_find(&source->run, source->all, source->all_count);
    if (!run) return SPT_END;
    struct spt_run_source *control = spt_alloc_zeroed(1, sizeof *control);
    if (!control) return spt_fail_memory(error, sizeof *control, "a control");
    const enum spt_status status = open_alone(source->store, run, source->branch, control, error);
    if (status != SPT_OK) {
        free(control);
        return status;
    }
    source->control = control;
    source->source.control = &control->source;
    return SPT_OK;
}

enum spt_status spt_run_source_open(struct spt_store *store, const struct spt_store_run *run, const char *branch,
                                    struct spt_run_source *source, struct spt_error *error) {
    enum spt_status status = open_alone(store, run, branch, source, error);
    if (status != SPT_OK) return status;
    status = spt_store_runs(store, &source->all, &source->all_count, error);
    if (status == SPT_OK) status = take_name(source, error);
    if (status == SPT_OK) status = open_control(source, error);
    if (status == SPT_OK || status == SPT_END) return SPT_OK;
    spt_run_source_close(source);
    return status;
}

enum spt_status spt_run_source_compare(struct spt_run_source *first, const struct spt_run_source *others, size_t count,
                                       struct spt_error *error) {
    struct spt_text names = {0};
    first->others = spt_alloc(count, sizeof *first->others);
    if (!first->others) return spt_fail_memory(error, count * sizeof *first->others, "several runs");
    spt_text_put(&names, first->source.run);
    for (size_t i = 0; i < count; i++) {
        first->others[i] = others[i].source;
        spt_text_format(&names, ", %s", others[i].source.run);
    }
    first->names = names.data;
    first->source.title = names.data;
    first->source.others = first->others;
    first->source.other_count = count;
    return names.failed ? spt_fail_memory(error, names.length, "the names of runs") : SPT_OK;
}
