/* Archives of any bytes: opened, every member looked at, listed, opened and read, in its order and once more; the run in
 * it, if there is one.
 *
 * Spools lie in memory: /dev/shm. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/archive/archive.h"
#include "checkpoints/run.h"
#include "tests/fuzz/fuzz.h"

enum { DEPTH_MAX = 40, MEMBERS_MAX = 2000, SPOOL = 1 << 22 };

static size_t members;

static void read_file(struct spt_tree *tree, const char *path, const struct spt_look *look) {
    struct spt_error error = {0};
    struct spt_tree_file file;
    unsigned char piece[4096];
    const enum spt_status status = spt_tree_open(tree, path, &file, &error);
    if (status != SPT_OK) {
        require_told(status, &error);
        return;
    }
    require(look->kind == SPT_KIND_FILE && spt_file_identity_equal(&file.identity, &look->identity));
    for (uint64_t at = 0; at < file.identity.size; at += sizeof piece) {
        const uint64_t left = file.identity.size - at;
        const size_t size = left < sizeof piece ? (size_t)left : sizeof piece;
        const enum spt_status read = spt_tree_read_at(&file, path, at, piece, size, &error);
        if (read != SPT_OK) require_told(read, &error);
        if (read != SPT_OK) break;
    }
    require(spt_tree_read_at(&file, path, file.identity.size, piece, 1, NULL) == SPT_RETRY);
    require(spt_tree_confirm(tree, &file, path, &error) == SPT_OK);
    spt_tree_close(&file);
}

/* A link to a folder may lead in a circle: only what is one itself is gone into. */
static void walk(struct spt_tree *tree, const char *path, int depth) {
    struct spt_tree_folder folder;
    struct spt_tree_entry entry;
    struct spt_error error = {0};
    enum spt_status status = spt_tree_list(tree, path, &folder, &error);
    if (status != SPT_OK) require_told(status, &error);
    if (status != SPT_OK) return;
    while ((status = spt_tree_next(&folder, &entry, &error)) == SPT_OK) {
        struct spt_look look, again;
        require(entry.name[0] && !strchr(entry.name, '/'));
        char *inner = spt_file_join(path, entry.name);
        require(inner != NULL);
        status = spt_tree_look(tree, inner, &look, &error);
        require(status == spt_tree_look_in(&folder, entry.name, &again, NULL));
        if (status != SPT_OK) {
            require_told(status, &error);
        } else if (members++ < MEMBERS_MAX) {
            if (look.kind == SPT_KIND_FOLDER) {
                free(spt_tree_real_path(tree, inner));
                if (entry.kind == SPT_KIND_FOLDER && depth < DEPTH_MAX) walk(tree, inner, depth + 1);
            } else {
                read_file(tree, inner, &look);
            }
        }
        free(inner);
    }
    require(status == SPT_END);
    spt_tree_unlist(&folder);
}

static void list_run(const char *path, const struct spt_run_options *options) {
    struct spt_error error = {0};
    struct spt_run *run = NULL;
    const enum spt_status status = spt_run_open(path, options, &run, &error);
    if (status != SPT_OK) require_told(status, &error);
    if (status == SPT_OK) require(run->count > 0 && run->name[0] && run->root[0] == '/');
    spt_run_close(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const struct spt_archive_options options = {.tmpdir = "/dev/shm", .spool_limit = SPOOL};
    const struct spt_run_options run_options = {.tmpdir = "/dev/shm", .spool_limit = SPOOL};
    struct spt_tree *tree = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_archive_open(path, &options, &tree, &error);
    if (status != SPT_OK && status != SPT_END) require_told(status, &error);
    members = 0;
    if (status == SPT_OK) walk(tree, path, 0);
    if (status == SPT_OK) spt_tree_begin(tree);
    if (status == SPT_OK) walk(tree, path, 0); /* what lies before is reached again */
    spt_tree_let_go(tree);
    if (status == SPT_OK) list_run(path, &run_options);
    require(close(fd) == 0);
    return 0;
}
