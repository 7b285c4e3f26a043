#include "neox.h"

static void add_layer(struct shards *model, const struct neox_shape *shape, size_t layer, double spread) {
    const size_t d = shape->hidden, wide = shape->intermediate;
    const struct {
        const char *name;
        size_t rows, columns;
        double centre;
    } LAYER[] = {
        {"attention.dense.bias", d, 0, 0},
        {"attention.dense.weight", d, d, 0},
        {"attention.query_key_value.bias", 3 * d, 0, 0},
        {"attention.query_key_value.weight", 3 * d, d, 0},
        {"input_layernorm.bias", d, 0, 0},
        {"input_layernorm.weight", d, 0, 1},
        {"mlp.dense_4h_to_h.bias", d, 0, 0},
        {"mlp.dense_4h_to_h.weight", d, wide, 0},
        {"mlp.dense_h_to_4h.bias", wide, 0, 0},
        {"mlp.dense_h_to_4h.weight", wide, d, 0},
        {"post_attention_layernorm.bias", d, 0, 0},
        {"post_attention_layernorm.weight", d, 0, 1},
    };
    for (size_t i = 0; i < sizeof(LAYER) / sizeof(LAYER[0]); i++) {
        char name[96];
        snprintf(name, sizeof(name), "gpt_neox.layers.%zu.%s", layer, LAYER[i].name);
        shards_add(model, name, LAYER[i].rows, LAYER[i].columns, (struct shards_law){LAYER[i].centre, spread});
    }
}

void neox_init(struct shards *model, const struct neox_shape *shape, double file_bytes, size_t block, double spread,
               uint64_t seed) {
    const struct shards_law weights = {0, spread}, ones = {1, spread};
    shards_init(model, SHARDS_F16, block, seed);
    shards_add(model, "gpt_neox.embed_in.weight", shape->vocabulary, shape->hidden, weights);
    for (size_t l = 0; l < shape->layers; l++) add_layer(model, shape, l, spread);
    shards_add(model, "gpt_neox.final_layer_norm.bias", shape->hidden, 0, weights);
    shards_add(model, "gpt_neox.final_layer_norm.weight", shape->hidden, 0, ones);
    shards_add(model, "embed_out.weight", shape->vocabulary, shape->hidden, weights);
    shards_cut(model, file_bytes);
}

void neox_put_config(const struct neox_shape *shape, FILE *file) {
    fprintf(file,
            "{\n  \"architectures\": [\"GPTNeoXForCausalLM\"],\n  \"hidden_act\": \"gelu\",\n  \"hidden_size\": %zu,\n"
            "  \"intermediate_size\": %zu,\n  \"layer_norm_eps\": 1e-05,\n  \"max_position_embeddings\": 2048,\n"
            "  \"model_type\": \"gpt_neox\",\n  \"num_attention_heads\": %zu,\n  \"num_hidden_layers\": %zu,\n"
            "  \"rotary_emb_base\": 10000,\n  \"rotary_pct\": 0.25,\n  \"tie_word_embeddings\": false,\n"
            "  \"torch_dtype\": \"float16\",\n  \"use_parallel_residual\": true,\n  \"vocab_size\": %zu\n}\n",
            shape->hidden, shape->intermediate, shape->heads, shape->layers, shape->vocabulary);
}
