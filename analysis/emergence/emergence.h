/* When does a quantity turn? The fitted midpoint of its series over training, with a 95 % interval.
 *
 * A series is a mean over the probe's samples at each checkpoint, and those samples' own values. The curve of
 * analysis/emergence/logistic.h is fitted to the means. What chance the choice of samples has is asked of the plan's
 * bootstrap: each draw takes the same samples at all checkpoints, and is fitted anew. The interval says where the
 * midpoint of this run would be for all text like the probe's; how it differs between runs, only runs can tell.
 *
 * The interval is the hull of two: the draws' 2.5 and 97.5 percentiles (Efron 1979), and the t0 that a likelihood-ratio
 * test does not reject, whose critical value is the 95th percentile of the draws' own (Hall and Wilson 1991: at the
 * fitted t0). Where several checkpoints lie within the rise both are the same. Where one or none does, k is known from
 * one side only: then the draws' percentiles lean to one side, and the test's set is short where the sum of squares is
 * flat, so its critical value is at least what noise at one checkpoint gives. In 1,000 made-up series each of 14 kinds the
 * hull holds the true midpoint in 94.3 to 96.5 % (tests/bench/bench_emergence.c); percentiles alone fall to 86 % where
 * one checkpoint lies within a steep rise, BCa intervals to 74 %, and basic ones to 38 % where none does.
 *
 * Is there a change at all? A curve with four numbers finds a rise in any noise, so the gain of the best curve is held
 * against the gains that the draws' noise alone gives: p. Series of which neither
 * samples' values nor draws are known have no interval; their p is from independent noise.
 */
#ifndef SPT_EMERGENCE_H
#define SPT_EMERGENCE_H

#include "analysis/bootstrap.h"
#include "analysis/emergence/change_points.h"
#include "analysis/emergence/logistic.h"
#include "analysis/emergence/order.h"
#include "analysis/forward/team.h"

#include <stdint.h>

struct spt_emergence_series {
    size_t count;
    const int64_t *step; /* [count] ascending, >= 0, no two alike */
    const double *mean;  /* [count] NAN: left out */
    const float *values; /* [count, samples] NAN where undefined ... */
    const float
        *draws; /* ... or [count, draws] the mean's in each draw, of figures without values; both NULL: nothing */
};

/* Of fewer draws no p is below 0.05, so a series of which fewer have a mean at every checkpoint is as one without. */
#define SPT_EMERGENCE_DRAWS_MIN 20

/* Why there is no midpoint. */
enum spt_emergence_reason {
    SPT_EMERGENCE_FOUND,
    SPT_EMERGENCE_FEW,       /* fewer than SPT_LOGISTIC_COUNT_MIN checkpoints have a value */
    SPT_EMERGENCE_CONSTANT,  /* all values are the same */
    SPT_EMERGENCE_NO_CHANGE, /* p >= 0.05, or the interval of b holds 0 */
    SPT_EMERGENCE_BEFORE,    /* t0 lies before the first step ... */
    SPT_EMERGENCE_AFTER,     /* ... or behind the last: the series is still turning */
    SPT_EMERGENCE_REASONS,
};

/* One sentence each, [SPT_EMERGENCE_REASONS]. */
extern const char *const SPT_EMERGENCE_REASON_TEXTS[];

struct spt_emergence {
    size_t count; /* checkpoints with a value */
    enum spt_emergence_reason reason;
    struct spt_logistic fit; /* NAN where there is none (FEW); of a constant a only */
    double t0_lo, t0_hi;     /* NAN without draws */
    double k_lo, k_hi;       /* percentiles; at SPT_LOGISTIC_K_MAX the steps do not tell the rise from a jump */
    double b_lo, b_hi;
    size_t within; /* checkpoints between 5 and 95 % of the rise: of fewer than two k is known on one side */
    double p;      /* that noise alone gives such a change; NAN where nothing was fitted */
    struct spt_changes changes; /* where the series rises and falls, when it does both */
};

/* Which of two midpoints comes first, of both of which t0 [draws] are the draws. Those of a rise that fewer than two
 * checkpoints lie within say too little about its place (see the interval above: of two jumps in the same place, between
 * the same two checkpoints, p < 0.05 in 14 % of pairs). Then p is 1 unless the intervals are apart. */
struct spt_order spt_emergence_order(const struct spt_emergence *a, const double *t0_of_a,
                                     const struct spt_emergence *b, const double *t0_of_b, size_t draws);

/* The steps' axis, and back. */
double spt_emergence_time(int64_t step); /* log2(1 + step) */
double spt_emergence_step(double t);     /* 2^t - 1, never below 0 */

/*   series  [n] whose values have bootstrap->samples columns
 *   out     [n]
 *   t0      [n, draws] out, or NULL: the midpoint of each draw (of those of reason FOUND, outside the steps too), for
 *           spt_order_of_draws; NAN where a draw has none
 * The team shares the series: the same bits for any number of threads. SPT_NOMEM. Cost: about 10 ms a series of 17
 * checkpoints and 1,000 draws. */
enum spt_status spt_emergence_of(const struct spt_bootstrap *bootstrap, const struct spt_emergence_series *series,
                                 size_t n, const struct spt_team *team, struct spt_emergence *out, double *t0,
                                 struct spt_error *error);

#endif
