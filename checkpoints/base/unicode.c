#include "checkpoints/base/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "checkpoints/base/memory.h"

size_t spt_unicode_decode(const char *bytes, size_t length, uint32_t *code) {
    utf8proc_int32_t decoded;
    const utf8proc_ssize_t step =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)(length < 4 ? length : 4), &decoded);
    if (step <= 0) return 0;
    *code = (uint32_t)decoded;
    return (size_t)step;
}

size_t spt_unicode_valid_prefix(const char *bytes, size_t length) {
    size_t i = 0;
    uint32_t code;
    for (size_t step; i < length && (step = spt_unicode_decode(bytes + i, length - i, &code)) > 0;) i += step;
    return i;
}

static utf8proc_category_t category_of(uint32_t code) {
    return utf8proc_category((utf8proc_int32_t)code);
}

bool spt_unicode_is_control(uint32_t code) {
    return category_of(code) == UTF8PROC_CATEGORY_CC;
}

/* DerivedCoreProperties.txt, Default_Ignorable_Code_Point, with what is unassigned; and from UnicodeData.txt Zl, Zp and
 * U+FFF9 ... FFFB. */
static const struct {
    uint32_t first, last;
} UNSEEN[] = {
    {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool spt_unicode_is_unseen(uint32_t code) {
    for (size_t i = 0; i < sizeof UNSEEN / sizeof *UNSEEN && code >= UNSEEN[i].first; i++)
        if (code <= UNSEEN[i].last) return true;
    return spt_unicode_is_control(code);
}

bool spt_unicode_is_other(uint32_t code) {
    const utf8proc_category_t category = category_of(code);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CO;
}

bool spt_unicode_is_whitespace(uint32_t code) {
    if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
    return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
           code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

bool spt_unicode_is_mark(uint32_t code) {
    const utf8proc_category_t category = category_of(code);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

bool spt_unicode_is_nonspacing_mark(uint32_t code) {
    return category_of(code) == UTF8PROC_CATEGORY_MN;
}

bool spt_unicode_is_number(uint32_t code) {
    const utf8proc_category_t category = category_of(code);
    return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

bool spt_unicode_is_punctuation(uint32_t code) {
    const utf8proc_category_t category = category_of(code);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

/* Alphabetic is L, Nl and Other_Alphabetic; the last is marks, counted anyway, and these circled and squared letters.
 */
static bool is_enclosed_letter(uint32_t code) {
    return (code >= 0x24b6 && code <= 0x24e9) || (code >= 0x1f130 && code <= 0x1f149) ||
           (code >= 0x1f150 && code <= 0x1f169) || (code >= 0x1f170 && code <= 0x1f189);
}

bool spt_unicode_is_word(uint32_t code) {
    const utf8proc_category_t category = category_of(code);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NL) || category == UTF8PROC_CATEGORY_PC ||
           code == 0x200c || code == 0x200d || is_enclosed_letter(code);
}

size_t spt_unicode_width(uint32_t code) {
    const int width = utf8proc_charwidth((utf8proc_int32_t)code);
    return width > 0 ? (size_t)width : 0;
}

size_t spt_unicode_encode(uint32_t code, char bytes[4]) {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)code, (utf8proc_uint8_t *)bytes);
}

size_t spt_unicode_lower(uint32_t code, uint32_t lower[2]) {
    if (code == 0x130) { /* the only entry of SpecialCasing.txt without a condition */
        lower[0] = 'i';
        lower[1] = 0x307;
        return 2;
    }
    lower[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    return 1;
}

size_t spt_unicode_fold(uint32_t code, uint32_t fold[3]) {
    utf8proc_int32_t codes[4];
    const utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, codes, 4, UTF8PROC_CASEFOLD, NULL);
    if (count < 1 || count > 3) return fold[0] = code, 1; /* no character */
    for (utf8proc_ssize_t i = 0; i < count; i++) fold[i] = (uint32_t)codes[i];
    return (size_t)count;
}

size_t spt_unicode_cluster(const char *bytes, size_t length) {
    utf8proc_int32_t state = 0;
    uint32_t last = 0, code;
    size_t end = spt_unicode_decode(bytes, length, &last);
    for (size_t step; end < length; end += step, last = code) {
        step = spt_unicode_decode(bytes + end, length - end, &code);
        if (step == 0 || utf8proc_grapheme_break_stateful((utf8proc_int32_t)last, (utf8proc_int32_t)code, &state))
            break;
    }
    return end;
}

struct codes {
    utf8proc_int32_t *data;
    size_t count, capacity;
};

static bool reserve(struct codes *codes, size_t need) {
    void *data = codes->data;
    if (!spt_grow(&data, &codes->capacity, need, sizeof *codes->data)) return false;
    codes->data = data;
    return true;
}

static int combining_class(utf8proc_int32_t code) {
    return utf8proc_get_property(code)->combining_class;
}

static bool decompose(const char *bytes, size_t length, utf8proc_option_t options, struct codes *codes) {
    enum { LONGEST = 18 }; /* U+FDFA, the longest decomposition */
    uint32_t code;
    for (size_t i = 0, step; i < length && (step = spt_unicode_decode(bytes + i, length - i, &code)) > 0; i += step) {
        if (!reserve(codes, codes->count + LONGEST)) return false;
        int boundary = 0;
        const utf8proc_ssize_t written =
            utf8proc_decompose_char((utf8proc_int32_t)code, codes->data + codes->count, LONGEST, options, &boundary);
        if (written > 0) codes->count += (size_t)written;
    }
    return true;
}

/* Stable sort of a run of marks by combining class; counting classes keeps a hostile run of a million marks linear. */
static bool sort_run(utf8proc_int32_t *run, size_t count, struct codes *spare) {
    if (count <= 16) {
        for (size_t i = 1; i < count; i++) {
            const utf8proc_int32_t code = run[i];
            size_t j = i;
            for (; j > 0 && combining_class(run[j - 1]) > combining_class(code); j--) run[j] = run[j - 1];
            run[j] = code;
        }
        return true;
    }
    if (!reserve(spare, count)) return false;
    size_t start[257] = {0};
    for (size_t i = 0; i < count; i++) start[combining_class(run[i]) + 1]++;
    for (size_t i = 1; i < 257; i++) start[i] += start[i - 1];
    for (size_t i = 0; i < count; i++) spare->data[start[combining_class(run[i])]++] = run[i];
    memcpy(run, spare->data, count * sizeof *run);
    return true;
}

static bool order_marks(struct codes *codes, struct codes *spare) {
    for (size_t i = 0; i < codes->count;) {
        size_t end = i;
        while (end < codes->count && combining_class(codes->data[end]) != 0) end++;
        if (end > i + 1 && !sort_run(codes->data + i, end - i, spare)) return false;
        i = end + (end == i);
    }
    return true;
}

static bool normalize_segment(const char *bytes, size_t length, utf8proc_option_t options, struct codes *codes,
                              struct codes *spare, struct spt_text *text) {
    codes->count = 0;
    if (!decompose(bytes, length, options, codes) || !order_marks(codes, spare)) return false;
    utf8proc_ssize_t count = (utf8proc_ssize_t)codes->count;
    if (options & UTF8PROC_COMPOSE) count = utf8proc_normalize_utf32(codes->data, count, options);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        char encoded[4];
        spt_text_append(text, encoded, spt_unicode_encode((uint32_t)codes->data[i], encoded));
    }
    return true;
}

/* ASCII is its own normal form and never the second half of a composition, so only stretches of other characters, each
 * with the one ASCII character before it, have to be looked at. */
void spt_unicode_normalize(enum spt_unicode_form form, const char *bytes, size_t length, struct spt_text *text) {
    static const utf8proc_option_t OPTIONS[] = {
        [SPT_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [SPT_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
        [SPT_NFKC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [SPT_NFKD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    };
    struct codes codes = {0}, spare = {0};
    size_t done = 0;
    bool ok = true;
    while (ok && done < length) {
        size_t begin = done;
        while (begin < length && (unsigned char)bytes[begin] < 0x80) begin++;
        size_t end = begin;
        while (end < length && (unsigned char)bytes[end] >= 0x80) end++;
        if (begin > done && end > begin) begin--;
        spt_text_append(text, bytes + done, begin - done);
        ok = begin == end || normalize_segment(bytes + begin, end - begin, OPTIONS[form], &codes, &spare, text);
        done = end;
    }
    if (!ok) text->failed = true;
    free(codes.data);
    free(spare.data);
}
