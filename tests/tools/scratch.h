/* A folder of the test's own, which is its working directory until it leaves: in $TMPDIR, else in memory where there is such a place. What is
 * killed there is killed as anywhere; and thousands of stores are synced in seconds. */
#ifndef SCRATCH_H
#define SCRATCH_H

void scratch_enter(void);
void scratch_leave(void);              /* removes it */
void scratch_remove(const char *path); /* a folder with all that is in it; nothing where there is none */

#endif
