#include "analysis/rmt/spectrum.h"

#include "analysis/lanes/kernel.h"
#include "analysis/rmt/spectrum_internal.h"
#include "checkpoints/base/memory.h"

#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Up to these orders a whole vector of matrices (500 KB), and then at least four, stay in the second cache of every core
 * that has eight lanes. Eight take 0.8 to 0.9 of the time of four, from n = 40 to this. */
#define WIDE_MAX   88
#define NARROW_MAX 128

/* Largest entries outside 2^-RANGE ... 2^RANGE are brought to [1, 2): squares of squares must not overflow. */
#define RANGE 100

struct spt_spectrum {
    size_t n_max;
    const struct spt_lanes_kernel *wide, *narrow;
    size_t patience;
    double *matrix;                   /* the lanes' or one matrix */
    double *scratch, *d, *e, *s;      /* of the kernels; [n_max, lanes] but for scratch */
    double *diagonal, *superdiagonal; /* [SPT_SPECTRUM_LANES, n_max] */
    double *work;                     /* [4 n_max] of LAPACK */
    int exponent[SPT_SPECTRUM_LANES]; /* a matrix was divided by 2^exponent */
    bool finite[SPT_SPECTRUM_LANES];
};

static size_t max_of(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t min_of(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Doubles of matrix and scratch for the largest order of each way. */
static size_t matrix_length(size_t n) {
    const size_t wide = min_of(n, WIDE_MAX), narrow = min_of(n, NARROW_MAX);
    const size_t lanes = max_of(wide * SPT_LANES_STRIDE(wide) * SPT_LANES_MAX, narrow * SPT_LANES_STRIDE(narrow) * 4);
    return n > NARROW_MAX ? max_of(lanes, n * SPT_ONE_STRIDE(n)) : lanes;
}

static size_t scratch_length(size_t n) {
    const size_t lanes = max_of(SPT_BIDIAGONALISE_SCRATCH(n), SPT_DQDS_SCRATCH(n)) * SPT_LANES_MAX;
    return max_of(lanes, SPT_BIDIAGONALISE_ONE_SCRATCH(n));
}

enum spt_status spt_spectrum_new(size_t n_max, struct spt_spectrum **workspace, struct spt_error *error) {
    struct spt_spectrum *w = spt_alloc_zeroed(1, sizeof *w);
    if (!w) return spt_fail_memory(error, sizeof *w, "spectra");
    w->wide = spt_lanes_widest();
    w->narrow = spt_lanes_narrow();
    w->n_max = n_max;
    w->patience = SPT_DQDS_PATIENCE;
    w->matrix = spt_alloc(matrix_length(n_max), sizeof(double));
    w->scratch = spt_alloc(scratch_length(n_max), sizeof(double));
    double **const arrays[] = {&w->d, &w->e, &w->s, &w->diagonal, &w->superdiagonal, &w->work};
    bool ready = w->matrix && w->scratch;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        ready = (*arrays[i] = spt_alloc(n_max * SPT_SPECTRUM_LANES, sizeof(double))) && ready;
    if (!ready) {
        spt_spectrum_free(w);
        return spt_fail_memory(error, (matrix_length(n_max) + scratch_length(n_max)) * sizeof(double), "spectra");
    }
    *workspace = w;
    return SPT_OK;
}

void spt_spectrum_free(struct spt_spectrum *workspace) {
    if (!workspace) return;
    free(workspace->matrix);
    free(workspace->scratch);
    free(workspace->d);
    free(workspace->e);
    free(workspace->s);
    free(workspace->diagonal);
    free(workspace->superdiagonal);
    free(workspace->work);
    free(workspace);
}

void spt_spectrum_use(struct spt_spectrum *w, const struct spt_lanes_kernel *wide,
                      const struct spt_lanes_kernel *narrow, size_t patience) {
    w->wide = wide;
    w->narrow = narrow;
    w->patience = patience;
}

/* --- scale --- */

/* Whether entries of this size are left as they are; else *exponent is what they are to be divided by. */
static bool in_range(double largest, int *exponent) {
    *exponent = 0;
    if (largest == 0 || (largest > ldexp(1, -RANGE) && largest < ldexp(1, RANGE))) return true;
    if (isfinite(largest)) *exponent = ilogb(largest);
    return false;
}

/* Divides entries at the given distance by 2^exponent; zeros in place of a matrix that is not finite. */
static void rescale(double *x, size_t count, size_t distance, int exponent, bool finite) {
    for (size_t i = 0; i < count; i++) x[i * distance] = finite ? ldexp(x[i * distance], -exponent) : 0;
}

/* --- bidiagonal form --- */

/* Matrices first ... first + count - 1, count <= kernel->lanes. Lanes that are left over repeat the first matrix. */
static void bidiagonalise_lanes(struct spt_spectrum *w, const struct spt_lanes_kernel *kernel, const double *const *a,
                                size_t first, size_t count, size_t n) {
    const size_t lanes = kernel->lanes;
    const double *source[SPT_LANES_MAX];
    double largest[SPT_LANES_MAX] __attribute__((aligned(64)));
    for (size_t i = 0; i < lanes; i++) source[i] = a[first + (i < count ? i : 0)];
    kernel->pack(source, n, w->matrix, largest);
    for (size_t i = 0; i < lanes; i++) {
        int exponent;
        const bool finite = isfinite(largest[i]);
        if (!in_range(largest[i], &exponent))
            for (size_t j = 0; j < n; j++)
                rescale(w->matrix + j * SPT_LANES_STRIDE(n) * lanes + i, n, lanes, exponent, finite);
        if (i >= count) continue;
        w->exponent[first + i] = exponent;
        w->finite[first + i] = finite;
    }
    kernel->bidiagonalise(w->matrix, n, w->scratch, w->d, w->e);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < n; j++) {
            w->diagonal[(first + i) * n + j] = w->d[j * lanes + i];
            w->superdiagonal[(first + i) * n + j] = w->e[j * lanes + i];
        }
}

static void bidiagonalise_one(struct spt_spectrum *w, const double *a, size_t m, size_t n) {
    const size_t stride = SPT_ONE_STRIDE(n);
    double largest = 0, check = 0;
    for (size_t j = 0; j < n; j++) {
        double *column = w->matrix + j * stride;
        memcpy(column, a + j * n, n * sizeof *a);
        memset(column + n, 0, (stride - n) * sizeof *a);
        for (size_t i = 0; i < n; i++) {
            if (fabs(column[i]) > largest) largest = fabs(column[i]);
            check += 0 * column[i];
        }
    }
    w->finite[m] = isfinite(largest + check);
    if (!in_range(largest + check, &w->exponent[m])) rescale(w->matrix, n * stride, 1, w->exponent[m], w->finite[m]);
    w->wide->bidiagonalise_one(w->matrix, n, w->scratch, w->diagonal + m * n, w->superdiagonal + m * n);
}

static void bidiagonalise(struct spt_spectrum *w, const double *const *a, size_t count, size_t n) {
    if (n > NARROW_MAX) {
        for (size_t m = 0; m < count; m++) bidiagonalise_one(w, a[m], m, n);
        return;
    }
    for (size_t m = 0; m < count;) {
        const bool wide = n <= WIDE_MAX && count - m > w->narrow->lanes;
        const struct spt_lanes_kernel *kernel = wide ? w->wide : w->narrow;
        const size_t part = min_of(count - m, kernel->lanes);
        bidiagonalise_lanes(w, kernel, a, m, part, n);
        m += part;
    }
}

/* --- values --- */

/* Values in the order of convergence, at the given distance, to s: largest first. They come nearly sorted the other way
 * round. */
static void sort_values(const double *values, size_t distance, size_t n, double *s) {
    for (size_t i = 0; i < n; i++) {
        const double value = values[(n - 1 - i) * distance];
        size_t j = i;
        for (; j > 0 && s[j - 1] < value; j--) s[j] = s[j - 1];
        s[j] = value;
    }
}

/* The lane that dqds gave up, by LAPACK from the same bidiagonal form. */
static enum spt_status values_by_lapack(struct spt_spectrum *w, size_t m, size_t n, double *s,
                                        struct spt_error *error) {
    double unused = 0;
    memcpy(s, w->diagonal + m * n, n * sizeof *s);
    if (LAPACKE_dbdsqr_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, 0, 0, 0, s, w->superdiagonal + m * n, &unused, 1,
                            &unused, 1, &unused, 1, w->work))
        return spt_fail(error, SPT_INVALID, NULL, "the singular values of a matrix of order %zu do not converge", n);
    return SPT_OK;
}

static void finish(const struct spt_spectrum *w, size_t m, size_t n, double *s) {
    if (!w->finite[m])
        for (size_t i = 0; i < n; i++) s[i] = NAN;
    else if (w->exponent[m])
        for (size_t i = 0; i < n; i++) s[i] = ldexp(s[i], w->exponent[m]);
}

enum spt_status spt_spectrum_of(struct spt_spectrum *workspace, const double *const *a, size_t count, size_t n,
                                double *const *s, struct spt_error *error) {
    struct spt_spectrum *w = workspace;
    bidiagonalise(w, a, count, n);
    for (size_t first = 0; first < count;) {
        const struct spt_lanes_kernel *kernel = count - first > w->narrow->lanes ? w->wide : w->narrow;
        const size_t lanes = kernel->lanes, part = min_of(count - first, lanes);
        for (size_t i = 0; i < lanes; i++) {
            const size_t m = first + (i < part ? i : 0);
            for (size_t j = 0; j < n; j++) {
                w->d[j * lanes + i] = w->diagonal[m * n + j];
                w->e[j * lanes + i] = w->superdiagonal[m * n + j];
            }
        }
        const unsigned open = kernel->dqds(w->d, w->e, n, w->patience, w->scratch, w->s);
        for (size_t i = 0; i < part; i++) {
            enum spt_status status = SPT_OK;
            if (open >> i & 1)
                status = values_by_lapack(w, first + i, n, s[first + i], error);
            else
                sort_values(w->s + i, lanes, n, s[first + i]);
            if (status != SPT_OK) return status;
            finish(w, first + i, n, s[first + i]);
        }
        first += part;
    }
    return SPT_OK;
}

enum spt_status spt_spectrum_of_lapack(double *a, size_t n, double *s, struct spt_error *error) {
    for (size_t i = 0; i < n * n; i++)
        if (!isfinite(a[i])) {
            for (size_t j = 0; j < n; j++) s[j] = NAN;
            return SPT_OK;
        }
    const lapack_int order = (lapack_int)n;
    if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', order, order, a, order, s, NULL, 1, NULL, 1))
        return spt_fail(error, SPT_INVALID, NULL, "the singular values of a matrix of order %zu do not converge", n);
    return SPT_OK;
}
