#include "checkpoints/model_config/neox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"
#include "checkpoints/base/yaml.h"
#include "checkpoints/model_config/keys.h"

enum { FILES_MAX = 64, SHOWN_MAX = 96 };

/* What stands at a key. */
enum kind {
    INTEGER,
    NUMBER,
    BOOL,
    WORD,
    LIST,
};

/* What becomes of it. */
enum use {
    COPY,   /* the same under HF's key */
    INVERT, /* a bool of the opposite sense */
    NAME,   /* a word of another vocabulary (ACTIVATIONS) */
    ONLY,   /* there is no key for it: only the one value that HF's GPT-NeoX has is read */
    OTHER,  /* read by a function of its own below */
};

/* Names and defaults: gpt-neox, megatron/neox_arguments/neox_args.py, and deprecated_args where they had another name. */
static const struct row {
    const char *key;
    enum kind kind;
    enum use use;
    const char *hf; /* COPY, INVERT, NAME: HF's key; ONLY: the one or two values that are read, "": none */
    const char
        *fallback;    /* what GPT-NeoX takes for a key that is not there; NULL: it must be there, or counts as null */
    double low, high; /* of numbers */
} ROWS[] = {
#define SIZE(key, most)                                                                                                \
    { key, INTEGER, COPY, key, NULL, 1, (double)(most) }
#define ONE_OF(key, values, is)                                                                                        \
    { key, WORD, ONLY, values, is, 0, 0 }
#define FLAG(key, value)                                                                                               \
    { key, BOOL, ONLY, value, value, 0, 0 }
#define COUNT_OF_1(key)                                                                                                \
    { key, INTEGER, ONLY, "1", "1", 0, 1e9 }
    {"num_layers", INTEGER, COPY, "num_hidden_layers", NULL, 1, (double)SPT_MODEL_LAYERS_MAX},
    SIZE("hidden_size", SPT_MODEL_WIDTH_MAX),
    SIZE("num_attention_heads", SPT_MODEL_HEADS_MAX),
    SIZE("max_position_embeddings", SPT_MODEL_POSITIONS_MAX),
    {"rotary_pct", NUMBER, COPY, "rotary_pct", "1.0", 0, 1},
    {"rotary_emb_base", NUMBER, COPY, "rotary_emb_base", "10000", 1, 1e15},
    {"layernorm_epsilon", NUMBER, COPY, "layer_norm_eps", "1.0e-5", 1e-30, 1},
    {"gpt_j_residual", BOOL, COPY, "use_parallel_residual", "false", 0, 0},
    {"no_weight_tying", BOOL, INVERT, "tie_word_embeddings", "false", 0, 0},
    {"use_bias_in_attn_linear", BOOL, COPY, "attention_bias", "true", 0, 0},
    {"activation", WORD, NAME, "hidden_act", "gelu", 0, 0},

    /* HF's intermediate_size, of the three of them. */
    {"intermediate_size", INTEGER, OTHER, NULL, NULL, 1, (double)SPT_MODEL_WIDTH_MAX},
    {"expansion_factor", NUMBER, OTHER, NULL, "4", 1e-6, (double)SPT_MODEL_WIDTH_MAX},
    {"mlp_multiple_of", INTEGER, OTHER, NULL, "1", 1, (double)SPT_MODEL_WIDTH_MAX},

    /* Those that must be as many as another, where they are given. */
    {"num_kv_heads", INTEGER, OTHER, NULL, NULL, 1, (double)SPT_MODEL_HEADS_MAX},
    {"num_unique_layers", INTEGER, OTHER, NULL, NULL, 1, (double)SPT_MODEL_LAYERS_MAX},
    {"attention_config", LIST, OTHER, NULL, NULL, 0, 0},

    ONE_OF("model_arch", "gpt2", "gpt2"),
    ONE_OF("pos_emb", "rotary", "learned"),
    ONE_OF("norm", "layernorm te_layernorm", "layernorm"),
    ONE_OF("mlp_type", "regular", "regular"),
    FLAG("geglu", "false"),
    FLAG("gpt_j_tied", "false"),
    FLAG("use_bias_in_norms", "true"),
    FLAG("use_bias_in_mlp", "true"),
    FLAG("use_qk_layernorm", "false"),
    FLAG("use_mup", "false"),
    FLAG("apply_residual_connection_post_layernorm", "false"),
    COUNT_OF_1("model_parallel_size"),
    COUNT_OF_1("moe_num_experts"),
    {"sliding_window_width", INTEGER, ONLY, "", NULL, 0, 1e15},

    /* make_vocab_size_divisible_by is not among them: the embedding's rows are there to be counted. Nor is
     * bias_gelu_fusion, whose kernel approximates GELU by tanh: the conversion writes "gelu" all the same, and so do
     * the public models that were trained with it. */
    {"tokenizer_type", WORD, OTHER, NULL, "GPT2BPETokenizer", 0, 0},
    {"vocab_file", WORD, OTHER, NULL, NULL, 0, 0},
};
enum { ROW_COUNT = sizeof ROWS / sizeof *ROWS };

/* GPT-NeoX's activations that HF transformers has for it too. */
static const struct {
    const char *neox, *hf;
} ACTIVATIONS[] = {{"gelu", "gelu"}, {"relu", "relu"}, {"silu", "silu"}, {"swish", "silu"}};

/* What PyYAML takes for a bool. */
static const struct {
    const char *text;
    bool value;
} BOOLS[] = {
    {"true", true},   {"True", true},   {"TRUE", true},   {"yes", true},  {"Yes", true},  {"YES", true},
    {"on", true},     {"On", true},     {"ON", true},     {"no", false},  {"No", false},  {"NO", false},
    {"false", false}, {"False", false}, {"FALSE", false}, {"off", false}, {"Off", false}, {"OFF", false},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A key's value, and where it stands. */
struct said {
    const struct spt_yaml *node; /* NULL: not given, or nothing */
    const char *path;
};

struct reading {
    const char *path; /* of the whole config, for messages */
    struct said said[ROW_COUNT];
    struct spt_error *error;
    enum spt_status status; /* of the first failure; what is called after it does nothing */
};

static size_t row_of(const char *key) {
    size_t row = 0;
    while (row < ROW_COUNT && strcmp(ROWS[row].key, key) != 0) row++;
    return row;
}

/* key as it stands in a file, against a row's: hyphens are underscores. */
static bool is_key(const char *text, const char *key) {
    for (; *text && (*text == '-' ? '_' : *text) == *key; text++, key++) continue;
    return !*text && !*key;
}

static const char *text_of(const struct said *said, const struct row *row) {
    const char *text = spt_yaml_text(said->node);
    return said->node ? (text ? text : "") : row->fallback;
}

/* "line 3, column 5: hidden_size is "x", expected ..." */
static void fail_at(struct reading *reading, size_t row, enum spt_status status, const char *expected) {
    const struct said *said = &reading->said[row];
    if (reading->status) return;
    const char *text = spt_yaml_text(said->node);
    char shown[SHOWN_MAX];
    if (!said->node)
        reading->status = spt_fail(reading->error, status, reading->path, "%s is %s%s, expected %s", ROWS[row].key,
                                   ROWS[row].fallback ? "not there, which means " : "missing",
                                   ROWS[row].fallback ? ROWS[row].fallback : "", expected);
    else
        reading->status = spt_fail(
            reading->error, status, said->path, "line %zu, column %zu: %s is %s, expected %s",
            spt_yaml_line(said->node), spt_yaml_column(said->node), ROWS[row].key,
            text ? (spt_text_printable(shown, sizeof shown, text), shown) : spt_yaml_kind_name(said->node), expected);
}

/* --- values --- */

static bool parse_number(const char *text, double *value) {
    const char *digits = text + strspn(text, "+-");
    if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return false; /* octal to PyYAML */
    if (!strpbrk(text, "0123456789") || strpbrk(text, "xXnNpP")) return false;  /* no hexadecimals, no nan, no inf */
    char *end;
    *value = spt_text_real(text, &end);
    return end != text && !*end && isfinite(*value);
}

static double number_of(struct reading *reading, size_t row, double fallback) {
    const struct row *r = &ROWS[row];
    const struct said *said = &reading->said[row];
    const char *text = text_of(said, r);
    double value;
    if (reading->status || (!text && r->use != COPY)) return fallback;
    const bool read = text && !spt_yaml_is_quoted(said->node) && parse_number(text, &value) &&
                      (r->kind != INTEGER || value == floor(value)) && value >= r->low && value <= r->high;
    if (read) return value;
    char expected[SHOWN_MAX];
    (void)snprintf(expected, sizeof expected, "%s from %.10g to %.10g", r->kind == INTEGER ? "an integer" : "a number",
                   r->low, r->high);
    fail_at(reading, row, SPT_INVALID, expected);
    return fallback;
}

static bool bool_of(struct reading *reading, size_t row) {
    const char *text = text_of(&reading->said[row], &ROWS[row]);
    for (size_t i = 0; i < COUNT(BOOLS); i++)
        if (!spt_yaml_is_quoted(reading->said[row].node) && strcmp(text, BOOLS[i].text) == 0) return BOOLS[i].value;
    fail_at(reading, row, SPT_INVALID, "true or false");
    return false;
}

static const char *word_of(struct reading *reading, size_t row) {
    const struct said *said = &reading->said[row];
    if (said->node && !spt_yaml_text(said->node)) fail_at(reading, row, SPT_INVALID, "a word");
    return text_of(said, &ROWS[row]);
}

/* --- rows --- */

static void put_name(struct reading *reading, size_t row, struct spt_text *json) {
    const char *word = word_of(reading, row);
    for (size_t i = 0; i < COUNT(ACTIVATIONS) && !reading->status; i++) {
        if (strcmp(ACTIVATIONS[i].neox, word) != 0) continue;
        spt_text_format(json, "\"%s\": \"%s\", ", ROWS[row].hf, ACTIVATIONS[i].hf);
        return;
    }
    fail_at(reading, row, SPT_UNSUPPORTED, "gelu, relu, silu or swish: HF's GPT-NeoX has no gated or other ones");
}

static bool is_one_of(const char *words, const char *word) {
    const size_t length = strcspn(words, " ");
    if (length && strlen(word) == length && memcmp(words, word, length) == 0) return true;
    return words[length] && is_one_of(words + length + 1, word);
}

/* One of the values that may be, in the row's own spelling. */
static void check_only(struct reading *reading, size_t row) {
    const struct row *r = &ROWS[row];
    char value[SHOWN_MAX];
    if (!reading->said[row].node && !r->fallback) return;
    if (r->kind == BOOL)
        (void)snprintf(value, sizeof value, "%s", bool_of(reading, row) ? "true" : "false");
    else if (r->kind == INTEGER)
        (void)snprintf(value, sizeof value, "%.0f", number_of(reading, row, 0));
    else
        (void)snprintf(value, sizeof value, "%.80s", word_of(reading, row));
    if (reading->status || is_one_of(r->hf, value)) return;
    char expected[SHOWN_MAX];
    const char *values = *r->hf ? r->hf : "none";
    const size_t first = strcspn(values, " ");
    (void)snprintf(expected, sizeof expected, "%.*s%s%s: nothing else is read", (int)first, values,
                   values[first] ? " or" : "", values + first);
    fail_at(reading, row, SPT_UNSUPPORTED, expected);
}

static void put_row(struct reading *reading, size_t row, struct spt_text *json) {
    const struct row *r = &ROWS[row];
    if (reading->status) return;
    if (r->use == ONLY) check_only(reading, row);
    if (r->use == NAME) put_name(reading, row, json);
    if (r->use != COPY && r->use != INVERT) return;
    spt_text_format(json, "\"%s\": ", r->hf);
    if (r->kind == BOOL)
        spt_text_put(json, bool_of(reading, row) != (r->use == INVERT) ? "true" : "false");
    else
        spt_text_put_real(json, number_of(reading, row, r->low), 17);
    spt_text_put(json, ", ");
}

/* megatron/model/transformer.py, ParallelMLP: as it says, else so many times the hidden size, rounded up. */
static void put_intermediate(struct reading *reading, struct spt_text *json) {
    const double hidden = number_of(reading, row_of("hidden_size"), 1);
    const double factor = number_of(reading, row_of("expansion_factor"), 4);
    const double multiple = number_of(reading, row_of("mlp_multiple_of"), 1);
    const double size = number_of(reading, row_of("intermediate_size"), floor(factor * hidden));
    spt_text_format(json, "\"intermediate_size\": %.0f, ", ceil(size / multiple) * multiple);
}

static void check_equal(struct reading *reading, const char *key, const char *other) {
    const double expected = number_of(reading, row_of(other), 0);
    if (number_of(reading, row_of(key), expected) == expected) return;
    char text[SHOWN_MAX];
    (void)snprintf(text, sizeof text, "%.0f as %s: nothing else is read", expected, other);
    fail_at(reading, row_of(key), SPT_UNSUPPORTED, text);
}

/* Every word in [[["global"], 12]], and in what GPT-NeoX makes of it, is the name of a kind of attention, but for "all". flash is
 * global attention, computed in another order. */
static bool is_global(const struct spt_yaml *node) {
    static const char *const NAMES[] = {"global", "flash", "all"};
    const char *text = spt_yaml_text(node);
    double repeats;
    if (!text) {
        bool global = true;
        for (const struct spt_yaml *item = spt_yaml_first(node); item && global; item = spt_yaml_next(item))
            global = is_global(item);
        return global && spt_yaml_kind(node) == SPT_YAML_LIST;
    }
    for (size_t i = 0; i < COUNT(NAMES); i++)
        if (strcmp(text, NAMES[i]) == 0) return true;
    return !spt_yaml_is_quoted(node) && parse_number(text, &repeats);
}

static void check_attention(struct reading *reading) {
    const size_t row = row_of("attention_config");
    const struct spt_yaml *node = reading->said[row].node;
    if (node && !reading->status && !is_global(node))
        fail_at(reading, row, SPT_UNSUPPORTED, "global attention in every layer, as in [[[\"global\"], 12]]");
}

static void put_config(struct reading *reading, size_t vocabulary, struct spt_text *json) {
    spt_text_format(json, "{\"model_type\": \"gpt_neox\", \"vocab_size\": %zu, ", vocabulary);
    for (size_t row = 0; row < ROW_COUNT; row++) put_row(reading, row, json);
    put_intermediate(reading, json);
    check_equal(reading, "num_kv_heads", "num_attention_heads");
    check_equal(reading, "num_unique_layers", "num_layers");
    check_attention(reading);
    spt_text_put(json, "\"rope_scaling\": null}");
    if (json->failed && !reading->status) reading->status = spt_fail_memory(reading->error, json->length, "a config");
}

/* --- files --- */

/* Documents are at most 16 deep. */
static bool is_same(const struct spt_yaml *a, const struct spt_yaml *b) {
    if (spt_yaml_kind(a) != spt_yaml_kind(b) || spt_yaml_count(a) != spt_yaml_count(b)) return false;
    if (spt_yaml_text(a)) return strcmp(spt_yaml_text(a), spt_yaml_text(b)) == 0;
    const struct spt_yaml *x = spt_yaml_first(a), *y = spt_yaml_first(b);
    bool same = true;
    for (; x && same; x = spt_yaml_next(x), y = spt_yaml_next(y))
        same = is_same(x, y) && (spt_yaml_kind(a) == SPT_YAML_LIST || is_same(spt_yaml_value(x), spt_yaml_value(y)));
    return same;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void note(struct reading *reading, size_t row, const char *path, const struct spt_yaml *value) {
    struct said *said = &reading->said[row];
    if (said->node && !is_same(said->node, value)) {
        reading->status = spt_fail(
            reading->error, SPT_INVALID, path,
            "line %zu, column %zu: %s is another than in %s, line %zu; expected one config (--model-config names the "
            "file that counts)",
            spt_yaml_line(value), spt_yaml_column(value), ROWS[row].key, last_part(said->path),
            spt_yaml_line(said->node));
        return;
    }
    if (!said->node) *said = (struct said){.node = value, .path = path};
}

/* What the table knows of a file. A file that is no mapping is none of GPT-NeoX's. */
static void note_file(struct reading *reading, const char *path, const struct spt_yaml *root) {
    if (spt_yaml_kind(root) != SPT_YAML_KEYS) return;
    for (const struct spt_yaml *key = spt_yaml_first(root); key && !reading->status; key = spt_yaml_next(key)) {
        const char *text = spt_yaml_text(key);
        const struct spt_yaml *value = spt_yaml_value(key);
        if (!text || spt_yaml_kind(value) == SPT_YAML_NOTHING) continue; /* null is what is not given */
        for (size_t row = 0; row < ROW_COUNT; row++)
            if (is_key(text, ROWS[row].key)) {
                note(reading, row, path, value);
                break;
            }
    }
}

struct documents {
    struct spt_yaml_document *items[FILES_MAX];
    size_t count;
};

static void free_documents(struct documents *documents) {
    for (size_t i = 0; i < documents->count; i++) spt_yaml_free(documents->items[i]);
}

/* Nodes stay in documents, paths are the files'. */
static void note_files(struct reading *reading, const struct spt_neox_file *files, size_t count,
                       struct documents *documents) {
    for (size_t i = 0; i < count && !reading->status; i++) {
        struct spt_yaml_document *document = NULL;
        reading->status = spt_yaml_parse(files[i].bytes, files[i].size, files[i].path, &document, reading->error);
        if (reading->status) return;
        documents->items[documents->count++] = document;
        note_file(reading, files[i].path, spt_yaml_root(document));
    }
}

enum spt_status spt_neox_config_parse(const struct spt_neox_file *files, size_t count, const char *path,
                                      size_t vocabulary, struct spt_model_config *config, struct spt_error *error) {
    struct reading reading = {.path = path, .error = error};
    struct documents documents = {.count = 0};
    struct spt_text json = {0};
    if (count > FILES_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, path, "%zu files of a config, at most %d are read", count, FILES_MAX);
    note_files(&reading, files, count, &documents);
    put_config(&reading, vocabulary, &json);
    if (!reading.status) reading.status = spt_model_config_parse(json.data, json.length, path, config, error);
    spt_text_release(&json);
    free_documents(&documents);
    return reading.status;
}

/* --- on disk --- */

static bool is_file_name(const char *path) {
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".yml") == 0;
}

bool spt_neox_config_is(struct spt_tree *tree, const char *path) {
    return is_file_name(path) || (strcmp(last_part(path), "config.json") != 0 && spt_tree_is_folder(tree, path));
}

/* The files of a config. */
struct files {
    struct spt_neox_file items[FILES_MAX];
    char *paths[FILES_MAX];
    char *bytes[FILES_MAX];
    size_t count;
};

static void release_files(struct files *files) {
    for (size_t i = 0; i < files->count; i++) {
        free(files->paths[i]);
        free(files->bytes[i]);
    }
    *files = (struct files){.count = 0};
}

static enum spt_status add_path(struct files *files, const char *folder, const char *name, struct spt_error *error) {
    if (files->count == FILES_MAX)
        return spt_fail(error, SPT_UNSUPPORTED, folder, "more than %d files *.yml in a config's folder", FILES_MAX);
    char *path = name ? spt_file_join(folder, name) : spt_strdup(folder);
    if (!path) return spt_fail_memory(error, strlen(folder), "a path");
    files->paths[files->count] = path;
    files->bytes[files->count++] = NULL;
    return SPT_OK;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum spt_status list_files(struct spt_tree *tree, const char *folder, struct files *files,
                                  struct spt_error *error) {
    struct spt_tree_folder listed;
    struct spt_tree_entry entry;
    enum spt_status status = spt_tree_list(tree, folder, &listed, error);
    if (status) return status;
    while (!status && (status = spt_tree_next(&listed, &entry, error)) == SPT_OK)
        if (entry.name[0] != '.' && is_file_name(entry.name)) status = add_path(files, folder, entry.name, error);
    spt_tree_unlist(&listed);
    if (status != SPT_END) return status;
    if (files->count) qsort(files->paths, files->count, sizeof *files->paths, by_text);
    return SPT_OK;
}

static enum spt_status read_files(struct spt_tree *tree, const char *path, struct files *files,
                                  struct spt_error *error) {
    enum spt_status status =
        is_file_name(path) ? add_path(files, path, NULL, error) : list_files(tree, path, files, error);
    if (!status && !files->count)
        status = spt_fail(error, SPT_RETRY, path, "no config of GPT-NeoX: no *.yml in this folder");
    for (size_t i = 0; i < files->count && !status; i++) {
        struct spt_neox_file *file = &files->items[i];
        status = spt_tree_read_all(tree, files->paths[i], SPT_YAML_SIZE_MAX, &files->bytes[i], &file->size, error);
        file->path = files->paths[i];
        file->bytes = files->bytes[i];
        if (!status && !file->size) status = spt_fail(error, SPT_RETRY, files->paths[i], "is empty");
    }
    return status;
}

bool spt_neox_config_in(struct spt_tree *tree, const char *folder) {
    struct files files = {.count = 0};
    const bool found = list_files(tree, folder, &files, NULL) != SPT_IO && files.count > 0;
    release_files(&files);
    return found;
}

enum spt_status spt_neox_config_read(struct spt_tree *tree, const char *path, size_t vocabulary,
                                     struct spt_model_config *config, struct spt_error *error) {
    struct files files = {.count = 0};
    enum spt_status status = read_files(tree, path, &files, error);
    if (!status) status = spt_neox_config_parse(files.items, files.count, path, vocabulary, config, error);
    release_files(&files);
    return status;
}

enum spt_status spt_neox_config_hash(struct spt_tree *tree, const char *path, struct spt_hash *hash,
                                     struct spt_error *error) {
    struct files files = {.count = 0};
    struct spt_hash_stream *stream = spt_hash_new();
    enum spt_status status =
        stream ? read_files(tree, path, &files, error) : spt_fail_memory(error, 0, "the hash of a config");
    for (size_t i = 0; i < files.count && !status; i++) {
        spt_hash_add_u64(stream, files.items[i].size);
        spt_hash_add(stream, files.items[i].bytes, files.items[i].size);
    }
    if (!status) *hash = spt_hash_value(stream);
    spt_hash_free(stream);
    release_files(&files);
    return status;
}

enum spt_status spt_neox_config_tokenizer(struct spt_tree *tree, const char *path, char **name,
                                          struct spt_error *error) {
    struct reading reading = {.path = path, .error = error};
    struct documents documents = {.count = 0};
    struct files files = {.count = 0};
    reading.status = read_files(tree, path, &files, error);
    if (!reading.status) note_files(&reading, files.items, files.count, &documents);
    const char *type = reading.status ? "" : word_of(&reading, row_of("tokenizer_type"));
    const char *file = reading.status ? NULL : word_of(&reading, row_of("vocab_file"));
    if (!reading.status && (strcmp(type, "HFTokenizer") != 0 || !file || !*last_part(file))) reading.status = SPT_END;
    if (!reading.status && !(*name = spt_strdup(last_part(file))))
        reading.status = spt_fail_memory(error, strlen(file), "a name");
    free_documents(&documents);
    release_files(&files);
    return reading.status;
}
