#include "analysis/rmt/spectrum.h"

#include "checkpoints/base/memory.h"

#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct spt_spectrum {
    size_t n_max;
    double *matrix; /* [n_max, n_max] */
    double *work;
    lapack_int work_length;
    lapack_int *integers; /* [8 n_max] */
};

static bool is_finite(const double *a, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(a[i])) return false;
    return true;
}

static void fill_nan(double *s, size_t n) {
    for (size_t i = 0; i < n; i++) s[i] = NAN;
}

enum spt_status spt_spectrum_new(size_t n_max, struct spt_spectrum **workspace, struct spt_error *error) {
    struct spt_spectrum *w = spt_alloc_zeroed(1, sizeof *w);
    if (!w) return spt_fail_memory(error, sizeof *w, "spectra");
    double length = 0;
    const lapack_int n = (lapack_int)n_max;
    w->n_max = n_max;
    LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'N', n, n, NULL, n, NULL, NULL, 1, NULL, 1, &length, -1, NULL);
    w->work_length = (lapack_int)length;
    w->matrix = spt_alloc(n_max * n_max, sizeof(double));
    w->work = spt_alloc((size_t)w->work_length, sizeof(double));
    w->integers = spt_alloc(8 * n_max, sizeof(lapack_int));
    if (!w->matrix || !w->work || !w->integers) {
        spt_spectrum_free(w);
        return spt_fail_memory(error, n_max * n_max * sizeof(double), "spectra");
    }
    *workspace = w;
    return SPT_OK;
}

void spt_spectrum_free(struct spt_spectrum *workspace) {
    if (!workspace) return;
    free(workspace->matrix);
    free(workspace->work);
    free(workspace->integers);
    free(workspace);
}

enum spt_status spt_spectrum_of(struct spt_spectrum *workspace, const double *const *a, size_t count, size_t n,
                                double *const *s, struct spt_error *error) {
    const lapack_int order = (lapack_int)n;
    for (size_t m = 0; m < count; m++) {
        if (!is_finite(a[m], n * n)) {
            fill_nan(s[m], n);
            continue;
        }
        memcpy(workspace->matrix, a[m], n * n * sizeof(double));
        if (LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'N', order, order, workspace->matrix, order, s[m], NULL, 1, NULL, 1,
                                workspace->work, workspace->work_length, workspace->integers))
            return spt_fail(error, SPT_INVALID, NULL, "the singular values of a matrix of order %zu do not converge",
                            n);
    }
    return SPT_OK;
}

enum spt_status spt_spectrum_of_lapack(double *a, size_t n, double *s, struct spt_error *error) {
    if (!is_finite(a, n * n)) {
        fill_nan(s, n);
        return SPT_OK;
    }
    const lapack_int order = (lapack_int)n;
    if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'N', order, order, a, order, s, NULL, 1, NULL, 1))
        return spt_fail(error, SPT_INVALID, NULL, "the singular values of a matrix of order %zu do not converge", n);
    return SPT_OK;
}
