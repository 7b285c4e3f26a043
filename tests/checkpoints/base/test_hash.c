/* XXH3-128 against the values of another build of xxHash (the Python module xxhash 3.x, which brings its own copy). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checkpoints/base/hash.h"

static void known_inputs_have_their_published_hash(void **state) {
    (void)state;
    char hex[SPT_HASH_HEX];
    spt_hash_hex(spt_hash_of(NULL, 0), hex);
    assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
    spt_hash_hex(spt_hash_of("a", 1), hex);
    assert_string_equal(hex, "a96faf705af16834e6c632b61e964e1f");
}

static void pieces_do_not_matter(void **state) {
    (void)state;
    unsigned char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 37);
    const struct spt_hash whole = spt_hash_of(bytes, sizeof bytes);
    for (size_t piece = 1; piece < 300; piece += 41) {
        struct spt_hash_stream *stream = spt_hash_new();
        assert_non_null(stream);
        for (size_t i = 0; i < sizeof bytes; i += piece)
            spt_hash_add(stream, bytes + i, sizeof bytes - i < piece ? sizeof bytes - i : piece);
        assert_true(spt_hash_equal(spt_hash_value(stream), whole));
        spt_hash_free(stream);
    }
    spt_hash_free(NULL);
}

static void words_are_hashed_little_endian_and_texts_with_their_length(void **state) {
    (void)state;
    struct spt_hash_stream *stream = spt_hash_new();
    spt_hash_add_u64(stream, 0x0102030405060708u);
    spt_hash_add_text(stream, "hi");
    static const unsigned char EXPECTED[] = {8, 7, 6, 5, 4, 3, 2, 1, 2, 0, 0, 0, 0, 0, 0, 0, 'h', 'i'};
    assert_true(spt_hash_equal(spt_hash_value(stream), spt_hash_of(EXPECTED, sizeof EXPECTED)));
    spt_hash_free(stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_inputs_have_their_published_hash),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(words_are_hashed_little_endian_and_texts_with_their_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
