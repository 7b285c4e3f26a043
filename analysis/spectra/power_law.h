/* The power law that the largest of some numbers follow: the continuous maximum likelihood estimate of Clauset, Shalizi
 * and Newman (2009), whose start is where the fit is closest.
 *
 * Of the values x_1 <= ... <= x_m not below a candidate x_1: alpha = 1 + m / sum ln(x_i / x_1), and the distance of
 * Kolmogorov and Smirnov is max |1 - (x_i / x_1)^(1 - alpha) - (i - 1) / m|, the share of values before x_i standing
 * for the distribution as in the authors' own program (and so in powerlaw and WeightWatcher). Every value that leaves at
 * least max(10, 5 %) of them is a candidate; the one with the least distance, of equals the smallest, is taken.
 */
#ifndef SPT_POWER_LAW_H
#define SPT_POWER_LAW_H

#include <stddef.h>

#define SPT_POWER_LAW_LEAST 10

/* alpha and ks are NAN, and tail is 0, where there are fewer than 10 values or no candidate has a larger value after
 * it. */
struct spt_power_law {
    double alpha;
    double ks;
    size_t tail; /* m */
};

/* O(count^2) exponentials at worst: a candidate is left as soon as it is worse than the best. 0.3 ms at 1000.
 *   values  [count] ascending, > 0
 *   logs    [count] scratch */
struct spt_power_law spt_power_law_of(const double *values, size_t count, double *logs);

#endif
