/* Elements of a tensor in row-major order, where the file has them in another: views with strides, foreign byte order.
 *
 * A range of elements is cut into boxes (a range of one dimension, all of those after it). A box is read in the file's
 * order: its dimensions by their strides, the two narrowest together where they lie close enough, so that a transposed
 * matrix is read in runs and not in elements, and never more than SPAN bytes are held.
 */
#include <stdlib.h>
#include <string.h>

#include "checkpoints/readers/reader.h"

enum {
    SPAN = 256 * 1024,
    SPARSE = 4096, /* bytes: a gap that is cheaper to jump than to read */
};

struct dimension {
    size_t size;
    size_t from; /* stride in the file, elements */
    size_t to;   /* stride in out, elements */
};

struct view {
    struct spt_contents *contents;
    const struct spt_tensor *tensor;
    size_t element;     /* bytes */
    unsigned char *out; /* of the next box */
    struct spt_error *error;
};

static void copy_element(unsigned char *to, const unsigned char *from, size_t size) {
    if (size == 2)
        memcpy(to, from, 2);
    else if (size == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, size);
}

/* counts[0] elements along d[0], counts[1] times along d[1]: one read, then scattered. */
static enum spt_status read_span(const struct view *v, const struct dimension d[2], const size_t counts[2], size_t from,
                                 size_t to) {
    const size_t size = v->element, last = (counts[0] - 1) * d[0].from + (counts[1] - 1) * d[1].from;
    unsigned char *span = v->contents->span;
    const enum spt_status status = spt_contents_read_at(
        v->contents, v->tensor->file, v->tensor->offset + (uint64_t)from * size, span, (last + 1) * size, v->error);
    if (status != SPT_OK) return status;
    for (size_t j = 0; j < counts[1]; j++) {
        const unsigned char *in = span + j * d[1].from * size;
        unsigned char *out = v->out + (to + j * d[1].to) * size;
        if (d[0].from == 1 && d[0].to == 1)
            memcpy(out, in, counts[0] * size);
        else
            for (size_t i = 0; i < counts[0]; i++)
                copy_element(out + i * d[0].to * size, in + i * d[0].from * size, size);
    }
    return SPT_OK;
}

/* How many steps of stride fit into room elements, all of them if they stand still. */
static size_t steps_within(size_t size, size_t stride, size_t room) {
    if (stride == 0 || size <= 1) return size;
    const size_t most = room / stride + 1;
    return size < most ? size : most;
}

/* The plane of the two narrowest dimensions. */
static enum spt_status read_plane(const struct view *v, const struct dimension d[2], size_t from, size_t to) {
    const size_t room = SPAN / v->element - 1, gap = SPARSE / v->element;
    size_t most[2] = {d[0].from > gap ? 1 : steps_within(d[0].size, d[0].from, room), 1};
    if (most[0] == d[0].size) {
        const size_t used = (d[0].size - 1) * d[0].from;
        if (d[1].from <= used + gap) most[1] = steps_within(d[1].size, d[1].from, room - used);
    }
    enum spt_status status = SPT_OK;
    for (size_t j = 0; j < d[1].size && status == SPT_OK; j += most[1])
        for (size_t i = 0; i < d[0].size && status == SPT_OK; i += most[0]) {
            const size_t left[2] = {d[0].size - i, d[1].size - j};
            const size_t counts[2] = {left[0] < most[0] ? left[0] : most[0], left[1] < most[1] ? left[1] : most[1]};
            status = read_span(v, d, counts, from + i * d[0].from + j * d[1].from, to + i * d[0].to + j * d[1].to);
        }
    return status;
}

static int by_stride(const void *a, const void *b) {
    const struct dimension *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

/* rows of dimension first of the tensor, all of those after it, from the element at begin on. Moves v->out. */
static enum spt_status read_box(struct view *v, size_t first, size_t begin, size_t rows) {
    const struct spt_tensor *tensor = v->tensor;
    struct dimension d[SPT_TENSOR_RANK_MAX + 2];
    size_t count = 0, elements = 1, index[SPT_TENSOR_RANK_MAX + 2] = {0};
    for (size_t i = tensor->rank; i-- > first;) {
        const size_t size = i == first ? rows : tensor->shape[i];
        if (size != 1) d[count++] = (struct dimension){size, tensor->stride[i], elements};
        elements *= size;
    }
    qsort(d, count, sizeof *d, by_stride);
    while (count < 2) d[count++] = (struct dimension){1, 0, 0};
    size_t from = begin, to = 0;
    while (true) {
        const enum spt_status status = read_plane(v, d, from, to);
        if (status != SPT_OK) return status;
        size_t i = 2;
        for (; i < count; i++) { /* the next plane, narrow dimensions first */
            from += d[i].from;
            to += d[i].to;
            if (++index[i] < d[i].size) break;
            from -= d[i].from * d[i].size;
            to -= d[i].to * d[i].size;
            index[i] = 0;
        }
        if (i == count) break;
    }
    v->out += elements * v->element;
    return SPT_OK;
}

/* Elements [first, first + count) of what lies at begin in the file and has the dimensions from dimension on. */
static enum spt_status read_range(struct view *v, size_t dimension, size_t begin, size_t first, size_t count) {
    const struct spt_tensor *tensor = v->tensor;
    if (count == 0) return SPT_OK;
    if (dimension == tensor->rank) return read_box(v, dimension, begin, 1);
    size_t inner = 1;
    for (size_t i = dimension + 1; i < tensor->rank; i++) inner *= tensor->shape[i];
    size_t row = first / inner;
    const size_t skipped = first % inner, stride = tensor->stride[dimension];
    enum spt_status status = SPT_OK;
    if (skipped > 0) {
        const size_t head = count < inner - skipped ? count : inner - skipped;
        status = read_range(v, dimension + 1, begin + row * stride, skipped, head);
        count -= head;
        row++;
    }
    const size_t rows = count / inner;
    if (status == SPT_OK && rows > 0) status = read_box(v, dimension, begin + row * stride, rows);
    if (status == SPT_OK) status = read_range(v, dimension + 1, begin + (row + rows) * stride, 0, count % inner);
    return status;
}

static void swap_bytes(unsigned char *bytes, size_t count, size_t element) {
    for (size_t i = 0; i < count; i++, bytes += element)
        for (size_t a = 0, b = element - 1; a < b; a++, b--) {
            const unsigned char kept = bytes[a];
            bytes[a] = bytes[b];
            bytes[b] = kept;
        }
}

enum spt_status spt_contents_read_elements(struct spt_contents *contents, const struct spt_tensor *tensor, size_t first,
                                           size_t count, void *out, struct spt_error *error) {
    const size_t element = spt_dtype_size(tensor->dtype);
    enum spt_status status;
    if (!tensor->stride) {
        status = spt_contents_read_at(contents, tensor->file, tensor->offset + (uint64_t)first * element, out,
                                      count * element, error);
    } else {
        struct view view = {.contents = contents, .tensor = tensor, .element = element, .out = out, .error = error};
        if (!contents->span) contents->span = spt_alloc(SPAN, 1);
        if (!contents->span) return spt_fail_memory(error, SPAN, "reading a view");
        status = read_range(&view, 0, 0, first, count);
    }
    if (status == SPT_OK && tensor->big_endian) swap_bytes(out, count, element);
    return status;
}
