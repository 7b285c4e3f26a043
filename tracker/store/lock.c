/* The writer's lock: flock on <store>.lock, which the kernel drops with the process, however it ends. The file stays:
 * unlinking it would let two writers hold locks on two files of one name. Its text is for the message to others only.
 */
#include "tracker/store/internal.h"

#include "checkpoints/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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
    char host[HOST_MAX] = "", text[HOLDER_MAX];
    if (gethostname(host, sizeof host - 1)) host[0] = '\0';
    const int length = snprintf(text, sizeof text, "host %s pid %ld\n", host[0] ? host : "unknown", (long)getpid());
    if (ftruncate(fd, 0) == 0 && length > 0 && pwrite(fd, text, (size_t)length, 0) != length) (void)!ftruncate(fd, 0);
}

static enum spt_status taken(int fd, const char *path, struct spt_error *error) {
    char text[HOLDER_MAX + 1];
    const ssize_t length = pread(fd, text, HOLDER_MAX, 0);
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
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
