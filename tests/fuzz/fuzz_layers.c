/* GPT-NeoX's files of layers: one of them, by the first byte's last two bits, has the rest of the input as its pickle; the
 * others are good. What is accepted is read whole, twice to one digest. */
#include "checkpoints/checkpoint.h"
#include "shards.h"
#include "tests/fuzz/folder.h"
#include "torch_zip.h"

#include "checkpoints/base/file.h"

enum { LAYERS = 4, PICKLE_MAX = 32768 };

static const char *const FILES[LAYERS] = {"layer_00-model_00-model_states.pt", "layer_02-model_00-model_states.pt",
                                          "layer_03-model_00-model_states.pt", "layer_05-model_00-model_states.pt"};
static char *good[LAYERS];
static size_t good_size[LAYERS];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    folder_enter();
    for (size_t i = 0; i < LAYERS; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/torch/neox/%s", SPT_TEST_DATA, FILES[i]);
        require(spt_file_read_all(path, 1 << 20, &good[i], &good_size[i], NULL) == SPT_OK);
        folder_put(FILES[i], good[i], good_size[i]);
    }
    return 0;
}

static enum spt_status read_layers(struct spt_hash *digest, struct spt_error *error) {
    struct spt_checkpoint *checkpoint = NULL;
    const enum spt_status status = spt_checkpoint_open(".", NULL, &checkpoint, error);
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        require(tensor->file < spt_checkpoint_file_count(checkpoint));
        require(spt_checkpoint_find(checkpoint, tensor->name) == tensor);
        if (tensor->dtype == SPT_DTYPE_UNKNOWN) continue;
        require(spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, NULL) == SPT_OK);
    }
    require(spt_checkpoint_digest(checkpoint, digest, NULL) == SPT_OK);
    spt_checkpoint_close(checkpoint);
    return SPT_OK;
}

static void put_layer(size_t layer, const uint8_t *pickle, size_t size) {
    static struct torch_zip zip;
    torch_zip_state_dict(&zip, pickle, size);
    torch_zip_directory(&zip);
    folder_put(FILES[layer], zip.bytes, zip.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > PICKLE_MAX) return 0;
    const size_t layer = data[0] & 3;
    struct spt_hash first, second;
    struct spt_error error = {0};
    put_layer(layer, data + 1, size - 1);
    const enum spt_status status = read_layers(&first, &error);
    if (status == SPT_OK)
        require(read_layers(&second, NULL) == SPT_OK && spt_hash_equal(first, second));
    else
        require_told(status, &error);
    folder_put(FILES[layer], good[layer], good_size[layer]);
    return 0;
}

_Noreturn void shards_die(const char *what) { /* of torch_zip.c */
    fuzz_broken(what, __FILE__, __LINE__);
}
