/* Zip files: their directory is read as torch's is (readers/zip.h); compressed members are inflated one by one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "checkpoints/archive/opened.h"
#include "checkpoints/base/crc32.h"
#include "checkpoints/base/text.h"
#include "checkpoints/readers/zip.h"

enum {
    DESCRIPTOR_MAX = 24, /* what may follow a member's data */
    TYPE_BITS = 0170000, /* of a Unix mode */
    TYPE_FILE = 0100000, /* which zip files have on any system */
    TYPE_FOLDER = 0040000,
    TYPE_LINK = 0120000,
};

/* Days and seconds as MS-DOS packs them, taken for UTC wherever it is read: the same file has the same time. */
static int64_t time_of(uint32_t packed) {
    struct tm tm = {.tm_sec = (int)(packed & 31) * 2,
                    .tm_min = (int)(packed >> 5 & 63),
                    .tm_hour = (int)(packed >> 11 & 31),
                    .tm_mday = (int)(packed >> 16 & 31),
                    .tm_mon = (int)(packed >> 21 & 15) - 1,
                    .tm_year = (int)(packed >> 25) + 80};
    return (int64_t)timegm(&tm) * 1000000000;
}

static enum spt_archive_kind kind_of(const struct spt_zip_member *member) {
    const size_t length = strlen(member->name);
    if (length && member->name[length - 1] == '/') return SPT_ARCHIVE_FOLDER;
    switch (member->mode & TYPE_BITS) {
    case 0:
    case TYPE_FILE:
        return SPT_ARCHIVE_FILE;
    case TYPE_FOLDER:
        return SPT_ARCHIVE_FOLDER;
    case TYPE_LINK:
        return SPT_ARCHIVE_SYMBOLIC;
    default:
        return SPT_ARCHIVE_OTHER;
    }
}

static enum spt_status open_member(const struct spt_archive *archive, uint64_t header, uint64_t end,
                                   struct spt_archive_stream **stream, struct spt_error *error) {
    const uint64_t most = archive->identity.size;
    struct spt_archive_source source = {.path = archive->path,
                                        .begin = header,
                                        .end = end < most - DESCRIPTOR_MAX ? end + DESCRIPTOR_MAX : most,
                                        .zip = true};
    struct spt_archive_header read;
    enum spt_status status = spt_archive_reopen(archive, &source.fd, error);
    if (status == SPT_OK) status = spt_archive_stream_open(&source, stream, error);
    if (status != SPT_OK) return status;
    status = spt_archive_stream_next(*stream, &read, error);
    if (status == SPT_END) status = spt_fail_at(error, SPT_INVALID, archive->path, header, "no member of a zip file");
    if (status == SPT_OK) return SPT_OK;
    spt_archive_stream_close(*stream);
    *stream = NULL;
    return status;
}

/* --- listing --- */

/* A link's text is its data. text [SPT_ARCHIVE_NAME_MAX + 1] */
static enum spt_status read_link(const struct spt_archive *archive, const struct spt_zip_member *member, char *text,
                                 struct spt_error *error) {
    struct spt_archive_stream *stream = NULL;
    const void *bytes;
    size_t size, used = 0;
    if (member->size > SPT_ARCHIVE_NAME_MAX)
        return spt_fail(error, SPT_INVALID, archive->path, "\"%s\" is a link of %llu bytes", member->name,
                        (unsigned long long)member->size);
    enum spt_status status = open_member(archive, member->header, member->offset + member->stored, &stream, error);
    while (status == SPT_OK && (status = spt_archive_stream_read(stream, &bytes, &size, error)) == SPT_OK) {
        if (size > SPT_ARCHIVE_NAME_MAX - used || (size && memchr(bytes, '\0', size)))
            status = spt_fail(error, SPT_INVALID, archive->path, "\"%s\" is a link to no name", member->name);
        else if (size)
            memcpy(text + used, bytes, size);
        used += size;
    }
    spt_archive_stream_close(stream);
    if (status != SPT_END) return status;
    text[used] = '\0';
    return SPT_OK;
}

static enum spt_status add_member(struct spt_archive *archive, const struct spt_zip_member *member, size_t order,
                                  struct spt_error *error) {
    char target[SPT_ARCHIVE_NAME_MAX + 1];
    struct spt_archive_member added = {.size = member->size,
                                       .offset = member->offset,
                                       .header = member->header,
                                       .stored = member->stored,
                                       .crc = member->crc,
                                       .mtime_ns = time_of(member->modified),
                                       .order = order,
                                       .kind = kind_of(member),
                                       .compressed = member->method != SPT_ZIP_STORED};
    enum spt_status status = SPT_OK;
    if (added.kind == SPT_ARCHIVE_SYMBOLIC) {
        status = read_link(archive, member, target, error);
        added.target = target;
    }
    if (status != SPT_OK) return status;
    return spt_archive_index_add(&archive->index, member->name, strlen(member->name), &added, error);
}

static bool is_torch(const struct spt_zip *zip) {
    char name[sizeof zip->first + 16];
    (void)snprintf(name, sizeof name, "%s/data.pkl", zip->first);
    return spt_zip_find(zip, name) != NULL;
}

/* torch.save writes its pickle first: then it is torch's, however broken. */
static bool begins_as_torch(const unsigned char *head, size_t size) {
    static const char PICKLE[] = "/data.pkl";
    const size_t ending = sizeof PICKLE - 1;
    const size_t length = size >= 30 ? (size_t)head[26] | (size_t)head[27] << 8 : 0;
    return length > ending && size >= 30 + length && memcmp(head + 30 + length - ending, PICKLE, ending) == 0;
}

enum spt_status spt_archive_list_zip(struct spt_archive *archive, struct spt_error *error) {
    struct spt_contents contents;
    struct spt_zip zip = {0};
    unsigned char head[512] = {0};
    const uint64_t length = archive->identity.size;
    const size_t size = length < sizeof head ? (size_t)length : sizeof head;
    spt_contents_init(&contents, NULL);
    enum spt_status status = spt_contents_add_file(&contents, archive->path, error);
    if (status == SPT_OK) status = spt_contents_read_at(&contents, 0, 0, head, size, error);
    if (status == SPT_OK && begins_as_torch(head, size)) status = SPT_END;
    if (status == SPT_OK) status = spt_zip_read(&contents, 0, &zip, error);
    if (status == SPT_OK && is_torch(&zip)) status = SPT_END;
    for (size_t i = 0; i < zip.count && status == SPT_OK; i++) status = add_member(archive, &zip.members[i], i, error);
    spt_zip_release(&zip);
    spt_contents_release(&contents);
    return status;
}

/* --- what is stored as it is --- */

enum spt_status spt_archive_check_stored(const struct spt_archive *archive, struct spt_archive_member *member, int fd,
                                         const char *what, struct spt_error *error) {
    const size_t size = (size_t)member->size;
    unsigned char *bytes = malloc(size + 1);
    if (!bytes) return spt_fail_memory(error, size, "a file's contents");
    const enum spt_status status = spt_file_read_at(fd, archive->path, member->offset, bytes, size, error);
    member->checked = status == SPT_OK;
    if (status == SPT_OK && spt_crc32(bytes, size) != member->crc)
        spt_log(archive->log, SPT_LOG_WARNING,
                "%s: its CRC in the archive is missing or wrong; it is read all the same", what);
    free(bytes);
    return status;
}

/* --- spooling --- */

enum spt_status spt_archive_spool_zip(struct spt_archive *archive, struct spt_archive_member *member, const char *what,
                                      struct spt_error *error) {
    struct spt_archive_spools *spools = &archive->spools;
    struct spt_archive_stream *stream = NULL;
    struct spt_archive_spool *spool =
        spt_archive_is_kept(archive, what, member->size) ? &spools->kept : &spools->current;
    if (member->size > spt_archive_stream_growth(member->stored))
        return spt_fail(error, SPT_INVALID, what, "is said to have %llu bytes, out of proportion to the %llu it takes",
                        (unsigned long long)member->size, (unsigned long long)member->stored);
    enum spt_status status = spt_archive_spools_reserve(spools, spool, member->size, what, error);
    if (status == SPT_OK)
        status = open_member(archive, member->header, member->offset + member->stored, &stream, error);
    if (status == SPT_OK) status = spt_archive_copy(archive, stream, spool, member, what, error);
    spt_archive_stream_close(stream);
    return status;
}
