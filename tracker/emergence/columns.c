#include "tracker/emergence/columns.h"

#include "checkpoints/run.h"

#include <math.h>

typedef struct spt_emerged_field field;
typedef struct spt_emerged_subject subject;

static field text(const char *of) {
    return (field){.kind = SPT_EMERGED_TEXT, .text = of ? of : "", .absent = !of};
}

static field count(long long of) {
    return (field){.kind = SPT_EMERGED_COUNT, .count = of};
}

static field number(double of) {
    return (field){.kind = SPT_EMERGED_NUMBER, .number = of, .absent = isnan(of)};
}

static field nothing(enum spt_emerged_kind kind) {
    return (field){.kind = kind, .text = "", .number = NAN, .absent = true};
}

/* --- what the row is of --- */

static field kind(subject *s) {
    static const char *const KINDS[][2] = {{"run", "pair"}, {"seeds", "pair of seeds"}, {"runs", "pair of runs"}};
    const size_t of = !s->compared ? 0 : s->compared->seeds ? 1 : 2;
    return text(KINDS[of][s->order ? 1 : 0]);
}

static field run(subject *s) {
    return text(s->compared ? s->compared->name : s->emerged->name);
}

static field branch(subject *s) {
    return text(s->emerged->branch);
}

static bool has_one_size(const subject *s) {
    return !s->compared || s->compared->seeds;
}

static field layers(subject *s) {
    return has_one_size(s) ? count((long long)s->emerged->run->layers) : nothing(SPT_EMERGED_COUNT);
}

static field heads(subject *s) {
    return has_one_size(s) ? count((long long)s->emerged->run->heads) : nothing(SPT_EMERGED_COUNT);
}

static field hidden_size(subject *s) {
    return has_one_size(s) && s->emerged->hidden ? count((long long)s->emerged->hidden) : nothing(SPT_EMERGED_COUNT);
}

static field parameters(subject *s) {
    return number(has_one_size(s) ? spt_store_run_parameters(s->emerged->run) : NAN);
}

static field metric(subject *s) {
    return text(s->compared ? s->compared_row->metric : s->row->metric);
}

static field layer(subject *s) {
    return count(s->compared ? s->compared_row->layer : s->row->layer);
}

static field head(subject *s) {
    return count(s->compared ? s->compared_row->head : s->row->head);
}

/* --- what was fitted --- */

static field of_run(const subject *s, long long value) {
    return s->compared ? nothing(SPT_EMERGED_COUNT) : count(value);
}

static field checkpoints(subject *s) {
    return of_run(s, s->row ? (long long)s->row->emergence.count : 0);
}

static field first_step(subject *s) {
    return of_run(s, (long long)s->emerged->first);
}

static field last_step(subject *s) {
    return of_run(s, (long long)s->emerged->last);
}

static field samples(subject *s) {
    return of_run(s, (long long)s->emerged->samples);
}

static field draws(subject *s) {
    return s->compared || !s->row->resampled ? nothing(SPT_EMERGED_COUNT) : count((long long)s->emerged->draws);
}

static field no_interval(subject *s) {
    return text(s->compared ? NULL : spt_emerged_no_interval(s->row));
}

/* t0 and the two ends of its interval, NAN where there is no midpoint. */
static double t0_of(const subject *s, int end) {
    if (s->compared) return end < 0 ? s->compared_row->t0_lo : end > 0 ? s->compared_row->t0_hi : s->compared_row->t0;
    const struct spt_emergence *e = &s->row->emergence;
    if (e->reason != SPT_EMERGENCE_FOUND) return NAN;
    return end < 0 ? e->t0_lo : end > 0 ? e->t0_hi : e->fit.t0;
}

static double step_of(double t) {
    return isnan(t) ? NAN : spt_emergence_step(t);
}

static field midpoint(subject *s) {
    return number(step_of(t0_of(s, 0)));
}

static field midpoint_lo(subject *s) {
    return number(step_of(t0_of(s, -1)));
}

static field midpoint_hi(subject *s) {
    return number(step_of(t0_of(s, 1)));
}

static field tokens_at(const subject *s, double t) {
    return number(s->compared || isnan(t) ? NAN : spt_emerged_tokens(s->emerged, t));
}

static field midpoint_tokens(subject *s) {
    return tokens_at(s, t0_of(s, 0));
}

static field midpoint_tokens_lo(subject *s) {
    return tokens_at(s, t0_of(s, -1));
}

static field midpoint_tokens_hi(subject *s) {
    return tokens_at(s, t0_of(s, 1));
}

static field t0(subject *s) {
    return number(t0_of(s, 0));
}

static field t0_lo(subject *s) {
    return number(t0_of(s, -1));
}

static field t0_hi(subject *s) {
    return number(t0_of(s, 1));
}

static field t0_sd(subject *s) {
    return number(s->compared ? s->compared_row->sd : NAN);
}

#define OF_FIT(name, member)                                                                                           \
    static field name(subject *s) {                                                                                    \
        return number(s->compared ? NAN : s->row->emergence.member);                                                   \
    }
OF_FIT(steepness, fit.k)
OF_FIT(steepness_lo, k_lo)
OF_FIT(steepness_hi, k_hi)
OF_FIT(start, fit.a)
OF_FIT(change, fit.b)
OF_FIT(change_lo, b_lo)
OF_FIT(change_hi, b_hi)
OF_FIT(r2, fit.r2)
OF_FIT(p_change, p)

static field reason(subject *s) {
    return text(s->compared ? NULL : SPT_EMERGENCE_REASON_TEXTS[s->row->emergence.reason]);
}

/* --- the order --- */

static field against(subject *s) {
    return text(s->order ? s->other : s->emerged->against);
}

static const struct spt_order *order_of(const subject *s) {
    if (s->order) return s->order;
    return s->compared ? &s->compared_row->order : &s->row->order;
}

static field before(subject *s) {
    return number(order_of(s)->share);
}

static field before_p(subject *s) {
    return number(order_of(s)->p);
}

static field before_q(subject *s) {
    return number(s->order ? s->q : s->compared ? s->compared_row->q : s->row->q);
}

static field runs(subject *s) {
    return count(s->compared ? (long long)s->compared_row->runs : 1);
}

/* --- rises and falls --- */

static void put_step(struct spt_text *out, double t) {
    if (isnan(t))
        spt_text_put(out, "?");
    else
        spt_text_format(out, "%.0f", spt_emergence_step(t));
}

static field turns(subject *s) {
    if (s->compared || s->row->emergence.changes.count == 0) return nothing(SPT_EMERGED_TEXT);
    const struct spt_changes *changes = &s->row->emergence.changes;
    spt_text_clear(&s->scratch);
    for (size_t i = 0; i < changes->count; i++) {
        const struct spt_phase *phase = &changes->phase[i];
        spt_text_format(&s->scratch, "%s%s ", i ? "; " : "", phase->rises ? "rise" : "fall");
        put_step(&s->scratch, phase->t);
        if (isnan(phase->t_lo)) continue;
        spt_text_put(&s->scratch, " [");
        put_step(&s->scratch, phase->t_lo);
        spt_text_put(&s->scratch, " ");
        put_step(&s->scratch, phase->t_hi);
        spt_text_put(&s->scratch, "]");
    }
    return text(s->scratch.failed ? "" : s->scratch.data);
}

static field turns_support(subject *s) {
    return number(s->compared || !s->row->emergence.changes.count ? NAN : s->row->emergence.changes.support);
}

/* --- pairs --- */

bool spt_emerged_pair_subject(subject *s, const struct spt_emerged_pair *pair, struct spt_emerged_view view) {
    s->row = pair->a;
    s->order = &pair->order;
    s->other = pair->b->metric;
    s->q = pair->q;
    return spt_emerged_shows(pair->a->layer, pair->a->head, view);
}

bool spt_compared_pair_subject(subject *s, const struct spt_compared_pair *pair, struct spt_emerged_view view) {
    s->compared_row = pair->a;
    s->order = &pair->order;
    s->other = pair->b->metric;
    s->q = pair->q;
    return spt_emerged_shows(pair->a->layer, pair->a->head, view);
}

/* clang-format off */
const struct spt_emerged_column SPT_EMERGED_COLUMNS[] = {
    {"kind", "run; seeds: a mean over runs that differ in nothing but their weights; runs: an order over all runs; pair, pair of seeds, pair of runs: the order of two metrics", kind},
    {"run", "name of the run, or names", run},
    {"branch", "of the checkpoints", branch},
    {"layers", "of the model", layers},
    {"heads", "of a layer", heads},
    {"hidden_size", "width of the model", hidden_size},
    {"parameters", "without embeddings: 12 layers hidden_size^2 (Kaplan et al. 2020)", parameters},
    {"metric", "as spectail metrics has it", metric},
    {"layer", "-1: the whole model", layer},
    {"head", "-1: the whole layer", head},
    {"checkpoints", "that have a value and count", checkpoints},
    {"first_step", "of the checkpoints that count", first_step},
    {"last_step", "of the checkpoints that count", last_step},
    {"samples", "of the probe", samples},
    {"draws", "of the bootstrap; absent: nothing is stored that could be resampled", draws},
    {"no_interval", "why there is neither interval nor order", no_interval},
    {"midpoint", "step at which the fitted curve is half way: 2^t0 - 1", midpoint},
    {"midpoint_lo", "lower end of its 95 % interval; of seeds Student's", midpoint_lo},
    {"midpoint_hi", "upper end", midpoint_hi},
    {"midpoint_tokens", "tokens seen then, where the checkpoints' names say", midpoint_tokens},
    {"midpoint_tokens_lo", "tokens seen at the interval's lower end", midpoint_tokens_lo},
    {"midpoint_tokens_hi", "at its upper end", midpoint_tokens_hi},
    {"t0", "the same in octaves: log2(1 + midpoint); of seeds the mean", t0},
    {"t0_lo", "lower end of its 95 % interval; of seeds Student's", t0_lo},
    {"t0_hi", "upper end", t0_hi},
    {"t0_sd", "between seeds", t0_sd},
    {"steepness", "k of a + b / (1 + exp(-k (t - t0))), t = log2(1 + step)", steepness},
    {"steepness_lo", "lower end of its 95 % interval", steepness_lo},
    {"steepness_hi", "upper end", steepness_hi},
    {"start", "a: before the change", start},
    {"change", "b: how much the curve rises, or falls", change},
    {"change_lo", "lower end of its 95 % interval", change_lo},
    {"change_hi", "upper end", change_hi},
    {"r2", "share of the variance over checkpoints that the curve explains", r2},
    {"p_change", "that noise alone gives such a change", p_change},
    {"reason", "why there is no midpoint", reason},
    {"against", "the metric that others come before or after", against},
    {"before", "share of the draws (of seeds and runs: of the runs) in which this metric turns before that one", before},
    {"before_p", "two-sided, that neither comes first: of draws by their share, of runs the sign test", before_p},
    {"before_q", "the same by Benjamini and Hochberg among all rows of the run; of a pair among all pairs", before_q},
    {"runs", "that have a midpoint", runs},
    {"turns", "rises and falls of a series that does both, as rise STEP [LO HI]; fall STEP [LO HI]", turns},
    {"turns_support", "share of the draws that rise and fall alike", turns_support},
};
/* clang-format on */
const size_t SPT_EMERGED_COLUMN_COUNT = sizeof SPT_EMERGED_COLUMNS / sizeof *SPT_EMERGED_COLUMNS;
