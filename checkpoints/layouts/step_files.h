/* A folder of weights files that are named as steps, wherever in a run it lies. */
#ifndef SPT_LAYOUTS_STEP_FILES_H
#define SPT_LAYOUTS_STEP_FILES_H

#include "checkpoints/layouts/listing.h"

struct spt_step_files {
    const char *folder;                /* its path */
    const char *prefix;                /* its path from the run's root: what uris begin with; "" for the root */
    const char *branch;                /* of all its checkpoints; "": what their names say */
    const char *beside[2];             /* as in struct spt_found */
    const struct spt_entries *entries; /* of folder */
};

/* Adds them, and with them those whose name has no step ("best.ckpt"); none where no name has one. Failures are
 * spt_listing_add's, and those of reading the folder. */
enum spt_status spt_step_files_add(struct spt_listing *listing, const struct spt_step_files *files,
                                   struct spt_error *error);

#endif
