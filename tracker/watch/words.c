#include "tracker/watch/words.h"

#include <math.h>
#include <string.h>

enum { SHOWN_MAX = 2048 };

static const char *const STATE_NAMES[] = {
    [SPT_WATCHED_CHANGING] = "changing", [SPT_WATCHED_QUIET] = "queued",    [SPT_WATCHED_WAITING] = "waiting",
    [SPT_WATCHED_ANALYSED] = "analysed", [SPT_WATCHED_REFUSED] = "refused",
};

const char *spt_watched_state_name(enum spt_watched_state state) {
    return STATE_NAMES[state];
}

static bool is_pending(const struct spt_watched *item) {
    return item->state != SPT_WATCHED_ANALYSED && item->state != SPT_WATCHED_REFUSED;
}

struct spt_watch_lag spt_watch_lag_of(const struct spt_watched_run *run) {
    struct spt_watch_lag lag = {.steps = SPT_NO_STEP, .since = NAN};
    if (run->newest != SPT_NO_STEP && run->analysed != SPT_NO_STEP)
        lag.steps = run->newest > run->analysed ? run->newest - run->analysed : 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct spt_watched *item = &run->items[i];
        if (!is_pending(item)) continue;
        lag.checkpoints++;
        if (item->step == SPT_NO_STEP || (run->analysed != SPT_NO_STEP && item->step <= run->analysed)) continue;
        lag.ahead++;
        if (!(lag.since <= item->changed)) lag.since = item->changed;
    }
    return lag;
}

bool spt_watch_rests(const struct spt_watched_run *runs, size_t count, int current) {
    for (size_t i = 0; i < count; i++)
        if (runs[i].states[SPT_WATCHED_QUIET]) return false;
    return current < 0;
}

void spt_words_duration(struct spt_text *out, double seconds) {
    if (!(fabs(seconds) < 1e15)) {
        spt_text_put(out, "?");
        return;
    }
    const long long whole = seconds > 0 ? (long long)(seconds + 0.5) : 0, minutes = whole / 60, hours = whole / 3600;
    if (hours >= 24)
        spt_text_format(out, "%lld d %02lld:%02lld", hours / 24, hours % 24, minutes % 60);
    else if (hours)
        spt_text_format(out, "%lld:%02lld:%02lld", hours, minutes % 60, whole % 60);
    else
        spt_text_format(out, "%lld:%02lld", minutes, whole % 60);
}

void spt_words_time(struct spt_text *out, time_t when) {
    struct tm utc;
    char text[32] = "";
    if (gmtime_r(&when, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    spt_text_put(out, text);
}

void spt_words_put(struct spt_text *out, const char *text) {
    char shown[SHOWN_MAX];
    spt_text_append(out, shown, spt_text_printable(shown, sizeof shown, text));
}

void spt_words_run(struct spt_text *out, const struct spt_watched_run *run) {
    spt_words_put(out, run->name ? run->name : run->path);
}

void spt_words_checkpoint(struct spt_text *out, const char *branch, const char *label) {
    if (branch && *branch && !strstr(label, branch)) {
        spt_words_put(out, branch);
        spt_text_put(out, "/");
    }
    spt_words_put(out, label);
}
