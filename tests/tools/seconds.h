/* A clock that never goes back, in seconds. */
#ifndef SECONDS_H
#define SECONDS_H

double seconds_now(void);
void seconds_sleep(double seconds); /* at least so long; not at all for 0 and less */

#endif
