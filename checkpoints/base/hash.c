#include "checkpoints/base/hash.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* struct spt_hash_stream is XXH3's state under a name of ours: never defined, only pointed to. */
static XXH3_state_t *state_of(struct spt_hash_stream *stream) {
    return (XXH3_state_t *)(void *)stream;
}

struct spt_hash_stream *spt_hash_new(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state) (void)XXH3_128bits_reset(state);
    return (struct spt_hash_stream *)(void *)state;
}

void spt_hash_add(struct spt_hash_stream *stream, const void *bytes, size_t size) {
    if (size) (void)XXH3_128bits_update(state_of(stream), bytes, size);
}

void spt_hash_add_u64(struct spt_hash_stream *stream, uint64_t value) {
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(value >> (8 * i));
    spt_hash_add(stream, bytes, sizeof bytes);
}

void spt_hash_add_text(struct spt_hash_stream *stream, const char *text) {
    const size_t length = strlen(text);
    spt_hash_add_u64(stream, length);
    spt_hash_add(stream, text, length);
}

static struct spt_hash from_xxh(XXH128_hash_t hash) {
    return (struct spt_hash){.low = hash.low64, .high = hash.high64};
}

struct spt_hash spt_hash_value(const struct spt_hash_stream *stream) {
    return from_xxh(XXH3_128bits_digest((const XXH3_state_t *)(const void *)stream));
}

void spt_hash_free(struct spt_hash_stream *stream) {
    (void)XXH3_freeState(state_of(stream));
}

struct spt_hash spt_hash_of(const void *bytes, size_t size) {
    return from_xxh(XXH3_128bits(size ? bytes : "", size));
}

bool spt_hash_equal(struct spt_hash a, struct spt_hash b) {
    return a.low == b.low && a.high == b.high;
}

void spt_hash_hex(struct spt_hash hash, char hex[SPT_HASH_HEX]) {
    (void)snprintf(hex, SPT_HASH_HEX, "%016llx%016llx", (unsigned long long)hash.high, (unsigned long long)hash.low);
}
