/* An index of shards and what it may name, of any bytes: two bytes for the length of each file, then the file. They are
 * the index, the shard "a" and the shard "b", the last being all that is left; a length of 65535: there is none. What
 * is accepted is read whole, twice to one digest. */
#include "checkpoints/checkpoint.h"
#include "tests/fuzz/folder.h"

static const char *const FILES[] = {"model.safetensors.index.json", "a", "b"};

enum { FILE_COUNT = sizeof FILES / sizeof *FILES, ABSENT = 65535 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    folder_enter();
    return 0;
}

static void put_files(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (size < 2) return;
        size_t length = data[0] | (size_t)data[1] << 8;
        data += 2, size -= 2;
        if (length == ABSENT) continue;
        if (length > size || i + 1 == FILE_COUNT) length = size;
        folder_put(FILES[i], data, length);
        data += length, size -= length;
    }
}

static enum spt_status read_all(const char *path, size_t size, struct spt_hash *digest, struct spt_error *error) {
    struct spt_checkpoint *checkpoint = NULL;
    enum spt_status status = spt_checkpoint_open(path, NULL, &checkpoint, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        require(tensor->bytes <= size && tensor->file < spt_checkpoint_file_count(checkpoint));
        require(spt_checkpoint_find(checkpoint, tensor->name) == tensor);
        if (tensor->dtype == SPT_DTYPE_UNKNOWN) continue;
        require(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL) == SPT_OK);
    }
    require(spt_checkpoint_digest(checkpoint, digest, NULL) == SPT_OK);
    require(spt_checkpoint_confirm(checkpoint, NULL) == SPT_OK);
    spt_checkpoint_close(checkpoint);
    return SPT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    put_files(data, size);
    struct spt_hash first, second;
    struct spt_error error = {0};
    const enum spt_status status = read_all(".", size, &first, &error);
    if (status == SPT_OK)
        require(read_all(FILES[0], size, &second, NULL) == SPT_OK && spt_hash_equal(first, second));
    else
        require_told(status, &error);
    folder_empty();
    return 0;
}
