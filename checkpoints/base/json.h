/* JSON documents from files nobody vouches for (jansson inside: duplicate keys are refused, depth is bounded, UTF-8 is
 * checked).
 *
 *     spt_json_parse(...)  ->  spt_json_root  ->  get / at / next ...  ->  spt_json_free
 *
 * A node is borrowed from its document. Accessors accept a NULL node and a node of another kind: they return the
 * fallback, so that a path of gets needs one test at its end.
 */
#ifndef SPT_BASE_JSON_H
#define SPT_BASE_JSON_H

#include "checkpoints/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spt_json_document;
struct spt_json; /* one value */

enum spt_json_kind {
    SPT_JSON_ABSENT, /* of NULL */
    SPT_JSON_NULL,
    SPT_JSON_BOOL,
    SPT_JSON_INTEGER,
    SPT_JSON_REAL,
    SPT_JSON_STRING,
    SPT_JSON_ARRAY,
    SPT_JSON_OBJECT,
};

/* Parses size bytes. path is for messages, base the offset of bytes in that file. of_python: accepts what Python's json
 * writes and others do not read: NaN, Infinity and -Infinity (as null), integers beyond 64 bits (as reals). SPT_INVALID
 * names line, column and byte, or what would take 32 times its size of memory (and 4 MiB); SPT_NOMEM. */
enum spt_status spt_json_parse(const char *bytes, size_t size, const char *path, uint64_t base, bool of_python,
                               struct spt_json_document **document, struct spt_error *error);
enum spt_status spt_json_read_file(const char *path, size_t limit, bool of_python, struct spt_json_document **document,
                                   struct spt_error *error);
struct spt_tree; /* tree.h; NULL: the disk */
enum spt_status spt_json_read_in(struct spt_tree *tree, const char *path, size_t limit, bool of_python,
                                 struct spt_json_document **document, struct spt_error *error);
void spt_json_free(struct spt_json_document *document);

const struct spt_json *spt_json_root(const struct spt_json_document *document);
enum spt_json_kind spt_json_kind(const struct spt_json *node);
const char *spt_json_kind_name(enum spt_json_kind kind); /* "an object", "a string", ... for messages */

const struct spt_json *spt_json_get(const struct spt_json *object, const char *key); /* NULL when absent */
const struct spt_json *spt_json_at(const struct spt_json *array, size_t index);
size_t spt_json_count(const struct spt_json *array_or_object); /* 0 for other kinds */

/* Members in the order of the file: for (m = spt_json_first(o); m; m = spt_json_next(o, m)). */
struct spt_json_member;
struct spt_json_member *spt_json_first(const struct spt_json *object);
struct spt_json_member *spt_json_next(const struct spt_json *object, struct spt_json_member *member);
const char *spt_json_key(struct spt_json_member *member);
const struct spt_json *spt_json_value(struct spt_json_member *member);

/* Borrowed; NULL when node is no string. length may be NULL. Strings hold no NUL. */
const char *spt_json_string(const struct spt_json *node, size_t *length);
int64_t spt_json_integer(const struct spt_json *node, int64_t fallback);
double spt_json_number(const struct spt_json *node, double fallback); /* integer or real */
bool spt_json_bool(const struct spt_json *node, bool fallback);

#endif
