/* States of a branch's file:
 *
 *      (none) --history--> whole --append--> whole
 *         ^                  |
 *         '------------------'  a write failed, someone else changed it, or a step came that is not the largest
 */
#include "tracker/formats/tensorboard.h"

#include "analysis/metric.h"
#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "tracker/formats/names.h"
#include "tracker/formats/tensorboard_event.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char PREFIX[] = "events.out.tfevents.", OURS[] = ".spectail.";
static const char DRAFT[] = ".spectail"; /* TensorBoard reads what has "tfevents" in its name */

enum { FLUSH_BYTES = 1 << 16, DRAFT_SECONDS = 600 };

struct branch {
    char *name;
    char *path; /* of its file; NULL: it has none that could be appended to */
    struct spt_file_identity identity;
    int64_t last; /* step */
};

struct spt_tensorboard {
    char *folder; /* the run's */
    int64_t run;
    int layer_digits, head_digits; /* in tags, so that they sort */
    struct spt_figure_choice choice;
    struct branch *branches; /* [count] */
    size_t count, capacity;
    bool output_failed;
};

static void forget_file(struct branch *branch) {
    free(branch->path);
    branch->path = NULL;
}

static enum spt_status find_branch(struct spt_tensorboard *board, const char *name, struct branch **branch,
                                   struct spt_error *error) {
    for (size_t i = 0; i < board->count; i++) {
        *branch = &board->branches[i];
        if (strcmp(board->branches[i].name, name) == 0) return SPT_OK;
    }
    char *copy = spt_strdup(name);
    if (!copy || !spt_grow((void **)&board->branches, &board->capacity, board->count + 1, sizeof **branch)) {
        free(copy);
        return spt_fail_memory(error, sizeof **branch, "a branch");
    }
    *branch = &board->branches[board->count++];
    **branch = (struct branch){.name = copy, .last = SPT_NO_STEP};
    return SPT_OK;
}

/* --- one checkpoint's record --- */
struct record {
    struct spt_arena tags;
    struct spt_scalar *scalars; /* [count] */
    size_t count, capacity;
};

static void clear_record(struct record *record) {
    spt_arena_release(&record->tags);
    record->count = 0;
}

static void release_record(struct record *record) {
    clear_record(record);
    free(record->scalars);
}

static bool is_shown(const struct spt_tensorboard *board, const struct spt_store_measure *m) {
    return m->checkpoint->step != SPT_NO_STEP && !isnan(m->mean) && (m->head < 0 || board->choice.heads) &&
           spt_figure_chosen(&board->choice, m->metric);
}

static char *make_tag(const struct spt_tensorboard *board, struct record *record, const struct spt_store_measure *m) {
    char place[64] = "";
    if (m->head >= 0)
        (void)snprintf(place, sizeof place, "/layer_%0*d/head_%0*d", board->layer_digits, m->layer, board->head_digits,
                       m->head);
    else if (m->layer >= 0)
        (void)snprintf(place, sizeof place, "/layer_%0*d", board->layer_digits, m->layer);
    const size_t length = strlen(m->metric);
    char *tag = spt_arena_alloc(&record->tags, length + sizeof place, 1);
    if (!tag) return NULL;
    memcpy(tag, m->metric, length);
    memcpy(tag + length, place, strlen(place) + 1);
    return tag;
}

static const char *definition(const char *metric) {
    const size_t row = spt_metric_find(metric);
    return row < SPT_METRIC_COUNT ? SPT_METRICS[row].definition : NULL;
}

static enum spt_status collect(const struct spt_tensorboard *board, struct record *record,
                               const struct spt_store_measure *m, bool described, struct spt_error *error) {
    char *tag = make_tag(board, record, m);
    if (!tag || !spt_grow((void **)&record->scalars, &record->capacity, record->count + 1, sizeof *record->scalars))
        return spt_fail_memory(error, sizeof *record->scalars, "a scalar");
    record->scalars[record->count++] = (struct spt_scalar){
        .tag = tag,
        .value = (float)m->mean,
        .description = described && m->head < 0 ? definition(m->metric) : NULL,
    };
    return SPT_OK;
}

/* finished: UTC, ISO 8601, as the store has it; NULL: now. */
static double seconds_of(const char *finished) {
    struct tm parts = {0};
    const char *end = finished ? strptime(finished, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
    return (double)(end ? timegm(&parts) : time(NULL));
}

/* --- the history of a run --- */
struct history {
    struct spt_tensorboard *board;
    const char *only; /* branch; NULL: all */
    struct branch *branch;
    char *folder, *path; /* of the branch; of its new file */
    struct spt_file_draft draft;
    bool described; /* the file says what its tags mean */
    struct spt_text out;
    struct record record;
    int64_t checkpoint; /* that record is of; 0: none */
    int64_t step;
    double finished;
};

static enum spt_status fail_output(struct spt_tensorboard *board, enum spt_status status) {
    board->output_failed = board->output_failed || status != SPT_OK;
    return status;
}

/* The time in the name of one of our files; -1: it is none of ours. */
static long long our_time(const char *name) {
    if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0) return -1;
    const char *mark = NULL;
    for (const char *at = name; (at = strstr(at, OURS)); at++) mark = at;
    if (!mark || !mark[sizeof OURS - 1] || mark[sizeof OURS - 1 + strspn(mark + sizeof OURS - 1, "0123456789")])
        return -1;
    char *end;
    const long long seconds = strtoll(name + sizeof PREFIX - 1, &end, 10);
    return *end == '.' && seconds >= 0 && seconds < 100000000000 ? seconds : -1;
}

/* A draft that nobody has written to for so long is a killed program's. */
static bool is_left_behind(const char *name, const struct stat *st) {
    const size_t length = strlen(name);
    return strncmp(name, OURS, sizeof OURS - 1) == 0 && length > 4 && strcmp(name + length - 4, ".tmp") == 0 &&
           time(NULL) - st->st_mtime > DRAFT_SECONDS;
}

/* Removes our files in folder but the one called keep (NULL: none is removed); *newest: the largest time in their names, or -1. */
static enum spt_status look_through(const char *folder, const char *keep, long long *newest, struct spt_error *error) {
    DIR *listing = opendir(folder); /* O_CLOEXEC by itself */
    if (!listing) return spt_fail_system(error, errno, folder, "list");
    enum spt_status status = SPT_OK;
    *newest = -1;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(listing);
        if (!entry && errno) status = spt_fail_system(error, errno, folder, "list");
        if (!entry || status != SPT_OK) break;
        const long long seconds = our_time(entry->d_name);
        struct stat st;
        if (fstatat(dirfd(listing), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
            (seconds < 0 && !is_left_behind(entry->d_name, &st)))
            continue;
        if (seconds > *newest) *newest = seconds;
        if (keep && strcmp(entry->d_name, keep) != 0 && unlinkat(dirfd(listing), entry->d_name, 0) != 0 &&
            errno != ENOENT)
            status = spt_fail_system(error, errno, folder, "remove an older event file from");
    }
    closedir(listing);
    return status;
}

/* TensorBoard reads a run's files by name, and never goes back: the new one comes after all of ours. */
static char *new_path(const char *folder, long long newest) {
    char host[HOST_NAME_MAX + 1] = "";
    struct spt_text path = {0};
    const long long now = (long long)time(NULL);
    if (gethostname(host, sizeof host - 1) != 0 || !host[0]) (void)snprintf(host, sizeof host, "localhost");
    spt_text_format(&path, "%s/%s%010lld.", folder, PREFIX, now > newest ? now : newest + 1);
    spt_name_put_file(&path, host);
    spt_text_format(&path, "%s%ld", OURS, (long)getpid());
    if (!path.failed) return path.data;
    spt_text_release(&path);
    return NULL;
}

static enum spt_status begin_file(struct history *history, struct spt_error *error) {
    struct spt_text folder = {0};
    spt_text_put(&folder, history->board->folder);
    if (history->branch->name[0]) {
        spt_text_put(&folder, "/");
        spt_name_put_file(&folder, history->branch->name);
    }
    if (folder.failed) {
        spt_text_release(&folder);
        return spt_fail_memory(error, 1, "a folder's name");
    }
    history->folder = folder.data;
    history->described = false;
    long long newest;
    enum spt_status status = spt_file_make_directories(history->folder, error);
    if (status == SPT_OK) status = look_through(history->folder, NULL, &newest, error);
    if (status != SPT_OK) return fail_output(history->board, status);
    history->path = new_path(history->folder, newest);
    char *beside = spt_file_join(history->folder, DRAFT);
    if (history->path && beside)
        status = fail_output(history->board, spt_file_draft_begin(&history->draft, history->path, beside, error));
    else
        status = spt_fail_memory(error, strlen(history->folder), "a file's name");
    free(beside);
    if (status == SPT_OK) spt_event_put_beginning(&history->out, history->finished);
    return status;
}

static enum spt_status flush(struct history *history, struct spt_error *error) {
    if (history->out.failed) return spt_fail_memory(error, FLUSH_BYTES, "an event file");
    if (!history->out.length) return SPT_OK;
    const enum spt_status status = spt_file_draft_write(&history->draft, history->out.data, history->out.length, error);
    spt_text_clear(&history->out);
    return fail_output(history->board, status);
}

static enum spt_status put_checkpoint(struct history *history, struct spt_error *error) {
    if (!history->record.count) return SPT_OK;
    spt_event_put_scalars(&history->out, history->finished, history->step, history->record.scalars,
                          history->record.count);
    clear_record(&history->record);
    history->branch->last = history->step;
    history->described = true;
    return history->out.length < FLUSH_BYTES && !history->out.failed ? SPT_OK : flush(history, error);
}

static enum spt_status identify(const char *path, struct spt_file_identity *identity, struct spt_error *error) {
    int fd;
    const enum spt_status status = spt_file_open(path, &fd, identity, error);
    if (status == SPT_OK) (void)close(fd);
    return status;
}

static enum spt_status end_file(struct history *history, struct spt_error *error) {
    if (!history->branch) return SPT_OK;
    struct branch *branch = history->branch;
    enum spt_status status = put_checkpoint(history, error);
    if (status == SPT_OK) status = flush(history, error);
    if (status != SPT_OK) return status;
    long long newest;
    status = spt_file_draft_commit(&history->draft, error);
    if (status == SPT_OK) status = look_through(history->folder, strrchr(history->path, '/') + 1, &newest, error);
    if (status == SPT_OK) status = identify(history->path, &branch->identity, error);
    if (status == SPT_OK) {
        branch->path = history->path;
        history->path = NULL;
    }
    free(history->path);
    free(history->folder);
    history->path = history->folder = NULL;
    history->branch = NULL;
    return fail_output(history->board, status);
}

static enum spt_status next_checkpoint(struct history *history, const struct spt_store_checkpoint *row,
                                       struct spt_error *error) {
    const bool same = history->branch && strcmp(history->branch->name, row->branch) == 0;
    enum spt_status status = same ? put_checkpoint(history, error) : end_file(history, error);
    history->checkpoint = row->id;
    history->step = row->step;
    history->finished = seconds_of(row->finished);
    if (status != SPT_OK || same) return status;
    status = find_branch(history->board, row->branch, &history->branch, error);
    if (status != SPT_OK) return status;
    forget_file(history->branch);
    return begin_file(history, error);
}

static enum spt_status on_history(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    struct history *history = context;
    if (!is_shown(history->board, m)) return SPT_OK;
    if (history->only && strcmp(m->checkpoint->branch, history->only) != 0) return SPT_OK;
    enum spt_status status = SPT_OK;
    if (history->checkpoint != m->checkpoint->id) status = next_checkpoint(history, m->checkpoint, error);
    return status == SPT_OK ? collect(history->board, &history->record, m, !history->described, error) : status;
}

static enum spt_status write_history(struct spt_tensorboard *board, struct spt_store *store, const char *only,
                                     struct spt_error *error) {
    struct history history = {.board = board, .only = only};
    const int heads = board->choice.heads ? INT_MIN : -1; /* the store passes over them faster than we would */
    enum spt_status status =
        spt_store_each_measure(store, board->run, NULL, INT_MIN, heads, on_history, &history, error);
    if (status == SPT_OK) status = end_file(&history, error);
    spt_file_draft_abandon(&history.draft);
    spt_text_release(&history.out);
    release_record(&history.record);
    free(history.folder);
    free(history.path);
    return status;
}

/* --- a checkpoint more --- */
struct addition {
    struct spt_tensorboard *board;
    struct record record;
};

static enum spt_status on_addition(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    struct addition *addition = context;
    return is_shown(addition->board, m) ? collect(addition->board, &addition->record, m, false, error) : SPT_OK;
}

/* SPT_RETRY: the file is not as it was left. */
static enum spt_status append(struct branch *branch, const struct spt_text *out, struct spt_error *error) {
    const int fd = open(branch->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat now;
    if (fd < 0 && (errno == ENOENT || errno == ESTALE || errno == ELOOP || errno == ENOTDIR))
        return spt_fail(error, SPT_RETRY, branch->path, "is gone");
    if (fd < 0) return spt_fail_system(error, errno, branch->path, "write");
    enum spt_status status = SPT_OK;
    if (fstat(fd, &now) != 0)
        status = spt_fail_system(error, errno, branch->path, "look at");
    else if (now.st_ino != branch->identity.inode || now.st_dev != branch->identity.device ||
             (uint64_t)now.st_size != branch->identity.size)
        status = spt_fail(error, SPT_RETRY, branch->path, "was changed by another program");
    if (status == SPT_OK) status = spt_file_write(fd, branch->path, out->data, out->length, error);
    if (close(fd) != 0 && status == SPT_OK) status = spt_fail_system(error, errno, branch->path, "write");
    branch->identity.size += out->length;
    return status;
}

static enum spt_status append_record(struct spt_tensorboard *board, struct branch *branch,
                                     const struct spt_store_checkpoint *row, const struct record *record,
                                     struct spt_error *error) {
    struct spt_text out = {0};
    spt_event_put_scalars(&out, seconds_of(row->finished), row->step, record->scalars, record->count);
    enum spt_status status = out.failed ? spt_fail_memory(error, record->count * sizeof *record->scalars, "an event")
                                        : append(branch, &out, error);
    spt_text_release(&out);
    branch->last = row->step;
    if (status != SPT_OK) forget_file(branch); /* its end may be torn */
    return status == SPT_RETRY ? status : fail_output(board, status);
}

enum spt_status spt_tensorboard_add(struct spt_tensorboard *board, struct spt_store *store,
                                    const struct spt_store_checkpoint *row, struct spt_error *error) {
    struct addition addition = {.board = board};
    struct branch *branch;
    if (row->step == SPT_NO_STEP) return SPT_OK;
    enum spt_status status = find_branch(board, row->branch, &branch, error);
    if (status != SPT_OK) return status;
    if (!branch->path || row->step <= branch->last) return write_history(board, store, row->branch, error);
    status = spt_store_each_measure_of(store, row, on_addition, &addition, error);
    if (status == SPT_OK && addition.record.count) status = append_record(board, branch, row, &addition.record, error);
    release_record(&addition.record);
    return status == SPT_RETRY ? write_history(board, store, row->branch, error) : status;
}

/* --- a board --- */
static int digits_of(size_t count) {
    int digits = 2;
    for (size_t rest = count; rest > 100; rest /= 10) digits++;
    return digits;
}

static enum spt_status set_run(struct spt_tensorboard *board, const char *folder, const struct spt_store_run *all,
                               size_t count, struct spt_error *error) {
    size_t i = 0;
    while (i < count && all[i].id != board->run) i++;
    if (i == count) return spt_fail(error, SPT_INVALID, NULL, "the store has no run %lld", (long long)board->run);
    board->layer_digits = digits_of(all[i].layers);
    board->head_digits = digits_of(all[i].heads);
    struct spt_text path = {0};
    char **names = spt_run_names(all, count);
    spt_text_format(&path, "%s/", folder);
    if (names) spt_name_put_file(&path, names[i]);
    const bool failed = !names || path.failed;
    spt_run_names_free(names, count);
    board->folder = path.data;
    return failed ? spt_fail_memory(error, count, "the names of runs") : SPT_OK;
}

enum spt_status spt_tensorboard_open(const char *folder, struct spt_store *store, int64_t run,
                                     const struct spt_figure_choice *choice, struct spt_tensorboard **board,
                                     bool *output, struct spt_error *error) {
    struct spt_store_run *all = NULL;
    size_t count = 0;
    if (output) *output = false;
    struct spt_tensorboard *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "event files");
    made->run = run;
    made->choice = *choice;
    enum spt_status status = spt_store_runs(store, &all, &count, error);
    if (status == SPT_OK) status = set_run(made, folder, all, count, error);
    if (status == SPT_OK) status = write_history(made, store, NULL, error);
    spt_store_free_runs(all, count);
    if (output) *output = made->output_failed;
    if (status == SPT_OK)
        *board = made;
    else
        spt_tensorboard_close(made);
    return status;
}

void spt_tensorboard_close(struct spt_tensorboard *board) {
    if (!board) return;
    for (size_t i = 0; i < board->count; i++) {
        forget_file(&board->branches[i]);
        free(board->branches[i].name);
    }
    free(board->branches);
    free(board->folder);
    free(board);
}

enum spt_status spt_tensorboard_figures(const struct spt_export *export, struct spt_destination *output,
                                        struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < export->run_count && status == SPT_OK; i++) {
        struct spt_tensorboard *board = NULL;
        status = spt_tensorboard_open(output->path, export->store, export->runs[i].id, &export->choice, &board,
                                      &output->failed, error);
        spt_tensorboard_close(board);
    }
    return status;
}
