/* Several runs beside each other: what comes first in how many of them, and figures that hold all. */
#include "tracker/report/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TOLD_MAX = 128 };

#define LEVEL 0.05

static const struct spt_report_column SEEDS[] = {
    {"metric", false},     {"runs", true},   {"midpoint", true}, {"95 % interval", true},
    {"sd, octaves", true}, {"before", true}, {"p", true},        {"q", true}};
static const struct spt_report_column OTHERS[] = {
    {"metric", false}, {"runs", true}, {"before", true}, {"p", true}, {"q", true}};

/* --- tables --- */

static void step_cell(struct spt_telling *t, double lo, double hi, const struct spt_said_of *of, bool interval) {
    spt_report_cell(&t->page, true);
    if (!isnan(lo)) spt_say_step(t, lo, of, interval ? "midpoint_lo" : "midpoint");
    if (interval && !isnan(lo)) {
        spt_report_text(&t->page, " to ");
        spt_say_step(t, hi, of, "midpoint_hi");
    }
    spt_report_end_cell(&t->page);
}

static void put_row(struct spt_telling *t, const struct spt_compared *c, const struct spt_compared_row *row) {
    const struct spt_said_of of = {row->metric, row->layer, row->head, SPT_NO_STEP};
    const size_t all = row->order.before + row->order.after + row->order.ties;
    spt_report_row(&t->page);
    spt_report_head_cell(&t->page);
    spt_report_code(&t->page, row->metric);
    spt_report_end_head_cell(&t->page);
    spt_report_cell(&t->page, true);
    spt_report_format(&t->page, "%zu", row->runs);
    spt_report_end_cell(&t->page);
    if (c->seeds) {
        step_cell(t, row->t0, NAN, &of, false);
        step_cell(t, row->t0_lo, row->t0_hi, &of, true);
        spt_say_number_cell(t, row->sd, &of, "t0_sd");
    }
    spt_report_cell(&t->page, true);
    if (all) spt_report_format(&t->page, "%zu of %zu", row->order.before, all);
    spt_report_end_cell(&t->page);
    spt_say_number_cell(t, row->order.p, &of, "before_p");
    spt_say_number_cell(t, row->q, &of, "before_q");
    spt_report_end_row(&t->page);
}

/* --- which came first over trainings --- */

/* Of those that the findings tell of: it turns, and once, in every training. */
static bool turns_in_all(const struct spt_compared *c, const struct spt_compared_row *row) {
    if (row->layer != SPT_WHOLE_MODEL || row->runs != c->member_count || !spt_is_told(row->metric)) return false;
    for (size_t i = 0; i < c->member_count; i++)
        if (spt_emerged_find(c->members[i], row->metric, row->layer, row->head)->emergence.changes.count) return false;
    return true;
}

/* Whether it turns first of these in a training: no other has an earlier midpoint there. */
static bool is_first_in(const struct spt_compared *c, const struct spt_compared_row *row, size_t training) {
    const struct spt_emerged *e = c->members[training];
    const double t0 = spt_emerged_find(e, row->metric, row->layer, row->head)->emergence.fit.t0;
    for (size_t i = 0; i < c->count; i++)
        if (turns_in_all(c, &c->rows[i]) &&
            spt_emerged_find(e, c->rows[i].metric, c->rows[i].layer, c->rows[i].head)->emergence.fit.t0 < t0)
            return false;
    return true;
}

/* "loss in 2, value.share in 1" */
static void put_firsts(struct spt_telling *t, const struct spt_compared *c) {
    bool said = false;
    for (size_t i = 0; i < c->count; i++) {
        size_t firsts = 0;
        if (!turns_in_all(c, &c->rows[i])) continue;
        for (size_t k = 0; k < c->member_count; k++) firsts += is_first_in(c, &c->rows[i], k);
        if (firsts == 0) continue;
        if (said) spt_report_text(&t->page, ", ");
        spt_report_code(&t->page, c->rows[i].metric);
        spt_report_format(&t->page, " in %zu of %zu", firsts, c->member_count);
        said = true;
    }
}

/* "2 turn before the loss (...)", and "3 turn after it (...)": those that do in every training. */
static void put_side(struct spt_telling *t, const struct spt_compared *c, bool before) {
    const char *names[TOLD_MAX];
    size_t count = 0;
    for (size_t i = 0; i < c->count && count < TOLD_MAX; i++) {
        const struct spt_order *order = &c->rows[i].order;
        if (turns_in_all(c, &c->rows[i]) && (before ? order->before : order->after) == c->member_count)
            names[count++] = c->rows[i].metric;
    }
    if (count)
        spt_report_format(&t->page, "%zu turn%s %s", count, count == 1 ? "s" : "", before ? "before " : "after it");
    else
        spt_report_format(&t->page, "none turns %s", before ? "before " : "after it");
    if (before) spt_say_against(t);
    if (count == 0) return;
    spt_report_text(&t->page, " (");
    spt_say_names(t, names, count, 5);
    spt_report_text(&t->page, ")");
}

/* A training is one observation: of n that agree the sign test says p = 2^(1 - n). */
static void put_order(struct spt_telling *t, const struct spt_compared *c) {
    size_t count = 0;
    bool ordered = false;
    for (size_t i = 0; i < c->count; i++) {
        if (!turns_in_all(c, &c->rows[i])) continue;
        count++;
        ordered = ordered || !isnan(c->rows[i].order.p);
    }
    if (count < 2) return;
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_format(&t->page,
                      "Of the quantities that the findings tell of, %zu turn in each of the %zu trainings, and once. "
                      "The first of them to turn is ",
                      count, c->member_count);
    put_firsts(t, c);
    if (ordered) {
        spt_report_text(&t->page, ". In every training ");
        put_side(t, c, true);
        spt_report_text(&t->page, " and ");
        put_side(t, c, false);
    }
    spt_report_text(&t->page, ".");
    const double least = exp2(1 - (double)c->member_count);
    if (ordered && least > LEVEL)
        spt_report_format(&t->page,
                          " %zu trainings are few: however well they agree, a sign test over them says no less than "
                          "p = %g, so that none of this is established at the level of %g.",
                          c->member_count, least, LEVEL);
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
}

/* --- groups of runs --- */

static void put_group(struct spt_telling *t, const struct spt_compared *c, size_t number) {
    struct spt_text caption = {0};
    char id[64];
    snprintf(id, sizeof id, "group-%zu", number + 1);
    spt_text_format(&caption, c->seeds ? "%zu trainings of one model" : "%zu runs that differ in model, probe or plan",
                    c->member_count);
    spt_report_section(&t->page, id, caption.data ? caption.data : id);
    spt_report_open(&t->page, SPT_REPORT_PARAGRAPH);
    spt_report_text(&t->page, c->name);
    spt_report_text(
        &t->page, c->seeds ? ". Midpoints are means of log2(1 + step) over the runs, with Student's intervals; before: "
                             "in how many of the runs the quantity turns before "
                           : ". Before: in how many of the runs the quantity turns before ");
    spt_say_against(t);
    spt_report_text(&t->page, "; p: sign test; q: adjusted for all rows.");
    if (c->left_out)
        spt_report_format(&t->page, " %zu more %s the last weights of one of these, and %s no observation of %s own.",
                          c->left_out, c->left_out == 1 ? "has" : "have", c->left_out == 1 ? "is" : "are",
                          c->left_out == 1 ? "its" : "their");
    spt_report_close(&t->page, SPT_REPORT_PARAGRAPH);
    if (c->seeds) put_order(t, c);
    if (c->seeds)
        spt_report_table(&t->page, "Midpoints over trainings, whole model", SEEDS, sizeof SEEDS / sizeof *SEEDS);
    else
        spt_report_table(&t->page, "Order over runs, whole model", OTHERS, sizeof OTHERS / sizeof *OTHERS);
    for (size_t i = 0; i < c->count; i++)
        if (c->rows[i].layer == SPT_WHOLE_MODEL) put_row(t, c, &c->rows[i]);
    spt_report_end_table(&t->page);
    spt_text_release(&caption);
}

enum spt_status spt_tell_comparison(struct spt_telling *t, struct spt_error *error) {
    spt_report_chapter(&t->page, "comparison", "The runs beside each other");
    t->run = &t->reading->runs[0];
    const enum spt_status status = spt_tell_comparing_figures(t, error);
    for (size_t i = 0; status == SPT_OK && i < t->reading->group_count; i++) put_group(t, &t->reading->groups[i], i);
    return status;
}
