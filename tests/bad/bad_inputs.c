/* Every bad input gets what manifest.txt says, within its memory and time:
 *
 *     bad_inputs run MANIFEST [KIND]   makes each and opens it, in a process of its own; exit 1 names those that failed
 *     bad_inputs make FOLDER           writes all of them, a folder each, to be looked at
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <ftw.h>

#include "make.h"
#include "manifest.h"
#include "open.h"
#include "scratch.h"
#include "shards.h"

#if defined(__SANITIZE_ADDRESS__)
/* Of memory: what AddressSanitizer puts around and keeps of what is freed; of time: its checks. */
enum { SANITIZED = 1, TIMES_MEMORY = 4, MORE_MEMORY = 48, TIMES_SECONDS = 20 };
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "quarantine_size_mb=4:max_allocation_size_mb=512:allocator_may_return_null=1";
}
#else
enum { SANITIZED = 0, TIMES_MEMORY = 1, MORE_MEMORY = 0, TIMES_SECONDS = 1 };
#endif

/* What an input may take, unless its row says otherwise. */
enum { LEAST_MEMORY = 4, TIMES_SIZE = 24, PROGRAM_MEMORY = 32 };
static const double LEAST_SECONDS = 1, PROGRAM_SECONDS = 4, HANGS_SECONDS = 400;
static const double MIB = 1024 * 1024;

struct measured {
    int status;    /* of wait */
    double memory; /* MiB that it took at most */
    double seconds;
    bool hung;
};

/* ---- what is there ---- */

static size_t entries;
static double bytes;

static int count_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)path, (void)kind, (void)place;
    entries++;
    bytes += S_ISREG(st->st_mode) ? 512.0 * (double)st->st_blocks : 0;
    return 0;
}

static void look_at_folder(void) {
    entries = 0;
    bytes = 0;
    if (nftw(".", count_one, 16, FTW_PHYS)) shards_die("the input's folder");
}

/* ---- a process of its own ---- */

struct size {
    double mapped, resident; /* MiB */
};

static struct size size_now(void) {
    unsigned long long mapped = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%llu %llu", &mapped, &resident) != 2 || fclose(file)) shards_die("/proc/self/statm");
    const double page = (double)sysconf(_SC_PAGESIZE) / MIB;
    return (struct size){(double)mapped * page, (double)resident * page};
}

static _Noreturn void be_the_child(const struct bad_row *row, double memory, struct bad_outcome *outcome) {
    setsid();
    const int said = open("../stderr", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (said < 0 || dup2(said, 1) < 0 || dup2(said, 2) < 0) shards_die("../stderr");
    if (!SANITIZED && memory > 0) {
        const rlim_t limit = (rlim_t)((size_now().mapped + memory) * MIB);
        if (setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit})) shards_die("RLIMIT_AS");
    }
    if (row) bad_open(row, outcome);
    exit(0);
}

static bool ends_within(pid_t pid, double seconds) {
    struct pollfd poll_fd = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (poll_fd.fd < 0) shards_die("pidfd_open");
    int ready;
    do ready = poll(&poll_fd, 1, (int)(seconds * 1000));
    while (ready < 0 && errno == EINTR);
    close(poll_fd.fd);
    return ready > 0;
}

/* memory: MiB that it may map, 0: any. row NULL: a process that does nothing. */
static struct measured run_child(const struct bad_row *row, double memory, struct bad_outcome *outcome) {
    struct measured m = {0};
    const double inherited = size_now().resident;
    struct rusage usage;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) shards_die("fork");
    if (pid == 0) be_the_child(row, memory, outcome);
    m.hung = !ends_within(pid, HANGS_SECONDS);
    if (m.hung) kill(-pid, SIGKILL);
    while (wait4(pid, &m.status, 0, &usage) < 0)
        if (errno != EINTR) shards_die("wait4");
    m.memory = (double)usage.ru_maxrss / 1024 - inherited;
    m.seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return m;
}

/* ---- a row ---- */

static void say_stderr(void) {
    FILE *file = fopen("../stderr", "re");
    for (int c; file && (c = getc(file)) != EOF;) putc(c, stdout);
    if (file) fclose(file);
}

static void fail(const struct bad_row *row, const struct bad_outcome *outcome, const char *why) {
    printf("FAILED %s (%s): %s\n  expected %s %s: %s\n  found    %s: %s: %s, exit %d\n%s", row->name, row->opener, why,
           row->is_program ? "exit" : spt_status_name(row->status), row->any ? "(any)" : "", row->says,
           spt_status_name(outcome->error.status), outcome->error.path, outcome->error.message, outcome->exit,
           outcome->notes);
    say_stderr();
}

static bool is_program(const struct bad_row *row) {
    return row->is_program || strcmp(row->opener, "inspect") == 0;
}

/* In the folder of the input. */
static bool holds(const struct bad_row *row, double idle, struct bad_outcome *outcome) {
    char why[256];
    look_at_folder();
    const size_t before = entries;
    double memory = LEAST_MEMORY + TIMES_SIZE * bytes / MIB, seconds = LEAST_SECONDS;
    if (row->memory > 0) memory = row->memory;
    if (row->seconds > 0) seconds = row->seconds;
    if (is_program(row)) {
        memory += PROGRAM_MEMORY;
        seconds += PROGRAM_SECONDS;
    }
    *outcome = (struct bad_outcome){0};
    const struct measured m = run_child(row, is_program(row) ? 0 : memory, outcome);
    double most = memory * TIMES_MEMORY + MORE_MEMORY;
    if (SANITIZED && row->change != BAD_AS_IT_IS)
        most = INFINITY; /* thousands of times over: what it keeps of each adds up */
    if (getenv("BAD_INPUTS_MEASURE"))
        printf("%-50s %-10s %6.1f of %6.1f MiB  %6.3f of %.0f s\n", row->name, row->opener, m.memory - idle, most,
               m.seconds, seconds * TIMES_SECONDS);
    look_at_folder();
    if (m.hung)
        (void)snprintf(why, sizeof why, "it did not end within %.0f s", HANGS_SECONDS);
    else if (WIFSIGNALED(m.status))
        (void)snprintf(why, sizeof why, "signal %d (%s)", WTERMSIG(m.status), strsignal(WTERMSIG(m.status)));
    else if (WEXITSTATUS(m.status) != 0 || !outcome->done)
        (void)snprintf(why, sizeof why, "the process ended with %d", WEXITSTATUS(m.status));
    else if (!bad_is_expected(row, outcome, why, sizeof why))
        ;
    else if (entries != before)
        (void)snprintf(why, sizeof why, "%zu files where there were %zu: something was written", entries, before);
    else if (m.memory - idle > most)
        (void)snprintf(why, sizeof why, "%.1f MiB of memory, expected at most %.1f", m.memory - idle, most);
    else if (m.seconds > seconds * TIMES_SECONDS)
        (void)snprintf(why, sizeof why, "%.2f s, expected at most %.0f", m.seconds, seconds * TIMES_SECONDS);
    else
        return true;
    fail(row, outcome, why);
    return false;
}

/* In a process of its own too: every child begins with the memory that this one has. */
static void make(const struct bad_input *input) {
    if (mkdir("in", 0777) || mkdir("state", 0777) || chdir("in")) shards_die("in");
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0) shards_die("fork");
    if (pid == 0) {
        input->write(input);
        exit(0);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) shards_die("waitpid");
    if (status != 0) shards_die(input->name);
}

static void unmake(void) {
    if (chdir("..")) shards_die("..");
    scratch_remove("in");
    scratch_remove("state");
    scratch_remove("said");
}

/* As the row says; and a checkpoint or a run also as a person would look at it. */
static bool row_holds(const struct bad_row *row, const struct bad_input *input, double idle,
                      struct bad_outcome *outcome) {
    make(input);
    bool good = holds(row, idle, outcome);
    const bool weights = strcmp(row->opener, "checkpoint") == 0 || strcmp(row->opener, "run") == 0;
    if (good && weights && row->change == BAD_AS_IT_IS && !row->nobody) {
        struct bad_row looked_at = *row;
        looked_at.opener = "inspect";
        looked_at.any = true;
        looked_at.says = "";
        good = holds(&looked_at, idle, outcome);
    }
    unmake();
    return good;
}

static bool is_of_kind(const char *name, const char *kind) {
    return !kind || (strncmp(name, kind, strlen(kind)) == 0 && name[strlen(kind)] == '/');
}

/* Every input has its row, and every row its input. */
static size_t unmatched(const struct bad_manifest *manifest) {
    size_t tables, count = 0;
    const struct bad_table *const *table = bad_tables(&tables);
    for (size_t t = 0; t < tables; t++)
        for (size_t i = 0; i < table[t]->count; i++) {
            bool found = false;
            const char *name = table[t]->inputs[i].name;
            for (size_t r = 0; !found && r < manifest->count; r++) found = strcmp(manifest->rows[r].name, name) == 0;
            if (!found) printf("FAILED %s: it is made, and manifest.txt does not say what it gets\n", name);
            count += !found;
        }
    return count;
}

static int run(const char *path, const char *kind) {
    struct bad_manifest manifest;
    bad_manifest_read(&manifest, path);
    size_t failed = unmatched(&manifest), done = 0;
    struct bad_outcome *outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcome == MAP_FAILED) shards_die("memory");
    scratch_enter();
    if (chmod(".", 0755) || mkdir("in", 0777) || chdir("in")) shards_die("in");
    const double idle = run_child(NULL, 0, outcome).memory;
    if (chdir("..") || rmdir("in")) shards_die("in");
    for (size_t i = 0; i < manifest.count; i++) {
        const struct bad_row *row = &manifest.rows[i];
        if (!is_of_kind(row->name, kind)) continue;
        const struct bad_input *input = bad_find(row->name);
        if (!input) printf("FAILED %s: manifest.txt names it, and nobody makes it\n", row->name);
        failed += !input || !row_holds(row, input, idle, outcome);
        done++;
    }
    scratch_leave();
    munmap(outcome, sizeof *outcome);
    bad_manifest_release(&manifest);
    printf("%zu inputs, %zu failed\n", done, failed);
    return failed || !done;
}

static int make_all(const char *folder) {
    size_t tables;
    const struct bad_table *const *table = bad_tables(&tables);
    if ((mkdir(folder, 0777) && errno != EEXIST) || chdir(folder)) shards_die(folder);
    const int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (home < 0) shards_die(folder);
    for (size_t t = 0; t < tables; t++)
        for (size_t i = 0; i < table[t]->count; i++) {
            const struct bad_input *input = &table[t]->inputs[i];
            bad_folder(input->name);
            if (chdir(input->name)) shards_die(input->name);
            input->write(input);
            if (fchdir(home)) shards_die(folder);
        }
    close(home);
    return 0;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc >= 3 && argc <= 4 && strcmp(argv[1], "run") == 0) return run(argv[2], argc == 4 ? argv[3] : NULL);
    if (argc == 3 && strcmp(argv[1], "make") == 0) return make_all(argv[2]);
    fprintf(stderr, "usage: %s run MANIFEST [KIND]\n       %s make FOLDER\n", argv[0], argv[0]);
    return 2;
}
