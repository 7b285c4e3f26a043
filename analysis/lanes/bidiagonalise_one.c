/* The same one-pass bidiagonalisation as bidiagonalise.c for one large matrix, vectors running down its columns:
 * eight matrices of this size do not fit into a core's cache.
 *
 * Rows before the step's are dead: v is 0 there, and whatever else they hold is never used.
 */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

#include <string.h>

void SPT_LANES_NAME(bidiagonalise_one)(double *a, size_t n, double *scratch, double *d, double *e);

#define GROUP 4

struct step {
    size_t k, blocks;         /* the step, and vectors in a column */
    size_t first;             /* the vector that holds row k */
    const vec *v;             /* [blocks] this step's */
    vec *z;                   /* [blocks] A r */
    const vec *old_v, *old_z; /* [blocks] of the last step, still to be applied */
    double *w, *u;            /* [n] by column: the last step's, replaced column by column by this step's; u by r */
    double tau;               /* of v */
    double norm2, w_r;        /* sums of r_j^2 and w_j r_j */
};

static inline double sum_of(vec x) {
    double part[LANES], sum = 0;
    memcpy(part, &x, sizeof x);
    for (size_t i = 0; i < LANES; i++) sum += part[i];
    return sum;
}

/* 2 / |v|^2 for the reflector of a vector whose first entry and squared norm these are, and the entry that it leaves.
 */
static double reflector(double first, double norm2, double *left) {
    *left = 0;
    if (!(norm2 > SPT_LANES_TINY_SQUARE)) return 0;
    const double norm = sqrt(norm2);
    *left = first < 0 ? norm : -norm;
    return 1 / (norm2 + norm * fabs(first));
}

static inline __attribute__((always_inline)) void pass_columns(struct step *s, vec *column, size_t j, size_t count) {
    const size_t blocks = s->blocks;
    vec old_w[GROUP], old_u[GROUP], dot[GROUP], r[GROUP];
    for (size_t c = 0; c < count; c++) {
        old_w[c] = vec_of(s->w[j + c]);
        old_u[c] = vec_of(s->u[j + c]);
        dot[c] = vec_of(0);
    }
    for (size_t i = s->first; i < blocks; i++) {
        const vec v = s->v[i], old_v = s->old_v[i], old_z = s->old_z[i];
        for (size_t c = 0; c < count; c++) {
            const vec x = vec_fnma(old_z, old_u[c], vec_fnma(old_v, old_w[c], column[c * blocks + i]));
            column[c * blocks + i] = x;
            dot[c] = vec_fma(v, x, dot[c]);
        }
    }
    for (size_t c = 0; c < count; c++) {
        const double *x = (const double *)(column + c * blocks), v = ((const double *)s->v)[s->k];
        const double w = s->tau * sum_of(dot[c]), entry = x[s->k] - v * w;
        s->w[j + c] = w;
        s->u[j + c] = entry;
        s->norm2 += entry * entry;
        s->w_r += w * entry;
        r[c] = vec_of(entry);
    }
    for (size_t i = s->first; i < blocks; i++) {
        vec z = s->z[i];
        for (size_t c = 0; c < count; c++) z = vec_fma(column[c * blocks + i], r[c], z);
        s->z[i] = z;
    }
}

/* Applies the last step to column k, reflects it and returns what the reflection leaves; the column becomes v. */
static double reflect_column(struct step *s, vec *column) {
    const vec w = vec_of(s->w[s->k]), u = vec_of(s->u[s->k]);
    double *x = (double *)column, left;
    vec norm2 = vec_of(0);
    for (size_t i = s->first; i < s->blocks; i++) {
        column[i] = vec_fnma(s->old_z[i], u, vec_fnma(s->old_v[i], w, column[i]));
        if (i == s->first)
            for (size_t dead = i * LANES; dead < s->k; dead++) x[dead] = 0;
        norm2 = vec_fma(column[i], column[i], norm2);
    }
    s->tau = reflector(x[s->k], sum_of(norm2), &left);
    x[s->k] -= left;
    s->v = column;
    return left;
}

/* Reflects row k, whose entries are in u, and finishes z; returns what the reflection leaves. */
static double reflect_row(struct step *s, const vec *first /* [blocks] column k + 1 */) {
    double left;
    const double pi = reflector(s->u[s->k + 1], s->norm2, &left), w_u = s->w_r - left * s->w[s->k + 1];
    s->u[s->k + 1] -= left;
    for (size_t i = s->first; i < s->blocks; i++)
        s->z[i] = vec_of(pi) * vec_fnma(vec_of(w_u), s->v[i], vec_fnma(vec_of(left), first[i], s->z[i]));
    for (size_t dead = s->first * LANES; dead <= s->k; dead++) ((double *)s->z)[dead] = 0;
    return left;
}

void SPT_LANES_NAME(bidiagonalise_one)(double *a, size_t n, double *scratch, double *d, double *e) {
    const size_t stride = SPT_ONE_STRIDE(n), blocks = stride / LANES;
    vec *columns = (vec *)a, *z = (vec *)scratch, *old_z = z + blocks;
    struct step s = {.blocks = blocks, .w = scratch + 2 * stride, .u = scratch + 3 * stride, .old_v = columns};
    memset(scratch, 0, 4 * stride * sizeof *scratch);
    for (size_t k = 0; k < n; k++) {
        s.k = k;
        s.first = k / LANES;
        s.z = z;
        s.old_z = old_z;
        s.norm2 = s.w_r = e[k] = 0;
        d[k] = reflect_column(&s, columns + k * blocks);
        if (k + 1 == n) break;
        for (size_t i = s.first; i < blocks; i++) z[i] = vec_of(0);
        size_t j = k + 1;
        for (; j + GROUP <= n; j += GROUP) pass_columns(&s, columns + j * blocks, j, GROUP);
        for (; j < n; j++) pass_columns(&s, columns + j * blocks, j, 1);
        e[k] = reflect_row(&s, columns + (k + 1) * blocks);
        s.old_v = s.v;
        vec *swap = z;
        z = old_z;
        old_z = swap;
    }
}
