/* A folder of the target's own, in memory where there is such a place, which is its working directory: for inputs that
 * are several files. */
#ifndef SPT_TEST_FUZZ_FOLDER_H
#define SPT_TEST_FUZZ_FOLDER_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static inline int folder_remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind;
    return place->level == 0 ? 0 : remove(path);
}

static inline void folder_empty(void) {
    require(nftw(".", folder_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

static inline void folder_leave(void) {
    char path[64];
    if (!getcwd(path, sizeof path)) return;
    folder_empty();
    if (chdir("/") == 0) (void)rmdir(path);
}

/* Once, from LLVMFuzzerInitialize. */
static inline void folder_enter(void) {
    char path[64];
    (void)snprintf(path, sizeof path, "%s/spectail-fuzz-XXXXXX",
                   access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp");
    require(mkdtemp(path) && chdir(path) == 0 && atexit(folder_leave) == 0);
}

static inline void folder_put(const char *name, const void *bytes, size_t size) {
    const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
}

#endif
