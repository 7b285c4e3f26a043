/* Files made byte by byte for the tests of readers, in a directory of their own. */
#ifndef SPT_TEST_BUILD_H
#define SPT_TEST_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "checkpoints/checkpoint.h"

/* A fresh working directory for each test: cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory). */
static inline int enter_directory(void **state) {
    char name[] = "/tmp/spectail-test-XXXXXX";
    if (!mkdtemp(name) || chdir(name) != 0) return -1;
    *state = strdup(name);
    return *state ? 0 : -1;
}

static inline int leave_directory(void **state) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", (const char *)*state);
    free(*state);
    return chdir("/") || system(command);
}

static inline void put_file(const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void put_text(const char *name, const char *text) {
    put_file(name, text, strlen(text));
}

/* prefix, header and data; data_size bytes 0, 1, 2 ... when data is NULL. Returns the file's size. */
static inline size_t put_safetensors_raw(const char *name, uint64_t length, const char *header, size_t header_size,
                                         const void *data, size_t data_size) {
    const size_t size = 8 + header_size + data_size;
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < 8; i++) bytes[i] = (unsigned char)(length >> (8 * i));
    memcpy(bytes + 8, header, header_size);
    for (size_t i = 0; i < data_size; i++)
        bytes[8 + header_size + i] = data ? ((const unsigned char *)data)[i] : (unsigned char)i;
    put_file(name, bytes, size);
    free(bytes);
    return size;
}

static inline size_t put_safetensors(const char *name, const char *header, const void *data, size_t data_size) {
    return put_safetensors_raw(name, strlen(header), header, strlen(header), data, data_size);
}

/* Opens path, expects status, and that a refusal names some path and holds word in its message. */
static inline void assert_refused(const char *path, enum spt_status status, const char *word) {
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    const enum spt_status got = spt_checkpoint_open(path, NULL, &checkpoint, &error);
    if (got != status)
        fail_msg("%s: %s (%s), expected %s", path, spt_status_name(got), error.message, spt_status_name(status));
    assert_null(checkpoint);
    assert_int_equal(error.status, status);
    assert_true(error.path[0] != '\0');
    if (!strstr(error.message, word)) fail_msg("\"%s\" does not mention \"%s\"", error.message, word);
}

static inline struct spt_checkpoint *open_checkpoint(const char *path) {
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    if (spt_checkpoint_open(path, NULL, &checkpoint, &error) != SPT_OK) fail_msg("%s: %s", error.path, error.message);
    return checkpoint;
}

#endif
