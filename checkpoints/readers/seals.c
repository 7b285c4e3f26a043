#include "checkpoints/readers/seals.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/crc32.h"
#include "checkpoints/base/memory.h"

enum { SPANS_MAX = 4096 }; /* of one seal: more is not worth the time */

bool spt_seals_add(struct spt_seals *seals, const struct spt_seal *seal) {
    void *items = seals->items;
    if (!spt_grow(&items, &seals->capacity, seals->count + 1, sizeof *seals->items)) return false;
    seals->items = items;
    seals->items[seals->count++] = *seal;
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct spt_seal *x = a, *y = b;
    if (x->file != y->file) return x->file > y->file ? 1 : -1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

void spt_seals_sort(struct spt_seals *seals) {
    size_t kept = 0;
    if (seals->count) qsort(seals->items, seals->count, sizeof *seals->items, by_place);
    for (size_t i = 0; i < seals->count; i++) {
        if (kept && by_place(&seals->items[kept - 1], &seals->items[i]) == 0) continue;
        seals->items[kept++] = seals->items[i];
    }
    seals->count = kept;
}

void spt_seal_release(struct spt_seal *seal) {
    free(seal->spans);
    seal->spans = NULL;
    seal->span_count = seal->span_capacity = 0;
}

void spt_seals_release(struct spt_seals *seals) {
    for (size_t i = 0; i < seals->count; i++) spt_seal_release(&seals->items[i]);
    free(seals->items);
    *seals = (struct spt_seals){0};
}

static void give_up(struct spt_seal *seal) {
    spt_seal_release(seal);
    seal->given_up = true;
}

/* The first span that ends at or behind at. */
static size_t first_span(const struct spt_seal *seal, uint64_t at) {
    size_t low = 0, high = seal->span_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (seal->spans[middle].end < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* spans [first, last) become one that holds them and [begin, end). */
static void merge(struct spt_seal *seal, size_t first, size_t last, uint64_t begin, uint64_t end) {
    if (first == last) {
        void *spans = seal->spans;
        if (seal->span_count == SPANS_MAX ||
            !spt_grow(&spans, &seal->span_capacity, seal->span_count + 1, sizeof *seal->spans)) {
            give_up(seal);
            return;
        }
        seal->spans = spans;
        memmove(seal->spans + first + 1, seal->spans + first, (seal->span_count - first) * sizeof *seal->spans);
        seal->span_count++;
        seal->spans[first] = (struct spt_span){begin, end};
        return;
    }
    struct spt_span *into = &seal->spans[first];
    if (begin < into->begin) into->begin = begin;
    into->end = end > seal->spans[last - 1].end ? end : seal->spans[last - 1].end;
    memmove(into + 1, seal->spans + last, (seal->span_count - last) * sizeof *seal->spans);
    seal->span_count -= last - first - 1;
}

/* bytes are those [begin, end) of the seal's, end > begin. */
static void note(struct spt_seal *seal, uint64_t begin, uint64_t end, const unsigned char *bytes) {
    const size_t first = first_span(seal, begin);
    size_t last = first;
    for (uint64_t at = begin; at < end;) {
        const struct spt_span *span = last < seal->span_count ? &seal->spans[last] : NULL;
        if (span && span->begin <= at) {
            at = span->end > at ? span->end : at;
            last++;
            continue;
        }
        const uint64_t stop = span && span->begin < end ? span->begin : end;
        const uint32_t remainder = spt_crc32_remainder(bytes + (at - begin), (size_t)(stop - at));
        seal->remainder ^= spt_crc32_shift(remainder, seal->size - stop);
        at = stop;
    }
    if (last < seal->span_count && seal->spans[last].begin == end) last++;
    merge(seal, first, last, begin, end);
}

void spt_seal_note(struct spt_seal *seal, uint64_t offset, const void *bytes, size_t size) {
    const uint64_t end = seal->offset + seal->size, stop = offset + size < end ? offset + size : end;
    const uint64_t begin = offset > seal->offset ? offset : seal->offset;
    if (!seal->given_up && begin < stop)
        note(seal, begin - seal->offset, stop - seal->offset, (const unsigned char *)bytes + (begin - offset));
}

void spt_seals_note(struct spt_seals *seals, size_t file, uint64_t offset, const void *bytes, size_t size) {
    size_t low = 0, high = seals->count; /* the first that begins behind offset */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct spt_seal *seal = &seals->items[middle];
        if (seal->file < file || (seal->file == file && seal->offset <= offset))
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low ? low - 1 : 0; i < seals->count; i++) {
        struct spt_seal *seal = &seals->items[i];
        if (seal->file > file || (seal->file == file && seal->offset >= offset + size)) break;
        if (seal->file == file) spt_seal_note(seal, offset, bytes, size);
    }
}

uint64_t spt_seal_read(const struct spt_seal *seal) {
    uint64_t read = 0;
    for (size_t i = 0; i < seal->span_count; i++) read += seal->spans[i].end - seal->spans[i].begin;
    return read;
}

bool spt_seal_gap(const struct spt_seal *seal, struct spt_span *gap) {
    if (seal->given_up || spt_seal_read(seal) == seal->size) return false;
    const struct spt_span *spans = seal->spans;
    const bool at_begin = !seal->span_count || spans[0].begin > 0;
    const size_t next = at_begin ? 0 : 1;
    gap->begin = seal->offset + (at_begin ? 0 : spans[0].end);
    gap->end = seal->offset + (next < seal->span_count ? spans[next].begin : seal->size);
    return true;
}

bool spt_seal_is_broken(const struct spt_seal *seal) {
    return !seal->given_up && spt_seal_read(seal) == seal->size &&
           spt_crc32_finish(seal->remainder, seal->size) != seal->crc;
}
