#include "checkpoints/base/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"

/* Makes room for length more bytes and the NUL. */
static bool reserve(struct spt_text *text, size_t length) {
    if (text->failed) return false;
    void *data = text->data;
    if (length >= SIZE_MAX - text->length || !spt_grow(&data, &text->capacity, text->length + length + 1, 1)) {
        text->failed = true;
        return false;
    }
    text->data = data;
    return true;
}

void spt_text_append(struct spt_text *text, const char *bytes, size_t length) {
    if (!reserve(text, length)) return;
    if (length) memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void spt_text_put(struct spt_text *text, const char *string) {
    spt_text_append(text, string, strlen(string));
}

/* Written where there is room, and again where there was not enough. */
void spt_text_format(struct spt_text *text, const char *format, ...) {
    const size_t room = text->failed ? 0 : text->capacity - text->length;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int need = vsnprintf(room ? text->data + text->length : NULL, room, format, arguments);
    va_end(arguments);
    if (need >= 0 && (size_t)need < room) {
        text->length += (size_t)need;
    } else if (need >= 0 && reserve(text, (size_t)need)) {
        (void)vsnprintf(text->data + text->length, (size_t)need + 1, format, again);
        text->length += (size_t)need;
    } else {
        text->failed = true;
        if (room) text->data[text->length] = '\0';
    }
    va_end(again);
}

static void put_json_escape(struct spt_text *text, uint32_t code) {
    switch (code) {
    case '"':
        spt_text_put(text, "\\\"");
        break;
    case '\\':
        spt_text_put(text, "\\\\");
        break;
    case '\n':
        spt_text_put(text, "\\n");
        break;
    case '\r':
        spt_text_put(text, "\\r");
        break;
    case '\t':
        spt_text_put(text, "\\t");
        break;
    default:
        if (code > 0xffff) spt_text_format(text, "\\u%04x", (unsigned)(0xd7c0 + (code >> 10)));
        spt_text_format(text, "\\u%04x", (unsigned)(code > 0xffff ? 0xdc00 | (code & 0x3ff) : code));
    }
}

void spt_text_put_json(struct spt_text *text, const char *string) {
    const size_t length = strlen(string);
    spt_text_append(text, "\"", 1);
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t step = spt_unicode_decode(string + i, length - i, &code);
        if (step == 0)
            spt_text_put(text, "\xef\xbf\xbd");
        else if (code == '"' || code == '\\' || spt_unicode_is_unseen(code))
            put_json_escape(text, code);
        else
            spt_text_append(text, string + i, step);
        i += step ? step : 1;
    }
    spt_text_append(text, "\"", 1);
}

void spt_text_put_real(struct spt_text *text, double value, int digits) {
    char number[64];
    (void)snprintf(number, sizeof number, "%.*g", digits, value);
    const size_t whole = strspn(number, "+-0123456789");
    const size_t point = isfinite(value) && number[whole] != 'e' ? strcspn(number + whole, "0123456789") : 0;
    spt_text_append(text, number, whole);
    if (point) spt_text_put(text, ".");
    spt_text_put(text, number + whole + point);
}

double spt_text_real(const char *text, char **end) {
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const double value = c ? strtod_l(text, end, c) : strtod(text, end);
    if (c) freelocale(c);
    return value;
}

void spt_text_put_number(struct spt_text *text, double value) {
    if (isnan(value))
        spt_text_append(text, "", 0);
    else
        spt_text_put_real(text, value, 17);
}

void spt_text_put_json_number(struct spt_text *text, double value) {
    if (isfinite(value))
        spt_text_put_number(text, value);
    else
        spt_text_put(text, "null");
}

void spt_text_clear(struct spt_text *text) {
    text->length = 0;
    if (text->data) text->data[0] = '\0';
}

void spt_text_release(struct spt_text *text) {
    free(text->data);
    *text = (struct spt_text){0};
}

size_t spt_text_printable(char *out, size_t capacity, const char *text) {
    size_t used = 0;
    const size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t step = spt_unicode_decode(text + i, length - i, &code);
        const bool printable = step > 0 && !spt_unicode_is_unseen(code);
        const size_t need = printable ? step : 4;
        if (used + need + 4 > capacity) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (printable) {
            memcpy(out + used, text + i, need);
            i += need;
        } else {
            (void)snprintf(out + used, 5, "\\x%02x", (unsigned char)text[i]);
            i++;
        }
        used += need;
    }
    out[used] = '\0';
    return used;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Restricted Damerau-Levenshtein distance ("optimal string alignment"), three rows at a time. */
size_t spt_text_distance(const char *a, const char *b) {
    const size_t rows = strlen(a), columns = strlen(b);
    size_t *memory = spt_alloc(columns + 1, 3 * sizeof *memory);
    if (!memory) return rows > columns ? rows : columns;
    size_t *before = memory, *above = before + columns + 1, *row = above + columns + 1;
    for (size_t j = 0; j <= columns; j++) row[j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *oldest = before;
        before = above, above = row, row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            const size_t edit = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(edit, 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    const size_t distance = row[columns];
    free(memory);
    return distance;
}

size_t spt_text_nearest(const char *word, const char *const *candidates, size_t count) {
    size_t best = count, best_distance = 1 + strlen(word) / 4;
    for (size_t i = 0; i < count; i++) {
        const size_t distance = spt_text_distance(word, candidates[i]);
        if (distance < best_distance || (distance == best_distance && best == count)) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}
