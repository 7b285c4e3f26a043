/* The chapters that are of one run: what was measured, what was found, and when each quantity turned. */
#include "tracker/report/internal.h"

#include "analysis/metric.h"
#include "checkpoints/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void anchor(char id[64], const struct spt_telling *t, const char *name) {
    snprintf(id, 64, "%s%s", t->run->prefix, name);
}

/* "Results", or "NAME: Results" where there are several runs. */
static void begin_chapter(struct spt_telling *t, const char *name, const char *title) {
    char id[64];
    struct spt_text full = {0};
    anchor(id, t, name);
    if (t->reading->count > 1) spt_text_format(&full, "%s: ", t->run->emerged->name);
    spt_text_put(&full, title);
    spt_report_chapter(&t->page, id, full.failed ? title : full.data);
    spt_text_release(&full);
}

/* --- what was measured, on what --- */

static void fact(struct spt_telling *t, const char *term, const char *text) {
    if (!*text) return;
    spt_report_fact(&t->page, term);
    spt_report_text(&t->page, text);
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

/* What stands before the setting, it, and what stands behind; nothing where the texts do not have it. */
static bool put_setting(struct spt_telling *t, const char *before, const char *text, const char *key,
                        const char *after) {
    struct spt_text value = {0};
    const bool known = spt_told_setting(text, key, &value) && value.length;
    if (known) {
        spt_report_text(&t->page, before);
        spt_report_text(&t->page, value.failed ? "" : value.data);
        spt_report_text(&t->page, after);
    }
    t->page.body.failed = t->page.body.failed || value.failed;
    spt_text_release(&value);
    return known;
}

static void fact_model(struct spt_telling *t) {
    const struct spt_store_run *run = t->run->run;
    char said[SPT_SAID_MAX];
    spt_report_fact(&t->page, "Model");
    put_setting(t, "", run->model_text, "model_type", ", ");
    spt_report_format(&t->page, "%zu layer%s of %zu head%s", run->layers, spt_plural(run->layers), run->heads,
                      spt_plural(run->heads));
    put_setting(t, ", width ", run->model_text, "hidden_size", "");
    put_setting(t, ", vocabulary ", run->model_text, "vocab_size", "");
    const double parameters = spt_store_run_parameters(run);
    if (parameters > 0) {
        spt_said_number(said, parameters / 1e6, NAN, NAN);
        spt_report_format(&t->page, "; %s M parameters without embeddings, by 12 layers · width² (Kaplan et al. 2020)",
                          said);
    }
    spt_report_format(&t->page, "; %s attention", run->mask);
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

static void fact_probe(struct spt_telling *t) {
    const struct spt_store_run *run = t->run->run;
    char digest[SPT_HASH_HEX];
    spt_hash_hex(run->probe, digest);
    spt_report_fact(&t->page, "Probe");
    spt_report_format(&t->page, "%zu sample%s", run->samples, spt_plural(run->samples));
    put_setting(t, ", ", run->probe_text, "tokens", " tokens");
    if (!put_setting(t, ", of ", run->probe_text, "probe", "")) put_setting(t, ", of ", run->probe_text, "ids", "");
    put_setting(t, "; to each the tokenizer adds ", run->probe_text, "added", "");
    spt_report_text(&t->page, "; token ids ");
    spt_report_code(&t->page, digest);
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

static void fact_plan(struct spt_telling *t) {
    const char *line = t->run->run->plan_text;
    if (!line) return;
    spt_report_fact(&t->page, "Plan");
    for (bool first = true; *line; first = false) {
        const size_t length = strcspn(line, "\n");
        struct spt_text setting = {0};
        spt_text_append(&setting, line, length);
        if (!first) spt_report_text(&t->page, "; ");
        if (setting.data) spt_report_text(&t->page, setting.data);
        t->page.body.failed = t->page.body.failed || setting.failed;
        spt_text_release(&setting);
        line += length + (line[length] != '\0');
    }
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

static void fact_checkpoints(struct spt_telling *t) {
    const struct spt_run_source *source = &t->run->source;
    double seconds = 0;
    uint64_t bytes = 0;
    size_t analysed = 0;
    char said[SPT_SAID_MAX];
    for (size_t i = 0; i < source->row_count; i++) {
        if (source->rows[i].state != SPT_STATE_ANALYSED) continue;
        analysed++;
        bytes += source->rows[i].bytes;
        seconds += source->rows[i].seconds > 0 ? source->rows[i].seconds : 0;
    }
    spt_report_fact(&t->page, "Checkpoints");
    spt_report_format(&t->page, "%zu of ", source->source.count);
    if (*source->branch) spt_report_format(&t->page, "branch %s, ", source->branch);
    const struct spt_plot_checkpoint *last = &source->checkpoints[source->source.count - 1];
    spt_report_format(&t->page, "step%s %" PRId64, source->source.count == 1 ? "" : "s", source->checkpoints[0].step);
    if (source->source.count > 1) spt_report_format(&t->page, " to %" PRId64, last->step);
    if (last->tokens > 0) spt_report_format(&t->page, " (%" PRId64 " tokens)", last->tokens);
    spt_said_number(said, (double)bytes / 1e6, NAN, NAN);
    spt_report_format(&t->page, "; %s MB of weights", said);
    spt_said_number(said, seconds, NAN, NAN);
    spt_report_format(&t->page, ", analysed in %s s", said);
    if (analysed != source->source.count) spt_report_format(&t->page, " (all %zu of the run)", analysed);
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

static void fact_versions(struct spt_telling *t) {
    const struct spt_run_source *source = &t->run->source;
    spt_report_fact(&t->page, "Versions");
    spt_report_text(&t->page, "report by spectail " SPT_VERSION "; measured by");
    for (size_t i = 0, shown = 0; i < source->row_count; i++) {
        bool known = !source->rows[i].version || source->rows[i].state != SPT_STATE_ANALYSED;
        for (size_t k = 0; k < i && !known; k++)
            known = source->rows[k].state == SPT_STATE_ANALYSED && source->rows[k].version &&
                    strcmp(source->rows[k].version, source->rows[i].version) == 0;
        if (!known) spt_report_format(&t->page, "%s %s", shown++ ? "," : "", source->rows[i].version);
    }
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

static void fact_groups(struct spt_telling *t) {
    const char *groups[SPT_TOLD_GROUPS_MAX];
    const size_t count = spt_told_groups(t->run, groups);
    if (count == 0) return;
    spt_report_fact(&t->page, "Metrics");
    spt_report_format(&t->page, "%zu, of the groups ", t->run->emerged->name_count);
    for (size_t i = 0; i < count; i++) spt_report_format(&t->page, "%s%s", i ? ", " : "", groups[i]);
    spt_report_close(&t->page, SPT_REPORT_FACT);
}

enum spt_status spt_tell_setup(struct spt_telling *t, struct spt_error *error) {
    (void)error;
    begin_chapter(t, "setup", "What was measured");
    spt_report_open(&t->page, SPT_REPORT_FACTS);
    fact(t, "Run", t->run->emerged->name);
    fact(t, "Source", t->run->run->source);
    fact_model(t);
    fact_probe(t);
    fact_plan(t);
    fact_checkpoints(t);
    fact_groups(t);
    fact_versions(t);
    spt_report_close(&t->page, SPT_REPORT_FACTS);
    return SPT_OK;
}

/* --- what was found --- */

enum spt_status spt_tell_results(struct spt_telling *t, struct spt_error *error) {
    const char *groups[SPT_TOLD_GROUPS_MAX];
    const size_t count = spt_told_groups(t->run, groups);
    enum spt_status status = SPT_OK;
    begin_chapter(t, "results", "Results");
    spt_tell_order(t);
    for (size_t i = 0; i < count && status == SPT_OK; i++) {
        char id[64];
        anchor(id, t, groups[i]);
        spt_report_section(&t->page, id, spt_told_group_title(groups[i]));
        status = spt_tell_findings(t, groups[i], error);
        if (status == SPT_OK) status = spt_tell_special(t, groups[i], error);
        if (status == SPT_OK) status = spt_tell_figures(t, groups[i], error);
    }
    if (status == SPT_OK) status = spt_tell_other_figures(t, groups, count, error);
    return status == SPT_OK ? spt_tell_looks(t, error) : status;
}

/* --- when each turned --- */

static const struct spt_report_column FITS[] = {
    {"metric", false}, {"when", false},  {"midpoint", true}, {"from → to", true}, {"k", true},
    {"r²", true},      {"layers", true}, {"before", true},   {"q", true},
};
static const struct spt_report_column LAYER_FITS[] = {
    {"metric", false}, {"layer", true}, {"when", false},  {"midpoint", true}, {"from → to", true},
    {"k", true},       {"r²", true},    {"before", true}, {"q", true},
};
static const struct spt_report_column REASONS[] = {{"metric", false}, {"why", false}, {"rises and falls", false}};

static double on_axis(const struct spt_emerged *e, double time) {
    const double from = spt_emergence_time(e->first), to = spt_emergence_time(e->last);
    return to > from ? (time - from) / (to - from) : NAN;
}

static void shown_cell(struct spt_telling *t, const char *format, double value, const struct spt_said_of *of,
                       const char *field) {
    char shown[SPT_SAID_MAX];
    spt_report_cell(&t->page, true);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(shown, sizeof shown, format, value);
#pragma GCC diagnostic pop
    if (!isnan(value)) spt_say_shown(t, shown, value, of, field);
    spt_report_end_cell(&t->page);
}

static void layers_cell(struct spt_telling *t, const struct spt_emerged *e, const char *metric) {
    const struct spt_told_layers layers = spt_told_layers(e, metric);
    spt_report_cell(&t->page, true);
    if (layers.first) {
        const struct spt_said_of low = {metric, layers.first->layer, SPT_WHOLE_LAYER, SPT_NO_STEP};
        const struct spt_said_of high = {metric, layers.last->layer, SPT_WHOLE_LAYER, SPT_NO_STEP};
        spt_say_step(t, layers.first->emergence.fit.t0, &low, "midpoint");
        spt_report_text(&t->page, " to ");
        spt_say_step(t, layers.last->emergence.fit.t0, &high, "midpoint");
    }
    spt_report_end_cell(&t->page);
}

static double reference_time(const struct spt_emerged *e) {
    const struct spt_emerged_row *row = spt_emerged_find(e, e->against, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    return row && row->emergence.reason == SPT_EMERGENCE_FOUND ? on_axis(e, row->emergence.fit.t0) : NAN;
}

static void put_metric(struct spt_telling *t, const struct spt_emerged_row *row) {
    spt_report_head_cell(&t->page);
    spt_report_code(&t->page, row->metric);
    if (row->emergence.changes.count) spt_report_text(&t->page, "\u00a0*");
    spt_report_end_head_cell(&t->page);
}

static void put_fit(struct spt_telling *t, const struct spt_emerged *e, const struct spt_emerged_row *row,
                    bool layers) {
    const struct spt_emergence *m = &row->emergence;
    const struct spt_said_of of = {row->metric, row->layer, row->head, SPT_NO_STEP};
    spt_report_row(&t->page);
    put_metric(t, row);
    if (layers) {
        spt_report_cell(&t->page, true);
        spt_report_format(&t->page, "%d", row->layer);
        spt_report_end_cell(&t->page);
    }
    spt_report_cell(&t->page, false);
    spt_report_whisker(&t->page, on_axis(e, m->t0_lo), on_axis(e, m->fit.t0), on_axis(e, m->t0_hi), reference_time(e));
    spt_report_end_cell(&t->page);
    spt_report_cell(&t->page, true);
    spt_say_midpoint(t, row);
    spt_report_end_cell(&t->page);
    spt_report_cell(&t->page, true);
    spt_say_number(t, m->fit.a, &of, "start");
    spt_report_text(&t->page, " → ");
    spt_say_number(t, m->fit.a + m->fit.b, &of, "start + change");
    spt_report_end_cell(&t->page);
    spt_say_number_cell(t, m->fit.k, &of, "steepness");
    shown_cell(t, "%.2f", m->fit.r2, &of, "r2");
    if (!layers) layers_cell(t, e, row->metric);
    spt_report_cell(&t->page, true);
    if (!isnan(row->order.share)) spt_say_share(t, row->order.share, &of, "before");
    spt_report_end_cell(&t->page);
    shown_cell(t, "%.3f", row->q, &of, "before_q");
    spt_report_end_row(&t->page);
}

static void put_phases(struct spt_telling *t, const struct spt_emerged_row *row) {
    const struct spt_changes *changes = &row->emergence.changes;
    const struct spt_said_of of = {row->metric, row->layer, row->head, SPT_NO_STEP};
    char field[64];
    for (size_t i = 0; i < changes->count; i++) {
        spt_report_text(&t->page, i ? ", " : "");
        spt_report_text(&t->page, changes->phase[i].rises ? "rise at " : "fall at ");
        snprintf(field, sizeof field, "turns[%zu].step", i);
        spt_say_step(t, changes->phase[i].t, &of, field);
    }
}

/* Which rows a table is of. */
struct choice {
    const char *caption;
    bool layers; /* each layer, or the whole model */
    bool told;   /* only those that the findings tell of */
};

static bool is_shown(const struct spt_emerged_row *row, const struct choice *choice) {
    if (row->head != SPT_WHOLE_LAYER || (row->layer != SPT_WHOLE_MODEL) != choice->layers) return false;
    return !choice->told || spt_is_told(row->metric);
}

static size_t count_fits(const struct spt_emerged *e, const struct choice *choice) {
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++)
        count += is_shown(&e->rows[i], choice) && e->rows[i].emergence.reason == SPT_EMERGENCE_FOUND;
    return count;
}

static void put_fits(struct spt_telling *t, const struct choice *choice) {
    const struct spt_emerged *e = t->run->emerged;
    if (choice->layers)
        spt_report_table(&t->page, choice->caption, LAYER_FITS, sizeof LAYER_FITS / sizeof *LAYER_FITS);
    else
        spt_report_table(&t->page, choice->caption, FITS, sizeof FITS / sizeof *FITS);
    for (size_t i = 0; i < e->count; i++)
        if (is_shown(&e->rows[i], choice) && e->rows[i].emergence.reason == SPT_EMERGENCE_FOUND)
            put_fit(t, e, &e->rows[i], choice->layers);
    spt_report_end_table(&t->page);
}

static void put_folded(struct spt_telling *t, const struct choice *choice, const char *of) {
    const size_t count = count_fits(t->run->emerged, choice);
    char summary[128];
    if (count == 0) return;
    snprintf(summary, sizeof summary, "All %zu midpoints of %s", count, of);
    spt_report_fold(&t->page, summary);
    put_fits(t, choice);
    spt_report_end_fold(&t->page);
}

/* A table of those without a midpoint, and of those with more than one change. */
static void put_reasons(struct spt_telling *t, const struct spt_emerged *e) {
    static const struct choice WHOLE = {.layers = false};
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++)
        count += is_shown(&e->rows[i], &WHOLE) &&
                 (e->rows[i].emergence.reason != SPT_EMERGENCE_FOUND || e->rows[i].emergence.changes.count);
    if (count == 0) return;
    spt_report_table(&t->page, "Quantities without a midpoint, and those that rise and fall", REASONS,
                     sizeof REASONS / sizeof *REASONS);
    for (size_t i = 0; i < e->count; i++) {
        const struct spt_emerged_row *row = &e->rows[i];
        if (!is_shown(row, &WHOLE) || (row->emergence.reason == SPT_EMERGENCE_FOUND && !row->emergence.changes.count))
            continue;
        spt_report_row(&t->page);
        put_metric(t, row);
        spt_report_cell(&t->page, false);
        spt_report_text(&t->page, SPT_EMERGENCE_REASON_TEXTS[row->emergence.reason]);
        spt_report_end_cell(&t->page);
        spt_report_cell(&t->page, false);
        put_phases(t, row);
        spt_report_end_cell(&t->page);
        spt_report_end_row(&t->page);
    }
    spt_report_end_table(&t->page);
}

enum spt_status spt_tell_emergence(struct spt_telling *t, struct spt_error *error) {
    const struct spt_emerged *e = t->run->emerged;
    (void)error;
    begin_chapter(t, "emergence", "When each quantity turned");
    spt_report_open(&t->page, SPT_REPORT_NOTE);
    spt_report_format(&t->page, "Steps from %" PRId64 " to %" PRId64 " on a logarithmic scale; the dashed line is ",
                      e->first, e->last);
    spt_say_against(t);
    spt_report_text(
        &t->page,
        ". Midpoint: the step at which the fitted curve is half way, and its 95 % interval; k: how "
        "steep it is, in octaves of the step; layers: from the earliest layer's midpoint to the latest one's; "
        "before: share of the draws in which the quantity turns before ");
    spt_say_against(t);
    spt_report_text(&t->page, "; *: it rises and falls, and a curve that turns once says little of it.");
    spt_report_close(&t->page, SPT_REPORT_NOTE);
    static const struct choice TOLD = {"Midpoints over the whole model of what the findings tell of, in their order",
                                       false, true};
    static const struct choice WHOLE = {"Midpoints over the whole model, in their order", false, false};
    static const struct choice LAYERS = {"Midpoints of single layers, in their order", true, false};
    if (count_fits(e, &TOLD)) put_fits(t, &TOLD);
    put_folded(t, &WHOLE, "the whole model");
    put_folded(t, &LAYERS, "single layers");
    put_reasons(t, e);
    return SPT_OK;
}
