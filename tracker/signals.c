#include "tracker/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

/* A blocked signal is queued even where it is ignored: so what is ignored must not be looked for. */
static sigset_t ending_signals(void) {
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        struct sigaction action;
        if (sigaction(SIGNALS[i], NULL, &action) != 0 || action.sa_handler != SIG_IGN) sigaddset(&set, SIGNALS[i]);
    }
    return set;
}

void spt_signals_block(void) {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool spt_signals_pending(void) {
    const sigset_t set = ending_signals();
    sigset_t pending, both;
    return sigpending(&pending) == 0 && sigandset(&both, &set, &pending) == 0 && !sigisemptyset(&both);
}

int spt_signals_take(void) {
    const sigset_t set = ending_signals();
    const struct timespec at_once = {0};
    const int taken = sigtimedwait(&set, NULL, &at_once);
    return taken > 0 ? taken : 0;
}

int spt_signals_count(struct spt_signals *signals) {
    while (spt_signals_take()) atomic_fetch_add(&signals->count, 1);
    return atomic_load(&signals->count);
}

void spt_signals_unblock(void) {
    const sigset_t set = ending_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
