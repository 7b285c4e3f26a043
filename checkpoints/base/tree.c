/* What all trees share, and the disk. */
#include "checkpoints/base/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the disk --- */

static enum spt_kind kind_of_mode(mode_t mode) {
    if (S_ISREG(mode)) return SPT_KIND_FILE;
    if (S_ISDIR(mode)) return SPT_KIND_FOLDER;
    return S_ISLNK(mode) ? SPT_KIND_LINK : SPT_KIND_OTHER;
}

static enum spt_kind kind_of_entry(unsigned char type) {
    switch (type) {
    case DT_UNKNOWN:
        return SPT_KIND_UNKNOWN;
    case DT_REG:
        return SPT_KIND_FILE;
    case DT_DIR:
        return SPT_KIND_FOLDER;
    case DT_LNK:
        return SPT_KIND_LINK;
    default:
        return SPT_KIND_OTHER;
    }
}

static struct spt_look look_of(const struct stat *st) {
    return (struct spt_look){.kind = kind_of_mode(st->st_mode), .identity = spt_file_identity_of(st)};
}

static enum spt_status disk_look(struct spt_tree *tree, const char *path, bool follow, struct spt_look *look,
                                 struct spt_error *error) {
    (void)tree;
    struct stat st;
    if (fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return spt_fail_system(error, errno, path, "look at");
    *look = look_of(&st);
    return SPT_OK;
}

static enum spt_status disk_list(struct spt_tree *tree, const char *path, struct spt_tree_folder *folder,
                                 struct spt_error *error) {
    (void)tree;
    folder->handle = opendir(path);
    return folder->handle ? SPT_OK : spt_fail_system(error, errno, path, "list the folder");
}

static enum spt_status disk_next(struct spt_tree_folder *folder, struct spt_tree_entry *entry,
                                 struct spt_error *error) {
    const struct dirent *found;
    do {
        errno = 0;
        found = readdir(folder->handle);
        if (!found) return errno ? spt_fail_system(error, errno, folder->path, "list the folder") : SPT_END;
    } while (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0);
    *entry = (struct spt_tree_entry){.name = found->d_name, .kind = kind_of_entry(found->d_type)};
    return SPT_OK;
}

static enum spt_status disk_look_in(struct spt_tree_folder *folder, const char *name, struct spt_look *look,
                                    struct spt_error *error) {
    struct stat st;
    const int fd = dirfd(folder->handle);
    if ((name ? fstatat(fd, name, &st, 0) : fstat(fd, &st)) != 0)
        return spt_fail_system(error, errno, folder->path, "look into the folder");
    *look = look_of(&st);
    return SPT_OK;
}

static void disk_unlist(struct spt_tree_folder *folder) {
    (void)closedir(folder->handle);
}

static enum spt_status disk_open(struct spt_tree *tree, const char *path, struct spt_tree_file *file,
                                 struct spt_error *error) {
    (void)tree;
    file->base = 0;
    return spt_file_open(path, &file->fd, &file->identity, error);
}

static enum spt_status disk_confirm(struct spt_tree *tree, const struct spt_tree_file *file, const char *path,
                                    struct spt_error *error) {
    (void)tree;
    return spt_file_confirm(file->fd, path, &file->identity, error);
}

static enum spt_status disk_expect(struct spt_tree *tree, const char *const *paths, size_t count,
                                   struct spt_error *error) {
    (void)tree, (void)paths, (void)count, (void)error;
    return SPT_OK;
}

static void disk_begin(struct spt_tree *tree) {
    (void)tree;
}

static char *disk_real_path(struct spt_tree *tree, const char *path) {
    (void)tree;
    return realpath(path, NULL);
}

static const struct spt_tree_operations DISK = {
    .look = disk_look,
    .list = disk_list,
    .next = disk_next,
    .look_in = disk_look_in,
    .unlist = disk_unlist,
    .open = disk_open,
    .confirm = disk_confirm,
    .expect = disk_expect,
    .begin = disk_begin,
    .real_path = disk_real_path,
};

/* --- any tree --- */

static const struct spt_tree_operations *of(const struct spt_tree *tree) {
    return tree ? tree->operations : &DISK;
}

struct spt_tree *spt_tree_hold(struct spt_tree *tree) {
    if (tree) tree->holders++;
    return tree;
}

void spt_tree_let_go(struct spt_tree *tree) {
    if (tree && --tree->holders == 0) tree->operations->free(tree);
}

enum spt_status spt_tree_look(struct spt_tree *tree, const char *path, struct spt_look *look, struct spt_error *error) {
    return of(tree)->look(tree, path, true, look, error);
}

enum spt_status spt_tree_look_at_link(struct spt_tree *tree, const char *path, struct spt_look *look,
                                      struct spt_error *error) {
    return of(tree)->look(tree, path, false, look, error);
}

static bool is_of_kind(struct spt_tree *tree, const char *path, enum spt_kind kind) {
    struct spt_look look;
    return spt_tree_look(tree, path, &look, NULL) == SPT_OK && look.kind == kind;
}

bool spt_tree_is_folder(struct spt_tree *tree, const char *path) {
    return is_of_kind(tree, path, SPT_KIND_FOLDER);
}

bool spt_tree_is_file(struct spt_tree *tree, const char *path) {
    return is_of_kind(tree, path, SPT_KIND_FILE);
}

bool spt_tree_is_there(struct spt_tree *tree, const char *path) {
    struct spt_look look;
    return spt_tree_look(tree, path, &look, NULL) == SPT_OK;
}

enum spt_status spt_tree_list(struct spt_tree *tree, const char *path, struct spt_tree_folder *folder,
                              struct spt_error *error) {
    *folder = (struct spt_tree_folder){.tree = tree, .path = path};
    return of(tree)->list(tree, path, folder, error);
}

enum spt_status spt_tree_next(struct spt_tree_folder *folder, struct spt_tree_entry *entry, struct spt_error *error) {
    return of(folder->tree)->next(folder, entry, error);
}

enum spt_status spt_tree_look_in(struct spt_tree_folder *folder, const char *name, struct spt_look *look,
                                 struct spt_error *error) {
    return of(folder->tree)->look_in(folder, name, look, error);
}

void spt_tree_unlist(struct spt_tree_folder *folder) {
    of(folder->tree)->unlist(folder);
}

enum spt_status spt_tree_open(struct spt_tree *tree, const char *path, struct spt_tree_file *file,
                              struct spt_error *error) {
    file->fd = -1;
    file->sealed = false;
    return of(tree)->open(tree, path, file, error);
}

void spt_tree_close(struct spt_tree_file *file) {
    if (file->fd >= 0) (void)close(file->fd);
    file->fd = -1;
}

/* Behind a member of an archive lie others: its own size ends it. */
enum spt_status spt_tree_read_at(const struct spt_tree_file *file, const char *path, uint64_t offset, void *out,
                                 size_t size, struct spt_error *error) {
    const uint64_t end = file->identity.size;
    if (offset > end || size > end - offset)
        return spt_fail_at(error, SPT_RETRY, path, end, "the file ends %llu bytes too early",
                           (unsigned long long)(offset > end ? size : size - (end - offset)));
    return spt_file_read_at(file->fd, path, file->base + offset, out, size, error);
}

enum spt_status spt_tree_confirm(struct spt_tree *tree, const struct spt_tree_file *file, const char *path,
                                 struct spt_error *error) {
    return of(tree)->confirm(tree, file, path, error);
}

enum spt_status spt_tree_read_all(struct spt_tree *tree, const char *path, size_t limit, char **data, size_t *size,
                                  struct spt_error *error) {
    struct spt_tree_file file;
    enum spt_status status = spt_tree_open(tree, path, &file, error);
    if (status != SPT_OK) return status;
    char *bytes = NULL;
    const uint64_t length = file.identity.size;
    if (length > limit)
        status = spt_fail(error, SPT_UNSUPPORTED, path, "%llu bytes, more than the %zu that are read",
                          (unsigned long long)length, limit);
    else if (!(bytes = malloc((size_t)length + 1)))
        status = spt_fail_memory(error, length + 1, "a file's contents");
    else
        status = spt_tree_read_at(&file, path, 0, bytes, (size_t)length, error);
    spt_tree_close(&file);
    if (status != SPT_OK) {
        free(bytes);
        return status;
    }
    bytes[length] = '\0';
    *data = bytes;
    *size = (size_t)length;
    return SPT_OK;
}

/* Of file.h: the disk is a tree like others. */
enum spt_status spt_file_read_all(const char *path, size_t limit, char **data, size_t *size, struct spt_error *error) {
    return spt_tree_read_all(NULL, path, limit, data, size, error);
}

void spt_tree_begin(struct spt_tree *tree) {
    of(tree)->begin(tree);
}

enum spt_status spt_tree_expect(struct spt_tree *tree, const char *const *paths, size_t count,
                                struct spt_error *error) {
    return of(tree)->expect(tree, paths, count, error);
}

char *spt_tree_real_path(struct spt_tree *tree, const char *path) {
    return of(tree)->real_path(tree, path);
}
