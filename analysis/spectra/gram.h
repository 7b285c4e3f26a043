/* W W^T or W^T W, whichever is smaller, of a matrix as it is stored: its eigenvalues are the squares of the singular
 * values of W.
 *
 * In double throughout: products of f16 and bf16 are exact there, and what the sums lose is 1e-15 of the largest
 * eigenvalue. A singular value that is smaller than the largest by 1e8 is lost with that, which no law of the bulk
 * notices: the distribution function of a square matrix, the steepest at 0, moves by 1e-8. The matrix is cut into tiles
 * whose sizes do not depend on the number of threads, so neither does the result, to the bit. A tile turns what it
 * multiplies into doubles in the thread's scratch: no other copy of the matrix is made.
 */
#ifndef SPT_GRAM_H
#define SPT_GRAM_H

#include "analysis/forward/team.h"
#include "analysis/spectra/layer_matrices.h"

/* Bytes of a thread's scratch. */
size_t spt_gram_scratch(void);

/* order * longer * order flops, on the whole team.
 *   mean  [columns] taken off each column; NULL: nothing
 *   gram  [order, order] out, order the smaller of rows and columns: row-major its upper triangle, column-major its
 *         lower; the other is left as it is. NAN or infinite on the diagonal where an entry is */
enum spt_status spt_gram_of(const struct spt_team *team, const struct spt_matrix_rows *w, const double *mean,
                            double *gram, struct spt_error *error);

/* Means of the columns.
 *   x     [rows, columns]
 *   mean  [columns] out */
enum spt_status spt_column_means(const struct spt_team *team, const float *x, size_t rows, size_t columns, double *mean,
                                 struct spt_error *error);

#endif
