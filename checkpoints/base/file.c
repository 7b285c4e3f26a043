#include "checkpoints/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoints/base/memory.h"

enum { TEMPORARY_NAMES = 100 };

static const char *kind_of_file(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    default:
        return "no regular file";
    }
}

static int64_t nanoseconds(struct timespec time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct spt_file_identity spt_file_identity_of(const struct stat *st) {
    return (struct spt_file_identity){.device = st->st_dev,
                                      .inode = st->st_ino,
                                      .size = (uint64_t)st->st_size,
                                      .mtime_ns = nanoseconds(st->st_mtim),
                                      .ctime_ns = nanoseconds(st->st_ctim)};
}

bool spt_file_identity_equal(const struct spt_file_identity *a, const struct spt_file_identity *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns &&
           a->ctime_ns == b->ctime_ns;
}

static enum spt_status require_regular(const struct stat *st, const char *path, struct spt_error *error) {
    if (S_ISREG(st->st_mode)) return SPT_OK;
    return spt_fail(error, SPT_INVALID, path, "expected a file, found %s", kind_of_file(st->st_mode));
}

/* The path is looked at before it is opened (opening a device can have effects) and again afterwards, because it may
 * lead elsewhere by then; O_NONBLOCK keeps a FIFO put there in between from blocking. */
enum spt_status spt_file_open(const char *path, int *fd, struct spt_file_identity *identity, struct spt_error *error) {
    struct stat st;
    if (stat(path, &st) != 0) return spt_fail_system(error, errno, path, "open");
    enum spt_status status = require_regular(&st, path, error);
    if (status != SPT_OK) return status;
    const int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (opened < 0) return spt_fail_system(error, errno, path, "open");
    if (fstat(opened, &st) != 0)
        status = spt_fail_system(error, errno, path, "look at");
    else
        status = require_regular(&st, path, error);
    if (status != SPT_OK) {
        (void)close(opened);
        return status;
    }
    *fd = opened;
    if (identity) *identity = spt_file_identity_of(&st);
    return SPT_OK;
}

enum spt_status spt_file_confirm(int fd, const char *path, const struct spt_file_identity *identity,
                                 struct spt_error *error) {
    struct stat opened, named;
    if (fstat(fd, &opened) != 0) return spt_fail_system(error, errno, path, "look at");
    if (stat(path, &named) != 0) return spt_fail_system(error, errno, path, "find again after reading");
    const struct spt_file_identity now = spt_file_identity_of(&opened), there = spt_file_identity_of(&named);
    if (!spt_file_identity_equal(&now, identity)) return spt_fail(error, SPT_RETRY, path, "changed while it was read");
    if (!spt_file_identity_equal(&there, identity))
        return spt_fail(error, SPT_RETRY, path, "replaced while it was read");
    return SPT_OK;
}

enum spt_status spt_file_read_at(int fd, const char *path, uint64_t offset, void *out, size_t size,
                                 struct spt_error *error) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = 0;
        if (offset <= (uint64_t)INT64_MAX - done)
            got = pread(fd, (unsigned char *)out + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return spt_fail_system(error, errno, path, "read");
        if (got == 0)
            return spt_fail_at(error, SPT_RETRY, path, offset + done, "the file ends %zu bytes too early", size - done);
        done += (size_t)got;
    }
    return SPT_OK;
}

enum spt_status spt_file_write(int fd, const char *path, const void *data, size_t size, struct spt_error *error) {
    for (size_t done = 0; done < size;) {
        const ssize_t put = write(fd, (const unsigned char *)data + done, size - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return spt_fail_system(error, errno, path, "write");
        done += (size_t)put;
    }
    return SPT_OK;
}

/* A new file whose name begins with beside; *name is its path, to be freed. */
static enum spt_status create_beside(const char *target, const char *beside, char **name, int *fd,
                                     struct spt_error *error) {
    const size_t capacity = strlen(beside) + 64;
    char *candidate = malloc(capacity);
    if (!candidate) return spt_fail_memory(error, capacity, "a file's name");
    for (int i = 0; i < TEMPORARY_NAMES; i++) {
        (void)snprintf(candidate, capacity, "%s.%ld-%d.tmp", beside, (long)getpid(), i);
        *fd = open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*fd >= 0 || errno != EEXIST) break;
    }
    if (*fd < 0) {
        const int why = errno;
        free(candidate);
        return spt_fail_system(error, why, target, "write");
    }
    *name = candidate;
    return SPT_OK;
}

/* What path stands for: of a link the file it leads to is replaced, not the link. */
static enum spt_status find_target(const char *path, char **target, struct spt_error *error) {
    struct stat st;
    if (stat(path, &st) != 0) {
        *target = spt_strdup(path);
        return *target ? SPT_OK : spt_fail_memory(error, strlen(path) + 1, "a file's name");
    }
    const enum spt_status status = require_regular(&st, path, error);
    if (status != SPT_OK) return status;
    *target = realpath(path, NULL);
    return *target ? SPT_OK : spt_fail_system(error, errno, path, "write");
}

enum spt_status spt_file_draft_begin(struct spt_file_draft *draft, const char *path, const char *beside,
                                     struct spt_error *error) {
    *draft = (struct spt_file_draft){.fd = -1};
    enum spt_status status = find_target(path, &draft->target, error);
    if (status == SPT_OK)
        status = create_beside(draft->target, beside ? beside : draft->target, &draft->name, &draft->fd, error);
    if (status != SPT_OK) spt_file_draft_abandon(draft);
    return status;
}

enum spt_status spt_file_draft_write(struct spt_file_draft *draft, const void *data, size_t size,
                                     struct spt_error *error) {
    return spt_file_write(draft->fd, draft->target, data, size, error);
}

void spt_file_draft_abandon(struct spt_file_draft *draft) {
    if (draft->name && draft->fd >= 0) (void)close(draft->fd);
    if (draft->name) (void)unlink(draft->name);
    free(draft->name);
    free(draft->target);
    *draft = (struct spt_file_draft){.fd = -1};
}

static enum spt_status put_in_place(struct spt_file_draft *draft, bool lasting, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    /* Some file systems (and pipes of the user's making) know no fsync: EINVAL says so, and nothing more can be done.
     */
    if (lasting && fsync(draft->fd) != 0 && errno != EINVAL)
        status = spt_fail_system(error, errno, draft->target, "write");
    if (close(draft->fd) != 0 && status == SPT_OK) status = spt_fail_system(error, errno, draft->target, "write");
    draft->fd = -1;
    if (status == SPT_OK && rename(draft->name, draft->target) != 0)
        status = spt_fail_system(error, errno, draft->target, "write");
    if (status == SPT_OK) {
        free(draft->name);
        draft->name = NULL;
    }
    spt_file_draft_abandon(draft);
    return status;
}

enum spt_status spt_file_draft_commit(struct spt_file_draft *draft, struct spt_error *error) {
    return put_in_place(draft, true, error);
}

static enum spt_status write_whole(const char *path, const void *data, size_t size, bool lasting,
                                   struct spt_error *error) {
    struct spt_file_draft draft;
    enum spt_status status = spt_file_draft_begin(&draft, path, NULL, error);
    if (status == SPT_OK) status = spt_file_draft_write(&draft, data, size, error);
    if (status == SPT_OK) return put_in_place(&draft, lasting, error);
    spt_file_draft_abandon(&draft);
    return status;
}

enum spt_status spt_file_write_all(const char *path, const void *data, size_t size, struct spt_error *error) {
    return write_whole(path, data, size, true, error);
}

enum spt_status spt_file_write_fleeting(const char *path, const void *data, size_t size, struct spt_error *error) {
    return write_whole(path, data, size, false, error);
}

char *spt_file_join(const char *directory, const char *name) {
    const size_t length = strlen(directory);
    const size_t capacity = length + strlen(name) + 2;
    char *path = malloc(capacity);
    if (!path) return NULL;
    const bool slash = length > 0 && directory[length - 1] != '/';
    (void)snprintf(path, capacity, "%s%s%s", directory, slash ? "/" : "", name);
    return path;
}

bool spt_file_is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum spt_status spt_file_make_directories(const char *path, struct spt_error *error) {
    char *part = spt_strdup(path);
    if (!part) return spt_fail_memory(error, strlen(path), "a path");
    enum spt_status status = SPT_OK;
    const size_t length = strlen(part);
    for (size_t i = 1; i <= length && status == SPT_OK; i++) {
        if (part[i] != '/' && part[i] != '\0') continue;
        const char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && !(errno == EEXIST && spt_file_is_directory(part)))
            status = spt_fail_system(error, errno, part, "make the directory");
        part[i] = kept;
    }
    free(part);
    return status;
}
