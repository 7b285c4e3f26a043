#include "checkpoints/readers/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    CENTRAL_SIZE = 46,
    LOCAL_SIZE = 30,
    COMMENT_MAX = 65535,
    DEFLATE_RATIO = 1032, /* no deflated stream grows by more */
    FLAG_ENCRYPTED = 1,
    FLAG_DESCRIPTOR = 8, /* sizes and CRC follow the data */
    EXTRA_ZIP64 = 1,
    DEFLATED = 8,
    MADE_BY_UNIX = 3,
};

#define END_MAGIC     0x06054b50u
#define END64_MAGIC   0x06064b50u
#define LOCATOR_MAGIC 0x07064b50u
#define CENTRAL_MAGIC 0x02014b50u
#define LOCAL_MAGIC   0x04034b50u
#define FULL16        0xffffu
#define FULL32        0xffffffffu

/* What is fixed while a directory is read. */
struct directory {
    struct spt_contents *contents;
    const char *path;
    size_t file;
    uint64_t begin, length; /* of the zip within the file: all offsets count from its begin */
    size_t comment_max;
    uint64_t offset, size, count; /* of the central directory */
};

static enum spt_status read_at(const struct directory *d, uint64_t offset, void *out, size_t size,
                               struct spt_error *error) {
    return spt_contents_read_at(d->contents, d->file, d->begin + offset, out, size, error);
}

static uint64_t load(const unsigned char *bytes, size_t size) {
    uint64_t value = 0;
    while (size > 0) value = value << 8 | bytes[--size];
    return value;
}

/* The end record: the last one whose comment reaches exactly to the end of the file, and the only one. */
static enum spt_status find_end(const struct directory *d, const unsigned char *tail, size_t size, size_t *at,
                                struct spt_error *error) {
    size_t found = 0;
    for (size_t i = 0; i + END_SIZE <= size; i++) {
        if (tail[i] != 'P' || load(tail + i, 4) != END_MAGIC) continue;
        if (i + END_SIZE + load(tail + i + 20, 2) != size) continue;
        *at = i;
        found++;
    }
    if (found == 0)
        return spt_fail_at(error, SPT_RETRY, d->path, d->begin + d->length,
                           "a zip file without its end record: it is not written to its end yet, or was cut");
    if (found > 1)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + d->length - size + *at,
                           "two end records of a zip file, one within the other's comment");
    return SPT_OK;
}

/* A field of the end record and its 64-bit twin: the same, or all ones in the shorter. */
static bool twins_agree(uint64_t field, uint64_t full, uint64_t twin) {
    return field == full || field == twin;
}

static enum spt_status read_end64(struct directory *d, uint64_t end, const unsigned char *record, bool *present,
                                  uint64_t *begin, struct spt_error *error) {
    unsigned char locator[LOCATOR_SIZE], end64[END64_SIZE];
    *present = false;
    if (end < LOCATOR_SIZE) return SPT_OK;
    enum spt_status status = read_at(d, end - LOCATOR_SIZE, locator, sizeof locator, error);
    if (status != SPT_OK || load(locator, 4) != LOCATOR_MAGIC) return status;
    *begin = load(locator + 8, 8);
    if (load(locator + 4, 4) != 0 || load(locator + 16, 4) > 1)
        return spt_fail_at(error, SPT_UNSUPPORTED, d->path, d->begin + end - LOCATOR_SIZE,
                           "a zip file of several disks");
    const uint64_t most = end - LOCATOR_SIZE;
    if (most < END64_SIZE || *begin > most - END64_SIZE)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + most,
                           "the ZIP64 end record is said to be at byte %" PRIu64 "; its locator is at %" PRIu64, *begin,
                           most);
    status = read_at(d, *begin, end64, sizeof end64, error);
    if (status != SPT_OK) return status;
    if (load(end64, 4) != END64_MAGIC || load(end64 + 4, 8) != most - *begin - 12)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + *begin,
                           "no ZIP64 end record where its locator points");
    d->count = load(end64 + 32, 8);
    d->size = load(end64 + 40, 8);
    d->offset = load(end64 + 48, 8);
    if (load(end64 + 16, 8) != 0 || load(end64 + 24, 8) != d->count)
        return spt_fail_at(error, SPT_UNSUPPORTED, d->path, d->begin + *begin, "a zip file of several disks");
    if (!twins_agree(load(record + 10, 2), FULL16, d->count) || !twins_agree(load(record + 12, 4), FULL32, d->size) ||
        !twins_agree(load(record + 16, 4), FULL32, d->offset))
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + *begin, "the end record and its ZIP64 form differ");
    *present = true;
    return SPT_OK;
}

/* Where the directory is, how long, and of how many members. It ends where the end records begin. */
static enum spt_status check_end(struct directory *d, uint64_t end, const unsigned char *record,
                                 struct spt_error *error) {
    bool zip64;
    uint64_t begin = end;
    const enum spt_status status = read_end64(d, end, record, &zip64, &begin, error);
    if (status != SPT_OK) return status;
    if (!zip64) {
        d->count = load(record + 10, 2);
        d->size = load(record + 12, 4);
        d->offset = load(record + 16, 4);
    }
    if ((load(record + 4, 2) != 0 && load(record + 4, 2) != FULL16) ||
        (load(record + 8, 2) != FULL16 && load(record + 8, 2) != load(record + 10, 2)))
        return spt_fail_at(error, SPT_UNSUPPORTED, d->path, d->begin + end, "a zip file of several disks");
    if (d->offset > begin || d->size != begin - d->offset)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + end,
                           "the directory is said to be %" PRIu64 " bytes at %" PRIu64 "; it must end at %" PRIu64,
                           d->size, d->offset, begin);
    if (d->count > d->size / CENTRAL_SIZE)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + end,
                           "the directory is said to name %" PRIu64 " members in %" PRIu64 " bytes", d->count, d->size);
    if (d->size > d->contents->header_limit)
        return spt_fail_at(error, SPT_UNSUPPORTED, d->path, d->begin + d->offset,
                           "a directory of %" PRIu64 " bytes, more than the %" PRIu64
                           " that are read (--header-limit raises it)",
                           d->size, d->contents->header_limit);
    return SPT_OK;
}

static enum spt_status find_directory(struct directory *d, struct spt_error *error) {
    const size_t size = d->length < END_SIZE + d->comment_max ? (size_t)d->length : END_SIZE + d->comment_max;
    unsigned char *tail = malloc(size);
    if (!tail) return spt_fail_memory(error, size, "the end of a zip file");
    enum spt_status status = read_at(d, d->length - size, tail, size, error);
    size_t at = 0;
    if (status == SPT_OK) status = find_end(d, tail, size, &at, error);
    if (status == SPT_OK) status = check_end(d, d->length - size + at, tail + at, error);
    free(tail);
    return status;
}

/* Replaces those of the values that are all ones by what the ZIP64 extra field says; false: it says less than it must,
 * or an extra field is longer than the rest.
 *   extra   [size]
 *   values  [count], in the order of APPNOTE 4.5.3 */
static bool widen(const unsigned char *extra, size_t size, uint64_t *const values[], size_t count) {
    bool wanted = false;
    for (size_t i = 0; i < count; i++) wanted = wanted || *values[i] == FULL32;
    if (!wanted) return true;
    while (size >= 4) {
        const size_t length = (size_t)load(extra + 2, 2);
        if (length > size - 4) return false;
        if (load(extra, 2) == EXTRA_ZIP64) {
            size_t at = 0;
            for (size_t i = 0; i < count; i++) {
                if (*values[i] != FULL32) continue;
                if (length - at < 8) return false;
                *values[i] = load(extra + 4 + at, 8);
                at += 8;
            }
            return true;
        }
        extra += 4 + length;
        size -= 4 + length;
    }
    return false;
}

/* The local header repeats the central one: name, method, and sizes unless they follow the data. */
static enum spt_status check_local(const struct directory *d, struct spt_zip_member *member, size_t name_length,
                                   struct spt_error *error) {
    unsigned char local[LOCAL_SIZE];
    if (member->header > d->offset || d->offset - member->header < LOCAL_SIZE)
        return spt_fail(error, SPT_INVALID, d->path,
                        "member \"%s\" is said to begin at byte %" PRIu64 ", behind all members", member->name,
                        member->header);
    enum spt_status status = read_at(d, member->header, local, sizeof local, error);
    if (status != SPT_OK) return status;
    if (load(local, 4) != LOCAL_MAGIC)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + member->header,
                           "no member where \"%s\" is said to begin", member->name);
    const size_t length = (size_t)load(local + 26, 2), extra_size = (size_t)load(local + 28, 2);
    const size_t rest = length + extra_size;
    if (d->offset - member->header - LOCAL_SIZE < rest ||
        member->stored > d->offset - member->header - LOCAL_SIZE - rest)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + member->header,
                           "member \"%s\" of %" PRIu64 " bytes reaches into the directory", member->name,
                           member->stored);
    member->offset = member->header + LOCAL_SIZE + rest;
    unsigned char *bytes = malloc(rest + 1);
    if (!bytes) return spt_fail_memory(error, rest, "a member's name");
    status = read_at(d, member->header + LOCAL_SIZE, bytes, rest, error);
    bool agrees = status == SPT_OK && length == name_length && memcmp(bytes, member->name, length) == 0 &&
                  load(local + 8, 2) == member->method;
    if (agrees && !(load(local + 6, 2) & FLAG_DESCRIPTOR)) {
        uint64_t size = load(local + 22, 4), stored = load(local + 18, 4);
        uint64_t *const values[] = {&size, &stored};
        agrees = widen(bytes + length, extra_size, values, 2) && size == member->size && stored == member->stored &&
                 load(local + 14, 4) == member->crc;
    }
    free(bytes);
    if (status != SPT_OK || agrees) return status;
    return spt_fail_at(error, SPT_INVALID, d->path, d->begin + member->header,
                       "member \"%s\": its own header and the directory differ", member->name);
}

static enum spt_status check_sizes(const struct directory *d, const struct spt_zip_member *member,
                                   struct spt_error *error) {
    if (member->method == SPT_ZIP_STORED && member->size != member->stored)
        return spt_fail(error, SPT_INVALID, d->path,
                        "member \"%s\" is stored as it is, but is said to be %" PRIu64 " bytes in %" PRIu64,
                        member->name, member->size, member->stored);
    if (member->method == DEFLATED && member->size / DEFLATE_RATIO > member->stored)
        return spt_fail(error, SPT_INVALID, d->path,
                        "member \"%s\" is said to be %" PRIu64 " bytes once inflated; %" PRIu64 " cannot hold them",
                        member->name, member->size, member->stored);
    return SPT_OK;
}

/* One row of the directory at bytes [left]; *used is its length. */
static enum spt_status read_member(const struct directory *d, struct spt_zip *zip, const unsigned char *bytes,
                                   size_t left, size_t *used, struct spt_error *error) {
    const uint64_t at = d->offset + d->size - left;
    if (left < CENTRAL_SIZE || load(bytes, 4) != CENTRAL_MAGIC)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + at,
                           "no member in the directory, where it names one");
    const size_t name_length = (size_t)load(bytes + 28, 2), extra = (size_t)load(bytes + 30, 2);
    *used = CENTRAL_SIZE + name_length + extra + (size_t)load(bytes + 32, 2);
    if (*used > left)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + at, "a member's row reaches out of the directory");
    const unsigned flags = (unsigned)load(bytes + 8, 2);
    struct spt_zip_member member = {.method = (unsigned)load(bytes + 10, 2),
                                    .mode = bytes[5] == MADE_BY_UNIX ? (uint32_t)load(bytes + 40, 2) : 0,
                                    .modified = (uint32_t)load(bytes + 12, 4),
                                    .crc = (uint32_t)load(bytes + 16, 4),
                                    .stored = load(bytes + 20, 4),
                                    .size = load(bytes + 24, 4),
                                    .header = load(bytes + 42, 4)};
    const char *name = (const char *)bytes + CENTRAL_SIZE;
    member.name = spt_arena_copy(&zip->arena, name, name_length);
    if (!member.name) return spt_fail_memory(error, name_length, "a member's name");
    if (strlen(member.name) != name_length || !spt_contents_name_is_clean(member.name))
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + at,
                           "a member's name holds control characters: \"%s\"", member.name);
    uint64_t *const values[] = {&member.size, &member.stored, &member.header};
    if (!widen(bytes + CENTRAL_SIZE + name_length, extra, values, 3))
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + at, "member \"%s\" lacks its ZIP64 sizes",
                           member.name);
    if (flags & FLAG_ENCRYPTED)
        return spt_fail_at(error, SPT_UNSUPPORTED, d->path, d->begin + at, "member \"%s\" is encrypted", member.name);
    enum spt_status status = check_sizes(d, &member, error);
    if (status == SPT_OK) status = check_local(d, &member, name_length, error);
    if (status != SPT_OK) return status;
    if (zip->count == 0) {
        const size_t part = strcspn(member.name, "/");
        if (part < sizeof zip->first) memcpy(zip->first, member.name, part);
    }
    zip->members[zip->count++] = member;
    return SPT_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct spt_zip_member *)a)->name, ((const struct spt_zip_member *)b)->name);
}

static int by_header(const void *a, const void *b) {
    const struct spt_zip_member *x = a, *y = b;
    return (x->header > y->header) - (x->header < y->header);
}

static enum spt_status check_members(const struct directory *d, struct spt_zip *zip, struct spt_error *error) {
    if (zip->count) qsort(zip->members, zip->count, sizeof *zip->members, by_header);
    for (size_t i = 1; i < zip->count; i++)
        if (zip->members[i].header < zip->members[i - 1].offset + zip->members[i - 1].stored)
            return spt_fail_at(error, SPT_INVALID, d->path, d->begin + zip->members[i].header,
                               "members \"%s\" and \"%s\" overlap", zip->members[i - 1].name, zip->members[i].name);
    if (zip->count) qsort(zip->members, zip->count, sizeof *zip->members, by_name);
    for (size_t i = 1; i < zip->count; i++)
        if (strcmp(zip->members[i].name, zip->members[i - 1].name) == 0)
            return spt_fail(error, SPT_INVALID, d->path, "two members are named \"%s\"", zip->members[i].name);
    return SPT_OK;
}

static enum spt_status read_rows(const struct directory *d, struct spt_zip *zip, const unsigned char *bytes,
                                 struct spt_error *error) {
    size_t left = (size_t)d->size;
    for (uint64_t i = 0; i < d->count; i++) {
        size_t used = 0;
        const enum spt_status status = read_member(d, zip, bytes, left, &used, error);
        if (status != SPT_OK) return status;
        bytes += used;
        left -= used;
    }
    if (left > 0)
        return spt_fail_at(error, SPT_INVALID, d->path, d->begin + d->offset + d->size - left,
                           "%zu bytes after the last member of the directory", left);
    return check_members(d, zip, error);
}

static enum spt_status read_directory(struct directory *d, struct spt_zip *zip, struct spt_error *error) {
    *zip = (struct spt_zip){0};
    enum spt_status status = find_directory(d, error);
    if (status != SPT_OK) return status;
    unsigned char *bytes = malloc((size_t)d->size + 1);
    zip->members = spt_alloc((size_t)d->count, sizeof *zip->members);
    if (!bytes || !zip->members)
        status = spt_fail_memory(error, d->size, "the directory of a zip file");
    else
        status = read_at(d, d->offset, bytes, (size_t)d->size, error);
    if (status == SPT_OK) status = read_rows(d, zip, bytes, error);
    free(bytes);
    for (size_t i = 0; i < zip->count; i++) {
        zip->members[i].header += d->begin;
        zip->members[i].offset += d->begin;
    }
    if (status != SPT_OK) spt_zip_release(zip);
    return status;
}

enum spt_status spt_zip_read(struct spt_contents *contents, size_t file, struct spt_zip *zip, struct spt_error *error) {
    struct directory d = {.contents = contents,
                          .path = contents->files[file].path,
                          .file = file,
                          .length = contents->files[file].identity.size,
                          .comment_max = COMMENT_MAX};
    return read_directory(&d, zip, error);
}

enum spt_status spt_zip_read_part(struct spt_contents *contents, size_t file, uint64_t begin, uint64_t size,
                                  struct spt_zip *zip, struct spt_error *error) {
    struct directory d = {
        .contents = contents, .path = contents->files[file].path, .file = file, .begin = begin, .length = size};
    return read_directory(&d, zip, error);
}

void spt_zip_release(struct spt_zip *zip) {
    free(zip->members);
    spt_arena_release(&zip->arena);
    *zip = (struct spt_zip){0};
}

const struct spt_zip_member *spt_zip_find(const struct spt_zip *zip, const char *name) {
    const struct spt_zip_member wanted = {.name = name};
    return zip->count ? bsearch(&wanted, zip->members, zip->count, sizeof wanted, by_name) : NULL;
}
