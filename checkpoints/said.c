#include "checkpoints/said.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/hash.h"

enum { FIRST_SLOTS = 64 };

struct line {
    struct spt_hash hash;
    uint64_t round; /* the last that had it; 0: the slot is free */
};

struct spt_said {
    const struct spt_log *log;
    struct spt_log once;
    struct line *slots; /* [slot_count] open addressing, a power of two, at most half full */
    size_t slot_count, used;
    uint64_t round;
};

static struct line *find_slot(struct line *slots, size_t count, struct spt_hash hash) {
    size_t at = (size_t)hash.low & (count - 1);
    while (slots[at].round && !spt_hash_equal(slots[at].hash, hash)) at = (at + 1) & (count - 1);
    return &slots[at];
}

/* Lines of rounds long past are left behind. */
static bool make_room(struct spt_said *said) {
    if (2 * (said->used + 1) <= said->slot_count) return true;
    size_t kept = 0, count = FIRST_SLOTS;
    for (size_t i = 0; i < said->slot_count; i++) kept += said->slots[i].round + 1 >= said->round;
    while (count < 4 * (kept + 1)) count *= 2;
    struct line *slots = calloc(count, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < said->slot_count; i++)
        if (said->slots[i].round && said->slots[i].round + 1 >= said->round)
            *find_slot(slots, count, said->slots[i].hash) = said->slots[i];
    free(said->slots);
    said->slots = slots;
    said->slot_count = count;
    said->used = kept;
    return true;
}

static void say_once(void *context, enum spt_log_level level, const char *text) {
    struct spt_said *said = context;
    bool again = false;
    if (make_room(said)) {
        const struct spt_hash hash = spt_hash_of(text, strlen(text));
        struct line *line = find_slot(said->slots, said->slot_count, hash);
        again = line->round && line->round + 1 >= said->round;
        said->used += !line->round;
        *line = (struct line){.hash = hash, .round = said->round};
    }
    if (!again) spt_log(said->log, level, "%s", text);
}

struct spt_said *spt_said_new(const struct spt_log *log) {
    struct spt_said *said = calloc(1, sizeof *said);
    if (!said) return NULL;
    said->log = log;
    said->once = (struct spt_log){.emit = say_once, .context = said};
    said->round = 2; /* 0 marks a free slot, and the first round has none before it */
    return said;
}

void spt_said_free(struct spt_said *said) {
    if (!said) return;
    free(said->slots);
    free(said);
}

const struct spt_log *spt_said_log(const struct spt_said *said) {
    return &said->once;
}

void spt_said_round(struct spt_said *said) {
    said->round++;
}
