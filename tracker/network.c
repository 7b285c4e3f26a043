#include "tracker/network.h"

#include "checkpoints/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* linux/magic.h has some of them, the manual page of statfs and the file systems' own sources the others. */
static const struct {
    uint64_t magic;
    const char *name;
} BY_MAGIC[] = {
    {0x00006969, "NFS"},
    {0x0000517b, "SMB"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB"},
    {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},
    {0x73757245, "Coda"},
    {0x01021997, "9p"},
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"},
    {0x00c36400, "Ceph"},
    {0x19830326, "BeeGFS"},
    {0xaad7aaea, "PanFS"},
    {0x20030528, "OrangeFS"},
    {0x01161970, "GFS2"},
    {0x7461636f, "OCFS2"},
    {0x786f4256, "VirtualBox' shared folders"},
};

/* What is known to be remote behind FUSE; the name is the type's after "fuse.". */
static const char *const BY_TYPE[] = {
    "sshfs",   "glusterfs", "ceph",    "ceph-fuse", "s3fs",    "rclone",
    "gcsfuse", "goofys",    "juicefs", "davfs",     "moosefs", "mfs",
};

const char *spt_network_name(uint64_t magic, const char *type) {
    for (size_t i = 0; i < sizeof BY_MAGIC / sizeof *BY_MAGIC; i++)
        if (BY_MAGIC[i].magic == magic) return BY_MAGIC[i].name;
    if (!type || strncmp(type, "fuse.", 5) != 0) return NULL;
    for (size_t i = 0; i < sizeof BY_TYPE / sizeof *BY_TYPE; i++)
        if (strcmp(type + 5, BY_TYPE[i]) == 0) return BY_TYPE[i];
    return NULL;
}

/* A line: "36 35 98:0 /root /mount/point options [fields] - type source options". */
void spt_network_mount_type(const char *mountinfo, unsigned major, unsigned minor, char *type, unsigned capacity) {
    type[0] = '\0';
    for (const char *line = mountinfo; line && *line;) {
        const char *end = strchr(line, '\n');
        unsigned found_major, found_minor;
        const char *dash = strstr(line, " - ");
        if (sscanf(line, "%*u %*u %u:%u", &found_major, &found_minor) == 2 && found_major == major &&
            found_minor == minor && dash && (!end || dash < end)) {
            const size_t length = strcspn(dash + 3, " \n");
            (void)snprintf(type, capacity, "%.*s", (int)length, dash + 3);
            return;
        }
        line = end ? end + 1 : NULL;
    }
}

/* The store, or where it is going to be. */
static bool ask(const char *store, struct statfs *system, struct stat *status) {
    if (statfs(store, system) == 0) return stat(store, status) == 0;
    const char *slash = strrchr(store, '/');
    char *folder = slash ? spt_strdup(store) : spt_strdup(".");
    if (!folder) return false;
    if (slash) folder[slash == store ? 1 : slash - store] = '\0';
    const bool asked = statfs(folder, system) == 0 && stat(folder, status) == 0;
    free(folder);
    return asked;
}

/* The whole of a text without NUL, whose size the system does not say; NULL: cannot be read. */
static char *read_text(const char *path) {
    char *text = NULL;
    size_t capacity = 0;
    FILE *file = fopen(path, "re");
    if (!file) return NULL;
    if (getdelim(&text, &capacity, '\0', file) <= 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

void spt_network_warn(const char *store, const struct spt_log *log) {
    struct statfs system;
    struct stat status;
    char type[64] = "";
    if (!ask(store, &system, &status)) return;
    char *mounts = read_text("/proc/self/mountinfo");
    if (mounts) spt_network_mount_type(mounts, major(status.st_dev), minor(status.st_dev), type, sizeof type);
    free(mounts);
    /* f_type is a signed word of some width: a magic of 32 bits may come with its sign. */
    const char *name = spt_network_name((uint64_t)(uint32_t)system.f_type, type);
    if (!name) return;
    spt_log(
        log, SPT_LOG_WARNING,
        "%s: the store lies on a network file system (%s), where SQLite's locks do not hold between machines; expected "
        "a local disk, and a store for each machine (spectail merge joins them)",
        store, name);
}
