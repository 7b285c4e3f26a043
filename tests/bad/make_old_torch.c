/* Files as torch.save wrote them before 1.6, m.bin: five pickles one behind another, then the storages. And files of
 * both formats that torch itself wrote, to be cut and altered. */
#include "make.h"
#include "torch_zip.h"

#define MAGIC    "\200\2\212\nl\374\234\106\371 j\250P\31."
#define VERSION  "\200\2M\351\3."
#define SYSTEM   "\200\2}X\15\0\0\0little_endian\210s."
#define BEGIN    MAGIC VERSION SYSTEM
#define KEYS     "\200\2]X\1\0\0\0000a."
#define COUNT(n) n "\0\0\0\0\0\0\0"
#define VALUES   "0123456789abcdef"

#define VIEW(key)              "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\4" key "tQ"
#define VIEWED(view, geometry) DICT(W "ctorch._utils\n_rebuild_tensor_v2\n(" VIEW(view) geometry "\211}tRs")
#define TWO_OF(first)          "X\1\0\0\0vK" first "K\2\207"

static void write_file(const struct bad_input *input) {
    bad_put("m.bin", input->bytes, input->size);
}

/* bytes: a file of tests/data. */
static void write_copy(const struct bad_input *input) {
    bad_copy("m.bin", input->bytes);
}

#define OLD(row_name, literal) BAD_ROW("old-torch/" row_name, write_file, literal)

static const struct bad_input INPUTS[] = {
    OLD("version", MAGIC "\200\2K\5."),
    OLD("os-system", BEGIN DICT(W "cos\nsystem\n" OUCH "s") "\200\2]."),
    OLD("keys-none", BEGIN GOOD_PICKLE "\200\2N."),
    OLD("keys-empty", BEGIN GOOD_PICKLE "\200\2]."),
    OLD("key-number", BEGIN GOOD_PICKLE "\200\2]K\0a."),
    OLD("key-nobody-asked-for", BEGIN GOOD_PICKLE "\200\2]X\1\0\0\0"
                                                  "1a." COUNT("\4") VALUES),
    OLD("key-twice", BEGIN GOOD_PICKLE "\200\2](X\1\0\0\0000X\1\0\0\0000e." COUNT("\4") VALUES COUNT("\4") VALUES),
    OLD("record-larger-than-storage", BEGIN GOOD_PICKLE KEYS COUNT("\5") VALUES "...."),
    OLD("record-smaller-than-storage", BEGIN GOOD_PICKLE KEYS COUNT("\3") VALUES),
    OLD("trailing-byte", BEGIN GOOD_PICKLE KEYS COUNT("\4") VALUES "x"),
    OLD("storage-cut", BEGIN GOOD_PICKLE KEYS COUNT("\4") "012345678"),
    OLD("count-cut", BEGIN GOOD_PICKLE KEYS "\4\0\0"),
    OLD("keys-missing", BEGIN GOOD_PICKLE),
    OLD("string-of-4-gib", BEGIN "\200\2}X\377\377\377\377w"),
    OLD("stack-underflow", BEGIN "\200\2}s."),
    OLD("storage-of-2^63-1", BEGIN DICT(W TENSOR_OF("\212\10\377\377\377\377\377\377\377\177", PLAIN) "s") KEYS
        "\377\377\377\377\377\377\377\177" VALUES),
    OLD("holds-itself", BEGIN "\200\2}q\0X\1\0\0\0sh\0s."
                              "\200\2]."),
    OLD("view-past-storage", BEGIN VIEWED(TWO_OF("\1"), "K\0K\3\205K\1\205") KEYS COUNT("\4") VALUES),
    OLD("view-begins-past-storage", BEGIN VIEWED(TWO_OF("\3"), "K\0K\2\205K\1\205") KEYS COUNT("\4") VALUES),
    OLD("view-good", BEGIN VIEWED(TWO_OF("\1"), "K\0K\2\205K\1\205") KEYS COUNT("\4") VALUES),
    BAD_ROW("old-torch/cut-anywhere", write_copy, "torch/old2.bin"),
    BAD_ROW("old-torch/protocol-4-cut-anywhere", write_copy, "torch/old4.bin"),
    BAD_ROW("old-torch/any-byte-another", write_copy, "torch/old2.bin"),
    BAD_ROW("old-torch/protocol-4-any-byte-another", write_copy, "torch/old4.bin"),
    BAD_ROW("old-torch/zip-cut-anywhere", write_copy, "torch/zip2.bin"),
    BAD_ROW("old-torch/zip64-cut-anywhere", write_copy, "torch/zip64.bin"),
    BAD_ROW("old-torch/zip-any-byte-another", write_copy, "torch/zip2.bin"),
    BAD_ROW("old-torch/zip64-any-byte-another", write_copy, "torch/zip64.bin"),
};

const struct bad_table bad_old_torch = BAD_TABLE(INPUTS);
