#include "checkpoints/tokenizer/vocabulary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct spt_vocabulary_rank {
    int32_t id;
    uint32_t entry;
};

uint64_t spt_hash_key(void) {
    uint64_t key = 0x9e3779b97f4a7c15u;
    if (getrandom(&key, sizeof key, GRND_NONBLOCK) != (ssize_t)sizeof key) key ^= (uintptr_t)&key;
    return key;
}

static uint64_t mix(uint64_t hash) {
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}

static uint64_t hash_of(const char *text, size_t length, uint64_t key) {
    uint64_t hash = key ^ (length * 0x9e3779b97f4a7c15u);
    for (; length >= 8; text += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = mix(hash ^ word) + key;
    }
    uint64_t word = 0;
    memcpy(&word, text, length);
    return mix(mix(hash ^ word));
}

bool spt_vocabulary_reserve(struct spt_vocabulary *vocabulary, struct spt_arena *arena, size_t count) {
    if (count > INT32_MAX) return false;
    size_t slots = 16;
    while (slots < 2 * count) slots *= 2;
    *vocabulary = (struct spt_vocabulary){
        .entries = spt_arena_alloc(arena, count, sizeof *vocabulary->entries),
        .slots = spt_arena_alloc(arena, slots, sizeof *vocabulary->slots),
        .capacity = count,
        .mask = slots - 1,
        .key = spt_hash_key(),
    };
    if (!vocabulary->entries || !vocabulary->slots) return false;
    memset(vocabulary->slots, 0, slots * sizeof *vocabulary->slots);
    return true;
}

/* The slot that holds text, or the free one it would be put into. */
static size_t find(const struct spt_vocabulary *vocabulary, const char *text, size_t length) {
    size_t slot = hash_of(text, length, vocabulary->key) & vocabulary->mask;
    for (; vocabulary->slots[slot]; slot = (slot + 1) & vocabulary->mask) {
        const struct spt_vocabulary_entry *entry = &vocabulary->entries[vocabulary->slots[slot] - 1];
        if (entry->length == length && memcmp(entry->text, text, length) == 0) break;
    }
    return slot;
}

void spt_vocabulary_add(struct spt_vocabulary *vocabulary, const char *text, size_t length, int32_t id) {
    vocabulary->slots[find(vocabulary, text, length)] = (uint32_t)vocabulary->count + 1;
    vocabulary->entries[vocabulary->count++] = (struct spt_vocabulary_entry){.text = text, .length = length, .id = id};
}

int32_t spt_vocabulary_id(const struct spt_vocabulary *vocabulary, const char *text, size_t length) {
    if (vocabulary->count == 0) return -1;
    const uint32_t entry = vocabulary->slots[find(vocabulary, text, length)];
    return entry ? vocabulary->entries[entry - 1].id : -1;
}

void spt_vocabulary_bytes(const struct spt_vocabulary *vocabulary, int32_t ids[256]) {
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t byte = 0; byte < 256; byte++) {
        const char name[] = {'<', '0', 'x', HEX[byte >> 4], HEX[byte & 15], '>'};
        ids[byte] = spt_vocabulary_id(vocabulary, name, sizeof name);
    }
}

static int by_id_then_entry(const void *a, const void *b) {
    const struct spt_vocabulary_rank *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

bool spt_vocabulary_index(struct spt_vocabulary *vocabulary, struct spt_arena *arena) {
    vocabulary->by_id = spt_arena_alloc(arena, vocabulary->count, sizeof *vocabulary->by_id);
    if (!vocabulary->by_id) return false;
    for (size_t i = 0; i < vocabulary->count; i++)
        vocabulary->by_id[i] = (struct spt_vocabulary_rank){.id = vocabulary->entries[i].id, .entry = (uint32_t)i};
    qsort(vocabulary->by_id, vocabulary->count, sizeof *vocabulary->by_id, by_id_then_entry);
    return true;
}

const char *spt_vocabulary_token(const struct spt_vocabulary *vocabulary, int32_t id) {
    size_t low = 0, high = vocabulary->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (vocabulary->by_id[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == vocabulary->count || vocabulary->by_id[low].id != id) return NULL;
    return vocabulary->entries[vocabulary->by_id[low].entry].text;
}

int32_t spt_vocabulary_largest(const struct spt_vocabulary *vocabulary) {
    return vocabulary->count ? vocabulary->by_id[vocabulary->count - 1].id : -1;
}
