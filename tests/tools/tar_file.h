/* Tar files (ustar) made header by header, so that anything may be wrong in them. Appended to a growing text; check its
 * .failed at the end. */
#ifndef TAR_FILE_H
#define TAR_FILE_H

#include "checkpoints/base/text.h"

#include <stdint.h>

/* type: '0' a file, '1' a hard and '2' a symbolic link, '3' a device, '5' a folder, '6' a FIFO, 'L' a long name ... link
 * may be NULL. The header's checksum is right. */
void tar_header(struct spt_text *tar, const char *name, char type, const char *link, uint64_t size);
void tar_data(struct spt_text *tar, const void *data, size_t length); /* padded to a whole block */
/* Both: a header that says what follows it. */
void tar_member(struct spt_text *tar, const char *name, char type, const char *link, const void *data, size_t length);
void tar_end(struct spt_text *tar); /* the two blocks of zeros */

#endif
