#include "tracker/signals.h"

#include <stddef.h>
#include <time.h>

/* A blocked signal is queued even where it is ignored: so what is ignored must not be looked for. */
void spt_signals_set(sigset_t *set) {
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof SIGNALS / sizeof *SIGNALS; i++) {
        struct sigaction action;
        if (sigaction(SIGNALS[i], NULL, &action) != 0 || action.sa_handler != SIG_IGN) sigaddset(set, SIGNALS[i]);
    }
}

void spt_signals_block(void) {
    sigset_t set;
    spt_signals_set(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

bool spt_signals_pending(void) {
    sigset_t set, pending, both;
    spt_signals_set(&set);
    return sigpending(&pending) == 0 && sigandset(&both, &set, &pending) == 0 && !sigisemptyset(&both);
}

int spt_signals_take(void) {
    sigset_t set;
    spt_signals_set(&set);
    const struct timespec at_once = {0};
    const int taken = sigtimedwait(&set, NULL, &at_once);
    return taken > 0 ? taken : 0;
}

int spt_signals_count(struct spt_signals *signals) {
    while (spt_signals_take()) atomic_fetch_add(&signals->count, 1);
    return atomic_load(&signals->count);
}

void spt_signals_unblock(void) {
    sigset_t set;
    spt_signals_set(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
