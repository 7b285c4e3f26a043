#include "plots/figures/tokens.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points: of labels at most and at least, and of an inch. */
#define LABEL_MOST  6.5
#define LABEL_LEAST 4.6
#define INCH        72.0

/* Of a letter's height: its width, and the height of a line. */
#define LETTER 0.56
#define LINE   1.08

/* Inches of a letter in the two lines of the title. */
#define TITLE_LETTER 0.063
#define LINE_LETTER  0.055

static double label_size(double inches) {
    return fmin(fmax(inches * INCH / LINE, LABEL_LEAST), LABEL_MOST);
}

/* The first most characters of text, wide ones counted twice, and an ellipsis where there are more. */
static size_t put_cut(struct spt_text *out, const char *text, size_t most) {
    size_t left = strlen(text), columns = 0, width;
    const char *from = text;
    struct spt_text cut = {0};
    spt_text_put(&cut, "");
    for (; left > 0; from += width, left -= width) {
        uint32_t code = 0;
        width = spt_unicode_decode(from, left, &code);
        const size_t letter = width ? spt_unicode_width(code) : 1;
        if (width == 0) width = 1;
        if (columns + letter > most - 1 && left > width) {
            spt_text_put(&cut, "…");
            columns++;
            break;
        }
        spt_text_append(&cut, from, width);
        columns += letter;
    }
    if (out) spt_quoted_put(out, cut.failed ? "" : cut.data);
    if (out && cut.failed) out->failed = true;
    spt_text_release(&cut);
    return columns;
}

double spt_tokens_room(const struct spt_plot_attention *attention, double inches) {
    size_t longest = 1;
    for (size_t k = 0; k < attention->n; k++) {
        const size_t letters = put_cut(NULL, attention->token[k], SPT_TOKEN_LETTERS);
        if (letters > longest) longest = letters;
    }
    return 0.06 + (double)longest * LETTER * label_size(inches) / INCH;
}

void spt_tokens_put(struct spt_drawing *drawing, const struct spt_plot_attention *attention, double inches) {
    struct spt_text *settings = drawing->settings;
    const double size = label_size(inches);
    spt_text_format(settings, "n = %zu\narray token[%zu]\n", attention->n, attention->n);
    for (size_t k = 0; k < attention->n; k++) {
        spt_text_format(settings, "token[%zu] = ", k + 1);
        put_cut(settings, attention->token[k], SPT_TOKEN_LETTERS);
        spt_text_put(settings, "\n");
    }
    spt_text_format(settings, "label_size = %.2f; label_stride = %d\nroom = %.3f\n", size,
                    (int)ceil(size * LINE / (inches * INCH) - 0.001), spt_tokens_room(attention, inches));
}

void spt_title_put(struct spt_drawing *drawing, double width, const char *line) {
    const struct spt_plot_source *source = drawing->source;
    spt_text_put(drawing->settings, "head_line = ");
    put_cut(drawing->settings, source->title ? source->title : source->run, (size_t)((width - 0.1) / TITLE_LETTER));
    spt_text_put(drawing->settings, "\nsub_line = ");
    put_cut(drawing->settings, line, (size_t)((width - 0.1) / LINE_LETTER));
    spt_text_put(drawing->settings, "\n");
}

void spt_scale_put(struct spt_drawing *drawing) {
    static const char *const NAMES[] = {[SPT_PLOT_LOG] = "log", [SPT_PLOT_ROOT] = "root", [SPT_PLOT_LINEAR] = "linear"};
    spt_text_format(drawing->settings, "scale = '%s' # of colours: log, root or linear\n",
                    NAMES[drawing->options->scale]);
}

void spt_moment_put(struct spt_text *text, const struct spt_plot_checkpoint *checkpoint) {
    if (checkpoint->step >= 0)
        spt_text_format(text, "step %" PRId64, checkpoint->step);
    else
        spt_text_put(text, checkpoint->label);
}

enum spt_status spt_looks_choose(struct spt_drawing *drawing, size_t **index, size_t *n) {
    if (drawing->options->steps && drawing->options->step_count) return spt_steps_choose(drawing, NULL, 1, index, n);
    *index = spt_alloc(1, sizeof **index);
    if (!*index) return spt_fail_memory(drawing->error, sizeof **index, "chosen steps");
    **index = drawing->source->count - 1;
    *n = 1;
    return SPT_OK;
}

void spt_plot_attention_release(struct spt_plot_attention *attention) {
    for (size_t k = 0; attention->token && k < attention->n; k++) free(attention->token[k]);
    free(attention->token);
    free(attention->about);
    free(attention->matrices);
    free(attention->received);
    free(attention->uniform);
    free(attention->is_reference);
    free(attention->finite);
    free(attention->window);
    *attention = (struct spt_plot_attention){0};
}
