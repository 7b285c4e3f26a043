/* Seals: what a container says the CRC of a run of bytes is, and what it comes to as the bytes are read, in pieces and in
 * any order. Internal to readers/.
 *
 *     spt_seals_add ...  ->  spt_seals_sort  ->  spt_seals_note for all that is read  ->  spt_seal_verdict  ->  spt_seals_release
 *
 * A CRC speaks of all of its bytes: nothing is known, and nothing said, of one of which not all were read. Bytes that are
 * read twice count once.
 */
#ifndef SPT_READERS_SEALS_H
#define SPT_READERS_SEALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Set what it speaks of; the rest is zero. */
struct spt_seal {
    size_t file;
    uint64_t offset, size;
    uint32_t crc;
    const char *what; /* borrowed: the member's name */

    uint32_t remainder;     /* of what was read, zeros elsewhere (base/crc32.h) */
    struct spt_span *spans; /* [span_count] of what was read, in order and apart; counted from offset */
    size_t span_count, span_capacity;
    bool given_up; /* read in too many pieces at once, or memory is out */
};

struct spt_span {
    uint64_t begin, end;
};

struct spt_seals {
    struct spt_seal *items; /* [count]; after sort by (file, offset), each once */
    size_t count, capacity;
};

/* false: out of memory. */
bool spt_seals_add(struct spt_seals *seals, const struct spt_seal *seal);
void spt_seals_sort(struct spt_seals *seals);
void spt_seals_release(struct spt_seals *seals);

/* bytes [size] were read from offset of file. */
void spt_seals_note(struct spt_seals *seals, size_t file, uint64_t offset, const void *bytes, size_t size);
/* The same of one seal and of offset in its file. */
void spt_seal_note(struct spt_seal *seal, uint64_t offset, const void *bytes, size_t size);
void spt_seal_release(struct spt_seal *seal);

/* The first bytes that were not read, counted in the file; false: all were, or it was given up. */
bool spt_seal_gap(const struct spt_seal *seal, struct spt_span *gap);
/* How many were. */
uint64_t spt_seal_read(const struct spt_seal *seal);
/* All of it was read, and it has another CRC. */
bool spt_seal_is_broken(const struct spt_seal *seal);

#endif
