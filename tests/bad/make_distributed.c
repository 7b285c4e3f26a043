/* Torch distributed checkpoints: .metadata, and the file that it names, a.distcp. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "make.h"
#include "shards.h"
#include "torch_zip.h"

/* .metadata in protocol 2. A TEXT's length is one byte, in octal. */
#define TEXT(length, text)   "X" length "\0\0\0" text
#define CLASS_OF(file, name) "ctorch.distributed.checkpoint." file "\n" name "\n"
#define MADE(class, state)   class ")\201}(" state "ub"
#define SIZES(items)         "ctorch\nSize\n(" items "t\205R"
#define FLOAT32              "ctorch\nfloat32\n"
#define PROPERTIES(dtype)    CLASS_OF("metadata", "TensorProperties") ")\201(" dtype "N\211NNtb"
#define CHUNK(begin, size)                                                                                             \
    MADE(CLASS_OF("metadata", "ChunkStorageMetadata"), TEXT("\7", "offsets") begin TEXT("\5", "sizes") size)
#define ITEM(dtype, size, chunks)                                                                                      \
    MADE(CLASS_OF("metadata", "TensorStorageMetadata"),                                                                \
         TEXT("\12", "properties") PROPERTIES(dtype) TEXT("\4", "size") size TEXT("\6", "chunks") "](" chunks "e")
#define INDEX(name, begin)                                                                                             \
    MADE(CLASS_OF("metadata", "MetadataIndex"), TEXT("\3", "fqn") name TEXT("\6", "offset") begin)
#define PLACE(file, offset, length)                                                                                    \
    MADE(CLASS_OF("filesystem", "_StorageInfo"),                                                                       \
         TEXT("\15", "relative_path") file TEXT("\6", "offset") offset TEXT("\6", "length") length)
#define DESCRIBES(tensors, places)                                                                                     \
    "\200\2" MADE(CLASS_OF("metadata", "Metadata"),                                                                    \
                  TEXT("\23", "state_dict_metadata") tensors TEXT("\14", "storage_data") places) "."
#define METADATA(tensors, places) DESCRIBES("}(" tensors "u", "}(" places "u")

/* "w" of eight float32: two chunks of four, one after the other in a.distcp, each ITEM_SIZE bytes. */
enum { ITEM_SIZE = 1024 };
#define NAME_W        TEXT("\1", "w")
#define NAME_A        TEXT("\10", "a.distcp")
#define AT(n)         SIZES("K" n)
#define FIRST         CHUNK(AT("\0"), AT("\4"))
#define SECOND        CHUNK(AT("\4"), AT("\4"))
#define FIRST_PLACE   INDEX(NAME_W, AT("\0")) PLACE(NAME_A, "K\0", "M\0\4")
#define SECOND_PLACE  INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\0\4", "M\0\4")
#define GOOD_ITEM     NAME_W ITEM(FLOAT32, AT("\10"), FIRST SECOND)
#define GOOD_PLACES   FIRST_PLACE SECOND_PLACE
#define GOOD_METADATA METADATA(GOOD_ITEM, GOOD_PLACES)
#define ALONE(tensor) "\200\2" tensor "."

/* What torch.save writes of a tensor, made up to ITEM_SIZE bytes by a record that nobody reads.
 *   item  [ITEM_SIZE] */
static void make_item(const void *pickle, size_t size, const char *byte_order, unsigned char *item) {
    static const unsigned char NOTHING[ITEM_SIZE] = {0},
                               STORAGE[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct torch_zip *zip = malloc(sizeof *zip);
    if (!zip) shards_die("memory");
    zip->size = ITEM_SIZE;
    for (int i = 0; i < 2; i++) {
        const size_t pad = i == 0 ? 0 : ITEM_SIZE - zip->size;
        *zip = (struct torch_zip){0};
        torch_zip_member(zip, "m/data.pkl", pickle, size);
        torch_zip_member(zip, "m/byteorder", byte_order, strlen(byte_order));
        torch_zip_member(zip, "m/data/0", STORAGE, sizeof STORAGE);
        torch_zip_member(zip, "m/pad", NOTHING, pad);
        torch_zip_directory(zip);
        if (zip->size > ITEM_SIZE) shards_die("an item");
    }
    memcpy(item, zip->bytes, ITEM_SIZE);
    free(zip);
}

/* A good item, and one that holds pickle. */
static void put_items(const void *pickle, size_t size, const char *byte_order, size_t at, const void *bytes,
                      size_t count) {
    unsigned char both[2 * ITEM_SIZE];
    make_item(ALONE(GOOD_TENSOR), sizeof ALONE(GOOD_TENSOR) - 1, "little", both);
    make_item(pickle, size, byte_order, both + ITEM_SIZE);
    if (count) memcpy(both + ITEM_SIZE + at, bytes, count);
    bad_put("a.distcp", both, sizeof both);
}

static void put_good_items(void) {
    put_items(ALONE(GOOD_TENSOR), sizeof ALONE(GOOD_TENSOR) - 1, "little", 0, NULL, 0);
}

static void put_good_metadata(void) {
    bad_put(".metadata", GOOD_METADATA, sizeof GOOD_METADATA - 1);
}

/* bytes: .metadata. */
static void write_metadata(const struct bad_input *input) {
    put_good_items();
    bad_put(".metadata", input->bytes, input->size);
}

/* bytes: the second item's data.pkl; data: its byte order. */
static void write_item(const struct bad_input *input) {
    static const char *const ORDERS[] = {"little", "big", "middle"};
    put_items(input->bytes, input->size, ORDERS[input->data], 0, NULL, 0);
    put_good_metadata();
}

/* bytes: what stands in the second item at data. */
static void write_spoilt(const struct bad_input *input) {
    put_items(ALONE(GOOD_TENSOR), sizeof ALONE(GOOD_TENSOR) - 1, "little", input->data, input->bytes, input->size);
    put_good_metadata();
}

static void write_fifo(const struct bad_input *input) {
    (void)input;
    put_good_metadata();
    bad_fifo("a.distcp");
}

static void write_folder(const struct bad_input *input) {
    (void)input;
    put_good_metadata();
    bad_folder("a.distcp");
}

static void write_loop(const struct bad_input *input) {
    (void)input;
    put_good_metadata();
    bad_link("a.distcp", "a.distcp");
}

static void write_link(const struct bad_input *input) {
    (void)input;
    put_good_metadata();
    bad_link("a.distcp", "nowhere");
}

static void write_metadata_fifo(const struct bad_input *input) {
    (void)input;
    put_good_items();
    bad_fifo(".metadata");
}

static void write_no_metadata(const struct bad_input *input) {
    (void)input;
    put_good_items();
}

static void write_of_each_rank(const struct bad_input *input) {
    (void)input;
    put_good_items();
    bad_put("__0.metadata", GOOD_METADATA, sizeof GOOD_METADATA - 1);
}

static void write_older(const struct bad_input *input) {
    (void)input;
    static const struct timespec TIMES[] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    put_good_items();
    put_good_metadata();
    if (utimensat(AT_FDCWD, ".metadata", TIMES, 0)) shards_die(".metadata");
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

#define ADD(made, literal) add(made, literal, sizeof(literal) - 1)

static void end(struct made *made) {
    if (fclose(made->memory)) shards_die("memory");
    put_good_items();
    bad_put(".metadata", made->bytes, made->size);
    free(made->bytes);
}

/* A pickle can use an object again for two bytes: data times. */
static void write_chunks(const struct bad_input *input) {
    struct made made;
    begin(&made);
    ADD(&made, "\200\2" CLASS_OF("metadata", "Metadata") ")\201}(" TEXT("\23", "state_dict_metadata") "}(" NAME_W);
    ADD(&made, CLASS_OF("metadata", "TensorStorageMetadata") ")\201}(" TEXT("\12", "properties") PROPERTIES(FLOAT32));
    ADD(&made, TEXT("\4", "size") AT("\10") TEXT("\6", "chunks") "](" FIRST "q\1");
    for (size_t i = 0; i < input->data; i++) ADD(&made, "h\1");
    ADD(&made, SECOND "eubu" TEXT("\14", "storage_data") "}(" GOOD_PLACES "uub.");
    end(&made);
}

static void write_places(const struct bad_input *input) {
    struct made made;
    begin(&made);
    ADD(&made,
        "\200\2" CLASS_OF("metadata", "Metadata") ")\201}(" TEXT("\23", "state_dict_metadata") "}(" GOOD_ITEM "u");
    ADD(&made, TEXT("\14", "storage_data") "}(" INDEX(NAME_W, AT("\0")) "q\1" PLACE(NAME_A, "K\0", "M\0\4") "q\2");
    for (size_t i = 0; i < input->data; i++) ADD(&made, "h\1h\2");
    ADD(&made, "uub.");
    end(&made);
}

static void write_names(const struct bad_input *input) {
    char name[1000];
    struct made made;
    memset(name, 'k', sizeof name);
    begin(&made);
    ADD(&made, "\200\2" CLASS_OF("metadata", "Metadata") ")\201}(" TEXT("\23", "state_dict_metadata") "}(X\350\3\0\0");
    add(&made, name, sizeof name);
    ADD(&made, "q\1" ITEM(FLOAT32, SIZES("K\0"), ) "q\2");
    for (size_t i = 0; i < input->data; i++) ADD(&made, "h\1h\2");
    ADD(&made, "u" TEXT("\14", "storage_data") "}ub.");
    end(&made);
}

#define DESCRIBED(row_name, literal) BAD_ROW("distributed/" row_name, write_metadata, literal)
#define SAVED(row_name, order, tensor)                                                                                 \
    {                                                                                                                  \
        .name = "distributed/" row_name, .write = write_item, .bytes = ALONE(tensor),                                  \
        .size = sizeof ALONE(tensor) - 1, .data = (order)                                                              \
    }
#define SPOILT(row_name, at, literal)                                                                                  \
    {                                                                                                                  \
        .name = "distributed/" row_name, .write = write_spoilt, .bytes = (literal), .size = sizeof(literal) - 1,       \
        .data = (at)                                                                                                   \
    }
#define OTHER(row_name, function, n)                                                                                   \
    { .name = "distributed/" row_name, .write = (function), .data = (n) }

static const struct bad_input INPUTS[] = {
    DESCRIBED("good", GOOD_METADATA),
    DESCRIBED("os-system", "\200\2cos\nsystem\n" OUCH "."),
    DESCRIBED("posix-system-beside-a-tensor", METADATA(GOOD_ITEM NAME_A "cposix\nsystem\n" OUCH, GOOD_PLACES)),
    DESCRIBED("eval-for-a-place", METADATA(GOOD_ITEM, INDEX(NAME_W, AT("\0")) "cbuiltins\neval\n)R" SECOND_PLACE)),
    DESCRIBED("os-system-as-a-state",
              METADATA(GOOD_ITEM, GOOD_PLACES INDEX(NAME_A, "cos\nsystem\n" OUCH) PLACE(NAME_A, "K\0", "K\0"))),
    DESCRIBED("unknown-class", METADATA(GOOD_ITEM NAME_A "cargparse\nNamespace\n)\201", GOOD_PLACES)),
    DESCRIBED("empty-metadata", ""),
    DESCRIBED("one-byte", "\200"),
    DESCRIBED("no-stop", "\200\2}"),
    DESCRIBED("json", "{\"not\": \"a pickle\"}"),
    DESCRIBED("protocol-9", "\200\11N."),
    DESCRIBED("trailing-byte", GOOD_METADATA "x"),
    DESCRIBED("none", "\200\2N."),
    DESCRIBED("dict", "\200\2}."),
    DESCRIBED("another-class", "\200\2" MADE(CLASS_OF("metadata", "StorageMeta"), ) "."),
    DESCRIBED("class-itself", "\200\2" CLASS_OF("metadata", "Metadata") "."),
    DESCRIBED("no-state", "\200\2" CLASS_OF("metadata", "Metadata") ")\201."),
    DESCRIBED("state-none", "\200\2" CLASS_OF("metadata", "Metadata") ")\201Nb."),
    DESCRIBED("state-is-itself", "\200\2" CLASS_OF("metadata", "Metadata") ")\201q\0h\0b."),
    DESCRIBED("build-on-nothing", "\200\2Nb."),
    DESCRIBED("tensors-none", DESCRIBES("N", "}")),
    DESCRIBED("places-none", DESCRIBES("}(" GOOD_ITEM "u", "N")),
    DESCRIBED("nothing", DESCRIBES("}", "}")),
    DESCRIBED("no-places", METADATA(GOOD_ITEM, )),
    DESCRIBED("name-number", METADATA("K\1" ITEM(FLOAT32, AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("name-with-nul", METADATA(TEXT("\2", "w\0") ITEM(FLOAT32, AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("name-with-escape", METADATA(TEXT("\2", "\033[") ITEM(FLOAT32, AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("name-not-utf-8", METADATA(TEXT("\1", "\377") ITEM(FLOAT32, AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("name-of-another", METADATA(TEXT("\1", "v") ITEM(FLOAT32, AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("name-twice", METADATA(GOOD_ITEM GOOD_ITEM, GOOD_PLACES)),
    DESCRIBED("optimizer-alone", METADATA(TEXT("\7", "optim.w") ITEM(FLOAT32, AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("item-none", METADATA(NAME_W "N", GOOD_PLACES)),
    DESCRIBED("item-of-bytes", METADATA(NAME_W MADE(CLASS_OF("metadata", "BytesStorageMetadata"), ), GOOD_PLACES)),
    DESCRIBED("dtype-none", METADATA(NAME_W ITEM("N", AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("tensor-without-attributes",
              METADATA(NAME_W MADE(CLASS_OF("metadata", "TensorStorageMetadata"), ), GOOD_PLACES)),
    DESCRIBED("size-none", METADATA(NAME_W ITEM(FLOAT32, "N", FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("size-negative", METADATA(NAME_W ITEM(FLOAT32, SIZES("J\377\377\377\377"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("size-fraction", METADATA(NAME_W ITEM(FLOAT32, SIZES("G\0\0\0\0\0\0\0\0"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("size-of-nothing", METADATA(NAME_W ITEM(FLOAT32, "ctorch\nSize\n)R", FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("size-by-another",
              METADATA(NAME_W ITEM(FLOAT32, "cbuiltins\nset\n(K\10t\205R", FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("dtype-unknown", METADATA(NAME_W ITEM("ctorch\nquint1x16\n", AT("\10"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("nine-dimensions",
              METADATA(NAME_W ITEM(FLOAT32, SIZES("K\1K\1K\1K\1K\1K\1K\1K\1K\1"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("size-overflow",
              METADATA(NAME_W ITEM(FLOAT32, SIZES("\212\10\0\0\0\0\0\0\0\100K\10"), FIRST), GOOD_PLACES)),
    DESCRIBED("size-overflow-of-nothing",
              METADATA(NAME_W ITEM(FLOAT32, SIZES("\212\10\0\0\0\0\0\0\0\100K\10K\0"), ), GOOD_PLACES)),
    DESCRIBED("empty-tensor", METADATA(NAME_W ITEM(FLOAT32, SIZES("K\0K\3"), ), GOOD_PLACES)),
    DESCRIBED("chunks-missing",
              METADATA(NAME_W MADE(CLASS_OF("metadata", "TensorStorageMetadata"),
                                   TEXT("\12", "properties") PROPERTIES(FLOAT32) TEXT("\4", "size") AT("\10")),
                       GOOD_PLACES)),
    DESCRIBED("chunk-none", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), "N"), GOOD_PLACES)),
    DESCRIBED("chunk-size-none", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), CHUNK(AT("\0"), "N")), GOOD_PLACES)),
    DESCRIBED("chunk-of-another-rank",
              METADATA(NAME_W ITEM(FLOAT32, AT("\10"), CHUNK(SIZES("K\0K\0"), SIZES("K\4K\1"))), GOOD_PLACES)),
    DESCRIBED("chunk-offset-negative",
              METADATA(NAME_W ITEM(FLOAT32, AT("\10"), CHUNK(SIZES("J\374\377\377\377"), AT("\4"))), GOOD_PLACES)),
    DESCRIBED("hole", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), FIRST), GOOD_PLACES)),
    DESCRIBED("no-chunks", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), ), GOOD_PLACES)),
    DESCRIBED("chunk-past-the-end", METADATA(NAME_W ITEM(FLOAT32, AT("\4"), FIRST SECOND), GOOD_PLACES)),
    DESCRIBED("chunk-of-2^63-1",
              METADATA(NAME_W ITEM(FLOAT32, AT("\10"),
                                   FIRST CHUNK(AT("\4"), SIZES("\212\10\377\377\377\377\377\377\377\177"))),
                       GOOD_PLACES)),
    DESCRIBED("overlap", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), FIRST CHUNK(AT("\2"), AT("\6"))),
                                  FIRST_PLACE INDEX(NAME_W, AT("\2")) PLACE(NAME_A, "M\0\4", "M\0\4"))),
    DESCRIBED("overlap-and-hole", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), FIRST CHUNK(AT("\2"), AT("\4"))),
                                           FIRST_PLACE INDEX(NAME_W, AT("\2")) PLACE(NAME_A, "M\0\4", "M\0\4"))),
    DESCRIBED("replicas", METADATA(NAME_W ITEM(FLOAT32, AT("\10"), FIRST SECOND SECOND FIRST), GOOD_PLACES)),
    DESCRIBED("rank-with-nothing",
              METADATA(NAME_W ITEM(FLOAT32, AT("\10"), FIRST SECOND CHUNK(AT("\10"), AT("\0"))), GOOD_PLACES)),
    DESCRIBED("place-missing", METADATA(GOOD_ITEM, FIRST_PLACE)),
    DESCRIBED("place-twice", METADATA(GOOD_ITEM, GOOD_PLACES FIRST_PLACE)),
    DESCRIBED("place-none", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) "N")),
    DESCRIBED("index-none", METADATA(GOOD_ITEM, FIRST_PLACE "NN")),
    DESCRIBED("index-without-name", METADATA(GOOD_ITEM, FIRST_PLACE INDEX("N", AT("\4")) PLACE(NAME_A, "K\0", "K\0"))),
    DESCRIBED("index-without-offset",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, "K\4") PLACE(NAME_A, "K\0", "K\0"))),
    DESCRIBED("place-of-bytes", METADATA(GOOD_ITEM, GOOD_PLACES INDEX(NAME_A, "N") PLACE(NAME_A, "K\0", "K\0"))),
    DESCRIBED("file-none", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE("N", "M\0\4", "M\0\4"))),
    DESCRIBED("offset-negative",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "J\377\377\377\377", "M\0\4"))),
    DESCRIBED("length-negative",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\0\4", "J\377\377\377\377"))),
    DESCRIBED("file-above", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4"))
                                                    PLACE(TEXT("\13", "../a.distcp"), "M\0\4", "M\0\4"))),
    DESCRIBED("file-absolute", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4"))
                                                       PLACE(TEXT("\11", "/a.distcp"), "M\0\4", "M\0\4"))),
    DESCRIBED("file-below", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4"))
                                                    PLACE(TEXT("\12", "b/a.distcp"), "M\0\4", "M\0\4"))),
    DESCRIBED("file-parent",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(TEXT("\2", ".."), "M\0\4", "M\0\4"))),
    DESCRIBED("file-without-name",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(TEXT("\0", ""), "M\0\4", "M\0\4"))),
    DESCRIBED("file-with-nul",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(TEXT("\3", "a\0b"), "M\0\4", "M\0\4"))),
    DESCRIBED("file-with-newline",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(TEXT("\2", "a\n"), "M\0\4", "M\0\4"))),
    DESCRIBED("file-missing",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(TEXT("\1", "b"), "M\0\4", "M\0\4"))),
    DESCRIBED("item-twice", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "K\0", "M\0\4"))),
    DESCRIBED("items-overlap",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\377\3", "M\0\4"))),
    DESCRIBED("item-past-the-end",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\0\4", "M\1\4"))),
    DESCRIBED("item-of-2^63-1", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(
                                                        NAME_A, "M\0\4", "\212\10\377\377\377\377\377\377\377\177"))),
    DESCRIBED("item-at-2^63-1", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(
                                                        NAME_A, "\212\10\377\377\377\377\377\377\377\177", "K\1"))),
    DESCRIBED("item-of-nothing",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\0\4", "K\0"))),
    DESCRIBED("item-of-4", METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\0\4", "K\4"))),
    DESCRIBED("item-4-later",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4")) PLACE(NAME_A, "M\4\4", "M\374\3"))),
    DESCRIBED("transformed",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4"))
                                      MADE(CLASS_OF("filesystem", "_StorageInfo"),
                                           TEXT("\15", "relative_path")
                                               NAME_A TEXT("\6", "offset") "M\0\4" TEXT("\6", "length") "M\0\4" TEXT(
                                                   "\25", "transform_descriptors") "](" TEXT("\4", "zstd") "e"))),
    DESCRIBED("transformed-by-what",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4"))
                                      MADE(CLASS_OF("filesystem", "_StorageInfo"),
                                           TEXT("\15", "relative_path") NAME_A TEXT("\6", "offset") "M\0\4" TEXT(
                                               "\6", "length") "M\0\4" TEXT("\25", "transform_descriptors") "](Ne"))),
    DESCRIBED("not-transformed",
              METADATA(GOOD_ITEM, FIRST_PLACE INDEX(NAME_W, AT("\4"))
                                      MADE(CLASS_OF("filesystem", "_StorageInfo"),
                                           TEXT("\15", "relative_path") NAME_A TEXT("\6", "offset") "M\0\4" TEXT(
                                               "\6", "length") "M\0\4" TEXT("\25", "transform_descriptors") "]"))),
    SAVED("item-os-system", 0, "cos\nsystem\n" OUCH),
    SAVED("item-dict", 0, "}"),
    SAVED("item-state-dict", 0, "}" W GOOD_TENSOR "s"),
    SAVED("item-object", 0, "c__main__\nModel\n)\201"),
    SAVED("item-empty-stack", 0, ""),
    SAVED(
        "item-of-another-dtype", 0,
        "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nHalfStorage\nX\1\0\0\0000X\3\0\0\0cpuK\10tQK\0K\4\205K\1\205\211}tR"),
    SAVED("item-shorter", 0, TENSOR_OF(FOUR, "K\0K\3\205K\1\205")),
    SAVED("item-of-two-dimensions", 0, TENSOR_OF(FOUR, "K\0K\4K\1\206K\1K\1\206")),
    SAVED("item-number", 0, TENSOR_OF(FOUR, "K\3))")),
    SAVED("item-out-of-storage", 0, TENSOR_OF(FOUR, "K\1K\4\205K\1\205")),
    SAVED("item-storage-differs", 0, TENSOR_OF("K\5", PLAIN)),
    SAVED("item-expanded", 0, TENSOR_OF(FOUR, "K\0K\4\205K\0\205")),
    SAVED("item-sparse", 0, "ctorch._utils\n_rebuild_sparse_tensor\n)R"),
    SAVED("item-big-endian", 1, GOOD_TENSOR),
    SAVED("item-of-another-byte-order", 2, GOOD_TENSOR),
    SPOILT("zeros", 0, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    SPOILT("raw-safetensors", 0, "\20\1\0\0\0\0\0\0{\"w\": {"),
    SPOILT("item-old-torch", 0, "\200\2\212\12"),
    SPOILT("item-zstd", 0, "\x28\xb5\x2f\xfd"),
    SPOILT("item-directory-first", 0, "PK\1\2"),
    SPOILT("item-without-end", ITEM_SIZE - 22, "PK\5\7"),
    SPOILT("item-end-zeros", ITEM_SIZE - 22, "\0\0\0\0"),
    SPOILT("item-comment", ITEM_SIZE - 2, "\1"),
    SPOILT("item-of-many-disks", ITEM_SIZE - 18, "\1"),
    SPOILT("item-directory-elsewhere", ITEM_SIZE - 6, "\0\0"),
    SPOILT("item-directory-too-long", ITEM_SIZE - 10, "\377\377\377\377"),
    SPOILT("item-directory-before-it", ITEM_SIZE - 6, "\376\377\377\377"),
    SPOILT("item-name-differs", 30, "n"),
    SPOILT("item-method-differs", 8, "\10"),
    SPOILT("item-header-too-long", 26, "\377\377"),
    SPOILT("item-pickle-ends-early", 40, "\200\2}."),
    OTHER("fifo", write_fifo, 0),
    OTHER("folder", write_folder, 0),
    OTHER("link-loop", write_loop, 0),
    OTHER("link-to-nothing", write_link, 0),
    OTHER("metadata-fifo", write_metadata_fifo, 0),
    OTHER("no-metadata", write_no_metadata, 0),
    OTHER("of-each-rank", write_of_each_rank, 0),
    OTHER("older-metadata", write_older, 0),
    OTHER("chunks-again-and-again", write_chunks, 5000),
    OTHER("places-again-and-again", write_places, 2500),
    OTHER("names-again-and-again", write_names, 5000),
    DESCRIBED("metadata-cut-anywhere", GOOD_METADATA),
    DESCRIBED("metadata-any-byte-another", GOOD_METADATA),
    DESCRIBED("file-cut-anywhere", GOOD_METADATA),
    DESCRIBED("file-any-byte-another", GOOD_METADATA),
};

const struct bad_table bad_distributed = BAD_TABLE(INPUTS);
