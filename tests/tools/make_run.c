/* Writes a run of tiny checkpoints, so that tests have many of them in milliseconds each.
 *
 *     make_run [--count N] [--first STEP] [--every K] [--trainer] [--sharded] [--seed S] [--ids FILE] RUN
 *
 * N folders (10) RUN/stepK, or RUN/checkpoint-K with --trainer, in steps of K (10) from STEP (the first K). --ids writes a probe for them.
 * For one checkpoint in the least time, analyse them with
 *
 *     spectail sweep --ids FILE --metrics sinks,loss --bootstrap 10 --null-draws 2 --threads 1 RUN
 */
#include "shards.h"
#include "tiny.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

struct arguments {
    struct tiny_kind kind;
    int64_t count, first, every;
    const char *ids, *run;
};

enum { COUNT = 256, FIRST, EVERY, TRAINER, SHARDED, SEED, IDS };

static const struct option OPTIONS[] = {
    {"count", required_argument, NULL, COUNT}, {"first", required_argument, NULL, FIRST},
    {"every", required_argument, NULL, EVERY}, {"trainer", no_argument, NULL, TRAINER},
    {"sharded", no_argument, NULL, SHARDED},   {"seed", required_argument, NULL, SEED},
    {"ids", required_argument, NULL, IDS},     {0},
};

static bool parse(struct arguments *a, int argc, char **argv) {
    *a = (struct arguments){.count = 10, .first = -1, .every = 10};
    for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        if (option == COUNT) a->count = strtoll(optarg, NULL, 10);
        if (option == FIRST) a->first = strtoll(optarg, NULL, 10);
        if (option == EVERY) a->every = strtoll(optarg, NULL, 10);
        if (option == TRAINER) a->kind.trainer = true;
        if (option == SHARDED) a->kind.sharded = true;
        if (option == SEED) a->kind.seed = strtoull(optarg, NULL, 10);
        if (option == IDS) a->ids = optarg;
        if (option == '?') return false;
    }
    if (a->first < 0) a->first = a->every;
    a->run = optind + 1 == argc ? argv[optind] : NULL;
    return a->run && a->count > 0 && a->every > 0;
}

int main(int argc, char **argv) {
    struct arguments a;
    if (!parse(&a, argc, argv)) {
        fprintf(stderr, "usage: make_run [--count N] [--first STEP] [--every K] [--trainer] [--sharded] [--seed S] "
                        "[--ids FILE] RUN\n");
        return 2;
    }
    if (mkdir(a.run, 0777) && errno != EEXIST) shards_die(a.run);
    for (int64_t i = 0; i < a.count; i++) {
        struct tiny_checkpoint checkpoint;
        tiny_make(&checkpoint, &a.kind, a.first + i * a.every);
        tiny_write(&checkpoint, a.run);
        tiny_release(&checkpoint);
    }
    if (a.ids) tiny_write_ids(a.ids);
    return 0;
}
