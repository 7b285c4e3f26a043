/* Attention matrices of one sample: one head's with its tokens beside it, or small ones of every head of a layer, or of
 * every layer. */
#include "plots/figures/figures.h"
#include "plots/figures/tokens.h"

#include <math.h>
#include <stdlib.h>

/* Inches. */
#define COLUMN         3.35
#define PAGE           7.0
#define TALLEST        4.95
#define COLUMN_TALLEST 3.4
#define WIDTH_LEAST    2.9 /* that the title has room */
#define SIDE_LEAST     1.6
#define TOP            0.30 /* the title */
#define STRIP          0.40 /* what keys receive, above a matrix */
#define SCALE          0.62 /* the scale of colours */
#define TILE           0.11
#define LEFT           0.30
#define BOTTOM         0.30
#define UNDER_KEY      0.16 /* the name of the axis, below the tokens */
#define SPACE          0.10
#define OVER           0.17 /* a small panel's title */
#define UNDER          0.05 /* its marks */

/* A sample of this many tokens fits a column. */
#define COLUMN_TOKENS 24

/* Numbers that are drawn at most: 4 million take gnuplot some seconds. */
#define CELLS_MOST ((size_t)1 << 22)

static bool sees(const struct spt_plot_attention *a, size_t panel, size_t query, size_t key) {
    return a->bidirectional || (key <= query && query - key < a->window[panel]);
}

static void put_matrix(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t panel) {
    const float *matrix = a->matrices + panel * a->n * a->n;
    spt_block_put(drawing, "a line for each query, a column for each key; -1: hidden, -2: NaN or infinite",
                  "matrix %zu", panel + 1);
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < a->n; k++) {
            const double value = (double)matrix[i * a->n + k];
            const double shown = !sees(a, panel, i, k) ? -1 : isfinite(value) ? value : -2;
            spt_text_format(drawing->data, "%.5g%s", shown, k + 1 < a->n ? " " : "\n");
        }
}

static void put_received(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t panel) {
    spt_block_put(drawing, "key received uniform reference", "received %zu", panel + 1);
    for (size_t k = 0; k < a->n; k++) {
        spt_text_format(drawing->data, "%zu ", k);
        spt_number_put(drawing->data, a->received[panel * a->n + k]);
        spt_text_put(drawing->data, " ");
        spt_number_put(drawing->data, a->uniform[panel * a->n + k]);
        spt_text_format(drawing->data, " %d\n", a->is_reference[panel * a->n + k]);
    }
}

/* Setting references: the panel's reference tokens as " 0 12 ", and received: what each token gets, where there is one
 * panel. */
static void put_marks(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t panel, bool alone) {
    struct spt_text *settings = drawing->settings;
    spt_text_format(settings, "references[%zu] = ' ", panel + 1);
    for (size_t k = 0; k < a->n; k++)
        if (a->is_reference[panel * a->n + k]) spt_text_format(settings, "%zu ", k);
    spt_text_put(settings, "'\n");
    if (alone) spt_text_format(settings, "array received[%zu]\n", a->n);
    for (size_t k = 0; alone && k < a->n; k++) {
        spt_text_format(settings, "received[%zu] = ", k + 1);
        spt_number_put(settings, a->received[k]);
        spt_text_put(settings, "\n");
    }
}

static double largest_received(const struct spt_plot_attention *a) {
    double most = 0;
    for (size_t k = 0; k < a->n; k++) {
        most = fmax(most, a->uniform[k]);
        if (isfinite(a->received[k])) most = fmax(most, a->received[k]);
    }
    return most;
}

/* --- layouts --- */

static void put_one(struct spt_drawing *drawing, const struct spt_plot_attention *a, double *width) {
    const double n = (double)a->n, most = a->n <= COLUMN_TOKENS ? 2.15 : 3.45;
    const double side = fmin(fmax(TILE * n, SIDE_LEAST), most), room = spt_tokens_room(a, side / n);
    const size_t rows = a->n + 6;
    *width = fmax(LEFT + room + side + SCALE, WIDTH_LEAST);
    spt_tokens_put(drawing, a, side / n);
    spt_text_format(drawing->settings, "side = %.3f\nwidth = %.3f\nheight = %.3f\nreceived_max = %.6g\n", side, *width,
                    TOP + STRIP + 0.04 + side + room + UNDER_KEY, 1.05 * largest_received(a));
    spt_text_format(drawing->settings, "rows = %zu\n", rows < 20 ? 20 : rows > 80 ? 80 : rows);
}

/* As many across as make the panels largest. */
static void put_many(struct spt_drawing *drawing, const struct spt_plot_attention *a, double *width) {
    const bool column = a->panels <= 4;
    const double page = column ? COLUMN : PAGE, tallest = column ? COLUMN_TALLEST : TALLEST;
    size_t across = 1, down;
    double side = 0;
    for (size_t tried = 1; tried <= a->panels; tried++) {
        const size_t lines = (a->panels + tried - 1) / tried;
        const double wide = (page - LEFT - SCALE - SPACE * (double)(tried - 1)) / (double)tried;
        const double tall = (tallest - TOP - BOTTOM) / (double)lines - OVER - UNDER;
        const double fits = fmin(fmin(wide, tall), 1.5);
        if (fits <= side) continue;
        side = fits;
        across = tried;
    }
    side = fmax(side, 0.15);
    down = (a->panels + across - 1) / across;
    *width = fmax(LEFT + SCALE + (double)across * (side + SPACE) - SPACE, WIDTH_LEAST);
    spt_tokens_put(drawing, a, side / (double)a->n);
    spt_text_format(drawing->settings, "across = %zu\ndown = %zu\nside = %.4f\nwidth = %.3f\nheight = %.3f\n", across,
                    down, side, *width, TOP + (double)down * (side + OVER + UNDER) + BOTTOM);
    const size_t lines = a->n < 16 ? a->n : 16;
    spt_text_format(drawing->settings, "rows = %zu\n", down * (lines + 7) + 2);
}

/* "step 512, layer 3, head 2, sample 0 (24 tokens)" */
static void put_title(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t checkpoint,
                      double width) {
    const struct spt_plot_options *options = drawing->options;
    struct spt_text line = {0};
    spt_moment_put(&line, &drawing->source->checkpoints[checkpoint]);
    if (options->layer >= 0) spt_text_format(&line, ", layer %d", options->layer);
    if (options->head >= 0) spt_text_format(&line, ", head %d", options->head);
    if (options->layer < 0) spt_text_put(&line, ", mean over heads");
    spt_text_format(&line, ", %s (%zu token%s)", a->about, a->n, a->n == 1 ? "" : "s");
    spt_title_put(drawing, width, line.failed ? "" : line.data);
    if (line.failed) drawing->settings->failed = true;
    spt_text_release(&line);
}

static enum spt_status draw(struct spt_drawing *drawing, const struct spt_plot_attention *a, size_t checkpoint) {
    const struct spt_plot_options *options = drawing->options;
    struct spt_text *settings = drawing->settings;
    double width;
    spt_text_format(settings, "panels = %zu\narray panel_title[%zu]\narray panel_finite[%zu]\narray references[%zu]\n",
                    a->panels, a->panels, a->panels, a->panels);
    for (size_t p = 0; p < a->panels; p++) {
        put_matrix(drawing, a, p);
        put_received(drawing, a, p);
        put_marks(drawing, a, p, options->head >= 0);
        spt_text_format(settings, "panel_title[%zu] = '%s %zu'; panel_finite[%zu] = %d\n", p + 1,
                        options->layer < 0 ? "layer" : "head", options->head >= 0 ? (size_t)options->head : p, p + 1,
                        a->finite[p]);
    }
    spt_scale_put(drawing);
    spt_text_format(settings, "alone = %d # one matrix with its tokens\n", options->head >= 0 ? 1 : 0);
    if (options->head >= 0)
        put_one(drawing, a, &width);
    else
        put_many(drawing, a, &width);
    put_title(drawing, a, checkpoint, width);
    return spt_drawing_end(drawing, SPT_OK);
}

SPT_FIGURE_WRITER(spt_figure_attention) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    size_t *index = NULL, n = 0;
    if (!source->attention) return SPT_END;
    if (options->head >= 0 && options->layer < 0)
        return spt_fail(error, SPT_INVALID, NULL, "head %d of which layer? --layer names it", options->head);
    spt_axis_init(&drawing.axis, source);
    enum spt_status status = spt_looks_choose(&drawing, &index, &n);
    if (status != SPT_OK) return status;
    const struct spt_plot_look look = {
        .checkpoint = index[n - 1], .layer = options->layer, .head = options->head, .matrices = true};
    struct spt_plot_attention attention = {0};
    free(index);
    status = source->attention(source->attention_context, &look, &attention, error);
    if (status != SPT_OK) return status;
    if (attention.n > CELLS_MOST / attention.n / attention.panels)
        status = spt_fail(error, SPT_INVALID, NULL, "%zu matrices of %zu x %zu are more than a figure holds%s",
                          attention.panels, attention.n, attention.n,
                          options->head < 0 ? ": --layer and --head name one" : "");
    else
        status = draw(&drawing, &attention, look.checkpoint);
    spt_plot_attention_release(&attention);
    return status;
}
