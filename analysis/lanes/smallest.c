/* The smallest eigenvalue of tridiagonal matrices in lanes, between bounds that hold: Laguerre's iteration from below.
 *
 * At a shift x below every eigenvalue the pivots of T - x are positive, and their logarithmic derivatives, which the
 * recurrence of the pivots gives along with them, sum to S1 = sum 1/(lambda - x) and S2 = sum 1/(lambda - x)^2, all terms
 * of one sign. Then the smallest eigenvalue lies
 *
 *     at most at x + S1 / S2, since S2 <= S1 / (lambda_1 - x), and
 *     at least at Laguerre's x + m / (S1 + sqrt((m - 1) (m S2 - S1^2))), m the order,
 *
 * and both close in on it, the lower one cubically, unless eigenvalues coincide: then S1^2 / S2 tells how many, and
 * Laguerre's formula for so many is tried once. A pivot that is not positive takes the shift back. What is still open
 * then is cut by half every second shift.
 */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

#include <string.h>

void SPT_LANES_NAME(smallest)(const double *d, const double *e, size_t m, double *value);

/* Bounds this close, as a share of the norm, are one value. */
#define CLOSE 0x1p-48

/* The first shift is below 0 by this share of the norm, so that an eigenvalue of 0 has positive pivots. */
#define BELOW 0x1p-32

/* The shift that is for eigenvalues that coincide. Simple ones are found before it. */
#define BOLD 6

#define SHIFTS 120

struct bounds {
    const vec *d, *e; /* [m] */
    size_t m;
    vec low, high;
};

/* S1 and S2 at x, and which lanes have positive pivots only: in the others the sums mean nothing. */
static lane_mask sums_at(const struct bounds *b, vec x, vec *sum1, vec *sum2) {
    vec pivot = b->d[0] - x, inverse = vec_of(1) / pivot, least = pivot;
    vec r = -inverse, t = vec_of(0); /* first and second derivative of the pivot over the pivot */
    vec s1 = inverse, s2 = r * r;
    for (size_t i = 1; i < b->m; i++) {
        const vec z = b->e[i - 1] * b->e[i - 1] * inverse, r2 = r * r;
        pivot = (b->d[i] - x) - z;
        inverse = vec_of(1) / pivot;
        least = vec_min(pivot, least);
        t = z * vec_fnma(vec_of(2), r2, t) * inverse;
        r = vec_fma(z, r, vec_of(-1)) * inverse;
        s1 -= r;
        s2 += vec_fma(r, r, -t);
    }
    *sum1 = s1;
    *sum2 = s2;
    return vec_less(vec_of(0), least);
}

/* Laguerre's step for a smallest eigenvalue that stands for `multiple` of them. */
static inline vec laguerre(vec m, vec multiple, vec s1, vec s2) {
    const vec spread = vec_max(vec_fnma(s1, s1, m * s2), vec_of(0));
    return m / (s1 + vec_sqrt((m - multiple) / multiple * spread));
}

/* The largest sum of a row of absolute values. */
static vec norm_of(const vec *d, const vec *e, size_t m) {
    vec norm = vec_of(0), before = vec_of(0);
    for (size_t i = 0; i < m; i++) {
        const vec after = i + 1 < m ? vec_abs(e[i]) : vec_of(0);
        norm = vec_max(vec_abs(d[i]) + before + after, norm);
        before = after;
    }
    return norm;
}

/* Whole numbers of at least 1. */
static vec whole_part(vec x) {
    double part[LANES];
    memcpy(part, &x, sizeof x);
    for (size_t i = 0; i < LANES; i++) part[i] = part[i] > 1 ? floor(part[i]) : 1;
    memcpy(&x, part, sizeof x);
    return x;
}

/* The shift after a good one that bounds have been taken from. */
static vec next_shift(const struct bounds *b, size_t shift, vec x, vec s1, vec s2) {
    const vec order = vec_of((double)b->m);
    if (shift == BOLD) return vec_max(x + laguerre(order, vec_min(whole_part(s1 * s1 / s2), order), s1, s2), b->low);
    if (shift < BOLD || shift % 2) return b->low;
    return vec_of(0.5) * (b->low + b->high);
}

void SPT_LANES_NAME(smallest)(const double *d, const double *e, size_t m, double *value) {
    const vec order = vec_of((double)m), one = vec_of(1);
    const vec norm = norm_of((const vec *)d, (const vec *)e, m), close = vec_of(CLOSE) * norm;
    struct bounds b = {.d = (const vec *)d, .e = (const vec *)e, .m = m, .low = vec_of(-BELOW) * norm, .high = norm};
    vec x = b.low;
    lane_mask open = vec_less(vec_of(0), one);
    for (size_t shift = 1; shift <= SHIFTS; shift++) {
        vec s1, s2;
        const lane_mask good = sums_at(&b, x, &s1, &s2);
        const vec high = vec_min(vec_pick(good, x + s1 / s2, x), b.high);
        const vec low = vec_max(vec_pick(good, x + laguerre(order, one, s1, s2), b.low), b.low);
        b.high = vec_pick(open, high, b.high);
        b.low = vec_pick(open, low, b.low);
        open = vec_less(close, b.high - b.low);
        if (!lane_bits(open)) break;
        x = vec_pick(good, next_shift(&b, shift, x, s1, s2), b.low);
        x = vec_pick(open, vec_min(x, b.high), b.low);
    }
    *(vec *)value = vec_max(b.low, vec_of(0));
}
