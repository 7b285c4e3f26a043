/* What the tests of spectra need to see. */
#ifndef SPT_SPECTRUM_INTERNAL_H
#define SPT_SPECTRUM_INTERNAL_H

#include "analysis/lanes/kernel.h"
#include "analysis/rmt/spectrum.h"

/* Other kernels than the processor's best (narrow->lanes <= 4), and another number of sweeps a value before LAPACK
 * takes over. */
void spt_spectrum_use(struct spt_spectrum *workspace, const struct spt_lanes_kernel *wide,
                      const struct spt_lanes_kernel *narrow, size_t patience);

#endif
