/* Folders in which something stands where a file, a folder or a step should be: a run "run" unless said otherwise. */
#include "make.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shards.h"

#define WEIGHTS "model.safetensors"
#define COMMIT  "0123456789abcdef0123456789abcdef01234567"

/* A checkpoint that opens. */
static void put_checkpoint(const char *folder) {
    static const char HEADER[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";
    char name[1024];
    (void)snprintf(name, sizeof name, "%s/" WEIGHTS, folder);
    bad_put_safetensors(name, sizeof HEADER - 1, HEADER, sizeof HEADER - 1, 16);
    (void)snprintf(name, sizeof name, "%s/config.json", folder);
    bad_put_text(name, "{}");
}

/* Beside a good step: bytes is what is in place of a file, then a NUL, then where the link leads. */
static void write_link(const struct bad_input *input) {
    put_checkpoint("run/step1");
    bad_link(input->bytes, input->bytes + strlen(input->bytes) + 1);
}

static void write_fifo(const struct bad_input *input) {
    put_checkpoint("run/step1");
    bad_fifo(input->bytes);
}

static void write_folder(const struct bad_input *input) {
    put_checkpoint("run/step1");
    bad_folder(input->bytes);
}

/* bytes: the name of a file, a NUL, its text. */
static void write_file(const struct bad_input *input) {
    const size_t length = strlen(input->bytes);
    put_checkpoint("run/step1");
    bad_put(input->bytes, input->bytes + length + 1, input->size - length - 1);
}

static void write_checkpoint(const struct bad_input *input) {
    put_checkpoint("run/step1");
    put_checkpoint(input->bytes);
}

static void write_long_name(const struct bad_input *input) {
    char name[300] = "run/";
    memset(name + 4, 'n', input->data);
    put_checkpoint("run/step1");
    put_checkpoint(name);
}

static void write_closed(const struct bad_input *input) {
    put_checkpoint("run/step1");
    put_checkpoint("run/step2");
    if (chmod(input->bytes, 0)) shards_die(input->bytes);
}

static void write_only_folder(const struct bad_input *input) {
    bad_folder(input->bytes);
}

static void write_nothing(const struct bad_input *input) {
    (void)input;
}

static void write_papers(const struct bad_input *input) {
    (void)input;
    bad_folder("run/a");
    bad_put_text("run/b.pdf", "");
}

static void write_models(const struct bad_input *input) {
    (void)input;
    put_checkpoint("run/a");
    put_checkpoint("run/b");
}

/* A checkpoint of HF Trainer's; bytes: its trainer_state.json. */
static void write_trainer(const struct bad_input *input) {
    put_checkpoint("run/checkpoint-500");
    bad_put_text("run/checkpoint-500/optimizer.pt", "");
    if (input->bytes) bad_put("run/checkpoint-500/trainer_state.json", input->bytes, input->size);
}

/* bytes: a ref of a hub cache that has one good revision. */
static void write_ref(const struct bad_input *input) {
    put_checkpoint("run/snapshots/" COMMIT);
    bad_put_text("run/refs/step1", COMMIT);
    bad_put("run/refs/step2", input->bytes, input->size);
}

/* A revision that is a file where its snapshot's folder should be. */
static void write_ref_to_a_file(const struct bad_input *input) {
    (void)input;
    put_checkpoint("run/snapshots/" COMMIT);
    bad_put_text("run/refs/step1", COMMIT);
    bad_put_text("run/refs/step2", "abc");
    bad_put_text("run/snapshots/abc", "no folder");
}

/* bytes: what is in place of the ref step2, a NUL, where it leads. */
static void write_ref_link(const struct bad_input *input) {
    put_checkpoint("run/snapshots/" COMMIT);
    bad_put_text("run/refs/step1", COMMIT);
    bad_link(input->bytes, input->bytes + strlen(input->bytes) + 1);
}

static void write_ref_fifo(const struct bad_input *input) {
    put_checkpoint("run/snapshots/" COMMIT);
    bad_put_text("run/refs/step1", COMMIT);
    bad_fifo(input->bytes);
}

/* A file of steps that is no file of weights. */
static void write_step_file(const struct bad_input *input) {
    bad_put("run/epoch=0-step=500.ckpt", input->bytes, input->size);
}

#define LINK(row_name, from, to)   BAD_ROW("run/" row_name, write_link, from "\0" to)
#define FIFO(row_name, name)       BAD_ROW("run/" row_name, write_fifo, name)
#define FOLDER(row_name, name)     BAD_ROW("run/" row_name, write_folder, name)
#define TEXT(row_name, name, text) BAD_ROW("run/" row_name, write_file, name "\0" text)
#define STEP(row_name, name)       BAD_ROW("run/" row_name, write_checkpoint, name)

static const struct bad_input INPUTS[] = {
    /* no run */
    {.name = "run/absent", .write = write_nothing},
    BAD_ROW("run/empty", write_only_folder, "run"),
    {.name = "run/papers", .write = write_papers},
    {.name = "run/models-without-steps", .write = write_models},
    BAD_ROW("run/step-of-nothing", write_only_folder, "run/step1"),
    BAD_ROW("run/hub-cache-of-nothing", write_only_folder, "run/snapshots"),
    /* what is no file */
    FIFO("weights-fifo", "run/step2/" WEIGHTS),
    FIFO("config-fifo", "run/step1/tokenizer_config.json"),
    FIFO("trainer-state-fifo", "run/step1/trainer_state.json"),
    FIFO("tokenizer-fifo", "run/tokenizer.json"),
    FIFO("step-fifo", "run/step2"),
    FIFO("run-fifo", "other"),
    FOLDER("weights-folder", "run/step2/" WEIGHTS),
    LINK("weights-dev-zero", "run/step2/" WEIGHTS, "/dev/zero"),
    LINK("weights-dev-null", "run/step2/" WEIGHTS, "/dev/null"),
    LINK("weights-link-to-itself", "run/step2/" WEIGHTS, WEIGHTS),
    LINK("weights-link-to-nothing", "run/step2/" WEIGHTS, "blobs/absent"),
    LINK("weights-link-to-folder", "run/step2/" WEIGHTS, ".."),
    LINK("tokenizer-dev-zero", "run/tokenizer.json", "/dev/zero"),
    LINK("trainer-state-dev-zero", "run/step1/trainer_state.json", "/dev/zero"),
    LINK("run-link-to-itself", "other", "other"),
    LINK("run-dev-null", "other", "/dev/null"),
    /* circles */
    LINK("step-link-to-run", "run/step2", "."),
    LINK("step-link-to-parent", "run/step2", ".."),
    LINK("step-link-to-nothing", "run/step2", "nowhere"),
    LINK("step-link-to-itself", "run/step2", "step2"),
    LINK("link-to-run-in-a-step", "run/step1/step2", ".."),
    /* names */
    STEP("name-escape-codes", "run/step2\n\033[31mname"),
    STEP("name-overrides-direction", "run/step2\u202e0004\u2066"),
    STEP("name-no-utf8", "run/\377\376"),
    STEP("name-newline", "run/step2\n"),
    STEP("name-formats", "run/%s%n%s"),
    STEP("name-step-2^64", "run/step99999999999999999999"),
    STEP("name-negative-step", "run/step-5"),
    STEP("name-unfinished", "run/step2-unfinished"),
    STEP("name-tmp", "run/step2-tmp"),
    {.name = "run/name-of-255-bytes", .write = write_long_name, .data = 255},
    TEXT("step-file", "run/step2", "text"),
    /* who may not */
    BAD_ROW("run/step-closed", write_closed, "run/step2"),
    BAD_ROW("run/run-closed", write_closed, "run"),
    BAD_ROW("run/weights-closed", write_closed, "run/step2/" WEIGHTS),
    /* HF Trainer */
    {.name = "run/trainer-state-awaited", .write = write_trainer},
    BAD_ROW("run/trainer-state-empty", write_trainer, ""),
    BAD_ROW("run/trainer-state-cut", write_trainer, "{\"global_step\": 5"),
    BAD_ROW("run/trainer-state-of-another-step", write_trainer, "{\"global_step\": 7}"),
    BAD_ROW("run/trainer-state-string", write_trainer, "{\"global_step\": \"500\"}"),
    BAD_ROW("run/trainer-state-2^64", write_trainer, "{\"global_step\": 18446744073709551616}"),
    /* the hub's cache */
    BAD_ROW("run/ref-outside", write_ref, "../../../etc"),
    BAD_ROW("run/ref-absolute", write_ref, "/etc"),
    BAD_ROW("run/ref-empty", write_ref, ""),
    BAD_ROW("run/ref-escape-codes", write_ref, "\033[2J\033[31m"),
    BAD_ROW("run/ref-of-another-commit", write_ref, "fedcba9876543210fedcba9876543210fedcba98"),
    {.name = "run/ref-to-a-file", .write = write_ref_to_a_file},
    BAD_ROW("run/ref-dev-zero", write_ref_link, "run/refs/step2\0/dev/zero"),
    BAD_ROW("run/refs-circle", write_ref_link, "run/refs/circle\0."),
    BAD_ROW("run/ref-fifo", write_ref_fifo, "run/refs/step2"),
    /* files of steps */
    BAD_ROW("run/step-file-empty", write_step_file, ""),
    BAD_ROW("run/step-file-text", write_step_file, "This is not the checkpoint you are looking for.\n"),
};

const struct bad_table bad_runs = BAD_TABLE(INPUTS);
