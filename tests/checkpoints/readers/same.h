/* Two checkpoints that should hold the same tensors. */
#ifndef SPT_TEST_SAME_H
#define SPT_TEST_SAME_H

#include "tests/checkpoints/readers/build.h"

/* What is read of tensor, in its own dtype; the caller frees it. */
static inline unsigned char *read_whole(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor) {
    struct spt_error error = {0};
    unsigned char *out = malloc(tensor->bytes + 1);
    assert_non_null(out);
    if (spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, out, &error) != SPT_OK)
        fail_msg("%s: %s", tensor->name, error.message);
    return out;
}

/* Every range of tensor is that range of the whole. */
static inline void assert_ranges(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor) {
    const size_t size = spt_dtype_size(tensor->dtype);
    unsigned char *whole = read_whole(checkpoint, tensor), *part = malloc(tensor->bytes + 1);
    assert_non_null(part);
    for (size_t first = 0; first <= tensor->count; first++)
        for (size_t count = 0; count <= tensor->count - first; count++) {
            assert_int_equal(spt_checkpoint_read(checkpoint, tensor, first, count, part, NULL), SPT_OK);
            assert_memory_equal(part, whole + first * size, count * size);
        }
    free(whole);
    free(part);
}

static inline struct spt_hash digest_of(struct spt_checkpoint *checkpoint) {
    struct spt_hash digest;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++)
        free(read_whole(checkpoint, spt_checkpoint_tensor(checkpoint, i)));
    assert_int_equal(spt_checkpoint_digest(checkpoint, &digest, NULL), SPT_OK);
    return digest;
}

static inline void assert_same_tensors(const char *path, const char *expected_path) {
    struct spt_checkpoint *expected = open_checkpoint(expected_path), *found = open_checkpoint(path);
    const size_t count = spt_checkpoint_tensor_count(expected);
    assert_int_equal(spt_checkpoint_tensor_count(found), count);
    for (size_t i = 0; i < count; i++) {
        const struct spt_tensor *a = spt_checkpoint_tensor(expected, i), *b = spt_checkpoint_tensor(found, i);
        assert_string_equal(a->name, b->name);
        assert_string_equal(a->dtype_name, b->dtype_name);
        assert_int_equal(a->dtype, b->dtype);
        assert_int_equal(a->rank, b->rank);
        assert_int_equal(a->count, b->count);
        assert_int_equal(a->bytes, b->bytes);
        for (size_t d = 0; d < a->rank; d++) assert_int_equal(a->shape[d], b->shape[d]);
        unsigned char *x = read_whole(expected, a), *y = read_whole(found, b);
        if (memcmp(x, y, a->bytes) != 0) fail_msg("%s: %s differs", path, a->name);
        free(x);
        free(y);
    }
    assert_true(spt_hash_equal(digest_of(expected), digest_of(found)));
    assert_int_equal(spt_checkpoint_confirm(found, NULL), SPT_OK);
    spt_checkpoint_close(expected);
    spt_checkpoint_close(found);
}

static inline void assert_format(const char *path, const char *format) {
    struct spt_checkpoint *checkpoint = open_checkpoint(path);
    assert_string_equal(spt_checkpoint_format(checkpoint), format);
    spt_checkpoint_close(checkpoint);
}

#endif
