/* Spectra of a layer's matrices over a checkpoint: its residual stream, and its weights.
 *
 *     spt_spectra_new  ->  for each checkpoint: spt_spectra_start  ->  spt_spectra_weights, spt_spectra_hidden of each
 *                          layer  ->  spt_spectra_finish  ->  spt_spectra_layers
 *                      ->  spt_spectra_free
 *
 * A matrix becomes its Gram matrix at once, on all threads. Gram matrices wait in a store of at most SPT_SPECTRA_STORE
 * bytes (or the largest of them alone), a layer's beside the next one's, until it is full; then each is one task of the
 * team. So memory does not depend on the depth, and figures neither on the number of threads nor on what waits together.
 *
 * Only what the selection needs of a matrix is computed: sums of eigenvalues and of their squares are the Gram matrix's
 * trace and norm and need no eigenvalues; the two largest come from a few products; laws and medians take all of them.
 *
 * All seven weights take 64 s of one core for a layer of Mistral 7B, whose forward pass over 100 samples takes some 11,
 * 7 s for one of Pythia 1.4B against 3, and next to nothing at a width of 64: so they are a group of their own that is
 * measured where it is asked for. The residual stream takes one such matrix and is part of the group rmt.
 *
 * The residual stream's columns are centred: the samples' mean is no correlation. Weights are not (as in WeightWatcher):
 * the law of independent entries is of matrices as they are, rows and columns are alike to it, and where a weight has a
 * mean worth seeing, it is a spike.
 */
#ifndef SPT_SPECTRA_H
#define SPT_SPECTRA_H

#include "analysis/forward/team.h"
#include "analysis/probe.h"
#include "analysis/selection.h"

#define SPT_SPECTRA_STORE ((size_t)512 << 20)

struct spt_weight;
struct spt_spectra;

/* NULL *spectra where the selection needs none. selection, config and team, whose threads have spt_spectra_scratch bytes
 * each, are borrowed. SPT_NOMEM. */
enum spt_status spt_spectra_new(const struct spt_selection *selection, const struct spt_model_config *config,
                                const struct spt_probe *probe, const struct spt_team *team,
                                struct spt_spectra **spectra, struct spt_error *error);
void spt_spectra_free(struct spt_spectra *spectra);

/* 0 where the selection needs none. */
size_t spt_spectra_scratch(const struct spt_selection *selection);

/* What of a layer is looked at. */
bool spt_spectra_of_weights(const struct spt_spectra *spectra);
bool spt_spectra_of_hidden(const struct spt_spectra *spectra);

/* Nothing waits any more of a checkpoint that was stopped or failed. */
void spt_spectra_start(struct spt_spectra *spectra);

/* The layer's weights [SPT_LAYER_ROLES] and, later, the residual stream after it [N, hidden]; both may be gone
 * afterwards. SPT_END: the team's stop said so. */
enum spt_status spt_spectra_weights(struct spt_spectra *spectra, size_t layer, const struct spt_weight *weights,
                                    struct spt_error *error);
enum spt_status spt_spectra_hidden(struct spt_spectra *spectra, size_t layer, const float *x, struct spt_error *error);

/* What still waits. */
enum spt_status spt_spectra_finish(struct spt_spectra *spectra, struct spt_error *error);

/* [layers, SPT_LAYER_MATRICES] of the checkpoint that was finished last. */
const struct spt_layer_spectrum *spt_spectra_layers(const struct spt_spectra *spectra);

/* The figures of one Gram matrix, of which needs says what are computed; the others are NAN. Destroys it.
 *   gram     [order, order] column-major, its lower triangle
 *   longer   the other side of the matrix, >= order
 *   scratch  [spt_eigenvalues_scratch(order)] */
enum spt_status spt_layer_spectrum_of(double *gram, size_t order, size_t longer, unsigned needs, double *scratch,
                                      struct spt_layer_spectrum *spectrum, struct spt_error *error);

#endif
