/* Where an export goes: standard output, a file that appears whole or not at all, or a folder that the format fills.
 *
 *     spt_destination_open  ->  append to .text and spt_destination_settle, any number of times  ->  spt_destination_commit
 *                      ->  spt_destination_release, in any case
 *
 * What stands in .text is written when it is much, so that an export of any size takes little memory.
 */
#ifndef SPT_FORMAT_DESTINATION_H
#define SPT_FORMAT_DESTINATION_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

#include <stdbool.h>

struct spt_destination {
    struct spt_text text;
    const char *path; /* borrowed; NULL: standard output */
    bool folder;
    struct spt_file_draft draft; /* of a file */
    bool failed;                 /* what failed is the output; else what was to be written */
};

/* Makes the folder, or begins the file. SPT_IO; SPT_INVALID when path is no regular file. */
enum spt_status spt_destination_open(struct spt_destination *output, const char *path, bool folder,
                                     struct spt_error *error);
/* After each piece: writes .text out when it is 64 KiB or more. */
enum spt_status spt_destination_settle(struct spt_destination *output, struct spt_error *error);
/* Writes the rest; a file takes its place. */
enum spt_status spt_destination_commit(struct spt_destination *output, struct spt_error *error);
/* A file that was not committed is as it was before. */
void spt_destination_release(struct spt_destination *output);

#endif
