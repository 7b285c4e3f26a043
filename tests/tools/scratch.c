#include "scratch.h"

#include "shards.h"

#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

void scratch_enter(void) {
    const char *parent = getenv("TMPDIR");
    char path[PATH_MAX];
    if (!parent || !*parent) parent = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, sizeof(path), "%s/spectail-test-XXXXXX", parent);
    if (!mkdtemp(path) || chdir(path)) shards_die(path);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void scratch_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_leave(void) {
    char path[PATH_MAX];
    if (!getcwd(path, sizeof(path)) || chdir("/")) shards_die("working directory");
    scratch_remove(path);
}
