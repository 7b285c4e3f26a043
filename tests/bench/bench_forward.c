/* The forward pass's rate beside this machine's sgemm, its speed-up by a second thread, and its peak memory.
 *
 *     bench_forward MODEL_DIR [SAMPLES [TOKENS [REPEATS]]]
 *
 * Samples have TOKENS - 2 .. TOKENS + 2 tokens. All runs take turns in one process, so that whatever else the machine
 * does meets them alike; the best of REPEATS counts. Weights are read once before, to be in the page cache.
 */
#include "rates.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct bench {
    struct spt_model_config config;
    struct spt_checkpoint *checkpoint;
    struct spt_probe probe;
    size_t *offset;
    int32_t *ids;
    double *loss;
    size_t repeats;
};

static void die(const char *what, const struct spt_error *error) {
    fprintf(stderr, "bench_forward: %s: %s\n", what, error->message);
    exit(1);
}

static void *need(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory) {
        perror("bench_forward");
        exit(1);
    }
    return memory;
}

static void open_model(struct bench *bench, const char *directory) {
    char path[4096];
    struct spt_error error = {.status = SPT_OK};
    snprintf(path, sizeof(path), "%s/config.json", directory);
    if (spt_model_config_read(path, &bench->config, &error) != SPT_OK) die(path, &error);
    if (spt_checkpoint_open(directory, NULL, &bench->checkpoint, &error) != SPT_OK) die(directory, &error);
}

static void make_probe(struct bench *bench, size_t samples, size_t tokens) {
    uint64_t random = 1;
    bench->offset = need(samples + 1, sizeof(size_t));
    bench->ids = need(samples * (tokens + 2), sizeof(int32_t));
    bench->loss = need(samples, sizeof(double));
    for (size_t s = 0; s < samples; s++) {
        const size_t n = tokens > 4 ? tokens - 2 + s % 5 : tokens;
        bench->offset[s + 1] = bench->offset[s] + n;
        if (n > bench->probe.longest) bench->probe.longest = n;
        for (size_t t = bench->offset[s]; t < bench->offset[s + 1]; t++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL; /* Knuth's MMIX */
            bench->ids[t] = (int32_t)((random >> 33) % bench->config.vocabulary);
        }
    }
    bench->probe.samples = samples;
    bench->probe.tokens = bench->offset[samples];
    bench->probe.ids = bench->ids;
    bench->probe.offset = bench->offset;
}

static double forward_seconds(struct bench *bench, size_t threads, bool read_ahead) {
    const struct spt_forward_options options = {.threads = threads, .no_read_ahead = !read_ahead};
    const struct spt_forward_output output = {.loss = bench->loss};
    struct spt_error error = {.status = SPT_OK};
    const double start = omp_get_wtime();
    if (spt_forward_run(bench->checkpoint, &bench->config, &bench->probe, &options, NULL, &output, &error) != SPT_OK)
        die("forward", &error);
    return omp_get_wtime() - start;
}

static long peak_megabytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void compare(struct bench *bench, size_t threads) {
    double one = 1e30, many = 1e30, ahead = 1e30, square_one = 0, square_many = 0;
    for (size_t r = 0; r < bench->repeats; r++) {
        square_one = fmax(square_one, rates_sgemm(1, 3) * 1e-9);
        square_many = fmax(square_many, rates_sgemm(threads, 3) * 1e-9);
        one = fmin(one, forward_seconds(bench, 1, false));
        many = fmin(many, forward_seconds(bench, threads, false));
        ahead = fmin(ahead, forward_seconds(bench, threads, true));
    }
    const double flops = rates_flops(&bench->config, &bench->probe, false) * 1e-9;
    printf("                            seconds   GFLOP/s   of sgemm\n");
    printf("sgemm, 1 thread           %9s %9.1f\n", "", square_one);
    printf("sgemm, %zu threads          %9s %9.1f\n", threads, "", square_many);
    printf("forward, 1 thread         %9.3f %9.1f %9.0f %%\n", one, flops / one, 100 * flops / one / square_one);
    printf("forward, %zu threads        %9.3f %9.1f %9.0f %%   %.2f times one thread\n", threads, many, flops / many,
           100 * flops / many / square_many, one / many);
    printf("forward, %zu, reading ahead %9.3f %9.1f %9.0f %%\n", threads, ahead, flops / ahead,
           100 * flops / ahead / square_many);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: bench_forward MODEL_DIR [SAMPLES [TOKENS [REPEATS]]]\n");
        return 2;
    }
    struct bench bench = {.repeats = argc > 4 ? strtoul(argv[4], NULL, 10) : 3};
    const size_t threads = (size_t)omp_get_max_threads();
    open_model(&bench, argv[1]);
    make_probe(&bench, argc > 2 ? strtoul(argv[2], NULL, 10) : 100, argc > 3 ? strtoul(argv[3], NULL, 10) : 21);
    const double first = forward_seconds(&bench, threads, true);
    printf("%zu samples, %zu tokens, %.2f TFLOP; first run %.2f s, loss %.4f, peak memory %ld MB\n",
           bench.probe.samples, bench.probe.tokens, rates_flops(&bench.config, &bench.probe, false) * 1e-12, first,
           bench.loss[0], peak_megabytes());
    if (bench.repeats) compare(&bench, threads);
    spt_checkpoint_close(bench.checkpoint);
    free(bench.offset);
    free(bench.ids);
    free(bench.loss);
    return 0;
}
