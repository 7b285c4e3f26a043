/* Who does what: the caller's thread takes what is here and removes it when it is done with it; the thread of the fetch brings one step after
 * the other and waits while what it brought is not taken. Between them lies one slot:
 *
 *      empty --(thread: here, or given up)--> full --(spt_fetch_next)--> empty        ... until ended, when no step is left or stop said so
 */
#include "tracker/fetch.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/child.h"
#include "tracker/own_folder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double FIRST_PAUSE = 1, LONGEST_PAUSE = 60; /* seconds between two tries */
enum { TICK_NANOSECONDS = 50 * 1000 * 1000 };            /* between two questions whether to stop */

/* A step that was brought, or given up on. */
struct brought {
    int64_t step;
    struct spt_own_folder folder; /* where status is SPT_OK */
    enum spt_status status;
    struct spt_error error;
};

struct spt_fetch {
    const struct spt_config *config;
    const struct spt_log *log;
    int64_t *steps; /* [count] */
    size_t count;
    bool (*stop)(void *context);
    void *context;
    double pause;
    char *root; /* fetch_dir, as an absolute path */
    int parent; /* its descriptor */

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    struct brought slot;
    bool full, ended, leaving;
    struct spt_text notes; /* of failed tries, for the caller's thread to say; one a line */

    struct brought taken; /* the caller's thread alone */
    bool has_taken;
};

/* --- the configuration --- */

/* text with each {step}, and {dir} where dir is given, replaced. */
static void put_replaced(struct spt_text *out, const char *text, int64_t step, const char *dir) {
    while (*text) {
        const char *brace = strchr(text, '{');
        const size_t before = brace ? (size_t)(brace - text) : strlen(text);
        spt_text_append(out, text, before);
        text += before;
        if (!brace) return;
        if (strncmp(text, "{step}", 6) == 0) {
            spt_text_format(out, "%" PRId64, step);
            text += 6;
        } else if (dir && strncmp(text, "{dir}", 5) == 0) {
            spt_text_put(out, dir);
            text += 5;
        } else {
            spt_text_append(out, text++, 1);
        }
    }
}

char *spt_fetch_folder_name(const struct spt_config *config, int64_t step) {
    struct spt_text name = {0};
    put_replaced(&name, config->fetch_name, step, NULL);
    if (!name.failed) return name.data;
    spt_text_release(&name);
    return NULL;
}

static bool names_step(const struct spt_config_texts *command) {
    for (size_t i = 0; i < command->count; i++)
        if (strstr(command->items[i], "{step}")) return true;
    return false;
}

enum spt_status spt_fetch_check(const struct spt_config *config, struct spt_error *error) {
    const char *name = config->fetch_name;
    if (!names_step(&config->fetch))
        return spt_config_reject(config, "fetch", error, "no argument holds {step}, expected one that names the step");
    if (!config->fetch_dir)
        return spt_config_reject(config, "fetch", error, "expected fetch_dir with it: the folder to fetch into");
    if (!config->fetch_steps.count)
        return spt_config_reject(config, "fetch", error, "expected fetch_steps with it: the steps to fetch");
    if (!name || !strstr(name, "{step}") || strchr(name, '/') || name[0] == '.')
        return spt_config_reject(config, "fetch_name", error,
                                 "found \"%s\", expected a name with {step}, without a slash or a dot at its beginning",
                                 name ? name : "");
    return SPT_OK;
}

/* --- the thread that fetches --- */

static bool is_stopped(void *context) {
    struct spt_fetch *fetch = context;
    pthread_mutex_lock(&fetch->lock);
    const bool leaving = fetch->leaving;
    pthread_mutex_unlock(&fetch->lock);
    return leaving || (fetch->stop && fetch->stop(fetch->context));
}

/* false: it was stopped meanwhile. */
static bool rest(struct spt_fetch *fetch, double seconds) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        const struct timespec tick = {.tv_nsec = TICK_NANOSECONDS};
        if (is_stopped(fetch)) return false;
        nanosleep(&tick, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - begin.tv_sec) + 1e-9 * (double)(now.tv_nsec - begin.tv_nsec) < seconds);
    return !is_stopped(fetch);
}

static void note(struct spt_fetch *fetch, const char *folder, long long tried, double pause,
                 const struct spt_error *error) {
    pthread_mutex_lock(&fetch->lock);
    spt_text_format(&fetch->notes, "%s: try %lld of %lld failed: %s%s%s; the next in %g s\n", folder, tried,
                    (long long)fetch->config->fetch_tries, error->path, error->path[0] ? ": " : "", error->message,
                    pause);
    pthread_cond_broadcast(&fetch->moved);
    pthread_mutex_unlock(&fetch->lock);
}

static enum spt_status run_command(struct spt_fetch *fetch, int64_t step, const char *folder, struct spt_error *error) {
    const struct spt_config_texts *command = &fetch->config->fetch;
    struct spt_text *words = spt_alloc_zeroed(command->count, sizeof *words);
    const char **argv = spt_alloc_zeroed(command->count, sizeof *argv);
    struct spt_child *child = NULL;
    bool failed = !words || !argv;
    for (size_t i = 0; !failed && i < command->count; i++) {
        spt_text_append(&words[i], "", 0); /* an empty argument is one, too */
        put_replaced(&words[i], command->items[i], step, folder);
        failed = words[i].failed;
        argv[i] = words[i].data;
    }
    enum spt_status status = failed ? spt_fail_memory(error, command->count * sizeof *words, "a command") : SPT_OK;
    const struct spt_child_options options = {
        .argv = argv, .argc = command->count, .time_limit = fetch->config->fetch_time_limit};
    if (status == SPT_OK) status = spt_child_start(&options, &child, error);
    if (status == SPT_OK) status = spt_child_wait(child, is_stopped, fetch, error);
    spt_child_release(child);
    for (size_t i = 0; words && i < command->count; i++) spt_text_release(&words[i]);
    free(words);
    free(argv);
    return status;
}

/* One try. Its folder is removed unless SPT_OK; a failure to remove it is said with the try's own. */
static enum spt_status try_once(struct spt_fetch *fetch, const char *name, struct brought *brought,
                                struct spt_error *error) {
    struct spt_error leftover;
    enum spt_status status = spt_own_folder_make(&brought->folder, fetch->parent, fetch->root, name, error);
    if (status != SPT_OK || !brought->folder.ours) return status;
    status = run_command(fetch, brought->step, brought->folder.path, error);
    if (status == SPT_OK) {
        status = spt_own_folder_settle(&brought->folder, error);
        if (status == SPT_RETRY) {
            const struct spt_error left = *error;
            status = spt_fail(error, SPT_IO, fetch->config->fetch.items[0], "ended with status 0, but %s %s", left.path,
                              left.message);
        }
    }
    if (status != SPT_OK && spt_own_folder_remove(&brought->folder, &leftover) != SPT_OK && status != SPT_END)
        status = spt_fail(error, SPT_IO, leftover.path, "%s", leftover.message);
    return status;
}

/* SPT_END: stopped. */
static enum spt_status bring(struct spt_fetch *fetch, const char *name, struct brought *brought) {
    const long long tries = (long long)fetch->config->fetch_tries;
    struct spt_error why;
    double pause = fetch->pause;
    for (long long tried = 1;; tried++) {
        const enum spt_status status = try_once(fetch, name, brought, &why);
        if (status == SPT_OK || status == SPT_END) return status;
        if (tried == tries) break;
        note(fetch, name, tried, pause, &why);
        if (!rest(fetch, pause)) return SPT_END;
        pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
    }
    const char *between = why.path[0] ? " " : "";
    if (tries == 1)
        return spt_fail(&brought->error, SPT_IO, NULL, SPT_FETCH_FAILED ": %s%s%s", why.path, between, why.message);
    return spt_fail(&brought->error, SPT_IO, NULL, SPT_FETCH_FAILED " %lld times: %s%s%s", tries, why.path, between,
                    why.message);
}

/* Waits until the slot is empty; false: it is time to leave. */
static bool wait_for_room(struct spt_fetch *fetch) {
    pthread_mutex_lock(&fetch->lock);
    while (fetch->full && !fetch->leaving) pthread_cond_wait(&fetch->moved, &fetch->lock);
    const bool leaving = fetch->leaving;
    pthread_mutex_unlock(&fetch->lock);
    return !leaving && !is_stopped(fetch);
}

static void *fetch_all(void *context) {
    struct spt_fetch *fetch = context;
    for (size_t i = 0; i < fetch->count && wait_for_room(fetch); i++) {
        struct brought brought = {.step = fetch->steps[i]};
        char *name = spt_fetch_folder_name(fetch->config, brought.step);
        brought.status =
            name ? bring(fetch, name, &brought) : spt_fail_memory(&brought.error, 64, "the name of a folder");
        free(name);
        if (brought.status == SPT_END) break;
        pthread_mutex_lock(&fetch->lock);
        fetch->slot = brought;
        fetch->full = true;
        pthread_cond_broadcast(&fetch->moved);
        pthread_mutex_unlock(&fetch->lock);
    }
    pthread_mutex_lock(&fetch->lock);
    fetch->ended = true;
    pthread_cond_broadcast(&fetch->moved);
    pthread_mutex_unlock(&fetch->lock);
    return NULL;
}

/* --- the caller's thread --- */

static enum spt_status open_parent(struct spt_fetch *fetch, struct spt_error *error) {
    const char *dir = fetch->config->fetch_dir;
    const enum spt_status status = spt_file_make_directories(dir, error);
    if (status != SPT_OK) return status;
    fetch->root = realpath(dir, NULL);
    if (!fetch->root) return spt_fail_system(error, errno, dir, "open this folder");
    fetch->parent = open(fetch->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fetch->parent < 0) return spt_fail_system(error, errno, fetch->root, "open this folder");
    return spt_own_folder_clean(fetch->parent, fetch->root, fetch->log, error);
}

enum spt_status spt_fetch_new(const struct spt_config *config, const struct spt_log *log, const int64_t *steps,
                              size_t count, bool (*stop)(void *context), void *context, struct spt_fetch **fetch,
                              struct spt_error *error) {
    struct spt_fetch *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a fetch");
    made->config = config;
    made->log = log;
    made->stop = stop;
    made->context = context;
    made->pause = FIRST_PAUSE;
    made->parent = -1;
    made->count = count;
    (void)pthread_mutex_init(&made->lock, NULL); /* with default attributes neither fails on Linux */
    (void)pthread_cond_init(&made->moved, NULL);
    made->steps = spt_alloc(count, sizeof *steps);
    enum spt_status status =
        made->steps ? SPT_OK : spt_fail_memory(error, count * sizeof *steps, "the steps of a fetch");
    if (status == SPT_OK && count) memcpy(made->steps, steps, count * sizeof *steps);
    if (status == SPT_OK) status = open_parent(made, error);
    if (status == SPT_OK)
        *fetch = made;
    else
        spt_fetch_free(made);
    return status;
}

void spt_fetch_set_pause(struct spt_fetch *fetch, double seconds) {
    assert(!fetch->started);
    fetch->pause = seconds;
}

void spt_fetch_free(struct spt_fetch *fetch) {
    if (!fetch) return;
    struct spt_error error;
    pthread_mutex_lock(&fetch->lock);
    fetch->leaving = true;
    pthread_cond_broadcast(&fetch->moved);
    pthread_mutex_unlock(&fetch->lock);
    if (fetch->started) pthread_join(fetch->thread, NULL);
    /* What cannot be removed now is removed by the next start. */
    if (fetch->full && fetch->slot.status == SPT_OK) (void)spt_own_folder_remove(&fetch->slot.folder, &error);
    if (fetch->has_taken) (void)spt_own_folder_remove(&fetch->taken.folder, &error);
    if (fetch->parent >= 0) close(fetch->parent);
    pthread_cond_destroy(&fetch->moved);
    pthread_mutex_destroy(&fetch->lock);
    spt_text_release(&fetch->notes);
    free(fetch->root);
    free(fetch->steps);
    free(fetch);
}

static enum spt_status start(struct spt_fetch *fetch, struct spt_error *error) {
    if (fetch->started) return SPT_OK;
    const int failed = pthread_create(&fetch->thread, NULL, fetch_all, fetch);
    if (failed) return spt_fail(error, SPT_NOMEM, NULL, "cannot start a thread to fetch with: %s", strerror(failed));
    fetch->started = true;
    return SPT_OK;
}

static void say_notes(const struct spt_fetch *fetch, struct spt_text *notes) {
    for (char *line = notes->data; line && *line;) {
        char *end = strchr(line, '\n');
        if (!end) break; /* memory ran out within it */
        *end = '\0';
        spt_log(fetch->log, SPT_LOG_NOTE, "%s", line);
        line = end + 1;
    }
    spt_text_release(notes);
}

enum spt_status spt_fetch_next(struct spt_fetch *fetch, int64_t *step, const char **folder, struct spt_error *error) {
    assert(!fetch->has_taken);
    const enum spt_status started = start(fetch, error);
    if (started != SPT_OK) return started;
    bool full;
    struct spt_text notes;
    do {
        pthread_mutex_lock(&fetch->lock);
        while (!fetch->full && !fetch->ended && !fetch->notes.length) pthread_cond_wait(&fetch->moved, &fetch->lock);
        notes = fetch->notes;
        fetch->notes = (struct spt_text){0};
        full = fetch->full;
        const bool waiting = !full && !fetch->ended;
        if (full) fetch->taken = fetch->slot;
        fetch->full = false;
        pthread_cond_broadcast(&fetch->moved);
        pthread_mutex_unlock(&fetch->lock);
        say_notes(fetch, &notes);
        if (!waiting) break;
    } while (true);
    if (!full) return SPT_END;
    *step = fetch->taken.step;
    fetch->has_taken = fetch->taken.status == SPT_OK;
    if (fetch->has_taken)
        *folder = fetch->taken.folder.path;
    else if (error)
        *error = fetch->taken.error;
    return fetch->taken.status;
}

enum spt_status spt_fetch_done(struct spt_fetch *fetch, struct spt_error *error) {
    assert(fetch->has_taken);
    fetch->has_taken = false;
    return spt_own_folder_remove(&fetch->taken.folder, error);
}
