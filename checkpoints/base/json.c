#include "checkpoints/base/json.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/tree.h"

/* What a document may take for each byte of it. Lists of pairs, as tokenizers have them, take 24; empty objects, which
 * nobody writes by the million, 80. */
enum { BYTES_PER_BYTE = 32, BYTES_AT_LEAST = 4 * 1024 * 1024 };

struct spt_json_document {
    struct spt_arena nodes; /* all that jansson allocated for it */
    json_t *root;
};

/* struct spt_json is json_t and struct spt_json_member jansson's iterator, under names of ours: never defined, only
 * pointed to. */
static const json_t *node_of(const struct spt_json *node) {
    return (const json_t *)(const void *)node;
}

static json_t *mutable_node(const struct spt_json *node) {
    return (json_t *)(uintptr_t)(const void *)node; /* jansson's iterators take no const, and change nothing */
}

static const struct spt_json *from_node(const json_t *node) {
    return (const struct spt_json *)(const void *)node;
}

/* NaN, Infinity, -Infinity at bytes: the length of the word, else 0. */
static size_t odd_number(const char *bytes, size_t size) {
    static const char *const WORDS[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
        const size_t length = strlen(WORDS[i]);
        if (size >= length && memcmp(bytes, WORDS[i], length) == 0) return length;
    }
    return 0;
}

/* The length of the number at bytes, 0: none begins there. *is_wide: an integer that 64 bits do not hold. */
static size_t number_at(const char *bytes, size_t size, bool *is_wide) {
    size_t length = 0, digits = 0;
    if (bytes[0] != '-' && (bytes[0] < '0' || bytes[0] > '9')) return 0;
    for (; length < size && bytes[length] && strchr("+-.0123456789Ee", bytes[length]); length++)
        digits += bytes[length] >= '0' && bytes[length] <= '9';
    const size_t sign = bytes[0] == '-';
    const char *const largest = sign ? "9223372036854775808" : "9223372036854775807";
    *is_wide = digits == length - sign && digits >= 19 && (digits > 19 || memcmp(bytes + sign, largest, 19) > 0);
    return length;
}

/* Copies bytes with null in place of each odd number outside strings and ".0" behind each wide one. Stops at the end or,
 * for a translation of positions, stop bytes of output are reached. Returns the bytes of input consumed, *written those
 * of output; out may be NULL. */
static size_t copy_of_python(const char *bytes, size_t size, char *out, size_t stop, size_t *written) {
    bool in_string = false;
    size_t i = 0, used = 0;
    while (i < size && used < stop) {
        bool is_wide = false;
        const size_t odd = in_string ? 0 : odd_number(bytes + i, size - i);
        const size_t number = in_string || odd ? 0 : number_at(bytes + i, size - i, &is_wide);
        size_t step = odd ? odd : number ? number : 1;
        if (bytes[i] == '"')
            in_string = !in_string;
        else if (in_string && bytes[i] == '\\' && i + 1 < size)
            step = 2;
        const size_t kept = odd ? 0 : step;
        const char *const added = odd ? "null" : is_wide ? ".0" : "";
        if (out) {
            memcpy(out + used, bytes + i, kept);
            memcpy(out + used + kept, added, strlen(added));
        }
        used += kept + strlen(added);
        i += step;
    }
    *written = used;
    return i;
}

static enum spt_status fail_json(struct spt_error *error, const char *what, const char *bytes, size_t position,
                                 const char *path, uint64_t base) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < position; i++) {
        const bool continues = ((unsigned char)bytes[i] & 0xc0) == 0x80;
        if (bytes[i] == '\n')
            line++, column = 1;
        else if (!continues)
            column++;
    }
    return spt_fail_at(error, SPT_INVALID, path, base + position, "bad JSON at line %zu, column %zu: %s", line, column,
                       what);
}

/* When memory is out, jansson 2.14 calls good input bad, or goes on with a token that lacks its end and reads beyond it. So it is never told:
 * the allocation that fails leaves the parser for good, and what it had allocated goes with the document's arena. Its allocation functions
 * are told nothing of who asks; hence the thread's pointer, which is set while json_loadb runs. */
struct parsing {
    struct spt_arena *nodes;
    uint64_t left;             /* bytes that may yet be allocated */
    volatile bool is_too_much; /* more were asked for */
    jmp_buf out_of_memory;
};

static _Thread_local struct parsing *parsing;

/* Whatever else in the process uses jansson gets what it would get without us. */
static void *allocate(size_t size) {
    if (!parsing) return malloc(size);
    parsing->is_too_much = size > parsing->left;
    void *memory = parsing->is_too_much ? NULL : spt_arena_alloc(parsing->nodes, size, 1);
    if (!memory) longjmp(parsing->out_of_memory, 1);
    parsing->left -= size;
    return memory;
}

static void leave_to_the_arena(void *memory) {
    if (!parsing) free(memory);
}

/* Before main: no thread parses yet. */
__attribute__((constructor)) static void set_allocation(void) {
    json_set_alloc_funcs(allocate, leave_to_the_arena);
}

/* SPT_NOMEM, SPT_INVALID for what would take memory out of proportion, or SPT_OK with *root NULL where the input is bad. */
static enum spt_status load(struct spt_arena *nodes, const char *input, size_t size, const char *path, uint64_t base,
                            json_t **root, json_error_t *json, struct spt_error *error) {
    struct parsing here = {.nodes = nodes, .left = BYTES_AT_LEAST + (uint64_t)size * BYTES_PER_BYTE};
    if (setjmp(here.out_of_memory)) {
        parsing = NULL;
        if (here.is_too_much)
            return spt_fail_at(error, SPT_INVALID, path, base,
                               "JSON of %zu bytes that takes more than %d times as much memory: lists and objects of "
                               "next to nothing",
                               size, (int)BYTES_PER_BYTE);
        return spt_fail_memory(error, size, "a JSON document");
    }
    parsing = &here;
    *root = json_loadb(size ? input : "", size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, json);
    parsing = NULL;
    return SPT_OK;
}

enum spt_status spt_json_parse(const char *bytes, size_t size, const char *path, uint64_t base, bool of_python,
                               struct spt_json_document **document, struct spt_error *error) {
    const char *nul = size ? memchr(bytes, '\0', size) : NULL;
    if (nul) return fail_json(error, "a NUL byte", bytes, (size_t)(nul - bytes), path, base); /* jansson may skip it */
    char *copy = NULL;
    const char *input = bytes;
    size_t input_size = size;
    if (of_python) {
        (void)copy_of_python(bytes, size, NULL, SIZE_MAX, &input_size);
        copy = malloc(input_size + 1);
        if (!copy) return spt_fail_memory(error, input_size, "a JSON document");
        (void)copy_of_python(bytes, size, copy, SIZE_MAX, &input_size);
        input = copy;
    }
    struct spt_json_document *made = calloc(1, sizeof *made);
    json_error_t json;
    enum spt_status status = made ? load(&made->nodes, input, input_size, path, base, &made->root, &json, error)
                                  : spt_fail_memory(error, sizeof *made, "a JSON document");
    free(copy);
    if (status == SPT_OK && !made->root) {
        size_t position = json.position > 0 ? (size_t)json.position : 0, unused;
        if (of_python) position = copy_of_python(bytes, size, NULL, position, &unused);
        const bool nul_character = json_error_code(&json) == json_error_null_character;
        status = fail_json(error, nul_character ? "\\u0000 in a string" : json.text, bytes,
                           position < size ? position : size, path, base);
    }
    if (status == SPT_OK)
        *document = made;
    else
        spt_json_free(made);
    return status;
}

enum spt_status spt_json_read_file(const char *path, size_t limit, bool of_python, struct spt_json_document **document,
                                   struct spt_error *error) {
    return spt_json_read_in(NULL, path, limit, of_python, document, error);
}

enum spt_status spt_json_read_in(struct spt_tree *tree, const char *path, size_t limit, bool of_python,
                                 struct spt_json_document **document, struct spt_error *error) {
    char *data;
    size_t size;
    enum spt_status status = spt_tree_read_all(tree, path, limit, &data, &size, error);
    if (status != SPT_OK) return status;
    status = spt_json_parse(data, size, path, 0, of_python, document, error);
    free(data);
    return status;
}

void spt_json_free(struct spt_json_document *document) {
    if (!document) return;
    spt_arena_release(&document->nodes);
    free(document);
}

const struct spt_json *spt_json_root(const struct spt_json_document *document) {
    return document ? from_node(document->root) : NULL;
}

enum spt_json_kind spt_json_kind(const struct spt_json *node) {
    if (!node) return SPT_JSON_ABSENT;
    switch (json_typeof(node_of(node))) {
    case JSON_OBJECT:
        return SPT_JSON_OBJECT;
    case JSON_ARRAY:
        return SPT_JSON_ARRAY;
    case JSON_STRING:
        return SPT_JSON_STRING;
    case JSON_INTEGER:
        return SPT_JSON_INTEGER;
    case JSON_REAL:
        return SPT_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return SPT_JSON_BOOL;
    case JSON_NULL:
        break;
    }
    return SPT_JSON_NULL;
}

const char *spt_json_kind_name(enum spt_json_kind kind) {
    static const char *const NAMES[] = {
        [SPT_JSON_ABSENT] = "nothing",     [SPT_JSON_NULL] = "null",        [SPT_JSON_BOOL] = "true or false",
        [SPT_JSON_INTEGER] = "an integer", [SPT_JSON_REAL] = "a number",    [SPT_JSON_STRING] = "a string",
        [SPT_JSON_ARRAY] = "an array",     [SPT_JSON_OBJECT] = "an object",
    };
    return NAMES[kind];
}

const struct spt_json *spt_json_get(const struct spt_json *object, const char *key) {
    return from_node(json_object_get(node_of(object), key));
}

const struct spt_json *spt_json_at(const struct spt_json *array, size_t index) {
    return from_node(json_array_get(node_of(array), index));
}

size_t spt_json_count(const struct spt_json *array_or_object) {
    const json_t *node = node_of(array_or_object);
    if (json_is_array(node)) return json_array_size(node);
    return json_is_object(node) ? json_object_size(node) : 0;
}

struct spt_json_member *spt_json_first(const struct spt_json *object) {
    return json_object_iter(mutable_node(object));
}

struct spt_json_member *spt_json_next(const struct spt_json *object, struct spt_json_member *member) {
    return json_object_iter_next(mutable_node(object), member);
}

const char *spt_json_key(struct spt_json_member *member) {
    return json_object_iter_key(member);
}

const struct spt_json *spt_json_value(struct spt_json_member *member) {
    return from_node(json_object_iter_value(member));
}

const char *spt_json_string(const struct spt_json *node, size_t *length) {
    if (!json_is_string(node_of(node))) return NULL;
    if (length) *length = json_string_length(node_of(node));
    return json_string_value(node_of(node));
}

int64_t spt_json_integer(const struct spt_json *node, int64_t fallback) {
    return json_is_integer(node_of(node)) ? (int64_t)json_integer_value(node_of(node)) : fallback;
}

double spt_json_number(const struct spt_json *node, double fallback) {
    return json_is_number(node_of(node)) ? json_number_value(node_of(node)) : fallback;
}

bool spt_json_bool(const struct spt_json *node, bool fallback) {
    return json_is_boolean(node_of(node)) ? json_is_true(node_of(node)) : fallback;
}
