/* Runs as step directories and HF Trainer leave them, and single checkpoints. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "checkpoints/base/text.h"
#include "fixture.h"

/* step0, 1, 2, 4 ... 512, 1000, 2000 ... 143000: Biderman et al. 2023, section 2.1 */
static size_t pythia_steps(int64_t steps[200]) {
    size_t count = 0;
    steps[count++] = 0;
    for (int64_t s = 1; s <= 512; s *= 2) steps[count++] = s;
    for (int64_t s = 1000; s <= 143000; s += 1000) steps[count++] = s;
    return count;
}

static void the_154_steps_of_pythia_come_in_their_order(void **state) {
    struct fixture *f = *state;
    int64_t steps[200];
    const size_t count = pythia_steps(steps);
    assert_int_equal(count, 154);
    for (size_t i = 0; i < count; i++) {
        char folder[64];
        const size_t shuffled = i * 89 % count; /* 89 and 154 have no common factor: every one once, in no order */
        (void)snprintf(folder, sizeof folder, "pythia-70m/step%lld", (long long)steps[shuffled]);
        put_checkpoint(f, folder);
    }
    put_file(f, "pythia-70m/tokenizer.json", "{}");
    struct spt_run *run = open_run(f, "pythia-70m", NULL);
    assert_string_equal(run->name, "pythia-70m");
    assert_string_equal(run->layout, "step directories");
    assert_int_equal(run->count, 154);
    for (size_t i = 0; i < count; i++) {
        const struct spt_checkpoint_ref *ref = &run->refs[i];
        assert_true(ref->step == steps[i]);
        assert_string_equal(ref->label, ref->uri);
        assert_string_equal(ref->branch, "");
        assert_int_equal(ref->tokens, SPT_NO_TOKENS);
        assert_ends_with(ref->config, "/config.json");
        assert_memory_equal(ref->config, ref->path, strlen(ref->path));
        assert_ends_with(ref->tokenizer, "/pythia-70m/tokenizer.json");
        assert_null(ref->trainer_state);
    }
    assert_int_equal(f->logged, 0);
    spt_run_close(run);
}

static void the_bundled_run_is_listed(void **state) {
    (void)state;
    struct spt_run *run = NULL;
    assert_int_equal(spt_run_open(SPT_TEST_DATA "/demo-run/", NULL, &run, NULL), SPT_OK);
    assert_labels(run, "step0 step1 step2 step4 step8 step16 step32 step64 step128 step256 step512 step1000 step2000 "
                       "step3000 step4000 step6000 step8000");
    assert_string_equal(run->name, "demo-run");
    assert_true(run->root[0] == '/' && run->root[strlen(run->root) - 1] != '/');
    assert_ends_with(run->refs[0].tokenizer, "/demo-run/tokenizer.json");
    spt_run_close(run);
}

/* Written as transformers.TrainerState.save_to_json writes it: keys sorted, NaN allowed. */
static const char TRAINER_STATE[] =
    "{\n  \"best_metric\": null,\n  \"best_model_checkpoint\": null,\n  \"epoch\": 0.5,\n  \"eval_steps\": 500,\n"
    "  \"global_step\": %d,\n  \"is_hyper_param_search\": false,\n  \"is_local_process_zero\": true,\n"
    "  \"log_history\": [\n    {\"epoch\": 0.1, \"grad_norm\": NaN, \"learning_rate\": 5e-05, \"loss\": NaN, \"step\": "
    "100},\n"
    "    {\"epoch\": 0.2, \"loss\": Infinity, \"step\": 200}\n  ],\n  \"max_steps\": 1000\n}\n";

static void put_trainer_state(struct fixture *f, const char *path, int step) {
    char text[1024];
    (void)snprintf(text, sizeof text, TRAINER_STATE, step);
    put_file(f, path, text);
}

static void hf_trainer_s_output_is_listed(void **state) {
    struct fixture *f = *state;
    static const int STEPS[] = {1000, 500, 1500};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "output/checkpoint-%d", STEPS[i]);
        put_checkpoint(f, path);
        (void)snprintf(path, sizeof path, "output/checkpoint-%d/trainer_state.json", STEPS[i]);
        put_trainer_state(f, path, STEPS[i]);
        (void)snprintf(path, sizeof path, "output/checkpoint-%d/optimizer.pt", STEPS[i]);
        put_file(f, path, "optimizer");
        /* DeepSpeed's own state: not a checkpoint of its own */
        (void)snprintf(path, sizeof path, "output/checkpoint-%d/global_step%d/mp_rank_00_model_states.pt", STEPS[i],
                       STEPS[i]);
        put_file(f, path, "deepspeed");
    }
    put_file(f, "output/runs/events.out.tfevents", "");
    struct spt_run *run = open_run(f, "output", NULL);
    assert_string_equal(run->layout, "HF Trainer");
    assert_labels(run, "checkpoint-500 checkpoint-1000 checkpoint-1500");
    assert_true(run->refs[1].step == 1000);
    assert_ends_with(run->refs[1].trainer_state, "/checkpoint-1000/trainer_state.json");
    spt_run_close(run);
}

static void global_step_beats_the_name(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/checkpoint-2");
    put_trainer_state(f, "run/checkpoint-2/trainer_state.json", 900);
    put_checkpoint(f, "run/checkpoint-300");
    put_trainer_state(f, "run/checkpoint-300/trainer_state.json", 300);
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "checkpoint-300 checkpoint-2");
    assert_true(run->refs[1].step == 900);
    assert_says(f->log, "global_step is 900 although the name says 2");
    spt_run_close(run);
}

static void global_step_is_found_wherever_it_stands(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/checkpoint-1");
    put_checkpoint(f, "run/checkpoint-2");
    put_checkpoint(f, "run/checkpoint-3");
    struct spt_text text = {0};
    spt_text_put(&text, "{\"log_history\": [{\"loss\": NaN, \"global_step\": 5}");
    for (int i = 0; i < 2000; i++) spt_text_format(&text, ", {\"step\": %d, \"loss\": 1.5}", i);
    spt_text_put(&text, "], \"global_step\": 41}");
    put_file(f, "run/checkpoint-1/trainer_state.json", text.data);
    put_file(f, "run/checkpoint-2/trainer_state.json",
             "{\"a\\\"global_step\\\": 7\": {\"global_step\": 6}, \"b\": \"\\\\\", \"global_step\" : 42 }");
    /* the number is cut by the end of what is read at first */
    spt_text_clear(&text);
    spt_text_put(&text, "{\"x\": \"");
    while (text.length < 4096 - 20) spt_text_put(&text, "y");
    spt_text_put(&text, "\", \"global_step\": 43}");
    put_file(f, "run/checkpoint-3/trainer_state.json", text.data);
    spt_text_release(&text);
    struct spt_run *run = open_run(f, "run", NULL);
    assert_true(run->refs[0].step == 41);
    assert_true(run->refs[1].step == 42);
    assert_true(run->refs[2].step == 43);
    spt_run_close(run);
}

static void a_broken_trainer_state_leaves_the_step_of_the_name(void **state) {
    struct fixture *f = *state;
    static const char *const TEXTS[] = {"",
                                        "{",
                                        "[]",
                                        "{\"global_step\": -3}",
                                        "{\"global_step\": \"7\"}",
                                        "{}",
                                        "{\"global_step\": 99999999999999999999}",
                                        "\"global_step\": 7",
                                        "{\"global_step\": 1.5}"};
    const size_t count = sizeof TEXTS / sizeof *TEXTS;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "run/checkpoint-%zu", i + 1);
        put_checkpoint(f, path);
        (void)snprintf(path, sizeof path, "run/checkpoint-%zu/trainer_state.json", i + 1);
        put_file(f, path, TEXTS[i]);
    }
    struct spt_run *run = open_run(f, "run", NULL);
    assert_int_equal(run->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(run->refs[i].step == (int64_t)i + 1);
        char said[128];
        (void)snprintf(said, sizeof said, "checkpoint-%zu/trainer_state.json: ", i + 1);
        assert_says(f->log, said);
    }
    spt_run_close(run);
}

static void branches_are_series_of_their_own(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "olmo/stage2-ingredient2-step1000-tokens5B");
    put_checkpoint(f, "olmo/stage1-step2000-tokens9B");
    put_checkpoint(f, "olmo/stage2-ingredient1-step1000-tokens5B");
    put_checkpoint(f, "olmo/stage1-step1000-tokens5B");
    put_checkpoint(f, "olmo/main");
    struct spt_run *run = open_run(f, "olmo", NULL);
    assert_labels(run, "stage1-step1000-tokens5B stage1-step2000-tokens9B stage2-ingredient1-step1000-tokens5B "
                       "stage2-ingredient2-step1000-tokens5B main");
    assert_string_equal(run->refs[2].branch, "stage2-ingredient1");
    assert_true(run->refs[2].tokens == INT64_C(5000000000));
    assert_true(run->refs[4].step == SPT_NO_STEP);
    assert_string_equal(run->refs[4].branch, "");
    spt_run_close(run);
}

static void steps_that_are_empty_or_of_unknown_formats_are_listed_too(void **state) {
    struct fixture *f = *state;
    put_directory(f, "run/step1");
    put_file(f, "run/step2/README.md", "soon");
    put_file(f, "run/step3/pytorch_model.bin", "zip");
    put_checkpoint(f, "run/step4");
    put_file(f, "run/step5/model.safetensors.index.json", "{}");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step1 step2 step3 step4 step5");
    spt_run_close(run);
}

static void weights_without_a_step_come_last(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run");
    put_checkpoint(f, "run/best");
    put_checkpoint(f, "run/checkpoint-10");
    put_file(f, "run/logs/x.txt", "");
    put_link(f, "run/latest", "checkpoint-10");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "checkpoint-10 best final");
    assert_true(run->refs[1].step == SPT_NO_STEP && run->refs[2].step == SPT_NO_STEP);
    assert_string_equal(run->refs[2].uri, ".");
    assert_says(f->log, "latest: skipped: a link to another folder of this run");
    spt_run_close(run);
}

static void two_names_of_one_step_are_both_listed(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step512");
    put_checkpoint(f, "run/step0512");
    put_checkpoint(f, "run/step-512");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step-512 step0512 step512");
    for (size_t i = 0; i < 3; i++) assert_true(run->refs[i].step == 512);
    spt_run_close(run);
}

static void what_is_skipped_is_said(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_checkpoint(f, "run/step99999999999999999999");
    put_checkpoint(f, "run/step5-tmp");
    put_file(f, "run/step6", "a file");
    put_link(f, "run/step7", "nowhere");
    put_link(f, "run/step8", "step8");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step1");
    assert_says(f->log, "step99999999999999999999: skipped: the step does not fit 63 bits");
    assert_says(f->log, "step5-tmp: skipped: still being written");
    assert_says(f->log, "step6: skipped: no folder");
    assert_says(f->log, "step7: skipped: a link that leads to no folder");
    assert_says(f->log, "step8: skipped: a link that leads to no folder");
    spt_run_close(run);
}

static void links_to_folders_are_followed(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "disk2/step512");
    put_directory(f, "run");
    put_link(f, "run/step512", "../disk2/step512");
    struct spt_run *run = open_run(f, "run", NULL);
    assert_labels(run, "step512");
    assert_ends_with(run->refs[0].path, "/run/step512");
    spt_run_close(run);
}

static void a_pattern_selects_the_folders(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/model_at_20k");
    put_checkpoint(f, "run/model_at_3k");
    put_checkpoint(f, "run/step512");
    struct spt_run *run = open_run(f, "run", "_at_(?<step>\\d+k)$");
    assert_labels(run, "model_at_3k model_at_20k");
    assert_true(run->refs[1].step == 20000);
    assert_says(f->log, "step512: skipped: does not match the step pattern");
    spt_run_close(run);
}

static void config_and_tokenizer_are_looked_for_upwards(void **state) {
    struct fixture *f = *state;
    put_file(f, "suite/tokenizer.json", "{}");
    put_file(f, "suite/config.json", "{}");
    put_file(f, "suite/run/config.json", "{}");
    put_file(f, "suite/run/step1/model.safetensors", "w");
    put_checkpoint(f, "suite/run/step2");
    put_file(f, "suite/run/step2/tokenizer.json", "{}");
    struct spt_run *run = open_run(f, "suite/run", NULL);
    assert_ends_with(run->refs[0].config, "/suite/run/config.json");
    assert_ends_with(run->refs[0].tokenizer, "/suite/tokenizer.json");
    assert_ends_with(run->refs[1].config, "/suite/run/step2/config.json");
    assert_ends_with(run->refs[1].tokenizer, "/suite/run/step2/tokenizer.json");
    spt_run_close(run);
    run = open_run(f, "suite/run/step1", NULL);
    assert_ends_with(run->refs[0].config, "/suite/run/config.json");
    spt_run_close(run);
}

/* In order of preference: tokenizer.json, a SentencePiece model, vocab.json with merges.txt, vocab.txt. */
static void a_tokenizer_may_lie_as_other_files(void **state) {
    struct fixture *f = *state;
    static const char *const FILES[] = {"vocab.txt", "vocab.json", "sentencepiece.bpe.model", "tokenizer.model",
                                        "tokenizer.json"};
    put_checkpoint(f, "run/step1");
    put_checkpoint(f, "run/step2");
    put_file(f, "run/merges.txt", "");
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        char shared[64], own[64];
        (void)snprintf(shared, sizeof shared, "run/%s", FILES[i]);
        (void)snprintf(own, sizeof own, "run/step2/%s", FILES[i]);
        put_file(f, shared, "{}");
        put_file(f, own, "{}");
        struct spt_run *run = open_run(f, "run", NULL);
        assert_ends_with(run->refs[0].tokenizer, shared);
        assert_ends_with(run->refs[1].tokenizer, i == 1 ? "run/step2/vocab.txt" : own); /* no merges.txt beside it */
        spt_run_close(run);
    }
}

/* What was analysed before such files were known is not analysed again. */
static void other_files_of_a_tokenizer_are_not_in_the_fingerprint(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_file(f, "run/step1/tokenizer.json", "{}");
    struct spt_run *run = open_run(f, "run", NULL);
    const struct spt_hash before = run->refs[0].fingerprint;
    spt_run_close(run);
    put_file(f, "run/step1/vocab.txt", "a");
    put_file(f, "run/step1/tokenizer_config.json", "{}");
    run = open_run(f, "run", NULL);
    assert_true(spt_hash_equal(run->refs[0].fingerprint, before));
    spt_run_close(run);
}

static void given_files_replace_those_that_are_found(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_file(f, "mine.json", "{}");
    char mine[1024], path[1024];
    (void)at(f, "mine.json", mine);
    struct spt_run_options options = {.model_config = mine, .tokenizer = mine};
    struct spt_run *run = NULL;
    assert_int_equal(spt_run_open(at(f, "run", path), &options, &run, NULL), SPT_OK);
    assert_string_equal(run->refs[0].config, mine);
    assert_string_equal(run->refs[0].tokenizer, mine);
    spt_run_close(run);
    char absent[1024];
    options.tokenizer = at(f, "absent.json", absent);
    struct spt_error error;
    assert_int_equal(spt_run_open(at(f, "run", path), &options, &run, &error), SPT_IO);
    assert_string_equal(error.path, absent);
    assert_int_equal(error.system, ENOENT);
}

static void a_folder_with_weights_is_a_run_of_one(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "mymodel");
    struct spt_run *run = open_run(f, "mymodel", NULL);
    assert_string_equal(run->layout, "single checkpoint");
    assert_string_equal(run->name, "mymodel");
    assert_labels(run, "mymodel");
    assert_string_equal(run->refs[0].uri, ".");
    assert_string_equal(run->refs[0].path, run->root);
    assert_true(run->refs[0].step == SPT_NO_STEP);
    spt_run_close(run);
}

static void a_step_s_folder_is_the_checkpoint_it_is_in_its_run(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step512");
    put_checkpoint(f, "run/step1000");
    static const char *const PATHS[] = {"run/step512", "run/step512/", "run/step512/model.safetensors"};
    struct spt_run *whole = open_run(f, "run", NULL);
    for (size_t i = 0; i < 3; i++) {
        struct spt_run *one = open_run(f, PATHS[i], NULL);
        assert_int_equal(one->count, 1);
        assert_string_equal(one->layout, "single checkpoint");
        assert_string_equal(one->root, whole->root);
        assert_string_equal(one->refs[0].uri, whole->refs[0].uri);
        assert_string_equal(one->refs[0].path, whole->refs[0].path);
        assert_true(one->refs[0].step == 512);
        assert_true(spt_hash_equal(one->refs[0].fingerprint, whole->refs[0].fingerprint));
        spt_run_close(one);
    }
    spt_run_close(whole);
}

static void a_weights_file_is_a_run_of_one(void **state) {
    struct fixture *f = *state;
    put_file(f, "models/a.safetensors", "a");
    put_file(f, "models/step700.safetensors", "b");
    put_file(f, "models/config.json", "{}");
    struct spt_run *run = open_run(f, "models/a.safetensors", NULL);
    assert_labels(run, "a.safetensors");
    assert_string_equal(run->name, "models");
    assert_string_equal(run->refs[0].uri, "a.safetensors");
    assert_ends_with(run->refs[0].path, "/models/a.safetensors");
    assert_ends_with(run->refs[0].config, "/models/config.json");
    struct spt_hash now;
    assert_int_equal(spt_run_fingerprint(&run->refs[0], &now, NULL), SPT_OK);
    assert_true(spt_hash_equal(now, run->refs[0].fingerprint));
    put_file(f, "models/step700.safetensors", "not of this run");
    assert_int_equal(spt_run_fingerprint(&run->refs[0], &now, NULL), SPT_OK);
    assert_true(spt_hash_equal(now, run->refs[0].fingerprint));
    spt_run_close(run);
    run = open_run(f, "models/step700.safetensors", NULL);
    assert_true(run->refs[0].step == 700);
    spt_run_close(run);
    put_file(f, "sharded/model.safetensors.index.json", "{}");
    run = open_run(f, "sharded/model.safetensors.index.json", NULL);
    assert_ends_with(run->refs[0].path, "/sharded");
    spt_run_close(run);
}

/* As Lightning's ModelCheckpoint leaves them, with save_last=True and save_last="link". */
static void weights_files_that_are_named_as_steps_are_a_run(void **state) {
    struct fixture *f = *state;
    put_file(f, "version_0/config.json", "{}");
    put_file(f, "version_0/checkpoints/epoch=0-step=500.ckpt", "five hundred");
    put_file(f, "version_0/checkpoints/epoch=0-step=1000.ckpt", "a thousand");
    put_file(f, "version_0/checkpoints/epoch=1-step=1500-val_loss=2.31.ckpt", "more");
    put_file(f, "version_0/checkpoints/epoch=1-step=9223372036854775808.ckpt", "too many");
    put_file(f, "version_0/checkpoints/best.ckpt", "one of them");
    put_link(f, "version_0/checkpoints/last.ckpt", "epoch=1-step=1500-val_loss=2.31.ckpt");
    put_file(f, "version_0/checkpoints/notes.txt", "no weights");
    put_directory(f, "version_0/checkpoints/plots");
    struct spt_run *run = open_run(f, "version_0/checkpoints", NULL);
    assert_string_equal(run->layout, "step files");
    assert_labels(run, "epoch=0-step=500.ckpt epoch=0-step=1000.ckpt epoch=1-step=1500-val_loss=2.31.ckpt best.ckpt");
    assert_true(run->refs[1].step == 1000);
    assert_true(run->refs[3].step == SPT_NO_STEP);
    assert_string_equal(run->refs[0].uri, "epoch=0-step=500.ckpt");
    assert_ends_with(run->refs[0].path, "/version_0/checkpoints/epoch=0-step=500.ckpt");
    assert_ends_with(run->refs[0].config, "/version_0/config.json");
    assert_says(f->log, "last.ckpt: skipped: a link to another file of this run");
    assert_says(f->log, "epoch=1-step=9223372036854775808.ckpt: skipped: the step does not fit 63 bits");
    struct spt_run *one = open_run(f, "version_0/checkpoints/epoch=0-step=500.ckpt", NULL);
    assert_int_equal(one->count, 1);
    assert_string_equal(one->refs[0].uri, run->refs[0].uri);
    assert_true(one->refs[0].step == 500);
    assert_memory_equal(&one->refs[0].fingerprint, &run->refs[0].fingerprint, sizeof one->refs[0].fingerprint);
    spt_run_close(one);
    put_file(f, "version_0/checkpoints/epoch=0-step=1000.ckpt", "a thousand and one");
    one = open_run(f, "version_0/checkpoints", NULL);
    assert_memory_equal(&one->refs[0].fingerprint, &run->refs[0].fingerprint, sizeof one->refs[0].fingerprint);
    assert_memory_not_equal(&one->refs[1].fingerprint, &run->refs[1].fingerprint, sizeof one->refs[1].fingerprint);
    spt_run_close(one);
    spt_run_close(run);
    run = open_run(f, "version_0/checkpoints", "^epoch=1-step=(?<step>\\d{4})(?!\\d)");
    assert_labels(run, "epoch=1-step=1500-val_loss=2.31.ckpt");
    spt_run_close(run);
}

static void the_fingerprint_tells_every_change_of_a_file_that_is_read(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "run/step1");
    put_file(f, "run/step1/tokenizer.json", "{}");
    put_trainer_state(f, "run/step1/trainer_state.json", 1);
    put_file(f, "run/step1/model-00001-of-00002.safetensors", "s");
    put_file(f, "run/step1/model.safetensors.index.json", "{}");
    struct spt_run *run = open_run(f, "run", NULL);
    const struct spt_checkpoint_ref *ref = &run->refs[0];
    struct spt_hash before = ref->fingerprint, now;
    assert_int_equal(spt_run_fingerprint(ref, &now, NULL), SPT_OK);
    assert_true(spt_hash_equal(now, before));
    put_file(f, "run/step1/README.md", "not read by spectail");
    put_file(f, "run/step1/optimizer.pt", "nor this");
    assert_int_equal(spt_run_fingerprint(ref, &now, NULL), SPT_OK);
    assert_true(spt_hash_equal(now, before));
    static const char *const FILES[] = {"run/step1/model.safetensors",
                                        "run/step1/config.json",
                                        "run/step1/tokenizer.json",
                                        "run/step1/trainer_state.json",
                                        "run/step1/model-00001-of-00002.safetensors",
                                        "run/step1/model.safetensors.index.json",
                                        "run/step1/model-00002-of-00002.safetensors"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        put_file(f, FILES[i], "of another size than before");
        assert_int_equal(spt_run_fingerprint(ref, &now, NULL), SPT_OK);
        if (spt_hash_equal(now, before)) fail_msg("%s", FILES[i]);
        before = now;
        char path[1024];
        const struct timespec times[2] = {{.tv_sec = 1000000000, .tv_nsec = 1},
                                          {.tv_sec = 1000000000, .tv_nsec = (long)i}};
        assert_int_equal(utimensat(-1, at(f, FILES[i], path), times, 0), 0);
        assert_int_equal(spt_run_fingerprint(ref, &now, NULL), SPT_OK);
        assert_false(spt_hash_equal(now, before));
        before = now;
        assert_int_equal(spt_run_fingerprint(ref, &now, NULL), SPT_OK);
        assert_true(spt_hash_equal(now, before));
    }
    spt_run_close(run);
}

static void a_run_that_moves_keeps_its_fingerprints(void **state) {
    struct fixture *f = *state;
    put_checkpoint(f, "here/step1");
    struct spt_run *run = open_run(f, "here", NULL);
    char from[1024], to[1024];
    assert_int_equal(rename(at(f, "here", from), at(f, "there", to)), 0);
    struct spt_run *moved = open_run(f, "there", NULL);
    assert_string_equal(run->refs[0].uri, moved->refs[0].uri);
    assert_true(spt_hash_equal(run->refs[0].fingerprint, moved->refs[0].fingerprint));
    struct spt_hash now;
    struct spt_error error;
    assert_int_equal(spt_run_fingerprint(&run->refs[0], &now, &error), SPT_IO);
    assert_int_equal(error.system, ENOENT);
    spt_run_close(run);
    spt_run_close(moved);
}

/* Measured at 0.12 s on two cores of 2024; the bound leaves room for sanitizers and loaded machines, and still tells a
 * pass over the contents from one over names. */
static void ten_thousand_checkpoints_are_listed_in_seconds(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 10000; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "run/step%d/model.safetensors", i);
        put_sized(f, path, 1 << 20);
    }
    struct timespec begin, end;
    struct spt_run *run = open_run(f, "run", NULL);
    spt_run_close(run);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begin), 0);
    run = open_run(f, "run", NULL);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &end), 0);
    assert_int_equal(run->count, 10000);
    for (int i = 0; i < 10000; i++) assert_true(run->refs[i].step == i);
    spt_run_close(run);
    const double seconds = (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    print_message("10,000 checkpoints listed in %.3f s\n", seconds);
    assert_true(seconds < 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_154_steps_of_pythia_come_in_their_order),
        TEST(the_bundled_run_is_listed),
        TEST(hf_trainer_s_output_is_listed),
        TEST(global_step_beats_the_name),
        TEST(global_step_is_found_wherever_it_stands),
        TEST(a_broken_trainer_state_leaves_the_step_of_the_name),
        TEST(branches_are_series_of_their_own),
        TEST(steps_that_are_empty_or_of_unknown_formats_are_listed_too),
        TEST(weights_without_a_step_come_last),
        TEST(two_names_of_one_step_are_both_listed),
        TEST(what_is_skipped_is_said),
        TEST(links_to_folders_are_followed),
        TEST(a_pattern_selects_the_folders),
        TEST(config_and_tokenizer_are_looked_for_upwards),
        TEST(a_tokenizer_may_lie_as_other_files),
        TEST(other_files_of_a_tokenizer_are_not_in_the_fingerprint),
        TEST(given_files_replace_those_that_are_found),
        TEST(a_folder_with_weights_is_a_run_of_one),
        TEST(a_step_s_folder_is_the_checkpoint_it_is_in_its_run),
        TEST(a_weights_file_is_a_run_of_one),
        TEST(weights_files_that_are_named_as_steps_are_a_run),
        TEST(the_fingerprint_tells_every_change_of_a_file_that_is_read),
        TEST(a_run_that_moves_keeps_its_fingerprints),
        TEST(ten_thousand_checkpoints_are_listed_in_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
