/* The metrics of the spectra of a layer's matrices: rows of metric_table.c point here, once for each matrix. `spectail
 * metrics` prints their definitions. Every one is NAN for a matrix of zeros and for one with an entry that is not
 * finite.
 */
#ifndef SPT_SPECTRA_METRICS_H
#define SPT_SPECTRA_METRICS_H

#include "analysis/metric.h"

/* (lambda_1 - lambda_2) / lambda_1, in [0, 1]. Undefined for a single row or column. */
double spt_spectra_gap_ratio(const struct spt_layer_spectrum *spectrum);

/* (sum lambda)^2 / sum lambda^2, in [1, order], and that over the order, the smaller side. */
double spt_spectra_participation(const struct spt_layer_spectrum *spectrum);
double spt_spectra_participation_rel(const struct spt_layer_spectrum *spectrum);

/* Distance from Marchenko and Pastur's law, and number beyond its edge (marchenko_pastur.h), of the nonzero
 * eigenvalues. Undefined for fewer than 8. */
double spt_spectra_mp_ks(const struct spt_layer_spectrum *spectrum);
double spt_spectra_spikes(const struct spt_layer_spectrum *spectrum);

/* The power law of the tail (power_law.h). Undefined for fewer than 10 nonzero eigenvalues, and for equal
 * ones. */
double spt_spectra_alpha(const struct spt_layer_spectrum *spectrum);
double spt_spectra_alpha_ks(const struct spt_layer_spectrum *spectrum);
double spt_spectra_alpha_tail(const struct spt_layer_spectrum *spectrum);

#endif
