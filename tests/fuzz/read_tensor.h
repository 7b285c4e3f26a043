/* What every tensor of a file that was accepted must allow. */
#ifndef SPT_FUZZ_READ_TENSOR_H
#define SPT_FUZZ_READ_TENSOR_H

#include <string.h>

#include "checkpoints/checkpoint.h"
#include "tests/fuzz/fuzz.h"

/* Whole, and from the middle on: the same bytes. */
static inline void read_tensor(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor) {
    struct spt_error error = {0};
    const size_t element = spt_dtype_size(tensor->dtype), half = tensor->count / 2;
    uint8_t *whole = malloc(tensor->bytes + 1), *part = malloc(tensor->bytes + 1);
    require(whole && part);
    enum spt_status status = spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, whole, &error);
    if (status == SPT_OK) {
        status = spt_checkpoint_read(checkpoint, tensor, half, tensor->count - half, part, &error);
        require(status == SPT_OK && memcmp(part, whole + half * element, (tensor->count - half) * element) == 0);
    } else {
        require_told(status, &error);
        require(tensor->dtype == SPT_DTYPE_UNKNOWN);
    }
    free(whole);
    free(part);
}

#endif
