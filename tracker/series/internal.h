/* Shared by the readers of series. */
#ifndef SPT_TRACKER_SERIES_INTERNAL_H
#define SPT_TRACKER_SERIES_INTERNAL_H

#include "checkpoints/base/file.h"
#include "checkpoints/base/text.h"
#include "tracker/series/series.h"

#include <stdbool.h>

enum { SPT_SERIES_FILE_LIMIT = 64 * 1024 * 1024, SPT_SERIES_LINE_LIMIT = 1024 * 1024, SPT_SERIES_PIECE = 64 * 1024 };

/* A file, byte by byte, in pieces: what was appended after it was opened is left for the next time. */
struct spt_series_input {
    const char *path;
    int fd;
    uint64_t size, offset; /* of the file; of the next piece */
    char piece[SPT_SERIES_PIECE];
    size_t used, filled;
    size_t line; /* of the next byte, from 1 */
};

enum spt_status spt_series_input_open(struct spt_series_input *input, const char *path, struct spt_error *error);
void spt_series_input_close(struct spt_series_input *input);

/* The next byte (0 .. 255), or -1 at the end. */
enum spt_status spt_series_input_next(struct spt_series_input *input, int *byte, struct spt_error *error);

/* Gives back the byte that was read last; one only. */
void spt_series_input_back(struct spt_series_input *input, int byte);

/* "too long" as an error of the line that begins at line. */
enum spt_status spt_series_fail_length(const struct spt_series_input *input, size_t line, struct spt_error *error);

struct spt_series_points {
    struct spt_store_point *items;
    size_t count, capacity;
};

enum spt_status spt_series_points_add(struct spt_series_points *points, int64_t step, double value,
                                      struct spt_error *error);

/* Text as a number (NAN when it is not finite) or as a step: an integer from 0, perhaps written "100.0". */
bool spt_series_parse_value(const char *text, double *value);
bool spt_series_parse_step(const char *text, int64_t *step);
bool spt_series_step_of_number(double number, int64_t *step);

enum spt_status spt_series_read_lines(struct spt_series_input *input, const char *step_key, const char *value_key,
                                      struct spt_series_points *points, struct spt_error *error);
enum spt_status spt_series_read_table(struct spt_series_input *input, char separator, const char *step_key,
                                      const char *value_key, struct spt_series_points *points, struct spt_error *error);

#endif
