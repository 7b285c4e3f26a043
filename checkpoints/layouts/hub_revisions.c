#include "checkpoints/layouts/layouts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"

/* A ref holds the 40 digits of a commit. Branches are nested folders where their names have slashes. */
enum { REF_SIZE_MAX = 1024, COMMIT_MAX = 128, DEPTH_MAX = 8 };

bool spt_hub_is_cache(struct spt_tree *tree, const char *path) {
    char *snapshots = spt_file_join(path, "snapshots");
    const bool cache = snapshots && spt_tree_is_folder(tree, snapshots);
    free(snapshots);
    return cache;
}

static bool is_commit(const char *text) {
    const size_t length = strlen(text);
    return length > 0 && length <= COMMIT_MAX && strspn(text, "0123456789abcdefABCDEF") == length;
}

static enum spt_status add_revision(struct spt_hub_revisions *revisions, const char *cache, const char *name,
                                    const char *commit, bool named, struct spt_error *error) {
    void *items = revisions->items;
    const bool room = spt_grow(&items, &revisions->capacity, revisions->count + 1, sizeof *revisions->items);
    revisions->items = items;
    struct spt_text snapshot = {0};
    spt_text_format(&snapshot, "%s/snapshots/%s", cache, commit);
    struct spt_hub_revision revision = {.named = named};
    if (room && !snapshot.failed) {
        revision.name = spt_arena_copy(&revisions->memory, name, strlen(name));
        revision.commit = spt_arena_copy(&revisions->memory, commit, strlen(commit));
        revision.snapshot = spt_arena_copy(&revisions->memory, snapshot.data, snapshot.length);
    }
    spt_text_release(&snapshot);
    if (!revision.name || !revision.commit || !revision.snapshot)
        return spt_fail_memory(error, sizeof revision, "a hub cache's revisions");
    revisions->items[revisions->count++] = revision;
    return SPT_OK;
}

static enum spt_status read_ref(struct spt_hub_revisions *revisions, struct spt_tree *tree, const char *cache,
                                const char *path, const char *name, const struct spt_log *log,
                                struct spt_error *error) {
    char *commit = NULL;
    size_t size;
    struct spt_error why;
    const enum spt_status read = spt_tree_read_all(tree, path, REF_SIZE_MAX, &commit, &size, &why);
    if (read == SPT_NOMEM) return spt_fail_memory(error, REF_SIZE_MAX, "a ref");
    if (read) {
        spt_log(log, SPT_LOG_WARNING, "%s: skipped: %s", path, why.message);
        return SPT_OK;
    }
    commit[strcspn(commit, " \t\r\n")] = '\0';
    enum spt_status status = SPT_OK;
    if (is_commit(commit))
        status = add_revision(revisions, cache, name, commit, true, error);
    else
        spt_log(log, SPT_LOG_WARNING, "%s: skipped: \"%.60s\" is no commit", path, commit);
    free(commit);
    return status;
}

/* prefix is "" for refs/ itself, "pr/" below. Links to folders are not followed: they could lead in a circle. */
static enum spt_status read_refs(struct spt_hub_revisions *revisions, struct spt_tree *tree, const char *cache,
                                 const char *folder, const char *prefix, int depth, const struct spt_log *log,
                                 struct spt_error *error) {
    struct spt_entries entries = {0};
    struct spt_error why;
    enum spt_status status = spt_entries_read(tree, folder, &entries, &why);
    if (status == SPT_IO) {
        spt_log(log, SPT_LOG_WARNING, "%s: skipped: %s", folder, why.message);
        return SPT_OK;
    }
    if (status) return spt_fail(error, status, folder, "%s", why.message);
    for (size_t i = 0; i < entries.count && !status; i++) {
        const struct spt_entry *entry = &entries.items[i];
        struct spt_text path = {0}, name = {0};
        spt_text_format(&path, "%s/%s", folder, entry->name);
        spt_text_format(&name, "%s%s", prefix, entry->name);
        if (entry->directory) spt_text_put(&name, "/");
        if (path.failed || name.failed)
            status = spt_fail_memory(error, path.length, "a ref's path");
        else if (!entry->directory)
            status = read_ref(revisions, tree, cache, path.data, name.data, log, error);
        else if (entry->link || depth == DEPTH_MAX)
            spt_log(log, SPT_LOG_WARNING, "%s: skipped: %s", path.data,
                    entry->link ? "a link to a folder" : "too deep");
        else
            status = read_refs(revisions, tree, cache, path.data, name.data, depth + 1, log, error);
        spt_text_release(&path);
        spt_text_release(&name);
    }
    spt_entries_release(&entries);
    return status;
}

static int compare_commits(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Snapshots that no ref leads to: downloaded by commit, or left behind when a branch moved on. */
static enum spt_status add_unnamed(struct spt_hub_revisions *revisions, struct spt_tree *tree, const char *cache,
                                   const char *folder, struct spt_error *error) {
    struct spt_entries entries = {0};
    enum spt_status status = spt_entries_read(tree, folder, &entries, error);
    if (status) return status;
    const size_t named = revisions->count;
    const char **commits = spt_alloc(named, sizeof *commits);
    if (!commits) status = spt_fail_memory(error, named * sizeof *commits, "a hub cache's revisions");
    for (size_t i = 0; !status && i < named; i++) commits[i] = revisions->items[i].commit;
    if (!status && named) qsort(commits, named, sizeof *commits, compare_commits);
    for (size_t i = 0; !status && i < entries.count; i++) {
        const char *name = entries.items[i].name;
        if (!entries.items[i].directory || bsearch(&name, commits, named, sizeof *commits, compare_commits)) continue;
        status = add_revision(revisions, cache, name, name, false, error);
    }
    free(commits);
    spt_entries_release(&entries);
    return status;
}

enum spt_status spt_hub_revisions_read(struct spt_tree *tree, const char *cache, const struct spt_log *log,
                                       struct spt_hub_revisions *revisions, struct spt_error *error) {
    char *refs = spt_file_join(cache, "refs"), *snapshots = spt_file_join(cache, "snapshots");
    enum spt_status status = SPT_OK;
    if (!refs || !snapshots) status = spt_fail_memory(error, strlen(cache), "a path");
    if (!status && spt_tree_is_folder(tree, refs)) status = read_refs(revisions, tree, cache, refs, "", 0, log, error);
    if (!status) status = add_unnamed(revisions, tree, cache, snapshots, error);
    free(refs);
    free(snapshots);
    if (status) spt_hub_revisions_release(revisions);
    return status;
}

void spt_hub_revisions_release(struct spt_hub_revisions *revisions) {
    free(revisions->items);
    spt_arena_release(&revisions->memory);
    *revisions = (struct spt_hub_revisions){0};
}

const char *spt_hub_main_snapshot(const struct spt_hub_revisions *revisions) {
    for (size_t i = 0; i < revisions->count; i++)
        if (strcmp(revisions->items[i].name, "main") == 0) return revisions->items[i].snapshot;
    return NULL;
}

char *spt_hub_repository_of(const char *folder) {
    static const char PREFIX[] = "models--";
    const bool prefixed = strncmp(folder, PREFIX, sizeof PREFIX - 1) == 0;
    char *name = spt_strdup(prefixed ? folder + sizeof PREFIX - 1 : folder);
    char *separator = name ? strstr(name, "--") : NULL;
    if (prefixed && separator) {
        *separator = '/';
        memmove(separator + 1, separator + 2, strlen(separator + 2) + 1);
    }
    return name;
}

void spt_hub_put_repository(struct spt_step_name *name, const char *repository) {
    struct spt_text branch = {0};
    spt_text_format(&branch, "%s%s%s", repository, name->branch[0] ? ":" : "", name->branch);
    if (!branch.failed) (void)spt_text_printable(name->branch, sizeof name->branch, branch.data);
    spt_text_release(&branch);
}
