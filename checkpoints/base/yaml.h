/* YAML documents from files nobody vouches for (libyaml inside: one document, no aliases, anchors or tags, so that what
 * is made of a file is no larger than the file; depth and number of values are bounded, UTF-8 is checked).
 *
 *     spt_yaml_parse(...)  ->  spt_yaml_root  ->  first / next / value ...  ->  spt_yaml_free
 *
 * A node is borrowed from its document. Accessors accept a NULL node. What a text means (a number, true) is left to
 * who reads it: YAML's own rules changed between its versions.
 */
#ifndef SPT_BASE_YAML_H
#define SPT_BASE_YAML_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct spt_yaml_document;
struct spt_yaml; /* one value */

enum spt_yaml_kind {
    SPT_YAML_ABSENT,  /* of NULL */
    SPT_YAML_NOTHING, /* left out, ~ or null */
    SPT_YAML_TEXT,
    SPT_YAML_LIST,
    SPT_YAML_KEYS, /* keys and their values */
};

enum { SPT_YAML_SIZE_MAX = 1 << 20 }; /* bytes of a file that are read */

/* Parses size bytes; a byte order mark is passed over. path is for messages. SPT_INVALID names line and column;
 * SPT_UNSUPPORTED beyond SPT_YAML_SIZE_MAX bytes; SPT_NOMEM. */
enum spt_status spt_yaml_parse(const char *bytes, size_t size, const char *path, struct spt_yaml_document **document,
                               struct spt_error *error);
void spt_yaml_free(struct spt_yaml_document *document);

const struct spt_yaml *spt_yaml_root(const struct spt_yaml_document *document); /* NULL: nothing but comments */
enum spt_yaml_kind spt_yaml_kind(const struct spt_yaml *node);
const char *spt_yaml_kind_name(const struct spt_yaml *node); /* "a text", "a list", ... for messages */

/* The items of a list, or the keys, in the order of the file: for (n = spt_yaml_first(l); n; n = spt_yaml_next(n)). A key may be
 * of any kind, and may stand there twice. */
size_t spt_yaml_count(const struct spt_yaml *list_or_keys); /* 0 for other kinds */
const struct spt_yaml *spt_yaml_first(const struct spt_yaml *list_or_keys);
const struct spt_yaml *spt_yaml_next(const struct spt_yaml *node);
const struct spt_yaml *spt_yaml_value(const struct spt_yaml *key);

/* Borrowed, ends in a NUL and holds none before; "" for nothing, NULL for a list, keys and values, and NULL. */
const char *spt_yaml_text(const struct spt_yaml *node);
bool spt_yaml_is_quoted(const struct spt_yaml *node); /* "3" is a text to everybody, 3 a number to most */

/* Where a node begins, from 1. */
size_t spt_yaml_line(const struct spt_yaml *node);
size_t spt_yaml_column(const struct spt_yaml *node);

#endif
