/* OPT (Zhang et al. 2022): learned positions that begin in the third row, norms in front of attention and MLP or, in
 * the one of 350 M, behind the sums, with an embedding narrower than the layers. */
#include "analysis/forward/families/axes.h"

static const struct spt_axis INTERMEDIATE = {.text = "ffn_dim", .size = spt_size_intermediate};
static const struct spt_axis POSITIONS = {.text = "max_position_embeddings + 2", .size = spt_size_positions};

static bool has_norm_weights(const struct spt_model_config *config) {
    return !config->plain_norms;
}

static bool has_final_norm(const struct spt_model_config *config) {
    return has_norm_weights(config) && !config->norm_after && !config->no_final_norm;
}

static bool is_projected(const struct spt_model_config *config) {
    return config->embedding_dim != config->hidden;
}

const struct spt_family spt_family_opt = {
    .model_type = "opt",
    .prefix = {"model.decoder.", "decoder.", ""},
    .embedding = {"embed_tokens.weight", {&SPT_VOCABULARY, &SPT_EMBEDDING}, NULL},
    .head = {"lm_head.weight", {&SPT_VOCABULARY, &SPT_EMBEDDING}, NULL},
    .embeddings =
        {
            [SPT_PROJECT_IN] = {"project_in.weight", {&SPT_HIDDEN, &SPT_EMBEDDING}, is_projected},
            [SPT_POSITIONS] = {"embed_positions.weight", {&POSITIONS, &SPT_HIDDEN}, NULL},
        },
    .layer =
        {
            [SPT_ATTENTION_NORM] = {"layers.*.self_attn_layer_norm.weight", {&SPT_HIDDEN}, has_norm_weights},
            [SPT_ATTENTION_NORM_BIAS] = {"layers.*.self_attn_layer_norm.bias", {&SPT_HIDDEN}, has_norm_weights},
            [SPT_QUERY] = {"layers.*.self_attn.q_proj.weight", {&SPT_HIDDEN, &SPT_HIDDEN}, NULL},
            [SPT_QUERY_BIAS] = {"layers.*.self_attn.q_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_KEY] = {"layers.*.self_attn.k_proj.weight", {&SPT_HIDDEN, &SPT_HIDDEN}, NULL},
            [SPT_KEY_BIAS] = {"layers.*.self_attn.k_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_VALUE] = {"layers.*.self_attn.v_proj.weight", {&SPT_HIDDEN, &SPT_HIDDEN}, NULL},
            [SPT_VALUE_BIAS] = {"layers.*.self_attn.v_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_OUT] = {"layers.*.self_attn.out_proj.weight", {&SPT_HIDDEN, &SPT_HIDDEN}, NULL},
            [SPT_OUT_BIAS] = {"layers.*.self_attn.out_proj.bias", {&SPT_HIDDEN}, spt_has_attention_bias},
            [SPT_MLP_NORM] = {"layers.*.final_layer_norm.weight", {&SPT_HIDDEN}, has_norm_weights},
            [SPT_MLP_NORM_BIAS] = {"layers.*.final_layer_norm.bias", {&SPT_HIDDEN}, has_norm_weights},
            [SPT_UP] = {"layers.*.fc1.weight", {&INTERMEDIATE, &SPT_HIDDEN}, NULL},
            [SPT_UP_BIAS] = {"layers.*.fc1.bias", {&INTERMEDIATE}, spt_has_mlp_bias},
            [SPT_DOWN] = {"layers.*.fc2.weight", {&SPT_HIDDEN, &INTERMEDIATE}, NULL},
            [SPT_DOWN_BIAS] = {"layers.*.fc2.bias", {&SPT_HIDDEN}, spt_has_mlp_bias},
        },
    .final =
        {
            [SPT_FINAL_NORM] = {"final_layer_norm.weight", {&SPT_HIDDEN}, has_final_norm},
            [SPT_FINAL_NORM_BIAS] = {"final_layer_norm.bias", {&SPT_HIDDEN}, has_final_norm},
            [SPT_PROJECT_OUT] = {"project_out.weight", {&SPT_EMBEDDING, &SPT_HIDDEN}, is_projected},
        },
    .norm = SPT_NORM_LAYER,
};
