/* Torch files that are wrong, forged or not all there, each with what it gets: a table a kind of file. Nothing that a
 * pickle names is ever run. */
#include "tests/checkpoints/readers/build_torch.h"

#include <sys/stat.h>

#define DATA SPT_TEST_DATA "/torch/"

#define ROW(literal, status, word)                                                                                     \
    { literal, sizeof(literal) - 1, status, word }

static struct built *new_built(void) {
    struct built *built = malloc(sizeof *built);
    assert_non_null(built);
    return built;
}

static void what_the_pickle_of_a_zip_says_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *pickle;
        size_t size;
        enum spt_status status;
        const char *word; /* NULL: it opens */
    } ROWS[] = {
        ROW(GOOD_PICKLE, SPT_OK, NULL),
        /* never run */
        ROW(DICT(W "cos\nsystem\nX\12\0\0\0touch ouch\205Rs"), SPT_INVALID, "names os.system"),
        ROW(DICT(W "cposix\nsystem\nX\12\0\0\0touch ouch\205Rs" W GOOD_TENSOR "s"), SPT_INVALID, "names posix.system"),
        ROW("\200\4\214\2os\214\6system\223\214\ntouch ouch\205R.", SPT_INVALID, "names os.system"),
        ROW(DICT(W "csubprocess\nPopen\n)Rs"), SPT_INVALID, "names subprocess.Popen"),
        ROW(DICT(W "cos.path\njoin\n)Rs"), SPT_INVALID, "names os.join"),
        ROW(DICT(W "c__builtin__\neval\nX\1\0\0\0"
                   "1\205Rs"),
            SPT_INVALID, "names __builtin__.eval"),
        ROW(DICT(W "cbuiltins\nexec\n)Rs"), SPT_INVALID, "names builtins.exec"),
        ROW(DICT(W GOOD_TENSOR "sX\1\0\0\0xcargparse\nNamespace\n)\201}bs"), SPT_OK, NULL),
        ROW(DICT(W GOOD_TENSOR "sX\1\0\0\0xcosmo\nsystem\n)Rs"), SPT_OK, NULL), /* not os */
        /* the machine */
        ROW(DICT(W GOOD_TENSOR "K\1s"), SPT_INVALID, "a string as if it were a dict"),
        ROW("\200\2K\1K\1K\1s.", SPT_INVALID, "an integer as if it were a dict"),
        ROW("\200\2}s.", SPT_INVALID, "empty stack"),
        ROW("\200\2h\7.", SPT_INVALID, "memo 7"),
        ROW("\200\2}X\377\377\377\377w", SPT_INVALID, "string of 4294967295 bytes"),
        ROW("\200\2}", SPT_INVALID, "ends in the middle"),
        ROW("", SPT_INVALID, "ends in the middle"),
        ROW("not a pickle", SPT_INVALID, "no opcode"),
        /* self-reference */
        ROW("\200\2}q\0X\1\0\0\0sh\0s.", SPT_INVALID, "\"s\" holds itself"),
        ROW("\200\2]q\0h\0a.", SPT_INVALID, "holds itself"),
        ROW(DICT(W GOOD_TENSOR "sX\1\0\0\0x]q\1h\1as"), SPT_INVALID, "holds itself"),
        /* circles of wrappers: a parameter of itself */
        ROW("\200\2}X\1\0\0\0wctorch._utils\n_rebuild_parameter\n]q\1R q", SPT_INVALID, "opcode"),
        ROW("\200\2ctorch._utils\n_rebuild_parameter\n]q\1Rq\2"
            "0h\1h\2a0h\2.",
            SPT_INVALID, "without tensors"),
        /* no tensors */
        ROW("\200\2}.", SPT_INVALID, "without tensors"),
        ROW("\200\2N.", SPT_INVALID, "without tensors"),
        ROW("\200\2X\1\0\0\0w.", SPT_INVALID, "without tensors"),
        ROW("\200\2c__main__\nModel\n)\201.", SPT_UNSUPPORTED, "__main__.Model"),
        /* names */
        ROW(DICT("X\2\0\0\0\033[" GOOD_TENSOR "s"), SPT_INVALID, "control characters"),
        ROW(DICT("X\2\0\0\0w\0" GOOD_TENSOR "s"), SPT_INVALID, "control characters"),
        ROW(DICT("X\1\0\0\0\377" GOOD_TENSOR "s"), SPT_INVALID, "UTF-8"),
        ROW(DICT(W GOOD_TENSOR "s" W GOOD_TENSOR "s"), SPT_INVALID, "two tensors are named \"w\""),
        /* storages */
        ROW(DICT(W TENSOR_OF("K\5", PLAIN) "s"), SPT_INVALID, "5 elements of 4 bytes; its record has 16"),
        ROW(DICT(W TENSOR_OF("K\3", PLAIN) "s"), SPT_INVALID, "3 elements of 4 bytes; its record has 16"),
        ROW(DICT(W TENSOR_OF("\212\10\4\0\0\0\0\0\0\100", PLAIN) "s"), SPT_INVALID, "its record has 16"), /* 2^62 + 4 */
        ROW(DICT(W TENSOR_OF("J\374\377\377\377", PLAIN) "s"), SPT_INVALID, "no storage"),
        ROW(DICT(W TENSOR_OF("N", PLAIN) "s"), SPT_INVALID, "no storage"),
        ROW(DICT(W "ctorch._utils\n_rebuild_tensor_v2\n(N" PLAIN "\211}tRs"), SPT_INVALID, "no storage"),
        ROW(DICT(W "ctorch._utils\n_rebuild_tensor_v2\n)Rs"), SPT_INVALID, "no storage"),
        ROW(DICT(W "ctorch._utils\n_rebuild_tensor_v2\nNRs"), SPT_INVALID, "no storage"),
        ROW(DICT(W "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
                   "1X\0\0\0\0K\4tQ" PLAIN "\211}tRs"),
            SPT_INVALID, "not in the file"),
        ROW(DICT(W "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\7\0\0\0../m/da"
                   "X\0\0\0\0K\4tQ" PLAIN "\211}tRs"),
            SPT_INVALID, "not in the file"),
        /* geometry */
        ROW(DICT(W TENSOR_OF(FOUR, "K\1K\4\205K\1\205") "s"), SPT_INVALID, "out of its storage"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\4\205K\2\205") "s"), SPT_INVALID, "out of its storage"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\5\205K\1\205") "s"), SPT_INVALID, "out of its storage"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\4)).") "s"), SPT_INVALID, "stops"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\4))") "s"), SPT_INVALID, "out of its storage"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\3))") "s"), SPT_OK, NULL),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\4K\0\206K\1K\1\206") "s"), SPT_OK, NULL),
        ROW(DICT(W TENSOR_OF(FOUR, "J\377\377\377\377K\4\205K\1\205") "s"), SPT_INVALID, "offset is no integer"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0J\377\377\377\377\205K\1\205") "s"), SPT_INVALID, "shape is no integer"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\4\205J\377\377\377\377\205") "s"), SPT_INVALID, "strides is no integer"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\4\205K\1K\1\206") "s"), SPT_INVALID, "as many strides"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\4K\1") "s"), SPT_INVALID, "no tuple"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0\212\10\0\0\0\0\0\0\0\100K\10\206K\1K\1\206") "s"), SPT_INVALID, "overflows"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0\212\10\0\0\0\0\0\0\0\100K\10K\0\207K\1K\1K\1\207") "s"), SPT_INVALID,
            "overflows"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0K\2\205\212\10\377\377\377\377\377\377\377\177\205") "s"), SPT_INVALID,
            "out of its storage"),
        ROW(DICT(W TENSOR_OF(FOUR, "\212\10\377\377\377\377\377\377\377\177K\4\205K\1\205") "s"), SPT_INVALID,
            "out of its storage"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0J\0\0\0\20\205K\0\205") "s"), SPT_INVALID, "more than the file has"),
        ROW(DICT(W TENSOR_OF(FOUR, "K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1t") "s"),
            SPT_UNSUPPORTED, "more than 8 dimensions"),
    };
    struct built *b = new_built();
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        built_torch_zip(b, ROWS[i].pickle, ROWS[i].size);
        built_directory(b);
        built_put(b, "m.bin");
        if (ROWS[i].word)
            assert_refused("m.bin", ROWS[i].status, ROWS[i].word);
        else
            spt_checkpoint_close(open_checkpoint("m.bin"));
    }
    free(b);
    struct stat st;
    assert_int_equal(stat("ouch", &st), -1);
}

static size_t put(char *pickle, size_t at, const void *bytes, size_t size) {
    memcpy(pickle + at, bytes, size);
    return at + size;
}

/* Tensors nested so that names, not numbers, take the memory: 1000 bytes of key, used again for each of many tensors. */
static void names_take_no_more_memory_than_the_file_is_worth(void **state) {
    (void)state;
    static const char HEAD[] = "\200\2" GOOD_TENSOR "q\0010}X\350\3\0\0";
    char pickle[15000];
    size_t size = put(pickle, 0, HEAD, sizeof HEAD - 1);
    memset(pickle + size, 'k', 1000);
    size += 1000;
    pickle[size++] = '}';
    for (unsigned i = 0; i < 1500; i++) {
        const unsigned char pair[] = {'M', (unsigned char)i, (unsigned char)(i >> 8), 'h', 1, 's'};
        size = put(pickle, size, pair, sizeof pair);
    }
    size = put(pickle, size, "s.", 2);
    struct built *b = new_built();
    built_torch_zip(b, pickle, size);
    built_directory(b);
    built_put(b, "m.bin");
    assert_refused("m.bin", SPT_INVALID, "no more than the pickle is worth");
    free(b);
}

/* Tuples of tuples of tuples ..., each held twice by the one around it: 2^28 paths, as many steps as nodes. */
static void what_is_shared_is_walked_once(void **state) {
    (void)state;
    static const char HEAD[] = "\200\2}" W GOOD_TENSOR "sX\1\0\0\0x]";
    char pickle[2048];
    size_t size = put(pickle, 0, HEAD, sizeof HEAD - 1);
    for (int i = 0; i < 28; i++) size = put(pickle, size, "2\206", 2); /* x becomes (x, x) */
    size = put(pickle, size, "s.", 2);
    struct built *b = new_built();
    built_torch_zip(b, pickle, size);
    built_directory(b);
    built_put(b, "m.bin");
    struct spt_checkpoint *checkpoint = open_checkpoint("m.bin");
    assert_int_equal(spt_checkpoint_tensor_count(checkpoint), 1);
    spt_checkpoint_close(checkpoint);
    free(b);
}

static void deep_nesting_is_refused(void **state) {
    (void)state;
    char pickle[4096] = "\200\2";
    size_t size = 2;
    memset(pickle + size, ']', 1000);
    size += 1000;
    memset(pickle + size, 'a', 999);
    size += 999;
    pickle[size++] = '.';
    struct built *b = new_built();
    built_torch_zip(b, pickle, size);
    built_directory(b);
    built_put(b, "m.bin");
    assert_refused("m.bin", SPT_INVALID, "nested deeper than 32");
    free(b);
}

/* --- zip --- */

enum { PKL, ORDER, STORAGE };

/* Places in headers (APPNOTE 4.3.7, 4.3.12, 4.3.16). */
enum { LOCAL_FLAGS = 6, LOCAL_METHOD = 8, LOCAL_STORED = 18, LOCAL_SIZE = 22, LOCAL_NAME = 30 };
enum {
    ROW_FLAGS = 8,
    ROW_METHOD = 10,
    ROW_STORED = 20,
    ROW_SIZE = 24,
    ROW_NAME_LENGTH = 28,
    ROW_HEADER = 42,
    ROW_NAME = 46
};
enum { END_DISK = 4, END_COUNT = 10, END_SIZE = 12, END_OFFSET = 16, END_COMMENT = 20 };

static void two_end_records(struct built *b) {
    unsigned char end[22];
    memcpy(end, b->bytes + b->end, sizeof end);
    built_set(b, b->end + END_COMMENT, sizeof end, 2);
    built_add(b, end, sizeof end);
}
static void comment(struct built *b) {
    built_set(b, b->end + END_COMMENT, 5, 2);
    built_add(b, "hello", 5);
}
static void trailing(struct built *b) {
    built_add(b, "hello", 5);
}
static void zeros(struct built *b) {
    built_number(b, 0, 4000);
}
static void no_end(struct built *b) {
    b->size = b->end;
}
static void local_name(struct built *b) {
    b->bytes[b->local[STORAGE] + LOCAL_NAME] = 'n';
}
static void local_size(struct built *b) {
    built_set(b, b->local[STORAGE] + LOCAL_SIZE, 15, 4);
}
static void local_stored(struct built *b) {
    built_set(b, b->local[STORAGE] + LOCAL_STORED, 15, 4);
}
static void local_method(struct built *b) {
    built_set(b, b->local[STORAGE] + LOCAL_METHOD, 8, 2);
}
static void local_magic(struct built *b) {
    b->bytes[b->local[STORAGE]] = 'Q';
}
static void local_wide(struct built *b) {
    built_set(b, b->local[STORAGE] + LOCAL_SIZE, UINT32_MAX, 4);
}
static void descriptor(struct built *b) { /* sizes after the data: as torch writes them */
    built_set(b, b->local[STORAGE] + LOCAL_FLAGS, 8, 2);
    built_set(b, b->local[STORAGE] + LOCAL_STORED, 0, 8);
}
static void sizes_differ(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_SIZE, 64, 4);
}
static void reaches_directory(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_SIZE, 17, 4);
    built_set(b, b->row[STORAGE] + ROW_STORED, 17, 4);
}
static void huge(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_SIZE, 0xfffffffe, 4);
    built_set(b, b->row[STORAGE] + ROW_STORED, 0xfffffffe, 4);
}
static void wide_without_field(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_SIZE, UINT32_MAX, 4);
}
static void overlap(struct built *b) { /* the byteorder's data reach into the storage's header */
    for (size_t i = 0; i < 2; i++) {
        built_set(b, b->row[ORDER] + ROW_STORED + 4 * i, 16, 4);
        built_set(b, b->local[ORDER] + LOCAL_STORED + 4 * i, 16, 4);
    }
}
static void same_member_twice(struct built *b) {
    built_set(b, b->row[ORDER] + ROW_HEADER, b->local[STORAGE], 4);
}
static void header_beyond(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_HEADER, b->directory, 4);
}
static void bomb(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_METHOD, 8, 2);
    built_set(b, b->local[STORAGE] + LOCAL_METHOD, 8, 2);
    built_set(b, b->row[STORAGE] + ROW_SIZE, 0x7fffffff, 4);
    built_set(b, b->local[STORAGE] + LOCAL_SIZE, 0x7fffffff, 4);
}
static void deflated_pickle(struct built *b) {
    built_set(b, b->row[PKL] + ROW_METHOD, 8, 2);
    built_set(b, b->local[PKL] + LOCAL_METHOD, 8, 2);
}
static void deflated_storage(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_METHOD, 8, 2);
    built_set(b, b->local[STORAGE] + LOCAL_METHOD, 8, 2);
}
static void encrypted(struct built *b) {
    built_set(b, b->row[PKL] + ROW_FLAGS, 1, 2);
}
static void row_magic(struct built *b) {
    b->bytes[b->row[ORDER]] = 'Q';
}
static void row_name_long(struct built *b) {
    built_set(b, b->row[STORAGE] + ROW_NAME_LENGTH, 60000, 2);
}
static void name_nul(struct built *b) {
    b->bytes[b->row[STORAGE] + ROW_NAME + 2] = '\0';
}
static void name_escape(struct built *b) {
    b->bytes[b->row[STORAGE] + ROW_NAME + 2] = '\033';
}
static void count_more(struct built *b) {
    built_set(b, b->end + 8, 4, 2);
    built_set(b, b->end + END_COUNT, 4, 2);
}
static void count_less(struct built *b) {
    built_set(b, b->end + 8, 2, 2);
    built_set(b, b->end + END_COUNT, 2, 2);
}
static void count_forged(struct built *b) {
    built_set(b, b->end + 8, 65535, 2);
    built_set(b, b->end + END_COUNT, 65535, 2);
}
static void directory_offset(struct built *b) {
    built_set(b, b->end + END_OFFSET, b->directory - 1, 4);
}
static void directory_beyond(struct built *b) {
    built_set(b, b->end + END_OFFSET, 0xfffffff0, 4);
}
static void directory_size(struct built *b) {
    built_set(b, b->end + END_SIZE, 0, 4);
}
static void second_disk(struct built *b) {
    built_set(b, b->end + END_DISK, 1, 2);
}
static void byte_order_odd(struct built *b) {
    memcpy(b->bytes + b->data[ORDER], "middle", 6);
}
static void no_pickle(struct built *b) {
    b->bytes[b->row[PKL] + ROW_NAME + 2] = 'x';
    b->bytes[b->local[PKL] + LOCAL_NAME + 2] = 'x';
}
static void prefix(struct built *b) { /* a file in front, of which the directory knows nothing */
    memmove(b->bytes + 8, b->bytes, b->size);
    b->size += 8;
    memcpy(b->bytes, "PK\3\4....", 8);
}

/* A ZIP64 end record and its locator before the end record; its values: as they are, or forged by the row. */
static void add_end64(struct built *b, uint64_t count, uint64_t size, uint64_t offset, uint64_t at, uint64_t disks) {
    unsigned char end[22];
    memcpy(end, b->bytes + b->end, sizeof end);
    b->size = b->end;
    built_number(b, 0x06064b50, 4);
    built_number(b, 44, 8);
    built_number(b, 0x002d002d, 4);
    built_number(b, 0, 8);
    built_number(b, count, 8);
    built_number(b, count, 8);
    built_number(b, size, 8);
    built_number(b, offset, 8);
    built_number(b, 0x07064b50, 4);
    built_number(b, 0, 4);
    built_number(b, at, 8);
    built_number(b, disks, 4);
    b->end = b->size;
    built_add(b, end, sizeof end);
}
static void end64(struct built *b) {
    add_end64(b, 3, b->end - b->directory, b->directory, b->end, 1);
}
static void end64_count(struct built *b) {
    add_end64(b, 4, b->end - b->directory, b->directory, b->end, 1);
}
static void end64_forged(struct built *b) {
    built_set(b, b->end + END_SIZE, UINT32_MAX, 4);
    add_end64(b, 3, UINT64_MAX - 5, b->directory, b->end, 1);
}
static void end64_wraps(struct built *b) { /* offset + size == the right end, modulo 2^64 */
    built_set(b, b->end + END_SIZE, UINT32_MAX, 4);
    built_set(b, b->end + END_OFFSET, UINT32_MAX, 4);
    add_end64(b, 3, b->end + 100, UINT64_MAX - 99, b->end, 1);
}
static void end64_members(struct built *b) {
    built_set(b, b->end + 8, 65535, 2);
    built_set(b, b->end + END_COUNT, 65535, 2);
    add_end64(b, (uint64_t)1 << 60, b->end - b->directory, b->directory, b->end, 1);
}
static void end64_elsewhere(struct built *b) {
    add_end64(b, 3, b->end - b->directory, b->directory, UINT64_MAX - 8, 1);
}
static void end64_not_there(struct built *b) {
    add_end64(b, 3, b->end - b->directory, b->directory, b->end - 1, 1);
}
static void end64_disks(struct built *b) {
    add_end64(b, 3, b->end - b->directory, b->directory, b->end, 2);
}

static void what_a_zip_says_twice_must_agree(void **state) {
    (void)state;
    static const struct {
        const char *name;
        void (*spoil)(struct built *b);
        enum spt_status status;
        const char *word; /* NULL: it opens */
    } ROWS[] = {
        {"comment", comment, SPT_OK, NULL},
        {"descriptor", descriptor, SPT_OK, NULL},
        {"end64", end64, SPT_OK, NULL},
        {"no end", no_end, SPT_RETRY, "without its end record"},
        {"trailing", trailing, SPT_RETRY, "without its end record"},
        {"preallocated", zeros, SPT_RETRY, "without its end record"},
        {"two end records", two_end_records, SPT_INVALID, "two end records"},
        {"local name", local_name, SPT_INVALID, "differ"},
        {"local size", local_size, SPT_INVALID, "differ"},
        {"local stored", local_stored, SPT_INVALID, "differ"},
        {"local method", local_method, SPT_INVALID, "differ"},
        {"local magic", local_magic, SPT_INVALID, "no member where"},
        {"local ZIP64 without field", local_wide, SPT_INVALID, "differ"},
        {"sizes differ", sizes_differ, SPT_INVALID, "stored as it is"},
        {"into directory", reaches_directory, SPT_INVALID, "reaches into the directory"},
        {"huge", huge, SPT_INVALID, "reaches into the directory"},
        {"ZIP64 without field", wide_without_field, SPT_INVALID, "lacks its ZIP64 sizes"},
        {"overlap", overlap, SPT_INVALID, "overlap"},
        {"one member for two", same_member_twice, SPT_INVALID, "differ"},
        {"behind", header_beyond, SPT_INVALID, "behind all members"},
        {"bomb", bomb, SPT_INVALID, "cannot hold them"},
        {"deflated pickle", deflated_pickle, SPT_UNSUPPORTED, "compressed"},
        {"deflated storage", deflated_storage, SPT_INVALID, "not in the file"},
        {"encrypted", encrypted, SPT_UNSUPPORTED, "encrypted"},
        {"row", row_magic, SPT_INVALID, "no member in the directory"},
        {"long name", row_name_long, SPT_INVALID, "reaches out of the directory"},
        {"NUL in a name", name_nul, SPT_INVALID, "control characters"},
        {"escape in a name", name_escape, SPT_INVALID, "control characters"},
        {"a member more", count_more, SPT_INVALID, "4 members"},
        {"a member less", count_less, SPT_INVALID, "after the last member"},
        {"65535 members", count_forged, SPT_INVALID, "65535 members"},
        {"directory before", directory_offset, SPT_INVALID, "it must end"},
        {"directory behind", directory_beyond, SPT_INVALID, "it must end"},
        {"directory of nothing", directory_size, SPT_INVALID, "it must end"},
        {"disk", second_disk, SPT_UNSUPPORTED, "several disks"},
        {"byte order", byte_order_odd, SPT_INVALID, "\"middle\""},
        {"no pickle", no_pickle, SPT_UNSUPPORTED, "without the data.pkl"},
        {"something in front", prefix, SPT_INVALID, "it must end"},
        {"end64 count", end64_count, SPT_INVALID, "differ"},
        {"end64 forged", end64_forged, SPT_INVALID, "it must end"},
        {"end64 wraps", end64_wraps, SPT_INVALID, "it must end"},
        {"end64 members", end64_members, SPT_INVALID, "1152921504606846976 members"},
        {"end64 elsewhere", end64_elsewhere, SPT_INVALID, "ZIP64 end record"},
        {"end64 not there", end64_not_there, SPT_INVALID, "no ZIP64 end record"},
        {"end64 disks", end64_disks, SPT_UNSUPPORTED, "several disks"},
    };
    struct built *b = new_built();
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        built_torch_zip(b, GOOD_PICKLE, sizeof GOOD_PICKLE - 1);
        built_directory(b);
        ROWS[i].spoil(b);
        built_put(b, "m.bin");
        if (ROWS[i].word)
            assert_refused("m.bin", ROWS[i].status, ROWS[i].word);
        else
            spt_checkpoint_close(open_checkpoint("m.bin"));
    }
    free(b);
}

static void two_members_of_one_name_are_refused(void **state) {
    (void)state;
    struct built *b = new_built();
    built_torch_zip(b, GOOD_PICKLE, sizeof GOOD_PICKLE - 1);
    built_member(b, "m/data/0", "0123456789abcdef", 16);
    built_directory(b);
    built_put(b, "m.bin");
    assert_refused("m.bin", SPT_INVALID, "two members are named");
    free(b);
}

static void a_torchscript_program_is_named(void **state) {
    (void)state;
    struct built *b = new_built();
    built_torch_zip(b, GOOD_PICKLE, sizeof GOOD_PICKLE - 1);
    built_member(b, "m/constants.pkl", "\200\2).", 4);
    built_directory(b);
    built_put(b, "m.bin");
    assert_refused("m.bin", SPT_UNSUPPORTED, "TorchScript");
    free(b);
}

/* --- before 1.6 --- */

#define MAGIC    "\200\2\212\nl\374\234\106\371 j\250P\31."
#define VERSION  "\200\2M\351\3."
#define SYSTEM   "\200\2}X\15\0\0\0little_endian\210s."
#define KEYS     "\200\2]X\1\0\0\0000a."
#define COUNT(n) n "\0\0\0\0\0\0\0"
#define VALUES   "0123456789abcdef"

#define VIEW(key)              "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\4" key "tQ"
#define VIEWED(view, geometry) DICT(W "ctorch._utils\n_rebuild_tensor_v2\n(" VIEW(view) geometry "\211}tRs")

static void what_an_old_file_says_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        enum spt_status status;
        const char *word;
    } ROWS[] = {
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE KEYS COUNT("\4") VALUES, SPT_OK, NULL),
        ROW(MAGIC VERSION SYSTEM VIEWED("N", PLAIN) KEYS COUNT("\4") VALUES, SPT_OK, NULL),
        ROW(MAGIC VERSION SYSTEM VIEWED("X\1\0\0\0vK\1K\2\207", "K\0K\2\205K\1\205") KEYS COUNT("\4") VALUES, SPT_OK,
            NULL),
        ROW(MAGIC VERSION SYSTEM VIEWED("X\1\0\0\0vK\1K\2\207", "K\0K\3\205K\1\205") KEYS COUNT("\4") VALUES,
            SPT_INVALID, "storage of 2 elements"),
        ROW(MAGIC VERSION SYSTEM VIEWED("X\1\0\0\0vK\3K\2\207", "K\0K\2\205K\1\205") KEYS COUNT("\4") VALUES,
            SPT_INVALID, "view beyond"),
        ROW(MAGIC "\200\2K\5.", SPT_UNSUPPORTED, "version 1001"),
        ROW(MAGIC VERSION SYSTEM DICT(W "cos\nsystem\nX\12\0\0\0touch ouch\205Rs") "\200\2].", SPT_INVALID,
            "os.system"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE "\200\2N.", SPT_INVALID, "no list of storages"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE "\200\2].", SPT_INVALID, "not in the file"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE "\200\2]K\0a.", SPT_INVALID, "nothing refers to it"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE "\200\2]X\1\0\0\0"
                                             "1a." COUNT("\4") VALUES,
            SPT_INVALID, "nothing refers to it"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE "\200\2](X\1\0\0\0000X\1\0\0\0000e." COUNT("\4") VALUES COUNT("\4") VALUES,
            SPT_INVALID, "was before"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE KEYS COUNT("\5") VALUES "....", SPT_INVALID, "its record has 5"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE KEYS COUNT("\3") VALUES, SPT_INVALID, "its record has 3"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE KEYS COUNT("\4") VALUES "x", SPT_INVALID,
            "1 bytes after the last storage"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE KEYS COUNT("\4") "012345678", SPT_RETRY, "of which 9 bytes are there"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE KEYS "\4\0\0", SPT_RETRY, "ends before its storages"),
        ROW(MAGIC VERSION SYSTEM GOOD_PICKLE, SPT_RETRY, "middle of its pickle"),
        ROW(MAGIC VERSION SYSTEM "\200\2}X\377\377\377\377w", SPT_INVALID, "string of 4294967295 bytes"),
        ROW(MAGIC VERSION SYSTEM "\200\2}s.", SPT_INVALID, "empty stack"),
        ROW(MAGIC VERSION SYSTEM DICT(W TENSOR_OF("\212\10\377\377\377\377\377\377\377\177", PLAIN) "s") KEYS
            "\377\377\377\377\377\377\377\177" VALUES,
            SPT_RETRY, "of which 16 bytes are there"),
        ROW(MAGIC VERSION SYSTEM "\200\2}q\0X\1\0\0\0sh\0s."
                                 "\200\2].",
            SPT_INVALID, "holds itself"),
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        put_file("m.bin", ROWS[i].bytes, ROWS[i].size);
        if (ROWS[i].word)
            assert_refused("m.bin", ROWS[i].status, ROWS[i].word);
        else
            spt_checkpoint_close(open_checkpoint("m.bin"));
    }
    struct stat st;
    assert_int_equal(stat("ouch", &st), -1);
}

/* --- all of them --- */

static const char *const FILES[] = {DATA "zip2.bin", DATA "zip64.bin", DATA "old2.bin", DATA "old4.bin"};

static unsigned char *load(const char *path, size_t *size) {
    char *data = NULL;
    struct spt_error error = {0};
    if (spt_file_read_all(path, 1 << 20, &data, size, &error) != SPT_OK) fail_msg("%s", error.message);
    return (unsigned char *)data;
}

static void a_file_cut_at_any_byte_is_incomplete(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof FILES / sizeof *FILES; f++) {
        size_t size = 0;
        unsigned char *bytes = load(FILES[f], &size);
        put_file("m.bin", bytes, size);
        spt_checkpoint_close(open_checkpoint("m.bin"));
        while (size-- > 0) {
            assert_int_equal(truncate("m.bin", (off_t)size), 0);
            struct spt_checkpoint *checkpoint = NULL;
            const enum spt_status status = spt_checkpoint_open("m.bin", NULL, &checkpoint, NULL);
            if (status != SPT_RETRY) fail_msg("%s cut at %zu: %s", FILES[f], size, spt_status_name(status));
        }
        free(bytes);
    }
}

/* Every seventh byte in turn becomes another one: refused with a reason, or read whole. */
static void any_byte_may_be_another_one(void **state) {
    (void)state;
    size_t refused = 0, read = 0;
    for (size_t f = 0; f < sizeof FILES / sizeof *FILES; f++) {
        size_t size = 0;
        unsigned char *bytes = load(FILES[f], &size);
        for (size_t i = f; i < size; i += 7) {
            const unsigned char kept = bytes[i];
            bytes[i] ^= (unsigned char)(i % 3 == 0 ? 0xff : i % 3 == 1 ? 0x01 : 0x80);
            put_file("m.bin", bytes, size);
            bytes[i] = kept;
            struct spt_checkpoint *checkpoint = NULL;
            struct spt_error error = {0};
            const enum spt_status status = spt_checkpoint_open("m.bin", NULL, &checkpoint, &error);
            if (status != SPT_OK) {
                assert_true(error.message[0] != '\0');
                refused++;
                continue;
            }
            for (size_t t = 0; t < spt_checkpoint_tensor_count(checkpoint); t++) {
                const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, t);
                if (tensor->dtype == SPT_DTYPE_UNKNOWN) continue;
                assert_int_equal(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL), SPT_OK);
            }
            spt_checkpoint_close(checkpoint);
            read++;
        }
        free(bytes);
    }
    assert_true(refused > 200 && read > 200);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_the_pickle_of_a_zip_says_is_checked),
        TEST(names_take_no_more_memory_than_the_file_is_worth),
        TEST(what_is_shared_is_walked_once),
        TEST(deep_nesting_is_refused),
        TEST(what_a_zip_says_twice_must_agree),
        TEST(two_members_of_one_name_are_refused),
        TEST(a_torchscript_program_is_named),
        TEST(what_an_old_file_says_is_checked),
        TEST(a_file_cut_at_any_byte_is_incomplete),
        TEST(any_byte_may_be_another_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
