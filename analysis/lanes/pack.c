/* Matrices into lanes. */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

void SPT_LANES_NAME(pack)(const double *const *a, size_t n, double *packed, double *largest);

void SPT_LANES_NAME(pack)(const double *const *a, size_t n, double *packed, double *largest) {
    const size_t stride = SPT_LANES_STRIDE(n);
    vec top = vec_of(0), check = vec_of(0); /* check becomes NAN with the first NAN or infinity */
    for (size_t j = 0; j < n; j++) {
        vec *column = (vec *)packed + j * stride;
        for (size_t i = 0; i < n; i++) {
            const vec x = vec_gather(a, j * n + i);
            column[i] = x;
            top = vec_max(vec_abs(x), top);
            check = vec_fma(x, vec_of(0), check);
        }
    }
    *(vec *)largest = top + check;
}
