/* One safetensors file, m.safetensors: bytes are its header, data is the number of bytes behind it. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shards.h"

#define FILE_NAME "m.safetensors"

static void write_header(const struct bad_input *input) {
    bad_put_safetensors(FILE_NAME, input->size, input->bytes, input->size, input->data);
}

static void write_file(const struct bad_input *input) {
    bad_put(FILE_NAME, input->bytes, input->size);
}

#define T(dtype, shape, offsets) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const char GOOD[] =
    "{\"__metadata__\":{\"format\":\"pt\"},\"b\":" T("F16", "[2,3]", "[4,16]") ",\"a\":" T("F32", "[]", "[0,4]") "}  ";
enum { GOOD_DATA = 16 };

/* data: bytes by which the file is cut. */
static void write_cut(const struct bad_input *input) {
    bad_put_safetensors(FILE_NAME, sizeof GOOD - 1, GOOD, sizeof GOOD - 1, GOOD_DATA);
    bad_resize(FILE_NAME, 8 + sizeof GOOD - 1 + GOOD_DATA - input->data);
}

/* bytes: the header's length as it is written, 8 bytes. The file is 100,000,100 bytes long, of which nearly all are a
 * hole, so that only the length itself can be refused. */
static void write_length(const struct bad_input *input) {
    uint64_t length = 0;
    for (size_t i = 0; i < 8; i++) length |= (uint64_t)(unsigned char)input->bytes[i] << (8 * i);
    bad_put_safetensors(FILE_NAME, length, GOOD, sizeof GOOD - 1, GOOD_DATA);
    bad_resize(FILE_NAME, 100000100);
}

/* data brackets, one in another. */
static void write_deep(const struct bad_input *input) {
    const size_t size = 5 + 2 * input->data + 1;
    char *header = malloc(size);
    if (!header) shards_die("memory");
    memcpy(header, "{\"a\":", 5);
    memset(header + 5, input->bytes[0], input->data);
    memset(header + 5 + input->data, input->bytes[1], input->data);
    header[size - 1] = '}';
    bad_put_safetensors(FILE_NAME, size, header, size, 0);
    free(header);
}

/* data tensors of 4 bytes each. */
static void write_many(const struct bad_input *input) {
    char *header = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&header, &size);
    if (!memory) shards_die("memory");
    for (size_t i = 0; i < input->data; i++)
        fprintf(memory, "%c\"layers.%06zu.mlp.weight\":" T("F16", "[1,2]", "[%zu,%zu]"), i ? ',' : '{',
                i * 7919 % input->data, 4 * i, 4 * i + 4);
    putc('}', memory);
    if (fclose(memory)) shards_die("memory");
    bad_put_safetensors(FILE_NAME, size, header, size, 4 * input->data);
    free(header);
}

/* Names of 64 KiB, each escaped: they take a sixth once they are read. */
static void write_long_names(const struct bad_input *input) {
    char *header = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&header, &size);
    if (!memory) shards_die("memory");
    for (size_t i = 0; i < input->data; i++) {
        fputs(i ? ",\"" : "{\"", memory);
        for (size_t k = 0; k < 65536 / 6; k++) fputs("\\u0061", memory);
        fprintf(memory, "%zu\":" T("U8", "[1]", "[%zu,%zu]"), i, i, i + 1);
    }
    putc('}', memory);
    if (fclose(memory)) shards_die("memory");
    bad_put_safetensors(FILE_NAME, size, header, size, input->data);
    free(header);
}

#define HEADER(row_name, literal, bytes_behind)                                                                        \
    {                                                                                                                  \
        .name = "safetensors/" row_name, .write = write_header, .bytes = (literal), .size = sizeof(literal) - 1,       \
        .data = (bytes_behind)                                                                                         \
    }
#define OFFSETS(row_name, offsets) HEADER(row_name, "{\"a\":" T("U8", "[4]", offsets) "}", 4)
#define SHAPE(row_name, shape)     HEADER(row_name, "{\"a\":" T("F32", shape, "[0,4]") "}", 4)
#define NAME(row_name, name)       HEADER(row_name, "{\"" name "\":" T("U8", "[1]", "[0,1]") "}", 1)
#define LENGTH(row_name, length)   BAD_ROW("safetensors/" row_name, write_length, length)

static const struct bad_input INPUTS[] = {
    /* not all there */
    BAD_ROW("safetensors/empty", write_file, ""),
    BAD_ROW("safetensors/one-byte", write_file, "\2"),
    BAD_ROW("safetensors/seven-bytes", write_file, "\2\0\0\0\0\0\0"),
    BAD_ROW("safetensors/length-alone", write_file, "\2\0\0\0\0\0\0\0"),
    BAD_ROW("safetensors/header-cut", write_file, "\100\0\0\0\0\0\0\0{\"a\":"),
    {.name = "safetensors/last-byte-missing", .write = write_cut, .data = 1},
    {.name = "safetensors/data-missing", .write = write_cut, .data = GOOD_DATA},
    {.name = "safetensors/cut-anywhere", .write = write_cut},
    {.name = "safetensors/any-byte-another", .write = write_cut},
    /* the header's length */
    LENGTH("length-0", "\0\0\0\0\0\0\0\0"),
    LENGTH("length-100000001", "\1\341\365\5\0\0\0\0"),
    LENGTH("length-2^32", "\0\0\0\0\1\0\0\0"),
    LENGTH("length-2^63", "\0\0\0\0\0\0\0\200"),
    LENGTH("length-2^64-8", "\370\377\377\377\377\377\377\377"),
    LENGTH("length-2^64-1", "\377\377\377\377\377\377\377\377"),
    LENGTH("length-40000000", "\0\132\142\2\0\0\0\0"),
    /* offsets that do not cover the data once */
    HEADER("trailing-byte", "{\"a\":" T("U8", "[4]", "[0,4]") "}", 5),
    HEADER("trailing-byte-of-nothing", "{}", 1),
    HEADER("hole-in-front", "{\"a\":" T("U8", "[4]", "[1,5]") "}", 5),
    HEADER("hole", "{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[5,9]") "}", 9),
    HEADER("hole-of-unknown", "{\"a\":" T("F4", "[3,2]", "[0,3]") ",\"b\":" T("U8", "[1]", "[4,5]") "}", 5),
    HEADER("overlap", "{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[3,7]") "}", 7),
    HEADER("same-bytes-twice", "{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[4]", "[0,4]") "}", 4),
    HEADER("nothing-within", "{\"a\":" T("U8", "[4]", "[0,4]") ",\"b\":" T("U8", "[0]", "[2,2]") "}", 4),
    /* offsets that are none */
    OFFSETS("offsets-reversed", "[4,0]"),
    OFFSETS("offset-negative", "[-4,0]"),
    OFFSETS("offset-end-negative", "[0,-4]"),
    OFFSETS("offsets-real", "[0.0,4.0]"),
    OFFSETS("offset-fraction", "[0,4.5]"),
    OFFSETS("offsets-one", "[0]"),
    OFFSETS("offsets-three", "[0,4,8]"),
    OFFSETS("offsets-none", "[]"),
    OFFSETS("offsets-object", "{}"),
    OFFSETS("offsets-null", "null"),
    OFFSETS("offsets-string", "\"0,4\""),
    OFFSETS("offset-string", "[\"0\",4]"),
    OFFSETS("offsets-number", "4"),
    OFFSETS("offset-true", "[true,4]"),
    OFFSETS("offset-null", "[0,null]"),
    OFFSETS("offset-2^53+1", "[0,9007199254740993]"),
    OFFSETS("offsets-2^53+1", "[9007199254740989,9007199254740993]"),
    OFFSETS("offset-2^64+4", "[0,18446744073709551620]"),
    HEADER("offsets-absent", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4),
    /* bytes that shape and dtype do not take */
    HEADER("too-few-bytes", "{\"a\":" T("F32", "[4]", "[0,4]") "}", 4),
    HEADER("half-an-element", "{\"a\":" T("F16", "[3]", "[0,5]") "}", 5),
    HEADER("bytes-of-no-elements", "{\"a\":" T("F32", "[0]", "[0,4]") "}", 4),
    HEADER("elements-of-no-bytes", "{\"a\":" T("F32", "[2]", "[0,0]") "}", 0),
    HEADER("bytes-of-no-unknown-elements", "{\"a\":" T("F4", "[0]", "[0,4]") "}", 4),
    /* shapes */
    HEADER("product-overflows", "{\"a\":" T("F32", "[4294967296,4294967296]", "[0,0]") "}", 0),
    HEADER("product-overflows-before-zero", "{\"a\":" T("F32", "[4294967296,4294967296,0]", "[0,0]") "}", 0),
    HEADER("product-overflows-behind-zero", "{\"a\":" T("F32", "[0,4294967296,4294967296]", "[0,0]") "}", 0),
    HEADER("bytes-overflow", "{\"a\":" T("F32", "[4611686018427387904]", "[0,0]") "}", 0),
    HEADER("product-of-unknown-overflows", "{\"a\":" T("F4", "[4294967296,4294967296]", "[0,8]") "}", 8),
    SHAPE("shape-negative", "[-1]"),
    SHAPE("shape-real", "[1,1.0]"),
    SHAPE("shape-true", "[true]"),
    SHAPE("shape-nested", "[[1]]"),
    SHAPE("shape-number", "1"),
    SHAPE("shape-null", "null"),
    HEADER("shape-absent", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4),
    HEADER("nine-dimensions", "{\"a\":" T("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1),
    /* dtypes */
    HEADER("dtype-unknown", "{\"a\":" T("F4", "[3,2]", "[0,3]") ",\"b\":" T("U8", "[1]", "[3,4]") "}", 4),
    HEADER("dtype-number", "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
    HEADER("dtype-absent", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4),
    HEADER("dtype-escape-codes", "{\"a\":" T("F\\u001b[31m", "[1]", "[0,4]") "}", 4),
    /* the header as JSON */
    HEADER("header-array", "[]", 0),
    HEADER("header-behind-a-space", " {}", 0),
    HEADER("header-cut-in-itself", "{\"a\":", 4),
    HEADER("header-and-more", "{\"a\":" T("F32", "[1]", "[0,4]") "} x", 4),
    HEADER("header-of-nan", "{\"a\":NaN}", 4),
    HEADER("header-with-nul", "{\"a\0\":1}", 0),
    HEADER("header-of-zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0),
    HEADER("tensor-number", "{\"a\":4}", 0),
    {.name = "safetensors/arrays-deep", .write = write_deep, .bytes = "[]", .data = 100000},
    {.name = "safetensors/unclosed-deep", .write = write_deep, .bytes = "[[", .data = 100000},
    {.name = "safetensors/tensors-100000", .write = write_many, .data = 100000},
    {.name = "safetensors/long-names", .write = write_long_names, .data = 16},
    /* __metadata__ */
    HEADER("metadata-array", "{\"__metadata__\":[]}", 0),
    HEADER("metadata-null", "{\"__metadata__\":null}", 0),
    HEADER("metadata-of-a-number", "{\"__metadata__\":{\"step\":5}}", 0),
    HEADER("metadata-of-an-object", "{\"__metadata__\":{\"a\":\"b\",\"c\":{}}}", 0),
    HEADER("metadata-twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0),
    /* names */
    HEADER("name-twice", "{\"a\":" T("U8", "[1]", "[0,1]") ",\"a\":" T("U8", "[1]", "[1,2]") "}", 2),
    HEADER("name-twice-escaped", "{\"a\":" T("U8", "[1]", "[0,1]") ",\"\\u0061\":" T("U8", "[1]", "[1,2]") "}", 2),
    HEADER("key-twice", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}", 1),
    NAME("name-no-utf8", "a\xff"),
    NAME("name-surrogate", "\xed\xa0\x80"),
    NAME("name-lone-surrogate", "a\\ud800"),
    NAME("name-nul", "a\\u0000b"),
    NAME("name-escape-codes", "a\\u001b[2J"),
    NAME("name-newline", "a\\n"),
    NAME("name-c1-control", "\\u009b31m"),
    NAME("name-overrides-direction", "a\\u202eb\\u200b"),
    NAME("name-empty", ""),
};

const struct bad_table bad_safetensors = BAD_TABLE(INPUTS);
