#include "tracker/progress.h"

#include "checkpoints/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
enum { LINE_MAX_COLUMNS = 512, DEFAULT_COLUMNS = 80 };

double spt_progress_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void spt_progress_init(struct spt_progress *progress, FILE *stream, size_t total, bool quiet) {
    const char *term = getenv("TERM");
    *progress = (struct spt_progress){
        .stream = quiet ? NULL : stream,
        .terminal = !quiet && isatty(fileno(stream)) && term && strcmp(term, "dumb") != 0,
        .total = total,
        .started = spt_progress_now(),
    };
}

static size_t columns(const struct spt_progress *progress) {
    struct winsize size;
    if (ioctl(fileno(progress->stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 1) return size.ws_col;
    return DEFAULT_COLUMNS;
}

/* "1:02:03" or "4:05". */
static void format_duration(char *out, size_t capacity, double seconds) {
    const long whole = (long)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(out, capacity, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, capacity, "%ld:%02ld", whole / 60, whole % 60);
}

/* Rate and time left, from the checkpoints that were analysed so far. */
static void format_rate(const struct spt_progress *progress, char *out, size_t capacity) {
    if (progress->analysed == 0 || progress->analysing <= 0) {
        out[0] = '\0';
        return;
    }
    char left[32];
    const double each = progress->analysing / (double)progress->analysed;
    format_duration(left, sizeof left, each * (double)(progress->total - progress->done));
    if (each < 1)
        snprintf(out, capacity, "%.1f checkpoints/s, %s left", 1 / each, left);
    else
        snprintf(out, capacity, "%.1f s/checkpoint, %s left", each, left);
}

static void clear_line(const struct spt_progress *progress) {
    if (progress->terminal) fputs("\r\033[K", progress->stream);
}

static void draw(struct spt_progress *progress, size_t layer, size_t layers) {
    char rate[128], where[64] = "opening", line[LINE_MAX_COLUMNS];
    format_rate(progress, rate, sizeof rate);
    if (layers) snprintf(where, sizeof where, "layer %zu/%zu", layer, layers);
    snprintf(line, sizeof line, "%zu/%zu  %s  %s  %s", progress->done + 1, progress->total, progress->label, where,
             rate);
    const size_t width = columns(progress) - 1;
    if (width < sizeof line) line[width] = '\0';
    clear_line(progress);
    fputs(line, progress->stream);
    fflush(progress->stream);
    progress->drawn = spt_progress_now();
}

void spt_progress_begin(struct spt_progress *progress, const char *label) {
    spt_text_printable(progress->label, sizeof progress->label, label);
    progress->began = spt_progress_now();
    if (progress->stream && progress->terminal) draw(progress, 0, 0);
}

void spt_progress_layer(struct spt_progress *progress, size_t layer, size_t layers) {
    if (!progress->stream || !progress->terminal) return;
    if (spt_progress_now() - progress->drawn >= REDRAW_SECONDS) draw(progress, layer + 1, layers);
}

void spt_progress_end(struct spt_progress *progress, bool analysed, const char *outcome) {
    const double seconds = spt_progress_now() - progress->began;
    progress->done++;
    if (analysed) {
        progress->analysed++;
        progress->analysing += seconds;
    }
    if (!progress->stream) return;
    char rate[128];
    format_rate(progress, rate, sizeof rate);
    clear_line(progress);
    if (progress->terminal && analysed) return;
    fprintf(progress->stream, "%zu/%zu  %s  %s  (%.2f s%s%s)\n", progress->done, progress->total, progress->label,
            outcome, seconds, *rate ? ", " : "", rate);
    fflush(progress->stream);
}

void spt_progress_finish(struct spt_progress *progress) {
    if (!progress->stream) return;
    clear_line(progress);
    fflush(progress->stream);
}

void spt_progress_say(struct spt_progress *progress, const char *line) {
    if (!progress->stream) return;
    clear_line(progress);
    fprintf(progress->stream, "%s\n", line);
}
