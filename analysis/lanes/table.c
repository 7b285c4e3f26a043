/* The kernels of one width. */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

void SPT_LANES_NAME(pack)(const double *const *a, size_t n, double *packed, double *largest);
void SPT_LANES_NAME(bidiagonalise)(double *a, size_t n, double *scratch, double *d, double *e);
void SPT_LANES_NAME(bidiagonalise_one)(double *a, size_t n, double *scratch, double *d, double *e);
unsigned SPT_LANES_NAME(dqds)(const double *d, const double *e, size_t n, size_t patience, double *scratch, double *s);
void SPT_LANES_NAME(pack_graph)(const double *const *weight, const double *tau, const double *normalised, size_t n,
                                double *packed, double *null);
void SPT_LANES_NAME(tridiagonalise)(double *a, size_t n, const double *null, double *scratch, double *d, double *e);
void SPT_LANES_NAME(smallest)(const double *d, const double *e, size_t m, double *value);
void SPT_LANES_NAME(count_above)(const double *x, size_t count, const double *tau, size_t taus, size_t *above);
void SPT_LANES_NAME(add_kernel)(double *cells, const double *kernel, size_t count, double left, double right);
void SPT_LANES_NAME(logarithms)(const double *x, size_t count, double *y);
double SPT_LANES_NAME(divergence)(const double *p, const double *log_q, size_t count, double *scratch);

#define TABLE_NAMED(width) spt_lanes_##width
#define TABLE_OF(width)    TABLE_NAMED(width)

const struct spt_lanes_kernel TABLE_OF(SPT_LANES_WIDTH) = {
    .lanes = LANES,
    .pack = SPT_LANES_NAME(pack),
    .bidiagonalise = SPT_LANES_NAME(bidiagonalise),
    .bidiagonalise_one = SPT_LANES_NAME(bidiagonalise_one),
    .dqds = SPT_LANES_NAME(dqds),
    .pack_graph = SPT_LANES_NAME(pack_graph),
    .tridiagonalise = SPT_LANES_NAME(tridiagonalise),
    .smallest = SPT_LANES_NAME(smallest),
    .count_above = SPT_LANES_NAME(count_above),
    .add_kernel = SPT_LANES_NAME(add_kernel),
    .logarithms = SPT_LANES_NAME(logarithms),
    .divergence = SPT_LANES_NAME(divergence),
};
