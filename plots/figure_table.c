#include "plots/figures/figures.h"

#include <string.h>

/* What the lines of plots/figures/baselines.h are: the same words in every caption. */
#define BASELINES                                                                                                      \
    "dashed orange: random attention with the same mask, mean and two standard deviations; dotted purple: the same "   \
    "checkpoints asked about shuffled tokens, where the store has that control."
#define BASELINES_AT_LAST BASELINES " Beside chosen steps the control is at the last of them."

/* What the two columns of a figure of pairs are. */
#define PAIRED                                                                                                         \
    "Left, over training steps (logarithmic; step 0 stands before the break): the whole model with its 95 % interval " \
    "(blue) and each layer (grey); right, over the layers at chosen steps (dark: early, light: late); "

const struct spt_figure SPT_FIGURES[] = {
    {"emergence", "Emergence of the attention sink",
     "Attention on the first token beyond what uniform attention gives it (0: uniform, 1: all), over the whole "
     "model and in the layer where it ends highest, and the loss on the probe text, over training steps "
     "(logarithmic; step 0 stands before the break). Bands and bars: 95 % bootstrap intervals over the probe's "
     "samples. Grey line: the run's own training loss. Dotted upright lines: the steps from which each has turned; " BASELINES,
     spt_figure_emergence, "emergence.gp", false, "sinks"},
    {"rmt", "Singular spectra of attention",
     "Gap between the two largest singular values, participation ratio, and the distance of the spectrum from the "
     "law of unstructured attention and from the Marchenko-Pastur law, over training steps. Blue: the whole model "
     "with its 95 % interval; grey: each layer; " BASELINES,
     spt_figure_rmt, "panels.gp", false, "rmt"},
    {"betti", "Betti trajectories over training",
     "Graph Betti numbers of attention over training steps: connected components per token and independent cycles "
     "(on an axis of log(1 + b1)), with an edge between two tokens where one gives the other at least the named "
     "attention; below, the mean bar of dimension 0 and the sum of bars of dimension 1 of the Vietoris-Rips "
     "filtration. Lines: the whole model with its 95 % interval; grey: each layer; " BASELINES
     " Above, both are in the colour of their threshold.",
     spt_figure_betti, "panels.gp", false, "topology"},
    {"betti_layers", "Betti trajectories through the layers",
     "The same quantities over the layers at chosen steps (dark: early, light: late), Betti numbers at attention "
     "0.1. Bands: 95 % intervals; " BASELINES_AT_LAST,
     spt_figure_betti_layers, "panels.gp", false, "topology"},
    {"betti_curves", "Betti curves over attention weight",
     "Components per token and cycles of the Vietoris-Rips filtration, mean over the whole model, while weaker "
     "and weaker attention is let in (to the right), at chosen steps (dark: early, light: late).",
     spt_figure_betti_curves, "betti_curves.gp", false, "topology"},
    {"heatmap", "Layers over training",
     "One metric for each layer and checkpoint; its name and unit stand at the scale. Columns are checkpoints in "
     "order. Grey: no value; a circle above a column: its weights are another step's.",
     spt_figure_heatmap, "heatmap.gp", false, "sinks"},
    {"atlas", "Head atlas",
     "One metric for every head of every layer at chosen steps, all in one scale of colours. Grey: no value.",
     spt_figure_atlas, "atlas.gp", false, "sinks"},
    {"spectra", "Spectra of one layer over training",
     "Density (logarithmic) of the singular values of one layer's attention after uniform attention is taken "
     "away, in units of their root mean square, at chosen steps (dark: early, light: late), and the law that "
     "unstructured attention with the same mask follows (black). What lies beyond 8 is counted at 8.",
     spt_figure_spectra, "spectra.gp", false, "rmt"},
    {"fiedler", "Connectivity of attention against threshold",
     "Algebraic connectivity (Fiedler value: the second smallest eigenvalue of the Laplacian, and of the normalised one) of "
     "the graph of attention whose edges of at most τ are cut (an edge is the mean of both directions), against τ "
     "(logarithmic; 0 stands before the break): above, the whole model, or the layer that the key names, at chosen steps "
     "(dark: early, light: late) with its 95 % intervals; below, every layer at the last of them; " BASELINES_AT_LAST,
     spt_figure_fiedler, "panels.gp", false, "graph"},
    {"centralization", "Centralization of connected attention against threshold",
     "Correlation of Fiedler value and degree centralization over samples and heads, against the threshold τ up to which edges "
     "are cut: below 0 what is more connected has less of a centre. Left as it is, right after what the lengths of the samples "
     "explain is taken from both. Above, the whole model, or the layer that the key names, at chosen steps (dark: early, light: "
     "late) with its 95 % intervals; "
     "below, every layer at the last of them (blue: above 0, brown: below, grey: undefined); " BASELINES_AT_LAST,
     spt_figure_centralization, "panels.gp", false, "graph"},
    {"kl", "Distance from uniform attention, with and without reference tokens",
     "Kullback-Leibler divergence of attention from uniform attention; the same after a layer's reference tokens are taken "
     "away and the rows made whole again; and the share of the divergence that goes with them. " PAIRED
         BASELINES_AT_LAST,
     spt_figure_kl, "panels.gp", false, "information"},
    {"frames", "Types of reference frames",
     "Share of heads whose reference frame is of each type: above, of the whole model over training steps (logarithmic; step 0 "
     "stands before the break; a bar reaches half way to the next checkpoint, a circle above it: its weights are another "
     "step's); below, of each layer at chosen steps.",
     spt_figure_frames, "frames.gp", false, "frames"},
    {"values", "Influence of the values of reference tokens",
     "From above: cosine between a head's output and the part of it that reference tokens add; that part's share in the sum "
     "of norms; norm of the reference tokens' values over that of all values, before and after the output projection "
     "(logarithmic). " PAIRED BASELINES_AT_LAST,
     spt_figure_values, "panels.gp", false, "values"},
    {"keys", "Key of the first token",
     "Norm of the first token's key over the mean norm of all keys (logarithmic), and the mean cosine between the queries and "
     "it. " PAIRED BASELINES_AT_LAST,
     spt_figure_keys, "panels.gp", false, "values"},
    {"massive", "Massive activations",
     "Norm of the first token's hidden state over the median of all tokens', and the largest entry of the hidden states over the "
     "median entry, after each layer (logarithmic). " PAIRED BASELINES_AT_LAST,
     spt_figure_massive, "panels.gp", false, "values"},
    {"ablation", "Ablation of reference tokens",
     "What changes when each layer's reference tokens are hidden from all other queries, over training steps (logarithmic; step "
     "0 stands before the break): the rise of the loss, the divergence of the predictions from those of the whole model, the "
     "rise of attention's entropy, and the attention that reference tokens had. Blue: the whole model with its 95 % interval; "
     "grey: each layer, where it has one; " BASELINES,
     spt_figure_ablation, "panels.gp", false, "ablate"},
    {"hidden", "Spectra of hidden states",
     "Eigenvalues of the covariance of the hidden states after each layer, over all tokens of the probe: relative gap between "
     "the largest two, participation ratio (logarithmic), distance of the distribution from the Marchenko-Pastur law, and number "
     "of eigenvalues beyond its edge (on an axis of log(1 + n)). They have no interval. " PAIRED BASELINES_AT_LAST,
     spt_figure_hidden, "panels.gp", false, "rmt"},
    {"weights", "Tails of the spectra of weights",
     "Exponent α of the power law that fits the tail of the eigenvalues of W^T W (Clauset et al. 2009; the smaller, the heavier "
     "the tail), a panel for each kind of matrix, over training steps (logarithmic; step 0 stands before the break). Blue: mean "
     "over the layers; grey: each layer.",
     spt_figure_weights, "panels.gp", false, "weights"},
    {"runs", "Several runs over training",
     "The same metrics of several runs, a panel each, over training steps (logarithmic; step 0 stands before the break) or "
     "tokens seen; dark: small models, light: large ones. Bands: 95 % bootstrap intervals over the probe's samples; "
     "dashed orange: random attention with each run's mask and probe; dotted, in each run's colour: its checkpoints asked "
     "about shuffled tokens, where the store has that control.",
     spt_figure_runs, "runs.gp", true, "runs"},
    {"sizes", "When metrics turn, by model size",
     "The fitted midpoint of each metric over the whole model with its 95 % interval, against the number of parameters "
     "without embeddings, each run a point; lines join the means of models of one size.",
     spt_figure_sizes, "sizes.gp", true, "runs"},
    {"attention", "Attention of one sample",
     "Attention of each query (line) to each key (column) over the tokens of one sample, computed from the checkpoint: "
     "one head with what each key receives on average above it (bars; dashes: from uniform attention), or a small panel "
     "for every head of a layer, or for every layer the mean over its heads. Colours go by the logarithm, from 1e-4 on. "
     "Blank: hidden by the mask. Red: the layer's reference tokens.",
     spt_figure_attention, "attention.gp", false, SPT_GROUP_LOOKS},
    {"references", "Reference tokens through the layers",
     "Attention that each token of one sample receives on average over the queries and heads of each layer, computed "
     "from the checkpoint, a panel for each step. Colours go by the logarithm, from 1e-3 on. Framed: the layer's "
     "reference tokens.",
     spt_figure_references, "references.gp", false, SPT_GROUP_LOOKS},
};

const size_t SPT_FIGURE_COUNT = sizeof SPT_FIGURES / sizeof *SPT_FIGURES;

bool spt_figure_looks(const struct spt_figure *figure) {
    return strcmp(figure->group, SPT_GROUP_LOOKS) == 0;
}

const struct spt_figure *spt_figure_find(const char *name) {
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++)
        if (strcmp(SPT_FIGURES[i].name, name) == 0) return &SPT_FIGURES[i];
    return NULL;
}
