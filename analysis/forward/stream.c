/* With read-ahead, one thread fills slots and another empties them:
 *
 *     reader:    wait until read < taken + 2  ->  fill slot read % 2  ->  read++
 *     consumer:  give back its slot, taken++  ->  wait until read > taken  ->  use slot taken % 2
 *
 * where taken counts the portions that the consumer is done with. The lock guards the counters and how it ended; the
 * slots need none.
 */
#include "analysis/forward/stream.h"

#include "checkpoints/base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define SLOTS       2
#define READ_BYTES  ((size_t)16 << 20) /* of one read: how long an end is waited for */
#define WAIT_MILLIS 50                 /* between two questions of whether to stop */

struct spt_stream {
    struct spt_checkpoint *checkpoint;
    struct spt_stream_plan plan;
    unsigned char *slot[SLOTS];
    size_t given; /* portions handed out: the consumer's own */
    bool threaded, made_lock;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t read, taken;     /* under lock */
    enum spt_status status; /* under lock: why reading ended */
    struct spt_error error; /* under lock */
    atomic_bool cancelled;
};

static enum spt_status read_piece(struct spt_stream *stream, const struct spt_piece *piece, unsigned char *slot,
                                  struct spt_error *error) {
    const size_t size = spt_dtype_size(piece->tensor->dtype), step = READ_BYTES / size;
    for (size_t done = 0; done < piece->count; done += step) {
        const size_t count = piece->count - done < step ? piece->count - done : step;
        if (atomic_load(&stream->cancelled)) return SPT_END;
        if (!stream->threaded && stream->plan.stop && stream->plan.stop(stream->plan.stop_context)) return SPT_END;
        const enum spt_status status = spt_checkpoint_read(stream->checkpoint, piece->tensor, piece->first + done,
                                                           count, slot + piece->offset + done * size, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

static enum spt_status read_portion(struct spt_stream *stream, size_t index, unsigned char *slot,
                                    struct spt_error *error) {
    const struct spt_portion *portion = &stream->plan.portions[index];
    for (size_t i = portion->first; i < portion->first + portion->count; i++) {
        const enum spt_status status = read_piece(stream, &stream->plan.pieces[i], slot, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

static void *read_all(void *context) {
    struct spt_stream *stream = context;
    for (size_t index = 0; index < stream->plan.portion_count; index++) {
        pthread_mutex_lock(&stream->lock);
        while (index >= stream->taken + SLOTS && !atomic_load(&stream->cancelled))
            pthread_cond_wait(&stream->changed, &stream->lock);
        pthread_mutex_unlock(&stream->lock);
        struct spt_error error = {.status = SPT_OK};
        const enum spt_status status = read_portion(stream, index, stream->slot[index % SLOTS], &error);
        pthread_mutex_lock(&stream->lock);
        if (status == SPT_OK) {
            stream->read++;
        } else {
            stream->status = status;
            stream->error = error;
        }
        pthread_cond_broadcast(&stream->changed);
        pthread_mutex_unlock(&stream->lock);
        if (status != SPT_OK) break;
    }
    return NULL;
}

static bool make_lock(struct spt_stream *stream) {
    pthread_condattr_t attributes;
    if (pthread_mutex_init(&stream->lock, NULL)) return false;
    if (pthread_condattr_init(&attributes)) {
        pthread_mutex_destroy(&stream->lock);
        return false;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const bool made = !pthread_cond_init(&stream->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!made) pthread_mutex_destroy(&stream->lock);
    return made;
}

enum spt_status spt_stream_open(struct spt_checkpoint *checkpoint, const struct spt_stream_plan *plan,
                                struct spt_stream **stream, struct spt_error *error) {
    struct spt_stream *s = calloc(1, sizeof(*s));
    if (!s) return spt_fail_memory(error, sizeof(*s), "reading weights");
    s->checkpoint = checkpoint;
    s->plan = *plan;
    for (size_t i = 0; i < (plan->read_ahead ? SLOTS : 1); i++) {
        s->slot[i] = spt_alloc(plan->bytes, 1);
        if (!s->slot[i]) {
            spt_stream_close(s);
            return spt_fail_memory(error, plan->bytes, "the weights of a layer");
        }
    }
    /* Where no thread is to be had, portions are read when it is their turn: slower, not wrong. */
    s->made_lock = plan->read_ahead && make_lock(s);
    s->threaded = s->made_lock;
    if (s->threaded && pthread_create(&s->thread, NULL, read_all, s)) s->threaded = false;
    *stream = s;
    return SPT_OK;
}

static struct timespec soon(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += WAIT_MILLIS * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_nsec -= 1000000000L;
        at.tv_sec++;
    }
    return at;
}

/* SPT_END also when asked to stop: reading is then cancelled by spt_stream_close. */
static enum spt_status wait_for(struct spt_stream *stream, size_t index, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    pthread_mutex_lock(&stream->lock);
    if (index) {
        stream->taken = index;
        pthread_cond_broadcast(&stream->changed);
    }
    while (stream->read <= index && stream->status == SPT_OK && status == SPT_OK) {
        const struct timespec until = soon();
        pthread_cond_timedwait(&stream->changed, &stream->lock, &until);
        if (stream->plan.stop && stream->plan.stop(stream->plan.stop_context)) status = SPT_END;
    }
    if (status == SPT_OK && stream->read <= index) {
        status = stream->status;
        if (error && status != SPT_END) *error = stream->error;
    }
    pthread_mutex_unlock(&stream->lock);
    return status;
}

enum spt_status spt_stream_next(struct spt_stream *stream, const unsigned char **bytes, struct spt_error *error) {
    const size_t index = stream->given++;
    unsigned char *slot = stream->slot[stream->threaded ? index % SLOTS : 0];
    const enum spt_status status =
        stream->threaded ? wait_for(stream, index, error) : read_portion(stream, index, slot, error);
    if (status == SPT_OK) *bytes = slot;
    return status;
}

void spt_stream_close(struct spt_stream *stream) {
    if (!stream) return;
    if (stream->threaded) {
        pthread_mutex_lock(&stream->lock);
        atomic_store(&stream->cancelled, true);
        pthread_cond_broadcast(&stream->changed);
        pthread_mutex_unlock(&stream->lock);
        pthread_join(stream->thread, NULL);
    }
    if (stream->made_lock) {
        pthread_cond_destroy(&stream->changed);
        pthread_mutex_destroy(&stream->lock);
    }
    for (size_t i = 0; i < SLOTS; i++) free(stream->slot[i]);
    free(stream);
}
