#include "tracker/emergence/columns.h"
#include "tracker/formats/format.h"

static void put_field(struct spt_text *out, const struct spt_emerged_field *field) {
    if (field->absent) return;
    if (field->kind == SPT_EMERGED_TEXT)
        spt_csv_put_text(out, field->text);
    else if (field->kind == SPT_EMERGED_COUNT)
        spt_text_format(out, "%lld", field->count);
    else
        spt_text_put_number(out, field->number);
}

static void put_row(struct spt_text *out, struct spt_emerged_subject *subject) {
    for (size_t i = 0; i < SPT_EMERGED_COLUMN_COUNT; i++) {
        const struct spt_emerged_field field = SPT_EMERGED_COLUMNS[i].field(subject);
        if (i) spt_text_put(out, ",");
        put_field(out, &field);
    }
    spt_text_put(out, "\n");
}

void spt_emerged_put_csv_header(struct spt_text *out) {
    for (size_t i = 0; i < SPT_EMERGED_COLUMN_COUNT; i++)
        spt_text_format(out, "%s%s", i ? "," : "", SPT_EMERGED_COLUMNS[i].name);
    spt_text_put(out, "\n");
}

void spt_emerged_put_csv(struct spt_text *out, const struct spt_emerged *emerged, struct spt_emerged_view view) {
    struct spt_emerged_subject subject = {.emerged = emerged};
    for (size_t i = 0; i < emerged->count; i++) {
        subject.row = &emerged->rows[i];
        if (spt_emerged_shows(subject.row->layer, subject.row->head, view)) put_row(out, &subject);
    }
    for (size_t i = 0; i < emerged->pair_count; i++)
        if (spt_emerged_pair_subject(&subject, &emerged->pairs[i], view)) put_row(out, &subject);
    spt_text_release(&subject.scratch);
}

void spt_compared_put_csv(struct spt_text *out, const struct spt_compared *compared, struct spt_emerged_view view) {
    struct spt_emerged_subject subject = {.emerged = compared->members[0], .compared = compared};
    for (size_t i = 0; i < compared->count; i++) {
        subject.compared_row = &compared->rows[i];
        if (spt_emerged_shows(subject.compared_row->layer, subject.compared_row->head, view)) put_row(out, &subject);
    }
    for (size_t i = 0; i < compared->pair_count; i++)
        if (spt_compared_pair_subject(&subject, &compared->pairs[i], view)) put_row(out, &subject);
    spt_text_release(&subject.scratch);
}
