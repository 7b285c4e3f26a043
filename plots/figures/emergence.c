/* When does the sink appear, and where is the loss then? Two panels over the steps: attention on the first token beyond
 * what uniform attention gives it, and the probe's loss with the run's own training loss behind it. */
#include "plots/figures/baselines.h"
#include "plots/figures/figures.h"

#include <math.h>
#include <stdlib.h>

/* Points of the training loss that one line can show: more of them are averaged within even parts of the axis. */
#define EXTERNAL_PARTS 300

/* Least distance of two names at the ends of lines, as a share of the panel's height. */
#define NAME_DISTANCE 0.11

/* turn: the share of the axis beyond which the mark's name stands left of it: a rising curve leaves room on the left, a
 * falling one on the right. */
static enum spt_status put_onset(struct spt_drawing *drawing, const char *panel, const char *metric, double turn) {
    const struct spt_plot_source *source = drawing->source;
    int64_t step = 0;
    enum spt_status status = SPT_END;
    if (source->onset) status = source->onset(source->context, metric, &step, drawing->error);
    if (status != SPT_OK && status != SPT_END) return status;
    double place = status == SPT_OK ? spt_axis_place(&drawing->axis, (double)step) : NAN;
    spt_text_format(drawing->settings, "%s_onset = %d", panel, isfinite(place) ? 1 : 0);
    if (isfinite(place)) {
        bool late = place > drawing->axis.min + turn * (drawing->axis.max - drawing->axis.min);
        spt_text_format(drawing->settings, "; %s_onset_at = %.9g; %s_onset_late = %d; %s_onset_name = '", panel, place,
                        panel, late ? 1 : 0, panel);
        spt_step_put(drawing->settings, step);
        spt_text_put(drawing->settings, "'");
    }
    spt_text_put(drawing->settings, "\n");
    return SPT_OK;
}

static void put_range(struct spt_drawing *drawing, const char *panel, struct spt_range range) {
    struct spt_range padded = spt_range_padded(range);
    spt_text_format(drawing->settings, "%s_min = %.9g\n%s_max = %.9g\n%s_step = %.9g\n", panel, padded.lo, panel,
                    padded.hi, panel, spt_range_step(padded, 7));
}

/* The layer whose last value is largest; *values NULL: no layer has one. */
static enum spt_status strongest(struct spt_drawing *drawing, const char *metric, size_t *layer,
                                 struct spt_plot_value **values) {
    *values = NULL;
    double best = -INFINITY;
    for (size_t i = 0; i < drawing->source->layers; i++) {
        struct spt_plot_value *candidate = NULL;
        enum spt_status status = spt_series_get(drawing, metric, (int)i, -1, &candidate);
        if (status != SPT_OK) {
            free(*values);
            *values = NULL;
            return status;
        }
        if (candidate && spt_series_last(drawing, candidate) > best) {
            best = spt_series_last(drawing, candidate);
            free(*values);
            *values = candidate;
            *layer = i;
        } else {
            free(candidate);
        }
    }
    return SPT_OK;
}

/* Names stand at the ends of their lines; two that would overlap are moved apart evenly. NAN: no such line. */
static void put_names(struct spt_drawing *drawing, const char *panel, struct spt_range range, double first,
                      double second) {
    double least = NAME_DISTANCE * (range.hi - range.lo), centre = 0.5 * (first + second);
    if (fabs(first - second) < least) {
        double side = second >= first ? 0.5 * least : -0.5 * least;
        first = centre - side;
        second = centre + side;
    }
    spt_text_format(drawing->settings, "array %s_name_at[2] = [%.9g, %.9g]\n", panel, isfinite(first) ? first : 0,
                    isfinite(second) ? second : 0);
}

static enum spt_status put_sink(struct spt_drawing *drawing, bool *drawn, struct spt_baselines *baselines) {
    const char *metric = "sink.first_excess", *beyond = " (excess)";
    struct spt_plot_value *model = NULL, *layer = NULL;
    enum spt_status status = spt_series_get(drawing, metric, -1, -1, &model);
    if (status == SPT_OK && !model) {
        metric = "sink.first";
        beyond = "";
        status = spt_series_get(drawing, metric, -1, -1, &model);
    }
    *drawn = status == SPT_OK && model;
    spt_text_format(drawing->settings, "has_sink = %d\n", *drawn ? 1 : 0);
    if (!*drawn) return status;
    struct spt_range range = SPT_RANGE_EMPTY;
    /* Never a smaller scale than this: noise about 0 should not look like a rise. */
    spt_range_include(&range, 0);
    spt_range_include(&range, 0.1);
    spt_text_format(drawing->settings, "sink_title = \"attention on the\\nfirst token%s\"\n", beyond);
    spt_block_put(drawing, "step x mean lo hi mark alone", "sink, model");
    spt_series_put(drawing, model, &range);
    size_t number = 0;
    if (drawing->source->layers > 1) status = strongest(drawing, metric, &number, &layer);
    if (layer) {
        spt_block_put(drawing, "step x mean lo hi mark alone", "sink, layer");
        spt_series_put(drawing, layer, &range);
        spt_text_format(drawing->settings, "layer_name = 'layer %zu'\n", number);
    }
    spt_text_format(drawing->settings, "has_layer = %d\n%s", layer ? 1 : 0, layer ? "" : "layer_name = ''\n");
    if (status == SPT_OK) status = spt_null_put(drawing, "sink", metric, -1, &range, baselines);
    if (status == SPT_OK) status = spt_control_put(drawing, "sink", metric, -1, -1, &range, baselines);
    put_range(drawing, "sink", range);
    put_names(drawing, "sink", spt_range_padded(range), spt_series_last(drawing, model),
              layer ? spt_series_last(drawing, layer) : NAN);
    free(model);
    free(layer);
    return status == SPT_OK ? put_onset(drawing, "sink", metric, 0.25) : status;
}

/* Means within EXTERNAL_PARTS parts of the axis when there are more points than a line can show. Returns the last, NAN
 * when none lies on the axis. */
static double put_external(struct spt_drawing *drawing, const struct spt_plot_point *points, size_t n,
                           struct spt_range *range) {
    const struct spt_axis *axis = &drawing->axis;
    double width = n > 2 * EXTERNAL_PARTS ? (axis->max - axis->min) / EXTERNAL_PARTS : 0;
    double sum_x = 0, sum_y = 0, part = -1, last = NAN;
    size_t held = 0;
    for (size_t i = 0; i <= n; i++) {
        double x = NAN, y = NAN;
        if (i < n) {
            x = spt_axis_place(axis, points[i].x);
            y = points[i].y;
            /* A trainer counts its first loss as step 0 or 1; before the first checkpoint there is no axis for it. */
            if (!isfinite(x) || !isfinite(y) || x < axis->min || x > axis->max) continue;
        }
        bool zero = axis->zero && x == axis->place;
        double here = i < n && width > 0 ? floor((x - axis->min) / width) : -1;
        if (held && (i == n || here < 0 || here != part || zero)) {
            double mean_x = sum_x / (double)held, mean_y = sum_y / (double)held;
            spt_text_format(drawing->data, "%.9g %.9g\n", mean_x, mean_y);
            if (axis->zero && mean_x == axis->place) spt_text_put(drawing->data, "\n");
            spt_range_include(range, mean_y);
            last = mean_y;
            held = 0;
            sum_x = sum_y = 0;
        }
        if (i == n) break;
        part = here;
        sum_x += x;
        sum_y += y;
        held++;
    }
    return last;
}

static enum spt_status put_loss(struct spt_drawing *drawing, bool *drawn, struct spt_baselines *baselines) {
    const struct spt_plot_source *source = drawing->source;
    struct spt_plot_value *loss = NULL;
    enum spt_status status = spt_series_get(drawing, "loss", -1, -1, &loss);
    if (status != SPT_OK) return status;
    struct spt_plot_point *training = NULL;
    size_t n = 0;
    status = source->external ? source->external(source->context, NULL, &training, &n, drawing->error) : SPT_END;
    if (status != SPT_OK && status != SPT_END) {
        free(loss);
        return status;
    }
    struct spt_range range = SPT_RANGE_EMPTY;
    spt_block_put(drawing, "step x mean lo hi mark alone", "loss");
    if (loss)
        spt_series_put(drawing, loss, &range);
    else
        spt_block_empty_put(drawing);
    double last = NAN;
    spt_block_put(drawing, "x loss", "training loss");
    if (status == SPT_OK) last = put_external(drawing, training, n, &range);
    if (!isfinite(last)) spt_block_empty_put(drawing);
    free(training);
    *drawn = loss || isfinite(last);
    status = spt_control_put(drawing, "loss", "loss", -1, -1, &range, baselines);
    spt_text_format(drawing->settings, "has_loss = %d\narray loss_drawn[2] = [%d, %d]\n", *drawn ? 1 : 0, loss ? 1 : 0,
                    isfinite(last) ? 1 : 0);
    put_range(drawing, "loss", range);
    put_names(drawing, "loss", spt_range_padded(range), loss ? spt_series_last(drawing, loss) : NAN, last);
    free(loss);
    return status == SPT_OK ? put_onset(drawing, "loss", "loss", 0.75) : status;
}

SPT_FIGURE_WRITER(spt_figure_emergence) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    bool sink = false, loss = false;
    struct spt_baselines drawn = {0};
    enum spt_status status = put_sink(&drawing, &sink, &drawn);
    if (status == SPT_OK) status = put_loss(&drawing, &loss, &drawn);
    if (status == SPT_OK && !sink && !loss) status = SPT_END;
    const size_t key_rows = spt_baselines_key_put(settings, 0, &drawn);
    spt_text_format(settings, "key_rows = %zu\nwidth = 3.35\nheight = %.2f\n", key_rows,
                    (sink && loss ? 3.1 : 1.9) + 0.13 * (double)key_rows);
    spt_axis_put(&drawing.axis, 7, settings);
    /* Of panels above each other only the lowest names the steps. */
    spt_text_format(settings, "sink_tics = %s\n",
                    loss && options->format != SPT_PLOT_TERM ? "step_marks" : "step_tics");
    return spt_drawing_end(&drawing, status);
}
