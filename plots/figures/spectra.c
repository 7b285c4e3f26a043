/* Spectra of one layer over the steps, each as the density of its singular values without uniform attention, before the
 * law that unstructured attention follows. */
#include "plots/figures/figures.h"
#include "plots/figures/series.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define STEPS_MOST 7

/* The lowest density drawn: a spectrum's tail beyond the law is where structure shows, and it is thin, hence an axis of
 * logarithms. */
#define FLOOR 0.005

/* Space beyond the end of the law. */
#define BEYOND 1.2

/* Where a density falls below FLOOR for good. */
static double end_of(const struct spt_plot_point *points, size_t n) {
    double end = 0;
    for (size_t i = 0; i < n; i++)
        if (points[i].y > FLOOR && points[i].x > end) end = points[i].x;
    return end;
}

static void put_points(struct spt_drawing *drawing, const struct spt_plot_point *points, size_t n,
                       struct spt_range *range) {
    for (size_t i = 0; i < n; i++) {
        spt_number_put(drawing->data, points[i].x);
        spt_text_put(drawing->data, " ");
        spt_number_put(drawing->data, points[i].y);
        spt_text_put(drawing->data, "\n");
        spt_range_include(range, points[i].y);
    }
}

static enum spt_status put_steps(struct spt_drawing *drawing, int layer, const size_t *index, size_t n,
                                 struct spt_range *range, double *end, bool *any) {
    enum spt_status status = SPT_OK;
    for (size_t j = 0; status == SPT_OK && j < n; j++) {
        struct spt_plot_point *points = NULL;
        size_t count = 0;
        status = spt_curve_get(drawing, "rmt.law_density", index[j], layer, &points, &count);
        if (status != SPT_OK) break;
        spt_block_put(drawing, "x density", "step %" PRId64, drawing->source->checkpoints[index[j]].step);
        if (!points) {
            spt_block_empty_put(drawing);
            continue;
        }
        put_points(drawing, points, count, range);
        *end = fmax(*end, end_of(points, count));
        *any = true;
        free(points);
    }
    return status;
}

SPT_FIGURE_WRITER(spt_figure_spectra) {
    struct spt_drawing drawing = {source, options, {0}, data, settings, error};
    spt_axis_init(&drawing.axis, source);
    if (source->layers == 0) return SPT_END;
    int layer = options->layer < 0 ? (int)source->layers - 1 : options->layer;
    if ((size_t)layer >= source->layers)
        return spt_fail(error, SPT_INVALID, NULL, "there is no layer %d: the run's layers are 0 to %zu", layer,
                        source->layers - 1);
    size_t *index = NULL, n = 0, law_count = 0;
    enum spt_status status = spt_steps_choose_of(&drawing, "rmt.law_kl", STEPS_MOST, &index, &n);
    if (status != SPT_OK) return status;
    spt_steps_put(&drawing, index, n);
    struct spt_range range = {0, 2 * FLOOR};
    double end = 0;
    bool any = false;
    status = put_steps(&drawing, layer, index, n, &range, &end, &any);
    free(index);
    struct spt_plot_point *law = NULL;
    if (status == SPT_OK && any) {
        status = source->law ? source->law(source->context, &law, &law_count, error) : SPT_END;
        spt_block_put(&drawing, "x density", "law");
        if (status == SPT_OK && law_count) {
            put_points(&drawing, law, law_count, &range);
            end = fmax(end, BEYOND * end_of(law, law_count));
        } else {
            spt_block_empty_put(&drawing);
        }
        if (status == SPT_END) status = SPT_OK;
    } else if (status == SPT_OK) {
        status = SPT_END;
    }
    free(law);
    spt_text_format(settings,
                    "layer = %d\nhas_law = %d\nx_end = %.4g\ny_min = %g\ny_max = %.9g\nwidth = 3.35\nheight = 2.2\n",
                    layer, law_count ? 1 : 0, end > 0 ? end : 1, FLOOR, 1.5 * range.hi);
    return spt_drawing_end(&drawing, status);
}
