#include "analysis/metric.h"

#include "analysis/ablation/ablation_metrics.h"
#include "analysis/frames/frame_metrics.h"
#include "analysis/graph/correlation.h"
#include "analysis/graph/graph_metrics.h"
#include "analysis/information/information_metrics.h"
#include "analysis/output_metrics.h"
#include "analysis/rmt/law.h"
#include "analysis/rmt/rmt_metrics.h"
#include "analysis/sinks/sink_metrics.h"
#include "analysis/spectra/spectra_metrics.h"
#include "analysis/topology/betti.h"
#include "analysis/topology/topology_metrics.h"
#include "analysis/values/value_metrics.h"

#include <string.h>

const double SPT_THRESHOLDS[SPT_THRESHOLD_COUNT] = {0.025, 0.05, 0.1, 0.25, 0.5, 0.75};

#define HEAD     .level = SPT_LEVEL_HEAD, .head
#define LAYER    .level = SPT_LEVEL_LAYER, .layer
#define POOLED   .level = SPT_LEVEL_POOLED, .pooled
#define COUNT    .level = SPT_LEVEL_COUNT, .pooled
#define SHARE    .level = SPT_LEVEL_SHARE, .needs = SPT_NEED_FRAME, .pooled
#define RATIO    .level = SPT_LEVEL_RATIO, .pair
#define MODEL    .level = SPT_LEVEL_MODEL, .needs = SPT_NEED_LOSS, .model
#define WHOLE    .level = SPT_LEVEL_MODEL_POOLED, .needs = SPT_NEED_LOSS, .whole
#define ABLATED  .level = SPT_LEVEL_MODEL, .needs = SPT_NEED_LOSS | SPT_NEED_ABLATION, .model
#define CURVE    .level = SPT_LEVEL_CURVE, .curve
#define SPECTRAL .level = SPT_LEVEL_SPECTRUM, .spectrum
#define DENSITY  .level = SPT_LEVEL_POOLED_CURVE, .pooled_curve

#define PAIRS .level = SPT_LEVEL_PAIRS, .needs = FIEDLER, .pair = {spt_graph_fiedler, spt_graph_centralization}

#define NULLED    .null = true
#define SPECTRUM  SPT_NEED_SPECTRUM
#define BARCODE   SPT_NEED_BARCODE
#define FIEDLER   SPT_NEED_GRAPH | SPT_NEED_FIEDLER
#define INFLUENCE SPT_NEED_INFLUENCE
#define BARCODE_2 SPT_NEED_BARCODE | SPT_NEED_DIMENSION_2

/* clang-format off */
const struct spt_metric SPT_METRICS[] = {
    /* name, unit, definition, where its value comes from */
    {"loss", "nat", "mean next-token cross-entropy of a sample's n - 1 predictions", MODEL = spt_output_loss},
    {"loss.token", "nat", "total next-token cross-entropy / total predictions", WHOLE = spt_output_loss_token, .whole_draws = spt_output_loss_token_draws},

    {"sink.first", "", "alpha_0 = sum_i A[i][0] / m(0): mean attention on the first token (Gu et al. 2024)", HEAD = spt_sink_first, NULLED},
    {"sink.first_excess", "", "(alpha_0 - h) / (1 - h), h what uniform attention gives: 0 uniform, 1 a full sink", HEAD = spt_sink_first_excess, NULLED},
    {"sink.last", "", "alpha_{n-1}: mean attention on the last token (encoders)", HEAD = spt_sink_last, NULLED, .needs = SPT_NEED_FULL_MASK},
    {"sink.share", "", "share of samples of at least 16 tokens with alpha_0 > 0.3 (Gu et al. 2024)", HEAD = spt_sink_share, NULLED},
    {"sink.full_heads", "heads", "number of heads whose mean alpha_0 >= 0.99", COUNT = spt_sink_full_head, .pooled_draws = spt_sink_full_head_draws, NULLED},
    {"sink.max", "", "max_k (c_k - u_k): largest mean attention on one key beyond the uniform one", HEAD = spt_sink_max, NULLED},
    {"sink.max_first", "", "1 when sink.max is at the first token, else 0", HEAD = spt_sink_max_first, NULLED},
    {"sink.effective", "tokens", "exp of the entropy of c: how many tokens share the attention", HEAD = spt_sink_effective, NULLED},
    {"sink.entropy", "", "mean over rows of H(A[i]) / ln v(i): 1 uniform, 0 on one key", HEAD = spt_sink_entropy, NULLED, .needs = SPT_NEED_ROWS},
    {"sink.max_logit", "", "largest visible attention score, as the softmax sees it", HEAD = spt_sink_max_logit},
    {"sink.reference_count", "tokens", "number of reference tokens of a layer (Ruscio et al. 2025)", LAYER = spt_sink_reference_count, NULLED, .needs = SPT_NEED_REFERENCES},
    {"sink.reference_mass", "", "sum over reference tokens of the heads' mean c", LAYER = spt_sink_reference_mass, NULLED, .needs = SPT_NEED_REFERENCES},
    {"sink.reference_excess", "", "sum over reference tokens of the heads' mean c - u", LAYER = spt_sink_reference_excess, NULLED, .needs = SPT_NEED_REFERENCES},
    {"sink.received", "", "alpha_k over the first 64 keys", CURVE = spt_sink_received,
     .points = SPT_RECEIVED_POINTS, .grid = spt_sink_received_grid, .grid_name = "key position"},
    {"pattern.self", "", "mean over i of A[i][i]: attention on the token itself", HEAD = spt_pattern_self, NULLED},
    {"pattern.previous", "", "mean over i of A[i][i-1]: attention on the previous token", HEAD = spt_pattern_previous, NULLED},
    {"pattern.first", "", "mean over i (> 1 when causal) of A[i][0]", HEAD = spt_pattern_first, NULLED},
    {"pattern.special", "", "mean over i of the attention on the tokenizer's special tokens", HEAD = spt_pattern_special, NULLED},

    {"rmt.gap", "", "s_1 - s_2 of the singular values of A", HEAD = spt_rmt_gap, NULLED, .needs = SPECTRUM},
    {"rmt.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda = s^2", HEAD = spt_rmt_gap_ratio, NULLED, .needs = SPECTRUM},
    {"rmt.participation", "", "(sum lambda)^2 / sum lambda^2, in [1, n] (Bell and Dean 1970)", HEAD = spt_rmt_participation, NULLED, .needs = SPECTRUM},
    {"rmt.participation_rel", "", "rmt.participation / n", HEAD = spt_rmt_participation_rel, NULLED, .needs = SPECTRUM},
    {"rmt.stable_rank", "", "sum lambda / lambda_1", HEAD = spt_rmt_stable_rank, NULLED, .needs = SPECTRUM},
    {"rmt.effective_rank", "", "exp of the entropy of s / sum s (Roy and Vetterli 2007)", HEAD = spt_rmt_effective_rank, NULLED, .needs = SPECTRUM},
    {"rmt.law_ks", "", "sup |F_n - F| of x = s(G)/rms from the mask's law; G[i][j] = v(i) A[i][j] - 1", HEAD = spt_rmt_law_ks, NULLED, .needs = SPT_NEED_RESIDUAL},
    {"rmt.spikes", "", "number of x above 1.1 times the law's edge", HEAD = spt_rmt_spikes, NULLED, .needs = SPT_NEED_RESIDUAL},
    {"rmt.law_kl", "nat", "KL of the density of x, pooled over samples, from the mask's law: quarter circle (full) or Dykema-Haagerup (causal)",
     POOLED = spt_rmt_law_kl, .pooled_draws = spt_rmt_law_kl_draws, NULLED, .needs = SPT_NEED_RESIDUAL | SPT_NEED_LAW_POOL},
    {"rmt.mp_kl", "nat", "KL of s_i(A)/rms(s_2 ...), i >= 2, from the quarter circle, each sample (Ruscio et al. 2025); read it beside its null",
     HEAD = spt_rmt_mp_kl, NULLED, .needs = SPECTRUM | SPT_NEED_MP_KL},
    {"rmt.mp_kl_pooled", "nat", "rmt.mp_kl with the points of all samples pooled first", POOLED = spt_rmt_mp_kl_pooled, .pooled_draws = spt_rmt_mp_kl_pooled_draws, NULLED, .needs = SPECTRUM | SPT_NEED_MP_POOL},
    {"rmt.law_density", "", "density of x, pooled over samples, by the kernel of rmt.law_kl", DENSITY = spt_rmt_law_density,
     .needs = SPT_NEED_RESIDUAL | SPT_NEED_LAW_POOL, .points = SPT_LAW_CELLS, .grid = spt_rmt_density_grid, .grid_name = "singular value of G / rms"},

    {"rmt.hidden.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of X^T X / N, X [N, d] the residual stream after the layer at all tokens of the probe, columns centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_HIDDEN, .needs = SPT_NEED_LEADING},
    {"rmt.hidden.participation", "", "(sum lambda)^2 / sum lambda^2 of rmt.hidden.gap_ratio's lambda", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_HIDDEN},
    {"rmt.hidden.participation_rel", "", "rmt.hidden.participation / min(N, d)", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_HIDDEN},
    {"rmt.hidden.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = d/N (or N/d), sigma^2 = median of lambda / median of the law", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_HIDDEN, .needs = SPT_NEED_BULK},
    {"rmt.hidden.spikes", "", "number of lambda beyond that law's edge, sigma^2 (1 + sqrt q)^2", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_HIDDEN, .needs = SPT_NEED_BULK},

    {"rmt.weight.query.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W W_Q, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_QUERY, .needs = SPT_NEED_LEADING},
    {"rmt.weight.query.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_QUERY},
    {"rmt.weight.query.participation_rel", "", "rmt.weight.query.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_QUERY},
    {"rmt.weight.query.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_QUERY, .needs = SPT_NEED_BULK},
    {"rmt.weight.query.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_QUERY, .needs = SPT_NEED_BULK},
    {"rmt.weight.query.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_QUERY, .needs = SPT_NEED_TAIL},
    {"rmt.weight.query.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_QUERY, .needs = SPT_NEED_TAIL},
    {"rmt.weight.query.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_QUERY, .needs = SPT_NEED_TAIL},
    {"rmt.weight.key.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W W_K, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_KEY, .needs = SPT_NEED_LEADING},
    {"rmt.weight.key.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_KEY},
    {"rmt.weight.key.participation_rel", "", "rmt.weight.key.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_KEY},
    {"rmt.weight.key.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_KEY, .needs = SPT_NEED_BULK},
    {"rmt.weight.key.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_KEY, .needs = SPT_NEED_BULK},
    {"rmt.weight.key.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_KEY, .needs = SPT_NEED_TAIL},
    {"rmt.weight.key.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_KEY, .needs = SPT_NEED_TAIL},
    {"rmt.weight.key.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_KEY, .needs = SPT_NEED_TAIL},
    {"rmt.weight.value.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W W_V, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_VALUE, .needs = SPT_NEED_LEADING},
    {"rmt.weight.value.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_VALUE},
    {"rmt.weight.value.participation_rel", "", "rmt.weight.value.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_VALUE},
    {"rmt.weight.value.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_VALUE, .needs = SPT_NEED_BULK},
    {"rmt.weight.value.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_VALUE, .needs = SPT_NEED_BULK},
    {"rmt.weight.value.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_VALUE, .needs = SPT_NEED_TAIL},
    {"rmt.weight.value.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_VALUE, .needs = SPT_NEED_TAIL},
    {"rmt.weight.value.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_VALUE, .needs = SPT_NEED_TAIL},
    {"rmt.weight.output.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W W_O, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_OUTPUT, .needs = SPT_NEED_LEADING},
    {"rmt.weight.output.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_OUTPUT},
    {"rmt.weight.output.participation_rel", "", "rmt.weight.output.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_OUTPUT},
    {"rmt.weight.output.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_OUTPUT, .needs = SPT_NEED_BULK},
    {"rmt.weight.output.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_OUTPUT, .needs = SPT_NEED_BULK},
    {"rmt.weight.output.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_OUTPUT, .needs = SPT_NEED_TAIL},
    {"rmt.weight.output.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_OUTPUT, .needs = SPT_NEED_TAIL},
    {"rmt.weight.output.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_OUTPUT, .needs = SPT_NEED_TAIL},
    {"rmt.weight.mlp_up.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W the MLP's matrix to its inner width, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_MLP_UP, .needs = SPT_NEED_LEADING},
    {"rmt.weight.mlp_up.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_MLP_UP},
    {"rmt.weight.mlp_up.participation_rel", "", "rmt.weight.mlp_up.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_MLP_UP},
    {"rmt.weight.mlp_up.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_MLP_UP, .needs = SPT_NEED_BULK},
    {"rmt.weight.mlp_up.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_MLP_UP, .needs = SPT_NEED_BULK},
    {"rmt.weight.mlp_up.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_MLP_UP, .needs = SPT_NEED_TAIL},
    {"rmt.weight.mlp_up.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_MLP_UP, .needs = SPT_NEED_TAIL},
    {"rmt.weight.mlp_up.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_MLP_UP, .needs = SPT_NEED_TAIL},
    {"rmt.weight.mlp_gate.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W the MLP's gate, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_LEADING | SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.participation_rel", "", "rmt.weight.mlp_gate.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_BULK | SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_BULK | SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_TAIL | SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_TAIL | SPT_NEED_GATE},
    {"rmt.weight.mlp_gate.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_MLP_GATE, .needs = SPT_NEED_TAIL | SPT_NEED_GATE},
    {"rmt.weight.mlp_down.gap_ratio", "", "(lambda_1 - lambda_2) / lambda_1, lambda the nonzero eigenvalues of W^T W, W the MLP's matrix back, not centred", SPECTRAL = spt_spectra_gap_ratio, .matrix = SPT_MATRIX_MLP_DOWN, .needs = SPT_NEED_LEADING},
    {"rmt.weight.mlp_down.participation", "", "(sum lambda)^2 / sum lambda^2", SPECTRAL = spt_spectra_participation, .matrix = SPT_MATRIX_MLP_DOWN},
    {"rmt.weight.mlp_down.participation_rel", "", "rmt.weight.mlp_down.participation / the smaller side of W", SPECTRAL = spt_spectra_participation_rel, .matrix = SPT_MATRIX_MLP_DOWN},
    {"rmt.weight.mlp_down.mp_ks", "", "sup |F_n - F| of lambda / sigma^2 from Marchenko and Pastur's law of q = smaller / larger side, sigma^2 by medians", SPECTRAL = spt_spectra_mp_ks, .matrix = SPT_MATRIX_MLP_DOWN, .needs = SPT_NEED_BULK},
    {"rmt.weight.mlp_down.spikes", "", "number of lambda beyond that law's edge", SPECTRAL = spt_spectra_spikes, .matrix = SPT_MATRIX_MLP_DOWN, .needs = SPT_NEED_BULK},
    {"rmt.weight.mlp_down.alpha", "", "1 + m / sum ln(lambda_i / lambda_min) over the m largest lambda, those of least alpha_ks that leave max(10, 5 %) (Clauset et al. 2009)", SPECTRAL = spt_spectra_alpha, .matrix = SPT_MATRIX_MLP_DOWN, .needs = SPT_NEED_TAIL},
    {"rmt.weight.mlp_down.alpha_ks", "", "distance of these m from that power law, max |F(lambda_i) - share of them before lambda_i|", SPECTRAL = spt_spectra_alpha_ks, .matrix = SPT_MATRIX_MLP_DOWN, .needs = SPT_NEED_TAIL},
    {"rmt.weight.mlp_down.alpha_tail", "values", "m, the number of lambda in the tail", SPECTRAL = spt_spectra_alpha_tail, .matrix = SPT_MATRIX_MLP_DOWN, .needs = SPT_NEED_TAIL},

    {"topology.h0_mean", "", "mean finite bar of dimension 0; d(i,j) = 1 - max(A[i][j], A[j][i])", HEAD = spt_topology_h0_mean, NULLED, .needs = BARCODE},
    {"topology.h1_persistence", "", "sum of the bars of dimension 1", HEAD = spt_topology_h1_persistence, NULLED, .needs = BARCODE},
    {"topology.h1_bars", "bars", "number of bars of dimension 1 longer than 0.01", HEAD = spt_topology_h1_bars, NULLED, .needs = BARCODE},
    {"topology.h1_max", "", "longest bar of dimension 1", HEAD = spt_topology_h1_max, NULLED, .needs = BARCODE},
    {"topology.h1_entropy", "nat", "persistent entropy of dimension 1; 0 without bars", HEAD = spt_topology_h1_entropy, NULLED, .needs = BARCODE},
    {"topology.h2_persistence", "", "sum of the bars of dimension 2 (topology_dimension: 2)", HEAD = spt_topology_h2_persistence, NULLED, .needs = BARCODE_2},
    {"topology.h2_bars", "bars", "number of bars of dimension 2 longer than 0.01", HEAD = spt_topology_h2_bars, NULLED, .needs = BARCODE_2},
    {"topology.h2_max", "", "longest bar of dimension 2", HEAD = spt_topology_h2_max, NULLED, .needs = BARCODE_2},
    {"topology.b0@0.025", "", "components / n of the graph of attention >= 0.025 (Kushnareva et al. 2021)", HEAD = spt_topology_b0, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.025},
    {"topology.b1@0.025", "", "independent cycles, edges - n + components, of the graph of attention >= 0.025", HEAD = spt_topology_b1, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.025},
    {"topology.b0@0.05", "", "components / n of the graph of attention >= 0.05 (Kushnareva et al. 2021)", HEAD = spt_topology_b0, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.05},
    {"topology.b1@0.05", "", "independent cycles, edges - n + components, of the graph of attention >= 0.05", HEAD = spt_topology_b1, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.05},
    {"topology.b0@0.1", "", "components / n of the graph of attention >= 0.1 (Kushnareva et al. 2021)", HEAD = spt_topology_b0, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.1},
    {"topology.b1@0.1", "", "independent cycles, edges - n + components, of the graph of attention >= 0.1", HEAD = spt_topology_b1, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.1},
    {"topology.b0@0.25", "", "components / n of the graph of attention >= 0.25 (Kushnareva et al. 2021)", HEAD = spt_topology_b0, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.25},
    {"topology.b1@0.25", "", "independent cycles, edges - n + components, of the graph of attention >= 0.25", HEAD = spt_topology_b1, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.25},
    {"topology.b0@0.5", "", "components / n of the graph of attention >= 0.5 (Kushnareva et al. 2021)", HEAD = spt_topology_b0, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.5},
    {"topology.b1@0.5", "", "independent cycles, edges - n + components, of the graph of attention >= 0.5", HEAD = spt_topology_b1, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.5},
    {"topology.b0@0.75", "", "components / n of the graph of attention >= 0.75 (Kushnareva et al. 2021)", HEAD = spt_topology_b0, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.75},
    {"topology.b1@0.75", "", "independent cycles, edges - n + components, of the graph of attention >= 0.75", HEAD = spt_topology_b1, NULLED, .needs = SPT_NEED_COMPONENTS, .parameter = 0.75},
    {"topology.betti0", "", "Betti number of dimension 0 at attention weight w (eps = 1 - w)", CURVE = spt_topology_betti0, .needs = BARCODE,
     .points = SPT_BETTI_GRID, .grid = spt_topology_betti_grid, .grid_name = "attention weight"},
    {"topology.betti0_rel", "", "topology.betti0 / n", CURVE = spt_topology_betti0_rel, .needs = BARCODE,
     .points = SPT_BETTI_GRID, .grid = spt_topology_betti_grid, .grid_name = "attention weight"},
    {"topology.betti1", "", "Betti number of dimension 1 at attention weight w", CURVE = spt_topology_betti1, .needs = BARCODE,
     .points = SPT_BETTI_GRID, .grid = spt_topology_betti_grid, .grid_name = "attention weight"},

    {"graph.in_centralization", "", "(max_k sum_i A[i][k] - 1) / (n - 1): 1 when all attend to one key", HEAD = spt_graph_in_centralization, NULLED},
    {"graph.fiedler@0", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0},
    {"graph.fiedler_norm@0", "", "graph.fiedler@0 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0},
    {"graph.fiedler@0.001", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0.001; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0.001},
    {"graph.fiedler_norm@0.001", "", "graph.fiedler@0.001 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0.001},
    {"graph.centralization@0.001", "", "degree centralization sum(max deg - deg_i) / ((n - 1)(n - 2)) of the graph of w > 0.001 (Freeman 1979)", HEAD = spt_graph_centralization, NULLED, .needs = SPT_NEED_GRAPH, .parameter = 0.001},
    {"graph.fiedler@0.005", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0.005; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0.005},
    {"graph.fiedler_norm@0.005", "", "graph.fiedler@0.005 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0.005},
    {"graph.centralization@0.005", "", "degree centralization sum(max deg - deg_i) / ((n - 1)(n - 2)) of the graph of w > 0.005 (Freeman 1979)", HEAD = spt_graph_centralization, NULLED, .needs = SPT_NEED_GRAPH, .parameter = 0.005},
    {"graph.fiedler@0.01", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0.01; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0.01},
    {"graph.fiedler_norm@0.01", "", "graph.fiedler@0.01 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0.01},
    {"graph.centralization@0.01", "", "degree centralization sum(max deg - deg_i) / ((n - 1)(n - 2)) of the graph of w > 0.01 (Freeman 1979)", HEAD = spt_graph_centralization, NULLED, .needs = SPT_NEED_GRAPH, .parameter = 0.01},
    {"graph.fiedler@0.02", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0.02; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0.02},
    {"graph.fiedler_norm@0.02", "", "graph.fiedler@0.02 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0.02},
    {"graph.centralization@0.02", "", "degree centralization sum(max deg - deg_i) / ((n - 1)(n - 2)) of the graph of w > 0.02 (Freeman 1979)", HEAD = spt_graph_centralization, NULLED, .needs = SPT_NEED_GRAPH, .parameter = 0.02},
    {"graph.fiedler@0.05", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0.05; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0.05},
    {"graph.fiedler_norm@0.05", "", "graph.fiedler@0.05 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0.05},
    {"graph.centralization@0.05", "", "degree centralization sum(max deg - deg_i) / ((n - 1)(n - 2)) of the graph of w > 0.05 (Freeman 1979)", HEAD = spt_graph_centralization, NULLED, .needs = SPT_NEED_GRAPH, .parameter = 0.05},
    {"graph.fiedler@0.1", "", "second smallest eigenvalue of D - W of the graph of w = (A + A^T)/2 > 0.1; 0 when not connected (Fiedler 1973)", HEAD = spt_graph_fiedler, NULLED, .needs = FIEDLER, .parameter = 0.1},
    {"graph.fiedler_norm@0.1", "", "graph.fiedler@0.1 of D^-1/2 (D - W) D^-1/2", HEAD = spt_graph_fiedler_norm, NULLED, .needs = FIEDLER, .parameter = 0.1},
    {"graph.centralization@0.1", "", "degree centralization sum(max deg - deg_i) / ((n - 1)(n - 2)) of the graph of w > 0.1 (Freeman 1979)", HEAD = spt_graph_centralization, NULLED, .needs = SPT_NEED_GRAPH, .parameter = 0.1},
    {"graph.fiedler_centralization@0.001", "", "Pearson correlation of graph.fiedler@0.001 and graph.centralization@0.001 over (sample, head) of a layer (Ruscio et al. 2025)",
     PAIRS, .pooling = &SPT_CORRELATION, NULLED, .parameter = 0.001},
    {"graph.fiedler_centralization_adjusted@0.001", "", "graph.fiedler_centralization@0.001 of what is left of both after least squares on (1, 1/n, ln n)",
     PAIRS, .pooling = &SPT_CORRELATION_ADJUSTED, NULLED, .parameter = 0.001},
    {"graph.fiedler_centralization@0.005", "", "Pearson correlation of graph.fiedler@0.005 and graph.centralization@0.005 over (sample, head) of a layer (Ruscio et al. 2025)",
     PAIRS, .pooling = &SPT_CORRELATION, NULLED, .parameter = 0.005},
    {"graph.fiedler_centralization_adjusted@0.005", "", "graph.fiedler_centralization@0.005 of what is left of both after least squares on (1, 1/n, ln n)",
     PAIRS, .pooling = &SPT_CORRELATION_ADJUSTED, NULLED, .parameter = 0.005},
    {"graph.fiedler_centralization@0.01", "", "Pearson correlation of graph.fiedler@0.01 and graph.centralization@0.01 over (sample, head) of a layer (Ruscio et al. 2025)",
     PAIRS, .pooling = &SPT_CORRELATION, NULLED, .parameter = 0.01},
    {"graph.fiedler_centralization_adjusted@0.01", "", "graph.fiedler_centralization@0.01 of what is left of both after least squares on (1, 1/n, ln n)",
     PAIRS, .pooling = &SPT_CORRELATION_ADJUSTED, NULLED, .parameter = 0.01},
    {"graph.fiedler_centralization@0.02", "", "Pearson correlation of graph.fiedler@0.02 and graph.centralization@0.02 over (sample, head) of a layer (Ruscio et al. 2025)",
     PAIRS, .pooling = &SPT_CORRELATION, NULLED, .parameter = 0.02},
    {"graph.fiedler_centralization_adjusted@0.02", "", "graph.fiedler_centralization@0.02 of what is left of both after least squares on (1, 1/n, ln n)",
     PAIRS, .pooling = &SPT_CORRELATION_ADJUSTED, NULLED, .parameter = 0.02},
    {"graph.fiedler_centralization@0.05", "", "Pearson correlation of graph.fiedler@0.05 and graph.centralization@0.05 over (sample, head) of a layer (Ruscio et al. 2025)",
     PAIRS, .pooling = &SPT_CORRELATION, NULLED, .parameter = 0.05},
    {"graph.fiedler_centralization_adjusted@0.05", "", "graph.fiedler_centralization@0.05 of what is left of both after least squares on (1, 1/n, ln n)",
     PAIRS, .pooling = &SPT_CORRELATION_ADJUSTED, NULLED, .parameter = 0.05},
    {"graph.fiedler_centralization@0.1", "", "Pearson correlation of graph.fiedler@0.1 and graph.centralization@0.1 over (sample, head) of a layer (Ruscio et al. 2025)",
     PAIRS, .pooling = &SPT_CORRELATION, NULLED, .parameter = 0.1},
    {"graph.fiedler_centralization_adjusted@0.1", "", "graph.fiedler_centralization@0.1 of what is left of both after least squares on (1, 1/n, ln n)",
     PAIRS, .pooling = &SPT_CORRELATION_ADJUSTED, NULLED, .parameter = 0.1},

    {"information.kl_uniform", "nat", "mean over rows of KL(A[i] || uniform over what i sees) (Ruscio et al. 2025)", HEAD = spt_information_kl_uniform, NULLED, .needs = SPT_NEED_ROWS},
    {"information.kl_no_sink", "nat", "the same without the layer's reference tokens, rows renormalised", HEAD = spt_information_kl_no_sink, NULLED, .needs = SPT_NEED_REMAINDER},
    {"information.kl_drop", "nat", "kl_uniform - kl_no_sink, both over the rows that kl_no_sink is over", HEAD = spt_information_kl_drop, NULLED, .needs = SPT_NEED_REMAINDER},
    {"information.kl_reduction", "", "sum of kl_drop / sum of its kl_uniform over (sample, head); undefined below a mean of 0.01 nat (Ruscio et al. 2025)",
     RATIO = {spt_information_kl_drop, spt_information_kl_same}, NULLED, .needs = SPT_NEED_REMAINDER, .parameter = SPT_LEAST_KL},
    {"information.fisher", "", "mean over rows of 1 - sum_j A[i][j]^2, the trace of the softmax's Fisher information diag(a) - a a^T (Amari 1998)", HEAD = spt_information_fisher, NULLED, .needs = SPT_NEED_ROWS},
    {"information.fisher_sink", "", "share of that trace between reference tokens and the rest: sum_i 2 s_i (1 - s_i) / sum_i (1 - sum_j A[i][j]^2)", HEAD = spt_information_fisher_sink, NULLED, .needs = SPT_NEED_REMAINDER},

    {"value.direction", "", "mean over rows of cos(o_i, r_i), o_i = sum_j A[i][j] v_j, r_i its part over reference tokens (Ruscio et al. 2025)", HEAD = spt_value_direction, .needs = INFLUENCE},
    {"value.share", "", "mean over rows of |r_i| / (|r_i| + |o_i - r_i|)", HEAD = spt_value_share, .needs = INFLUENCE},
    {"value.norm_ratio", "", "mean |v| of reference tokens / mean |v|", HEAD = spt_value_norm_ratio, .needs = INFLUENCE},
    {"value.output_ratio", "", "the same of v W, W the head's part of the output projection (Kobayashi et al. 2020)", HEAD = spt_value_output_ratio, .needs = INFLUENCE | SPT_NEED_OUTPUT},
    {"key.norm_first", "", "|k_0| / mean |k_j|, keys as the scores see them", HEAD = spt_key_norm_first},
    {"key.cos_first", "", "mean of cos(q_i, k_0) over the queries that see the first token", HEAD = spt_key_cos_first},
    {"hidden.norm_first", "", "|h_0| / median |h_k| of the residual stream after the layer (Sun et al. 2024)", LAYER = spt_hidden_norm_first, .needs = SPT_NEED_HIDDEN},
    {"hidden.max_ratio", "", "max |h| / median |h| over its entries: massive activations (Sun et al. 2024)", LAYER = spt_hidden_max_ratio, .needs = SPT_NEED_HIDDEN},

    {"frame.none", "", "share of heads without an anchor: max_k (c_k - u_k) < 1/n in more than half of the samples (Ruscio et al. 2025)", SHARE = spt_frame_none, .pooled_draws = spt_frame_none_draws, NULLED},
    {"frame.centralized", "", "share of heads anchored to one of: first, last, other special, other tokens; on top in 80 % of the samples, with twice the mean c of another (Ruscio et al. 2025)", SHARE = spt_frame_centralized, .pooled_draws = spt_frame_centralized_draws, NULLED},
    {"frame.distributed", "", "share of heads of no other frame: anchored to several tokens (Ruscio et al. 2025)", SHARE = spt_frame_distributed, .pooled_draws = spt_frame_distributed_draws, NULLED},
    {"frame.bidirectional", "", "share of heads of encoders with first and last token both references in at least half of the samples (Ruscio et al. 2025)", SHARE = spt_frame_bidirectional, .pooled_draws = spt_frame_bidirectional_draws, NULLED},

    {"ablate.loss", "nat", "ablated - clean loss; ablated: each layer's reference tokens masked as keys in all layers at once, but for their own query (Ruscio et al. 2025)", ABLATED = spt_ablate_loss},
    {"ablate.kl", "nat", "mean over tokens of KL(clean || ablated) of the next token's distribution", ABLATED = spt_ablate_kl},
    {"ablate.entropy", "", "ablated - clean sink.entropy, both over the rows that keep more than one key: H(B[i]) / ln v'(i) - H(A[i]) / ln v(i), v'(i) keys left of v(i)", HEAD = spt_ablate_entropy, .needs = SPT_NEED_ABLATION | SPT_NEED_ROWS},
};
/* clang-format on */

const size_t SPT_METRIC_COUNT = sizeof SPT_METRICS / sizeof *SPT_METRICS;

const char *const SPT_METRIC_GROUPS[] = {"sinks",  "rmt",    "topology", "graph", "information",
                                         "values", "frames", "ablate",   "loss",  "weights"};
const size_t SPT_METRIC_GROUP_COUNT = sizeof SPT_METRIC_GROUPS / sizeof *SPT_METRIC_GROUPS;

size_t spt_metric_find(const char *name) {
    size_t i = 0;
    while (i < SPT_METRIC_COUNT && strcmp(SPT_METRICS[i].name, name) != 0) i++;
    return i;
}

/* What names begin with, up to a dot, and the group they belong to; the first that fits. */
static const struct {
    const char *prefix, *group;
    bool asked_for; /* measured only where its group or itself is named */
} PREFIXES[] = {
    {"rmt.weight", "weights", .asked_for = true}, /* costs more than all else on models of 1 G parameters and more */
    {"sink", "sinks", false},
    {"pattern", "sinks", false},
    {"rmt", "rmt", false},
    {"topology", "topology", false},
    {"graph", "graph", false},
    {"information", "information", false},
    {"value", "values", false},
    {"key", "values", false},
    {"hidden", "values", false},
    {"frame", "frames", false},
    {"ablate", "ablate", false},
    {"loss", "loss", false},
};

/* Their number for a name that none begins. */
static size_t prefix_of(const char *name) {
    const size_t count = sizeof PREFIXES / sizeof *PREFIXES;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(PREFIXES[i].prefix);
        if (strncmp(PREFIXES[i].prefix, name, length) == 0 && (name[length] == '.' || !name[length])) return i;
    }
    return count;
}

const char *spt_metric_group(const struct spt_metric *metric) {
    const size_t i = prefix_of(metric->name);
    return i < sizeof PREFIXES / sizeof *PREFIXES ? PREFIXES[i].group : "";
}

bool spt_metric_is_default(const struct spt_metric *metric) {
    const size_t i = prefix_of(metric->name);
    return i < sizeof PREFIXES / sizeof *PREFIXES && !PREFIXES[i].asked_for;
}

#define CONTROL "; read it beside the control run (control: shuffled)"

/* By how a name begins: the first that fits. */
static const struct {
    const char *prefix, *reason;
} WITHOUT_NULL[] = {
    {"loss", "random attention is no model's, and has no output" CONTROL},
    {"ablate.", "random attention is no model's, and has no output" CONTROL},
    {"sink.max_logit", "random attention is not made of scores" CONTROL},
    {"value.", "its vectors are the model's, random attention has none" CONTROL},
    {"key.", "its vectors are the model's, random attention has none" CONTROL},
    {"hidden.", "the residual stream is the model's, random attention has none" CONTROL},
    {"rmt.hidden.", "the Marchenko-Pastur law is its null"},
    {"rmt.weight.", "the Marchenko-Pastur law is its null"},
    {"rmt.law_density", "the mask's law is its null"},
    {"", "nulls are kept of figures, not of curves" CONTROL},
};

const char *spt_metric_no_null(const struct spt_metric *metric) {
    size_t i = 0;
    while (strncmp(metric->name, WITHOUT_NULL[i].prefix, strlen(WITHOUT_NULL[i].prefix)) != 0) i++;
    return metric->null ? NULL : WITHOUT_NULL[i].reason;
}
