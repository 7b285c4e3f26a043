/* SQLite with faults: the n-th call of its file system, or of its allocator, fails; alone, or with all that follow.
 *
 *     faults_install (first of all)  ->  faults_arm  ->  what is tested  ->  faults_disarm: whether any call failed
 */
#ifndef SPT_TEST_STORE_FAULTS_H
#define SPT_TEST_STORE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum faults_kind {
    FAULTS_FILES,  /* open, read, write, truncate, sync, size, delete, shared memory: an I/O error */
    FAULTS_WRITES, /* write, truncate, sync: the disk is full */
    FAULTS_MEMORY,
};

void faults_install(void);
void faults_arm(enum faults_kind kind, size_t nth, bool all_that_follow); /* nth from 0 */
size_t faults_counted(void);                                              /* calls of the kind since it was armed */
bool faults_disarm(void);

#endif
