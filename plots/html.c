#include "plots/html.h"

#include "checkpoints/base/unicode.h"

#include <stdlib.h>
#include <string.h>

static const char COLOURS[] =
    ":root{color-scheme:light dark;--ground:#fff;--card:#fff;--text:#1a1a1a;--soft:#5a5a5a;--line:#dcdcdc;--link:#0b5cad}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--ground:#16181c;--card:#1f2227;--text:#e8e8e8;--soft:#a6a9ae;"
    "--line:#34383f;--link:#7cb8f5}}\n";

void spt_html_append(struct spt_text *page, const char *string, size_t left) {
    while (left > 0) {
        uint32_t code = 0;
        size_t length = spt_unicode_decode(string, left, &code);
        if (length == 0)
            spt_text_put(page, "&#xFFFD;");
        else if (code == '&' || code == '<' || code == '>' || code == '"' || code == '\'')
            spt_text_format(page, "&#%u;", (unsigned)code);
        else if (spt_unicode_is_unseen(code))
            spt_text_put(page, " ");
        else
            spt_text_append(page, string, length);
        if (length == 0) length = 1;
        string += length;
        left -= length;
    }
}

void spt_html_put(struct spt_text *page, const char *string) {
    spt_html_append(page, string, strlen(string));
}

void spt_html_begin(struct spt_text *page, const char *title, const char *style) {
    spt_text_put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    spt_html_put(page, title);
    spt_text_format(page, " · spectail</title>\n<style>\n%s%s</style>\n</head>\n<body>\n", COLOURS, style);
}

void spt_html_put_svg(struct spt_text *page, const char *bytes, size_t size) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = (const unsigned char *)bytes;
    char group[4];
    spt_text_put(page, "data:image/svg+xml;base64,");
    for (size_t i = 0; i < size; i += 3) {
        const unsigned second = i + 1 < size ? b[i + 1] : 0, third = i + 2 < size ? b[i + 2] : 0;
        group[0] = DIGITS[b[i] >> 2];
        group[1] = DIGITS[(b[i] & 3u) << 4 | second >> 4];
        group[2] = i + 1 < size ? DIGITS[(second & 15u) << 2 | third >> 6] : '=';
        group[3] = i + 2 < size ? DIGITS[third & 63u] : '=';
        spt_text_append(page, group, sizeof group);
    }
}

bool spt_html_svg_size(const char *svg, double *width, double *height) {
    const char *wide = strstr(svg, " width=\""), *tall = strstr(svg, " height=\"");
    if (!wide || !tall) return false;
    *width = strtod(wide + strlen(" width=\""), NULL) / SPT_HTML_DPI;
    *height = strtod(tall + strlen(" height=\""), NULL) / SPT_HTML_DPI;
    return *width > 0 && *height > 0;
}
