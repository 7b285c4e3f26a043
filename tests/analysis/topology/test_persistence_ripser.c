/* Bars equal those of Debian's `ripser` (Bauer 2021), as multisets, at the digits it prints. It reads 32-bit floats, so
 * matrices are rounded to them first: then both see the same filtration, and every figure that both print must agree.
 */
#include "analysis/topology/persistence.h"
#include "matrices.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_MAX = 128, BARS_MAX = 8192, DIMENSIONS = 3 };

/* At six printed digits a bar of the least length that is kept cannot be told from one just dropped. */
#define AT_THE_LIMIT (1.3 * SPT_BAR_MIN)

struct printed_bar {
    int dimension;
    char birth[24], death[24]; /* "%g" of a float; "" for the bar that never ends */
};

struct printed {
    struct printed_bar bar[BARS_MAX];
    size_t count;
};

static int compare_bars(const void *a, const void *b) {
    const struct printed_bar *x = a, *y = b;
    if (x->dimension != y->dimension) return x->dimension - y->dimension;
    const int births = strcmp(x->birth, y->birth);
    return births ? births : strcmp(x->death, y->death);
}

static void print_own(const struct spt_barcode *barcode, struct printed *out) {
    out->count = 0;
    for (int d = 0; d < DIMENSIONS; ++d)
        for (size_t b = 0; b < barcode->count[d]; ++b) {
            struct printed_bar *bar = &out->bar[out->count++];
            bar->dimension = d;
            snprintf(bar->birth, sizeof bar->birth, "%g", (double)(float)barcode->bars[d][b].birth);
            bar->death[0] = 0;
            if (isfinite(barcode->bars[d][b].death))
                snprintf(bar->death, sizeof bar->death, "%g", (double)(float)barcode->bars[d][b].death);
        }
    qsort(out->bar, out->count, sizeof *out->bar, compare_bars);
}

/* Reads " [birth,death)" and " [birth, )" below "persistence intervals in dim d:". */
static void read_ripser(FILE *pipe, struct printed *out) {
    char line[256];
    int dimension = -1;
    out->count = 0;
    while (fgets(line, sizeof line, pipe)) {
        if (sscanf(line, "persistence intervals in dim %d:", &dimension) == 1 || dimension < 0) continue;
        struct printed_bar *bar = &out->bar[out->count];
        bar->dimension = dimension;
        if (sscanf(line, " [%23[^,],%23[^)])", bar->birth, bar->death) != 2) fail_msg("ripser printed: %s", line);
        if (bar->death[0] == ' ') bar->death[0] = 0;
        assert_true(++out->count < BARS_MAX);
    }
    qsort(out->bar, out->count, sizeof *out->bar, compare_bars);
}

static void run_ripser(const char *path, const double *distance, size_t n, unsigned dimension, struct printed *out) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 1; i < n; ++i)
        for (size_t j = 0; j < i; ++j) fprintf(file, "%.9g%c", distance[i * n + j], j + 1 < i ? ',' : '\n');
    assert_int_equal(fclose(file), 0);
    char command[512];
    snprintf(command, sizeof command, "ripser --format lower-distance --dim %u '%s'", dimension, path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    read_ripser(pipe, out);
    const int status = pclose(pipe);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("ripser (Debian package ripser) is missing or failed: status %d", status);
}

static bool at_the_limit(const struct printed_bar *bar) {
    return bar->death[0] && strtod(bar->death, NULL) - strtod(bar->birth, NULL) < AT_THE_LIMIT;
}

static void assert_same_bars(const struct printed *own, const struct printed *theirs, const char *what) {
    size_t a = 0, b = 0;
    while (a < own->count || b < theirs->count) {
        const int order = a == own->count ? 1 : b == theirs->count ? -1 : compare_bars(&own->bar[a], &theirs->bar[b]);
        if (order == 0) {
            ++a;
            ++b;
            continue;
        }
        const struct printed_bar *bar = order < 0 ? &own->bar[a++] : &theirs->bar[b++];
        if (!at_the_limit(bar))
            fail_msg("%s: [%s,%s) of dimension %d only %s", what, bar->birth, bar->death, bar->dimension,
                     order < 0 ? "here" : "in ripser");
    }
}

static void compare_with_ripser(unsigned dimension, size_t count, size_t n_usual, size_t n_most, uint64_t seed) {
    struct spt_error error;
    struct spt_persistence *workspace;
    assert_int_equal(spt_persistence_new(N_MAX, dimension, &workspace, &error), SPT_OK);
    double *attention = calloc(N_MAX * N_MAX, sizeof *attention), *distance = calloc(N_MAX * N_MAX, sizeof *distance);
    struct printed *own = malloc(sizeof *own), *theirs = malloc(sizeof *theirs);
    char path[] = "/tmp/spectail-ripser-XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0 && attention && distance && own && theirs);
    close(descriptor);
    struct spt_random random;
    spt_random_seed(&random, seed);
    size_t bars = 0;
    for (size_t m = 0; m < count; ++m) {
        const enum matrix_kind kind = (enum matrix_kind)(m % MATRIX_KINDS);
        const size_t n = m % 100 < MATRIX_KINDS && m / 100 % 2 ? n_most : 3 + spt_random_index(&random, n_usual - 2);
        make_distance(&random, kind, n, attention, distance);
        for (size_t c = 0; c < n * n; ++c) distance[c] = (double)(float)distance[c];
        struct spt_barcode barcode;
        assert_int_equal(spt_persistence_of(workspace, distance, n, &barcode, &error), SPT_OK);
        print_own(&barcode, own);
        run_ripser(path, distance, n, dimension, theirs);
        char what[64];
        snprintf(what, sizeof what, "matrix %zu, kind %d, n %zu", m, (int)kind, n);
        assert_same_bars(own, theirs, what);
        bars += barcode.count[dimension];
    }
    assert_true(bars > count); /* else nothing was compared */
    unlink(path);
    free(own);
    free(theirs);
    free(attention);
    free(distance);
    spt_persistence_free(workspace);
}

static void bars_of_dimensions_0_and_1_equal_ripsers(void **state) {
    (void)state;
    compare_with_ripser(1, 600, 50, 128, 1);
}

static void bars_of_dimension_2_equal_ripsers(void **state) {
    (void)state;
    compare_with_ripser(2, 100, 20, 26, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_of_dimensions_0_and_1_equal_ripsers),
        cmocka_unit_test(bars_of_dimension_2_equal_ripsers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
