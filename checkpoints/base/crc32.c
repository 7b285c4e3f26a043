#include "checkpoints/base/crc32.h"

#include <string.h>

#if defined __x86_64__
#include <immintrin.h>
#endif

#define POLYNOMIAL 0xedb88320u /* without x^32; the highest bit is x^0 */
#define ONE        0x80000000u
#define X_TO_8     0x00800000u

/* --- four bytes at a time (Kounavis and Berry 2008) --- */

/* The remainder of a byte is the sum of its bits': X256 makes all of them of those eight. */
#define BIT(i, n, r) ((i) >> (n)&1 ? (r) : 0u)
#define X1(i, a, b, c, d, e, f, g, h)                                                                                  \
    BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^           \
        BIT(i, 7, h)
#define X4(i, ...)  X1(i, __VA_ARGS__), X1((i) + 1, __VA_ARGS__), X1((i) + 2, __VA_ARGS__), X1((i) + 3, __VA_ARGS__)
#define X16(i, ...) X4(i, __VA_ARGS__), X4((i) + 4, __VA_ARGS__), X4((i) + 8, __VA_ARGS__), X4((i) + 12, __VA_ARGS__)
#define X64(i, ...)                                                                                                    \
    X16(i, __VA_ARGS__), X16((i) + 16, __VA_ARGS__), X16((i) + 32, __VA_ARGS__), X16((i) + 48, __VA_ARGS__)
#define X256(...) X64(0, __VA_ARGS__), X64(64, __VA_ARGS__), X64(128, __VA_ARGS__), X64(192, __VA_ARGS__)

/* Of bytes with 0 to 3 zero bytes behind them. */
static const uint32_t TABLE[4][256] = {
    {X256(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320)},
    {X256(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b)},
    {X256(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80)},
    {X256(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b)},
};

static uint32_t add_plain(uint32_t remainder, const unsigned char *bytes, size_t size) {
    for (; size >= 4; bytes += 4, size -= 4) {
        remainder ^= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        remainder = TABLE[3][remainder & 255] ^ TABLE[2][remainder >> 8 & 255] ^ TABLE[1][remainder >> 16 & 255] ^
                    TABLE[0][remainder >> 24];
    }
    for (; size > 0; bytes++, size--) remainder = remainder >> 8 ^ TABLE[0][(remainder ^ *bytes) & 255];
    return remainder;
}

uint32_t spt_crc32_remainder_plain(const void *bytes, size_t size) {
    return add_plain(0, bytes, size);
}

/* --- 64 bytes at a time --- */

#if defined __x86_64__

/* Folding (Gopal et al. 2009): 128 bits are replaced by what they leave 512 bits further on, the product of each half with
 * x^(512 + 32) and x^(512 - 32); four such lines run beside each other. Of the last 64 bytes, which have the remainder of
 * all before, it is taken as usual. */
__attribute__((target("pclmul,sse2"))) static uint32_t remainder_folded(const unsigned char *bytes, size_t size) {
    const __m128i powers = _mm_set_epi64x(0x1c6e41596, 0x154442bd4);
    __m128i line[4];
    unsigned char last[sizeof line];
    memcpy(line, bytes, sizeof line);
    for (bytes += sizeof line, size -= sizeof line; size >= sizeof line; bytes += sizeof line, size -= sizeof line)
        for (size_t i = 0; i < 4; i++) {
            const __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
            const __m128i low = _mm_clmulepi64_si128(line[i], powers, 0x00);
            const __m128i high = _mm_clmulepi64_si128(line[i], powers, 0x11);
            line[i] = _mm_xor_si128(_mm_xor_si128(low, high), next);
        }
    memcpy(last, line, sizeof last);
    return add_plain(add_plain(0, last, sizeof last), bytes, size);
}

#endif

uint32_t spt_crc32_remainder(const void *bytes, size_t size) {
#if defined __x86_64__
    __builtin_cpu_init();
    if (size >= 64 && __builtin_cpu_supports("pclmul")) return remainder_folded(bytes, size);
#endif
    return spt_crc32_remainder_plain(bytes, size);
}

/* --- shifts --- */

static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (; a; a <<= 1) {
        if (a & ONE) product ^= b;
        b = b & 1 ? b >> 1 ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

uint32_t spt_crc32_shift(uint32_t remainder, uint64_t size) {
    uint32_t power = ONE;
    for (uint32_t square = X_TO_8; size > 0; size >>= 1) {
        if (size & 1) power = multiply(square, power);
        square = multiply(square, square);
    }
    return multiply(power, remainder);
}

uint32_t spt_crc32_finish(uint32_t remainder, uint64_t size) {
    return ~(remainder ^ spt_crc32_shift(UINT32_MAX, size));
}

uint32_t spt_crc32(const void *bytes, size_t size) {
    return spt_crc32_finish(spt_crc32_remainder(bytes, size), size);
}
