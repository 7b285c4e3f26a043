/* The directory of a zip file: where its stored members lie. Nothing is inflated, nothing is extracted.
 *
 *     spt_zip_read  ->  spt_zip_find ...  ->  spt_zip_release
 *
 * Everything that is said twice must agree: the end record and its ZIP64 form, a member's central and local header.
 * Members lie one after another, before the directory; no two overlap. (APPNOTE.TXT 6.3.10; Ziv 2018 and Fifield 2019
 * on what readers that believe one half of a zip are made to do.)
 */
#ifndef SPT_READERS_ZIP_H
#define SPT_READERS_ZIP_H

#include "checkpoints/readers/reader.h"

enum { SPT_ZIP_STORED = 0 };

struct spt_zip_member {
    const char *name;  /* in the zip's arena */
    unsigned method;   /* SPT_ZIP_STORED or another of APPNOTE 4.4.5 */
    uint32_t mode;     /* as Unix has it; 0: its writer did not say */
    uint32_t modified; /* date and time as MS-DOS packs them */
    uint32_t crc;      /* of the directory; some writers leave it 0 */
    uint64_t header;   /* offset of its local header */
    uint64_t offset;   /* of its first byte */
    uint64_t stored;   /* bytes in the file */
    uint64_t size;     /* bytes once inflated; stored members: the same */
};

struct spt_zip {
    struct spt_zip_member *members; /* [count], by name, names unique */
    size_t count;
    struct spt_arena arena;
    char first[64]; /* first part of the path of the directory's first member; "" when it is longer */
};

/* Reads the directory of contents->files[file]: one read for each member's local header, memory in proportion to the
 * directory. SPT_RETRY without an end record (a zip is written from its front to its end); SPT_INVALID for one that
 * contradicts itself; SPT_UNSUPPORTED for encryption, several disks and directories beyond the header limit. */
enum spt_status spt_zip_read(struct spt_contents *contents, size_t file, struct spt_zip *zip, struct spt_error *error);

/* The same of a zip that is the bytes [begin, begin + size) of a file that holds more, and ends without a comment, as
 * torch.save leaves it. The offsets of its members are the file's. */
enum spt_status spt_zip_read_part(struct spt_contents *contents, size_t file, uint64_t begin, uint64_t size,
                                  struct spt_zip *zip, struct spt_error *error);
void spt_zip_release(struct spt_zip *zip);

const struct spt_zip_member *spt_zip_find(const struct spt_zip *zip, const char *name); /* NULL: none */

#endif
