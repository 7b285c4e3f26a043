#include "checkpoints/tokenizer/trie.h"

#include <stdlib.h>
#include <string.h>

/* Node 0 is the root. */
struct spt_trie_node {
    uint32_t children; /* the first of them */
    uint32_t entry;    /* that ends here, + 1; 0: none does */
    uint16_t count;    /* of children */
    uint16_t rest;     /* bytes of the entry beyond this node's, which have to follow; then there are no children */
};

/* While it is built: the entries that go through a node. */
struct range {
    uint32_t low, high, depth;
};

struct builder {
    struct spt_trie *trie;
    struct range *ranges; /* [count] */
    struct spt_trie_node *nodes;
    unsigned char *labels;
    size_t count, capacity;
};

static int by_text_then_place(const void *a, const void *b) {
    const struct spt_vocabulary_entry *x = *(const struct spt_vocabulary_entry *const *)a;
    const struct spt_vocabulary_entry *y = *(const struct spt_vocabulary_entry *const *)b;
    const int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
    if (order) return order;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return x < y ? -1 : x > y;
}

static bool same(const struct spt_vocabulary_entry *a, const struct spt_vocabulary_entry *b) {
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* Fills trie->entries; their number. */
static size_t sort_entries(struct spt_trie *trie, const struct spt_vocabulary_entry *entries, size_t count) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        if (entries[i].length) trie->entries[used++] = &entries[i];
    qsort(trie->entries, used, sizeof(const struct spt_vocabulary_entry *), by_text_then_place);
    size_t kept = 0;
    for (size_t i = 0; i < used; i++)
        if (i + 1 == used || !same(trie->entries[i], trie->entries[i + 1])) trie->entries[kept++] = trie->entries[i];
    return kept;
}

static bool add_node(struct builder *builder, unsigned char label, struct range range) {
    if (builder->count == builder->capacity) {
        const size_t capacity = builder->capacity ? 2 * builder->capacity : 1024;
        struct range *ranges = realloc(builder->ranges, capacity * sizeof *ranges);
        if (ranges) builder->ranges = ranges;
        struct spt_trie_node *nodes = realloc(builder->nodes, capacity * sizeof *nodes);
        if (nodes) builder->nodes = nodes;
        unsigned char *labels = realloc(builder->labels, capacity);
        if (labels) builder->labels = labels;
        if (!ranges || !nodes || !labels || capacity >= UINT32_MAX) return false;
        builder->capacity = capacity;
    }
    builder->ranges[builder->count] = range;
    builder->nodes[builder->count] = (struct spt_trie_node){0};
    builder->labels[builder->count++] = label;
    return true;
}

static unsigned char byte_of(const struct builder *builder, uint32_t entry, uint32_t depth) {
    return (unsigned char)builder->trie->entries[entry]->text[depth];
}

/* Makes the children of a node, behind all nodes there are. */
static bool expand(struct builder *builder, size_t place) {
    struct range range = builder->ranges[place];
    struct spt_trie_node node = {0};
    if (range.high - range.low == 1 && place) {
        node.entry = range.low + 1;
        node.rest = (uint16_t)(builder->trie->entries[range.low]->length - range.depth);
        return builder->nodes[place] = node, true;
    }
    if (range.low < range.high && builder->trie->entries[range.low]->length == range.depth) node.entry = ++range.low;
    node.children = (uint32_t)builder->count;
    for (uint32_t end; range.low < range.high; range.low = end) {
        const unsigned char byte = byte_of(builder, range.low, range.depth);
        for (end = range.low + 1; end < range.high && byte_of(builder, end, range.depth) == byte;) end++;
        if (!add_node(builder, byte, (struct range){.low = range.low, .high = end, .depth = range.depth + 1}))
            return false;
        node.count++;
    }
    builder->nodes[place] = node;
    return true;
}

static bool build_nodes(struct builder *builder, size_t entries) {
    bool ok = add_node(builder, 0, (struct range){.high = (uint32_t)entries});
    for (size_t place = 0; ok && place < builder->count; place++) ok = expand(builder, place);
    return ok;
}

static bool keep(struct builder *builder, struct spt_arena *arena) {
    struct spt_trie *trie = builder->trie;
    trie->nodes = spt_arena_alloc(arena, builder->count, sizeof *trie->nodes);
    trie->labels = spt_arena_alloc(arena, builder->count, 1);
    if (!trie->nodes || !trie->labels) return false;
    memcpy(trie->nodes, builder->nodes, builder->count * sizeof *trie->nodes);
    memcpy(trie->labels, builder->labels, builder->count);
    for (uint32_t i = 0; i < trie->nodes[0].count; i++) {
        const uint32_t child = trie->nodes[0].children + i;
        trie->root[trie->labels[child]] = child;
    }
    return true;
}

bool spt_trie_build(struct spt_trie *trie, struct spt_arena *arena, const struct spt_vocabulary_entry *entries,
                    size_t count) {
    *trie = (struct spt_trie){.entries = spt_arena_alloc(arena, count, sizeof *trie->entries)};
    if (!trie->entries) return false;
    struct builder builder = {.trie = trie};
    const bool ok = build_nodes(&builder, sort_entries(trie, entries, count)) && keep(&builder, arena);
    free(builder.ranges);
    free(builder.nodes);
    free(builder.labels);
    return ok;
}

struct spt_trie_walk spt_trie_begin(const struct spt_trie *trie, const char *text, size_t length) {
    struct spt_trie_walk walk = {.trie = trie, .text = text, .length = length};
    if (length) walk.node = trie->root[(unsigned char)text[0]];
    return walk;
}

/* The child of node that byte leads to, or 0. */
static uint32_t child_of(const struct spt_trie *trie, const struct spt_trie_node *node, unsigned char byte) {
    const unsigned char *labels = trie->labels + node->children;
    if (node->count > 8) {
        const unsigned char *found = memchr(labels, byte, node->count);
        return found ? node->children + (uint32_t)(found - labels) : 0;
    }
    for (uint32_t i = 0; i < node->count; i++)
        if (labels[i] == byte) return node->children + i;
    return 0;
}

const struct spt_vocabulary_entry *spt_trie_next(struct spt_trie_walk *walk) {
    const struct spt_trie *trie = walk->trie;
    while (walk->node) {
        const struct spt_trie_node *node = &trie->nodes[walk->node];
        const size_t at = ++walk->at;
        if (node->rest) {
            const struct spt_vocabulary_entry *entry = trie->entries[node->entry - 1];
            walk->node = 0;
            return walk->length - at >= node->rest && memcmp(walk->text + at, entry->text + at, node->rest) == 0 ? entry
                                                                                                                 : NULL;
        }
        walk->node = at < walk->length ? child_of(trie, node, (unsigned char)walk->text[at]) : 0;
        if (node->entry) return trie->entries[node->entry - 1];
    }
    return NULL;
}

const struct spt_vocabulary_entry *spt_trie_longest(const struct spt_trie *trie, const char *text, size_t length) {
    const struct spt_vocabulary_entry *longest = NULL, *entry;
    struct spt_trie_walk walk = spt_trie_begin(trie, text, length);
    while ((entry = spt_trie_next(&walk)) != NULL) longest = entry;
    return longest;
}
