#include "analysis/emergence/order.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>

static struct spt_order count_order(const double *a, const double *b, size_t n) {
    struct spt_order order = {.share = NAN, .p = NAN};
    for (size_t i = 0; i < n; i++) {
        if (isnan(a[i]) || isnan(b[i])) continue;
        order.before += a[i] < b[i];
        order.after += a[i] > b[i];
        order.ties += a[i] == b[i];
    }
    const size_t all = order.before + order.after + order.ties;
    if (all) order.share = ((double)order.before + (double)order.ties / 2) / (double)all;
    return order;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

struct spt_order spt_order_of_draws(const double *a, const double *b, size_t n) {
    struct spt_order order = count_order(a, b, n);
    const size_t all = order.before + order.after + order.ties;
    if (all) order.p = fmin(1, 2 * (double)(1 + least(order.before, order.after) + order.ties) / (double)(1 + all));
    return order;
}

struct spt_order spt_order_of_runs(const double *a, const double *b, size_t n) {
    struct spt_order order = count_order(a, b, n);
    const size_t all = order.before + order.after, rare = least(order.before, order.after);
    if (all + order.ties == 0) return order;
    double tail = 0;
    for (size_t i = 0; i <= rare; i++)
        tail +=
            exp(lgamma((double)all + 1) - lgamma((double)i + 1) - lgamma((double)(all - i) + 1) - (double)all * log(2));
    order.p = fmin(1, 2 * tail);
    return order;
}

struct ranked {
    double p;
    size_t index;
};

static int compare_ranked(const void *x, const void *y) {
    const struct ranked *a = x, *b = y;
    if (a->p != b->p) return a->p < b->p ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

enum spt_status spt_false_discovery(const double *p, size_t n, double *q, struct spt_error *error) {
    struct ranked *ranked = spt_alloc(n, sizeof *ranked);
    if (!ranked) return spt_fail_memory(error, n * sizeof *ranked, "adjusted p");
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        q[i] = NAN;
        if (!isnan(p[i])) ranked[count++] = (struct ranked){p[i], i};
    }
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    double lowest = 1;
    for (size_t rank = count; rank > 0; rank--) {
        lowest = fmin(lowest, ranked[rank - 1].p * (double)count / (double)rank);
        q[ranked[rank - 1].index] = lowest;
    }
    free(ranked);
    return SPT_OK;
}
