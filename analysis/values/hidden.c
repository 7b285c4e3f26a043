#include "analysis/values/hidden.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 11 /* bits that are looked at in one pass */
#define PASSES 3

/* The bits of |x|: as whole numbers they are in the order of the floats. */
static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits & 0x7fffffff;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* The rank-th smallest |x|, counted from 0: digit by digit from the top, by counting, so that nothing is copied.
 * *not_larger out: how many are that or smaller. */
static uint32_t select_bits(const float *x, size_t count, size_t rank, size_t *not_larger) {
    uint32_t prefix = 0;
    size_t below = 0, equal = 0;
    for (int pass = PASSES - 1; pass >= 0; pass--) {
        const unsigned shift = (unsigned)pass * DIGITS;
        size_t counts[1 << DIGITS] = {0};
        uint32_t digit = 0;
        for (size_t i = 0; i < count; i++) {
            const uint32_t bits = bits_of(x[i]);
            if ((uint64_t)bits >> (shift + DIGITS) == (uint64_t)prefix >> (shift + DIGITS))
                counts[bits >> shift & ((1U << DIGITS) - 1)]++;
        }
        while (below + counts[digit] <= rank) below += counts[digit++];
        equal = counts[digit];
        prefix |= digit << shift;
    }
    *not_larger = below + equal;
    return prefix;
}

/* Median of |x| over count numbers, none of them NaN. */
static double median_of_entries(const float *x, size_t count) {
    size_t not_larger;
    const uint32_t low = select_bits(x, count, (count - 1) / 2, &not_larger);
    uint32_t high = low;
    if (count % 2 == 0 && not_larger == count / 2) {
        high = UINT32_MAX;
        for (size_t i = 0; i < count; i++) {
            const uint32_t bits = bits_of(x[i]);
            if (bits > low && bits < high) high = bits;
        }
    }
    return ((double)float_of(low) + (double)float_of(high)) / 2;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of_norms(double *norms, size_t n) {
    qsort(norms, n, sizeof *norms, compare);
    return (norms[(n - 1) / 2] + norms[n / 2]) / 2;
}

struct spt_hidden spt_hidden_of(const float *x, size_t n, size_t d, double *norms) {
    uint32_t most = 0;
    for (size_t k = 0; k < n; k++) {
        norms[k] = 0;
        for (size_t i = 0; i < d; i++) {
            const uint32_t bits = bits_of(x[k * d + i]);
            norms[k] += (double)x[k * d + i] * (double)x[k * d + i];
            if (bits > most) most = bits;
        }
        norms[k] = sqrt(norms[k]);
    }
    if (!isfinite(float_of(most))) return (struct spt_hidden){NAN, NAN};
    const double first = norms[0], norm = median_of_norms(norms, n), entry = median_of_entries(x, n * d);
    return (struct spt_hidden){
        .norm_first = norm > 0 ? first / norm : NAN,
        .max_ratio = entry > 0 ? (double)float_of(most) / entry : NAN,
    };
}
