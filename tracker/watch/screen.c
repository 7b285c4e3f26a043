#include "tracker/watch/screen.h"

#include "checkpoints/base/unicode.h"
#include "tracker/watch/sparkline.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BAR_MAX = 24, BAR_MIN = 6, NAME_MAX_COLUMNS = 24, SPARKLINE_MAX = 60, FIGURE_COLUMNS = 10 };

/* --- a line --- */

enum style { PLAIN, BOLD, FAINT, RED, YELLOW, MAGENTA };

static const char *const ESCAPES[] = {
    [PLAIN] = "",       [BOLD] = "\033[1m",    [FAINT] = "\033[2m",
    [RED] = "\033[31m", [YELLOW] = "\033[33m", [MAGENTA] = "\033[35m",
};

/* One line as it grows: what does not fit its width is cut. */
struct line {
    const struct spt_screen *screen;
    struct spt_text *out;
    size_t left; /* columns */
};

static size_t width_of(const char *text) {
    size_t width = 0, length = strlen(text);
    while (length) {
        uint32_t code;
        const size_t size = spt_unicode_decode(text, length, &code);
        width += size ? spt_unicode_width(code) : 1;
        text += size ? size : 1;
        length -= size ? size : 1;
    }
    return width;
}

/* As much of text as fits columns; what is no ASCII only where the terminal shows it. */
static size_t put_cut(struct line *line, const char *text, size_t columns) {
    size_t length = strlen(text), taken = 0;
    while (length) {
        uint32_t code = 0;
        const size_t decoded = spt_unicode_decode(text, length, &code), size = decoded ? decoded : 1;
        const size_t width = decoded ? spt_unicode_width(code) : 1;
        if (taken + width > columns) break;
        if (decoded && (code < 0x80 || line->screen->unicode)) {
            spt_text_append(line->out, text, size);
        } else if (width) {
            spt_text_append(line->out, "??", width);
        }
        taken += width;
        text += size;
        length -= size;
    }
    return taken;
}

/* text is printable. */
static void put(struct line *line, enum style style, const char *text) {
    if (!*text || !line->left) return;
    const bool styled = line->screen->colour && style != PLAIN;
    const bool cut = width_of(text) > line->left;
    if (styled) spt_text_put(line->out, ESCAPES[style]);
    const size_t taken = put_cut(line, text, cut ? line->left - 1 : line->left);
    if (cut) spt_text_put(line->out, line->screen->unicode ? "…" : "~");
    if (styled) spt_text_put(line->out, "\033[0m");
    line->left = cut ? 0 : line->left - taken;
}

__attribute__((format(printf, 3, 4))) static void put_format(struct line *line, enum style style, const char *format,
                                                             ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(line, style, text);
}

/* Any text. */
static void put_foreign(struct line *line, enum style style, const char *text) {
    char shown[1024];
    spt_text_printable(shown, sizeof shown, text);
    put(line, style, shown);
}

static void put_words(struct line *line, enum style style, struct spt_text *words) {
    if (words->data && !words->failed) put(line, style, words->data);
    spt_text_release(words);
}

static void put_duration(struct line *line, double seconds) {
    struct spt_text words = {0};
    spt_words_duration(&words, seconds);
    put_words(line, PLAIN, &words);
}

static void put_checkpoint(struct line *line, const char *branch, const char *label) {
    struct spt_text words = {0};
    spt_words_checkpoint(&words, branch, label);
    put_words(line, PLAIN, &words);
}

static void put_spaces(struct line *line, size_t count) {
    for (size_t i = 0; i < count; i++) put(line, PLAIN, " ");
}

/* --- how much is shown --- */

/* At most so many lines of each kind for a run; the first row of the table with which all fits is taken. */
struct detail {
    size_t stuck, series, events;
    bool lag, work, foot;
};

static const struct detail DETAILS[] = {
    {24, 6, 5, true, true, true},  {12, 6, 4, true, true, true},   {8, 6, 3, true, true, true},
    {6, 6, 2, true, true, true},   {4, 6, 2, true, true, true},    {3, 4, 2, true, true, true},
    {2, 4, 1, true, true, true},   {2, 3, 1, true, true, true},    {1, 2, 1, true, true, true},
    {1, 1, 1, true, true, false},  {0, 1, 0, true, true, false},   {0, 0, 0, true, true, false},
    {0, 0, 0, false, true, false}, {0, 0, 0, false, false, false},
};

enum { DETAIL_COUNT = sizeof DETAILS / sizeof *DETAILS };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Whether the run has anything to be behind. */
static bool has_lag(const struct spt_screen_run *run) {
    return run->count && !run->reason;
}

static bool has_more(const struct spt_screen_run *run, const struct detail *detail) {
    return detail->stuck && run->stuck_count + run->stuck_more > least(run->stuck_count, detail->stuck);
}

static size_t height_of(const struct spt_screen_run *run, const struct detail *detail) {
    const size_t singles = 1 + (size_t)(detail->work && run->label) + (size_t)(detail->lag && has_lag(run));
    const size_t stuck = least(run->stuck_count, detail->stuck) + has_more(run, detail);
    return singles + least(run->series_count, detail->series) + stuck + least(run->event_count, detail->events);
}

static size_t height_of_all(const struct spt_screen *screen, const struct detail *detail) {
    size_t height = detail->foot;
    for (size_t i = 0; i < screen->count; i++) height += height_of(&screen->runs[i], detail);
    return height;
}

/* --- the lines of a run --- */

static void put_title(struct line *line, const struct spt_screen_run *run) {
    put_foreign(line, BOLD, run->title);
    if (run->reason) {
        put(line, PLAIN, "  ");
        put_foreign(line, PLAIN, run->reason);
        return;
    }
    put_format(line, PLAIN, "  %zu checkpoint%s", run->count, run->count == 1 ? "" : "s");
    static const enum spt_watched_state ORDER[] = {SPT_WATCHED_ANALYSED, SPT_WATCHED_QUIET, SPT_WATCHED_CHANGING,
                                                   SPT_WATCHED_WAITING, SPT_WATCHED_REFUSED};
    for (size_t i = 0, shown = 0; i < sizeof ORDER / sizeof *ORDER; i++)
        if (run->states[ORDER[i]])
            put_format(line, ORDER[i] == SPT_WATCHED_REFUSED ? RED : PLAIN, "%s%zu %s", shown++ ? ", " : ": ",
                       run->states[ORDER[i]], spt_watched_state_name(ORDER[i]));
}

static void put_bar(struct line *line, size_t done, size_t whole) {
    const bool unicode = line->screen->unicode;
    const size_t cells = least(BAR_MAX, line->screen->columns / 4);
    if (cells < BAR_MIN) return;
    const size_t filled = whole ? least(done, whole) * cells / whole : 0;
    put(line, PLAIN, unicode ? "" : "[");
    for (size_t i = 0; i < cells; i++)
        put(line, i < filled ? PLAIN : FAINT, unicode ? (i < filled ? "█" : "░") : (i < filled ? "#" : "."));
    put(line, PLAIN, unicode ? "  " : "]  ");
}

/* What the rest of the queue takes, as long as the others did. */
static void put_time_left(struct line *line, const struct spt_screen_run *run) {
    const double at_work = run->label ? fmin(line->screen->now - run->began, run->seconds) : 0;
    const size_t left = run->lag.checkpoints ? run->lag.checkpoints : run->label != NULL;
    put_format(line, PLAIN, run->seconds < 10 ? "%.2f s each, " : "%.0f s each, ", run->seconds);
    put_duration(line, run->seconds * (double)left - at_work);
    put(line, PLAIN, " left");
}

static void put_work(struct line *line, const struct spt_screen_run *run) {
    put(line, PLAIN, "  ");
    put_checkpoint(line, run->branch, run->label);
    put(line, PLAIN, "  ");
    put_bar(line, run->layer, run->layers);
    if (run->layers)
        put_format(line, PLAIN, "layer %zu/%zu  ", run->layer, run->layers);
    else
        put(line, PLAIN, "opening  ");
    put_duration(line, line->screen->now - run->began);
    if (!isfinite(run->seconds)) return;
    put(line, PLAIN, "  ");
    put_time_left(line, run);
}

static void put_since(struct line *line, const char *before, double since, const char *after) {
    if (!isfinite(since)) return;
    put(line, PLAIN, before);
    put_duration(line, line->screen->now - since);
    put(line, PLAIN, after);
}

static void put_lag(struct line *line, const struct spt_screen_run *run) {
    put(line, PLAIN, "  ");
    if (run->lag.ahead && run->lag.steps != SPT_NO_STEP) {
        put_format(line, PLAIN, "%lld steps behind (%zu checkpoint%s", (long long)run->lag.steps, run->lag.ahead,
                   run->lag.ahead == 1 ? "" : "s");
        put_since(line, ", for ", run->lag.since, "");
        put_format(line, PLAIN, "): newest %lld, analysed %lld", (long long)run->newest, (long long)run->analysed);
        return;
    }
    if (run->analysed == SPT_NO_STEP)
        put(line, PLAIN, "nothing analysed yet");
    else if (run->lag.checkpoints)
        put_format(line, PLAIN, "step %lld analysed, earlier ones are left", (long long)run->analysed);
    else
        put_format(line, PLAIN, "up to date with step %lld", (long long)run->analysed);
    if (run->newest != SPT_NO_STEP && run->newest != run->analysed)
        put_format(line, PLAIN, "; step %lld is on disk", (long long)run->newest);
    put_since(line, "; the newest came ", run->last_new, " ago");
}

static void put_series(struct line *line, const struct spt_screen_run *run, const struct spt_screen_series *series) {
    size_t names = 0;
    const size_t most = least(NAME_MAX_COLUMNS, line->screen->columns / 3);
    for (size_t i = 0; i < run->series_count; i++) {
        const size_t width = width_of(run->series[i].name);
        if (width > names) names = least(width, most);
    }
    struct line name = {line->screen, line->out, least(names, line->left > 2 ? line->left - 2 : 0)};
    put(line, PLAIN, "  ");
    const size_t before = name.left;
    put_foreign(&name, PLAIN, series->name);
    line->left -= before - name.left;
    put_spaces(line, name.left + 2);
    const double last = series->values[series->count - 1];
    if (isnan(last))
        put_format(line, RED, "%*s", FIGURE_COLUMNS, "undefined");
    else
        put_format(line, PLAIN, "%*.5g", FIGURE_COLUMNS, last);
    put(line, PLAIN, "  ");
    if (line->left < BAR_MIN) return;
    struct spt_text spark = {0};
    spt_sparkline(&spark, series->values, series->count, least(line->left, SPARKLINE_MAX), line->screen->unicode);
    put_words(line, PLAIN, &spark);
}

/* A reason begins with the path of what it is about: the part up to the checkpoint's folder is on the line already. */
static const char *without_folder(const char *reason, const char *label) {
    const char *const end = reason + strcspn(reason, ":"); /* of the path */
    const size_t length = strlen(label);
    for (const char *at = reason; *reason == '/' && length && (at = strstr(at, label)) != NULL && at < end; at++) {
        if (at == reason || at[-1] != '/') continue;
        if (at[length] == '/') return at + length + 1;
        if (at[length] == ':') return at + length + 1 + strspn(at + length + 1, " ");
    }
    return reason;
}

static void put_stuck(struct line *line, const struct spt_watched *item) {
    const bool refused = item->state == SPT_WATCHED_REFUSED;
    put(line, PLAIN, "  ");
    put(line, refused ? RED : YELLOW, spt_watched_state_name(item->state));
    put(line, PLAIN, "  ");
    put_checkpoint(line, item->branch, item->label);
    put(line, PLAIN, "  ");
    if (!refused && isfinite(item->next) && item->next > line->screen->now) {
        put(line, PLAIN, "again in ");
        put_duration(line, item->next - line->screen->now);
        put(line, PLAIN, item->reason ? ": " : "");
    }
    if (item->reason) put_foreign(line, PLAIN, without_folder(item->reason, item->label));
}

/* The time of day of what the store has as a whole date. */
static void put_event(struct line *line, const struct spt_screen_event *event) {
    const char *clock = strchr(event->time, 'T');
    put(line, PLAIN, "  ");
    put(line, MAGENTA, "alert");
    put(line, PLAIN, "  ");
    put_foreign(line, PLAIN, clock ? clock + 1 : event->time);
    put(line, PLAIN, "  ");
    put_foreign(line, PLAIN, event->text);
}

static void put_foot(struct line *line) {
    struct spt_text words = {0};
    spt_text_put(&words, line->screen->ended ? "ended; the last look was at " : "looked at ");
    spt_words_time(&words, line->screen->looked);
    if (!line->screen->ended) spt_text_put(&words, "; Ctrl-C ends after the checkpoint at work");
    put_words(line, FAINT, &words);
}

/* --- all of it --- */

struct page {
    const struct spt_screen *screen;
    struct spt_text *out;
    size_t lines, room;
};

static bool is_full(const struct page *page) {
    return page->lines >= page->room;
}

static struct line start(const struct page *page) {
    return (struct line){page->screen, page->out, page->screen->columns};
}

static void end(struct page *page) {
    spt_text_put(page->out, "\n");
    page->lines++;
}

static void put_run(struct page *page, const struct spt_screen_run *run, const struct detail *detail) {
    struct line line = start(page);
    put_title(&line, run);
    end(page);
    if (detail->work && run->label) {
        line = start(page);
        put_work(&line, run);
        end(page);
    }
    if (detail->lag && has_lag(run)) {
        line = start(page);
        put_lag(&line, run);
        end(page);
    }
    for (size_t i = 0; i < least(run->series_count, detail->series); i++) {
        line = start(page);
        put_series(&line, run, &run->series[i]);
        end(page);
    }
    const size_t stuck = least(run->stuck_count, detail->stuck);
    for (size_t i = 0; i < stuck; i++) {
        line = start(page);
        put_stuck(&line, &run->stuck[i]);
        end(page);
    }
    if (has_more(run, detail)) {
        line = start(page);
        put_format(&line, PLAIN, "  ... %zu more wait or are refused: spectail status names them",
                   run->stuck_count + run->stuck_more - stuck);
        end(page);
    }
    for (size_t i = 0; i < least(run->event_count, detail->events); i++) {
        line = start(page);
        put_event(&line, &run->events[i]);
        end(page);
    }
}

/* One line a run, as many as there is room for: those up to the one at work, and after it. */
static void put_titles(struct page *page) {
    const struct spt_screen *screen = page->screen;
    const bool all = screen->count <= page->room;
    const size_t shown = all || page->room == 1 ? least(screen->count, page->room) : page->room - 1;
    const size_t first = screen->current >= shown ? screen->current - shown + 1 : 0;
    for (size_t i = first; i < first + shown; i++) put_run(page, &screen->runs[i], &DETAILS[DETAIL_COUNT - 1]);
    if (is_full(page) || all) return;
    struct line line = start(page);
    put_format(&line, PLAIN, "... and %zu more runs", screen->count - shown);
    end(page);
}

void spt_screen_render(const struct spt_screen *screen, struct spt_text *out, size_t *lines) {
    struct page page = {.screen = screen, .out = out, .room = screen->rows > 2 ? screen->rows - 1 : 1};
    size_t d = 0;
    while (d < DETAIL_COUNT && height_of_all(screen, &DETAILS[d]) > page.room) d++;
    if (d == DETAIL_COUNT) {
        put_titles(&page);
    } else {
        for (size_t i = 0; i < screen->count; i++) put_run(&page, &screen->runs[i], &DETAILS[d]);
        if (DETAILS[d].foot) {
            struct line line = start(&page);
            put_foot(&line);
            end(&page);
        }
    }
    *lines = page.lines;
}
