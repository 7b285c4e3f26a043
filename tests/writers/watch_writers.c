/* A watch beside writers as trainers really are: nothing is analysed before it is complete, nothing is lost, nothing is wrong in the end.
 *
 *     watch_writers CASE
 *
 * A case is a way of writing (tests/tools/writing.h) or one of CASES below. The writer measures its own pauses: on a loaded machine one of
 * them may become as long as the quiet period, and a checkpoint that was taken for complete then is superseded, as after a pause that was
 * meant. In the end what is stored is what a sweep over an untouched copy stores.
 */
#include "gate.h"
#include "program.h"
#include "scratch.h"
#include "seconds.h"
#include "shards.h"
#include "stored.h"
#include "tiny.h"
#include "writing.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET      0.5
#define QUIET_TEXT "0.5s"
#define COMMON                                                                                                         \
    "run", "--db", "store.db", "--ids", "ids", "--metrics", "sinks,loss", "--bootstrap", "10", "--null-draws", "2",    \
        "--threads", "1", "-q"

static const char *const WATCH[] = {"spectail", "watch",      COMMON, "--quiet-period",
                                    QUIET_TEXT, "--interval", "0.1s", NULL};
static const char *const SWEEP[] = {"spectail", "sweep", COMMON, NULL};
static const char *const WAITING_SWEEP[] = {"spectail", "sweep", COMMON, "--wait", "60", NULL};
static const char *const EXPORT[] = {"spectail", "export", "--db", "store.db", "--format", "csv", NULL};
static const char *const PLOT[] = {"spectail", "plot", "--db", "store.db", "--out", "figures", NULL};

enum { LIMIT = 60 /* seconds until something that takes less than one has to have happened */ };

static const char ANALYSED[] = "SELECT count(*) FROM checkpoint WHERE state = 'analysed' AND superseded IS NULL";
static const char SUPERSEDED[] = "SELECT count(*) FROM checkpoint WHERE state = 'analysed' AND superseded IS NOT NULL";
static const char VANISHED[] = "SELECT count(*) FROM checkpoint WHERE state = 'vanished'";

struct test {
    struct program watch;
    bool watching;
    struct tiny_kind kind;
    struct stored expected; /* of all checkpoints that copy was given */
};

static _Noreturn void fail(struct test *test, const char *what, const char *detail) {
    char *said = program_said("said"), folder[PATH_MAX];
    fprintf(stderr, "FAILED: %s: %s\nthe watch said:\n%s\nin %s, which is kept\n", what, detail, said,
            getcwd(folder, sizeof(folder)));
    if (test->watching) kill(test->watch.pid, SIGKILL);
    exit(1);
}

static void expect_status(struct test *test, const char *what, int status, int expected) {
    char described[64];
    if (status != expected) fail(test, what, program_describe(status, described));
}

static void expect_count(struct test *test, const char *what, long found, long expected) {
    char detail[64];
    snprintf(detail, sizeof(detail), "found %ld, expected %ld", found, expected);
    if (found != expected) fail(test, what, detail);
}

/* So many, or more. */
static void await_count(struct test *test, const char *what, const char *sql, long expected) {
    const double end = seconds_now() + LIMIT;
    long found;
    while ((found = stored_ask("store.db", sql)) < expected && seconds_now() < end) seconds_sleep(0.05);
    if (found < expected) expect_count(test, what, found, expected);
}

static void start_watch(struct test *test) {
    program_start(&test->watch, WATCH, "said", NULL, NULL);
    test->watching = true;
}

static void stop_watch(struct test *test) {
    kill(test->watch.pid, SIGTERM);
    test->watching = false;
    expect_status(test, "the watch", program_wait(&test->watch, LIMIT), 0);
}

/* The same checkpoint where nobody disturbs it. */
static void copy_of(const struct tiny_checkpoint *checkpoint) {
    tiny_write(checkpoint, "copy/run");
}

static void sweep_copy(struct test *test) {
    char problem[STORED_PROBLEM];
    if (chdir("copy")) shards_die("copy");
    const int status = program_run(SWEEP, "../said.sweep");
    if (chdir("..")) shards_die("scratch");
    expect_status(test, "the sweep over the copy", status, 0);
    if (!stored_read("copy/store.db", &test->expected, problem)) fail(test, "the copy", problem);
}

/* What is stored in the end: all that the copy has (awaited), or a part of it; and the watch is stopped. */
static void finish(struct test *test, bool all) {
    struct stored found;
    char problem[STORED_PROBLEM] = "";
    const double end = seconds_now() + LIMIT;
    sweep_copy(test);
    for (bool done = !all || !test->watching; !done && seconds_now() < end; seconds_sleep(done ? 0 : 0.1)) {
        done = stored_look("store.db", &found, problem) && stored_has_all(&found, &test->expected, problem);
        stored_release(&found);
    }
    if (test->watching) stop_watch(test);
    if (!stored_read("store.db", &found, problem) ||
        !(all ? stored_has_all : stored_is_part_of)(&found, &test->expected, problem))
        fail(test, "in the end", problem);
    stored_release(&found);
}

/* --- ways of writing --- */

static void write_all(struct test *test, const struct writing_mode *mode) {
    long delayed = 0;
    for (int64_t step = 10; step <= 30; step += 10) {
        struct tiny_checkpoint checkpoint;
        struct writing writing = {.run = "run", .pause = 0.04};
        tiny_make(&checkpoint, &test->kind, step);
        mode->write(&writing, &checkpoint);
        delayed += writing.longest >= QUIET;
        copy_of(&checkpoint);
        tiny_release(&checkpoint);
    }
    finish(test, true);
    const long superseded = stored_ask("store.db", SUPERSEDED);
    printf("%s: %ld analysed early, %ld pauses as long as the quiet period\n", mode->name, superseded, delayed);
    if (superseded > delayed) fail(test, "analysed before it was complete", mode->name);
}

static void write_marked(struct test *test, const struct writing_mode *mode) {
    test->kind.trainer = true;
    start_watch(test);
    write_all(test, mode);
}

static void write_unmarked(struct test *test, const struct writing_mode *mode) {
    start_watch(test);
    write_all(test, mode);
}

/* --- cases --- */

static void make(struct test *test, struct tiny_checkpoint *checkpoint, int64_t step, uint64_t seed) {
    struct tiny_kind kind = test->kind;
    kind.seed = seed;
    tiny_make(checkpoint, &kind, step);
}

/* Zeros that stay longer than the quiet period look complete: what was analysed then is superseded by what came. */
static void a_longer_pause(struct test *test) {
    struct tiny_checkpoint whole, zeros;
    struct writing writing = {.run = "run"};
    make(test, &whole, 10, 0);
    make(test, &zeros, 10, 0);
    for (size_t i = 1; i <= zeros.weights; i++)
        memset(zeros.files[i].bytes + zeros.files[i].size / 2, 0, zeros.files[i].size / 2);
    tiny_write(&zeros, "run");
    start_watch(test);
    await_count(test, "zeros that were analysed", ANALYSED, 1);
    writing_find("over")->write(&writing, &whole);
    await_count(test, "zeros that were superseded", SUPERSEDED, 1);
    copy_of(&whole);
    finish(test, true);
    tiny_release(&whole);
    tiny_release(&zeros);
}

/* A training that is started anew writes over its checkpoints. */
static void written_over(struct test *test) {
    struct tiny_checkpoint first, second;
    struct writing writing = {.run = "run", .pause = 0.04};
    make(test, &first, 10, 1);
    make(test, &second, 10, 2);
    start_watch(test);
    writing_find("in-place")->write(&writing, &first);
    await_count(test, "the first that was analysed", ANALYSED, 1);
    writing_find("over")->write(&writing, &second);
    await_count(test, "the first that was superseded", SUPERSEDED, 1);
    copy_of(&second);
    finish(test, true);
    tiny_release(&first);
    tiny_release(&second);
}

/* save_total_limit: what the trainer removed stays as it was analysed. */
static void removed_after(struct test *test) {
    enum { COUNT = 5, KEPT = 2 };
    struct tiny_checkpoint checkpoints[COUNT];
    struct writing writing = {.run = "run", .pause = 0.02};
    start_watch(test);
    for (int i = 0; i < COUNT; i++) {
        make(test, &checkpoints[i], 10 * (i + 1), 0);
        writing_find("in-place")->write(&writing, &checkpoints[i]);
        copy_of(&checkpoints[i]);
        await_count(test, "checkpoints that stayed long enough", ANALYSED, i + 1);
        if (i >= KEPT) writing_remove("run", &checkpoints[i - KEPT]);
    }
    seconds_sleep(0.5); /* the watch looks again */
    finish(test, true);
    for (int i = 0; i < COUNT; i++) tiny_release(&checkpoints[i]);
}

/* Removed faster than it could be analysed: what is stored of it is right, and the rest is not held up. */
static void removed_before(struct test *test) {
    struct tiny_checkpoint checkpoints[4];
    struct writing writing = {.run = "run", .pause = 0.02};
    start_watch(test);
    for (int i = 0; i < 4; i++) {
        make(test, &checkpoints[i], 10 * (i + 1), 0);
        writing_find("in-place")->write(&writing, &checkpoints[i]);
        copy_of(&checkpoints[i]);
        if (i < 3) writing_remove("run", &checkpoints[i]);
    }
    await_count(test, "the last one", "SELECT count(*) FROM checkpoint WHERE state = 'analysed' AND step = 40", 1);
    finish(test, false);
    for (int i = 0; i < 4; i++) tiny_release(&checkpoints[i]);
}

/* --- while it is read --- */

/* What is done at the watch's at-th read of weights, before that read goes on. */
struct interruption {
    struct tiny_checkpoint first, second;
    size_t reads, at;
    void (*act)(struct interruption *interruption);
    bool done;
    struct gate gate;
    struct program *program;
    int status;
};

static struct gate_answer on_call(void *context, const struct gate_call *call) {
    struct interruption *interruption = context;
    if (call->kind == GATE_READ && strstr(call->path, ".safetensors") && !strstr(call->path, ".json") &&
        interruption->reads++ == interruption->at) {
        interruption->act(interruption);
        __atomic_store_n(&interruption->done, true, __ATOMIC_RELEASE);
    }
    return (struct gate_answer){GATE_PASS, 0};
}

static void *serve(void *context) {
    struct interruption *interruption = context;
    interruption->status = gate_serve(&interruption->gate, interruption->program, 2 * LIMIT);
    return NULL;
}

static void remove_it(struct interruption *interruption) {
    writing_remove("run", &interruption->first);
}

static void write_over_it(struct interruption *interruption) {
    struct writing writing = {.run = "run"};
    writing_find("over")->write(&writing, &interruption->second);
}

/* At the at-th read of weights; gone: it is found to have vanished, and comes back. false: the watch made fewer reads than that. */
static bool interrupt(struct test *test, void (*act)(struct interruption *), size_t at, bool gone) {
    struct interruption interruption = {.at = at, .act = act, .program = &test->watch};
    char scope[PATH_MAX];
    pthread_t server;
    if (!getcwd(scope, sizeof(scope))) shards_die("working directory");
    make(test, &interruption.first, 10, 1);
    make(test, &interruption.second, 10, 2);
    tiny_write(&interruption.first, "run");
    gate_init(&interruption.gate, scope, on_call, &interruption);
    program_start(&test->watch, WATCH, "said", gate_install, &interruption.gate);
    test->watching = true;
    if (pthread_create(&server, NULL, serve, &interruption)) shards_die("a thread");
    const double end = seconds_now() + LIMIT;
    while (!__atomic_load_n(&interruption.done, __ATOMIC_ACQUIRE) && stored_ask("store.db", ANALYSED) < 1 &&
           seconds_now() < end)
        seconds_sleep(0.02);
    const bool hit = __atomic_load_n(&interruption.done, __ATOMIC_ACQUIRE);
    if (hit && gone) {
        await_count(test, "a checkpoint that vanished", VANISHED, 1);
        tiny_write(&interruption.second, "run");
    }
    await_count(test, "a checkpoint that was analysed", ANALYSED, 1);
    test->watching = false;
    kill(test->watch.pid, SIGTERM);
    pthread_join(server, NULL);
    expect_status(test, "the watch", interruption.status, 0);
    if (hit) {
        expect_count(test, "what was read while it changed", stored_ask("store.db", SUPERSEDED), 0);
        copy_of(&interruption.second);
        finish(test, true);
        stored_release(&test->expected);
    }
    tiny_release(&interruption.first);
    tiny_release(&interruption.second);
    scratch_remove("run");
    scratch_remove("copy/run");
    if (mkdir("run", 0777) || mkdir("copy/run", 0777)) shards_die("run");
    stored_remove("store.db");
    stored_remove("copy/store.db");
    return hit;
}

/* The reads of one attempt; the watch's later attempts are not disturbed. */
static void interrupt_each(struct test *test, void (*act)(struct interruption *), bool gone) {
    size_t at = 0;
    for (; at < 64 && interrupt(test, act, at, gone); at += at < 3 ? 1 : 7) continue;
    printf("up to read %zu\n", at);
    if (at < 3) fail(test, "reads of weights", "fewer than three were seen");
}

static void removed_while_read(struct test *test) {
    interrupt_each(test, remove_it, true);
}

static void written_over_while_read(struct test *test) {
    interrupt_each(test, write_over_it, false);
}

/* --- several at one store --- */

static void two_watches(struct test *test) {
    struct tiny_checkpoint checkpoint;
    char pid[32];
    make(test, &checkpoint, 10, 0);
    tiny_write(&checkpoint, "run");
    start_watch(test);
    await_count(test, "the first watch's checkpoint", ANALYSED, 1);
    expect_status(test, "the second watch", program_run(WATCH, "said.second"), 3);
    char *said = program_said("said.second");
    snprintf(pid, sizeof(pid), "pid %ld", (long)test->watch.pid);
    if (!strstr(said, pid) || !strstr(said, "host ")) fail(test, "the second watch does not name the first", said);
    free(said);
    copy_of(&checkpoint);
    finish(test, true);
    tiny_release(&checkpoint);
}

static void a_sweep_that_waits(struct test *test) {
    struct tiny_checkpoint first, second;
    struct program sweep;
    make(test, &first, 10, 0);
    make(test, &second, 20, 0);
    tiny_write(&first, "run");
    start_watch(test);
    await_count(test, "the watch's checkpoint", ANALYSED, 1);
    program_start(&sweep, WAITING_SWEEP, "said.second", NULL, NULL);
    seconds_sleep(0.3);
    tiny_write(&second, "run");
    await_count(test, "the watch's second checkpoint", ANALYSED, 2);
    stop_watch(test);
    expect_status(test, "the sweep that waited", program_wait(&sweep, LIMIT), 0);
    copy_of(&first);
    copy_of(&second);
    finish(test, true);
    tiny_release(&first);
    tiny_release(&second);
}

static void readers_meanwhile(struct test *test) {
    enum { COUNT = 12 };
    struct tiny_checkpoint checkpoint;
    size_t reads = 0;
    for (int64_t i = 1; i <= COUNT; i++) {
        make(test, &checkpoint, 10 * i, 0);
        if (i <= 2) tiny_write(&checkpoint, "run");
        copy_of(&checkpoint);
        tiny_release(&checkpoint);
    }
    start_watch(test);
    await_count(test, "checkpoints there are to plot", ANALYSED, 2);
    for (int64_t i = 3; i <= COUNT; i++) {
        make(test, &checkpoint, 10 * i, 0);
        tiny_write(&checkpoint, "run");
        tiny_release(&checkpoint);
    }
    do {
        expect_status(test, "export", program_run(EXPORT, "said.export"), 0);
        expect_status(test, "plot", program_run(PLOT, "said.plot"), 0);
        reads++;
    } while (stored_ask("store.db", ANALYSED) < COUNT && reads < 200);
    finish(test, true);
    printf("%zu exports and plots\n", reads);
}

static const struct {
    const char *name;
    void (*run)(struct test *test);
    struct tiny_kind kind;
} CASES[] = {
    {"a-longer-pause", a_longer_pause, {0}},
    {"written-over", written_over, {0}},
    {"removed-after", removed_after, {.trainer = true}},
    {"removed-before", removed_before, {.trainer = true}},
    {"removed-while-read", removed_while_read, {.sharded = true}},
    {"written-over-while-read", written_over_while_read, {.sharded = true}},
    {"two-watches", two_watches, {0}},
    {"a-sweep-that-waits", a_sweep_that_waits, {0}},
    {"readers-meanwhile", readers_meanwhile, {.trainer = true}},
};

/* Ways of writing shards need some; staging and renames are tried with the trainer's marker and without. */
static bool run_mode(struct test *test, const char *name) {
    const struct writing_mode *mode = writing_find(name);
    if (!mode || strcmp(name, "over") == 0) return false;
    test->kind.sharded = strstr(name, "index") || strstr(name, "shards");
    write_unmarked(test, mode);
    stored_release(&test->expected);
    scratch_remove("run");
    scratch_remove("copy");
    stored_remove("store.db");
    if (mkdir("run", 0777) || mkdir("copy", 0777) || mkdir("copy/run", 0777)) shards_die("run");
    tiny_write_ids("copy/ids");
    write_marked(test, mode);
    return true;
}

int main(int argc, char **argv) {
    struct test test = {0};
    bool found = false;
    scratch_enter();
    if (mkdir("run", 0777) || mkdir("copy", 0777) || mkdir("copy/run", 0777)) shards_die("run");
    tiny_write_ids("ids");
    tiny_write_ids("copy/ids");
    for (size_t i = 0; argc == 2 && i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        if (strcmp(CASES[i].name, argv[1]) != 0) continue;
        test.kind = CASES[i].kind;
        CASES[i].run(&test);
        found = true;
    }
    if (!found && argc == 2) found = run_mode(&test, argv[1]);
    stored_release(&test.expected);
    scratch_leave();
    if (found) return 0;
    fprintf(stderr, "usage: watch_writers CASE\n");
    return 2;
}
