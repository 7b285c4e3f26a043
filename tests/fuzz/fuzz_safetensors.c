/* Weights files of any bytes: opened, all tensors read and hashed, closed.
 *
 * The first byte chooses: even, the rest is the file as it is (an index of shards among them); odd, the second byte is
 * the number of data bytes and the rest a header, whose length is put in front: so that mutations reach behind the
 * length.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/checkpoint.h"
#include "tests/fuzz/fuzz.h"

enum { PREFIX = 8 };

static void write_bytes(int fd, const void *bytes, size_t size) {
    require(write(fd, bytes, size) == (ssize_t)size);
}

static void write_file(int fd, const uint8_t *data, size_t size) {
    if (size < 2 || data[0] % 2 == 0) {
        if (size > 0) write_bytes(fd, data + 1, size - 1);
        return;
    }
    static const uint8_t ZEROS[256];
    const size_t header = size - 2;
    uint8_t prefix[PREFIX];
    for (size_t i = 0; i < PREFIX; i++) prefix[i] = (uint8_t)((uint64_t)header >> (8 * i));
    write_bytes(fd, prefix, PREFIX);
    write_bytes(fd, data + 2, header);
    write_bytes(fd, ZEROS, data[1]);
}

static void read_tensors(struct spt_checkpoint *checkpoint, size_t size) {
    const size_t count = spt_checkpoint_tensor_count(checkpoint);
    for (size_t i = 0; i < count; i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        struct spt_error error = {0};
        require(tensor->bytes <= size && tensor->rank <= SPT_TENSOR_RANK_MAX);
        require(spt_checkpoint_find(checkpoint, tensor->name) == tensor);
        const size_t known = spt_dtype_is_float(tensor->dtype) ? tensor->count : 0;
        float *out = malloc((known + 1) * sizeof *out);
        require(out != NULL);
        enum spt_status status = spt_checkpoint_read_f32(checkpoint, tensor, out, &error);
        if (status != SPT_OK) require_told(status, &error);
        status = spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, &error);
        if (status != SPT_OK) require_told(status, &error);
        free(out);
    }
    struct spt_hash digest;
    require(spt_checkpoint_digest(checkpoint, &digest, NULL) == SPT_OK);
    require(spt_checkpoint_confirm(checkpoint, NULL) == SPT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0);
    write_file(fd, data, size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_checkpoint_open(path, NULL, &checkpoint, &error);
    if (status == SPT_OK)
        read_tensors(checkpoint, size + PREFIX + 256);
    else
        require_told(status, &error);
    spt_checkpoint_close(checkpoint);
    require(close(fd) == 0);
    return 0;
}
