/* What the tokens of one sample receive in every layer, and which of them are the layers' reference tokens: a panel for
 * each step. */
#include "plots/figures/figures.h"
#include "plots/figures/tokens.h"

#include <math.h>
#include <stdlib.h>

/* Inches. */
#define TOP    0.30 /* the title */
#define LEFT   0.34
#define SCALE  0.62
#define OVER   0.17 /* a panel's title, where there are several */
#define TILE   0.11
#define BOTTOM 0.06
#define HEIGHT 4.9

/* Panels that have the room to be read. */
#define STEPS_MOST 12

/* A sample of this many tokens fits a column. */
#define COLUMN_TOKENS 24

static void put_cells(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t panel, bool *finite) {
    spt_block_put(drawing, "token layer received uniform reference", "panel %zu", panel + 1);
    *finite = true;
    for (size_t layer = 0; layer < a->panels; layer++) {
        *finite = *finite && a->finite[layer];
        for (size_t k = 0; k < a->n; k++) {
            const size_t at = layer * a->n + k;
            spt_text_format(drawing->data, "%zu %zu ", k, layer);
            spt_number_put(drawing->data, a->received[at]);
            spt_text_put(drawing->data, " ");
            spt_number_put(drawing->data, a->uniform[at]);
            spt_text_format(drawing->data, " %d\n", a->is_reference[at]);
        }
    }
}

static void put_layout(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t panels, double *width) {
    const double n = (double)a->n, layers = (double)a->panels, over = panels > 1 ? OVER : 0;
    const double wide = fmin(fmax(TILE * n, 1.6), a->n <= COLUMN_TOKENS ? 2.35 : 6.0);
    const double room = spt_tokens_room(a, wide / n);
    const double fits = (HEIGHT - TOP - BOTTOM - room) / (double)panels - over - 0.05;
    const double tall = fmax(fmin(fmin(fmax(0.12 * layers, 0.35), 2.2), fits), 0.2);
    *width = fmax(LEFT + wide + SCALE, 2.9);
    spt_tokens_put(drawing, a, wide / n);
    spt_text_format(drawing->settings,
                    "layers = %zu\npanels = %zu\nwide = %.3f; tall = %.3f; over = %.2f # of a panel\n", a->panels,
                    panels, wide, tall, over);
    spt_text_format(drawing->settings, "width = %.3f\nheight = %.3f\n", *width,
                    TOP + (double)panels * (over + tall + 0.05) - 0.05 + room + BOTTOM);
    spt_text_format(drawing->settings, "rows = %zu\n", a->n < 70 ? a->n + 9 : 79);
}

/* "step 512, sample 0 (24 tokens)"; of several steps each panel names its own. */
static void put_title(struct spt_drawing *drawing, const struct spt_plot_attention *a, const size_t *index, size_t n,
                      double width) {
    struct spt_text line = {0};
    if (n == 1) {
        spt_moment_put(&line, &drawing->source->checkpoints[index[0]]);
        spt_text_put(&line, ", ");
    }
    spt_text_format(&line, "%s (%zu token%s)", a->about, a->n, a->n == 1 ? "" : "s");
    spt_title_put(drawing, width, line.failed ? "" : line.data);
    if (line.failed) drawing->settings->failed = true;
    spt_text_release(&line);
}

/* The title of a panel says where its attention is undefined. */
static void put_panel(struct spt_drawing *drawing, size_t panel, size_t checkpoint, bool finite) {
    struct spt_text title = {0};
    spt_moment_put(&title, &drawing->source->checkpoints[checkpoint]);
    if (!finite) spt_text_put(&title, ": attention is NaN or infinite");
    spt_text_format(drawing->settings, "panel_title[%zu] = ", panel + 1);
    spt_quoted_put(drawing->settings, title.failed ? "" : title.data);
    spt_text_format(drawing->settings, "; panel_finite[%zu] = %d\n", panel + 1, finite ? 1 : 0);
    if (title.failed) drawing->settings->failed = true;
    spt_text_release(&title);
}

static enum spt_status draw(struct spt_drawing *drawing, const size_t *index, size_t n) {
    const struct spt_plot_source *source = drawing->source;
    double width = 0;
    spt_text_format(drawing->settings, "array panel_title[%zu]\narray panel_finite[%zu]\n", n, n);
    spt_scale_put(drawing);
    for (size_t p = 0; p < n; p++) {
        const struct spt_plot_look look = {.checkpoint = index[p], .layer = -1, .head = -1};
        struct spt_plot_attention attention = {0};
        bool finite;
        const enum spt_status status = source->attention(source->attention_context, &look, &attention, drawing->error);
        if (status != SPT_OK) return status;
        put_cells(drawing, &attention, p, &finite);
        put_panel(drawing, p, index[p], finite);
        if (p == 0) put_layout(drawing, &attention, n, &width);
        if (p == 0) put_title(drawing, &attention, index, n, width);
        spt_plot_attention_release(&attention);
    }
    return spt_drawing_end(drawing, SPT_OK);
}

SPT_FIGURE_WRITER(spt_figure_references) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    size_t *index = NULL, n = 0;
    if (!source->attention) return SPT_END;
    spt_axis_init(&drawing.axis, source);
    enum spt_status status = spt_looks_choose(&drawing, &index, &n);
    if (status == SPT_OK && n > STEPS_MOST)
        status = spt_fail(error, SPT_INVALID, NULL, "%zu steps are named, the figure references has room for %d", n,
                          STEPS_MOST);
    if (status == SPT_OK) status = draw(&drawing, index, n);
    free(index);
    return status;
}
