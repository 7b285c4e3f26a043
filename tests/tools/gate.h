/* Every system call on a file of interest, one by one: let through, made to fail, cut short, or the process killed at it.
 *
 *     program_start(..., gate_install, &gate)  ->  gate_serve until the program ends
 *
 * The kernel holds the call and asks (seccomp user notification, Linux 5.5), so nothing is missed: calls from inside the C library, from any
 * thread, from any library. The program runs as it was built.
 */
#ifndef GATE_H
#define GATE_H

#include "program.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gate_kind {
    GATE_OPEN,   /* open, openat */
    GATE_LIST,   /* getdents64 */
    GATE_LOOK,   /* stat, lstat, newfstatat, statx, access, faccessat, readlink by name */
    GATE_FSTAT,  /* of an open file */
    GATE_READ,   /* read, pread64, readv, preadv */
    GATE_WRITE,  /* write, pwrite64, writev, pwritev */
    GATE_SYNC,   /* fsync, fdatasync */
    GATE_SIZE,   /* ftruncate, fallocate */
    GATE_RENAME, /* rename, renameat, renameat2, link, linkat, symlink */
    GATE_REMOVE, /* unlink, unlinkat, rmdir */
    GATE_MAKE,   /* mkdir, mkdirat */
    GATE_KINDS,
};

const char *gate_kind_name(enum gate_kind kind);

struct gate_call {
    enum gate_kind kind;
    bool creates, writes; /* GATE_OPEN: with O_CREAT, for writing */
    const char *path;     /* absolute; of the open file where the call has only that */
    size_t bytes;         /* READ, WRITE: asked for */
};

enum gate_action {
    GATE_PASS,
    GATE_FAIL, /* with error: nothing happens */
    GATE_SHORT, /* READ, WRITE: half of it, at least one byte, happens. Calls with vectors, and those of one byte, pass */
    GATE_KILL, /* SIGKILL before it happens */
};

struct gate_answer {
    enum gate_action action;
    int error;
};

struct gate {
    int channel[2]; /* the child sends the listener through it */
    int listener;
    /* Called for each call on a path within the folder scope (absolute). */
    const char *scope;
    struct gate_answer (*decide)(void *context, const struct gate_call *call);
    void *context;
};

void gate_init(struct gate *gate, const char *scope,
               struct gate_answer (*decide)(void *context, const struct gate_call *call), void *context);

/* In the child, before main: in_child of program_start with the gate as its context. */
void gate_install(void *gate);

/* As program_wait. */
int gate_serve(struct gate *gate, struct program *program, double seconds);

#endif
