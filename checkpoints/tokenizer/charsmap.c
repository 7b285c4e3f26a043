#include "checkpoints/tokenizer/charsmap.h"

#include <string.h>

#include "checkpoints/base/unicode.h"

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void spt_base64_put(struct spt_text *text, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i += 3) {
        const size_t rest = size - i;
        const unsigned bits = (unsigned)bytes[i] << 16 | (rest > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                              (rest > 2 ? (unsigned)bytes[i + 2] : 0);
        const char four[] = {DIGITS[bits >> 18], DIGITS[bits >> 12 & 63], rest > 1 ? DIGITS[bits >> 6 & 63] : '=',
                             rest > 2 ? DIGITS[bits & 63] : '='};
        spt_text_append(text, four, sizeof four);
    }
}

static int value_of(char digit) {
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
    return padding < 2 || text[length - 1] == '=';
}

static uint32_t read_u32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* size of the double array in bytes (u32, little-endian), the array, the strings */
static enum spt_status read_map(const unsigned char *bytes, size_t size, const char *what,
                                struct spt_tokenizer_source *source, struct spt_charsmap *map,
                                struct spt_error *error) {
    if (size == 0) return SPT_OK;
    const size_t array = size < 4 ? SIZE_MAX : read_u32(bytes) / 4;
    if (size < 4 || array > (size - 4) / 4)
        return spt_fail(error, SPT_INVALID, source->path,
                        "\"precompiled_charsmap\" of %s ends after %zu bytes, within its array", what, size);
    map->count = array;
    map->units = spt_arena_alloc(&source->arena, array, sizeof *map->units);
    if (!map->units) return spt_fail_memory(error, array * sizeof *map->units, "the tokenizer");
    for (size_t i = 0; i < array; i++) map->units[i] = read_u32(bytes + 4 + 4 * i);
    map->strings_length = size - 4 - 4 * array;
    map->strings = (const char *)bytes + 4 + 4 * array;
    if (spt_unicode_valid_prefix(map->strings, map->strings_length) < map->strings_length)
        return spt_fail(error, SPT_INVALID, source->path, "\"precompiled_charsmap\" of %s holds invalid UTF-8", what);
    return SPT_OK;
}

enum spt_status spt_charsmap_parse(const struct spt_json *json, const char *what, struct spt_tokenizer_source *source,
                                   struct spt_charsmap *map, struct spt_error *error) {
    const struct spt_json *node = spt_json_get(json, "precompiled_charsmap");
    size_t length, size;
    const char *text = spt_json_string(node, &length);
    *map = (struct spt_charsmap){0};
    if (!text && spt_json_kind(node) == SPT_JSON_NULL) return SPT_OK;
    if (!text)
        return spt_fail(error, SPT_INVALID, source->path, "\"precompiled_charsmap\" of %s is %s, expected a string",
                        what, spt_json_kind_name(spt_json_kind(node)));
    unsigned char *bytes = spt_arena_alloc(&source->arena, length / 4 + 1, 3);
    if (!bytes) return spt_fail_memory(error, length, "the tokenizer");
    if (!decode_base64(text, length, bytes, &size))
        return spt_fail(error, SPT_INVALID, source->path, "\"precompiled_charsmap\" of %s is no base 64", what);
    return read_map(bytes, size, what, source, map, error);
}

/* Darts: of a unit bit 8 says that a value hangs below, bits 10 to 30 (times 256 with bit 9) where the children are. */
static bool look_up(const struct spt_charsmap *map, const char *text, size_t length, bool longest, size_t *matched,
                    uint32_t *value) {
    const uint32_t leaf = 1u << 8, wide = 1u << 9, label = 1u << 31 | 0xff;
    bool found = false;
    if (map->count == 0) return false;
    uint32_t unit = map->units[0];
    size_t node = (size_t)(unit >> 10) << ((unit & wide) >> 6);
    for (size_t i = 0; i < length && text[i]; i++) {
        const unsigned char byte = (unsigned char)text[i];
        node ^= byte;
        if (node >= map->count || ((unit = map->units[node]) & label) != byte) break;
        node ^= (size_t)(unit >> 10) << ((unit & wide) >> 6);
        if (!(unit & leaf) || node >= map->count) continue;
        found = true;
        *matched = i + 1;
        *value = map->units[node] & ~(1u << 31);
        if (!longest) break;
    }
    return found;
}

enum spt_status spt_charsmap_find(const struct spt_charsmap *map, const char *text, size_t length, bool longest,
                                  struct spt_replacement *replacement, struct spt_error *error) {
    uint32_t begin = 0;
    *replacement = (struct spt_replacement){0};
    if (!look_up(map, text, length, longest, &replacement->matched, &begin)) return SPT_OK;
    if (begin > map->strings_length ||
        (begin < map->strings_length && ((unsigned char)map->strings[begin] & 0xc0) == 0x80))
        return spt_fail(error, SPT_INVALID, NULL, "the tokenizer's character map points beyond its strings");
    const size_t rest = map->strings_length - begin;
    const char *end = rest ? memchr(map->strings + begin, '\0', rest) : NULL;
    replacement->found = true;
    replacement->text = map->strings + begin;
    replacement->length = end ? (size_t)(end - map->strings) - begin : rest;
    return SPT_OK;
}
