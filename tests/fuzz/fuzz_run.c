/* A folder of any names and small files, listed as a run: one line an entry,
 *
 *     d NAME          a folder
 *     f NAME=TEXT     a file
 *     l NAME=TARGET   a link
 *     p PATTERN       the user's step pattern
 *
 * NAME in the folder "run", whose parents are made. Refused in words, or a list in order, each name of it printable and
 * there once, and the same list when it is made again.
 */
#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"
#include "checkpoints/run.h"
#include "tests/fuzz/folder.h"

enum { LINE = 512, ENTRIES = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    folder_enter();
    return 0;
}

/* Within "run", and no longer than a name may be. */
static int is_inside(const char *name) {
    if (!*name || *name == '/') return 0;
    for (const char *part = name; part; part = strchr(part, '/')) {
        if (*part == '/') part++;
        const size_t length = strcspn(part, "/");
        if (length == 0 || length > 200 || strncmp(part, "..", length) == 0) return 0;
    }
    return 1;
}

/* What is there already stays as it is: a file is no folder's parent. */
static void put_entry(char kind, char *name, const char *value) {
    char path[LINE + 8];
    if (!is_inside(name)) return;
    (void)snprintf(path, sizeof path, "run/%s", name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    if (spt_file_make_directories(path, NULL) != SPT_OK) return;
    *slash = '/';
    if (kind == 'd') (void)mkdir(path, 0700);
    if (kind == 'l' && *value) (void)symlink(value, path);
    const int fd = kind == 'f' ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;
    if (fd < 0) return;
    require(write(fd, value, strlen(value)) == (ssize_t)strlen(value) && close(fd) == 0);
}

/* A link leads to what is beside it: whatever else there is on this machine is none of this target's business. */
static const char *target_of(const char *value) {
    return *value == '/' || strstr(value, "..") ? "" : value;
}

static void put_line(char *line, char pattern[LINE]) {
    char *name = line + 2, *value = strchr(name, '=');
    if (line[0] == 'p') {
        (void)snprintf(pattern, LINE, "%s", name);
        return;
    }
    if (value) *value++ = '\0';
    put_entry(line[0], name, line[0] == 'l' ? target_of(value ? value : "") : value ? value : "");
}

static void put_entries(const uint8_t *data, size_t size, char pattern[LINE]) {
    for (size_t entries = 0; size > 0 && entries < ENTRIES; entries++) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t length = end ? (size_t)(end - data) : size;
        char line[LINE];
        if (length > 2 && length < sizeof line && data[1] == ' ') {
            memcpy(line, data, length);
            line[length] = '\0';
            put_line(line, pattern);
        }
        data += length + (end != NULL);
        size -= length + (end != NULL);
    }
}

static void require_printable(const char *text) {
    char shown[4096];
    (void)spt_text_printable(shown, sizeof shown, text);
    require(strcmp(shown, text) == 0);
}

/* As run.h has it. */
static int compare(const struct spt_checkpoint_ref *a, const struct spt_checkpoint_ref *b) {
    if ((a->step == SPT_NO_STEP) != (b->step == SPT_NO_STEP)) return a->step == SPT_NO_STEP ? 1 : -1;
    const int branch = strcmp(a->branch, b->branch);
    if (branch) return branch;
    return a->step == b->step ? strcmp(a->label, b->label) : a->step < b->step ? -1 : 1;
}

static void look_at_run(const struct spt_run *run) {
    require(run->count > 0 && run->root[0] == '/' && run->layout);
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_checkpoint_ref *ref = &run->refs[i];
        struct spt_hash fingerprint;
        struct spt_error error = {0};
        require_printable(ref->label);
        require_printable(ref->branch);
        require(ref->step >= 0 || ref->step == SPT_NO_STEP);
        require(ref->tokens >= 0 || ref->tokens == SPT_NO_TOKENS);
        require(i == 0 || compare(&run->refs[i - 1], ref) <= 0);
        for (size_t k = 0; k < i; k++) require(strcmp(run->refs[k].uri, ref->uri) != 0);
        const enum spt_status marked = spt_run_check_marker(ref, &error);
        require(marked == SPT_OK || marked == SPT_RETRY);
        if (spt_run_fingerprint(ref, &fingerprint, NULL) == SPT_OK)
            require(spt_hash_equal(fingerprint, ref->fingerprint));
    }
}

static void same_again(const struct spt_run *run, const struct spt_run_options *options) {
    struct spt_run *again = NULL;
    require(spt_run_open("run", options, &again, NULL) == SPT_OK && again->count == run->count);
    for (size_t i = 0; i < run->count; i++)
        require(strcmp(run->refs[i].uri, again->refs[i].uri) == 0 && run->refs[i].step == again->refs[i].step &&
                spt_hash_equal(run->refs[i].fingerprint, again->refs[i].fingerprint));
    spt_run_close(again);
}

static void listen(void *context, enum spt_log_level level, const char *text) {
    (void)context, (void)level;
    require_printable(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char pattern[LINE] = "";
    require(mkdir("run", 0700) == 0);
    put_entries(data, size, pattern);
    const struct spt_log log = {.emit = listen};
    const struct spt_run_options options = {.step_pattern = *pattern ? pattern : NULL, .log = &log};
    struct spt_run *run = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_run_open("run", &options, &run, &error);
    if (status == SPT_OK) {
        look_at_run(run);
        same_again(run, &options);
        spt_run_close(run);
    } else {
        require_told(status, &error);
    }
    folder_empty();
    return 0;
}
