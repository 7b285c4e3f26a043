/* Writes tiny checkpoints as trainers do, one after the other: what a watch is tried against.
 *
 *     writer [--mode MODE] [--count N] [--every K] [--keep N] [--pause SECONDS] [--between SECONDS] [--trainer] [--sharded] [--seed S] RUN
 *
 * --keep N: after each, what is older than the last N is removed (save_total_limit). Prints each checkpoint's name and the longest time
 * between two of its changes.
 */
#include "seconds.h"
#include "shards.h"
#include "tiny.h"
#include "writing.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

struct arguments {
    const struct writing_mode *mode;
    struct tiny_kind kind;
    int64_t count, every, keep;
    double pause, between;
    const char *run;
};

enum { MODE = 256, COUNT, EVERY, KEEP, PAUSE, BETWEEN, TRAINER, SHARDED, SEED };

static const struct option OPTIONS[] = {
    {"mode", required_argument, NULL, MODE},   {"count", required_argument, NULL, COUNT},
    {"every", required_argument, NULL, EVERY}, {"keep", required_argument, NULL, KEEP},
    {"pause", required_argument, NULL, PAUSE}, {"between", required_argument, NULL, BETWEEN},
    {"trainer", no_argument, NULL, TRAINER},   {"sharded", no_argument, NULL, SHARDED},
    {"seed", required_argument, NULL, SEED},   {0},
};

static bool parse(struct arguments *a, int argc, char **argv) {
    *a = (struct arguments){.mode = &WRITING_MODES[0], .count = 10, .every = 10, .pause = 0.05, .between = 1};
    for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        if (option == MODE) a->mode = writing_find(optarg);
        if (option == COUNT) a->count = strtoll(optarg, NULL, 10);
        if (option == EVERY) a->every = strtoll(optarg, NULL, 10);
        if (option == KEEP) a->keep = strtoll(optarg, NULL, 10);
        if (option == PAUSE) a->pause = strtod(optarg, NULL);
        if (option == BETWEEN) a->between = strtod(optarg, NULL);
        if (option == TRAINER) a->kind.trainer = true;
        if (option == SHARDED) a->kind.sharded = true;
        if (option == SEED) a->kind.seed = strtoull(optarg, NULL, 10);
        if (option == '?') return false;
    }
    a->run = optind + 1 == argc ? argv[optind] : NULL;
    return a->mode && a->run && a->count > 0 && a->every > 0;
}

static void write_checkpoint(const struct arguments *a, int64_t step) {
    struct tiny_checkpoint checkpoint;
    struct writing writing = {.run = a->run, .pause = a->pause};
    tiny_make(&checkpoint, &a->kind, step);
    a->mode->write(&writing, &checkpoint);
    printf("%s %.3f\n", checkpoint.folder, writing.longest);
    fflush(stdout);
    tiny_release(&checkpoint);
}

static void remove_checkpoint(const struct arguments *a, int64_t step) {
    struct tiny_checkpoint checkpoint;
    tiny_make(&checkpoint, &a->kind, step);
    writing_remove(a->run, &checkpoint);
    tiny_release(&checkpoint);
}

int main(int argc, char **argv) {
    struct arguments a;
    if (!parse(&a, argc, argv)) {
        fprintf(stderr,
                "usage: writer [--mode MODE] [--count N] [--every K] [--keep N] [--pause SECONDS] [--between SECONDS] "
                "[--trainer] [--sharded] [--seed S] RUN\nmodes:\n");
        for (size_t i = 0; i < WRITING_MODE_COUNT; i++)
            fprintf(stderr, "  %-16s %s\n", WRITING_MODES[i].name, WRITING_MODES[i].what);
        return 2;
    }
    if (mkdir(a.run, 0777) && errno != EEXIST) shards_die(a.run);
    for (int64_t i = 1; i <= a.count; i++) {
        write_checkpoint(&a, i * a.every);
        if (a.keep && i > a.keep) remove_checkpoint(&a, (i - a.keep) * a.every);
        if (i < a.count) seconds_sleep(a.between);
    }
    return 0;
}
