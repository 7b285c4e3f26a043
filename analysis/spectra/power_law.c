#include "analysis/spectra/power_law.h"

#include <math.h>

static size_t least_tail(size_t count) {
    const size_t share = (count + 19) / 20;
    return share > SPT_POWER_LAW_LEAST ? share : SPT_POWER_LAW_LEAST;
}

/* The distance of a tail from its law, or some number beyond most once it is clear that it is larger. */
static double distance_of(const double *logs, size_t m, double alpha, double most) {
    double distance = 0;
    for (size_t i = 0; i < m && distance <= most; i++) {
        const double law = -expm1((1 - alpha) * (logs[i] - logs[0]));
        distance = fmax(distance, fabs(law - (double)i / (double)m));
    }
    return distance;
}

struct spt_power_law spt_power_law_of(const double *values, size_t count, double *logs) {
    struct spt_power_law best = {.alpha = NAN, .ks = NAN};
    double sum = 0, nearest = INFINITY;
    const size_t least = least_tail(count);
    for (size_t i = 0; i < count; i++) logs[i] = log(values[i]);
    for (size_t i = count; i-- > 0;) {
        const size_t m = count - i;
        sum += logs[i];
        const double spread = sum - (double)m * logs[i];
        if (m < least || !(logs[count - 1] > logs[i]) || !(spread > 0)) continue;
        const double alpha = 1 + (double)m / spread, distance = distance_of(logs + i, m, alpha, nearest);
        if (distance > nearest) continue;
        nearest = distance;
        best = (struct spt_power_law){.alpha = alpha, .ks = distance, .tail = m};
    }
    return best;
}
