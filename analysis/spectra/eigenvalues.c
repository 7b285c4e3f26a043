#include "analysis/spectra/eigenvalues.h"

#include "analysis/random.h"
#include "checkpoints/base/memory.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PANEL 32 /* columns that LAPACK reduces at a time */

/* --- all --- */

enum spt_status spt_eigenvalues_of(double *gram, size_t order, double *scratch, struct spt_error *error) {
    double *values = scratch, *beside = values + order, *tau = beside + order, *work = tau + order;
    const lapack_int n = (lapack_int)order;
    if (LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', n, gram, n, values, beside, tau, work, n * PANEL) ||
        LAPACKE_dsterf_work(n, values, beside))
        return spt_fail(error, SPT_INVALID, NULL, "the eigenvalues of a matrix of order %zu do not converge", order);
    return SPT_OK;
}

/* --- the two largest --- */

#define BLOCK     4     /* vectors that are multiplied at a time: a pair of equal values is found too */
#define BASIS     48    /* vectors at most */
#define KEPT      12    /* at a restart */
#define PRODUCTS  100   /* blocks, before the plain way is taken */
#define SMALL     384   /* up to this order the plain way is as fast */
#define TOLERANCE 1e-9  /* of a residual, in units of the largest value */
#define NOTHING   1e-13 /* what is left of a vector that lies in the basis */
#define SEED      0x5350454354UL

/* A basis Q and G Q, column by column. */
struct krylov {
    const double *gram;
    size_t n, count;
    double *q, *gq;              /* [n, BASIS] */
    double *temporary;           /* [n, KEPT] */
    double small[BASIS * BASIS]; /* Q^T G Q, then its eigenvectors */
    double theta[BASIS];         /* ascending */
};

size_t spt_eigenvalues_scratch(size_t order) {
    size_t doubles;
    return spt_multiply(order, 2 * BASIS + KEPT, &doubles) ? doubles : 0;
}

_Static_assert(2 * BASIS + KEPT >= 3 + PANEL, "both ways have the scratch they need");

static double *column(double *of, size_t n, size_t i) {
    return of + i * n;
}

/* Makes v orthogonal to the basis, twice, and of length 1. false: nothing is left of it. */
static bool orthonormalise(const struct krylov *k, double *v) {
    const blasint n = (blasint)k->n, count = (blasint)k->count;
    double with[BASIS];
    const double before = cblas_dnrm2(n, v, 1);
    for (int pass = 0; pass < 2 && count; pass++) {
        cblas_dgemv(CblasColMajor, CblasTrans, n, count, 1, k->q, n, v, 1, 0, with, 1);
        cblas_dgemv(CblasColMajor, CblasNoTrans, n, count, -1, k->q, n, with, 1, 1, v, 1);
    }
    const double length = cblas_dnrm2(n, v, 1);
    if (!(length > NOTHING * before)) return false;
    cblas_dscal(n, 1 / length, v, 1);
    return true;
}

/* Multiplies what has been added to the basis since there were first. */
static void multiply_from(struct krylov *k, size_t first) {
    const blasint n = (blasint)k->n;
    for (size_t i = first; i < k->count; i++)
        cblas_dsymv(CblasColMajor, CblasLower, n, 1, k->gram, n, column(k->q, k->n, i), 1, 0, column(k->gq, k->n, i),
                    1);
}

static void start(struct krylov *k) {
    struct spt_random random;
    spt_random_seed(&random, SEED);
    while (k->count < BLOCK) {
        double *v = column(k->q, k->n, k->count);
        for (size_t i = 0; i < k->n; i++) v[i] = spt_random_uniform(&random) - 0.5;
        if (orthonormalise(k, v)) k->count++;
    }
    multiply_from(k, 0);
}

/* The Ritz values and vectors of the basis. */
static bool project(struct krylov *k) {
    const blasint n = (blasint)k->n, count = (blasint)k->count;
    double work[BASIS * PANEL];
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, count, n, 1, k->q, n, k->gq, n, 0, k->small, count);
    return LAPACKE_dsyev_work(LAPACK_COL_MAJOR, 'V', 'L', count, k->small, count, k->theta, work, BASIS * PANEL) == 0;
}

/* What G does to the place-th Ritz vector from the top beyond stretching it; its length. */
static double residual(const struct krylov *k, size_t place, double *r) {
    const blasint n = (blasint)k->n, count = (blasint)k->count;
    const size_t at = k->count - 1 - place;
    cblas_dgemv(CblasColMajor, CblasNoTrans, n, count, 1, k->gq, n, k->small + at * k->count, 1, 0, r, 1);
    cblas_dgemv(CblasColMajor, CblasNoTrans, n, count, -k->theta[at], k->q, n, k->small + at * k->count, 1, 1, r, 1);
    return cblas_dnrm2(n, r, 1);
}

static void keep_of(struct krylov *k, double *of) {
    const blasint n = (blasint)k->n, count = (blasint)k->count;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, KEPT, count, 1, of, n,
                k->small + (k->count - KEPT) * k->count, count, 0, k->temporary, n);
    memcpy(of, k->temporary, k->n * KEPT * sizeof *of);
}

/* The basis goes on as its KEPT largest Ritz vectors. */
static bool restart(struct krylov *k) {
    keep_of(k, k->q);
    keep_of(k, k->gq);
    k->count = KEPT;
    return project(k);
}

/* One block more; *done where the two largest values stand. false: it does not work. */
static bool step(struct krylov *k, bool *done) {
    if (!project(k)) return false;
    const double bound = TOLERANCE * k->theta[k->count - 1];
    double *r = k->temporary;
    *done = residual(k, 0, r) <= bound && residual(k, 1, r) <= bound;
    if (*done) return true;
    if (k->count + BLOCK > BASIS && !restart(k)) return false;
    const size_t first = k->count;
    double *fresh = column(k->q, k->n, first);
    size_t added = 0;
    for (size_t place = 0; place < BLOCK; place++) (void)residual(k, place, column(fresh, k->n, place));
    for (size_t place = 0; place < BLOCK; place++) {
        double *v = column(fresh, k->n, added);
        if (place != added) memcpy(v, column(fresh, k->n, place), k->n * sizeof *v);
        if (!orthonormalise(k, v)) continue;
        added++;
        k->count++;
    }
    multiply_from(k, first);
    return added > 0;
}

enum spt_status spt_eigenvalues_leading(double *gram, size_t order, double *scratch, double *leading,
                                        struct spt_error *error) {
    struct krylov k = {.gram = gram,
                       .n = order,
                       .q = scratch,
                       .gq = scratch + order * BASIS,
                       .temporary = scratch + 2 * order * BASIS};
    bool works = order > SMALL, done = false;
    if (works) start(&k);
    for (size_t i = 0; works && !done && i < PRODUCTS; i++) works = step(&k, &done);
    if (done) {
        leading[0] = k.theta[k.count - 1];
        leading[1] = k.theta[k.count - 2];
        return SPT_OK;
    }
    const enum spt_status status = spt_eigenvalues_of(gram, order, scratch, error);
    if (status != SPT_OK) return status;
    leading[0] = scratch[order - 1];
    leading[1] = order > 1 ? scratch[order - 2] : 0;
    return SPT_OK;
}
