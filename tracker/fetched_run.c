#include "tracker/fetched_run.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/model_config/neox.h"
#include "checkpoints/tokenizer/files.h"
#include "tracker/fetch.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What all checkpoints of a run may share; the larger of the two takes some tens of MB at most. */
static const char CONFIG[] = "config.json";
enum { SHARED_MAX = 256 << 20 };

/* --- the run before it is here --- */

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* The file of the user's choice, else the run's own; NULL where there is none. */
static char *shared_file(const char *chosen, const char *root, const char *name, bool *memory) {
    char *path = chosen ? spt_strdup(chosen) : spt_file_join(root, name);
    if (!path) *memory = false;
    if (path && !chosen && access(path, F_OK) != 0) {
        free(path);
        return NULL;
    }
    return path;
}

struct look {
    const char *root;
    bool memory;
};

static bool has_file(void *context, const char *name) {
    struct look *look = context;
    char *path = shared_file(NULL, look->root, name, &look->memory);
    free(path);
    return path != NULL;
}

static bool fill_ref(struct spt_checkpoint_ref *ref, const struct spt_config *config, const char *root, int64_t step) {
    bool memory = true;
    *ref = (struct spt_checkpoint_ref){.step = step, .tokens = SPT_NO_TOKENS};
    ref->uri = spt_fetch_folder_name(config, step);
    ref->label = ref->uri ? spt_strdup(ref->uri) : NULL;
    ref->path = ref->uri ? spt_file_join(root, ref->uri) : NULL;
    ref->branch = spt_strdup("");
    ref->config = shared_file(config->model_config, root, CONFIG, &memory);
    struct look look = {.root = root, .memory = true};
    const char *tokenizer = spt_tokenizer_file_choose(has_file, &look);
    memory = memory && look.memory;
    if (tokenizer || config->tokenizer) ref->tokenizer = shared_file(config->tokenizer, root, tokenizer, &memory);
    return memory && ref->label && ref->path && ref->branch;
}

static enum spt_status fill_run(struct spt_run *run, const struct spt_config *config, struct spt_error *error) {
    const size_t count = spt_config_step_count(&config->fetch_steps);
    run->layout = "fetched";
    run->root = realpath(config->fetch_dir, NULL);
    if (!run->root && errno == ENOENT) run->root = spt_strdup(config->fetch_dir); /* it is not there yet */
    if (!run->root) return spt_fail_system(error, errno, config->fetch_dir, "open this folder");
    run->name = spt_strdup(last_part(run->root));
    run->refs = calloc(count ? count : 1, sizeof *run->refs);
    int64_t *steps = spt_alloc(count, sizeof *steps);
    bool memory = run->name && run->refs && steps;
    if (memory) spt_config_step_list(&config->fetch_steps, steps);
    for (; memory && run->count < count; run->count++)
        memory = fill_ref(&run->refs[run->count], config, run->root, steps[run->count]);
    free(steps);
    return memory ? SPT_OK : spt_fail_memory(error, count * sizeof *run->refs, "a run that is fetched");
}

enum spt_status spt_fetched_list(const struct spt_config *config, struct spt_run **run, struct spt_error *error) {
    struct spt_run *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a run");
    const enum spt_status status = fill_run(made, config, error);
    if (status == SPT_OK)
        *run = made;
    else
        spt_run_close(made);
    return status;
}

/* --- bringing its checkpoints --- */

/* A step that was given up on while the run's model was looked for. */
struct failure {
    int64_t step;
    struct spt_error error;
};

struct spt_fetched {
    const struct spt_config *config;
    const struct spt_log *log;
    const struct spt_run_options *options;
    bool (*stop)(void *context);
    void *context;

    struct spt_fetch *first; /* of the one step by which the run was discovered, until that is done; NULL: none */
    int64_t first_step;
    char *first_folder;
    struct failure *failures; /* [failure_count] */
    size_t failure_count, failure_capacity;

    struct spt_fetch *fetch;        /* of all others */
    struct spt_fetch *at_hand;      /* of the two, whose folder is taken; NULL: neither's */
    struct spt_run *listed;         /* what is in that folder */
    struct spt_checkpoint_ref here; /* its strings are borrowed from listed and from what was wanted */
};

enum spt_status spt_fetched_new(const struct spt_config *config, const struct spt_log *log,
                                const struct spt_run_options *options, bool (*stop)(void *context), void *context,
                                struct spt_fetched **fetched, struct spt_error *error) {
    struct spt_fetched *made = spt_alloc_zeroed(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "a run that is fetched");
    made->config = config;
    made->log = log;
    made->options = options;
    made->stop = stop;
    made->context = context;
    /* What a killed sweep left is removed also where nothing is left to fetch. */
    const enum spt_status status = spt_fetch_new(config, log, NULL, 0, stop, context, &made->fetch, error);
    spt_fetch_free(made->fetch);
    made->fetch = NULL;
    if (status == SPT_OK)
        *fetched = made;
    else
        free(made);
    return status;
}

void spt_fetched_free(struct spt_fetched *fetched) {
    if (!fetched) return;
    spt_run_close(fetched->listed);
    spt_fetch_free(fetched->first);
    spt_fetch_free(fetched->fetch);
    free(fetched->first_folder);
    free(fetched->failures);
    free(fetched);
}

static enum spt_status list(struct spt_fetched *fetched, const char *folder, struct spt_error *error) {
    spt_run_close(fetched->listed);
    fetched->listed = NULL;
    return spt_run_open(folder, fetched->options, &fetched->listed, error);
}

/* from, into root/name, unless that is there. */
static enum spt_status share(const char *from, const char *root, const char *name, struct spt_error *error) {
    char *into = spt_file_join(root, name), *bytes;
    size_t size;
    if (!into) return spt_fail_memory(error, strlen(root), "a path");
    enum spt_status status = SPT_OK;
    if (from && access(into, F_OK) != 0) {
        status = spt_file_read_all(from, SHARED_MAX, &bytes, &size, error);
        if (status == SPT_OK) {
            status = spt_file_write_all(into, bytes, size, error);
            free(bytes);
        }
    }
    free(into);
    return status;
}

/* A tokenizer.json is one by itself, another file with what lies beside it. */
static enum spt_status share_tokenizer(const char *tokenizer, const char *root, struct spt_error *error) {
    const char *name = last_part(tokenizer);
    if (strcmp(name, SPT_TOKENIZER_PARTS[0]) == 0) return share(tokenizer, root, name, error);
    enum spt_status status = SPT_OK;
    for (size_t i = 1; SPT_TOKENIZER_PARTS[i] && status == SPT_OK; i++) {
        struct spt_text beside = {0};
        spt_text_append(&beside, tokenizer, strlen(tokenizer) - strlen(name));
        spt_text_put(&beside, SPT_TOKENIZER_PARTS[i]);
        if (beside.failed)
            status = spt_fail_memory(error, strlen(tokenizer), "a path");
        else if (access(beside.data, F_OK) == 0)
            status = share(beside.data, root, SPT_TOKENIZER_PARTS[i], error);
        spt_text_release(&beside);
    }
    return status;
}

/* Whatever is wrong with the checkpoint itself is said when it is analysed. */
static enum spt_status share_files(struct spt_fetched *fetched, const char *folder, struct spt_error *error) {
    const struct spt_config *config = fetched->config;
    struct spt_error ignored;
    if (list(fetched, folder, &ignored) != SPT_OK) return SPT_OK;
    const struct spt_checkpoint_ref *ref = &fetched->listed->refs[0];
    enum spt_status status = SPT_OK;
    const bool own = ref->config && spt_neox_config_is(NULL, ref->config); /* each checkpoint has its own */
    if (!config->model_config && !own) status = share(ref->config, config->fetch_dir, CONFIG, error);
    if (status == SPT_OK && !config->tokenizer && ref->tokenizer)
        status = share_tokenizer(ref->tokenizer, config->fetch_dir, error);
    return status;
}

static enum spt_status remember(struct spt_fetched *fetched, int64_t step, const struct spt_error *why,
                                struct spt_error *error) {
    const size_t need = fetched->failure_count + 1;
    if (!spt_grow((void **)&fetched->failures, &fetched->failure_capacity, need, sizeof *fetched->failures))
        return spt_fail_memory(error, need * sizeof *fetched->failures, "what cannot be fetched");
    fetched->failures[fetched->failure_count++] = (struct failure){.step = step, .error = *why};
    return SPT_OK;
}

static const struct failure *find_failure(const struct spt_fetched *fetched, int64_t step) {
    for (size_t i = 0; i < fetched->failure_count; i++)
        if (fetched->failures[i].step == step) return &fetched->failures[i];
    return NULL;
}

enum spt_status spt_fetched_discover(struct spt_fetched *fetched, const struct spt_checkpoint_ref *const *refs,
                                     size_t count, struct spt_error *error) {
    enum spt_status status = SPT_IO;
    for (size_t i = 0; i < count && status == SPT_IO; i++) {
        const int64_t step = refs[i]->step;
        const char *folder;
        status = spt_fetch_new(fetched->config, fetched->log, &step, 1, fetched->stop, fetched->context,
                               &fetched->first, error);
        if (status != SPT_OK) return status;
        status = spt_fetch_next(fetched->first, &fetched->first_step, &folder, error);
        if (status == SPT_OK) {
            fetched->first_folder = spt_strdup(folder);
            if (!fetched->first_folder) return spt_fail_memory(error, strlen(folder), "a path");
            return share_files(fetched, folder, error);
        }
        spt_fetch_free(fetched->first);
        fetched->first = NULL;
        if (status == SPT_IO && remember(fetched, step, error, error) != SPT_OK) return SPT_NOMEM;
    }
    return status;
}

static enum spt_status end_first(struct spt_fetched *fetched, struct spt_error *error) {
    const enum spt_status status = spt_fetch_done(fetched->first, error);
    spt_fetch_free(fetched->first);
    fetched->first = NULL;
    return status;
}

enum spt_status spt_fetched_begin(struct spt_fetched *fetched, const struct spt_checkpoint_ref *const *refs,
                                  size_t count, struct spt_error *error) {
    int64_t *steps = spt_alloc(count, sizeof *steps);
    if (!steps) return spt_fail_memory(error, count * sizeof *steps, "the steps to fetch");
    size_t left = 0;
    bool first = false;
    for (size_t i = 0; i < count; i++) {
        const bool is_first = fetched->first && refs[i]->step == fetched->first_step;
        first |= is_first;
        if (!is_first && !find_failure(fetched, refs[i]->step)) steps[left++] = refs[i]->step;
    }
    enum spt_status status = SPT_OK;
    if (fetched->first && !first) status = end_first(fetched, error);
    if (status == SPT_OK)
        status = spt_fetch_new(fetched->config, fetched->log, steps, left, fetched->stop, fetched->context,
                               &fetched->fetch, error);
    free(steps);
    return status;
}

/* The one checkpoint in the folder, whatever its layout calls it. */
static enum spt_status find_here(struct spt_fetched *fetched, const char *folder,
                                 const struct spt_checkpoint_ref *wanted, struct spt_error *error) {
    const enum spt_status status = list(fetched, folder, error);
    if (status != SPT_OK) return status;
    const struct spt_checkpoint_ref *found = NULL;
    size_t of_step = 0;
    for (size_t i = 0; i < fetched->listed->count; i++) {
        const struct spt_checkpoint_ref *ref = &fetched->listed->refs[i];
        if (ref->step != wanted->step) continue;
        found = ref;
        of_step++;
    }
    if (fetched->listed->count == 1) found = &fetched->listed->refs[0];
    if (!found || (of_step > 1 && fetched->listed->count > 1))
        return spt_fail(error, SPT_INVALID, folder, "holds %zu checkpoints, expected one", fetched->listed->count);
    fetched->here = *found;
    fetched->here.uri = wanted->uri;
    fetched->here.label = wanted->label;
    fetched->here.branch = wanted->branch;
    fetched->here.step = wanted->step;
    fetched->here.awaits = NULL; /* its writer is done: the command ended */
    return SPT_OK;
}

enum spt_status spt_fetched_bring(struct spt_fetched *fetched, const struct spt_checkpoint_ref *wanted,
                                  const struct spt_checkpoint_ref **here, struct spt_error *error) {
    assert(!fetched->at_hand);
    const struct failure *failure = find_failure(fetched, wanted->step);
    const char *folder = fetched->first_folder;
    if (failure) {
        if (error) *error = failure->error;
        return failure->error.status;
    }
    if (fetched->first && wanted->step == fetched->first_step) {
        fetched->at_hand = fetched->first;
    } else {
        int64_t step = wanted->step;
        const enum spt_status status = spt_fetch_next(fetched->fetch, &step, &folder, error);
        if (status != SPT_OK) return status;
        assert(step == wanted->step);
        fetched->at_hand = fetched->fetch;
    }
    *here = &fetched->here;
    return find_here(fetched, folder, wanted, error);
}

enum spt_status spt_fetched_done(struct spt_fetched *fetched, struct spt_error *error) {
    struct spt_fetch *at_hand = fetched->at_hand;
    if (!at_hand) return SPT_OK;
    fetched->at_hand = NULL;
    return at_hand == fetched->first ? end_first(fetched, error) : spt_fetch_done(at_hand, error);
}
