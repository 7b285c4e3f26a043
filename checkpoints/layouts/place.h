/* Where the run that a path speaks of begins, and which part of it is meant.
 *
 *     spt_place_find  ->  spt_place_release
 */
#ifndef SPT_LAYOUTS_PLACE_H
#define SPT_LAYOUTS_PLACE_H

#include "checkpoints/base/tree.h"
#include "checkpoints/layouts/step_names.h"
#include "checkpoints/run.h"

/* Strings are owned. */
struct spt_place {
    struct spt_tree *tree; /* held; NULL: the disk */
    char *root;            /* absolute, without a trailing slash */
    char *name;            /* the run's */
    char *only;            /* see struct spt_listing */
    char *file;
};

/* before: the tree of the last look, which is used again if it is of the same archive and that is unchanged; NULL: none.
 * SPT_END where nothing is that can be a run, and what may yet become one; SPT_IO; what spt_archive_open gives for an
 * archive. Release place whatever comes of it. */
enum spt_status spt_place_find(const char *path, const struct spt_run_options *options,
                               const struct spt_step_names *names, struct spt_tree *before, struct spt_place *place,
                               struct spt_error *error);
void spt_place_release(struct spt_place *place);

/* If path lies in the archive that is tree: *within is what tree calls it, owned; else NULL. *below_file: path goes on
 * below a file, this archive or another. SPT_NOMEM. */
enum spt_status spt_place_within(const struct spt_tree *tree, const char *path, char **within, bool *below_file,
                                 struct spt_error *error);

/* The last part of path; path itself if it has but one. */
const char *spt_place_last_part(const char *path);
/* The folder that path (absolute, not "/") lies in, owned; NULL: out of memory. */
char *spt_place_parent_of(const char *path);

#endif
