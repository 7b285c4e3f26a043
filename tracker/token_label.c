#include "tracker/token_label.h"

#include "checkpoints/base/unicode.h"

#include <stdbool.h>

/* Characters that have a short name of their own. */
static const struct {
    uint32_t code;
    const char *shown;
} NAMED[] = {{' ', "·"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};

static const char *name_of(uint32_t code) {
    for (size_t i = 0; i < sizeof NAMED / sizeof *NAMED; i++)
        if (NAMED[i].code == code) return NAMED[i].shown;
    return NULL;
}

static void put_character(struct spt_text *out, const char *bytes, size_t length, uint32_t code, bool first) {
    const char *name = name_of(code);
    if (name)
        spt_text_put(out, name);
    else if (code < 0x100 && spt_unicode_is_control(code))
        spt_text_format(out, "\\x%02x", (unsigned)code);
    else if (spt_unicode_is_other(code) || spt_unicode_is_whitespace(code))
        spt_text_format(out, "\\u%04x", (unsigned)code);
    else {
        if (first && spt_unicode_is_mark(code)) spt_text_put(out, "◌");
        spt_text_append(out, bytes, length);
    }
}

void spt_token_label_put(struct spt_text *out, const char *bytes, size_t length) {
    if (length == 0) spt_text_put(out, "''");
    for (size_t at = 0, width; at < length; at += width) {
        uint32_t code = 0;
        width = spt_unicode_decode(bytes + at, length - at, &code);
        if (width) {
            put_character(out, bytes + at, width, code, at == 0);
        } else {
            width = 1;
            spt_text_format(out, "\\x%02x", (unsigned)(unsigned char)bytes[at]);
        }
    }
}
