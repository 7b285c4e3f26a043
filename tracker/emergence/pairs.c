/* Every two metrics: which turned first, over draws in one run and over runs in several. */
#include "tracker/emergence/emergence.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

/* q [n] of the pairs' p; 0 pairs are well. */
static enum spt_status adjust(double *p, size_t n, double *q, struct spt_error *error) {
    if (p && q) return spt_false_discovery(p, n, q, error);
    return spt_fail_memory(error, 2 * n * sizeof *p, "the order of every two metrics");
}

/* --- one run --- */

static bool is_pair(const struct spt_emerged_row *a, const struct spt_emerged_row *b) {
    return a->t0 && b->t0 && a->layer == b->layer && a->head == b->head;
}

static int compare_pairs(const void *x, const void *y) {
    const struct spt_emerged_pair *a = x, *b = y;
    if (a->a->layer != b->a->layer) return a->a->layer < b->a->layer ? -1 : 1;
    if (a->a->head != b->a->head) return a->a->head < b->a->head ? -1 : 1;
    if (a->a != b->a) return a->a < b->a ? -1 : 1;
    return a->b < b->b ? -1 : a->b > b->b;
}

static void fill_pairs(struct spt_emerged *e) {
    for (size_t i = 0; i < e->count; i++)
        for (size_t k = i + 1; k < e->count; k++) {
            struct spt_emerged_row *a = &e->rows[i], *b = &e->rows[k];
            if (!is_pair(a, b)) continue;
            e->pairs[e->pair_count++] = (struct spt_emerged_pair){
                a, b, spt_emergence_order(&a->emergence, a->t0, &b->emergence, b->t0, e->draws), NAN};
        }
    if (e->pair_count) qsort(e->pairs, e->pair_count, sizeof *e->pairs, compare_pairs);
}

enum spt_status spt_emerged_pair_rows(struct spt_emerged *e, struct spt_error *error) {
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++)
        for (size_t k = i + 1; k < e->count; k++) count += is_pair(&e->rows[i], &e->rows[k]);
    e->pairs = spt_alloc(count, sizeof *e->pairs);
    if (!e->pairs) return spt_fail_memory(error, count * sizeof *e->pairs, "the order of every two metrics");
    fill_pairs(e);
    double *p = spt_alloc(count, sizeof *p), *q = spt_alloc(count, sizeof *q);
    for (size_t i = 0; p && i < count; i++) p[i] = e->pairs[i].order.p;
    const enum spt_status status = adjust(p, count, q, error);
    for (size_t i = 0; status == SPT_OK && i < count; i++) e->pairs[i].q = q[i];
    free(p);
    free(q);
    for (size_t i = 0; i < e->count; i++) {
        free(e->rows[i].t0);
        e->rows[i].t0 = NULL;
    }
    return status;
}

/* --- several --- */

static double midpoint_of(const struct spt_emerged *e, const struct spt_compared_row *of) {
    const struct spt_emerged_row *row = spt_emerged_find(e, of->metric, of->layer, of->head);
    return row && row->emergence.reason == SPT_EMERGENCE_FOUND ? row->emergence.fit.t0 : NAN;
}

static int compare_place(const void *key, const void *of) {
    const struct spt_compared_row *row = key;
    const struct spt_emerged_row *a = ((const struct spt_emerged_pair *)of)->a;
    if (row->layer != a->layer) return row->layer < a->layer ? -1 : 1;
    return (row->head > a->head) - (row->head < a->head);
}

static bool is_place_of_pairs(const struct spt_compared *c, const struct spt_compared_row *row) {
    const struct spt_emerged *e = c->members[0];
    return e->pair_count && bsearch(row, e->pairs, e->pair_count, sizeof *e->pairs, compare_place);
}

static bool is_compared_pair(const struct spt_compared *c, size_t i, size_t k) {
    const struct spt_compared_row *a = &c->rows[i], *b = &c->rows[k];
    return a->layer == b->layer && a->head == b->head && is_place_of_pairs(c, a);
}

/* t0 [2 member_count] scratch */
static void compare_pair(const struct spt_compared *c, struct spt_compared_pair *pair, double *t0) {
    for (size_t m = 0; m < c->member_count; m++) {
        t0[m] = midpoint_of(c->members[m], pair->a);
        t0[c->member_count + m] = midpoint_of(c->members[m], pair->b);
    }
    pair->order = spt_order_of_runs(t0, t0 + c->member_count, c->member_count);
}

static int compare_compared(const void *x, const void *y) {
    const struct spt_compared_pair *a = x, *b = y;
    if (a->a->layer != b->a->layer) return a->a->layer < b->a->layer ? -1 : 1;
    if (a->a->head != b->a->head) return a->a->head < b->a->head ? -1 : 1;
    if (a->a != b->a) return a->a < b->a ? -1 : 1;
    return a->b < b->b ? -1 : a->b > b->b;
}

enum spt_status spt_compared_pair_rows(struct spt_compared *c, struct spt_error *error) {
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = i + 1; k < c->count; k++) count += is_compared_pair(c, i, k);
    c->pairs = spt_alloc(count, sizeof *c->pairs);
    double *p = spt_alloc(count, sizeof *p), *q = spt_alloc(count, sizeof *q);
    double *t0 = spt_alloc(2 * c->member_count, sizeof *t0);
    const bool ready = c->pairs && t0 && p && q;
    for (size_t i = 0; ready && i < c->count; i++)
        for (size_t k = i + 1; k < c->count; k++) {
            if (!is_compared_pair(c, i, k)) continue;
            struct spt_compared_pair *pair = &c->pairs[c->pair_count];
            *pair = (struct spt_compared_pair){.a = &c->rows[i], .b = &c->rows[k], .q = NAN};
            compare_pair(c, pair, t0);
            c->pair_count++;
        }
    if (ready && count) qsort(c->pairs, count, sizeof *c->pairs, compare_compared);
    for (size_t i = 0; ready && i < count; i++) p[i] = c->pairs[i].order.p;
    const enum spt_status status = adjust(ready ? p : NULL, count, q, error);
    for (size_t i = 0; status == SPT_OK && i < count; i++) c->pairs[i].q = q[i];
    free(p);
    free(q);
    free(t0);
    return status;
}
