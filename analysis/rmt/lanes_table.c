/* The kernels of one width. */
#include "analysis/rmt/lanes.h"
#include "analysis/rmt/lanes_kernel.h"

void SPT_LANES_NAME(pack)(const double *const *a, size_t n, double *packed, double *largest);
void SPT_LANES_NAME(bidiagonalise)(double *a, size_t n, double *scratch, double *d, double *e);
void SPT_LANES_NAME(bidiagonalise_one)(double *a, size_t n, double *scratch, double *d, double *e);
unsigned SPT_LANES_NAME(dqds)(const double *d, const double *e, size_t n, size_t patience, double *scratch, double *s);
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
    .add_kernel = SPT_LANES_NAME(add_kernel),
    .logarithms = SPT_LANES_NAME(logarithms),
    .divergence = SPT_LANES_NAME(divergence),
};
