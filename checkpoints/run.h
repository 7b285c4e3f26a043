/* A training run on disk: its checkpoints in step order.
 *
 * A layout (checkpoints/layouts, one file each) recognises how a run lies on disk and lists what is there; no weight is
 * read.
 *
 *     spt_run_open(path)  ->  run->refs[0 .. count)  ->  spt_run_close
 */
#ifndef SPT_RUN_H
#define SPT_RUN_H

#include "checkpoints/base/api.h"
#include "checkpoints/base/error.h"
#include "checkpoints/base/hash.h"
#include "checkpoints/base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

#define SPT_NO_STEP   INT64_MIN
#define SPT_NO_TOKENS (-1)

struct spt_tree;

struct spt_checkpoint_ref {
    struct spt_tree *tree; /* the run's, in which the paths below lie (base/tree.h); NULL: the disk. Borrowed */
    /* Relative to the run's root: what the store keeps. "step512", "." for the root itself; in a hub cache
     * "refs/step512", which stays when the revision's commit changes: a name, not always a path. */
    char *uri;
    char *path;     /* what spt_checkpoint_open takes */
    char *label;    /* the step's name as the suite has it: "step512", "main", "stage1-step5-tokens1B" */
    char *branch;   /* "" by default; each branch is a series of its own */
    int64_t step;   /* SPT_NO_STEP: shown by its label, never on a step axis */
    int64_t tokens; /* SPT_NO_TOKENS */
    /* config.json of this checkpoint, else of its run; a *.yml of GPT-NeoX, or a folder of them; NULL: none. Read it by
     * spt_run_read_model. */
    char *config;
    char *tokenizer;     /* its tokenizer likewise: tokenizer.json, else a file of tokenizer/files.h; NULL: none */
    char *trainer_state; /* trainer_state.json; NULL: none */
    char *awaits;        /* the file that its writer adds last and that is not there yet; NULL: none */
    struct spt_hash fingerprint; /* of (relative name, size, mtime_ns) of its files */
    /* Of its folder's device and inode, of (name, device, inode, size, mtime, ctime) of its files, and of which files
     * of HF Trainer's lie beside them. Its files are those that the fingerprint counts: weights and their index,
     * config.json, tokenizer.json, trainer_state.json. */
    struct spt_hash state;
    int64_t newest; /* the last mtime among its files, in seconds of the clock of their file system; 0: no file */
};

struct spt_run {
    struct spt_tree *tree;           /* owned; NULL: the disk */
    char *root;                      /* absolute path without a trailing slash */
    char *name;                      /* last part of root */
    const char *layout;              /* "step directories", "HF Trainer", "hub cache", "step files", ... */
    struct spt_checkpoint_ref *refs; /* sorted by (branch, step, label); SPT_NO_STEP last */
    size_t count;
};

struct spt_run_options {
    const char *step_pattern; /* PCRE2 with the named groups step, and tokens, branch if it has them; NULL: the table */
    /* This config.json for every checkpoint, on the disk or in the run's archive ("run.tar/step512/config.json"); NULL:
     * the checkpoint's own, else the run's. */
    const char *model_config;
    const char *tokenizer;     /* likewise */
    const char *tmpdir;        /* where compressed archives are spooled; NULL: $TMPDIR, else /var/tmp, else /tmp */
    uint64_t spool_limit;      /* bytes of it; 0: 32 GiB */
    const struct spt_log *log; /* what was skipped and why; may be NULL. Borrowed until the run is closed */
};

/* Lists the checkpoints under path: a run's folder, one checkpoint's folder, one weights file or a hub cache; or an
 * archive of any of these (archive/archive.h), or what lies in one, "run.tar/step512": root then is a path in run->tree,
 * below the folder that all of the archive lies in, if there is one. One
 * checkpoint is a run of one; if its folder is named as a step (or is a snapshot in a hub cache), root is the run
 * around it, so that name and uri are those it has when the whole run is listed. A folder named as a step is listed
 * even if nothing is in it yet; what else is skipped is said through the log. In a folder of several hub caches each
 * repository is a branch ("org/repo") unless its own name tells the step. Cost: two reads of the root, one of each
 * checkpoint's folder, no file's contents but trainer_state.json's beginning. SPT_IO: no such path. SPT_INVALID: a bad
 * pattern; nothing there that is a checkpoint (says what was found and what is expected). options may be NULL. */
enum spt_status spt_run_open(const char *path, const struct spt_run_options *options, struct spt_run **run,
                             struct spt_error *error);
void spt_run_close(struct spt_run *run);

/* Whether the root of a run that was listed once is still there: a path on the disk, or in an archive that is. */
bool spt_run_is_root_there(const char *root);

/* The model that ref's config describes, whichever kind of config it is: for GPT-NeoX's own, which leaves the size of the
 * vocabulary to the weights, the embedding is looked at too. SPT_RETRY without a config; what reading it gives, and
 * what opening the weights gives. */
struct spt_model_config;
enum spt_status spt_run_read_model(const struct spt_checkpoint_ref *ref, struct spt_model_config *config,
                                   struct spt_error *error);
/* The same for whoever has ref's weights open: no file is opened a second time, which in a compressed archive would take
 * decompressing it again from its beginning. checkpoint may be NULL where the weights are not taken. */
struct spt_checkpoint;
enum spt_status spt_run_read_model_of(const struct spt_checkpoint_ref *ref, const struct spt_checkpoint *checkpoint,
                                      struct spt_model_config *config, struct spt_error *error);
/* Whether that takes the weights: then they are better opened first. */
bool spt_run_model_takes_weights(const struct spt_checkpoint_ref *ref);

/* SPT_RETRY while ref awaits its writer's last file: it is not complete, whatever is there. Asked before it is
 * opened. */
enum spt_status spt_run_check_marker(const struct spt_checkpoint_ref *ref, struct spt_error *error);

/* The fingerprint of ref as it is on disk now: equal to ref->fingerprint while no file changed. */
enum spt_status spt_run_fingerprint(const struct spt_checkpoint_ref *ref, struct spt_hash *fingerprint,
                                    struct spt_error *error);

SPT_API_END

#endif
