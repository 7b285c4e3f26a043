/* Torch distributed checkpoints of any bytes: two bytes of length, .metadata of that many, and all that is left as the
 * file that it names. Opened, all tensors read in two ways, closed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/base/tree.h"
#include "tests/fuzz/read_tensor.h"

/* A folder "run" of two files that lie one after the other in fd. */
struct folder {
    struct spt_tree tree;
    int fd;
    uint64_t begin[2], size[2];
};

static const char *const NAMES[] = {"run/.metadata", "run/__0_0.distcp"};

static bool find_file(const char *path, size_t *index) {
    for (*index = 0; *index < 2; ++*index)
        if (strcmp(path, NAMES[*index]) == 0) return true;
    return false;
}

static enum spt_status look(struct spt_tree *tree, const char *path, bool follow, struct spt_look *found,
                            struct spt_error *error) {
    (void)follow;
    const struct folder *folder = (const struct folder *)tree;
    size_t i;
    *found = (struct spt_look){.kind = SPT_KIND_FOLDER};
    if (strcmp(path, "run") == 0) return SPT_OK;
    if (!find_file(path, &i)) return spt_fail_system(error, ENOENT, path, "look at");
    *found = (struct spt_look){.kind = SPT_KIND_FILE, .identity.inode = i + 1, .identity.size = folder->size[i]};
    return SPT_OK;
}

static enum spt_status list(struct spt_tree *tree, const char *path, struct spt_tree_folder *folder,
                            struct spt_error *error) {
    (void)tree;
    if (strcmp(path, "run") != 0) return spt_fail_system(error, ENOENT, path, "list the folder");
    folder->next = 0;
    return SPT_OK;
}

static enum spt_status next(struct spt_tree_folder *folder, struct spt_tree_entry *entry, struct spt_error *error) {
    (void)error;
    if (folder->next == 2) return SPT_END;
    *entry = (struct spt_tree_entry){.name = NAMES[folder->next++] + strlen("run/"), .kind = SPT_KIND_FILE};
    return SPT_OK;
}

static void unlist(struct spt_tree_folder *folder) {
    (void)folder;
}

static enum spt_status open_file(struct spt_tree *tree, const char *path, struct spt_tree_file *file,
                                 struct spt_error *error) {
    const struct folder *folder = (const struct folder *)tree;
    struct spt_look found;
    size_t i;
    if (look(tree, path, true, &found, error) != SPT_OK) return error ? error->status : SPT_IO;
    require(find_file(path, &i));
    *file = (struct spt_tree_file){
        .fd = fcntl(folder->fd, F_DUPFD_CLOEXEC, 0), .base = folder->begin[i], .identity = found.identity};
    require(file->fd >= 0);
    return SPT_OK;
}

static enum spt_status confirm(struct spt_tree *tree, const struct spt_tree_file *file, const char *path,
                               struct spt_error *error) {
    (void)tree, (void)file, (void)path, (void)error;
    return SPT_OK;
}

static enum spt_status expect(struct spt_tree *tree, const char *const *paths, size_t count, struct spt_error *error) {
    (void)tree, (void)error;
    for (size_t i = 0; i < count; i++) require(strncmp(paths[i], "run/", 4) == 0 && !strchr(paths[i] + 4, '/'));
    return SPT_OK;
}

static void begin(struct spt_tree *tree) {
    (void)tree;
}

static const struct spt_tree_operations OPERATIONS = {
    .look = look,
    .list = list,
    .next = next,
    .unlist = unlist,
    .open = open_file,
    .confirm = confirm,
    .expect = expect,
    .begin = begin,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const size_t told = (size_t)data[0] | (size_t)data[1] << 8, metadata = told < size - 2 ? told : size - 2;
    struct folder folder = {.tree = {.operations = &OPERATIONS, .holders = 1},
                            .fd = memfd_create("fuzz", MFD_CLOEXEC),
                            .begin = {2, 2 + metadata},
                            .size = {metadata, size - 2 - metadata}};
    require(folder.fd >= 0 && write(folder.fd, data, size) == (ssize_t)size);
    const struct spt_checkpoint_options options = {.tree = &folder.tree};
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_checkpoint_open("run", &options, &checkpoint, &error);
    if (status != SPT_OK) require_told(status, &error);
    for (size_t i = 0; status == SPT_OK && i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        require(tensor->bytes <= folder.size[1] && tensor->rank <= SPT_TENSOR_RANK_MAX);
        read_tensor(checkpoint, tensor);
    }
    struct spt_hash digest;
    if (status == SPT_OK) require(spt_checkpoint_digest(checkpoint, &digest, NULL) == SPT_OK);
    spt_checkpoint_close(checkpoint);
    require(close(folder.fd) == 0);
    return 0;
}
