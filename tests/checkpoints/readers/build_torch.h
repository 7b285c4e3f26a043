/* Torch files made byte by byte, with what may be wrong in them. */
#ifndef SPT_TEST_BUILD_TORCH_H
#define SPT_TEST_BUILD_TORCH_H

#include "tests/checkpoints/readers/build.h"

enum { BUILT_MAX = 16384, BUILT_MEMBERS = 8 };

struct built {
    unsigned char bytes[BUILT_MAX];
    size_t size;
    /* Of a zip: offsets of its headers and end record. */
    size_t local[BUILT_MEMBERS], data[BUILT_MEMBERS], row[BUILT_MEMBERS], directory, end, count;
    const char *names[BUILT_MEMBERS];
    size_t sizes[BUILT_MEMBERS];
};

static inline void built_add(struct built *b, const void *bytes, size_t size) {
    assert_true(b->size + size <= BUILT_MAX);
    if (size) memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

static inline void built_set(struct built *b, size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) b->bytes[at + i] = (unsigned char)(i < 8 ? value >> (8 * i) : 0);
}

static inline void built_number(struct built *b, uint64_t value, size_t size) {
    assert_true(b->size + size <= BUILT_MAX);
    built_set(b, b->size, value, size);
    b->size += size;
}

static inline void built_member(struct built *b, const char *name, const void *bytes, size_t size) {
    const size_t i = b->count++;
    assert_true(i < BUILT_MEMBERS);
    b->names[i] = name;
    b->sizes[i] = size;
    b->local[i] = b->size;
    built_number(b, 0x04034b50, 4);
    built_number(b, 0, 14);
    built_number(b, size, 4);
    built_number(b, size, 4);
    built_number(b, strlen(name), 2);
    built_number(b, 0, 2);
    built_add(b, name, strlen(name));
    b->data[i] = b->size;
    built_add(b, bytes, size);
}

static inline void built_directory(struct built *b) {
    b->directory = b->size;
    for (size_t i = 0; i < b->count; i++) {
        b->row[i] = b->size;
        built_number(b, 0x02014b50, 4);
        built_number(b, 0, 16);
        built_number(b, b->sizes[i], 4);
        built_number(b, b->sizes[i], 4);
        built_number(b, strlen(b->names[i]), 2);
        built_number(b, 0, 12);
        built_number(b, b->local[i], 4);
        built_add(b, b->names[i], strlen(b->names[i]));
    }
    b->end = b->size;
    built_number(b, 0x06054b50, 4);
    built_number(b, 0, 4);
    built_number(b, b->count, 2);
    built_number(b, b->count, 2);
    built_number(b, b->end - b->directory, 4);
    built_number(b, b->directory, 4);
    built_number(b, 0, 2);
}

/* A state dict of one tensor "w" of four float32 in storage "0"; geometry: the pickled offset, shape and strides. */
#define STORAGE_OF(elements)          "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpu" elements "tQ"
#define TENSOR_OF(elements, geometry) "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE_OF(elements) geometry "\211}tR"
#define FOUR                          "K\4"
#define PLAIN                         "K\0K\4\205K\1\205"
#define GOOD_TENSOR                   TENSOR_OF(FOUR, PLAIN)
#define DICT(items)                   "\200\2}" items "."
#define W                             "X\1\0\0\0w"
#define GOOD_PICKLE                   DICT(W GOOD_TENSOR "s")

/* data.pkl, a byteorder and storage "0" of 16 bytes: 0, 1, 2 ... */
static inline void built_torch_zip(struct built *b, const void *pickle, size_t size) {
    unsigned char storage[16];
    for (size_t i = 0; i < sizeof storage; i++) storage[i] = (unsigned char)i;
    *b = (struct built){0};
    built_member(b, "m/data.pkl", pickle, size);
    built_member(b, "m/byteorder", "little", 6);
    built_member(b, "m/data/0", storage, sizeof storage);
}

static inline void built_put(const struct built *b, const char *path) {
    put_file(path, b->bytes, b->size);
}

#endif
