/* The writer's lock: flock on <store>.lock, which the kernel drops with the process, however it ends. The file stays:
 * unlinking it would let two writers hold locks on two files of one name. Its text is for the message to others only.
 *
 * Whoever holds it also puts an open file description lock on the file: flock can only be asked about by trying to take
 * it, which would turn away a writer who comes in that moment; the other can be asked about.
 */
#include "tracker/store/internal.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { HOST_MAX = 256, HOLDER_MAX = 320, POLL_NANOSECONDS = 20 * 1000 * 1000 };

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Writes "host <name> pid <pid>" for those who find the lock taken. That it fails harms nobody. */
static void sign(int fd) {
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char host[HOST_MAX] = "", text[HOLDER_MAX];
    if (gethostname(host, sizeof host - 1)) host[0] = '\0';
    const int length = snprintf(text, sizeof text, "host %s pid %ld\n", host[0] ? host : "unknown", (long)getpid());
    if (ftruncate(fd, 0) == 0 && length > 0 && pwrite(fd, text, (size_t)length, 0) != length) (void)!ftruncate(fd, 0);
    (void)fcntl(fd, F_OFD_SETLK, &whole);
}

/* What the holder signed. */
static void read_holder(int fd, char text[HOLDER_MAX]) {
    const ssize_t length = pread(fd, text, HOLDER_MAX - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static enum spt_status taken(int fd, const char *path, struct spt_error *error) {
    char text[HOLDER_MAX];
    read_holder(fd, text);
    return spt_fail(error, SPT_RETRY, path, "the store is locked by another writer (%s)",
                    *text ? text : "it left no name");
}

enum spt_status spt_store_lock(const char *file, const char *path, double wait_seconds, int *lock,
                               struct spt_error *error) {
    struct spt_text name = {0};
    spt_text_format(&name, "%s.lock", file);
    if (name.failed) {
        spt_text_release(&name);
        return spt_fail_memory(error, strlen(file), "the name of a lock");
    }
    const int fd = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    enum spt_status status = fd < 0 ? spt_fail_system(error, errno, name.data, "open the store's lock") : SPT_OK;
    const double end = seconds_now() + (wait_seconds > 0 ? wait_seconds : 0);
    bool interrupted = false;
    while (status == SPT_OK && flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) {
            status = spt_fail_system(error, errno, name.data, "lock the store");
        } else if (interrupted || !(seconds_now() < end)) {
            status = taken(fd, path, error);
        } else {
            interrupted = nanosleep(&(struct timespec){.tv_nsec = POLL_NANOSECONDS}, NULL) != 0;
        }
    }
    spt_text_release(&name);
    if (status == SPT_OK) {
        sign(fd);
        *lock = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    return status;
}

static enum spt_status ask(int fd, const char *name, char **holder, struct spt_error *error) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_GETLK, &whole)) return spt_fail_system(error, errno, name, "ask for the store's lock");
    if (whole.l_type == F_UNLCK) return SPT_END;
    char text[HOLDER_MAX], shown[4 * HOLDER_MAX];
    read_holder(fd, text);
    spt_text_printable(shown, sizeof shown, text);
    *holder = spt_strdup(shown);
    return *holder ? SPT_OK : spt_fail_memory(error, sizeof shown, "the name of a writer");
}

enum spt_status spt_store_writer(const char *path, char **holder, struct spt_error *error) {
    struct spt_text name = {0};
    char *file = realpath(path, NULL);
    if (!file) return errno == ENOENT ? SPT_END : spt_fail_system(error, errno, path, "find the store");
    spt_text_format(&name, "%s.lock", file);
    free(file);
    if (name.failed) {
        spt_text_release(&name);
        return spt_fail_memory(error, strlen(path), "the name of a lock");
    }
    const int fd = open(name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum spt_status status;
    if (fd >= 0)
        status = ask(fd, name.data, holder, error);
    else
        status = errno == ENOENT ? SPT_END : spt_fail_system(error, errno, name.data, "ask for the store's lock");
    if (fd >= 0) close(fd);
    spt_text_release(&name);
    return status;
}
