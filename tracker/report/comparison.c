/* Several runs beside each other: what comes first in how many of them, and figures that hold all. */
#include "tracker/report/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct spt_report_column SEEDS[] = {
    {"metric", false},     {"runs", true},   {"midpoint", true}, {"95 % interval", true},
    {"sd, octaves", true}, {"before", true}, {"p", true},        {"q", true}};
static const struct spt_report_column OTHERS[] = {
    {"metric", false}, {"runs", true}, {"before", true}, {"p", true}, {"q", true}};

static void step_cell(struct spt_telling *t, double lo, double hi, const struct spt_said_of *of, bool interval) {
    spt_report_cell(&t->page, true);
    if (!isnan(lo)) spt_say_step(t, lo, of, interval ? "midpoint_lo" : "midpoint");
    if (interval && !isnan(lo)) {
        spt_report_text(&t->page, " to ");
        spt_say_step(t, hi, of, "midpoint_hi");
    }
    spt_report_end_cell(&t->page);
}

static void number_cell(struct spt_telling *t, double value, const struct spt_said_of *of, const char *field) {
    spt_report_cell(&t->page, true);
    if (!isnan(value)) spt_say_number(t, value, of, field);
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
        number_cell(t, row->sd, &of, "t0_sd");
    }
    spt_report_cell(&t->page, true);
    if (all) spt_report_format(&t->page, "%zu of %zu", row->order.before, all);
    spt_report_end_cell(&t->page);
    number_cell(t, row->order.p, &of, "before_p");
    number_cell(t, row->q, &of, "before_q");
    spt_report_end_row(&t->page);
}

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
