/* What is in the terminal:
 *
 *      nothing --first look--> block of N lines, cursor below it --draw--> cursor up N, each line cleared and written, the rest cleared
 *                                     ^    |
 *                                     |    '--something to say--> cursor up N, all cleared --printed--> nothing, drawn at once
 *                                     '---------------------------------------------------------------------'
 *
 * and once it is finished: the last block, which nothing touches any more.
 */
#include "tracker/watch/view.h"

#include "checkpoints/base/memory.h"
#include "checkpoints/base/unicode.h"
#include "tracker/progress.h"
#include "tracker/watch/history.h"
#include "tracker/watch/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_SECONDS 0.2
#define READ_SECONDS 2.0 /* between two looks for events while one checkpoint follows another */
enum { STUCK_MAX = 24, EVENTS_MAX = 5, DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24 };

/* One run as the last look saw it: copies, for it is drawn while the next checkpoint is analysed. */
struct viewed {
    struct spt_arena arena; /* what shown borrows from the look */
    struct spt_screen_run shown;
    struct spt_watched stuck[STUCK_MAX];
    int64_t run; /* whose history and events are read; 0: none yet */
    struct spt_history *history;
    struct spt_store_event *events; /* [event_count] of the store */
    size_t event_count;
    struct spt_screen_event last[EVENTS_MAX];
};

struct spt_view {
    int fd;
    const struct spt_config *config;
    bool unicode, colour;
    bool ended, finished; /* the next draw is the last; it was drawn */
    struct viewed *runs;  /* [count] in the watch's order */
    size_t count, capacity;
    size_t current;
    bool working;
    char *branch, *label; /* of the checkpoint at work */
    double began;
    size_t layer, layers;
    time_t looked;
    double drawn, read;    /* when; when events were looked for */
    struct spt_text block; /* what stands in the terminal; empty: nothing does */
    struct spt_text bytes; /* what is being written */
    const struct spt_log *next;
    struct spt_screen_run *page; /* [page_capacity] of the draw at hand */
    size_t page_capacity;
};

bool spt_view_possible(int fd) {
    const char *term = getenv("TERM");
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

/* The locale of the environment is asked without being set: numbers are written as in C. */
static bool is_utf8_locale(void) {
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!locale) return false;
    const bool is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return is_utf8;
}

enum spt_status spt_view_new(int fd, const struct spt_config *config, struct spt_view **view, struct spt_error *error) {
    const char *no_colour = getenv("NO_COLOR");
    *view = calloc(1, sizeof **view);
    if (!*view) return spt_fail_memory(error, sizeof **view, "the view of a watch");
    **view = (struct spt_view){
        .fd = fd, .config = config, .unicode = is_utf8_locale(), .colour = !no_colour || !*no_colour, /* no-color.org */
    };
    return SPT_OK;
}

/* --- the terminal --- */

static void size_of_terminal(const struct spt_view *view, size_t *columns, size_t *rows) {
    struct winsize size = {0};
    const bool known = ioctl(view->fd, TIOCGWINSZ, &size) == 0;
    *columns = known && size.ws_col ? size.ws_col : DEFAULT_COLUMNS;
    *rows = known && size.ws_row ? size.ws_row : DEFAULT_ROWS;
}

/* Whole, or until the terminal is gone: a view that cannot be seen harms nobody. */
static void write_bytes(struct spt_view *view) {
    size_t done = 0;
    while (!view->bytes.failed && done < view->bytes.length) {
        const ssize_t written = write(view->fd, view->bytes.data + done, view->bytes.length - done);
        if (written > 0) {
            done += (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = view->fd, .events = POLLOUT};
            if (poll(&ready, 1, 1000) <= 0) break;
        } else if (!(written < 0 && errno == EINTR)) {
            break;
        }
    }
    view->bytes.failed = false;
    spt_text_clear(&view->bytes);
}

/* Rows that the block takes in a terminal of so many columns: one that became narrower has wrapped it. */
static size_t rows_of(const struct spt_text *block, size_t columns) {
    size_t rows = 0, width = 0;
    for (size_t at = 0; at < block->length;) {
        uint32_t code = 0;
        const char *bytes = block->data + at;
        if (*bytes == '\033') {
            at += strcspn(bytes, "m") + 1;
            continue;
        }
        const size_t size = spt_unicode_decode(bytes, block->length - at, &code);
        at += size ? size : 1;
        if (code == '\n') {
            rows += width > columns ? (width + columns - 1) / columns : 1;
            width = 0;
        } else {
            width += spt_unicode_width(code);
        }
    }
    return rows;
}

static void put_to_top(struct spt_view *view, size_t columns) {
    const size_t rows = view->block.length ? rows_of(&view->block, columns) : 0;
    spt_text_put(&view->bytes, "\r");
    if (rows) spt_text_format(&view->bytes, "\033[%zuA", rows);
}

/* Hidden cursor and cut lines last for one write. */
static void put_block(struct spt_view *view) {
    spt_text_put(&view->bytes, "\033[?25l\033[?7l");
    const char *line = view->block.data ? view->block.data : "";
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        spt_text_append(&view->bytes, line, (size_t)(end - line));
        spt_text_put(&view->bytes, "\033[K\r\n");
    }
    spt_text_put(&view->bytes, "\033[J\033[?7h\033[?25h");
}

static const struct spt_screen_run *page_of(struct spt_view *view) {
    if (!spt_grow((void **)&view->page, &view->page_capacity, view->count, sizeof *view->page)) return NULL;
    for (size_t i = 0; i < view->count; i++) {
        struct viewed *viewed = &view->runs[i];
        struct spt_screen_run *run = &view->page[i];
        *run = viewed->shown;
        if (viewed->history) run->series = spt_history_series(viewed->history, &run->series_count);
        run->events = viewed->last;
        run->event_count = viewed->event_count < EVENTS_MAX ? viewed->event_count : EVENTS_MAX;
        if (!view->working || i != view->current) continue;
        run->branch = view->branch;
        run->label = view->label;
        run->began = view->began;
        run->layer = view->layer;
        run->layers = view->layers;
    }
    return view->page;
}

static void draw(struct spt_view *view) {
    struct spt_screen screen = {
        .unicode = view->unicode,
        .colour = view->colour,
        .ended = view->ended,
        .now = spt_progress_now(),
        .looked = view->looked,
        .runs = page_of(view),
        .count = view->count,
        .current = view->current,
    };
    size_t lines;
    if (view->finished || !view->count || !screen.runs) return;
    size_of_terminal(view, &screen.columns, &screen.rows);
    put_to_top(view, screen.columns);
    spt_text_clear(&view->block);
    if (screen.columns > 1)
        screen.columns--; /* in the last one a cursor waits to wrap, and clearing would take its character */
    spt_screen_render(&screen, &view->block, &lines);
    if (view->block.failed) spt_text_release(&view->block);
    put_block(view);
    write_bytes(view);
    view->drawn = screen.now;
}

static void draw_now_and_then(struct spt_view *view) {
    if (spt_progress_now() - view->drawn >= DRAW_SECONDS) draw(view);
}

/* --- what is shown --- */

static const char *keep(struct viewed *viewed, const char *text) {
    return text ? spt_arena_copy(&viewed->arena, text, strlen(text)) : NULL;
}

static void keep_stuck(struct viewed *viewed, const struct spt_watched *item) {
    struct spt_watched *kept = &viewed->stuck[viewed->shown.stuck_count];
    *kept = *item;
    kept->label = keep(viewed, item->label);
    kept->branch = keep(viewed, item->branch);
    kept->reason = keep(viewed, item->reason);
    if (kept->label) viewed->shown.stuck_count++;
}

/* The newest that wait, then the newest that are refused. */
static void keep_all_stuck(struct viewed *viewed, const struct spt_watched_run *run) {
    static const enum spt_watched_state ORDER[] = {SPT_WATCHED_WAITING, SPT_WATCHED_REFUSED};
    for (size_t o = 0; o < sizeof ORDER / sizeof *ORDER; o++) {
        if (!run->states[ORDER[o]]) continue;
        for (size_t i = run->count; i-- > 0;) {
            if (run->items[i].state != ORDER[o]) continue;
            if (viewed->shown.stuck_count < STUCK_MAX)
                keep_stuck(viewed, &run->items[i]);
            else
                viewed->shown.stuck_more++;
        }
    }
    viewed->shown.stuck = viewed->stuck;
}

static void keep_run(struct viewed *viewed, const struct spt_watched_run *run) {
    spt_arena_release(&viewed->arena);
    viewed->shown = (struct spt_screen_run){
        .title = keep(viewed, run->name ? run->name : run->path),
        .reason = keep(viewed, run->reason),
        .count = run->count,
        .newest = run->newest,
        .analysed = run->analysed,
        .last_new = run->last_new,
        .lag = spt_watch_lag_of(run),
        .seconds = run->done ? run->seconds / (double)run->done : NAN,
    };
    if (!viewed->shown.title) viewed->shown.title = "";
    memcpy(viewed->shown.states, run->states, sizeof run->states);
    keep_all_stuck(viewed, run);
}

static void read_events(struct viewed *viewed, struct spt_store *store) {
    struct spt_store_event *events;
    size_t count;
    if (spt_store_events(store, viewed->run, "alert", &events, &count, NULL) != SPT_OK) return;
    spt_store_free_events(viewed->events, viewed->event_count);
    viewed->events = events;
    viewed->event_count = count;
    for (size_t i = 0; i < count && i < EVENTS_MAX; i++) {
        const struct spt_store_event *event = &events[count - 1 - i];
        viewed->last[i] = (struct spt_screen_event){event->time ? event->time : "", event->text ? event->text : ""};
    }
}

/* What is read from the store is an ornament: where it fails, the watch tells its own trouble, and the view does without. */
static void read_past(struct spt_view *view, struct viewed *viewed, struct spt_store *store,
                      const struct spt_watched_run *run) {
    if (!run->run || !run->run->id) return;
    if (viewed->run != run->run->id) {
        viewed->run = run->run->id;
        spt_history_free(viewed->history);
        viewed->history = NULL;
        if (spt_history_new(view->config, &viewed->history, NULL) == SPT_OK)
            (void)spt_history_read(viewed->history, store, viewed->run, NULL);
    }
    read_events(viewed, store);
}

static bool make_room(struct spt_view *view, size_t count) {
    if (count <= view->count) return true;
    if (!spt_grow((void **)&view->runs, &view->capacity, count, sizeof *view->runs)) return false;
    memset(view->runs + view->count, 0, (count - view->count) * sizeof *view->runs);
    view->count = count;
    return true;
}

static void on_state(void *context, struct spt_store *store, const struct spt_watched_run *runs, size_t count,
                     int current) {
    struct spt_view *view = context;
    const bool busy = !spt_watch_rests(runs, count, current);
    if (!make_room(view, count)) return;
    const bool reads = !busy || spt_progress_now() - view->read >= READ_SECONDS;
    for (size_t i = 0; i < count; i++) {
        keep_run(&view->runs[i], &runs[i]);
        if (reads || !view->runs[i].run) read_past(view, &view->runs[i], store, &runs[i]);
    }
    if (reads) view->read = spt_progress_now();
    if (current >= 0)
        view->current = (size_t)current;
    else
        view->working = false;
    view->looked = time(NULL);
    if (busy)
        draw_now_and_then(view);
    else
        draw(view);
}

static void on_begin(void *context, const struct spt_watched_run *run, const struct spt_checkpoint_ref *ref) {
    struct spt_view *view = context;
    (void)run;
    free(view->label);
    free(view->branch);
    view->label = spt_strdup(ref->label);
    view->branch = spt_strdup(ref->branch ? ref->branch : "");
    view->working = view->label && view->branch;
    view->began = spt_progress_now();
    view->layer = view->layers = 0;
    draw_now_and_then(view);
}

static void on_layer(void *context, size_t layer, size_t layers) {
    struct spt_view *view = context;
    view->layer = layer + 1; /* it is done */
    view->layers = layers;
    draw_now_and_then(view);
}

static struct viewed *find(struct spt_view *view, const struct spt_watched_run *run) {
    for (size_t i = 0; run->run && i < view->count; i++)
        if (view->runs[i].run && view->runs[i].run == run->run->id) return &view->runs[i];
    return NULL;
}

static void on_end(void *context, struct spt_store *store, const struct spt_watched_run *run,
                   const struct spt_checkpoint_ref *ref, const struct spt_outcome *outcome) {
    struct spt_view *view = context;
    struct viewed *viewed = find(view, run);
    view->working = false;
    if (viewed && viewed->history && !outcome->stopped && outcome->state == SPT_STATE_ANALYSED)
        (void)spt_history_add(viewed->history, store, outcome->id, ref->branch, ref->step, NULL);
    draw_now_and_then(view);
}

struct spt_watch_observer spt_view_observer(struct spt_view *view) {
    return (struct spt_watch_observer){
        .context = view, .state = on_state, .begin = on_begin, .layer = on_layer, .end = on_end};
}

static void on_log(void *context, enum spt_log_level level, const char *text) {
    struct spt_view *view = context;
    size_t columns, rows;
    if (view->block.length) {
        size_of_terminal(view, &columns, &rows);
        put_to_top(view, columns);
        spt_text_put(&view->bytes, "\033[J");
        write_bytes(view);
        spt_text_clear(&view->block);
    }
    if (view->next && view->next->emit) view->next->emit(view->next->context, level, text);
    draw(view);
}

struct spt_log spt_view_log(struct spt_view *view, const struct spt_log *next) {
    view->next = next;
    return (struct spt_log){.emit = on_log, .context = view};
}

void spt_view_finish(struct spt_view *view) {
    if (!view || view->finished) return;
    view->working = false;
    view->ended = true;
    draw(view);
    view->finished = true;
    spt_text_clear(&view->block); /* from now on it is part of what scrolls away */
}

void spt_view_free(struct spt_view *view) {
    if (!view) return;
    spt_view_finish(view);
    for (size_t i = 0; i < view->count; i++) {
        spt_arena_release(&view->runs[i].arena);
        spt_history_free(view->runs[i].history);
        spt_store_free_events(view->runs[i].events, view->runs[i].event_count);
    }
    free(view->runs);
    free(view->page);
    free(view->label);
    free(view->branch);
    spt_text_release(&view->block);
    spt_text_release(&view->bytes);
    free(view);
}
