/* What a pickle holds, once it is read. */
#include "checkpoints/readers/pickle.h"

#include <string.h>

/* The chain of a CALL, a GLOBAL and a PERSISTENT begins with the pair it stands for. */
static const struct spt_pickle_item *pair_of(const struct spt_pickle *pickle, spt_pickle_id id) {
    return &pickle->items[pickle->nodes[id].first];
}

const struct spt_pickle_item *spt_pickle_first(const struct spt_pickle *pickle, spt_pickle_id id) {
    const struct spt_pickle_node *node = &pickle->nodes[id];
    if (node->kind < SPT_PICKLE_TUPLE || node->kind > SPT_PICKLE_CALL || node->first == SPT_PICKLE_NOTHING) return NULL;
    const struct spt_pickle_item *first = &pickle->items[node->first];
    return node->kind == SPT_PICKLE_CALL ? spt_pickle_next(pickle, first) : first;
}

const struct spt_pickle_item *spt_pickle_next(const struct spt_pickle *pickle, const struct spt_pickle_item *item) {
    return item->next == SPT_PICKLE_NOTHING ? NULL : &pickle->items[item->next];
}

spt_pickle_id spt_pickle_at(const struct spt_pickle *pickle, spt_pickle_id id, size_t index) {
    if (id == SPT_PICKLE_NOTHING) return SPT_PICKLE_NOTHING;
    const enum spt_pickle_kind kind = pickle->nodes[id].kind;
    if (kind != SPT_PICKLE_TUPLE && kind != SPT_PICKLE_LIST) return SPT_PICKLE_NOTHING;
    const struct spt_pickle_item *item = spt_pickle_first(pickle, id);
    for (; item && index > 0; index--) item = spt_pickle_next(pickle, item);
    return item ? item->value : SPT_PICKLE_NOTHING;
}

spt_pickle_id spt_pickle_value(const struct spt_pickle *pickle, spt_pickle_id dict, const char *key) {
    spt_pickle_id value = SPT_PICKLE_NOTHING;
    for (const struct spt_pickle_item *i = spt_pickle_first(pickle, dict); i; i = spt_pickle_next(pickle, i))
        if (i->key != SPT_PICKLE_NOTHING && spt_pickle_text_is(pickle, i->key, key)) value = i->value;
    return value;
}

const char *spt_pickle_text(const struct spt_pickle *pickle, spt_pickle_id id, size_t *length) {
    if (id == SPT_PICKLE_NOTHING || pickle->nodes[id].kind != SPT_PICKLE_TEXT) return NULL;
    *length = pickle->nodes[id].first;
    return (const char *)pickle->bytes + pickle->nodes[id].at;
}

bool spt_pickle_text_is(const struct spt_pickle *pickle, spt_pickle_id id, const char *text) {
    size_t length;
    const char *found = spt_pickle_text(pickle, id, &length);
    return found && length == strlen(text) && memcmp(found, text, length) == 0;
}

bool spt_pickle_integer(const struct spt_pickle *pickle, spt_pickle_id id, int64_t *value) {
    if (id == SPT_PICKLE_NOTHING || pickle->nodes[id].kind != SPT_PICKLE_INTEGER) return false;
    *value = pickle->nodes[id].integer;
    return true;
}

spt_pickle_id spt_pickle_callee(const struct spt_pickle *pickle, spt_pickle_id call) {
    return pair_of(pickle, call)->key;
}

spt_pickle_id spt_pickle_arguments(const struct spt_pickle *pickle, spt_pickle_id call) {
    return pair_of(pickle, call)->value;
}

spt_pickle_id spt_pickle_state(const struct spt_pickle *pickle, spt_pickle_id id) {
    if (id == SPT_PICKLE_NOTHING || pickle->nodes[id].kind != SPT_PICKLE_CALL) return SPT_PICKLE_NOTHING;
    return pair_of(pickle, id)[1].value;
}

spt_pickle_id spt_pickle_module(const struct spt_pickle *pickle, spt_pickle_id global) {
    return pair_of(pickle, global)->key;
}

spt_pickle_id spt_pickle_name(const struct spt_pickle *pickle, spt_pickle_id global) {
    return pair_of(pickle, global)->value;
}

spt_pickle_id spt_pickle_outside(const struct spt_pickle *pickle, spt_pickle_id persistent) {
    return pair_of(pickle, persistent)->key;
}
