#include "tracker/summary.h"

#include "analysis/analyze.h"
#include "analysis/emergence/onset.h"
#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The columns of the table: values of the whole model. */
static const struct {
    const char *title, *metric, *format;
} COLUMNS[] = {
    {"loss", "loss", "%.4f"},         {"sink", "sink.first_excess", "%.4f"},
    {"gap", "rmt.gap", "%.4f"},       {"participation", "rmt.participation", "%.3f"},
    {"law_kl", "rmt.law_kl", "%.4f"}, {"b1", "topology.b1@0.1", "%.3f"},
};

enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS, SINK = 1, CELL = 32, COLUMN_WIDTH = 15 };

struct table {
    struct spt_plot_value *column[COLUMN_COUNT]; /* [count] each; NULL: not measured */
};

static void table_release(struct table *table) {
    for (size_t c = 0; c < COLUMN_COUNT; c++) free(table->column[c]);
}

static enum spt_status table_read(struct spt_run_source *source, struct table *table, struct spt_error *error) {
    *table = (struct table){0};
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        const enum spt_status status = source->source.series(source, COLUMNS[c].metric, SPT_WHOLE_MODEL,
                                                             SPT_WHOLE_LAYER, &table->column[c], error);
        if (status == SPT_OK || status == SPT_END) continue;
        table_release(table);
        return status;
    }
    return SPT_OK;
}

/* --- which rows are shown --- */

/* Whether row i of count is one of about rows that lie evenly over the checkpoints; the first and the last always. */
static bool is_row_shown(size_t i, size_t count, size_t rows) {
    if (rows == 0 || count <= rows || i == 0 || i == count - 1) return true;
    return i * (rows - 1) / (count - 1) != (i - 1) * (rows - 1) / (count - 1);
}

static void put_cell(struct spt_text *text, const struct spt_plot_value *value, const char *format) {
    char cell[CELL];
    snprintf(cell, sizeof cell, format, value->mean);
    spt_text_format(text, "%*s", COLUMN_WIDTH, isnan(value->mean) ? "undefined" : cell);
}

/* What the columns hold that are shown. */
static void put_meaning(const bool shown[COLUMN_COUNT], struct spt_text *text) {
    spt_text_put(text, "Means over samples, heads and layers");
    for (size_t c = 0, named = 0; c < COLUMN_COUNT; c++)
        if (shown[c] && strcmp(COLUMNS[c].title, COLUMNS[c].metric) != 0)
            spt_text_format(text, "%s %s is %s", named++ ? "," : ":", COLUMNS[c].title, COLUMNS[c].metric);
    spt_text_put(text, ".\n");
}

static void put_table(const struct spt_run_source *source, const struct table *table, size_t rows,
                      struct spt_text *text) {
    const size_t count = source->source.count;
    size_t left_out = 0;
    spt_text_format(text, "%*s", COLUMN_WIDTH, "step");
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        if (table->column[c]) spt_text_format(text, "%*s", COLUMN_WIDTH, COLUMNS[c].title);
    spt_text_put(text, "\n");
    for (size_t i = 0; i < count; i++) {
        if (!is_row_shown(i, count, rows)) {
            left_out++;
            continue;
        }
        spt_text_format(text, "%*lld", COLUMN_WIDTH, (long long)source->checkpoints[i].step);
        for (size_t c = 0; c < COLUMN_COUNT; c++)
            if (table->column[c]) put_cell(text, &table->column[c][i], COLUMNS[c].format);
        spt_text_put(text, source->checkpoints[i].duplicate ? "  (weights of another step)\n" : "\n");
    }
    if (left_out) spt_text_format(text, "(%zu more checkpoints: spectail export, or -v)\n", left_out);
    bool shown[COLUMN_COUNT];
    for (size_t c = 0; c < COLUMN_COUNT; c++) shown[c] = table->column[c] != NULL;
    put_meaning(shown, text);
}

/* --- onsets --- */

/* Where a quantity turns: of the whole model, or of the layer or head that ends highest. */
struct turn {
    const char *title, *metric;
    int layer, head;
    struct spt_onset onset;
};

static enum spt_status last_value(struct spt_run_source *source, const char *metric, int layer, int head, double *value,
                                  struct spt_error *error) {
    struct spt_plot_value *values;
    const enum spt_status status = source->source.series(source, metric, layer, head, &values, error);
    if (status != SPT_OK) return status;
    *value = NAN;
    for (size_t i = 0; i < source->source.count; i++)
        if (!isnan(values[i].mean)) *value = values[i].mean;
    free(values);
    return SPT_OK;
}

/* The layer (heads = 0), or the head of all layers, whose last value is largest. SPT_END: none is measured. */
static enum spt_status find_strongest(struct spt_run_source *source, size_t heads, struct turn *turn,
                                      struct spt_error *error) {
    double most = -INFINITY;
    for (int layer = 0; layer < (int)source->source.layers; layer++)
        for (int head = heads ? 0 : SPT_WHOLE_LAYER; head < (int)heads; head++) {
            double value;
            const enum spt_status status = last_value(source, turn->metric, layer, head, &value, error);
            if (status == SPT_END) continue;
            if (status != SPT_OK) return status;
            if (!(value > most)) continue;
            most = value;
            turn->layer = layer;
            turn->head = head;
        }
    return most > -INFINITY ? SPT_OK : SPT_END;
}

static enum spt_status find_turns(struct spt_run_source *source, struct turn *turns /* [COLUMN_COUNT + 2] */,
                                  size_t *count, struct spt_error *error) {
    *count = 0;
    for (size_t c = 0; c < COLUMN_COUNT + 2; c++) {
        const size_t column = c < COLUMN_COUNT ? c : SINK;
        struct turn turn = {COLUMNS[column].title, COLUMNS[column].metric, SPT_WHOLE_MODEL, SPT_WHOLE_LAYER, {0}};
        enum spt_status status = SPT_OK;
        if (c >= COLUMN_COUNT)
            status = find_strongest(source, c == COLUMN_COUNT ? 0 : source->source.heads, &turn, error);
        if (status == SPT_OK)
            status = spt_run_source_onset(source, turn.metric, turn.layer, turn.head, &turn.onset, error);
        if (status == SPT_END) continue;
        if (status != SPT_OK) return status;
        turns[(*count)++] = turn;
    }
    return SPT_OK;
}

static void put_turn(const struct turn *turn, struct spt_text *text) {
    char where[CELL] = "";
    if (turn->head != SPT_WHOLE_LAYER)
        snprintf(where, sizeof where, ", layer %d head %d", turn->layer, turn->head);
    else if (turn->layer != SPT_WHOLE_MODEL)
        snprintf(where, sizeof where, ", layer %d", turn->layer);
    char name[2 * CELL];
    snprintf(name, sizeof name, "%s%s", turn->title, where);
    spt_text_format(text, "  %-24s", name);
    if (turn->onset.found)
        spt_text_format(text, "step %-10lld", (long long)turn->onset.step);
    else
        spt_text_format(text, "%-15s", "none");
    if (!isnan(turn->onset.start)) spt_text_format(text, "%.4g -> %.4g", turn->onset.start, turn->onset.end);
    spt_text_put(text, "\n");
}

enum spt_status spt_summary_text(struct spt_run_source *source, size_t rows, struct spt_text *text,
                                 struct spt_error *error) {
    struct table table;
    struct turn turns[COLUMN_COUNT + 2];
    size_t count;
    enum spt_status status = table_read(source, &table, error);
    if (status != SPT_OK) return status;
    put_table(source, &table, rows, text);
    table_release(&table);
    status = find_turns(source, turns, &count, error);
    if (status != SPT_OK) return status;
    spt_text_put(text, "\nOnsets (first step from which all values lie beyond the middle between start and end):\n");
    for (size_t i = 0; i < count; i++) put_turn(&turns[i], text);
    return text->failed ? spt_fail_memory(error, text->length, "a summary") : SPT_OK;
}

/* --- JSON --- */

static void put_json_checkpoints(const struct spt_run_source *source, const struct table *table,
                                 struct spt_text *text) {
    for (size_t i = 0; i < source->source.count; i++) {
        spt_text_format(text, "%s{\"step\": %lld, \"label\": ", i ? ", " : "", (long long)source->checkpoints[i].step);
        spt_text_put_json(text, source->checkpoints[i].label);
        for (size_t c = 0; c < COLUMN_COUNT; c++) {
            if (!table->column[c]) continue;
            spt_text_format(text, ", \"%s\": ", COLUMNS[c].metric);
            spt_text_put_json_number(text, table->column[c][i].mean);
        }
        spt_text_put(text, "}");
    }
}

static void put_json_turn(const struct turn *turn, bool first, struct spt_text *text) {
    spt_text_format(text, "%s{\"metric\": \"%s\", \"layer\": %d, \"head\": %d, \"step\": ", first ? "" : ", ",
                    turn->metric, turn->layer, turn->head);
    if (turn->onset.found)
        spt_text_format(text, "%lld", (long long)turn->onset.step);
    else
        spt_text_put(text, "null");
    spt_text_put(text, ", \"start\": ");
    spt_text_put_json_number(text, turn->onset.start);
    spt_text_put(text, ", \"end\": ");
    spt_text_put_json_number(text, turn->onset.end);
    spt_text_put(text, "}");
}

enum spt_status spt_summary_json(struct spt_run_source *source, struct spt_text *text, struct spt_error *error) {
    struct table table;
    struct turn turns[COLUMN_COUNT + 2];
    size_t count;
    enum spt_status status = table_read(source, &table, error);
    if (status != SPT_OK) return status;
    spt_text_put(text, "{\"run\": ");
    spt_text_put_json(text, source->run.name);
    spt_text_put(text, ", \"checkpoints\": [");
    put_json_checkpoints(source, &table, text);
    table_release(&table);
    status = find_turns(source, turns, &count, error);
    if (status != SPT_OK) return status;
    spt_text_put(text, "], \"onsets\": [");
    for (size_t i = 0; i < count; i++) put_json_turn(&turns[i], i == 0, text);
    spt_text_put(text, "]}\n");
    return text->failed ? spt_fail_memory(error, text->length, "a summary") : SPT_OK;
}

/* --- without steps --- */

/* The analysed checkpoints of a run, as a source would give those with steps. */
struct labelled {
    struct spt_store_checkpoint *rows;
    size_t count;                 /* of rows */
    double *values[COLUMN_COUNT]; /* [count] each */
    bool *measured[COLUMN_COUNT]; /* [count] each */
    bool shown[COLUMN_COUNT];     /* measured anywhere */
};

static void labelled_release(struct labelled *labelled) {
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        free(labelled->values[c]);
        free(labelled->measured[c]);
    }
    spt_store_free_checkpoints(labelled->rows, labelled->count);
}

static enum spt_status labelled_column(struct labelled *labelled, struct spt_store *store, size_t c,
                                       struct spt_error *error) {
    labelled->values[c] = spt_alloc_zeroed(labelled->count, sizeof(double));
    labelled->measured[c] = spt_alloc_zeroed(labelled->count, sizeof(bool));
    if (!labelled->values[c] || !labelled->measured[c])
        return spt_fail_memory(error, labelled->count * sizeof(double), "a table");
    for (size_t i = 0; i < labelled->count; i++) {
        if (labelled->rows[i].state != SPT_STATE_ANALYSED) continue;
        const enum spt_status status = spt_store_mean(store, labelled->rows[i].id, COLUMNS[c].metric, SPT_WHOLE_MODEL,
                                                      SPT_WHOLE_LAYER, &labelled->values[c][i], error);
        if (status != SPT_OK && status != SPT_END) return status;
        labelled->measured[c][i] = status == SPT_OK;
        labelled->shown[c] = labelled->shown[c] || status == SPT_OK;
    }
    return SPT_OK;
}

static enum spt_status labelled_read(struct labelled *labelled, struct spt_store *store, int64_t run,
                                     struct spt_error *error) {
    *labelled = (struct labelled){0};
    enum spt_status status = spt_store_checkpoints(store, run, &labelled->rows, &labelled->count, error);
    for (size_t c = 0; c < COLUMN_COUNT && status == SPT_OK; c++) status = labelled_column(labelled, store, c, error);
    if (status != SPT_OK) labelled_release(labelled);
    return status;
}

static void put_labelled_row(const struct labelled *labelled, size_t i, int width, struct spt_text *text) {
    spt_text_format(text, "%-*s", width, labelled->rows[i].label);
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        const struct spt_plot_value value = {.mean = labelled->values[c][i]};
        if (labelled->shown[c] && labelled->measured[c][i]) put_cell(text, &value, COLUMNS[c].format);
        if (labelled->shown[c] && !labelled->measured[c][i]) spt_text_format(text, "%*s", COLUMN_WIDTH, "");
    }
    spt_text_put(text, "\n");
}

enum spt_status spt_summary_labels_text(struct spt_store *store, int64_t run, const char *name, struct spt_text *text,
                                        struct spt_error *error) {
    struct labelled labelled;
    size_t width = strlen("checkpoint");
    const enum spt_status status = labelled_read(&labelled, store, run, error);
    (void)name;
    if (status != SPT_OK) return status;
    for (size_t i = 0; i < labelled.count; i++) {
        if (labelled.rows[i].state != SPT_STATE_ANALYSED) continue;
        if (strlen(labelled.rows[i].label) > width) width = strlen(labelled.rows[i].label);
    }
    bool any = false;
    for (size_t c = 0; c < COLUMN_COUNT; c++) any = any || labelled.shown[c];
    if (any) {
        spt_text_format(text, "%-*s", (int)width, "checkpoint");
        for (size_t c = 0; c < COLUMN_COUNT; c++)
            if (labelled.shown[c]) spt_text_format(text, "%*s", COLUMN_WIDTH, COLUMNS[c].title);
        spt_text_put(text, "\n");
    }
    for (size_t i = 0; i < labelled.count && any; i++)
        if (labelled.rows[i].state == SPT_STATE_ANALYSED) put_labelled_row(&labelled, i, (int)width, text);
    if (any) put_meaning(labelled.shown, text);
    labelled_release(&labelled);
    return text->failed ? spt_fail_memory(error, text->length, "a summary") : SPT_OK;
}

enum spt_status spt_summary_labels_json(struct spt_store *store, int64_t run, const char *name, struct spt_text *text,
                                        struct spt_error *error) {
    struct labelled labelled;
    const enum spt_status status = labelled_read(&labelled, store, run, error);
    if (status != SPT_OK) return status;
    spt_text_put(text, "{\"run\": ");
    spt_text_put_json(text, name);
    spt_text_put(text, ", \"checkpoints\": [");
    for (size_t i = 0, put = 0; i < labelled.count; i++) {
        if (labelled.rows[i].state != SPT_STATE_ANALYSED) continue;
        spt_text_put(text, put++ ? ", {\"step\": null, \"label\": " : "{\"step\": null, \"label\": ");
        spt_text_put_json(text, labelled.rows[i].label);
        for (size_t c = 0; c < COLUMN_COUNT; c++) {
            if (!labelled.measured[c][i]) continue;
            spt_text_format(text, ", \"%s\": ", COLUMNS[c].metric);
            spt_text_put_json_number(text, labelled.values[c][i]);
        }
        spt_text_put(text, "}");
    }
    spt_text_put(text, "], \"onsets\": []}\n");
    labelled_release(&labelled);
    return text->failed ? spt_fail_memory(error, text->length, "a summary") : SPT_OK;
}
