#include "checkpoints/archive/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    COUNT_FREE = 64 * 1024, /* members of which no archive is too small */
    COUNT_MOST = 4 * 1000 * 1000,
    BYTES_PER_MEMBER = 64, /* a row of a zip's directory takes 46 and the name, a member of a tar file 512 */
    NAMES_FREE = 16 * 1024 * 1024,
    NAMES_MOST = 1024 * 1024 * 1024,
    HOPS_MAX = 40,
};

void spt_archive_index_limit(struct spt_archive_index *index, uint64_t size) {
    const uint64_t count = COUNT_FREE + size / BYTES_PER_MEMBER, bytes = NAMES_FREE + size;
    index->count_most = count < COUNT_MOST ? (size_t)count : COUNT_MOST;
    index->bytes_most = bytes < NAMES_MOST ? (size_t)bytes : NAMES_MOST;
}

/* --- names --- */

/* A name in one form: "./a//b/" is "a/b". out [length + 1]. NULL, or what is wrong with the name. */
static const char *normalise(const char *name, size_t length, char *out, size_t *used) {
    size_t depth = 0;
    *used = 0;
    if (length == 0) return "is empty";
    if (name[0] == '/') return "is absolute";
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return "holds control characters";
    for (size_t i = 0; i < length;) {
        const char *slash = memchr(name + i, '/', length - i);
        const size_t part = slash ? (size_t)(slash - name) - i : length - i;
        const bool dot = part == 1 && name[i] == '.';
        if (part == 2 && memcmp(name + i, "..", 2) == 0) return "leads out of the archive";
        if (part > 0 && !dot) {
            if (++depth > SPT_ARCHIVE_DEPTH_MAX) return "lies in too many folders";
            if (*used) out[(*used)++] = '/';
            memcpy(out + *used, name + i, part);
            *used += part;
        }
        i += part + 1;
    }
    return NULL;
}

/* '/' before all others, so that what a folder holds follows it. */
static unsigned rank(char c) {
    return c == '/' ? 0 : (unsigned char)c;
}

static int compare_paths(const char *a, size_t a_length, const char *b, size_t b_length) {
    const size_t shorter = a_length < b_length ? a_length : b_length;
    for (size_t i = 0; i < shorter; i++)
        if (a[i] != b[i]) return rank(a[i]) < rank(b[i]) ? -1 : 1;
    return (a_length > b_length) - (a_length < b_length);
}

static int compare_members(const void *left, const void *right) {
    const struct spt_archive_member *a = left, *b = right;
    const int order = compare_paths(a->path, a->length, b->path, b->length);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* --- making --- */

static enum spt_status put(struct spt_archive_index *index, const struct spt_archive_member *member,
                           struct spt_error *error) {
    void *members = index->members;
    if (index->count == index->count_most)
        return spt_fail(error, SPT_INVALID, index->path,
                        "names more than %zu files and folders, out of proportion to its size", index->count_most);
    if (!spt_grow(&members, &index->capacity, index->count + 1, sizeof *member))
        return spt_fail_memory(error, sizeof *member, "a list of an archive's members");
    index->members = members;
    index->members[index->count++] = *member;
    return SPT_OK;
}

/* The folders that path lies in, but for those that the member before lies in too. */
static enum spt_status put_folders(struct spt_archive_index *index, const char *path, size_t length, size_t order,
                                   struct spt_error *error) {
    const struct spt_archive_member *before = index->count ? &index->members[index->count - 1] : NULL;
    size_t same = 0;
    while (before && same < length && same < before->length && path[same] == before->path[same]) same++;
    enum spt_status status = SPT_OK;
    for (size_t i = 1; i < length && status == SPT_OK; i++) {
        const struct spt_archive_member folder = {
            .path = path, .length = i, .order = order, .kind = SPT_ARCHIVE_FOLDER};
        if (path[i] == '/' && (i >= same || index->count == 0)) status = put(index, &folder, error);
    }
    return status;
}

static enum spt_status copy_name(struct spt_archive_index *index, const char *name, size_t length, const char **copy,
                                 struct spt_error *error) {
    if (length >= index->bytes_most - index->bytes)
        return spt_fail(error, SPT_INVALID, index->path,
                        "holds more than %zu bytes of names, out of proportion to its size", index->bytes_most);
    *copy = spt_arena_copy(&index->names, name, length);
    index->bytes += length + 1;
    return *copy ? SPT_OK : spt_fail_memory(error, length, "a member's name");
}

enum spt_status spt_archive_index_add(struct spt_archive_index *index, const char *name, size_t length,
                                      const struct spt_archive_member *member, struct spt_error *error) {
    char normal[SPT_ARCHIVE_NAME_MAX + 1];
    struct spt_archive_member added = *member;
    if (length > SPT_ARCHIVE_NAME_MAX)
        return spt_fail(error, SPT_INVALID, index->path, "the name of member %zu has %zu bytes, at most %d are taken",
                        member->order, length, (int)SPT_ARCHIVE_NAME_MAX);
    const char *wrong = normalise(name, length, normal, &added.length);
    if (wrong)
        return spt_fail(error, SPT_INVALID, index->path, "the name of a member %s: \"%.*s\"", wrong, (int)length, name);
    if (added.length == 0) return SPT_OK; /* "./": the root */
    enum spt_status status = copy_name(index, normal, added.length, &added.path, error);
    if (status == SPT_OK && member->target)
        status = copy_name(index, member->target, strlen(member->target), &added.target, error);
    if (status == SPT_OK) status = put_folders(index, added.path, added.length, added.order, error);
    return status == SPT_OK ? put(index, &added, error) : status;
}

static bool is_below(const struct spt_archive_member *member, const struct spt_archive_member *folder) {
    if (folder->length == 0) return true;
    return member->length > folder->length && member->path[folder->length] == '/' &&
           memcmp(member->path, folder->path, folder->length) == 0;
}

/* Of several members of one name the last stays; folders are named as often as one likes. */
static enum spt_status merge(struct spt_archive_index *index, struct spt_error *error) {
    size_t kept = 0;
    for (size_t i = 0; i < index->count; i++) {
        struct spt_archive_member *next = &index->members[i], *last = kept ? &index->members[kept - 1] : NULL;
        const bool same = last && compare_paths(last->path, last->length, next->path, next->length) == 0;
        const bool folder = same && next->kind == SPT_ARCHIVE_FOLDER, before = same && last->kind == SPT_ARCHIVE_FOLDER;
        if (folder != before)
            return spt_fail(error, SPT_INVALID, index->path, "\"%.*s\" is both a folder and a file", (int)next->length,
                            next->path);
        if (same && folder) continue;
        if (same) kept--;
        index->members[kept] = *next;
        index->members[kept++].twice = same;
    }
    index->count = kept;
    return SPT_OK;
}

/* Each folder's end; a member below what is no folder would have made it one, and been refused. */
static void find_ends(struct spt_archive_index *index) {
    size_t open[SPT_ARCHIVE_DEPTH_MAX + 2], depth = 0;
    for (size_t i = 0; i < index->count; i++) {
        while (depth && !is_below(&index->members[i], &index->members[open[depth - 1]]))
            index->members[open[--depth]].end = i;
        assert(depth < sizeof open / sizeof *open);
        open[depth++] = i;
    }
    while (depth) index->members[open[--depth]].end = index->count;
}

enum spt_status spt_archive_index_finish(struct spt_archive_index *index, struct spt_error *error) {
    const struct spt_archive_member root = {.path = "", .kind = SPT_ARCHIVE_FOLDER};
    enum spt_status status = put(index, &root, error);
    if (status != SPT_OK) return status;
    qsort(index->members, index->count, sizeof *index->members, compare_members);
    status = merge(index, error);
    if (status == SPT_OK) find_ends(index);
    return status;
}

void spt_archive_index_release(struct spt_archive_index *index) {
    free(index->members);
    spt_arena_release(&index->names);
    *index = (struct spt_archive_index){0};
}

/* --- finding --- */

struct spt_archive_member *spt_archive_index_find(const struct spt_archive_index *index, const char *path,
                                                  size_t length) {
    size_t low = 0, high = index->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_paths(index->members[middle].path, index->members[middle].length, path, length);
        if (order == 0) return &index->members[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The way from the root: at is where it has come to, rest what is still before it. */
struct way {
    char at[SPT_ARCHIVE_NAME_MAX + 2];
    char rest[2 * SPT_ARCHIVE_NAME_MAX + 4];
    size_t length; /* of at */
    unsigned hops;
};

/* The first part of way->rest is taken off; its length, 0: there is none left. */
static size_t take_part(struct way *way, char *part) {
    size_t begin = 0;
    while (way->rest[begin] == '/') begin++;
    const size_t length = strcspn(way->rest + begin, "/");
    memcpy(part, way->rest + begin, length);
    part[length] = '\0';
    memmove(way->rest, way->rest + begin + length, strlen(way->rest + begin + length) + 1);
    return length;
}

static void leave_last(struct way *way) {
    while (way->length && way->at[way->length - 1] != '/') way->length--;
    if (way->length) way->length--;
}

static bool append_part(struct way *way, const char *part, size_t length) {
    if (way->length + length + 1 > SPT_ARCHIVE_NAME_MAX) return false;
    if (way->length) way->at[way->length++] = '/';
    memcpy(way->at + way->length, part, length);
    way->length += length;
    return true;
}

/* Puts where a link leads before the rest of the way. An errno, -1: out of the archive. */
static int turn(struct way *way, const struct spt_archive_member *link) {
    const size_t target = strlen(link->target), rest = strlen(way->rest);
    if (++way->hops > HOPS_MAX) return ELOOP;
    if (target > SPT_ARCHIVE_NAME_MAX || target + 1 + rest >= sizeof way->rest) return ENAMETOOLONG;
    if (link->target[0] == '/' || link->target[0] == '\0') return -1;
    memmove(way->rest + target + 1, way->rest, rest + 1);
    memcpy(way->rest, link->target, target);
    way->rest[target] = '/';
    if (rest == 0) way->rest[target] = '\0';
    if (link->kind == SPT_ARCHIVE_HARD)
        way->length = 0;
    else
        leave_last(way);
    return 0;
}

/* One part of the way. An errno; -1: out of the archive. */
static int step(const struct spt_archive_index *index, struct way *way, const char *part, size_t length, bool follow,
                struct spt_archive_member **member, const struct spt_archive_member **link) {
    if (length == 1 && part[0] == '.') return 0;
    if (length == 2 && part[0] == '.' && part[1] == '.') {
        if (way->length == 0) return -1;
        leave_last(way);
        *member = spt_archive_index_find(index, way->at, way->length);
        return 0;
    }
    if (!append_part(way, part, length)) return ENAMETOOLONG;
    *member = spt_archive_index_find(index, way->at, way->length);
    if (!*member) return ENOENT;
    const bool last = way->rest[strspn(way->rest, "/")] == '\0';
    const enum spt_archive_kind kind = (*member)->kind;
    if (kind == SPT_ARCHIVE_HARD || (kind == SPT_ARCHIVE_SYMBOLIC && (follow || !last))) {
        *link = *member;
        const int wrong = turn(way, *link);
        *member = spt_archive_index_find(index, way->at, way->length); /* "." leads no further */
        return wrong;
    }
    return kind == SPT_ARCHIVE_FOLDER || last ? 0 : ENOTDIR;
}

enum spt_status spt_archive_index_follow(const struct spt_archive_index *index, const char *path, bool follow,
                                         const char *whole, struct spt_archive_member **member,
                                         struct spt_error *error) {
    struct way way;
    char part[sizeof way.rest];
    const struct spt_archive_member *link = NULL;
    *member = spt_archive_index_find(index, path, strlen(path));
    if (*member && (*member)->kind != SPT_ARCHIVE_HARD && !(follow && (*member)->kind == SPT_ARCHIVE_SYMBOLIC))
        return SPT_OK;
    if (strlen(path) > SPT_ARCHIVE_NAME_MAX) return spt_fail_system(error, ENAMETOOLONG, whole, "look at");
    way.length = way.hops = 0;
    memcpy(way.rest, path, strlen(path) + 1);
    *member = &index->members[0];
    int wrong = 0;
    size_t left = strlen(path); /* of path: what a link puts before it is the link's */
    bool own = true;
    for (size_t length; wrong == 0 && (length = take_part(&way, part)) > 0;) {
        own = strlen(way.rest) < left;
        if (own) left = strlen(way.rest);
        wrong = step(index, &way, part, length, follow, member, &link);
    }
    if (wrong == 0) return SPT_OK;
    if (link && wrong == ELOOP)
        return spt_fail(error, SPT_INVALID, whole, "\"%.*s\" is a link that leads in a circle", (int)link->length,
                        link->path);
    if (link && (wrong < 0 || (!own && (wrong == ENOENT || wrong == ENOTDIR))))
        return spt_fail(error, SPT_INVALID, whole, "\"%.*s\" is a link to \"%s\", which is no member of this archive",
                        (int)link->length, link->path, link->target);
    return spt_fail_system(error, wrong < 0 ? ENOENT : wrong, whole, "look at");
}
