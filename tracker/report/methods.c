/* How what is said was computed: definitions from the table of metrics, and the statistics, a row each; and what does it again. */
#include "tracker/report/internal.h"

#include "analysis/metric.h"
#include "checkpoints/base/memory.h"
#include "tracker/config/config.h"
#include "tracker/control.h"
#include "tracker/shell_word.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- the statistics --- */

/* Which methods the run rests on. */
static bool always(const struct spt_telling *t) {
    (void)t;
    return true;
}

static bool has_intervals(const struct spt_telling *t) {
    for (size_t i = 0; i < t->run->emerged->count; i++)
        if (t->run->emerged->rows[i].resampled) return true;
    return false;
}

static bool has_fits(const struct spt_telling *t) {
    return t->run->emerged->checkpoints >= SPT_LOGISTIC_COUNT_MIN;
}

static bool has_order(const struct spt_telling *t) {
    for (size_t i = 0; i < t->run->emerged->count; i++)
        if (!isnan(t->run->emerged->rows[i].q)) return true;
    return false;
}

static bool has_phases(const struct spt_telling *t) {
    for (size_t i = 0; i < t->run->emerged->count; i++)
        if (t->run->emerged->rows[i].emergence.changes.count) return true;
    return false;
}

static bool has_nulls(const struct spt_telling *t) {
    const struct spt_plot_source *source = &t->run->source.source;
    double mean, sd;
    for (size_t i = 0; i < t->run->emerged->name_count; i++)
        if (source->null(source->context, t->run->emerged->names[i], SPT_WHOLE_MODEL, &mean, &sd, NULL) == SPT_OK)
            return true;
    return false;
}

static bool has_control(const struct spt_telling *t) {
    return t->run->source.source.control != NULL;
}

static bool has_group(const struct spt_telling *t, const char *group) {
    return spt_told_has_group(t->run, group);
}

static bool has_rmt(const struct spt_telling *t) {
    return has_group(t, "rmt");
}

static bool has_topology(const struct spt_telling *t) {
    return has_group(t, "topology");
}

static bool compares_seeds(const struct spt_telling *t) {
    for (size_t i = 0; i < t->reading->group_count; i++)
        if (t->reading->groups[i].seeds) return true;
    return false;
}

static const struct {
    const char *title, *text;
    bool (*applies)(const struct spt_telling *t);
} METHODS[] = {
    {"Figures",
     "Each checkpoint runs the probe forward once, in float32; what is measured of its attention matrices is computed in "
     "double. A layer's figure is the mean over its heads and the model's the mean over its layers, sample by sample; samples "
     "for which nothing is defined are left out and counted. The quantities follow Ruscio et al. 2025; where that leaves a "
     "definition open, the one used stands below.",
     always},
    {"Intervals",
     "Brackets hold 95 % percentile intervals of the bootstrap over the probe's samples (Efron 1979); its draws are the same for "
     "all metrics and checkpoints. They say how a figure depends on the choice of the samples, not on the seed of the training.",
     has_intervals},
    {"Midpoints",
     "y = a + b / (1 + exp(-k (t - t0))) with t = log2(1 + step) is fitted to the means over the checkpoints by least squares, as a "
     "variable projection (Golub and Pereyra 1973); the midpoint is 2^t0 - 1. Its interval is the hull of the draws' percentiles and "
     "of the t0 that a likelihood-ratio test does not reject, whose critical value comes from the draws (Hall and Wilson 1991). There "
     "is no midpoint where noise alone gives such a change with p of 0.05 or more, where the interval of b holds 0, or where t0 "
     "lies outside the steps. Of checkpoints with the same weights only the one of the largest step counts.",
     has_fits},
    {"Order",
     "A quantity comes before another as often as its midpoint does over the draws, each fitted anew; p is two-sided (Davison and "
     "Hinkley 1997), q adjusts it for all rows that were tested, of layers too (Benjamini and Hochberg 1995). A jump between two "
     "checkpoints has an order only where the intervals are apart.",
     has_order},
    {"Rises and falls",
     "Series that change more than once are told by levels that are constant between changes (Auger and Lawrence 1989); how many "
     "there are is chosen by the modified Bayes information criterion (Zhang and Siegmund 2007).",
     has_phases},
    {"Random attention",
     "Rows of independent exponential weights, normalised, with the mask and the lengths of the run, are measured as a head is. A "
     "figure is called indistinguishable from them when its interval, widened by two standard deviations of the draws, holds "
     "their mean.",
     has_nulls},
    {"Control",
     "The same checkpoints were asked about the same samples with the tokens of each in another order: what a figure owes to the "
     "order of the tokens is what the run has and its control has not.",
     has_control},
    {"Spectra",
     "What is left when uniform attention is taken away is held against the law that it follows for random weights: the quarter "
     "circle for a full mask (Marchenko and Pastur 1967; Bordenave, Caputo and Chafai 2012), its triangular counterpart for a "
     "causal one (Dykema and Haagerup 2004).",
     has_rmt},
    {"Topology",
     "Vietoris-Rips persistence over Z/2, up to the enclosing radius, by the cohomology algorithm of Ripser (Bauer 2021).",
     has_topology},
    {"Several runs",
     "Runs that differ in nothing but their weights are trainings from other seeds: over them the mean midpoint is that of "
     "log2(1 + step), its interval Student's, and the order a sign test.",
     compares_seeds},
};

/* --- definitions --- */

static const struct spt_report_column COLUMNS[] = {{"metric", false}, {"unit", false}, {"definition", false}};

/* What the last checkpoint has, curves too. present [SPT_METRIC_COUNT] out. */
static enum spt_status find_present(const struct spt_telling *t, bool *present, struct spt_error *error) {
    const struct spt_run_source *source = &t->run->source;
    const struct spt_store_checkpoint *last = &source->rows[source->shown[source->source.count - 1]];
    return spt_store_metrics_present(t->reading->request->store, last->id, present, error);
}

static void put_definitions(struct spt_telling *t, const char *group, const bool *present) {
    struct spt_text summary = {0};
    size_t count = 0;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++)
        count += present[i] && strcmp(spt_metric_group(&SPT_METRICS[i]), group) == 0;
    spt_text_format(&summary, "%s: %zu definition%s", spt_told_group_title(group), count, spt_plural(count));
    spt_report_fold(&t->page, summary.data ? summary.data : group);
    spt_text_clear(&summary);
    spt_text_format(&summary, "Definitions of the group %s", group);
    spt_report_table(&t->page, summary.data ? summary.data : group, COLUMNS, sizeof COLUMNS / sizeof *COLUMNS);
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        if (!present[i] || strcmp(spt_metric_group(&SPT_METRICS[i]), group) != 0) continue;
        spt_report_row(&t->page);
        spt_report_head_cell(&t->page);
        spt_report_code(&t->page, SPT_METRICS[i].name);
        spt_report_end_head_cell(&t->page);
        spt_report_cell(&t->page, false);
        spt_report_text(&t->page, SPT_METRICS[i].unit);
        spt_report_end_cell(&t->page);
        spt_report_cell(&t->page, false);
        spt_report_text(&t->page, SPT_METRICS[i].definition);
        spt_report_end_cell(&t->page);
        spt_report_end_row(&t->page);
    }
    spt_report_end_table(&t->page);
    spt_report_end_fold(&t->page);
    spt_text_release(&summary);
}

/* Of all runs together: a method that one of them rests on is told once. */
static bool applies(struct spt_telling *t, size_t method) {
    const struct spt_told_run *told = t->run;
    bool any = false;
    for (size_t i = 0; i < t->reading->count && !any; i++) {
        t->run = &t->reading->runs[i];
        any = METHODS[method].applies(t);
    }
    t->run = told;
    return any;
}

enum spt_status spt_tell_methods(struct spt_telling *t, struct spt_error *error) {
    bool *present = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *present);
    bool *here = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *here);
    enum spt_status status = present && here ? SPT_OK : spt_fail_memory(error, SPT_METRIC_COUNT, "definitions");
    for (size_t i = 0; i < t->reading->count && status == SPT_OK; i++) {
        t->run = &t->reading->runs[i];
        status = find_present(t, here, error);
        for (size_t m = 0; m < SPT_METRIC_COUNT && status == SPT_OK; m++) present[m] = present[m] || here[m];
    }
    if (status == SPT_OK) {
        spt_report_chapter(&t->page, "methods", "Methods");
        for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++) {
            if (!applies(t, i)) continue;
            spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
            spt_report_strong(&t->page, METHODS[i].title);
            spt_report_text(&t->page, ". ");
            spt_report_text(&t->page, METHODS[i].text);
            spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
        }
        for (size_t g = 0; g < SPT_METRIC_GROUP_COUNT; g++)
            for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
                if (!present[i] || strcmp(spt_metric_group(&SPT_METRICS[i]), SPT_METRIC_GROUPS[g]) != 0) continue;
                put_definitions(t, SPT_METRIC_GROUPS[g], present);
                break;
            }
    }
    free(present);
    free(here);
    return status;
}

/* --- what does it again --- */

/* Settings of a run's texts that are keys of the configuration, a line each. Numbers and words stand as they are; a file's
 * name, which comes from outside, as a JSON string, which is one of YAML too. */
static void put_settings(struct spt_text *out, const char *text, const char *const *skip) {
    for (const char *line = text; line && *line;) {
        const size_t length = strcspn(line, "\n");
        char key[64] = "";
        const size_t name = strcspn(line, ":");
        if (name < sizeof key && name < length) memcpy(key, line, name), key[name] = '\0';
        bool left_out = !*key || !spt_config_key_find(key);
        for (size_t i = 0; skip && skip[i]; i++) left_out = left_out || strcmp(skip[i], key) == 0;
        if (!left_out) {
            struct spt_text value = {0};
            spt_text_put(&value, "");
            spt_told_setting(text, key, &value);
            spt_text_format(out, "%s: ", key);
            if (value.failed)
                out->failed = true;
            else if (strspn(value.data, "abcdefghijklmnopqrstuvwxyz0123456789") == value.length)
                spt_text_put(out, value.data);
            else
                spt_text_put_json(out, value.data);
            spt_text_put(out, "\n");
            spt_text_release(&value);
        }
        line += length + (line[length] != '\0');
    }
}

static bool is_measured(const struct spt_told_run *run, size_t metric) {
    for (size_t i = 0; i < run->emerged->name_count; i++)
        if (strcmp(run->emerged->names[i], SPT_METRICS[metric].name) == 0) return true;
    return false;
}

/* The name of a group of which all is measured, or those of its metrics that are. Curves have no row of their own here, and some
 * metrics are of some models only. */
static void put_group(const struct spt_told_run *run, const char *group, struct spt_text *out) {
    struct spt_text names = {0};
    bool all = true;
    for (size_t i = 0; i < SPT_METRIC_COUNT; i++) {
        const struct spt_metric *metric = &SPT_METRICS[i];
        if (strcmp(spt_metric_group(metric), group) != 0 || metric->grid) continue;
        if (is_measured(run, i))
            spt_text_format(&names, "%s%s", names.length ? ", " : "", metric->name);
        else if (!(metric->needs & (SPT_NEED_DIMENSION_2 | SPT_NEED_FULL_MASK | SPT_NEED_GATE)))
            all = false;
    }
    spt_text_put(out, all || names.failed ? group : names.data);
    out->failed = out->failed || names.failed;
    spt_text_release(&names);
}

/* A control is swept beside its run, by the run's name; its probe's settings say that it is shuffled. */
static void put_name(struct spt_text *out, const struct spt_store_run *run) {
    struct spt_text name = {0};
    spt_control_put_origin_name(&name, run);
    spt_text_put_json(out, name.data ? name.data : "");
    out->failed = out->failed || name.failed;
    spt_text_release(&name);
}

static void put_configuration(const struct spt_telling *t, struct spt_text *out) {
    static const char *const SKIP[] = {"samples", NULL}; /* the probe says it too */
    const struct spt_told_run *run = t->run;
    const char *groups[SPT_TOLD_GROUPS_MAX];
    const size_t count = spt_told_groups(run, groups);
    spt_text_put(out, "run: ");
    spt_text_put_json(out, run->run->source);
    spt_text_put(out, "\nname: ");
    put_name(out, run->run);
    spt_text_put(out, "\n");
    put_settings(out, run->run->probe_text, NULL);
    put_settings(out, run->run->plan_text, run->run->probe_text ? SKIP : NULL);
    if (run->source.source.control) spt_text_put(out, "control: shuffled\n");
    spt_text_put(out, "metrics: [");
    for (size_t i = 0; i < count; i++) {
        if (i) spt_text_put(out, ", ");
        put_group(run, groups[i], out);
    }
    spt_text_put(out, "]\n");
}

/* What the tables of midpoints depend on beside the runs. */
static void put_choice(const struct spt_telling *t, struct spt_text *out) {
    const struct spt_report_request *request = t->reading->request;
    if (request->branch) {
        spt_text_put(out, " --branch ");
        spt_shell_word_put(out, request->branch);
    }
    if (request->against) spt_text_format(out, " --against %s", request->against);
}

static void put_commands(const struct spt_telling *t, struct spt_text *out) {
    const struct spt_report_request *request = t->reading->request;
    spt_text_put(out, "spectail sweep --config run.yaml --db ");
    spt_shell_word_put(out, request->db);
    spt_text_put(out, "\nspectail emerge --db ");
    spt_shell_word_put(out, request->db);
    for (size_t i = 0; i < t->reading->count; i++)
        spt_text_format(out, " --run %lld", (long long)t->reading->runs[i].run->id);
    put_choice(t, out);
    spt_text_put(out, "\nspectail report --db ");
    spt_shell_word_put(out, request->db);
    for (size_t i = 0; i < t->reading->count; i++)
        spt_text_format(out, " --run %lld", (long long)t->reading->runs[i].run->id);
    put_choice(t, out);
    if (request->title) {
        spt_text_put(out, " --title ");
        spt_shell_word_put(out, request->title);
    }
    spt_text_put(out, "\n");
}

enum spt_status spt_tell_reproduction(struct spt_telling *t, struct spt_error *error) {
    struct spt_text out = {0}, label = {0};
    spt_report_chapter(&t->page, "again", "Doing it again");
    for (size_t i = 0; i < t->reading->count; i++) {
        t->run = &t->reading->runs[i];
        spt_text_clear(&out);
        spt_text_clear(&label);
        put_configuration(t, &out);
        spt_text_format(
            &label,
            "run.yaml%s%s: the settings that the figures depend on. The probe is named as the store has it, without "
            "its folder.",
            t->reading->count > 1 ? " of " : "", t->reading->count > 1 ? t->run->emerged->name : "");
        if (!out.failed && !label.failed) spt_report_listing(&t->page, label.data, out.data);
    }
    spt_text_clear(&out);
    put_commands(t, &out);
    const bool failed = out.failed || label.failed;
    if (!failed) spt_report_listing(&t->page, "The sweep, its table of midpoints, and this report", out.data);
    spt_text_release(&out);
    spt_text_release(&label);
    return failed ? spt_fail_memory(error, 1024, "a report") : SPT_OK;
}
