/* Figures in words. */
#include "tracker/report/internal.h"

#include "checkpoints/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DECIMALS_MAX = 6, OF_MAX = 256 };

#define LEVEL 0.05 /* of q, at which an order is called one */
#define LONG  1e7  /* from here on digits that count for nothing would outnumber those that do */
#define MINUS "\u2212"

/* --- numbers --- */

/* Half an interval is told with one digit that counts, or two where the first is 1 or 2. */
static int decimals_of(double value, double lo, double hi) {
    double scale = fabs(value) / 100; /* three digits of a value that stands alone */
    bool two = false;
    if (hi > lo) {
        const double half = (hi - lo) / 2;
        scale = half;
        two = half / pow(10, floor(log10(half))) < 3;
    }
    if (!(scale > 0) || !isfinite(scale)) return 0;
    const int decimals = (int)-floor(log10(scale)) + (two ? 1 : 0);
    return decimals < 0 ? 0 : decimals;
}

static bool is_zero(const char *number) {
    return strspn(number, "-0.") == strlen(number);
}

/* 1.23e-07 as people write it. */
static void write_power(char said[SPT_SAID_MAX], double value, int decimals) {
    static const char *const DIGITS[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[SPT_SAID_MAX];
    snprintf(plain, sizeof plain, "%.*e", decimals, fabs(value));
    const char *exponent = strchr(plain, 'e') + 1;
    int length = snprintf(said, SPT_SAID_MAX, "%s%.*s · 10%s", value < 0 ? MINUS : "", (int)(exponent - plain - 1),
                          plain, *exponent == '-' ? "⁻" : "");
    for (exponent++; *exponent == '0' && exponent[1]; exponent++) {
    }
    for (; *exponent && length + 4 < SPT_SAID_MAX; exponent++)
        length += snprintf(said + length, (size_t)(SPT_SAID_MAX - length), "%s", DIGITS[*exponent - '0']);
}

void spt_said_number(char said[SPT_SAID_MAX], double value, double lo, double hi) {
    const int decimals = decimals_of(value, lo, hi);
    char plain[SPT_SAID_MAX];
    if (!isfinite(value)) {
        snprintf(said, SPT_SAID_MAX, "undefined");
    } else if (fabs(value) >= LONG) {
        write_power(said, value, 2);
    } else if (decimals > DECIMALS_MAX && value != 0) {
        write_power(said, value, 1);
    } else {
        snprintf(plain, sizeof plain, "%.*f", decimals > DECIMALS_MAX ? DECIMALS_MAX : decimals, value);
        const bool negative = plain[0] == '-' && !is_zero(plain);
        snprintf(said, SPT_SAID_MAX, "%s%.59s", negative ? MINUS : "", plain + (plain[0] == '-' ? 1 : 0));
    }
}

/* --- what they are of --- */

static void name(char text[OF_MAX], const struct spt_said_of *of, const char *field) {
    int length = snprintf(text, OF_MAX, "%.100s", of->metric);
    if (of->layer != SPT_WHOLE_MODEL)
        length += snprintf(text + length, (size_t)(OF_MAX - length), ", layer %d", of->layer);
    if (of->head != SPT_WHOLE_LAYER)
        length += snprintf(text + length, (size_t)(OF_MAX - length), ", head %d", of->head);
    if (of->step != SPT_NO_STEP)
        length += snprintf(text + length, (size_t)(OF_MAX - length), ", step %lld", (long long)of->step);
    snprintf(text + length, (size_t)(OF_MAX - length), ": %s", field);
}

void spt_say_shown(struct spt_telling *t, const char *said, double value, const struct spt_said_of *of,
                   const char *field) {
    char text[OF_MAX];
    name(text, of, field);
    if (isfinite(value))
        spt_report_value(&t->page, said, value, text);
    else
        spt_report_text(&t->page, said);
}

void spt_say_number(struct spt_telling *t, double value, const struct spt_said_of *of, const char *field) {
    char said[SPT_SAID_MAX];
    spt_said_number(said, value, NAN, NAN);
    spt_say_shown(t, said, value, of, field);
}

void spt_say_number_cell(struct spt_telling *t, double value, const struct spt_said_of *of, const char *field) {
    spt_report_cell(&t->page, true);
    if (!isnan(value)) spt_say_number(t, value, of, field);
    spt_report_end_cell(&t->page);
}

static void say_value(struct spt_telling *t, const struct spt_plot_value *v, const struct spt_said_of *of,
                      const char *const fields[3]) {
    char said[SPT_SAID_MAX];
    spt_said_number(said, v->mean, v->lo, v->hi);
    spt_say_shown(t, said, v->mean, of, fields[0]);
    if (!(v->hi > v->lo)) return;
    spt_report_interval(&t->page, " [");
    spt_said_number(said, v->lo, v->lo, v->hi);
    spt_say_shown(t, said, v->lo, of, fields[1]);
    spt_report_text(&t->page, ", ");
    spt_said_number(said, v->hi, v->lo, v->hi);
    spt_say_shown(t, said, v->hi, of, fields[2]);
    spt_report_end_interval(&t->page, "]");
}

void spt_say_value(struct spt_telling *t, const struct spt_plot_value *v, const struct spt_said_of *of) {
    say_value(t, v, of, (const char *const[]){"mean", "lo", "hi"});
}

void spt_say_control(struct spt_telling *t, const struct spt_plot_value *v, const struct spt_said_of *of) {
    say_value(t, v, of, (const char *const[]){"control mean", "control lo", "control hi"});
}

/* --- steps --- */

void spt_say_step(struct spt_telling *t, double time, const struct spt_said_of *of, const char *field) {
    const double step = spt_emergence_step(time);
    char said[SPT_SAID_MAX];
    snprintf(said, sizeof said, step < 10 ? "%.2f" : "%.0f", step);
    spt_say_shown(t, said, step, of, field);
}

void spt_say_midpoint(struct spt_telling *t, const struct spt_emerged_row *row) {
    const struct spt_emergence *e = &row->emergence;
    const struct spt_said_of of = {row->metric, row->layer, row->head, SPT_NO_STEP};
    spt_say_step(t, e->fit.t0, &of, "midpoint");
    if (isnan(e->t0_lo) || isnan(e->t0_hi)) return;
    spt_report_interval(&t->page, " [");
    spt_say_step(t, e->t0_lo, &of, "midpoint_lo");
    spt_report_text(&t->page, ", ");
    spt_say_step(t, e->t0_hi, &of, "midpoint_hi");
    spt_report_end_interval(&t->page, "]");
}

/* --- the order --- */

void spt_say_against(struct spt_telling *t) {
    if (strcmp(t->run->emerged->against, "loss") == 0)
        spt_report_text(&t->page, "the loss");
    else
        spt_report_code(&t->page, t->run->emerged->against);
}

void spt_say_share(struct spt_telling *t, double share, const struct spt_said_of *of, const char *field) {
    char said[SPT_SAID_MAX];
    snprintf(said, sizeof said, "%.0f\u00a0%%", 100 * share);
    spt_say_shown(t, said, share, of, field);
}

void spt_say_probability(struct spt_telling *t, const char *letter, double p, const struct spt_said_of *of,
                         const char *field) {
    char said[SPT_SAID_MAX];
    snprintf(said, sizeof said, p < 0.1 ? "%.3f" : "%.2f", p);
    spt_report_format(&t->page, p < 0.001 ? "%s\u00a0<\u00a0" : "%s\u00a0=\u00a0", letter);
    spt_say_shown(t, p < 0.001 ? "0.001" : said, p, of, field);
}

/* "after the loss (in 100 % of the draws, q = 0.002)"; a share below a half is that of the other order. */
bool spt_say_order(struct spt_telling *t, const struct spt_emerged_row *row) {
    const struct spt_said_of of = {row->metric, row->layer, row->head, SPT_NO_STEP};
    if (isnan(row->q)) return false;
    const bool before = row->order.share > 0.5, certain = row->q < LEVEL;
    spt_report_text(&t->page, certain ? (before ? ", before " : ", after ") : "; its order to ");
    spt_say_against(t);
    spt_report_text(&t->page, certain ? " (in " : before ? " is undecided (first in " : " is undecided (second in ");
    spt_say_share(t, before ? row->order.share : 1 - row->order.share, &of, before ? "before" : "1 - before");
    spt_report_text(&t->page, " of the draws, ");
    spt_say_probability(t, "q", row->q, &of, "before_q");
    spt_report_text(&t->page, ")");
    return true;
}

/* --- lists --- */

void spt_say_names(struct spt_telling *t, const char *const *names, size_t count, size_t limit) {
    const size_t shown = limit && count > limit + 1 ? limit : count;
    for (size_t i = 0; i < shown; i++) {
        if (i) spt_report_text(&t->page, i + 1 == count ? " and " : ", ");
        spt_report_code(&t->page, names[i]);
    }
    if (shown < count) spt_report_format(&t->page, " and %zu more", count - shown);
}

const char *spt_plural(size_t count) {
    return count == 1 ? "" : "s";
}
