#include "tracker/emergence/columns.h"

#include <math.h>
#include <string.h>

static void put_field(struct spt_text *out, const struct spt_emerged_field *field) {
    if (field->absent)
        spt_text_put(out, "null");
    else if (field->kind == SPT_EMERGED_TEXT)
        spt_text_put_json(out, field->text);
    else if (field->kind == SPT_EMERGED_COUNT)
        spt_text_format(out, "%lld", field->count);
    else
        spt_text_put_json_number(out, field->number);
}

static void put_key(struct spt_text *out, const char *key, double value) {
    spt_text_format(out, ", \"%s\": ", key);
    spt_text_put_json_number(out, value);
}

static double step_of(double t) {
    return isnan(t) ? NAN : spt_emergence_step(t);
}

/* In place of the column of this name, which is for people and spreadsheets. */
static void put_turns(struct spt_text *out, const struct spt_changes *changes) {
    spt_text_put(out, "[");
    for (size_t i = 0; i < changes->count; i++) {
        const struct spt_phase *phase = &changes->phase[i];
        spt_text_format(out, "%s{\"rises\": %s", i ? ", " : "", phase->rises ? "true" : "false");
        put_key(out, "step", step_of(phase->t));
        put_key(out, "lo", step_of(phase->t_lo));
        put_key(out, "hi", step_of(phase->t_hi));
        put_key(out, "from", phase->from);
        put_key(out, "to", phase->to);
        spt_text_put(out, "}");
    }
    spt_text_put(out, "]");
}

static void put_row(struct spt_text *out, struct spt_emerged_subject *subject, bool first) {
    spt_text_put(out, first ? "\n{" : ",\n{");
    for (size_t i = 0; i < SPT_EMERGED_COLUMN_COUNT; i++) {
        spt_text_format(out, "%s\"%s\": ", i ? ", " : "", SPT_EMERGED_COLUMNS[i].name);
        if (subject->row && !subject->order && strcmp(SPT_EMERGED_COLUMNS[i].name, "turns") == 0) {
            put_turns(out, &subject->row->emergence.changes);
            continue;
        }
        const struct spt_emerged_field field = SPT_EMERGED_COLUMNS[i].field(subject);
        put_field(out, &field);
    }
    spt_text_put(out, "}");
}

/* One list of the object, while it is written. */
struct list {
    struct spt_text *out;
    bool first;
};

static void put(struct list *list, struct spt_emerged_subject *subject) {
    put_row(list->out, subject, list->first);
    list->first = false;
}

static void put_runs(struct list *list, const struct spt_emerged *emerged, size_t n, struct spt_emerged_view view) {
    for (size_t r = 0; r < n; r++) {
        struct spt_emerged_subject subject = {.emerged = &emerged[r]};
        for (size_t i = 0; i < emerged[r].count; i++) {
            subject.row = &emerged[r].rows[i];
            if (spt_emerged_shows(subject.row->layer, subject.row->head, view)) put(list, &subject);
        }
        spt_text_release(&subject.scratch);
    }
}

static void put_groups(struct list *list, const struct spt_compared *groups, size_t count,
                       struct spt_emerged_view view) {
    for (size_t g = 0; g < count; g++) {
        struct spt_emerged_subject subject = {.emerged = groups[g].members[0], .compared = &groups[g]};
        for (size_t i = 0; i < groups[g].count; i++) {
            subject.compared_row = &groups[g].rows[i];
            if (spt_emerged_shows(subject.compared_row->layer, subject.compared_row->head, view)) put(list, &subject);
        }
        spt_text_release(&subject.scratch);
    }
}

static void put_pairs(struct list *list, const struct spt_emerged *emerged, size_t n, const struct spt_compared *groups,
                      size_t count, struct spt_emerged_view view) {
    for (size_t r = 0; r < n; r++) {
        struct spt_emerged_subject subject = {.emerged = &emerged[r]};
        for (size_t i = 0; i < emerged[r].pair_count; i++)
            if (spt_emerged_pair_subject(&subject, &emerged[r].pairs[i], view)) put(list, &subject);
        spt_text_release(&subject.scratch);
    }
    for (size_t g = 0; g < count; g++) {
        struct spt_emerged_subject subject = {.emerged = groups[g].members[0], .compared = &groups[g]};
        for (size_t i = 0; i < groups[g].pair_count; i++)
            if (spt_compared_pair_subject(&subject, &groups[g].pairs[i], view)) put(list, &subject);
        spt_text_release(&subject.scratch);
    }
}

void spt_emerged_put_json(struct spt_text *out, const struct spt_emerged *emerged, size_t n,
                          const struct spt_compared *groups, size_t count, struct spt_emerged_view view) {
    struct list list = {out, true};
    spt_text_put(out, "{\"runs\": [");
    put_runs(&list, emerged, n, view);
    list.first = true;
    spt_text_put(out, "],\n\"groups\": [");
    put_groups(&list, groups, count, view);
    list.first = true;
    spt_text_put(out, "],\n\"pairs\": [");
    put_pairs(&list, emerged, n, groups, count, view);
    spt_text_put(out, "]}\n");
}
