#include "tracker/watch/sparkline.h"

#include <math.h>

enum { HEIGHTS = 8, CELLS_MAX = 256 };

static const char *const BLOCKS[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const LETTERS[] = {"_", ".", ",", "-", "=", "+", "*", "#"};

/* The mean of what is finite; NAN: nothing is. */
static double mean_of(const double *values, size_t count) {
    double mean = 0;
    size_t finite = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) mean += (values[i] - mean) / (double)++finite; /* no sum that overflows */
    return finite ? mean : NAN;
}

static size_t height_of(double value, double least, double greatest) {
    if (!(greatest > least)) return HEIGHTS / 2 - 1;
    const double part = value / 2 - least / 2, whole = greatest / 2 - least / 2;
    const double height = floor(part / whole * HEIGHTS);
    return height < HEIGHTS ? (size_t)height : HEIGHTS - 1;
}

void spt_sparkline(struct spt_text *out, const double *values, size_t count, size_t cells, bool unicode) {
    double shown[CELLS_MAX], least = INFINITY, greatest = -INFINITY;
    if (cells > CELLS_MAX) cells = CELLS_MAX;
    if (cells > count) cells = count;
    for (size_t i = 0; i < cells; i++) {
        const size_t first = count / cells * i + count % cells * i / cells;
        const size_t end = count / cells * (i + 1) + count % cells * (i + 1) / cells;
        shown[i] = mean_of(values + first, end - first);
        if (shown[i] < least) least = shown[i];
        if (shown[i] > greatest) greatest = shown[i];
    }
    for (size_t i = 0; i < cells; i++) {
        if (isnan(shown[i]))
            spt_text_put(out, " ");
        else
            spt_text_put(out, (unicode ? BLOCKS : LETTERS)[height_of(shown[i], least, greatest)]);
    }
}
