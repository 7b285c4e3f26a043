/* CRC-32 against zlib's (the numbers below are Python's zlib.crc32), and pieces against the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkpoints/base/crc32.h"

enum { SIZE = 1000 };

static void put_squares(unsigned char bytes[SIZE]) {
    for (size_t i = 0; i < SIZE; i++) bytes[i] = (unsigned char)(i * i);
}

static void it_is_that_of_zlib(void **state) {
    (void)state;
    static const unsigned char zeros[5000];
    unsigned char squares[SIZE];
    put_squares(squares);
    assert_int_equal(spt_crc32("", 0), 0);
    assert_int_equal(spt_crc32("123456789", 9), 0xcbf43926);
    assert_int_equal(spt_crc32(squares, SIZE), 0xbe2c3c2d);
    assert_int_equal(spt_crc32(zeros, sizeof zeros), 0xd8e50ea8);
}

static void the_processor_does_not_matter(void **state) {
    (void)state;
    unsigned char squares[SIZE];
    put_squares(squares);
    for (size_t begin = 0; begin < 20; begin++)
        for (size_t size = 0; size <= SIZE - begin; size++)
            assert_int_equal(spt_crc32_remainder(squares + begin, size),
                             spt_crc32_remainder_plain(squares + begin, size));
}

static void shifted_remainders_of_pieces_are_that_of_the_whole(void **state) {
    (void)state;
    unsigned char squares[SIZE];
    put_squares(squares);
    for (size_t cut = 0; cut <= SIZE; cut += 7) {
        const uint32_t last = spt_crc32_remainder(squares + cut, SIZE - cut);
        const uint32_t first = spt_crc32_shift(spt_crc32_remainder(squares, cut), SIZE - cut);
        assert_int_equal(spt_crc32_finish(last ^ first, SIZE), 0xbe2c3c2d);
    }
}

/* x^(2^32 - 1) is 1 for a primitive polynomial of degree 32: 2^32 - 1 bytes, a multiple of that many bits, change nothing. */
static void a_shift_beyond_32_bits_is_no_other(void **state) {
    (void)state;
    const uint64_t period = UINT64_C(0xffffffff);
    assert_int_equal(spt_crc32_shift(0x12345678, period), 0x12345678);
    assert_int_equal(spt_crc32_shift(0x12345678, 1000 * period + 5), spt_crc32_shift(0x12345678, 5));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_that_of_zlib),
        cmocka_unit_test(the_processor_does_not_matter),
        cmocka_unit_test(shifted_remainders_of_pieces_are_that_of_the_whole),
        cmocka_unit_test(a_shift_beyond_32_bits_is_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
