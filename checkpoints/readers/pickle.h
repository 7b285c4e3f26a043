/* Python pickles, read as data: a machine that executes nothing.
 *
 * Opcodes of protocols 2 to 5 are run on a stack as Python does, but what Python would import or call becomes an inert
 * node: GLOBAL is a name, REDUCE and NEWOBJ a CALL that nobody makes. Whoever reads the nodes decides what a call stands
 * for. Strings stay where they are in the pickle's bytes. At most 40 bytes of nodes are made for a byte of pickle.
 *
 *     spt_pickle_read  ->  spt_pickle_kind / items / ...  ->  spt_pickle_release
 */
#ifndef SPT_READERS_PICKLE_H
#define SPT_READERS_PICKLE_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum spt_pickle_kind {
    SPT_PICKLE_NONE,
    SPT_PICKLE_BOOL,
    SPT_PICKLE_INTEGER,
    SPT_PICKLE_BIG, /* an integer beyond 64 bits */
    SPT_PICKLE_REAL,
    SPT_PICKLE_TEXT,  /* str, or bytes as Python 2's str was */
    SPT_PICKLE_TUPLE, /* the kinds from here on to SPT_PICKLE_CALL have items */
    SPT_PICKLE_LIST,
    SPT_PICKLE_SET,
    SPT_PICKLE_DICT,
    SPT_PICKLE_CALL,       /* of a callee with arguments; items: what was set or appended afterwards */
    SPT_PICKLE_GLOBAL,     /* module and name */
    SPT_PICKLE_PERSISTENT, /* what the writer put outside of the pickle, under an id */
};

typedef uint32_t spt_pickle_id; /* of a node */

#define SPT_PICKLE_NOTHING UINT32_MAX /* no node, no item */

struct spt_pickle_node {
    enum spt_pickle_kind kind;
    uint32_t first; /* first item; of TEXT: its length */
    union {
        int64_t integer;
        double real;
        uint64_t at;   /* of TEXT, in bytes */
        uint32_t last; /* last item */
    };
};

/* A dict's pair; of other kinds value only, and key is SPT_PICKLE_NOTHING. */
struct spt_pickle_item {
    spt_pickle_id key, value;
    uint32_t next;
};

struct spt_pickle {
    const unsigned char *bytes; /* borrowed: must outlive the nodes */
    struct spt_pickle_node *nodes;
    size_t node_count, node_capacity;
    struct spt_pickle_item *items;
    size_t item_count, item_capacity;
    spt_pickle_id root;
    size_t length; /* bytes of the pickle, STOP included */
};

/* Reads one pickle of bytes [size], to its STOP. path and at (the offset of bytes in it) are for messages.
 *   SPT_RETRY    bytes end before its STOP
 *   SPT_UNSUPPORTED  4 GiB and more
 *   SPT_INVALID  what Python would refuse too: a stack that runs empty, a memo that is not there, items set in what has
 *                none; a string of more than string_limit bytes; and protocols 0 and 1, whose opcodes are lines of text */
enum spt_status spt_pickle_read(const unsigned char *bytes, size_t size, uint64_t string_limit, const char *path,
                                uint64_t at, struct spt_pickle *pickle, struct spt_error *error);
void spt_pickle_release(struct spt_pickle *pickle); /* of a zeroed one too */

static inline enum spt_pickle_kind spt_pickle_kind(const struct spt_pickle *pickle, spt_pickle_id id) {
    return pickle->nodes[id].kind;
}

/* The items of TUPLE, LIST, SET, DICT and CALL, in their order:
 * for (i = spt_pickle_first(p, id); i; i = spt_pickle_next(p, i)). */
const struct spt_pickle_item *spt_pickle_first(const struct spt_pickle *pickle, spt_pickle_id id);
const struct spt_pickle_item *spt_pickle_next(const struct spt_pickle *pickle, const struct spt_pickle_item *item);

/* Element index of a tuple or list; SPT_PICKLE_NOTHING: it has fewer, or id is neither. O(index). */
spt_pickle_id spt_pickle_at(const struct spt_pickle *pickle, spt_pickle_id id, size_t index);

/* The value of the last pair whose key is that text; SPT_PICKLE_NOTHING: there is none. O(items). */
spt_pickle_id spt_pickle_value(const struct spt_pickle *pickle, spt_pickle_id dict, const char *key);

/* NULL when id is no TEXT. Not NUL-terminated. */
const char *spt_pickle_text(const struct spt_pickle *pickle, spt_pickle_id id, size_t *length);
bool spt_pickle_text_is(const struct spt_pickle *pickle, spt_pickle_id id, const char *text);

/* false when id is no integer of 64 bits. */
bool spt_pickle_integer(const struct spt_pickle *pickle, spt_pickle_id id, int64_t *value);

/* Of a CALL: what would be called, and with what (as a rule a tuple). */
spt_pickle_id spt_pickle_callee(const struct spt_pickle *pickle, spt_pickle_id call);
spt_pickle_id spt_pickle_arguments(const struct spt_pickle *pickle, spt_pickle_id call);

/* What BUILD gave an object to set its attributes from, as a rule a dict; SPT_PICKLE_NOTHING: nothing, or id is no
 * CALL. */
spt_pickle_id spt_pickle_state(const struct spt_pickle *pickle, spt_pickle_id id);

spt_pickle_id spt_pickle_module(const struct spt_pickle *pickle, spt_pickle_id global);      /* a TEXT */
spt_pickle_id spt_pickle_name(const struct spt_pickle *pickle, spt_pickle_id global);        /* a TEXT */
spt_pickle_id spt_pickle_outside(const struct spt_pickle *pickle, spt_pickle_id persistent); /* its id */

#endif
