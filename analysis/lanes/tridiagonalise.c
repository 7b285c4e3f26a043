/* Householder's tridiagonalisation of graph matrices in lanes, values only, the known null vector taken out first; one
 * pass over the matrix a step.
 *
 * A reflection of both sides, A <- H A H with H = 1 - tau v v^T, is a change of rank two, A - v q^T - q v^T with
 * q = p - (tau / 2) (p^T v) v and p = tau A v. It is not applied at once: the next step first brings the one column up
 * to date that its v is made of, and its pass applies the change to the others while it forms A v from them. So the
 * lower triangle is read and written once a step, while it lies in the first caches, where LAPACK's dsytd2 goes over it
 * twice.
 *
 * The first reflection turns the null vector to the first axis: its row and column are 0 then, and what is left has the
 * other eigenvalues, the smallest of which is the one that is asked for.
 */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/reflector.h"
#include "analysis/lanes/vector.h"

void SPT_LANES_NAME(tridiagonalise)(double *a, size_t n, const double *null, double *scratch, double *d, double *e);

/* Columns that go through a pass together: what runs along them is read once for all of them. As many as the registers
 * hold; at n = 50, four lanes took 6.8 us a matrix with 4 and 4.9 with 3, eight lanes 4.8 to 4.9 with 4, 5 or 6. */
#define GROUP (LANES == 8 ? 4 : 3)

struct step {
    size_t n, first;          /* order; first row and column that the step changes */
    vec *v;                   /* [n] this step's; not scaled */
    vec *p;                   /* [n] A v, then q */
    const vec *old_v, *old_q; /* [n] of the last step, still to be applied */
    vec tau;
};

static inline __attribute__((always_inline)) void pass_columns(const struct step *s, vec *column, size_t j,
                                                               size_t count) {
    const size_t n = s->n, stride = SPT_LANES_STRIDE(n);
    vec old_v[GROUP], old_q[GROUP], v[GROUP], p[GROUP];
    for (size_t c = 0; c < count; c++) {
        old_v[c] = s->old_v[j + c];
        old_q[c] = s->old_q[j + c];
        v[c] = s->v[j + c];
        p[c] = vec_of(0);
    }
    for (size_t c = 0; c < count; c++) { /* the corner on the diagonal */
        vec *corner = column + c * stride;
        const vec top = vec_fnma(old_v[c], old_q[c], vec_fnma(old_q[c], old_v[c], corner[j + c]));
        corner[j + c] = top;
        p[c] = vec_fma(top, v[c], p[c]);
        for (size_t i = j + c + 1; i < j + count; i++) {
            const vec x = vec_fnma(s->old_v[i], old_q[c], vec_fnma(s->old_q[i], old_v[c], corner[i]));
            corner[i] = x;
            s->p[i] = vec_fma(x, v[c], s->p[i]);
            p[c] = vec_fma(x, s->v[i], p[c]);
        }
    }
    for (size_t i = j + count; i < n; i++) {
        const vec old_vi = s->old_v[i], old_qi = s->old_q[i], vi = s->v[i];
        vec pi = s->p[i];
        for (size_t c = 0; c < count; c++) {
            const vec x = vec_fnma(old_vi, old_q[c], vec_fnma(old_qi, old_v[c], column[c * stride + i]));
            column[c * stride + i] = x;
            pi = vec_fma(x, v[c], pi);
            p[c] = vec_fma(x, vi, p[c]);
        }
        s->p[i] = pi;
    }
    for (size_t c = 0; c < count; c++) s->p[j + c] += p[c];
}

/* q from p = tau A v. */
static void make_q(const struct step *s) {
    vec dot = vec_of(0);
    for (size_t i = s->first; i < s->n; i++) dot = vec_fma(s->p[i], s->v[i], dot);
    const vec half = vec_of(0.5) * s->tau * dot;
    for (size_t i = s->first; i < s->n; i++) s->p[i] = vec_fnma(half, s->v[i], s->p[i]);
}

/* Applies the last step to the matrix and makes q of this one. */
static void pass(const struct step *s, vec *columns) {
    const size_t n = s->n, stride = SPT_LANES_STRIDE(n);
    for (size_t i = s->first; i < n; i++) s->p[i] = vec_of(0);
    size_t j = s->first;
    for (; j + GROUP <= n; j += GROUP) pass_columns(s, columns + j * stride, j, GROUP);
    for (; j < n; j++) pass_columns(s, columns + j * stride, j, 1);
    for (size_t i = s->first; i < n; i++) s->p[i] *= s->tau;
    make_q(s);
}

/* Applies the last step to column k; returns the square of its norm below the diagonal. */
static vec update_column(const struct step *s, vec *column, size_t k) {
    const vec v = s->old_v[k], q = s->old_q[k];
    vec norm2[2] = {vec_of(0), vec_of(0)};
    column[k] = vec_fnma(s->old_v[k], q, vec_fnma(s->old_q[k], v, column[k]));
    for (size_t i = k + 1; i < s->n; i++) {
        const vec x = vec_fnma(s->old_v[i], q, vec_fnma(s->old_q[i], v, column[i]));
        column[i] = x;
        norm2[i % 2] = vec_fma(x, x, norm2[i % 2]);
    }
    return norm2[0] + norm2[1];
}

void SPT_LANES_NAME(tridiagonalise)(double *a, size_t n, const double *null, double *scratch, double *d, double *e) {
    vec *columns = (vec *)a, *diagonal = (vec *)d, *beside = (vec *)e, left;
    const size_t stride = SPT_LANES_STRIDE(n);
    vec *axis = (vec *)scratch, *p = axis + stride, *old_p = axis + 2 * stride;
    struct step s = {.n = n, .v = axis, .p = p};
    for (size_t i = 0; i < n; i++) axis[i] = ((const vec *)null)[i];
    s.tau = vec_reflector(axis[0], vec_of(1), &left);
    axis[0] -= left;
    for (size_t i = 0; i < n; i++) p[i] = -s.tau * left * columns[i];
    make_q(&s);
    for (size_t k = 1; k < n; k++) {
        vec *column = columns + k * stride;
        s.old_v = s.v;
        s.old_q = p;
        const vec norm2 = update_column(&s, column, k);
        diagonal[k - 1] = column[k];
        beside[k - 1] = vec_of(0);
        if (k + 1 == n) break;
        s.tau = vec_reflector(column[k + 1], norm2, &left);
        column[k + 1] -= left;
        beside[k - 1] = left;
        s.v = column;
        s.p = old_p;
        s.first = k + 1;
        pass(&s, columns);
        old_p = p;
        p = s.p;
    }
}
