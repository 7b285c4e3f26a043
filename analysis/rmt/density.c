/* Densities of points on the law's grid, and their distance from a law. */
#include "analysis/rmt/law.h"

#include "analysis/bootstrap.h"
#include "analysis/lanes/kernel.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <fftw3.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

#define CELLS SPT_LAW_CELLS
#define DX    (SPT_LAW_EDGE / SPT_LAW_CELLS)

/* Cells after which the Gaussian is below 2e-15 of its top. */
#define REACH 106

struct spt_laws {
    double density[SPT_LAW_KINDS][CELLS];
    double log_density[SPT_LAW_KINDS][CELLS];
};

struct spt_density {
    double *cells; /* [CELLS] masses, then the density; from fftw_malloc */
    double gain[CELLS];
    const struct spt_lanes_kernel *kernel;
    double samples[2 * REACH + 3]; /* the Gaussian from -REACH - 1 to REACH + 1 cells, as a density; 0 at both ends */
    double wide[CELLS + 2 * (REACH + 2)], terms[CELLS];
    fftw_plan forward, backward; /* DCT-II and DCT-III of cells, in place */
};

enum spt_status spt_density_new(struct spt_density **density, struct spt_error *error) {
    struct spt_density *w = spt_alloc_zeroed(1, sizeof *w);
    if (!w) return spt_fail_memory(error, sizeof *w, "a density");
    w->cells = fftw_malloc(CELLS * sizeof *w->cells);
    if (w->cells) {
        w->forward = fftw_plan_r2r_1d(CELLS, w->cells, w->cells, FFTW_REDFT10, FFTW_ESTIMATE);
        w->backward = fftw_plan_r2r_1d(CELLS, w->cells, w->cells, FFTW_REDFT01, FFTW_ESTIMATE);
    }
    if (!w->forward || !w->backward) {
        spt_density_free(w);
        return spt_fail_memory(error, CELLS * sizeof(double), "a density");
    }
    for (size_t k = 0; k < CELLS; k++) {
        const double frequency = (double)k * PI * SPT_LAW_WIDTH / SPT_LAW_EDGE;
        w->gain[k] = exp(-0.5 * frequency * frequency) / (2 * CELLS * DX);
    }
    w->kernel = spt_lanes_widest();
    for (size_t i = 0; i <= 2 * REACH; i++) {
        const double distance = ((double)i - REACH) * DX / SPT_LAW_WIDTH;
        w->samples[i + 1] = exp(-0.5 * distance * distance) / (SPT_LAW_WIDTH * sqrt(2 * PI));
    }
    *density = w;
    return SPT_OK;
}

void spt_density_free(struct spt_density *density) {
    if (!density) return;
    if (density->forward) fftw_destroy_plan(density->forward);
    if (density->backward) fftw_destroy_plan(density->backward);
    fftw_free(density->cells);
    free(density);
}

/* Masses in cells to the smoothed density: the Gaussian's product with the cosine transform, whose even continuation
 * reflects at both ends. */
static void smooth(struct spt_density *w) {
    fftw_execute(w->forward);
    for (size_t k = 0; k < CELLS; k++) w->cells[k] *= w->gain[k];
    fftw_execute(w->backward);
}

/* Linear binning onto the cell centres: the lower of the two cells, and the upper one's share. Beyond the first and the
 * last centre a point is that cell's whole. */
static size_t cell_of(double x, double *share) {
    const double place = x * (1 / DX) - 0.5; /* DX is a power of two */
    const double u = place < 0 ? 0 : place > CELLS - 1 ? CELLS - 1 : place;
    const size_t cell = u < CELLS - 2 ? (size_t)u : CELLS - 2;
    *share = u - (double)cell;
    return cell;
}

static void bin(const double *x, size_t count, double *cells) {
    memset(cells, 0, CELLS * sizeof *cells);
    for (size_t i = 0; i < count; i++) {
        double share;
        const size_t cell = cell_of(x[i], &share);
        cells[cell] += (1 - share) / (double)count;
        cells[cell + 1] += share / (double)count;
    }
}

static bool has_nan(const double *x, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (isnan(x[i])) return true;
    return false;
}

double spt_density_kl(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind, const double *x,
                      size_t count, double *p) {
    if (!count || has_nan(x, count)) {
        for (size_t k = 0; p && k < CELLS; k++) p[k] = NAN;
        return NAN;
    }
    bin(x, count, density->cells);
    smooth(density);
    double sum = 0;
    for (size_t k = 0; k < CELLS; k++) {
        const double value = fmax(density->cells[k], 0);
        if (p) p[k] = value;
        if (value > 0) sum += value * (log(value) - laws->log_density[kind][k]);
    }
    return sum * DX;
}

/* Cells that points reach, the grid's ends included where one is that near. */
struct span {
    size_t first, last; /* cells that hold points; first > last: none */
    size_t start, end;  /* what the kernel's copies there touch */
};

static struct span span_of(const double *x, size_t count) {
    struct span span = {.first = CELLS};
    for (size_t i = 0; i < count; i++) {
        double share;
        const size_t cell = cell_of(x[i], &share);
        if (cell < span.first) span.first = cell;
        if (cell > span.last) span.last = cell;
    }
    span.start = span.first > REACH ? span.first - REACH : 0;
    span.end = span.last + REACH + 2 < CELLS ? span.last + REACH + 2 : CELLS;
    return span;
}

/* The density without a transform: the Gaussian's copies at the points' two cells, each of this weight, what falls
 * beyond an end added where it is reflected to. The cosine product of the definition is the convolution with this very
 * kernel (its samples' aliases lie below exp(-2 pi^2 12.8^2)), and a spectrum of some tens of points touches half the
 * grid only. Returns the cells: those outside of the span are 0. */
static const double *density_of_points(struct spt_density *w, const double *x, size_t count, double weight,
                                       const struct span *span) {
    double *cells = w->wide + REACH + 1;
    memset(w->wide, 0, sizeof w->wide);
    for (size_t i = 0; i < count; i++) {
        double share;
        const size_t cell = cell_of(x[i], &share);
        w->kernel->add_kernel(cells + cell - REACH, w->samples, 2 * REACH + 2, (1 - share) * weight, share * weight);
    }
    for (size_t i = 1; span->start == 0 && i <= REACH + 1; i++) cells[i - 1] += *(cells - i);
    for (size_t i = 0; span->end == CELLS && i <= REACH + 1; i++) cells[CELLS - 1 - i] += cells[CELLS + i];
    return cells;
}

static double divergence(struct spt_density *w, const double *p, const double *log_q, size_t count) {
    return DX * w->kernel->divergence(p, log_q, count, w->terms);
}

static double kl_of_points(struct spt_density *w, const double *log_q, const double *x, size_t count) {
    const struct span span = span_of(x, count);
    const double *cells = density_of_points(w, x, count, 1 / (double)count, &span);
    return divergence(w, cells + span.start, log_q + span.start, span.end - span.start);
}

void spt_density_kl_batch(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind,
                          const double *const *x, const size_t *m, size_t count, double *kl) {
    for (size_t i = 0; i < count; i++)
        kl[i] = m[i] && !has_nan(x[i], m[i]) ? kl_of_points(density, laws->log_density[kind], x[i], m[i]) : NAN;
}

/* Draws whose densities are held at a time, and how many cells of the grid share one of theirs. Sums over the middles
 * of five cells are a midpoint rule of 0.039, of densities that are smooth over 0.1: of four points they agree with
 * those over all cells to 1e-6, of a sample's spectra to 1e-10, at a fifth of the cost. */
enum { DRAW_TILE = 64, STRIDE = 5 };

/* The cells that the sums of draws run over. */
struct picked {
    size_t first, stride, count;
    double log_q[CELLS];
};

/* Near the right end, whose cells are no multiple of the stride, all of them. */
static void pick(const struct span *span, const double *log_q, struct picked *picked) {
    const bool all = span->end + STRIDE > CELLS;
    picked->stride = all ? 1 : STRIDE;
    picked->first = all ? span->start : span->start / STRIDE * STRIDE + STRIDE / 2;
    picked->count = all ? CELLS - span->start : (span->end - 1) / STRIDE - span->start / STRIDE + 1;
    for (size_t k = 0; k < picked->count; k++) picked->log_q[k] = log_q[picked->first + k * picked->stride];
}

/* densities [samples, picked] out: of each sample's points, of weight 1 each. */
static void densities_of_samples(struct spt_density *w, const double *x, const size_t *m, size_t samples,
                                 const struct span *span, const struct picked *picked, double *densities) {
    for (size_t i = 0; i < samples; i++) {
        const double *cells = density_of_points(w, x, m[i], 1, span) + picked->first;
        for (size_t k = 0; k < picked->count; k++) *densities++ = cells[k * picked->stride];
        x += m[i];
    }
}

/* tile [DRAW_TILE, picked] scratch */
static void kl_of_draws(struct spt_density *w, const struct picked *picked, const size_t *m,
                        const struct spt_bootstrap *b, const double *densities, double *tile, double *kl) {
    const size_t width = picked->count;
    for (size_t first = 0; first < b->draws; first += DRAW_TILE) {
        const size_t count = b->draws - first < DRAW_TILE ? b->draws - first : DRAW_TILE;
        const double *counts = b->counts + first * b->samples;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)count, (int)width, (int)b->samples, 1, counts,
                    (int)b->samples, densities, (int)width, 0, tile, (int)width);
        for (size_t d = 0; d < count; d++) {
            double points = 0, *p = tile + d * width;
            for (size_t i = 0; i < b->samples; i++) points += counts[d * b->samples + i] * (double)m[i];
            for (size_t k = 0; k < width; k++) p[k] /= points;
            kl[first + d] = points > 0 ? (double)picked->stride * divergence(w, p, picked->log_q, width) : NAN;
        }
    }
}

enum spt_status spt_density_kl_draws(struct spt_density *density, const struct spt_laws *laws, enum spt_law_kind kind,
                                     const double *x, const size_t *m, const struct spt_bootstrap *bootstrap,
                                     double *kl, struct spt_error *error) {
    size_t count = 0;
    for (size_t i = 0; i < bootstrap->samples; i++) count += m[i];
    if (!count || has_nan(x, count)) {
        for (size_t d = 0; d < bootstrap->draws; d++) kl[d] = NAN;
        return SPT_OK;
    }
    const struct span span = span_of(x, count);
    struct picked picked;
    pick(&span, laws->log_density[kind], &picked);
    double *densities = spt_alloc(bootstrap->samples * picked.count, sizeof *densities);
    double *tile = spt_alloc(DRAW_TILE * picked.count, sizeof *tile);
    const bool ready = densities && tile;
    if (ready) {
        densities_of_samples(density, x, m, bootstrap->samples, &span, &picked, densities);
        kl_of_draws(density, &picked, m, bootstrap, densities, tile, kl);
    }
    free(densities);
    free(tile);
    if (ready) return SPT_OK;
    return spt_fail_memory(error, bootstrap->samples * picked.count * sizeof(double), "the draws of a density");
}

enum spt_status spt_laws_new(struct spt_laws **laws, struct spt_error *error) {
    struct spt_laws *made = spt_alloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "the laws");
    struct spt_density *w;
    const enum spt_status status = spt_density_new(&w, error);
    if (status != SPT_OK) {
        free(made);
        return status;
    }
    for (int kind = 0; kind < SPT_LAW_KINDS; kind++) {
        for (size_t k = 0; k < CELLS; k++)
            w->cells[k] = spt_law_cdf((enum spt_law_kind)kind, (double)(k + 1) * DX) -
                          spt_law_cdf((enum spt_law_kind)kind, (double)k * DX);
        smooth(w);
        for (size_t k = 0; k < CELLS; k++) {
            made->density[kind][k] = (1 - 1e-3) * w->cells[k] + 1e-3 / SPT_LAW_EDGE;
            made->log_density[kind][k] = log(made->density[kind][k]);
        }
    }
    spt_density_free(w);
    *laws = made;
    return SPT_OK;
}

void spt_laws_free(struct spt_laws *laws) {
    free(laws);
}

const double *spt_laws_density(const struct spt_laws *laws, enum spt_law_kind kind) {
    return laws->density[kind];
}
