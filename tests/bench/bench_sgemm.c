/* Prints the GFLOP/s of this machine's sgemm.
 *
 *     bench_sgemm THREADS [TURNS]
 */
#include "rates.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 0, turns = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
    if (!threads || !turns) {
        fprintf(stderr, "usage: bench_sgemm THREADS [TURNS]\n");
        return 2;
    }
    printf("%.1f\n", rates_sgemm(threads, turns) * 1e-9);
    return 0;
}
