#include "tracker/runs_of_store.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "tracker/control.h"

#include <stdlib.h>
#include <string.h>

/* The latest of those so called: a run that was swept again with another plan or probe has the same name. A number is a name before it is a
 * number: folders are called so. */
static struct spt_store_run *find_named(const struct spt_run_list *list, const char *name) {
    char *end;
    const long long number = strtoll(name, &end, 10);
    for (size_t i = list->all_count; i-- > 0;)
        if (strcmp(list->all[i].name, name) == 0) return &list->all[i];
    for (size_t i = 0; *name && !*end && i < list->all_count; i++)
        if (list->all[i].id == number) return &list->all[i];
    return NULL;
}

/* Without a name a control is only meant where there is nothing else. */
static struct spt_store_run *find_run(const struct spt_run_list *list, const char *name) {
    if (name) return find_named(list, name);
    for (size_t i = list->all_count; i-- > 0;)
        if (!spt_control_is(&list->all[i])) return &list->all[i];
    return list->all_count ? &list->all[list->all_count - 1] : NULL;
}

static int say_which_there_are(const struct spt_invocation *invocation, const struct spt_run_list *list,
                               const char *name) {
    struct spt_text known = {0};
    for (size_t i = 0; i < list->all_count; i++)
        spt_text_format(&known, "%s%s (%lld)", i ? ", " : "", list->all[i].name, (long long)list->all[i].id);
    const int status = list->all_count
                           ? spt_invocation_usage(invocation, "%s: no run \"%s\"; there are: %s", invocation->config.db,
                                                  name, known.data ? known.data : "")
                           : spt_invocation_usage(invocation, "%s: holds no run yet: spectail sweep RUN makes one",
                                                  invocation->config.db);
    spt_text_release(&known);
    return status;
}

int spt_runs_open(const struct spt_invocation *invocation, const char *name, bool all, struct spt_store **store,
                  struct spt_run_list *list) {
    struct spt_error error;
    *list = (struct spt_run_list){0};
    enum spt_status status = spt_store_open(invocation->config.db, SPT_STORE_READ, 0, store, &error);
    if (status != SPT_OK) return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    status = spt_store_runs(*store, &list->all, &list->all_count, &error);
    if (status != SPT_OK) {
        spt_store_close(*store);
        return spt_invocation_fail(invocation, SPT_EXIT_STORE, &error);
    }
    list->runs = all ? list->all : find_run(list, name);
    list->count = all ? list->all_count : list->runs != NULL;
    if (list->count) return SPT_EXIT_DONE;
    const int said = say_which_there_are(invocation, list, name);
    spt_runs_close(*store, list);
    return said;
}

/* Appends the run of this name, unless it is there already. */
static int add_named(const struct spt_invocation *invocation, struct spt_run_list *list, const char *name) {
    const struct spt_store_run *run = find_run(list, name);
    if (!run) return say_which_there_are(invocation, list, name);
    for (size_t i = 0; i < list->count; i++)
        if (list->named[i].id == run->id) return SPT_EXIT_DONE;
    list->named[list->count++] = *run;
    return SPT_EXIT_DONE;
}

/* All runs but controls, which are drawn beside their runs. */
static int take_all(const struct spt_invocation *invocation, struct spt_run_list *list) {
    list->count = 0;
    list->runs = list->named = spt_alloc(list->all_count, sizeof *list->named);
    if (!list->named) return spt_invocation_usage(invocation, "out of memory");
    for (size_t i = 0; i < list->all_count; i++)
        if (!spt_control_is(&list->all[i])) list->named[list->count++] = list->all[i];
    if (list->count == 0)
        for (; list->count < list->all_count; list->count++) list->named[list->count] = list->all[list->count];
    return SPT_EXIT_DONE;
}

int spt_runs_open_named(const struct spt_invocation *invocation, const char *names, bool all, struct spt_store **store,
                        struct spt_run_list *list) {
    int status = spt_runs_open(invocation, NULL, all, store, list);
    if (status == SPT_EXIT_DONE && all) {
        status = take_all(invocation, list);
        if (status != SPT_EXIT_DONE) spt_runs_close(*store, list);
        return status;
    }
    if (status != SPT_EXIT_DONE || !names) return status;
    char *copy = spt_strdup(names), *rest = copy;
    list->count = 0;
    list->runs = list->named = spt_alloc(list->all_count, sizeof *list->named);
    if (!copy || !list->named) status = spt_invocation_usage(invocation, "out of memory");
    while (rest && status == SPT_EXIT_DONE) status = add_named(invocation, list, strsep(&rest, "\n"));
    free(copy);
    if (status != SPT_EXIT_DONE) spt_runs_close(*store, list);
    return status;
}

void spt_runs_close(struct spt_store *store, struct spt_run_list *list) {
    free(list->named);
    spt_store_free_runs(list->all, list->all_count);
    spt_store_close(store);
    *list = (struct spt_run_list){0};
}
