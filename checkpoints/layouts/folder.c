#include "checkpoints/layouts/folder.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/folder_table.h"
#include "checkpoints/tokenizer/files.h"

enum { NANOSECONDS = 1000 * 1000 * 1000 };

/* What HF Trainer writes between the weights and trainer_state.json. */
static const char *const OF_TRAINER[] = {
    "training_args.bin", "optimizer.pt", "scheduler.pt", "scaler.pt", "rng_state.pth", "rng_state_*.pth",
};

static bool is_of_trainer(const char *name) {
    for (size_t i = 0; i < sizeof OF_TRAINER / sizeof *OF_TRAINER; i++)
        if (fnmatch(OF_TRAINER[i], name, 0) == 0) return true;
    return false;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const struct spt_entry *)a)->name, ((const struct spt_entry *)b)->name);
}

static bool add_entry(struct spt_entries *entries, struct spt_tree_folder *folder, const struct spt_tree_entry *found) {
    void *items = entries->items;
    const bool room = spt_grow(&items, &entries->capacity, entries->count + 1, sizeof *entries->items);
    entries->items = items;
    const char *name = room ? spt_arena_copy(&entries->names, found->name, strlen(found->name)) : NULL;
    if (!name) return false;
    struct spt_entry entry = {
        .name = name, .directory = found->kind == SPT_KIND_FOLDER, .link = found->kind == SPT_KIND_LINK};
    struct spt_look look;
    if (found->kind == SPT_KIND_UNKNOWN) {
        char *path = spt_file_join(folder->path, name);
        if (!path) return false;
        entry.link = spt_tree_look_at_link(folder->tree, path, &look, NULL) == SPT_OK && look.kind == SPT_KIND_LINK;
        free(path);
    }
    if (found->kind == SPT_KIND_UNKNOWN || entry.link)
        entry.directory = spt_tree_look_in(folder, name, &look, NULL) == SPT_OK && look.kind == SPT_KIND_FOLDER;
    entries->items[entries->count++] = entry;
    return true;
}

enum spt_status spt_entries_read(struct spt_tree *tree, const char *path, struct spt_entries *entries,
                                 struct spt_error *error) {
    struct spt_tree_folder folder;
    struct spt_tree_entry found;
    enum spt_status status = spt_tree_list(tree, path, &folder, error);
    if (status) return status;
    while (!(status = spt_tree_next(&folder, &found, error))) {
        if (found.name[0] == '.') continue;
        if (add_entry(entries, &folder, &found)) continue;
        status = spt_fail_memory(error, sizeof *entries->items, "a folder's entries");
        break;
    }
    spt_tree_unlist(&folder);
    if (status != SPT_END) {
        spt_entries_release(entries);
        return status;
    }
    if (entries->count) qsort(entries->items, entries->count, sizeof *entries->items, compare_entries);
    return SPT_OK;
}

const struct spt_entry *spt_entries_find(const struct spt_entries *entries, const char *name) {
    const struct spt_entry wanted = {.name = name};
    if (!entries->count) return NULL;
    return bsearch(&wanted, entries->items, entries->count, sizeof wanted, compare_entries);
}

void spt_entries_release(struct spt_entries *entries) {
    free(entries->items);
    spt_arena_release(&entries->names);
    *entries = (struct spt_entries){0};
}

struct scan {
    struct spt_folder_reading *reading;
    const char *path, *only;
    const struct spt_log *log;
    size_t capacity;
    bool tokenizer; /* tokenizer.json is there */
    unsigned other; /* other files of tokenizers, by place in SPT_TOKENIZER_PARTS */
    bool metadata;  /* of a torch distributed checkpoint */
    unsigned inner; /* folders where such a checkpoint may be, by place in SPT_DISTRIBUTED_FOLDERS */
};

static int compare_members(const void *a, const void *b) {
    return strcmp(((const struct spt_member *)a)->name, ((const struct spt_member *)b)->name);
}

/* Where to note that name is there; NULL: spectail does not read it. */
static bool *flag_of(struct scan *scan, const char *name, bool *weights) {
    struct spt_folder *folder = &scan->reading->folder;
    if (strcmp(name, "config.json") == 0) return &folder->config;
    if (strcmp(name, "tokenizer.json") == 0) return &scan->tokenizer;
    if (strcmp(name, "trainer_state.json") == 0) return &folder->trainer_state;
    if (!scan->only && strcmp(name, ".metadata") == 0) return &scan->metadata;
    const bool counts = scan->only ? strcmp(name, scan->only) == 0 : spt_weights_is_name(name);
    return counts ? weights : NULL;
}

/* A tokenizer in other files than tokenizer.json. They are not counted among the files of the checkpoint: the
 * fingerprint would be another one where they lie beside a tokenizer.json. */
static void note_tokenizer(struct scan *scan, struct spt_tree_folder *folder, const char *name) {
    struct spt_look look;
    for (unsigned i = 0; SPT_TOKENIZER_PARTS[i]; i++)
        if (strcmp(name, SPT_TOKENIZER_PARTS[i]) == 0 && spt_tree_look_in(folder, name, &look, NULL) == SPT_OK &&
            look.kind == SPT_KIND_FILE)
            scan->other |= 1u << i;
}

static bool has_tokenizer(void *context, const char *name) {
    const struct scan *scan = context;
    for (unsigned i = 0; SPT_TOKENIZER_PARTS[i]; i++)
        if (strcmp(name, SPT_TOKENIZER_PARTS[i]) == 0) return scan->other >> i & 1;
    return false;
}

static void note_inner(struct scan *scan, struct spt_tree_folder *folder, const char *name) {
    struct spt_look look;
    for (unsigned i = 0; SPT_DISTRIBUTED_FOLDERS[i]; i++)
        if (strcmp(name, SPT_DISTRIBUTED_FOLDERS[i]) == 0 && spt_tree_look_in(folder, name, &look, NULL) == SPT_OK &&
            look.kind == SPT_KIND_FOLDER)
            scan->inner |= 1u << i;
}

static void say_skipped(struct scan *scan, const char *name, const char *why) {
    scan->reading->said = true;
    spt_log(scan->log, SPT_LOG_WARNING, "%s/%s: skipped: %s", scan->path, name, why);
}

static bool add_member(struct scan *scan, const char *name, const struct spt_file_identity *identity) {
    struct spt_folder_reading *reading = scan->reading;
    void *members = reading->members;
    const bool room = spt_grow(&members, &scan->capacity, reading->count + 1, sizeof *reading->members);
    reading->members = members;
    char *copy = room ? spt_strdup(name) : NULL;
    if (!copy) return false;
    reading->members[reading->count++] = (struct spt_member){.name = copy, .identity = *identity};
    return true;
}

static bool scan_entry(struct scan *scan, struct spt_tree_folder *listed, const char *name) {
    struct spt_folder *folder = &scan->reading->folder;
    folder->hub |= strcmp(name, "snapshots") == 0 || strncmp(name, "models--", 8) == 0;
    folder->configs |= strcmp(name, SPT_CONFIGS_FOLDER) == 0;
    bool weights = false;
    bool *flag = flag_of(scan, name, &weights);
    if (!flag) {
        note_tokenizer(scan, listed, name);
        if (!scan->only) note_inner(scan, listed, name);
        if (!is_of_trainer(name)) return true;
        const struct spt_hash hash = spt_hash_of(name, strlen(name));
        folder->of_trainer = true;
        scan->reading->beside.low ^= hash.low; /* in whatever order the folder gives them */
        scan->reading->beside.high ^= hash.high;
        return true;
    }
    struct spt_look look;
    struct spt_error why;
    const enum spt_status looked = spt_tree_look_in(listed, name, &look, &why);
    if (looked == SPT_NOMEM) return false;
    if (looked != SPT_OK) {
        say_skipped(scan, name, why.system ? strerror(why.system) : why.message);
        return true;
    }
    /* A distributed checkpoint of Lightning is a folder of the name that another one's file has. */
    if (look.kind == SPT_KIND_FOLDER && fnmatch("*.ckpt", name, 0) == 0) return true;
    if (look.kind != SPT_KIND_FILE) {
        say_skipped(scan, name, "no regular file");
        return true;
    }
    *flag = true;
    folder->weights += weights;
    folder->deepspeed |= weights && spt_weights_is_deepspeed_name(name);
    return add_member(scan, name, &look.identity);
}

static void hash_identity(struct spt_hash_stream *stream, const struct spt_file_identity *identity) {
    spt_hash_add_u64(stream, identity->device);
    spt_hash_add_u64(stream, identity->inode);
    spt_hash_add_u64(stream, identity->size);
    spt_hash_add_u64(stream, (uint64_t)identity->mtime_ns);
    spt_hash_add_u64(stream, (uint64_t)identity->ctime_ns);
}

static int64_t seconds_of(int64_t ns) {
    return ns / NANOSECONDS - (ns % NANOSECONDS < 0);
}

/* The fingerprint is kept in stores: it must stay as it is.
 *   members  [count] of reading, by name: those that count for folder */
static bool hash_members(const struct spt_folder_reading *reading, const struct spt_member *members, size_t count,
                         struct spt_folder *folder) {
    struct spt_hash_stream *fingerprint = spt_hash_new(), *state = spt_hash_new();
    const bool memory = fingerprint && state;
    folder->newest = reading->archived;
    if (memory) {
        spt_hash_add_u64(state, reading->directory.device);
        spt_hash_add_u64(state, reading->directory.inode);
        spt_hash_add_u64(state, (uint64_t)folder->system);
        for (size_t i = 0; i < count; i++) {
            const struct spt_member *member = &members[i];
            spt_hash_add_text(fingerprint, member->name);
            spt_hash_add_u64(fingerprint, member->identity.size);
            spt_hash_add_u64(fingerprint, (uint64_t)member->identity.mtime_ns);
            spt_hash_add_text(state, member->name);
            hash_identity(state, &member->identity);
            const int64_t seconds = seconds_of(member->identity.mtime_ns);
            if (folder->newest == 0 || seconds > folder->newest) folder->newest = seconds;
        }
        spt_hash_add_u64(state, reading->beside.low);
        spt_hash_add_u64(state, reading->beside.high);
        folder->fingerprint = spt_hash_value(fingerprint);
        folder->state = spt_hash_value(state);
    }
    spt_hash_free(fingerprint);
    spt_hash_free(state);
    return memory;
}

static int compare_to_member(const void *name, const void *member) {
    return strcmp(name, ((const struct spt_member *)member)->name);
}

static const struct spt_member *find_member(const struct spt_folder_reading *reading, const char *name) {
    if (!reading->count) return NULL;
    return bsearch(name, reading->members, reading->count, sizeof *reading->members, compare_to_member);
}

/* Files that count whichever weights are meant. */
static const char *const COMPANIONS[] = {"config.json", "tokenizer.json", "trainer_state.json"};
enum { COMPANION_COUNT = sizeof COMPANIONS / sizeof *COMPANIONS };

enum spt_status spt_folder_of_file(const struct spt_folder_reading *reading, const char *name,
                                   struct spt_folder *folder, struct spt_error *error) {
    struct spt_member members[COMPANION_COUNT + 1];
    size_t count = 0;
    const struct spt_member *file = find_member(reading, name);
    *folder = reading->folder;
    folder->weights = file != NULL;
    folder->deepspeed = file && spt_weights_is_deepspeed_name(name);
    for (size_t i = 0; i < COMPANION_COUNT; i++) {
        const struct spt_member *member = find_member(reading, COMPANIONS[i]);
        if (member && member != file) members[count++] = *member;
    }
    if (file) members[count++] = *file;
    if (count) qsort(members, count, sizeof *members, compare_members);
    return hash_members(reading, members, count, folder) ? SPT_OK : spt_fail_memory(error, 0, "a folder's entries");
}

/* false: out of memory. */
static bool read_entries(struct scan *scan, struct spt_tree_folder *folder) {
    struct spt_folder_reading *reading = scan->reading;
    struct spt_tree_entry found;
    struct spt_error why = {0};
    struct spt_look look;
    enum spt_status status = spt_tree_look_in(folder, NULL, &look, &why);
    if (!status) reading->directory = look.identity;
    if (!status && folder->tree) reading->archived = seconds_of(look.identity.mtime_ns);
    bool memory = true;
    while (!status && memory && !(status = spt_tree_next(folder, &found, &why)))
        memory = scan_entry(scan, folder, found.name);
    if (status && status != SPT_END) reading->folder.system = why.system ? why.system : EIO;
    return memory;
}

/* A file of the folder within. */
static bool scan_inner_entry(struct scan *scan, struct spt_tree_folder *listed, const char *inner, const char *name) {
    const bool weights = fnmatch("*.distcp", name, 0) == 0;
    if (!weights && strcmp(name, ".metadata") != 0) return true;
    char *path = spt_file_join(inner, name);
    struct spt_look look;
    struct spt_error why;
    bool memory = path != NULL;
    if (memory && spt_tree_look_in(listed, name, &look, &why) != SPT_OK) {
        say_skipped(scan, path, why.system ? strerror(why.system) : why.message);
    } else if (memory && look.kind != SPT_KIND_FILE) {
        say_skipped(scan, path, "no regular file");
    } else if (memory) {
        scan->reading->folder.weights += weights;
        memory = add_member(scan, path, &look.identity);
    }
    free(path);
    return memory;
}

/* false: out of memory. What cannot be listed holds nothing, and is looked at again. */
static bool read_inner(struct scan *scan, struct spt_tree *tree, const char *inner) {
    struct spt_folder_reading *reading = scan->reading;
    struct spt_tree_folder folder;
    struct spt_tree_entry found;
    struct spt_error why = {0};
    struct spt_look look;
    char *path = spt_file_join(scan->path, inner);
    if (!path) return false;
    enum spt_status status = spt_tree_list(tree, path, &folder, &why);
    bool memory = status != SPT_NOMEM;
    if (status == SPT_OK) {
        status = spt_tree_look_in(&folder, NULL, &look, &why);
        if (!status) reading->inner_directory = look.identity;
        while (!status && memory && !(status = spt_tree_next(&folder, &found, &why)))
            memory = scan_inner_entry(scan, &folder, inner, found.name);
        spt_tree_unlist(&folder);
    }
    if (memory && status && status != SPT_END)
        say_skipped(scan, inner, why.system ? strerror(why.system) : why.message);
    reading->inner = inner;
    free(path);
    return memory;
}

/* The first of them: two are not made by one trainer. */
static bool read_first_inner(struct scan *scan, struct spt_tree *tree) {
    for (unsigned i = 0; SPT_DISTRIBUTED_FOLDERS[i]; i++)
        if (scan->inner >> i & 1) return read_inner(scan, tree, SPT_DISTRIBUTED_FOLDERS[i]);
    return true;
}

/* A reading may be kept for as long as the run is looked at, and there are as many as checkpoints. */
static void shrink_members(struct spt_folder_reading *reading) {
    if (!reading->count) return;
    struct spt_member *members = realloc(reading->members, reading->count * sizeof *members);
    if (members) reading->members = members;
}

enum spt_status spt_folder_read(struct spt_tree *tree, const char *path, const char *only, const struct spt_log *log,
                                struct spt_folder_reading *reading, struct spt_error *error) {
    *reading = (struct spt_folder_reading){0};
    struct scan scan = {.reading = reading, .path = path, .only = only, .log = log};
    struct spt_tree_folder directory;
    struct spt_error why = {0};
    const enum spt_status listed = spt_tree_list(tree, path, &directory, &why);
    bool memory = listed != SPT_NOMEM;
    if (!listed) {
        memory = read_entries(&scan, &directory);
        spt_tree_unlist(&directory);
        if (memory && scan.inner && !reading->folder.system) memory = read_first_inner(&scan, tree);
    } else if (memory) {
        reading->folder.system = why.system ? why.system : EIO;
    }
    scan.other |= scan.tokenizer; /* tokenizer.json is the first of them */
    reading->folder.tokenizer = spt_tokenizer_file_choose(has_tokenizer, &scan);
    if (reading->folder.system) {
        const int system_error = reading->folder.system;
        spt_folder_reading_release(reading);
        reading->folder.system = system_error;
    }
    if (reading->count) qsort(reading->members, reading->count, sizeof *reading->members, compare_members);
    if (memory && hash_members(reading, reading->members, reading->count, &reading->folder)) {
        shrink_members(reading);
        return SPT_OK;
    }
    spt_folder_reading_release(reading);
    return spt_fail_memory(error, 0, "a folder's entries");
}

void spt_folder_reading_release(struct spt_folder_reading *reading) {
    for (size_t i = 0; i < reading->count; i++) free(reading->members[i].name);
    free(reading->members);
    *reading = (struct spt_folder_reading){0};
}

enum spt_status spt_folder_scan(struct spt_tree *tree, const char *path, const char *only, const struct spt_log *log,
                                struct spt_folder *folder, struct spt_error *error) {
    struct spt_folder_reading reading;
    const enum spt_status status = spt_folder_read(tree, path, only, log, &reading, error);
    *folder = reading.folder;
    spt_folder_reading_release(&reading);
    return status;
}
