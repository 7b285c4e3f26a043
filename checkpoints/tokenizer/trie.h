/* Which strings of a set a text begins with: the tokens that may stand at a place of a word.
 *
 *     spt_trie_build(&trie, arena, entries, count)  ->  for each place:
 *     struct spt_trie_walk walk = spt_trie_begin(&trie, text, length);
 *     while ((entry = spt_trie_next(&walk)) != NULL) ...      shortest first
 *
 * A node's children stand next to one another, sorted by byte; a branch with one string left is that string's rest, so
 * that nodes are never many more than strings. 13 bytes a node, all of the arena. Read-only after building.
 */
#ifndef SPT_TOKENIZER_TRIE_H
#define SPT_TOKENIZER_TRIE_H

#include "checkpoints/tokenizer/vocabulary.h"

/* Bytes of a string at most: a walk takes no more steps, so that no set of strings makes a text quadratic. */
enum { SPT_TRIE_MAX = 1024 };

struct spt_trie {
    struct spt_trie_node *nodes;
    unsigned char *labels; /* [nodes], the byte that leads to the node */
    const struct spt_vocabulary_entry **entries;
    uint32_t root[256]; /* the child for a byte, or 0 */
};

/* entries [count] (fewer than 2^31) must live as long as the trie; empty ones are left out, of equal ones the last
 * counts. None may be longer than SPT_TRIE_MAX. false: out of memory. */
bool spt_trie_build(struct spt_trie *trie, struct spt_arena *arena, const struct spt_vocabulary_entry *entries,
                    size_t count);

struct spt_trie_walk {
    const struct spt_trie *trie;
    const char *text;
    size_t length, at; /* at: bytes matched */
    uint32_t node;     /* 0: the walk is over */
};

struct spt_trie_walk spt_trie_begin(const struct spt_trie *trie, const char *text, size_t length);

/* The next longer entry that the text begins with; NULL: there is none. */
const struct spt_vocabulary_entry *spt_trie_next(struct spt_trie_walk *walk);

/* The longest entry that the text begins with; NULL: there is none. */
const struct spt_vocabulary_entry *spt_trie_longest(const struct spt_trie *trie, const char *text, size_t length);

#endif
