/* Every head at chosen steps: small maps of layer by head, all in one scale of colours. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define STEPS_MOST 6
#define ACROSS     6

/* Inches. */
#define PAGE        7.0
#define LEFT        0.40
#define RIGHT       0.72
#define SPACE       0.12
#define PANEL_WIDTH 1.50

/* All heads' series at once: [layers * heads], NULL where there is none. */
static enum spt_status get_heads(struct spt_drawing *drawing, const char *metric, struct spt_plot_value **series) {
    const struct spt_plot_source *source = drawing->source;
    for (size_t layer = 0; layer < source->layers; layer++)
        for (size_t head = 0; head < source->heads; head++) {
            enum spt_status status =
                spt_series_get(drawing, metric, (int)layer, (int)head, &series[layer * source->heads + head]);
            if (status != SPT_OK) return status;
        }
    return SPT_OK;
}

static void put_step(struct spt_drawing *drawing, struct spt_plot_value *const *series, size_t checkpoint,
                     struct spt_range *range) {
    const struct spt_plot_source *source = drawing->source;
    spt_block_put(drawing, "head layer value", "step %" PRId64, source->checkpoints[checkpoint].step);
    for (size_t layer = 0; layer < source->layers; layer++)
        for (size_t head = 0; head < source->heads; head++) {
            const struct spt_plot_value *values = series[layer * source->heads + head];
            if (!values || !isfinite(values[checkpoint].mean)) continue;
            spt_text_format(drawing->data, "%zu %zu ", head, layer);
            spt_number_put(drawing->data, values[checkpoint].mean);
            spt_text_put(drawing->data, "\n");
            spt_range_include(range, values[checkpoint].mean);
        }
}

/* Panels as wide as a page allows and, where it can be, with square tiles. */
static void put_layout(struct spt_drawing *drawing, size_t panels) {
    const struct spt_plot_source *source = drawing->source;
    size_t across = panels < ACROSS ? panels : ACROSS, down = (panels + across - 1) / across;
    double wide = (PAGE - LEFT - RIGHT - SPACE * (double)(across - 1)) / (double)across;
    if (wide > PANEL_WIDTH) wide = PANEL_WIDTH;
    double tall = fmin(fmax(wide * (double)source->layers / (double)source->heads, 0.6), 2.2);
    double width = LEFT + RIGHT + wide * (double)across + SPACE * (double)(across - 1);
    double height = (double)down * (tall + 0.24) + (double)(down - 1) * 0.2 + 0.42;
    struct spt_text *settings = drawing->settings;
    spt_text_format(settings, "layers = %zu\nheads = %zu\nacross = %zu\ndown = %zu\n", source->layers, source->heads,
                    across, down);
    spt_text_format(settings, "wide = %.3f; tall = %.3f # of a panel\nwidth = %.3f\nheight = %.3f\n", wide, tall, width,
                    height);
    size_t rows = down * (source->layers + 7) + 1;
    spt_text_format(settings, "digits = 0\nrows = %zu\n", rows < 30 ? rows : 30 + (rows - 30) / 2);
}

SPT_FIGURE_WRITER(spt_figure_atlas) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    size_t cells = source->layers * source->heads;
    if (cells == 0) return SPT_END;
    enum spt_status status = spt_metric_put(&drawing);
    if (status != SPT_OK) return status;
    size_t *index = NULL, n = 0;
    status = spt_steps_choose_of(&drawing, options->metric ? options->metric : SPT_MAP_METRIC, STEPS_MOST, &index, &n);
    if (status != SPT_OK) return status;
    spt_steps_put(&drawing, index, n);
    struct spt_range range = SPT_RANGE_EMPTY;
    struct spt_plot_value **series = calloc(cells, sizeof *series);
    if (!series)
        status = spt_fail_memory(error, cells * sizeof *series, "series of heads");
    else
        status = get_heads(&drawing, options->metric ? options->metric : SPT_MAP_METRIC, series);
    for (size_t j = 0; status == SPT_OK && j < n; j++) put_step(&drawing, series, index[j], &range);
    for (size_t i = 0; series && i < cells; i++) free(series[i]);
    free(series);
    free(index);
    if (status == SPT_OK && range.lo > range.hi) status = SPT_END;
    if (status != SPT_OK) return status;
    spt_colours_put(&drawing, range);
    put_layout(&drawing, n);
    return spt_drawing_end(&drawing, status);
}
