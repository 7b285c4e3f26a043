#include "tracker/check_internal.h"

#include "checkpoints/base/memory.h"
#include "tracker/control.h"
#include "tracker/fetch.h"
#include "tracker/run_options.h"
#include "tracker/shell_word.h"
#include "tracker/store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMED = 8, STATES_NAMED = 20 };

/* --- findings --- */

void spt_check_release(struct spt_check *check) {
    struct spt_findings *findings = &check->findings;
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->items[i].run);
        free(findings->items[i].text);
        free(findings->items[i].mend);
    }
    free(findings->items);
    *findings = (struct spt_findings){0};
    spt_text_release(&check->measured);
}

enum spt_status spt_check_add(struct spt_check *check, const char *kind, const struct spt_store_run *run,
                              struct spt_text *text, struct spt_text *mend, struct spt_error *error) {
    struct spt_findings *findings = &check->findings;
    char *name = run ? spt_strdup(run->name) : NULL;
    const bool failed =
        text->failed || (mend && mend->failed) || (run && !name) ||
        !spt_grow((void **)&findings->items, &findings->capacity, findings->count + 1, sizeof *findings->items);
    if (failed) {
        free(name);
        spt_text_release(text);
        if (mend) spt_text_release(mend);
        return spt_fail_memory(error, sizeof *findings->items, "a finding");
    }
    findings->items[findings->count++] = (struct spt_finding){
        .kind = kind, .note = mend == NULL, .run = name, .text = text->data, .mend = mend ? mend->data : NULL};
    *text = (struct spt_text){0};
    if (mend) *mend = (struct spt_text){0};
    return SPT_OK;
}

/* Options of the settings that a run's row describes, where they are not the standard ones: without them a sweep would
 * make another run. keys: NULL, or the only ones that count. */
static void put_settings(const char *lines, const char *const *keys, struct spt_text *text) {
    while (lines && *lines) {
        char name[64] = "", value[256] = "";
        const size_t length = strcspn(lines, "\n");
        const char *colon = memchr(lines, ':', length);
        const size_t name_length = colon ? (size_t)(colon - lines) : 0;
        if (name_length && name_length < sizeof name && length - name_length > 2 &&
            length - name_length - 2 < sizeof value) {
            memcpy(name, lines, name_length);
            memcpy(value, colon + 2, length - name_length - 2);
        }
        lines += length + (lines[length] == '\n');
        const struct spt_config_key *key = *name ? spt_config_key_find(name) : NULL;
        bool counts = key && key->option && !(key->standard && strcmp(key->standard, value) == 0);
        for (size_t i = 0; counts && keys && (counts = keys[i] != NULL) && strcmp(keys[i], name) != 0;) i++;
        if (!counts || strcmp(value, "stem-500.txt") == 0) continue; /* the probe that comes with spectail */
        spt_text_format(text, "--%s ", key->option);
        spt_shell_word_put(text, value);
        spt_text_put(text, " ");
    }
}

/* What not every model or plan has. */
#define SPECIAL_NEEDS (SPT_NEED_DIMENSION_2 | SPT_NEED_FULL_MASK | SPT_NEED_GATE)

/* Of a group, how many of its metrics are asked for, and whether all that every model has. */
struct part {
    size_t count;
    bool whole;
};

static bool is_of_group(size_t metric, size_t group) {
    return strcmp(spt_metric_group(&SPT_METRICS[metric]), SPT_METRIC_GROUPS[group]) == 0;
}

static struct part part_of(const bool *asked, size_t group) {
    struct part part = {.whole = true};
    for (size_t m = 0; m < SPT_METRIC_COUNT; m++) {
        if (!is_of_group(m, group)) continue;
        part.count += asked[m];
        part.whole = part.whole && (asked[m] || SPT_METRICS[m].needs & SPECIAL_NEEDS);
    }
    return part;
}

/* "--metrics rmt,sink.first ": groups, and single metrics of those of which few are asked for: more than others have
 * would only be what these lack then.
 *   asked  [SPT_METRIC_COUNT] one of them at least */
static void put_asked(struct spt_text *options, const bool *asked) {
    size_t count = 0;
    spt_text_put(options, "--metrics ");
    for (size_t g = 0; g < SPT_METRIC_GROUP_COUNT; g++) {
        const struct part part = part_of(asked, g);
        const bool whole = part.whole || part.count > NAMED;
        if (part.count && whole) spt_text_format(options, "%s%s", count++ ? "," : "", SPT_METRIC_GROUPS[g]);
        for (size_t m = 0; !whole && m < SPT_METRIC_COUNT; m++)
            if (asked[m] && is_of_group(m, g))
                spt_text_format(options, "%s%s", count++ ? "," : "", SPT_METRICS[m].name);
    }
    spt_text_put(options, " ");
}

static bool is_default(size_t group) {
    for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
        if (is_of_group(m, group) && spt_metric_is_default(&SPT_METRICS[m])) return true;
    return false;
}

static void note_measured(struct spt_check *check, const struct spt_ledger *ledger, bool *measured) {
    bool usual = true, any = false;
    for (size_t i = 0; i < ledger->count; i++)
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++)
            measured[m] = measured[m] || ledger->present[i * SPT_METRIC_COUNT + m];
    for (size_t g = 0; g < SPT_METRIC_GROUP_COUNT; g++) {
        const struct part part = part_of(measured, g);
        usual = usual && (is_default(g) ? part.count && part.whole : !part.count);
        any = any || part.count;
    }
    if (any && !usual) put_asked(&check->measured, measured);
}

/* Else a sweep would measure all there are, and the run's other checkpoints would lack them. */
static const char *measured_of(struct spt_check *check, const struct spt_store_run *run) {
    struct spt_ledger ledger = {0};
    struct spt_error ignored;
    if (check->measured_of != run->id) {
        bool *measured = spt_alloc_zeroed(SPT_METRIC_COUNT, sizeof *measured);
        check->measured_of = run->id;
        spt_text_clear(&check->measured);
        if (measured && spt_ledger_read(&ledger, check->store, run->id, &ignored) == SPT_OK)
            note_measured(check, &ledger, measured);
        spt_ledger_release(&ledger);
        free(measured);
    }
    return check->measured.data && !check->measured.failed ? check->measured.data : "";
}

void spt_check_put_sweep(struct spt_check *check, const struct spt_store_run *run, const char *options, int64_t first,
                         int64_t last, struct spt_text *text) {
    static const char *const PROBE_KEYS[] = {"probe", "ids", "bos", "control", NULL};
    const char *slash = strrchr(run->source, '/');
    struct spt_text name = {0};
    spt_control_put_origin_name(&name, run); /* a control is swept beside its run */
    spt_text_format(text, "spectail sweep %s%s", options, strstr(options, "--metrics ") ? "" : measured_of(check, run));
    if (first != SPT_NO_STEP) spt_text_format(text, "--steps %lld:%lld ", (long long)first, (long long)last);
    put_settings(run->probe_text, PROBE_KEYS, text);
    put_settings(run->plan_text, NULL, text);
    if (name.data && strcmp(slash ? slash + 1 : run->source, name.data) != 0) {
        spt_text_put(text, "--name ");
        spt_shell_word_put(text, name.data);
        spt_text_put(text, " ");
    }
    text->failed = text->failed || name.failed;
    spt_text_release(&name);
    if (strcmp(check->config->db, "spectail.db") != 0) {
        spt_text_put(text, "--db ");
        spt_shell_word_put(text, check->config->db);
        spt_text_put(text, " ");
    }
    spt_shell_word_put(text, run->source);
}

void spt_check_list_put(struct spt_check_list *list, const char *label, int64_t step) {
    if (list->count < NAMED) spt_text_format(&list->text, "%s%s", list->count ? ", " : "", label);
    if (!list->count) list->first = list->last = step;
    if (step < list->first) list->first = step;
    if (step > list->last) list->last = step;
    list->count++;
}

void spt_check_list_end(struct spt_check_list *list, struct spt_text *text) {
    if (list->text.data) spt_text_put(text, list->text.data);
    if (list->count > NAMED) spt_text_format(text, " and %zu more", list->count - NAMED);
    text->failed = text->failed || list->text.failed;
    spt_text_release(&list->text);
    *list = (struct spt_check_list){0};
}

/* --- the store --- */

static const struct spt_store_run *find_run(const struct spt_check *check, int64_t id) {
    for (size_t i = 0; i < check->run_count; i++)
        if (check->runs[i].id == id) return &check->runs[i];
    return NULL;
}

/* The newest back-up that a migration left beside the store. */
static bool put_back_up(const char *db, struct spt_text *mend) {
    for (int version = 99; version > 0; version--) {
        struct spt_text name = {0};
        spt_text_format(&name, "%s.v%d.bak", db, version);
        const bool there = !name.failed && access(name.data, F_OK) == 0;
        if (there) spt_text_format(mend, "restore the back-up %s", name.data);
        spt_text_release(&name);
        if (there) return true;
    }
    return false;
}

void spt_check_put_restore(const char *db, struct spt_text *mend) {
    if (put_back_up(db, mend)) spt_text_put(mend, ", or ");
    spt_text_format(mend, "keep what can be read of it: (echo '");
    spt_store_put_marks(mend);
    spt_text_put(mend, "'; sqlite3 ");
    spt_shell_word_put(mend, db);
    spt_text_put(mend, " .dump | sed 's/^ROLLBACK;.*/COMMIT;/') | sqlite3 new.db, then check new.db");
}

enum spt_status spt_check_add_unreadable(struct spt_check *check, const struct spt_store_run *run,
                                         const struct spt_error *failure, struct spt_error *error) {
    struct spt_text text = {0}, mend = {0};
    spt_text_format(&text, "its %s cannot be read: %s", run ? "checkpoints" : "runs", failure->message);
    spt_check_put_restore(check->config->db, &mend);
    return spt_check_add(check, "ledger", run, &text, &mend, error);
}

/* What is wrong may be the step in the store: the folder tells the true one. As it was where the folder does not hold uri. */
static int64_t step_of(const struct spt_check *check, const struct spt_store_run *run, const char *uri, int64_t step) {
    const struct spt_run_options options = spt_run_options_for_listing(check->config);
    struct spt_run *disk = NULL;
    struct spt_error ignored;
    if (!uri || spt_run_open(run->source, &options, &disk, &ignored) != SPT_OK) return step;
    for (size_t i = 0; i < disk->count; i++)
        if (strcmp(disk->refs[i].uri, uri) == 0) step = disk->refs[i].step;
    spt_run_close(disk);
    return step;
}

static enum spt_status on_audit(void *context, const struct spt_audit_row *row, struct spt_error *error) {
    struct spt_check *check = context;
    const struct spt_store_run *run = find_run(check, row->run);
    struct spt_text text = {0}, mend = {0};
    if (row->label) spt_text_format(&text, "%s: ", row->label);
    spt_text_put(&text, row->text);
    if (row->how == SPT_MEND_SAID && row->mend) {
        spt_text_put(&mend, row->mend);
    } else if (row->how == SPT_MEND_FORCE && run) {
        const int64_t step = step_of(check, run, row->uri, row->step);
        spt_check_put_sweep(check, run, "--force ", step, step, &mend);
    } else {
        spt_check_put_restore(check->config->db, &mend);
    }
    return spt_check_add(check, row->kind, run, &text, &mend, error);
}

enum spt_status spt_check_store(struct spt_check *check, struct spt_error *error) {
    return spt_store_audit(check->store, check->busy, on_audit, check, error);
}

/* --- a run's rows among themselves --- */

static bool is_analysed(const struct spt_store_checkpoint *row) {
    return row->state == SPT_STATE_ANALYSED;
}

/* lacks [SPT_METRIC_COUNT] out: what row i has not and another analysed row has. Returns how many. */
static size_t find_lacks(const struct spt_ledger *ledger, const bool *any, size_t i, bool *lacks) {
    size_t count = 0;
    for (size_t m = 0; m < SPT_METRIC_COUNT; m++) {
        lacks[m] = any[m] && !ledger->present[i * SPT_METRIC_COUNT + m];
        count += lacks[m];
    }
    return count;
}

static enum spt_status add_lacks(struct spt_check *check, const struct spt_store_run *run, struct spt_check_list *list,
                                 const bool *lacks, size_t lack_count, struct spt_error *error) {
    struct spt_text text = {0}, mend = {0}, options = {0};
    const size_t count = list->count;
    const int64_t first = list->first, last = list->last;
    spt_check_list_end(list, &text);
    spt_text_format(&text, " lack%s %zu metric%s that other checkpoints of the run have (", count > 1 ? "" : "s",
                    lack_count, lack_count > 1 ? "s" : "");
    for (size_t m = 0, shown = 0; m < SPT_METRIC_COUNT && shown < 3; m++)
        if (lacks[m]) spt_text_format(&text, "%s%s", shown++ ? ", " : "", SPT_METRICS[m].name);
    spt_text_put(&text, lack_count > 3 ? ", ...)" : ")");
    put_asked(&options, lacks);
    spt_check_put_sweep(check, run, options.data ? options.data : "", first, last, &mend);
    mend.failed = mend.failed || options.failed;
    spt_text_release(&options);
    return spt_check_add(check, "figures", run, &text, &mend, error);
}

/* Those that lack the same are one finding. */
static enum spt_status check_metrics(struct spt_check *check, const struct spt_store_run *run,
                                     const struct spt_ledger *ledger, struct spt_error *error) {
    bool *any = spt_alloc_zeroed(3 * SPT_METRIC_COUNT + ledger->count, sizeof *any);
    if (!any) return spt_fail_memory(error, ledger->count, "a check");
    bool *lacks = any + SPT_METRIC_COUNT, *others = lacks + SPT_METRIC_COUNT, *told = others + SPT_METRIC_COUNT;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < ledger->count; i++)
        for (size_t m = 0; m < SPT_METRIC_COUNT; m++) any[m] = any[m] || ledger->present[i * SPT_METRIC_COUNT + m];
    for (size_t i = 0; i < ledger->count && status == SPT_OK; i++) {
        struct spt_check_list list = {0};
        const size_t count = is_analysed(&ledger->rows[i]) && !told[i] ? find_lacks(ledger, any, i, lacks) : 0;
        for (size_t k = i; count && k < ledger->count; k++) {
            if (!is_analysed(&ledger->rows[k]) || told[k]) continue;
            (void)find_lacks(ledger, any, k, others);
            if (memcmp(lacks, others, SPT_METRIC_COUNT * sizeof *lacks) != 0) continue;
            told[k] = true;
            spt_check_list_put(&list, ledger->rows[k].label, ledger->rows[k].step);
        }
        if (count) status = add_lacks(check, run, &list, lacks, count, error);
    }
    free(any);
    return status;
}

static enum spt_status check_duplicates(struct spt_check *check, const struct spt_store_run *run,
                                        const struct spt_ledger *ledger, struct spt_error *error) {
    bool *told = spt_alloc_zeroed(ledger->count, sizeof *told);
    if (!told) return spt_fail_memory(error, ledger->count, "a check");
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < ledger->count && status == SPT_OK; i++) {
        struct spt_check_list list = {0};
        struct spt_text text = {0}, mend = {0};
        if (told[i] || ledger->rows[i].duplicate_of == SPT_NO_STEP) continue;
        for (size_t k = i; k < ledger->count; k++) {
            const struct spt_store_checkpoint *row = &ledger->rows[k];
            if (row->duplicate_of == SPT_NO_STEP || !spt_hash_equal(row->digest, ledger->rows[i].digest)) continue;
            told[k] = true;
            spt_check_list_put(&list, row->label, row->step);
        }
        spt_check_list_end(&list, &text);
        spt_text_put(&text, " have the same weights, though their steps differ");
        spt_text_put(&mend, "bring them anew from where they came, one of them at most is right; then ");
        spt_check_put_sweep(check, run, "", SPT_NO_STEP, SPT_NO_STEP, &mend);
        status = spt_check_add(check, "duplicate", run, &text, &mend, error);
    }
    free(told);
    return status;
}

/* What has to be done before the sweep, by state. */
static const char *const BEFORE[SPT_STATE_COUNT] = {
    [SPT_STATE_INVALID] = "replace its files, then ",
    [SPT_STATE_UNSUPPORTED] = "replace its files, then ",
    [SPT_STATE_VANISHED] = "if there is a copy of it, bring it to the run's folder, then ",
};

static enum spt_status check_states(struct spt_check *check, const struct spt_store_run *run,
                                    const struct spt_ledger *ledger, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    size_t found = 0;
    for (size_t i = 0; i < ledger->count && status == SPT_OK; i++) {
        const struct spt_store_checkpoint *row = &ledger->rows[i];
        struct spt_text text = {0}, mend = {0};
        if (is_analysed(row) || (check->busy && row->state == SPT_STATE_WAITING) || found++ >= STATES_NAMED) continue;
        spt_text_format(&text, "%s is %s%s%s", row->label, spt_state_name(row->state), row->reason ? ": " : "",
                        row->reason ? row->reason : "");
        if (BEFORE[row->state]) spt_text_put(&mend, BEFORE[row->state]);
        if (row->reason && strncmp(row->reason, SPT_FETCH_FAILED, strlen(SPT_FETCH_FAILED)) == 0)
            spt_text_put(&mend, "the next sweep whose configuration fetches it tries it again");
        else
            spt_check_put_sweep(check, run, "", row->step, row->step, &mend);
        status = spt_check_add(check, "state", run, &text, &mend, error);
    }
    if (status != SPT_OK || found <= STATES_NAMED) return status;
    struct spt_text text = {0}, mend = {0};
    spt_text_format(&text, "%zu more checkpoints are not analysed", found - STATES_NAMED);
    spt_text_put(&mend, "spectail status lists them with their reasons");
    return spt_check_add(check, "state", run, &text, &mend, error);
}

/* --- gaps --- */

static int compare_steps(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum spt_status check_branch(struct spt_check *check, const struct spt_store_run *run, const char *branch,
                                    int64_t *steps, size_t count, struct spt_error *error) {
    struct spt_text text = {0}, mend = {0};
    int64_t first = SPT_NO_STEP, last = SPT_NO_STEP;
    size_t distinct = 0;
    if (*branch) spt_text_format(&text, "branch %s: ", branch);
    qsort(steps, count, sizeof *steps, compare_steps);
    for (size_t i = 0; i < count; i++)
        if (!distinct || steps[i] != steps[distinct - 1]) steps[distinct++] = steps[i];
    if (!spt_check_gaps(steps, distinct, &text, &first, &last)) {
        spt_text_release(&text);
        return SPT_OK;
    }
    spt_text_put(&mend, "if there are such checkpoints, bring them to the run's folder, then ");
    spt_check_put_sweep(check, run, "", first, last, &mend);
    return spt_check_add(check, "gap", run, &text, &mend, error);
}

/* Steps of one branch, of rows and of folders. steps [row count + ref count] */
static size_t collect_steps(const struct spt_ledger *ledger, const struct spt_run *disk, const char *branch,
                            int64_t *steps) {
    size_t count = 0;
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->rows[i].step >= 0 && strcmp(ledger->rows[i].branch, branch) == 0)
            steps[count++] = ledger->rows[i].step;
    for (size_t i = 0; disk && i < disk->count; i++)
        if (disk->refs[i].step >= 0 && strcmp(disk->refs[i].branch, branch) == 0) steps[count++] = disk->refs[i].step;
    return count;
}

/* Rows are in the order of their branches. */
static enum spt_status check_gaps(struct spt_check *check, const struct spt_store_run *run,
                                  const struct spt_ledger *ledger, const struct spt_run *disk,
                                  struct spt_error *error) {
    int64_t *steps = spt_alloc(ledger->count + (disk ? disk->count : 0), sizeof *steps);
    if (!steps) return spt_fail_memory(error, ledger->count * sizeof *steps, "a check");
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < ledger->count && status == SPT_OK; i++) {
        const char *branch = ledger->rows[i].branch;
        if (i > 0 && strcmp(branch, ledger->rows[i - 1].branch) == 0) continue;
        status = check_branch(check, run, branch, steps, collect_steps(ledger, disk, branch, steps), error);
    }
    free(steps);
    return status;
}

/* --- a run --- */

static enum spt_status check_rows(struct spt_check *check, const struct spt_store_run *run,
                                  const struct spt_ledger *ledger, struct spt_error *error) {
    struct spt_run_options options = spt_run_options_for_listing(check->config);
    struct spt_run *disk = NULL;
    struct spt_error failure = {0};
    struct spt_text text = {0};
    options.model_config = check->config->model_config;
    enum spt_status status = check_metrics(check, run, ledger, error);
    if (status == SPT_OK) status = check_duplicates(check, run, ledger, error);
    if (status == SPT_OK) status = check_states(check, run, ledger, error);
    if (status != SPT_OK) return status;
    if (spt_run_open(run->source, &options, &disk, &failure) != SPT_OK) {
        spt_text_format(&text, "its folder cannot be listed, so its files were not compared: %s: %s", failure.path,
                        failure.message);
        status = spt_check_add(check, "files", run, &text, NULL, error);
    }
    if (status == SPT_OK) status = check_gaps(check, run, ledger, disk, error);
    if (status == SPT_OK && disk) status = spt_check_files(check, run, ledger, disk, error);
    spt_run_close(disk);
    return status;
}

enum spt_status spt_check_run(struct spt_check *check, const struct spt_store_run *run, struct spt_error *error) {
    struct spt_ledger ledger = {0};
    struct spt_error failure = {0};
    enum spt_status status = spt_ledger_read(&ledger, check->store, run->id, &failure);
    if (status == SPT_NOMEM) {
        if (error) *error = failure;
        return status;
    }
    if (status != SPT_OK) return spt_check_add_unreadable(check, run, &failure, error);
    check->checkpoints += ledger.count;
    status = check_rows(check, run, &ledger, error);
    spt_ledger_release(&ledger);
    return status;
}
