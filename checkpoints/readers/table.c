/* Who reads a file: its first bytes decide, not its name. */
#include <stdio.h>
#include <string.h>

#include "checkpoints/base/text.h"
#include "checkpoints/readers/reader.h"

enum { HEAD = 512 };

static const struct spt_reader *const READERS[] = {
    &spt_reader_safetensors,
    &spt_reader_torch_zip,
    &spt_reader_torch_legacy,
    &spt_reader_shard_index,
};

enum { READER_COUNT = sizeof READERS / sizeof *READERS };

/* Formats that are known by sight only. */
static const struct {
    size_t at;
    const char *magic;
    size_t length;
    enum spt_status status;
    const char *what;
} SIGHTS[] = {
    {0, "GGUF", 4, SPT_UNSUPPORTED, "a GGUF file"},
    {0, "\x89HDF\r\n\x1a\n", 8, SPT_UNSUPPORTED, "an HDF5 file"},
    {257, "ustar", 5, SPT_UNSUPPORTED, "a tar archive"},
    {0, "\x1f\x8b", 2, SPT_UNSUPPORTED, "a gzip file"},
    {0, "\x28\xb5\x2f\xfd", 4, SPT_UNSUPPORTED, "a zstd file"},
    {0, "version https://git-lfs", 23, SPT_INVALID,
     "a Git LFS pointer, not the weights it stands for (run `git lfs pull` in its repository)"},
    {0, "<!DOCTYPE", 9, SPT_INVALID, "an HTML page, probably of a failed download"},
    {0, "<!doctype", 9, SPT_INVALID, "an HTML page, probably of a failed download"},
    {0, "<html", 5, SPT_INVALID, "an HTML page, probably of a failed download"},
};

enum { SIGHT_COUNT = sizeof SIGHTS / sizeof *SIGHTS };

static void list_formats(char *out, size_t capacity) {
    struct spt_text text = {0};
    for (size_t i = 0; i < READER_COUNT; i++) {
        if (!READERS[i]->described) continue;
        if (i > 0) spt_text_put(&text, i + 1 < READER_COUNT ? ", " : " and ");
        spt_text_put(&text, READERS[i]->described);
    }
    (void)spt_text_printable(out, capacity, text.data ? text.data : "");
    spt_text_release(&text);
}

/* SPT_OK when the file is none of SIGHTS, or a reader has bid more. */
static enum spt_status refuse_by_sight(const char *path, const unsigned char *head, size_t size, unsigned best,
                                       struct spt_error *error) {
    char formats[256];
    list_formats(formats, sizeof formats);
    for (size_t i = 0; i < SIGHT_COUNT; i++)
        if (8 * SIGHTS[i].length > best && size >= SIGHTS[i].at + SIGHTS[i].length &&
            memcmp(head + SIGHTS[i].at, SIGHTS[i].magic, SIGHTS[i].length) == 0)
            return spt_fail(error, SIGHTS[i].status, path, "found %s; this version reads %s", SIGHTS[i].what, formats);
    return SPT_OK;
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The reader that bids most, unless a format known by sight outbids it. */
static enum spt_status choose(const char *path, const unsigned char *head, size_t size,
                              const struct spt_reader **reader, struct spt_error *error) {
    unsigned best = 0;
    for (size_t i = 0; i < READER_COUNT; i++) {
        const unsigned bid = READERS[i]->bid(head, size);
        if (bid <= best) continue;
        best = bid;
        *reader = READERS[i];
    }
    const enum spt_status status = refuse_by_sight(path, head, size, best, error);
    if (status != SPT_OK || best > 0) return status;
    /* Nobody knows it. What is called safetensors is given to that reader, which can say what is wrong with it. */
    if (ends_with(path, ".safetensors")) {
        *reader = &spt_reader_safetensors;
        return SPT_OK;
    }
    char formats[256];
    list_formats(formats, sizeof formats);
    return spt_fail_at(error, SPT_INVALID, path, 0,
                       "no weights file: begins with %02x %02x %02x %02x %02x %02x %02x %02x; this version reads %s",
                       head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7], formats);
}

enum spt_status spt_contents_read_path(struct spt_contents *contents, const char *path, struct spt_error *error) {
    enum spt_status status = spt_contents_add_file(contents, path, error);
    if (status != SPT_OK) return status;
    const size_t file = contents->file_count - 1;
    const uint64_t file_size = contents->files[file].identity.size;
    if (file_size < 8)
        return spt_fail(error, SPT_RETRY, path, "%llu bytes, too few to be a weights file",
                        (unsigned long long)file_size);
    unsigned char head[HEAD] = {0};
    const size_t size = file_size < HEAD ? (size_t)file_size : HEAD;
    status = spt_contents_read_at(contents, file, 0, head, size, error);
    if (status != SPT_OK) return status;
    const struct spt_reader *reader = NULL;
    status = choose(path, head, size, &reader, error);
    if (status != SPT_OK) return status;
    if (contents->in_index && reader == &spt_reader_shard_index)
        return spt_fail(error, SPT_INVALID, path, "found an index where the index names a shard");
    status = reader->read(contents, file, error);
    if (status == SPT_OK && !contents->format[0])
        (void)snprintf(contents->format, sizeof contents->format, "%s", reader->name);
    return status;
}
