/* One page with all figures, for a browser and the file system: no network, no script, light and dark. */
#include "plots/html.h"
#include "plots/plot.h"

#include "checkpoints/base/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Pixels of a PNG in an inch. */
#define PNG_DPI 300.0

static const char STYLE[] =
    "body{margin:0 auto;padding:1.5rem;max-width:84rem;background:var(--ground);color:var(--text);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{margin:0;font-size:1.5rem;overflow-wrap:anywhere}h2{margin:0 0 .6rem;font-size:1.1rem}\n"
    "p{margin:.4rem 0;color:var(--soft)}a{color:var(--link)}\n"
    "main{display:flex;flex-wrap:wrap;gap:1.2rem;align-items:flex-start;margin-top:1.2rem}\n"
    "section{box-sizing:border-box;max-width:100%;padding:1rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:.5rem}\n"
    "section p{width:0;min-width:100%;font-size:.9rem}\n"
    "img,object{display:block;max-width:100%;background:#fff;border-radius:.25rem}img{height:auto}\n";

static double big_endian(const unsigned char *b) {
    return (double)b[0] * 0x1000000 + (double)b[1] * 0x10000 + (double)b[2] * 0x100 + (double)b[3];
}

/* Inches in print, from the figure's own file; 0 when they are not to be found there. */
static void size_in_print(const char *path, enum spt_plot_format format, double *width, double *height) {
    *width = *height = 0;
    char *bytes = NULL;
    size_t size = 0;
    if (spt_file_read_all(path, (size_t)1 << 28, &bytes, &size, NULL) != SPT_OK) return;
    if (format == SPT_PLOT_PNG && size >= 24) {
        const unsigned char *b = (const unsigned char *)bytes;
        *width = big_endian(b + 16) / PNG_DPI;
        *height = big_endian(b + 20) / PNG_DPI;
    } else if (format == SPT_PLOT_SVG) {
        if (!spt_html_svg_size(bytes, width, height)) *width = *height = 0;
    } else if (format == SPT_PLOT_PDF) {
        const char *box = memmem(bytes, size, "/MediaBox [ 0 0 ", strlen("/MediaBox [ 0 0 "));
        if (box) {
            char *end = NULL;
            *width = strtod(box + strlen("/MediaBox [ 0 0 "), &end) / 72;
            *height = strtod(end, NULL) / 72;
        }
    }
    free(bytes);
}

static enum spt_status put_figure(struct spt_text *page, const struct spt_figure *figure, enum spt_plot_format format,
                                  const char *directory, struct spt_error *error) {
    const char *suffix = spt_plot_format_name(format);
    struct spt_text path = {0};
    spt_text_format(&path, "%s/%s.%s", directory, figure->name, suffix);
    if (path.failed) return spt_fail_memory(error, strlen(directory), "a path");
    double width = 0, height = 0;
    size_in_print(path.data, format, &width, &height);
    spt_text_release(&path);
    int wide = (int)(width * SPT_HTML_DPI * SPT_HTML_ENLARGED), tall = (int)(height * SPT_HTML_DPI * SPT_HTML_ENLARGED);
    spt_text_format(page, "<section id=\"%s\">\n<h2>", figure->name);
    spt_html_put(page, figure->title);
    spt_text_put(page, "</h2>\n");
    if (format == SPT_PLOT_PDF)
        spt_text_format(page, "<object data=\"%s.pdf\" type=\"application/pdf\"", figure->name);
    else
        spt_text_format(page, "<img src=\"%s.%s\"", figure->name, suffix);
    if (wide > 0 && tall > 0) spt_text_format(page, " width=\"%d\" height=\"%d\"", wide, tall);
    if (format == SPT_PLOT_PDF) {
        spt_text_format(page, "><a href=\"%s.pdf\">%s.pdf</a></object>\n", figure->name, figure->name);
    } else {
        spt_text_put(page, " alt=\"");
        spt_html_put(page, figure->title);
        spt_text_put(page, "\">\n");
    }
    spt_text_put(page, "<p>");
    spt_html_put(page, figure->caption);
    spt_text_format(page, "</p>\n<p><a href=\"%s.%s\">%s.%s</a> · <a href=\"%s.dat\">%s.dat</a> · ", figure->name,
                    suffix, figure->name, suffix, figure->name, figure->name);
    spt_text_format(page, "<a href=\"%s.gp\">%s.gp</a></p>\n</section>\n", figure->name, figure->name);
    return SPT_OK;
}

static void put_count(struct spt_text *page, size_t count, const char *what) {
    spt_text_format(page, ", %zu %s%s", count, what, count == 1 ? "" : "s");
}

static void put_summary(struct spt_text *page, const struct spt_plot_source *source) {
    spt_text_format(page, "<p>%zu checkpoint%s", source->count, source->count == 1 ? "" : "s");
    if (source->count)
        spt_text_format(page, source->count == 1 ? ", step %" PRId64 : ", steps %" PRId64 " to %" PRId64,
                        source->checkpoints[0].step, source->checkpoints[source->count - 1].step);
    put_count(page, source->layers, "layer");
    put_count(page, source->heads, "head");
    put_count(page, source->samples, "probe sample");
    spt_text_put(page, "</p>\n");
    size_t duplicates = 0;
    for (size_t i = 0; i < source->count; i++) {
        if (!source->checkpoints[i].duplicate) continue;
        spt_text_put(page, duplicates++ ? ", " : "<p>Drawn hollow, for their weights are another step's: ");
        spt_html_put(page, source->checkpoints[i].label ? source->checkpoints[i].label : "?");
    }
    if (duplicates) spt_text_put(page, "</p>\n");
}

enum spt_status spt_plot_index(const struct spt_figure *const *figures, size_t count,
                               const struct spt_plot_source *source, enum spt_plot_format format, const char *directory,
                               struct spt_error *error) {
    if (format == SPT_PLOT_TERM)
        return spt_fail(error, SPT_INVALID, NULL, "figures on a terminal leave no files for an index");
    struct spt_text page = {0}, path = {0};
    const char *title = source->title ? source->title : source->run;
    spt_html_begin(&page, title, STYLE);
    spt_text_put(&page, "<header>\n<h1>");
    spt_html_put(&page, title);
    spt_text_put(&page, "</h1>\n");
    put_summary(&page, source);
    spt_text_put(&page, "</header>\n<main>\n");
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < count; i++)
        status = put_figure(&page, figures[i], format, directory, error);
    spt_text_put(&page, "</main>\n</body>\n</html>\n");
    spt_text_format(&path, "%s/index.html", directory);
    if (status == SPT_OK && (page.failed || path.failed)) status = spt_fail_memory(error, page.length, "index.html");
    if (status == SPT_OK) status = spt_file_write_all(path.data, page.data, page.length, error);
    spt_text_release(&page);
    spt_text_release(&path);
    return status;
}
