/* A report: one page of HTML that reads from the file system and needs nothing but itself, neither script nor network. Light and
 * dark, narrow and wide, and on paper.
 *
 *     spt_report_begin  ->  chapter, paragraph, table, figure ... in the order of reading  ->  spt_report_end  ->  .page
 *
 * What is said comes from the caller; here it becomes HTML, and all of it is text: nothing that is given can be markup.
 * A failed allocation sets body.failed, and spt_report_end says so.
 */
#ifndef SPT_PLOTS_REPORT_H
#define SPT_PLOTS_REPORT_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/text.h"

#include <stddef.h>

/* How a work is cited in text, and its anchor: wherever the label stands in what is put, it becomes a link there. */
struct spt_report_citation {
    const char *label; /* "Gu et al. 2024" */
    const char *key;   /* "gu2024" */
};

struct spt_report {
    struct spt_text page; /* the whole, after spt_report_end */
    struct spt_text body, contents;
    const struct spt_report_citation *citations; /* [citation_count] borrowed */
    size_t citation_count;
    bool *cited; /* [citation_count] whether it stands in the text so far */
    size_t figures, tables;
    bool in_chapter, in_sections; /* what is open */
};

enum spt_status spt_report_begin(struct spt_report *report, const struct spt_report_citation *citations, size_t count,
                                 struct spt_error *error);
void spt_report_release(struct spt_report *report);

/* --- text, within a paragraph, an item, a cell, a fact --- */
void spt_report_text(struct spt_report *report, const char *text);
void spt_report_format(struct spt_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void spt_report_code(struct spt_report *report, const char *text);
void spt_report_strong(struct spt_report *report, const char *text);
/* A figure: shown as people read it, with its value to 17 digits, and of says what it is in words that a program can read too
 * ("sink.first, layer 5, step 1000: mean"). */
void spt_report_value(struct spt_report *report, const char *shown, double value, const char *of);
/* What stands between them stays on one line, if it can: opening and closing are the brackets. */
void spt_report_interval(struct spt_report *report, const char *opening);
void spt_report_end_interval(struct spt_report *report, const char *closing);
/* A link within the page. */
void spt_report_link(struct spt_report *report, const char *anchor, const char *text);

/* --- blocks --- */
void spt_report_header(struct spt_report *report, const char *title, const char *line);
/* Each ends the one before; id: letters, digits, '-'. */
void spt_report_chapter(struct spt_report *report, const char *id, const char *title);
void spt_report_section(struct spt_report *report, const char *id, const char *title);

enum spt_report_block {
    SPT_REPORT_PARAGRAPH,
    SPT_REPORT_NOTE, /* a paragraph of less weight */
    SPT_REPORT_LIST,
    SPT_REPORT_ITEM,
    SPT_REPORT_FACTS, /* terms, and what they are */
    SPT_REPORT_FACT,
    SPT_REPORT_REFERENCES,
    SPT_REPORT_BLOCKS
};
void spt_report_open(struct spt_report *report, enum spt_report_block block);
void spt_report_close(struct spt_report *report, enum spt_report_block block);
/* The term of a fact, which is then open. */
void spt_report_fact(struct spt_report *report, const char *term);
/* An entry of the references, which is then open as an item. */
void spt_report_reference(struct spt_report *report, const char *key);

/* What is folded away until it is asked for. */
void spt_report_fold(struct spt_report *report, const char *summary);
void spt_report_end_fold(struct spt_report *report);

/* Lines as they are, to be copied. */
void spt_report_listing(struct spt_report *report, const char *label, const char *text);

struct spt_report_column {
    const char *title;
    bool number; /* to the right */
};
void spt_report_table(struct spt_report *report, const char *caption, const struct spt_report_column *columns,
                      size_t count);
void spt_report_row(struct spt_report *report);
void spt_report_head_cell(struct spt_report *report); /* what the row is of */
void spt_report_end_head_cell(struct spt_report *report);
void spt_report_cell(struct spt_report *report, bool number);
void spt_report_end_cell(struct spt_report *report);
void spt_report_end_row(struct spt_report *report);
void spt_report_end_table(struct spt_report *report);

/* A mark with its interval on a scale from 0 to 1, and a line across at reference; NAN where there is none. Says nothing that
 * does not stand beside it in words. */
void spt_report_whisker(struct spt_report *report, double lo, double at, double hi, double reference);

/*   svg     [size] ends in NUL
 *   source  how it is drawn again: a command */
void spt_report_figure(struct spt_report *report, const char *id, const char *title, const char *caption,
                       const char *source, const char *svg, size_t size);

/* The whole page stands in report->page. SPT_NOMEM. */
enum spt_status spt_report_end(struct spt_report *report, const char *title, struct spt_error *error);

#endif
