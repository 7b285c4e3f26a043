#include "checkpoints/scan.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/layouts/layouts.h"
#include "checkpoints/said.h"

struct spt_scan {
    char *path;
    struct spt_run_options options; /* with said's log */
    struct spt_said *said;
    struct spt_folder_memory *memory;
    struct spt_run *run;
    struct spt_sight *sights; /* [count] of run->refs, or none after a look that found nothing */
    size_t count;
};

enum spt_status spt_scan_new(const char *path, const struct spt_run_options *options, struct spt_scan **scan,
                             struct spt_error *error) {
    struct spt_step_names *names = NULL;
    const enum spt_status status = spt_step_names_new(options ? options->step_pattern : NULL, &names, error);
    if (status) return status;
    spt_step_names_free(names);
    struct spt_scan *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a scan");
    if (options) made->options = *options;
    made->path = spt_strdup(path);
    made->said = spt_said_new(made->options.log);
    made->memory = spt_folder_memory_new();
    if (!made->path || !made->said || !made->memory) {
        spt_scan_free(made);
        return spt_fail_memory(error, strlen(path), "a scan");
    }
    made->options.log = spt_said_log(made->said);
    *scan = made;
    return SPT_OK;
}

void spt_scan_free(struct spt_scan *scan) {
    if (!scan) return;
    spt_run_close(scan->run);
    spt_folder_memory_free(scan->memory);
    spt_said_free(scan->said);
    free(scan->sights);
    free(scan->path);
    free(scan);
}

/* --- the sights of the look before, found again --- */

static int compare_names(const struct spt_checkpoint_ref *a, const struct spt_checkpoint_ref *b) {
    const int order = strcmp(a->uri, b->uri);
    return order ? order : strcmp(a->path, b->path);
}

static int compare_sights(const void *a, const void *b) {
    return compare_names((*(const struct spt_sight *const *)a)->ref, (*(const struct spt_sight *const *)b)->ref);
}

struct earlier {
    const struct spt_sight *sights;  /* [count] in step order */
    size_t count, next;              /* next: where the one after the last that was found stands */
    const struct spt_sight **sorted; /* [count] by name, once it is needed; NULL */
};

static bool sort_earlier(struct earlier *earlier) {
    if (earlier->sorted) return true;
    earlier->sorted = spt_alloc(earlier->count, sizeof *earlier->sorted);
    if (!earlier->sorted) return false;
    for (size_t i = 0; i < earlier->count; i++) earlier->sorted[i] = &earlier->sights[i];
    if (earlier->count) qsort(earlier->sorted, earlier->count, sizeof *earlier->sorted, compare_sights);
    return true;
}

/* Both are in step order: mostly the next one is meant. false: out of memory. */
static bool find_earlier(struct earlier *earlier, const struct spt_checkpoint_ref *ref,
                         const struct spt_sight **found) {
    *found = NULL;
    if (!earlier->count) return true;
    if (earlier->next < earlier->count && compare_names(earlier->sights[earlier->next].ref, ref) == 0) {
        *found = &earlier->sights[earlier->next++];
        return true;
    }
    if (!sort_earlier(earlier)) return false;
    const struct spt_sight wanted = {.ref = ref}, *key = &wanted;
    const struct spt_sight *const *hit =
        bsearch(&key, earlier->sorted, earlier->count, sizeof *earlier->sorted, compare_sights);
    if (!hit) return true;
    *found = *hit;
    earlier->next = (size_t)(*found - earlier->sights) + 1;
    return true;
}

static enum spt_status take_run(struct spt_scan *scan, struct spt_run *run, double now, struct spt_error *error) {
    struct earlier earlier = {.sights = scan->sights, .count = scan->count};
    struct spt_sight *sights = spt_alloc(run->count, sizeof *sights);
    bool memory = sights != NULL;
    for (size_t i = 0; i < run->count && memory; i++) {
        const struct spt_checkpoint_ref *ref = &run->refs[i];
        const struct spt_sight *before;
        memory = find_earlier(&earlier, ref, &before);
        const bool fresh = !before || !spt_hash_equal(before->state, ref->state);
        sights[i] = (struct spt_sight){.ref = ref,
                                       .state = ref->state,
                                       .since = fresh ? now : before->since,
                                       .newest = ref->newest,
                                       .fresh = fresh};
    }
    free(earlier.sorted);
    if (!memory) {
        free(sights);
        return spt_fail_memory(error, run->count * sizeof *sights, "a look at a run");
    }
    free(scan->sights);
    spt_run_close(scan->run);
    scan->sights = sights;
    scan->count = run->count;
    scan->run = run;
    return SPT_OK;
}

/* --- looking --- */

enum spt_status spt_scan_look(struct spt_scan *scan, double now, struct spt_error *error) {
    struct spt_run *before = scan->count ? scan->run : NULL, *run = NULL;
    struct spt_error why;
    enum spt_status status = spt_run_look(scan->path, &scan->options, scan->memory, before, &run, &why);
    if (status == SPT_OK && run == before) {
        for (size_t i = 0; i < scan->count; i++) scan->sights[i].fresh = false;
        return SPT_OK;
    }
    if (status == SPT_OK) status = take_run(scan, run, now, &why);
    if (status == SPT_OK) {
        spt_said_round(scan->said);
        return SPT_OK;
    }
    spt_run_close(run);
    spt_folder_memory_look_past(scan->memory); /* what it remembers is not what the sights are of */
    if (status == SPT_END) scan->count = 0;
    if (error) *error = why;
    return status;
}

const struct spt_run *spt_scan_run(const struct spt_scan *scan) {
    return scan->run;
}

const struct spt_sight *spt_scan_sights(const struct spt_scan *scan, size_t *count) {
    *count = scan->count;
    return scan->sights;
}
