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

#endif
