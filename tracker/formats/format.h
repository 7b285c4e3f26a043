/* What leaves the store for other programs: one file a format, one row a format in table.c.
 *
 * A format writes one text (CSV, JSON lines, Prometheus' exposition) or a folder (TensorBoard's event files). Figures are
 * those of analysed checkpoints that nothing supersedes, each run in one snapshot of the store, whatever is written
 * meanwhile. Nothing here reads what it wrote: no format is ever parsed.
 *
 * To add one: write <name>.c, add its row to table.c. The command, its help and the completion follow from the row.
 */
#ifndef SPT_FORMAT_H
#define SPT_FORMAT_H

#include "tracker/formats/destination.h"
#include "tracker/store/store.h"

#include <stdbool.h>
#include <stddef.h>

/* Which figures. */
struct spt_figure_choice {
    const bool *metrics; /* [SPT_METRIC_COUNT]; NULL: all, those of a later version too, which this one does not know */
    bool heads;          /* those of single heads too, where the format leaves it open */
};

bool spt_figure_chosen(const struct spt_figure_choice *choice, const char *metric);

/* All borrowed. */
struct spt_export {
    struct spt_store *store;
    const struct spt_store_run *runs; /* [run_count] those to be written: one of the store's, or all */
    size_t run_count;
    const struct spt_store_run *all; /* [all_count] of the store, oldest first */
    size_t all_count;
    bool whole; /* all runs were asked for: those of one name are told apart, and what belongs to none comes too */
    struct spt_figure_choice choice;
};

struct spt_format {
    const char *name; /* as --format has it */
    const char *what; /* a few words for help */
    bool folder;      /* output is a folder, which is made where it is missing; else a text */
    /* Fails with the store, with memory, or with output->failed set. */
    enum spt_status (*figures)(const struct spt_export *export, struct spt_destination *output,
                               struct spt_error *error);
    /* Alerts and other events; NULL: the format has none. */
    enum spt_status (*events)(const struct spt_export *export, struct spt_destination *output, struct spt_error *error);
};

extern const struct spt_format SPT_FORMATS[];
extern const size_t SPT_FORMAT_COUNT;

/* NULL: no such format. */
const struct spt_format *spt_format_find(const char *name);

/* --- for formats of one line a figure, or an event --- */

/* One line, appended to out. run is the name it goes by here (tracker/formats/names.h). */
typedef void spt_measure_line_fn(struct spt_text *out, const char *run, const struct spt_store_measure *measure);
typedef void spt_event_line_fn(struct spt_text *out, const char *run, const struct spt_store_event *event);

/* Every figure in the order (run, branch, step, label, metric, layer, head), single heads always. header: what stands before the first. */
enum spt_status spt_export_measures(const struct spt_export *export, const char *header, spt_measure_line_fn *line,
                                    struct spt_destination *output, struct spt_error *error);
/* Every event of the runs, each run's oldest first; of a whole store, then those of no run, whose name is NULL. */
enum spt_status spt_export_events(const struct spt_export *export, const char *header, spt_event_line_fn *line,
                                  struct spt_destination *output, struct spt_error *error);

/* --- the formats --- */
/* A field of CSV, quoted where it must be. Names of folders need not be UTF-8, readers of the file expect it: what is not
 * becomes U+FFFD. */
void spt_csv_put_text(struct spt_text *out, const char *text);

enum spt_status spt_csv_figures(const struct spt_export *export, struct spt_destination *output,
                                struct spt_error *error);
enum spt_status spt_csv_events(const struct spt_export *export, struct spt_destination *output,
                               struct spt_error *error);
enum spt_status spt_jsonl_figures(const struct spt_export *export, struct spt_destination *output,
                                  struct spt_error *error);
enum spt_status spt_jsonl_events(const struct spt_export *export, struct spt_destination *output,
                                 struct spt_error *error);
enum spt_status spt_tensorboard_figures(const struct spt_export *export, struct spt_destination *output,
                                        struct spt_error *error);
enum spt_status spt_prometheus_figures(const struct spt_export *export, struct spt_destination *output,
                                       struct spt_error *error);

#endif
