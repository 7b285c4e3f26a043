#include "analysis/pool.h"

#include "analysis/frames/frame.h"

#include <math.h>
#include <string.h>

static size_t pack(double *x /* [tokens] */, const size_t *count /* [samples] */, const struct spt_probe *probe) {
    size_t total = 0;
    for (size_t i = 0; i < probe->samples; i++) {
        memmove(x + total, x + probe->offset[i], count[i] * sizeof *x);
        total += count[i];
    }
    return total;
}

struct spt_pool spt_pool_of(const struct spt_measure_context *context, size_t head, struct spt_density *density) {
    const struct spt_layer_values *values = context->values;
    struct spt_pool pool = {
        .samples = values->samples,
        .first = values->first + head * values->samples,
        .mask = context->masks->kind,
        .laws = context->laws,
        .density = density,
        .frame = context->selection->needs & SPT_NEED_FRAME ? spt_frame_of(context, head) : SPT_FRAME_UNKNOWN,
    };
    if (values->law) {
        double *x = values->law + head * values->tokens;
        pool.law = x;
        pool.law_of = values->law_count + head * values->samples;
        pool.law_count = pack(x, values->law_count + head * values->samples, context->probe);
    }
    if (values->mp) {
        double *x = values->mp + head * values->tokens;
        pool.mp = x;
        pool.mp_of = values->mp_count + head * values->samples;
        pool.mp_count = pack(x, values->mp_count + head * values->samples, context->probe);
    }
    return pool;
}

size_t spt_pool_samples(const struct spt_measure_context *context, size_t head, const struct spt_metric *metric) {
    const struct spt_layer_values *values = context->values;
    const size_t first = head * values->samples;
    size_t count = 0;
    for (size_t i = first; i < first + values->samples; i++) {
        if (metric->needs & SPT_NEED_LAW_POOL)
            count += values->law_count[i] > 0;
        else if (metric->needs & SPT_NEED_MP_POOL)
            count += values->mp_count[i] > 0;
        else if (metric->needs & SPT_NEED_FRAME)
            count += context->references->known[i - first];
        else
            count += isnan(values->first[i]) ? 0 : 1;
    }
    return count;
}

double spt_pool_combine(const struct spt_metric *metric, const double *values, size_t count) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        sum += values[i];
        n++;
    }
    if (n == 0) return NAN;
    return metric->level == SPT_LEVEL_COUNT ? sum : sum / (double)n;
}
