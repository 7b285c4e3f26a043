#include "make.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoints/base/file.h"
#include "shards.h"
#include "tiny.h"

static const struct bad_table *const TABLES[] = {
    &bad_safetensors,     &bad_shards,   &bad_pickles,    &bad_zips,    &bad_old_torch,    &bad_distributed,
    &bad_folders,         &bad_archives, &bad_containers, &bad_configs, &bad_neox_configs, &bad_tokenizers,
    &bad_tokenizer_files, &bad_runs,     &bad_models,     &bad_probes,
};

const struct bad_table *const *bad_tables(size_t *count) {
    *count = sizeof TABLES / sizeof *TABLES;
    return TABLES;
}

const struct bad_input *bad_find(const char *name) {
    for (size_t t = 0; t < sizeof TABLES / sizeof *TABLES; t++)
        for (size_t i = 0; i < TABLES[t]->count; i++)
            if (strcmp(TABLES[t]->inputs[i].name, name) == 0) return &TABLES[t]->inputs[i];
    return NULL;
}

static void make_parents(const char *name) {
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", name);
    char *slash = strrchr(parent, '/');
    if (!slash) return;
    *slash = '\0';
    bad_folder(parent);
}

static FILE *begin(const char *name) {
    make_parents(name);
    FILE *file = fopen(name, "wbe");
    if (!file) shards_die(name);
    return file;
}

static void write_or_die(FILE *file, const char *name, const void *bytes, size_t size) {
    if (size && fwrite(bytes, 1, size, file) != size) shards_die(name);
}

void bad_put(const char *name, const void *bytes, size_t size) {
    FILE *file = begin(name);
    write_or_die(file, name, bytes, size);
    if (fclose(file)) shards_die(name);
}

void bad_put_text(const char *name, const char *text) {
    bad_put(name, text, strlen(text));
}

void bad_put_safetensors(const char *name, uint64_t length, const char *header, size_t header_size, size_t data_size) {
    FILE *file = begin(name);
    for (size_t i = 0; i < 8; i++) putc((int)(length >> (8 * i) & 0xff), file);
    write_or_die(file, name, header, header_size);
    for (size_t i = 0; i < data_size; i++) putc((int)(i & 0xff), file);
    if (fclose(file)) shards_die(name);
}

void bad_copy(const char *name, const char *from) {
    char path[PATH_MAX];
    char *bytes = NULL;
    size_t size;
    (void)snprintf(path, sizeof path, "%s/%s", SPT_TEST_DATA, from);
    if (spt_file_read_all(path, 1 << 24, &bytes, &size, NULL) != SPT_OK) shards_die(path);
    bad_put(name, bytes, size);
    free(bytes);
}

void bad_folder(const char *name) {
    if (spt_file_make_directories(name, NULL) != SPT_OK) shards_die(name);
}

void bad_link(const char *name, const char *target) {
    make_parents(name);
    if (symlink(target, name)) shards_die(name);
}

void bad_fifo(const char *name) {
    make_parents(name);
    if (mkfifo(name, 0600)) shards_die(name);
}

void bad_resize(const char *name, uint64_t size) {
    if (truncate(name, (off_t)size)) shards_die(name);
}

void bad_put_model(const char *folder) {
    struct tiny_checkpoint checkpoint;
    char name[PATH_MAX];
    tiny_make(&checkpoint, &(struct tiny_kind){.seed = 1}, 0);
    for (size_t i = 0; i < checkpoint.count; i++) {
        (void)snprintf(name, sizeof name, "%s/%s", folder, checkpoint.files[i].name);
        bad_put(name, checkpoint.files[i].bytes, checkpoint.files[i].size);
    }
    tiny_release(&checkpoint);
}
