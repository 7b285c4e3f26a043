#include "gate.h"

#include "seconds.h"
#include "shards.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Where a call says which file it is about. */
enum place {
    FILE_0,    /* argument 0 is a descriptor */
    PATH_0,    /* argument 0 is a path */
    AT_0,      /* arguments 0 and 1: a folder's descriptor and a path in it */
    AT_EMPTY_0 /* as AT_0; an empty path is the descriptor itself */
};

struct row {
    int number;
    enum gate_kind kind;
    enum place place;
    bool scalar; /* arguments 1 and 2 are a buffer and its size */
    bool offset; /* argument 3 is the offset */
};

/* An architecture has those of them that its kernel has. */
static const struct row ROWS[] = {
#ifdef SYS_open
    {SYS_open, GATE_OPEN, PATH_0, false, false},
#endif
    {SYS_openat, GATE_OPEN, AT_0, false, false},
    {SYS_getdents64, GATE_LIST, FILE_0, false, false},
#ifdef SYS_stat
    {SYS_stat, GATE_LOOK, PATH_0, false, false},
    {SYS_lstat, GATE_LOOK, PATH_0, false, false},
    {SYS_access, GATE_LOOK, PATH_0, false, false},
    {SYS_readlink, GATE_LOOK, PATH_0, false, false},
#endif
    {SYS_newfstatat, GATE_LOOK, AT_EMPTY_0, false, false},
    {SYS_statx, GATE_LOOK, AT_EMPTY_0, false, false},
    {SYS_faccessat, GATE_LOOK, AT_0, false, false},
    {SYS_faccessat2, GATE_LOOK, AT_EMPTY_0, false, false},
    {SYS_readlinkat, GATE_LOOK, AT_EMPTY_0, false, false},
    {SYS_fstat, GATE_FSTAT, FILE_0, false, false},
    {SYS_read, GATE_READ, FILE_0, true, false},
    {SYS_pread64, GATE_READ, FILE_0, true, true},
    {SYS_readv, GATE_READ, FILE_0, false, false},
    {SYS_preadv, GATE_READ, FILE_0, false, false},
    {SYS_write, GATE_WRITE, FILE_0, true, false},
    {SYS_pwrite64, GATE_WRITE, FILE_0, true, true},
    {SYS_writev, GATE_WRITE, FILE_0, false, false},
    {SYS_pwritev, GATE_WRITE, FILE_0, false, false},
    {SYS_fsync, GATE_SYNC, FILE_0, false, false},
    {SYS_fdatasync, GATE_SYNC, FILE_0, false, false},
    {SYS_ftruncate, GATE_SIZE, FILE_0, false, false},
    {SYS_fallocate, GATE_SIZE, FILE_0, false, false},
#ifdef SYS_rename
    {SYS_rename, GATE_RENAME, PATH_0, false, false},
    {SYS_link, GATE_RENAME, PATH_0, false, false},
    {SYS_unlink, GATE_REMOVE, PATH_0, false, false},
    {SYS_rmdir, GATE_REMOVE, PATH_0, false, false},
    {SYS_mkdir, GATE_MAKE, PATH_0, false, false},
#endif
    {SYS_renameat, GATE_RENAME, AT_0, false, false},
    {SYS_renameat2, GATE_RENAME, AT_0, false, false},
    {SYS_linkat, GATE_RENAME, AT_0, false, false},
    {SYS_unlinkat, GATE_REMOVE, AT_0, false, false},
    {SYS_mkdirat, GATE_MAKE, AT_0, false, false},
};

enum { ROW_COUNT = sizeof(ROWS) / sizeof(ROWS[0]) };

const char *gate_kind_name(enum gate_kind kind) {
    static const char *const NAMES[] = {
        [GATE_OPEN] = "open",     [GATE_LIST] = "getdents", [GATE_LOOK] = "stat",  [GATE_FSTAT] = "fstat",
        [GATE_READ] = "read",     [GATE_WRITE] = "write",   [GATE_SYNC] = "fsync", [GATE_SIZE] = "ftruncate",
        [GATE_RENAME] = "rename", [GATE_REMOVE] = "unlink", [GATE_MAKE] = "mkdir",
    };
    return NAMES[kind];
}

void gate_init(struct gate *gate, const char *scope,
               struct gate_answer (*decide)(void *context, const struct gate_call *call), void *context) {
    *gate = (struct gate){.listener = -1, .scope = scope, .decide = decide, .context = context};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate->channel)) shards_die("socketpair");
}

/* --- in the child --- */

static int install_filter(void) {
    struct sock_filter filter[ROW_COUNT + 3];
    size_t n = 0;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ROW_COUNT; i++)
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)ROWS[i].number,
                                                   (uint8_t)(ROW_COUNT - i), 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    const struct sock_fprog program = {.len = (unsigned short)n, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) shards_die("no_new_privs");
    const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0) shards_die("seccomp");
    return (int)listener;
}

/* A descriptor through a socket: recv false sends *fd, true receives it. */
static void pass_descriptor(int socket, int *fd, bool receive) {
    char byte = 0;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
    if (!receive) {
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(header), fd, sizeof(*fd));
        if (sendmsg(socket, &message, 0) != 1) shards_die("sendmsg");
        return;
    }
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) shards_die("recvmsg");
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) shards_die("the child sent no listener");
    memcpy(fd, CMSG_DATA(header), sizeof(*fd));
}

void gate_install(void *context) {
    const struct gate *gate = context;
    int listener = install_filter();
    pass_descriptor(gate->channel[1], &listener, false);
    close(listener);
    close(gate->channel[0]);
    close(gate->channel[1]);
}

/* --- in the test --- */

static bool read_link(const char *link, char path[PATH_MAX]) {
    const ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static bool path_of_descriptor(pid_t pid, int fd, char path[PATH_MAX]) {
    char link[64];
    if (fd == AT_FDCWD)
        snprintf(link, sizeof(link), "/proc/%ld/cwd", (long)pid);
    else
        snprintf(link, sizeof(link), "/proc/%ld/fd/%d", (long)pid, fd);
    return read_link(link, path);
}

/* A string in the other process: as much of it as its page has, then page by page. */
static bool read_string(pid_t pid, uint64_t address, char text[PATH_MAX]) {
    for (size_t at = 0; at < PATH_MAX;) {
        const size_t page = 4096 - (size_t)((address + at) % 4096);
        const size_t size = page < PATH_MAX - at ? page : PATH_MAX - at;
        struct iovec local = {.iov_base = text + at, .iov_len = size};
        struct iovec remote = {.iov_base = (void *)(uintptr_t)(address + at), .iov_len = size};
        const ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
        if (n <= 0) return false;
        if (memchr(text + at, '\0', (size_t)n)) return true;
        at += (size_t)n;
    }
    return false;
}

static bool path_of_call(const struct seccomp_notif *call, const struct row *row, char path[PATH_MAX]) {
    char name[PATH_MAX], folder[PATH_MAX];
    const pid_t pid = (pid_t)call->pid;
    const int fd = (int)call->data.args[0];
    if (row->place == FILE_0) return path_of_descriptor(pid, fd, path);
    if (!read_string(pid, call->data.args[row->place == PATH_0 ? 0 : 1], name)) return false;
    if (row->place == AT_EMPTY_0 && !*name) return path_of_descriptor(pid, fd, path);
    if (*name == '/') return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
    if (!path_of_descriptor(pid, row->place == PATH_0 ? AT_FDCWD : fd, folder)) return false;
    return snprintf(path, PATH_MAX, "%s/%s", folder, name) < PATH_MAX;
}

/* Half of a read or write, done here on the same open file. The number of bytes, or -errno. */
static int64_t do_half(const struct seccomp_notif *call, const struct row *row, const struct program *program) {
    const size_t size = (size_t)call->data.args[2] / 2;
    const off_t offset = (off_t)call->data.args[3];
    char *buffer = malloc(size);
    const int fd = (int)syscall(SYS_pidfd_getfd, program->pidfd, (int)call->data.args[0], 0);
    if (!buffer || fd < 0) shards_die("a descriptor of the program");
    struct iovec local = {.iov_base = buffer, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)call->data.args[1], .iov_len = size};
    ssize_t n;
    if (row->kind == GATE_READ) {
        n = row->offset ? pread(fd, buffer, size, offset) : read(fd, buffer, size);
        local.iov_len = remote.iov_len = n > 0 ? (size_t)n : 0;
        if (n > 0 && process_vm_writev((pid_t)call->pid, &local, 1, &remote, 1, 0) != n)
            shards_die("process_vm_writev");
    } else {
        if (process_vm_readv((pid_t)call->pid, &local, 1, &remote, 1, 0) != (ssize_t)size)
            shards_die("process_vm_readv");
        n = row->offset ? pwrite(fd, buffer, size, offset) : write(fd, buffer, size);
    }
    const int64_t result = n < 0 ? -errno : n;
    close(fd);
    free(buffer);
    return result;
}

static const struct row *find_row(int number) {
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (ROWS[i].number == number) return &ROWS[i];
    return NULL;
}

static struct gate_answer ask(const struct gate *gate, const struct seccomp_notif *call, const struct row *row) {
    char path[PATH_MAX];
    const size_t scope = strlen(gate->scope);
    const struct gate_answer pass = {GATE_PASS, 0};
    if (!path_of_call(call, row, path) || strncmp(path, gate->scope, scope) != 0 ||
        (path[scope] != '/' && path[scope] != '\0'))
        return pass;
    struct gate_call asked = {.kind = row->kind, .path = path};
    if (row->kind == GATE_LOOK && row->place == AT_EMPTY_0) {
        char name[PATH_MAX];
        if (read_string((pid_t)call->pid, call->data.args[1], name) && !*name) asked.kind = GATE_FSTAT;
    }
    if (row->scalar) asked.bytes = (size_t)call->data.args[2];
    const int flags = (int)call->data.args[row->place == PATH_0 ? 1 : 2];
    if (row->kind == GATE_OPEN) {
        asked.creates = flags & O_CREAT;
        asked.writes = (flags & O_ACCMODE) != O_RDONLY;
    }
    return gate->decide(gate->context, &asked);
}

static void answer(const struct gate *gate, const struct program *program) {
    struct seccomp_notif call = {0};
    if (ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) return; /* ENOENT: the thread is gone meanwhile */
    const struct row *row = find_row(call.data.nr);
    const struct gate_answer given = ask(gate, &call, row);
    struct seccomp_notif_resp response = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    if (given.action == GATE_KILL) {
        kill(program->pid, SIGKILL);
        return;
    }
    if (given.action == GATE_FAIL) {
        response.flags = 0;
        response.error = -given.error;
    }
    if (given.action == GATE_SHORT && row->scalar && call.data.args[2] > 1) {
        const int64_t n = do_half(&call, row, program);
        response.flags = 0;
        response.val = n < 0 ? 0 : n;
        response.error = n < 0 ? (int32_t)n : 0;
    }
    ioctl(gate->listener, SECCOMP_IOCTL_NOTIF_SEND, &response); /* ENOENT as above */
}

int gate_serve(struct gate *gate, struct program *program, double seconds) {
    const double end = seconds_now() + seconds;
    close(gate->channel[1]);
    pass_descriptor(gate->channel[0], &gate->listener, true);
    struct pollfd ready[2] = {{.fd = gate->listener, .events = POLLIN}, {.fd = program->pidfd, .events = POLLIN}};
    while (seconds_now() < end) {
        if (poll(ready, 2, 100) < 0 && errno != EINTR) shards_die("poll");
        if (ready[1].revents) break;
        if (ready[0].revents & POLLIN) answer(gate, program);
    }
    close(
        gate->listener); /* what is asked from here on fails with ENOSYS: the program has ended, or hangs and is killed */
    close(gate->channel[0]);
    return program_wait(program, 0);
}
