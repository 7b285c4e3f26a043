/* What the layouts share: the run that is being listed, and how a checkpoint is added to it.
 *
 * A layout is one file with one function (layouts.h) and one row in run.c's table.
 */
#ifndef SPT_LAYOUTS_LISTING_H
#define SPT_LAYOUTS_LISTING_H

#include "checkpoints/layouts/folder.h"
#include "checkpoints/layouts/folder_memory.h"
#include "checkpoints/layouts/step_names.h"
#include "checkpoints/run.h"

struct spt_listing {
    struct spt_tree *tree; /* in which all paths lie; NULL: the disk */
    const char *root;
    const char *name;                      /* the run's */
    const char *only;                      /* the one folder (of a hub cache: snapshot) that is asked for; NULL: all */
    const char *file;                      /* root/file is the one weights file that is asked for; NULL */
    const struct spt_run_options *options; /* not NULL */
    const struct spt_step_names *names;
    struct spt_folder_memory *memory; /* what earlier looks saw; NULL: this is the only look */
    struct spt_entries entries;       /* of root; none when file is set; the memory's, if there is one */
    char *named_config;               /* what options name, as tree calls it; NULL: nothing */
    char *named_tokenizer;
    char *config, *tokenizer; /* root's, else its parent's; NULL: none */
    char *neox;               /* likewise, of GPT-NeoX, once it was asked for; NULL: none */
    bool neox_known;
    char *asked_of;  /* the config of GPT-NeoX that was last asked which tokenizer it names; NULL: none yet */
    char *answer;    /* what it said; NULL: none */
    bool of_trainer; /* HF Trainer's folder: a ref is told to await trainer_state.json where the Trainer's
                                   own files are without it */
    struct spt_checkpoint_ref *refs;
    size_t count, capacity;
};

/* A checkpoint as a layout found it. All is copied. */
struct spt_found {
    const char *uri, *path;
    const char *label;
    struct spt_step_name name; /* kind SPT_STEP_NAME_STEP, or no step */
    const char *file;          /* path is a weights file: its last part; NULL: path is a folder */
    const char *beside[2];     /* folders where its config.json and tokenizer may lie too, before root; NULL */
};

/* Adds found, of which folder was read: trainer_state.json's step instead of the name's, config, tokenizer,
 * fingerprint. SPT_NOMEM. */
enum spt_status spt_listing_add(struct spt_listing *listing, const struct spt_found *found,
                                const struct spt_folder *folder, struct spt_error *error);

/* spt_folder_scan with the listing's log, by its memory if it has one. Whatever else a layout asks of the disk it tells
 * spt_folder_memory_look_past. */
enum spt_status spt_listing_scan(const struct spt_listing *listing, const char *path, const char *only,
                                 struct spt_folder *folder, struct spt_error *error);

/* What a weights file's name says of its step, without its extension: "step500.safetensors". */
enum spt_status spt_listing_match_stem(const struct spt_listing *listing, const char *file, struct spt_step_name *name,
                                       struct spt_error *error);

/* Does path, a link in folder, lead to another entry of it? Then it is another name of a checkpoint that is listed
 * anyway: latest -> step8000, last.ckpt. */
bool spt_listing_leads_to_sibling(const struct spt_listing *listing, const char *folder, const char *path);

/* Frees what listing owns, and the refs unless they were taken (refs = NULL). */
void spt_listing_release(struct spt_listing *listing);

/* directory/name if it is a regular file, else NULL; *memory is set to false when memory is out. */
char *spt_listing_file(struct spt_tree *tree, const char *directory, const char *name, bool *memory);

/* directory's config.json; the file of its tokenizer (tokenizer/files.h). NULL likewise. */
char *spt_listing_config(struct spt_tree *tree, const char *directory, bool *memory);
char *spt_listing_tokenizer(struct spt_tree *tree, const char *directory, bool *memory);

void spt_checkpoint_ref_release(struct spt_checkpoint_ref *ref);

#endif
