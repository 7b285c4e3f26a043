/* The law of Marchenko and Pastur (1967): where the eigenvalues of X^T X / N lie when the N x d entries of X are
 * independent, of mean 0 and variance 1, and d / N is q <= 1. For q > 1 the nonzero ones are those of X X^T / d, of
 * aspect ratio 1 / q.
 *
 * On [(1 - r)^2, (1 + r)^2], r = sqrt(q), its density is sqrt((b - x)(x - a)) / (2 pi q x). With
 * x = 1 + q - 2 r cos t that is (2 / pi) sin^2 t / (1 + q - 2 r cos t) dt, a product of sin^2 and Poisson's kernel,
 * whose Fourier series is 1/2 + (r/2) cos t - (1 - q)/2 sum over k >= 2 of r^(k-2) cos kt. So
 *
 *     F = (t + r sin t - (1 - q) S) / pi,  S = sum over k >= 2 of r^(k-2) sin(kt) / k
 *
 * and S = (atan2(r sin t, 1 - r cos t) - r sin t) / q.
 */
#ifndef SPT_MARCHENKO_PASTUR_H
#define SPT_MARCHENKO_PASTUR_H

#include <stddef.h>

/* The distribution function at x for q in (0, 1], to 1e-15: 0 below its support, 1 above, NAN for NAN. */
double spt_marchenko_pastur_cdf(double q, double x);

/* Where it is 1/2, to the last bit but few. Some 50 times the cost of the distribution function. */
double spt_marchenko_pastur_median(double q);

/* Right end of the support. */
double spt_marchenko_pastur_edge(double q);

/* How eigenvalues lie to the law of their aspect ratio, once they are in units of their own sigma^2 = their median over
 * the law's. */
struct spt_marchenko_pastur_fit {
    double ks;     /* sup |F_n - F|, in [0, 1] */
    size_t spikes; /* eigenvalues beyond the edge, sigma^2 (1 + sqrt q)^2 */
};

/*   values  [count] ascending, > 0; count >= 1 */
struct spt_marchenko_pastur_fit spt_marchenko_pastur_of(const double *values, size_t count, double q);

#endif
