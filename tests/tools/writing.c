#include "writing.h"

#include "seconds.h"
#include "shards.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECES = 5 };

/* --- changes, and the time between them --- */

static void begin_checkpoint(struct writing *w) {
    w->longest = 0;
    w->changed = false;
}

/* Around each change: the watch may have looked right before the one before it took place, and right before this one did. */
static double begin_change(void) {
    return seconds_now();
}

static void end_change(struct writing *w, double began) {
    const double now = seconds_now();
    if (w->changed && now - w->before > w->longest) w->longest = now - w->before;
    w->before = began;
    w->changed = true;
}

static void rest(const struct writing *w) {
    seconds_sleep(w->pause);
}

/* --- names --- */

struct place {
    char path[PATH_MAX];
};

static struct place place_of(const struct writing *w, const char *folder, const char *name, const char *ending) {
    struct place place;
    const int length =
        snprintf(place.path, sizeof(place.path), "%s/%s%s%s%s", w->run, folder, *name ? "/" : "", name, ending);
    if (length < 0 || (size_t)length >= sizeof(place.path)) shards_die("a path");
    return place;
}

static void make_folder(struct writing *w, const char *folder) {
    const struct place place = place_of(w, folder, "", "");
    const double began = begin_change();
    if (mkdir(place.path, 0777) && errno != EEXIST) shards_die(place.path);
    end_change(w, began);
    rest(w);
}

static void rename_to(struct writing *w, struct place from, struct place to) {
    const double began = begin_change();
    if (rename(from.path, to.path)) shards_die(to.path);
    end_change(w, began);
}

/* --- files --- */

static int open_file(struct writing *w, struct place place, int flags) {
    const double began = begin_change();
    const int fd = open(place.path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    if (fd < 0) shards_die(place.path);
    end_change(w, began);
    return fd;
}

static void put(struct writing *w, int fd, const struct tiny_file *file, size_t start, size_t end) {
    const double began = begin_change();
    if (pwrite(fd, file->bytes + start, end - start, (off_t)start) != (ssize_t)(end - start)) shards_die(file->name);
    end_change(w, began);
    rest(w);
}

/* From start to the file's end in PIECES; small files at once. */
static void put_pieces(struct writing *w, int fd, const struct tiny_file *file, size_t start) {
    const size_t pieces = file->size - start > 1024 ? PIECES : 1;
    for (size_t i = 0; i < pieces; i++)
        put(w, fd, file, start + (file->size - start) * i / pieces, start + (file->size - start) * (i + 1) / pieces);
}

static void write_in_place(struct writing *w, struct place place, const struct tiny_file *file) {
    const int fd = open_file(w, place, O_TRUNC);
    put_pieces(w, fd, file, 0);
    close(fd);
}

static void write_header_first(struct writing *w, struct place place, const struct tiny_file *file) {
    uint64_t length = 0;
    memcpy(&length, file->bytes, sizeof(length));
    const int fd = open_file(w, place, O_TRUNC);
    put(w, fd, file, 0, 8 + (size_t)length);
    rest(w);
    put_pieces(w, fd, file, 8 + (size_t)length);
    close(fd);
}

/* As np.memmap and parallel writers do: the whole file is there at once, full of zeros behind its header. */
static void write_preallocated(struct writing *w, struct place place, const struct tiny_file *file) {
    uint64_t length = 0;
    memcpy(&length, file->bytes, sizeof(length));
    const int fd = open_file(w, place, O_TRUNC);
    const double began = begin_change();
    if (ftruncate(fd, (off_t)file->size)) shards_die(place.path);
    end_change(w, began);
    put(w, fd, file, 0, 8 + (size_t)length);
    put_pieces(w, fd, file, 8 + (size_t)length);
    close(fd);
}

static void write_renamed(struct writing *w, struct place place, const struct tiny_file *file) {
    struct place temporary = place;
    strncat(temporary.path, ".tmp", sizeof(temporary.path) - strlen(temporary.path) - 1);
    write_in_place(w, temporary, file);
    rename_to(w, temporary, place);
    rest(w);
}

/* --- checkpoints --- */

typedef void write_fn(struct writing *w, struct place place, const struct tiny_file *file);

static bool is_weights(const struct tiny_checkpoint *c, size_t file) {
    return file >= 1 && file <= c->weights;
}

static bool is_index(const struct tiny_file *file) {
    return strstr(file->name, ".index.json") != NULL;
}

static void write_one(struct writing *w, const struct tiny_checkpoint *c, const char *folder, size_t file,
                      write_fn *weights) {
    (is_weights(c, file) ? weights : write_in_place)(w, place_of(w, folder, c->files[file].name, ""), &c->files[file]);
}

static void write_in_order(struct writing *w, const struct tiny_checkpoint *c, const char *folder, write_fn *weights) {
    begin_checkpoint(w);
    make_folder(w, folder);
    for (size_t i = 0; i < c->count; i++) write_one(w, c, folder, i, weights);
}

static void in_place(struct writing *w, const struct tiny_checkpoint *c) {
    write_in_order(w, c, c->folder, write_in_place);
}

static void header_first(struct writing *w, const struct tiny_checkpoint *c) {
    write_in_order(w, c, c->folder, write_header_first);
}

static void preallocated(struct writing *w, const struct tiny_checkpoint *c) {
    write_in_order(w, c, c->folder, write_preallocated);
}

static void file_renamed(struct writing *w, const struct tiny_checkpoint *c) {
    begin_checkpoint(w);
    make_folder(w, c->folder);
    for (size_t i = 0; i < c->count; i++) write_renamed(w, place_of(w, c->folder, c->files[i].name, ""), &c->files[i]);
}

static void folder_renamed(struct writing *w, const struct tiny_checkpoint *c) {
    char staging[80];
    snprintf(staging, sizeof(staging), "tmp-%s", c->folder);
    write_in_order(w, c, staging, write_in_place);
    rename_to(w, place_of(w, staging, "", ""), place_of(w, c->folder, "", ""));
}

/* Shards from the last to the first; the index before all of them, or after. */
static void shards_reversed(struct writing *w, const struct tiny_checkpoint *c, bool index_first) {
    begin_checkpoint(w);
    make_folder(w, c->folder);
    for (size_t i = 0; i < c->count; i++)
        if (!is_weights(c, i) && is_index(&c->files[i]) && index_first) write_one(w, c, c->folder, i, write_in_place);
    for (size_t i = c->weights; i >= 1; i--) write_one(w, c, c->folder, i, write_in_place);
    for (size_t i = 0; i < c->count; i++)
        if (!is_weights(c, i) && !(is_index(&c->files[i]) && index_first))
            write_one(w, c, c->folder, i, write_in_place);
}

static void index_first(struct writing *w, const struct tiny_checkpoint *c) {
    shards_reversed(w, c, true);
}

static void index_last(struct writing *w, const struct tiny_checkpoint *c) {
    shards_reversed(w, c, false);
}

/* All shards at once, a piece of each in turn, as ranks that write beside each other. */
static void shards_together(struct writing *w, const struct tiny_checkpoint *c) {
    int fds[TINY_MOST_FILES];
    begin_checkpoint(w);
    make_folder(w, c->folder);
    for (size_t i = 1; i <= c->weights; i++)
        fds[i] = open_file(w, place_of(w, c->folder, c->files[i].name, ""), O_TRUNC);
    for (size_t piece = 0; piece < PIECES; piece++)
        for (size_t i = 1; i <= c->weights; i++)
            put(w, fds[i], &c->files[i], c->files[i].size * piece / PIECES, c->files[i].size * (piece + 1) / PIECES);
    for (size_t i = 1; i <= c->weights; i++) close(fds[i]);
    for (size_t i = 0; i < c->count; i++)
        if (!is_weights(c, i)) write_one(w, c, c->folder, i, write_in_place);
}

static void config_last(struct writing *w, const struct tiny_checkpoint *c) {
    begin_checkpoint(w);
    make_folder(w, c->folder);
    for (size_t i = 1; i < c->count; i++) write_one(w, c, c->folder, i, write_in_place);
    write_one(w, c, c->folder, 0, write_in_place);
}

/* The files are there, of whatever was there before: they are written over from their beginning, and none is cut. */
static void over(struct writing *w, const struct tiny_checkpoint *c) {
    begin_checkpoint(w);
    for (size_t i = 0; i < c->count; i++) {
        const int fd = open_file(w, place_of(w, c->folder, c->files[i].name, ""), 0);
        put_pieces(w, fd, &c->files[i], 0);
        close(fd);
    }
}

const struct writing_mode WRITING_MODES[] = {
    {"in-place", "file by file, in pieces", in_place},
    {"header-first", "the header of weights, a pause, then the rest", header_first},
    {"preallocated", "weights at their full size, zeros that are filled", preallocated},
    {"index-first", "the index, then shards from the last to the first", index_first},
    {"index-last", "shards from the last to the first, then the index", index_last},
    {"shards-together", "a piece of each shard in turn", shards_together},
    {"file-renamed", "each file under another name, then renamed", file_renamed},
    {"folder-renamed", "the folder under another name, then renamed", folder_renamed},
    {"config-last", "config.json after all others", config_last},
    {"over", "over the files that are there", over},
};
const size_t WRITING_MODE_COUNT = sizeof(WRITING_MODES) / sizeof(WRITING_MODES[0]);

const struct writing_mode *writing_find(const char *name) {
    for (size_t i = 0; i < WRITING_MODE_COUNT; i++)
        if (strcmp(WRITING_MODES[i].name, name) == 0) return &WRITING_MODES[i];
    return NULL;
}

void writing_remove(const char *run, const struct tiny_checkpoint *checkpoint) {
    const struct writing w = {.run = run};
    for (size_t i = 0; i < checkpoint->count; i++)
        unlink(place_of(&w, checkpoint->folder, checkpoint->files[i].name, "").path);
    rmdir(place_of(&w, checkpoint->folder, "", "").path);
}
