/* Findings that are of more than one series: a row each, by group. */
#include "tracker/report/internal.h"

#include "analysis/metric.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct spt_said_of of_model(const char *metric, int64_t step) {
    return (struct spt_said_of){metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, step};
}

/* --- sinks: where it ends highest --- */

struct highest {
    const struct spt_telling *t;
    int64_t step, checkpoint; /* and whose rows these are, by its id */
    struct spt_plot_value layer_value, head_value;
    int layer, head_layer, head;
};

/* Of the last step that counts: where two checkpoints have it, the later one's rows. */
static enum spt_status look(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    struct highest *h = context;
    (void)error;
    if (m->checkpoint->step != h->step || m->layer == SPT_WHOLE_MODEL || isnan(m->mean)) return SPT_OK;
    if (strcmp(m->checkpoint->branch, h->t->run->source.branch) != 0) return SPT_OK;
    const struct spt_plot_value value = {m->mean, m->sd, m->lo, m->hi};
    if (m->checkpoint->id != h->checkpoint) h->checkpoint = m->checkpoint->id, h->layer = h->head = -1;
    if (m->head == SPT_WHOLE_LAYER) {
        if (h->layer < 0 || m->mean > h->layer_value.mean) h->layer = m->layer, h->layer_value = value;
    } else if (h->head < 0 || m->mean > h->head_value.mean) {
        h->head_layer = m->layer, h->head = m->head, h->head_value = value;
    }
    return SPT_OK;
}

static enum spt_status tell_highest(struct spt_telling *t, struct spt_error *error) {
    static const char METRIC[] = "sink.first_excess";
    const struct spt_emerged *e = t->run->emerged;
    struct highest h = {.t = t, .step = e->last, .layer = -1, .head = -1};
    const enum spt_status status =
        spt_store_each_measure(t->reading->request->store, t->run->run->id, METRIC, INT_MIN, INT_MIN, look, &h, error);
    if (status != SPT_OK || h.layer < 0 || t->run->run->layers < 2) return status;
    const struct spt_said_of layer = {METRIC, h.layer, SPT_WHOLE_LAYER, h.step};
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_format(&t->page,
                      "At step %lld attention on the first token beyond uniform attention is highest in layer %d: ",
                      (long long)h.step, h.layer);
    spt_say_value(t, &h.layer_value, &layer);
    if (h.head >= 0) {
        const struct spt_said_of head = {METRIC, h.head_layer, h.head, h.step};
        if (h.head_layer == h.layer)
            spt_report_format(&t->page, ". Of single heads, head %d of that layer has most: ", h.head);
        else
            spt_report_format(&t->page, ". Of single heads, head %d of layer %d has most: ", h.head, h.head_layer);
        spt_say_value(t, &h.head_value, &head);
    }
    spt_report_text(&t->page, ".");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    return SPT_OK;
}

static enum spt_status tell_full_heads(struct spt_telling *t, struct spt_error *error) {
    static const char METRIC[] = "sink.full_heads";
    struct spt_told_value first, last;
    const enum spt_status status = spt_told_ends(t, METRIC, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &first, &last, error);
    if (status != SPT_OK) return status == SPT_END ? SPT_OK : status;
    const struct spt_said_of of = of_model(METRIC, last.step);
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    if (last.value.mean > 0) {
        char said[SPT_SAID_MAX];
        snprintf(said, sizeof said, "%.0f", last.value.mean);
        spt_report_text(&t->page, "With 0.99 of the attention or more on the first token, ");
        spt_say_value(t, &(struct spt_plot_value){last.value.mean, NAN, NAN, NAN}, &of);
        spt_report_format(&t->page, " of the %zu heads give it all they have at step %lld (",
                          t->run->run->layers * t->run->run->heads, (long long)last.step);
    } else {
        spt_report_format(&t->page, "At step %lld no head gives the first token 0.99 of its attention (",
                          (long long)last.step);
    }
    spt_report_code(&t->page, METRIC);
    spt_report_text(&t->page, ").");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    return SPT_OK;
}

/* --- graph: where the correlation changes its sign with the threshold --- */

enum sign { NEGATIVE, POSITIVE, EITHER, SIGNS };

/* What the interval says; without one the value itself. */
static enum sign sign_of(const struct spt_plot_value *v) {
    const double lo = isnan(v->lo) ? v->mean : v->lo, hi = isnan(v->hi) ? v->mean : v->hi;
    if (lo > 0) return POSITIVE;
    return hi < 0 ? NEGATIVE : EITHER;
}

struct correlation {
    double tau;
    char name[64];
    struct spt_told_value first, last;
};

static enum spt_status read_correlations(struct spt_telling *t, const char *metric, struct correlation *c,
                                         size_t *count, struct spt_error *error) {
    *count = 0;
    for (size_t i = 0; i < SPT_TAU_COUNT; i++) {
        struct correlation *one = &c[*count];
        one->tau = SPT_TAUS[i];
        snprintf(one->name, sizeof one->name, "%s@%g", metric, SPT_TAUS[i]);
        const enum spt_status status =
            spt_told_ends(t, one->name, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &one->first, &one->last, error);
        if (status != SPT_OK && status != SPT_END) return status;
        *count += status == SPT_OK;
    }
    return SPT_OK;
}

/* "negative at tau = 0.001 (-0.45), positive at tau = 0.005 (0.31), 0.01 (0.56)" of those that have a value at this step */
static void put_signs(struct spt_telling *t, const struct correlation *c, size_t count, bool at_first, int64_t step) {
    static const char *const WORDS[SIGNS] = {"negative", "positive", "not told from 0"};
    bool said = false;
    for (int sign = 0; sign < SIGNS; sign++) {
        bool named = false;
        for (size_t i = 0; i < count; i++) {
            const struct spt_told_value *at = at_first ? &c[i].first : &c[i].last;
            const struct spt_said_of of = of_model(c[i].name, step);
            if (at->step != step || (int)sign_of(&at->value) != sign) continue;
            if (named)
                spt_report_text(&t->page, ", ");
            else
                spt_report_format(&t->page, "%s%s at τ = ", said ? ", " : "", WORDS[sign]);
            spt_report_format(&t->page, "%g (", c[i].tau);
            char shown[SPT_SAID_MAX];
            spt_said_number(shown, at->value.mean, at->value.lo, at->value.hi);
            spt_say_shown(t, shown, at->value.mean, &of, "mean");
            spt_report_text(&t->page, ")");
            named = said = true;
        }
    }
}

static enum spt_status tell_correlation(struct spt_telling *t, const char *metric, const char *before,
                                        const char *after, struct spt_error *error) {
    struct correlation c[SPT_TAU_COUNT];
    size_t count;
    const enum spt_status status = read_correlations(t, metric, c, &count, error);
    if (status != SPT_OK || count < 2) return status;
    /* The run's ends may be steps at which none of them was measured. */
    int64_t first = c[0].first.step, last = c[0].last.step;
    for (size_t i = 1; i < count; i++) {
        if (c[i].first.step < first) first = c[i].first.step;
        if (c[i].last.step > last) last = c[i].last.step;
    }
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_text(&t->page, before);
    spt_report_text(&t->page, " (");
    spt_report_code(&t->page, metric);
    spt_report_text(&t->page, ")");
    spt_report_text(&t->page, after);
    spt_report_format(&t->page, " at step %lld ", (long long)last);
    put_signs(t, c, count, false, last);
    if (first != last) {
        spt_report_format(&t->page, "; at step %lld ", (long long)first);
        put_signs(t, c, count, true, first);
    }
    spt_report_text(&t->page, ".");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    return SPT_OK;
}

static enum spt_status tell_correlations(struct spt_telling *t, struct spt_error *error) {
    enum spt_status status = tell_correlation(
        t, "graph.fiedler_centralization", "The Fiedler value's correlation with the centralization",
        ", from whose change of sign with the threshold τ the kind of frame is read (Ruscio et al. 2025), is", error);
    if (status == SPT_OK)
        status = tell_correlation(
            t, "graph.fiedler_centralization_adjusted", "The same correlation",
            " of what is left when the lengths of the sentences, which alone make such a change of sign, are "
            "taken out is",
            error);
    return status;
}

/* --- frames: the heads' shares --- */

static const struct {
    const char *metric, *name;
} FRAMES[] = {{"frame.none", "without a frame"},
              {"frame.centralized", "centralized"},
              {"frame.distributed", "distributed"},
              {"frame.bidirectional", "bidirectional"}};
enum { FRAME_COUNT = sizeof FRAMES / sizeof *FRAMES };

/* "100 % of the heads are without a frame", "79 % of the heads are centralized and 21 % distributed" */
static void put_frames(struct spt_telling *t, const struct spt_told_value *values, const bool *known) {
    size_t said = 0, last = 0;
    for (size_t i = 0; i < FRAME_COUNT; i++)
        if (known[i] && values[i].value.mean >= 0.005) last = i;
    for (size_t i = 0; i < FRAME_COUNT; i++) {
        if (!known[i] || values[i].value.mean < 0.005) continue;
        const struct spt_said_of of = of_model(FRAMES[i].metric, values[i].step);
        if (said) spt_report_text(&t->page, i == last ? " and " : ", ");
        spt_say_share(t, values[i].value.mean, &of, "mean");
        spt_report_format(&t->page, said++ ? " %s" : " of the heads are %s", FRAMES[i].name);
    }
}

static enum spt_status tell_frames(struct spt_telling *t, struct spt_error *error) {
    struct spt_told_value first[FRAME_COUNT], last[FRAME_COUNT];
    bool known[FRAME_COUNT];
    size_t some = FRAME_COUNT, count = 0;
    for (size_t i = 0; i < FRAME_COUNT; i++) {
        const enum spt_status status =
            spt_told_ends(t, FRAMES[i].metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &first[i], &last[i], error);
        if (status != SPT_OK && status != SPT_END) return status;
        known[i] = status == SPT_OK;
        if (known[i]) some = i, count++;
    }
    if (count < 2) return SPT_OK;
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_format(&t->page, "At step %lld, ", (long long)first[some].step);
    put_frames(t, first, known);
    if (first[some].step != last[some].step) {
        spt_report_format(&t->page, "; at step %lld, ", (long long)last[some].step);
        put_frames(t, last, known);
    }
    spt_report_text(&t->page, ".");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    return SPT_OK;
}

/* --- loss: what the trainer logged itself --- */

static enum spt_status tell_training_loss(struct spt_telling *t, struct spt_error *error) {
    const struct spt_plot_source *source = &t->run->source.source;
    struct spt_plot_point *points;
    size_t n;
    const enum spt_status status = source->external(source->context, NULL, &points, &n, error);
    if (status != SPT_OK) return status == SPT_END ? SPT_OK : status;
    size_t last = n;
    for (size_t i = 0; i < n; i++)
        if (isfinite(points[i].y)) last = i;
    if (last < n) {
        const struct spt_said_of of = of_model("training loss", (int64_t)fmin(points[last].x, 0x1p62));
        spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
        spt_report_text(&t->page, "The run's own training loss is ");
        spt_say_number(t, points[last].y, &of, "value");
        spt_report_format(&t->page, " at step %.0f, the last that was logged.", points[last].x);
        spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    }
    free(points);
    return SPT_OK;
}

/* --- any group: what of it turned --- */

enum { NAMES_MAX = 256 };

static void tell_group(struct spt_telling *t, const char *group) {
    const struct spt_emerged *e = t->run->emerged;
    const char *once[NAMES_MAX], *not [NAMES_MAX];
    size_t turned = 0, phased = 0, still = 0;
    for (size_t i = 0; i < e->count; i++) {
        const struct spt_emerged_row *row = &e->rows[i];
        const size_t metric = spt_metric_find(row->metric);
        if (row->layer != SPT_WHOLE_MODEL || metric == SPT_METRIC_COUNT || turned + phased + still == NAMES_MAX)
            continue;
        if (strcmp(spt_metric_group(&SPT_METRICS[metric]), group) != 0) continue;
        if (row->emergence.changes.count)
            phased++;
        else if (row->emergence.reason == SPT_EMERGENCE_FOUND)
            once[turned++] = row->metric; /* in the order of their midpoints */
        else
            not [still++] = row->metric;
    }
    if (turned + phased + still < 3 || e->checkpoints < SPT_LOGISTIC_COUNT_MIN) return;
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_format(&t->page, "Of the %zu quantities of this group over the whole model, %zu turn%s once",
                      turned + phased + still, turned, turned == 1 ? "s" : "");
    if (turned > 1) {
        spt_report_text(&t->page, " (");
        spt_report_code(&t->page, once[0]);
        spt_report_text(&t->page, " first, ");
        spt_report_code(&t->page, once[turned - 1]);
        spt_report_text(&t->page, " last)");
    }
    if (phased) spt_report_format(&t->page, phased == 1 ? ", %zu rises and falls" : ", %zu rise and fall", phased);
    if (still) {
        spt_report_format(&t->page, still == 1 ? ", %zu has no midpoint (" : ", %zu have no midpoint (", still);
        spt_say_names(t, not, still, 6);
        spt_report_text(&t->page, ")");
    }
    spt_report_text(&t->page, ". ");
    char anchor[64];
    snprintf(anchor, sizeof anchor, "%semergence", t->run->prefix);
    spt_report_link(&t->page, anchor, "All midpoints");
    spt_report_text(&t->page, ".");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
}

/* --- */

static const struct {
    const char *group;
    enum spt_status (*tell)(struct spt_telling *t, struct spt_error *error);
} SPECIAL[] = {
    {"loss", tell_training_loss}, {"sinks", tell_highest}, {"sinks", tell_full_heads},
    {"graph", tell_correlations}, {"frames", tell_frames},
};

enum spt_status spt_tell_special(struct spt_telling *t, const char *group, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < sizeof SPECIAL / sizeof *SPECIAL && status == SPT_OK; i++)
        if (strcmp(SPECIAL[i].group, group) == 0) status = SPECIAL[i].tell(t, error);
    if (status == SPT_OK) tell_group(t, group);
    return status;
}
