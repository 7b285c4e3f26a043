/* A curve that turns once: y = a + b / (1 + exp(-k (t - t0))), t = log2(1 + step).
 *
 * t0 is where the curve turns (its midpoint), k > 0 how steeply (in octaves of the step; from 10 to 90 % of the change
 * it takes 2 ln 9 / k of them), b > 0 a rise and b < 0 a fall. For given (t0, k) the best (a, b) is a straight line's
 * least squares, in closed form, so the search is in two dimensions: every pair of a grid is tried by one matrix
 * product, and the best is polished by Gauss-Newton on the variable projection (Golub and Pereyra 1973; Kaufman 1975),
 * with Levenberg's step control.
 *
 * All checkpoints weigh the same. Weights by standard errors would let those before training decide, where a metric is
 * much quieter than it is later, and a curve is never exactly logistic; what the errors say is said by the interval.
 *
 *     spt_logistic_init(&fitter, t, count)  ->  spt_logistic_fit ...  ->  spt_logistic_release
 *
 * A fitter is for one set of steps and one thread at a time; only init allocates.
 */
#ifndef SPT_LOGISTIC_H
#define SPT_LOGISTIC_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Four numbers are fitted: with fewer checkpoints than this nothing is left to be wrong. */
#define SPT_LOGISTIC_COUNT_MIN 5

struct spt_logistic {
    double t0, k, a, b;
    double rss; /* residual sum of squares */
    double r2;  /* 1 - rss / total sum of squares; NAN for a constant */
};

struct spt_logistic_fitter {
    size_t count;
    double *t;            /* [count] ascending */
    double t_low, t_high; /* t0 is looked for from half a range before the first step to half a range behind the last */
    double log_k_low, log_k_high; /* k from a straight line over all steps up to SPT_LOGISTIC_K_MAX */
    size_t grid;                  /* pairs (t0, k) */
    double *grid_t0, *grid_log_k; /* [grid] */
    double *basis;                /* [grid, count] each pair's curve without its mean, of length 1 */
    double *p, *centred;          /* [count] scratch */
    double *projection;           /* [SPT_LOGISTIC_TILE, grid] scratch */
    double *own;                  /* [grid] scratch */
    double *held;                 /* [grid / SPT_LOGISTIC_PLACES, count] scratch: curves of one t0 */
};

/* A rise of 10 to 90 % within a seventh of an octave: steps of a run are further apart where models turn. */
#define SPT_LOGISTIC_K_MAX  32.0
#define SPT_LOGISTIC_TILE   64
#define SPT_LOGISTIC_PLACES 64 /* of t0 in the grid */

/* t [count] ascending, no two alike, count >= SPT_LOGISTIC_COUNT_MIN. About 8 * grid * (count + 68) bytes. SPT_NOMEM. */
enum spt_status spt_logistic_init(struct spt_logistic_fitter *fitter, const double *t, size_t count,
                                  struct spt_error *error);
void spt_logistic_release(struct spt_logistic_fitter *fitter);

/* The least squares fit to y [count], all finite. A constant has b = 0 and t0, k, r2 NAN. */
void spt_logistic_fit(struct spt_logistic_fitter *fitter, const double *y, struct spt_logistic *fit);

/* The same for n series [n, count] at once, each started from the grid's best pair or from near's, whichever is better.
 *   fits  [n] out
 *   gain  [n] out: the largest sum of squares that any curve of the grid takes off the difference of the
 *         series from the one that near was fitted to, y [count]: what noise alone would find */
void spt_logistic_refit(struct spt_logistic_fitter *fitter, const double *series, size_t n,
                        const struct spt_logistic *near, const double *y, struct spt_logistic *fits, double *gain);

/* The largest sum of squares that a curve of the grid takes off each of n series [n, count]: gain [n] out. */
void spt_logistic_gains(struct spt_logistic_fitter *fitter, const double *series, size_t n, double *gain);

/* How much larger the residual sum of squares becomes when t0 is held where the caller says, for n series [n, count]
 * and their fits [n]: excess [n] out, >= 0. The step of a likelihood-ratio test of t0. */
void spt_logistic_excess(struct spt_logistic_fitter *fitter, const double *series, size_t n, double t0,
                         const struct spt_logistic *fits, double *excess);

/* The curve at t. */
double spt_logistic_at(const struct spt_logistic *fit, double t);

#endif
