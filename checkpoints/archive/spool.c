#include "checkpoints/archive/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "checkpoints/base/text.h"

enum { KEPT_PART = 8 }; /* of the limit, for what is kept */

static const char *choose_folder(const char *folder) {
    const char *usual = getenv("TMPDIR");
    if (folder) return folder;
    if (usual && usual[0]) return usual;
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"; /* /tmp is memory on many machines */
}

enum spt_status spt_archive_spools_init(struct spt_archive_spools *spools, const char *path, const char *folder,
                                        uint64_t limit, struct spt_error *error) {
    *spools = (struct spt_archive_spools){.path = path,
                                          .folder = spt_strdup(choose_folder(folder)),
                                          .limit = limit ? limit : SPT_ARCHIVE_SPOOL_LIMIT,
                                          .kept.fd = -1,
                                          .current.fd = -1};
    return spools->folder ? SPT_OK : spt_fail_memory(error, 0, "a path");
}

static void give_up(struct spt_archive_spool *spool) {
    if (spool->fd >= 0) (void)close(spool->fd);
    *spool = (struct spt_archive_spool){.fd = -1};
}

void spt_archive_spools_release(struct spt_archive_spools *spools) {
    if (!spools->folder) return;
    give_up(&spools->kept);
    give_up(&spools->current);
    free(spools->folder);
    *spools = (struct spt_archive_spools){0};
}

const struct spt_archive_spool *spt_archive_spools_find(const struct spt_archive_spools *spools,
                                                        struct spt_archive_place place) {
    if (place.spool == 0) return NULL;
    if (place.spool == spools->kept.id) return &spools->kept;
    return place.spool == spools->current.id ? &spools->current : NULL;
}

bool spt_archive_spools_may_keep(const struct spt_archive_spools *spools, uint64_t size) {
    const uint64_t most = spools->limit / KEPT_PART;
    return spools->kept.used <= most && size <= most - spools->kept.used;
}

/* Some file systems (NFS, FUSE) know no files without a name: there it is taken away at once. */
static int make_nameless(const char *folder, struct spt_text *name) {
    const int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
    spt_text_format(name, "%s/spectail-XXXXXX", folder);
    if (name->failed) {
        errno = ENOMEM;
        return -1;
    }
    const int named = mkostemp(name->data, O_CLOEXEC);
    if (named >= 0) (void)unlink(name->data);
    return named;
}

static enum spt_status make(struct spt_archive_spools *spools, struct spt_archive_spool *spool,
                            struct spt_error *error) {
    if (spool->id) return SPT_OK;
    struct spt_text name = {0};
    const int fd = make_nameless(spools->folder, &name);
    const int why = errno;
    spt_text_release(&name);
    if (fd < 0)
        return spt_fail_system(error, why, spools->folder,
                               "make a temporary file for what is compressed (--tmpdir names another folder)");
    *spool = (struct spt_archive_spool){.id = ++spools->last_id, .fd = fd};
    return SPT_OK;
}

/* As if the disk were full: it is tried again, with another limit perhaps. */
static enum spt_status fail_at_limit(const struct spt_archive_spools *spools, uint64_t wanted, const char *what,
                                     struct spt_error *error) {
    (void)spt_fail(error, SPT_IO, what,
                   "is compressed: %llu bytes would have to be spooled in %s, more than the %llu that --spool-limit "
                   "allows",
                   (unsigned long long)wanted, spools->folder, (unsigned long long)spools->limit);
    if (error) error->system = ENOSPC;
    return SPT_IO;
}

bool spt_archive_spools_turn(struct spt_archive_spools *spools) {
    const bool stale = spools->stale;
    if (stale) give_up(&spools->current);
    spools->stale = false;
    return stale;
}

enum spt_status spt_archive_spools_reserve(struct spt_archive_spools *spools, struct spt_archive_spool *spool,
                                           uint64_t size, const char *what, struct spt_error *error) {
    if (spool == &spools->current) (void)spt_archive_spools_turn(spools);
    const uint64_t used = spools->kept.used + spools->current.used;
    if (used > spools->limit || size > spools->limit - used) return fail_at_limit(spools, used + size, what, error);
    enum spt_status status = make(spools, spool, error);
    if (status != SPT_OK || size == 0 || size > INT64_MAX - spool->used) return status;
    /* Where there is too little room it is said now, not in the middle; what cannot tell is let be. */
    if (fallocate(spool->fd, 0, (off_t)spool->used, (off_t)size) != 0 && (errno == ENOSPC || errno == EDQUOT))
        status = spt_fail_system(error, errno, spools->folder,
                                 "make room for what is compressed (--tmpdir names another folder)");
    return status;
}

enum spt_status spt_archive_spools_write(struct spt_archive_spools *spools, struct spt_archive_spool *spool,
                                         const void *bytes, size_t size, struct spt_error *error) {
    for (size_t done = 0; done < size;) {
        const ssize_t put =
            pwrite(spool->fd, (const unsigned char *)bytes + done, size - done, (off_t)(spool->used + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return spt_fail_system(error, errno, spools->folder, "write what is compressed");
        done += (size_t)put;
    }
    spool->used += size;
    return SPT_OK;
}
