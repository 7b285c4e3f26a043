/* Torch files of any bytes, zip and older: opened, all tensors read in two ways, closed. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/checkpoint.h"
#include "tests/fuzz/fuzz.h"

/* Whole, and from the middle on: the same bytes. */
static void read_tensor(struct spt_checkpoint *checkpoint, const struct spt_tensor *tensor) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_checkpoint_open(path, NULL, &checkpoint, &error);
    if (status != SPT_OK) require_told(status, &error);
    for (size_t i = 0; status == SPT_OK && i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        require(tensor->bytes <= size && tensor->rank <= SPT_TENSOR_RANK_MAX);
        read_tensor(checkpoint, tensor);
    }
    struct spt_hash digest;
    if (status == SPT_OK) require(spt_checkpoint_digest(checkpoint, &digest, NULL) == SPT_OK);
    spt_checkpoint_close(checkpoint);
    require(close(fd) == 0);
    return 0;
}
