/* Every allocation of a sweep (or of a watch until it is done) fails, one at a time, whichever library asks for it: the outcome is a clear error or none, and nothing is lost.
 *
 *     allocations sweep|watch [STRIDE [FIRST]]    each STRIDE-th (1) from FIRST (0)
 *
 * For each: the sweep ends by itself, with 0 or with an error that says that memory is out; it does not touch what it has freed and leaves
 * no more behind than an undisturbed one; what is stored is whole, and a sweep after it finishes the rest.
 */
#include "program.h"
#include "scarce.h"
#include "scratch.h"
#include "shards.h"
#include "stored.h"
#include "tiny.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMON "--config", "sweep.yaml", "--db", "store.db", "--ids", "ids", "--quiet", "run"

static const char *const SWEEP[] = {"spectail", "sweep", COMMON, NULL};
static const char *const WATCH[] = {"spectail", "watch",      COMMON, "--once", "--quiet-period",
                                    "0",        "--interval", "0.1s", NULL};
static const char CONFIG[] =
    "metrics: [sinks, loss]\nbootstrap: 10\nnull_draws: 2\nthreads: 1\n"
    "series:\n  - label: evaluation\n    file: evaluation.csv\n    step: step\n    value: value\n";

enum { LONGEST = 20 /* seconds */ };

struct test {
    const char *const *command;
    struct scarce *scarce;
    struct stored expected;
    size_t usual_live, done, clean, refused, problems;
};

static void disarm_at_exit(int status, void *scarce) {
    (void)status;
    scarce_disarm(scarce);
}

static void arm(void *scarce) {
    if (on_exit(disarm_at_exit, scarce)) shards_die("on_exit");
    scarce_arm(scarce);
}

static void report(struct test *test, const char *what, const char *detail) {
    char *said = program_said("said"), where[1024];
    fprintf(stderr, "FAILED: allocation %zu (%s): %s: %s\n  it said: %s\n", test->scarce->fail_at,
            scarce_where(test->scarce, where, sizeof(where)), what, detail, said);
    free(said);
    test->problems++;
}

static void report_leak(struct test *test) {
    char where[1024], detail[1200];
    struct scarce maker = {.frames = {test->scarce->leaks[0]}};
    for (size_t i = 0; i < test->scarce->live && i < SCARCE_LEAKS; i++) {
        maker.frames[0] = test->scarce->leaks[i];
        snprintf(detail, sizeof(detail), "%zu bytes of %s", test->scarce->leak_sizes[i],
                 scarce_where(&maker, where, sizeof(where)));
        report(test, "is left", detail);
    }
}

typedef bool check_fn(const struct stored *found, const struct stored *expected, char problem[STORED_PROBLEM]);

static void check_stored(struct test *test, check_fn *check, const char *when) {
    struct stored found;
    char problem[STORED_PROBLEM];
    if (!stored_read("store.db", &found, problem) || !check(&found, &test->expected, problem))
        report(test, when, problem);
    stored_release(&found);
}

static int run_once(struct test *test) {
    struct program program;
    program_start(&program, test->command, "said", arm, test->scarce);
    return program_wait(&program, LONGEST);
}

static void check_outcome(struct test *test, int status) {
    char described[64];
    char *said = program_said("said");
    if (status < 0 || status >= PROGRAM_KILLED)
        report(test, "the sweep", program_describe(status, described));
    else if (status && !strstr(said, "memory"))
        report(test, "the message does not speak of memory", program_describe(status, described));
    else if (test->scarce->live > test->usual_live)
        report_leak(test);
    free(said);
    if (status)
        check_stored(test, stored_is_part_of, "it ended with an error, and");
    else
        check_stored(test, stored_has_all, "it ended with 0, and");
    test->clean += status == 0;
    test->refused += status != 0;
}

/* false: the sweep made fewer allocations than that. */
static bool fail_once(struct test *test, size_t at) {
    char described[64];
    test->scarce->fail_at = at;
    const int status = run_once(test);
    if (!test->scarce->hit) return false;
    check_outcome(test, status);
    if (status) {
        const int again = program_run(SWEEP, "said");
        if (again) report(test, "the sweep after it", program_describe(again, described));
        check_stored(test, stored_is, "after the sweep after it");
    }
    stored_remove("store.db");
    test->done++;
    return true;
}

static void run_undisturbed(struct test *test) {
    char problem[STORED_PROBLEM], described[64];
    const int status = run_once(test);
    if (status) report(test, "undisturbed", program_describe(status, described));
    if (!stored_read("store.db", &test->expected, problem)) report(test, "undisturbed", problem);
    test->usual_live = test->scarce->live;
    stored_remove("store.db");
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "wbe");
    if (!file || fputs(text, file) < 0 || fclose(file)) shards_die(path);
}

int main(int argc, char **argv) {
    const bool watch = argc > 1 && strcmp(argv[1], "watch") == 0;
    struct test test = {.command = watch ? WATCH : SWEEP, .scarce = scarce_new()};
    const size_t stride = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    size_t at = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (argc < 2 || argc > 4 || !stride || (!watch && strcmp(argv[1], "sweep") != 0)) {
        fprintf(stderr, "usage: allocations sweep|watch [STRIDE [FIRST]]\n");
        return 2;
    }
    scratch_enter();
    mkdir("run", 0777);
    struct tiny_checkpoint checkpoint;
    tiny_make(&checkpoint, &(struct tiny_kind){.trainer = true, .sharded = true}, 10);
    tiny_write(&checkpoint, "run");
    tiny_release(&checkpoint);
    tiny_write_ids("ids");
    write_text("sweep.yaml", CONFIG);
    write_text("evaluation.csv", "step,value\n0,1.5\n10,1.25\n");
    run_undisturbed(&test);
    const size_t all = test.scarce->count;
    for (; test.expected.count && fail_once(&test, at); at += stride) continue;
    printf("%zu of %zu allocations failed: %zu times it went on without, %zu times it ended with an error\n", test.done,
           all, test.clean, test.refused);
    stored_release(&test.expected);
    scarce_free(test.scarce);
    scratch_leave();
    if (!test.done) fprintf(stderr, "FAILED: no allocation failed\n");
    return test.problems || !test.done ? 1 : 0;
}
