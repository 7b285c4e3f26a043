/* Ctrl-C and SIGTERM as a question that work asks between its pieces: no handler, no global state.
 *
 * SIGINT and SIGTERM are blocked before any thread starts, and looked for where it is safe to stop. A second SIGINT while the first one is
 * being honoured changes nothing; SIGQUIT and SIGKILL end the process at once, which loses no stored checkpoint either.
 */
#ifndef SPT_SIGNALS_H
#define SPT_SIGNALS_H

#include <stdbool.h>

/* Blocks SIGINT and SIGTERM in this thread and all it makes later. */
void spt_signals_block(void);

/* One of them is waiting. Safe in any thread. */
bool spt_signals_pending(void);

/* Takes the waiting one: its number, or 0. */
int spt_signals_take(void);

/* Lets them through again. */
void spt_signals_unblock(void);

#endif
