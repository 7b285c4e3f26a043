/* Vectors of RFC 3720, appendix B.4 (its CRC bytes read as little-endian words), and the check value of the catalogue of
 * CRC algorithms for "123456789". */
#include "tracker/formats/crc32c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void vectors_of_rfc_3720_have_their_checks(void **state) {
    (void)state;
    unsigned char bytes[32];
    assert_int_equal(spt_crc32c(memset(bytes, 0, 32), 32), 0x8a9136aa);
    assert_int_equal(spt_crc32c(memset(bytes, 0xff, 32), 32), 0x62a8ab43);
    for (unsigned i = 0; i < 32; i++) bytes[i] = (unsigned char)i;
    assert_int_equal(spt_crc32c(bytes, 32), 0x46dd794e);
    for (unsigned i = 0; i < 32; i++) bytes[i] = (unsigned char)(31 - i);
    assert_int_equal(spt_crc32c(bytes, 32), 0x113fdb5c);
    static const unsigned char READ_PDU[48] = {
        0x01, 0xc0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
        0,    0,    0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0,    0,
    };
    assert_int_equal(spt_crc32c(READ_PDU, 48), 0xd9963a56);
}

static void the_check_value_is_the_catalogues(void **state) {
    (void)state;
    assert_int_equal(spt_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(spt_crc32c("", 0), 0);
}

/* crc32c_test.cc of LevelDB, from which TensorFlow has the mask: a masked check is not the check, and can be undone. */
static void a_masked_check_is_turned_by_15_and_shifted_by_a_constant(void **state) {
    (void)state;
    const uint32_t masked = spt_crc32c_masked("123456789", 9);
    assert_int_not_equal(masked, 0xe3069283);
    const uint32_t turned = masked - 0xa282ead8u;
    assert_int_equal(turned << 15 | turned >> 17, 0xe3069283);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_3720_have_their_checks),
        cmocka_unit_test(the_check_value_is_the_catalogues),
        cmocka_unit_test(a_masked_check_is_turned_by_15_and_shifted_by_a_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
