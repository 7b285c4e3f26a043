#include "checkpoints/layouts/folder_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "checkpoints/base/text.h"
#include "checkpoints/layouts/trainer_state.h"

enum { FIRST_SLOTS = 64, NANOSECONDS = 1000 * 1000 * 1000 };

/* Longer than the coarsest clock of the file systems below: ext4 with small inodes counts whole seconds. */
static const double TICK = 3;

/* How the times of a folder are kept. */
enum times {
    TIMES_UNKNOWN, /* not to be relied on: FUSE and its kin make them up */
    TIMES_LOCAL,   /* by this machine's clock */
    TIMES_REMOTE,  /* by a server's, and what is known of them here may be old */
};

#define SPT_ZFS_MAGIC      0x2fc12fc1
#define SPT_BCACHEFS_MAGIC 0xca451a4e

static const struct {
    uint32_t magic;
    enum times times;
} FILE_SYSTEMS[] = {
    {EXT4_SUPER_MAGIC, TIMES_LOCAL}, /* ext2 and ext3 too */
    {XFS_SUPER_MAGIC, TIMES_LOCAL},       {BTRFS_SUPER_MAGIC, TIMES_LOCAL}, {TMPFS_MAGIC, TIMES_LOCAL},
    {F2FS_SUPER_MAGIC, TIMES_LOCAL},      {SPT_ZFS_MAGIC, TIMES_LOCAL},     {SPT_BCACHEFS_MAGIC, TIMES_LOCAL},
    {OVERLAYFS_SUPER_MAGIC, TIMES_LOCAL}, {NFS_SUPER_MAGIC, TIMES_REMOTE},
};

/* When something was seen to be as it is. */
struct age {
    enum times times;
    double first; /* seconds on the monotonic clock; when a reading first found it so */
    bool settled; /* a reading began later than a change could hide */
};

/* A folder as it was read. */
struct remembered {
    char *path, *only;
    struct spt_folder_reading reading;
    struct age age;
    uint64_t checked, used; /* the last looks that found it unchanged, and that asked for it */
};

struct spt_folder_memory {
    struct remembered **slots; /* [slot_count] open addressing, a power of two, at most half full */
    size_t slot_count, used;
    uint64_t look;
    struct spt_hash place;
    bool complete, looked_past;
    /* The run's folder. */
    char *root;
    struct spt_file_identity root_identity;
    struct spt_entries entries;
    struct age root_age;
    bool root_checked;
    /* The kind of the file system that was asked for last. */
    uint64_t device;
    enum times times;
    bool device_known;
    int base; /* during a check: root, opened, so that the way to it is not walked for each file; else AT_FDCWD */
    size_t base_length;
    struct spt_text scratch;
};

struct spt_folder_memory *spt_folder_memory_new(void) {
    struct spt_folder_memory *made = calloc(1, sizeof *made);
    if (made) made->base = AT_FDCWD;
    return made;
}

static void free_remembered(struct remembered *remembered) {
    if (!remembered) return;
    spt_folder_reading_release(&remembered->reading);
    free(remembered->path);
    free(remembered->only);
    free(remembered);
}

void spt_folder_memory_free(struct spt_folder_memory *memory) {
    if (!memory) return;
    for (size_t i = 0; i < memory->slot_count; i++) free_remembered(memory->slots[i]);
    free(memory->slots);
    free(memory->root);
    spt_entries_release(&memory->entries);
    spt_text_release(&memory->scratch);
    free(memory);
}

/* --- times --- */

static double seconds_now(clockid_t clock) {
    struct timespec now = {0};
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / NANOSECONDS;
}

static enum times times_of(struct spt_folder_memory *memory, const char *path, uint64_t device) {
    if (memory->device_known && memory->device == device) return memory->times;
    struct statfs fs;
    memory->times = TIMES_UNKNOWN;
    if (statfs(path, &fs) == 0)
        for (size_t i = 0; i < sizeof FILE_SYSTEMS / sizeof *FILE_SYSTEMS; i++)
            if (FILE_SYSTEMS[i].magic == (uint32_t)fs.f_type) memory->times = FILE_SYSTEMS[i].times;
    memory->device = device;
    memory->device_known = true;
    return memory->times;
}

/* When a reading begins. */
struct moment {
    double monotonic, real;
};

static struct moment moment_now(void) {
    return (struct moment){.monotonic = seconds_now(CLOCK_MONOTONIC), .real = seconds_now(CLOCK_REALTIME)};
}

/* changed_ns: the last ctime of what was read. before: the age of what the last reading found, if that was the same. */
static struct age age_of(enum times times, const struct moment *began, int64_t changed_ns, const struct age *before) {
    struct age age = {.times = times, .first = before ? before->first : began->monotonic};
    if (times == TIMES_LOCAL) age.settled = began->real - (double)changed_ns / NANOSECONDS >= TICK;
    /* Seen for a tick of our clock, and so there for a tick of the server's, before it was read once more. */
    if (times == TIMES_REMOTE) age.settled = began->monotonic - age.first >= TICK;
    return age;
}

/* path as seen from memory->base. */
static const char *from_base(const struct spt_folder_memory *memory, const char *path) {
    const size_t length = memory->base_length;
    const bool below = memory->base != AT_FDCWD && strncmp(path, memory->root, length) == 0 && path[length] == '/';
    return below ? path + length + 1 : path; /* an absolute path is seen from everywhere */
}

static void open_base(struct spt_folder_memory *memory) {
    if (!memory->root) return;
    memory->base_length = strlen(memory->root);
    memory->base = open(memory->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (memory->base < 0) memory->base = AT_FDCWD;
}

static void close_base(struct spt_folder_memory *memory) {
    if (memory->base != AT_FDCWD) (void)close(memory->base);
    memory->base = AT_FDCWD;
}

/* Opening asks the server, where a mere stat may be answered from what it said a minute ago. */
static bool identify_folder(const struct spt_folder_memory *memory, const char *path, enum times times,
                            struct spt_file_identity *identity) {
    struct stat st;
    int failed;
    const char *name = from_base(memory, path);
    if (times == TIMES_REMOTE) {
        const int fd = openat(memory->base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) return false;
        failed = fstat(fd, &st);
        (void)close(fd);
    } else {
        failed = fstatat(memory->base, name, &st, 0);
    }
    if (failed || !S_ISDIR(st.st_mode)) return false;
    *identity = spt_file_identity_of(&st);
    return true;
}

static bool is_folder_unchanged(const struct spt_folder_memory *memory, const char *path, enum times times,
                                const struct spt_file_identity *before) {
    struct spt_file_identity now;
    return identify_folder(memory, path, times, &now) && spt_file_identity_equal(&now, before);
}

/* --- the check --- */

/* folder/name as seen from memory->base, until the next call; NULL: out of memory. */
static const char *path_of(struct spt_folder_memory *memory, const char *folder, const char *name) {
    struct spt_text *path = &memory->scratch;
    spt_text_clear(path);
    spt_text_put(path, from_base(memory, folder));
    spt_text_append(path, "/", 1);
    spt_text_put(path, name);
    return path->failed ? NULL : path->data;
}

static bool is_file_unchanged(struct spt_folder_memory *memory, const char *folder, const struct spt_member *member) {
    struct stat st;
    const char *path = path_of(memory, folder, member->name);
    if (!path || fstatat(memory->base, path, &st, 0) != 0 || !S_ISREG(st.st_mode)) return false;
    const struct spt_file_identity now = spt_file_identity_of(&st);
    return spt_file_identity_equal(&now, &member->identity);
}

static bool is_inner_unchanged(const struct spt_folder_memory *memory, const struct remembered *remembered) {
    char *path = spt_file_join(remembered->path, remembered->reading.inner);
    const bool same =
        path && is_folder_unchanged(memory, path, remembered->age.times, &remembered->reading.inner_directory);
    free(path);
    return same;
}

static bool is_unchanged(struct spt_folder_memory *memory, const struct remembered *remembered) {
    const struct spt_folder_reading *reading = &remembered->reading;
    if (!remembered->age.settled) return false;
    if (!is_folder_unchanged(memory, remembered->path, remembered->age.times, &reading->directory)) return false;
    if (reading->inner && !is_inner_unchanged(memory, remembered)) return false;
    for (size_t i = 0; i < reading->count; i++)
        if (!is_file_unchanged(memory, remembered->path, &reading->members[i])) return false;
    return true;
}

/* What a link leads to changes without it. */
static bool are_entries_unchanged(struct spt_folder_memory *memory) {
    if (!memory->root || !memory->root_age.settled) return false;
    if (!is_folder_unchanged(memory, memory->root, memory->root_age.times, &memory->root_identity)) return false;
    for (size_t i = 0; i < memory->entries.count; i++) {
        const struct spt_entry *entry = &memory->entries.items[i];
        if (!entry->link) continue;
        struct stat st;
        const char *path = path_of(memory, memory->root, entry->name);
        if (!path || (fstatat(memory->base, path, &st, 0) == 0 && S_ISDIR(st.st_mode)) != entry->directory)
            return false;
    }
    return true;
}

bool spt_folder_memory_check(struct spt_folder_memory *memory, struct spt_hash place) {
    bool same = memory->complete && !memory->looked_past && spt_hash_equal(place, memory->place);
    memory->look++;
    memory->place = place;
    memory->device_known = false;
    open_base(memory);
    memory->root_checked = !memory->root || are_entries_unchanged(memory);
    same = same && memory->root_checked;
    for (size_t i = 0; i < memory->slot_count; i++) {
        struct remembered *remembered = memory->slots[i];
        if (!remembered) continue;
        if (is_unchanged(memory, remembered))
            remembered->checked = memory->look;
        else
            same = false;
    }
    close_base(memory);
    memory->complete = same;
    if (!same) memory->looked_past = false;
    return same;
}

/* --- listing --- */

void spt_folder_memory_look_past(struct spt_folder_memory *memory) {
    if (memory) memory->looked_past = true;
}

enum spt_status spt_folder_memory_entries(struct spt_folder_memory *memory, const char *path,
                                          struct spt_entries *entries, struct spt_error *error) {
    const bool known = memory->root && strcmp(memory->root, path) == 0;
    if (known && memory->root_checked) {
        *entries = memory->entries;
        return SPT_OK;
    }
    const struct moment began = moment_now();
    struct spt_file_identity identity = {0};
    const bool identified = identify_folder(memory, path, TIMES_UNKNOWN, &identity);
    struct spt_entries found = {0};
    char *root = spt_strdup(path);
    enum spt_status status = root ? spt_entries_read(NULL, path, &found, error) : spt_fail_memory(error, 0, "a path");
    if (status) {
        free(root);
        return status;
    }
    const bool same = known && spt_file_identity_equal(&identity, &memory->root_identity);
    memory->root_age = age_of(identified ? times_of(memory, path, identity.device) : TIMES_UNKNOWN, &began,
                              identity.ctime_ns, same ? &memory->root_age : NULL);
    memory->root_identity = identity;
    memory->root_checked = true;
    spt_entries_release(&memory->entries);
    free(memory->root);
    memory->root = root;
    memory->entries = *entries = found;
    return SPT_OK;
}

static bool same_only(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct remembered **find_slot(struct remembered **slots, size_t count, const char *path, const char *only) {
    const struct spt_hash hash = spt_hash_of(path, strlen(path));
    size_t at = (size_t)hash.low & (count - 1);
    while (slots[at] && !(strcmp(slots[at]->path, path) == 0 && same_only(slots[at]->only, only)))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

/* Into new slots, all or those that the present look has asked for. false: out of memory. */
static bool move_slots(struct spt_folder_memory *memory, size_t count, bool all) {
    struct remembered **slots = calloc(count, sizeof(struct remembered *));
    if (!slots) return false;
    memory->used = 0;
    for (size_t i = 0; i < memory->slot_count; i++) {
        struct remembered *remembered = memory->slots[i];
        if (!remembered) continue;
        if (all || remembered->used == memory->look) {
            *find_slot(slots, count, remembered->path, remembered->only) = remembered;
            memory->used++;
        } else {
            free_remembered(remembered);
        }
    }
    free(memory->slots);
    memory->slots = slots;
    memory->slot_count = count;
    return true;
}

static bool make_room(struct spt_folder_memory *memory) {
    if (2 * (memory->used + 1) <= memory->slot_count) return true;
    return move_slots(memory, memory->slot_count ? 2 * memory->slot_count : FIRST_SLOTS, true);
}

static struct remembered *new_remembered(const char *path, const char *only) {
    struct remembered *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    made->path = spt_strdup(path);
    made->only = only ? spt_strdup(only) : NULL;
    if (made->path && (!only || made->only)) return made;
    free_remembered(made);
    return NULL;
}

static bool same_reading(const struct spt_folder_reading *a, const struct spt_folder_reading *b) {
    return spt_file_identity_equal(&a->directory, &b->directory) && a->inner == b->inner &&
           spt_file_identity_equal(&a->inner_directory, &b->inner_directory) &&
           spt_hash_equal(a->folder.state, b->folder.state);
}

/* The step that trainer_state.json stands at; if it cannot be read, the listing tries, and says why. */
static void read_step(const char *path, struct spt_folder *folder) {
    struct spt_error error;
    char *file = folder->trainer_state ? spt_file_join(path, "trainer_state.json") : NULL;
    folder->step_known = file && spt_trainer_state_step(NULL, file, &folder->step, &error) == SPT_OK;
    free(file);
}

/* The last change of what the reading must not be trusted about too early: the folder's entries, and what was read
 * of a file. */
static int64_t last_change(const struct spt_folder_reading *reading) {
    int64_t last = reading->directory.ctime_ns;
    if (reading->inner && reading->inner_directory.ctime_ns > last) last = reading->inner_directory.ctime_ns;
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->members[i].name, "trainer_state.json") == 0 && reading->members[i].identity.ctime_ns > last)
            last = reading->members[i].identity.ctime_ns;
    return last;
}

/* reading is taken over. */
static void remember(struct spt_folder_memory *memory, struct remembered *remembered, const struct moment *began,
                     struct spt_folder_reading *reading) {
    const struct spt_folder *folder = &reading->folder;
    const bool same = remembered->reading.directory.inode && same_reading(&remembered->reading, reading);
    const enum times times = times_of(memory, remembered->path, reading->directory.device);
    remembered->age = age_of(times, began, last_change(reading), same ? &remembered->age : NULL);
    if (folder->system || reading->said || (folder->trainer_state && !folder->step_known))
        remembered->age.settled = false;
    spt_folder_reading_release(&remembered->reading);
    remembered->reading = *reading;
    remembered->checked = remembered->used = memory->look;
}

enum spt_status spt_folder_memory_scan(struct spt_folder_memory *memory, const char *path, const char *only,
                                       const struct spt_log *log, struct spt_folder *folder, struct spt_error *error) {
    struct remembered *known = memory->slot_count ? *find_slot(memory->slots, memory->slot_count, path, only) : NULL;
    if (known && known->checked == memory->look) {
        known->used = memory->look;
        *folder = known->reading.folder;
        return SPT_OK;
    }
    const struct moment began = moment_now();
    struct spt_folder_reading reading;
    const enum spt_status status = spt_folder_read(NULL, path, only, log, &reading, error);
    if (status) return status;
    read_step(path, &reading.folder);
    *folder = reading.folder;
    if (!known && make_room(memory) && (known = new_remembered(path, only))) {
        *find_slot(memory->slots, memory->slot_count, path, only) = known;
        memory->used++;
    }
    if (known) {
        remember(memory, known, &began, &reading);
        return SPT_OK;
    }
    spt_folder_reading_release(&reading);
    return spt_fail_memory(error, sizeof *known, "a folder's files");
}

enum spt_status spt_folder_memory_read(struct spt_folder_memory *memory, const char *path, const struct spt_log *log,
                                       const struct spt_folder_reading **reading, struct spt_error *error) {
    struct spt_folder folder;
    const enum spt_status status = spt_folder_memory_scan(memory, path, NULL, log, &folder, error);
    if (!status) *reading = &(*find_slot(memory->slots, memory->slot_count, path, NULL))->reading;
    return status;
}

void spt_folder_memory_keep(struct spt_folder_memory *memory) {
    size_t kept = 0, count = FIRST_SLOTS;
    for (size_t i = 0; i < memory->slot_count; i++) kept += memory->slots[i] && memory->slots[i]->used == memory->look;
    while (count < 2 * (kept + 1)) count *= 2;
    /* Without memory for the move all is kept, and asked about in vain until it works. */
    if (kept < memory->used) (void)move_slots(memory, count, false);
    memory->complete = true;
}
