/* Pickles of torch files: bytes are the data.pkl of a whole zip, m.bin, that has storage "0" of 16 bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "shards.h"
#include "torch_zip.h"

static void write_pickle_of(const void *pickle, size_t size) {
    struct torch_zip *zip = malloc(sizeof *zip);
    if (!zip) shards_die("memory");
    torch_zip_state_dict(zip, pickle, size);
    torch_zip_directory(zip);
    bad_put("m.bin", zip->bytes, zip->size);
    free(zip);
}

static void write_pickle(const struct bad_input *input) {
    write_pickle_of(input->bytes, input->size);
}

struct made {
    char *bytes;
    size_t size;
    FILE *memory;
};

static void begin(struct made *made) {
    if (!(made->memory = open_memstream(&made->bytes, &made->size))) shards_die("memory");
}

static void add(struct made *made, const void *bytes, size_t size) {
    if (fwrite(bytes, 1, size, made->memory) != size) shards_die("memory");
}

static void add_times(struct made *made, const void *bytes, size_t size, size_t times) {
    while (times-- > 0) add(made, bytes, size);
}

static void end(struct made *made) {
    if (fclose(made->memory)) shards_die("memory");
    write_pickle_of(made->bytes, made->size);
    free(made->bytes);
}

#define ADD(made, literal) add(made, literal, sizeof(literal) - 1)

/* Tensors nested so that names, not numbers, take the memory: data bytes of key, used again for each of 1500 tensors. */
static void write_names(const struct bad_input *input) {
    struct made made;
    const unsigned char length[] = {(unsigned char)input->data, (unsigned char)(input->data >> 8), 0, 0};
    begin(&made);
    ADD(&made, "\200\2" GOOD_TENSOR "q\0010}X");
    add(&made, length, sizeof length);
    add_times(&made, "k", 1, input->data);
    ADD(&made, "}");
    for (unsigned i = 0; i < 1500; i++) {
        const unsigned char pair[] = {'M', (unsigned char)i, (unsigned char)(i >> 8), 'h', 1, 's'};
        add(&made, pair, sizeof pair);
    }
    ADD(&made, "s.");
    end(&made);
}

/* One tensor under data names, of three bytes and a reference each. */
static void write_one_often(const struct bad_input *input) {
    struct made made;
    begin(&made);
    ADD(&made, "\200\2" GOOD_TENSOR "q\0010}");
    for (size_t i = 0; i < input->data; i++) {
        const unsigned char pair[] = {'M', (unsigned char)i, (unsigned char)(i >> 8), 'h', 1, 's'};
        add(&made, pair, sizeof pair);
    }
    ADD(&made, ".");
    end(&made);
}

/* Tuples of tuples of tuples ..., data of them, each held twice by the one around it. */
static void write_shared(const struct bad_input *input) {
    struct made made;
    begin(&made);
    ADD(&made, "\200\2}" W GOOD_TENSOR "sX\1\0\0\0x]");
    add_times(&made, "2\206", 2, input->data); /* x becomes (x, x) */
    ADD(&made, "s.");
    end(&made);
}

/* The first byte data times, then the second. */
static void write_repeated(const struct bad_input *input) {
    struct made made;
    begin(&made);
    ADD(&made, "\200\2");
    add_times(&made, input->bytes, 1, input->data);
    add_times(&made, input->bytes + 1, 1, input->data - 1);
    ADD(&made, ".");
    end(&made);
}

#define PICKLE(row_name, literal)    BAD_ROW("pickle/" row_name, write_pickle, literal)
#define TENSOR(row_name, tensor)     PICKLE(row_name, DICT(W tensor "s"))
#define GEOMETRY(row_name, geometry) TENSOR(row_name, TENSOR_OF(FOUR, geometry))
#define REPEATED(row_name, opcodes, n)                                                                                 \
    { .name = "pickle/" row_name, .write = write_repeated, .bytes = opcodes, .data = n }

static const struct bad_input INPUTS[] = {
    /* programs */
    PICKLE("os-system", DICT(W "cos\nsystem\n" OUCH "s")),
    PICKLE("posix-system-beside-a-tensor", DICT(W "cposix\nsystem\n" OUCH "s" W GOOD_TENSOR "s")),
    PICKLE("os-system-stack-global", "\200\4\214\2os\214\6system\223\214\ntouch ouch\205R."),
    PICKLE("subprocess", DICT(W "csubprocess\nPopen\n)Rs")),
    PICKLE("os-path", DICT(W "cos.path\njoin\n)Rs")),
    PICKLE("eval", DICT(W "c__builtin__\neval\nX\1\0\0\0"
                          "1\205Rs")),
    PICKLE("exec", DICT(W "cbuiltins\nexec\n)Rs")),
    PICKLE("getattr", DICT(W "c__builtin__\ngetattr\n)Rs")),
    PICKLE("os-system-uncalled", DICT(W "cos\nsystem\ns" W GOOD_TENSOR "s")),
    PICKLE("os-system-new-object", DICT(W "cos\nsystem\nX\12\0\0\0touch ouch\205\201s")),
    PICKLE("os-system-by-inst", "\200\2(X\12\0\0\0touch ouchios\nsystem\n."),
    PICKLE("os-system-by-obj", "\200\2(cos\nsystem\nX\12\0\0\0touch oucho."),
    PICKLE("os-system-by-build", DICT(W GOOD_TENSOR "sX\1\0\0\0xcos\nsystem\n)\201}bs")),
    PICKLE("unknown-class-left-alone", DICT(W GOOD_TENSOR "sX\1\0\0\0xcargparse\nNamespace\n)\201}bs")),
    PICKLE("osmo-is-not-os", DICT(W GOOD_TENSOR "sX\1\0\0\0xcosmo\nsystem\n)Rs")),
    PICKLE("whole-object", "\200\2c__main__\nModel\n)\201."),
    PICKLE("extension-code", "\200\2\202\1."),
    /* the machine */
    PICKLE("setitem-on-a-string", DICT(W GOOD_TENSOR "K\1s")),
    PICKLE("setitem-on-an-integer", "\200\2K\1K\1K\1s."),
    PICKLE("append-to-an-integer", "\200\2K\1K\1a."),
    PICKLE("stack-underflow", "\200\2}s."),
    PICKLE("stop-on-an-empty-stack", "\200\2."),
    PICKLE("pop-of-nothing", "\200\0020."),
    PICKLE("no-mark", "\200\2K\1t."),
    PICKLE("memo-missing", "\200\2h\7."),
    PICKLE("memo-of-nothing", "\200\2q\0."),
    PICKLE("memo-4294967295", "\200\2]r\377\377\377\377j\377\377\377\377."),
    PICKLE("string-of-4-gib", "\200\2}X\377\377\377\377w"),
    PICKLE("bytes-of-2^64-1", "\200\4\216\377\377\377\377\377\377\377\377w"),
    PICKLE("frame-of-2^64-1", "\200\4\225\377\377\377\377\377\377\377\377}."),
    PICKLE("integer-of-2-gib", "\200\2\213\377\377\377\177w"),
    PICKLE("integer-of-negative-length", "\200\2\213\377\377\377\377w"),
    PICKLE("no-stop", "\200\2}"),
    PICKLE("empty", ""),
    PICKLE("no-pickle", "not a pickle"),
    PICKLE("protocol-0", "(dp0\nS'w'\np1\nI1\ns."),
    PICKLE("protocol-255", "\200\377}."),
    PICKLE("opcode-unknown", "\200\2\377."),
    /* what holds itself */
    PICKLE("dict-holds-itself", "\200\2}q\0X\1\0\0\0sh\0s."),
    PICKLE("list-holds-itself", "\200\2]q\0h\0a."),
    PICKLE("list-beside-holds-itself", DICT(W GOOD_TENSOR "sX\1\0\0\0x]q\1h\1as")),
    PICKLE("parameter-of-itself", "\200\2ctorch._utils\n_rebuild_parameter\n]q\1Rq\2"
                                  "0h\1h\2a0h\2."),
    REPEATED("lists-1000-deep", "]a", 1000),
    REPEATED("lists-20000-deep", "]a", 20000),
    REPEATED("marks-20000", "(t", 20000),
    {.name = "pickle/shared-2^28", .write = write_shared, .data = 28},
    {.name = "pickle/shared-2^1000", .write = write_shared, .data = 1000},
    {.name = "pickle/names-of-1-mb", .write = write_names, .data = 1000},
    {.name = "pickle/one-tensor-10000-times", .write = write_one_often, .data = 10000},
    /* no tensors */
    PICKLE("dict-of-nothing", "\200\2}."),
    PICKLE("none", "\200\2N."),
    PICKLE("string-alone", "\200\2X\1\0\0\0w."),
    /* names */
    PICKLE("name-escape-codes", DICT("X\2\0\0\0\033[" GOOD_TENSOR "s")),
    PICKLE("name-nul", DICT("X\2\0\0\0w\0" GOOD_TENSOR "s")),
    PICKLE("name-no-utf8", DICT("X\1\0\0\0\377" GOOD_TENSOR "s")),
    PICKLE("name-twice", DICT(W GOOD_TENSOR "s" W GOOD_TENSOR "s")),
    PICKLE("class-escape-codes", DICT(W GOOD_TENSOR "sX\1\0\0\0xc\033[31m\nred\n)Rs")),
    /* storages */
    TENSOR("storage-larger-than-record", TENSOR_OF("K\5", PLAIN)),
    TENSOR("storage-smaller-than-record", TENSOR_OF("K\3", PLAIN)),
    TENSOR("storage-of-2^62+4", TENSOR_OF("\212\10\4\0\0\0\0\0\0\100", PLAIN)),
    TENSOR("storage-negative", TENSOR_OF("J\374\377\377\377", PLAIN)),
    TENSOR("storage-of-none", TENSOR_OF("N", PLAIN)),
    TENSOR("storage-none", "ctorch._utils\n_rebuild_tensor_v2\n(N" PLAIN "\211}tR"),
    TENSOR("tensor-of-no-arguments", "ctorch._utils\n_rebuild_tensor_v2\n)R"),
    TENSOR("tensor-of-none", "ctorch._utils\n_rebuild_tensor_v2\nNR"),
    TENSOR("storage-not-in-the-file",
           "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
           "1X\0\0\0\0K\4tQ" PLAIN "\211}tR"),
    TENSOR("storage-of-another-folder",
           "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\7\0\0\0../m/da"
           "X\0\0\0\0K\4tQ" PLAIN "\211}tR"),
    /* geometry */
    GEOMETRY("offset-past-storage", "K\1K\4\205K\1\205"),
    GEOMETRY("stride-past-storage", "K\0K\4\205K\2\205"),
    GEOMETRY("shape-past-storage", "K\0K\5\205K\1\205"),
    GEOMETRY("stop-within", "K\4))."),
    GEOMETRY("scalar-past-storage", "K\4))"),
    GEOMETRY("scalar-at-the-end", "K\3))"),
    GEOMETRY("no-elements-past-storage", "K\0K\4K\0\206K\1K\1\206"),
    GEOMETRY("offset-negative", "J\377\377\377\377K\4\205K\1\205"),
    GEOMETRY("shape-negative", "K\0J\377\377\377\377\205K\1\205"),
    GEOMETRY("stride-negative", "K\0K\4\205J\377\377\377\377\205"),
    GEOMETRY("strides-more-than-dimensions", "K\0K\4\205K\1K\1\206"),
    GEOMETRY("shape-number", "K\0K\4K\1"),
    GEOMETRY("product-overflows", "K\0\212\10\0\0\0\0\0\0\0\100K\10\206K\1K\1\206"),
    GEOMETRY("product-overflows-before-zero", "K\0\212\10\0\0\0\0\0\0\0\100K\10K\0\207K\1K\1K\1\207"),
    GEOMETRY("stride-2^63-1", "K\0K\2\205\212\10\377\377\377\377\377\377\377\177\205"),
    GEOMETRY("offset-2^63-1", "\212\10\377\377\377\377\377\377\377\177K\4\205K\1\205"),
    GEOMETRY("expanded-to-4-gib", "K\0J\0\0\0\20\205K\0\205"),
    GEOMETRY("nine-dimensions", "K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1t"),
};

const struct bad_table bad_pickles = BAD_TABLE(INPUTS);
