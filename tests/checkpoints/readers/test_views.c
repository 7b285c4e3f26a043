/* Views against their plain twin: element by element, from the definition of a stride. */
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
        TEST(a_view_of_a_file_that_was_cut_is_to_be_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
