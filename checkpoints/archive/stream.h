/* One pass over an archive, or over one member of it, from front to back: the only place that knows libarchive.
 *
 *     spt_archive_stream_open  ->  _next  ->  _read ...  ->  _next ...  ->  _close
 *
 * The archive is read with pread. What ends too early is told from what is broken by whether its last byte was read:
 * SPT_RETRY and SPT_INVALID. All that libarchive allocates it reports, but for the few bytes with which it begins some
 * strings: where not even these are left it ends the process itself, with a line on stderr. Nothing can be done about
 * that from here, and no input can bring it about: the store keeps what was committed, as after any kill.
 */
#ifndef SPT_ARCHIVE_STREAM_H
#define SPT_ARCHIVE_STREAM_H

#include "checkpoints/archive/index.h"

struct spt_archive_stream;

struct spt_archive_source {
    const char *path; /* for messages; borrowed until the stream is closed */
    int fd;           /* closed by close, also where opening fails */
    uint64_t begin, end;
    bool zip; /* one member of a zip file, from its local header; else a tar file, which may be compressed */
};

/* A member's header, until the next call. */
struct spt_archive_header {
    const char *name; /* [length] */
    size_t length;
    struct spt_archive_member member; /* without path; target borrowed */
};

enum spt_status spt_archive_stream_open(const struct spt_archive_source *source, struct spt_archive_stream **stream,
                                        struct spt_error *error);
void spt_archive_stream_close(struct spt_archive_stream *stream);

/* The next member's header; of its data what was not read is passed over. SPT_END: no more. SPT_INVALID also for data
 * out of proportion to the archive's size. */
enum spt_status spt_archive_stream_next(struct spt_archive_stream *stream, struct spt_archive_header *header,
                                        struct spt_error *error);
/* How many headers have been read. */
size_t spt_archive_stream_order(const struct spt_archive_stream *stream);

/* The next bytes of the member's data, borrowed until the next call; SPT_END after the last. */
enum spt_status spt_archive_stream_read(struct spt_archive_stream *stream, const void **bytes, size_t *size,
                                        struct spt_error *error);

/* Whether the archive is compressed as a whole; known after the first header. */
bool spt_archive_stream_is_compressed(const struct spt_archive_stream *stream);
/* What the last SPT_OK or SPT_END of _read was warned of (a CRC that does not agree); NULL: nothing. */
const char *spt_archive_stream_warning(const struct spt_archive_stream *stream);

/* What size compressed bytes may become: more is out of proportion. */
uint64_t spt_archive_stream_growth(uint64_t size);

/* Evidence in the first bytes of a file that it is a tar file, or compressed and may hold one. */
bool spt_archive_stream_bid(const unsigned char *head, size_t size);

#endif
