/* Does to a machine what a data-parallel training does: every thread multiplies matrices, all wait for the slowest, and now and then a
 * checkpoint is written, in a staging folder that is renamed when it is whole.
 *
 *     trainer MODEL RUN SECONDS EVERY FIRST
 *
 * MODEL: a folder whose files a checkpoint is a copy of; RUN: where RUN/step<N> are written, one every EVERY seconds (0: none),
 * N from FIRST on.
 * Prints one JSON object: steps, seconds, steps_per_second, checkpoints, slowest_step.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cblas.h>
#include <omp.h>

enum {
    N = 384,
    PRODUCTS = 6,
    FIRST_STEP = 1000000
}; /* one step: forward and backward of a small layer in each thread */

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void copy_file(const char *from, const char *to) {
    static const size_t SIZE = 1 << 20;
    char *bytes = malloc(SIZE);
    const int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (!bytes || in < 0 || out < 0) die(to);
    ssize_t length;
    while ((length = read(in, bytes, SIZE)) > 0)
        if (write(out, bytes, (size_t)length) != length) die(to);
    if (length < 0 || close(out) || close(in)) die(to);
    free(bytes);
}

static void write_checkpoint(const char *model, const char *run, long step) {
    char staging[4096], done[4096], from[4096], to[8192];
    (void)snprintf(staging, sizeof staging, "%s/.staging-%ld", run, step);
    (void)snprintf(done, sizeof done, "%s/step%ld", run, step);
    if (mkdir(staging, 0777)) die(staging);
    DIR *folder = opendir(model);
    if (!folder) die(model);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(from, sizeof from, "%s/%s", model, entry->d_name);
        (void)snprintf(to, sizeof to, "%s/%s", staging, entry->d_name);
        copy_file(from, to);
    }
    closedir(folder);
    if (rename(staging, done)) die(done);
}

/* What each thread multiplies with: its own, so that they share nothing but the end of a step. */
struct shard {
    float *a, *b, *c;
};

static struct shard make_shard(void) {
    struct shard shard = {malloc(N * N * sizeof(float)), malloc(N * N * sizeof(float)), malloc(N * N * sizeof(float))};
    if (!shard.a || !shard.b || !shard.c) die("memory");
    for (size_t i = 0; i < N * N; i++) {
        shard.a[i] = (float)(i % 7) / 7;
        shard.b[i] = (float)(i % 11) / 11;
    }
    return shard;
}

static void train_step(const struct shard *shards) {
#pragma omp parallel
    {
        const struct shard *own = &shards[omp_get_thread_num()];
        for (int i = 0; i < PRODUCTS; i++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, own->a, N, own->b, N, 0, own->c, N);
    }
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: trainer MODEL RUN SECONDS EVERY FIRST\n");
        return 2;
    }
    const double seconds = strtod(argv[3], NULL), every = strtod(argv[4], NULL);
    const long first = strtol(argv[5], NULL, 10);
    const size_t threads = (size_t)omp_get_max_threads();
    struct shard *shards = malloc(threads * sizeof *shards);
    if (!shards) die("memory");
    for (size_t i = 0; i < threads; i++) shards[i] = make_shard();
    for (int i = 0; i < 20; i++) train_step(shards); /* warm */
    const double start = now();
    double last = start, slowest = 0, end = start;
    long steps = 0, checkpoints = 0;
    while (end - start < seconds) {
        const double began = end;
        train_step(shards);
        steps++;
        if (every > 0 && end - last >= every) {
            write_checkpoint(argv[1], argv[2], first + steps);
            checkpoints++;
            last = end;
        }
        end = now();
        if (end - began > slowest) slowest = end - began;
    }
    printf(
        "{\"steps\": %ld, \"seconds\": %.3f, \"steps_per_second\": %.3f, \"checkpoints\": %ld, \"slowest_step\": %.4f}\n",
        steps, end - start, (double)steps / (end - start), checkpoints, slowest);
    for (size_t i = 0; i < threads; i++) {
        free(shards[i].a);
        free(shards[i].b);
        free(shards[i].c);
    }
    free(shards);
    return 0;
}
