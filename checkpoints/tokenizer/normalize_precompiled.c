/* Precompiled: the character map of a SentencePiece model. That is a double array (Aoe 1989, as in Darts) of the
 * strings to be replaced, with the place of what replaces each of them, and those strings, each ended by a NUL.
 *
 * As in the reference implementation a user-perceived character of fewer than 6 bytes is replaced whole by what the
 * first string it begins with becomes, and a longer one code point by code point.
 */
#include "checkpoints/tokenizer/parts.h"

#include <string.h>

#include "checkpoints/base/unicode.h"

static const char WHAT[] = "the Precompiled normalizer";

enum { WHOLE_MAX = 6 };

struct replacement {
    bool found;
    uint32_t begin, length; /* in strings */
};

struct precompiled {
    uint32_t *units; /* [count] */
    size_t count;
    const char *strings; /* [strings_length] of UTF-8 */
    size_t strings_length;
    struct replacement ascii[128]; /* of single characters */
};

/* ---- reading ---- */

static int value_of(char digit) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = digit ? strchr(DIGITS, digit) : NULL;
    return found ? (int)(found - DIGITS) : -1;
}

/* Base 64 (RFC 4648) with padding; false for anything else.
 *   out  [3 length / 4] */
static bool decode_base64(const char *text, size_t length, unsigned char *out, size_t *size) {
    *size = 0;
    if (length % 4) return false;
    const size_t padding = length == 0 ? 0 : (size_t)(text[length - 1] == '=') + (text[length - 2] == '=');
    uint32_t bits = 0;
    for (size_t i = 0; i < length; i++) {
        const int value = i >= length - padding ? 0 : value_of(text[i]);
        if (value < 0) return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3) continue;
        for (int shift = 16; shift >= 0; shift -= 8) out[(*size)++] = (unsigned char)(bits >> shift);
        bits = 0;
    }
    *size -= padding;
    return padding < 2 || text[length - 2] == '=';
}

static uint32_t read_u32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* size of the double array in bytes (u32, little-endian), the array, the strings */
static enum spt_status read_map(const unsigned char *bytes, size_t size, struct spt_tokenizer_source *source,
                                struct precompiled *map, struct spt_error *error) {
    if (size == 0) return SPT_OK;
    const size_t array = size < 4 ? SIZE_MAX : read_u32(bytes) / 4;
    if (size < 4 || array > (size - 4) / 4)
        return spt_fail(error, SPT_INVALID, source->path,
                        "\"precompiled_charsmap\" of %s ends after %zu bytes, within its array", WHAT, size);
    map->count = array;
    map->units = spt_arena_alloc(&source->arena, array, sizeof *map->units);
    if (!map->units) return spt_fail_memory(error, array * sizeof *map->units, "the tokenizer");
    for (size_t i = 0; i < array; i++) map->units[i] = read_u32(bytes + 4 + 4 * i);
    map->strings_length = size - 4 - 4 * array;
    map->strings = (const char *)bytes + 4 + 4 * array;
    const size_t valid = spt_unicode_valid_prefix(map->strings, map->strings_length);
    if (valid < map->strings_length)
        return spt_fail(error, SPT_INVALID, source->path, "\"precompiled_charsmap\" of %s holds invalid UTF-8", WHAT);
    return SPT_OK;
}

/* What the shortest string that key begins with becomes. Nothing outside the array is looked at, whatever it says. */
static bool look_up(const struct precompiled *map, const char *key, size_t length, uint32_t *value) {
    if (map->count == 0) return false;
    const uint32_t leaf = 1u << 8, wide = 1u << 9, label = 1u << 31 | 0xff;
    uint32_t unit = map->units[0];
    size_t node = (size_t)(unit >> 10) << ((unit & wide) >> 6);
    for (size_t i = 0; i < length && key[i]; i++) {
        const unsigned char byte = (unsigned char)key[i];
        node ^= byte;
        if (node >= map->count || ((unit = map->units[node]) & label) != byte) return false;
        node ^= (size_t)(unit >> 10) << ((unit & wide) >> 6);
        if (!(unit & leaf)) continue;
        if (node >= map->count) return false;
        *value = map->units[node] & ~(1u << 31);
        return true;
    }
    return false;
}

/* A place that is none, or within a character, is the fault of the file. */
static bool find_replacement(const struct precompiled *map, const char *key, size_t length,
                             struct replacement *replacement) {
    uint32_t begin = 0;
    *replacement = (struct replacement){.found = look_up(map, key, length, &begin)};
    if (!replacement->found) return true;
    if (begin > map->strings_length ||
        (begin < map->strings_length && ((unsigned char)map->strings[begin] & 0xc0) == 0x80))
        return false;
    const char *end = memchr(map->strings + begin, '\0', map->strings_length - begin);
    replacement->begin = begin;
    replacement->length = (uint32_t)(end ? (size_t)(end - map->strings) - begin : map->strings_length - begin);
    return true;
}

static enum spt_status broken(const char *path, struct spt_error *error) {
    return spt_fail(error, SPT_INVALID, path, "\"precompiled_charsmap\" of %s points beyond its strings", WHAT);
}

static enum spt_status parse(const struct spt_json *json, struct spt_tokenizer_source *source, const void **options,
                             struct spt_error *error) {
    struct precompiled *map = spt_tokenizer_options(source, sizeof *map, error);
    if (!map) return SPT_NOMEM;
    *options = map;
    const struct spt_json *node = spt_json_get(json, "precompiled_charsmap");
    size_t length, size;
    const char *text = spt_json_string(node, &length);
    if (!text && spt_json_kind(node) == SPT_JSON_NULL) return SPT_OK; /* a model without a map */
    if (!text)
        return spt_fail(error, SPT_INVALID, source->path, "\"precompiled_charsmap\" of %s is %s, expected a string",
                        WHAT, spt_json_kind_name(spt_json_kind(node)));
    unsigned char *bytes = spt_arena_alloc(&source->arena, length / 4 + 1, 3);
    if (!bytes) return spt_fail_memory(error, length, "the tokenizer");
    if (!decode_base64(text, length, bytes, &size))
        return spt_fail(error, SPT_INVALID, source->path, "\"precompiled_charsmap\" of %s is no base 64", WHAT);
    const enum spt_status status = read_map(bytes, size, source, map, error);
    if (status != SPT_OK) return status;
    for (size_t i = 1; i < 128; i++) {
        const char key = (char)i;
        if (!find_replacement(map, &key, 1, &map->ascii[i])) return broken(source->path, error);
    }
    return SPT_OK;
}

/* ---- normalizing ---- */

static void put(const struct precompiled *map, const struct replacement *replacement, const char *text, size_t length,
                struct spt_text *out) {
    if (replacement->found)
        spt_text_append(out, map->strings + replacement->begin, replacement->length);
    else
        spt_text_append(out, text, length);
}

static bool put_cluster(const struct precompiled *map, const char *text, size_t length, struct spt_text *out) {
    struct replacement replacement = {0};
    if (length < WHOLE_MAX) {
        if (!find_replacement(map, text, length, &replacement)) return false;
        if (replacement.found) return put(map, &replacement, text, length, out), true;
    }
    uint32_t code;
    for (size_t i = 0, step; i < length; i += step) {
        step = spt_unicode_decode(text + i, length - i, &code);
        if (!find_replacement(map, text + i, step, &replacement)) return false;
        put(map, &replacement, text + i, step, out);
    }
    return true;
}

/* Whether the character at text[i] stands alone, which for ASCII is quickly seen. */
static bool is_lone_ascii(const char *text, size_t length, size_t i) {
    if ((unsigned char)text[i] >= 0x80) return false;
    return i + 1 == length || ((unsigned char)text[i + 1] < 0x80 && !(text[i] == '\r' && text[i + 1] == '\n'));
}

static enum spt_status apply(const void *options, struct spt_encoding *encoding, struct spt_error *error) {
    const struct precompiled *map = options;
    const char *text = encoding->text.data;
    const size_t length = encoding->text.length;
    enum spt_status status = SPT_OK;
    for (size_t i = 0, step; i < length && status == SPT_OK; i += step) {
        if (is_lone_ascii(text, length, i)) {
            step = 1;
            put(map, &map->ascii[(unsigned char)text[i]], text + i, 1, &encoding->spare);
        } else {
            step = spt_unicode_cluster(text + i, length - i);
            if (!put_cluster(map, text + i, step, &encoding->spare)) return broken(NULL, error);
        }
        status = spt_encoding_check(encoding, &encoding->spare, error);
    }
    return status;
}

const struct spt_normalizer_kind spt_normalizer_precompiled = {.name = "Precompiled", .parse = parse, .apply = apply};
