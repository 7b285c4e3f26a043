#include "plots/figures/series.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void spt_range_include(struct spt_range *range, double value) {
    if (!isfinite(value)) return;
    if (range->lo > range->hi) {
        range->lo = range->hi = value;
        return;
    }
    if (value < range->lo) range->lo = value;
    if (value > range->hi) range->hi = value;
}

struct spt_range spt_range_padded(struct spt_range range) {
    if (range.lo > range.hi) return (struct spt_range){0, 1};
    double width = range.hi - range.lo;
    double least = 1e-4 * fmax(fabs(range.lo), fabs(range.hi));
    double pad = width > least ? 0.06 * width : fmax(0.1 * fabs(range.hi), 0.01);
    return (struct spt_range){range.lo - pad, range.hi + pad};
}

double spt_range_step(struct spt_range range, unsigned most) {
    static const double FACTORS[] = {1, 2, 5, 10};
    double least = (range.hi - range.lo) / most;
    double scale = pow(10, floor(log10(least)));
    for (size_t i = 0; i < sizeof FACTORS / sizeof *FACTORS; i++)
        if (FACTORS[i] * scale >= least) return FACTORS[i] * scale;
    return 10 * scale;
}

void spt_number_put(struct spt_text *text, double value) {
    if (isfinite(value))
        spt_text_format(text, "%.9g", value);
    else
        spt_text_put(text, "NaN");
}

void spt_plain_put(struct spt_text *text, const char *string) {
    size_t left = strlen(string);
    while (left > 0) {
        uint32_t code = 0;
        size_t length = spt_unicode_decode(string, left, &code);
        if (length == 0)
            spt_text_put(text, "\xEF\xBF\xBD");
        else if (spt_unicode_is_unseen(code))
            spt_text_put(text, " ");
        else
            spt_text_append(text, string, length);
        if (length == 0) length = 1;
        string += length;
        left -= length;
    }
}

void spt_quoted_put(struct spt_text *text, const char *string) {
    struct spt_text plain = {0};
    spt_text_put(&plain, "");
    spt_plain_put(&plain, string);
    const char *c = plain.failed ? "" : plain.data;
    const bool leads = *c == '\''; /* gnuplot 5.4 takes ''' at the beginning for an empty string and what follows */
    if (leads) spt_text_put(text, "(");
    for (; *c == '\''; c++) spt_text_put(text, "\"\\047\".");
    spt_text_put(text, "'");
    for (; *c; c++) spt_text_append(text, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    spt_text_put(text, leads ? "')" : "'");
    if (plain.failed) text->failed = true;
    spt_text_release(&plain);
}

void spt_panels_begin(struct spt_text *settings, size_t most) {
    static const char *const ARRAYS[] = {"metric", "title_of", "y_min", "y_max", "y_step"};
    for (size_t i = 0; i < sizeof ARRAYS / sizeof *ARRAYS; i++)
        spt_text_format(settings, "array %s[%zu]\n", ARRAYS[i], most);
}

/* Tics of a panel: more than this crowd at a column's width. */
#define TICS_MOST 6

void spt_panel_put(struct spt_text *settings, size_t panel, const char *metric, const char *title,
                   struct spt_range range) {
    range = spt_range_padded(range);
    spt_text_format(settings, "metric[%zu] = '%s'; title_of[%zu] = '%s'\n", panel, metric, panel, title);
    spt_text_format(settings, "y_min[%zu] = %.9g; y_max[%zu] = %.9g; y_step[%zu] = %.9g\n", panel, range.lo, panel,
                    range.hi, panel, spt_range_step(range, TICS_MOST));
}

enum spt_status spt_series_get(struct spt_drawing *drawing, const char *metric, int layer, int head,
                               struct spt_plot_value **values) {
    const struct spt_plot_source *source = drawing->source;
    *values = NULL;
    struct spt_plot_value *found = NULL;
    enum spt_status status = source->series(source->context, metric, layer, head, &found, drawing->error);
    if (status == SPT_END) return SPT_OK;
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < source->count; i++)
        if (isfinite(found[i].mean)) {
            *values = found;
            return SPT_OK;
        }
    free(found);
    return SPT_OK;
}

void spt_block_put(struct spt_drawing *drawing, const char *columns, const char *name, ...) {
    char text[128];
    va_list arguments;
    va_start(arguments, name);
    vsnprintf(text, sizeof text, name, arguments);
    va_end(arguments);
    spt_text_format(drawing->data, "\n\n# %s |\n# %s\n", text, columns);
}

void spt_block_empty_put(struct spt_drawing *drawing) {
    spt_text_put(drawing->data, "NaN NaN NaN NaN NaN NaN NaN\n");
}

/* Step 0 stands before a break of the axis, so no line joins it to the next. */
static bool ends_line(const struct spt_drawing *drawing, size_t i) {
    return drawing->source->checkpoints[i].step == 0;
}

static bool joined(const struct spt_drawing *drawing, const struct spt_plot_value *values, size_t i) {
    if (i + 1 >= drawing->source->count || ends_line(drawing, i)) return false;
    return isfinite(values[i].mean) && isfinite(values[i + 1].mean);
}

void spt_row_put(struct spt_drawing *drawing, const char *label, double x, struct spt_plot_value value, int mark,
                 bool alone, struct spt_range *range) {
    if (!isfinite(value.lo) || !isfinite(value.hi) || !isfinite(value.mean)) value.lo = value.hi = NAN;
    const double columns[] = {x, value.mean, value.lo, value.hi};
    spt_text_put(drawing->data, label);
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        spt_text_put(drawing->data, " ");
        spt_number_put(drawing->data, columns[c]);
        if (c > 0 && range) spt_range_include(range, columns[c]);
    }
    spt_text_format(drawing->data, " %d %d\n", mark, alone ? 1 : 0);
}

void spt_series_put(struct spt_drawing *drawing, const struct spt_plot_value *values, struct spt_range *range) {
    const struct spt_plot_source *source = drawing->source;
    for (size_t i = 0; i < source->count; i++) {
        const struct spt_plot_checkpoint *checkpoint = &source->checkpoints[i];
        bool alone = !joined(drawing, values, i) && !(i > 0 && joined(drawing, values, i - 1));
        int mark = checkpoint->duplicate ? 2 : (alone || source->count <= SPT_DOTS_MAX) ? 1 : 0;
        char label[24];
        snprintf(label, sizeof label, "%" PRId64, checkpoint->step);
        spt_row_put(drawing, label, spt_axis_place(&drawing->axis, (double)checkpoint->step), values[i], mark, alone,
                    range);
        if (ends_line(drawing, i)) spt_text_put(drawing->data, "\n");
    }
}

enum spt_status spt_layers_put(struct spt_drawing *drawing, const char *metric, struct spt_range *range) {
    const struct spt_plot_source *source = drawing->source;
    bool any = false;
    spt_block_put(drawing, "layer step x mean", "%s, layers", metric);
    for (size_t layer = 0; source->layers > 1 && layer < source->layers; layer++) {
        struct spt_plot_value *values = NULL;
        enum spt_status status = spt_series_get(drawing, metric, (int)layer, -1, &values);
        if (status != SPT_OK) return status;
        if (!values) continue;
        any = true;
        for (size_t i = 0; i < source->count; i++) {
            int64_t step = source->checkpoints[i].step;
            spt_text_format(drawing->data, "%zu %" PRId64 " ", layer, step);
            spt_number_put(drawing->data, spt_axis_place(&drawing->axis, (double)step));
            spt_text_put(drawing->data, " ");
            spt_number_put(drawing->data, values[i].mean);
            spt_text_put(drawing->data, ends_line(drawing, i) ? "\n\n" : "\n");
            if (range) spt_range_include(range, values[i].mean);
        }
        spt_text_put(drawing->data, "\n");
        free(values);
    }
    if (!any) spt_block_empty_put(drawing);
    return SPT_OK;
}

double spt_series_last(const struct spt_drawing *drawing, const struct spt_plot_value *values) {
    for (size_t i = drawing->source->count; i-- > 0;)
        if (isfinite(values[i].mean)) return values[i].mean;
    return NAN;
}

/* --- steps --- */

static enum spt_status choose_given(struct spt_drawing *drawing, size_t *index, size_t *n) {
    const struct spt_plot_source *source = drawing->source;
    const struct spt_plot_options *options = drawing->options;
    *n = 0;
    for (size_t j = 0; j < options->step_count; j++) {
        bool known = false;
        for (size_t i = 0; i < source->count; i++) known = known || source->checkpoints[i].step == options->steps[j];
        if (!known)
            return spt_fail(drawing->error, SPT_INVALID, NULL,
                            "no analysed checkpoint has step %" PRId64 " (%zu checkpoints, steps %" PRId64
                            " to %" PRId64 ")",
                            options->steps[j], source->count, source->checkpoints[0].step,
                            source->checkpoints[source->count - 1].step);
    }
    for (size_t i = 0; i < source->count; i++)
        for (size_t j = 0; j < options->step_count; j++)
            if (source->checkpoints[i].step == options->steps[j]) {
                index[(*n)++] = i;
                break;
            }
    return SPT_OK;
}

/* The nearest of the candidates to each of most places at even distances; a duplicate only when no other is left. */
static void choose_spread(const struct spt_drawing *drawing, const size_t *candidates, size_t count, size_t most,
                          size_t *index, size_t *n) {
    size_t wanted = count < most ? count : most;
    size_t next = 0;
    for (size_t j = 0; j < wanted; j++) {
        double target = wanted > 1 ? (double)j / (double)(wanted - 1) : 1;
        size_t end = count - (wanted - 1 - j), best = next;
        double least = INFINITY;
        for (size_t i = next; i < end; i++) {
            const struct spt_plot_checkpoint *checkpoint = &drawing->source->checkpoints[candidates[i]];
            double distance =
                fabs(spt_axis_shade(&drawing->axis, (double)checkpoint->step) - target) + checkpoint->duplicate;
            if (distance < least) {
                least = distance;
                best = i;
            }
        }
        index[j] = candidates[best];
        next = best + 1;
    }
    *n = wanted;
}

enum spt_status spt_steps_mark(struct spt_drawing *drawing, const char *metric, bool *has) {
    struct spt_plot_value *values;
    const enum spt_status status = spt_series_get(drawing, metric, -1, -1, &values);
    for (size_t i = 0; values && i < drawing->source->count; i++) has[i] = has[i] || isfinite(values[i].mean);
    free(values);
    return status;
}

/* [count] the marked ones, or all where none is. */
static size_t find_candidates(const bool *has, size_t count, size_t *candidates) {
    size_t marked = 0;
    for (size_t i = 0; has && i < count; i++)
        if (has[i]) candidates[marked++] = i;
    if (marked) return marked;
    for (size_t i = 0; i < count; i++) candidates[i] = i;
    return count;
}

enum spt_status spt_steps_choose(struct spt_drawing *drawing, const bool *has, size_t most, size_t **index, size_t *n) {
    const size_t count = drawing->source->count;
    size_t *chosen = spt_alloc(2 * count, sizeof *chosen); /* and the candidates */
    if (!chosen) return spt_fail_memory(drawing->error, 2 * count * sizeof *chosen, "chosen steps");
    enum spt_status status = SPT_OK;
    if (drawing->options->steps && drawing->options->step_count)
        status = choose_given(drawing, chosen, n);
    else
        choose_spread(drawing, chosen + count, find_candidates(has, count, chosen + count), most, chosen, n);
    if (status != SPT_OK) {
        free(chosen);
        return status;
    }
    *index = chosen;
    return SPT_OK;
}

enum spt_status spt_steps_choose_of(struct spt_drawing *drawing, const char *metric, size_t most, size_t **index,
                                    size_t *n) {
    const size_t count = drawing->source->count;
    bool *has = spt_alloc_zeroed(count, sizeof *has);
    if (!has) return spt_fail_memory(drawing->error, count * sizeof *has, "chosen steps");
    enum spt_status status = spt_steps_mark(drawing, metric, has);
    if (status == SPT_OK) status = spt_steps_choose(drawing, has, most, index, n);
    free(has);
    return status;
}

double spt_steps_shade(size_t j, size_t n) {
    return n > 1 ? (double)j / (double)(n - 1) : 0.5;
}

void spt_steps_put(struct spt_drawing *drawing, const size_t *index, size_t n) {
    struct spt_text *settings = drawing->settings;
    spt_text_format(settings, "steps = %zu\narray step[%zu]\narray step_label[%zu]\narray step_shade[%zu]\n", n, n, n,
                    n);
    for (size_t j = 0; j < n; j++) {
        int64_t step = drawing->source->checkpoints[index[j]].step;
        spt_text_format(settings, "step[%zu] = '%" PRId64 "'; step_label[%zu] = '", j + 1, step, j + 1);
        spt_step_put(settings, step);
        spt_text_format(settings, "'; step_shade[%zu] = %.4f\n", j + 1, spt_steps_shade(j, n));
    }
}

/* Inches: a letter of the key, the line before a name, the space between them and after; the ends of a row. */
#define KEY_LETTER 0.058
#define KEY_LINE   0.14
#define KEY_SPACE  0.05
#define KEY_AFTER  0.10
#define KEY_LEFT   0.34
#define KEY_RIGHT  3.30

static size_t letters(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

size_t spt_key_put(struct spt_text *settings, const char *title, const struct spt_key_item *items, size_t n) {
    double left = KEY_LEFT + KEY_LETTER * (double)letters(title) + KEY_AFTER, x = left;
    size_t row = 0;
    spt_text_format(settings, "keys = %zu\nkey_title = '%s'\n", n, title);
    spt_text_format(settings, "array key_text[%zu]; array key_shade[%zu]; array key_x[%zu]; array key_row[%zu]\n", n, n,
                    n, n);
    for (size_t i = 0; i < n; i++) {
        double width = KEY_LINE + KEY_SPACE + KEY_LETTER * (double)letters(items[i].text);
        if (x + width > KEY_RIGHT && x > left) {
            x = left;
            row++;
        }
        spt_text_format(settings, "key_text[%zu] = ", i + 1);
        spt_quoted_put(settings, items[i].text);
        spt_text_format(settings, "; key_shade[%zu] = %.4f; key_x[%zu] = %.3f; key_row[%zu] = %zu\n", i + 1,
                        items[i].shade, i + 1, x, i + 1, row);
        x += width + KEY_AFTER;
    }
    return row + 1;
}

enum spt_status spt_steps_key_put(struct spt_drawing *drawing, int layer, const size_t *index, size_t n, size_t *rows) {
    struct spt_key_item *items = spt_alloc_zeroed(n, sizeof *items);
    if (!items) return spt_fail_memory(drawing->error, n * sizeof *items, "a key");
    for (size_t j = 0; j < n; j++) {
        int64_t step = drawing->source->checkpoints[index[j]].step;
        struct spt_text name = {0};
        spt_step_put(&name, step);
        snprintf(items[j].text, sizeof items[j].text, "%s", name.failed ? "" : name.data);
        if (name.failed) drawing->settings->failed = true;
        spt_text_release(&name);
        items[j].shade = spt_steps_shade(j, n);
    }
    char title[32] = "step";
    if (layer >= 0) snprintf(title, sizeof title, "layer %d, step", layer);
    *rows = spt_key_put(drawing->settings, title, items, n);
    free(items);
    return SPT_OK;
}

/* --- maps --- */

enum spt_status spt_metric_put(struct spt_drawing *drawing) {
    const struct spt_plot_source *source = drawing->source;
    const char *metric = drawing->options->metric ? drawing->options->metric : SPT_MAP_METRIC;
    if (!source->definition(source->context, metric))
        return spt_fail(drawing->error, SPT_INVALID, NULL, "there is no metric \"%s\"", metric);
    const char *unit = source->unit(source->context, metric);
    struct spt_text title = {0};
    spt_text_put(&title, metric);
    if (unit && *unit) spt_text_format(&title, " (%s)", unit);
    spt_text_put(drawing->settings, "metric_title = ");
    spt_quoted_put(drawing->settings, title.failed ? "" : title.data);
    spt_text_put(drawing->settings, "\n");
    if (title.failed) drawing->settings->failed = true;
    spt_text_release(&title);
    return SPT_OK;
}

void spt_colours_put(struct spt_drawing *drawing, struct spt_range range) {
    if (range.hi - range.lo <= 1e-4 * fmax(fabs(range.lo), fabs(range.hi))) range = spt_range_padded(range);
    spt_text_format(drawing->settings, "value_min = %.9g\nvalue_max = %.9g\nvalue_step = %.9g\n", range.lo, range.hi,
                    spt_range_step(range, 5));
}

/* --- curves --- */

static enum spt_status curve_stored(struct spt_drawing *drawing, const char *metric, size_t checkpoint, int layer,
                                    int head, struct spt_plot_point **points, size_t *n) {
    const struct spt_plot_source *source = drawing->source;
    *points = NULL;
    *n = 0;
    enum spt_status status = source->curve(source->context, metric, checkpoint, layer, head, points, n, drawing->error);
    if (status != SPT_OK || *n == 0) {
        free(*points);
        *points = NULL;
    }
    return status == SPT_END ? SPT_OK : status;
}

enum spt_status spt_curve_get(struct spt_drawing *drawing, const char *metric, size_t checkpoint, int layer,
                              struct spt_plot_point **points, size_t *n) {
    enum spt_status status = curve_stored(drawing, metric, checkpoint, layer, -1, points, n);
    if (status != SPT_OK || *points) return status;
    struct spt_plot_point *sum = NULL;
    size_t length = 0, parts = 0;
    size_t below = layer < 0 ? drawing->source->layers : drawing->source->heads;
    for (size_t i = 0; status == SPT_OK && i < below; i++) {
        struct spt_plot_point *part = NULL;
        size_t count = 0;
        status = layer < 0 ? spt_curve_get(drawing, metric, checkpoint, (int)i, &part, &count)
                           : curve_stored(drawing, metric, checkpoint, layer, (int)i, &part, &count);
        if (status != SPT_OK || !part) continue;
        if (!sum) {
            sum = part;
            length = count;
            parts = 1;
            continue;
        }
        if (count == length) {
            for (size_t p = 0; p < length; p++) sum[p].y += part[p].y;
            parts++;
        }
        free(part);
    }
    if (status != SPT_OK) {
        free(sum);
        return status;
    }
    for (size_t p = 0; p < length; p++) sum[p].y /= (double)parts;
    *points = sum;
    *n = length;
    return SPT_OK;
}

enum spt_status spt_drawing_end(struct spt_drawing *drawing, enum spt_status status) {
    if (status == SPT_OK && (drawing->data->failed || drawing->settings->failed))
        return spt_fail_memory(drawing->error, drawing->data->length, "a figure's data");
    return status;
}
