#include "tracker/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static sigset_t ending_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void spt_signals_block(void) {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool spt_signals_pending(void) {
    sigset_t pending;
    return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1);
}

int spt_signals_take(void) {
    const sigset_t set = ending_signals();
    const struct timespec at_once = {0};
    const int taken = sigtimedwait(&set, NULL, &at_once);
    return taken > 0 ? taken : 0;
}

void spt_signals_unblock(void) {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
