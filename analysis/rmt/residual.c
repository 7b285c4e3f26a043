#include "analysis/rmt/residual.h"

#include <math.h>
#include <string.h>

void spt_residual_of(const double *a, const struct spt_mask *mask, double *g) {
    const size_t n = mask->n;
    memset(g, 0, n * n * sizeof *g);
    for (size_t i = 0; i < n; i++) {
        const double sees = (double)mask->sees[i];
        for (size_t j = mask->first[i]; j < mask->end[i]; j++) g[i * n + j] = sees * a[i * n + j] - 1;
    }
}

/* x = s / rms(s) over count values. */
static size_t divide_by_rms(const double *s, size_t count, double *x) {
    double squares = 0;
    for (size_t i = 0; i < count; i++) squares += s[i] * s[i];
    const double scale = 1 / sqrt(squares / (double)count);
    for (size_t i = 0; i < count; i++) x[i] = s[i] * scale;
    return count;
}

size_t spt_law_points(const double *s, size_t n, enum spt_mask_kind mask, double *x) {
    if (n < SPT_LAW_TOKENS_MIN || mask == SPT_MASK_WINDOW) return 0;
    if (!(s[0] > (double)n * SPT_UNIFORM_RESIDUAL)) return 0;
    return divide_by_rms(s, n - 1, x);
}

size_t spt_mp_points(const double *s, size_t n, double *x) {
    if (n < SPT_LAW_TOKENS_MIN || !(s[1] > (double)n * 0x1p-24 * s[0])) return 0;
    return divide_by_rms(s + 1, n - 1, x);
}

void spt_random_attention(struct spt_random *random, const struct spt_mask *mask, double *a) {
    const size_t n = mask->n;
    memset(a, 0, n * n * sizeof *a);
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n;
        double sum = 0;
        for (size_t j = mask->first[i]; j < mask->end[i]; j++) sum += row[j] = spt_random_exponential(random);
        for (size_t j = mask->first[i]; j < mask->end[i]; j++) row[j] /= sum;
    }
}
