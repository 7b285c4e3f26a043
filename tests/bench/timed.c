/* spectail with a clock around its forward pass: linked in place of spt_forward_run and spt_stream_next, which it calls.
 *
 * After each pass, one line of JSON is added to the file that SPECTAIL_TIMES names: seconds of the pass; of them, those
 * spent in measuring (a thread's mean, and what one does for all) and in waiting for weights; flops of the products.
 */
#include "rates.h"

#include "analysis/forward/stream.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 256, APART = 16 }; /* doubles between the sums of two threads: two lines of the cache */

struct timed {
    const struct spt_forward_observer *watched;
    double busy[THREADS * APART]; /* of each thread, in measuring attention */
    double between;               /* layers, by one thread for all */
};

static double waited; /* of the pass that runs */

enum spt_status __real_spt_stream_next(struct spt_stream *stream, const unsigned char **bytes, struct spt_error *error);
enum spt_status __wrap_spt_stream_next(struct spt_stream *stream, const unsigned char **bytes, struct spt_error *error);
enum spt_status __real_spt_forward_run(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                       const struct spt_probe *probe, const struct spt_forward_options *options,
                                       const struct spt_forward_observer *observer,
                                       const struct spt_forward_output *output, struct spt_error *error);
enum spt_status __wrap_spt_forward_run(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                       const struct spt_probe *probe, const struct spt_forward_options *options,
                                       const struct spt_forward_observer *observer,
                                       const struct spt_forward_output *output, struct spt_error *error);

enum spt_status __wrap_spt_stream_next(struct spt_stream *stream, const unsigned char **bytes,
                                       struct spt_error *error) {
    const double start = omp_get_wtime();
    const enum spt_status status = __real_spt_stream_next(stream, bytes, error);
    waited += omp_get_wtime() - start;
    return status;
}

/* --- the observer's functions, each with the clock --- */

_Static_assert(sizeof(struct spt_forward_observer) == 8 * sizeof(void *), "an observer has a function without a clock");

static double *busy_of(struct timed *timed, size_t thread) {
    return &timed->busy[thread % THREADS * APART];
}

static enum spt_status on_weights(void *context, size_t layer, const struct spt_weight *weights,
                                  struct spt_error *error) {
    struct timed *timed = context;
    const double start = omp_get_wtime();
    const enum spt_status status = timed->watched->weights(timed->watched->context, layer, weights, error);
    timed->between += omp_get_wtime() - start;
    return status;
}

static enum spt_status on_attention(void *context, const struct spt_attention *attention, struct spt_error *error) {
    struct timed *timed = context;
    const double start = omp_get_wtime();
    const enum spt_status status = timed->watched->attention(timed->watched->context, attention, error);
    *busy_of(timed, attention->thread) += omp_get_wtime() - start;
    return status;
}

static enum spt_status on_sample(void *context, size_t layer, size_t sample, size_t thread, struct spt_error *error) {
    struct timed *timed = context;
    const double start = omp_get_wtime();
    const enum spt_status status = timed->watched->sample(timed->watched->context, layer, sample, thread, error);
    *busy_of(timed, thread) += omp_get_wtime() - start;
    return status;
}

static enum spt_status on_again(void *context, const struct spt_attention *attention, struct spt_error *error) {
    struct timed *timed = context;
    const double start = omp_get_wtime();
    const enum spt_status status = timed->watched->again(timed->watched->context, attention, error);
    *busy_of(timed, attention->thread) += omp_get_wtime() - start;
    return status;
}

static enum spt_status on_hidden(void *context, size_t stage, const float *x, struct spt_error *error) {
    struct timed *timed = context;
    const double start = omp_get_wtime();
    const enum spt_status status = timed->watched->hidden(timed->watched->context, stage, x, error);
    timed->between += omp_get_wtime() - start;
    return status;
}

static enum spt_status on_layer(void *context, size_t layer, struct spt_error *error) {
    struct timed *timed = context;
    const double start = omp_get_wtime();
    const enum spt_status status = timed->watched->layer(timed->watched->context, layer, error);
    timed->between += omp_get_wtime() - start;
    return status;
}

static bool on_stop(void *context) {
    const struct timed *timed = context;
    return timed->watched->stop(timed->watched->context);
}

static void put_times(const struct timed *timed, double seconds, size_t threads, double flops) {
    const char *path = getenv("SPECTAIL_TIMES");
    FILE *file = path ? fopen(path, "a") : NULL;
    double busy = 0;
    if (!file) return;
    for (size_t i = 0; i < THREADS; i++) busy += timed->busy[i * APART];
    fprintf(file, "{\"seconds\": %.4f, \"measuring\": %.4f, \"waiting\": %.4f, \"flops\": %.6g}\n", seconds,
            busy / (double)threads + timed->between, waited, flops);
    fclose(file);
}

enum spt_status __wrap_spt_forward_run(struct spt_checkpoint *checkpoint, const struct spt_model_config *config,
                                       const struct spt_probe *probe, const struct spt_forward_options *options,
                                       const struct spt_forward_observer *observer,
                                       const struct spt_forward_output *output, struct spt_error *error) {
    struct timed timed = {.watched = observer};
    const size_t threads = options && options->threads ? options->threads : (size_t)omp_get_max_threads();
    const struct spt_forward_observer ours = {.context = &timed,
                                              .weights = observer->weights ? on_weights : NULL,
                                              .attention = observer->attention ? on_attention : NULL,
                                              .sample = observer->sample ? on_sample : NULL,
                                              .again = observer->again ? on_again : NULL,
                                              .hidden = observer->hidden ? on_hidden : NULL,
                                              .layer = observer->layer ? on_layer : NULL,
                                              .stop = observer->stop ? on_stop : NULL};
    waited = 0;
    const double start = omp_get_wtime();
    const enum spt_status status = __real_spt_forward_run(checkpoint, config, probe, options, &ours, output, error);
    if (status == SPT_OK)
        put_times(&timed, omp_get_wtime() - start, threads, rates_flops(config, probe, output && output->other));
    return status;
}
