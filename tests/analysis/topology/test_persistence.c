/* Known spaces, and the textbook algorithm as the oracle for exactness in double. */
#include "analysis/topology/persistence.h"
#include "matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_MAX = 196, TWIN_POINTS = 16, TWIN_SIMPLICES = 1024 };

static const double PI = 3.14159265358979323846;

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.17g is not %.17g", value, expected);
}

struct space {
    struct spt_persistence *workspace;
    struct spt_barcode barcode;
    double distance[N_MAX * N_MAX], attention[N_MAX * N_MAX];
};

static int make_space(void **state) {
    struct space *space = malloc(sizeof *space);
    if (!space || spt_persistence_new(N_MAX, 2, &space->workspace, NULL) != SPT_OK) return -1;
    *state = space;
    return 0;
}

static int free_space(void **state) {
    struct space *space = *state;
    spt_persistence_free(space->workspace);
    free(space);
    return 0;
}

static const struct spt_barcode *barcode_of(struct space *space, size_t n) {
    struct spt_error error;
    assert_int_equal(spt_persistence_of(space->workspace, space->distance, n, &space->barcode, &error), SPT_OK);
    return &space->barcode;
}

/* points [n, width] -> space->distance [n, n] */
static void set_points(struct space *space, const double *points, size_t n, size_t width) {
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < n; ++j) {
            double sum = 0;
            for (size_t c = 0; c < width; ++c) {
                const double difference = points[i * width + c] - points[j * width + c];
                sum += difference * difference;
            }
            space->distance[i * n + j] = sqrt(sum);
        }
}

static size_t bars_longer_than(const struct spt_barcode *barcode, unsigned dimension, double length) {
    size_t count = 0;
    for (size_t b = 0; b < barcode->count[dimension]; ++b)
        count += barcode->bars[dimension][b].death - barcode->bars[dimension][b].birth > length;
    return count;
}

/* --- known spaces --- */

static void no_point_has_no_bar(void **state) {
    const struct spt_barcode *barcode = barcode_of(*state, 0);
    for (unsigned d = 0; d <= 2; ++d) assert_int_equal(barcode->count[d], 0);
}

static void one_point_is_one_component_for_ever(void **state) {
    struct space *space = *state;
    space->distance[0] = 0;
    const struct spt_barcode *barcode = barcode_of(space, 1);
    assert_int_equal(barcode->count[0], 1);
    assert_true(barcode->bars[0][0].birth == 0 && isinf(barcode->bars[0][0].death));
    assert_int_equal(barcode->count[1] + barcode->count[2], 0);
}

static void two_points_join_at_their_distance(void **state) {
    struct space *space = *state;
    memcpy(space->distance, (double[]){0, 0.75, 0.75, 0}, 4 * sizeof(double));
    const struct spt_barcode *barcode = barcode_of(space, 2);
    assert_int_equal(barcode->count[0], 2);
    assert_true(barcode->bars[0][0].death == 0.75 && isinf(barcode->bars[0][1].death));
    assert_int_equal(barcode->count[1] + barcode->count[2], 0);
}

static void three_points_join_along_the_two_shorter_sides(void **state) {
    struct space *space = *state;
    memcpy(space->distance, (double[]){0, 3, 4, 3, 0, 5, 4, 5, 0}, 9 * sizeof(double));
    const struct spt_barcode *barcode = barcode_of(space, 3);
    assert_int_equal(barcode->count[0], 3);
    assert_true(barcode->bars[0][0].death == 3 && barcode->bars[0][1].death == 4 && isinf(barcode->bars[0][2].death));
    assert_int_equal(barcode->count[1] + barcode->count[2], 0);
}

static void equal_distances_join_everything_at_once(void **state) {
    struct space *space = *state;
    for (size_t n = 2; n <= 70; n += 17) {
        for (size_t c = 0; c < n * n; ++c) space->distance[c] = c % (n + 1) ? 1 : 0;
        const struct spt_barcode *barcode = barcode_of(space, n);
        assert_int_equal(barcode->count[0], n);
        for (size_t b = 0; b + 1 < n; ++b) assert_true(barcode->bars[0][b].death == 1);
        assert_int_equal(barcode->count[1] + barcode->count[2], 0);
    }
}

static void coinciding_points_have_no_finite_bar(void **state) {
    struct space *space = *state;
    memset(space->distance, 0, sizeof space->distance);
    const struct spt_barcode *barcode = barcode_of(space, 40);
    assert_int_equal(barcode->count[0], 1);
    assert_int_equal(barcode->count[1] + barcode->count[2], 0);
}

static void two_clusters_are_one_long_bar(void **state) {
    struct space *space = *state;
    double line[20];
    for (size_t i = 0; i < 20; ++i) line[i] = (double)i * 0.25 + (i < 10 ? 0 : 100);
    set_points(space, line, 20, 1);
    const struct spt_barcode *barcode = barcode_of(space, 20);
    assert_int_equal(barcode->count[0], 20);
    assert_int_equal(bars_longer_than(barcode, 0, 0.25), 2); /* the gap and the one that never ends */
    for (size_t b = 0; b < 20; ++b)
        assert_true(barcode->bars[0][b].death == 0.25 || barcode->bars[0][b].death == 100.25 ||
                    isinf(barcode->bars[0][b].death));
    assert_int_equal(barcode->count[1], 0);
}

/* Adamaszek and Adams 2017: the complex of m points on the circle is a circle from the side of the m-gon to the first
 * chord that spans a third of it. */
static void points_on_a_circle_are_one_loop(void **state) {
    struct space *space = *state;
    for (size_t n = 12; n <= 192; n += 60) {
        double points[2 * N_MAX];
        for (size_t i = 0; i < n; ++i) {
            points[2 * i] = cos(2 * PI * (double)i / (double)n);
            points[2 * i + 1] = sin(2 * PI * (double)i / (double)n);
        }
        set_points(space, points, n, 2);
        struct spt_persistence *workspace;
        assert_int_equal(spt_persistence_new(n, 1, &workspace, NULL), SPT_OK);
        struct spt_barcode barcode;
        assert_int_equal(spt_persistence_of(workspace, space->distance, n, &barcode, NULL), SPT_OK);
        assert_int_equal(barcode.count[1], 1);
        assert_near(barcode.bars[1][0].birth, 2 * sin(PI / (double)n), 1e-12);
        assert_near(barcode.bars[1][0].death, 2 * sin(PI * ceil((double)n / 3) / (double)n), 1e-12);
        spt_persistence_free(workspace);
    }
}

/* Corners of the octahedron: a sphere from the edge sqrt 2 to the diagonal 2. */
static void octahedron_is_one_void(void **state) {
    struct space *space = *state;
    const double corners[6 * 3] = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 1, 0, 0, -1};
    set_points(space, corners, 6, 3);
    const struct spt_barcode *barcode = barcode_of(space, 6);
    assert_int_equal(barcode->count[1], 0);
    assert_int_equal(barcode->count[2], 1);
    assert_true(barcode->bars[2][0].birth == sqrt(2) && barcode->bars[2][0].death == 2);
}

static void points_on_a_sphere_are_one_void(void **state) {
    struct space *space = *state;
    enum { N = 60 };
    double points[3 * N];
    for (size_t i = 0; i < N; ++i) { /* Fibonacci lattice */
        const double z = 1 - (2 * (double)i + 1) / N, angle = PI * (1 + sqrt(5)) * (double)i;
        points[3 * i] = sqrt(1 - z * z) * cos(angle);
        points[3 * i + 1] = sqrt(1 - z * z) * sin(angle);
        points[3 * i + 2] = z;
    }
    set_points(space, points, N, 3);
    const struct spt_barcode *barcode = barcode_of(space, N);
    assert_int_equal(bars_longer_than(barcode, 1, 0.5), 0);
    assert_int_equal(bars_longer_than(barcode, 2, 0.5), 1);
}

/* Betti numbers 1, 2, 1. */
static void torus_has_two_loops_and_a_void(void **state) {
    struct space *space = *state;
    enum { SIDE = 13 };
    double points[4 * SIDE * SIDE];
    for (size_t i = 0; i < SIDE * SIDE; ++i) { /* Clifford's torus */
        const double a = 2 * PI * (double)(i / SIDE) / SIDE, b = 2 * PI * (double)(i % SIDE) / SIDE;
        memcpy(points + 4 * i, (double[]){cos(a), sin(a), cos(b), sin(b)}, 4 * sizeof(double));
    }
    set_points(space, points, SIDE * SIDE, 4);
    const struct spt_barcode *barcode = barcode_of(space, SIDE * SIDE);
    assert_int_equal(bars_longer_than(barcode, 0, 0.6), 1);
    assert_int_equal(bars_longer_than(barcode, 1, 0.6), 2);
    assert_int_equal(bars_longer_than(barcode, 2, 0.3), 1);
}

/* All edges between two halves at 1 (+ a little), all within at 2: K_{m,m} has (m - 1)^2 loops, the most that n points
 * can have (Mantel). */
static void bipartite_distances_have_the_most_loops(void **state) {
    struct space *space = *state;
    for (size_t m = 2; m <= 64; m *= 2) {
        const size_t n = 2 * m;
        for (size_t i = 0; i < n; ++i)
            for (size_t j = 0; j < n; ++j)
                space->distance[i * n + j] = i == j ? 0 : i % 2 == j % 2 ? 2 : 1 + (double)(i + j) * 0x1p-20;
        struct spt_persistence *workspace;
        assert_int_equal(spt_persistence_new(n, 1, &workspace, NULL), SPT_OK);
        struct spt_barcode barcode;
        assert_int_equal(spt_persistence_of(workspace, space->distance, n, &barcode, NULL), SPT_OK);
        assert_int_equal(barcode.count[1], (m - 1) * (m - 1));
        for (size_t b = 0; b < barcode.count[1]; ++b) assert_true(barcode.bars[1][b].death == 2);
        spt_persistence_free(workspace);
    }
}

/* --- the plain twin: all simplices, boundary matrix over Z/2, columns reduced from the left (Edelsbrunner, Letscher
 * and Zomorodian 2002) --- */

struct simplex {
    double diameter;
    int dimension;
    unsigned vertices; /* bit set */
};

struct twin {
    struct simplex simplex[TWIN_SIMPLICES];
    uint64_t column[TWIN_SIMPLICES][TWIN_SIMPLICES / 64];
    size_t position[1 << TWIN_POINTS]; /* of a set of vertices */
    size_t pivot_of[TWIN_SIMPLICES];   /* column whose lowest row this is, or TWIN_SIMPLICES */
    size_t count;
    struct spt_bar bars[3][TWIN_SIMPLICES];
    size_t bar_count[3];
};

static int compare_simplices(const void *a, const void *b) {
    const struct simplex *x = a, *y = b;
    if (x->diameter != y->diameter) return x->diameter < y->diameter ? -1 : 1;
    if (x->dimension != y->dimension) return x->dimension - y->dimension;
    return (x->vertices > y->vertices) - (x->vertices < y->vertices);
}

static double diameter_of(const double *distance, size_t n, unsigned vertices) {
    double diameter = 0;
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (vertices >> i & vertices >> j & 1) diameter = fmax(diameter, distance[i * n + j]);
    return diameter;
}

static size_t lowest_row(const uint64_t *column) {
    for (size_t w = TWIN_SIMPLICES / 64; w-- > 0;)
        if (column[w]) return w * 64 + 63 - (size_t)__builtin_clzll(column[w]);
    return TWIN_SIMPLICES;
}

static void list_simplices(struct twin *twin, const double *distance, size_t n, int dimension) {
    twin->count = 0;
    for (unsigned set = 1; set < 1u << n; ++set) {
        const int d = __builtin_popcount(set) - 1;
        if (d > dimension + 1) continue;
        assert_true(twin->count < TWIN_SIMPLICES);
        twin->simplex[twin->count++] = (struct simplex){diameter_of(distance, n, set), d, set};
    }
    qsort(twin->simplex, twin->count, sizeof *twin->simplex, compare_simplices);
    for (size_t s = 0; s < twin->count; ++s) twin->position[twin->simplex[s].vertices] = s;
}

static void add_twin_bar(struct twin *twin, size_t birth, double death) {
    const struct simplex *simplex = &twin->simplex[birth];
    if (death - simplex->diameter > SPT_BAR_MIN)
        twin->bars[simplex->dimension][twin->bar_count[simplex->dimension]++] =
            (struct spt_bar){simplex->diameter, death};
}

static void run_twin(struct twin *twin, const double *distance, size_t n, int dimension) {
    list_simplices(twin, distance, n, dimension);
    memset(twin->column, 0, sizeof twin->column);
    memset(twin->bar_count, 0, sizeof twin->bar_count);
    for (size_t s = 0; s < twin->count; ++s) twin->pivot_of[s] = TWIN_SIMPLICES;
    bool is_birth[TWIN_SIMPLICES], is_dead[TWIN_SIMPLICES] = {false};
    for (size_t s = 0; s < twin->count; ++s) {
        uint64_t *column = twin->column[s];
        for (size_t v = 0; v < n && twin->simplex[s].dimension > 0; ++v)
            if (twin->simplex[s].vertices >> v & 1) {
                const size_t face = twin->position[twin->simplex[s].vertices ^ 1u << v];
                column[face / 64] ^= (uint64_t)1 << face % 64;
            }
        size_t low;
        while ((low = lowest_row(column)) != TWIN_SIMPLICES && twin->pivot_of[low] != TWIN_SIMPLICES)
            for (size_t w = 0; w < TWIN_SIMPLICES / 64; ++w) column[w] ^= twin->column[twin->pivot_of[low]][w];
        is_birth[s] = low == TWIN_SIMPLICES;
        if (is_birth[s]) continue;
        twin->pivot_of[low] = s;
        is_dead[low] = true;
        add_twin_bar(twin, low, twin->simplex[s].diameter);
    }
    for (size_t s = 0; s < twin->count; ++s)
        if (is_birth[s] && !is_dead[s] && twin->simplex[s].dimension <= dimension) add_twin_bar(twin, s, INFINITY);
}

static int compare_exactly(const void *a, const void *b) {
    const struct spt_bar *x = a, *y = b;
    if (x->birth != y->birth) return x->birth < y->birth ? -1 : 1;
    return (x->death > y->death) - (x->death < y->death);
}

/* Exact equality of doubles, as multisets. */
static void assert_equals_twin(struct space *space, struct twin *twin, size_t n, int dimension, size_t m) {
    const struct spt_barcode *barcode = barcode_of(space, n);
    run_twin(twin, space->distance, n, dimension);
    for (int d = 0; d <= dimension; ++d) {
        struct spt_bar own[TWIN_SIMPLICES];
        if (barcode->count[d] != twin->bar_count[d])
            fail_msg("matrix %zu, n %zu: %zu bars of dimension %d, the twin has %zu", m, n, barcode->count[d], d,
                     twin->bar_count[d]);
        memcpy(own, barcode->bars[d], barcode->count[d] * sizeof *own);
        qsort(own, barcode->count[d], sizeof *own, compare_exactly);
        qsort(twin->bars[d], twin->bar_count[d], sizeof *own, compare_exactly);
        for (size_t b = 0; b < barcode->count[d]; ++b)
            if (own[b].birth != twin->bars[d][b].birth || own[b].death != twin->bars[d][b].death)
                fail_msg("matrix %zu, n %zu, dimension %d: [%.17g,%.17g), the twin has [%.17g,%.17g)", m, n, d,
                         own[b].birth, own[b].death, twin->bars[d][b].birth, twin->bars[d][b].death);
    }
}

static void bars_equal_those_of_the_boundary_matrix(void **state) {
    struct space *space = *state;
    struct twin *twin = malloc(sizeof *twin);
    assert_non_null(twin);
    struct spt_random random;
    spt_random_seed(&random, 3);
    for (size_t m = 0; m < 600; ++m) {
        const size_t n = 1 + spt_random_index(&random, TWIN_POINTS);
        make_distance(&random, (enum matrix_kind)(m % MATRIX_KINDS), n, space->attention, space->distance);
        assert_equals_twin(space, twin, n, 1, m);
    }
    for (size_t m = 0; m < 200; ++m) {
        const size_t n = 4 + spt_random_index(&random, 8);
        make_distance(&random, (enum matrix_kind)(m % MATRIX_KINDS), n, space->attention, space->distance);
        assert_equals_twin(space, twin, n, 2, m);
    }
    free(twin);
}

/* Distances that differ in the last bit only, and over hundreds of orders of magnitude. */
static void order_is_exact_at_every_scale(void **state) {
    struct space *space = *state;
    struct twin *twin = malloc(sizeof *twin);
    assert_non_null(twin);
    struct spt_random random;
    spt_random_seed(&random, 4);
    for (size_t m = 0; m < 200; ++m) {
        const size_t n = 8 + spt_random_index(&random, TWIN_POINTS - 8);
        for (size_t i = 0; i < n; ++i)
            for (size_t j = 0; j <= i; ++j) {
                const double u = spt_random_uniform(&random);
                double d = m % 2     ? pow(10, -320 * u)
                           : u < 0.7 ? 0.5 + (double)spt_random_index(&random, 8) * 0x1p-53
                                     : u;
                if (u > 0.95) d = m % 4 < 2 ? 1e-3 : 1e300;
                space->distance[i * n + j] = space->distance[j * n + i] = i == j ? 0 : d;
            }
        assert_equals_twin(space, twin, n, 1, m);
    }
    free(twin);
}

/* --- the workspace --- */

static size_t allocations, bytes_asked, fail_after = SIZE_MAX;

void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool refuse(size_t size) {
    bytes_asked += size;
    return allocations++ >= fail_after;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refuse(size) ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    return refuse(size) ? NULL : __real_realloc(memory, size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return refuse(count * size) ? NULL : __real_calloc(count, size);
}

static void nothing_is_allocated_for_matrices(void **state) {
    struct space *space = *state;
    struct spt_persistence *workspace;
    bytes_asked = 0;
    assert_int_equal(spt_persistence_new(50, 1, &workspace, NULL), SPT_OK);
    assert_in_range(bytes_asked, 1, 256 * 1024);
    struct spt_random random;
    spt_random_seed(&random, 5);
    const size_t before = allocations;
    for (size_t m = 0; m < 200; ++m) {
        const size_t n = 1 + spt_random_index(&random, 50);
        make_distance(&random, (enum matrix_kind)(m % MATRIX_KINDS), n, space->attention, space->distance);
        struct spt_barcode barcode;
        assert_int_equal(spt_persistence_of(workspace, space->distance, n, &barcode, NULL), SPT_OK);
    }
    assert_int_equal(allocations, before);
    spt_persistence_free(workspace);
}

static void what_came_before_does_not_matter(void **state) {
    struct space *space = *state;
    struct spt_random random;
    spt_random_seed(&random, 6);
    for (size_t m = 0; m < 60; ++m) {
        const size_t n = 1 + spt_random_index(&random, 100);
        make_distance(&random, (enum matrix_kind)(m % MATRIX_KINDS), n, space->attention, space->distance);
        struct spt_persistence *fresh;
        struct spt_barcode expected;
        assert_int_equal(spt_persistence_new(n, 1, &fresh, NULL), SPT_OK);
        assert_int_equal(spt_persistence_of(fresh, space->distance, n, &expected, NULL), SPT_OK);
        const struct spt_barcode *barcode = barcode_of(space, n);
        for (unsigned d = 0; d < 2; ++d) {
            assert_int_equal(barcode->count[d], expected.count[d]);
            assert_memory_equal(barcode->bars[d], expected.bars[d], expected.count[d] * sizeof(struct spt_bar));
        }
        spt_persistence_free(fresh);
    }
}

static void refused_memory_is_an_error_and_no_leak(void **state) {
    struct space *space = *state;
    struct spt_random random;
    spt_random_seed(&random, 7);
    make_distance(&random, MATRIX_RANDOM, 30, space->attention, space->distance);
    const size_t expected = barcode_of(space, 30)->count[2];
    assert_true(expected > 0);
    enum spt_status status = SPT_NOMEM;
    size_t failures = 0;
    for (; status == SPT_NOMEM; ++failures) {
        struct spt_persistence *workspace;
        struct spt_barcode barcode;
        struct spt_error error;
        allocations = 0;
        fail_after = failures;
        status = spt_persistence_new(30, 2, &workspace, &error);
        if (status == SPT_OK) status = spt_persistence_of(workspace, space->distance, 30, &barcode, &error);
        fail_after = SIZE_MAX;
        if (workspace) { /* what was refused once may be granted later */
            assert_int_equal(spt_persistence_of(workspace, space->distance, 30, &barcode, &error), SPT_OK);
            assert_int_equal(barcode.count[2], expected);
        }
        assert_true(status == SPT_OK || (status == SPT_NOMEM && error.status == SPT_NOMEM));
        spt_persistence_free(workspace);
    }
    assert_true(failures > 10);
}

static void too_many_points_are_refused(void **state) {
    struct space *space = *state;
    struct spt_persistence *workspace;
    struct spt_error error;
    struct spt_barcode barcode;
    assert_int_equal(spt_persistence_new(SPT_POINTS_MAX + 1, 1, &workspace, &error), SPT_INVALID);
    assert_null(workspace);
    assert_int_equal(spt_persistence_new(10, 3, &workspace, &error), SPT_INVALID);
    assert_int_equal(spt_persistence_of(space->workspace, space->distance, N_MAX + 1, &barcode, &error), SPT_INVALID);
}

static void dimension_0_has_no_other_bars(void **state) {
    struct space *space = *state;
    memcpy(space->distance, (double[]){0, 1, 2, 1, 1, 0, 1, 2, 2, 1, 0, 1, 1, 2, 1, 0},
           16 * sizeof(double)); /* a square */
    struct spt_persistence *workspace;
    struct spt_barcode barcode;
    for (unsigned dimension = 0; dimension < 3; ++dimension) {
        assert_int_equal(spt_persistence_new(4, dimension, &workspace, NULL), SPT_OK);
        assert_int_equal(spt_persistence_of(workspace, space->distance, 4, &barcode, NULL), SPT_OK);
        assert_int_equal(barcode.count[0], 4);
        assert_int_equal(barcode.count[1], dimension > 0);
        assert_int_equal(barcode.count[2], 0);
        spt_persistence_free(workspace);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_has_no_bar),
        cmocka_unit_test(one_point_is_one_component_for_ever),
        cmocka_unit_test(two_points_join_at_their_distance),
        cmocka_unit_test(three_points_join_along_the_two_shorter_sides),
        cmocka_unit_test(equal_distances_join_everything_at_once),
        cmocka_unit_test(coinciding_points_have_no_finite_bar),
        cmocka_unit_test(two_clusters_are_one_long_bar),
        cmocka_unit_test(points_on_a_circle_are_one_loop),
        cmocka_unit_test(octahedron_is_one_void),
        cmocka_unit_test(points_on_a_sphere_are_one_void),
        cmocka_unit_test(torus_has_two_loops_and_a_void),
        cmocka_unit_test(bipartite_distances_have_the_most_loops),
        cmocka_unit_test(bars_equal_those_of_the_boundary_matrix),
        cmocka_unit_test(order_is_exact_at_every_scale),
        cmocka_unit_test(nothing_is_allocated_for_matrices),
        cmocka_unit_test(what_came_before_does_not_matter),
        cmocka_unit_test(refused_memory_is_an_error_and_no_leak),
        cmocka_unit_test(too_many_points_are_refused),
        cmocka_unit_test(dimension_0_has_no_other_bars),
    };
    return cmocka_run_group_tests(tests, make_space, free_space);
}
