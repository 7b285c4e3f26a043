#include "tracker/own_folder.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char PREFIX[] = ".spectail-fetch.";

enum { DEPTH_MAX = 100, PASSES_MAX = 10, MARK_MAX = 128 };

/* --- which folder it is --- */

/* Inodes are given anew as soon as they are free, times of birth are not; a file system that keeps none says 0. */
struct identity {
    unsigned long long inode;
    long long born, born_ns;
};

/* What stands under name. SPT_END: no folder (a link to one is none). */
static enum spt_status look_at(int parent, const char *name, struct identity *identity, struct spt_error *error) {
    struct statx status;
    if (statx(parent, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_INO | STATX_BTIME, &status) != 0)
        return errno == ENOENT ? SPT_END : spt_fail_system(error, errno, name, "look at this folder");
    if (!S_ISDIR(status.stx_mode)) return SPT_END;
    const bool dated = status.stx_mask & STATX_BTIME;
    *identity = (struct identity){.inode = status.stx_ino,
                                  .born = dated ? status.stx_btime.tv_sec : 0,
                                  .born_ns = dated ? status.stx_btime.tv_nsec : 0};
    return SPT_OK;
}

static bool is_same(const struct identity *a, const struct identity *b) {
    return a->inode == b->inode && a->born == b->born && a->born_ns == b->born_ns;
}

static enum spt_status write_mark(int lock, const char *name, const struct identity *identity,
                                  struct spt_error *error) {
    char text[MARK_MAX];
    const int length = snprintf(text, sizeof text, "spectail made and removes the folder %llu %lld %lld\n",
                                identity->inode, identity->born, identity->born_ns);
    if (pwrite(lock, text, (size_t)length, 0) != length || ftruncate(lock, length) != 0 || fsync(lock) != 0)
        return spt_fail_system(error, errno, name, "write");
    return SPT_OK;
}

/* false: it was not written to its end, so that its folder had nothing in it yet. */
static bool read_mark(int lock, struct identity *identity) {
    char text[MARK_MAX], end;
    const ssize_t length = pread(lock, text, sizeof text - 1, 0);
    if (length <= 0) return false;
    text[length] = '\0';
    return sscanf(text, "spectail made and removes the folder %llu %lld %lld%c", &identity->inode, &identity->born,
                  &identity->born_ns, &end) == 4 &&
           end == '\n';
}

/* --- removing --- */

/* A folder and what is in it, once through. Entries that come while it is read may stay. */
static enum spt_status empty_folder(int folder, const char *name, dev_t device, int depth, struct spt_error *error);

static enum spt_status remove_folder(int parent, const char *name, dev_t device, int depth, struct spt_error *error) {
    struct stat st;
    const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return errno == ENOENT ? SPT_OK : spt_fail_system(error, errno, name, "remove this folder");
    enum spt_status status = SPT_OK;
    if (fstat(folder, &st) != 0) status = spt_fail_system(error, errno, name, "remove this folder");
    if (status == SPT_OK && (st.st_dev != device || depth > DEPTH_MAX))
        status = spt_fail(error, SPT_IO, name, "cannot remove this folder: %s",
                          depth > DEPTH_MAX ? "too many folders in folders" : "another file system is mounted there");
    /* Read-only folders, as some tools leave them, let nothing in them be removed. */
    if (status == SPT_OK && (st.st_mode & S_IRWXU) != S_IRWXU) (void)fchmod(folder, st.st_mode | S_IRWXU);
    for (int pass = 0; status == SPT_OK && pass < PASSES_MAX; pass++) {
        status = empty_folder(folder, name, device, depth, error);
        if (status != SPT_OK || unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) break;
        if ((errno != ENOTEMPTY && errno != EEXIST) || pass == PASSES_MAX - 1)
            status = spt_fail_system(error, errno, name, "remove this folder");
    }
    close(folder);
    return status;
}

static enum spt_status remove_entry(int parent, const char *name, dev_t device, int depth, struct spt_error *error) {
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return SPT_OK;
    if (errno == EISDIR || errno == EPERM) return remove_folder(parent, name, device, depth, error);
    return spt_fail_system(error, errno, name, "remove");
}

static enum spt_status empty_folder(int folder, const char *name, dev_t device, int depth, struct spt_error *error) {
    const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a place of its own to read on from */
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (!entries) {
        const int failed = errno;
        if (copy >= 0) close(copy);
        return spt_fail_system(error, failed, name, "list this folder");
    }
    enum spt_status status = SPT_OK;
    for (const struct dirent *entry; status == SPT_OK && (entry = readdir(entries));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = remove_entry(folder, entry->d_name, device, depth + 1, error);
    closedir(entries);
    return status;
}

/* What stands under name, whatever that has become: of a link the link. */
static enum spt_status remove_from(int parent, const char *name, struct spt_error *error) {
    struct stat st;
    if (fstat(parent, &st) != 0) return spt_fail_system(error, errno, name, "remove this folder");
    return remove_entry(parent, name, st.st_dev, 0, error);
}

/* --- the file beside it --- */

/* Opens and locks the mark; *found: it was there before. SPT_RETRY: another process has it. */
static enum spt_status lock_mark(int parent, const char *mark, int *lock, bool *found, struct spt_error *error) {
    for (;;) {
        struct stat opened, named;
        int file = openat(parent, mark, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        *found = file < 0 && errno == EEXIST;
        if (*found) file = openat(parent, mark, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0 && *found && errno == ENOENT) continue;
        if (file < 0) return spt_fail_system(error, errno, mark, "make this file");
        if (flock(file, LOCK_EX | LOCK_NB) != 0) {
            const int failed = errno;
            close(file);
            if (failed == EWOULDBLOCK)
                return spt_fail(error, SPT_RETRY, mark, "another spectail is at work on this folder");
            return spt_fail_system(error, failed, mark, "lock this file");
        }
        /* Whoever had the lock may have removed the file meanwhile: then it is another one that counts. */
        *lock = file;
        if (fstat(file, &opened) == 0 && fstatat(parent, mark, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
            opened.st_ino == named.st_ino)
            return SPT_OK;
        close(file);
    }
}

/* Of a process that is gone: the folder, if it is still the one that was made. */
static enum spt_status clear(int parent, const char *name, int lock, bool *removed, struct spt_error *error) {
    struct identity made, found;
    *removed = false;
    enum spt_status status = look_at(parent, name, &found, error);
    if (status == SPT_OK && !read_mark(lock, &made)) {
        *removed = unlinkat(parent, name, AT_REMOVEDIR) == 0; /* empty, or not what was made */
    } else if (status == SPT_OK && is_same(&made, &found)) {
        status = remove_from(parent, name, error);
        *removed = status == SPT_OK;
    }
    return status == SPT_END ? SPT_OK : status;
}

static enum spt_status remove_mark(int parent, const char *mark, struct spt_error *error) {
    if (unlinkat(parent, mark, 0) == 0 || errno == ENOENT) return SPT_OK;
    return spt_fail_system(error, errno, mark, "remove this file");
}

/* The same failure, with the path of the folder that it is about. */
static enum spt_status fail_of(const char *path, const char *name, const struct spt_error *inner,
                               struct spt_error *error) {
    char folder[SPT_ERROR_TEXT_MAX];
    (void)snprintf(folder, sizeof folder, "%s/%s", path, name);
    return spt_fail(error, inner->status, folder, "%s: %s", inner->path, inner->message);
}

static enum spt_status clean_one(int parent, const char *path, const char *mark, const struct spt_log *log,
                                 struct spt_error *error) {
    const char *name = mark + strlen(PREFIX);
    struct spt_error inner;
    int lock;
    bool removed = false, found;
    enum spt_status status = lock_mark(parent, mark, &lock, &found, &inner);
    if (status == SPT_RETRY) return SPT_OK; /* its process lives */
    if (status != SPT_OK) return fail_of(path, name, &inner, error);
    status = clear(parent, name, lock, &removed, &inner);
    if (status == SPT_OK) status = remove_mark(parent, mark, &inner);
    close(lock);
    if (status != SPT_OK) return fail_of(path, name, &inner, error);
    if (removed) spt_log(log, SPT_LOG_NOTE, "%s/%s: removed, as an earlier fetch left it", path, name);
    return SPT_OK;
}

/* Names are gathered first: a folder is not read while it is changed. */
static enum spt_status gather(int parent, const char *path, struct spt_text *names, size_t *count,
                              struct spt_error *error) {
    const int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);
    if (!entries) {
        const int failed = errno;
        if (copy >= 0) close(copy);
        return spt_fail_system(error, failed, path, "list this folder");
    }
    for (const struct dirent *entry; (entry = readdir(entries));) {
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 || !entry->d_name[strlen(PREFIX)]) continue;
        spt_text_append(names, entry->d_name, strlen(entry->d_name) + 1);
        ++*count;
    }
    closedir(entries);
    return names->failed ? spt_fail_memory(error, names->length, "a list of folders") : SPT_OK;
}

enum spt_status spt_own_folder_clean(int parent, const char *path, const struct spt_log *log, struct spt_error *error) {
    struct spt_text names = {0};
    size_t count = 0;
    enum spt_status status = gather(parent, path, &names, &count, error);
    const char *mark = names.data;
    for (size_t i = 0; status == SPT_OK && i < count; i++, mark += strlen(mark) + 1)
        status = clean_one(parent, path, mark, log, error);
    spt_text_release(&names);
    return status;
}

/* --- the folder's life --- */

static void release(struct spt_own_folder *folder) {
    if (folder->lock >= 0) close(folder->lock);
    free(folder->name);
    free(folder->path);
    free(folder->mark);
    *folder = (struct spt_own_folder){.parent = -1, .lock = -1};
}

static enum spt_status mark_it(struct spt_own_folder *folder, struct spt_error *error) {
    struct identity identity;
    const enum spt_status status = look_at(folder->parent, folder->name, &identity, error);
    if (status == SPT_END) return spt_fail(error, SPT_RETRY, folder->path, "is no folder any more");
    return status == SPT_OK ? write_mark(folder->lock, folder->mark, &identity, error) : status;
}

static enum spt_status make_it(struct spt_own_folder *folder, struct spt_error *error) {
    bool found, removed;
    enum spt_status status = lock_mark(folder->parent, folder->mark, &folder->lock, &found, error);
    if (status == SPT_OK && found) status = clear(folder->parent, folder->name, folder->lock, &removed, error);
    if (status == SPT_OK && ftruncate(folder->lock, 0) != 0)
        status = spt_fail_system(error, errno, folder->mark, "write");
    if (status != SPT_OK) return status;
    if (mkdirat(folder->parent, folder->name, 0777) == 0) {
        folder->ours = true;
        return mark_it(folder, error);
    }
    const int failed = errno;
    status = remove_mark(folder->parent, folder->mark, error);
    close(folder->lock);
    folder->lock = -1;
    if (failed != EEXIST) return spt_fail_system(error, failed, folder->path, "make this folder");
    return status;
}

enum spt_status spt_own_folder_make(struct spt_own_folder *folder, int parent, const char *path, const char *name,
                                    struct spt_error *error) {
    struct spt_text mark = {0};
    spt_text_format(&mark, "%s%s", PREFIX, name);
    *folder = (struct spt_own_folder){
        .parent = parent, .lock = -1, .name = spt_strdup(name), .path = spt_file_join(path, name), .mark = mark.data};
    enum spt_status status = SPT_OK;
    if (mark.failed || !folder->name || !folder->path) status = spt_fail_memory(error, strlen(path), "a folder's name");
    if (status == SPT_OK) status = make_it(folder, error);
    if (status != SPT_OK) {
        struct spt_error ignored;
        spt_own_folder_remove(folder, &ignored);
    }
    return status;
}

enum spt_status spt_own_folder_settle(struct spt_own_folder *folder, struct spt_error *error) {
    if (!folder->ours) return SPT_OK;
    enum spt_status status = mark_it(folder, error);
    if (status != SPT_OK) return status;
    DIR *entries = opendir(folder->path);
    if (!entries) return spt_fail_system(error, errno, folder->path, "list this folder");
    bool empty = true;
    for (const struct dirent *entry; empty && (entry = readdir(entries));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(entries);
    return empty ? spt_fail(error, SPT_RETRY, folder->path, "is empty") : SPT_OK;
}

enum spt_status spt_own_folder_remove(struct spt_own_folder *folder, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    struct spt_error inner;
    if (folder->ours) {
        status = remove_from(folder->parent, folder->name, &inner);
        if (status == SPT_OK) status = remove_mark(folder->parent, folder->mark, &inner);
        if (status != SPT_OK) spt_fail(error, status, folder->path, "%s: %s", inner.path, inner.message);
    }
    release(folder);
    return status;
}
