/* A cache of the Hugging Face hub (models--org--repo), where a step's name lives only in refs/, or a folder of such
 * caches. */
#include "checkpoints/layouts/layouts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/text.h"

struct cache {
    char *path;
    const char *entry; /* its name in root; NULL: root itself */
    char *repository;  /* "org/repo" */
    struct spt_hub_revisions revisions;
    struct spt_step_name of_repository; /* suites like MultiBERTs have a repository a step */
    size_t standing;                    /* where the repository is a step: the revision that is meant */
    bool steps;                         /* the repository or one of its refs is named as a step */
};

static void release_cache(struct cache *cache) {
    free(cache->path);
    free(cache->repository);
    spt_hub_revisions_release(&cache->revisions);
}

/* A repository that is a step has other revisions too: the hub's own conversions, main's commits of former days. main
 * is meant, or what holds weights. */
static enum spt_status find_standing(const struct spt_listing *listing, struct cache *cache, struct spt_error *error) {
    int best = -1;
    for (size_t i = 0; i < cache->revisions.count; i++) {
        const struct spt_hub_revision *revision = &cache->revisions.items[i];
        struct spt_step_name name;
        struct spt_folder folder;
        enum spt_status status = spt_step_names_match(listing->names, revision->name, &name, error);
        if (!status) status = spt_listing_scan(listing, revision->snapshot, NULL, &folder, error);
        if (status) return status;
        const int rank = (folder.weights ? 2 : 0) + (strcmp(revision->name, "main") == 0);
        if (name.kind != SPT_STEP_NAME_OTHER || rank <= best) continue;
        best = rank;
        cache->standing = i;
    }
    return SPT_OK;
}

static enum spt_status open_cache(const struct spt_listing *listing, const char *path, const char *entry,
                                  struct cache *cache, struct spt_error *error) {
    *cache = (struct cache){.path = spt_strdup(path), .entry = entry};
    const char *slash = strrchr(path, '/');
    cache->repository = spt_hub_repository_of(slash ? slash + 1 : path);
    if (!cache->path || !cache->repository) return spt_fail_memory(error, strlen(path), "a path");
    const char *repository = strrchr(cache->repository, '/');
    repository = repository ? repository + 1 : cache->repository;
    enum spt_status status = spt_step_names_match(listing->names, repository, &cache->of_repository, error);
    if (!status) status = spt_hub_revisions_read(listing->tree, path, listing->options->log, &cache->revisions, error);
    cache->steps = cache->of_repository.kind == SPT_STEP_NAME_STEP;
    if (!status && cache->steps) status = find_standing(listing, cache, error);
    for (size_t i = 0; i < cache->revisions.count && !status && !cache->steps; i++) {
        struct spt_step_name name;
        status = spt_step_names_match(listing->names, cache->revisions.items[i].name, &name, error);
        cache->steps = !status && name.kind == SPT_STEP_NAME_STEP;
    }
    return status;
}

/* Why a revision is passed over, or NULL. */
static const char *reason_to_skip(const struct spt_listing *listing, const struct spt_step_name *name,
                                  const struct spt_folder *folder) {
    if (name->kind == SPT_STEP_NAME_TOO_LARGE) return "the step does not fit 63 bits";
    if (folder->system == ENOTDIR) return "its snapshot is no folder";
    if (name->kind == SPT_STEP_NAME_STEP) return NULL;
    if (spt_step_names_are_users(listing->names)) return "does not match the step pattern";
    return folder->weights ? NULL : "no step's name and no weights";
}

static enum spt_status add_revision(struct spt_listing *listing, const struct cache *cache, size_t index,
                                    bool several_repositories, struct spt_error *error) {
    const struct spt_hub_revision *revision = &cache->revisions.items[index];
    struct spt_found found = {.path = revision->snapshot,
                              .label = revision->name,
                              .beside = {spt_hub_main_snapshot(&cache->revisions), cache->path}};
    enum spt_status status = spt_step_names_match(listing->names, revision->name, &found.name, error);
    if (status) return status;
    const bool by_repository =
        found.name.kind == SPT_STEP_NAME_OTHER && cache->of_repository.kind == SPT_STEP_NAME_STEP;
    if (by_repository) {
        found.name = cache->of_repository;
        found.label = cache->repository;
    }
    struct spt_folder folder;
    status = spt_listing_scan(listing, revision->snapshot, NULL, &folder, error);
    if (status) return status;
    const bool beside = by_repository && !listing->only && index != cache->standing;
    const char *const skip =
        beside ? "another revision is the repository's step" : reason_to_skip(listing, &found.name, &folder);
    if (skip) {
        spt_log(listing->options->log, SPT_LOG_NOTE, "%s, revision %s: skipped: %s", cache->path, revision->name, skip);
        return SPT_OK;
    }
    if (folder.system)
        spt_log(listing->options->log, SPT_LOG_WARNING, "%s, revision %s: %s: %s", cache->path, revision->name,
                revision->snapshot, strerror(folder.system));
    if (several_repositories && !by_repository) spt_hub_put_repository(&found.name, cache->repository);
    struct spt_text uri = {0};
    spt_text_format(&uri, "%s%s%s/%s", cache->entry ? cache->entry : "", cache->entry ? "/" : "",
                    revision->named ? "refs" : "snapshots", revision->name);
    found.uri = uri.data;
    status =
        uri.failed ? spt_fail_memory(error, uri.length, "a path") : spt_listing_add(listing, &found, &folder, error);
    spt_text_release(&uri);
    return status;
}

/* The revision of listing->only's snapshot that is named as a step, else the first; the count when there is none. */
static size_t revision_of_only(const struct spt_listing *listing, const struct cache *cache) {
    size_t best = cache->revisions.count;
    for (size_t i = 0; i < cache->revisions.count; i++) {
        struct spt_step_name name;
        if (strcmp(listing->only, cache->revisions.items[i].commit) != 0) continue;
        if (best == cache->revisions.count) best = i;
        if (spt_step_names_match(listing->names, cache->revisions.items[i].name, &name, NULL) == SPT_OK &&
            name.kind == SPT_STEP_NAME_STEP)
            return i;
    }
    return best;
}

static enum spt_status add_cache(struct spt_listing *listing, const struct cache *cache, bool several_repositories,
                                 struct spt_error *error) {
    enum spt_status status = SPT_OK;
    const size_t only = listing->only ? revision_of_only(listing, cache) : 0;
    for (size_t i = 0; i < cache->revisions.count && !status; i++)
        if (!listing->only || i == only) status = add_revision(listing, cache, i, several_repositories, error);
    return status;
}

static enum spt_status open_caches(const struct spt_listing *listing, struct cache *caches, size_t *count,
                                   struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < listing->entries.count && !status; i++) {
        const struct spt_entry *entry = &listing->entries.items[i];
        if (!entry->directory || strncmp(entry->name, "models--", 8) != 0) continue;
        struct spt_text path = {0};
        spt_text_format(&path, "%s/%s", listing->root, entry->name);
        if (path.failed) status = spt_fail_memory(error, path.length, "a path");
        if (!status && spt_hub_is_cache(listing->tree, path.data))
            status = open_cache(listing, path.data, entry->name, &caches[(*count)++], error);
        spt_text_release(&path);
    }
    return status;
}

/* A user's hub folder holds every model that was ever downloaded: those without a step are not this run's. */
static enum spt_status add_caches(struct spt_listing *listing, const struct cache *caches, size_t count,
                                  struct spt_error *error) {
    size_t repositories = 0;
    for (size_t i = 0; i < count; i++) repositories += caches[i].steps;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < count && !status; i++) {
        if (caches[i].steps || count == 1)
            status = add_cache(listing, &caches[i], repositories > 1, error);
        else
            spt_log(listing->options->log, SPT_LOG_NOTE, "%s: skipped: none of its revisions is named as a step",
                    caches[i].path);
    }
    return status;
}

enum spt_status spt_layout_hub_cache(struct spt_listing *listing, struct spt_error *error) {
    if (listing->file) return SPT_END;
    spt_folder_memory_look_past(listing->memory);
    const bool itself = spt_hub_is_cache(listing->tree, listing->root);
    if (!itself && listing->only) return SPT_END;
    const size_t most = itself ? 1 : listing->entries.count;
    struct cache *caches = spt_alloc_zeroed(most, sizeof *caches);
    if (!caches) return spt_fail_memory(error, most * sizeof *caches, "a folder of caches");
    size_t count = 0;
    enum spt_status status;
    if (itself)
        status = open_cache(listing, listing->root, NULL, &caches[count++], error);
    else
        status = open_caches(listing, caches, &count, error);
    if (!status)
        status = itself ? add_cache(listing, &caches[0], false, error) : add_caches(listing, caches, count, error);
    for (size_t i = 0; i < count; i++) release_cache(&caches[i]);
    free(caches);
    if (status) return status;
    return listing->count ? SPT_OK : SPT_END;
}
