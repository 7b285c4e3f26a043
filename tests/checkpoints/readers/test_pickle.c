/* The machine that reads pickles: nodes as Python's pickletools shows them, and what Python would refuse or run. */
#include "tests/checkpoints/readers/build.h"

#include "checkpoints/readers/pickle.h"

static struct spt_pickle read_pickle(const char *bytes, size_t size) {
    struct spt_pickle pickle;
    struct spt_error error = {0};
    const enum spt_status status = spt_pickle_read((const unsigned char *)bytes, size, size, "p", 0, &pickle, &error);
    if (status != SPT_OK) fail_msg("%s", error.message);
    assert_int_equal(pickle.length, size);
    return pickle;
}

#define READ(literal) read_pickle(literal, sizeof(literal) - 1)

static int64_t integer_at(const struct spt_pickle *pickle, size_t index) {
    int64_t value = 0;
    assert_true(spt_pickle_integer(pickle, spt_pickle_at(pickle, pickle->root, index), &value));
    return value;
}

static void integers_of_every_opcode_have_their_value(void **state) {
    (void)state;
    /* (200, 65535, -2, 2**40, -1, 0, -2**63, 5, -7) by K M J 0x8a 0x8b I */
    struct spt_pickle p = READ("\200\2(K\310M\377\377J\376\377\377\377\212\6\0\0\0\0\0\1\212\1\377\212\0"
                               "\213\10\0\0\0\0\0\0\0\0\0\0\200I5\nI-7\nt.");
    static const int64_t EXPECTED[] = {200, 65535, -2, (int64_t)1 << 40, -1, 0, INT64_MIN, 5, -7};
    for (size_t i = 0; i < sizeof EXPECTED / sizeof *EXPECTED; i++) assert_int_equal(integer_at(&p, i), EXPECTED[i]);
    assert_int_equal(spt_pickle_at(&p, p.root, 9), SPT_PICKLE_NOTHING);
    spt_pickle_release(&p);
    p = READ("\200\2\212\11\0\0\0\0\0\0\0\0\1.");
    assert_int_equal(spt_pickle_kind(&p, p.root), SPT_PICKLE_BIG);
    spt_pickle_release(&p);
    p = READ("\200\2G\300\4\0\0\0\0\0\0.");
    assert_int_equal(spt_pickle_kind(&p, p.root), SPT_PICKLE_REAL);
    assert_true(p.nodes[p.root].real == -2.5);
    spt_pickle_release(&p);
}

static void strings_of_every_opcode_lie_in_the_pickle(void **state) {
    (void)state;
    struct spt_pickle p = READ("\200\5(U\1aT\1\0\0\0aX\1\0\0\0a\214\1a\215\1\0\0\0\0\0\0\0aC\1aB\1\0\0\0a"
                               "\216\1\0\0\0\0\0\0\0a\226\1\0\0\0\0\0\0\0al.");
    for (size_t i = 0; i < 9; i++) assert_true(spt_pickle_text_is(&p, spt_pickle_at(&p, p.root, i), "a"));
    spt_pickle_release(&p);
}

static void containers_hold_what_was_put_into_them(void **state) {
    (void)state;
    /* {"a": [1, 2, 3], "b": (), "c": {4}, "d": (5,)}, with a memo */
    struct spt_pickle p = READ("\200\4}\224(X\1\0\0\0a]\224(K\1K\2eK\3aX\1\0\0\0b)X\1\0\0\0c\217(K\4\220uX\1\0\0\0dK\5"
                               "\205s.");
    size_t count = 0;
    static const enum spt_pickle_kind KINDS[] = {SPT_PICKLE_LIST, SPT_PICKLE_TUPLE, SPT_PICKLE_SET, SPT_PICKLE_TUPLE};
    static const size_t LENGTHS[] = {3, 0, 1, 1};
    for (const struct spt_pickle_item *i = spt_pickle_first(&p, p.root); i; i = spt_pickle_next(&p, i), count++) {
        assert_true(count < 4);
        assert_int_equal(spt_pickle_kind(&p, i->value), KINDS[count]);
        size_t length = 0;
        for (const struct spt_pickle_item *j = spt_pickle_first(&p, i->value); j; j = spt_pickle_next(&p, j)) length++;
        assert_int_equal(length, LENGTHS[count]);
    }
    assert_int_equal(count, 4);
    spt_pickle_release(&p);
}

static void what_python_would_call_is_a_node_with_its_name_and_arguments(void **state) {
    (void)state;
    static const char *const PICKLES[] = {"\200\2cos\nsystem\nX\4\0\0\0true\205R.", /* REDUCE */
                                          "\200\4\214\2os\214\6system\223X\4\0\0\0true\205\201."};
    static const size_t SIZES[] = {25, 32};
    for (size_t i = 0; i < 2; i++) {
        struct spt_pickle p;
        struct spt_error error = {0};
        if (spt_pickle_read((const unsigned char *)PICKLES[i], SIZES[i], 99, "p", 0, &p, &error) != SPT_OK)
            fail_msg("%s", error.message);
        assert_int_equal(spt_pickle_kind(&p, p.root), SPT_PICKLE_CALL);
        const spt_pickle_id callee = spt_pickle_callee(&p, p.root);
        assert_int_equal(spt_pickle_kind(&p, callee), SPT_PICKLE_GLOBAL);
        assert_true(spt_pickle_text_is(&p, spt_pickle_module(&p, callee), "os"));
        assert_true(spt_pickle_text_is(&p, spt_pickle_name(&p, callee), "system"));
        assert_true(spt_pickle_text_is(&p, spt_pickle_at(&p, spt_pickle_arguments(&p, p.root), 0), "true"));
        spt_pickle_release(&p);
    }
}

static void bytes_after_stop_are_not_looked_at(void **state) {
    (void)state;
    struct spt_pickle p;
    assert_int_equal(spt_pickle_read((const unsigned char *)"\200\2N.rest", 8, 8, "p", 0, &p, NULL), SPT_OK);
    assert_int_equal(p.length, 4);
    spt_pickle_release(&p);
}

#define BAD(literal, status, word)                                                                                     \
    { literal, sizeof(literal) - 1, status, word }

static void what_python_refuses_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        enum spt_status status;
        const char *word;
    } ROWS[] = {
        BAD("", SPT_RETRY, "middle of its pickle"),
        BAD("\200\2", SPT_RETRY, "middle"),
        BAD("\200", SPT_RETRY, "middle"),
        BAD("\200\2K", SPT_RETRY, "middle"),
        BAD("\200\2cos\nsystem", SPT_RETRY, "middle"),
        BAD("\200\1N.", SPT_INVALID, "protocol 1"),
        BAD("\200\6N.", SPT_INVALID, "protocol 6"),
        BAD("\200\2\377.", SPT_INVALID, "byte ff"),
        BAD("\200\2S'a'\n.", SPT_INVALID, "protocol 0"),
        BAD("\200\2ios\nsystem\n.", SPT_INVALID, "protocol 0"),
        BAD("\200\2\202\1.", SPT_INVALID, "extension"),
        BAD("\200\5\227.", SPT_INVALID, "buffer"),
        BAD("\200\2.", SPT_INVALID, "empty stack"),
        BAD("\200\20"
            "0.",
            SPT_INVALID, "protocol"),
        BAD("\200\002"
            "0.",
            SPT_INVALID, "empty stack"),
        BAD("\200\2\205.", SPT_INVALID, "empty stack"),
        BAD("\200\2K\1\206.", SPT_INVALID, "empty stack"),
        BAD("\200\2K\1(\205.", SPT_INVALID, "empty stack"), /* nothing above the mark */
        BAD("\200\2t.", SPT_INVALID, "mark"),
        BAD("\200\2e.", SPT_INVALID, "mark"),
        BAD("\200\2(e.", SPT_INVALID, "empty stack"),
        BAD("\200\2K\1K\1s.", SPT_INVALID, "empty stack"),
        BAD("\200\2K\1K\1K\1s.", SPT_INVALID, "an integer as if it were a dict"),
        BAD("\200\2]K\1K\1s.", SPT_INVALID, "a list as if it were a dict"),
        BAD("\200\2)K\1K\1s.", SPT_INVALID, "a tuple as if it were a dict"),
        BAD("\200\2}K\1a.", SPT_INVALID, "a dict as if it were a list"),
        BAD("\200\2cos\nsystem\n(K\1K\1u.", SPT_INVALID, "a global as if it were a dict"),
        BAD("\200\2}(K\1u.", SPT_INVALID, "odd number"),
        BAD("\200\2(K\1d.", SPT_INVALID, "odd number"),
        BAD("\200\2h\0.", SPT_INVALID, "memo 0"),
        BAD("\200\2Nq\1h\0.", SPT_INVALID, "memo 0"),
        BAD("\200\2j\377\377\377\377.", SPT_INVALID, "memo 4294967295"),
        BAD("\200\2Nr\377\377\377\377.", SPT_INVALID, "higher"),
        BAD("\200\2q\0N.", SPT_INVALID, "empty stack"),
        BAD("\200\4\224N.", SPT_INVALID, "empty stack"),
        BAD("\200\2R.", SPT_INVALID, "empty stack"),
        BAD("\200\2NR.", SPT_INVALID, "empty stack"),
        BAD("\200\2Nb.", SPT_INVALID, "empty stack"),
        BAD("\200\2Q.", SPT_INVALID, "empty stack"),
        BAD("\200\4NN\223.", SPT_INVALID, "no string"),
        BAD("\200\2NN.", SPT_INVALID, "more than one"),
        BAD("\200\2X\377\377\377\377abc.", SPT_INVALID, "4294967295 bytes"),
        BAD("\200\4\215\377\377\377\377\377\377\377\177abc.", SPT_INVALID, "9223372036854775807 bytes"),
        BAD("\200\2\213\377\377\377\377.", SPT_INVALID, "4294967295 bytes"),
        BAD("\200\2I\n.", SPT_INVALID, "integer"),
        BAD("\200\2I12x\n.", SPT_INVALID, "integer"),
        BAD("\200\2I99999999999999999999\n.", SPT_INVALID, "64 bits"),
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct spt_pickle p;
        struct spt_error error = {0};
        unsigned char *exact = malloc(ROWS[i].size + 1); /* so that a byte too many is noticed */
        assert_non_null(exact);
        unsigned char *bytes = realloc(exact, ROWS[i].size ? ROWS[i].size : 1);
        assert_non_null(bytes);
        memcpy(bytes, ROWS[i].bytes, ROWS[i].size);
        const enum spt_status status = spt_pickle_read(bytes, ROWS[i].size, 1000, "p", 0, &p, &error);
        if (status != ROWS[i].status || !strstr(error.message, ROWS[i].word))
            fail_msg("row %zu: %s, \"%s\"; expected \"%s\"", i, spt_status_name(status), error.message, ROWS[i].word);
        free(bytes);
    }
}

static void every_cut_of_a_pickle_is_incomplete(void **state) {
    (void)state;
    static const char WHOLE[] = "\200\4\225\40\0\0\0\0\0\0\0}\224(\214\1a\224]\224(K\1K\2e\214\1bcos\nsystem\n)Ru.";
    for (size_t size = 0; size < sizeof WHOLE - 1; size++) {
        struct spt_pickle p;
        assert_int_equal(spt_pickle_read((const unsigned char *)WHOLE, size, 99, "p", 0, &p, NULL), SPT_RETRY);
    }
    struct spt_pickle p = READ(WHOLE);
    spt_pickle_release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_of_every_opcode_have_their_value),
        cmocka_unit_test(strings_of_every_opcode_lie_in_the_pickle),
        cmocka_unit_test(containers_hold_what_was_put_into_them),
        cmocka_unit_test(what_python_would_call_is_a_node_with_its_name_and_arguments),
        cmocka_unit_test(bytes_after_stop_are_not_looked_at),
        cmocka_unit_test(what_python_refuses_is_refused),
        cmocka_unit_test(every_cut_of_a_pickle_is_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
