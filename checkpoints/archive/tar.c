/* Tar files: listed in one pass, and, where they are compressed, spooled in others. */
#include <stdlib.h>
#include <string.h>

#include "checkpoints/archive/opened.h"
#include "checkpoints/tokenizer/files.h"

enum { SMALL_SIZE = 1024 * 1024, SMALL_TOKENIZER = 64 * 1024 * 1024 };

bool spt_archive_is_small(const char *name, uint64_t size) {
    const char *slash = strrchr(name, '/');
    bool small = size <= SMALL_SIZE;
    for (size_t i = 0; SPT_TOKENIZER_PARTS[i] && !small; i++)
        small = size <= SMALL_TOKENIZER && strcmp(slash ? slash + 1 : name, SPT_TOKENIZER_PARTS[i]) == 0;
    return small;
}

bool spt_archive_is_kept(const struct spt_archive *archive, const char *name, uint64_t size) {
    return spt_archive_is_small(name, size) && spt_archive_spools_may_keep(&archive->spools, size);
}

static enum spt_status open_stream(const struct spt_archive *archive, struct spt_archive_stream **stream,
                                   struct spt_error *error) {
    struct spt_archive_source source = {.path = archive->path, .end = archive->identity.size};
    const enum spt_status status = spt_archive_reopen(archive, &source.fd, error);
    return status == SPT_OK ? spt_archive_stream_open(&source, stream, error) : status;
}

enum spt_status spt_archive_copy(struct spt_archive *archive, struct spt_archive_stream *stream,
                                 struct spt_archive_spool *spool, struct spt_archive_member *member, const char *name,
                                 struct spt_error *error) {
    const struct spt_archive_place place = {.spool = spool->id, .offset = spool->used};
    uint64_t left = member->size;
    for (;;) {
        const void *bytes;
        size_t size;
        enum spt_status status = spt_archive_stream_read(stream, &bytes, &size, error);
        const char *warning = spt_archive_stream_warning(stream);
        if (warning && (status == SPT_OK || status == SPT_END))
            spt_log(archive->log, SPT_LOG_WARNING, "%s: \"%s\": %s; it is read all the same", archive->path, name,
                    warning);
        if (status == SPT_END) break;
        if (status == SPT_OK && size > left)
            status =
                spt_fail(error, SPT_INVALID, archive->path, "\"%s\" has more than the %llu bytes it is said to have",
                         name, (unsigned long long)member->size);
        if (status == SPT_OK) status = spt_archive_spools_write(&archive->spools, spool, bytes, size, error);
        if (status != SPT_OK) return status;
        left -= size;
    }
    if (left > 0)
        return spt_fail(error, SPT_INVALID, archive->path,
                        "\"%s\" has %llu bytes, fewer than the %llu it is said to have", name,
                        (unsigned long long)(member->size - left), (unsigned long long)member->size);
    member->place = place;
    return SPT_OK;
}

/* --- listing --- */

static enum spt_status keep(struct spt_archive *archive, struct spt_archive_stream *stream,
                            struct spt_archive_header *header, struct spt_error *error) {
    struct spt_archive_spool *kept = &archive->spools.kept;
    const struct spt_archive_member *member = &header->member;
    if (!member->compressed || member->kind != SPT_ARCHIVE_FILE || member->sparse ||
        !spt_archive_is_kept(archive, header->name, member->size))
        return SPT_OK;
    const enum spt_status status =
        spt_archive_spools_reserve(&archive->spools, kept, member->size, archive->path, error);
    if (status != SPT_OK) return status;
    return spt_archive_copy(archive, stream, kept, &header->member, header->name, error);
}

enum spt_status spt_archive_list_tar(struct spt_archive *archive, struct spt_error *error) {
    struct spt_archive_stream *stream = NULL;
    struct spt_archive_header header;
    enum spt_status status = open_stream(archive, &stream, error);
    while (status == SPT_OK) {
        status = spt_archive_stream_next(stream, &header, error);
        if (status == SPT_OK) status = keep(archive, stream, &header, error);
        if (status == SPT_OK)
            status = spt_archive_index_add(&archive->index, header.name, header.length, &header.member, error);
    }
    spt_archive_stream_close(stream);
    return status == SPT_END ? SPT_OK : status;
}

/* --- spooling --- */

static int by_order(const void *a, const void *b) {
    const struct spt_archive_member *const *x = a, *const *y = b;
    return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static enum spt_status pass_over(struct spt_archive *archive, struct spt_archive_member **members, size_t count,
                                 struct spt_error *error) {
    struct spt_archive_header header;
    enum spt_status status = SPT_OK;
    if (archive->stream && spt_archive_stream_order(archive->stream) > members[0]->order) {
        spt_archive_stream_close(archive->stream);
        archive->stream = NULL;
    }
    if (!archive->stream) status = open_stream(archive, &archive->stream, error);
    for (size_t i = 0; i < count && status == SPT_OK;) {
        status = spt_archive_stream_next(archive->stream, &header, error);
        if (status == SPT_END)
            return spt_fail(error, SPT_RETRY, archive->path, "the archive changed since it was listed");
        if (status != SPT_OK || header.member.order < members[i]->order) continue;
        if (header.member.size != members[i]->size)
            return spt_fail(error, SPT_RETRY, archive->path, "the archive changed since it was listed");
        status = spt_archive_copy(archive, archive->stream, &archive->spools.current, members[i++], header.name, error);
    }
    return status;
}

enum spt_status spt_archive_spool_tar(struct spt_archive *archive, struct spt_archive_member **members, size_t count,
                                      const char *what, struct spt_error *error) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(bytes, members[i]->size, &bytes)) bytes = UINT64_MAX;
    enum spt_status status = spt_archive_spools_reserve(&archive->spools, &archive->spools.current, bytes, what, error);
    if (status != SPT_OK) return status;
    qsort(members, count, sizeof(struct spt_archive_member *), by_order);
    status = pass_over(archive, members, count, error);
    if (status == SPT_OK) return SPT_OK;
    spt_archive_stream_close(archive->stream); /* where it stands is not known any more */
    archive->stream = NULL;
    return status;
}
