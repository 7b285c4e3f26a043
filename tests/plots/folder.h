/* A folder of a test's own, entered before the test and removed after it, and what is in it. */
#ifndef SPT_TESTS_PLOTS_FOLDER_H
#define SPT_TESTS_PLOTS_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoints/base/file.h"

struct folder {
    char path[64];
};

static int enter_folder(void **state) {
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder) return -1;
    snprintf(folder->path, sizeof folder->path, "/tmp/spectail-test-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? chdir(folder->path) : -1;
}

static int leave_folder(void **state) {
    struct folder *folder = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    free(folder);
    return chdir("/") || system(command);
}

/* Names in path, hidden ones too; -1: no such folder. */
__attribute__((unused)) static int count_names(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return -1;
    int count = -2; /* . and .. */
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

/* The whole of a file, which must be there. Freed by the caller. */
__attribute__((unused, noinline)) static char *slurp(const char *path, size_t *size) {
    char *data = NULL;
    struct spt_error error = {0};
    size_t unused;
    if (spt_file_read_all(path, (size_t)1 << 26, &data, size ? size : &unused, &error) != SPT_OK)
        fail_msg("%s: %s", path, error.message);
    return data;
}

#endif
