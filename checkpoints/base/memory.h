/* Memory with checked products, and an arena for what is made piece by piece and freed at once.
 *
 * Every function returns NULL when the product overflows or memory is out; nothing aborts. free() releases what
 * spt_alloc* returns.
 */
#ifndef SPT_BASE_MEMORY_H
#define SPT_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* count * size bytes, aligned to 64 (a cache line, an AVX-512 register). Never NULL for zero bytes. */
void *spt_alloc(size_t count, size_t size);
void *spt_alloc_zeroed(size_t count, size_t size);

/* Grows *pointer (from malloc, spt_alloc or NULL) so that it holds at least need elements of size bytes; *capacity is
 * doubled as often as it takes. false leaves both as they were. */
bool spt_grow(void **pointer, size_t *capacity, size_t need, size_t size);

/* product = a * b; false on overflow. */
static inline bool spt_multiply(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

char *spt_strdup(const char *text);

/* An arena: zero-initialise, allocate, release all at once. One owner, one thread at a time. */
struct spt_arena {
    struct spt_arena_block *blocks;
};

void *spt_arena_alloc(struct spt_arena *arena, size_t count, size_t size);      /* aligned to 16, not zeroed */
char *spt_arena_copy(struct spt_arena *arena, const char *text, size_t length); /* NUL is added */
void spt_arena_release(struct spt_arena *arena);

#endif
