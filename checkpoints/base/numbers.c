#include "checkpoints/base/numbers.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const struct {
    const char *name;
    size_t size;
    bool is_float; /* computed with */
} DTYPES[] = {
    [SPT_F64] = {"F64", 8, true},          [SPT_F32] = {"F32", 4, true},
    [SPT_F16] = {"F16", 2, true},          [SPT_BF16] = {"BF16", 2, true},
    [SPT_F8_E4M3] = {"F8_E4M3", 1, false}, [SPT_F8_E5M2] = {"F8_E5M2", 1, false},
    [SPT_I64] = {"I64", 8, false},         [SPT_I32] = {"I32", 4, false},
    [SPT_I16] = {"I16", 2, false},         [SPT_I8] = {"I8", 1, false},
    [SPT_U64] = {"U64", 8, false},         [SPT_U32] = {"U32", 4, false},
    [SPT_U16] = {"U16", 2, false},         [SPT_U8] = {"U8", 1, false},
    [SPT_BOOL] = {"BOOL", 1, false},       [SPT_DTYPE_UNKNOWN] = {"unknown", 0, false},
};

const char *spt_dtype_name(enum spt_dtype dtype) {
    return DTYPES[dtype].name;
}

enum spt_dtype spt_dtype_from_name(const char *name, size_t length) {
    for (int i = 0; i < SPT_DTYPE_UNKNOWN; i++)
        if (strlen(DTYPES[i].name) == length && memcmp(DTYPES[i].name, name, length) == 0) return (enum spt_dtype)i;
    return SPT_DTYPE_UNKNOWN;
}

size_t spt_dtype_size(enum spt_dtype dtype) {
    return DTYPES[dtype].size;
}

bool spt_dtype_is_float(enum spt_dtype dtype) {
    return DTYPES[dtype].is_float;
}

static uint32_t load16(const unsigned char *in) {
    return (uint32_t)(in[0] | in[1] << 8);
}

static uint32_t load32(const unsigned char *in) {
    return load16(in) | load16(in + 2) << 16;
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* An IEEE-like number of sign, exponent and mantissa bits (exponent bias 2^(exponent-1) - 1), as float32. A NaN keeps
 * its payload and is made quiet, as the conversion instructions of the processor do. */
static float small_float(uint32_t bits, unsigned exponent_bits, unsigned mantissa_bits) {
    const uint32_t sign = bits >> (exponent_bits + mantissa_bits) << 31;
    const uint32_t exponent_max = (1u << exponent_bits) - 1;
    const uint32_t exponent = bits >> mantissa_bits & exponent_max;
    const uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
    const uint32_t bias = 127 - (exponent_max >> 1);
    const uint32_t fraction = mantissa << (23 - mantissa_bits);
    if (exponent == exponent_max) return from_bits(sign | 0x7f800000u | fraction | (mantissa ? 0x00400000u : 0));
    if (exponent > 0) return from_bits(sign | (exponent + bias) << 23 | fraction);
    /* Subnormal: mantissa counts units of the smallest normal number's last place; exact in float32. */
    const float unit = from_bits((1 + bias - mantissa_bits) << 23);
    return from_bits(sign) + (sign ? -1.0f : 1.0f) * (float)mantissa * unit;
}

/* E4M3 has no infinities: its largest exponent holds numbers up to 448, and only all ones is NaN (Micikevicius et al.
 * 2022). */
static float f8_e4m3(uint32_t bits) {
    const uint32_t sign = bits >> 7 << 31, magnitude = bits & 0x7f;
    if (magnitude == 0x7f) return from_bits(sign | 0x7fc00000u);
    if (magnitude >= 0x78) return from_bits(sign | (0x0fu + 120u) << 23 | (magnitude & 7u) << 20);
    return small_float(bits, 4, 3);
}

float spt_number_to_f32(enum spt_dtype dtype, const void *in) {
    const unsigned char *bytes = in;
    switch (dtype) {
    case SPT_F64: {
        const uint64_t bits = load32(bytes) | (uint64_t)load32(bytes + 4) << 32;
        double value;
        memcpy(&value, &bits, sizeof value);
        return (float)value;
    }
    case SPT_F32:
        return from_bits(load32(bytes));
    case SPT_F16:
        return small_float(load16(bytes), 5, 10);
    case SPT_BF16:
        return from_bits(load16(bytes) << 16);
    case SPT_F8_E4M3:
        return f8_e4m3(bytes[0]);
    case SPT_F8_E5M2:
        return small_float(bytes[0], 5, 2);
    default:
        return from_bits(0x7fc00000u);
    }
}

static void convert_plain(enum spt_dtype dtype, const unsigned char *in, size_t count, float *out) {
    const size_t size = spt_dtype_size(dtype);
    for (size_t i = 0; i < count; i++) out[i] = spt_number_to_f32(dtype, in + i * size);
}

#if defined(__x86_64__)

/* Each returns how many of count were converted, a multiple of 8; the caller does the rest. */

__attribute__((target("avx2,f16c"))) static size_t convert_f16(const unsigned char *in, size_t count, float *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u *)(const void *)(in + 2 * i))));
    return i;
}

__attribute__((target("avx2,f16c"))) static size_t convert_bf16(const unsigned char *in, size_t count, float *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i halves = _mm_loadu_si128((const __m128i_u *)(const void *)(in + 2 * i));
        const __m256i words = _mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16);
        _mm256_storeu_si256((__m256i_u *)(void *)(out + i), words);
    }
    return i;
}

__attribute__((target("avx2,f16c"))) static size_t convert_f64(const unsigned char *in, size_t count, float *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256i_u *from = (const __m256i_u *)(const void *)(in + 8 * i);
        _mm_storeu_ps(out + i, _mm256_cvtpd_ps(_mm256_castsi256_pd(_mm256_loadu_si256(from))));
        _mm_storeu_ps(out + i + 4, _mm256_cvtpd_ps(_mm256_castsi256_pd(_mm256_loadu_si256(from + 1))));
    }
    return i;
}

static bool machine_has_vectors(void) {
#if defined(__clang__)
    return __builtin_cpu_supports(
        "avx2"); /* clang 14 cannot ask for f16c; no processor was made with AVX2 and without */
#else
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
#endif
}

static size_t convert_vectors(enum spt_dtype dtype, const unsigned char *in, size_t count, float *out) {
    if (!machine_has_vectors()) return 0;
    switch (dtype) {
    case SPT_F16:
        return convert_f16(in, count, out);
    case SPT_BF16:
        return convert_bf16(in, count, out);
    case SPT_F64:
        return convert_f64(in, count, out);
    default:
        return 0;
    }
}

#else

static size_t convert_vectors(enum spt_dtype dtype, const unsigned char *in, size_t count, float *out) {
    (void)dtype, (void)in, (void)count, (void)out;
    return 0;
}

#endif

void spt_numbers_to_f32(enum spt_dtype dtype, const void *in, size_t count, float *out) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (dtype == SPT_F32) {
        if (count) memcpy(out, in, count * sizeof *out);
        return;
    }
#endif
    const size_t done = convert_vectors(dtype, in, count, out);
    convert_plain(dtype, (const unsigned char *)in + done * spt_dtype_size(dtype), count - done, out + done);
}
