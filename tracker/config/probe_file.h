/* The probe as it lies on disk: sentences, one a line, or token ids.
 *
 * Only what is used is checked: the first samples of the file.
 */
#ifndef SPT_PROBE_FILE_H
#define SPT_PROBE_FILE_H

#include "checkpoints/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Lines of UTF-8 without their ends (LF or CRLF); a byte order mark at the beginning is left out. */
struct spt_probe_lines {
    char *bytes;
    size_t count;
    const char **line; /* [count] into bytes, not NUL-terminated; may hold a NUL */
    size_t *length;    /* [count] >= 1 */
};

/* The first samples lines of path; count is less when the file has less. SPT_INVALID: a line that is empty or blank, or
 * invalid UTF-8 (line and byte), no line at all. SPT_UNSUPPORTED: a file beyond 64 MiB. SPT_IO. */
enum spt_status spt_probe_lines_read(const char *path, size_t samples, struct spt_probe_lines *lines,
                                     struct spt_error *error);
void spt_probe_lines_release(struct spt_probe_lines *lines);

/* Token ids, packed as struct spt_probe has them. */
struct spt_probe_ids {
    size_t samples, tokens; /* tokens = offset[samples] */
    int32_t *ids;           /* [tokens] >= 0 */
    size_t *offset;         /* [samples + 1]; sample i is ids[offset[i] .. offset[i + 1]), at least one token */
};

/* The first samples lists of path: a JSON list of lists of ids, or one list of ids a line. SPT_INVALID names the sample
 * and what was found. SPT_UNSUPPORTED: a file beyond 64 MiB. SPT_IO. */
enum spt_status spt_probe_ids_read(const char *path, size_t samples, struct spt_probe_ids *ids,
                                   struct spt_error *error);
void spt_probe_ids_release(struct spt_probe_ids *ids);

#endif
