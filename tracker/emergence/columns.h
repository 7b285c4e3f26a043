/* The columns of emerge: one list, from which CSV's header and rows, JSON's keys and the manual follow. */
#ifndef SPT_EMERGENCE_COLUMNS_H
#define SPT_EMERGENCE_COLUMNS_H

#include "tracker/emergence/emergence.h"

enum spt_emerged_kind { SPT_EMERGED_TEXT, SPT_EMERGED_COUNT, SPT_EMERGED_NUMBER };

/* A field of one row. */
struct spt_emerged_field {
    enum spt_emerged_kind kind;
    bool absent;
    const char *text; /* borrowed until the next field */
    long long count;
    double number; /* NAN: absent */
};

/* What a row is of: a run, or runs compared, or two metrics of either. scratch holds texts that are made. */
struct spt_emerged_subject {
    const struct spt_emerged *emerged;
    const struct spt_emerged_row *row;
    const struct spt_compared *compared; /* else emerged and row are the first member's */
    const struct spt_compared_row *compared_row;
    const struct spt_order *order; /* of a pair: row or compared_row against other; NULL: of a row */
    const char *other;
    double q;
    struct spt_text scratch;
};

/* Makes the subject that of a pair of the same run or runs. Returns whether it is asked for. */
bool spt_emerged_pair_subject(struct spt_emerged_subject *subject, const struct spt_emerged_pair *pair,
                              struct spt_emerged_view view);
bool spt_compared_pair_subject(struct spt_emerged_subject *subject, const struct spt_compared_pair *pair,
                               struct spt_emerged_view view);

struct spt_emerged_column {
    const char *name, *help;
    struct spt_emerged_field (*field)(struct spt_emerged_subject *subject);
};

extern const struct spt_emerged_column SPT_EMERGED_COLUMNS[];
extern const size_t SPT_EMERGED_COLUMN_COUNT;

#endif
