#include "checkpoints/layouts/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of weights in the formats that exist, those included that no reader knows: their checkpoints are listed, and
 * recorded as unsupported, instead of being passed over. Optimizer states and training arguments are no weights. */
static const char *const WEIGHTS[] = {
    "*.safetensors",
    "*.safetensors.index.json",
    "pytorch_model*.bin",
    "pytorch_model*.bin.index.json",
    "consolidated*.pth",
    "model.pt",
    "*.ckpt",
    "*.distcp",
    "layer_*-model_*-model_states.pt",
    "mp_rank_*_model_states.pt",
    "flax_model*.msgpack",
    "tf_model*.h5",
    "*.gguf",
};

bool spt_folder_is_weights_name(const char *name) {
    for (size_t i = 0; i < sizeof WEIGHTS / sizeof *WEIGHTS; i++)
        if (fnmatch(WEIGHTS[i], name, 0) == 0) return true;
    return false;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const struct spt_entry *)a)->name, ((const struct spt_entry *)b)->name);
}

static bool leads_to_directory(int folder, const char *name) {
    struct stat st;
    return fstatat(folder, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static bool add_entry(struct spt_entries *entries, int folder, const struct dirent *found) {
    void *items = entries->items;
    const bool room = spt_grow(&items, &entries->capacity, entries->count + 1, sizeof *entries->items);
    entries->items = items;
    const char *name = room ? spt_arena_copy(&entries->names, found->d_name, strlen(found->d_name)) : NULL;
    if (!name) return false;
    struct spt_entry entry = {.name = name, .directory = found->d_type == DT_DIR, .link = found->d_type == DT_LNK};
    if (found->d_type == DT_UNKNOWN) {
        struct stat st;
        entry.link = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    }
    if (found->d_type == DT_UNKNOWN || entry.link) entry.directory = leads_to_directory(folder, name);
    entries->items[entries->count++] = entry;
    return true;
}

enum spt_status spt_entries_read(const char *path, struct spt_entries *entries, struct spt_error *error) {
    DIR *directory = opendir(path);
    if (!directory) return spt_fail_system(error, errno, path, "list the folder");
    enum spt_status status = SPT_OK;
    const struct dirent *found;
    while (!status && (errno = 0, found = readdir(directory)) != NULL) {
        if (found->d_name[0] == '.') continue;
        if (!add_entry(entries, dirfd(directory), found))
            status = spt_fail_memory(error, sizeof *entries->items, "a folder's entries");
    }
    if (!status && errno) status = spt_fail_system(error, errno, path, "list the folder");
    (void)closedir(directory);
    if (status)
        spt_entries_release(entries);
    else if (entries->count)
        qsort(entries->items, entries->count, sizeof *entries->items, compare_entries);
    return status;
}

void spt_entries_release(struct spt_entries *entries) {
    free(entries->items);
    spt_arena_release(&entries->names);
    *entries = (struct spt_entries){0};
}

/* What the fingerprint is made of. */
struct member {
    const char *name;
    uint64_t size;
    int64_t mtime_ns;
};

struct scan {
    struct spt_folder *folder;
    const char *path, *only;
    const struct spt_log *log;
    struct member *members;
    size_t count, capacity;
    struct spt_arena names;
};

static int compare_members(const void *a, const void *b) {
    return strcmp(((const struct member *)a)->name, ((const struct member *)b)->name);
}

/* Where to note that name is there; NULL: spectail does not read it. */
static bool *flag_of(struct scan *scan, const char *name, bool *weights) {
    if (strcmp(name, "config.json") == 0) return &scan->folder->config;
    if (strcmp(name, "tokenizer.json") == 0) return &scan->folder->tokenizer;
    if (strcmp(name, "trainer_state.json") == 0) return &scan->folder->trainer_state;
    const bool counts = scan->only ? strcmp(name, scan->only) == 0 : spt_folder_is_weights_name(name);
    return counts ? weights : NULL;
}

static bool scan_entry(struct scan *scan, int fd, const char *name) {
    scan->folder->hub |= strcmp(name, "snapshots") == 0 || strncmp(name, "models--", 8) == 0;
    bool weights = false;
    bool *flag = flag_of(scan, name, &weights);
    if (!flag) return true;
    struct stat st;
    if (fstatat(fd, name, &st, 0) != 0) {
        spt_log(scan->log, SPT_LOG_WARNING, "%s/%s: skipped: %s", scan->path, name, strerror(errno));
        return true;
    }
    if (!S_ISREG(st.st_mode)) {
        spt_log(scan->log, SPT_LOG_WARNING, "%s/%s: skipped: no regular file", scan->path, name);
        return true;
    }
    *flag = true;
    scan->folder->weights += weights;
    void *members = scan->members;
    const bool room = spt_grow(&members, &scan->capacity, scan->count + 1, sizeof *scan->members);
    scan->members = members;
    const char *copy = room ? spt_arena_copy(&scan->names, name, strlen(name)) : NULL;
    if (!copy) return false;
    scan->members[scan->count++] =
        (struct member){.name = copy,
                        .size = (uint64_t)st.st_size,
                        .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
    return true;
}

static bool hash_members(struct scan *scan) {
    struct spt_hash_stream *stream = spt_hash_new();
    if (!stream) return false;
    if (scan->count) qsort(scan->members, scan->count, sizeof *scan->members, compare_members);
    for (size_t i = 0; i < scan->count; i++) {
        spt_hash_add_text(stream, scan->members[i].name);
        spt_hash_add_u64(stream, scan->members[i].size);
        spt_hash_add_u64(stream, (uint64_t)scan->members[i].mtime_ns);
    }
    scan->folder->fingerprint = spt_hash_value(stream);
    spt_hash_free(stream);
    return true;
}

enum spt_status spt_folder_scan(const char *path, const char *only, const struct spt_log *log,
                                struct spt_folder *folder, struct spt_error *error) {
    *folder = (struct spt_folder){0};
    struct scan scan = {.folder = folder, .path = path, .only = only, .log = log};
    DIR *directory = opendir(path);
    if (!directory) {
        if (errno == ENOMEM) return spt_fail_memory(error, 0, "a folder");
        folder->system = errno;
        return hash_members(&scan) ? SPT_OK : spt_fail_memory(error, 0, "a fingerprint");
    }
    bool memory = true;
    int system_error = 0;
    while (memory) {
        errno = 0;
        const struct dirent *found = readdir(directory);
        if (!found) {
            system_error = errno;
            break;
        }
        memory = scan_entry(&scan, dirfd(directory), found->d_name);
    }
    (void)closedir(directory);
    memory = memory && hash_members(&scan);
    if (system_error) *folder = (struct spt_folder){.system = system_error};
    free(scan.members);
    spt_arena_release(&scan.names);
    return memory ? SPT_OK : spt_fail_memory(error, 0, "a folder's entries");
}
