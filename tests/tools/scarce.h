/* Memory that runs out: the n-th allocation of the program fails, whichever library makes it.
 *
 *     scarce_new (in the test)  ->  scarce_arm (in the child, before its work)  ->  scarce_disarm (after it)  ->  report, in the test
 *
 * malloc and its kin are the test's own, and look at who calls: what OpenBLAS, FFTW, libgomp, popt and the dynamic loader allocate never
 * fails and is not counted (without memory they end the process, popt forgets arguments, and a caller is not told). Every block stands between guards,
 * is filled when it is made and when it is freed, and is not used again at once: what reads or writes where it must not ends the process with
 * SIGABRT and a message. Not with AddressSanitizer, which has a malloc of its own.
 */
#ifndef SCARCE_H
#define SCARCE_H

#include <stdbool.h>
#include <stddef.h>

enum { SCARCE_FRAMES = 8, SCARCE_LEAKS = 8 };

/* Shared by test and child. */
struct scarce {
    size_t fail_at; /* index of the allocation that fails, from 0; SIZE_MAX: none */
    bool for_good;  /* and all after it */
    size_t count;   /* allocations since armed */
    bool hit;
    void *frames[SCARCE_FRAMES]; /* where the one that failed was asked for, innermost first */
    size_t live, live_bytes;     /* blocks made since armed that are still there */
    void *leaks[SCARCE_LEAKS];   /* who made the first of them */
    size_t leak_sizes[SCARCE_LEAKS];
};

struct scarce *scarce_new(void);
void scarce_free(struct scarce *scarce);

void scarce_arm(struct scarce *scarce);
void scarce_disarm(struct scarce *scarce); /* counts what lives */

/* "spt_store_open (open.c) < open_store < ..." for people. Borrowed from buffer. */
const char *scarce_where(const struct scarce *scarce, char *buffer /* [size] */, size_t size);

#endif
