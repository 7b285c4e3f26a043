/* What was said of a checkpoint that is not analysed (it is forgotten when it is, or when it is gone):
 *
 *      nothing --waits--> waited --refused--> refused
 *         |                 ^                    |
 *         '--refused--------|------------------->|
 *                           '---its files change-'     the next refusal is another one
 */
#include "tracker/watch/lines.h"

#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"
#include "tracker/watch/words.h"

#include <stdlib.h>
#include <string.h>

enum { SAID_WAITING = 1, SAID_REFUSED = 2 };

struct told {
    struct spt_hash key; /* of the run's path, the branch and the label */
    unsigned said;
};

struct told_list {
    struct told *items; /* [count], sorted by key once it is complete */
    size_t count, capacity;
};

struct told_run {
    bool seen;              /* its checkpoints were counted */
    struct spt_hash reason; /* of the reason that was said last; 0: none */
};

struct spt_lines {
    FILE *stream;
    struct told_run *runs; /* [run_count], in the watch's order */
    size_t run_count, run_capacity;
    struct told_list told;
    struct spt_text line, key; /* made anew for each, with the memory kept */
};

enum spt_status spt_lines_new(FILE *stream, struct spt_lines **lines, struct spt_error *error) {
    *lines = calloc(1, sizeof **lines);
    if (!*lines) return spt_fail_memory(error, sizeof **lines, "lines about a watch");
    (*lines)->stream = stream;
    return SPT_OK;
}

void spt_lines_free(struct spt_lines *lines) {
    if (!lines) return;
    free(lines->runs);
    free(lines->told.items);
    spt_text_release(&lines->line);
    spt_text_release(&lines->key);
    free(lines);
}

static struct spt_text *start(struct spt_lines *lines, const struct spt_watched_run *run) {
    spt_text_clear(&lines->line);
    spt_words_time(&lines->line, time(NULL));
    spt_text_put(&lines->line, " ");
    spt_words_run(&lines->line, run);
    return &lines->line;
}

static void say(struct spt_lines *lines) {
    if (!lines->line.failed && lines->line.data) {
        fprintf(lines->stream, "%s\n", lines->line.data);
        fflush(lines->stream);
    }
    lines->line.failed = false; /* a line that found no memory is lost, those after it are not */
}

static void say_of(struct spt_lines *lines, const struct spt_watched_run *run, const char *branch, const char *label,
                   const char *what, const char *reason) {
    struct spt_text *line = start(lines, run);
    spt_text_put(line, " ");
    spt_words_checkpoint(line, branch, label);
    spt_text_format(line, ": %s", what);
    if (reason) {
        spt_text_put(line, ": ");
        spt_words_put(line, reason);
    }
    say(lines);
}

/* --- runs --- */

static void say_counts(struct spt_lines *lines, const struct spt_watched_run *run) {
    struct spt_text *line = start(lines, run);
    spt_text_format(line, ": %zu checkpoint%s", run->count, run->count == 1 ? "" : "s");
    if (run->states[SPT_WATCHED_ANALYSED]) spt_text_format(line, ", %zu analysed", run->states[SPT_WATCHED_ANALYSED]);
    if (run->states[SPT_WATCHED_REFUSED]) spt_text_format(line, ", %zu refused", run->states[SPT_WATCHED_REFUSED]);
    say(lines);
}

static void look_at_run(struct spt_lines *lines, struct told_run *told, const struct spt_watched_run *run) {
    const char *text = run->reason ? run->reason : "";
    const struct spt_hash reason = *text ? spt_hash_of(text, strlen(text)) : (struct spt_hash){0};
    if (*text && !spt_hash_equal(reason, told->reason)) {
        struct spt_text *line = start(lines, run);
        spt_text_put(line, ": ");
        spt_words_put(line, text);
        say(lines);
    }
    told->reason = reason;
    if (run->name && run->count && !told->seen) say_counts(lines, run);
}

/* --- checkpoints --- */

static int compare_keys(const void *a, const void *b) {
    const struct spt_hash *x = &((const struct told *)a)->key, *y = &((const struct told *)b)->key;
    if (x->high != y->high) return x->high < y->high ? -1 : 1;
    return x->low < y->low ? -1 : x->low > y->low;
}

static struct spt_hash key_of(struct spt_lines *lines, const struct spt_watched_run *run,
                              const struct spt_watched *item) {
    const char *const parts[] = {run->path, item->branch ? item->branch : "", item->label};
    spt_text_clear(&lines->key);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        spt_text_append(&lines->key, parts[i], strlen(parts[i]) + 1);
    return spt_hash_of(lines->key.data, lines->key.length);
}

/* Says what is new about one checkpoint, and returns what is said of it by now. silent: it was so before the watch. */
static unsigned look_at(struct spt_lines *lines, const struct spt_watched_run *run, const struct spt_watched *item,
                        unsigned said, bool silent) {
    if (item->state == SPT_WATCHED_REFUSED) {
        if (!silent && !(said & SAID_REFUSED)) say_of(lines, run, item->branch, item->label, "refused", item->reason);
        return said | SAID_REFUSED;
    }
    if (item->state != SPT_WATCHED_WAITING) return said & SAID_WAITING;
    if (!(said & SAID_WAITING)) say_of(lines, run, item->branch, item->label, "waiting", item->reason);
    return SAID_WAITING;
}

static void look_at_checkpoints(struct spt_lines *lines, const struct spt_watched_run *run, bool silent,
                                struct told_list *next) {
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_watched *item = &run->items[i];
        const bool stuck = item->state == SPT_WATCHED_WAITING || item->state == SPT_WATCHED_REFUSED;
        if (item->state == SPT_WATCHED_ANALYSED || (!stuck && !lines->told.count)) continue;
        struct told told = {.key = key_of(lines, run, item)};
        const struct told *before =
            lines->told.count ? bsearch(&told, lines->told.items, lines->told.count, sizeof told, compare_keys) : NULL;
        told.said = look_at(lines, run, item, before ? before->said : 0, silent);
        if (told.said && spt_grow((void **)&next->items, &next->capacity, next->count + 1, sizeof told))
            next->items[next->count++] = told;
    }
}

static void on_state(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                     int current) {
    (void)store;
    (void)current;
    struct spt_lines *lines = context;
    struct told_list next = {0};
    const size_t before = lines->run_count;
    if (count > before && spt_grow((void **)&lines->runs, &lines->run_capacity, count, sizeof *lines->runs)) {
        memset(lines->runs + before, 0, (count - before) * sizeof *lines->runs);
        lines->run_count = count;
    }
    for (size_t i = 0; i < count && i < lines->run_count; i++) {
        struct told_run *told = &lines->runs[i];
        look_at_run(lines, told, &runs[i]);
        look_at_checkpoints(lines, &runs[i], !told->seen, &next);
        if (runs[i].name && runs[i].count) told->seen = true;
    }
    if (next.count) qsort(next.items, next.count, sizeof *next.items, compare_keys);
    free(lines->told.items);
    lines->told = next;
}

/* What waits or is refused is said by the look that follows, once. */
static void on_end(void *context, struct spt_store *store, const struct spt_watched_run *run,
                   const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome) {
    (void)store;
    struct spt_lines *lines = context;
    if (outcome->stopped) return;
    if (outcome->state == SPT_STATE_VANISHED) {
        say_of(lines, run, ref->branch, ref->label, spt_state_name(outcome->state), outcome->reason);
        return;
    }
    if (outcome->state != SPT_STATE_ANALYSED) return;
    struct spt_text *line = start(lines, run);
    spt_text_put(line, " ");
    spt_words_checkpoint(line, ref->branch, ref->label);
    spt_text_put(line, ": ");
    spt_outcome_describe(outcome, line);
    spt_text_format(line, "  (%.2f s)", outcome->seconds);
    const int64_t analysed = run->analysed > ref->step ? run->analysed : ref->step; /* SPT_NO_STEP is the least */
    if (run->newest != SPT_NO_STEP && run->newest > analysed && analysed != SPT_NO_STEP)
        spt_text_format(line, "  %lld steps behind", (long long)(run->newest - analysed));
    say(lines);
}

struct spt_watch_observer spt_lines_observer(struct spt_lines *lines) {
    return (struct spt_watch_observer){.context = lines, .state = on_state, .end = on_end};
}
