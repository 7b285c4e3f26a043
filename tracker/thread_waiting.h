/* How the threads of OpenMP wait for each other: asleep rather than spinning.
 *
 * libgomp lets a thread that has nothing to do spin for milliseconds at the end of every parallel loop. Beside a training job, which wants the
 * same cores, that halves the speed of both: on two cores with a load of 5 the sweep of the bundled run took 7.3 s spinning and 4.1 s so
 * (8.7 s with one thread); on an idle machine it makes no difference.
 */
#ifndef SPT_THREAD_WAITING_H
#define SPT_THREAD_WAITING_H

/* libgomp reads its environment when it is loaded, before main: so this sets GOMP_SPINCOUNT and starts the program anew, once. Does nothing
 * when the user has set GOMP_SPINCOUNT or OMP_WAIT_POLICY; returns as if nothing had been asked when the program cannot be started anew. */
void spt_thread_waiting_set(char **argv);

#endif
