/* The kernels that run one matrix a lane: the same sources compiled for each vector width, and chosen by what the
 * processor has when a workspace is made. (Compiled apart rather than by target_clones, which clang 14 and other
 * processors than x86 do not have; the program itself needs no more than its architecture's base.)
 *
 * Arrays of lanes are [..., lanes] with the lane last, aligned to 64. Every lane's result is a function of that lane
 * alone, and the same in all kernels whose processor has the fused multiply-add (avx2, avx512), but for
 * bidiagonalise_one.
 */
#ifndef SPT_LANES_KERNEL_H
#define SPT_LANES_KERNEL_H

#include <stddef.h>

#define SPT_LANES_MAX 8

/* Distance of two columns, in vectors of lanes: odd, so that columns do not fall on the same lines of the cache (n = 64
 * took 1.2 times as long). */
#define SPT_LANES_STRIDE(n) ((n) | 1)

/* The same in doubles for one matrix: an odd number of lines of 64 bytes. */
#define SPT_ONE_STRIDE(n) (8 * ((((n) + 7) / 8) | 1))

/* Vectors of lanes (doubles for bidiagonalise_one) of scratch that the functions below need. */
#define SPT_BIDIAGONALISE_SCRATCH(n)     (4 * SPT_LANES_STRIDE(n))
#define SPT_BIDIAGONALISE_ONE_SCRATCH(n) (4 * SPT_ONE_STRIDE(n))
#define SPT_DQDS_SCRATCH(n)              (9 * (n))
#define SPT_TRIDIAGONALISE_SCRATCH(n)    (3 * SPT_LANES_STRIDE(n))

/* A column or row whose squared norm is below this counts as zero in the bidiagonalisation: entries are near 1. */
#define SPT_LANES_TINY_SQUARE 0x1p-900

/* Sweeps a singular value before dqds gives up what is left: random matrices take 4, the worst of 160,000 bidiagonal
 * ones made up to be hard (blocks, zeros, clusters, grades) 15. */
#define SPT_DQDS_PATIENCE 30

struct spt_lanes_kernel {
    size_t lanes;

    /* Matrices into lanes.
     *   a        [lanes][n * n] row-major
     *   packed   [n, SPT_LANES_STRIDE(n), lanes] out
     *   largest  [lanes] out: largest absolute value; NAN for a matrix that holds a NAN or an infinity */
    void (*pack)(const double *const *a, size_t n, double *packed, double *largest);

    /* Golub and Kahan's bidiagonalisation, values only.
     *   a        [n, SPT_LANES_STRIDE(n), lanes] in: column after column (or row after row: the singular values are the
     *            same); destroyed
     *   scratch  [SPT_BIDIAGONALISE_SCRATCH(n), lanes]
     *   d        [n, lanes] out: diagonal
     *   e        [n, lanes] out: superdiagonal; the last is 0 */
    void (*bidiagonalise)(double *a, size_t n, double *scratch, double *d, double *e);

    /* The same of one matrix.
     *   a        [n, SPT_ONE_STRIDE(n)] in, aligned to 64, 0 beyond n; destroyed
     *   scratch  [SPT_BIDIAGONALISE_ONE_SCRATCH(n)]
     *   d, e     [n] out */
    void (*bidiagonalise_one)(double *a, size_t n, double *scratch, double *d, double *e);

    /* Singular values of the bidiagonal matrices with diagonals d and superdiagonals e.
     *   d, e      [n, lanes] in, kept; the last e is 0
     *   patience  sweeps a singular value; SPT_DQDS_PATIENCE
     *   scratch   [SPT_DQDS_SCRATCH(n), lanes]
     *   s         [n, lanes] out, >= 0, in the order of convergence: mostly smallest first
     * Returns the lanes, as bits, that did not converge: their s is not to be used. */
    unsigned (*dqds)(const double *d, const double *e, size_t n, size_t patience, double *scratch, double *s);

    /* Matrices of graphs (analysis/graph/fiedler.h) into lanes.
     *   weight      [lanes][n * n] symmetric, >= 0, 0 on the diagonal; n >= 2
     *   tau         [lanes] weights above it are kept; every row keeps one
     *   normalised  [lanes] 1: D^-1/2 (D - W) D^-1/2, 0: D - W
     *   packed      [n, SPT_LANES_STRIDE(n), lanes] out: column after column, the lower triangle
     *   null        [n, lanes] out: the null vector, of norm 1 */
    void (*pack_graph)(const double *const *weight, const double *tau, const double *normalised, size_t n,
                       double *packed, double *null);

    /* Householder's tridiagonalisation of a symmetric matrix without its null vector, values only.
     *   a        [n, SPT_LANES_STRIDE(n), lanes] the lower triangle, column after column; destroyed; n >= 2
     *   null     [n, lanes] of norm 1
     *   scratch  [SPT_TRIDIAGONALISE_SCRATCH(n), lanes]
     *   d        [n - 1, lanes] out: diagonal
     *   e        [n - 1, lanes] out: beside it; the last is 0 */
    void (*tridiagonalise)(double *a, size_t n, const double *null, double *scratch, double *d, double *e);

    /* The smallest eigenvalue of positive semidefinite tridiagonal matrices of order m >= 1, to 2^-48 of the norm.
     *   d      [m, lanes]
     *   e      [m - 1, lanes]
     *   value  [lanes] out, >= 0 */
    void (*smallest)(const double *d, const double *e, size_t m, double *value);

    /* How many of x are above each threshold.
     *   x      [count]
     *   tau    [taus]
     *   above  [taus] out */
    void (*count_above)(const double *x, size_t count, const double *tau, size_t taus, size_t *above);

    /* The rest is of densities (density.c), with the same bits in every kernel. */

    /* cells[i] += left * kernel[i + 1] + right * kernel[i].
     *   cells   [count]
     *   kernel  [count + 1] */
    void (*add_kernel)(double *cells, const double *kernel, size_t count, double left, double right);

    /* Natural logarithms of normal x > 0, below 1 unit in the last place.
     *   x  [count]
     *   y  [count] out */
    void (*logarithms)(const double *x, size_t count, double *y);

    /* sum p (ln p - log_q), terms with p = 0 being 0.
     *   p, log_q  [count], p >= 0
     *   scratch   [count] */
    double (*divergence)(const double *p, const double *log_q, size_t count, double *scratch);
};

extern const struct spt_lanes_kernel spt_lanes_plain; /* one lane, any processor */
extern const struct spt_lanes_kernel spt_lanes_avx2;
extern const struct spt_lanes_kernel spt_lanes_avx512;

/* The widest kernel that this processor runs, and the widest of at most four lanes. */
const struct spt_lanes_kernel *spt_lanes_widest(void);
const struct spt_lanes_kernel *spt_lanes_narrow(void);

/* Inside the kernels' sources: the name of a function in the width being compiled, SPT_LANES_WIDTH. */
#define SPT_LANES_JOIN(name, width)   spt_lanes_##name##_##width
#define SPT_LANES_EXPAND(name, width) SPT_LANES_JOIN(name, width)
#define SPT_LANES_NAME(name)          SPT_LANES_EXPAND(name, SPT_LANES_WIDTH)

#endif
