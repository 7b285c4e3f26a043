#include "checkpoints/readers/pickle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"

enum { PROTOCOL_MIN = 2, PROTOCOL_MAX = 5, LONG_BYTES = 8 };

/* Nodes that every pickle shares. */
enum { NODE_NONE, NODE_FALSE, NODE_TRUE, NODE_EMPTY_TUPLE, NODE_SHARED_COUNT };

struct list {
    uint32_t *values;
    size_t count, capacity;
};

struct machine {
    struct spt_pickle *pickle;
    const unsigned char *bytes;
    size_t size, at; /* at: behind the opcode and its operand */
    uint64_t string_limit;
    const char *path;
    uint64_t offset; /* of bytes in the file */
    size_t opcode;   /* where the opcode began */
    struct list stack, marks, memo;
    size_t memo_size; /* entries that were put: the next MEMOIZE */
};

/* What follows an opcode: nothing, a number, a number and that many bytes, or lines of text. */
enum operand_kind { PLAIN, NUMBER, COUNTED, LINES };

struct operand {
    uint64_t number; /* little-endian, unsigned; of COUNTED and LINES: bytes */
    size_t begin;    /* of COUNTED and LINES: in machine->bytes */
    unsigned detail; /* the opcode's own, from its row */
};

struct opcode {
    const char *name;
    enum operand_kind operand;
    unsigned width; /* bytes of the number; of LINES: how many */
    enum spt_status (*run)(struct machine *m, const struct operand *operand, struct spt_error *error);
    unsigned detail;
};

static enum spt_status wrong(const struct machine *m, struct spt_error *error, const char *what) {
    return spt_fail_at(error, SPT_INVALID, m->path, m->offset + m->opcode, "the pickle %s", what);
}

static enum spt_status out_of_memory(struct spt_error *error) {
    return spt_fail_memory(error, sizeof(struct spt_pickle_node), "the nodes of a pickle");
}

static bool list_push(struct list *list, uint32_t value) {
    void *values = list->values;
    const bool room = spt_grow(&values, &list->capacity, list->count + 1, sizeof *list->values);
    list->values = values;
    if (room) list->values[list->count++] = value;
    return room;
}

static bool make_node(struct spt_pickle *pickle, const struct spt_pickle_node *node, spt_pickle_id *id) {
    void *nodes = pickle->nodes;
    const bool room = pickle->node_count < SPT_PICKLE_NOTHING &&
                      spt_grow(&nodes, &pickle->node_capacity, pickle->node_count + 1, sizeof *pickle->nodes);
    pickle->nodes = nodes;
    if (!room) return false;
    *id = (spt_pickle_id)pickle->node_count;
    pickle->nodes[pickle->node_count++] = *node;
    return true;
}

static bool make_item(struct spt_pickle *pickle, spt_pickle_id key, spt_pickle_id value, uint32_t *index) {
    void *items = pickle->items;
    const bool room = pickle->item_count < SPT_PICKLE_NOTHING &&
                      spt_grow(&items, &pickle->item_capacity, pickle->item_count + 1, sizeof *pickle->items);
    pickle->items = items;
    if (!room) return false;
    *index = (uint32_t)pickle->item_count;
    pickle->items[pickle->item_count++] = (struct spt_pickle_item){key, value, SPT_PICKLE_NOTHING};
    return true;
}

static enum spt_status push(struct machine *m, spt_pickle_id id, struct spt_error *error) {
    return list_push(&m->stack, id) ? SPT_OK : out_of_memory(error);
}

static enum spt_status push_node(struct machine *m, const struct spt_pickle_node *node, struct spt_error *error) {
    spt_pickle_id id;
    return make_node(m->pickle, node, &id) ? push(m, id, error) : out_of_memory(error);
}

/* Nodes above the last mark. */
static size_t height(const struct machine *m) {
    return m->stack.count - (m->marks.count ? m->marks.values[m->marks.count - 1] : 0);
}

static enum spt_status need(const struct machine *m, size_t count, struct spt_error *error) {
    return height(m) >= count ? SPT_OK : wrong(m, error, "takes from an empty stack");
}

static spt_pickle_id pop(struct machine *m) {
    return m->stack.values[--m->stack.count];
}

static spt_pickle_id *top(struct machine *m) {
    return &m->stack.values[m->stack.count - 1];
}

/* Appends to the chain of id, whose last item is kept in its node. */
static bool append(struct spt_pickle *pickle, spt_pickle_id id, spt_pickle_id key, spt_pickle_id value) {
    uint32_t index;
    if (!make_item(pickle, key, value, &index)) return false;
    struct spt_pickle_node *node = &pickle->nodes[id];
    if (node->first == SPT_PICKLE_NOTHING)
        node->first = index;
    else
        pickle->items[node->last].next = index;
    node->last = index;
    return true;
}

static enum spt_status run_nothing(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)m, (void)operand, (void)error;
    return SPT_OK;
}

static enum spt_status run_protocol(struct machine *m, const struct operand *operand, struct spt_error *error) {
    if (operand->number < PROTOCOL_MIN || operand->number > PROTOCOL_MAX)
        return spt_fail_at(error, SPT_INVALID, m->path, m->offset + m->opcode,
                           "a pickle of protocol %" PRIu64 "; protocols 2 to 5 are read", operand->number);
    return SPT_OK;
}

static enum spt_status run_shared(struct machine *m, const struct operand *operand, struct spt_error *error) {
    return push(m, operand->detail, error);
}

static enum spt_status run_empty(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const struct spt_pickle_node node = {.kind = operand->detail, .first = SPT_PICKLE_NOTHING};
    return push_node(m, &node, error);
}

static enum spt_status run_unsigned(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const struct spt_pickle_node node = {.kind = SPT_PICKLE_INTEGER, .integer = (int64_t)operand->number};
    return push_node(m, &node, error);
}

static enum spt_status run_signed(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const struct spt_pickle_node node = {.kind = SPT_PICKLE_INTEGER, .integer = (int32_t)(uint32_t)operand->number};
    return push_node(m, &node, error);
}

/* Python 2 wrote integers beyond 32 bits in digits, whatever the protocol. */
static enum spt_status run_decimal(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const unsigned char *digit = m->bytes + operand->begin, *end = digit + operand->number - 1;
    const bool negative = digit < end && *digit == '-';
    int64_t value = 0;
    digit += negative;
    bool right = digit < end;
    for (; digit < end && right; digit++)
        right = *digit >= '0' && *digit <= '9' && !__builtin_mul_overflow(value, 10, &value) &&
                !__builtin_add_overflow(value, *digit - '0', &value);
    if (!right) return wrong(m, error, "has an integer that is none, or beyond 64 bits");
    const struct spt_pickle_node node = {.kind = SPT_PICKLE_INTEGER, .integer = negative ? -value : value};
    return push_node(m, &node, error);
}

/* Two's complement, little-endian, of any length. */
static enum spt_status run_long(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const size_t size = (size_t)operand->number;
    const unsigned char *bytes = m->bytes + operand->begin;
    struct spt_pickle_node node = {.kind = size > LONG_BYTES ? SPT_PICKLE_BIG : SPT_PICKLE_INTEGER};
    if (node.kind == SPT_PICKLE_INTEGER) {
        uint64_t value = size > 0 && bytes[size - 1] & 0x80 ? UINT64_MAX : 0;
        for (size_t i = size; i > 0; i--) value = value << 8 | bytes[i - 1];
        node.integer = (int64_t)value;
    }
    return push_node(m, &node, error);
}

/* Big-endian, as the only opcode. */
static enum spt_status run_real(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const uint64_t bits = __builtin_bswap64(operand->number);
    struct spt_pickle_node node = {.kind = SPT_PICKLE_REAL};
    memcpy(&node.real, &bits, sizeof bits);
    return push_node(m, &node, error);
}

static enum spt_status run_text(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const struct spt_pickle_node node = {
        .kind = SPT_PICKLE_TEXT, .first = (uint32_t)operand->number, .at = operand->begin};
    return push_node(m, &node, error);
}

static enum spt_status run_mark(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    return list_push(&m->marks, (uint32_t)m->stack.count) ? SPT_OK : out_of_memory(error);
}

/* Index on the stack of the first node above the last mark, which is taken away. */
static enum spt_status pop_mark(struct machine *m, size_t *first, struct spt_error *error) {
    if (m->marks.count == 0) return wrong(m, error, "goes back to a mark that was not set");
    *first = m->marks.values[--m->marks.count];
    return SPT_OK;
}

static enum spt_status run_pop(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    if (height(m) == 0 && m->marks.count > 0) {
        m->marks.count--;
        return SPT_OK;
    }
    const enum spt_status status = need(m, 1, error);
    if (status == SPT_OK) (void)pop(m);
    return status;
}

static enum spt_status run_pop_mark(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    size_t first = 0;
    const enum spt_status status = pop_mark(m, &first, error);
    if (status == SPT_OK) m->stack.count = first;
    return status;
}

static enum spt_status run_duplicate(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    const enum spt_status status = need(m, 1, error);
    return status == SPT_OK ? push(m, *top(m), error) : status;
}

/* Puts a new container in the place of the nodes from first on, which become its items. */
static enum spt_status gather(struct machine *m, enum spt_pickle_kind kind, size_t first, struct spt_error *error) {
    const struct spt_pickle_node node = {.kind = kind, .first = SPT_PICKLE_NOTHING};
    spt_pickle_id id = NODE_EMPTY_TUPLE;
    const size_t count = m->stack.count - first, step = kind == SPT_PICKLE_DICT ? 2 : 1;
    if (count % step) return wrong(m, error, "makes a dict of an odd number of keys and values");
    if ((count > 0 || kind != SPT_PICKLE_TUPLE) && !make_node(m->pickle, &node, &id)) return out_of_memory(error);
    for (size_t i = first; i < m->stack.count; i += step) {
        const uint32_t *item = m->stack.values + i;
        const spt_pickle_id key = step == 2 ? item[0] : SPT_PICKLE_NOTHING;
        if (!append(m->pickle, id, key, item[step - 1])) return out_of_memory(error);
    }
    m->stack.count = first;
    return push(m, id, error);
}

static enum spt_status run_gather(struct machine *m, const struct operand *operand, struct spt_error *error) {
    size_t first = 0;
    const enum spt_status status = pop_mark(m, &first, error);
    return status == SPT_OK ? gather(m, operand->detail, first, error) : status;
}

/* TUPLE1 to TUPLE3. */
static enum spt_status run_tuple(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const enum spt_status status = need(m, operand->detail, error);
    return status == SPT_OK ? gather(m, SPT_PICKLE_TUPLE, m->stack.count - operand->detail, error) : status;
}

static const char *const KIND_NAMES[] = {
    [SPT_PICKLE_NONE] = "None",
    [SPT_PICKLE_BOOL] = "a bool",
    [SPT_PICKLE_INTEGER] = "an integer",
    [SPT_PICKLE_BIG] = "an integer",
    [SPT_PICKLE_REAL] = "a float",
    [SPT_PICKLE_TEXT] = "a string",
    [SPT_PICKLE_TUPLE] = "a tuple",
    [SPT_PICKLE_LIST] = "a list",
    [SPT_PICKLE_SET] = "a set",
    [SPT_PICKLE_DICT] = "a dict",
    [SPT_PICKLE_CALL] = "an object",
    [SPT_PICKLE_GLOBAL] = "a global",
    [SPT_PICKLE_PERSISTENT] = "a storage",
};

/* Adds the nodes from first on to the one below them: a container of that kind, or an object (which may be anything). */
static enum spt_status add_items(struct machine *m, enum spt_pickle_kind kind, size_t first, struct spt_error *error) {
    const size_t floor = m->marks.count ? m->marks.values[m->marks.count - 1] : 0;
    if (first <= floor) return wrong(m, error, "takes from an empty stack");
    const spt_pickle_id id = m->stack.values[first - 1];
    const enum spt_pickle_kind found = m->pickle->nodes[id].kind;
    if (found != kind && found != SPT_PICKLE_CALL)
        return spt_fail_at(error, SPT_INVALID, m->path, m->offset + m->opcode,
                           "the pickle adds items to %s as if it were %s", KIND_NAMES[found], KIND_NAMES[kind]);
    const size_t step = kind == SPT_PICKLE_DICT ? 2 : 1;
    if ((m->stack.count - first) % step) return wrong(m, error, "sets an odd number of keys and values");
    for (size_t i = first; i < m->stack.count; i += step) {
        const uint32_t *item = m->stack.values + i;
        const spt_pickle_id key = step == 2 ? item[0] : SPT_PICKLE_NOTHING;
        if (!append(m->pickle, id, key, item[step - 1])) return out_of_memory(error);
    }
    m->stack.count = first;
    return SPT_OK;
}

/* APPENDS, SETITEMS, ADDITEMS. */
static enum spt_status run_items(struct machine *m, const struct operand *operand, struct spt_error *error) {
    size_t first = 0;
    const enum spt_status status = pop_mark(m, &first, error);
    return status == SPT_OK ? add_items(m, operand->detail, first, error) : status;
}

/* APPEND, SETITEM. */
static enum spt_status run_item(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const size_t count = operand->detail == SPT_PICKLE_DICT ? 2 : 1;
    const enum spt_status status = need(m, count + 1, error);
    return status == SPT_OK ? add_items(m, operand->detail, m->stack.count - count, error) : status;
}

/* A node that stands for two others. */
static enum spt_status push_pair(struct machine *m, enum spt_pickle_kind kind, spt_pickle_id a, spt_pickle_id b,
                                 struct spt_error *error) {
    struct spt_pickle_node node = {.kind = kind};
    if (!make_item(m->pickle, a, b, &node.first)) return out_of_memory(error);
    node.last = node.first;
    return push_node(m, &node, error);
}

/* REDUCE, NEWOBJ; NEWOBJ_EX with keyword arguments above, which are left out. */
static enum spt_status run_call(struct machine *m, const struct operand *operand, struct spt_error *error) {
    enum spt_status status = need(m, 2 + operand->detail, error);
    if (status != SPT_OK) return status;
    for (unsigned i = 0; i < operand->detail; i++) (void)pop(m);
    const spt_pickle_id arguments = pop(m), callee = pop(m);
    status = push_pair(m, SPT_PICKLE_CALL, callee, arguments, error);
    uint32_t state; /* the item behind the pair */
    if (status == SPT_OK && !make_item(m->pickle, SPT_PICKLE_NOTHING, SPT_PICKLE_NOTHING, &state))
        return out_of_memory(error);
    return status;
}

/* The state of an object; that of anything else means nothing. */
static enum spt_status run_build(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    const enum spt_status status = need(m, 2, error);
    if (status != SPT_OK) return status;
    const spt_pickle_id state = pop(m);
    const struct spt_pickle_node *object = &m->pickle->nodes[*top(m)];
    if (object->kind == SPT_PICKLE_CALL) m->pickle->items[object->first + 1].value = state;
    return SPT_OK;
}

static enum spt_status run_persistent(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    const enum spt_status status = need(m, 1, error);
    if (status != SPT_OK) return status;
    const spt_pickle_id id = pop(m);
    return push_pair(m, SPT_PICKLE_PERSISTENT, id, SPT_PICKLE_NOTHING, error);
}

static bool make_text(struct machine *m, size_t begin, size_t length, spt_pickle_id *id) {
    const struct spt_pickle_node node = {.kind = SPT_PICKLE_TEXT, .first = (uint32_t)length, .at = begin};
    return make_node(m->pickle, &node, id);
}

/* module\nname\n */
static enum spt_status run_global(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const unsigned char *module = m->bytes + operand->begin, *end = module + operand->number;
    const unsigned char *name = (const unsigned char *)memchr(module, '\n', operand->number) + 1;
    const size_t module_length = (size_t)(name - module) - 1, name_length = (size_t)(end - name) - 1;
    spt_pickle_id a, b;
    if (!make_text(m, operand->begin, module_length, &a) ||
        !make_text(m, operand->begin + module_length + 1, name_length, &b))
        return out_of_memory(error);
    return push_pair(m, SPT_PICKLE_GLOBAL, a, b, error);
}

static enum spt_status run_stack_global(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    const enum spt_status status = need(m, 2, error);
    if (status != SPT_OK) return status;
    const spt_pickle_id name = pop(m), module = pop(m);
    if (m->pickle->nodes[name].kind != SPT_PICKLE_TEXT || m->pickle->nodes[module].kind != SPT_PICKLE_TEXT)
        return wrong(m, error, "names a global by what is no string");
    return push_pair(m, SPT_PICKLE_GLOBAL, module, name, error);
}

/* Python counts memos from 0 upwards: an index beyond the pickle's own size is not one of its. */
static enum spt_status put_memo(struct machine *m, uint64_t index, struct spt_error *error) {
    const enum spt_status status = need(m, 1, error);
    if (status != SPT_OK) return status;
    if (index >= m->size) return wrong(m, error, "numbers a memo higher than it is long");
    while (m->memo.count <= index)
        if (!list_push(&m->memo, SPT_PICKLE_NOTHING)) return out_of_memory(error);
    if (m->memo.values[index] == SPT_PICKLE_NOTHING) m->memo_size++;
    m->memo.values[index] = *top(m);
    return SPT_OK;
}

static enum spt_status run_put(struct machine *m, const struct operand *operand, struct spt_error *error) {
    return put_memo(m, operand->number, error);
}

static enum spt_status run_memoize(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    return put_memo(m, m->memo_size, error);
}

static enum spt_status run_get(struct machine *m, const struct operand *operand, struct spt_error *error) {
    const uint64_t index = operand->number;
    if (index >= m->memo.count || m->memo.values[index] == SPT_PICKLE_NOTHING)
        return spt_fail_at(error, SPT_INVALID, m->path, m->offset + m->opcode,
                           "the pickle asks for memo %" PRIu64 ", which it never made", index);
    return push(m, m->memo.values[index], error);
}

static enum spt_status run_stop(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    const enum spt_status status = need(m, 1, error);
    if (status != SPT_OK) return status;
    if (m->stack.count != 1) return wrong(m, error, "stops with more than one object left");
    m->pickle->root = pop(m);
    m->pickle->length = m->at;
    return SPT_END;
}

static enum spt_status run_text_protocol(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    return wrong(m, error, "has an opcode of protocol 0; protocols 2 to 5 are read");
}

static enum spt_status run_foreign(struct machine *m, const struct operand *operand, struct spt_error *error) {
    (void)operand;
    return wrong(m, error, "refers to an extension or a buffer outside of it, which no torch file has");
}

static const struct opcode OPCODES[256] = {
    [0x80] = {"PROTO", NUMBER, 1, run_protocol, 0},
    [0x95] = {"FRAME", NUMBER, 8, run_nothing, 0},
    ['.'] = {"STOP", PLAIN, 0, run_stop, 0},
    ['('] = {"MARK", PLAIN, 0, run_mark, 0},
    ['0'] = {"POP", PLAIN, 0, run_pop, 0},
    ['1'] = {"POP_MARK", PLAIN, 0, run_pop_mark, 0},
    ['2'] = {"DUP", PLAIN, 0, run_duplicate, 0},
    /* constants */
    ['N'] = {"NONE", PLAIN, 0, run_shared, NODE_NONE},
    [0x88] = {"NEWTRUE", PLAIN, 0, run_shared, NODE_TRUE},
    [0x89] = {"NEWFALSE", PLAIN, 0, run_shared, NODE_FALSE},
    ['I'] = {"INT", LINES, 1, run_decimal, 0},
    ['J'] = {"BININT", NUMBER, 4, run_signed, 0},
    ['K'] = {"BININT1", NUMBER, 1, run_unsigned, 0},
    ['M'] = {"BININT2", NUMBER, 2, run_unsigned, 0},
    [0x8a] = {"LONG1", COUNTED, 1, run_long, 0},
    [0x8b] = {"LONG4", COUNTED, 4, run_long, 0},
    ['G'] = {"BINFLOAT", NUMBER, 8, run_real, 0},
    /* strings */
    ['T'] = {"BINSTRING", COUNTED, 4, run_text, 0},
    ['U'] = {"SHORT_BINSTRING", COUNTED, 1, run_text, 0},
    ['X'] = {"BINUNICODE", COUNTED, 4, run_text, 0},
    [0x8c] = {"SHORT_BINUNICODE", COUNTED, 1, run_text, 0},
    [0x8d] = {"BINUNICODE8", COUNTED, 8, run_text, 0},
    ['B'] = {"BINBYTES", COUNTED, 4, run_text, 0},
    ['C'] = {"SHORT_BINBYTES", COUNTED, 1, run_text, 0},
    [0x8e] = {"BINBYTES8", COUNTED, 8, run_text, 0},
    [0x96] = {"BYTEARRAY8", COUNTED, 8, run_text, 0},
    /* containers */
    [')'] = {"EMPTY_TUPLE", PLAIN, 0, run_shared, NODE_EMPTY_TUPLE},
    ['t'] = {"TUPLE", PLAIN, 0, run_gather, SPT_PICKLE_TUPLE},
    [0x85] = {"TUPLE1", PLAIN, 0, run_tuple, 1},
    [0x86] = {"TUPLE2", PLAIN, 0, run_tuple, 2},
    [0x87] = {"TUPLE3", PLAIN, 0, run_tuple, 3},
    [']'] = {"EMPTY_LIST", PLAIN, 0, run_empty, SPT_PICKLE_LIST},
    ['l'] = {"LIST", PLAIN, 0, run_gather, SPT_PICKLE_LIST},
    ['a'] = {"APPEND", PLAIN, 0, run_item, SPT_PICKLE_LIST},
    ['e'] = {"APPENDS", PLAIN, 0, run_items, SPT_PICKLE_LIST},
    ['}'] = {"EMPTY_DICT", PLAIN, 0, run_empty, SPT_PICKLE_DICT},
    ['d'] = {"DICT", PLAIN, 0, run_gather, SPT_PICKLE_DICT},
    ['s'] = {"SETITEM", PLAIN, 0, run_item, SPT_PICKLE_DICT},
    ['u'] = {"SETITEMS", PLAIN, 0, run_items, SPT_PICKLE_DICT},
    [0x8f] = {"EMPTY_SET", PLAIN, 0, run_empty, SPT_PICKLE_SET},
    [0x90] = {"ADDITEMS", PLAIN, 0, run_items, SPT_PICKLE_SET},
    [0x91] = {"FROZENSET", PLAIN, 0, run_gather, SPT_PICKLE_SET},
    /* objects */
    ['c'] = {"GLOBAL", LINES, 2, run_global, 0},
    [0x93] = {"STACK_GLOBAL", PLAIN, 0, run_stack_global, 0},
    ['R'] = {"REDUCE", PLAIN, 0, run_call, 0},
    [0x81] = {"NEWOBJ", PLAIN, 0, run_call, 0},
    [0x92] = {"NEWOBJ_EX", PLAIN, 0, run_call, 1},
    ['b'] = {"BUILD", PLAIN, 0, run_build, 0},
    ['Q'] = {"BINPERSID", PLAIN, 0, run_persistent, 0},
    /* memo */
    ['q'] = {"BINPUT", NUMBER, 1, run_put, 0},
    ['r'] = {"LONG_BINPUT", NUMBER, 4, run_put, 0},
    [0x94] = {"MEMOIZE", PLAIN, 0, run_memoize, 0},
    ['h'] = {"BINGET", NUMBER, 1, run_get, 0},
    ['j'] = {"LONG_BINGET", NUMBER, 4, run_get, 0},
    /* refused */
    ['L'] = {"LONG", PLAIN, 0, run_text_protocol, 0},
    ['F'] = {"FLOAT", PLAIN, 0, run_text_protocol, 0},
    ['S'] = {"STRING", PLAIN, 0, run_text_protocol, 0},
    ['V'] = {"UNICODE", PLAIN, 0, run_text_protocol, 0},
    ['p'] = {"PUT", PLAIN, 0, run_text_protocol, 0},
    ['g'] = {"GET", PLAIN, 0, run_text_protocol, 0},
    ['P'] = {"PERSID", PLAIN, 0, run_text_protocol, 0},
    ['i'] = {"INST", PLAIN, 0, run_text_protocol, 0},
    ['o'] = {"OBJ", PLAIN, 0, run_text_protocol, 0},
    [0x82] = {"EXT1", PLAIN, 0, run_foreign, 0},
    [0x83] = {"EXT2", PLAIN, 0, run_foreign, 0},
    [0x84] = {"EXT4", PLAIN, 0, run_foreign, 0},
    [0x97] = {"NEXT_BUFFER", PLAIN, 0, run_foreign, 0},
    [0x98] = {"READONLY_BUFFER", PLAIN, 0, run_foreign, 0},
};

static enum spt_status ends(const struct machine *m, struct spt_error *error) {
    return spt_fail_at(error, SPT_RETRY, m->path, m->offset + m->size, "the file ends in the middle of its pickle");
}

/* Each up to its newline. */
static enum spt_status read_lines(struct machine *m, unsigned count, struct operand *operand, struct spt_error *error) {
    operand->begin = m->at;
    for (unsigned i = 0; i < count; i++) {
        const unsigned char *end = memchr(m->bytes + m->at, '\n', m->size - m->at);
        if (!end) return ends(m, error);
        m->at = (size_t)(end - m->bytes) + 1;
    }
    operand->number = m->at - operand->begin;
    return SPT_OK;
}

static enum spt_status read_operand(struct machine *m, const struct opcode *opcode, struct operand *operand,
                                    struct spt_error *error) {
    *operand = (struct operand){.detail = opcode->detail};
    if (opcode->operand == LINES) return read_lines(m, opcode->width, operand, error);
    if (m->size - m->at < opcode->width) return ends(m, error);
    for (size_t i = opcode->width; i > 0; i--) operand->number = operand->number << 8 | m->bytes[m->at + i - 1];
    m->at += opcode->width;
    if (opcode->operand != COUNTED) return SPT_OK;
    if (operand->number > m->string_limit)
        return spt_fail_at(error, SPT_INVALID, m->path, m->offset + m->opcode,
                           "the pickle has a string of %" PRIu64 " bytes, of which %" PRIu64 " can be there",
                           operand->number, m->string_limit);
    operand->begin = m->at;
    if (operand->number > m->size - m->at) return ends(m, error);
    m->at += (size_t)operand->number;
    return SPT_OK;
}

static enum spt_status run(struct machine *m, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    while (status == SPT_OK) {
        if (m->at == m->size) return ends(m, error);
        m->opcode = m->at;
        const struct opcode *opcode = &OPCODES[m->bytes[m->at++]];
        if (!opcode->run)
            return spt_fail_at(error, SPT_INVALID, m->path, m->offset + m->opcode,
                               "byte %02x of the pickle is no opcode of protocols 2 to 5", m->bytes[m->opcode]);
        struct operand operand;
        status = read_operand(m, opcode, &operand, error);
        if (status == SPT_OK) status = opcode->run(m, &operand, error);
    }
    return status == SPT_END ? SPT_OK : status;
}

static bool make_shared(struct spt_pickle *pickle) {
    static const struct spt_pickle_node SHARED[NODE_SHARED_COUNT] = {
        [NODE_NONE] = {.kind = SPT_PICKLE_NONE},
        [NODE_FALSE] = {.kind = SPT_PICKLE_BOOL, .integer = 0},
        [NODE_TRUE] = {.kind = SPT_PICKLE_BOOL, .integer = 1},
        [NODE_EMPTY_TUPLE] = {.kind = SPT_PICKLE_TUPLE, .first = SPT_PICKLE_NOTHING},
    };
    spt_pickle_id id;
    for (size_t i = 0; i < NODE_SHARED_COUNT; i++)
        if (!make_node(pickle, &SHARED[i], &id)) return false;
    return true;
}

enum spt_status spt_pickle_read(const unsigned char *bytes, size_t size, uint64_t string_limit, const char *path,
                                uint64_t at, struct spt_pickle *pickle, struct spt_error *error) {
    *pickle = (struct spt_pickle){.bytes = bytes};
    if (size >= SPT_PICKLE_NOTHING) /* nodes and marks are numbered in 32 bits */
        return spt_fail_at(error, SPT_UNSUPPORTED, path, at, "a pickle of %zu bytes; less than 4 GiB are read", size);
    struct machine m = {
        .pickle = pickle, .bytes = bytes, .size = size, .string_limit = string_limit, .path = path, .offset = at};
    if (m.string_limit > UINT32_MAX) m.string_limit = UINT32_MAX;
    const enum spt_status status = make_shared(pickle) ? run(&m, error) : out_of_memory(error);
    free(m.stack.values);
    free(m.marks.values);
    free(m.memo.values);
    if (status != SPT_OK) spt_pickle_release(pickle);
    return status;
}

void spt_pickle_release(struct spt_pickle *pickle) {
    free(pickle->nodes);
    free(pickle->items);
    *pickle = (struct spt_pickle){0};
}
