/* SIGKILL, at any moment: what is stored is whole and right, and the next start finishes the rest.
 *
 *     kill_cycles sweep|watch CYCLES [SEED]    at random moments of the command's work
 *     kill_cycles points sweep|watch           at each of its system calls that change a file, in turn
 *
 * A store is begun, killed at and begun again until a start comes to its end; then the next store. After each kill the store opens and is
 * intact, every checkpoint in it has all its figures as an undisturbed sweep stored them, and what a reader exports is not refused. When all
 * is done the export is, byte for byte, the undisturbed sweep's.
 */
#include "gate.h"
#include "program.h"
#include "scratch.h"
#include "seconds.h"
#include "shards.h"
#include "stored.h"
#include "tiny.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COMMON                                                                                                         \
    "run", "--db", "store.db", "--ids", "ids", "--bootstrap", "10", "--null-draws", "2", "--threads", "1", "-q"

static const char *const SWEEP[] = {"spectail", "sweep", COMMON, NULL};
static const char *const WATCH[] = {"spectail", "watch", COMMON, "--quiet-period", "0", NULL};
static const char *const WATCH_ONCE[] = {"spectail", "watch", COMMON, "--quiet-period", "0", "--once", NULL};
static const char *const EXPORT[] = {"spectail", "export", "--db", "store.db", "--format", "csv", NULL};

enum { CHECKPOINTS = 12, PARTIAL = 1 /* the exit status that says that some were refused */ };

static const struct mode {
    const char *name;
    const char *const *command, *const *finish; /* finish: ends by itself */
    bool ends;                                  /* so does command */
} MODES[] = {{"sweep", SWEEP, SWEEP, true}, {"watch", WATCH, WATCH_ONCE, false}};

struct test {
    const struct mode *mode;
    uint64_t random;
    double duration; /* of an undisturbed run */
    struct stored expected;
    char *export;
    size_t kills, finished, empty, partial, full; /* by what the killed one had stored */
    size_t readers;
};

static _Noreturn void fail(const char *what, const char *detail) {
    char *said = program_said("said"), *read = program_said("said.reader"), folder[4096];
    fprintf(stderr, "FAILED: %s: %s\nit said:\n%s\nthe reader said:\n%.2000s\nin %s, which is kept\n", what, detail,
            said, read, getcwd(folder, sizeof(folder)));
    exit(1);
}

static double draw(struct test *test) {
    test->random ^= test->random >> 12;
    test->random ^= test->random << 25;
    test->random ^= test->random >> 27;
    return (double)((test->random * 0x2545f4914f6cdd1dULL) >> 11) * 0x1p-53;
}

/* Checkpoints of one file and of shards; one that is not complete and one that is broken, so that refusals are killed at too. */
static void make_run(size_t count) {
    mkdir("run", 0777);
    for (size_t i = 0; i < count; i++) {
        struct tiny_checkpoint checkpoint;
        tiny_make(&checkpoint, &(struct tiny_kind){.trainer = true, .sharded = i % 3 == 1}, (int64_t)(i + 1) * 10);
        tiny_write(&checkpoint, "run");
        if (i + 1 == count) {
            mkdir("run/checkpoint-5000", 0777);
            mkdir("run/checkpoint-6000", 0777);
            FILE *broken = fopen("run/checkpoint-6000/model.safetensors", "wbe");
            if (!broken || fputs("\x10\0\0\0\0\0\0\0 no header at all", broken) < 0 || fclose(broken))
                shards_die("broken");
        }
        tiny_release(&checkpoint);
    }
    tiny_write_ids("ids");
}

static void read_stored(struct stored *stored, const char *when) {
    char problem[STORED_PROBLEM];
    if (!stored_read("store.db", stored, problem)) fail(when, problem);
}

static char *export_of(const char *when) {
    char described[64];
    const int status = program_run(EXPORT, "said.reader");
    if (status) fail(when, program_describe(status, described));
    return program_said("said.reader");
}

static void run_to_the_end(const struct test *test, const char *when) {
    char described[64];
    const int status = program_run(test->mode->finish, "said");
    if (status != PARTIAL) fail(when, program_describe(status, described));
}

static void run_undisturbed(struct test *test) {
    test->duration = 1e9;
    for (int i = 0; i < 3; i++) {
        stored_remove("store.db");
        const double start = seconds_now();
        run_to_the_end(test, "undisturbed");
        const double took = seconds_now() - start;
        if (took < test->duration) test->duration = took;
    }
    read_stored(&test->expected, "undisturbed");
    test->export = export_of("undisturbed");
    stored_remove("store.db");
}

/* What a kill left; true: every checkpoint. Readers now and then come before the next writer. */
static bool check_left(struct test *test, bool with_reader) {
    struct stored found;
    char problem[STORED_PROBLEM];
    read_stored(&found, "after a kill");
    if (!stored_is_part_of(&found, &test->expected, problem)) fail("after a kill", problem);
    if (with_reader && found.count) {
        free(export_of("export after a kill"));
        test->readers++;
    }
    test->empty += found.count == 0;
    test->full += found.count == test->expected.count;
    test->partial += found.count > 0 && found.count < test->expected.count;
    const bool all = found.count == test->expected.count;
    stored_release(&found);
    return all;
}

static void check_finished(struct test *test, const char *when) {
    struct stored found;
    char problem[STORED_PROBLEM];
    read_stored(&found, when);
    if (!stored_is(&found, &test->expected, problem)) fail(when, problem);
    if (found.ledger != test->expected.ledger) fail(when, "the ledger has more or fewer rows than the undisturbed one");
    char *export = export_of(when);
    if (strcmp(export, test->export) != 0) fail(when, "the export differs from the undisturbed one");
    free(export);
    stored_release(&found);
    stored_remove("store.db");
    test->finished++;
}

/* --- at random moments --- */

static void cycle(struct test *test) {
    struct program program;
    char described[64];
    const double after = draw(test) * 1.1 * test->duration;
    program_start(&program, test->mode->command, "said", NULL, NULL);
    seconds_sleep(after);
    kill(program.pid, SIGKILL);
    const int status = program_wait(&program, 60);
    if (status == PROGRAM_KILLED + SIGKILL) {
        test->kills++;
        const bool all = check_left(test, draw(test) < 0.25);
        if (!test->mode->ends && all) { /* it never ends by itself */
            run_to_the_end(test, "the last start");
            check_finished(test, "the last start");
        }
    } else if (status == PARTIAL && test->mode->ends) {
        check_finished(test, "a start that came to its end");
    } else {
        fail("a start", program_describe(status, described));
    }
}

static void kill_at_random(struct test *test, size_t cycles) {
    const double start = seconds_now();
    while (test->kills < cycles) cycle(test);
    run_to_the_end(test, "the last start of all");
    check_finished(test, "the last start of all");
    printf(
        "%s: %zu kills in %.1f s over a run of %.0f ms: %zu left nothing stored yet, %zu a part, %zu all; %zu stores were finished,"
        " %zu readers came before the next writer\n",
        test->mode->name, test->kills, seconds_now() - start, test->duration * 1e3, test->empty, test->partial,
        test->full, test->finished, test->readers);
    if (!test->partial || !test->finished)
        fail("kills at random", "none of them hit a store that was begun and not finished");
}

/* --- at each call that changes a file --- */

struct point {
    size_t at, seen;
    enum gate_kind kind;
};

static bool changes(const struct gate_call *call) {
    static const bool CHANGES[GATE_KINDS] = {[GATE_WRITE] = true,  [GATE_SYNC] = true,   [GATE_SIZE] = true,
                                             [GATE_RENAME] = true, [GATE_REMOVE] = true, [GATE_MAKE] = true};
    return CHANGES[call->kind] || (call->kind == GATE_OPEN && call->creates);
}

static struct gate_answer kill_at(void *context, const struct gate_call *call) {
    struct point *point = context;
    if (!changes(call) || point->seen++ != point->at) return (struct gate_answer){GATE_PASS, 0};
    point->kind = call->kind;
    return (struct gate_answer){GATE_KILL, 0};
}

static void kill_at_points(struct test *test) {
    char scope[4096], described[64];
    size_t kinds[GATE_KINDS] = {0};
    if (!getcwd(scope, sizeof(scope))) shards_die("working directory");
    for (struct point point = {0};; point.at++) {
        struct gate gate;
        struct program program;
        point.seen = 0;
        gate_init(&gate, scope, kill_at, &point);
        program_start(&program, test->mode->finish, "said", gate_install, &gate);
        const int status = gate_serve(&gate, &program, 60);
        if (status == PARTIAL && point.seen <= point.at) break;
        if (status != PROGRAM_KILLED + SIGKILL) fail("a kill at a call", program_describe(status, described));
        test->kills++;
        kinds[point.kind]++;
        (void)check_left(test, point.at % 4 == 0);
        run_to_the_end(test, "after a kill at a call");
        check_finished(test, "after a kill at a call");
    }
    printf("%s: killed at each of %zu calls that change a file:", test->mode->name, test->kills);
    for (size_t i = 0; i < GATE_KINDS; i++)
        if (kinds[i]) printf(" %zu %s", kinds[i], gate_kind_name((enum gate_kind)i));
    printf("; %zu left nothing stored yet, %zu a part, %zu all\n", test->empty, test->partial, test->full);
    if (!kinds[GATE_WRITE] || !kinds[GATE_SYNC] || !test->partial)
        fail("kills at calls", "no write, no fsync, or no part");
}

int main(int argc, char **argv) {
    struct test test = {.random = (uint64_t)time(NULL)};
    const bool points = argc == 3 && strcmp(argv[1], "points") == 0;
    const char *const name = argc > 2 ? argv[points ? 2 : 1] : "";
    for (size_t i = 0; i < sizeof(MODES) / sizeof(MODES[0]); i++)
        if (strcmp(name, MODES[i].name) == 0) test.mode = &MODES[i];
    const size_t cycles = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (!test.mode || (!points && !cycles)) {
        fprintf(stderr, "usage: kill_cycles sweep|watch CYCLES [SEED], or kill_cycles points sweep|watch\n");
        return 2;
    }
    if (argc > 3) test.random = strtoull(argv[3], NULL, 10);
    printf("seed %" PRIu64 "\n", test.random);
    test.random = test.random * 0x9e3779b97f4a7c15ULL | 1; /* 0 is the one state that is never left */
    scratch_enter();
    make_run(points ? 2 : CHECKPOINTS);
    run_undisturbed(&test);
    if (points)
        kill_at_points(&test);
    else
        kill_at_random(&test, cycles);
    stored_release(&test.expected);
    free(test.export);
    scratch_leave();
    return 0;
}
