/* A step's folder that holds hub caches, as from_pretrained(..., cache_dir="run/step512") leaves them: of the model, and
 * of the tokenizer where that has a repository of its own. */
#include "checkpoints/layouts/layouts.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

struct cache {
    char *path;
    const char *entry; /* its name in the step's folder; "": that folder itself */
    char *repository;
    struct spt_hub_revisions revisions;
};

/* A snapshot that may be what the step's name stands for. */
struct candidate {
    const struct cache *cache;
    const struct spt_hub_revision *revision;
    struct spt_folder folder;
    bool alone; /* of its cache */
};

struct nest {
    struct spt_listing *listing;
    const struct spt_found *step;
    struct spt_entries entries;
    struct cache *caches;
    size_t count;
    struct candidate *candidates;
    size_t candidate_count, capacity;
};

static void release(struct nest *nest) {
    for (size_t i = 0; i < nest->count; i++) {
        free(nest->caches[i].path);
        free(nest->caches[i].repository);
        spt_hub_revisions_release(&nest->caches[i].revisions);
    }
    free(nest->caches);
    free(nest->candidates);
    spt_entries_release(&nest->entries);
}

/* Where the cache holds several snapshots those without weights are none of the step's. */
static enum spt_status add_candidate(struct nest *nest, const struct cache *cache,
                                     const struct spt_hub_revision *revision, bool alone, struct spt_error *error) {
    struct candidate candidate = {.cache = cache, .revision = revision, .alone = alone};
    const enum spt_status status = spt_listing_scan(nest->listing, revision->snapshot, NULL, &candidate.folder, error);
    if (status || (!candidate.folder.weights && !alone)) return status;
    void *candidates = nest->candidates;
    const bool room = spt_grow(&candidates, &nest->capacity, nest->candidate_count + 1, sizeof *nest->candidates);
    nest->candidates = candidates;
    if (!room) return spt_fail_memory(error, sizeof candidate, "a step's snapshots");
    nest->candidates[nest->candidate_count++] = candidate;
    return SPT_OK;
}

static int compare_commits(const void *a, const void *b) {
    return strcmp(((const struct spt_hub_revision *)a)->commit, ((const struct spt_hub_revision *)b)->commit);
}

/* The revision named like the step is the one meant. Else all that hold weights, each snapshot once. */
static enum spt_status add_candidates(struct nest *nest, const struct cache *cache, struct spt_error *error) {
    const struct spt_hub_revisions *revisions = &cache->revisions;
    if (revisions->count == 1) return add_candidate(nest, cache, revisions->items, true, error);
    for (size_t i = 0; i < revisions->count; i++)
        if (strcmp(revisions->items[i].name, nest->step->label) == 0)
            return add_candidate(nest, cache, &revisions->items[i], true, error);
    if (revisions->count) qsort(revisions->items, revisions->count, sizeof *revisions->items, compare_commits);
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < revisions->count && !status; i++)
        if (i == 0 || strcmp(revisions->items[i].commit, revisions->items[i - 1].commit) != 0)
            status = add_candidate(nest, cache, &revisions->items[i], false, error);
    return status;
}

static enum spt_status open_cache(struct nest *nest, const char *path, const char *entry, struct spt_error *error) {
    if (!spt_hub_is_cache(nest->listing->tree, path)) return SPT_OK;
    struct cache *cache = &nest->caches[nest->count++];
    *cache = (struct cache){.path = spt_strdup(path), .entry = entry, .repository = spt_hub_repository_of(entry)};
    if (!cache->path || !cache->repository) return spt_fail_memory(error, strlen(path), "a path");
    const enum spt_status status =
        spt_hub_revisions_read(nest->listing->tree, path, nest->listing->options->log, &cache->revisions, error);
    return status ? status : add_candidates(nest, cache, error);
}

static enum spt_status open_caches(struct nest *nest, struct spt_error *error) {
    const char *path = nest->step->path;
    enum spt_status status = spt_entries_read(nest->listing->tree, path, &nest->entries, error);
    if (status) return status;
    nest->caches = spt_alloc_zeroed(nest->entries.count + 1, sizeof *nest->caches);
    if (!nest->caches) return spt_fail_memory(error, sizeof *nest->caches, "a step's caches");
    status = open_cache(nest, path, "", error);
    if (nest->count) return status;
    for (size_t i = 0; i < nest->entries.count && !status; i++) {
        const struct spt_entry *entry = &nest->entries.items[i];
        if (!entry->directory || strncmp(entry->name, "models--", 8) != 0) continue;
        char *cache = spt_file_join(path, entry->name);
        status = cache ? open_cache(nest, cache, entry->name, error) : spt_fail_memory(error, strlen(path), "a path");
        free(cache);
    }
    return status;
}

/* Drops the candidates without weights, unless there is but one: its download has only begun. */
static void keep_models(struct nest *nest) {
    if (nest->candidate_count == 1) return;
    size_t kept = 0;
    for (size_t i = 0; i < nest->candidate_count; i++)
        if (nest->candidates[i].folder.weights) nest->candidates[kept++] = nest->candidates[i];
    nest->candidate_count = kept;
}

static bool several_caches(const struct nest *nest) {
    for (size_t i = 1; i < nest->candidate_count; i++)
        if (nest->candidates[i].cache != nest->candidates[0].cache) return true;
    return false;
}

static enum spt_status add_model(struct nest *nest, const struct candidate *candidate, bool several,
                                 struct spt_error *error) {
    const struct cache *cache = candidate->cache;
    struct spt_found found = *nest->step;
    struct spt_text uri = {0};
    spt_text_put(&uri, found.uri);
    if ((several || !candidate->alone) && cache->entry[0]) spt_text_format(&uri, "/%s", cache->entry);
    if (!candidate->alone) spt_text_format(&uri, "/snapshots/%s", candidate->revision->commit);
    if (several) spt_hub_put_repository(&found.name, cache->repository);
    found.uri = uri.data;
    found.path = candidate->revision->snapshot;
    found.beside[0] = spt_hub_main_snapshot(&cache->revisions);
    found.beside[1] = nest->step->path;
    const enum spt_status status = uri.failed ? spt_fail_memory(error, uri.length, "a path")
                                              : spt_listing_add(nest->listing, &found, &candidate->folder, error);
    spt_text_release(&uri);
    return status;
}

enum spt_status spt_layout_nested_caches(struct spt_listing *listing, const struct spt_found *step, size_t *added,
                                         struct spt_error *error) {
    struct nest nest = {.listing = listing, .step = step};
    spt_folder_memory_look_past(listing->memory);
    enum spt_status status = open_caches(&nest, error);
    if (!status) keep_models(&nest);
    const bool several = several_caches(&nest);
    for (*added = 0; *added < nest.candidate_count && !status; ++*added)
        status = add_model(&nest, &nest.candidates[*added], several, error);
    release(&nest);
    return status;
}
