/* Number formats: published values, every 16-bit pattern, and the vector code against its plain twin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/numbers.h"

static float f16(uint16_t bits) {
    return spt_number_to_f32(SPT_F16, (unsigned char[]){(unsigned char)bits, (unsigned char)(bits >> 8)});
}

/* IEEE 754-2008 binary16. */
static void f16_has_its_ieee_values(void **state) {
    (void)state;
    assert_true(f16(0x3c00) == 1.0f);
    assert_true(f16(0xc000) == -2.0f);
    assert_true(f16(0x7bff) == 65504.0f);
    assert_true(f16(0x0400) == 0x1p-14f);
    assert_true(f16(0x0001) == 0x1p-24f);
    assert_true(f16(0x03ff) == 1023 * 0x1p-24f);
    assert_true(f16(0x8001) == -0x1p-24f);
    assert_true(f16(0x3555) == 0.333251953125f);
    assert_true(f16(0x7c00) == INFINITY);
    assert_true(f16(0xfc00) == -INFINITY);
    assert_true(isnan(f16(0x7c01)) && isnan(f16(0xffff)));
    assert_true(f16(0x8000) == 0 && signbit(f16(0x8000)));
}

static void every_f16_is_the_number_its_fields_say(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const int exponent = (int)(bits >> 10 & 31);
        const double mantissa = bits & 1023;
        const double sign = bits >> 15 ? -1 : 1;
        const float value = f16((uint16_t)bits);
        if (exponent == 31 && mantissa > 0)
            assert_true(isnan(value));
        else if (exponent == 31)
            assert_true((double)value == sign * INFINITY);
        else if (exponent == 0)
            assert_true((double)value == sign * ldexp(mantissa, -24));
        else
            assert_true((double)value == sign * ldexp(1024 + mantissa, exponent - 25));
        assert_int_equal(signbit(value) != 0, bits >> 15);
    }
}

/* OCP 8-bit floating point specification 1.0 (2023), tables 1 and 2. */
static void f8_has_its_published_values(void **state) {
    (void)state;
    static const struct {
        enum spt_dtype dtype;
        unsigned char bits;
        float value;
    } KNOWN[] = {
        {SPT_F8_E4M3, 0x38, 1.0f},     {SPT_F8_E4M3, 0x7e, 448.0f},    {SPT_F8_E4M3, 0x01, 0x1p-9f},
        {SPT_F8_E4M3, 0x08, 0x1p-6f},  {SPT_F8_E4M3, 0x78, 256.0f},    {SPT_F8_E4M3, 0xf7, -240.0f},
        {SPT_F8_E5M2, 0x3c, 1.0f},     {SPT_F8_E5M2, 0x7b, 57344.0f},  {SPT_F8_E5M2, 0x01, 0x1p-16f},
        {SPT_F8_E5M2, 0x04, 0x1p-14f}, {SPT_F8_E5M2, 0xfc, -INFINITY},
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        assert_true(spt_number_to_f32(KNOWN[i].dtype, &KNOWN[i].bits) == KNOWN[i].value);
    assert_true(isnan(spt_number_to_f32(SPT_F8_E4M3, "\x7f")) && isnan(spt_number_to_f32(SPT_F8_E4M3, "\xff")));
    assert_true(isnan(spt_number_to_f32(SPT_F8_E5M2, "\x7d")));
}

static void assert_same_as_twin(enum spt_dtype dtype, const unsigned char *in, size_t count) {
    float *out = malloc((count + 1) * sizeof *out);
    assert_non_null(out);
    const float guard = 12345.0f;
    out[count] = guard;
    spt_numbers_to_f32(dtype, in, count, out);
    for (size_t i = 0; i < count; i++) {
        const float twin = spt_number_to_f32(dtype, in + i * spt_dtype_size(dtype));
        assert_memory_equal(&out[i], &twin, sizeof twin);
    }
    assert_memory_equal(&out[count], &guard, sizeof guard);
    free(out);
}

static void vectors_give_the_bits_of_the_plain_twin_for_every_16_bit_pattern(void **state) {
    (void)state;
    unsigned char *in = malloc(2 * 0x10000 + 1);
    assert_non_null(in);
    for (size_t odd = 0; odd < 2; odd++) {
        for (size_t i = 0; i < 0x10000; i++) {
            in[odd + 2 * i] = (unsigned char)i;
            in[odd + 2 * i + 1] = (unsigned char)(i >> 8);
        }
        assert_same_as_twin(SPT_F16, in + odd, 0x10000);
        assert_same_as_twin(SPT_BF16, in + odd, 0x10000);
    }
    free(in);
}

static void every_length_and_format_equals_the_plain_twin(void **state) {
    (void)state;
    unsigned char in[8 * 40 + 1];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof in; i++) in[i] = (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
    for (int dtype = SPT_F64; dtype <= SPT_F8_E5M2; dtype++)
        for (size_t count = 0; count <= 40; count++) assert_same_as_twin((enum spt_dtype)dtype, in + 1, count);
}

static void f64_is_rounded_to_nearest_even(void **state) {
    (void)state;
    const double in[] = {1 + 0x1p-24, 1 + 3 * 0x1p-24, 1e300, -1e-60, 0x1p-149 * 0.5, NAN, 0.1, 1 + 0x1.8p-24};
    float out[8];
    spt_numbers_to_f32(SPT_F64, in, 8, out);
    assert_true(out[0] == 1.0f);
    assert_true(out[1] == 1 + 0x1p-22f);
    assert_true(out[2] == INFINITY);
    assert_true(out[3] == 0 && signbit(out[3]));
    assert_true(out[4] == 0);
    assert_true(isnan(out[5]));
    assert_true(out[6] == 0.1f);
    assert_true(out[7] == 1 + 0x1p-23f);
}

static void names_and_sizes_agree(void **state) {
    (void)state;
    for (int i = 0; i < SPT_DTYPE_UNKNOWN; i++) {
        const char *name = spt_dtype_name((enum spt_dtype)i);
        assert_int_equal(spt_dtype_from_name(name, strlen(name)), i);
        assert_true(spt_dtype_size((enum spt_dtype)i) > 0);
    }
    assert_int_equal(spt_dtype_from_name("F1", 2), SPT_DTYPE_UNKNOWN);
    assert_int_equal(spt_dtype_from_name("F16x", 4), SPT_DTYPE_UNKNOWN);
    assert_int_equal(spt_dtype_size(SPT_DTYPE_UNKNOWN), 0);
    assert_false(spt_dtype_is_float(SPT_I64));
    assert_false(spt_dtype_is_float(SPT_F8_E5M2)); /* without its scales */
    assert_true(spt_dtype_is_float(SPT_BF16));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f16_has_its_ieee_values),
        cmocka_unit_test(every_f16_is_the_number_its_fields_say),
        cmocka_unit_test(f8_has_its_published_values),
        cmocka_unit_test(vectors_give_the_bits_of_the_plain_twin_for_every_16_bit_pattern),
        cmocka_unit_test(every_length_and_format_equals_the_plain_twin),
        cmocka_unit_test(f64_is_rounded_to_nearest_even),
        cmocka_unit_test(names_and_sizes_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
