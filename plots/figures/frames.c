/* Of which type the heads' frames are: stacked shares over the steps, and in each layer at chosen steps. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MOST 5

/* Inches. */
#define WIDTH    3.35
#define LAYER    0.1
#define KEY_ROW  0.13
#define OVERVIEW 1.0 /* the panel of the whole model */

/* Of the gap between step 0 and the first step: half the width of its own bar. */
#define ZERO_HALF 0.3

struct frame {
    const char *metric, *name, *colour;
    bool always; /* in the key even where no head has it */
};

static const struct frame FRAMES[] = {
    {"frame.none", "none", "#C4C4C4", true},
    {"frame.centralized", "centralized", "#0072B2", true},
    {"frame.distributed", "distributed", "#E69F00", true},
    {"frame.bidirectional", "bidirectional", "#CC79A7", false},
};
enum { FRAME_COUNT = sizeof FRAMES / sizeof *FRAMES };

/* The shares of one level at all checkpoints. */
struct shares {
    struct spt_plot_value *of[FRAME_COUNT]; /* [checkpoints] NULL: none */
    bool any;
};

static enum spt_status get_shares(struct spt_drawing *drawing, int layer, struct shares *shares) {
    enum spt_status status = SPT_OK;
    *shares = (struct shares){0};
    for (size_t f = 0; status == SPT_OK && f < FRAME_COUNT; f++) {
        status = spt_series_get(drawing, FRAMES[f].metric, layer, -1, &shares->of[f]);
        shares->any = shares->any || shares->of[f];
    }
    return status;
}

static void free_shares(struct shares *shares) {
    for (size_t f = 0; f < FRAME_COUNT; f++) free(shares->of[f]);
}

static bool has_stack(const struct shares *shares, size_t checkpoint) {
    bool any = false;
    for (size_t f = 0; f < FRAME_COUNT; f++) any = any || (shares->of[f] && isfinite(shares->of[f][checkpoint].mean));
    return any;
}

/* The ends of the stack's parts, from 0 to their sum. seen: which occur. */
static void put_stack(struct spt_drawing *drawing, const struct shares *shares, size_t checkpoint,
                      bool seen[FRAME_COUNT]) {
    double sum = 0;
    for (size_t f = 0; f < FRAME_COUNT; f++) {
        const double share = shares->of[f] ? shares->of[f][checkpoint].mean : 0;
        if (share > 0) {
            sum += share;
            seen[f] = true;
        }
        spt_text_format(drawing->data, " %.9g", sum);
    }
    spt_text_put(drawing->data, "\n");
}

/* Each checkpoint's bar reaches half way to its neighbours; that of step 0 stands before the break of the axis. */
static void put_bar(struct spt_drawing *drawing, size_t i) {
    const struct spt_axis *axis = &drawing->axis;
    const struct spt_plot_checkpoint *c = drawing->source->checkpoints;
    const double x = spt_axis_place(axis, (double)c[i].step), gap = axis->first - axis->place;
    double left = axis->min, right = axis->max;
    if (c[i].step == 0) {
        if (axis->any) right = axis->place + ZERO_HALF * gap;
        if (axis->any) left = fmax(left, axis->place - ZERO_HALF * gap);
    } else {
        if (i > 0 && c[i - 1].step > 0) left = 0.5 * (x + spt_axis_place(axis, (double)c[i - 1].step));
        if (i > 0 && c[i - 1].step == 0) left = axis->first - ZERO_HALF * gap;
        if (i + 1 < drawing->source->count) right = 0.5 * (x + spt_axis_place(axis, (double)c[i + 1].step));
    }
    spt_text_format(drawing->data, "%" PRId64 " %.9g %.9g %.9g", c[i].step, x, left, right);
}

static enum spt_status put_model(struct spt_drawing *drawing, bool seen[FRAME_COUNT], bool *any) {
    struct shares shares;
    const enum spt_status status = get_shares(drawing, -1, &shares);
    *any = shares.any;
    if (status == SPT_OK && shares.any) {
        spt_block_put(drawing, "step x left right none centralized distributed bidirectional", "model");
        for (size_t i = 0; i < drawing->source->count; i++) {
            if (!has_stack(&shares, i)) continue;
            put_bar(drawing, i);
            put_stack(drawing, &shares, i, seen);
        }
    }
    free_shares(&shares);
    return status;
}

static enum spt_status put_layers(struct spt_drawing *drawing, const size_t *index, size_t n, bool seen[FRAME_COUNT]) {
    const size_t layers = drawing->source->layers;
    struct shares *shares = calloc(layers, sizeof *shares);
    if (!shares) return spt_fail_memory(drawing->error, layers * sizeof *shares, "shares of layers");
    enum spt_status status = SPT_OK;
    for (size_t layer = 0; status == SPT_OK && layer < layers; layer++)
        status = get_shares(drawing, (int)layer, &shares[layer]);
    for (size_t j = 0; status == SPT_OK && j < n; j++) {
        bool any = false;
        spt_block_put(drawing, "layer none centralized distributed bidirectional", "layers, step %" PRId64,
                      drawing->source->checkpoints[index[j]].step);
        for (size_t layer = 0; layer < layers; layer++) {
            if (!has_stack(&shares[layer], index[j])) continue;
            spt_text_format(drawing->data, "%zu", layer);
            put_stack(drawing, &shares[layer], index[j], seen);
            any = true;
        }
        if (!any) spt_block_empty_put(drawing);
    }
    for (size_t layer = 0; layer < layers; layer++) free_shares(&shares[layer]);
    free(shares);
    return status;
}

static size_t put_key(struct spt_drawing *drawing, const bool seen[FRAME_COUNT]) {
    struct spt_key_item items[FRAME_COUNT] = {0};
    struct spt_text colours = {0};
    size_t n = 0;
    for (size_t f = 0; f < FRAME_COUNT; f++) {
        if (!seen[f] && !FRAMES[f].always) continue;
        snprintf(items[n++].text, sizeof items->text, "%s", FRAMES[f].name);
        spt_text_format(&colours, "%s%s", colours.length ? " " : "", FRAMES[f].colour);
    }
    spt_text_format(drawing->settings, "frames = %zu; frame_colour = '", (size_t)FRAME_COUNT);
    for (size_t f = 0; f < FRAME_COUNT; f++) spt_text_format(drawing->settings, "%s%s", f ? " " : "", FRAMES[f].colour);
    spt_text_format(drawing->settings, "'; frame_letter = 'ncdb'; key_colour = '%s'\n",
                    colours.failed ? "" : colours.data);
    if (colours.failed) drawing->settings->failed = true;
    spt_text_release(&colours);
    return spt_key_put(drawing->settings, "", items, n);
}

/* A circle above a bar: its weights are another step's. */
static void put_twins(struct spt_drawing *drawing) {
    const struct spt_plot_source *source = drawing->source;
    const char *space = "";
    spt_text_put(drawing->settings, "twins = '");
    for (size_t i = 0; i < source->count; i++) {
        if (!source->checkpoints[i].duplicate) continue;
        spt_text_format(drawing->settings, "%s%.9g", space,
                        spt_axis_place(&drawing->axis, (double)source->checkpoints[i].step));
        space = " ";
    }
    spt_text_put(drawing->settings, "'\n");
}

SPT_FIGURE_WRITER(spt_figure_frames) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    bool seen[FRAME_COUNT] = {0}, any = false;
    size_t *index = NULL, n = 0;
    enum spt_status status = spt_steps_choose_of(&drawing, FRAMES[0].metric, STEPS_MOST, &index, &n);
    if (status != SPT_OK) return status;
    spt_steps_put(&drawing, index, n);
    status = put_model(&drawing, seen, &any);
    if (status == SPT_OK && !any) status = SPT_END;
    const bool layers = source->layers > 1;
    if (status == SPT_OK && layers) status = put_layers(&drawing, index, n, seen);
    free(index);
    if (status != SPT_OK) return status;
    const size_t key_rows = put_key(&drawing, seen);
    const double tall = layers ? fmin(fmax(LAYER * (double)source->layers, 0.6), 2.4) : 0;
    const double top = 0.24 + KEY_ROW * (double)key_rows, between = layers ? 0.62 : 0;
    put_twins(&drawing);
    spt_text_format(settings, "layers = %zu; tall = %.3f; overview = %.2f; top = %.2f; foot = 0.38; between = %.2f\n",
                    layers ? source->layers : 0, tall, OVERVIEW, top, between);
    spt_text_format(settings, "width = %.2f; height = %.3f\n", WIDTH, top + OVERVIEW + between + tall + 0.38);
    if (layers) spt_text_format(settings, "rows = %zu\n", source->layers + 28);
    spt_axis_put(&drawing.axis, 7, settings);
    return spt_drawing_end(&drawing, status);
}
