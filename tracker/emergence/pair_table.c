/* Every two metrics, for people: a matrix of which came first, or a list where a matrix is too wide. */
#include "tracker/emergence/emergence.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, MATRIX_MAX = 12, NAME_WIDTH = 32, CELL = 48, INDENT = 6 };

#define LEVEL 0.05

/* One of either kind, as far as a table shows it. */
struct pair {
    const char *a, *b;
    int layer, head;
    const struct spt_order *order;
    double q;
};

struct pairs {
    const struct spt_emerged *emerged;
    const struct spt_compared *compared; /* else of the run */
    size_t count;
};

static struct pair pair_at(const struct pairs *pairs, size_t i) {
    if (pairs->compared) {
        const struct spt_compared_pair *p = &pairs->compared->pairs[i];
        return (struct pair){p->a->metric, p->b->metric, p->a->layer, p->a->head, &p->order, p->q};
    }
    const struct spt_emerged_pair *p = &pairs->emerged->pairs[i];
    return (struct pair){p->a->metric, p->b->metric, p->a->layer, p->a->head, &p->order, p->q};
}

/* The metrics of one layer and head, in the order in which they come. Its pairs lie beside each other. */
struct place {
    int layer, head;
    size_t count;      /* of metrics */
    size_t first, end; /* of its pairs */
    const char *name[SPT_EMERGED_PAIRED_MAX + 1];
};

static size_t find_name(struct place *place, const char *name) {
    size_t i = 0;
    while (i < place->count && strcmp(place->name[i], name) != 0) i++;
    if (i == place->count && i <= SPT_EMERGED_PAIRED_MAX) place->name[place->count++] = name;
    return i;
}

/* a of a pair comes before its b, so that the metrics come in order when a is found first. */
static struct place place_of(const struct pairs *pairs, size_t first) {
    const struct pair one = pair_at(pairs, first);
    struct place place = {.layer = one.layer, .head = one.head, .first = first, .end = first};
    for (; place.end < pairs->count; place.end++) {
        const struct pair pair = pair_at(pairs, place.end);
        if (pair.layer != place.layer || pair.head != place.head) break;
        find_name(&place, pair.a);
        find_name(&place, pair.b);
    }
    return place;
}

/* The order of row against column as the row sees it; false: they are not compared. */
static bool order_of(const struct pairs *pairs, const struct place *place, size_t row, size_t column,
                     struct spt_order *order, double *q) {
    for (size_t i = place->first; i < place->end; i++) {
        const struct pair pair = pair_at(pairs, i);
        const bool along = strcmp(pair.a, place->name[row]) == 0 && strcmp(pair.b, place->name[column]) == 0;
        const bool against = strcmp(pair.b, place->name[row]) == 0 && strcmp(pair.a, place->name[column]) == 0;
        if (!along && !against) continue;
        *order = *pair.order;
        *q = pair.q;
        if (against) {
            order->before = pair.order->after;
            order->after = pair.order->before;
            order->share = 1 - pair.order->share;
        }
        return true;
    }
    return false;
}

/* "97", of runs "2/3"; "*": it is certain. */
static void format_cell(char cell[CELL], const struct pairs *pairs, const struct spt_order *order, double q) {
    const char *mark = q < LEVEL ? "*" : " ";
    const size_t all = order->before + order->after + order->ties;
    if (all == 0)
        snprintf(cell, CELL, "- ");
    else if (pairs->compared)
        snprintf(cell, CELL, "%zu/%zu%s", order->before, all, mark);
    else
        snprintf(cell, CELL, "%.0f%s", 100 * order->share, mark);
}

static void put_matrix(struct spt_text *out, const struct pairs *pairs, const struct place *place) {
    spt_text_format(out, "%*s", NAME_WIDTH, "");
    for (size_t column = 0; column < place->count; column++) spt_text_format(out, "%4zu ", column + 1);
    while (out->data[out->length - 1] == ' ') out->data[--out->length] = '\0';
    spt_text_put(out, "\n");
    for (size_t row = 0; row < place->count; row++) {
        char name[2 * NAME_WIDTH];
        snprintf(name, sizeof name, "%2zu %.*s", row + 1, NAME_WIDTH, place->name[row]);
        if (strlen(name) >= NAME_WIDTH)
            spt_text_format(out, "%2zu %s\n%*s", row + 1, place->name[row], NAME_WIDTH, "");
        else
            spt_text_format(out, "%-*s", NAME_WIDTH, name);
        for (size_t column = 0; column < place->count; column++) {
            struct spt_order order;
            double q;
            char cell[CELL] = ". ";
            if (row != column && order_of(pairs, place, row, column, &order, &q)) format_cell(cell, pairs, &order, q);
            spt_text_format(out, "%5s", cell);
        }
        while (out->data[out->length - 1] == ' ') out->data[--out->length] = '\0';
        spt_text_put(out, "\n");
    }
}

/* Of each metric those that it comes before for certain, and those that nothing is certain of. */
static void put_list(struct spt_text *out, const struct pairs *pairs, const struct place *place) {
    for (size_t row = 0; row < place->count; row++) {
        size_t column = 0, certain = 0, open = 0;
        spt_text_format(out, "  %s before", place->name[row]);
        size_t at = strlen(place->name[row]) + 9;
        for (; column < place->count; column++) {
            struct spt_order order;
            double q;
            if (row == column || !order_of(pairs, place, row, column, &order, &q)) continue;
            open += !(q < LEVEL);
            if (!(q < LEVEL) || order.share < 0.5) continue;
            const size_t length = strlen(place->name[column]);
            const bool wrap = at + length + 3 > WIDTH;
            spt_text_format(out, "%s%s%s", certain++ ? "," : ":", wrap ? "\n      " : " ", place->name[column]);
            at = wrap ? INDENT + length : at + length + 2;
        }
        spt_text_format(out, "%s", certain ? "" : " none for certain");
        if (open)
            spt_text_format(out, "%s(%zu undecided)", at + sizeof " (00 undecided)" > WIDTH ? "\n      " : " ", open);
        spt_text_put(out, "\n");
    }
}

static void put_places(struct spt_text *out, const struct pairs *pairs, struct spt_emerged_view view) {
    bool said = false, listed = false, drawn = false;
    for (size_t i = 0, next; i < pairs->count; i = next) {
        const struct place place = place_of(pairs, i);
        next = place.end;
        if (!spt_emerged_shows(place.layer, place.head, view)) continue;
        if (!said) spt_text_put(out, "\nWhich came first, of every two metrics:\n");
        said = true;
        if (place.head != SPT_WHOLE_LAYER)
            spt_text_format(out, "layer %d, head %d:\n", place.layer, place.head);
        else if (place.layer != SPT_WHOLE_MODEL)
            spt_text_format(out, "layer %d:\n", place.layer);
        if (place.count <= MATRIX_MAX) {
            drawn = true;
            put_matrix(out, pairs, &place);
        } else {
            listed = true;
            put_list(out, pairs, &place);
        }
    }
    if (!said) spt_text_put(out, "\nFewer than two metrics have a midpoint and draws: no two can be compared.\n");
    if (drawn)
        spt_text_put(
            out, pairs->compared
                     ? "Runs in which the metric of the row turns before that of the column, of those that have both"
                     : "Share of the draws, in %, in which the metric of the row turns before that of the column");
    if (drawn) spt_text_put(out, ";\n*: q < 0.05");
    if (listed) spt_text_put(out, drawn ? " in lists too" : "Certain: q < 0.05");
    if (said)
        spt_text_format(out, ", two-sided, by Benjamini and Hochberg over %zu pair%s.\n", pairs->count,
                        pairs->count == 1 ? "" : "s");
}

void spt_emerged_put_pairs(struct spt_text *out, const struct spt_emerged *emerged, struct spt_emerged_view view) {
    const struct pairs pairs = {.emerged = emerged, .count = emerged->pair_count};
    put_places(out, &pairs, view);
}

void spt_compared_put_pairs(struct spt_text *out, const struct spt_compared *compared, struct spt_emerged_view view) {
    const struct pairs pairs = {.compared = compared, .count = compared->pair_count};
    put_places(out, &pairs, view);
}
