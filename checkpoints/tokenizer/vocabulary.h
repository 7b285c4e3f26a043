/* Strings to numbers and back: the vocabulary of a model, the contents of added tokens.
 *
 *     spt_vocabulary_reserve(&v, arena, count)  ->  add count times at most  ->  spt_vocabulary_index  ->  id, token
 *
 * Memory is the arena's. Nothing grows with the size of an id. The hash is keyed by the system's random numbers, so
 * that no file can be made to collide; what comes out does not depend on the key.
 */
#ifndef SPT_TOKENIZER_VOCABULARY_H
#define SPT_TOKENIZER_VOCABULARY_H

#include "checkpoints/base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spt_vocabulary_entry {
    const char *text; /* borrowed, NUL-terminated */
    size_t length;
    int32_t id; /* >= 0 */
};

struct spt_vocabulary {
    struct spt_vocabulary_entry *entries; /* [count], in the order of adding */
    size_t count, capacity;
    uint32_t *slots; /* [mask + 1], index of an entry + 1, or 0 */
    size_t mask;
    uint64_t key;
    struct spt_vocabulary_rank *by_id; /* [count], by id; made by spt_vocabulary_index */
};

/* A number nobody outside can foresee, the key of hash tables. */
uint64_t spt_hash_key(void);

/* Room for count strings; false: out of memory, or count is 2^31 or more. */
bool spt_vocabulary_reserve(struct spt_vocabulary *vocabulary, struct spt_arena *arena, size_t count);

/* text must live as long as the vocabulary; at most as many as were reserved. Of equal ones the last counts. */
void spt_vocabulary_add(struct spt_vocabulary *vocabulary, const char *text, size_t length, int32_t id);

/* The id of text, or -1. One hash, about one comparison. */
int32_t spt_vocabulary_id(const struct spt_vocabulary *vocabulary, const char *text, size_t length);

/* The ids of <0x00> ... <0xFF>, by which a model spells what has no token; -1 where there is none. */
void spt_vocabulary_bytes(const struct spt_vocabulary *vocabulary, int32_t ids[256]);

/* To be called once after the last add and before spt_vocabulary_token. false: out of memory. */
bool spt_vocabulary_index(struct spt_vocabulary *vocabulary, struct spt_arena *arena);

/* The text with this id, the first added when there are several; NULL when there is none. O(log count). */
const char *spt_vocabulary_token(const struct spt_vocabulary *vocabulary, int32_t id);

int32_t spt_vocabulary_largest(const struct spt_vocabulary *vocabulary); /* largest id, -1 when empty */

#endif
