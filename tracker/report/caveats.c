/* What a reader has to know before he trusts the figures: each a row, said where it is so. */
#include "tracker/report/internal.h"

#include "checkpoints/base/memory.h"
#include "tracker/check.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 12 }; /* of a list; more are counted */

#define POOR_FIT 0.8 /* of r^2 */

static void begin(struct spt_telling *t) {
    spt_report_open(&t->page, SPT_REPORT_ITEM);
}

static void end(struct spt_telling *t) {
    spt_report_close(&t->page, SPT_REPORT_ITEM);
}

/* ", " before all but the first, and after NAMED of them the number of the rest, once. false: it is not to be named. */
static bool names_another(struct spt_telling *t, size_t nth, size_t count) {
    if (nth == NAMED && count > NAMED) spt_report_format(&t->page, " and %zu more", count - NAMED);
    if (nth >= NAMED) return false;
    if (nth) spt_report_text(&t->page, ", ");
    return true;
}

static bool is_told(const struct spt_telling *t, const struct spt_store_checkpoint *row) {
    return row->state == SPT_STATE_ANALYSED && strcmp(row->branch, t->run->source.branch) == 0;
}

/* --- the checkpoints --- */

static enum spt_status duplicates(struct spt_telling *t, struct spt_error *error) {
    const struct spt_run_source *source = &t->run->source;
    size_t count = 0, nth = 0;
    (void)error;
    for (size_t i = 0; i < source->row_count; i++)
        count += is_told(t, &source->rows[i]) && source->rows[i].duplicate_of != SPT_NO_STEP;
    if (count == 0) return SPT_OK;
    begin(t);
    spt_report_format(&t->page, "%zu checkpoint%s the weights of another step, and %s drawn hollow: ", count,
                      count == 1 ? " has" : "s have", count == 1 ? "is" : "are");
    for (size_t i = 0; i < source->row_count; i++) {
        const struct spt_store_checkpoint *row = &source->rows[i];
        if (!is_told(t, row) || row->duplicate_of == SPT_NO_STEP || !names_another(t, nth++, count)) continue;
        spt_report_code(&t->page, row->label);
        spt_report_format(&t->page, " (those of step %lld)", (long long)row->duplicate_of);
    }
    spt_report_format(&t->page, ". Of each such set only the largest step counts for midpoints; %zu %s left out.",
                      t->run->emerged->left_out, t->run->emerged->left_out == 1 ? "is" : "are");
    end(t);
    return SPT_OK;
}

static enum spt_status gaps(struct spt_telling *t, struct spt_error *error) {
    const struct spt_plot_source *source = &t->run->source.source;
    int64_t *steps = spt_alloc(source->count, sizeof *steps), first, last;
    struct spt_text text = {0};
    size_t count = 0;
    if (!steps) return spt_fail_memory(error, source->count * sizeof *steps, "the steps of a run");
    for (size_t i = 0; i < source->count; i++)
        if (count == 0 || source->checkpoints[i].step > steps[count - 1]) steps[count++] = source->checkpoints[i].step;
    if (spt_check_gaps(steps, count, &text, &first, &last)) {
        begin(t);
        spt_report_text(&t->page, "Steps seem to be missing: ");
        spt_report_text(&t->page, text.data ? text.data : "");
        spt_report_text(&t->page, ".");
        end(t);
    }
    free(steps);
    spt_text_release(&text);
    return SPT_OK;
}

static enum spt_status unanalysed(struct spt_telling *t, struct spt_error *error) {
    const struct spt_run_source *source = &t->run->source;
    size_t count = 0, nth = 0;
    (void)error;
    for (size_t i = 0; i < source->row_count; i++) count += source->rows[i].state != SPT_STATE_ANALYSED;
    if (count == 0) return SPT_OK;
    begin(t);
    spt_report_format(&t->page, "%zu checkpoint%s not analysed: ", count, count == 1 ? " was" : "s were");
    for (size_t i = 0; i < source->row_count; i++) {
        const struct spt_store_checkpoint *row = &source->rows[i];
        if (row->state == SPT_STATE_ANALYSED || !names_another(t, nth++, count)) continue;
        spt_report_code(&t->page, row->label);
        spt_report_format(&t->page, " is %s", spt_state_name(row->state));
        if (row->reason) spt_report_text(&t->page, " (");
        if (row->reason) spt_report_text(&t->page, row->reason);
        if (row->reason) spt_report_text(&t->page, ")");
    }
    spt_report_text(&t->page, ".");
    end(t);
    return SPT_OK;
}

static enum spt_status superseded(struct spt_telling *t, struct spt_error *error) {
    size_t count;
    const enum spt_status status = spt_store_superseded(t->reading->request->store, t->run->run->id, &count, error);
    if (status != SPT_OK || count == 0) return status;
    begin(t);
    spt_report_format(&t->page,
                      "%zu checkpoint%s rewritten after %s analysed: the figures here are those of the later files.",
                      count, count == 1 ? " was" : "s were", count == 1 ? "it was" : "they were");
    end(t);
    return SPT_OK;
}

static enum spt_status without_step(struct spt_telling *t, struct spt_error *error) {
    const struct spt_run_source *source = &t->run->source;
    size_t count = 0, nth = 0;
    (void)error;
    for (size_t i = 0; i < source->row_count; i++)
        count += is_told(t, &source->rows[i]) && source->rows[i].step == SPT_NO_STEP;
    if (count == 0) return SPT_OK;
    begin(t);
    spt_report_format(&t->page, "%zu checkpoint%s no step, and no place here: ", count, count == 1 ? " has" : "s have");
    for (size_t i = 0; i < source->row_count; i++)
        if (is_told(t, &source->rows[i]) && source->rows[i].step == SPT_NO_STEP && names_another(t, nth++, count))
            spt_report_code(&t->page, source->rows[i].label);
    spt_report_text(&t->page, ".");
    end(t);
    return SPT_OK;
}

static enum spt_status other_branches(struct spt_telling *t, struct spt_error *error) {
    char **branches;
    size_t count;
    const enum spt_status status =
        spt_emerged_branches(t->reading->request->store, t->run->run->id, &branches, &count, error);
    if (status != SPT_OK) return status;
    if (count > 1) {
        begin(t);
        spt_report_format(&t->page, "Of the run's %zu branches only one is told of (", count);
        if (*t->run->source.branch)
            spt_report_code(&t->page, t->run->source.branch);
        else
            spt_report_text(&t->page, "the one without a name");
        spt_report_text(&t->page, "); --branch names another.");
        end(t);
    }
    for (size_t i = 0; i < count; i++) free(branches[i]);
    free(branches);
    return SPT_OK;
}

static enum spt_status versions(struct spt_telling *t, struct spt_error *error) {
    const struct spt_run_source *source = &t->run->source;
    const char *first = NULL;
    bool mixed = false;
    (void)error;
    for (size_t i = 0; i < source->row_count; i++) {
        const char *version = source->rows[i].version;
        if (!is_told(t, &source->rows[i]) || !version) continue;
        if (!first) first = version;
        mixed = mixed || strcmp(first, version) != 0;
    }
    if (!mixed) return SPT_OK;
    begin(t);
    spt_report_text(&t->page, "Checkpoints were measured by different versions of spectail.");
    end(t);
    return SPT_OK;
}

static enum spt_status unseen(struct spt_telling *t, struct spt_error *error) {
    const struct spt_error *why = &t->unseen[t->run - t->reading->runs];
    (void)error;
    if (!*why->message) return SPT_OK;
    begin(t);
    spt_report_text(&t->page, "Attention of a sample is not shown, since the checkpoints could not be looked into: ");
    if (*why->path) {
        spt_report_code(&t->page, why->path);
        spt_report_text(&t->page, ": ");
    }
    spt_report_text(&t->page, why->message);
    spt_report_text(&t->page, ".");
    end(t);
    return SPT_OK;
}

/* --- the figures --- */

struct bad {
    const struct spt_telling *t;
    const char *const *names;                 /* [count] of the run */
    int64_t *most, *of;                       /* [count] bad samples at the worst checkpoint, of how many */
    size_t *checkpoints, *measured, *defined; /* [count] with bad samples, with a row, with a value */
    size_t count;
};

static enum spt_status count_bad(void *context, const struct spt_store_measure *m, struct spt_error *error) {
    struct bad *bad = context;
    (void)error;
    if (!is_told(bad->t, m->checkpoint) || m->checkpoint->step == SPT_NO_STEP) return SPT_OK;
    for (size_t i = 0; i < bad->count; i++) {
        if (strcmp(bad->names[i], m->metric) != 0) continue;
        bad->measured[i]++;
        bad->defined[i] += isnan(m->mean) ? 0 : 1;
        bad->checkpoints[i] += m->bad > 0;
        if (m->bad > bad->most[i]) bad->most[i] = m->bad, bad->of[i] = m->bad + m->n;
        break;
    }
    return SPT_OK;
}

static void put_bad(struct spt_telling *t, const struct bad *bad) {
    size_t count = 0, nth = 0;
    for (size_t i = 0; i < bad->count; i++) count += bad->checkpoints[i] > 0;
    if (count == 0) return;
    begin(t);
    spt_report_text(&t->page,
                    "Samples that have no value, since what is asked is not defined for them, are left out of means: ");
    for (size_t i = 0; i < bad->count; i++) {
        if (!bad->checkpoints[i] || !names_another(t, nth++, count)) continue;
        spt_report_code(&t->page, bad->names[i]);
        spt_report_format(&t->page, " up to %lld of %lld at %zu checkpoint%s", (long long)bad->most[i],
                          (long long)bad->of[i], bad->checkpoints[i], spt_plural(bad->checkpoints[i]));
    }
    spt_report_text(&t->page, ".");
    end(t);
}

static void put_undefined(struct spt_telling *t, const struct bad *bad) {
    const size_t all = t->run->source.source.count;
    size_t count = 0, nth = 0;
    for (size_t i = 0; i < bad->count; i++) count += bad->defined[i] < all;
    if (count == 0) return;
    begin(t);
    spt_report_format(&t->page, "Not every one of the %zu checkpoints has a value of each quantity: ", all);
    for (size_t i = 0; i < bad->count; i++) {
        if (bad->defined[i] >= all || !names_another(t, nth++, count)) continue;
        spt_report_code(&t->page, bad->names[i]);
        spt_report_format(&t->page, " has %zu", bad->defined[i]);
        if (bad->measured[i] < all) spt_report_format(&t->page, " (measured at %zu)", bad->measured[i]);
    }
    spt_report_text(&t->page, ".");
    end(t);
}

static enum spt_status samples(struct spt_telling *t, struct spt_error *error) {
    const size_t count = t->run->emerged->name_count;
    struct bad bad = {
        .t = t,
        .names = (const char *const *)t->run->emerged->names,
        .most = spt_alloc_zeroed(count, sizeof(int64_t)),
        .of = spt_alloc_zeroed(count, sizeof(int64_t)),
        .checkpoints = spt_alloc_zeroed(count, sizeof(size_t)),
        .measured = spt_alloc_zeroed(count, sizeof(size_t)),
        .defined = spt_alloc_zeroed(count, sizeof(size_t)),
        .count = count,
    };
    enum spt_status status = bad.most && bad.of && bad.checkpoints && bad.measured && bad.defined
                                 ? SPT_OK
                                 : spt_fail_memory(error, count * sizeof(int64_t), "the samples of a run");
    if (status == SPT_OK)
        status = spt_store_each_measure(t->reading->request->store, t->run->run->id, NULL, SPT_WHOLE_MODEL,
                                        SPT_WHOLE_LAYER, count_bad, &bad, error);
    if (status == SPT_OK) put_bad(t, &bad);
    if (status == SPT_OK) put_undefined(t, &bad);
    free(bad.most);
    free(bad.of);
    free(bad.checkpoints);
    free(bad.measured);
    free(bad.defined);
    return status;
}

/* --- the fits --- */

/* Names of the whole model's rows that a predicate holds of. */
static void put_rows(struct spt_telling *t, bool (*holds)(const struct spt_emerged_row *row, const char *reason),
                     const char *reason, const char *before) {
    const struct spt_emerged *e = t->run->emerged;
    size_t count = 0, nth = 0;
    for (size_t i = 0; i < e->count; i++) count += e->rows[i].layer == SPT_WHOLE_MODEL && holds(&e->rows[i], reason);
    if (count == 0) return;
    begin(t);
    spt_report_text(&t->page, before);
    spt_report_text(&t->page, reason);
    spt_report_text(&t->page, ": ");
    for (size_t i = 0; i < e->count; i++)
        if (e->rows[i].layer == SPT_WHOLE_MODEL && holds(&e->rows[i], reason) && names_another(t, nth++, count))
            spt_report_code(&t->page, e->rows[i].metric);
    spt_report_text(&t->page, ".");
    end(t);
}

static bool has_no_interval(const struct spt_emerged_row *row, const char *reason) {
    return spt_emerged_no_interval(row) == reason;
}

static bool fits_poorly(const struct spt_emerged_row *row, const char *reason) {
    (void)reason;
    return row->emergence.reason == SPT_EMERGENCE_FOUND && row->emergence.fit.r2 < POOR_FIT;
}

static enum spt_status fits(struct spt_telling *t, struct spt_error *error) {
    const struct spt_emerged *e = t->run->emerged;
    (void)error;
    if (e->checkpoints < SPT_LOGISTIC_COUNT_MIN) {
        begin(t);
        spt_report_format(
            &t->page,
            "%zu checkpoint%s: a midpoint takes at least %d, so that nothing is said of when quantities turn.",
            e->checkpoints, spt_plural(e->checkpoints), SPT_LOGISTIC_COUNT_MIN);
        end(t);
    }
    put_rows(t, fits_poorly, "",
             "Of these a curve that turns once explains less than 80 % of the variance over checkpoints");
    for (size_t i = 0; i < SPT_EMERGED_NO_INTERVAL_COUNT; i++)
        put_rows(t, has_no_interval, SPT_EMERGED_NO_INTERVAL[i], "Without intervals and order, ");
    return SPT_OK;
}

/* That the order is against something else than the loss, or that there is none, and why. */
static enum spt_status reference(struct spt_telling *t, struct spt_error *error) {
    const struct spt_emerged *e = t->run->emerged;
    const bool found = e->measured && e->reason == SPT_EMERGENCE_FOUND;
    (void)error;
    if (found && (!e->by_default || strcmp(e->against, SPT_EMERGED_DEFAULT[0]) == 0)) return SPT_OK;
    begin(t);
    if (found) {
        spt_report_text(&t->page,
                        "The run has no loss that quantities could come before or after: they are held against ");
        spt_say_against(t);
        spt_report_text(&t->page, "; --against names another.");
    } else {
        spt_report_text(&t->page, "Nothing is told to come before or after ");
        spt_say_against(t);
        spt_report_format(&t->page, ", %s%s.", e->measured ? "which has no midpoint: " : "which is not measured",
                          e->measured ? SPT_EMERGENCE_REASON_TEXTS[e->reason] : "");
    }
    end(t);
    return SPT_OK;
}

/* Without other seeds an interval is about samples alone. */
static enum spt_status seeds(struct spt_telling *t, struct spt_error *error) {
    (void)error;
    for (size_t i = 0; i < t->reading->group_count; i++)
        for (size_t k = 0; k < t->reading->groups[i].member_count; k++)
            if (t->reading->groups[i].seeds && t->reading->groups[i].members[k] == t->run->emerged) return SPT_OK;
    begin(t);
    spt_report_text(
        &t->page,
        "This is one training: intervals are about the choice of the samples, and what another seed would give "
        "they do not say.");
    end(t);
    return SPT_OK;
}

static enum spt_status settings(struct spt_telling *t, struct spt_error *error) {
    const struct spt_store_run *run = t->run->run;
    (void)error;
    if (run->model_text && run->probe_text && run->plan_text) return SPT_OK;
    begin(t);
    spt_report_text(
        &t->page,
        "The store was begun by an older version, which did not keep the settings of the model, the probe or the "
        "plan in words: what stands here of them is not complete.");
    end(t);
    return SPT_OK;
}

/* --- */

static spt_tell_fn *const CAVEATS[] = {unanalysed,     superseded, duplicates, gaps, without_step,
                                       other_branches, versions,   samples,    fits, reference,
                                       settings,       unseen,     seeds};

enum spt_status spt_tell_caveats(struct spt_telling *t, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    spt_report_chapter(&t->page, "caveats", "Caveats");
    for (size_t r = 0; r < t->reading->count && status == SPT_OK; r++) {
        char id[64];
        t->run = &t->reading->runs[r];
        snprintf(id, sizeof id, "%scaveats", t->run->prefix);
        if (t->reading->count > 1) spt_report_section(&t->page, id, t->run->emerged->name);
        spt_report_open(&t->page, SPT_REPORT_LIST);
        for (size_t i = 0; i < sizeof CAVEATS / sizeof *CAVEATS && status == SPT_OK; i++) status = CAVEATS[i](t, error);
        spt_report_close(&t->page, SPT_REPORT_LIST);
    }
    return status;
}
