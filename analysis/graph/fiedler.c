#include "analysis/graph/fiedler.h"

#include "analysis/graph/fiedler_internal.h"
#include "checkpoints/base/memory.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

/* Up to these orders a whole vector of matrices, and then at least four, stay in a core's second cache. */
#define WIDE_MAX   56
#define NARROW_MAX 128

#define LAPACK_BLOCK 32

struct spt_fiedler {
    const struct spt_lanes_kernel *wide, *narrow;
    double *matrix; /* the lanes', or one matrix and LAPACK's work */
    double *scratch, *null, *d, *e;
};

static size_t max_of(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t min_of(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t matrix_length(size_t n) {
    const size_t wide = min_of(n, WIDE_MAX), narrow = min_of(n, NARROW_MAX);
    const size_t lanes = max_of(wide * SPT_LANES_STRIDE(wide) * SPT_LANES_MAX, narrow * SPT_LANES_STRIDE(narrow) * 4);
    return n > NARROW_MAX ? max_of(lanes, n * n) : lanes;
}

static size_t scratch_length(size_t n) {
    return max_of(SPT_TRIDIAGONALISE_SCRATCH(min_of(n, NARROW_MAX)) * SPT_LANES_MAX, (LAPACK_BLOCK + 1) * n);
}

enum spt_status spt_fiedler_new(size_t n_max, struct spt_fiedler **workspace, struct spt_error *error) {
    struct spt_fiedler *w = spt_alloc_zeroed(1, sizeof *w);
    if (!w) return spt_fail_memory(error, sizeof *w, "graphs");
    w->wide = spt_lanes_widest();
    w->narrow = spt_lanes_narrow();
    w->matrix = spt_alloc(matrix_length(n_max), sizeof(double));
    w->scratch = spt_alloc(scratch_length(n_max), sizeof(double));
    w->null = spt_alloc(n_max * SPT_LANES_MAX, sizeof(double));
    w->d = spt_alloc(n_max * SPT_LANES_MAX, sizeof(double));
    w->e = spt_alloc(n_max * SPT_LANES_MAX, sizeof(double));
    if (!w->matrix || !w->scratch || !w->null || !w->d || !w->e) {
        spt_fiedler_free(w);
        return spt_fail_memory(error, (matrix_length(n_max) + scratch_length(n_max)) * sizeof(double), "graphs");
    }
    *workspace = w;
    return SPT_OK;
}

void spt_fiedler_free(struct spt_fiedler *workspace) {
    if (!workspace) return;
    free(workspace->matrix);
    free(workspace->scratch);
    free(workspace->null);
    free(workspace->d);
    free(workspace->e);
    free(workspace);
}

void spt_fiedler_use(struct spt_fiedler *w, const struct spt_lanes_kernel *wide,
                     const struct spt_lanes_kernel *narrow) {
    w->wide = wide;
    w->narrow = narrow;
}

/* --- in lanes --- */

/* count <= kernel->lanes; lanes that are left over repeat the first problem. */
static void solve_lanes(struct spt_fiedler *w, const struct spt_lanes_kernel *kernel,
                        const struct spt_fiedler_problem *problems, size_t count, size_t n, double *values) {
    const double *weight[SPT_LANES_MAX];
    double tau[SPT_LANES_MAX] __attribute__((aligned(64))), normalised[SPT_LANES_MAX] __attribute__((aligned(64)));
    double value[SPT_LANES_MAX] __attribute__((aligned(64)));
    for (size_t i = 0; i < kernel->lanes; i++) {
        const struct spt_fiedler_problem *problem = &problems[i < count ? i : 0];
        weight[i] = problem->weight;
        tau[i] = problem->tau;
        normalised[i] = problem->normalised;
    }
    kernel->pack_graph(weight, tau, normalised, n, w->matrix, w->null);
    kernel->tridiagonalise(w->matrix, n, w->null, w->scratch, w->d, w->e);
    kernel->smallest(w->d, w->e, n - 1, value);
    for (size_t i = 0; i < count; i++) values[i] = value[i];
}

/* --- by LAPACK --- */

/* The matrix itself, and its null vector of norm 1. Both triangles.
 *   a     [n, n] out
 *   null  [n] out */
static void write_matrix(const struct spt_fiedler_problem *problem, size_t n, double *a, double *null) {
    double norm2 = 0;
    for (size_t i = 0; i < n; i++) {
        double degree = 0;
        for (size_t j = 0; j < n; j++) {
            const double w = problem->weight[i * n + j];
            degree += a[i * n + j] = w > problem->tau ? w : 0;
        }
        a[i * n + i] = degree;
        null[i] = problem->normalised ? sqrt(degree) : 1;
        norm2 += null[i] * null[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j) a[i * n + j] = null[i] * null[j] > 0 ? -a[i * n + j] / null[i] / null[j] : 0;
    for (size_t i = 0; i < n; i++) {
        if (problem->normalised) a[i * n + i] = a[i * n + i] > 0;
        if (norm2 > 0) null[i] /= sqrt(norm2);
    }
}

/* The null vector is given an eigenvalue that no other exceeds. */
static void solve_one(struct spt_fiedler *w, const struct spt_fiedler_problem *problem, size_t n, double *value) {
    const lapack_int order = (lapack_int)n;
    double *reflectors = w->scratch + LAPACK_BLOCK * n, largest = 0;
    write_matrix(problem, n, w->matrix, w->null);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, 2 * w->matrix[i * n + i]);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) w->matrix[i * n + j] += largest * w->null[i] * w->null[j];
    LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', order, w->matrix, order, w->d, w->e, reflectors, w->scratch,
                        (lapack_int)(LAPACK_BLOCK * n));
    spt_lanes_plain.smallest(w->d, w->e, n, value);
}

enum spt_status spt_fiedler_by_lapack(const struct spt_fiedler_problem *problem, size_t n, double *value,
                                      struct spt_error *error) {
    double *a = spt_alloc(n * n, sizeof *a), *null = spt_alloc(2 * n, sizeof *null);
    enum spt_status status = SPT_OK;
    if (a && null) {
        write_matrix(problem, n, a, null);
        if (LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, a, (lapack_int)n, null))
            status = spt_fail(error, SPT_INVALID, NULL, "the eigenvalues of a graph of %zu do not converge", n);
        *value = null[1];
    } else {
        status = spt_fail_memory(error, n * n * sizeof(double), "graphs");
    }
    free(a);
    free(null);
    return status;
}

void spt_fiedler_of(struct spt_fiedler *w, const struct spt_fiedler_problem *problems, size_t count, size_t n,
                    double *values) {
    for (size_t i = 0; i < count;) {
        const bool wide = n <= WIDE_MAX && count - i > w->narrow->lanes;
        const struct spt_lanes_kernel *kernel = wide ? w->wide : w->narrow;
        const size_t part = n > NARROW_MAX ? 1 : min_of(count - i, kernel->lanes);
        if (n > NARROW_MAX)
            solve_one(w, &problems[i], n, &values[i]);
        else
            solve_lanes(w, kernel, &problems[i], part, n, &values[i]);
        i += part;
    }
}
