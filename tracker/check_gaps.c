#include "checkpoints/base/text.h"
#include "tracker/check.h"

enum { WINDOW = 4, NAMED = 8 };

/* The least distance between neighbours among steps[from .. to]. */
static int64_t least(const int64_t *steps, size_t from, size_t to) {
    int64_t distance = 0;
    for (size_t i = from; i < to; i++) {
        const int64_t d = steps[i + 1] - steps[i];
        if (!distance || d < distance) distance = d;
    }
    return distance;
}

/* The stride around the gap from steps[i] to steps[i + 1]; 0: there is none. A schedule that grows (1, 2, 4, 8 ...) or
 * changes once (every 100 up to 1000, then every 1000) has no stride that is the same on both sides. */
static int64_t stride_around(const int64_t *steps, size_t count, size_t i) {
    const size_t from = i > WINDOW ? i - WINDOW : 0, to = i + 1 + WINDOW < count ? i + 1 + WINDOW : count - 1;
    int64_t before = least(steps, i - 1, i), after = least(steps, i + 1, i + 2);
    if (before == after) return before;
    before = least(steps, from, i); /* the neighbour may be a gap too */
    after = least(steps, i + 1, to);
    return before == after ? before : 0;
}

static void put_gap(struct spt_text *text, int64_t from, int64_t to, int64_t stride) {
    const int64_t missing = (to - from) / stride - 1;
    for (int64_t k = 1; k <= missing && k <= NAMED; k++)
        spt_text_format(text, "%s%lld", k > 1 ? ", " : "", (long long)(from + k * stride));
    if (missing > NAMED) spt_text_format(text, " and %lld more", (long long)(missing - NAMED));
    spt_text_format(text, " %s missing between %lld and %lld: steps come every %lld there", missing > 1 ? "are" : "is",
                    (long long)from, (long long)to, (long long)stride);
}

size_t spt_check_gaps(const int64_t *steps, size_t count, struct spt_text *text, int64_t *first, int64_t *last) {
    size_t gaps = 0;
    for (size_t i = 1; i + 2 < count; i++) {
        const int64_t distance = steps[i + 1] - steps[i], stride = stride_around(steps, count, i);
        if (!stride || distance <= stride || distance % stride != 0) continue;
        if (gaps++)
            spt_text_put(text, "; ");
        else
            *first = steps[i];
        *last = steps[i + 1];
        put_gap(text, steps[i], steps[i + 1], stride);
    }
    return gaps;
}
