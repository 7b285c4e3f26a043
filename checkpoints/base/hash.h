/* XXH3-128: fingerprints of files, digests of tensors, models, probes and plans. Not cryptographic. */
#ifndef SPT_BASE_HASH_H
#define SPT_BASE_HASH_H

#include "checkpoints/base/api.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

struct spt_hash {
    uint64_t low, high;
};

#define SPT_HASH_HEX 33 /* 32 digits and a NUL */

struct spt_hash_stream; /* bytes in any number of pieces; the same hash whatever the pieces */

struct spt_hash_stream *spt_hash_new(void); /* NULL: out of memory */
void spt_hash_add(struct spt_hash_stream *stream, const void *bytes, size_t size);
void spt_hash_add_u64(struct spt_hash_stream *stream, uint64_t value);    /* little-endian, whatever the machine */
void spt_hash_add_text(struct spt_hash_stream *stream, const char *text); /* its length, then its bytes */
struct spt_hash spt_hash_value(const struct spt_hash_stream *stream);
void spt_hash_free(struct spt_hash_stream *stream);

struct spt_hash spt_hash_of(const void *bytes, size_t size);
bool spt_hash_equal(struct spt_hash a, struct spt_hash b);
void spt_hash_hex(struct spt_hash hash, char hex[SPT_HASH_HEX]); /* high first, lower case */

SPT_API_END

#endif
