/* Tiny GPT-NeoX checkpoints (2 layers, hidden 16, 2 heads, vocabulary 64: 18 kB) as a trainer leaves them, made in memory.
 *
 *     tiny_make(&checkpoint, &kind, step)  ->  its files, in the order a trainer writes them  ->  tiny_release
 *
 * The same kind and step have the same bytes everywhere; two steps or seeds differ in every weight. What cannot be done ends the program.
 */
#ifndef TINY_H
#define TINY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tiny_kind {
    bool trainer; /* checkpoint-N as HF Trainer writes them, trainer_state.json last; else stepN */
    bool sharded; /* three shards and their index */
    uint64_t seed;
};

struct tiny_file {
    char name[64];
    char *bytes; /* [size] */
    size_t size;
};

#define TINY_MOST_FILES 8

struct tiny_checkpoint {
    char folder[64];
    struct tiny_file files[TINY_MOST_FILES];
    size_t count;
    size_t weights; /* how many of files, from the second, are shards: config.json is the first */
};

void tiny_make(struct tiny_checkpoint *checkpoint, const struct tiny_kind *kind, int64_t step);
void tiny_release(struct tiny_checkpoint *checkpoint);

/* Writes all files at once into run/folder, which is made. */
void tiny_write(const struct tiny_checkpoint *checkpoint, const char *run);

/* Samples of token ids, one a line, for --ids: 4 of 6 to 12 tokens. */
void tiny_write_ids(const char *path);

#endif
