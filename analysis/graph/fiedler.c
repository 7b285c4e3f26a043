#include "analysis/graph/fiedler.h"

#include "analysis/graph/fiedler_internal.h"
#include "checkpoints/base/memory.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

/* Up to this order the lower triangles of a whole vector of matrices (400 KB) stay in the second cache of every core
 * that has eight lanes; beyond, four at a time. Eight take 0.8 of the time of four, from n = 40 to this. */
#define WIDE_MAX 112

struct spt_fiedler {
    const struct spt_lanes_kernel *wide, *narrow;
    double *matrix;                 /* [n_max, SPT_LANES_STRIDE(n_max), lanes] */
    double *scratch, *null, *d, *e; /* of the kernels; [n_max, lanes] but for scratch */
};

static size_t max_of(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t min_of(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t matrix_length(size_t n) {
    const size_t wide = min_of(n, WIDE_MAX);
    return max_of(wide * SPT_LANES_STRIDE(wide) * SPT_LANES_MAX, n * SPT_LANES_STRIDE(n) * 4);
}

enum spt_status spt_fiedler_new(size_t n_max, struct spt_fiedler **workspace, struct spt_error *error) {
    struct spt_fiedler *w = spt_alloc_zeroed(1, sizeof *w);
    if (!w) return spt_fail_memory(error, sizeof *w, "graphs");
    w->wide = spt_lanes_widest();
    w->narrow = spt_lanes_narrow();
    w->matrix = spt_alloc(matrix_length(n_max), sizeof(double));
    w->scratch = spt_alloc(SPT_TRIDIAGONALISE_SCRATCH(n_max) * SPT_LANES_MAX, sizeof(double));
    w->null = spt_alloc(n_max * SPT_LANES_MAX, sizeof(double));
    w->d = spt_alloc(n_max * SPT_LANES_MAX, sizeof(double));
    w->e = spt_alloc(n_max * SPT_LANES_MAX, sizeof(double));
    if (!w->matrix || !w->scratch || !w->null || !w->d || !w->e) {
        spt_fiedler_free(w);
        return spt_fail_memory(error, matrix_length(n_max) * sizeof(double), "graphs");
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

void spt_fiedler_of(struct spt_fiedler *w, const struct spt_fiedler_problem *problems, size_t count, size_t n,
                    double *values) {
    for (size_t i = 0; i < count;) {
        const bool wide = n <= WIDE_MAX && count - i > w->narrow->lanes;
        const struct spt_lanes_kernel *kernel = wide ? w->wide : w->narrow;
        const size_t part = min_of(count - i, kernel->lanes);
        solve_lanes(w, kernel, &problems[i], part, n, &values[i]);
        i += part;
    }
}

/* --- by LAPACK --- */

/*   a     [n, n] out: both triangles
 *   root  [n] out: square roots of the degrees, or 1 */
static void write_matrix(const struct spt_fiedler_problem *problem, size_t n, double *a, double *root) {
    for (size_t i = 0; i < n; i++) {
        double degree = 0;
        for (size_t j = 0; j < n; j++) {
            const double w = problem->weight[i * n + j];
            degree += a[i * n + j] = w > problem->tau ? w : 0;
        }
        a[i * n + i] = problem->normalised ? degree > 0 : degree;
        root[i] = problem->normalised ? sqrt(degree) : 1;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j) a[i * n + j] = root[i] * root[j] > 0 ? -a[i * n + j] / root[i] / root[j] : 0;
}

enum spt_status spt_fiedler_by_lapack(const struct spt_fiedler_problem *problem, size_t n, double *value,
                                      struct spt_error *error) {
    double *a = spt_alloc(n * n, sizeof *a), *values = spt_alloc(n, sizeof *values);
    enum spt_status status = SPT_OK;
    if (a && values) {
        write_matrix(problem, n, a, values);
        if (LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int)n, a, (lapack_int)n, values))
            status = spt_fail(error, SPT_INVALID, NULL, "the eigenvalues of a graph of %zu do not converge", n);
        *value = values[1];
    } else {
        status = spt_fail_memory(error, n * n * sizeof(double), "graphs");
    }
    free(a);
    free(values);
    return status;
}
