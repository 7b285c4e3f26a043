/* The layouts: each lists what it recognises under listing->root. SPT_END: this run is not laid out so. Nothing may
 * have been added then. */
#ifndef SPT_LAYOUTS_LAYOUTS_H
#define SPT_LAYOUTS_LAYOUTS_H

#include "checkpoints/layouts/listing.h"

enum spt_status spt_layout_hub_cache(struct spt_listing *listing, struct spt_error *error);
enum spt_status spt_layout_hf_trainer(struct spt_listing *listing, struct spt_error *error);
enum spt_status spt_layout_step_directories(struct spt_listing *listing, struct spt_error *error);
enum spt_status spt_layout_step_files(struct spt_listing *listing, struct spt_error *error);
enum spt_status spt_layout_lightning(struct spt_listing *listing, struct spt_error *error);
enum spt_status spt_layout_single_checkpoint(struct spt_listing *listing, struct spt_error *error);

/* A cache of the Hugging Face hub: blobs/<hash>, snapshots/<commit>/<links into blobs>, refs/<revision> holding a
 * commit. */
struct spt_hub_revision {
    const char *name; /* as refs/ has it, "pr/1" too; the commit when no ref leads to it */
    const char *commit;
    const char *snapshot; /* path of snapshots/<commit>, which may not be there yet */
    bool named;           /* by a ref */
};

/* Zero-initialise, read, release. */
struct spt_hub_revisions {
    struct spt_hub_revision *items; /* by name; those without a ref last */
    size_t count, capacity;
    struct spt_arena memory;
};

bool spt_hub_is_cache(struct spt_tree *tree, const char *path); /* holds snapshots/ */

/* What a cache holds. A ref that is no commit is said through log and passed over. */
enum spt_status spt_hub_revisions_read(struct spt_tree *tree, const char *cache, const struct spt_log *log,
                                       struct spt_hub_revisions *revisions, struct spt_error *error);
void spt_hub_revisions_release(struct spt_hub_revisions *revisions);

/* main's snapshot: often downloaded for its config.json and tokenizer.json alone. NULL: none. Borrowed. */
const char *spt_hub_main_snapshot(const struct spt_hub_revisions *revisions);

/* "org/repo" of a cache's folder "models--org--repo"; any other name is its own. Owned; NULL: out of memory. */
char *spt_hub_repository_of(const char *folder);

/* "org/repo", "org/repo:stage1": two models in one run would be mixed, each repository is a branch of its own. */
void spt_hub_put_repository(struct spt_step_name *name, const char *repository);

/* The checkpoints in the hub caches of a step's folder: *added of them, of which none is said to be the folder itself.
 * Where they hold one model it is the step's and bears its name; several are told apart by their repositories, as
 * branches, or by their commits. A cache without weights beside one that has them holds a tokenizer at most. */
enum spt_status spt_layout_nested_caches(struct spt_listing *listing, const struct spt_found *step, size_t *added,
                                         struct spt_error *error);

/* spt_run_open for whoever looks again, with a memory of the looks before (NULL: none). before is what the last look
 * that succeeded gave, or NULL: *run is before where nothing has changed. SPT_END when nothing that can be a run is
 * there yet, with the error that spt_run_open gives. Neither options nor error may be NULL. */
enum spt_status spt_run_look(const char *path, const struct spt_run_options *options, struct spt_folder_memory *memory,
                             struct spt_run *before, struct spt_run **run, struct spt_error *error);

#endif
