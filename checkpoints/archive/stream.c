#include "checkpoints/archive/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER = 64 * 1024,
    BLOCK = 512,
    COMPRESSED_LEAST = 32, /* a tar file takes more in any compression */
    RATIO_MOST = 1100,     /* gzip's is 1,032 at most; weights hardly compress at all */
};

#define UNKNOWN   UINT64_MAX
#define SIZE_MOST (UINT64_C(1) << 56) /* of a file that anybody means */

/* What any compressed archive may grow by. */
static const uint64_t GROWTH_FREE = 64 * 1024 * 1024;

struct spt_archive_stream {
    struct spt_archive_source source;
    struct archive *archive;
    struct archive_entry *entry; /* of the last header; the archive's */
    uint64_t at;                 /* next byte that libarchive gets */
    bool at_end;                 /* it has asked for more than there is */
    bool shorter;                /* the file became so */
    int system;                  /* errno of a failed read */
    size_t order;
    uint64_t data_end; /* of the member, in the decompressed archive, padding included; UNKNOWN */
    bool sparse;       /* the member is */
    const char *warning;
    unsigned char *buffer; /* [BUFFER] */
};

/* --- what libarchive reads by --- */

static la_ssize_t on_read(struct archive *archive, void *context, const void **buffer) {
    struct spt_archive_stream *stream = context;
    const uint64_t left = stream->source.end - stream->at;
    const size_t want = left < BUFFER ? (size_t)left : BUFFER;
    ssize_t got = 0;
    if (want > 0) {
        do got = pread(stream->source.fd, stream->buffer, want, (off_t)stream->at);
        while (got < 0 && errno == EINTR);
    }
    if (got < 0) {
        stream->system = errno;
        archive_set_error(archive, errno, "cannot read it");
        return ARCHIVE_FATAL;
    }
    stream->at_end = stream->at_end || got == 0;
    stream->shorter = stream->shorter || (got == 0 && want > 0);
    stream->at += (uint64_t)got;
    *buffer = stream->buffer;
    return got;
}

static la_int64_t on_skip(struct archive *archive, void *context, la_int64_t request) {
    (void)archive;
    struct spt_archive_stream *stream = context;
    const uint64_t left = stream->source.end - stream->at;
    const uint64_t skipped = request < 0 ? 0 : (uint64_t)request < left ? (uint64_t)request : left;
    stream->at += skipped;
    return (la_int64_t)skipped;
}

/* --- failures --- */

/* Small archives are read to their end before anything is looked at: then only libarchive's words tell the two apart. */
static bool is_cut(const struct spt_archive_stream *stream, const char *text) {
    if (stream->shorter) return true;
    if (!stream->at_end || stream->source.zip) return false; /* a zip's end record is behind all members */
    if (!text || strstr(text, "runcated") || strstr(text, "No progress is possible")) return true;
    const uint64_t least = archive_filter_count(stream->archive) > 1 ? COMPRESSED_LEAST : BLOCK;
    return stream->order == 0 && stream->source.end - stream->source.begin < least;
}

static enum spt_status fail(struct spt_archive_stream *stream, struct spt_error *error) {
    const char *path = stream->source.path, *text = archive_error_string(stream->archive);
    if (stream->system) return spt_fail_system(error, stream->system, path, "read the archive");
    if (archive_errno(stream->archive) == ENOMEM) return spt_fail_memory(error, 0, "decompressing an archive");
    if (is_cut(stream, text))
        return spt_fail_at(error, SPT_RETRY, path, stream->source.end,
                           "the archive ends too early: it is not written to its end yet, or was cut (%s)",
                           text ? text : "truncated");
    if (stream->order == 0 && !stream->source.zip)
        return spt_fail(error, SPT_INVALID, path, "no tar archive: %s", text ? text : "unknown format");
    return spt_fail(error, SPT_INVALID, path, "the archive is broken behind member %zu: %s", stream->order,
                    text ? text : "unknown format");
}

/* --- opening --- */

static bool set_up(struct spt_archive_stream *stream) {
    struct archive *a = stream->archive;
    /* ARCHIVE_WARN would be a filter that runs a program. */
    if (stream->source.zip) return archive_read_support_format_zip_streamable(a) == ARCHIVE_OK;
    return archive_read_support_format_tar(a) == ARCHIVE_OK && archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
           archive_read_support_filter_zstd(a) == ARCHIVE_OK && archive_read_support_filter_bzip2(a) == ARCHIVE_OK &&
           archive_read_support_filter_xz(a) == ARCHIVE_OK;
}

enum spt_status spt_archive_stream_open(const struct spt_archive_source *source, struct spt_archive_stream **stream,
                                        struct spt_error *error) {
    struct spt_archive_stream *made = calloc(1, sizeof *made);
    if (!made) {
        (void)close(source->fd);
        return spt_fail_memory(error, sizeof *made, "reading an archive");
    }
    made->source = *source;
    made->at = source->begin;
    made->archive = archive_read_new();
    made->buffer = malloc(BUFFER);
    enum spt_status status = SPT_OK;
    if (!made->archive || !made->buffer || !set_up(made))
        status = spt_fail_memory(error, BUFFER, "reading an archive");
    else if (archive_read_set_read_callback(made->archive, on_read) != ARCHIVE_OK ||
             archive_read_set_skip_callback(made->archive, on_skip) != ARCHIVE_OK ||
             archive_read_set_callback_data(made->archive, made) != ARCHIVE_OK ||
             archive_read_open1(made->archive) != ARCHIVE_OK)
        status = fail(made, error);
    if (status == SPT_OK)
        *stream = made;
    else
        spt_archive_stream_close(made);
    return status;
}

void spt_archive_stream_close(struct spt_archive_stream *stream) {
    if (!stream) return;
    if (stream->archive) (void)archive_read_free(stream->archive);
    (void)close(stream->source.fd);
    free(stream->buffer);
    free(stream);
}

/* --- headers --- */

static enum spt_archive_kind kind_of(struct archive_entry *entry) {
    if (archive_entry_hardlink(entry) || archive_entry_hardlink_utf8(entry)) return SPT_ARCHIVE_HARD;
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return SPT_ARCHIVE_FILE;
    case AE_IFDIR:
        return SPT_ARCHIVE_FOLDER;
    case AE_IFLNK:
        return SPT_ARCHIVE_SYMBOLIC;
    default:
        return SPT_ARCHIVE_OTHER;
    }
}

/* Names are UTF-8, or whatever bytes an old archive has: libarchive gives the one or the other, by the locale. */
static const char *either(const char *utf8, const char *bytes) {
    return utf8 ? utf8 : bytes;
}

static const char *target_of(struct archive_entry *entry, enum spt_archive_kind kind) {
    const char *target = NULL;
    if (kind == SPT_ARCHIVE_HARD) target = either(archive_entry_hardlink_utf8(entry), archive_entry_hardlink(entry));
    if (kind == SPT_ARCHIVE_SYMBOLIC) target = either(archive_entry_symlink_utf8(entry), archive_entry_symlink(entry));
    return target;
}

/* Bytes of the archive before any filter that have been passed. */
static uint64_t position(const struct spt_archive_stream *stream) {
    const la_int64_t bytes = archive_filter_bytes(stream->archive, 0);
    return bytes < 0 ? 0 : (uint64_t)bytes;
}

uint64_t spt_archive_stream_growth(uint64_t size) {
    return size > (UINT64_MAX - GROWTH_FREE) / RATIO_MOST ? UINT64_MAX : size * RATIO_MOST + GROWTH_FREE;
}

static uint64_t most_bytes(const struct spt_archive_stream *stream) {
    const uint64_t size = stream->source.end - stream->source.begin;
    return spt_archive_stream_is_compressed(stream) ? spt_archive_stream_growth(size) : size;
}

/* How much data is still to come is said before any of it is passed over. */
static enum spt_status check_size(struct spt_archive_stream *stream, const char *name, uint64_t size,
                                  struct spt_error *error) {
    const uint64_t most = most_bytes(stream), at = position(stream);
    if (size > SIZE_MOST)
        return spt_fail(error, SPT_INVALID, stream->source.path, "\"%s\" is said to have %llu bytes", name,
                        (unsigned long long)size);
    stream->data_end = at + size + (BLOCK - size % BLOCK) % BLOCK;
    if (at <= most && size <= most - at) return SPT_OK;
    if (!spt_archive_stream_is_compressed(stream))
        return spt_fail_at(error, SPT_RETRY, stream->source.path, stream->source.end,
                           "the archive ends in the middle of \"%s\": it is not written to its end yet, or was cut",
                           name);
    return spt_fail(error, SPT_INVALID, stream->source.path,
                    "\"%s\" is said to have %llu bytes, out of proportion to an archive of %llu", name,
                    (unsigned long long)size, (unsigned long long)(stream->source.end - stream->source.begin));
}

/* The header begins where the data before it ends. A mark of two blocks of zeros stands at the end: without it more may
 * be to come. */
static enum spt_status check_place(struct spt_archive_stream *stream, bool end, struct spt_error *error) {
    if (stream->source.zip || stream->data_end == UNKNOWN) return SPT_OK;
    if (!end && (uint64_t)archive_read_header_position(stream->archive) != stream->data_end)
        return spt_fail(error, SPT_INVALID, stream->source.path,
                        "member %zu begins at byte %lld of the archive, the one before ends at %llu", stream->order + 1,
                        (long long)archive_read_header_position(stream->archive), (unsigned long long)stream->data_end);
    if (end && position(stream) < stream->data_end + BLOCK)
        return spt_fail_at(error, SPT_RETRY, stream->source.path, stream->source.end,
                           "the archive has no end mark: it is not written to its end yet, or was cut");
    return SPT_OK;
}

static enum spt_status check_filters(struct spt_archive_stream *stream, struct spt_error *error) {
    if (archive_filter_count(stream->archive) <= 2) return SPT_OK;
    return spt_fail(error, SPT_INVALID, stream->source.path, "is compressed more than once");
}

static enum spt_status put_header(struct spt_archive_stream *stream, struct spt_archive_header *header,
                                  struct spt_error *error) {
    struct archive_entry *entry = stream->entry;
    const char *name = either(archive_entry_pathname_utf8(entry), archive_entry_pathname(entry));
    const la_int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
    const enum spt_archive_kind kind = kind_of(entry);
    if (!name) return spt_fail(error, SPT_INVALID, stream->source.path, "member %zu has no name", stream->order);
    if (size < 0)
        return spt_fail(error, SPT_INVALID, stream->source.path, "\"%s\" is said to have %lld bytes", name,
                        (long long)size);
    const bool sparse = archive_entry_sparse_count(entry) > 0;
    const time_t seconds = archive_entry_mtime(entry);
    int64_t mtime = 0;
    if (__builtin_mul_overflow((int64_t)seconds, INT64_C(1000000000), &mtime) ||
        __builtin_add_overflow(mtime, (int64_t)archive_entry_mtime_nsec(entry), &mtime))
        mtime = 0;
    *header = (struct spt_archive_header){
        .name = name,
        .length = strlen(name),
        .member = {.target = target_of(entry, kind),
                   .size = (uint64_t)size,
                   .offset = stream->source.begin + position(stream),
                   .mtime_ns = mtime,
                   .order = stream->order,
                   .header = stream->order,
                   .kind = kind,
                   .compressed = spt_archive_stream_is_compressed(stream),
                   .sparse = sparse},
    };
    stream->order++;
    stream->sparse = sparse;
    if (sparse) stream->data_end = UNKNOWN; /* it has fewer bytes than it is said to have */
    if ((kind == SPT_ARCHIVE_HARD || kind == SPT_ARCHIVE_SYMBOLIC) && !header->member.target)
        return spt_fail(error, SPT_INVALID, stream->source.path, "\"%s\" is a link to nothing", name);
    if (stream->source.zip || sparse) return SPT_OK;
    return check_size(stream, name, (uint64_t)size, error);
}

/* libarchive warns of headers that it takes for malformed, and of names that this locale cannot show, which is no fault
 * of theirs. */
static bool is_of_locale(const struct spt_archive_stream *stream, int result) {
    const char *text = archive_error_string(stream->archive);
    return result == ARCHIVE_WARN && text && strstr(text, "can't be converted");
}

/* How many bytes a sparse file takes is not said: they are counted while they are passed over. */
static enum spt_status pass_sparse(struct spt_archive_stream *stream, struct spt_error *error) {
    if (!stream->sparse || !spt_archive_stream_is_compressed(stream)) return SPT_OK;
    enum spt_status status = SPT_OK;
    while (status == SPT_OK) {
        const void *bytes;
        size_t size;
        if (position(stream) > most_bytes(stream))
            return spt_fail(error, SPT_INVALID, stream->source.path,
                            "member %zu, a sparse file, is out of proportion to an archive of %llu bytes",
                            stream->order, (unsigned long long)(stream->source.end - stream->source.begin));
        status = spt_archive_stream_read(stream, &bytes, &size, error);
    }
    return status == SPT_END ? SPT_OK : status;
}

enum spt_status spt_archive_stream_next(struct spt_archive_stream *stream, struct spt_archive_header *header,
                                        struct spt_error *error) {
    enum spt_status status = pass_sparse(stream, error);
    if (status != SPT_OK) return status;
    const int result = archive_read_next_header(stream->archive, &stream->entry);
    const bool end = result == ARCHIVE_EOF;
    if (!end && result != ARCHIVE_OK && !is_of_locale(stream, result)) return fail(stream, error);
    status = check_filters(stream, error);
    if (status == SPT_OK) status = check_place(stream, end, error);
    if (status != SPT_OK || end) return status == SPT_OK ? SPT_END : status;
    return put_header(stream, header, error);
}

size_t spt_archive_stream_order(const struct spt_archive_stream *stream) {
    return stream->order;
}

enum spt_status spt_archive_stream_read(struct spt_archive_stream *stream, const void **bytes, size_t *size,
                                        struct spt_error *error) {
    la_int64_t offset;
    const int result = archive_read_data_block(stream->archive, bytes, size, &offset);
    stream->warning = result == ARCHIVE_WARN ? archive_error_string(stream->archive) : NULL;
    if (result == ARCHIVE_EOF) return SPT_END;
    return result == ARCHIVE_OK || result == ARCHIVE_WARN ? SPT_OK : fail(stream, error);
}

bool spt_archive_stream_is_compressed(const struct spt_archive_stream *stream) {
    return stream->source.zip || archive_filter_count(stream->archive) > 1;
}

const char *spt_archive_stream_warning(const struct spt_archive_stream *stream) {
    return stream->warning;
}

/* --- by sight --- */

static const struct {
    size_t at;
    const char *magic;
    size_t length;
} SIGHTS[] = {
    {257, "ustar", 5},          /* tar */
    {0, "\x1f\x8b\x08", 3},     /* gzip */
    {0, "\x28\xb5\x2f\xfd", 4}, /* zstd */
    {0, "BZh", 3},              /* bzip2 */
    {0,
     "\xfd"
     "7zXZ",
     6}, /* xz */
};

/* A tar file from before POSIX is known by the checksum of its first header. */
static bool is_old_tar(const unsigned char *head, size_t size) {
    unsigned sum = 0, said = 0, digits = 0;
    if (size < BLOCK || head[0] == 0) return false;
    for (size_t i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : head[i];
    for (size_t i = 148; i < 156; i++) {
        if (head[i] == ' ' && !digits) continue;
        if (head[i] < '0' || head[i] > '7') break;
        said = said * 8 + (unsigned)(head[i] - '0');
        digits++;
    }
    return digits > 0 && said == sum;
}

bool spt_archive_stream_bid(const unsigned char *head, size_t size) {
    for (size_t i = 0; i < sizeof SIGHTS / sizeof *SIGHTS; i++)
        if (size >= SIGHTS[i].at + SIGHTS[i].length &&
            memcmp(head + SIGHTS[i].at, SIGHTS[i].magic, SIGHTS[i].length) == 0)
            return true;
    return is_old_tar(head, size);
}
