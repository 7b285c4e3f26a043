#include "analysis/spectra/marchenko_pastur.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* Below, the closed form of S loses digits to cancellation, and its series has 1e-17 left after TERMS. */
#define SERIES_RATIO 0.1
#define TERMS        18

double spt_marchenko_pastur_edge(double q) {
    const double r = sqrt(q);
    return (1 + r) * (1 + r);
}

/* S, by Clenshaw's recurrence where it is a series. */
static double tail_sum(double r, double sine, double cosine) {
    if (r >= SERIES_RATIO) return (atan2(r * sine, 1 - r * cosine) - r * sine) / (r * r);
    double later = 0, next = 0, power = pow(r, TERMS - 2);
    for (int k = TERMS; k >= 1; k--) {
        const double here = (k >= 2 ? power / k : 0) + 2 * cosine * next - later;
        later = next;
        next = here;
        power = k > 2 ? pow(r, k - 3) : 0;
    }
    return next * sine;
}

double spt_marchenko_pastur_cdf(double q, double x) {
    const double r = sqrt(q), below = x - (1 - r) * (1 - r), above = (1 + r) * (1 + r) - x;
    if (isnan(x)) return x;
    if (below <= 0) return 0;
    if (above <= 0) return 1;
    const double t = 2 * atan2(sqrt(below), sqrt(above)), sine = sin(t);
    return (t + r * sine - (1 - q) * tail_sum(r, sine, cos(t))) / PI;
}

double spt_marchenko_pastur_median(double q) {
    const double r = sqrt(q);
    double low = (1 - r) * (1 - r), high = (1 + r) * (1 + r);
    for (;;) {
        const double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) return middle;
        if (spt_marchenko_pastur_cdf(q, middle) < 0.5)
            low = middle;
        else
            high = middle;
    }
}

struct spt_marchenko_pastur_fit spt_marchenko_pastur_of(const double *values, size_t count, double q) {
    const double median = values[(count - 1) / 2] / 2 + values[count / 2] / 2;
    const double variance = median / spt_marchenko_pastur_median(q), edge = variance * spt_marchenko_pastur_edge(q);
    struct spt_marchenko_pastur_fit fit = {.ks = 0};
    for (size_t i = 0; i < count; i++) { /* F_n steps from i / count to (i + 1) / count */
        const double f = spt_marchenko_pastur_cdf(q, values[i] / variance);
        fit.ks = fmax(fit.ks, fmax(f - (double)i / (double)count, (double)(i + 1) / (double)count - f));
        fit.spikes += values[i] > edge;
    }
    return fit;
}
