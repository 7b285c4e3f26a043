/* The files and tensors of a checkpoint, whatever its format. */
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/unicode.h"
#include "checkpoints/readers/reader.h"

enum {
    HEADER_LIMIT_DEFAULT = 32 * 1024 * 1024,
    REST_PIECE = 64 * 1024,
    REST_PART = 8, /* of a member, which are read for the sake of its CRC alone */
};

static const char READ_ALL_THE_SAME[] = "it is read all the same, but a disk or a copy may have damaged it";

void spt_contents_init(struct spt_contents *contents, const struct spt_checkpoint_options *options) {
    *contents = (struct spt_contents){.open.fd = -1};
    if (options) {
        contents->tree = options->tree;
        contents->header_limit = options->header_limit;
        contents->log = options->log;
    }
    if (contents->header_limit == 0) contents->header_limit = HEADER_LIMIT_DEFAULT;
}

void spt_contents_release(struct spt_contents *contents) {
    spt_tree_close(&contents->open);
    for (size_t i = 0; i < contents->file_count; i++)
        if (contents->files[i].seal) spt_seal_release(contents->files[i].seal);
    spt_seals_release(&contents->seals);
    free(contents->files);
    free(contents->tensors);
    free(contents->span);
    spt_arena_release(&contents->arena);
    *contents = (struct spt_contents){.open.fd = -1};
}

enum spt_status spt_contents_add_file(struct spt_contents *contents, const char *path, struct spt_error *error) {
    void *files = contents->files;
    if (!spt_grow(&files, &contents->file_capacity, contents->file_count + 1, sizeof *contents->files))
        return spt_fail_memory(error, sizeof *contents->files, "a list of files");
    contents->files = files;
    struct spt_contents_file file = {.weights = true};
    file.path = spt_arena_copy(&contents->arena, path, strlen(path));
    if (!file.path) return spt_fail_memory(error, strlen(path), "a path");
    spt_tree_close(&contents->open);
    const enum spt_status status = spt_tree_open(contents->tree, path, &contents->open, error);
    if (status != SPT_OK) return status;
    file.identity = contents->open.identity;
    if (contents->open.sealed) {
        file.seal = spt_arena_alloc(&contents->arena, 1, sizeof *file.seal);
        if (!file.seal) return spt_fail_memory(error, sizeof *file.seal, "a file's CRC");
        *file.seal = (struct spt_seal){.size = file.identity.size, .crc = contents->open.crc, .what = file.path};
    }
    contents->open_file = contents->file_count;
    contents->files[contents->file_count++] = file;
    return SPT_OK;
}

/* Makes files[file] the open one. */
static enum spt_status switch_to(struct spt_contents *contents, size_t file, struct spt_error *error) {
    if (contents->open.fd >= 0 && contents->open_file == file) return SPT_OK;
    spt_tree_close(&contents->open);
    const struct spt_contents_file *wanted = &contents->files[file];
    const enum spt_status status = spt_tree_open(contents->tree, wanted->path, &contents->open, error);
    if (status != SPT_OK) return status;
    contents->open_file = file;
    if (spt_file_identity_equal(&contents->open.identity, &wanted->identity)) return SPT_OK;
    spt_tree_close(&contents->open);
    return spt_fail(error, SPT_RETRY, wanted->path, "changed while it was read");
}

enum spt_status spt_contents_read_at(struct spt_contents *contents, size_t file, uint64_t offset, void *out,
                                     size_t size, struct spt_error *error) {
    enum spt_status status = switch_to(contents, file, error);
    if (status != SPT_OK) return status;
    status = spt_tree_read_at(&contents->open, contents->files[file].path, offset, out, size, error);
    if (status != SPT_OK || size == 0) return status;
    if (contents->files[file].seal) spt_seal_note(contents->files[file].seal, offset, out, size);
    spt_seals_note(&contents->seals, file, offset, out, size);
    return SPT_OK;
}

/* --- seals --- */

enum spt_status spt_contents_add_seal(struct spt_contents *contents, const struct spt_seal *seal, const char *what,
                                      struct spt_error *error) {
    struct spt_seal added = *seal;
    added.what = spt_arena_copy(&contents->arena, what, strlen(what));
    if (added.what && spt_seals_add(&contents->seals, &added)) return SPT_OK;
    return spt_fail_memory(error, sizeof added, "a list of CRCs");
}

/* Of what was read but for a small part (masks that no model computes with, a header's padding) that part is read too. What
 * cannot be read is not missed. */
static void read_rest(struct spt_contents *contents, size_t file, const struct spt_seal *seal) {
    struct spt_span gap;
    const uint64_t read = spt_seal_read(seal);
    if (seal->size - read > seal->size / REST_PART) return;
    unsigned char *piece = spt_alloc(REST_PIECE, 1);
    while (piece && spt_seal_gap(seal, &gap)) {
        const uint64_t size = gap.end - gap.begin;
        const size_t most = size < REST_PIECE ? (size_t)size : REST_PIECE;
        if (spt_contents_read_at(contents, file, gap.begin, piece, most, NULL) != SPT_OK) break;
    }
    free(piece);
}

static void read_rests(struct spt_contents *contents) {
    for (size_t i = 0; i < contents->seals.count; i++)
        read_rest(contents, contents->seals.items[i].file, &contents->seals.items[i]);
    for (size_t i = 0; i < contents->file_count; i++)
        if (contents->files[i].seal) read_rest(contents, i, contents->files[i].seal);
}

/* One line a file, however many of its storages are damaged. */
static void say_broken(const struct spt_contents *contents) {
    for (size_t i = 0; i < contents->file_count; i++) {
        const struct spt_contents_file *file = &contents->files[i];
        const char *first = NULL;
        size_t broken = 0;
        for (size_t k = 0; k < contents->seals.count; k++) {
            const struct spt_seal *seal = &contents->seals.items[k];
            if (seal->file != i || !spt_seal_is_broken(seal)) continue;
            if (!broken++) first = seal->what;
        }
        if (broken > 1)
            spt_log(contents->log, SPT_LOG_WARNING, "%s: the CRCs of \"%s\" and %zu more are wrong; %s", file->path,
                    first, broken - 1, READ_ALL_THE_SAME);
        else if (broken)
            spt_log(contents->log, SPT_LOG_WARNING, "%s: the CRC of \"%s\" is wrong; %s", file->path, first,
                    READ_ALL_THE_SAME);
        if (file->seal && spt_seal_is_broken(file->seal))
            spt_log(contents->log, SPT_LOG_WARNING, "%s: its CRC in the archive is missing or wrong; %s", file->path,
                    READ_ALL_THE_SAME);
    }
}

/* Begins with the file that is open: the descriptor that was read from is asked before it is closed. The others were
 * compared when they were last opened, and are by being opened now. */
static enum spt_status confirm_files(struct spt_contents *contents, struct spt_error *error) {
    const size_t first = contents->open.fd >= 0 ? contents->open_file : 0;
    for (size_t n = 0; n < contents->file_count; n++) {
        const size_t i = (first + n) % contents->file_count;
        enum spt_status status = switch_to(contents, i, error);
        if (status == SPT_OK)
            status = spt_tree_confirm(contents->tree, &contents->open, contents->files[i].path, error);
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}

enum spt_status spt_contents_confirm(struct spt_contents *contents, struct spt_error *error) {
    read_rests(contents);
    const enum spt_status status = confirm_files(contents, error);
    if (status == SPT_OK) say_broken(contents);
    return status;
}

enum spt_status spt_contents_add_tensor(struct spt_contents *contents, const struct spt_tensor *tensor,
                                        struct spt_error *error) {
    void *tensors = contents->tensors;
    if (!spt_grow(&tensors, &contents->tensor_capacity, contents->tensor_count + 1, sizeof *tensor))
        return spt_fail_memory(error, sizeof *tensor, "a list of tensors");
    contents->tensors = tensors;
    contents->tensors[contents->tensor_count++] = *tensor;
    return SPT_OK;
}

static int by_name_and_file(const void *a, const void *b) {
    const struct spt_tensor *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    if (order != 0) return order;
    return (x->file > y->file) - (x->file < y->file);
}

void spt_contents_sort(struct spt_contents *contents) {
    if (contents->tensor_count)
        qsort(contents->tensors, contents->tensor_count, sizeof *contents->tensors, by_name_and_file);
}

/* TensorFlow's spelling of norms, which the first BERTs kept. */
static const struct {
    const char *before, *today;
} SPELLINGS[] = {
    {"LayerNorm.gamma", "LayerNorm.weight"},
    {"LayerNorm.beta", "LayerNorm.bias"},
};

/* One name for one tensor: digests are over names. */
static enum spt_status respell(struct spt_contents *contents, struct spt_error *error) {
    for (size_t i = 0; i < contents->tensor_count; i++)
        for (size_t k = 0; k < sizeof SPELLINGS / sizeof *SPELLINGS; k++) {
            const char *name = contents->tensors[i].name;
            const size_t length = strlen(name), ending = strlen(SPELLINGS[k].before);
            if (length < ending || strcmp(name + length - ending, SPELLINGS[k].before) != 0) continue;
            char *copy = spt_arena_alloc(&contents->arena, length + 3, 1); /* no ending grows by more than 2 bytes */
            if (!copy) return spt_fail_memory(error, length, "a tensor's name");
            memcpy(copy, name, length - ending);
            memcpy(copy + length - ending, SPELLINGS[k].today, strlen(SPELLINGS[k].today) + 1);
            contents->tensors[i].name = copy;
        }
    return SPT_OK;
}

enum spt_status spt_contents_finish(struct spt_contents *contents, struct spt_error *error) {
    const enum spt_status status = respell(contents, error);
    if (status != SPT_OK) return status;
    spt_contents_sort(contents);
    spt_seals_sort(&contents->seals);
    for (size_t i = 1; i < contents->tensor_count; i++) {
        const struct spt_tensor *a = &contents->tensors[i - 1], *b = &contents->tensors[i];
        if (strcmp(a->name, b->name) != 0) continue;
        if (a->file == b->file)
            return spt_fail(error, SPT_INVALID, contents->files[a->file].path, "two tensors are named \"%s\"", a->name);
        return spt_fail(error, SPT_INVALID, contents->files[b->file].path,
                        "tensor \"%s\" is also in %s, and the index does not say which one counts", a->name,
                        contents->files[a->file].path);
    }
    return SPT_OK;
}

bool spt_contents_name_is_clean(const char *name) {
    const size_t length = strlen(name);
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t step = spt_unicode_decode(name + i, length - i, &code);
        if (step == 0 || spt_unicode_is_control(code)) return false;
        i += step;
    }
    return true;
}

/* (The file itself may be a link, as in a hub cache.) */
bool spt_contents_name_is_plain(const char *name) {
    return name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/') &&
           spt_contents_name_is_clean(name);
}
