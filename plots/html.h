/* What pages of figures and reports share: text that stays text, and the colours of light and dark.
 *
 * Everything that comes from outside (names of runs, labels, reasons) goes through spt_html_put and can be nothing but text.
 */
#ifndef SPT_PLOTS_HTML_H
#define SPT_PLOTS_HTML_H

#include "checkpoints/base/text.h"

/* Text of an HTML document, or of an attribute in double quotes: markup is escaped, control characters become spaces
 * and what is no UTF-8 U+FFFD, so that the page is well-formed whatever it is given. spt_html_append: the first length bytes. */
void spt_html_put(struct spt_text *page, const char *string);
void spt_html_append(struct spt_text *page, const char *string, size_t length);

/* From the document's type to the open <body>: title is text; style is added to what all pages have (the colours as
 * custom properties --ground, --card, --text, --soft, --line, --link, of light and dark). */
void spt_html_begin(struct spt_text *page, const char *title, const char *style);

/* "data:image/svg+xml;base64,...": an image that stands in the page itself. Nothing in it reaches the page: neither its ids
 * nor its style. */
void spt_html_put_svg(struct spt_text *page, const char *bytes, size_t size);

/* CSS pixels in an inch, and how many times as large as in print a figure is shown, where its letters are 7 to 8 points. */
#define SPT_HTML_DPI      96.0
#define SPT_HTML_ENLARGED 1.7

/* Inches in print of an SVG; false when it does not say. svg ends in NUL. */
bool spt_html_svg_size(const char *svg, double *width, double *height);

#endif
