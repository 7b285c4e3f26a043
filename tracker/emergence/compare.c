/* The same metric in several runs: over seeds of one size its mean midpoint, over all runs what comes first. */
#include "tracker/emergence/emergence.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 97.5 percentiles of Student's t with 1 ... 30 degrees of freedom (scipy.stats.t.ppf(0.975, n)). */
static const double STUDENT[] = {12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004,
                                 2.262157,  2.228139, 2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905,
                                 2.109816,  2.100922, 2.093024, 2.085963, 2.079614, 2.073873, 2.068658, 2.063899,
                                 2.059539,  2.055529, 2.051831, 2.048407, 2.045230, 2.042272};

/* Beyond the table by its expansion in 1 / n (Fisher and Cornish), to 1e-5. */
static double student(size_t degrees) {
    const size_t known = sizeof STUDENT / sizeof *STUDENT;
    if (degrees <= known) return STUDENT[degrees - 1];
    const double z = 1.959963984540054, n = (double)degrees;
    return z + (pow(z, 3) + z) / (4 * n) + (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * n * n);
}

static bool is_same_setting(const struct spt_emerged *a, const struct spt_emerged *b) {
    return spt_hash_equal(a->run->model, b->run->model) && spt_hash_equal(a->run->probe, b->run->probe) &&
           spt_hash_equal(a->run->plan, b->run->plan);
}

/* Branches of one run over the same steps are trainings from different seeds too, as those of MultiBERTs. */
static bool are_seeds(const struct spt_emerged *a, const struct spt_emerged *b) {
    return is_same_setting(a, b) && (strcmp(a->branch, b->branch) == 0 || (a->first == b->first && a->last == b->last));
}

static double midpoint_of(const struct spt_emerged_row *row) {
    return row && row->emergence.reason == SPT_EMERGENCE_FOUND ? row->emergence.fit.t0 : NAN;
}

static void put_mean(struct spt_compared_row *row, const double *t0, size_t n) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(t0[i])) sum += t0[i];
    row->t0 = sum / (double)row->runs;
    for (size_t i = 0; i < n; i++)
        if (!isnan(t0[i])) squares += (t0[i] - row->t0) * (t0[i] - row->t0);
    if (row->runs < 2) return;
    row->sd = sqrt(squares / (double)(row->runs - 1));
    const double half = student(row->runs - 1) * row->sd / sqrt((double)row->runs);
    row->t0_lo = row->t0 - half;
    row->t0_hi = row->t0 + half;
}

/* t0, against [2 member_count] scratch */
static struct spt_compared_row compare_row(const struct spt_compared *c, const struct spt_emerged_row *of, double *t0) {
    double *against = t0 + c->member_count;
    struct spt_compared_row row = {
        .metric = of->metric,
        .layer = of->layer,
        .head = of->head,
        .t0 = NAN,
        .t0_lo = NAN,
        .t0_hi = NAN,
        .sd = NAN,
        .order = {.share = NAN, .p = NAN},
        .q = NAN,
    };
    for (size_t i = 0; i < c->member_count; i++) {
        const struct spt_emerged *e = c->members[i];
        t0[i] = midpoint_of(spt_emerged_find(e, of->metric, of->layer, of->head));
        against[i] = midpoint_of(spt_emerged_find(e, c->members[0]->against, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER));
        row.runs += isnan(t0[i]) ? 0 : 1;
    }
    if (c->seeds && row.runs) put_mean(&row, t0, c->member_count);
    const bool itself = strcmp(of->metric, c->members[0]->against) == 0 && of->layer == SPT_WHOLE_MODEL;
    if (!itself) row.order = spt_order_of_runs(t0, against, c->member_count);
    return row;
}

static int compare_rows(const void *x, const void *y) {
    const struct spt_compared_row *a = x, *b = y;
    if (isnan(a->t0) != isnan(b->t0)) return isnan(a->t0) ? 1 : -1;
    if (!isnan(a->t0) && a->t0 != b->t0) return a->t0 < b->t0 ? -1 : 1;
    const int name = strcmp(a->metric, b->metric);
    if (name) return name;
    if (a->layer != b->layer) return a->layer < b->layer ? -1 : 1;
    return (a->head > b->head) - (a->head < b->head);
}

/* The rows of the first member: another size has other layers, which no other run has. */
static enum spt_status compare_members(struct spt_compared *c, struct spt_error *error) {
    const struct spt_emerged *first = c->members[0];
    double *scratch = spt_alloc(2 * c->member_count, sizeof *scratch);
    double *p = spt_alloc(first->count, sizeof *p), *q = spt_alloc(first->count, sizeof *q);
    c->rows = spt_alloc(first->count, sizeof *c->rows);
    enum spt_status status = scratch && p && q && c->rows
                                 ? SPT_OK
                                 : spt_fail_memory(error, first->count * sizeof *c->rows, "a comparison of runs");
    for (size_t i = 0; status == SPT_OK && i < first->count; i++) {
        if (!c->seeds && first->rows[i].layer != SPT_WHOLE_MODEL) continue;
        c->rows[c->count] = compare_row(c, &first->rows[i], scratch);
        if (c->rows[c->count].runs) c->count++;
    }
    if (status == SPT_OK && c->count) qsort(c->rows, c->count, sizeof *c->rows, compare_rows);
    for (size_t i = 0; status == SPT_OK && i < c->count; i++) p[i] = c->rows[i].order.p;
    if (status == SPT_OK) status = spt_false_discovery(p, c->count, q, error);
    for (size_t i = 0; status == SPT_OK && i < c->count; i++) c->rows[i].q = q[i];
    free(scratch);
    free(p);
    free(q);
    return status;
}

static void release(struct spt_compared *c) {
    free(c->name);
    free(c->members);
    free(c->rows);
    free(c->pairs);
    *c = (struct spt_compared){0};
}

/* Seeds may begin with the same weights, but part with the first step. */
static bool is_same_training(const struct spt_emerged *a, const struct spt_emerged *b) {
    const struct spt_hash unknown = {0};
    for (size_t i = 0; i < a->checkpoints; i++)
        for (size_t k = 0; k < b->checkpoints; k++)
            if (a->step[i] > 0 && a->step[i] == b->step[k] && spt_hash_equal(a->weights[i], b->weights[k]) &&
                !spt_hash_equal(a->weights[i], unknown))
                return true;
    return false;
}

/* Takes out those that are a training which is in already. Returns how many are left. */
static size_t drop_repeated(const struct spt_emerged *emerged, bool *is_member, size_t n, size_t *left_out) {
    size_t members = 0;
    *left_out = 0;
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        for (size_t k = 0; k < i && is_member[i]; k++)
            again = again || (is_member[k] && is_same_training(&emerged[i], &emerged[k]));
        if (again) {
            is_member[i] = false;
            (*left_out)++;
        }
        members += is_member[i];
    }
    return members;
}

static bool are_alike(const struct spt_emerged *emerged, const bool *is_member, size_t n) {
    size_t first = 0;
    while (first < n && !is_member[first]) first++;
    for (size_t i = first; i < n; i++)
        if (is_member[i] && !is_same_setting(&emerged[first], &emerged[i])) return false;
    return true;
}

static enum spt_status add_group(const struct spt_emerged *emerged, bool *is_member, size_t n, bool seeds,
                                 struct spt_compared *groups, size_t *count, struct spt_error *error) {
    size_t left_out;
    if (drop_repeated(emerged, is_member, n, &left_out) < 2) return SPT_OK;
    if (!seeds && are_alike(emerged, is_member, n)) return SPT_OK; /* which are told of already */
    struct spt_compared *c = &groups[(*count)++];
    struct spt_text name = {0};
    *c = (struct spt_compared){.left_out = left_out, .seeds = seeds, .members = spt_alloc(n, sizeof *c->members)};
    if (!c->members) return spt_fail_memory(error, n * sizeof *c->members, "a comparison of runs");
    for (size_t i = 0; i < n; i++) {
        if (!is_member[i]) continue;
        const char *branch = emerged[i].branch;
        spt_text_format(&name, "%s%s%s%s%s", c->member_count ? " + " : "", emerged[i].name, *branch ? " (" : "", branch,
                        *branch ? ")" : "");
        c->members[c->member_count++] = &emerged[i];
    }
    c->name = name.data;
    if (name.failed) return spt_fail_memory(error, name.length, "the names of runs");
    enum spt_status status = compare_members(c, error);
    if (status == SPT_OK && c->members[0]->pairs) status = spt_compared_pair_rows(c, error);
    if (status == SPT_OK && c->count == 0) release(&groups[--*count]); /* no run has a midpoint */
    return status;
}

/* is_member, done [n] scratch; groups [n] out */
static enum spt_status find_groups(const struct spt_emerged *emerged, size_t n, bool *is_member, bool *done,
                                   struct spt_compared *groups, size_t *count, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    bool others = false;
    for (size_t i = 0; i < n && status == SPT_OK; i++) {
        if (done[i]) continue;
        size_t members = 0;
        for (size_t k = 0; k < n; k++) {
            is_member[k] = !done[k] && are_seeds(&emerged[i], &emerged[k]);
            members += is_member[k];
            others = others || !is_same_setting(&emerged[i], &emerged[k]);
        }
        for (size_t k = 0; k < n; k++) done[k] = done[k] || is_member[k];
        if (members > 1) status = add_group(emerged, is_member, n, true, groups, count, error);
    }
    for (size_t k = 0; k < n; k++) is_member[k] = true;
    return status == SPT_OK && others ? add_group(emerged, is_member, n, false, groups, count, error) : status;
}

enum spt_status spt_emerged_compare(const struct spt_emerged *emerged, size_t n, struct spt_compared **groups,
                                    size_t *count, struct spt_error *error) {
    *count = 0;
    *groups = spt_alloc_zeroed(n + 1, sizeof **groups);
    bool *scratch = spt_alloc_zeroed(2 * n, sizeof *scratch);
    enum spt_status status = *groups && scratch ? SPT_OK : spt_fail_memory(error, n * sizeof **groups, "runs");
    if (status == SPT_OK && n > 1) status = find_groups(emerged, n, scratch, scratch + n, *groups, count, error);
    free(scratch);
    if (status == SPT_OK) return SPT_OK;
    spt_compared_free(*groups, *count);
    *groups = NULL;
    *count = 0;
    return status;
}

void spt_compared_free(struct spt_compared *groups, size_t count) {
    for (size_t i = 0; groups && i < count; i++) release(&groups[i]);
    free(groups);
}
