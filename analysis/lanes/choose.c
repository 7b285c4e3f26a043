#include "analysis/lanes/kernel.h"

const struct spt_lanes_kernel *spt_lanes_narrow(void) {
#ifdef SPT_LANES_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &spt_lanes_avx2;
#endif
    return &spt_lanes_plain;
}

const struct spt_lanes_kernel *spt_lanes_widest(void) {
    const struct spt_lanes_kernel *narrow = spt_lanes_narrow();
#ifdef SPT_LANES_X86
    if (narrow != &spt_lanes_plain && __builtin_cpu_supports("avx512f")) return &spt_lanes_avx512;
#endif
    return narrow;
}
