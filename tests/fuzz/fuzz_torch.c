/* Torch files of any bytes, zip and older: opened, all tensors read in two ways, closed. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/read_tensor.h"

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
