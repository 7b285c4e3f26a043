#include "tracker/thread_waiting.h"

#include <stdlib.h>
#include <unistd.h>

#define SPINS "1000" /* some microseconds: the gap between two loops of a layer */

void spt_thread_waiting_set(char **argv) {
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
    if (setenv("GOMP_SPINCOUNT", SPINS, 1) == 0) execv("/proc/self/exe", argv);
}
