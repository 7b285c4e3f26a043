#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"

enum { NAME, HOW, OUTCOME, SAYS, WHAT, FIELDS, MEMORY = FIELDS, SECONDS, MOST_FIELDS };

static _Noreturn void die(const char *path, size_t line, const char *what) {
    fprintf(stderr, "%s:%zu: %s\n", path, line, what);
    exit(1);
}

static char *trimmed(char *text) {
    text += strspn(text, " ");
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ') text[--length] = '\0';
    return text;
}

static bool take_word(char **text, const char *word) {
    const size_t length = strlen(word);
    if (strncmp(*text, word, length) != 0 || (*text)[length] != ' ') return false;
    *text += length + 1;
    return true;
}

static bool read_outcome(const char *word, struct bad_row *row) {
    row->any = strcmp(word, "any") == 0;
    row->is_program = sscanf(word, "exit %d", &row->exit) == 1;
    if (row->any || row->is_program) return true;
    for (row->status = SPT_OK; row->status < SPT_NOMEM; row->status++)
        if (strcmp(word, spt_status_name(row->status)) == 0) return true;
    return false;
}

static struct bad_row read_row(char *line, const char *path, size_t number) {
    char *fields[MOST_FIELDS];
    size_t count = 0;
    for (char *rest = line; rest; count++) {
        if (count == MOST_FIELDS) die(path, number, "more than 7 fields");
        fields[count] = strsep(&rest, "|");
        fields[count] = trimmed(fields[count]);
    }
    if (count < FIELDS) die(path, number, "fewer than 5 fields");
    struct bad_row row = {.name = fields[NAME], .says = fields[SAYS], .what = fields[WHAT]};
    if (!*row.name || !*row.what) die(path, number, "no name, or no word about what it is");
    char *how = fields[HOW];
    row.change = take_word(&how, "cut") ? BAD_CUT : take_word(&how, "flip") ? BAD_FLIP : BAD_AS_IT_IS;
    row.nobody = take_word(&how, "nobody");
    row.opener = strsep(&how, " ");
    row.path = strsep(&how, " ");
    row.changed = how ? how : row.path;
    if (!row.path) die(path, number, "how it is opened: [cut, flip or nobody] OPENER PATH [FILE]");
    if (!read_outcome(fields[OUTCOME], &row)) die(path, number, "no such outcome");
    if (count > MEMORY) row.memory = atof(fields[MEMORY]);
    if (count > SECONDS) row.seconds = atof(fields[SECONDS]);
    return row;
}

void bad_manifest_read(struct bad_manifest *manifest, const char *path) {
    *manifest = (struct bad_manifest){0};
    size_t size, capacity = 0, number = 0;
    struct spt_error error;
    if (spt_file_read_all(path, 1 << 24, &manifest->text, &size, &error) != SPT_OK) die(path, 0, error.message);
    for (char *rest = manifest->text; rest;) {
        char *line = strsep(&rest, "\n");
        number++;
        if (!*line || *line == '#') continue;
        void *rows = manifest->rows;
        if (!spt_grow(&rows, &capacity, manifest->count + 1, sizeof *manifest->rows)) die(path, number, "memory");
        manifest->rows = rows;
        const struct bad_row row = read_row(line, path, number);
        for (size_t i = 0; i < manifest->count; i++)
            if (strcmp(manifest->rows[i].name, row.name) == 0) die(path, number, "this name was there before");
        manifest->rows[manifest->count++] = row;
    }
}

void bad_manifest_release(struct bad_manifest *manifest) {
    free(manifest->rows);
    free(manifest->text);
    *manifest = (struct bad_manifest){0};
}
