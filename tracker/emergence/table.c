/* For people: tables of at most 100 columns, and in sentences what came first. */
#include "tracker/emergence/emergence.h"

#include "checkpoints/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, TURN_COLUMN = 26, CELL = 48, NAME = 128, LINE = 512 };

#define LEVEL 0.05 /* of q, at which an order is called one */
#define TURNS " *" /* behind the name of a metric that rises and falls */

/* --- cells --- */

/* How midpoints are told. */
struct axis {
    const struct spt_emerged *tokens; /* in tokens seen, as this run's checkpoints say; NULL: in steps */
};

static void format_step(char cell[CELL], struct axis axis, double t) {
    const double at = isnan(t) ? NAN : axis.tokens ? spt_emerged_tokens(axis.tokens, t) : spt_emergence_step(t);
    if (isnan(at))
        snprintf(cell, CELL, "%s", isnan(t) ? "" : "?");
    else if (axis.tokens)
        snprintf(cell, CELL, "%.3g%s", at >= 1e9 ? at / 1e9 : at / 1e6, at >= 1e9 ? "G" : "M");
    else
        snprintf(cell, CELL, at < 10 ? "%.2f" : "%.0f", at);
}

static void format_range(char cell[CELL], struct axis axis, double lo, double hi, const char *between) {
    char low[CELL], high[CELL];
    format_step(low, axis, lo);
    format_step(high, axis, hi);
    if (isnan(lo))
        cell[0] = '\0';
    else
        snprintf(cell, CELL, "%.20s%s%.20s", low, between, high);
}

static void format_interval(char cell[CELL], struct axis axis, double lo, double hi) {
    format_range(cell, axis, lo, hi, " to ");
}

static void format_number(char cell[CELL], const char *format, double value) {
    cell[0] = '\0';
    if (isnan(value)) return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(cell, CELL, format, value);
#pragma GCC diagnostic pop
}

static void format_place(char cell[CELL], int layer, int head) {
    if (head != SPT_WHOLE_LAYER)
        snprintf(cell, CELL, "%d, head %d", layer, head);
    else if (layer != SPT_WHOLE_MODEL)
        snprintf(cell, CELL, "%d", layer);
    else
        snprintf(cell, CELL, "model");
}

/* Of the layers' midpoints the earliest and the latest. */
static void format_layers(char cell[CELL], struct axis axis, const struct spt_emerged *e, const char *metric) {
    double lo = INFINITY, hi = -INFINITY;
    for (int layer = 0; layer < (int)e->run->layers; layer++) {
        const struct spt_emerged_row *row = spt_emerged_find(e, metric, layer, SPT_WHOLE_LAYER);
        if (!row || row->emergence.reason != SPT_EMERGENCE_FOUND) continue;
        lo = fmin(lo, row->emergence.fit.t0);
        hi = fmax(hi, row->emergence.fit.t0);
    }
    if (lo <= hi)
        format_range(cell, axis, lo, hi, "-");
    else
        cell[0] = '\0';
}

/* --- lists of names, wrapped --- */

struct list {
    struct spt_text *out;
    size_t column, count;
};

static void put_item(struct list *list, const char *title, const char *item) {
    const size_t length = strlen(item);
    if (list->count++ == 0) {
        spt_text_format(list->out, "  %s: ", title);
        list->column = strlen(title) + 4;
    } else if (list->column + length + 3 > WIDTH) {
        spt_text_put(list->out, ",\n      ");
        list->column = 6;
    } else {
        spt_text_put(list->out, ", ");
        list->column += 2;
    }
    spt_text_put(list->out, item);
    list->column += length;
}

static void end_list(struct list *list) {
    if (list->count) spt_text_put(list->out, "\n");
}

/* "sink.first", or "sink.first of layer 3, head 1" where rows of layers are shown. */
static void format_name(char name[NAME], const char *metric, int layer, int head) {
    if (head != SPT_WHOLE_LAYER)
        snprintf(name, NAME, "%.60s of layer %d, head %d", metric, layer, head);
    else if (layer != SPT_WHOLE_MODEL)
        snprintf(name, NAME, "%.60s of layer %d", metric, layer);
    else
        snprintf(name, NAME, "%.100s", metric);
}

/* The first column; a longer name has a line to itself, so that the others stay where they are. */
static void put_name(struct spt_text *out, const char *name, int width) {
    if (strlen(name) > (size_t)width)
        spt_text_format(out, "%s\n%*s", name, width, "");
    else
        spt_text_format(out, "%-*s", width, name);
}

/* --- one run --- */

static void put_heading(struct spt_text *out, const struct spt_emerged *e) {
    char name[LINE], branch[LINE];
    spt_text_printable(name, sizeof name, e->name);
    spt_text_printable(branch, sizeof branch, e->branch);
    spt_text_format(out, "%s%s%s: ", name, *e->branch ? ", branch " : "", *e->branch ? branch : "");
    if (e->checkpoints == 1)
        spt_text_format(out, "one checkpoint, step %lld", (long long)e->first);
    else
        spt_text_format(out, "%zu checkpoints, steps %lld to %lld", e->checkpoints, (long long)e->first,
                        (long long)e->last);
    if (e->left_out) spt_text_format(out, " (%zu more are a later step's again)", e->left_out);
    spt_text_format(out, "; %zu samples, %zu draws\n", e->samples, e->draws);
}

static void put_titles(struct spt_text *out, bool layers) {
    spt_text_format(out, "\n%-25s%8s%17s%19s%5s%13s%7s%6s\n", "metric", "midpoint", "95 % interval", "from -> to",
                    "r^2", layers ? "layer" : "layers", "before", "q");
}

static void put_row(struct spt_text *out, const struct spt_emerged *e, const struct spt_emerged_row *row,
                    struct axis axis, bool layers) {
    const struct spt_emergence *m = &row->emergence;
    char midpoint[CELL], interval[CELL], change[CELL], r2[CELL], place[CELL], before[CELL], q[CELL];
    char name[NAME];
    snprintf(name, sizeof name, "%.100s%s", row->metric, m->changes.count ? TURNS : "");
    format_step(midpoint, axis, m->fit.t0);
    format_interval(interval, axis, m->t0_lo, m->t0_hi);
    snprintf(change, sizeof change, "%.3g -> %.3g", m->fit.a, m->fit.a + m->fit.b);
    format_number(r2, "%.2f", m->fit.r2);
    if (layers)
        format_place(place, row->layer, row->head);
    else
        format_layers(place, axis, e, row->metric);
    format_number(before, "%.0f %%", 100 * row->order.share);
    format_number(q, "%.3f", row->q);
    put_name(out, name, 25);
    spt_text_format(out, "%8s%17s%19s%5s%13s%7s%6s", midpoint, interval, change, r2, place, before, q);
    while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = '\0';
    spt_text_put(out, "\n");
}

static bool is_shown(const struct spt_emerged_row *row, struct spt_emerged_view view,
                     enum spt_emergence_reason reason) {
    return row->emergence.reason == reason && spt_emerged_shows(row->layer, row->head, view);
}

static struct axis axis_of(const struct spt_emerged *e, struct spt_emerged_view view) {
    return (struct axis){view.tokens ? e : NULL};
}

/* k and its interval. */
static void format_steepness(char cell[2 * CELL], const struct spt_emergence *m) {
    const char *least = m->fit.k >= SPT_LOGISTIC_K_MAX ? ">= " : "";
    if (isnan(m->k_lo))
        snprintf(cell, 2 * CELL, "%s%.2g", least, m->fit.k);
    else
        snprintf(cell, 2 * CELL, "%s%.2g [%.2g to %.2g]", least, m->fit.k, m->k_lo, m->k_hi);
}

static void put_steepness(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view) {
    struct list list = {.out = out};
    char name[NAME], steepness[2 * CELL], item[NAME + 2 * CELL];
    for (size_t i = 0; i < e->count; i++) {
        const struct spt_emerged_row *row = &e->rows[i];
        if (!is_shown(row, view, SPT_EMERGENCE_FOUND)) continue;
        if (list.count == 0)
            spt_text_format(
                out,
                "\nSteepness k and its 95 %% interval (10 to 90 %% of the change takes 4.4 / k doublings of "
                "the step;\n%.0f is the most that is told from a jump):\n",
                SPT_LOGISTIC_K_MAX);
        format_name(name, row->metric, row->layer, row->head);
        format_steepness(steepness, &row->emergence);
        snprintf(item, sizeof item, "%s %s", name, steepness);
        put_item(&list, "k", item);
    }
    end_list(&list);
}

static void put_midpoints(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view) {
    size_t shown = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (!is_shown(&e->rows[i], view, SPT_EMERGENCE_FOUND)) continue;
        if (shown++ == 0) put_titles(out, view.layer != SPT_WHOLE_MODEL);
        put_row(out, e, &e->rows[i], axis_of(e, view), view.layer != SPT_WHOLE_MODEL);
    }
    if (shown == 0) return;
    size_t tested = 0;
    for (size_t i = 0; i < e->count; i++) tested += isnan(e->rows[i].q) ? 0 : 1;
    spt_text_format(out, "midpoint: %s the fitted curve is half way%s.\n",
                    view.tokens ? "tokens seen when" : "the step at which",
                    view.layer == SPT_WHOLE_MODEL ? "; layers: the earliest and the latest one's" : "");
    if (tested)
        spt_text_format(
            out,
            "before: share of the draws in which the metric turns before %s does; q: two-sided, by\n"
            "Benjamini and Hochberg over %zu rows. A jump between two checkpoints has an order only where the\n"
            "intervals are apart.\n",
            e->against, tested);
}

/* -1: before, 1: after, 0: neither is certain; 2: not tested. */
static int side_of(const struct spt_emerged_row *row) {
    if (isnan(row->q)) return 2;
    if (row->q >= LEVEL) return 0;
    return row->order.share > 0.5 ? -1 : 1;
}

static void put_side(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view, int side,
                     const char *title) {
    struct list list = {.out = out};
    char name[NAME + sizeof TURNS];
    for (size_t i = 0; i < e->count; i++) {
        if (!is_shown(&e->rows[i], view, SPT_EMERGENCE_FOUND) || side_of(&e->rows[i]) != side) continue;
        format_name(name, e->rows[i].metric, e->rows[i].layer, e->rows[i].head);
        if (e->rows[i].emergence.changes.count) strcat(name, TURNS);
        put_item(&list, title, name);
    }
    end_list(&list);
}

static bool has_no_interval(const struct spt_emerged *e) {
    const struct spt_emerged_row *row = spt_emerged_find(e, e->against, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER);
    return row && spt_emerged_no_interval(row);
}

static void put_order(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view) {
    static const struct {
        int side;
        const char *title;
    } SIDES[] = {{-1, "before"}, {1, "after"}, {0, "undecided"}};
    if (!e->measured && e->by_default)
        spt_text_put(out,
                     "\nNeither a loss nor sinks are measured, so nothing comes before or after them: --against METRIC "
                     "names\nanother metric.\n");
    else if (!e->measured)
        spt_text_format(out,
                        "\n%s is not measured, so nothing comes before or after it: --against METRIC names another "
                        "metric.\n",
                        e->against);
    else if (e->reason != SPT_EMERGENCE_FOUND)
        spt_text_format(out, "\n%s has no midpoint (%s), so nothing comes before or after it.\n", e->against,
                        SPT_EMERGENCE_REASON_TEXTS[e->reason]);
    else if (has_no_interval(e))
        spt_text_format(out, "\n%s has no draws (%s), so nothing comes before or after it.\n", e->against,
                        spt_emerged_no_interval(spt_emerged_find(e, e->against, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER)));
    else {
        spt_text_format(out, "\nWhich came first, each metric or %s (q < 0.05)%s:\n", e->against,
                        !e->by_default || strcmp(e->against, SPT_EMERGED_DEFAULT[0]) == 0 ? ""
                        : strcmp(e->run->mask, "full") == 0 ? "; an encoder has no loss, --against METRIC names another"
                                                            : "; no loss is measured, --against METRIC names another");
        for (size_t i = 0; i < sizeof SIDES / sizeof *SIDES; i++) put_side(out, e, view, SIDES[i].side, SIDES[i].title);
    }
}

static void put_reasons(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view) {
    bool said = false;
    for (int reason = SPT_EMERGENCE_FOUND + 1; reason < SPT_EMERGENCE_REASONS; reason++) {
        struct list list = {.out = out};
        char name[NAME];
        for (size_t i = 0; i < e->count; i++) {
            if (!is_shown(&e->rows[i], view, (enum spt_emergence_reason)reason)) continue;
            if (!said) spt_text_put(out, "\nNo midpoint:\n");
            said = true;
            format_name(name, e->rows[i].metric, e->rows[i].layer, e->rows[i].head);
            put_item(&list, SPT_EMERGENCE_REASON_TEXTS[reason], name);
        }
        end_list(&list);
    }
}

/* Midpoints without an interval, a list for each reason. */
static void put_bare(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view) {
    bool said = false;
    for (size_t k = 0; k < SPT_EMERGED_NO_INTERVAL_COUNT; k++) {
        struct list list = {.out = out};
        char name[NAME];
        for (size_t i = 0; i < e->count; i++) {
            const char *reason = spt_emerged_no_interval(&e->rows[i]);
            if (reason != SPT_EMERGED_NO_INTERVAL[k] || !is_shown(&e->rows[i], view, SPT_EMERGENCE_FOUND)) continue;
            if (!said) spt_text_put(out, "\nWithout interval and order:\n");
            said = true;
            format_name(name, e->rows[i].metric, e->rows[i].layer, e->rows[i].head);
            put_item(&list, reason, name);
        }
        end_list(&list);
    }
}

/* The phases in one line, or in more that begin under the first. */
static void put_turns_of(struct spt_text *out, const struct spt_emerged_row *row, struct axis axis) {
    const struct spt_changes *changes = &row->emergence.changes;
    char name[NAME], step[CELL], interval[CELL], phase[2 * CELL + 16];
    format_name(name, row->metric, row->layer, row->head);
    spt_text_format(out, "  %-*s", TURN_COLUMN - 2, name);
    size_t column = strlen(name) + 2 < TURN_COLUMN ? TURN_COLUMN : strlen(name) + 2;
    for (size_t i = 0; i < changes->count; i++) {
        const struct spt_phase *p = &changes->phase[i];
        format_step(step, axis, p->t);
        format_interval(interval, axis, p->t_lo, p->t_hi);
        const int length =
            snprintf(phase, sizeof phase, " %s %s%s%s%s%s", p->rises ? "rise" : "fall", step, *interval ? " [" : "",
                     interval, *interval ? "]" : "", i + 1 < changes->count ? "," : "");
        if (column + (size_t)length > WIDTH) {
            spt_text_format(out, "\n%*s", TURN_COLUMN, "");
            column = TURN_COLUMN;
        }
        spt_text_put(out, phase);
        column += (size_t)length;
    }
    if (!isnan(changes->support) && changes->support < 0.995) {
        if (column + 18 > WIDTH) spt_text_format(out, "\n%*s", TURN_COLUMN, "");
        spt_text_format(out, " (%.0f %% of draws)", 100 * changes->support);
    }
    spt_text_put(out, "\n");
}

static void put_turns(struct spt_text *out, const struct spt_emerged *e, struct spt_emerged_view view) {
    bool said = false;
    for (size_t i = 0; i < e->count; i++) {
        if (e->rows[i].emergence.changes.count == 0 || !spt_emerged_shows(e->rows[i].layer, e->rows[i].head, view))
            continue;
        if (!said)
            spt_text_put(out,
                         "\n* These rise and fall: of them a curve that turns once says little (half way, 95 %):\n");
        said = true;
        put_turns_of(out, &e->rows[i], axis_of(e, view));
    }
}

void spt_emerged_put_table(struct spt_text *out, const struct spt_emerged *emerged, struct spt_emerged_view view) {
    put_heading(out, emerged);
    if (emerged->checkpoints < SPT_LOGISTIC_COUNT_MIN) {
        spt_text_format(out, "A midpoint takes at least %d checkpoints.\n", SPT_LOGISTIC_COUNT_MIN);
        return;
    }
    put_midpoints(out, emerged, view);
    if (emerged->pairs)
        spt_emerged_put_pairs(out, emerged, view);
    else
        put_order(out, emerged, view);
    put_steepness(out, emerged, view);
    put_turns(out, emerged, view);
    put_reasons(out, emerged, view);
    put_bare(out, emerged, view);
}

/* --- several runs --- */

static void put_compared_row(struct spt_text *out, const struct spt_compared *c, const struct spt_compared_row *row,
                             struct axis axis, bool layers) {
    char place[CELL] = "", midpoint[CELL], interval[CELL], sd[CELL], before[CELL] = "", p[CELL], q[CELL];
    if (layers) format_place(place, row->layer, row->head);
    format_step(midpoint, axis, row->t0);
    format_interval(interval, axis, row->t0_lo, row->t0_hi);
    format_number(sd, "%.2f", row->sd);
    const size_t all = row->order.before + row->order.after + row->order.ties;
    if (all) snprintf(before, sizeof before, "%zu of %zu", row->order.before, all);
    format_number(p, "%.3f", row->order.p);
    format_number(q, "%.3f", row->q);
    put_name(out, row->metric, 24);
    spt_text_format(out, "%11s%5zu", place, row->runs);
    if (c->seeds) spt_text_format(out, "%9s%17s%6s", midpoint, interval, sd);
    spt_text_format(out, "%12s%8s%8s", before, p, q);
    while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = '\0';
    spt_text_put(out, "\n");
}

void spt_compared_put_table(struct spt_text *out, const struct spt_compared *compared, struct spt_emerged_view view) {
    const bool layers = view.layer != SPT_WHOLE_MODEL;
    char name[LINE];
    spt_text_printable(name, sizeof name, compared->name);
    spt_text_format(
        out, compared->seeds ? "%zu runs of one model: %s\n\n" : "%zu runs that differ in model, probe or plan: %s\n\n",
        compared->member_count, name);
    if (compared->left_out)
        spt_text_format(out, "%zu more %s the training of one of them, seen again, and count%s once with it.\n\n",
                        compared->left_out, compared->left_out == 1 ? "is" : "are", compared->left_out == 1 ? "s" : "");
    spt_text_format(out, "%-24s%11s%5s", "metric", layers ? "layer" : "", "runs");
    if (compared->seeds) spt_text_format(out, "%9s%17s%6s", "midpoint", "95 % interval", "sd");
    spt_text_format(out, "%12s%8s%8s\n", "before", "p", "q");
    for (size_t i = 0; i < compared->count; i++)
        if (spt_emerged_shows(compared->rows[i].layer, compared->rows[i].head, view))
            put_compared_row(out, compared, &compared->rows[i], axis_of(compared->members[0], view), layers);
    if (compared->seeds)
        spt_text_put(out, "midpoint: 2^mean - 1 of log2(1 + midpoint); interval: Student's; sd: in octaves.\n");
    spt_text_format(out,
                    "before: runs in which the metric turns before %s does; p: sign test; q: by Benjamini and "
                    "Hochberg.\n",
                    compared->members[0]->against);
    if (compared->pairs) spt_compared_put_pairs(out, compared, view);
}
