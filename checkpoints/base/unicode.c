#include "checkpoints/base/unicode.h"

#include <utf8proc.h>

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

bool spt_unicode_is_control(uint32_t code) {
    return utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_CC;
}
