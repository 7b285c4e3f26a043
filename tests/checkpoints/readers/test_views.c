/* Views and pieces against their plain twins: element by element, from the definition of a stride. */
#include "tests/checkpoints/readers/build.h"

#include "checkpoints/readers/reader.h"

enum { ELEMENTS = 400 * 1000 }; /* of two bytes: more than a span */

static void put_numbers(void) {
    uint16_t *numbers = malloc(ELEMENTS * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < ELEMENTS; i++) numbers[i] = (uint16_t)(i * 40503u >> 3);
    put_file("numbers", numbers, ELEMENTS * sizeof *numbers);
    free(numbers);
}

/* Element index of tensor, in row-major order. */
static uint16_t twin(const struct spt_tensor *tensor, size_t index) {
    size_t at = tensor->offset / 2;
    for (size_t d = tensor->rank; d-- > 0; index /= tensor->shape[d])
        at += index % tensor->shape[d] * tensor->stride[d];
    const uint16_t value = (uint16_t)(at * 40503u >> 3);
    return tensor->big_endian ? __builtin_bswap16(value) : value;
}

static void assert_range(struct spt_contents *contents, const struct spt_tensor *tensor, size_t first, size_t count) {
    uint16_t *out = malloc(count * sizeof *out + 1);
    assert_non_null(out);
    struct spt_error error = {0};
    if (spt_contents_read_elements(contents, tensor, first, count, out, &error) != SPT_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < count; i++)
        if (out[i] != twin(tensor, first + i)) fail_msg("element %zu of %zu from %zu on", i, count, first);
    free(out);
}

static void large_views_are_read_as_the_plain_twin_reads_them(void **state) {
    (void)state;
    static const struct {
        size_t rank, shape[4], stride[4];
    } VIEWS[] = {
        {2, {600, 600}, {1, 600}},                 /* transposed */
        {2, {3, 130000}, {1, 3}},                  /* a long narrow one */
        {2, {130000, 3}, {3, 1}},                  /* row-major */
        {1, {4}, {100000}},                        /* jumps */
        {1, {190000}, {2}},                        /* every other, beyond a span */
        {2, {500, 300}, {800, 1}},                 /* columns of a wider matrix */
        {2, {500, 30}, {800, 20}},                 /* with steps */
        {3, {40, 50, 60}, {1, 2400, 40}},          /* permuted */
        {4, {10, 20, 30, 40}, {1200, 40, 800, 1}}, /* dimensions overlap */
        {3, {7, 300, 90}, {0, 1, 0}},              /* expanded */
        {2, {100000, 2}, {1, 299000}},             /* two far runs */
        {0, {0}, {0}},
    };
    put_numbers();
    struct spt_contents contents;
    spt_contents_init(&contents, NULL);
    assert_int_equal(spt_contents_add_file(&contents, "numbers", NULL), SPT_OK);
    for (size_t v = 0; v < sizeof VIEWS / sizeof *VIEWS; v++) {
        struct spt_tensor tensor = {.name = "v", .dtype = SPT_U16, .rank = VIEWS[v].rank, .count = 1, .offset = 14};
        for (size_t d = 0; d < tensor.rank; d++) tensor.count *= tensor.shape[d] = VIEWS[v].shape[d];
        tensor.stride = VIEWS[v].stride;
        assert_range(&contents, &tensor, 0, tensor.count);
        tensor.big_endian = true;
        uint32_t random = 1;
        for (int i = 0; i < 20; i++) {
            random = random * 1664525u + 1013904223u;
            const size_t first = random % (tensor.count + 1);
            assert_range(&contents, &tensor, first, (tensor.count - first) / (size_t)(1 + i));
        }
    }
    spt_contents_release(&contents);
}

/* A pinwheel: no line cuts it from edge to edge. With its sizes for rows and columns it is a tensor of any size. */
static const size_t WHEEL[][4] = {{0, 0, 1, 2}, {0, 2, 2, 1}, {1, 0, 2, 1}, {1, 1, 1, 1}, {2, 1, 1, 2}};

enum { WHEEL_PIECES = 5 };

/* The wheel's pieces in a tensor of 3 * rows x 3 * columns, one after the other in "numbers", with gaps; every other one
 * transposed in the file.
 *   numbers  [6 * WHEEL_PIECES] room for what the pieces [WHEEL_PIECES] point to */
static void make_wheel(size_t rows, size_t columns, struct spt_piece *pieces, size_t *numbers) {
    uint64_t offset = 6;
    for (size_t i = 0; i < WHEEL_PIECES; i++, numbers += 6) {
        const size_t made[] = {WHEEL[i][0] * rows, WHEEL[i][1] * columns, WHEEL[i][2] * rows, WHEEL[i][3] * columns, 1,
                               WHEEL[i][2] * rows};
        memcpy(numbers, made, sizeof made);
        pieces[i] = (struct spt_piece){
            .begin = numbers, .size = numbers + 2, .stride = i % 2 ? numbers + 4 : NULL, .offset = offset};
        offset += 2 * made[2] * made[3] + 10;
    }
}

static uint16_t twin_of_pieces(const struct spt_tensor *tensor, size_t index) {
    const size_t at[] = {index / tensor->shape[1], index % tensor->shape[1]};
    for (size_t i = 0; i < tensor->piece_count; i++) {
        const struct spt_piece *p = &tensor->pieces[i];
        if (at[0] < p->begin[0] || at[0] >= p->begin[0] + p->size[0] || at[1] < p->begin[1] ||
            at[1] >= p->begin[1] + p->size[1])
            continue;
        const size_t stride[] = {p->stride ? p->stride[0] : p->size[1], p->stride ? p->stride[1] : 1};
        const size_t element = p->offset / 2 + (at[0] - p->begin[0]) * stride[0] + (at[1] - p->begin[1]) * stride[1];
        return (uint16_t)(element * 40503u >> 3);
    }
    fail_msg("element %zu is in no piece", index);
    return 0;
}

static void pieces_are_read_as_the_plain_twin_reads_them(void **state) {
    (void)state;
    static const size_t SIZES[][2] = {{1, 1}, {2, 3}, {100, 1}, {1, 40000}, {200, 200}, {7, 5000}};
    put_numbers();
    struct spt_contents contents;
    spt_contents_init(&contents, NULL);
    assert_int_equal(spt_contents_add_file(&contents, "numbers", NULL), SPT_OK);
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++) {
        struct spt_piece pieces[WHEEL_PIECES];
        size_t numbers[6 * WHEEL_PIECES];
        make_wheel(SIZES[s][0], SIZES[s][1], pieces, numbers);
        struct spt_tensor tensor = {.name = "v", .dtype = SPT_U16, .rank = 2, .pieces = pieces};
        tensor.piece_count = WHEEL_PIECES;
        tensor.count = (tensor.shape[0] = 3 * SIZES[s][0]) * (tensor.shape[1] = 3 * SIZES[s][1]);
        assert_true(spt_pieces_fill(tensor.shape, 2, pieces, WHEEL_PIECES));
        uint32_t random = 1;
        for (int i = 0; i < 20; i++) {
            random = random * 1664525u + 1013904223u;
            const size_t first = i ? random % (tensor.count + 1) : 0,
                         count = (tensor.count - first) / (size_t)(1 + i / 2);
            uint16_t *out = malloc(count * sizeof *out + 1);
            assert_non_null(out);
            assert_int_equal(spt_contents_read_elements(&contents, &tensor, first, count, out, NULL), SPT_OK);
            for (size_t k = 0; k < count; k++)
                if (out[k] != twin_of_pieces(&tensor, first + k))
                    fail_msg("element %zu of %zu from %zu on", k, count, first);
            free(out);
        }
    }
    spt_contents_release(&contents);
}

static void pieces_that_leave_elements_out_are_refused_where_they_are_missed(void **state) {
    (void)state;
    put_numbers();
    struct spt_piece pieces[WHEEL_PIECES];
    size_t numbers[6 * WHEEL_PIECES];
    uint16_t out[9];
    make_wheel(1, 1, pieces, numbers);
    struct spt_contents contents;
    spt_contents_init(&contents, NULL);
    assert_int_equal(spt_contents_add_file(&contents, "numbers", NULL), SPT_OK);
    const struct spt_tensor tensor = {
        .name = "v", .dtype = SPT_U16, .rank = 2, .shape = {3, 3}, .count = 9, .pieces = pieces, .piece_count = 4};
    struct spt_error error = {0};
    assert_int_equal(spt_contents_read_elements(&contents, &tensor, 0, 7, out, NULL), SPT_OK);
    assert_int_equal(spt_contents_read_elements(&contents, &tensor, 0, 9, out, &error), SPT_INVALID);
    assert_non_null(strstr(error.message, "7 of 9 elements"));
    spt_contents_release(&contents);
}

/* Every way to place one piece of a wheel in 3 x 3, counted out: only the one that fills is said to. */
static void pieces_fill_when_every_element_is_in_one_of_them(void **state) {
    (void)state;
    static const size_t SHAPE[] = {3, 3};
    struct spt_piece pieces[WHEEL_PIECES];
    size_t numbers[6 * WHEEL_PIECES];
    size_t filling = 0;
    make_wheel(1, 1, pieces, numbers);
    for (size_t moved = 0; moved < WHEEL_PIECES; moved++)
        for (size_t code = 0; code < 6 * 6; code++) {
            static const size_t RANGES[][2] = {{0, 1}, {0, 2}, {0, 3}, {1, 1}, {1, 2}, {2, 1}};
            const size_t begin[] = {RANGES[code / 6][0], RANGES[code % 6][0]};
            const size_t size[] = {RANGES[code / 6][1], RANGES[code % 6][1]};
            const struct spt_piece kept = pieces[moved];
            pieces[moved].begin = begin;
            pieces[moved].size = size;
            int covered[9] = {0};
            bool all = true;
            for (size_t i = 0; i < WHEEL_PIECES; i++)
                for (size_t y = 0; y < pieces[i].size[0]; y++)
                    for (size_t x = 0; x < pieces[i].size[1]; x++)
                        covered[(pieces[i].begin[0] + y) * 3 + pieces[i].begin[1] + x]++;
            for (size_t i = 0; i < 9; i++) all = all && covered[i] == 1;
            assert_int_equal(spt_pieces_fill(SHAPE, 2, pieces, WHEEL_PIECES), all);
            filling += all;
            pieces[moved] = kept;
        }
    assert_int_equal(filling, WHEEL_PIECES);
    assert_true(spt_pieces_fill(SHAPE, 0, pieces, 1)); /* a number in its one chunk */
    assert_false(spt_pieces_fill(SHAPE, 0, pieces, 2));
    assert_false(spt_pieces_fill(SHAPE, 2, pieces, 0));
}

static void a_view_of_a_file_that_was_cut_is_to_be_tried_again(void **state) {
    (void)state;
    put_numbers();
    struct spt_contents contents;
    spt_contents_init(&contents, NULL);
    assert_int_equal(spt_contents_add_file(&contents, "numbers", NULL), SPT_OK);
    assert_int_equal(truncate("numbers", 1000), 0);
    const size_t stride[] = {1, 600};
    const struct spt_tensor tensor = {
        .name = "v", .dtype = SPT_U16, .rank = 2, .shape = {600, 600}, .count = 360000, .stride = stride};
    uint16_t out[10];
    assert_int_equal(spt_contents_read_elements(&contents, &tensor, 0, 10, out, NULL), SPT_RETRY);
    spt_contents_release(&contents);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_directory, leave_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(large_views_are_read_as_the_plain_twin_reads_them),
        TEST(pieces_are_read_as_the_plain_twin_reads_them),
        TEST(pieces_that_leave_elements_out_are_refused_where_they_are_missed),
        TEST(pieces_fill_when_every_element_is_in_one_of_them),
        TEST(a_view_of_a_file_that_was_cut_is_to_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
