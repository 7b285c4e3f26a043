/* Elements of a tensor in row-major order, where files have them in another: views with strides, pieces in several
 * files, foreign byte order.
 *
 * A range of elements is cut into boxes (a range of one dimension, all of those after it), a box into what each piece
 * has of it. That part is read in the file's order: its dimensions by their strides, the two narrowest together where
 * they lie close enough, so that a transposed matrix is read in runs and not in elements, and never more than SPAN bytes
 * are held. Dimensions that follow one another without gaps on both sides count as one: whole rows go straight to where
 * they are wanted.
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
    const struct spt_piece *pieces; /* [piece_count]; of a tensor without, itself */
    size_t piece_count;
    size_t element;                    /* bytes */
    unsigned char *out;                /* of the box that is read */
    size_t read;                       /* elements, by all pieces */
    size_t index[SPT_TENSOR_RANK_MAX]; /* of the box, in the dimensions before its range */
    const struct spt_piece *piece;     /* what is read from */
    struct spt_error *error;
};

struct box {
    size_t begin[SPT_TENSOR_RANK_MAX], size[SPT_TENSOR_RANK_MAX]; /* in the tensor */
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
        v->contents, v->piece->file, v->piece->offset + (uint64_t)from * size, span, (last + 1) * size, v->error);
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
    if (d[0].from == 1 && d[0].to == 1 && d[1].size == 1)
        return spt_contents_read_at(v->contents, v->piece->file, v->piece->offset + (uint64_t)from * v->element,
                                    v->out + to * v->element, d[0].size * v->element, v->error);
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

/* The dimensions [count] of a part, in the order of the file; at least two.
 *   from, to  of its first element in the piece and in out */
static enum spt_status read_part(const struct view *v, struct dimension *d, size_t count, size_t from, size_t to) {
    size_t index[SPT_TENSOR_RANK_MAX + 2] = {0};
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
        if (i == count) return SPT_OK;
    }
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* What v->piece has of the box. */
static enum spt_status read_piece(struct view *v, const struct box *box) {
    const struct spt_piece *piece = v->piece;
    struct dimension d[SPT_TENSOR_RANK_MAX + 2];
    size_t count = 0, from = 0, to = 0, row_major = 1, step = 1, elements = 1;
    for (size_t i = v->tensor->rank; i-- > 0;) {
        const size_t begin = larger(box->begin[i], piece->begin[i]);
        const size_t end = smaller(box->begin[i] + box->size[i], piece->begin[i] + piece->size[i]);
        if (begin >= end) return SPT_OK;
        const size_t stride = piece->stride ? piece->stride[i] : row_major, size = end - begin;
        struct dimension *last = count ? &d[count - 1] : NULL;
        from += (begin - piece->begin[i]) * stride;
        to += (begin - box->begin[i]) * step;
        if (size == 1)
            ;
        else if (last && stride == last->from * last->size && step == last->to * last->size)
            last->size *= size;
        else
            d[count++] = (struct dimension){size, stride, step};
        row_major *= piece->size[i];
        step *= box->size[i];
        elements *= size;
    }
    if (count) qsort(d, count, sizeof *d, by_stride);
    while (count < 2) d[count++] = (struct dimension){1, 0, 0};
    v->read += elements;
    return read_part(v, d, count, from, to);
}

/* size rows of dimension first from begin on, all of those after it. Moves v->out. */
static enum spt_status read_box(struct view *v, size_t first, size_t begin, size_t size) {
    const struct spt_tensor *tensor = v->tensor;
    struct box box;
    size_t elements = 1;
    for (size_t i = 0; i < tensor->rank; i++) {
        box.begin[i] = i < first ? v->index[i] : i == first ? begin : 0;
        box.size[i] = i < first ? 1 : i == first ? size : tensor->shape[i];
        elements *= box.size[i];
    }
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < v->piece_count && status == SPT_OK; i++) {
        v->piece = &v->pieces[i];
        status = read_piece(v, &box);
    }
    v->out += elements * v->element;
    return status;
}

/* Elements [first, first + count) of what lies at v->index in the dimensions before, and has those from dimension on. */
static enum spt_status read_range(struct view *v, size_t dimension, size_t first, size_t count) {
    const struct spt_tensor *tensor = v->tensor;
    if (count == 0) return SPT_OK;
    if (dimension == tensor->rank) return read_box(v, dimension, 0, 1);
    size_t inner = 1;
    for (size_t i = dimension + 1; i < tensor->rank; i++) inner *= tensor->shape[i];
    size_t row = first / inner;
    const size_t skipped = first % inner;
    enum spt_status status = SPT_OK;
    if (skipped > 0) {
        const size_t head = smaller(count, inner - skipped);
        v->index[dimension] = row;
        status = read_range(v, dimension + 1, skipped, head);
        count -= head;
        row++;
    }
    const size_t rows = count / inner;
    if (status == SPT_OK && rows > 0) status = read_box(v, dimension, row, rows);
    v->index[dimension] = row + rows;
    if (status == SPT_OK) status = read_range(v, dimension + 1, 0, count % inner);
    return status;
}

static enum spt_status read_view(struct spt_contents *contents, const struct spt_tensor *tensor, size_t first,
                                 size_t count, void *out, struct spt_error *error) {
    static const size_t ZEROS[SPT_TENSOR_RANK_MAX] = {0};
    const struct spt_piece whole = {.begin = ZEROS,
                                    .size = tensor->shape,
                                    .offset = tensor->offset,
                                    .file = tensor->file,
                                    .stride = tensor->stride};
    struct view view = {.contents = contents,
                        .tensor = tensor,
                        .pieces = tensor->pieces ? tensor->pieces : &whole,
                        .piece_count = tensor->pieces ? tensor->piece_count : 1,
                        .element = spt_dtype_size(tensor->dtype),
                        .out = out,
                        .error = error};
    if (!contents->span) contents->span = spt_alloc(SPAN, 1);
    if (!contents->span) return spt_fail_memory(error, SPAN, "reading a view");
    /* Pieces were found to fill the tensor by a test that a forger may know: whatever he leaves open reads as 0. */
    if (tensor->pieces) memset(out, 0, count * view.element);
    const enum spt_status status = read_range(&view, 0, first, count);
    if (status != SPT_OK || view.read == count) return status;
    return spt_fail(error, SPT_INVALID, contents->files[tensor->file].path,
                    "tensor \"%s\": its pieces have %zu of %zu elements", tensor->name, view.read, count);
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
    if (tensor->stride || tensor->pieces)
        status = read_view(contents, tensor, first, count, out, error);
    else
        status = spt_contents_read_at(contents, tensor->file, tensor->offset + (uint64_t)first * element, out,
                                      count * element, error);
    if (status == SPT_OK && tensor->big_endian) swap_bytes(out, count, element);
    return status;
}
