/* Looks read what changed and no more, cost little, and yet see all that opening the run anew sees. */
#include "watched.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void what_did_not_change_is_not_read_again(void **state) {
    struct watched w = watch_run(*state);
    char name[64];
    for (int i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "run/step%d", i);
        put_checkpoint(w.f, name);
    }
    for (int i = 0; i < 4; i++) look(&w);
    system_told.readings = 0;
    look(&w);
    if (!system_told.mode->remembers) {
        assert_true(system_told.readings > 20);
        spt_scan_free(w.scan);
        return;
    }
    assert_int_equal(system_told.readings, 0);
    overwrite(w.f, "run/step7/model.safetensors", "WEIGHTS");
    look(&w);
    assert_int_equal(system_told.readings, 1);
    spt_scan_free(w.scan);
}

/* --- anything, against the run as it is when it is opened anew --- */

static void assert_same_text(const char *seen, const char *opened) {
    if (!seen || !opened)
        assert_true(seen == opened);
    else
        assert_string_equal(seen, opened);
}

static void assert_as_when_opened(struct watched *w) {
    struct spt_run *run = open_run(w->f, "run", NULL);
    const struct spt_run *seen = spt_scan_run(w->scan);
    size_t count;
    (void)spt_scan_sights(w->scan, &count);
    assert_int_equal(count, run->count);
    assert_string_equal(seen->layout, run->layout);
    for (size_t i = 0; i < count; i++) {
        const struct spt_checkpoint_ref *a = &seen->refs[i], *b = &run->refs[i];
        assert_string_equal(a->uri, b->uri);
        assert_string_equal(a->path, b->path);
        assert_string_equal(a->label, b->label);
        assert_string_equal(a->branch, b->branch);
        assert_true(a->step == b->step);
        assert_same_text(a->config, b->config);
        assert_same_text(a->tokenizer, b->tokenizer);
        assert_same_text(a->trainer_state, b->trainer_state);
        assert_same_text(a->awaits, b->awaits);
        assert_true(spt_hash_equal(a->fingerprint, b->fingerprint));
        assert_true(spt_hash_equal(a->state, b->state));
        assert_true(a->newest == b->newest);
    }
    spt_run_close(run);
}

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* One thing that a writer, or a person, does to a run. What cannot be done is not done. */
static void do_anything(const struct fixture *f, uint32_t *seed) {
    static const char *const FOLDERS[] = {"checkpoint-1", "checkpoint-2", "step3", "step4-tmp", "step4", "final"};
    static const char *const FILES[] = {"model.safetensors",
                                        "config.json",
                                        "trainer_state.json",
                                        "training_args.bin",
                                        "model-00001-of-00002.safetensors",
                                        "notes.txt"};
    static const char *const TEXTS[] = {"{}", "{\"global_step\": 5}", "{\"global_step\": 6}", "x"};
    char folder[1024], other[1024], file[2048];
    at(f, "run", folder);
    const size_t length = strlen(folder);
    memcpy(other, folder, length);
    (void)snprintf(folder + length, sizeof folder - length, "/%s", FOLDERS[next_random(seed) % 6]);
    (void)snprintf(other + length, sizeof other - length, "/%s", FOLDERS[next_random(seed) % 6]);
    (void)snprintf(file, sizeof file, "%s/%s", folder, FILES[next_random(seed) % 6]);
    const char *text = TEXTS[next_random(seed) % 4];
    switch (next_random(seed) % 8) {
    case 0:
        (void)rename(folder, other);
        break;
    case 1:
        (void)unlink(file);
        break;
    case 2:
        (void)rmdir(folder);
        break;
    case 3:
        (void)symlink(other, folder);
        break;
    case 4:
        (void)unlink(folder);
        break;
    default: {
        (void)mkdir(folder, 0777);
        FILE *out = fopen(file, "w");
        if (out) (void)fputs(text, out);
        if (out) (void)fclose(out);
    }
    }
}

static void a_look_sees_what_opening_the_run_anew_sees(void **state) {
    struct watched w = watch_run(*state);
    uint32_t seed = 1;
    put_checkpoint(w.f, "run/step0");
    for (int i = 0; i < 100; i++) {
        do_anything(w.f, &seed);
        if (i % 3 == 0) do_anything(w.f, &seed);
        look(&w);
        assert_as_when_opened(&w);
    }
    spt_scan_free(w.scan);
}

static void many_looks_cost_no_more_memory_than_a_few(void **state) {
    struct watched w = watch_run(*state);
    struct spt_error error;
    char path[64];
    put_checkpoint(w.f, "run/step1");
    put_checkpoint(w.f, "run/step2-tmp");
    size_t after_some = 0;
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(path, sizeof path, "run/step%d", 10 + i % 5);
        if (i % 10 < 5)
            put_directory(w.f, path);
        else
            remove_folder(w.f, path);
        assert_int_equal(spt_scan_look(w.scan, i, &error), SPT_OK);
        if (i == 199) after_some = mallinfo2().uordblks;
    }
    const size_t after_all = mallinfo2().uordblks;
    /* The smallest loss a look would be 800 x 32 bytes; what malloc keeps at hand counts as used, and varies. */
    if (after_all > after_some + 16 * 1024)
        fail_msg("%zu bytes after 200 looks, %zu after 1,000", after_some, after_all);
    spt_scan_free(w.scan);
}

static double cpu_seconds(void) {
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* The best of some, in processor time, so that other programs do not count. */
static void a_look_at_10000_known_checkpoints_takes_less_than_100_ms(void **state) {
    enum { MANY = 10 * 1000, LOOKS = 4 };
    struct watched w = watch_run(*state);
    char name[64];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "run/step%d", i);
        put_checkpoint(w.f, name);
    }
    look(&w);
    look(&w);
    double best = 1e9, best_of_new = 1e9, best_opened = 1e9;
    size_t count;
    for (int i = 0; i < LOOKS; i++) {
        double before = cpu_seconds();
        look(&w);
        best = fmin(best, cpu_seconds() - before);
        (void)snprintf(name, sizeof name, "run/step%d", MANY + i);
        put_checkpoint(w.f, name);
        before = cpu_seconds();
        look(&w);
        best_of_new = fmin(best_of_new, cpu_seconds() - before);
        before = cpu_seconds();
        spt_run_close(open_run(w.f, "run", NULL));
        best_opened = fmin(best_opened, cpu_seconds() - before);
    }
    (void)spt_scan_sights(w.scan, &count);
    assert_int_equal(count, MANY + LOOKS);
    print_message("10,000 checkpoints: a look %.1f ms, one that finds a new one %.1f ms, opening the run %.1f ms\n",
                  best * 1e3, best_of_new * 1e3, best_opened * 1e3);
#ifndef __SANITIZE_ADDRESS__
    assert_true(best < 0.1);
    assert_true(best < best_opened);
#endif
    spt_scan_free(w.scan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_did_not_change_is_not_read_again),
        TEST(a_look_sees_what_opening_the_run_anew_sees),
    };
    const struct CMUnitTest many[] = {
        TEST(many_looks_cost_no_more_memory_than_a_few),
        TEST(a_look_at_10000_known_checkpoints_takes_less_than_100_ms),
    };
    const int failed = run_in_every_mode(tests, sizeof tests / sizeof *tests);
    return failed + run_long_after(many, sizeof many / sizeof *many);
}
