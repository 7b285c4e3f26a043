/* The operations of a tree on an archive. Paths that are not below it are the disk's. */
#include "checkpoints/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "checkpoints/archive/opened.h"
#include "checkpoints/base/text.h"

enum { HEAD = 512 };

static struct spt_archive *of(struct spt_tree *tree) {
    return (struct spt_archive *)(void *)tree;
}

/* What path is called within the archive; NULL: it is not in it. */
static const char *inner_of(const struct spt_archive *archive, const char *path) {
    if (strncmp(path, archive->path, archive->path_length) != 0) return NULL;
    const char *rest = path + archive->path_length;
    if (*rest && *rest != '/') return NULL;
    while (*rest == '/') rest++;
    return rest;
}

static bool is_changed(const struct spt_archive *archive, const struct spt_file_identity *now) {
    return !spt_file_identity_equal(now, &archive->identity);
}

enum spt_status spt_archive_reopen(const struct spt_archive *archive, int *fd, struct spt_error *error) {
    struct spt_file_identity identity;
    const enum spt_status status = spt_file_open(archive->path, fd, &identity, error);
    if (status != SPT_OK || !is_changed(archive, &identity)) return status;
    (void)close(*fd);
    *fd = -1;
    return spt_fail(error, SPT_RETRY, archive->path, "the archive changed since it was listed");
}

/* --- looking --- */

/* A multiplier without a pattern (Knuth, TAOCP 3.3.4, table 1): members of one archive and the archives of one disk
 * are told apart. */
#define SPREAD UINT64_C(6364136223846793005)

static struct spt_look look_of(const struct spt_archive *archive, const struct spt_archive_member *member) {
    static const enum spt_kind KINDS[] = {
        [SPT_ARCHIVE_FILE] = SPT_KIND_FILE,     [SPT_ARCHIVE_FOLDER] = SPT_KIND_FOLDER,
        [SPT_ARCHIVE_SYMBOLIC] = SPT_KIND_LINK, [SPT_ARCHIVE_HARD] = SPT_KIND_FILE,
        [SPT_ARCHIVE_OTHER] = SPT_KIND_OTHER,
    };
    const bool file = member->kind == SPT_ARCHIVE_FILE;
    struct spt_look look = {.kind = KINDS[member->kind], .identity = archive->identity};
    look.identity.inode = archive->identity.inode * SPREAD + member->order + 1;
    look.identity.size = file ? member->size : 0;
    if (file) look.identity.mtime_ns = member->mtime_ns;
    return look;
}

static enum spt_status archive_look(struct spt_tree *tree, const char *path, bool follow, struct spt_look *look,
                                    struct spt_error *error) {
    struct spt_archive *archive = of(tree);
    const char *inner = inner_of(archive, path);
    struct spt_archive_member *member;
    if (!inner) return follow ? spt_tree_look(NULL, path, look, error) : spt_tree_look_at_link(NULL, path, look, error);
    const enum spt_status status = spt_archive_index_follow(&archive->index, inner, follow, path, &member, error);
    if (status == SPT_OK) *look = look_of(archive, member);
    return status;
}

static enum spt_status archive_list(struct spt_tree *tree, const char *path, struct spt_tree_folder *folder,
                                    struct spt_error *error) {
    struct spt_archive *archive = of(tree);
    const char *inner = inner_of(archive, path);
    struct spt_archive_member *member;
    if (!inner) return spt_tree_list(NULL, path, folder, error);
    const enum spt_status status = spt_archive_index_follow(&archive->index, inner, true, path, &member, error);
    if (status != SPT_OK) return status;
    if (member->kind != SPT_ARCHIVE_FOLDER) return spt_fail_system(error, ENOTDIR, path, "list the folder");
    folder->handle = malloc(SPT_ARCHIVE_NAME_MAX + 1); /* an entry's name */
    if (!folder->handle) return spt_fail_memory(error, SPT_ARCHIVE_NAME_MAX, "a folder's entries");
    folder->next = (size_t)(member - archive->index.members) + 1;
    folder->end = member->end;
    return SPT_OK;
}

static enum spt_status archive_next(struct spt_tree_folder *folder, struct spt_tree_entry *entry,
                                    struct spt_error *error) {
    (void)error;
    const struct spt_archive *archive = of(folder->tree);
    if (folder->next >= folder->end) return SPT_END;
    const struct spt_archive_member *member = &archive->index.members[folder->next];
    const char *slash = memrchr(member->path, '/', member->length);
    const char *name = slash ? slash + 1 : member->path;
    const size_t length = member->length - (size_t)(name - member->path);
    memcpy(folder->handle, name, length);
    ((char *)folder->handle)[length] = '\0';
    *entry = (struct spt_tree_entry){.name = folder->handle, .kind = look_of(archive, member).kind};
    folder->next = member->end;
    return SPT_OK;
}

static enum spt_status archive_look_in(struct spt_tree_folder *folder, const char *name, struct spt_look *look,
                                       struct spt_error *error) {
    char path[2 * PATH_MAX];
    if (!name) return archive_look(folder->tree, folder->path, true, look, error);
    if (snprintf(path, sizeof path, "%s/%s", folder->path, name) >= (int)sizeof path)
        return spt_fail_system(error, ENAMETOOLONG, folder->path, "look into the folder");
    return archive_look(folder->tree, path, true, look, error);
}

static void archive_unlist(struct spt_tree_folder *folder) {
    free(folder->handle);
}

static char *archive_real_path(struct spt_tree *tree, const char *path) {
    struct spt_archive *archive = of(tree);
    const char *inner = inner_of(archive, path);
    struct spt_archive_member *member;
    struct spt_error why = {0};
    if (!inner) return spt_tree_real_path(NULL, path);
    if (spt_archive_index_follow(&archive->index, inner, true, path, &member, &why) != SPT_OK) {
        errno = why.system ? why.system : ENOENT;
        return NULL;
    }
    struct spt_text real = {0};
    spt_text_put(&real, archive->path);
    if (member->length) spt_text_put(&real, "/");
    spt_text_append(&real, member->path, member->length);
    if (!real.failed) return real.data;
    spt_text_release(&real);
    errno = ENOMEM;
    return NULL;
}

/* --- opening --- */

static const char *reason_to_refuse(const struct spt_archive_member *member) {
    if (member->kind == SPT_ARCHIVE_FOLDER) return "expected a file, found a directory";
    if (member->kind != SPT_ARCHIVE_FILE) return "expected a file, found a device, a FIFO or a socket";
    if (member->twice) return "the archive holds several files of this name";
    return member->sparse ? "a sparse file, whose holes the archive leaves out; pack it without --sparse" : NULL;
}

static enum spt_status find_file(struct spt_archive *archive, const char *path, const char *inner,
                                 struct spt_archive_member **member, struct spt_error *error) {
    const enum spt_status status = spt_archive_index_follow(&archive->index, inner, true, path, member, error);
    if (status != SPT_OK) return status;
    const char *why = reason_to_refuse(*member);
    return why ? spt_fail(error, SPT_INVALID, path, "%s", why) : SPT_OK;
}

static enum spt_status open_spooled(struct spt_archive *archive, const char *path, struct spt_archive_member *member,
                                    struct spt_tree_file *file, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    const struct spt_archive_spool *spool = spt_archive_spools_find(&archive->spools, member->place);
    if (!spool && archive->zip)
        status = spt_archive_spool_zip(archive, member, path, error);
    else if (!spool)
        status = spt_archive_spool_tar(archive, &member, 1, path, error);
    if (status != SPT_OK) return status;
    spool = spt_archive_spools_find(&archive->spools, member->place);
    file->base = member->place.offset;
    file->fd = fcntl(spool->fd, F_DUPFD_CLOEXEC, 0);
    return file->fd >= 0 ? SPT_OK : spt_fail_system(error, errno, path, "open");
}

/* Weights are read whole, later: who reads them looks at their CRC. */
static enum spt_status look_at_crc(const struct spt_archive *archive, const char *path,
                                   struct spt_archive_member *member, struct spt_tree_file *file,
                                   struct spt_error *error) {
    if (member->checked) return SPT_OK;
    file->sealed = !spt_archive_is_small(path, member->size);
    file->crc = member->crc;
    if (file->sealed) return SPT_OK;
    const enum spt_status status = spt_archive_check_stored(archive, member, file->fd, path, error);
    if (status != SPT_OK) spt_tree_close(file);
    return status;
}

static enum spt_status archive_open(struct spt_tree *tree, const char *path, struct spt_tree_file *file,
                                    struct spt_error *error) {
    struct spt_archive *archive = of(tree);
    const char *inner = inner_of(archive, path);
    struct spt_archive_member *member;
    if (!inner) return spt_tree_open(NULL, path, file, error);
    enum spt_status status = find_file(archive, path, inner, &member, error);
    if (status != SPT_OK) return status;
    file->identity = look_of(archive, member).identity;
    if (member->compressed) return open_spooled(archive, path, member, file, error);
    file->base = member->offset;
    status = spt_archive_reopen(archive, &file->fd, error);
    if (status == SPT_OK && archive->zip) status = look_at_crc(archive, path, member, file, error);
    return status;
}

static enum spt_status archive_confirm(struct spt_tree *tree, const struct spt_tree_file *file, const char *path,
                                       struct spt_error *error) {
    struct spt_archive *archive = of(tree);
    const char *inner = inner_of(archive, path);
    struct spt_archive_member *member;
    struct spt_look now;
    if (!inner) return spt_tree_confirm(NULL, file, path, error);
    enum spt_status status = find_file(archive, path, inner, &member, error);
    if (status != SPT_OK) return status;
    if (!member->compressed) return spt_file_confirm(file->fd, archive->path, &archive->identity, error);
    status = spt_tree_look(NULL, archive->path, &now, error);
    if (status == SPT_OK && is_changed(archive, &now.identity))
        status = spt_fail(error, SPT_RETRY, archive->path, "changed while it was read");
    return status;
}

/* --- what is to come --- */

static void archive_begin(struct spt_tree *tree) {
    of(tree)->spools.stale = true;
}

/* Those that have to be spooled, each once. */
static size_t choose_awaited(struct spt_archive *archive, const char *const *paths, size_t count,
                             struct spt_archive_member **awaited) {
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) {
        const char *inner = inner_of(archive, paths[i]);
        struct spt_archive_member *member;
        bool known = !inner || find_file(archive, paths[i], inner, &member, NULL) != SPT_OK || !member->compressed ||
                     spt_archive_spools_find(&archive->spools, member->place);
        for (size_t k = 0; k < chosen && !known; k++) known = awaited[k] == member;
        if (!known) awaited[chosen++] = member;
    }
    return chosen;
}

static enum spt_status archive_expect(struct spt_tree *tree, const char *const *paths, size_t count,
                                      struct spt_error *error) {
    struct spt_archive *archive = of(tree);
    if (archive->zip || count == 0) return SPT_OK; /* a zip's members are found one by one without a pass */
    struct spt_archive_member **awaited = spt_alloc(count, sizeof(struct spt_archive_member *));
    if (!awaited) return spt_fail_memory(error, count * sizeof *awaited, "a list of files");
    size_t chosen = choose_awaited(archive, paths, count, awaited);
    if (chosen && spt_archive_spools_turn(&archive->spools)) chosen = choose_awaited(archive, paths, count, awaited);
    const enum spt_status status = chosen ? spt_archive_spool_tar(archive, awaited, chosen, paths[0], error) : SPT_OK;
    free(awaited);
    return status;
}

/* --- the archive --- */

static void archive_free(struct spt_tree *tree) {
    struct spt_archive *archive = of(tree);
    spt_archive_stream_close(archive->stream);
    spt_archive_spools_release(&archive->spools);
    spt_archive_index_release(&archive->index);
    free(archive->path);
    free(archive);
}

static const struct spt_tree_operations ARCHIVE = {
    .look = archive_look,
    .list = archive_list,
    .next = archive_next,
    .look_in = archive_look_in,
    .unlist = archive_unlist,
    .open = archive_open,
    .confirm = archive_confirm,
    .expect = archive_expect,
    .begin = archive_begin,
    .real_path = archive_real_path,
    .free = archive_free,
};

static bool is_zip(const unsigned char *head, size_t size) {
    return size >= 4 && (memcmp(head, "PK\003\004", 4) == 0 || memcmp(head, "PK\005\006", 4) == 0);
}

static size_t ending_of(const char *name) {
    static const char *const ENDINGS[] = {".tar",  ".tar.gz", ".tgz",    ".tar.zst", ".tzst", ".tar.bz2",
                                          ".tbz2", ".tbz",    ".tar.xz", ".txz",     ".zip"};
    const size_t length = strlen(name);
    size_t longest = 0;
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        const size_t ending = strlen(ENDINGS[i]);
        if (ending < length && ending > longest && strcasecmp(name + length - ending, ENDINGS[i]) == 0)
            longest = ending;
    }
    return longest;
}

/* SPT_END: no archive. Contents decide; only of a file whose contents have hardly begun does the name. */
static enum spt_status recognise(struct spt_archive *archive, struct spt_error *error) {
    unsigned char head[HEAD] = {0};
    int fd;
    enum spt_status status = spt_file_open(archive->path, &fd, &archive->identity, error);
    if (status != SPT_OK) return status;
    const uint64_t length = archive->identity.size;
    const size_t size = length < HEAD ? (size_t)length : HEAD;
    status = spt_file_read_at(fd, archive->path, 0, head, size, error);
    (void)close(fd);
    if (status != SPT_OK) return status;
    archive->zip = is_zip(head, size);
    if (archive->zip || spt_archive_stream_bid(head, size)) return SPT_OK;
    if (size < HEAD && ending_of(archive->path) > 0)
        return spt_fail(error, SPT_RETRY, archive->path, "%zu bytes, too few to be an archive", size);
    return SPT_END;
}

enum spt_status spt_archive_open(const char *path, const struct spt_archive_options *options, struct spt_tree **tree,
                                 struct spt_error *error) {
    const struct spt_archive_options none = {0};
    if (!options) options = &none;
    struct spt_archive *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "an archive");
    made->tree = (struct spt_tree){.operations = &ARCHIVE, .holders = 1};
    made->log = options->log;
    made->path = spt_strdup(path);
    enum spt_status status = made->path ? recognise(made, error) : spt_fail_memory(error, strlen(path), "a path");
    if (status == SPT_OK) {
        made->path_length = strlen(made->path);
        made->index.path = made->path;
        spt_archive_index_limit(&made->index, made->identity.size);
        status = spt_archive_spools_init(&made->spools, made->path, options->tmpdir, options->spool_limit, error);
    }
    if (status == SPT_OK) status = made->zip ? spt_archive_list_zip(made, error) : spt_archive_list_tar(made, error);
    if (status == SPT_OK) status = spt_archive_index_finish(&made->index, error);
    if (status == SPT_OK)
        *tree = &made->tree;
    else
        archive_free(&made->tree);
    return status;
}

const char *spt_archive_path(const struct spt_tree *tree) {
    return ((const struct spt_archive *)(const void *)tree)->path;
}

const struct spt_file_identity *spt_archive_identity(const struct spt_tree *tree) {
    return &((const struct spt_archive *)(const void *)tree)->identity;
}

char *spt_archive_stem(const char *name) {
    char *stem = spt_strdup(name);
    if (stem) stem[strlen(stem) - ending_of(name)] = '\0';
    return stem;
}
