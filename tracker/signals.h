/* Ctrl-C, SIGTERM and a lost terminal as a question that work asks between its pieces: no handler, no global state.
 *
 * SIGINT, SIGTERM and SIGHUP are blocked before any thread starts, and looked for where it is safe to stop. One that the parent left ignored
 * (nohup, a shell's background job) stays so. SIGQUIT and SIGKILL end the process at once, which loses no stored checkpoint either.
 *
 * Work that ends at the first one asks spt_signals_pending. Work that ends gently at the first one and at once at the second asks
 * spt_signals_count: signals of one number collapse while they are pending, so each must be taken for the next one to be seen.
 */
#ifndef SPT_SIGNALS_H
#define SPT_SIGNALS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Which they are. */
void spt_signals_set(sigset_t *set);

/* Blocks them in this thread and all it makes later. */
void spt_signals_block(void);

/* One of them is waiting. Safe in any thread. */
bool spt_signals_pending(void);

/* Takes the waiting one: its number, or 0. */
int spt_signals_take(void);

/* Those that were taken so far; zero-initialise. */
struct spt_signals {
    atomic_int count;
};

/* Takes those that wait: how many came until now. Safe in any thread. */
int spt_signals_count(struct spt_signals *signals);

/* Lets them through again. */
void spt_signals_unblock(void);

#endif
