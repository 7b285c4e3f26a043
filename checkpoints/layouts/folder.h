/* What lies in a folder: its entries, and those of them that make it a checkpoint. */
#ifndef SPT_LAYOUTS_FOLDER_H
#define SPT_LAYOUTS_FOLDER_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/log.h"
#include "checkpoints/base/memory.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_entry {
    const char *name;
    bool directory; /* also through a link */
    bool link;
};

/* Zero-initialise, read, release. */
struct spt_entries {
    struct spt_entry *items; /* sorted by name */
    size_t count, capacity;
    struct spt_arena names;
};

/* Every entry of path whose name does not begin with a dot. SPT_IO. What leads nowhere (a broken link, a loop of links)
 * is no directory. */
enum spt_status spt_entries_read(const char *path, struct spt_entries *entries, struct spt_error *error);
void spt_entries_release(struct spt_entries *entries);

/* One look at a checkpoint's folder. */
struct spt_folder {
    int system;     /* errno when it could not be read, else 0; the rest is then zero */
    size_t weights; /* regular files that can hold weights, in any format known by name, and their indexes */
    bool config, tokenizer, trainer_state;
    bool hub; /* holds a hub cache: snapshots or models--* */
    struct spt_hash fingerprint;
};

/* only: the one weights file that counts; NULL: all. Says through log what should be a file and is none. SPT_NOMEM. */
enum spt_status spt_folder_scan(const char *path, const char *only, const struct spt_log *log,
                                struct spt_folder *folder, struct spt_error *error);

/* Is name one that a weights file or its index has? */
bool spt_folder_is_weights_name(const char *name);

#endif
