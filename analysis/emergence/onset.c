#include "analysis/emergence/onset.h"

#include "checkpoints/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKPOINTS_MIN = 6, END_MIN = 3 };

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* First index from which all values lie beyond the midpoint. */
static size_t first_beyond(const double *value, size_t count, double middle, bool rising) {
    size_t first = count;
    while (first > 0 && (rising ? value[first - 1] > middle : value[first - 1] < middle)) first--;
    return first;
}

struct series {
    int64_t *step;
    double *value, *se, *end;
    size_t count;
};

static struct spt_onset onset_of_series(struct series *s) {
    struct spt_onset onset = {.start = NAN, .end = NAN};
    if (s->count == 0) return onset;
    const size_t tenth = s->count / 10;
    size_t last = tenth > END_MIN ? tenth : END_MIN;
    if (last > s->count) last = s->count;
    double se_end = 0;
    for (size_t i = s->count - last; i < s->count; i++) se_end += s->se[i] / (double)last;
    memcpy(s->end, s->value + s->count - last, last * sizeof(double));
    onset.start = s->value[0];
    onset.end = median(s->end, last);
    const double noise = 3 * sqrt(s->se[0] * s->se[0] + se_end * se_end);
    if (s->count < CHECKPOINTS_MIN || onset.end == onset.start || fabs(onset.end - onset.start) < noise) return onset;
    const size_t first = first_beyond(s->value, s->count, (onset.start + onset.end) / 2, onset.end > onset.start);
    onset.found = first < s->count;
    if (onset.found) onset.step = s->step[first];
    return onset;
}

enum spt_status spt_onset_of(const int64_t *step, const double *mean, const double *se, size_t count,
                             struct spt_onset *onset, struct spt_error *error) {
    struct series s = {
        .step = spt_alloc(count, sizeof(int64_t)),
        .value = spt_alloc(count, sizeof(double)),
        .se = spt_alloc(count, sizeof(double)),
        .end = spt_alloc(count, sizeof(double)),
    };
    const bool ready = s.step && s.value && s.se && s.end;
    for (size_t i = 0; ready && i < count; i++) {
        if (isnan(mean[i])) continue;
        s.step[s.count] = step[i];
        s.value[s.count] = mean[i];
        s.se[s.count++] = isnan(se[i]) ? 0 : se[i];
    }
    if (ready) *onset = onset_of_series(&s);
    free(s.step);
    free(s.value);
    free(s.se);
    free(s.end);
    return ready ? SPT_OK : spt_fail_memory(error, 4 * count * sizeof(double), "an onset");
}
