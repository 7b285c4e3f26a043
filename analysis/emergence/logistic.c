#include "analysis/emergence/logistic.h"

#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = SPT_LOGISTIC_PLACES, ITERATIONS_MAX = 60, TRIES_MAX = 12 };

#define STEEPNESS_RATIO 1.6  /* between neighbours of the grid */
#define STRAIGHT        3.0  /* k times the range of the steps: hardly more than a straight line */
#define STEEPEST        96.0 /* ... and the most of it that is looked for in any case */
/* When a search has ended: of the series itself, and of draws, whose spread is far larger. */
#define LEAST         1e-9
#define LEAST_OF_DRAW 1e-6

static double logistic(double x) {
    return 1 / (1 + exp(-x));
}

double spt_logistic_at(const struct spt_logistic *fit, double t) {
    return fit->b == 0 ? fit->a : fit->a + fit->b * logistic(fit->k * (t - fit->t0));
}

/* --- the grid --- */

static double range_of(const struct spt_logistic_fitter *f) {
    return f->t[f->count - 1] - f->t[0];
}

/* The pair's curve without its mean, of length 1; all 0 where it is flat over the steps. */
static void fill_basis(const struct spt_logistic_fitter *f, double t0, double k, double *basis) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < f->count; i++) {
        basis[i] = logistic(k * (f->t[i] - t0));
        mean += basis[i] / (double)f->count;
    }
    for (size_t i = 0; i < f->count; i++) {
        basis[i] -= mean;
        squares += basis[i] * basis[i];
    }
    const double scale = squares > 1e-12 ? 1 / sqrt(squares) : 0;
    for (size_t i = 0; i < f->count; i++) basis[i] *= scale;
}

static void fill_grid(struct spt_logistic_fitter *f, size_t steepnesses) {
    const double range = range_of(f), low = f->t[0] - range / 4, width = range * 1.5;
    for (size_t s = 0; s < steepnesses; s++)
        for (size_t i = 0; i < PLACES; i++) {
            const size_t g = s * PLACES + i;
            f->grid_t0[g] = low + width * ((double)i + 0.5) / PLACES;
            f->grid_log_k[g] = f->log_k_low + (f->log_k_high - f->log_k_low) * (double)s / (double)(steepnesses - 1);
            fill_basis(f, f->grid_t0[g], exp(f->grid_log_k[g]), f->basis + g * f->count);
        }
}

enum spt_status spt_logistic_init(struct spt_logistic_fitter *fitter, const double *t, size_t count,
                                  struct spt_error *error) {
    const double range = t[count - 1] - t[0];
    *fitter = (struct spt_logistic_fitter){
        .count = count,
        .t_low = t[0] - range / 2,
        .t_high = t[count - 1] + range / 2,
        .log_k_low = log(STRAIGHT / range),
        .log_k_high =
            log(fmax(SPT_LOGISTIC_K_MAX, STEEPEST / range)), /* the second where all steps are close together */
    };
    const double octaves = (fitter->log_k_high - fitter->log_k_low) / log(STEEPNESS_RATIO);
    const size_t steepnesses = octaves > 1 ? (size_t)octaves + 2 : 2;
    fitter->grid = steepnesses * PLACES;
    fitter->t = spt_alloc(count, sizeof(double));
    fitter->grid_t0 = spt_alloc(fitter->grid, sizeof(double));
    fitter->grid_log_k = spt_alloc(fitter->grid, sizeof(double));
    fitter->basis = spt_alloc(fitter->grid * count, sizeof(double));
    fitter->p = spt_alloc(count, sizeof(double));
    fitter->centred = spt_alloc(count, sizeof(double));
    fitter->projection = spt_alloc(fitter->grid * SPT_LOGISTIC_TILE, sizeof(double));
    fitter->own = spt_alloc(fitter->grid, sizeof(double));
    fitter->held = spt_alloc(steepnesses * count, sizeof(double));
    if (!fitter->t || !fitter->grid_t0 || !fitter->grid_log_k || !fitter->basis || !fitter->p || !fitter->centred ||
        !fitter->projection || !fitter->own || !fitter->held) {
        const size_t bytes = fitter->grid * (count + SPT_LOGISTIC_TILE + 3) * sizeof(double);
        spt_logistic_release(fitter);
        return spt_fail_memory(error, bytes, "the fit of a curve");
    }
    memcpy(fitter->t, t, count * sizeof(double));
    fill_grid(fitter, steepnesses);
    return SPT_OK;
}

void spt_logistic_release(struct spt_logistic_fitter *fitter) {
    free(fitter->t);
    free(fitter->grid_t0);
    free(fitter->grid_log_k);
    free(fitter->basis);
    free(fitter->p);
    free(fitter->centred);
    free(fitter->projection);
    free(fitter->own);
    free(fitter->held);
    *fitter = (struct spt_logistic_fitter){0};
}

/* --- one pair (t0, k) --- */

/* A pair with its best (a, b). yc is y without its mean. */
struct point {
    double t0, log_k, b, p_mean, rss;
};

/* Fills p (the curve from 0 to 1 at each step) and what follows from it. */
static void evaluate(const struct spt_logistic_fitter *f, const double *yc, struct point *point) {
    const double k = exp(point->log_k);
    double mean = 0, gy = 0, gg = 0, rss = 0;
    for (size_t i = 0; i < f->count; i++) {
        f->p[i] = logistic(k * (f->t[i] - point->t0));
        mean += f->p[i];
    }
    mean /= (double)f->count;
    for (size_t i = 0; i < f->count; i++) {
        const double g = f->p[i] - mean;
        gy += g * yc[i];
        gg += g * g;
    }
    point->p_mean = mean;
    point->b = gg > 0 ? gy / gg : 0;
    for (size_t i = 0; i < f->count; i++) {
        const double r = yc[i] - point->b * (f->p[i] - mean);
        rss += r * r;
    }
    point->rss = rss;
}

/* The normal equations of (t0, log k) at a point whose p is filled: derivatives of the curve, less what (a, b) make up
 * for. */
struct normal {
    double tt, tk, kk, t, k;
};

static struct normal normal_of(const struct spt_logistic_fitter *f, const double *yc, const struct point *point) {
    const double k = exp(point->log_k), n = (double)f->count;
    double sum_t = 0, sum_k = 0, gt = 0, gk = 0, gg = 0;
    double tt = 0, tk = 0, kk = 0, tr = 0, kr = 0;
    for (size_t i = 0; i < f->count; i++) {
        const double p = f->p[i], slope = point->b * k * p * (1 - p), g = p - point->p_mean;
        const double dt = -slope, dk = slope * (f->t[i] - point->t0), r = yc[i] - point->b * g;
        sum_t += dt;
        sum_k += dk;
        gt += g * dt;
        gk += g * dk;
        gg += g * g;
        tt += dt * dt;
        tk += dt * dk;
        kk += dk * dk;
        tr += dt * r;
        kr += dk * r;
    }
    if (!(gg > 0)) return (struct normal){0};
    return (struct normal){
        .tt = tt - sum_t * sum_t / n - gt * gt / gg,
        .tk = tk - sum_t * sum_k / n - gt * gk / gg,
        .kk = kk - sum_k * sum_k / n - gk * gk / gg,
        .t = tr, /* r is orthogonal to 1 and g */
        .k = kr,
    };
}

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

/* A step of Gauss-Newton, damped by lambda; false where there is none. hold: t0 stays where it is. */
static bool propose(const struct spt_logistic_fitter *f, const struct normal *m, double lambda, bool hold,
                    const struct point *from, struct point *to) {
    if (hold) {
        if (!(m->kk > 0)) return false;
        to->log_k = clamp(from->log_k + m->k / (m->kk * (1 + lambda)), f->log_k_low, f->log_k_high);
        return true;
    }
    const double tt = m->tt * (1 + lambda), kk = m->kk * (1 + lambda), determinant = tt * kk - m->tk * m->tk;
    if (!(determinant > 0) || !(tt > 0)) return false;
    to->t0 = clamp(from->t0 + (m->t * kk - m->k * m->tk) / determinant, f->t_low, f->t_high);
    to->log_k = clamp(from->log_k + (m->k * tt - m->t * m->tk) / determinant, f->log_k_low, f->log_k_high);
    return true;
}

/* Ends when a step moves neither t0 (in ranges of the steps) nor log k by more than least. */
static void polish(const struct spt_logistic_fitter *f, const double *yc, bool hold, double least, struct point *best) {
    const double range = range_of(f);
    double lambda = 1e-3;
    evaluate(f, yc, best);
    for (size_t iteration = 0; iteration < ITERATIONS_MAX; iteration++) {
        const struct normal normal = normal_of(f, yc, best);
        struct point next = *best;
        bool better = false;
        for (size_t tries = 0; tries < TRIES_MAX && !better; tries++) {
            const bool proposed = propose(f, &normal, lambda, hold, best, &next);
            lambda = lambda < 1e-3 ? 1e-2 : lambda * 10;
            if (!proposed) continue;
            if (fabs(next.t0 - best->t0) <= least * range && fabs(next.log_k - best->log_k) <= least) return;
            evaluate(f, yc, &next);
            better = next.rss < best->rss;
        }
        if (!better) return;
        *best = next;
        lambda /= 100; /* a tenth of the one that did */
    }
}

/* --- fits --- */

/* yc [count] out: y without its mean, which is returned; *total the sum of its squares. */
static double centre(const double *y, size_t count, double *yc, double *total) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < count; i++) mean += y[i];
    mean /= (double)count;
    for (size_t i = 0; i < count; i++) {
        yc[i] = y[i] - mean;
        squares += yc[i] * yc[i];
    }
    *total = squares;
    return mean;
}

static size_t best_of(const double *projection, size_t grid, double *gain) {
    size_t best = 0;
    double most = 0;
    for (size_t g = 0; g < grid; g++) {
        const double squared = projection[g] * projection[g];
        if (squared > most) {
            most = squared;
            best = g;
        }
    }
    *gain = most;
    return best;
}

/* A sum of squares that is rounding only. */
static bool is_constant(double total, double mean, size_t count) {
    return !(total > 1e-24 * mean * mean * (double)count) || total == 0;
}

static void fit_from(struct spt_logistic_fitter *f, const double *y, size_t g, double gain,
                     const struct spt_logistic *near, struct spt_logistic *fit) {
    double total;
    const double mean = centre(y, f->count, f->centred, &total);
    *fit = (struct spt_logistic){.t0 = NAN, .k = NAN, .a = mean, .b = 0, .rss = total, .r2 = NAN};
    if (is_constant(total, mean, f->count)) return;
    struct point point = {.t0 = f->grid_t0[g], .log_k = f->grid_log_k[g]};
    if (near && near->b != 0) {
        struct point other = {.t0 = near->t0, .log_k = log(near->k)};
        evaluate(f, f->centred, &other);
        if (other.rss <= total - gain) point = other;
    }
    polish(f, f->centred, false, near ? LEAST_OF_DRAW : LEAST, &point);
    fit->t0 = point.t0;
    fit->k = exp(point.log_k);
    fit->b = point.b;
    fit->a = mean - point.b * point.p_mean;
    fit->rss = point.rss;
    fit->r2 = 1 - point.rss / total;
}

static void project(struct spt_logistic_fitter *f, const double *series, size_t n) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)f->grid, (int)f->count, 1, series, (int)f->count,
                f->basis, (int)f->count, 0, f->projection, (int)f->grid);
}

void spt_logistic_fit(struct spt_logistic_fitter *fitter, const double *y, struct spt_logistic *fit) {
    double gain;
    project(fitter, y, 1);
    const size_t g = best_of(fitter->projection, fitter->grid, &gain);
    fit_from(fitter, y, g, gain, NULL, fit);
}

void spt_logistic_gains(struct spt_logistic_fitter *fitter, const double *series, size_t n, double *gain) {
    for (size_t first = 0; first < n; first += SPT_LOGISTIC_TILE) {
        const size_t width = n - first < SPT_LOGISTIC_TILE ? n - first : SPT_LOGISTIC_TILE;
        project(fitter, series + first * fitter->count, width);
        for (size_t i = 0; i < width; i++)
            best_of(fitter->projection + i * fitter->grid, fitter->grid, &gain[first + i]);
    }
}

/* The same for the difference of two series, of which own and projection are the projections. */
static double gain_beyond(const double *projection, const double *own, size_t grid) {
    double most = 0;
    for (size_t g = 0; g < grid; g++) {
        const double difference = projection[g] - own[g], squared = difference * difference;
        most = squared > most ? squared : most;
    }
    return most;
}

void spt_logistic_refit(struct spt_logistic_fitter *fitter, const double *series, size_t n,
                        const struct spt_logistic *near, const double *y, struct spt_logistic *fits, double *gain) {
    struct spt_logistic_fitter *f = fitter;
    project(f, y, 1);
    memcpy(f->own, f->projection, f->grid * sizeof(double));
    for (size_t first = 0; first < n; first += SPT_LOGISTIC_TILE) {
        const size_t width = n - first < SPT_LOGISTIC_TILE ? n - first : SPT_LOGISTIC_TILE;
        project(f, series + first * f->count, width);
        for (size_t i = 0; i < width; i++) {
            const double *projection = f->projection + i * f->grid;
            double best_gain;
            const size_t g = best_of(projection, f->grid, &best_gain);
            gain[first + i] = gain_beyond(projection, f->own, f->grid);
            fit_from(f, series + (first + i) * f->count, g, best_gain, near, &fits[first + i]);
        }
    }
}

/* The k of the grid that fits best where t0 is held: its curves stand in f->held. */
static double best_held(const struct spt_logistic_fitter *f, const double *yc) {
    size_t best = 0;
    double most = -1;
    for (size_t s = 0; s < f->grid / PLACES; s++) {
        const double *basis = f->held + s * f->count;
        double product = 0;
        for (size_t i = 0; i < f->count; i++) product += basis[i] * yc[i];
        if (product * product <= most) continue;
        most = product * product;
        best = s;
    }
    return f->grid_log_k[best * PLACES];
}

static double excess_of(struct spt_logistic_fitter *f, const double *y, double t0, const struct spt_logistic *fit) {
    double total;
    if (fit->b == 0) return 0;
    centre(y, f->count, f->centred, &total);
    struct point grid = {.t0 = t0, .log_k = best_held(f, f->centred)}, own = {.t0 = t0, .log_k = log(fit->k)};
    evaluate(f, f->centred, &grid);
    evaluate(f, f->centred, &own);
    struct point best = own.rss < grid.rss ? own : grid;
    polish(f, f->centred, true, LEAST_OF_DRAW, &best);
    return best.rss > fit->rss ? best.rss - fit->rss : 0;
}

void spt_logistic_excess(struct spt_logistic_fitter *fitter, const double *series, size_t n, double t0,
                         const struct spt_logistic *fits, double *excess) {
    for (size_t s = 0; s < fitter->grid / PLACES; s++)
        fill_basis(fitter, t0, exp(fitter->grid_log_k[s * PLACES]), fitter->held + s * fitter->count);
    for (size_t i = 0; i < n; i++) excess[i] = excess_of(fitter, series + i * fitter->count, t0, &fits[i]);
}
