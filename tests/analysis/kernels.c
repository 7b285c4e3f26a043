#include "tests/analysis/kernels.h"

#include <math.h>

size_t kernel_choices(struct kernel_choice choices[KERNEL_CHOICES]) {
    size_t count = 0;
    choices[count++] = (struct kernel_choice){&spt_lanes_plain, &spt_lanes_plain};
#ifdef SPT_LANES_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        choices[count++] = (struct kernel_choice){&spt_lanes_avx2, &spt_lanes_avx2};
        if (__builtin_cpu_supports("avx512f"))
            choices[count++] = (struct kernel_choice){&spt_lanes_avx512, &spt_lanes_avx2};
    }
#endif
    return count;
}

double draw_normal(struct spt_random *random) {
    static const double PI = 3.14159265358979323846;
    const double radius = sqrt(-2 * log(1 - spt_random_uniform(random)));
    return radius * cos(2 * PI * spt_random_uniform(random));
}
