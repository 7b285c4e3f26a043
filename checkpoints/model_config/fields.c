/* The members of struct spt_model_config, one row each: what tells two models apart, in a digest and in words. */
#include "checkpoints/model_config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { SIZE, REAL, BOOL, ACTIVATION, ROTARY, LAYERS };

static const struct field {
    const char *name; /* the key that HF has for it today, where it has one */
    enum kind kind;
    size_t offset;
    size_t usual; /* offset of the member that it equals in most models, and then counts as 0; NONE */
    bool quiet;   /* not described while it is 0 */
} FIELDS[] = {
#define AT(member) offsetof(struct spt_model_config, member)
#define NONE       SIZE_MAX
    {"num_hidden_layers", SIZE, AT(layers), NONE, false},
    {"hidden_size", SIZE, AT(hidden), NONE, false},
    {"num_attention_heads", SIZE, AT(heads), NONE, false},
    {"head_dim", SIZE, AT(head_dim), NONE, false},
    {"intermediate_size", SIZE, AT(intermediate), NONE, false},
    {"vocab_size", SIZE, AT(vocabulary), NONE, false},
    {"max_position_embeddings", SIZE, AT(positions), NONE, false},
    {"rotated dimensions of a head", SIZE, AT(rotary_dim), NONE, false},
    {"rope_theta", REAL, AT(rotary_base), NONE, false},
    {"layer_norm_eps", REAL, AT(norm_epsilon), NONE, false},
    {"hidden_act", ACTIVATION, AT(activation), NONE, false},
    {"use_parallel_residual", BOOL, AT(parallel_residual), NONE, false},
    {"attention_bias", BOOL, AT(attention_bias), NONE, false},
    {"tie_word_embeddings", BOOL, AT(tied_embeddings), NONE, false},
    /* Only ever add behind these: a member that is 0 leaves the digests of all models as they are. */
    {"num_key_value_heads", SIZE, AT(kv_heads), AT(heads), true},
    {"rope_type", ROTARY, AT(scaling.kind), NONE, true},
    {"original_max_position_embeddings", SIZE, AT(scaling.original_positions), NONE, true},
    {"factor", REAL, AT(scaling.factor), NONE, true},
    {"low_freq_factor", REAL, AT(scaling.low_factor), NONE, true},
    {"high_freq_factor", REAL, AT(scaling.high_factor), NONE, true},
    {"beta_fast", REAL, AT(scaling.beta_fast), NONE, true},
    {"beta_slow", REAL, AT(scaling.beta_slow), NONE, true},
    {"attention_factor", REAL, AT(scaling.attention_factor), NONE, true},
    {"untruncated ramp", BOOL, AT(scaling.untruncated), NONE, true},
    {"sliding_window", SIZE, AT(window), NONE, true},
    {"layers with a window", LAYERS, AT(windowed), NONE, true},
    {"bidirectional attention", BOOL, AT(bidirectional), NONE, true},
    {"word_embed_proj_dim", SIZE, AT(embedding_dim), AT(hidden), true},
    {"first learned position", SIZE, AT(position_offset), NONE, true},
    {"type_vocab_size", SIZE, AT(token_types), NONE, true},
    {"clip_qkv", REAL, AT(clip_qkv), NONE, true},
    {"qk_layernorm", BOOL, AT(qk_norm), NONE, true},
    {"mlp_bias", BOOL, AT(mlp_bias), NONE, true},
    {"unscaled attention", BOOL, AT(unscaled_attention), NONE, true},
    {"scale_attn_by_inverse_layer_idx", BOOL, AT(attention_by_layer), NONE, true},
    {"layer norm after the sum", BOOL, AT(norm_after), NONE, true},
    {"apply_residual_connection_post_layernorm", BOOL, AT(residual_of_norm), NONE, true},
    {"layer norms without weights", BOOL, AT(plain_norms), NONE, true},
    {"_remove_final_layer_norm", BOOL, AT(no_final_norm), NONE, true},
#undef AT
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS };

_Static_assert(sizeof(enum spt_activation) == sizeof(int) && sizeof(enum spt_rotary_kind) == sizeof(int),
               "word_of reads them as int");

static size_t size_at(const struct spt_model_config *config, size_t offset) {
    size_t size;
    memcpy(&size, (const unsigned char *)config + offset, sizeof size);
    return size;
}

/* A member as 64 bits; of a set of layers, those of its hash, or 0 for none. */
static uint64_t word_of(const struct field *field, const struct spt_model_config *config) {
    const unsigned char *at = (const unsigned char *)config + field->offset;
    uint64_t word = 0;
    bool flag;
    int value;
    switch (field->kind) {
    case SIZE:
        return size_at(config, field->offset);
    case REAL:
        memcpy(&word, at, sizeof word);
        return word;
    case BOOL:
        memcpy(&flag, at, sizeof flag);
        return flag;
    case ACTIVATION:
    case ROTARY:
        memcpy(&value, at, sizeof value);
        return (uint64_t)value;
    case LAYERS:
        break;
    }
    for (size_t i = 0; i < sizeof config->windowed; i++)
        if (at[i]) return spt_hash_of(at, sizeof config->windowed).low;
    return 0;
}

static bool is_usual(const struct field *field, const struct spt_model_config *config) {
    return field->usual != NONE && size_at(config, field->offset) == size_at(config, field->usual);
}

static bool same(const struct field *field, const struct spt_model_config *a, const struct spt_model_config *b) {
    return word_of(field, a) == word_of(field, b);
}

/* At least this many words are hashed: a longer table of small members hashes as it did. */
enum { DIGEST_WORDS = 32 };

struct spt_hash spt_model_config_digest(const struct spt_model_config *config) {
    unsigned char bytes[sizeof config->model_type + (DIGEST_WORDS + FIELD_COUNT) * sizeof(uint64_t)] = {0};
    uint64_t words[DIGEST_WORDS + FIELD_COUNT] = {0};
    size_t used = sizeof config->model_type, count = DIGEST_WORDS;
    memcpy(bytes, config->model_type, strlen(config->model_type));
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        words[i] = is_usual(&FIELDS[i], config) ? 0 : word_of(&FIELDS[i], config);
        if (words[i] && i >= count) count = i + 1;
    }
    for (size_t i = 0; i < count; i++)
        for (unsigned shift = 0; shift < 64; shift += 8) bytes[used++] = (unsigned char)(words[i] >> shift);
    return spt_hash_of(bytes, used);
}

/* With as few digits as read back to the same value. */
static void put_real(struct spt_text *text, double real) {
    char digits[32];
    for (int precision = 6; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, real);
        if (strtod(digits, NULL) == real) break;
    }
    spt_text_put(text, digits);
}

/* "0-3, 7", or "none". */
static void put_layers(struct spt_text *text, const unsigned char *set /* [SPT_MODEL_LAYERS_MAX / 8] */) {
    const char *comma = "";
    for (size_t first = 0, end; first < SPT_MODEL_LAYERS_MAX; first = end + 1) {
        for (end = first; end < SPT_MODEL_LAYERS_MAX && (set[end / 8] >> end % 8 & 1);) end++;
        if (end == first) continue;
        spt_text_format(text, "%s%zu", comma, first);
        if (end > first + 1) spt_text_format(text, "-%zu", end - 1);
        comma = ", ";
    }
    if (!*comma) spt_text_put(text, "none");
}

static void put_member(struct spt_text *text, const struct field *field, const struct spt_model_config *config) {
    static const char *const ACTIVATIONS[] = {
        [SPT_GELU_ERF] = "gelu", [SPT_GELU_TANH] = "gelu_new", [SPT_RELU] = "relu", [SPT_SILU] = "silu"};
    static const char *const KINDS[] = {[SPT_ROTARY_DEFAULT] = "default",
                                        [SPT_ROTARY_LINEAR] = "linear",
                                        [SPT_ROTARY_DYNAMIC] = "dynamic",
                                        [SPT_ROTARY_YARN] = "yarn",
                                        [SPT_ROTARY_LLAMA3] = "llama3"};
    const uint64_t word = word_of(field, config);
    double real;
    memcpy(&real, &word, sizeof real);
    switch (field->kind) {
    case REAL:
        put_real(text, real);
        break;
    case ACTIVATION:
        spt_text_put(text, ACTIVATIONS[word]);
        break;
    case ROTARY:
        spt_text_put(text, KINDS[word]);
        break;
    case LAYERS:
        put_layers(text, config->windowed);
        break;
    case SIZE:
    case BOOL:
        spt_text_format(text, "%" PRIu64, word);
        break;
    }
}

void spt_model_config_difference(const struct spt_model_config *config, const struct spt_model_config *expected,
                                 struct spt_text *text) {
    if (strcmp(config->model_type, expected->model_type) != 0) {
        spt_text_format(text, "model_type %s in place of %s", config->model_type, expected->model_type);
        return;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (same(&FIELDS[i], config, expected)) continue;
        spt_text_format(text, "%s ", FIELDS[i].name);
        put_member(text, &FIELDS[i], config);
        spt_text_put(text, " in place of ");
        put_member(text, &FIELDS[i], expected);
        return;
    }
}

void spt_model_config_describe(const struct spt_model_config *config, struct spt_text *text) {
    spt_text_format(text, "model_type: %s\n", config->model_type);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct field *field = &FIELDS[i];
        if (field->quiet && (!word_of(field, config) || is_usual(field, config))) continue;
        spt_text_format(text, "%s: ", field->name);
        put_member(text, field, config);
        spt_text_put(text, "\n");
    }
}
