/* Vectors of doubles, one matrix a lane, in the width the including file is compiled for: eight lanes with AVX-512,
 * four with AVX2 and FMA, else one. Included by kernels only, which are compiled once for each width.
 *
 * Every operation is rounded alike in each lane and width; only the fused multiply-add is a multiplication and an
 * addition where the machine has none.
 */
#ifndef SPT_LANES_VECTOR_H
#define SPT_LANES_VECTOR_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#if defined __AVX512F__
#include <immintrin.h>

#define LANES 8
typedef __m512d vec;
typedef __mmask8 lane_mask;

static inline vec vec_of(double x) {
    return _mm512_set1_pd(x);
}
/* a * b + c */
static inline vec vec_fma(vec a, vec b, vec c) {
    return _mm512_fmadd_pd(a, b, c);
}
/* c - a * b */
static inline vec vec_fnma(vec a, vec b, vec c) {
    return _mm512_fnmadd_pd(a, b, c);
}
static inline vec vec_sqrt(vec x) {
    return _mm512_sqrt_pd(x);
}
static inline vec vec_min(vec a, vec b) {
    return _mm512_min_pd(a, b);
}
static inline vec vec_max(vec a, vec b) {
    return _mm512_max_pd(a, b);
}
static inline vec vec_abs(vec x) {
    return _mm512_abs_pd(x);
}
static inline lane_mask vec_less(vec a, vec b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}
static inline vec vec_pick(lane_mask mask, vec yes, vec no) {
    return _mm512_mask_blend_pd(mask, no, yes);
}
static inline unsigned lane_bits(lane_mask mask) {
    return mask;
}

#elif defined __AVX2__ && defined __FMA__
#include <immintrin.h>

#define LANES 4
typedef __m256d vec;
typedef __m256d lane_mask;

static inline vec vec_of(double x) {
    return _mm256_set1_pd(x);
}
static inline vec vec_fma(vec a, vec b, vec c) {
    return _mm256_fmadd_pd(a, b, c);
}
static inline vec vec_fnma(vec a, vec b, vec c) {
    return _mm256_fnmadd_pd(a, b, c);
}
static inline vec vec_sqrt(vec x) {
    return _mm256_sqrt_pd(x);
}
static inline vec vec_min(vec a, vec b) {
    return _mm256_min_pd(a, b);
}
static inline vec vec_max(vec a, vec b) {
    return _mm256_max_pd(a, b);
}
static inline vec vec_abs(vec x) {
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x);
}
static inline lane_mask vec_less(vec a, vec b) {
    return _mm256_cmp_pd(a, b, _CMP_LT_OQ);
}
static inline vec vec_pick(lane_mask mask, vec yes, vec no) {
    return _mm256_blendv_pd(no, yes, mask);
}
static inline unsigned lane_bits(lane_mask mask) {
    return (unsigned)_mm256_movemask_pd(mask);
}

#else

#define LANES 1
typedef double vec;
typedef bool lane_mask;

static inline vec vec_of(double x) {
    return x;
}
static inline vec vec_fma(vec a, vec b, vec c) {
    return a * b + c;
}
static inline vec vec_fnma(vec a, vec b, vec c) {
    return c - a * b;
}
static inline vec vec_sqrt(vec x) {
    return sqrt(x);
}
static inline vec vec_min(vec a, vec b) {
    return a < b ? a : b;
}
static inline vec vec_max(vec a, vec b) {
    return a > b ? a : b;
}
static inline vec vec_abs(vec x) {
    return fabs(x);
}
static inline lane_mask vec_less(vec a, vec b) {
    return a < b;
}
static inline vec vec_pick(lane_mask mask, vec yes, vec no) {
    return mask ? yes : no;
}
static inline unsigned lane_bits(lane_mask mask) {
    return mask;
}

#endif

/* The i-th number of each lane's array. */
static inline vec vec_gather(const double *const *a, size_t i) {
#if LANES == 8
    return (vec){a[0][i], a[1][i], a[2][i], a[3][i], a[4][i], a[5][i], a[6][i], a[7][i]};
#elif LANES == 4
    return (vec){a[0][i], a[1][i], a[2][i], a[3][i]};
#else
    return a[0][i];
#endif
}

#endif
