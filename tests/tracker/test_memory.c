/* A sweep has no more resident than two layers' weights as they are stored, the activations of the probe and one Gram
 * matrix: whatever the depth and the vocabulary, with keys that heads share held once. The program itself is run, with all groups of
 * metrics; what it takes with a model of next to no weights is subtracted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model.h"
#include "scratch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAMPLES = 24, TOKENS = 20, SLACK = 6 << 20 /* of one thread's products, and of malloc */ };

static const char *spectail;

/* --- models --- */

/* A LLaMA with grouped queries whose head is its embedding. */
static struct model_made make(const char *folder, size_t hidden, size_t intermediate, size_t layers, size_t vocabulary,
                              const char *dtype) {
    FILE *file = fopen("shape.json", "w");
    assert_non_null(file);
    fprintf(file,
            "{\"model_type\": \"llama\", \"hidden_act\": \"silu\", \"hidden_size\": %zu, \"intermediate_size\": %zu,"
            " \"num_hidden_layers\": %zu, \"num_attention_heads\": 12, \"num_key_value_heads\": 4,"
            " \"max_position_embeddings\": 128, \"rms_norm_eps\": 1e-05, \"rope_theta\": 10000.0,"
            " \"tie_word_embeddings\": true, \"vocab_size\": %zu, \"torch_dtype\": \"%s\"}\n",
            hidden, intermediate, layers, vocabulary, dtype);
    assert_int_equal(fclose(file), 0);
    return model_make("shape.json", folder, 1e9, 0);
}

static void put_ids(void) {
    FILE *file = fopen("ids.json", "w");
    assert_non_null(file);
    for (size_t i = 0; i < SAMPLES * TOKENS; i++)
        fprintf(file, "%s%zu", i == 0 ? "[[" : i % TOKENS ? ", " : "],\n[", (i * i * 7 + i * 3 + 5) % 256);
    fprintf(file, "]]\n");
    assert_int_equal(fclose(file), 0);
}

/* --- what is resident --- */

/* Bytes, at most, of a sweep of the model. */
static int64_t peak_of(const char *model) {
    struct rusage usage;
    int status;
    const pid_t pid = fork();
    if (pid == 0) {
        const int said = open("said", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (said < 0 || dup2(said, 1) < 0 || dup2(said, 2) < 0) _exit(127);
        execl(spectail, spectail, "sweep", model, "--db", "memory.db", "--ids", "ids.json", "--threads", "1",
              "--bootstrap", "10", "--null-draws", "2", (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    if (status != 0) {
        FILE *said = fopen("said", "r");
        char line[512];
        while (said && fgets(line, sizeof line, said)) print_error("%s", line);
        fail_msg("%s: status %d", model, status);
    }
    assert_int_equal(unlink("memory.db"), 0);
    return (int64_t)usage.ru_maxrss * 1024;
}

/* What activations take (analysis/forward/forward.h): the residual stream; of the layer, the input and the queries,
 * keys and values; of the MLP, its input, and the gate and what it multiplies. */
static int64_t activations_of(const struct spt_model_config *c) {
    const size_t tokens = SAMPLES * TOKENS, keys = c->kv_heads * c->head_dim;
    const size_t floats = tokens * c->hidden + tokens * (c->hidden + c->heads * c->head_dim + 2 * keys) +
                          tokens * (c->hidden + 2 * c->intermediate);
    return (int64_t)(floats * sizeof(float));
}

/* The Gram matrix of the residual stream whose eigenvalues are computed, and the room beside it (analysis/spectra). */
static int64_t spectrum_of(const struct spt_model_config *c) {
    const size_t tokens = SAMPLES * TOKENS, order = tokens < c->hidden ? tokens : c->hidden;
    return (int64_t)(order * order * sizeof(double)) * 9 / 8;
}

static int64_t program; /* what a model of next to no weights takes */

static int enter(void **state) {
    (void)state;
    scratch_enter();
    put_ids();
    make("nothing", 48, 64, 2, 256, "bfloat16");
    program = peak_of("nothing");
    return 0;
}

static int leave(void **state) {
    (void)state;
    scratch_leave();
    return 0;
}

/* A float32 copy of a layer would be five times the slack, one of its largest matrix half as much again. */
static void assert_two_layers_at_most(const char *dtype, size_t layers, size_t vocabulary) {
    const struct model_made made = make("model", 768, 3072, layers, vocabulary, dtype);
    const int64_t peak = peak_of("model"), most = program + 2 * (int64_t)made.layer_bytes +
                                                  activations_of(&made.config) + spectrum_of(&made.config);
    print_message("%s, %zu layers, %zu tokens: %" PRId64 " MiB of weights, %" PRId64 " a layer: %" PRId64
                  " MiB resident, of %" PRId64 "\n",
                  dtype, layers, vocabulary, (int64_t)made.bytes >> 20, (int64_t)made.layer_bytes >> 20, peak >> 20,
                  most >> 20);
    if (peak > most + SLACK) fail_msg("%" PRId64 " bytes resident, expected at most %" PRId64, peak, most + SLACK);
    scratch_remove("model");
}

static void layers_of_bf16_are_held_as_they_are_stored_however_many(void **state) {
    (void)state;
    assert_two_layers_at_most("bfloat16", 2, 256);
    assert_two_layers_at_most("bfloat16", 8, 256);
}

static void layers_of_f16_are_held_as_they_are_stored(void **state) {
    (void)state;
    assert_two_layers_at_most("float16", 3, 256);
}

static void an_embedding_that_is_the_head_too_is_never_held(void **state) {
    (void)state;
    assert_two_layers_at_most("bfloat16", 2, 131072);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_of_bf16_are_held_as_they_are_stored_however_many),
        cmocka_unit_test(layers_of_f16_are_held_as_they_are_stored),
        cmocka_unit_test(an_embedding_that_is_the_head_too_is_never_held),
    };
    if (argc != 2) return 2;
    spectail = argv[1];
    return cmocka_run_group_tests(tests, enter, leave);
}
