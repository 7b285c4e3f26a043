/* Element by element arithmetic that the compiler turns into vector instructions.
 *
 * Functions marked SPT_VECTOR are compiled once for each level of x86-64 and chosen when the program starts. They
 * contain no reduction whose order the compiler may choose, and multiplications and additions are not fused, so every
 * level gives the same bits.
 */
#ifndef SPT_FORWARD_VECTOR_H
#define SPT_FORWARD_VECTOR_H

#include <stdint.h>
#include <string.h>

/* The choice is made by resolvers that run before the sanitizers' runtime is up. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) &&                \
    !defined(__SANITIZE_ADDRESS__)
#define SPT_VECTOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPT_VECTOR
#endif

/* e^x for x <= 0, within 1.5 ulp (relative 1.3e-7) where the result is a normal number; 0 below -87.3, NaN for NaN. x =
 * k ln 2 + r with |r| <= ln 2 / 2, e^r = 1 + r + r^2 P(r), P fitted for the least relative error, 2^k put together from
 * its bits. */
static inline float spt_exp_nonpositive(float x) {
    const float round = 0x1.8p23f; /* adding it leaves the nearest integer in the low bits */
    const float shifted = x * 1.44269504f + round;
    const float k = shifted - round;
    const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
    float p = 0.0013901278f;
    p = p * r + 0.008363162f;
    p = p * r + 0.041666854f;
    p = p * r + 0.16666578f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits + 127u - 0x4b400000u) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof(scale));
    return x < -87.3f ? 0.0f : p * scale;
}

/* ln x for normal x > 0, within 4e-16 of itself where |ln x| > 0.3 and of 0.3 elsewhere; anything for other x. x = 2^k
 * m with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh s, s = (m - 1) / (m + 1), |s| <= 0.1716: ten terms of its series. */
static inline double spt_log_positive(double x) {
    const uint64_t half = 0x3fe6a09e667f3bcd; /* sqrt(1/2) */
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    const uint64_t biased = (bits - half + ((uint64_t)1024 << 52)) >> 52; /* k + 1024, not negative */
    bits -= (biased - 1024) << 52;
    const uint64_t as_double = biased | 0x4330000000000000; /* 2^52 + biased */
    double m, k;
    memcpy(&m, &bits, sizeof(m));
    memcpy(&k, &as_double, sizeof(k));
    k -= 0x1p52 + 1024;
    const double s = (m - 1) / (m + 1), z = s * s;
    double p = 1.0 / 21;
    p = p * z + 1.0 / 19;
    p = p * z + 1.0 / 17;
    p = p * z + 1.0 / 15;
    p = p * z + 1.0 / 13;
    p = p * z + 1.0 / 11;
    p = p * z + 1.0 / 9;
    p = p * z + 1.0 / 7;
    p = p * z + 1.0 / 5;
    p = p * z + 1.0 / 3;
    return k * 0x1.62e42fefa39efp-1 + (2 * s + 2 * s * (z * p));
}

#endif
