/* Every system call of a sweep (or of a watch until it is done) on the run's files, the probe's and the store's fails, one at a time: the outcome is a clear error or a retry.
 *
 *     system_calls FAULT CHECKPOINTS [watch]    FAULT: EIO, ENOSPC, EINTR, EMFILE, ESTALE, or short (a read or write does half)
 *
 * For each call in turn: the sweep ends in time and by itself, with 0 or with the documented status and a message that names the file; what is
 * stored is whole, and nothing is wrong in it; if it ended with 0 everything is there; and a sweep after it finishes the rest.
 */
#include "gate.h"
#include "program.h"
#include "scratch.h"
#include "shards.h"
#include "stored.h"
#include "tiny.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMON                                                                                                         \
    "run", "--db", "store.db", "--ids", "ids", "--metrics", "sinks,loss", "--bootstrap", "10", "--null-draws", "2",    \
        "--threads", "1", "--quiet"

static const char *const SWEEP[] = {"spectail", "sweep", COMMON, NULL};
static const char *const WATCH[] = {"spectail", "watch",      COMMON, "--once", "--quiet-period",
                                    "0",        "--interval", "0.1s", NULL};

enum { LONGEST = 20 /* seconds a run may take that takes 20 ms */ };

static const struct fault {
    const char *name;
    struct gate_answer answer;
    bool at[GATE_KINDS];
} FAULTS[] = {
#define ALL                                                                                                            \
    { true, true, true, true, true, true, true, true, true, true, true }
    {"EIO", {GATE_FAIL, EIO}, ALL},
    {"ESTALE", {GATE_FAIL, ESTALE}, ALL},
    {"EINTR", {GATE_FAIL, EINTR}, ALL},
    {"ENOSPC",
     {GATE_FAIL, ENOSPC},
     {[GATE_OPEN] = true,
      [GATE_WRITE] = true,
      [GATE_SYNC] = true,
      [GATE_SIZE] = true,
      [GATE_RENAME] = true,
      [GATE_MAKE] = true}},
    {"EMFILE", {GATE_FAIL, EMFILE}, {[GATE_OPEN] = true}},
    {"short", {GATE_SHORT, 0}, {[GATE_READ] = true, [GATE_WRITE] = true}},
#undef ALL
};

struct test {
    const char *const *command;
    const struct fault *fault;
    size_t at, seen;
    char path[PATH_MAX]; /* of the call that was hit */
    enum gate_kind kind;
    struct stored expected;
    size_t hits[GATE_KINDS], clean, refused, problems;
};

static struct gate_answer fail_at(void *context, const struct gate_call *call) {
    struct test *test = context;
    const struct gate_answer pass = {GATE_PASS, 0};
    if (!test->fault->at[call->kind] || (test->fault->answer.action == GATE_SHORT && call->bytes < 2)) return pass;
    if (test->seen++ != test->at) return pass;
    snprintf(test->path, sizeof(test->path), "%s", call->path);
    test->kind = call->kind;
    return test->fault->answer;
}

static void report(struct test *test, const char *what, const char *detail) {
    char *said = program_said("../said");
    fprintf(stderr, "FAILED: %s at call %zu (%s %s): %s: %s\n  it said: %s\n", test->fault->name, test->at,
            gate_kind_name(test->kind), test->path, what, detail, said);
    free(said);
    test->problems++;
}

/* --- what is expected --- */

/* By the file that was hit: the statuses that are documented for it besides 0, and what the message has to name one of. */
static const struct expectation {
    const char *path;
    int statuses[2];
    const char *names;
} EXPECTATIONS[] = {
    {"/store.db", {3, 3}, "store.db"},
    {"/run", {1, 2}, "run"},
    {"/ids", {2, 2}, "ids"},
    {"", {3, 3}, "store.db"}, /* SQLite looks at the folders that its file is in */
};

static void check_status(struct test *test, const char *scope, int status) {
    char described[64];
    const char *path = test->path + strlen(scope);
    if (status == 0) {
        test->clean++;
        return;
    }
    test->refused++;
    for (size_t i = 0; i < sizeof(EXPECTATIONS) / sizeof(EXPECTATIONS[0]); i++) {
        const struct expectation *e = &EXPECTATIONS[i];
        if (*e->path ? strncmp(path, e->path, strlen(e->path)) != 0 : *path) continue;
        char *said = program_said("../said");
        if (status != e->statuses[0] && status != e->statuses[1])
            report(test, "the status is not as documented", program_describe(status, described));
        else if (!strstr(said, e->names))
            report(test, "the message does not name", e->names);
        free(said);
        return;
    }
    report(test, "a file that is none of the sweep's", path);
}

typedef bool check_fn(const struct stored *found, const struct stored *expected, char problem[STORED_PROBLEM]);

static void check_stored(struct test *test, check_fn *check, const char *when) {
    struct stored found;
    char problem[STORED_PROBLEM];
    if (!stored_read("store.db", &found, problem) || !check(&found, &test->expected, problem))
        report(test, when, problem);
    stored_release(&found);
}

/* --- one call --- */

/* false: the sweep made fewer calls than that. */
static bool fail_once(struct test *test, const char *scope) {
    struct gate gate;
    struct program program;
    char described[64];
    test->seen = 0;
    gate_init(&gate, scope, fail_at, test);
    program_start(&program, test->command, "../said", gate_install, &gate);
    const int status = gate_serve(&gate, &program, LONGEST);
    if (test->seen <= test->at) return false;
    test->hits[test->kind]++;
    if (status < 0 || status >= PROGRAM_KILLED)
        report(test, "the sweep", program_describe(status, described));
    else
        check_status(test, scope, status);
    if (status == 0)
        check_stored(test, stored_has_all, "it ended with 0, and");
    else
        check_stored(test, stored_is_part_of, "it ended with an error, and");
    const int again = program_run(SWEEP, "../said");
    if (again) report(test, "the sweep after it", program_describe(again, described));
    check_stored(test, stored_is, "after the sweep after it");
    stored_remove("store.db");
    return true;
}

static void run_undisturbed(struct test *test) {
    char described[64];
    const int status = program_run(SWEEP, "../said");
    if (status) report(test, "undisturbed", program_describe(status, described));
    char problem[STORED_PROBLEM];
    if (!stored_read("store.db", &test->expected, problem)) report(test, "undisturbed", problem);
    stored_remove("store.db");
}

int main(int argc, char **argv) {
    const bool watch = argc == 4 && strcmp(argv[3], "watch") == 0;
    struct test test = {.command = watch ? WATCH : SWEEP};
    char scope[PATH_MAX];
    const int64_t count = argc == (watch ? 4 : 3) ? strtoll(argv[2], NULL, 10) : 0;
    for (size_t i = 0; count && i < sizeof(FAULTS) / sizeof(FAULTS[0]); i++)
        if (strcmp(FAULTS[i].name, argv[1]) == 0) test.fault = &FAULTS[i];
    if (!test.fault) {
        fprintf(stderr, "usage: system_calls EIO|ESTALE|EINTR|ENOSPC|EMFILE|short CHECKPOINTS [watch]\n");
        return 2;
    }
    scratch_enter();
    mkdir("scope", 0777);
    if (chdir("scope") || !getcwd(scope, sizeof(scope)) || mkdir("run", 0777)) shards_die("scope");
    for (int64_t i = 0; i < count; i++) {
        struct tiny_checkpoint checkpoint;
        tiny_make(&checkpoint, &(struct tiny_kind){.trainer = true, .sharded = i % 2 == 0}, 10 * (i + 1));
        tiny_write(&checkpoint, "run");
        tiny_release(&checkpoint);
    }
    tiny_write_ids("ids");
    run_undisturbed(&test);
    while (test.expected.count && fail_once(&test, scope)) test.at++;
    printf("%s: %zu calls:", test.fault->name, test.at);
    for (size_t i = 0; i < GATE_KINDS; i++)
        if (test.hits[i]) printf(" %zu %s", test.hits[i], gate_kind_name((enum gate_kind)i));
    printf("; %zu ended as if nothing had been, %zu with an error\n", test.clean, test.refused);
    stored_release(&test.expected);
    if (chdir("..")) shards_die("scratch");
    scratch_leave();
    if (!test.at) fprintf(stderr, "FAILED: no call was hit\n");
    return test.problems || !test.at ? 1 : 0;
}
