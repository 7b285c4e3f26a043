/* Which came first: the order of two midpoints over draws and over runs, and the false discoveries among many. */
#ifndef SPT_ORDER_H
#define SPT_ORDER_H

#include "checkpoints/base/error.h"

#include <stddef.h>

struct spt_order {
    size_t before, after, ties; /* how often a < b, a > b, a == b */
    double share;               /* (before + ties / 2) / all; NAN for none */
    double p;                   /* two-sided, that neither comes first; NAN for none */
};

/* a, b [n] midpoints of the same draws; a NAN on either side is left out. p = 2 (1 + the rarer order, with ties) / (1 +
 * n), at most 1 (Davison and Hinkley 1997, 4.2: a draw never proves more than one in n + 1). */
struct spt_order spt_order_of_draws(const double *a, const double *b, size_t n);

/* The same of runs, each of which is one observation: the sign test; ties are left out of p. Three runs alike have p =
 * 1/4. */
struct spt_order spt_order_of_runs(const double *a, const double *b, size_t n);

/* q [n] out: p adjusted by Benjamini and Hochberg (1995); among those with q <= x at most the share x is expected to be
 * false. NAN entries of p are no tests and stay NAN. O(n log n). SPT_NOMEM. */
enum spt_status spt_false_discovery(const double *p, size_t n, double *q, struct spt_error *error);

#endif
