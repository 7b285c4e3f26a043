/* Checked allocation, arenas, and UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"

static void products_that_overflow_give_null(void **state) {
    (void)state;
    size_t product;
    assert_false(spt_multiply(SIZE_MAX / 2, 3, &product));
    assert_true(spt_multiply(1 << 20, 8, &product));
    assert_null(spt_alloc(SIZE_MAX / 2, 3));
    assert_null(spt_alloc(SIZE_MAX - 8, 1)); /* rounding up would wrap */
    assert_null(spt_alloc_zeroed((size_t)1 << 33, (size_t)1 << 31));
    struct spt_arena arena = {0};
    assert_null(spt_arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(spt_arena_copy(&arena, "", SIZE_MAX));
    spt_arena_release(&arena);
}

static void memory_is_aligned_to_a_cache_line_and_zero_where_promised(void **state) {
    (void)state;
    static const size_t SIZES[] = {0, 1, 63, 64, 65, 4097};
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        unsigned char *a = spt_alloc(SIZES[i], 1), *b = spt_alloc_zeroed(SIZES[i], 1);
        assert_true(a && b);
        assert_int_equal((uintptr_t)a % 64, 0);
        for (size_t j = 0; j < SIZES[i]; j++) assert_int_equal(b[j], 0);
        memset(a, 1, SIZES[i]);
        free(a);
        free(b);
    }
}

static void a_list_grows_and_keeps_what_it_holds(void **state) {
    (void)state;
    void *list = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_true(spt_grow(&list, &capacity, i + 1, sizeof(size_t)));
        assert_true(capacity > i);
        ((size_t *)list)[i] = i * i;
    }
    for (size_t i = 0; i < 1000; i++) assert_int_equal(((size_t *)list)[i], i * i);
    const size_t before = capacity;
    void *const place = list;
    assert_false(spt_grow(&list, &capacity, SIZE_MAX, sizeof(size_t)));
    assert_int_equal(capacity, before);
    assert_ptr_equal(list, place);
    free(list);
}

static void pieces_of_an_arena_do_not_overlap(void **state) {
    (void)state;
    struct spt_arena arena = {0};
    unsigned char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        pieces[i] = spt_arena_alloc(&arena, i * 41, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, i * 41);
    }
    unsigned char *large = spt_arena_alloc(&arena, 1000000, 1);
    assert_non_null(large);
    memset(large, 255, 1000000);
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * 41; j++) assert_int_equal(pieces[i][j], i);
    assert_string_equal(spt_arena_copy(&arena, "abcdef", 3), "abc");
    spt_arena_release(&arena);
    assert_null(arena.blocks);
}

/* The Unicode Standard 15.0, table 3-7: well-formed UTF-8 byte sequences. */
static void utf8_is_what_table_3_7_allows(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t valid;
    } CASES[] = {
        {"abc", 3},
        {"\xc3\xa9", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x99\x82", 4},
        {"a\xff", 1},
        {"\xc0\x80", 0},
        {"\xe0\x80\x80", 0},
        {"\xed\xa0\x80", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"ab\xe2\x82", 2},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},
        {"\xc3", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_int_equal(spt_unicode_valid_prefix(CASES[i].bytes, strlen(CASES[i].bytes)), CASES[i].valid);
    uint32_t code = 0;
    assert_int_equal(spt_unicode_decode("\xf0\x9f\x99\x82", 4, &code), 4);
    assert_int_equal(code, 0x1f642);
    assert_int_equal(spt_unicode_decode("\xf0\x9f\x99\x82", 3, &code), 0);
    assert_int_equal(spt_unicode_decode("", 0, &code), 0);
}

static void control_characters_are_those_of_category_cc(void **state) {
    (void)state;
    for (uint32_t code = 0; code < 0x3000; code++)
        assert_int_equal(spt_unicode_is_control(code), code < 0x20 || (code >= 0x7f && code < 0xa0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_that_overflow_give_null),
        cmocka_unit_test(memory_is_aligned_to_a_cache_line_and_zero_where_promised),
        cmocka_unit_test(a_list_grows_and_keeps_what_it_holds),
        cmocka_unit_test(pieces_of_an_arena_do_not_overlap),
        cmocka_unit_test(utf8_is_what_table_3_7_allows),
        cmocka_unit_test(control_characters_are_those_of_category_cc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
