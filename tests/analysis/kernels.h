/* What the tests of kernels share. */
#ifndef TESTS_KERNELS_H
#define TESTS_KERNELS_H

#include "analysis/lanes/kernel.h"
#include "analysis/random.h"

#define KERNEL_CHOICES 3

/* A wide kernel and a narrow one, of at most four lanes. */
struct kernel_choice {
    const struct spt_lanes_kernel *wide, *narrow;
};

/* The pairs that this processor runs: plain; avx2; avx512 with avx2. Returns how many. */
size_t kernel_choices(struct kernel_choice choices[KERNEL_CHOICES]);

/* Mean 0, variance 1 (Box and Muller 1958). */
double draw_normal(struct spt_random *random);

#endif
