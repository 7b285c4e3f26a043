/* What all fuzz targets share. */
#ifndef SPT_TEST_FUZZ_H
#define SPT_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkpoints/base/error.h"

/* libFuzzer's entry; 0 always. */
__attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once before all inputs, where a target has one. */
__attribute__((visibility("default"))) int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Stops the run: a promise of a header was broken. */
#define require(promise) ((promise) ? (void)0 : fuzz_broken(#promise, __FILE__, __LINE__))

static inline _Noreturn void fuzz_broken(const char *promise, const char *file, int line) {
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, promise);
    abort();
}

/* What a failure must look like: an error filled with the returned status, and one line that says something. */
static inline void require_told(enum spt_status status, const struct spt_error *error) {
    require(status == error->status && error->message[0] != '\0');
    for (const char *c = error->message; *c; c++) require((unsigned char)*c >= 0x20 && *c != 0x7f);
}

#endif
