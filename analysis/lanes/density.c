/* Densities: a kernel's copies added to a grid, and the Kullback-Leibler sum. Loops of independent elements, which the
 * compiler makes vectors of; sums run over eight parts in every width, so that all kernels give the same bits. */
#include "analysis/lanes/kernel.h"

#include <stdint.h>
#include <string.h>

void SPT_LANES_NAME(add_kernel)(double *cells, const double *kernel, size_t count, double left, double right);
void SPT_LANES_NAME(logarithms)(const double *x, size_t count, double *y);
double SPT_LANES_NAME(divergence)(const double *p, const double *log_q, size_t count, double *scratch);

void SPT_LANES_NAME(add_kernel)(double *restrict cells, const double *restrict kernel, size_t count, double left,
                                double right) {
    for (size_t i = 0; i < count; i++) cells[i] += left * kernel[i + 1] + right * kernel[i];
}

/* ln x for normal x > 0, below 1 unit in the last place: x = 2^k m with m in [sqrt(1/2), sqrt(2)), then ln m by the
 * series of fdlibm's e_log.c (Sun Microsystems 1993), whose coefficients these are. */
static inline double logarithm(double x) {
    const uint64_t root_half = UINT64_C(0x3fe6a09e00000000), one = UINT64_C(0x3ff0000000000000);
    const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    uint64_t bits;
    double m, k;
    memcpy(&bits, &x, sizeof bits);
    bits += one - root_half;
    const uint64_t exponent = (bits >> 52) | UINT64_C(0x4330000000000000); /* 2^52 + k + 1023 */
    const uint64_t fraction = (bits & UINT64_C(0x000fffffffffffff)) + root_half;
    memcpy(&k, &exponent, sizeof k);
    memcpy(&m, &fraction, sizeof m);
    k -= 0x1p52 + 1023;
    const double f = m - 1, half = 0.5 * f * f, s = f / (2 + f), z = s * s, w = z * z;
    const double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    const double odd =
        z * (6.666666666666735130e-01 +
             w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return s * (half + (odd + even)) + k * ln2_low - half + f + k * ln2_high;
}

void SPT_LANES_NAME(logarithms)(const double *restrict x, size_t count, double *restrict y) {
    for (size_t i = 0; i < count; i++) y[i] = logarithm(x[i]);
}

double SPT_LANES_NAME(divergence)(const double *restrict p, const double *restrict log_q, size_t count,
                                  double *restrict scratch) {
    for (size_t i = 0; i < count; i++) {
        const double x = p[i] > 0x1p-1000 ? p[i] : 1;
        scratch[i] = p[i] * (logarithm(x) - log_q[i]);
    }
    double part[8] = {0};
    for (size_t i = 0; i + 8 <= count; i += 8)
        for (size_t j = 0; j < 8; j++) part[j] += scratch[i + j];
    for (size_t i = count - count % 8; i < count; i++) part[i % 8] += scratch[i];
    return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}
