#include "plots/report.h"

#include "plots/html.h"
#include "plots/scripts.h"

#include "checkpoints/base/memory.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_UNBROKEN = 20 }; /* characters */

static const struct {
    const char *open, *close;
} BLOCKS[SPT_REPORT_BLOCKS] = {
    [SPT_REPORT_PARAGRAPH] = {"<p>", "</p>\n"},      [SPT_REPORT_NOTE] = {"<p class=\"note\">", "</p>\n"},
    [SPT_REPORT_LIST] = {"<ul>\n", "</ul>\n"},       [SPT_REPORT_ITEM] = {"<li>", "</li>\n"},
    [SPT_REPORT_FACTS] = {"<dl>\n", "</dl>\n"},      [SPT_REPORT_FACT] = {"", "</dd>\n"},
    [SPT_REPORT_REFERENCES] = {"<ol>\n", "</ol>\n"},
};

enum spt_status spt_report_begin(struct spt_report *report, const struct spt_report_citation *citations, size_t count,
                                 struct spt_error *error) {
    *report = (struct spt_report){.citations = citations, .citation_count = count};
    report->cited = spt_alloc_zeroed(count, sizeof *report->cited);
    return report->cited ? SPT_OK : spt_fail_memory(error, count, "a report");
}

void spt_report_release(struct spt_report *report) {
    spt_text_release(&report->page);
    spt_text_release(&report->body);
    spt_text_release(&report->contents);
    free(report->cited);
    *report = (struct spt_report){0};
}

/* --- text --- */

/* The next label of a work in text, and which; NULL: none. */
static const char *find_citation(const struct spt_report *report, const char *text, size_t *which) {
    const char *first = NULL;
    for (size_t i = 0; i < report->citation_count; i++) {
        const char *at = strstr(text, report->citations[i].label);
        if (!at || (first && at >= first)) continue;
        first = at;
        *which = i;
    }
    return first;
}

void spt_report_text(struct spt_report *report, const char *text) {
    size_t which = 0;
    for (const char *at; (at = find_citation(report, text, &which)); text = at) {
        const struct spt_report_citation *citation = &report->citations[which];
        spt_html_append(&report->body, text, (size_t)(at - text));
        spt_text_format(&report->body, "<a href=\"#ref-%s\">", citation->key);
        spt_html_put(&report->body, citation->label);
        spt_text_put(&report->body, "</a>");
        report->cited[which] = true;
        at += strlen(citation->label);
    }
    spt_html_put(&report->body, text);
}

void spt_report_format(struct spt_report *report, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(line, sizeof line, format, arguments) < 0) line[0] = '\0';
    va_end(arguments);
    spt_report_text(report, line);
}

static void put_element(struct spt_report *report, const char *element, const char *text) {
    spt_text_format(&report->body, "<%s>", element);
    spt_html_put(&report->body, text);
    spt_text_format(&report->body, "</%s>", element);
}

/* A long name may be broken behind what joins its parts, but not within a number. */
void spt_report_code(struct spt_report *report, const char *text) {
    const bool breaks = strlen(text) > CODE_UNBROKEN;
    spt_text_put(&report->body, "<code>");
    while (*text) {
        const size_t part = strcspn(text, "._@/"), length = part + strspn(text + part, "._@/");
        spt_html_append(&report->body, text, length);
        text += length;
        if (breaks && *text && length > part && !isdigit((unsigned char)*text)) spt_text_put(&report->body, "<wbr>");
    }
    spt_text_put(&report->body, "</code>");
}

void spt_report_strong(struct spt_report *report, const char *text) {
    put_element(report, "strong", text);
}

void spt_report_value(struct spt_report *report, const char *shown, double value, const char *of) {
    spt_text_put(&report->body, "<data value=\"");
    spt_text_put_number(&report->body, value);
    spt_text_put(&report->body, "\" title=\"");
    spt_html_put(&report->body, of);
    spt_text_put(&report->body, "\">");
    spt_html_put(&report->body, shown);
    spt_text_put(&report->body, "</data>");
}

void spt_report_interval(struct spt_report *report, const char *opening) {
    const size_t blanks = strspn(opening, " ");
    spt_text_append(&report->body, opening, blanks);
    spt_text_put(&report->body, "<span class=\"interval\">");
    spt_html_put(&report->body, opening + blanks);
}

void spt_report_end_interval(struct spt_report *report, const char *closing) {
    spt_html_put(&report->body, closing);
    spt_text_put(&report->body, "</span>");
}

void spt_report_link(struct spt_report *report, const char *anchor, const char *text) {
    spt_text_format(&report->body, "<a href=\"#%s\">", anchor);
    spt_html_put(&report->body, text);
    spt_text_put(&report->body, "</a>");
}

/* --- blocks --- */

void spt_report_header(struct spt_report *report, const char *title, const char *line) {
    spt_text_put(&report->page, "<header>\n<h1>");
    spt_html_put(&report->page, title);
    spt_text_put(&report->page, "</h1>\n<p class=\"line\">");
    spt_html_put(&report->page, line);
    spt_text_put(&report->page, "</p>\n</header>\n");
}

static void end_sections(struct spt_report *report) {
    if (report->in_sections) spt_text_put(&report->contents, "</ol>");
    report->in_sections = false;
}

static void end_chapter(struct spt_report *report) {
    end_sections(report);
    if (!report->in_chapter) return;
    spt_text_put(&report->body, "</section>\n");
    spt_text_put(&report->contents, "</li>\n");
    report->in_chapter = false;
}

static void put_entry(struct spt_report *report, const char *id, const char *title) {
    spt_text_format(&report->contents, "<li><a href=\"#%s\">", id);
    spt_html_put(&report->contents, title);
    spt_text_put(&report->contents, "</a>");
}

void spt_report_chapter(struct spt_report *report, const char *id, const char *title) {
    end_chapter(report);
    put_entry(report, id, title);
    spt_text_format(&report->body, "<section>\n<h2 id=\"%s\">", id);
    spt_html_put(&report->body, title);
    spt_text_put(&report->body, "</h2>\n");
    report->in_chapter = true;
}

void spt_report_section(struct spt_report *report, const char *id, const char *title) {
    if (!report->in_sections) spt_text_put(&report->contents, "<ol>");
    report->in_sections = true;
    put_entry(report, id, title);
    spt_text_put(&report->contents, "</li>\n");
    spt_text_format(&report->body, "<h3 id=\"%s\">", id);
    spt_html_put(&report->body, title);
    spt_text_put(&report->body, "</h3>\n");
}

void spt_report_open(struct spt_report *report, enum spt_report_block block) {
    spt_text_put(&report->body, BLOCKS[block].open);
}

void spt_report_close(struct spt_report *report, enum spt_report_block block) {
    spt_text_put(&report->body, BLOCKS[block].close);
}

void spt_report_fact(struct spt_report *report, const char *term) {
    put_element(report, "dt", term);
    spt_text_put(&report->body, "<dd>");
}

void spt_report_reference(struct spt_report *report, const char *key) {
    spt_text_format(&report->body, "<li id=\"ref-%s\">", key);
}

void spt_report_fold(struct spt_report *report, const char *summary) {
    spt_text_put(&report->body, "<details>\n");
    put_element(report, "summary", summary);
    spt_text_put(&report->body, "\n");
}

void spt_report_end_fold(struct spt_report *report) {
    spt_text_put(&report->body, "</details>\n");
}

void spt_report_listing(struct spt_report *report, const char *label, const char *text) {
    spt_text_put(&report->body, "<p class=\"label\">");
    spt_html_put(&report->body, label);
    spt_text_put(&report->body, "</p>\n<pre tabindex=\"0\">");
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");
        spt_html_append(&report->body, line, length);
        spt_text_put(&report->body, "\n");
        line += length + (line[length] != '\0');
    }
    spt_text_put(&report->body, "</pre>\n");
}

/* --- tables --- */

/* A box that scrolls must be reached by the keyboard, and then say what it is. */
static void open_scrolling(struct spt_report *report, const char *class, const char *label) {
    spt_text_format(&report->body, "<div class=\"%s\" role=\"region\" tabindex=\"0\" aria-label=\"", class);
    spt_html_put(&report->body, label);
    spt_text_put(&report->body, "\">\n");
}

void spt_report_table(struct spt_report *report, const char *caption, const struct spt_report_column *columns,
                      size_t count) {
    open_scrolling(report, "table", caption);
    spt_text_format(&report->body, "<table>\n<caption><strong>Table %zu.</strong> ", ++report->tables);
    spt_report_text(report, caption);
    spt_text_put(&report->body, "</caption>\n<thead>\n<tr>");
    for (size_t i = 0; i < count; i++) {
        spt_text_put(&report->body, columns[i].number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
        spt_html_put(&report->body, columns[i].title);
        spt_text_put(&report->body, "</th>");
    }
    spt_text_put(&report->body, "</tr>\n</thead>\n<tbody>\n");
}

void spt_report_row(struct spt_report *report) {
    spt_text_put(&report->body, "<tr>");
}

void spt_report_head_cell(struct spt_report *report) {
    spt_text_put(&report->body, "<th scope=\"row\">");
}

void spt_report_end_head_cell(struct spt_report *report) {
    spt_text_put(&report->body, "</th>");
}

void spt_report_cell(struct spt_report *report, bool number) {
    spt_text_put(&report->body, number ? "<td class=\"n\">" : "<td>");
}

void spt_report_end_cell(struct spt_report *report) {
    spt_text_put(&report->body, "</td>");
}

void spt_report_end_row(struct spt_report *report) {
    spt_text_put(&report->body, "</tr>\n");
}

void spt_report_end_table(struct spt_report *report) {
    spt_text_put(&report->body, "</tbody>\n</table>\n</div>\n");
}

enum { WHISKER_WIDTH = 144, WHISKER_HEIGHT = 16, WHISKER_MARGIN = 5 };

static double on_scale(double x) {
    return WHISKER_MARGIN + fmin(fmax(x, 0), 1) * (WHISKER_WIDTH - 2 * WHISKER_MARGIN);
}

void spt_report_whisker(struct spt_report *report, double lo, double at, double hi, double reference) {
    struct spt_text *body = &report->body;
    spt_text_format(body, "<svg class=\"when\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\">", WHISKER_WIDTH,
                    WHISKER_HEIGHT);
    spt_text_format(body, "<path d=\"M%d 8H%d\" stroke=\"var(--line)\"/>", WHISKER_MARGIN,
                    WHISKER_WIDTH - WHISKER_MARGIN);
    if (!isnan(reference))
        spt_text_format(body, "<path d=\"M%.1f 0V16\" stroke=\"var(--soft)\" stroke-dasharray=\"2 2\"/>",
                        on_scale(reference));
    if (!isnan(lo) && !isnan(hi))
        spt_text_format(body, "<path d=\"M%.1f 8H%.1f\" stroke=\"var(--link)\" stroke-width=\"3\"/>", on_scale(lo),
                        on_scale(hi));
    if (!isnan(at))
        spt_text_format(body, "<circle cx=\"%.1f\" cy=\"8\" r=\"3.5\" fill=\"var(--link)\"/>", on_scale(at));
    spt_text_put(body, "</svg>");
}

/* --- figures --- */

void spt_report_figure(struct spt_report *report, const char *id, const char *title, const char *caption,
                       const char *source, const char *svg, size_t size) {
    struct spt_text *body = &report->body;
    double width = 0, height = 0;
    const bool sized = spt_html_svg_size(svg, &width, &height);
    const int wide = (int)(width * SPT_HTML_DPI * SPT_HTML_ENLARGED),
              tall = (int)(height * SPT_HTML_DPI * SPT_HTML_ENLARGED);
    const size_t number = ++report->figures;
    spt_text_format(body, "<figure id=\"%s\">\n", id);
    open_scrolling(report, "scroll", title);
    spt_text_put(body, "<img src=\"");
    spt_html_put_svg(body, svg, size);
    spt_text_put(body, "\"");
    /* As large as its letters want it; on a narrow page smaller, but not so small that they cannot be read: then it scrolls. */
    if (sized)
        spt_text_format(body, " width=\"%d\" height=\"%d\" style=\"max-width:100%%;min-width:min(%dpx,%d%%)\"", wide,
                        tall, (int)(width * SPT_HTML_DPI), width > 5 ? 200 : 100);
    spt_text_put(body, " alt=\"");
    spt_html_put(body, title);
    spt_text_put(body, ". ");
    spt_html_put(body, caption);
    spt_text_format(body, "\">\n</div>\n<figcaption><strong>Figure %zu. ", number);
    spt_html_put(body, title);
    spt_text_put(body, ".</strong> ");
    spt_report_text(report, caption);
    spt_text_put(body, " Drawn by ");
    spt_report_code(report, source);
    spt_text_put(body, ".</figcaption>\n</figure>\n");
}

/* --- the whole --- */

enum spt_status spt_report_end(struct spt_report *report, const char *title, struct spt_error *error) {
    struct spt_text header = report->page;
    end_chapter(report);
    report->page = (struct spt_text){0};
    spt_html_begin(&report->page, title, spt_plot_script_find("report.css"));
    spt_text_put(&report->page, "<div class=\"frame\">\n");
    spt_text_append(&report->page, header.data, header.length);
    spt_text_put(&report->page, "<nav aria-label=\"Contents\">\n<ol>\n");
    spt_text_append(&report->page, report->contents.data, report->contents.length);
    spt_text_put(&report->page, "</ol>\n</nav>\n<main>\n");
    spt_text_append(&report->page, report->body.data, report->body.length);
    spt_text_put(&report->page, "</main>\n</div>\n</body>\n</html>\n");
    const bool failed = header.failed || report->contents.failed || report->body.failed || report->page.failed;
    spt_text_release(&header);
    return failed ? spt_fail_memory(error, report->body.length, "a report") : SPT_OK;
}
