#include "fixture.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

static void keep_line(void *context, enum spt_log_level level, const char *text) {
    (void)level;
    struct fixture *f = context;
    const int written = snprintf(f->log + f->logged, sizeof f->log - f->logged, "%s\n", text);
    if (written > 0 && (size_t)written < sizeof f->log - f->logged) f->logged += (size_t)written;
}

int fixture_setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    char pattern[] = "/tmp/spectail-runs-XXXXXX";
    if (!mkdtemp(pattern)) return -1;
    (void)snprintf(f->root, sizeof f->root, "%s", pattern);
    f->sink = (struct spt_log){.emit = keep_line, .context = f};
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk) {
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

int fixture_teardown(void **state) {
    struct fixture *f = *state;
    const int failed = nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return failed;
}

const char *at(const struct fixture *f, const char *path, char out[1024]) {
    if (snprintf(out, 1024, "%s%s%s", f->root, path[0] ? "/" : "", path) >= 1024) fail_msg("path too long: %s", path);
    return out;
}

void put_directory(struct fixture *f, const char *path) {
    char full[1024];
    struct spt_error error;
    if (spt_file_make_directories(at(f, path, full), &error) != SPT_OK) fail_msg("%s: %s", full, error.message);
}

static const char *with_parents(struct fixture *f, const char *path, char full[1024]) {
    char parent[1024];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash) {
        *slash = '\0';
        put_directory(f, parent);
    }
    return at(f, path, full);
}

void put_file(struct fixture *f, const char *path, const char *text) {
    char full[1024];
    FILE *file = fopen(with_parents(f, path, full), "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) fail_msg("%s: %s", full, strerror(errno));
}

void put_link(struct fixture *f, const char *path, const char *target) {
    char full[1024];
    if (symlink(target, with_parents(f, path, full)) != 0) fail_msg("%s: %s", full, strerror(errno));
}

void put_fifo(struct fixture *f, const char *path) {
    char full[1024];
    if (mkfifo(with_parents(f, path, full), 0600) != 0) fail_msg("%s: %s", full, strerror(errno));
}

void put_sized(struct fixture *f, const char *path, size_t size) {
    put_file(f, path, "");
    char full[1024];
    if (truncate(at(f, path, full), (off_t)size) != 0) fail_msg("%s: %s", full, strerror(errno));
}

void remove_file(struct fixture *f, const char *path) {
    char full[1024];
    if (unlink(at(f, path, full)) != 0) fail_msg("%s: %s", full, strerror(errno));
}

void put_checkpoint(struct fixture *f, const char *folder) {
    char path[1024];
    (void)snprintf(path, sizeof path, "%s%smodel.safetensors", folder, folder[0] ? "/" : "");
    put_file(f, path, "weights");
    (void)snprintf(path, sizeof path, "%s%sconfig.json", folder, folder[0] ? "/" : "");
    put_file(f, path, "{}");
}

struct spt_run *open_run(struct fixture *f, const char *path, const char *step_pattern) {
    const struct spt_run_options options = {.step_pattern = step_pattern, .log = &f->sink};
    char full[1024];
    struct spt_run *run = NULL;
    struct spt_error error;
    if (spt_run_open(at(f, path, full), &options, &run, &error) != SPT_OK)
        fail_msg("%s: %s", error.path, error.message);
    return run;
}

void assert_labels(const struct spt_run *run, const char *expected) {
    struct spt_text text = {0};
    spt_text_put(&text, "");
    for (size_t i = 0; i < run->count; i++) spt_text_format(&text, "%s%s", i ? " " : "", run->refs[i].label);
    assert_string_equal(text.data, expected);
    spt_text_release(&text);
}

void assert_ends_with(const char *text, const char *end) {
    assert_non_null(text);
    const size_t length = strlen(text), tail = strlen(end);
    if (length < tail || strcmp(text + length - tail, end) != 0) fail_msg("\"%s\" does not end with \"%s\"", text, end);
}

void assert_says(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("\"%s\" is not in: %s", part, text);
}

const struct spt_checkpoint_ref *ref_of(const struct spt_run *run, const char *uri) {
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->refs[i].uri, uri) == 0) return &run->refs[i];
    fail_msg("no checkpoint with the uri %s", uri);
    return NULL;
}
