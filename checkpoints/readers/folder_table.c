#include "checkpoints/readers/folder_table.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/layouts/folder.h"

/* What is done with the files of a row: names [count], sorted, as directory has them. */
typedef enum spt_status (*read_files)(struct spt_contents *contents, const char *directory, const char *const *names,
                                      size_t count, struct spt_error *error);

static enum spt_status read_one(struct spt_contents *contents, const char *directory, const char *const *names,
                                size_t count, struct spt_error *error);
static enum spt_status miss_index(struct spt_contents *contents, const char *directory, const char *const *names,
                                  size_t count, struct spt_error *error);
static enum spt_status read_distributed(struct spt_contents *contents, const char *directory, const char *const *names,
                                        size_t count, struct spt_error *error);
static enum spt_status refuse_partitioned(struct spt_contents *contents, const char *directory,
                                          const char *const *names, size_t count, struct spt_error *error);
static enum spt_status refuse_of_meta(struct spt_contents *contents, const char *directory, const char *const *names,
                                      size_t count, struct spt_error *error);

/* In order of preference, that of HF transformers where it has one: of files that fit different rows the first row's
 * count. */
static const struct {
    const char *pattern; /* of fnmatch */
    read_files read;
    bool deepspeed;
} WEIGHTS[] = {
    {"model.safetensors", read_one, false},
    {"model.safetensors.index.json", read_one, false},
    {"pytorch_model.bin", read_one, false},
    {"pytorch_model.bin.index.json", read_one, false},
    {"layer_*-model_*-model_states.pt", spt_contents_read_layers, true},
    {"mp_rank_*_model_states.pt", spt_contents_read_ranks, true},
    {"zero_pp_rank_*_model_states.pt", refuse_partitioned, true},
    {"*.distcp", read_distributed, false},
    {"*.safetensors.index.json", read_one, false},
    {"pytorch_model*.bin.index.json", read_one, false},
    {"model-*-of-*.safetensors", miss_index, false},
    {"pytorch_model-*-of-*.bin", miss_index, false},
    {"*.safetensors", read_one, false},
    {"pytorch_model*.bin", read_one, false},
    {"model.pt", read_one, false},
    {"*.ckpt", read_one, false},
    {"consolidated*.pth", refuse_of_meta, false},
    {"tf_model*.h5", read_one, false},
    {"flax_model*.msgpack", read_one, false},
    {"*.gguf", read_one, false},
};

enum { WEIGHTS_COUNT = sizeof WEIGHTS / sizeof *WEIGHTS, SHOWN_NAMES = 4 };

/* Which row; WEIGHTS_COUNT: none. */
static size_t row_of(const char *name) {
    size_t row = 0;
    if (!strchr(name, '.')) return WEIGHTS_COUNT; /* as most names of steps: every pattern has a dot */
    while (row < WEIGHTS_COUNT && fnmatch(WEIGHTS[row].pattern, name, 0) != 0) row++;
    return row;
}

bool spt_weights_is_name(const char *name) {
    return row_of(name) < WEIGHTS_COUNT;
}

bool spt_weights_is_deepspeed_name(const char *name) {
    const size_t row = row_of(name);
    return row < WEIGHTS_COUNT && WEIGHTS[row].deepspeed;
}

/* "a, b, c and 4 more" */
static void put_names(struct spt_text *text, const char *const *names, size_t count) {
    for (size_t i = 0; i < count && i < SHOWN_NAMES; i++)
        spt_text_format(text, "%s%.80s", i == 0 ? "" : i + 1 == count ? " and " : ", ", names[i]);
    if (count > SHOWN_NAMES) spt_text_format(text, " and %zu more", count - SHOWN_NAMES);
}

static enum spt_status fail_with_names(const char *directory, enum spt_status status, const char *const *names,
                                       size_t count, const char *format, struct spt_error *error) {
    struct spt_text text = {0};
    put_names(&text, names, count);
    if (text.failed)
        status = spt_fail_memory(error, text.length, "a message");
    else
        status = spt_fail(error, status, directory, "%s: %s", text.data, format);
    spt_text_release(&text);
    return status;
}

/* --- what is done with the files of a row --- */

static enum spt_status read_one(struct spt_contents *contents, const char *directory, const char *const *names,
                                size_t count, struct spt_error *error) {
    if (count > 1)
        return fail_with_names(directory, SPT_INVALID, names, count,
                               "any of these files could be the model; name one of them as the path", error);
    char *path = spt_file_join(directory, names[0]);
    if (!path) return spt_fail_memory(error, strlen(directory), "a path");
    struct spt_error why = {0};
    enum spt_status status = spt_contents_read_path(contents, path, &why);
    /* Its name was there a moment ago: a link to what a download has yet to bring. */
    if (status == SPT_IO && why.system == ENOENT)
        status = spt_fail(error, SPT_RETRY, path, "a link to a file that is not there");
    else if (status != SPT_OK && error)
        *error = why;
    free(path);
    return status;
}

static enum spt_status miss_index(struct spt_contents *contents, const char *directory, const char *const *names,
                                  size_t count, struct spt_error *error) {
    (void)contents;
    return fail_with_names(directory, SPT_RETRY, names, count,
                           "shards without their index (model.safetensors.index.json or pytorch_model.bin.index.json)",
                           error);
}

static enum spt_status refuse_partitioned(struct spt_contents *contents, const char *directory,
                                          const char *const *names, size_t count, struct spt_error *error) {
    (void)contents;
    return fail_with_names(directory, SPT_UNSUPPORTED, names, count,
                           "DeepSpeed's ZeRO stage 3, which cuts every tensor into the ranks' shares; its "
                           "zero_to_fp32.py puts them together",
                           error);
}

static enum spt_status refuse_of_meta(struct spt_contents *contents, const char *directory, const char *const *names,
                                      size_t count, struct spt_error *error) {
    (void)contents;
    return fail_with_names(directory, SPT_UNSUPPORTED, names, count,
                           "weights in Meta's own order, in which the rotated dimensions of a head alternate; "
                           "transformers' convert_llama_weights_to_hf.py makes the model that is read",
                           error);
}

/* --- the folder --- */

static enum spt_status no_weights(const char *directory, struct spt_error *error) {
    return spt_fail(error, SPT_RETRY, directory, "no weights in this directory (looked for %s, %s, %s and %s)",
                    WEIGHTS[0].pattern, WEIGHTS[1].pattern, WEIGHTS[2].pattern, WEIGHTS[3].pattern);
}

/* names [entries->count] out: those of row, links to other files of the row left out where a file of its own is there
 * too (last.ckpt beside what it leads to). */
static size_t names_of_row(const struct spt_entries *entries, size_t row, const char **names) {
    size_t count = 0, files = 0;
    for (size_t i = 0; i < entries->count; i++)
        files += !entries->items[i].link && row_of(entries->items[i].name) == row;
    for (size_t i = 0; i < entries->count; i++) {
        const struct spt_entry *entry = &entries->items[i];
        if (row_of(entry->name) != row || (files == 1 && entry->link)) continue;
        names[count++] = entry->name;
    }
    return count;
}

/* Its .metadata, which says what is where, has a name like no other, and may lie in a folder within directory. */
static enum spt_status try_distributed(struct spt_contents *contents, const char *directory, struct spt_error *error) {
    const enum spt_status status = spt_contents_read_distributed(contents, directory, error);
    return status == SPT_END ? no_weights(directory, error) : status;
}

static enum spt_status read_distributed(struct spt_contents *contents, const char *directory, const char *const *names,
                                        size_t count, struct spt_error *error) {
    (void)names;
    (void)count;
    return try_distributed(contents, directory, error);
}

static enum spt_status read_entries(struct spt_contents *contents, const char *directory,
                                    const struct spt_entries *entries, struct spt_error *error) {
    size_t best = WEIGHTS_COUNT;
    for (size_t i = 0; i < entries->count; i++) {
        const size_t row = row_of(entries->items[i].name);
        if (row < best) best = row;
    }
    if (best == WEIGHTS_COUNT) return try_distributed(contents, directory, error);
    const char **names = spt_alloc(entries->count, sizeof *names);
    if (!names) return spt_fail_memory(error, entries->count * sizeof *names, "names of files");
    const size_t count = names_of_row(entries, best, names);
    const enum spt_status status = WEIGHTS[best].read(contents, directory, names, count, error);
    free(names);
    return status;
}

enum spt_status spt_contents_read_folder(struct spt_contents *contents, const char *directory,
                                         struct spt_error *error) {
    struct spt_entries entries = {0};
    enum spt_status status = spt_entries_read(contents->tree, directory, &entries, error);
    if (status != SPT_OK) return status;
    status = read_entries(contents, directory, &entries, error);
    spt_entries_release(&entries);
    return status;
}
