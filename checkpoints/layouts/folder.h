/* What lies in a folder: its entries, and those of them that make it a checkpoint. A path lies in tree; NULL: on the disk. */
#ifndef SPT_LAYOUTS_FOLDER_H
#define SPT_LAYOUTS_FOLDER_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/log.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
enum spt_status spt_entries_read(struct spt_tree *tree, const char *path, struct spt_entries *entries,
                                 struct spt_error *error);
const struct spt_entry *spt_entries_find(const struct spt_entries *entries, const char *name); /* NULL: none */
void spt_entries_release(struct spt_entries *entries);

/* Where GPT-NeoX's trainer copies its config in a checkpoint's folder. */
#define SPT_CONFIGS_FOLDER "configs"

/* One look at a checkpoint's folder. */
struct spt_folder {
    int system;     /* errno when it could not be read, else 0; the rest is then zero */
    size_t weights; /* regular files that can hold weights, in any format known by name, and their indexes; also those
                       in the folder's own where a distributed checkpoint's trainer puts the model */
    bool config, trainer_state;
    const char *tokenizer; /* the name of its tokenizer's file, of those that tokenizer/files.h knows; NULL: none */
    bool of_trainer;       /* a file that HF Trainer writes beside the weights: training_args.bin, optimizer.pt ... */
    bool hub;              /* holds a hub cache: snapshots or models--* */
    bool deepspeed;        /* weights under the names of DeepSpeed, which GPT-NeoX's trainer has too */
    bool configs;          /* an entry of that name, where GPT-NeoX keeps its config */
    struct spt_hash fingerprint, state; /* as in struct spt_checkpoint_ref */
    int64_t newest;
    bool step_known; /* step is trainer_state.json's; false: nobody has read it */
    int64_t step;
};

/* only: the one weights file that counts; NULL: all. Says through log what should be a file and is none. SPT_NOMEM. */
enum spt_status spt_folder_scan(struct spt_tree *tree, const char *path, const char *only, const struct spt_log *log,
                                struct spt_folder *folder, struct spt_error *error);

/* The same, with what a later look needs to tell whether anything changed. */
struct spt_member {
    char *name;
    struct spt_file_identity identity;
};
struct spt_folder_reading {
    struct spt_folder folder;
    struct spt_file_identity directory; /* its own, before its entries were read */
    const char *inner;                  /* the folder within it whose files count too; NULL: none */
    struct spt_file_identity inner_directory;
    struct spt_member *members; /* [count] the files that the fingerprint counts, by name: "inner/file" */
    size_t count;
    bool said;              /* something was skipped and said so */
    struct spt_hash beside; /* of the names of what HF Trainer wrote beside them */
    int64_t archived;       /* in an archive: its mtime in seconds, else 0 */
};

/* As spt_folder_scan. Release reading after SPT_OK. */
enum spt_status spt_folder_read(struct spt_tree *tree, const char *path, const char *only, const struct spt_log *log,
                                struct spt_folder_reading *reading, struct spt_error *error);
/* What spt_folder_scan would give for its one file name, from a reading of the whole folder. SPT_NOMEM. */
enum spt_status spt_folder_of_file(const struct spt_folder_reading *reading, const char *name,
                                   struct spt_folder *folder, struct spt_error *error);
void spt_folder_reading_release(struct spt_folder_reading *reading);

#endif
