/* What was found, a row each: whom the sentences are of, and what a rise or a fall of it means. Why a series has no midpoint picks
 * the sentence; what is in it comes from the store. */
#include "tracker/report/internal.h"

#include "analysis/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum finding_kind {
    BRIEF = 1 << 0,  /* among the most important ones */
    LAYERS = 1 << 1, /* which layers come first and last is told */
    PACE = 1 << 2,   /* ... and how long the change takes */
    EXCESS = 1 << 3, /* what that means holds only of values above 0 and above random attention */
};

struct finding {
    const char *metric;
    const char *subject;       /* begins the sentence */
    const char *rises, *falls; /* what that means; NULL: the words "rises" and "falls" are enough */
    unsigned kind;
};

/* clang-format off */
static const struct finding FINDINGS[] = {
    {"loss", "The loss on the probe text", NULL, NULL, BRIEF},

    {"sink.first_excess", "Attention on the first token beyond what uniform attention would give it", "an attention sink forms", "the sink on the first token dissolves", BRIEF | LAYERS | PACE | EXCESS},
    {"sink.share", "The share of sentences and heads with more than 0.3 of the attention on the first token", NULL, NULL, 0},
    {"sink.max_first", "The share of sentences and heads in which the first token exceeds uniform attention most", NULL, NULL, 0},
    {"sink.reference_count", "The number of reference tokens of a layer", "heads of a layer come to agree on tokens to anchor to", "layers lose their common anchors", BRIEF | LAYERS},
    {"sink.reference_excess", "The attention that reference tokens gather beyond what uniform attention would give them", NULL, NULL, 0},
    {"sink.entropy", "The entropy of attention relative to that of uniform attention", "attention spreads", "attention sharpens", LAYERS},
    {"sink.max_logit", "The largest attention score", NULL, NULL, 0},
    {"sink.last", "Attention on the last token", NULL, NULL, 0},
    {"pattern.previous", "Attention on the previous token", NULL, NULL, 0},

    {"rmt.gap", "The gap between the two largest singular values of attention", "one direction comes to dominate", "no single direction dominates any longer", LAYERS},
    {"rmt.participation", "The participation ratio of the spectrum", "more directions carry an attention matrix", "fewer directions carry an attention matrix", BRIEF | LAYERS},
    {"rmt.effective_rank", "The effective rank of attention", NULL, NULL, 0},
    {"rmt.law_kl", "The divergence of the spectrum from the law of unstructured attention", "attention becomes less like a random matrix", "attention becomes more like a random matrix", 0},
    {"rmt.spikes", "The number of singular values beyond the edge of that law", NULL, NULL, 0},
    {"rmt.mp_kl", "The divergence of the spectrum from the quarter circle, which the mask alone takes away from 0,", NULL, NULL, 0},
    {"rmt.hidden.participation_rel", "The participation ratio of the residual stream, relative to its width,", "the residual stream spreads over more directions", "the residual stream collapses onto fewer directions", 0},
    {"rmt.hidden.mp_ks", "The distance of the residual stream's spectrum from the Marchenko-Pastur law", NULL, NULL, 0},
    {"rmt.hidden.spikes", "The number of directions of the residual stream above the edge of that law", NULL, NULL, 0},
    {"rmt.weight.query.alpha", "The exponent of the tail of the spectrum of the query weights", "its tail becomes lighter", "its tail becomes heavier", 0},
    {"rmt.weight.key.alpha", "The exponent of the tail of the spectrum of the key weights", "its tail becomes lighter", "its tail becomes heavier", 0},
    {"rmt.weight.value.alpha", "The exponent of the tail of the spectrum of the value weights", "its tail becomes lighter", "its tail becomes heavier", 0},
    {"rmt.weight.output.alpha", "The exponent of the tail of the spectrum of the output weights", "its tail becomes lighter", "its tail becomes heavier", 0},
    {"rmt.weight.mlp_up.alpha", "The exponent of the tail of the spectrum of the MLP's first weights", "its tail becomes lighter", "its tail becomes heavier", 0},
    {"rmt.weight.mlp_down.alpha", "The exponent of the tail of the spectrum of the MLP's last weights", "its tail becomes lighter", "its tail becomes heavier", 0},

    {"topology.h0_mean", "The mean bar of dimension 0", "tokens join only at smaller attention weights", "tokens join at larger attention weights", BRIEF | LAYERS},
    {"topology.h1_persistence", "The sum of the bars of dimension 1", "cycles of attention appear", "cycles of attention close", 0},
    {"topology.h1_max", "The longest bar of dimension 1", NULL, NULL, 0},
    {"topology.h2_persistence", "The sum of the bars of dimension 2", NULL, NULL, 0},
    {"topology.b0@0.1", "The number of components per token at attention 0.1", "the graph falls apart", "the graph grows together", 0},
    {"topology.b1@0.1", "The number of independent cycles at attention 0.1", NULL, NULL, 0},

    {"graph.in_centralization", "The centralization of what tokens receive", "attention flows towards one key", "attention flows away from a single key", BRIEF | LAYERS},
    {"graph.centralization@0.01", "The degree centralization of the graph at threshold 0.01", "the graph becomes more like a star", "the graph becomes less like a star", 0},
    {"graph.fiedler@0.01", "The Fiedler value at threshold 0.01", "the graph becomes harder to cut in two", "the graph becomes easier to cut in two", LAYERS},

    {"information.kl_uniform", "The divergence of attention from uniform attention", "attention carries more information", "attention carries less information", BRIEF | LAYERS},
    {"information.kl_reduction", "The share of that divergence which goes when the reference tokens are taken away", NULL, NULL, 0},
    {"information.fisher", "The trace of the softmax's Fisher information", NULL, NULL, 0},
    {"information.fisher_sink", "The share of that trace between reference tokens and the rest", NULL, NULL, 0},

    {"value.direction", "The cosine between a head's output and the part of it that comes from reference tokens", NULL, NULL, 0},
    {"value.share", "The share of reference tokens in a head's output", "they come to decide what heads write", "they decide less of what heads write", 0},
    {"value.norm_ratio", "The norm of the values of reference tokens, relative to all values,", NULL, "their values shrink: what attends to them writes little", 0},
    {"value.output_ratio", "The same behind the output projection", NULL, NULL, 0},
    {"key.norm_first", "The norm of the first token's key, relative to all keys,", NULL, NULL, 0},
    {"key.cos_first", "The cosine between queries and the first token's key", "queries turn towards the first key", "queries turn away from the first key", 0},
    {"hidden.norm_first", "The norm of the first token in the residual stream, relative to the median,", NULL, NULL, LAYERS},
    {"hidden.max_ratio", "The largest activation of the residual stream, relative to the median,", "massive activations form", "massive activations fade", BRIEF | LAYERS},

    {"ablate.loss", "What the loss grows by when the reference tokens are masked in all layers", "the model comes to depend on its reference tokens", "the model depends less on its reference tokens", BRIEF},
    {"ablate.kl", "The divergence of the output without the reference tokens from that with them", NULL, NULL, 0},
    {"ablate.entropy", "What the entropy of attention grows by without them", NULL, NULL, 0},
};
/* clang-format on */

enum { FINDING_COUNT = sizeof FINDINGS / sizeof *FINDINGS };

/* One finding as it is told. */
struct tale {
    struct spt_telling *t;
    const struct finding *finding;
    const struct spt_emerged_row *row;
    struct spt_told_value first, last;
    bool brief;
};

static struct spt_said_of whole(const struct tale *tale, int64_t step) {
    return (struct spt_said_of){tale->finding->metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, step};
}

static void put(const struct tale *tale, const char *text) {
    spt_report_text(&tale->t->page, text);
}

static void put_subject(const struct tale *tale) {
    const size_t length = strlen(tale->finding->subject);
    const bool comma = tale->finding->subject[length - 1] == ','; /* it stands behind the name */
    spt_report_format(&tale->t->page, "%.*s (", (int)(length - comma), tale->finding->subject);
    spt_report_code(&tale->t->page, tale->finding->metric);
    const size_t metric = spt_metric_find(tale->finding->metric);
    const char *unit = metric < SPT_METRIC_COUNT ? SPT_METRICS[metric].unit : "";
    if (*unit) spt_report_format(&tale->t->page, ", in %s%s", unit, strcmp(unit, "nat") == 0 ? "s" : "");
    put(tale, comma ? "), " : ") ");
}

static void put_at(const struct tale *tale, const struct spt_told_value *at) {
    const struct spt_said_of of = whole(tale, at->step);
    spt_say_value(tale->t, &at->value, &of);
    spt_report_format(&tale->t->page, " at step %lld", (long long)at->step);
}

/* "from 7.17 [7.14, 7.19] at step 0 to 4.00 [3.87, 4.13] at step 8000" */
static void put_from_to(const struct tale *tale) {
    put(tale, "from ");
    put_at(tale, &tale->first);
    put(tale, " to ");
    put_at(tale, &tale->last);
}

/* Which way it goes between its ends. */
static double way(const struct tale *tale) {
    return tale->last.value.mean - tale->first.value.mean;
}

static bool is_of_group(const struct finding *finding, const char *group) {
    const size_t row = spt_metric_find(finding->metric);
    return row < SPT_METRIC_COUNT && strcmp(spt_metric_group(&SPT_METRICS[row]), group) == 0;
}

/* --- which layers --- */

static void put_layer(const struct tale *tale, const struct spt_emerged_row *row) {
    spt_report_format(&tale->t->page, "layer %d ", row->layer);
    put(tale, "(step ");
    spt_say_midpoint(tale->t, row);
    put(tale, ")");
}

static void put_layers(const struct tale *tale) {
    const struct spt_told_layers layers = spt_told_layers(tale->t->run->emerged, tale->finding->metric);
    const size_t all = tale->t->run->run->layers;
    if (layers.turned == 0) return;
    if (layers.turned == 1) {
        put(tale, " Of the layers by themselves only ");
        put_layer(tale, layers.first);
        put(tale, " has a midpoint.");
        return;
    }
    if (layers.turned == all)
        spt_report_format(&tale->t->page, " Each of the %zu layers turns: first ", all);
    else
        spt_report_format(&tale->t->page, " %zu of %zu layers turn: first ", layers.turned, all);
    put_layer(tale, layers.first);
    put(tale, ", last ");
    put_layer(tale, layers.last);
    put(tale, ".");
}

/* --- against random attention --- */

enum side { BELOW, WITHIN, ABOVE };

static const char *const SIDES[] = {"below it", "indistinguishable from it", "above it"};

/* Two standard deviations of the draws beyond the value's interval. */
static enum side side_of(const struct spt_plot_value *v, double mean, double sd) {
    const double lo = isnan(v->lo) ? v->mean : v->lo, hi = isnan(v->hi) ? v->mean : v->hi;
    if (hi < mean - 2 * sd) return BELOW;
    return lo > mean + 2 * sd ? ABOVE : WITHIN;
}

static enum spt_status put_null(const struct tale *tale, struct spt_error *error) {
    const struct spt_plot_source *source = &tale->t->run->source.source;
    const struct spt_said_of of = whole(tale, SPT_NO_STEP);
    struct spt_report *page = &tale->t->page;
    double mean, sd;
    const enum spt_status status =
        source->null(source->context, tale->finding->metric, SPT_WHOLE_MODEL, &mean, &sd, error);
    if (status != SPT_OK || isnan(mean) || isnan(sd)) return status == SPT_END ? SPT_OK : status;
    const enum side first = side_of(&tale->first.value, mean, sd), last = side_of(&tale->last.value, mean, sd);
    char shown[SPT_SAID_MAX];
    put(tale, " Random attention with the same mask has ");
    spt_said_number(shown, mean, mean - sd, mean + sd);
    spt_say_shown(tale->t, shown, mean, &of, "null mean");
    put(tale, " (sd ");
    spt_said_number(shown, sd, mean - sd, mean + sd);
    spt_say_shown(tale->t, shown, sd, &of, "null sd");
    put(tale, "): ");
    if (first == last)
        spt_report_format(page, "the run is %s at both ends.", SIDES[first]);
    else
        spt_report_format(page, "the run is %s at step %lld, and %s at step %lld.", SIDES[first],
                          (long long)tale->first.step, SIDES[last], (long long)tale->last.step);
    return SPT_OK;
}

/* --- against the control --- */

/* The control's last value, at a step that the run counts. SPT_END: none. */
static enum spt_status control_end(const struct tale *tale, struct spt_told_value *end, struct spt_error *error) {
    const struct spt_plot_source *control = tale->t->run->source.source.control;
    struct spt_plot_value *values;
    if (!control) return SPT_END;
    const enum spt_status status =
        control->series(control->context, tale->finding->metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &values, error);
    if (status != SPT_OK) return status;
    bool any = false;
    for (size_t i = 0; i < control->count; i++) {
        if (control->checkpoints[i].step != tale->last.step || isnan(values[i].mean)) continue;
        *end = (struct spt_told_value){tale->last.step, values[i]};
        any = true;
    }
    free(values);
    return any ? SPT_OK : SPT_END;
}

/* Weights are the same whatever they are asked: their control is no control. */
static bool is_of_weights(const struct tale *tale) {
    return is_of_group(tale->finding, "weights");
}

static enum spt_status put_control(const struct tale *tale, struct spt_error *error) {
    const struct spt_said_of of = whole(tale, tale->last.step);
    const struct spt_plot_value *v = &tale->last.value;
    struct spt_told_value control;
    const enum spt_status status = is_of_weights(tale) ? SPT_END : control_end(tale, &control, error);
    if (status != SPT_OK) return status == SPT_END ? SPT_OK : status;
    const struct spt_plot_value *c = &control.value;
    put(tale, " With the tokens of each sample shuffled it is ");
    spt_say_control(tale->t, c, &of);
    spt_report_format(&tale->t->page, " at step %lld", (long long)control.step);
    if (isnan(v->lo) || isnan(v->hi) || isnan(c->lo) || isnan(c->hi))
        put(tale, ".");
    else
        put(tale, c->hi < v->lo || c->lo > v->hi ? ": the order of the tokens matters to it."
                                                 : ", which the intervals do not tell apart.");
    return SPT_OK;
}

/* --- the sentence, by why there is no midpoint --- */

/* Without a null it is above 0 that counts. */
static bool is_excess(const struct tale *tale, const struct spt_plot_value *v) {
    const struct spt_plot_source *source = &tale->t->run->source.source;
    double mean, sd;
    if (side_of(v, 0, 0) != ABOVE) return false;
    if (source->null(source->context, tale->finding->metric, SPT_WHOLE_MODEL, &mean, &sd, NULL) != SPT_OK) return true;
    return isnan(mean) || isnan(sd) || side_of(v, mean, sd) == ABOVE;
}

static void put_meaning(const struct tale *tale) {
    const bool rises = way(tale) > 0;
    const char *meaning = rises ? tale->finding->rises : tale->finding->falls;
    if (tale->finding->kind & EXCESS && !is_excess(tale, rises ? &tale->last.value : &tale->first.value)) return;
    if (meaning) spt_report_format(&tale->t->page, ": %s", meaning);
}

/* Where the curve has gone 10 and 90 % of its way: t0 -+ ln 9 / k. */
static void put_pace(const struct tale *tale) {
    const struct spt_logistic *fit = &tale->row->emergence.fit;
    const struct spt_said_of of = whole(tale, SPT_NO_STEP);
    if (!(fit->k > 0) || fit->k > 0.99 * SPT_LOGISTIC_K_MAX) {
        put(tale, " The change is over between two checkpoints.");
        return;
    }
    put(tale, " From 10 to 90 % of the change it takes from step ");
    spt_say_step(tale->t, fit->t0 - log(9) / fit->k, &of, "t0 - ln 9 / steepness");
    put(tale, " to step ");
    spt_say_step(tale->t, fit->t0 + log(9) / fit->k, &of, "t0 + ln 9 / steepness");
    const bool beyond = spt_emergence_step(fit->t0 + log(9) / fit->k) > (double)tale->t->run->emerged->last;
    put(tale, beyond ? ", which lies behind the last." : ".");
}

static void put_phase(const struct tale *tale, size_t i) {
    const struct spt_phase *phase = &tale->row->emergence.changes.phase[i];
    const struct spt_said_of of = whole(tale, SPT_NO_STEP);
    char field[64];
    put(tale, phase->rises ? "rises from " : "falls from ");
    snprintf(field, sizeof field, "turns[%zu].from", i);
    spt_say_number(tale->t, phase->from, &of, field);
    snprintf(field, sizeof field, "turns[%zu].to", i);
    put(tale, " to ");
    spt_say_number(tale->t, phase->to, &of, field);
    snprintf(field, sizeof field, "turns[%zu].step", i);
    put(tale, ", half way at step ");
    spt_say_step(tale->t, phase->t, &of, field);
    if (isnan(phase->t_lo)) return;
    spt_report_interval(&tale->t->page, " [");
    snprintf(field, sizeof field, "turns[%zu].lo", i);
    spt_say_step(tale->t, phase->t_lo, &of, field);
    put(tale, ", ");
    snprintf(field, sizeof field, "turns[%zu].hi", i);
    spt_say_step(tale->t, phase->t_hi, &of, field);
    spt_report_end_interval(&tale->t->page, "]");
}

static void say_phases(const struct tale *tale) {
    const struct spt_changes *changes = &tale->row->emergence.changes;
    const struct spt_said_of of = whole(tale, SPT_NO_STEP);
    put_subject(tale);
    put(tale, "goes ");
    put_from_to(tale);
    put(tale, ", and not one way: it ");
    for (size_t i = 0; i < changes->count; i++) {
        if (i) put(tale, i + 1 < changes->count ? "; " : "; then it ");
        put_phase(tale, i);
    }
    if (changes->support < 0.995) {
        put(tale, " (so in ");
        spt_say_share(tale->t, changes->support, &of, "turns_support");
        put(tale, " of the draws)");
    }
    put(tale, ".");
}

static void say_found(const struct tale *tale) {
    const struct spt_emergence *e = &tale->row->emergence;
    const struct spt_said_of of = whole(tale, SPT_NO_STEP);
    put_subject(tale);
    const bool along = way(tale) * e->fit.b > 0;
    put(tale, !along ? "goes " : way(tale) > 0 ? "rises " : "falls ");
    put_from_to(tale);
    if (along) put_meaning(tale);
    put(tale, tale->brief ? "; half way at step " : ". It is half way at step ");
    spt_say_midpoint(tale->t, tale->row);
    const double tokens = spt_emerged_tokens(tale->t->run->emerged, e->fit.t0);
    if (tokens > 0) {
        put(tale, ", ");
        spt_say_number(tale->t, tokens, &of, "midpoint_tokens");
        put(tale, " tokens,");
    }
    spt_say_order(tale->t, tale->row);
    put(tale, ".");
    if (!tale->brief && tale->finding->kind & PACE) put_pace(tale);
}

static void put_change(const struct tale *tale) {
    const struct spt_emergence *e = &tale->row->emergence;
    const struct spt_said_of of = whole(tale, SPT_NO_STEP);
    put(tale, "the fitted curve's change is ");
    spt_say_number(tale->t, e->fit.b, &of, "change");
    if (!isnan(e->b_lo) && !isnan(e->b_hi)) {
        put(tale, ", its 95 % interval ");
        spt_say_number(tale->t, e->b_lo, &of, "change_lo");
        put(tale, " to ");
        spt_say_number(tale->t, e->b_hi, &of, "change_hi");
        put(tale, e->b_lo <= 0 && e->b_hi >= 0 ? " holds 0" : " does not hold 0");
    }
    if (!isnan(e->p)) {
        put(tale, ", and noise alone gives one as large with ");
        spt_say_probability(tale->t, "p", e->p, &of, "p_change");
    }
}

static void say_no_change(const struct tale *tale) {
    put_subject(tale);
    put(tale, "does not turn: it goes ");
    put_from_to(tale);
    put(tale, "; ");
    put_change(tale);
    put(tale, ".");
}

static void say_constant(const struct tale *tale) {
    put_subject(tale);
    put(tale, "does not change: it is ");
    put_at(tale, &tale->first);
    put(tale, " and at every other.");
}

static void say_outside(const struct tale *tale) {
    const bool after = tale->row->emergence.reason == SPT_EMERGENCE_AFTER;
    put_subject(tale);
    put(tale, way(tale) > 0 ? "rises " : "falls ");
    put_from_to(tale);
    put(tale, after ? ", and has not turned yet: the midpoint of its fitted curve lies behind the last step."
                    : ", and was turning before: the midpoint of its fitted curve lies before the first step.");
}

static void say_few(const struct tale *tale) {
    put_subject(tale);
    if (tale->first.step == tale->last.step) {
        put(tale, "is ");
        put_at(tale, &tale->first);
    } else {
        put(tale, "goes ");
        put_from_to(tale);
    }
    spt_report_format(&tale->t->page, "; when it turns takes %d checkpoints with a value to say, and there %s %zu.",
                      SPT_LOGISTIC_COUNT_MIN, tale->row->emergence.count == 1 ? "is" : "are",
                      tale->row->emergence.count);
}

static void (*const SENTENCES[SPT_EMERGENCE_REASONS])(const struct tale *tale) = {
    [SPT_EMERGENCE_FOUND] = say_found,       [SPT_EMERGENCE_FEW] = say_few,
    [SPT_EMERGENCE_CONSTANT] = say_constant, [SPT_EMERGENCE_NO_CHANGE] = say_no_change,
    [SPT_EMERGENCE_BEFORE] = say_outside,    [SPT_EMERGENCE_AFTER] = say_outside,
};

/* One that turns more than once is told by its changes, wherever the midpoint of a curve that turns once would be. */
static void say(const struct tale *tale) {
    if (tale->row->emergence.changes.count)
        say_phases(tale);
    else
        SENTENCES[tale->row->emergence.reason](tale);
}

/* --- all of them --- */

bool spt_is_told(const char *metric) {
    for (size_t i = 0; i < FINDING_COUNT; i++)
        if (strcmp(FINDINGS[i].metric, metric) == 0) return true;
    return false;
}

/* SPT_END: the run has nothing of it. */
static enum spt_status find(struct tale *tale, struct spt_error *error) {
    tale->row = spt_emerged_find(tale->t->run->emerged, tale->finding->metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    if (!tale->row) return SPT_END;
    return spt_told_ends(tale->t, tale->finding->metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, &tale->first, &tale->last,
                         error);
}

enum spt_status spt_tell_findings(struct spt_telling *t, const char *group, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < FINDING_COUNT && status == SPT_OK; i++) {
        struct tale tale = {.t = t, .finding = &FINDINGS[i]};
        if (!is_of_group(&FINDINGS[i], group)) continue;
        status = find(&tale, error);
        if (status == SPT_END) {
            status = SPT_OK;
            continue;
        }
        if (status != SPT_OK) break;
        spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
        say(&tale);
        if (FINDINGS[i].kind & LAYERS) put_layers(&tale);
        status = put_null(&tale, error);
        if (status == SPT_OK) status = put_control(&tale, error);
        spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    }
    return status;
}

enum spt_status spt_tell_brief(struct spt_telling *t, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < FINDING_COUNT && status == SPT_OK; i++) {
        struct tale tale = {.t = t, .finding = &FINDINGS[i], .brief = true};
        if (!(FINDINGS[i].kind & BRIEF)) continue;
        status = find(&tale, error);
        if (status == SPT_OK) {
            spt_report_open(&t->page, SPT_REPORT_ITEM);
            say(&tale);
            spt_report_close(&t->page, SPT_REPORT_ITEM);
        }
        if (status == SPT_END) status = SPT_OK;
    }
    return status;
}

/* --- what came first, over all --- */

static void put_count(struct spt_telling *t, size_t count, const char *words, const char *const *names) {
    spt_report_format(&t->page, "%zu %s", count, words);
    if (count) spt_report_text(&t->page, " (");
    if (count) spt_say_names(t, names, count, 5);
    if (count) spt_report_text(&t->page, ")");
}

enum { NAMES_MAX = 512 };

void spt_tell_order(struct spt_telling *t) {
    const struct spt_emerged *e = t->run->emerged;
    const char *before[NAMES_MAX], *after[NAMES_MAX], *undecided[NAMES_MAX];
    size_t earlier = 0, later = 0, open = 0;
    for (size_t i = 0; i < e->count; i++) {
        const struct spt_emerged_row *row = &e->rows[i];
        if (row->layer != SPT_WHOLE_MODEL || isnan(row->q) || earlier + later + open == NAMES_MAX) continue;
        if (row->q >= 0.05)
            undecided[open++] = row->metric;
        else if (row->order.share > 0.5)
            before[earlier++] = row->metric;
        else
            after[later++] = row->metric;
    }
    if (earlier + later + open == 0) return;
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_format(&t->page, "Of the %zu quantities of the whole model whose midpoint was held against that of ",
                      earlier + later + open);
    spt_say_against(t);
    spt_report_text(&t->page, ", ");
    put_count(t, earlier, earlier == 1 ? "turns before it" : "turn before it", before);
    spt_report_text(&t->page, ", ");
    put_count(t, later, later == 1 ? "turns after it" : "turn after it", after);
    spt_report_text(&t->page, ", and of ");
    put_count(t, open, "the order is undecided", undecided);
    spt_report_text(&t->page,
                    "; q < 0.05 by Benjamini and Hochberg over all that were tested, in the order of their midpoints.");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
}
