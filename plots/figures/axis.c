#include "plots/figures/axis.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Shares of the axis: from step 0 to the first positive step, and of the space left at both ends. */
#define ZERO_GAP      0.12
#define ZERO_GAP_WIDE 0.22 /* on half an axis, before a name of four letters */
#define END_GAP       0.03

static void include(struct spt_axis *axis, double value) {
    if (value == 0) axis->zero = true;
    if (!(value > 0)) return;
    double place = log10(value);
    if (!axis->any || place < axis->first) axis->first = place;
    if (!axis->any || place > axis->last) axis->last = place;
    axis->any = true;
}

static void finish(struct spt_axis *axis, double zero_gap) {
    double span = axis->last > axis->first ? axis->last - axis->first : 1;
    axis->place = axis->any ? axis->first - zero_gap * span : 0;
    double least = axis->zero ? axis->place : axis->first;
    /* One lone step stands in the middle. */
    double end = axis->last > least ? END_GAP * span : 0.5;
    axis->min = least - end;
    axis->max = axis->last + end;
    if (!axis->any) axis->max = axis->place + end;
}

void spt_axis_init(struct spt_axis *axis, const struct spt_plot_source *source) {
    *axis = (struct spt_axis){0};
    for (size_t i = 0; i < source->count; i++) include(axis, (double)source->checkpoints[i].step);
    finish(axis, ZERO_GAP);
}

void spt_axis_init_values(struct spt_axis *axis, const double *values, size_t n) {
    *axis = (struct spt_axis){0};
    for (size_t i = 0; i < n; i++) include(axis, values[i]);
    finish(axis, ZERO_GAP_WIDE);
}

double spt_axis_place(const struct spt_axis *axis, double step) {
    if (step > 0) return log10(step);
    return step == 0 && axis->zero ? axis->place : NAN;
}

double spt_axis_shade(const struct spt_axis *axis, double step) {
    double least = axis->zero ? axis->place : axis->first;
    if (!axis->any || axis->last <= least) return 0.5;
    return (spt_axis_place(axis, step) - least) / (axis->last - least);
}

void spt_step_put(struct spt_text *text, int64_t step) {
    if (step >= INT64_C(1000000000) && step % 100000000 == 0)
        spt_text_format(text, "%.12gB", (double)step / 1e9); /* of tokens */
    else if (step >= 1000000 && step % 100000 == 0)
        spt_text_format(text, "%.12gM", (double)step / 1e6);
    else if (step >= 1000 && step % 1000 == 0)
        spt_text_format(text, "%" PRId64 "k", step / 1000);
    else
        spt_text_format(text, "%" PRId64, step);
}

/* Which numbers of a decade are labelled; every stride-th decade. */
struct grid {
    unsigned digits[9];
    int stride;
};

static const struct grid GRIDS[] = {
    {{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1}, {{1, 2, 5}, 1}, {{1, 3}, 1}, {{1}, 1}, {{1}, 2}, {{1}, 3}, {{1}, 5},
};
#define GRID_COUNT (sizeof GRIDS / sizeof *GRIDS)

#define DIGITS_MAX 9

static bool labelled(const struct grid *grid, int decade, unsigned digit) {
    if (decade % grid->stride != 0) return false;
    for (size_t i = 0; i < DIGITS_MAX && grid->digits[i]; i++)
        if (grid->digits[i] == digit) return true;
    return false;
}

/* A tic may stand in the space at the ends, but never in the gap before the first step. */
static bool inside(const struct spt_axis *axis, double place) {
    double low = axis->zero ? axis->first - 1e-9 : axis->min;
    return place >= low && place <= axis->max;
}

static size_t count_labels(const struct spt_axis *axis, const struct grid *grid) {
    size_t count = 0;
    for (int decade = (int)floor(axis->first); decade <= (int)ceil(axis->last); decade++)
        for (unsigned digit = 1; digit <= 9; digit++)
            if (labelled(grid, decade, digit) && inside(axis, decade + log10(digit))) count++;
    return count;
}

/* Letters that have room in the part of the axis that each of room names has, and the space between two names. */
#define NAME_LETTERS 3.4
#define NAME_SPACE   0.6

/* The step of a digit and a power of ten, or of a place on the axis; the largest that there is where it would be more. */
static int64_t step_at(unsigned digit, double place) {
    const double step = round(digit * pow(10, place));
    return step < 0x1p63 ? (int64_t)step : INT64_MAX;
}

/* Whether each name has the room that its letters take: 500 and 1k stand closer together than 100 and 1k. */
static bool names_are_apart(const struct spt_axis *axis, const struct grid *grid, size_t room) {
    const double letter = (axis->max - axis->min) / (NAME_LETTERS * (double)room);
    double last = -INFINITY;
    size_t letters = 0;
    bool apart = true;
    for (int decade = (int)floor(axis->first); decade <= (int)ceil(axis->last); decade++)
        for (unsigned digit = 1; digit <= 9; digit++) {
            const double place = decade + log10(digit);
            struct spt_text name = {0};
            if (!labelled(grid, decade, digit) || !inside(axis, place)) continue;
            spt_step_put(&name, step_at(digit, decade));
            apart = apart && place - last >= letter * (0.5 * (double)(letters + name.length) + NAME_SPACE);
            last = place;
            letters = name.length;
            spt_text_release(&name);
        }
    return apart;
}

/* label: a step to name, or -1 for a mark without a name; minor marks are shorter. */
static void put_tic(struct spt_text *text, int64_t label, double place, bool minor) {
    char last = text->length ? text->data[text->length - 1] : '(';
    spt_text_put(text, last == '(' ? "'" : ", '");
    if (label >= 0) spt_step_put(text, label);
    spt_text_format(text, "' %.9g %d", place, minor ? 1 : 0);
}

static void put_decades(const struct spt_axis *axis, const struct grid *grid, bool names, struct spt_text *text) {
    for (int decade = (int)floor(axis->first); decade <= (int)ceil(axis->last); decade++)
        for (unsigned digit = 1; digit <= 9; digit++) {
            double place = decade + log10(digit);
            if (!inside(axis, place)) continue;
            bool major = labelled(grid, decade, digit);
            int64_t step = step_at(digit, decade);
            put_tic(text, major && names ? step : -1, place, !major);
        }
}

/* Less than a decade: round steps at even distances. Their names are long when the steps are (100500). */
static void put_even(const struct spt_axis *axis, size_t room, bool names, struct spt_text *text) {
    const uint64_t low = (uint64_t)step_at(1, axis->first), high = (uint64_t)step_at(1, axis->last);
    size_t letters = (size_t)floor(axis->last) + 1;
    if (letters > 4) room = room * 4 / (letters + 1);
    if (room < 2) room = 2;
    uint64_t unit = 1; /* at most 10^19 */
    for (uint64_t scale = 1; (high - low) / unit > room - 1; scale *= 10) {
        static const uint64_t FACTORS[] = {1, 2, 5};
        for (size_t i = 0; i < 3 && (high - low) / unit > room - 1; i++) unit = FACTORS[i] * scale;
    }
    for (uint64_t step = (low + unit - 1) / unit * unit; step <= high; step += unit)
        put_tic(text, names ? (int64_t)step : -1, log10((double)step), false);
}

static void put_tics(const struct spt_axis *axis, size_t room, bool names, struct spt_text *text) {
    spt_text_put(text, "(");
    if (axis->zero) put_tic(text, names ? 0 : -1, axis->place, false);
    if (axis->any) {
        size_t most = axis->zero && room > 2 ? room - 1 : room;
        size_t best = 0;
        while (best < GRID_COUNT &&
               (count_labels(axis, &GRIDS[best]) > most || !names_are_apart(axis, &GRIDS[best], room)))
            best++;
        bool enough = best < GRID_COUNT && count_labels(axis, &GRIDS[best]) >= 2;
        if (axis->last <= axis->first)
            put_tic(text, names ? step_at(1, axis->last) : -1, axis->last, false);
        else if (enough && axis->last - axis->first > 0.7)
            put_decades(axis, &GRIDS[best], names, text);
        else
            put_even(axis, most, names, text);
    }
    spt_text_put(text, ")");
}

/* Where the axis is broken, and half the width of the gap. */
static double gap_at(const struct spt_axis *axis) {
    return axis->place + 0.5 * (axis->first - axis->place);
}

static double half_gap(const struct spt_axis *axis) {
    return axis->zero && axis->any ? 0.008 * (axis->max - axis->min) : 0;
}

void spt_axis_put(const struct spt_axis *axis, size_t room, struct spt_text *settings) {
    spt_text_format(settings, "x_min = %.9g\nx_max = %.9g\n", axis->min, axis->max);
    struct spt_text tics = {0};
    for (int names = 1; names >= 0; names--) {
        spt_text_clear(&tics);
        put_tics(axis, room, names, &tics);
        if (tics.failed) settings->failed = true;
        spt_text_format(settings, "%s = \"%s\"\n", names ? "step_tics" : "step_marks", tics.failed ? "()" : tics.data);
    }
    spt_text_release(&tics);
    spt_text_format(settings, "break_at = %.9g\nbreak_half = %.9g\n", gap_at(axis), half_gap(axis));
}

/* Names 0 and the whole powers of ten: all have no room. .001: the 0 before a point says nothing and takes some. */
static const char *threshold_name(const char *threshold) {
    const double decade = log10(strtod(threshold, NULL));
    if (isfinite(decade) && fabs(decade - round(decade)) > 1e-9) return "";
    return strncmp(threshold, "0.", 2) == 0 ? threshold + 1 : threshold;
}

void spt_axis_thresholds_put(const struct spt_axis *axis, const char *const *thresholds, size_t n,
                             struct spt_text *settings) {
    spt_text_format(settings, "threshold_min = %.9g\nthreshold_max = %.9g\nthreshold_tics = \"(", axis->min, axis->max);
    for (size_t i = 0; i < n; i++) {
        const double place = spt_axis_place(axis, strtod(thresholds[i], NULL));
        const char *name = threshold_name(thresholds[i]);
        spt_text_format(settings, "%s'%s' %.9g %d", i ? ", " : "", name, place, *name ? 0 : 1);
    }
    spt_text_format(settings, ")\"\nthreshold_break_at = %.9g\nthreshold_break_half = %.9g\n", gap_at(axis),
                    half_gap(axis));
    spt_text_format(settings, "columns_of_map = %zu\nmap_tics = \"(", n);
    for (size_t i = 0; i < n; i++)
        spt_text_format(settings, "%s'%s' %zu", i ? ", " : "", threshold_name(thresholds[i]), i);
    spt_text_put(settings, ")\"\n");
}
