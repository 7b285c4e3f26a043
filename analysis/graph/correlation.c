/* A draw of samples is a weight for each sample, so a draw's correlation follows from weighted sums over samples of a
 * few products of the pairs, summed over the heads once: all draws together are one matrix product.
 *
 * Sums of squares lose what their difference does not keep. So the pairs enter as residuals of the fit over all samples,
 * divided by their standard deviation, and the columns of the fit as an orthonormal basis: in a usual draw nothing
 * cancels. A draw in which something does (its values are nearly equal, or its lengths explain them) is computed from
 * its pairs, as the figure itself is.
 */
#include "analysis/graph/correlation.h"

#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { COLUMNS = 3 }; /* of the fit at most: 1, 1/n, ln n */

/* A column that the ones before it explain but for this share of its norm adds nothing to the fit. */
#define COLLINEAR 1e-10

/* Where less than this share of a sum of squares is left, a draw is computed from its pairs. */
#define CANCELLED 1e-6

struct fit {
    const struct spt_pairs *pairs;
    bool adjusted;
    size_t columns;        /* that count */
    double *basis;         /* [COLUMNS, samples] orthonormal under the weights */
    double *x, *y;         /* [heads, samples] residuals; 0 where a pair is undefined */
    double *defined;       /* [samples] pairs that are */
    double *weight;        /* [samples] defined pairs, as often as they were drawn */
    double *once;          /* [samples] 1: each sample drawn once */
    double mean_x, mean_y; /* of squares of the residuals */
};

static bool is_pair(const struct spt_pairs *pairs, size_t i) {
    return !isnan(pairs->x[i]) && !isnan(pairs->y[i]);
}

static double column_of(const struct spt_pairs *pairs, size_t column, size_t sample) {
    const double n = (double)(pairs->offset[sample + 1] - pairs->offset[sample]);
    return column == 0 ? 1 : column == 1 ? 1 / n : log(n);
}

/* --- the fit --- */

/* Takes the first `columns` vectors of the basis from v, twice: rounding leaves nothing of them. */
static void take_basis(const struct fit *f, size_t columns, double *v /* [samples] */) {
    const size_t samples = f->pairs->samples;
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t c = 0; c < columns; c++) {
            const double *q = f->basis + c * samples;
            double dot = 0;
            for (size_t i = 0; i < samples; i++) dot += f->weight[i] * q[i] * v[i];
            for (size_t i = 0; i < samples; i++) v[i] -= dot * q[i];
        }
}

static double norm_of(const struct fit *f, const double *v /* [samples] */) {
    double sum = 0;
    for (size_t i = 0; i < f->pairs->samples; i++) sum += f->weight[i] * v[i] * v[i];
    return sqrt(sum);
}

static void make_basis(struct fit *f) {
    const size_t samples = f->pairs->samples;
    f->columns = 0;
    for (size_t c = 0; c < (f->adjusted ? COLUMNS : 1); c++) {
        double *v = f->basis + f->columns * samples;
        for (size_t i = 0; i < samples; i++) v[i] = column_of(f->pairs, c, i);
        const double before = norm_of(f, v);
        take_basis(f, f->columns, v);
        const double norm = norm_of(f, v);
        if (!(norm > COLLINEAR * before)) continue;
        for (size_t i = 0; i < samples; i++) v[i] /= norm;
        f->columns++;
    }
}

/* Takes the basis from the values of all pairs. */
static void take_fit(const struct fit *f, const double *drawn /* [samples] */, double *v /* [heads, samples] */) {
    const struct spt_pairs *pairs = f->pairs;
    const size_t samples = pairs->samples, cells = pairs->heads * samples;
    for (size_t pass = 0; pass < 2; pass++)
        for (size_t c = 0; c < f->columns; c++) {
            const double *q = f->basis + c * samples;
            double dot = 0;
            for (size_t row = 0; row < cells; row += samples)
                for (size_t i = 0; i < samples; i++) dot += drawn[i] * q[i] * v[row + i];
            for (size_t row = 0; row < cells; row += samples)
                for (size_t i = 0; i < samples; i++)
                    if (is_pair(pairs, row + i)) v[row + i] -= dot * q[i];
        }
}

/* The residuals under these weights, and their correlation. */
static double correlate(struct fit *f, const double *drawn /* [samples] */) {
    const struct spt_pairs *pairs = f->pairs;
    const size_t samples = pairs->samples, cells = pairs->heads * samples;
    double count = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < samples; i++) count += f->weight[i] = drawn[i] * f->defined[i];
    if (count < SPT_CORRELATION_PAIRS_MIN) return NAN;
    make_basis(f);
    for (size_t i = 0; i < cells; i++) {
        f->x[i] = is_pair(pairs, i) ? pairs->x[i] : 0;
        f->y[i] = is_pair(pairs, i) ? pairs->y[i] : 0;
    }
    take_fit(f, drawn, f->x);
    take_fit(f, drawn, f->y);
    for (size_t row = 0; row < cells; row += samples)
        for (size_t i = 0; i < samples; i++) {
            const double x = f->x[row + i], y = f->y[row + i];
            xx += drawn[i] * x * x;
            xy += drawn[i] * x * y;
            yy += drawn[i] * y * y;
        }
    f->mean_x = xx / count;
    f->mean_y = yy / count;
    if (sqrt(f->mean_x) < SPT_CORRELATION_SD_MIN || sqrt(f->mean_y) < SPT_CORRELATION_SD_MIN) return NAN;
    return xy / count / (sqrt(f->mean_x) * sqrt(f->mean_y));
}

static void fit_release(struct fit *f) {
    free(f->basis);
    free(f->x);
    free(f->y);
    free(f->defined);
    free(f->weight);
    free(f->once);
}

static enum spt_status fit_init(struct fit *f, const struct spt_pairs *pairs, bool adjusted, struct spt_error *error) {
    const size_t samples = pairs->samples, cells = pairs->heads * samples;
    *f = (struct fit){
        .pairs = pairs,
        .adjusted = adjusted,
        .basis = spt_alloc(COLUMNS * samples, sizeof(double)),
        .x = spt_alloc(cells, sizeof(double)),
        .y = spt_alloc(cells, sizeof(double)),
        .defined = spt_alloc_zeroed(samples, sizeof(double)),
        .weight = spt_alloc(samples, sizeof(double)),
        .once = spt_alloc(samples, sizeof(double)),
    };
    if (!f->basis || !f->x || !f->y || !f->defined || !f->weight || !f->once) {
        fit_release(f);
        return spt_fail_memory(error, 2 * cells * sizeof(double), "a correlation");
    }
    for (size_t i = 0; i < cells; i++) f->defined[i % samples] += is_pair(pairs, i);
    for (size_t i = 0; i < samples; i++) f->once[i] = 1;
    return SPT_OK;
}

/* --- draws --- */

/* What a draw's sums are made of, sample by sample. */
struct products {
    size_t count;
    double *sample; /* [samples, count] */
    double *draw;   /* [draws, count] */
};

static void products_release(struct products *p) {
    free(p->sample);
    free(p->draw);
}

static enum spt_status products_init(struct products *p, const struct fit *f, size_t draws, struct spt_error *error) {
    const size_t c = f->columns, samples = f->pairs->samples;
    p->count = c * (c + 1) / 2 + 2 * c + 3;
    p->sample = spt_alloc(samples * p->count, sizeof(double));
    p->draw = spt_alloc(draws * p->count, sizeof(double));
    if (p->sample && p->draw) return SPT_OK;
    products_release(p);
    return spt_fail_memory(error, draws * p->count * sizeof(double), "a correlation");
}

/* Columns with each other, row after row of the lower triangle, then each with x, each with y, then xx, xy, yy. */
static void fill_products(const struct fit *f, struct products *p) {
    const size_t samples = f->pairs->samples, heads = f->pairs->heads;
    const double scale = 1 / sqrt(f->mean_x), scale_y = 1 / sqrt(f->mean_y);
    for (size_t i = 0; i < samples; i++) {
        double *out = p->sample + i * p->count, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
        for (size_t h = 0; h < heads; h++) {
            const double a = f->x[h * samples + i] * scale, b = f->y[h * samples + i] * scale_y;
            x += a;
            y += b;
            xx += a * a;
            xy += a * b;
            yy += b * b;
        }
        for (size_t r = 0; r < f->columns; r++)
            for (size_t c = 0; c <= r; c++)
                *out++ = f->defined[i] * f->basis[r * samples + i] * f->basis[c * samples + i];
        for (size_t c = 0; c < f->columns; c++) *out++ = f->basis[c * samples + i] * x;
        for (size_t c = 0; c < f->columns; c++) *out++ = f->basis[c * samples + i] * y;
        *out++ = xx;
        *out++ = xy;
        *out++ = yy;
    }
}

/* Sums of squares that are well above SPT_CORRELATION_SD_MIN; below, the draw's pairs decide. */
struct least {
    double xx, yy;
};

/* The correlation from a draw's sums; false where too little of them is left. Cholesky's factor of the columns' part
 * takes the fit from the rest. */
static bool from_sums(const double *sums, size_t columns, const struct least *least, double *value) {
    double factor[COLUMNS][COLUMNS], x[COLUMNS], y[COLUMNS];
    const double *of_x = sums + columns * (columns + 1) / 2, *of_y = of_x + columns, *rest = of_y + columns;
    double xx = rest[0], xy = rest[1], yy = rest[2];
    for (size_t r = 0; r < columns; r++) {
        for (size_t c = 0; c <= r; c++) {
            double left = *sums++;
            const double whole = left;
            for (size_t k = 0; k < c; k++) left -= factor[r][k] * factor[c][k];
            if (c == r && !(left > CANCELLED * whole)) return false;
            factor[r][c] = c == r ? sqrt(left) : left / factor[c][c];
        }
        x[r] = of_x[r];
        y[r] = of_y[r];
        for (size_t k = 0; k < r; k++) {
            x[r] -= factor[r][k] * x[k];
            y[r] -= factor[r][k] * y[k];
        }
        x[r] /= factor[r][r];
        y[r] /= factor[r][r];
        xx -= x[r] * x[r];
        xy -= x[r] * y[r];
        yy -= y[r] * y[r];
    }
    if (!(xx > CANCELLED * rest[0] && yy > CANCELLED * rest[2])) return false;
    if (!(xx > least->xx && yy > least->yy)) return false;
    *value = xy / sqrt(xx * yy);
    return true;
}

/* Draws whose sums say too little are left for correlate, which overwrites the fit that the sums are from. */
static enum spt_status resample(struct fit *f, const struct spt_bootstrap *b, double *draws, struct spt_error *error) {
    struct products p = {0};
    const size_t columns = f->columns;
    const enum spt_status status = products_init(&p, f, b->draws, error);
    if (status != SPT_OK) return status;
    const double square = 4 * SPT_CORRELATION_SD_MIN * SPT_CORRELATION_SD_MIN;
    const struct least one = {square / f->mean_x, square / f->mean_y};
    fill_products(f, &p);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)b->draws, (int)p.count, (int)b->samples, 1, b->counts,
                (int)b->samples, p.sample, (int)p.count, 0, p.draw, (int)p.count);
    for (size_t i = 0; i < b->draws; i++) {
        double pairs = 0;
        for (size_t s = 0; s < b->samples; s++) pairs += b->counts[i * b->samples + s] * f->defined[s];
        const struct least least = {one.xx * pairs, one.yy * pairs};
        if (pairs < SPT_CORRELATION_PAIRS_MIN)
            draws[i] = NAN;
        else if (!from_sums(p.draw + i * p.count, columns, &least, &draws[i]))
            draws[i] = correlate(f, b->counts + i * b->samples);
    }
    products_release(&p);
    return SPT_OK;
}

/* Where the figure is undefined, so is that of every draw: its pairs are some of them. */
static enum spt_status pool(const struct spt_pairs *pairs, bool adjusted, const struct spt_bootstrap *bootstrap,
                            double *value, double *draws, struct spt_error *error) {
    struct fit f;
    enum spt_status status = fit_init(&f, pairs, adjusted, error);
    if (status != SPT_OK) return status;
    *value = correlate(&f, f.once);
    if (draws && isnan(*value))
        for (size_t i = 0; i < bootstrap->draws; i++) draws[i] = NAN;
    else if (draws)
        status = resample(&f, bootstrap, draws, error);
    fit_release(&f);
    return status;
}

static enum spt_status pool_plain(const struct spt_pairs *pairs, const struct spt_bootstrap *bootstrap, double *value,
                                  double *draws, struct spt_error *error) {
    return pool(pairs, false, bootstrap, value, draws, error);
}

static enum spt_status pool_adjusted(const struct spt_pairs *pairs, const struct spt_bootstrap *bootstrap,
                                     double *value, double *draws, struct spt_error *error) {
    return pool(pairs, true, bootstrap, value, draws, error);
}

const struct spt_pooling SPT_CORRELATION = {pool_plain};
const struct spt_pooling SPT_CORRELATION_ADJUSTED = {pool_adjusted};
