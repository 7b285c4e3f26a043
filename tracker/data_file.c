#include "tracker/data_file.h"

#include "checkpoints/base/file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* <prefix>/share/spectail of a program that is <prefix>/bin/spectail; empty when that cannot be told. */
static void installed_folder(char folder[PATH_MAX]) {
    static const char beside[] = "/share/spectail";
    const ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - sizeof beside);
    folder[length > 0 ? length : 0] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(folder, '/');
        if (slash) *slash = '\0';
    }
    if (*folder) memcpy(folder + strlen(folder), beside, sizeof beside);
}

enum spt_status spt_data_file(const char *name, char **path, struct spt_error *error) {
    char installed[PATH_MAX];
    installed_folder(installed);
    const char *const folders[] = {installed, SPT_BUILT_FROM};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *candidate = *folders[i] ? spt_file_join(folders[i], name) : NULL;
        if (candidate && access(candidate, R_OK) == 0) {
            *path = candidate;
            return SPT_OK;
        }
        free(candidate);
    }
    return spt_fail(error, SPT_INVALID, NULL, "%s, which comes with spectail, is neither in %s nor in %s", name,
                    installed, SPT_BUILT_FROM);
}
