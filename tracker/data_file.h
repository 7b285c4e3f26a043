/* Files that come with spectail: the probe sentences. */
#ifndef SPT_DATA_FILE_H
#define SPT_DATA_FILE_H

#include "checkpoints/base/error.h"

/* Path of an installed file ("probes/stem-500.txt"): beside the program (<prefix>/bin/../share/spectail), else where it was built from.
 * Caller frees *path. SPT_INVALID names both places when it is in neither. */
enum spt_status spt_data_file(const char *name, char **path, struct spt_error *error);

#endif
