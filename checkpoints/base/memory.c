#include "checkpoints/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, ARENA_ALIGNMENT = 16, ARENA_BLOCK = 64 * 1024 };

void *spt_alloc(size_t count, size_t size) {
    size_t bytes;
    if (!spt_multiply(count, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT) return NULL;
    bytes = bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    return aligned_alloc(ALIGNMENT, bytes);
}

void *spt_alloc_zeroed(size_t count, size_t size) {
    void *memory = spt_alloc(count, size);
    if (memory) memset(memory, 0, count * size);
    return memory;
}

bool spt_grow(void **pointer, size_t *capacity, size_t need, size_t size) {
    if (need <= *capacity) return true;
    size_t wanted = *capacity ? *capacity : 16;
    while (wanted < need)
        if (!spt_multiply(wanted, 2, &wanted)) return false;
    size_t bytes;
    if (!spt_multiply(wanted, size, &bytes)) return false;
    void *grown = realloc(*pointer, bytes);
    if (!grown) return false;
    *pointer = grown;
    *capacity = wanted;
    return true;
}

char *spt_strdup(const char *text) {
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

struct spt_arena_block {
    struct spt_arena_block *next;
    size_t used, size;
    _Alignas(ARENA_ALIGNMENT) unsigned char bytes[];
};

static struct spt_arena_block *add_block(struct spt_arena *arena, size_t bytes) {
    const size_t size = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK;
    if (size > SIZE_MAX - sizeof(struct spt_arena_block)) return NULL;
    struct spt_arena_block *block = malloc(sizeof *block + size);
    if (!block) return NULL;
    *block = (struct spt_arena_block){.next = arena->blocks, .size = size};
    arena->blocks = block;
    return block;
}

void *spt_arena_alloc(struct spt_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!spt_multiply(count, size, &bytes) || bytes > SIZE_MAX - ARENA_ALIGNMENT) return NULL;
    bytes = (bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    struct spt_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < bytes) block = add_block(arena, bytes);
    if (!block) return NULL;
    void *memory = block->bytes + block->used;
    block->used += bytes;
    return memory;
}

char *spt_arena_copy(struct spt_arena *arena, const char *text, size_t length) {
    if (length == SIZE_MAX) return NULL;
    char *copy = spt_arena_alloc(arena, length + 1, 1);
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void spt_arena_release(struct spt_arena *arena) {
    while (arena->blocks) {
        struct spt_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
