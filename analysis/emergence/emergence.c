#include "analysis/emergence/emergence.h"

#include "analysis/random.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const SPT_EMERGENCE_REASON_TEXTS[SPT_EMERGENCE_REASONS] = {
    [SPT_EMERGENCE_FOUND] = "",
    [SPT_EMERGENCE_FEW] = "fewer than 5 checkpoints have a value",
    [SPT_EMERGENCE_CONSTANT] = "the same value at every checkpoint",
    [SPT_EMERGENCE_NO_CHANGE] = "no change beyond the noise",
    [SPT_EMERGENCE_BEFORE] = "the midpoint lies before the first step",
    [SPT_EMERGENCE_AFTER] = "the midpoint lies behind the last step",
};

enum { NOISE_DRAWS = 1000, NOISE_SEED = 3, WALK = 200, BISECTIONS = 40, WITHIN_MIN = 2 };

#define LEVEL 0.05 /* of tests; intervals are 1 - LEVEL */
/* Shares of a rise between which a checkpoint says how steep it is. */
#define WITHIN_LOW  0.05
#define WITHIN_HIGH 0.95
#define CHI_SQUARED 3.841458820694124 /* 95 % of one degree of freedom */

double spt_emergence_time(int64_t step) {
    return log2(1 + (double)step);
}

double spt_emergence_step(double t) {
    return t > 0 ? exp2(t) - 1 : 0;
}

struct spt_order spt_emergence_order(const struct spt_emergence *a, const double *t0_of_a,
                                     const struct spt_emergence *b, const double *t0_of_b, size_t draws) {
    struct spt_order order = spt_order_of_draws(t0_of_a, t0_of_b, draws);
    const bool vague = a->within < WITHIN_MIN || b->within < WITHIN_MIN;
    const bool apart = a->t0_hi < b->t0_lo || b->t0_hi < a->t0_lo;
    if (vague && !apart && !isnan(order.p)) order.p = 1;
    return order;
}

/* One series while it is worked on: its checkpoints that have a value. */
struct work {
    size_t count, draws;
    size_t *from;              /* [count] their places in the series */
    double *t, *y;             /* [count] */
    double *means;             /* [draws, count] of each draw. Draws without a defined sample somewhere are left out */
    size_t *draw;              /* [draws] which draw each row of means is */
    struct spt_logistic *fits; /* [draws] */
    double *gain, *sample;     /* [draws] scratch */
};

static void work_release(struct work *w) {
    free(w->from);
    free(w->t);
    free(w->y);
    free(w->means);
    free(w->draw);
    free(w->fits);
    free(w->gain);
    free(w->sample);
}

static enum spt_status work_init(struct work *w, const struct spt_emergence_series *series, size_t draws,
                                 struct spt_error *error) {
    const size_t rows = draws > NOISE_DRAWS ? draws : NOISE_DRAWS; /* of noise where not one draw is whole */
    *w = (struct work){
        .from = spt_alloc(series->count, sizeof(size_t)),
        .t = spt_alloc(series->count, sizeof(double)),
        .y = spt_alloc(series->count, sizeof(double)),
        .means = spt_alloc(rows * series->count, sizeof(double)),
        .draw = spt_alloc(rows, sizeof(size_t)),
        .fits = spt_alloc(rows, sizeof(struct spt_logistic)),
        .gain = spt_alloc(rows, sizeof(double)),
        .sample = spt_alloc(rows, sizeof(double)),
    };
    if (!w->from || !w->t || !w->y || !w->means || !w->draw || !w->fits || !w->gain || !w->sample) {
        work_release(w);
        return spt_fail_memory(error, rows * (series->count + 9) * sizeof(double), "the draws of a series");
    }
    for (size_t i = 0; i < series->count; i++) {
        if (!isfinite(series->mean[i])) continue;
        w->from[w->count] = i;
        w->t[w->count] = spt_emergence_time(series->step[i]);
        w->y[w->count++] = series->mean[i];
    }
    return SPT_OK;
}

/* --- means of the draws --- */

/* x [samples] with 0 where it is undefined, defined [samples] 1 and 0. Returns whether all are. */
static bool fill(const float *x, size_t samples, double *filled, double *defined) {
    bool whole = true;
    for (size_t i = 0; i < samples; i++) {
        const bool is = isfinite(x[i]);
        filled[i] = is ? (double)x[i] : 0;
        defined[i] = is ? 1 : 0;
        whole = whole && is;
    }
    return whole;
}

static void times_counts(const struct spt_bootstrap *b, const double *x, double *out, size_t stride) {
    cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)b->draws, (int)b->samples, 1, b->counts, (int)b->samples, x, 1, 0,
                out, (int)stride);
}

/* Rows of draws that lack a checkpoint are taken out. */
static void keep_whole_draws(struct work *w, size_t draws) {
    for (size_t d = 0; d < draws; d++) {
        const double *row = w->means + d * w->count;
        bool whole = true;
        for (size_t i = 0; i < w->count; i++) whole = whole && isfinite(row[i]);
        if (!whole) continue;
        memmove(w->means + w->draws * w->count, row, w->count * sizeof *row);
        w->draw[w->draws++] = d;
    }
}

static void take_draws(struct work *w, size_t draws, const struct spt_emergence_series *series) {
    for (size_t i = 0; i < w->count; i++)
        for (size_t d = 0; d < draws; d++) w->means[d * w->count + i] = (double)series->draws[w->from[i] * draws + d];
    keep_whole_draws(w, draws);
}

static enum spt_status draw_means(struct work *w, const struct spt_bootstrap *b,
                                  const struct spt_emergence_series *series, struct spt_error *error) {
    double *filled = spt_alloc(3 * b->samples, sizeof *filled), *weight = spt_alloc(b->draws, sizeof *weight);
    const bool ready = filled && weight;
    for (size_t i = 0; ready && i < w->count; i++) {
        double *defined = filled + b->samples;
        const bool whole = fill(series->values + w->from[i] * b->samples, b->samples, filled, defined);
        times_counts(b, filled, w->means + i, w->count);
        if (!whole) times_counts(b, defined, weight, 1);
        for (size_t d = 0; d < b->draws; d++)
            w->means[d * w->count + i] /= whole ? (double)b->samples : weight[d]; /* 0 / 0: no defined sample */
    }
    free(filled);
    free(weight);
    if (!ready) return spt_fail_memory(error, 3 * (b->samples + b->draws) * sizeof(double), "the draws of a series");
    keep_whole_draws(w, b->draws);
    return SPT_OK;
}

/* --- intervals --- */

/* The noise of one checkpoint, as a change between neighbours shows it: what is common to all checkpoints moves no curve. */
static double noise_of(const struct work *w) {
    double sum = 0;
    for (size_t i = 1; i < w->count; i++)
        for (size_t d = 0; d < w->draws; d++) {
            const double *row = w->means + d * w->count;
            const double change = (row[i] - w->y[i]) - (row[i - 1] - w->y[i - 1]);
            sum += change * change / 2;
        }
    return sum / (double)((w->count - 1) * w->draws);
}

static size_t count_within(const struct work *w, const struct spt_logistic *fit) {
    size_t within = 0;
    for (size_t i = 0; i < w->count; i++) {
        const double share = (spt_logistic_at(fit, w->t[i]) - fit->a) / fit->b;
        within += share > WITHIN_LOW && share < WITHIN_HIGH;
    }
    return within;
}

/* The farthest t0 in the direction of end that is within the critical value, to 1e-12 of a step of the walk. */
static double walk(struct spt_logistic_fitter *f, const struct work *w, const struct spt_logistic *fit, double end,
                   double critical) {
    const double stride = (end - fit->t0) / WALK;
    double inside = fit->t0, excess;
    size_t last = 0;
    for (size_t i = 1; i <= WALK; i++) {
        spt_logistic_excess(f, w->y, 1, fit->t0 + stride * (double)i, fit, &excess);
        if (excess <= critical) last = i;
    }
    inside = fit->t0 + stride * (double)last;
    double outside = last < WALK ? inside + stride : inside;
    for (size_t i = 0; i < BISECTIONS && inside != outside; i++) {
        const double middle = inside + (outside - inside) / 2;
        spt_logistic_excess(f, w->y, 1, middle, fit, &excess);
        if (excess <= critical)
            inside = middle;
        else
            outside = middle;
    }
    return inside;
}

/* 95 % of one number of the draws' fits; a draw that is constant has none but b. */
static void percentiles_of(const struct work *w, size_t field, double *lo, double *hi) {
    size_t kept = 0;
    for (size_t d = 0; d < w->draws; d++) {
        const double value = *(const double *)((const char *)&w->fits[d] + field);
        if (!isnan(value)) w->sample[kept++] = value;
    }
    *lo = spt_percentile(w->sample, kept, LEVEL / 2);
    *hi = spt_percentile(w->sample, kept, 1 - LEVEL / 2);
}

static void midpoint_interval(struct spt_logistic_fitter *f, const struct work *w, struct spt_emergence *out) {
    spt_logistic_excess(f, w->means, w->draws, out->fit.t0, w->fits, w->sample);
    double critical = spt_percentile(w->sample, w->draws, 1 - LEVEL);
    if (out->within < WITHIN_MIN) critical = fmax(critical, CHI_SQUARED * noise_of(w));
    const double lo = walk(f, w, &out->fit, f->t_low, critical), hi = walk(f, w, &out->fit, f->t_high, critical);
    percentiles_of(w, offsetof(struct spt_logistic, t0), &out->t0_lo, &out->t0_hi);
    out->t0_lo = fmin(lo, out->t0_lo);
    out->t0_hi = fmax(hi, out->t0_hi);
}

static double share_reached(const double *gain, size_t n, double own) {
    size_t reached = 0;
    for (size_t i = 0; i < n; i++) reached += gain[i] >= own;
    return (double)(1 + reached) / (double)(1 + n);
}

/* --- one series --- */

static double normal(struct spt_random *random) {
    return sqrt(2 * spt_random_exponential(random)) * cos(2 * 3.14159265358979323846 * spt_random_uniform(random));
}

/* Of a series that cannot be resampled: how often independent noise of the same size over the same steps gives a curve that explains as
 * much. */
static double chance_of_noise(struct spt_logistic_fitter *f, struct work *w) {
    struct spt_random random;
    double own, mean_y = 0, total = 0;
    spt_random_seed(&random, NOISE_SEED);
    for (size_t d = 0; d < NOISE_DRAWS; d++) {
        double *row = w->means + d * w->count, mean = 0, squares = 0;
        for (size_t i = 0; i < w->count; i++) {
            row[i] = normal(&random);
            mean += row[i] / (double)w->count;
        }
        for (size_t i = 0; i < w->count; i++) squares += (row[i] - mean) * (row[i] - mean);
        for (size_t i = 0; i < w->count; i++) row[i] /= sqrt(squares);
    }
    spt_logistic_gains(f, w->means, NOISE_DRAWS, w->gain);
    for (size_t i = 0; i < w->count; i++) mean_y += w->y[i] / (double)w->count;
    for (size_t i = 0; i < w->count; i++) total += (w->y[i] - mean_y) * (w->y[i] - mean_y);
    spt_logistic_gains(f, w->y, 1, &own); /* of the grid too, as that of the noise is */
    return share_reached(w->gain, NOISE_DRAWS, own / total);
}

static enum spt_emergence_reason reason_of(const struct work *w, const struct spt_emergence *out) {
    if (!(out->p < LEVEL) || (out->b_lo <= 0 && out->b_hi >= 0)) return SPT_EMERGENCE_NO_CHANGE;
    if (out->fit.t0 < w->t[0]) return SPT_EMERGENCE_BEFORE;
    if (out->fit.t0 > w->t[w->count - 1]) return SPT_EMERGENCE_AFTER;
    return SPT_EMERGENCE_FOUND;
}

static enum spt_status fit_series(struct spt_logistic_fitter *f, struct work *w, const struct spt_bootstrap *b,
                                  const struct spt_emergence_series *series, struct spt_emergence *out,
                                  struct spt_error *error) {
    spt_logistic_fit(f, w->y, &out->fit);
    out->reason = SPT_EMERGENCE_CONSTANT;
    if (out->fit.b == 0) return SPT_OK;
    if (series->values) {
        const enum spt_status status = draw_means(w, b, series, error);
        if (status != SPT_OK) return status;
    } else if (series->draws) {
        take_draws(w, b->draws, series);
    }
    if (w->draws < SPT_EMERGENCE_DRAWS_MIN) w->draws = 0;
    if (w->draws) {
        double own;
        spt_logistic_refit(f, w->means, w->draws, &out->fit, w->y, w->fits, w->gain);
        spt_logistic_gains(f, w->y, 1, &own);
        out->p = share_reached(w->gain, w->draws, own);
        percentiles_of(w, offsetof(struct spt_logistic, k), &out->k_lo, &out->k_hi);
        percentiles_of(w, offsetof(struct spt_logistic, b), &out->b_lo, &out->b_hi);
    } else {
        out->p = chance_of_noise(f, w);
    }
    out->within = count_within(w, &out->fit);
    out->reason = reason_of(w, out);
    if (w->draws && out->reason == SPT_EMERGENCE_FOUND) midpoint_interval(f, w, out);
    return spt_changes_of(w->t, w->y, w->count, w->draws ? w->means : NULL, w->draws, &out->changes, error);
}

static enum spt_status series_of(const struct spt_bootstrap *b, const struct spt_emergence_series *series,
                                 struct spt_emergence *out, double *t0, struct spt_error *error) {
    static const struct spt_logistic NO_FIT = {NAN, NAN, NAN, NAN, NAN, NAN};
    struct work w;
    *out = (struct spt_emergence){.fit = NO_FIT,
                                  .t0_lo = NAN,
                                  .t0_hi = NAN,
                                  .k_lo = NAN,
                                  .k_hi = NAN,
                                  .b_lo = NAN,
                                  .b_hi = NAN,
                                  .p = NAN,
                                  .reason = SPT_EMERGENCE_FEW};
    out->changes.support = NAN;
    for (size_t d = 0; t0 && d < b->draws; d++) t0[d] = NAN;
    enum spt_status status = work_init(&w, series, b->draws, error);
    if (status != SPT_OK) return status;
    out->count = w.count;
    if (w.count >= SPT_LOGISTIC_COUNT_MIN) {
        struct spt_logistic_fitter fitter;
        status = spt_logistic_init(&fitter, w.t, w.count, error);
        if (status == SPT_OK) status = fit_series(&fitter, &w, b, series, out, error);
        spt_logistic_release(&fitter);
    }
    if (status == SPT_OK && t0 && out->reason == SPT_EMERGENCE_FOUND)
        for (size_t d = 0; d < w.draws; d++) t0[w.draw[d]] = w.fits[d].t0;
    work_release(&w);
    return status;
}

/* --- all of them --- */

struct job {
    const struct spt_bootstrap *bootstrap;
    const struct spt_emergence_series *series;
    struct spt_emergence *out;
    double *t0;
};

static enum spt_status series_task(void *context, size_t task, size_t thread, struct spt_error *error) {
    (void)thread;
    const struct job *job = context;
    return series_of(job->bootstrap, &job->series[task], &job->out[task],
                     job->t0 ? job->t0 + task * job->bootstrap->draws : NULL, error);
}

enum spt_status spt_emergence_of(const struct spt_bootstrap *bootstrap, const struct spt_emergence_series *series,
                                 size_t n, const struct spt_team *team, struct spt_emergence *out, double *t0,
                                 struct spt_error *error) {
    struct job job = {bootstrap, series, out, t0};
    return spt_team_run(team, n, series_task, &job, error);
}
