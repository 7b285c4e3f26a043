#include "open.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoints/base/text.h"
#include "checkpoints/checkpoint.h"
#include "checkpoints/model_config.h"
#include "checkpoints/model_config/neox.h"
#include "checkpoints/run.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "program.h"
#include "shards.h"

enum { NOBODY = 65534, FLIPS = 1500, VOCABULARY = 192 };

/* What a program may take to end: nothing is measured by it, a hanging one is found by it. */
static const double PROGRAM_SECONDS = 300;

static void note(void *context, enum spt_log_level level, const char *text) {
    (void)level;
    struct bad_outcome *outcome = context;
    const int length = snprintf(outcome->notes + outcome->noted, BAD_NOTES - outcome->noted, "%s\n", text);
    if (length > 0 && (size_t)length < BAD_NOTES - outcome->noted) outcome->noted += (size_t)length;
}

static enum spt_status read_tensors(struct spt_checkpoint *checkpoint, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; status == SPT_OK && i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        if (tensor->dtype == SPT_DTYPE_UNKNOWN) continue; /* listed, not computed with */
        status = spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, error);
    }
    struct spt_hash digest;
    if (status == SPT_OK) status = spt_checkpoint_digest(checkpoint, &digest, error);
    return status == SPT_OK ? spt_checkpoint_confirm(checkpoint, error) : status;
}

/* Opened, and all that is accepted is read. */
static enum spt_status open_in(struct spt_tree *tree, const char *path, struct bad_outcome *outcome) {
    const struct spt_log log = {.emit = note, .context = outcome};
    struct spt_checkpoint *checkpoint = NULL;
    enum spt_status status = spt_checkpoint_open(path, &(struct spt_checkpoint_options){.tree = tree, .log = &log},
                                                 &checkpoint, &outcome->error);
    if (status == SPT_OK) status = read_tensors(checkpoint, &outcome->error);
    spt_checkpoint_close(checkpoint);
    return status;
}

static enum spt_status open_checkpoint(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    return open_in(NULL, path, outcome);
}

static enum spt_status open_config(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    struct spt_model_config config;
    return spt_model_config_read(path, &config, &outcome->error);
}

static enum spt_status open_tokenizer(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    struct spt_tokenizer *tokenizer = NULL;
    const enum spt_status status = spt_tokenizer_open(path, &tokenizer, &outcome->error);
    spt_tokenizer_close(tokenizer);
    return status;
}

static enum spt_status open_neox_config(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    struct spt_model_config config;
    return spt_neox_config_read(NULL, path, VOCABULARY, &config, &outcome->error);
}

/* Listed, then each checkpoint asked whether it is complete, and opened. All that is wrong is noted; the first of it is
 * the outcome. */
static enum spt_status open_run(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    const struct spt_log log = {.emit = note, .context = outcome};
    struct spt_run *run = NULL;
    const enum spt_status status = spt_run_open(path, &(struct spt_run_options){.log = &log}, &run, &outcome->error);
    if (status != SPT_OK) return status;
    enum spt_status first = SPT_OK;
    for (size_t i = 0; i < run->count; i++) {
        struct spt_error error = {0};
        struct bad_outcome one = {0};
        enum spt_status opened = spt_run_check_marker(&run->refs[i], &error);
        if (opened == SPT_OK) {
            opened = open_in(run->tree, run->refs[i].path, &one);
            error = one.error;
        }
        spt_log(&log, SPT_LOG_NOTE, "%s: %s %s", run->refs[i].label, spt_status_name(opened), error.message);
        if (first == SPT_OK && opened != SPT_OK) {
            first = opened;
            outcome->error = error;
        }
    }
    spt_run_close(run);
    return first;
}

/* ---- the program ---- */

static void read_from(void *path) {
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : 0;
    if (fd < 0 || dup2(fd, 0) < 0) shards_die(path);
}

/* Its words become the notes. input: its stdin, or NULL. */
static void run_program(const char *const *argv, const char *input, struct bad_outcome *outcome) {
    static const char said[] = "../said";
    char name[64];
    struct program program;
    (void)snprintf(name, sizeof name, "%s", input ? input : "");
    program_start(&program, argv, said, read_from, input ? name : NULL);
    const int status = program_wait(&program, PROGRAM_SECONDS);
    char *text = program_said(said);
    for (char *rest = text; rest && *rest;) {
        char *line = strsep(&rest, "\n");
        const size_t capacity = 4 * strlen(line) + 8;
        char *printable = malloc(capacity);
        if (!printable) shards_die("memory");
        (void)spt_text_printable(printable, capacity, line);
        outcome->hidden = outcome->hidden || strcmp(printable, line) != 0;
        note(outcome, SPT_LOG_NOTE, printable);
        free(printable);
    }
    free(text);
    if (outcome->exit == 0 || status >= PROGRAM_KILLED) outcome->exit = status;
}

static enum spt_status open_inspect(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    run_program((const char *const[]){"spectail", "inspect", path, NULL}, NULL, outcome);
    return SPT_OK;
}

/* text.txt is encoded. */
static enum spt_status open_tokenize(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    (void)row;
    run_program((const char *const[]){"spectail", "tokenize", path, NULL}, "text.txt", outcome);
    return SPT_OK;
}

/* Swept over ids.jsonl, or probe.txt where that is there, then the loss is exported. */
static enum spt_status open_sweep(const struct bad_row *row, const char *path, struct bad_outcome *outcome) {
    const bool probe = access("probe.txt", F_OK) == 0;
    (void)row;
    run_program((const char *const[]){"spectail", "sweep", path, "--db", "../state/store.db", "--metrics",
                                      "loss,sink.first", "--samples", "4", probe ? "--probe" : "--ids",
                                      probe ? "probe.txt" : "ids.jsonl", NULL},
                NULL, outcome);
    if (access("../state/store.db", F_OK) == 0)
        run_program((const char *const[]){"spectail", "export", "--db", "../state/store.db", "--metrics", "loss", NULL},
                    NULL, outcome);
    return SPT_OK;
}

/* ---- */

static const struct {
    const char *name;
    enum spt_status (*open)(const struct bad_row *row, const char *path, struct bad_outcome *outcome);
} OPENERS[] = {
    {"checkpoint", open_checkpoint},   {"config", open_config}, {"tokenizer", open_tokenizer},
    {"neox-config", open_neox_config}, {"run", open_run},       {"inspect", open_inspect},
    {"tokenize", open_tokenize},       {"sweep", open_sweep},
};

static void open_once(const struct bad_row *row, struct bad_outcome *outcome) {
    *outcome = (struct bad_outcome){0};
    for (size_t i = 0; i < sizeof OPENERS / sizeof *OPENERS; i++)
        if (strcmp(OPENERS[i].name, row->opener) == 0) {
            const enum spt_status status = OPENERS[i].open(row, row->path, outcome);
            if (status == SPT_OK) outcome->error = (struct spt_error){0};
            if (status != outcome->error.status) shards_die("a status that its error does not have");
            return;
        }
    shards_die(row->opener);
}

/* What comes of it is what row expects, at every one of changes, or the process ends with the first that is not. */
static bool goes_on(const struct bad_row *row, struct bad_outcome *outcome, const char *change, size_t at) {
    char why[64];
    open_once(row, outcome);
    if (bad_is_expected(row, outcome, why, sizeof why)) return true;
    char line[128];
    (void)snprintf(line, sizeof line, "%s at byte %zu", change, at);
    note(outcome, SPT_LOG_NOTE, line);
    return false;
}

static void cut_everywhere(const struct bad_row *row, struct bad_outcome *outcome) {
    struct stat st;
    if (stat(row->changed, &st)) shards_die(row->changed);
    for (off_t size = st.st_size; size-- > 0;) {
        if (truncate(row->changed, size)) shards_die(row->changed);
        if (!goes_on(row, outcome, "cut", (size_t)size)) return;
    }
}

static void write_byte(int fd, off_t at, unsigned char byte) {
    if (pwrite(fd, &byte, 1, at) != 1) shards_die("a byte");
}

/* Every byte in turn, or of a large file every other, third ... */
static void flip_everywhere(const struct bad_row *row, struct bad_outcome *outcome) {
    static const unsigned char MASKS[] = {0xff, 0x01, 0x80, 0x20};
    const int fd = open(row->changed, O_RDWR | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st)) shards_die(row->changed);
    const off_t step = st.st_size / FLIPS + 1;
    for (off_t i = 0; i < st.st_size; i += step) {
        unsigned char byte;
        if (pread(fd, &byte, 1, i) != 1) shards_die(row->changed);
        write_byte(fd, i, byte ^ MASKS[(size_t)(i / step) % sizeof MASKS]);
        if (!goes_on(row, outcome, "another byte", (size_t)i)) break;
        write_byte(fd, i, byte);
    }
    close(fd);
}

void bad_open(const struct bad_row *row, struct bad_outcome *outcome) {
    if (row->nobody && geteuid() == 0 && seteuid(NOBODY)) shards_die("seteuid");
    if (row->change == BAD_CUT)
        cut_everywhere(row, outcome);
    else if (row->change == BAD_FLIP)
        flip_everywhere(row, outcome);
    else
        open_once(row, outcome);
    if (row->nobody && geteuid() == NOBODY && seteuid(0)) shards_die("seteuid");
    outcome->done = true;
}

/* ---- judging ---- */

/* The parts of says, which " ... " parts, are in text, in this order. */
static bool says(const char *text, const char *parts) {
    char copy[1024];
    (void)snprintf(copy, sizeof copy, "%s", parts);
    for (char *rest = copy; rest;) {
        char *part = rest, *end = strstr(rest, " ... ");
        rest = end ? end + 5 : NULL;
        if (end) *end = '\0';
        text = strstr(text, part);
        if (!text) return false;
        text += strlen(part);
    }
    return true;
}

static bool is_one_clean_line(const char *text) {
    char printable[4 * SPT_ERROR_TEXT_MAX + 8];
    (void)spt_text_printable(printable, sizeof printable, text);
    return strcmp(printable, text) == 0;
}

/* A path of the input: relative, or within the folder that is the working directory. */
static bool is_of_the_input(const char *path) {
    char folder[PATH_MAX];
    if (!path[0]) return false;
    if (path[0] != '/') return true;
    return getcwd(folder, sizeof folder) && strncmp(path, folder, strlen(folder)) == 0;
}

/* NULL: as it must be. */
static const char *wrong_with(const struct bad_row *row, const struct bad_outcome *outcome) {
    if (outcome->hidden) return "it said what no terminal should see";
    if (row->is_program) return outcome->exit == row->exit ? NULL : "it ended with another status";
    if (strcmp(row->opener, "inspect") == 0) return outcome->exit <= 2 ? NULL : "it ended with another status";
    const struct spt_error *error = &outcome->error;
    const bool fine = error->status != SPT_END && error->status != SPT_IO && error->status != SPT_NOMEM;
    if (row->any ? !fine : error->status != row->status) return "another outcome";
    if (error->status == SPT_OK) return NULL;
    if (!error->message[0]) return "no message";
    if (!is_one_clean_line(error->message) || !is_one_clean_line(error->path))
        return "a message no terminal should see";
    return is_of_the_input(error->path) ? NULL : "a message that does not name the file";
}

bool bad_is_expected(const struct bad_row *row, const struct bad_outcome *outcome, char *why, size_t capacity) {
    char said[SPT_ERROR_TEXT_MAX * 2 + BAD_NOTES + 8];
    const char *wrong = wrong_with(row, outcome);
    (void)snprintf(said, sizeof said, "%s: %s\n%s", outcome->error.path, outcome->error.message, outcome->notes);
    if (!wrong && *row->says && !says(said, row->says)) wrong = "it does not say what it must";
    (void)snprintf(why, capacity, "%s", wrong ? wrong : "");
    return !wrong;
}
