/* Weights files of any bytes: opened, all tensors read and hashed, closed.
 *
 * The first byte chooses: even, the rest is the file as it is (an index of shards among them); odd, the second byte is
 * the number of data bytes and the rest a header, whose length is put in front: mutations then reach behind the length.
 * Files are nameless and stand in /proc/self/fd; so does what an index may name: "100" holds the tensors a and b, "101"
 * holds b and c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/checkpoint.h"
#include "tests/fuzz/fuzz.h"

enum { PREFIX = 8, FIRST_SHARD = 100 };

static const char *const SHARDS[] = {
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
    "\"b\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[4,8]}}",
    "{\"b\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[0,4]},"
    "\"c\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[4,5]}}",
};

static const uint8_t ZEROS[256];

static void write_bytes(int fd, const void *bytes, size_t size) {
    require(write(fd, bytes, size) == (ssize_t)size);
}

static void write_safetensors(int fd, const void *header, size_t size, size_t data) {
    uint8_t prefix[PREFIX];
    for (size_t i = 0; i < PREFIX; i++) prefix[i] = (uint8_t)((uint64_t)size >> (8 * i));
    write_bytes(fd, prefix, PREFIX);
    write_bytes(fd, header, size);
    write_bytes(fd, ZEROS, data);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    for (int i = 0; i < 2; i++) {
        const int fd = memfd_create("shard", MFD_CLOEXEC);
        require(fd >= 0);
        write_safetensors(fd, SHARDS[i], strlen(SHARDS[i]), i == 0 ? 8 : 5);
        require(dup2(fd, FIRST_SHARD + i) == FIRST_SHARD + i && close(fd) == 0);
    }
    return 0;
}

static void write_file(int fd, const uint8_t *data, size_t size) {
    if (size < 2 || data[0] % 2 == 0) {
        if (size > 0) write_bytes(fd, data + 1, size - 1);
        return;
    }
    write_safetensors(fd, data + 2, size - 2, data[1]);
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
