#include "analysis/spectra/spectra_metrics.h"

double spt_spectra_gap_ratio(const struct spt_layer_spectrum *spectrum) {
    return spectrum->gap_ratio;
}

double spt_spectra_participation(const struct spt_layer_spectrum *spectrum) {
    return spectrum->participation;
}

double spt_spectra_participation_rel(const struct spt_layer_spectrum *spectrum) {
    return spectrum->participation / (double)spectrum->order;
}

double spt_spectra_mp_ks(const struct spt_layer_spectrum *spectrum) {
    return spectrum->mp_ks;
}

double spt_spectra_spikes(const struct spt_layer_spectrum *spectrum) {
    return spectrum->spikes;
}

double spt_spectra_alpha(const struct spt_layer_spectrum *spectrum) {
    return spectrum->alpha;
}

double spt_spectra_alpha_ks(const struct spt_layer_spectrum *spectrum) {
    return spectrum->alpha_ks;
}

double spt_spectra_alpha_tail(const struct spt_layer_spectrum *spectrum) {
    return spectrum->alpha_tail;
}
