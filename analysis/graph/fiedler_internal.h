/* What the tests of Fiedler values need to see. */
#ifndef SPT_FIEDLER_INTERNAL_H
#define SPT_FIEDLER_INTERNAL_H

#include "analysis/graph/fiedler.h"
#include "analysis/lanes/kernel.h"

/* Other kernels than the processor's best (narrow->lanes <= 4). */
void spt_fiedler_use(struct spt_fiedler *workspace, const struct spt_lanes_kernel *wide,
                     const struct spt_lanes_kernel *narrow);

#endif
