/* Golub and Kahan's bidiagonalisation in lanes, one pass over the matrix a step.
 *
 * The two reflections of a step, A <- (1 - tau v v^T) A (1 - pi u u^T), are a change of rank two, A - v w^T - z u^T
 * with w = tau A^T v and z = pi (A - v w^T) u. It is not applied at once: the next step's pass applies it to a column,
 * forms that column's w_j, with it the column's entry r_j of the row that is to be reflected, and adds the column times
 * r_j to A r, from which z follows, u being r but for its first entry. So a column is read and written once a step,
 * while it lies in the first cache, where LAPACK's dgebd2 goes over the matrix four times (Howell, Demmel, Fulton,
 * Hammarling, Marmol 2008).
 */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/reflector.h"
#include "analysis/lanes/vector.h"

void SPT_LANES_NAME(bidiagonalise)(double *a, size_t n, double *scratch, double *d, double *e);

/* Columns that go through a pass together: v and z are read once for all of them. */
#define GROUP 4

struct step {
    size_t k, n;
    const vec *v;             /* [n] by row, from k on: this step's; not scaled */
    vec *z;                   /* [n] by row: A r */
    const vec *old_v, *old_z; /* [n] of the last step, still to be applied */
    vec *w, *u;               /* [n] by column: the last step's, replaced column by column by this step's; u by r */
    vec tau;                  /* of v */
    vec norm2, w_r;           /* sums of r_j^2 and w_j r_j */
};

static inline __attribute__((always_inline)) void pass_columns(struct step *s, vec *column, size_t j, size_t count) {
    const size_t n = s->n, k = s->k, stride = SPT_LANES_STRIDE(n);
    vec old_w[GROUP], old_u[GROUP], dot[GROUP], r[GROUP];
    for (size_t c = 0; c < count; c++) {
        old_w[c] = s->w[j + c];
        old_u[c] = s->u[j + c];
        dot[c] = vec_of(0);
    }
    for (size_t i = k; i < n; i++) {
        const vec v = s->v[i], old_v = s->old_v[i], old_z = s->old_z[i];
        for (size_t c = 0; c < count; c++) {
            const vec x = vec_fnma(old_z, old_u[c], vec_fnma(old_v, old_w[c], column[c * stride + i]));
            column[c * stride + i] = x;
            dot[c] = vec_fma(v, x, dot[c]);
        }
    }
    for (size_t c = 0; c < count; c++) {
        const vec w = s->tau * dot[c];
        r[c] = vec_fnma(s->v[k], w, column[c * stride + k]);
        s->w[j + c] = w;
        s->u[j + c] = r[c];
        s->norm2 = vec_fma(r[c], r[c], s->norm2);
        s->w_r = vec_fma(w, r[c], s->w_r);
    }
    for (size_t i = k + 1; i < n; i++) {
        vec z = s->z[i];
        for (size_t c = 0; c < count; c++) z = vec_fma(column[c * stride + i], r[c], z);
        s->z[i] = z;
    }
}

/* Applies the last step to column k, reflects it and returns what the reflection leaves; the column becomes v. */
static vec reflect_column(struct step *s, vec *column) {
    const vec w = s->w[s->k], u = s->u[s->k];
    vec norm2[2] = {vec_of(0), vec_of(0)}, left;
    for (size_t i = s->k; i < s->n; i++) {
        const vec x = vec_fnma(s->old_z[i], u, vec_fnma(s->old_v[i], w, column[i]));
        column[i] = x;
        norm2[i % 2] = vec_fma(x, x, norm2[i % 2]);
    }
    s->tau = vec_reflector(column[s->k], norm2[0] + norm2[1], &left);
    column[s->k] -= left;
    s->v = column;
    return left;
}

/* Reflects row k, whose entries are in u, and finishes z; returns what the reflection leaves. */
static vec reflect_row(struct step *s, const vec *first /* [n] column k + 1 */) {
    vec left;
    const size_t k = s->k;
    const vec pi = vec_reflector(s->u[k + 1], s->norm2, &left);
    const vec w_u = vec_fnma(left, s->w[k + 1], s->w_r);
    s->u[k + 1] -= left;
    for (size_t i = k + 1; i < s->n; i++) s->z[i] = pi * vec_fnma(w_u, s->v[i], vec_fnma(left, first[i], s->z[i]));
    return left;
}

void SPT_LANES_NAME(bidiagonalise)(double *a, size_t n, double *scratch, double *d, double *e) {
    vec *columns = (vec *)a, *diagonal = (vec *)d, *superdiagonal = (vec *)e;
    const size_t stride = SPT_LANES_STRIDE(n);
    vec *z = (vec *)scratch, *old_z = z + stride;
    struct step s = {.n = n, .w = z + 2 * stride, .u = z + 3 * stride, .old_v = columns};
    for (size_t i = 0; i < n; i++) s.w[i] = s.u[i] = old_z[i] = vec_of(0);
    for (size_t k = 0; k < n; k++) {
        s.k = k;
        s.z = z;
        s.old_z = old_z;
        s.norm2 = s.w_r = superdiagonal[k] = vec_of(0);
        diagonal[k] = reflect_column(&s, columns + k * stride);
        if (k + 1 == n) break;
        for (size_t i = k + 1; i < n; i++) z[i] = vec_of(0);
        size_t j = k + 1;
        for (; j + GROUP <= n; j += GROUP) pass_columns(&s, columns + j * stride, j, GROUP);
        for (; j < n; j++) pass_columns(&s, columns + j * stride, j, 1);
        superdiagonal[k] = reflect_row(&s, columns + (k + 1) * stride);
        s.old_v = s.v;
        vec *swap = z;
        z = old_z;
        old_z = swap;
    }
}
